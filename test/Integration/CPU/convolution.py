#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares linalg's convolutions with f64: orders of dimensions, types, strides,
dilations, groups, odd sizes, sizes of the run time.

The bound of an element's error is that of matmul.py. Results are poisoned with NaN before
a call.
"""

import argparse
import ctypes
import itertools
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import inputs
import matmul

# An operation of linalg: what it is called behind `conv_Nd_`, the dimensions of its
# operands and result. h, w and d are places, which the filter has in capitals.
FORMS = {
    "1d": ("conv_1d", "w", "W", "w"),
    "1d_ncw_fcw": ("conv_1d_ncw_fcw", "ncw", "fcW", "nfw"),
    "1d_nwc_wcf": ("conv_1d_nwc_wcf", "nwc", "Wcf", "nwf"),
    "2d": ("conv_2d", "hw", "HW", "hw"),
    "2d_nchw_fchw": ("conv_2d_nchw_fchw", "nchw", "fcHW", "nfhw"),
    "2d_nhwc_hwcf": ("conv_2d_nhwc_hwcf", "nhwc", "HWcf", "nhwf"),
    "2d_nhwc_fhwc": ("conv_2d_nhwc_fhwc", "nhwc", "fHWc", "nhwf"),
    "2d_ngchw_gfchw": ("conv_2d_ngchw_gfchw", "ngchw", "gfcHW", "ngfhw"),
    "2d_ngchw_fgchw": ("conv_2d_ngchw_fgchw", "ngchw", "fgcHW", "ngfhw"),
    "2d_nhwgc_gfhwc": ("conv_2d_nhwgc_gfhwc", "nhwgc", "gfHWc", "nhwgf"),
    "3d_ndhwc_dhwcf": ("conv_3d_ndhwc_dhwcf", "ndhwc", "DHWcf", "ndhwf"),
    "3d_ncdhw_fcdhw": ("conv_3d_ncdhw_fcdhw", "ncdhw", "fcDHW", "nfdhw"),
    "depthwise_1d_nwc_wc": ("depthwise_conv_1d_nwc_wc", "nwc", "Wc", "nwc"),
    "depthwise_2d_nchw_chw": ("depthwise_conv_2d_nchw_chw", "nchw", "cHW", "nchw"),
    "depthwise_2d_nhwc_hwcm": ("depthwise_conv_2d_nhwc_hwcm", "nhwc", "HWcm", "nhwcm"),
}
PLACES = "dhw"
# Without strides and dilations.
PLAIN = ("1d", "2d")
# Sizes of the result's places, of the filter's, strides, dilations, of d, h and w; and of
# the other dimensions.
GEOMETRIES = (
    ((2, 5, 7), (2, 3, 2), (1, 1, 1), (1, 1, 1), dict(n=2, c=3, f=17, g=2, m=5)),
    # Patches.
    ((3, 3, 5), (2, 4, 8), (2, 4, 8), (1, 1, 1), dict(n=1, c=3, f=33, g=3, m=1)),
    # No copy; a filter of one element that leaves places out.
    ((2, 6, 9), (1, 1, 1), (1, 1, 1), (1, 1, 1), dict(n=3, c=19, f=8, g=2, m=2)),
    ((2, 6, 9), (1, 1, 1), (1, 3, 2), (1, 1, 1), dict(n=2, c=5, f=9, g=1, m=4)),
    ((2, 4, 6), (3, 2, 3), (1, 2, 1), (2, 1, 3), dict(n=1, c=2, f=4, g=2, m=3)),
    # One of everything; no batch; no channels to sum over; no outputs.
    ((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1), dict(n=1, c=1, f=1, g=1, m=1)),
    ((2, 3, 3), (1, 2, 2), (1, 1, 1), (1, 1, 1), dict(n=0, c=2, f=5, g=2, m=1)),
    ((2, 3, 3), (1, 2, 2), (1, 1, 1), (1, 1, 1), dict(n=2, c=0, f=5, g=2, m=1)),
    ((2, 0, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1), dict(n=2, c=2, f=5, g=2, m=1)),
)
# More than is copied at a time.
LARGE = {
    "1d_ncw_fcw": ((0, 0, 8500), (0, 0, 9), (1, 1, 1), (1, 1, 1), dict(n=2, c=64, f=5)),
    "2d_nchw_fchw": ((0, 131, 129), (0, 3, 3), (1, 1, 1), (1, 1, 1), dict(n=2, c=32, f=9)),
    "2d_nhwc_hwcf": ((0, 131, 129), (0, 3, 3), (1, 2, 2), (1, 1, 1), dict(n=2, c=32, f=9)),
    "2d_ngchw_gfchw": ((0, 131, 65), (0, 3, 3), (1, 1, 1), (1, 1, 1), dict(n=1, g=3, c=32, f=6)),
}


def get_sizes(form, geometry):
    """Of all dimensions by their letters, and those of the input's places."""
    places, filters, strides, dilations, sizes = geometry
    sizes = dict(sizes)
    plain = form in PLAIN
    for letter, place, size, stride, dilation in zip(PLACES, places, filters, strides, dilations):
        sizes[letter], sizes[letter.upper()] = place, size
        stride, dilation = (1, 1) if plain else (stride, dilation)
        sizes["in " + letter] = max((place - 1) * stride + (size - 1) * dilation + 1, 0)
    return sizes


def get_shapes(form, geometry):
    _, source, filter_, result = FORMS[form]
    sizes = get_sizes(form, geometry)
    return ([sizes.get("in " + x, sizes.get(x)) for x in source],
            [sizes[x] for x in filter_], [sizes[x] for x in result])


def make_module(form, dtype, geometry, dynamic):
    name, source = FORMS[form][:2]
    types = ["tensor<" + "".join("?x" if dynamic else f"{size}x" for size in shape) + dtype + ">"
             for shape in get_shapes(form, geometry)]
    attributes = ""
    if form not in PLAIN:
        used = [i for i, x in enumerate(PLACES) if x in source]
        attributes = "{" + ", ".join(
            f"{kind} = dense<[{', '.join(str(values[i]) for i in used)}]> : tensor<{len(used)}xi64>"
            for kind, values in (("strides", geometry[2]), ("dilations", geometry[3]))) + "}"
    x, w, y = types
    return f"""func.func @main(%x: {x}, %w: {w}, %y: {y}) -> {y} {{
  %0 = linalg.{name} {attributes} ins(%x, %w : {x}, {w}) outs(%y : {y}) -> {y}
  return %0 : {y}
}}
"""


def get_expected(form, geometry, source, filter_, init):
    _, letters, filter_letters, result_letters = FORMS[form]
    if 0 in source.shape + filter_.shape + init.shape:
        return init
    for letter, size, stride, dilation in zip(PLACES, *geometry[1:4]):
        if letter not in letters:
            continue
        if form in PLAIN:
            stride = dilation = 1
        axis = letters.index(letter)
        source = np.lib.stride_tricks.sliding_window_view(source, (size - 1) * dilation + 1, axis)
        source = source[..., ::dilation]
        source = np.moveaxis(np.moveaxis(source, axis, 0)[::stride], 0, axis)
    letters += "".join(x.upper() for x in PLACES if x in letters)
    return init + np.einsum(f"{letters},{filter_letters}->{result_letters}", source, filter_, optimize=True)


def check(library, form, dtype, geometry, random):
    """The largest error of an element relative to what it may be."""
    shapes = get_shapes(form, geometry)
    (x, x64), (w, w64), (y, y64) = (matmul.encode(random.standard_normal(shape), dtype) for shape in shapes)
    result = matmul.encode(np.full(shapes[2], np.nan), dtype)[0]
    views = (inputs.Tensor * 3)(*(matmul.view(t, dtype) for t in (x, w, y)))
    kept = y.copy()
    if library.attn_main(views, 3, ctypes.byref(matmul.view(result, dtype)), 1):
        library.attn_main_error.restype = ctypes.c_char_p
        sys.exit(f"{form} {geometry}: {library.attn_main_error().decode()}")
    expected = get_expected(form, geometry, x64, w64, y64)
    magnitude = get_expected(form, geometry, np.abs(x64), np.abs(w64), np.abs(y64))
    terms = int(np.prod([s for s, letter in zip(shapes[1], FORMS[form][2]) if letter not in FORMS[form][3]]))
    # A reference in f64 has roundings of its own. Sums in f32 are rounded to narrow types
    # once; a depthwise one is summed in its type.
    rounding = 2 * 2.0**-53 if dtype == "f64" else 2.0**-24
    if form.startswith("depthwise") or form in PLAIN:
        rounding = matmul.ROUNDINGS.get(dtype, rounding)
        terms *= 2
    allowed = (terms + 1) * magnitude * rounding + np.abs(expected) * matmul.ROUNDINGS.get(dtype, 0.0)
    decoded = inputs.from_bf16_bits(result) if dtype == "bf16" else result.astype(np.float64)
    error = np.abs(decoded - expected)
    assert not np.isnan(error).any(), f"{form} {geometry}: a result is missing"
    assert (y == kept).all(), f"{form} {geometry}: an input was written to"
    return float((error[allowed > 0] / allowed[allowed > 0]).max(initial=0.0))


def get_cases():
    """A library for each of the sizes, or one for all that share strides and dilations."""
    cases = [(form, "f32", [geometry], False) for form in FORMS for geometry in GEOMETRIES[:5]]
    by_strides = {}
    for geometry in GEOMETRIES:
        by_strides.setdefault(geometry[2:4], []).append(geometry)
    for form, dtype in itertools.product(FORMS, ("f32", "bf16", "f16", "f64")):
        if dtype == "f32" or form in ("1d_ncw_fcw", "2d_nchw_fchw", "2d_nhwc_hwcf", "2d_nhwgc_gfhwc"):
            cases += [(form, dtype, geometries, True) for geometries in by_strides.values()]
    return cases + [(form, "f32", [geometry], dynamic)
                    for form, geometry in LARGE.items() for dynamic in (False, True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--cpu", default="native", help="CPU to compile for")
    parser.add_argument("--all", action="store_true", help="every case, not each third one")
    options = parser.parse_args()
    cases = get_cases()
    if not options.all:
        cases = cases[::3]
    random, failed = np.random.default_rng(0), 0
    with tempfile.TemporaryDirectory() as directory:
        for number, (form, dtype, geometries, dynamic) in enumerate(cases):
            module = pathlib.Path(directory) / "convolution.mlir"
            library = pathlib.Path(directory) / f"{number}.so"
            module.write_text(make_module(form, dtype, geometries[0], dynamic))
            subprocess.run([options.attn_compile, str(module), "-o", str(library), "--cpu", options.cpu],
                           check=True)
            loaded = ctypes.CDLL(str(library))
            errors = [check(loaded, form, dtype, geometry, random) for geometry in geometries]
            failed += max(errors) > 1
            if max(errors) > 1 or sys.stdout.isatty():
                print(f"{form} {dtype} {'dynamic' if dynamic else 'static'}: {geometries} "
                      f"{max(errors):.3f} of the error allowed")
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
