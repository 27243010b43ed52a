#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times head dimensions beside 64, 128 and 256 on one GPU beside PyTorch's backends.

What models have: 32, 80, 96, 112, 160, and values of another size than keys (192 and 128:
multi-head latent attention, DeepSeek-V2, 2024). In one process, in turn, in bf16, each
launch cold (L2 flushed); B * S = 16384, H * D about 2048.

  benchmarks/gpu_dims.py compile --attn-compile build/bin/attn-compile --output DIR
  DIR/gpu_dims.py time [--output results.json]

Results are compared with those of FlashAttention-2, or with cuDNN's where it takes no such
sizes.
"""

import pathlib
import shutil

import gpu
import gpu_decode
import gpu_features

HERE = pathlib.Path(__file__).resolve().parent
# Of queries and keys, and of values.
DIMS = ((32, 32), (64, 128), (80, 80), (96, 96), (112, 112), (160, 160), (192, 128), (192, 192))
LENGTHS = (512, 2048, 8192)
CLAUSES = {"full": "", "causal": "structure(#attn.causal<top_left>)"}


def get_library(mask, dim, value_dim):
    return f"dims-{mask}-d{dim}-v{value_dim}.so"


def compile_all(options):
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    for dims in DIMS:
        for mask, clauses in CLAUSES.items():
            module = gpu_features.get_module(clauses, None, *dims)
            gpu.compile_module(options, module, directory / get_library(mask, *dims))
    for path in (__file__, HERE / "gpu.py", HERE / "gpu_decode.py", HERE / "gpu_features.py"):
        shutil.copy(path, directory)


def time_all(options):
    import torch

    torch.manual_seed(0)
    clock = gpu.Clock(torch)
    report = gpu.Report(torch, options.output)
    for dim, value_dim in DIMS:
        for mask in CLAUSES:
            for length in LENGTHS:
                batch, heads = gpu.TOKENS // length, gpu.WIDTH // dim
                q, k, v = (torch.randn(batch, heads, length, size, device="cuda", dtype=torch.bfloat16)
                           for size in (dim, dim, value_dim))
                library = {"ours": HERE / get_library(mask, dim, value_dim)}
                times, errors, best = gpu_decode.time_beside_peers(
                    torch, clock, q, k, v, library, 15, causal=mask == "causal")
                pairs = length * length / (2 if mask == "causal" else 1)
                flops = 2 * batch * heads * pairs * (dim + value_dim)
                cell = {
                    "dim": dim, "value_dim": value_dim, "mask": mask, "length": length,
                    "batch": batch, "heads": heads, "error": errors["ours"], "us": times,
                    "tflops": {name: flops / time * 1e-6 for name, time in times.items()}}
                report.add(cell, f"D{dim} Dv{value_dim} {mask} S {length}: "
                           + ", ".join(f"{name} {time:.1f} us {cell['tflops'][name]:.0f} TFLOP/s"
                                       for name, time in times.items())
                           + f", ratio {best / times['ours']:.2f}, error {errors['ours']:.1e}")


def main():
    parser, _, _ = gpu.make_parsers(__doc__)
    gpu.run(parser, compile_all, time_all)


if __name__ == "__main__":
    main()
