#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares matmuls around attention with f64: layouts of both inputs, types, odd sizes.

Every element may be off by k roundings of the sum of its products' magnitudes, the
bound of any order of summation (Higham, Accuracy and Stability of Numerical
Algorithms, 3.1). Results are poisoned with NaN before a call.
"""

import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import inputs

# Rows, columns, depth: one, few and many rows; tails of vectors, panels, groups of
# panels, blocks of rows and of depth; nothing.
SIZES = (
    (1, 1, 1), (1, 37, 300), (3, 16, 0), (8, 65, 40), (9, 15, 7), (0, 5, 3), (4, 0, 3),
    (13, 130, 257), (75, 64, 256), (515, 33, 70), (70, 129, 600), (1030, 17, 5), (96, 100, 2048),
    # More weights than are copied at a time.
    (70, 2100, 2100),
)
# How inputs lie in memory: whether lhs and rhs are transposed.
LAYOUTS = {"nn": (False, False), "nt": (False, True), "tn": (True, False), "tt": (True, True)}
# Batches of them: with an rhs for each, or the same for all.
BATCHES = {"each": ("b, ", "?x"), "shared": ("", "")}
NUM_BATCHES = 3
# attn_dtype_t
DTYPES = {"f16": 1, "bf16": 2, "f32": 3, "f64": 4}
ROUNDINGS = {"f16": 1.001 * 2.0**-11, "bf16": 1.001 * 2.0**-8}
MODULE = """!lhs = tensor<{batch}?x?x{input}>
!rhs = tensor<{rhs_batch}?x?x{input}>
!out = tensor<{batch}?x?x{output}>
func.func @main(%lhs: !lhs, %rhs: !rhs, %init: !out) -> !out {{
  %0 = linalg.generic {{indexing_maps = [affine_map<({loop}m, n, k) -> ({loop}{lhs})>, affine_map<({loop}m, n, k) -> ({rhs_loop}{rhs})>, affine_map<({loop}m, n, k) -> ({loop}m, n)>],
                       iterator_types = [{kind}"parallel", "parallel", "reduction"]}}
    ins(%lhs, %rhs : !lhs, !rhs) outs(%init : !out) {{
  ^bb0(%a: {input}, %b: {input}, %c: {output}):
{products}    %sum = arith.addf %c, %product : {output}
    linalg.yield %sum : {output}
  }} -> !out
  return %0 : !out
}}
"""
SAME = "    %product = arith.mulf %a, %b : {output}\n"
WIDENED = """    %x = arith.extf %a : {input} to {output}
    %y = arith.extf %b : {input} to {output}
    %product = arith.mulf %x, %y : {output}
"""


def make_module(layout, input_type, output_type, batches=None):
    transposes_lhs, transposes_rhs = LAYOUTS[layout]
    types = {"input": input_type, "output": output_type}
    products = (SAME if input_type == output_type else WIDENED).format(**types)
    rhs_loop, rhs_batch = BATCHES.get(batches, ("", ""))
    return MODULE.format(loop="b, " if batches else "", batch="?x" if batches else "",
                         kind='"parallel", ' if batches else "", rhs_loop=rhs_loop,
                         rhs_batch=rhs_batch, lhs="k, m" if transposes_lhs else "m, k",
                         rhs="n, k" if transposes_rhs else "k, n", products=products, **types)


def compile_matmul(options, directory, *case):
    module, library = directory / "matmul.mlir", directory / f"{'-'.join(case)}.so"
    if not library.exists():
        module.write_text(make_module(*case))
        subprocess.run([options.attn_compile, str(module), "-o", str(library), "--cpu", options.cpu],
                       check=True)
    return library


def encode(array, dtype):
    """The array in a type, and its values there in f64."""
    if dtype == "bf16":
        bits = inputs.to_bf16_bits(array)
        return bits, inputs.from_bf16_bits(bits)
    narrow = array.astype(inputs.FLOATS[dtype])
    return narrow, narrow.astype(np.float64)


def view(array, dtype):
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    return inputs.Tensor(array.ctypes.data, shape, array.ndim, DTYPES[dtype], None)


def check(library, case, size, random):
    """The largest error of an element relative to what it may be."""
    layout, input_type, output_type, *batches = case
    m, n, k = size
    batch = (NUM_BATCHES,) if batches else ()
    rhs_batch = batch if "each" in batches else ()
    transposes_lhs, transposes_rhs = LAYOUTS[layout]
    lhs, lhs64 = encode(random.standard_normal(batch + ((k, m) if transposes_lhs else (m, k))), input_type)
    rhs, rhs64 = encode(random.standard_normal(rhs_batch + ((n, k) if transposes_rhs else (k, n))), input_type)
    init, init64 = encode(random.standard_normal(batch + (m, n)), output_type)
    result = encode(np.full(batch + (m, n), np.nan), output_type)[0]
    views = (inputs.Tensor * 3)(view(lhs, input_type), view(rhs, input_type), view(init, output_type))
    kept = init.copy()
    if library.attn_main(views, 3, ctypes.byref(view(result, output_type)), 1):
        library.attn_main_error.restype = ctypes.c_char_p
        sys.exit(f"{case} {size}: {library.attn_main_error().decode()}")
    if transposes_lhs:
        lhs64 = lhs64.swapaxes(-1, -2)
    if transposes_rhs:
        rhs64 = rhs64.swapaxes(-1, -2)
    expected = init64 + lhs64 @ rhs64
    magnitude = np.abs(init64) + np.abs(lhs64) @ np.abs(rhs64)
    rounding = 2.0 ** (-53 if output_type == "f64" else -24)
    # A reference in f64 has roundings of its own.
    allowed = (k + 1) * magnitude * (rounding if output_type != "f64" else 2 * rounding)
    # Narrow outputs are rounded once, at the end.
    allowed += np.abs(expected) * ROUNDINGS.get(output_type, 0.0)
    decoded = inputs.from_bf16_bits(result) if output_type == "bf16" else result.astype(np.float64)
    error = np.abs(decoded - expected)
    assert not np.isnan(error).any(), f"{case} {size}: a result is missing"
    assert (init == kept).all(), f"{case} {size}: an input was written to"
    return float((error / allowed).max(initial=0.0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--cpu", default="native", help="CPU to compile for")
    parser.add_argument("--libraries", metavar="DIR",
                        help="for another machine: keep what is compiled there; run what is there already")
    parser.add_argument("--compile-only", action="store_true", help="run nothing")
    parser.add_argument("--dtype", choices=DTYPES, help="inputs of this type only")
    options = parser.parse_args()
    cases = [(layout, "f32", "f32") for layout in LAYOUTS]
    cases += [("nt", "bf16", "f32"), ("nn", "bf16", "f32"), ("nn", "f16", "f32"), ("nt", "f64", "f64"),
              ("nt", "bf16", "bf16"), ("nn", "f16", "f16"), ("tn", "bf16", "bf16")]
    cases += [("nt", "bf16", "f32", "shared"), ("nn", "bf16", "f32", "each"), ("nt", "f32", "f32", "shared"),
              ("nn", "f32", "f32", "each")]
    cases = [case for case in cases if options.dtype in (None, case[1])]
    random, failed = np.random.default_rng(0), 0
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(options.libraries or directory)
        directory.mkdir(parents=True, exist_ok=True)
        for case in cases:
            path = compile_matmul(options, directory, *case)
            if options.compile_only:
                continue
            library = ctypes.CDLL(str(path))
            errors = [check(library, case, size, random) for size in SIZES]
            failed += max(errors) > 1
            print(f"{' '.join(case)}: {len(SIZES)} sizes, {max(errors):.3f} of the error allowed")
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
