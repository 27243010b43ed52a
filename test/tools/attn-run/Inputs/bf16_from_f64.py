# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs of bf16-from-f64.mlir, and their roundings by integer arithmetic."""

import fractions
import math
import pathlib
import sys

import numpy as np

COUNT = 5000


def make():
    generator = np.random.default_rng(0)
    bf16 = (generator.integers(0, 1 << 16, COUNT).astype(np.uint32) << 16).view(np.float32)
    bf16 = np.resize(bf16[np.isfinite(bf16)].astype(np.float64), COUNT)
    # Half a unit of bf16 further: a tie.
    ties = bf16 + np.spacing(bf16.astype(np.float32)).astype(np.float64) * 2.0**15
    ends = [0.0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, -3.4e38, 1e39, -1e39, 1e300,
            5e-324, -5e-324, 1e-45, 1e-40, -1e-40, 2.0**-134, -(2.0**-134),
            np.nextafter(2.0**-134, 1), np.nextafter(-(2.0**-134), -1), 2.0**-133,
            255 * 2.0**120, 511 * 2.0**119, np.nextafter(511 * 2.0**119, 0),
            np.nextafter(511 * 2.0**119, np.inf), 1.0, -1.0]
    return np.concatenate(
        [bf16, ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf), ends])


def get_rounded(x):
    """The bits of the nearest bf16, ties to even."""
    sign = 0x8000 if math.copysign(1, x) < 0 else 0
    if math.isinf(x):
        return sign | 0x7F80
    if x == 0:
        return sign
    exponent = max(math.frexp(abs(x))[1] - 1, -126)
    units = fractions.Fraction(abs(x)) / fractions.Fraction(2) ** (exponent - 7)
    # The bits of the exponent count on from those of the significand.
    return sign | min(((exponent + 126) << 7) + round(units), 0x7F80)


def main():
    directory = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        np.save(directory / "x.npy", make())
        return
    x, y = np.load(directory / "x.npy"), np.load(directory / "y.npy")
    wrong = 0
    for value, found in zip(x.tolist(), y.view(np.uint16).tolist()):
        if math.isnan(value):
            wrong += found & 0x7FFF <= 0x7F80
        elif found != get_rounded(value):
            print(f"{value.hex()}: {found:#06x}, not {get_rounded(value):#06x}")
            wrong += 1
    print(f"{wrong} of {len(x)} differ")


main()
