#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles for a CPU with AVX-512 or AMX what runs without either.

Takes the arguments of attn-compile, which it calls (ATTN_COMPILE, or the one in the
PATH) for optimized LLVM IR: intrinsics of these CPUs become calls of the functions
below, the rest is compiled for AVX2 (by CC, or clang-22). It stands for attn-compile in make.py:

    make.py --attn-compile emulate.py --target sapphirerapids:bf16 --output DIR

All but LLVM's code generator for that CPU is tested then, slowly.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FUNCTIONS = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>

// Denormals are zero.
static float flush(float value) { return fabsf(value) < 0x1p-126f ? copysignf(0, value) : value; }
static float from_bf16(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, 4);
  return flush(value);
}
static float add_product(float sum, uint16_t lhs, uint16_t rhs) {
  return flush(fmaf(from_bf16(lhs), from_bf16(rhs), sum));
}

// A row of a tile is 64 bytes.
void emulated_load(char *tile, int16_t rows, int16_t bytes, const char *from, int64_t stride) {
  memset(tile, 0, 1024);
  for (int r = 0; r < rows; ++r)
    memcpy(tile + 64 * r, from + stride * r, bytes);
}
void emulated_store(int16_t rows, int16_t bytes, char *to, int64_t stride, const char *tile) {
  for (int r = 0; r < rows; ++r)
    memcpy(to + stride * r, tile + 64 * r, bytes);
}
void emulated_multiply(float *sum, int16_t rows, int16_t columns, int16_t inner,
                       const uint16_t *lhs, const uint16_t *rhs) {
  for (int m = 0; m < rows; ++m)
    for (int k = 0; k < inner / 4; ++k)
      for (int n = 0; n < columns / 4; ++n)
        for (int half = 0; half < 2; ++half)
          sum[16 * m + n] =
              add_product(sum[16 * m + n], lhs[32 * m + 2 * k + half], rhs[32 * k + 2 * n + half]);
}
void emulated_dot(float *sum, const uint16_t *lhs, const uint16_t *rhs) {
  for (int n = 0; n < 16; ++n)
    for (int half = 1; half >= 0; --half)
      sum[n] = add_product(sum[n], lhs[2 * n + half], rhs[2 * n + half]);
}
void emulated_reduce(float *x) {
  for (int n = 0; n < 16; ++n)
    x[n] = isinf(x[n]) ? 0 : x[n] - floorf(x[n]);
}
void emulated_scale(float *x, const float *power) {
  for (int n = 0; n < 16; ++n) {
    if (isnan(power[n]))
      x[n] = power[n];
    else if (isinf(power[n]))
      x[n] *= power[n] > 0 ? INFINITY : 0;
    else
      x[n] = ldexpf(x[n], (int)floorf(fminf(fmaxf(power[n], -1000), 1000)));
  }
}
void emulated_look_up(uint8_t *bytes, const uint8_t *table, const uint8_t *indices) {
  for (int n = 0; n < 64; ++n)
    bytes[n] = table[indices[n] & 63];
}
static uint16_t to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return isnan(value) ? (bits >> 16) | 64 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
void emulated_round(uint16_t *pairs, const float *high, const float *low) {
  for (int n = 0; n < 16; ++n) {
    pairs[n] = to_bf16(flush(low[n]));
    pairs[16 + n] = to_bf16(flush(high[n]));
  }
}
__bf16 __truncsfbf2(float value) {
  uint16_t rounded = to_bf16(value);
  __bf16 result;
  memcpy(&result, &rounded, 2);
  return result;
}
"""

TILE, FLOATS, HALVES, BYTES = "<256 x i32>", "<16 x float>", "<32 x bfloat>", "<64 x i8>"
# The type of an intrinsic's result, its name, its parameters, and the function with
# what it takes: vectors by pointers, the first the result's.
INTRINSICS = [
    (TILE, "x86.tileloadd64.internal", ["i16", "i16", "ptr", "i64"], "emulated_load",
     [None, 0, 1, 2, 3]),
    ("void", "x86.tilestored64.internal", ["i16", "i16", "ptr", "i64", TILE], "emulated_store",
     [0, 1, 2, 3, 4]),
    (TILE, "x86.tdpbf16ps.internal", ["i16", "i16", "i16", TILE, TILE, TILE],
     "emulated_multiply", [3, 0, 1, 2, 4, 5]),
    (HALVES, "x86.avx512bf16.cvtne2ps2bf16.512", [FLOATS, FLOATS], "emulated_round", [None, 0, 1]),
    (FLOATS, "x86.avx512bf16.dpbf16ps.512", [FLOATS, HALVES, HALVES], "emulated_dot", [0, 1, 2]),
    (BYTES, "x86.avx512.permvar.qi.512", [BYTES, BYTES], "emulated_look_up", [None, 0, 1]),
    (FLOATS, "x86.avx512.mask.reduce.ps.512", [FLOATS, "i32", FLOATS, "i16", "i32"],
     "emulated_reduce", [0]),
    (FLOATS, "x86.avx512.mask.scalef.ps.512", [FLOATS, FLOATS, FLOATS, "i16", "i32"],
     "emulated_scale", [0, 1]),
]


def define(result, name, parameters, function, taken):
    """A function with the type of the intrinsic."""
    lines = [f"define internal {result} @emulated.{name}("
             + ", ".join(f"{type_} %{n}" for n, type_ in enumerate(parameters)) + ") noinline {"]
    lines.append(f"  %memory = alloca {TILE}, align 64")
    for n, type_ in enumerate(parameters):
        if type_.startswith("<"):
            lines += [f"  %m{n} = alloca {type_}, align 64", f"  store {type_} %{n}, ptr %m{n}, align 64"]
    arguments = []
    for n in taken:
        if n is None:
            arguments.append("ptr %memory")
        else:
            vector = parameters[n].startswith("<")
            arguments.append(f"ptr %m{n}" if vector else f"{parameters[n]} %{n}")
    lines.append(f"  call void @{function}({', '.join(arguments)})")
    if result == "void":
        lines.append("  ret void")
    else:
        lines += [f"  %r = load {result}, {arguments[0]}, align 64", f"  ret {result} %r"]
    types = ", ".join(argument.split()[0] for argument in arguments)
    return "\n".join([*lines, "}", f"declare void @{function}({types})"])


def emulate(text):
    """LLVM IR without the intrinsics."""
    text = re.sub(r"^declare .*@llvm\.x86\..*\n", "", text, flags=re.MULTILINE)
    # Which cache keeps a tile does not change it.
    text = text.replace("@llvm.x86.tileloaddt164.internal", "@llvm.x86.tileloadd64.internal")
    text = re.sub(r"call x86_amx @llvm\.x86\.tilezero\.internal\([^)]*\)",
                  f"select i1 true, {TILE} zeroinitializer, {TILE} zeroinitializer", text)
    text = text.replace("x86_amx", TILE)
    definitions = []
    for intrinsic in INTRINSICS:
        name = intrinsic[1]
        if f"@llvm.{name}(" in text:
            text = text.replace(f"@llvm.{name}(", f"@emulated.{name}(")
            definitions.append(define(*intrinsic))
    unknown = re.findall(r"@llvm\.x86\.[\w.]*", text)
    if unknown:
        sys.exit(f"emulate.py: {unknown[0]} is not known")
    text = re.sub(r'"target-cpu"="[^"]*"', '"target-cpu"="haswell"', text)
    text = re.sub(r' "target-features"(="[^"]*")?', "", text)
    # No CPU lacks what the code needs.
    text = re.sub(r"i64 \d+, ptr @attn_rt_packed", "i64 0, ptr @attn_rt_packed", text)
    return "\n".join([text, *definitions]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="output", required=True)
    options, others = parser.parse_known_args()
    tool = os.environ.get("ATTN_COMPILE") or shutil.which("attn-compile")
    runtime = pathlib.Path(tool).resolve().parent.parent / "lib" / "libAttnRuntimeCPU.a"
    with tempfile.TemporaryDirectory() as directory:
        code, functions = (pathlib.Path(directory) / name for name in ("code.ll", "functions.c"))
        process = subprocess.run([tool, *others, "-o", str(code), "--emit=llvm"])
        if process.returncode:
            return process.returncode
        code.write_text(emulate(code.read_text()))
        functions.write_text(FUNCTIONS)
        return subprocess.run(
            [os.environ.get("CC", "clang-22"), "-shared", "-fPIC", "-O1", "-march=haswell", "-Wno-override-module", str(code),
             str(functions), str(runtime), "-o", options.output, "-lm", "-lpthread"]
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
