#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times the compilation of one attention to a kernel that is loaded.

  benchmarks/compile.py --attn-compile build/bin/attn-compile --output results.json
  benchmarks/compile.py --attn-compile old=PATH --attn-compile new=PATH

`total` is the time of attn-compile from start to end, linker included, and of
loading its shared object: what a caller waits for. `cpu` is the time that its
processes computed, which other work on the machine changes less. Several tools are
run in turn. Medians and least times in seconds, bytes of the object.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

# CPU, type, queries, keys, size of a head, mask.
PROBLEMS = [
    ("native", "f32", 1024, 1024, 64, True),
    ("native", "f32", 1024, 1024, 128, False),
    ("native", "bf16", 1024, 1024, 64, True),
    ("native", "f16", 1024, 1024, 64, True),
    ("native", "f32", "?", "?", 64, True),
    ("native", "f32", 1, 8192, 128, False),
    ("native", "bf16", 8, 8192, 128, False),
    ("x86-64-v3", "f32", 1024, 1024, 64, True),
    ("x86-64-v4", "f32", 1024, 1024, 64, True),
    ("sapphirerapids", "bf16", 1024, 1024, 64, True),
]


def make_module(dtype, queries, keys, size, causal):
    q, k = f"tensor<8x{queries}x{size}x{dtype}>", f"tensor<8x{keys}x{size}x{dtype}>"
    rows = ""
    arguments = ""
    if queries == "?":
        rows = f"%one = arith.constant 1 : index\n  %n = tensor.dim %q, %one : {q}\n  "
        arguments = "%n"
    structure = "structure(#attn.causal<top_left>) " if causal else ""
    return f"""func.func @main(%q: {q}, %k: {k}, %v: {k}) -> {q} {{
  {rows}%init = tensor.empty({arguments}) : {q}
  %o = attn.sdpa query(%q : {q}) key(%k : {k}) value(%v : {k}) {structure}outs(%init : {q}) -> {q}
  return %o : {q}
}}
"""


def load(library):
    """In a process of its own, so that every load is a first one."""
    code = f"import ctypes, time; s = time.perf_counter(); ctypes.CDLL({str(library)!r}).attn_main; " \
           "print(time.perf_counter() - s)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def compile_once(tool, module, cpu, library):
    before = os.times()
    start = time.perf_counter()
    subprocess.run([tool, str(module), "-o", str(library), "--cpu", cpu], check=True)
    total = time.perf_counter() - start
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"total": total, "cpu": spent}


def measure(options, directory, problem):
    cpu, *rest = problem
    module = directory / "attention.mlir"
    module.write_text(make_module(*rest))
    samples = [[] for _ in options.attn_compile]
    sizes = [0 for _ in options.attn_compile]
    for turn in range(options.rounds + 1):
        for i, tool in enumerate(options.attn_compile):
            library = directory / f"attention-{i}-{turn}.so"
            sample = compile_once(tool, module, cpu, library)
            # Code for another CPU can be loaded, too: what it needs is asked when it is called.
            sample["load"] = load(library)
            sample["total"] += sample["load"]
            sizes[i] = library.stat().st_size
            library.unlink()
            if turn > 0:  # The first one reads the tool from disk.
                samples[i].append(sample)
    results = []
    for label, taken, size in zip(options.labels, samples, sizes):
        summary = {"tool": label, "bytes": size}
        for key in taken[0]:
            values = [sample[key] for sample in taken]
            summary[key] = {"median": statistics.median(values), "min": min(values)}
        results.append(summary)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", action="append", required=True, metavar="[LABEL=]PATH",
                        help="the tool; may be repeated")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is compiled")
    parser.add_argument("--output", help="JSON file for the results")
    options = parser.parse_args()
    options.labels = [tool.rpartition("=")[0] or "attn-compile" for tool in options.attn_compile]
    options.attn_compile = [tool.rpartition("=")[2] for tool in options.attn_compile]
    report = []
    print(f"{'problem':40}{'tool':>12}{'total, s':>16}{'cpu, s':>16}{'load, s':>9}{'bytes':>8}")
    with tempfile.TemporaryDirectory() as name:
        for problem in PROBLEMS:
            cpu, dtype, queries, keys, size, causal = problem
            title = f"{cpu} {dtype} {queries}x{keys} D{size} {'causal' if causal else 'full'}"
            results = measure(options, pathlib.Path(name), problem)
            for r in results:
                total, spent = r["total"], r["cpu"]
                print(f"{title:40}{r['tool']:>12}{total['median']:8.3f}/{total['min']:7.3f}{spent['median']:8.3f}/{spent['min']:7.3f}"
                      f"{r['load']['median']:9.4f}{r['bytes']:8}", flush=True)
            report.append({"cpu": cpu, "dtype": dtype, "queries": queries, "keys": keys, "size": size,
                           "causal": causal, "results": results})
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
