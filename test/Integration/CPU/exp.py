#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the error of exp in loops around attention, against f64.

All f32 with --all (4.3e9 values, some minutes), else every 251st of them. The largest
relative error must be below 2^-22.9 where the result is normal; below that range, as far
off as the least f32 at most. NaN stays NaN, overflow is infinite.
"""

import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import exp2

LIMIT = 2.0**-22.9
LEAST, LEAST_NORMAL = 2.0**-149, 2.0**-126
MODULE = """func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0 : index
  %size = tensor.dim %x, %zero : tensor<?xf32>
  %init = tensor.empty(%size) : tensor<?xf32>
  %0 = linalg.exp ins(%x : tensor<?xf32>) outs(%init : tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
"""


def check(function, x):
    """The largest relative error of a normal result."""
    result = exp2.call(function, x)
    with np.errstate(all="ignore"):
        exact = np.exp(x.astype(np.float64))
        rounded = exact.astype(np.float32)
    isnan = np.isnan(x)
    assert (np.isnan(result) == isnan).all(), "NaN is not what it should be"
    infinite = np.isinf(rounded)
    # A result beside the largest f32 may be either.
    near = (exact > 0.999999 * 2.0**128) & (exact < 1.000001 * 2.0**128)
    wrong = (np.isinf(result) != infinite) & ~near
    assert not wrong.any(), f"exp({x[wrong][0]}) is {result[wrong][0]}"
    normal = ~isnan & ~infinite & ~np.isinf(result) & (exact >= LEAST_NORMAL)
    small = ~isnan & (exact < LEAST_NORMAL)
    assert (np.abs(result[small] - exact[small]) <= LEAST).all(), "below the normal range"
    return (np.abs(result[normal] - exact[normal]) / exact[normal]).max(initial=0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--cpu", default="native", help="CPU to compile for")
    parser.add_argument("--all", action="store_true", help="all f32")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        module, library = (pathlib.Path(directory) / name for name in ("exp.mlir", "exp.so"))
        module.write_text(MODULE)
        subprocess.run([options.attn_compile, str(module), "-o", str(library), "--cpu", options.cpu], check=True)
        function = ctypes.CDLL(str(library)).attn_main
        step = 1 if options.all else 251
        largest = 0.0
        for begin in range(0, 1 << 32, exp2.CHUNK * step):
            bits = np.arange(begin, min(begin + exp2.CHUNK * step, 1 << 32), step, dtype=np.uint64)
            largest = max(largest, check(function, bits.astype(np.uint32).view(np.float32)))
        special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 88.72283, 88.72284, 89.0, -103.97, -103.98, -104.0,
                            -87.33655, 1e38, -1e38, 1e-40], np.float32)
        largest = max(largest, check(function, special))
    print(f"largest relative error 2^{np.log2(largest):.2f}")
    return int(largest >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
