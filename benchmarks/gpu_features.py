#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times attention with masks and scores on one GPU beside FlexAttention.

In one process, in turn, on the same data in bf16, D = 128, B * S = 16k, H = 16, each
launch cold (L2 flushed). FlexAttention is PyTorch's, compiled by torch.compile.

  benchmarks/gpu_features.py compile --attn-compile build/bin/attn-compile --output DIR
  DIR/gpu_features.py time [--output results.json]

Results are compared with FlexAttention's; TFLOP/s count the products of pairs that the
mask keeps.
"""

import pathlib
import shutil

import gpu

HERE = pathlib.Path(__file__).resolve().parent
DIM, HEADS, TOKENS = 128, 16, 16384

ALIBI = """score(%s: f32, %b0: index, %h0: index, %i: index, %j: index) {
    %slope = tensor.extract %x[%h0] : tensor<?xf32>
    %d = arith.subi %j, %i : index
    %e = arith.index_cast %d : index to i32
    %f = arith.sitofp %e : i32 to f32
    %a = arith.mulf %slope, %f : f32
    %t = arith.addf %s, %a : f32
    attn.yield %t : f32
  }"""

DOCUMENTS = "documents(%x, %x : tensor<?x?xi32>, tensor<?x?xi32>)"

# name: (S, clauses of the op, type of %x if there is one)
CASES = {
    "full": (8192, "", None),
    "causal": (8192, "structure(#attn.causal<top_left>)", None),
    "softcap": (8192, "softcap = 30.0", None),
    "alibi": (8192, "structure(#attn.causal<top_left>) " + ALIBI, "tensor<?xf32>"),
    "window": (8192, "structure(#attn.window<1024, 0>)", None),
    "bias": (4096, "bias(%x : tensor<1x?x?x?xbf16>)", "tensor<1x?x?x?xbf16>"),
    "lengths": (512, "key_lengths(%x : tensor<?xi32>)", "tensor<?xi32>"),
    "lengths-4k": (4096, "key_lengths(%x : tensor<?xi32>)", "tensor<?xi32>"),
    "ragged": (512, "cu_seqlens(%x, %x : tensor<?xi32>, tensor<?xi32>)", "tensor<?xi32>"),
    "ragged-4k": (4096, "cu_seqlens(%x, %x : tensor<?xi32>, tensor<?xi32>)", "tensor<?xi32>"),
    "documents": (8192, DOCUMENTS + " structure(#attn.document)", "tensor<?x?xi32>"),
    "documents-causal": (
        8192, DOCUMENTS + " structure(#attn.all_of<[#attn.causal<top_left>, #attn.document]>)",
        "tensor<?x?xi32>"),
    "dense": (512, "", None),
    "dense-4k": (4096, "", None),
}
# The longest document; their lengths are uniform from 1 to that.
LONGEST = 2048
# Sequences of a ragged batch; their lengths are uniform in 1 to S.
SEQUENCES = 32


def get_module(clauses, extra, dim=None, value_dim=None):
    """Attention of any sizes but the head dimensions; `extra` is the type of an argument %x."""
    tensor = f"tensor<?x?x?x{dim or DIM}xbf16>"
    value = f"tensor<?x?x?x{value_dim or dim or DIM}xbf16>"
    parameter = f", %x: {extra}" if extra else ""
    return f"""func.func @main(%q: {tensor}, %k: {tensor}, %v: {value}{parameter}) -> {value} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : {tensor}
  %h = tensor.dim %q, %c1 : {tensor}
  %n = tensor.dim %q, %c2 : {tensor}
  %init = tensor.empty(%b, %h, %n) : {value}
  %o = attn.sdpa query(%q : {tensor}) key(%k : {tensor}) value(%v : {value}) {clauses}
    outs(%init : {value}) -> {value}
  return %o : {value}
}}
"""


def compile_all(options):
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    for name, (_, clauses, extra) in CASES.items():
        library = directory / f"{name}.so"
        gpu.compile_module(options, get_module(clauses, extra), library)
    shutil.copy(__file__, directory)
    shutil.copy(HERE / "gpu.py", directory)


def get_ours(name, tensors, out):
    return gpu.bind(HERE / f"{name}.so", tensors, out)


def get_flex(torch, name, q, k, v, extra):
    """FlexAttention of a case and the number of pairs that it keeps, for one head."""
    from torch.nn.attention import flex_attention as flex

    batch, _, length, _ = q.shape
    score, keep, per_batch = None, None, 1
    if name in ("causal", "alibi"):
        keep = lambda b, h, i, j: j <= i
    if name == "window":
        keep = lambda b, h, i, j: (j <= i) & (j >= i - 1024)
    if name.startswith("lengths"):
        keep, per_batch = (lambda b, h, i, j: j < extra[b]), batch
    if name.startswith("ragged"):
        document = torch.repeat_interleave(
            torch.arange(SEQUENCES, device="cuda"), extra.diff().long())
        keep = lambda b, h, i, j: document[i] == document[j]
    if name == "documents":
        keep, per_batch = (lambda b, h, i, j: extra[b, i] == extra[b, j]), batch
    if name == "documents-causal":
        keep = lambda b, h, i, j: (j <= i) & (extra[b, i] == extra[b, j])
        per_batch = batch
    if name == "softcap":
        score = lambda s, b, h, i, j: 30.0 * torch.tanh(s / 30.0)
    if name == "alibi":
        score = lambda s, b, h, i, j: s + extra[h] * (j - i)
    if name == "bias":
        score = lambda s, b, h, i, j: s + extra[0, h, i, j]
    mask = None
    if keep:
        mask = flex.create_block_mask(
            keep, per_batch if per_batch > 1 else None, None, length, length)
    attention = torch.compile(flex.flex_attention)
    pairs = batch * length * length
    if name in ("causal", "alibi"):
        pairs = batch * length * (length + 1) // 2
    elif name == "window":
        pairs = batch * sum(min(i, 1024) + 1 for i in range(length))
    elif name.startswith("lengths"):
        pairs = length * int(extra.sum())
    elif name.startswith("documents"):
        sizes = torch.unique(extra.long() + length * torch.arange(
            batch, device="cuda")[:, None], return_counts=True)[1]
        pairs = int((sizes * (sizes + 1) // 2 if "causal" in name else sizes**2).sum())
    elif name.startswith("ragged"):
        pairs = int((extra.diff().long() ** 2).sum())
    run = lambda: attention(q, k, v, score_mod=score, block_mask=mask)
    # A graph, so that the host's time is not measured.
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run()

    # The graph reads the mask, which must live as long.
    def replay(stream, keep=(run, mask)):
        graph.replay()
        return result

    return replay, pairs


def make_extra(torch, name, batch, length):
    if name == "alibi":
        return torch.tensor([2.0 ** (-8 * (h + 1) / HEADS) for h in range(HEADS)],
                            device="cuda")
    if name == "bias":
        return torch.randn(1, HEADS, length, length, device="cuda", dtype=torch.bfloat16)
    if name.startswith("lengths"):
        return torch.randint(1, length + 1, (batch,), device="cuda", dtype=torch.int32)
    if name.startswith("documents"):
        begins = torch.zeros(batch, length, device="cuda", dtype=torch.int32)
        for row in begins:
            place = 0
            while place < length:
                row[place] = 1
                place += int(torch.randint(1, LONGEST + 1, ()))
        return begins.cumsum(1, dtype=torch.int32)
    if name.startswith("ragged"):
        lengths = torch.randint(1, length + 1, (SEQUENCES,), device="cuda")
        ends = torch.zeros(SEQUENCES + 1, device="cuda", dtype=torch.int32)
        ends[1:] = lengths.cumsum(0)
        return ends
    return None


def get_dense(torch, name, rows, pairs):
    """Ours of a dense batch that keeps about as many pairs in as many rows, causal where
    the case is by its name, and the pairs of that: what the kept pairs cost without a
    mask that depends on data, or with keys that differ from row to row."""
    is_causal = name.endswith("-causal")
    length = round(pairs / rows) * (2 if is_causal else 1)
    batch = max(round(rows / length), 1)
    q, k, v = (torch.randn(batch, HEADS, length, DIM, device="cuda", dtype=torch.bfloat16)
               for _ in range(3))
    run = get_ours("causal" if is_causal else "dense-4k", [q, k, v], torch.empty_like(q))
    return run, batch * (length * (length + 1) // 2 if is_causal else length**2)


def time_all(options):
    import torch

    torch.manual_seed(0)
    torch._dynamo.config.cache_size_limit = 64
    clock = gpu.Clock(torch)
    report = gpu.Report(torch, options.output)
    for name in options.cases:
        length = CASES[name][0]
        batch = TOKENS // length
        extra = make_extra(torch, name, batch, length)
        if name.startswith("ragged"):
            # One batch of all rows.
            batch, length = 1, int(extra[-1])
        q, k, v = (torch.randn(batch, HEADS, length, DIM, device="cuda", dtype=torch.bfloat16)
                   for _ in range(3))
        out = torch.full_like(q, float("nan"))
        flex, pairs = get_flex(torch, name, q, k, v, extra)
        tensors = [q, k, v] + ([extra] if extra is not None else [])
        runs = {"ours": get_ours(name, tensors, out), "flex": flex}
        stream = torch.cuda.current_stream().cuda_stream
        runs["ours"](stream)
        expected = flex(stream).float()
        torch.cuda.synchronize()
        error = ((out.float() - expected).norm() / expected.norm()).item()
        products = dict.fromkeys(runs, pairs)
        if name.startswith(("ragged", "documents", "window")):
            runs["dense"], products["dense"] = get_dense(torch, name, batch * length, pairs)
        times = gpu.time_in_turn(clock, runs, 15, 1, True)
        cell = {"name": name, "length": CASES[name][0], "error": error, "us": times,
                "tflops": {n: 4 * HEADS * products[n] * DIM / t * 1e-6 for n, t in times.items()}}
        report.add(cell, f"{name} S{cell['length']}: ours {cell['tflops']['ours']:.0f} TFLOP/s, FlexAttention "
                         f"{cell['tflops']['flex']:.0f}, ratio {times['flex'] / times['ours']:.2f}, "
                         f"error {error:.1e}"
                         + (f", dense {cell['tflops']['dense']:.0f}" if "dense" in times else ""))


def main():
    parser, _, time = gpu.make_parsers(__doc__)
    time.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    gpu.run(parser, compile_all, time_all)


if __name__ == "__main__":
    main()
