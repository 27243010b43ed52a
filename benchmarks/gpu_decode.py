#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times decoding, few queries and many keys, on one GPU beside PyTorch's backends.

In one process, in turn, on the same data in bf16, each launch cold (L2 flushed): its
keys and values come from memory, whose rate bounds it. FlashAttention-2 and cuDNN are
PyTorch's, with grouped heads as they take them.

  benchmarks/gpu_decode.py compile --attn-compile build/bin/attn-compile --output DIR
  DIR/gpu_decode.py time [--variant NAME=DIR ...] [--output results.json]

Results are compared with those of FlashAttention-2; GB/s count keys and values once.
"""

import pathlib
import shutil

import gpu

HERE = pathlib.Path(__file__).resolve().parent
# Queries and head dimension of a kernel.
KERNELS = ((1, 128), (1, 64), (4, 128), (16, 128))
# Batch, query heads, key heads, keys.
SIZES = (
    (1, 32, 32, 2048), (1, 32, 8, 2048), (1, 32, 8, 8192), (1, 32, 8, 32768),
    (1, 32, 8, 131072), (1, 64, 8, 32768), (1, 8, 1, 32768), (4, 32, 8, 8192),
    (16, 32, 8, 8192), (64, 32, 8, 2048), (16, 32, 32, 2048),
)


def get_name(queries, dim):
    return f"decode-q{queries}-d{dim}"


def get_module(queries, dim):
    query = f"tensor<?x?x{queries}x{dim}xbf16>"
    key = f"tensor<?x?x?x{dim}xbf16>"
    structure = "structure(#attn.causal<bottom_right>)" if queries > 1 else ""
    return f"""func.func @main(%q: {query}, %k: {key}, %v: {key}) -> {query} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : {query}
  %h = tensor.dim %q, %c1 : {query}
  %init = tensor.empty(%b, %h) : {query}
  %o = attn.sdpa query(%q : {query}) key(%k : {key}) value(%v : {key}) {structure}
    outs(%init : {query}) -> {query}
  return %o : {query}
}}
"""


def compile_all(options):
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    for queries, dim in KERNELS:
        library = directory / f"{get_name(queries, dim)}.so"
        gpu.compile_module(options, get_module(queries, dim), library)
    shutil.copy(__file__, directory)
    shutil.copy(HERE / "gpu.py", directory)


def get_theirs(torch, backend, q, k, v, causal):
    """PyTorch's attention by a backend, or None where it takes no such problem."""
    from torch.nn.attention import bias, sdpa_kernel

    queries, keys = q.shape[-2], k.shape[-2]
    mask = bias.causal_lower_right(queries, keys) if causal and queries > 1 else None

    def run(stream):
        with sdpa_kernel([backend]):
            return torch.nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=mask, enable_gqa=q.shape[1] != k.shape[1])

    try:
        run(0)
    except RuntimeError:
        return None
    return run


def time_beside_peers(torch, clock, q, k, v, libraries, reps, causal=True):
    """Ours, by names, beside PyTorch's backends in turn, cold: microseconds of each, our
    errors beside FlashAttention-2 (or cuDNN, where that takes no such problem), and the
    microseconds of the better peer."""
    from torch.nn.attention import SDPBackend

    outs = {name: torch.full((*q.shape[:-1], v.shape[-1]), float("nan"), device="cuda", dtype=q.dtype)
            for name in libraries}
    runs = {name: gpu.bind(library, [q, k, v], outs[name])
            for name, library in libraries.items()}
    peers = {"fa2": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}
    for name, backend in peers.items():
        if theirs := get_theirs(torch, backend, q, k, v, causal):
            runs[name] = theirs
    reference = next(runs[name] for name in peers if name in runs)
    times, errors = gpu.time_checked(torch, clock, runs, outs, reference, reps)
    return times, errors, min(t for n, t in times.items() if n in peers)


def time_all(options):
    import torch

    torch.manual_seed(0)
    clock = gpu.Clock(torch)
    report = gpu.Report(torch, options.output)
    variants = dict(variant.split("=", 1) for variant in options.variant)
    for queries, dim in KERNELS:
        for batch, heads, key_heads, keys in SIZES:
            q = torch.randn(batch, heads, queries, dim, device="cuda", dtype=torch.bfloat16)
            k, v = (torch.randn(batch, key_heads, keys, dim, device="cuda",
                                dtype=torch.bfloat16) for _ in range(2))
            libraries = {name: pathlib.Path(directory) / f"{get_name(queries, dim)}.so"
                         for name, directory in {"ours": HERE, **variants}.items()}
            times, errors, best = time_beside_peers(torch, clock, q, k, v, libraries, 15)
            bytes_ = 2 * 2 * batch * key_heads * keys * dim
            cell = {"queries": queries, "dim": dim, "batch": batch, "heads": heads,
                    "key_heads": key_heads, "keys": keys}
            label = f"Lq {queries} D{dim} B{batch} H{heads}/{key_heads} Lk {keys}"
            gpu.add_rates(report, cell, label, times, errors, bytes_, best)


def main():
    parser, _, time = gpu.make_parsers(__doc__)
    gpu.add_variants(time)
    gpu.run(parser, compile_all, time_all)


if __name__ == "__main__":
    main()
