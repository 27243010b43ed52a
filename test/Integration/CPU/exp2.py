#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the error of the kernels' exp2, and of attn.exp2_words, against f64.

All f32 up to 8, -inf and NaN with --all (3.2e9 values, a few minutes), else every
1009th of them. The largest relative error must be below 2^-21 (docs/Spec.md), or 2^-13
for the short form, whose results are rounded to bf16; results below the normal range may be anything from zero to 2^-126, -inf gives zero, and NaN
stays NaN.

attn.exp2_words takes all words: the error is that of a real number half a unit away
from its word, the worse way, and below 2^-7.2. What all share is left out of the
standard deviation, which must be at most 1.1 times that of rounding to bf16.
"""

import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import inputs

CHUNK = 1 << 22
LIMITS = {"portable": 2.0**-21, "avx512": 2.0**-21, "avx512_short": 2.0**-13}
MODULE = """func.func @main(%x: tensor<{size}xf32>) -> tensor<{size}xf32> {{
  %init = tensor.empty() : tensor<{size}xf32>
  %zero = arith.constant 0 : index
  %step = arith.constant {lanes} : index
  %size = arith.constant {size} : index
  %pad = arith.constant 0.0 : f32
  %result = scf.for %i = %zero to %size step %step iter_args(%out = %init) -> tensor<{size}xf32> {{
    %v = vector.transfer_read %x[%i], %pad {{in_bounds = [true]}} : tensor<{size}xf32>, vector<{lanes}xf32>
    %e = math.exp2 %v {{attn.exp2_form = "{form}"}} : vector<{lanes}xf32>
    %next = vector.transfer_write %e, %out[%i] {{in_bounds = [true]}} : vector<{lanes}xf32>, tensor<{size}xf32>
    scf.yield %next : tensor<{size}xf32>
  }}
  return %result : tensor<{size}xf32>
}}
"""

NUM_WORDS = 1 << 16
WORDS_MODULE = f"""func.func @main(%x: tensor<{NUM_WORDS}xi16>) -> tensor<{NUM_WORDS}xbf16> {{
  %init = tensor.empty() : tensor<{NUM_WORDS}xbf16>
  %zero = arith.constant 0 : index
  %step = arith.constant 32 : index
  %size = arith.constant {NUM_WORDS} : index
  %pad = arith.constant 0 : i16
  %result = scf.for %i = %zero to %size step %step iter_args(%out = %init) -> tensor<{NUM_WORDS}xbf16> {{
    %w = vector.transfer_read %x[%i], %pad {{in_bounds = [true]}} : tensor<{NUM_WORDS}xi16>, vector<32xi16>
    %e = attn.exp2_words %w : vector<32xi16> -> vector<32xbf16>
    %next = vector.transfer_write %e, %out[%i] {{in_bounds = [true]}} : vector<32xbf16>, tensor<{NUM_WORDS}xbf16>
    scf.yield %next : tensor<{NUM_WORDS}xbf16>
  }}
  return %result : tensor<{NUM_WORDS}xbf16>
}}
"""


def compile_exp2(options, directory):
    module, library = directory / "exp2.mlir", directory / "exp2.so"
    lanes = 8 if options.form == "portable" else 16
    module.write_text(WORDS_MODULE if options.form == "words" else
                      MODULE.format(size=CHUNK, lanes=lanes, form=options.form))
    subprocess.run(
        [options.attn_compile, str(module), "-o", str(library), "--cpu", options.cpu], check=True
    )
    return ctypes.CDLL(str(library)).attn_main


def call(function, x):
    result = np.full_like(x, np.nan)
    shape = (ctypes.c_int64 * 1)(x.size)
    view = [inputs.Tensor(a.ctypes.data, shape, 1, 3, None) for a in (x, result)]
    assert function(ctypes.byref(view[0]), 1, ctypes.byref(view[1]), 1) == 0
    return result


def check(x, result):
    """The largest relative error and where it is; raises on what must not be."""
    x64 = x.astype(np.float64)
    nan = np.isnan(x)
    assert np.isnan(result[nan]).all(), "a NaN is lost"
    assert (result[x == -np.inf] == 0).all(), "exp2(-inf) is not zero"
    low = x64 < -126
    assert ((result[low] >= 0) & (result[low] <= 2.0**-126)).all(), "below the normal range"
    normal = x64 >= -126
    if not normal.any():
        return 0.0, 0.0
    error = np.abs(result[normal] / np.exp2(x64[normal]) - 1)
    worst = np.argmax(error)
    return float(error[worst]), float(x[normal][worst])


def check_words(function):
    """Whether all powers of words are as near as attn.exp2_words says."""
    words = np.arange(NUM_WORDS, dtype=np.uint16)
    bits = np.empty_like(words)
    shape = (ctypes.c_int64 * 1)(NUM_WORDS)
    # ATTN_I16, ATTN_BF16.
    views = [inputs.Tensor(array.ctypes.data, shape, 1, dtype, None)
             for array, dtype in ((words, 7), (bits, 2))]
    assert function(ctypes.byref(views[0]), 1, ctypes.byref(views[1]), 1) == 0
    result = inputs.from_bf16_bits(bits)
    assert result[0] == 0 and result[1] == 0, "zero"
    # 64 reals that each word may stand for.
    normal = words >= 512
    reals = words[normal, None] + (np.arange(64) + 0.5) / 64 - 0.5
    exact = np.exp2((reals - 2) / 512 - 127)
    error = result[normal, None] / exact - 1
    rounding = inputs.from_bf16_bits(inputs.to_bf16_bits(exact)) / exact - 1
    ratio = (error / (1 + error.mean())).std() / rounding.std()
    worst = np.abs(error).max()
    print(f"exp2, words: largest relative error {worst:.3e} (2^{np.log2(worst):.2f}), "
          f"standard deviation {ratio:.3f} of that of rounding")
    return worst < 2.0**-7.2 and ratio < 1.1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--form", choices=[*sorted(LIMITS), "words"], default="portable")
    parser.add_argument("--cpu", default="native", help="CPU to compile for")
    parser.add_argument("--all", action="store_true", help="all values")
    options = parser.parse_args()
    step = 1 if options.all else 1009
    worst, place, count = 0.0, 0.0, 0
    with tempfile.TemporaryDirectory() as directory:
        function = compile_exp2(options, pathlib.Path(directory))
        if options.form == "words":
            return 0 if check_words(function) else 1
        # From 0.0 to 8, and from -0.0 over -inf to the last NaN.
        eight = int(np.float32(8).view(np.uint32))
        parts = [(first, end) for begin, end in ((0, eight), (1 << 31, (1 << 32) - 1))
                 for first in range(begin, end + 1, CHUNK * step)]
        for first, last in parts:
            bits = first + step * np.arange(CHUNK, dtype=np.uint64)
            bits = np.minimum(bits, last).astype(np.uint32)
            bits[:2] = 0, 0xFF800000  # zero and -inf
            x = bits.view(np.float32)
            error, where = check(x, call(function, x).astype(np.float64))
            count += x.size
            if error > worst:
                worst, place = error, where
    print(f"exp2, {options.form}, {options.cpu}: {count} values, largest relative error "
          f"{worst:.3e} (2^{np.log2(worst):.2f}) at {place!r}")
    return 0 if worst < LIMITS[options.form] else 1


if __name__ == "__main__":
    sys.exit(main())
