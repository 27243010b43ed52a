#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times decoding with a number of keys for each sequence, on one GPU beside PyTorch.

One query of each sequence, bf16, each launch cold (L2 flushed), in turn in one process.
Ours reads a cache of [B, H, Lk, D] and `key_lengths`; FlashAttention-2, as PyTorch has
it, reads the same keys and values behind one another (`cum_seq_k`).

  benchmarks/gpu_lengths.py compile --attn-compile build/bin/attn-compile --output DIR
  DIR/gpu_lengths.py time [--variant NAME=DIR ...] [--output results.json]

Results are compared with those of FlashAttention-2; GB/s count the keys and values that
are there once.
"""

import pathlib
import shutil

import gpu

HERE = pathlib.Path(__file__).resolve().parent
DIMS = (128, 64)
# Batch, query heads, key heads, keys at most, and how they are drawn: all as long as can
# be, uniformly, or one 32 times as long as the others.
SIZES = (
    (16, 32, 8, 8192, "equal"), (4, 32, 8, 16384, "uniform"), (16, 32, 8, 8192, "uniform"),
    (64, 32, 8, 8192, "uniform"), (64, 32, 8, 2048, "uniform"), (128, 32, 8, 4096, "uniform"),
    (32, 64, 8, 8192, "uniform"), (16, 32, 32, 4096, "uniform"), (8, 32, 8, 32768, "one long"),
    (16, 32, 8, 32768, "one long"),
)


def get_name(dim):
    return f"lengths-d{dim}"


def get_module(dim):
    query, key = f"tensor<?x?x1x{dim}xbf16>", f"tensor<?x?x?x{dim}xbf16>"
    return f"""func.func @main(%q: {query}, %k: {key}, %v: {key}, %n: tensor<?xi32>) -> {query} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : {query}
  %h = tensor.dim %q, %c1 : {query}
  %init = tensor.empty(%b, %h) : {query}
  %o = attn.sdpa query(%q : {query}) key(%k : {key}) value(%v : {key})
    key_lengths(%n : tensor<?xi32>) outs(%init : {query}) -> {query}
  return %o : {query}
}}
"""


def compile_all(options):
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    for dim in DIMS:
        gpu.compile_module(options, get_module(dim), directory / f"{get_name(dim)}.so")
    shutil.copy(__file__, directory)
    shutil.copy(HERE / "gpu.py", directory)


def draw_lengths(torch, batch, keys, kind):
    if kind == "uniform":
        return torch.randint(1, keys + 1, (batch,))
    lengths = torch.full((batch,), keys if kind == "equal" else keys // 32)
    lengths[batch // 2] = keys
    return lengths


def get_theirs(torch, q, k, v, lengths):
    """FlashAttention-2 on keys and values behind one another; the output [B, H, 1, D]."""
    def pack(tensor):
        return torch.cat([tensor[b, :, :length].transpose(0, 1)
                          for b, length in enumerate(lengths.tolist())]).contiguous()

    def sum_up(counts):
        return torch.nn.functional.pad(counts.cumsum(0), (1, 0)).to("cuda", torch.int32)

    query, key, value = q[:, :, 0].contiguous(), pack(k), pack(v)
    ends_q, ends_k = sum_up(torch.ones_like(lengths)), sum_up(lengths)
    most = int(lengths.max())
    return lambda stream: torch.ops.aten._flash_attention_forward(
        query, key, value, ends_q, ends_k, 1, most, 0.0, False, False)[0].unsqueeze(2)


def time_all(options):
    import torch

    torch.manual_seed(0)
    clock = gpu.Clock(torch)
    report = gpu.Report(torch, options.output)
    directories = {"ours": HERE, **dict(variant.split("=", 1) for variant in options.variant)}
    for dim in DIMS:
        for batch, heads, key_heads, keys, kind in SIZES:
            q = torch.randn(batch, heads, 1, dim, device="cuda", dtype=torch.bfloat16)
            k, v = (torch.randn(batch, key_heads, keys, dim, device="cuda", dtype=torch.bfloat16)
                    for _ in range(2))
            lengths = draw_lengths(torch, batch, keys, kind)
            on_gpu = lengths.to("cuda", torch.int32)
            outs = {name: torch.full_like(q, float("nan")) for name in directories}
            runs = {name: gpu.bind(pathlib.Path(directory) / f"{get_name(dim)}.so",
                                   [q, k, v, on_gpu], outs[name])
                    for name, directory in directories.items()}
            runs["fa2"] = get_theirs(torch, q, k, v, lengths)
            times, errors = gpu.time_checked(torch, clock, runs, outs, runs["fa2"], 15)
            bytes_ = 2 * 2 * key_heads * int(lengths.sum()) * dim
            cell = {"dim": dim, "batch": batch, "heads": heads, "key_heads": key_heads,
                    "keys": keys, "lengths": kind}
            label = f"D{dim} B{batch} H{heads}/{key_heads} Lk {keys} {kind}"
            gpu.add_rates(report, cell, label, times, errors, bytes_, times["fa2"])


def main():
    parser, _, time = gpu.make_parsers(__doc__)
    gpu.add_variants(time)
    gpu.run(parser, compile_all, time_all)


if __name__ == "__main__":
    main()
