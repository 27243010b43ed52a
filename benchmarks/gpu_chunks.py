#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times chunks of queries behind many keys on one GPU beside PyTorch's backends.

Chunks of a long prompt, or drafts that a model checks, are too many queries for the
kernels of decoding and too few to keep a GPU busy: 17 to 1024, masked as the last ones
(causal, aligned at the lower right). One kernel takes any number. In one process, in
turn, in bf16, each launch cold (L2 flushed); "ours" is the kernel that attn.sdpa takes
for the sizes, "plain" the one that never splits keys nor has several heads in a tile.

  benchmarks/gpu_chunks.py compile --attn-compile build/bin/attn-compile --output DIR
  DIR/gpu_chunks.py time [--output results.json]

Results are compared with those of FlashAttention-2.
"""

import json
import pathlib
import shutil
import sys

import gpu
import gpu_decode
import gpu_features

HERE = pathlib.Path(__file__).resolve().parent
DIMS = (128, 64, 256)
# Kernels, by their options but for the plain one.
PLAIN = "plain"
KERNELS = (PLAIN, "few-queries=on", "few-queries=grouped", "split-keys=on")
# Batch, query heads, key heads.
HEADS = {128: ((1, 32, 8), (1, 8, 8), (4, 32, 8), (16, 32, 8), (16, 64, 8)),
         64: ((1, 32, 8),), 256: ((1, 16, 4),)}
KEYS = (1024, 2048, 8192, 32768)
QUERIES = (17, 32, 64, 128, 256, 512, 1024)
# Of all sequences: more of them are whole batches.
MOST_QUERIES = 4096
CHOICES = "choices.json"
CAUSAL = "structure(#attn.causal<bottom_right>)"


def get_library(name, dim):
    return f"chunks-{name.replace('=', '-')}-d{dim}.so"


def get_cells():
    return [(dim, batch, *heads, keys, queries) for dim in DIMS for batch, *heads in HEADS[dim]
            for keys in KEYS for queries in QUERIES
            if queries <= keys and batch * queries <= MOST_QUERIES]


def compile_all(options):
    # Where kernels are timed there is no package: what it chooses goes along.
    sys.path.insert(0, str(HERE.parent / "python"))
    from attn._sdpa import choose_splits

    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    for dim in DIMS:
        for name in KERNELS:
            options.kernel_options = "" if name == PLAIN else name
            module = gpu_features.get_module(CAUSAL, None, dim)
            gpu.compile_module(options, module, directory / get_library(name, dim))
    choices = [choose_splits((batch, heads, queries, dim), (batch, key_heads, keys, dim)) or PLAIN
               for dim, batch, heads, key_heads, keys, queries in get_cells()]
    (directory / CHOICES).write_text(json.dumps(choices) + "\n")
    for path in (__file__, HERE / "gpu.py", HERE / "gpu_decode.py", HERE / "gpu_features.py"):
        shutil.copy(path, directory)


def time_all(options):
    import torch

    torch.manual_seed(0)
    clock = gpu.Clock(torch)
    report = gpu.Report(torch, options.output)
    choices = json.loads((HERE / CHOICES).read_text())
    for (dim, batch, heads, key_heads, keys, queries), choice in zip(get_cells(), choices):
        q = torch.randn(batch, heads, queries, dim, device="cuda", dtype=torch.bfloat16)
        k, v = (torch.randn(batch, key_heads, keys, dim, device="cuda", dtype=torch.bfloat16)
                for _ in range(2))
        libraries = {name: HERE / get_library(kernel, dim)
                     for name, kernel in {"ours": choice, "plain": PLAIN}.items()}
        times, errors, best = gpu_decode.time_beside_peers(torch, clock, q, k, v, libraries, 11)
        cell = {
            "dim": dim, "batch": batch, "heads": heads, "key_heads": key_heads, "keys": keys,
            "queries": queries, "kernel": choice, "error": errors, "us": times}
        report.add(cell, f"D{dim} B{batch} H{heads}/{key_heads} Lk {keys} Lq {queries} ({choice}): "
                   + ", ".join(f"{name} {time:.1f} us" for name, time in times.items())
                   + f", ratio {best / times['ours']:.2f}, error {max(errors.values()):.1e}")


def main():
    parser, _, _ = gpu.make_parsers(__doc__)
    gpu.run(parser, compile_all, time_all)


if __name__ == "__main__":
    main()
