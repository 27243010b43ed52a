#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs attention problems through attn-run and compares them with numpy.

Every case becomes a module and .npy files; attn-run compiles and runs it;
reference.py says what it must give, and how exactly. Run one case again, with
its files kept:

    sweep.py --backend flash --group masks --case NAME --keep DIR
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import emit
import groups
import inputs
import reference
from case import OUTS

TIMEOUT_SECONDS = 300


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attn-run", default="attn-run", help="path of the tool")
    parser.add_argument("--backend", default="math", help="math or flash")
    parser.add_argument("--cpu", default="native", help="CPU to compile for")
    parser.add_argument(
        "--kernel-options", default="", help="passed to the tool"
    )
    parser.add_argument(
        "--group", choices=sorted(groups.GROUPS), action="append",
        help="cases to run (all groups by default)",
    )
    parser.add_argument("--case", help="run the case of this name only")
    parser.add_argument("--dtype", help="run the cases of this type only")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the inputs (0 in the tests)"
    )
    parser.add_argument("--keep", metavar="DIR", help="leave all files in DIR")
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument(
        "--verbose", action="store_true", help="print the errors of all cases"
    )
    return parser.parse_args()


def get_dot(cpu, kernel_options=""):
    """What kernels for the CPU multiply narrow types with: fma, bf16 or amx."""
    forced = re.search(r"\bdot=(\w+)", kernel_options)
    if forced and forced[1] != "auto":
        return forced[1]
    if cpu != "native":
        dots = {"znver4": "bf16", "znver5": "bf16", "sapphirerapids": "amx", "graniterapids": "amx"}
        return dots.get(cpu, "fma")
    try:
        info = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return "fma"
    if " amx_bf16 " in info:
        return "amx"
    return "bf16" if "AuthenticAMD" in info and " avx512_bf16 " in info else "fma"


class CaseFailure(Exception):
    pass


def run_case(case, options, directory):
    """Runs a case and returns the comparison of each result."""
    arrays = inputs.make_inputs(case)
    module = directory / "main.mlir"
    module.write_text(emit.emit_module(case))
    command = [
        options.attn_run, str(module), "--no-raise", "--guard",
        f"--backend={options.backend}", f"--cpu={options.cpu}",
        f"--kernel-options={options.kernel_options}",
        f"--threads={1 + len(case.name) % 3}",
    ]
    types = case.get_types()
    for name, dtype, _ in emit.get_arguments(case):
        path = directory / f"{name}.npy"
        if name in OUTS:
            shape = tuple(size for size, _ in types[name])
            array = np.full(shape, np.nan)
        else:
            array = arrays[name]
        inputs.write_npy(path, array, dtype)
        command.append(f"--input={path}")
    dot = get_dot(options.cpu, options.kernel_options) if options.backend == "flash" else "fma"
    expected = reference.compute(case, arrays, dot=dot)
    outs = reference.get_outs(case, expected)
    for name, *_ in outs:
        command.append(f"--output={directory / (name + '.out.npy')}")
    (directory / "command").write_text(shlex.join(command) + "\n")
    process = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
    )
    if process.returncode != 0:
        raise CaseFailure(
            f"attn-run ended with {process.returncode}\n{process.stderr.rstrip()}"
        )
    comparisons = []
    for name, dtype, wanted, error in outs:
        actual = inputs.read_npy(directory / f"{name}.out.npy", dtype)
        if name == "max_scores":
            actual = expected.settle(actual)
        comparisons.append(
            (name, reference.compare(actual, wanted.astype(np.float64),
                                     error.astype(np.float64), dtype))
        )
    return comparisons


def report_failure(case, options, group, text):
    command = [
        sys.executable, os.path.abspath(__file__), "--attn-run", options.attn_run,
        "--backend", options.backend, "--cpu", options.cpu,
        f"--kernel-options={options.kernel_options}", "--group", group, "--case", case.name,
        "--seed", str(options.seed), "--keep", "kept",
    ]
    print(f"FAIL {options.backend} {group} {case.name} (seed {options.seed})")
    print("    " + text.replace("\n", "\n    "))
    print(f"    {case}")
    print(f"    again: {shlex.join(command)}", flush=True)


def run_group(group, options, root):
    """Runs the cases of a group; returns how many ran and how many failed."""
    count = failures = 0
    for case in groups.get_cases(group, options.backend, options.seed):
        if options.dtype not in (None, case.dtype):
            continue
        if options.case and case.name != options.case:
            continue
        if options.list:
            print(case)
            continue
        directory = root / group / case.name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        count += 1
        try:
            comparisons = run_case(case, options, directory)
            text = "\n".join(
                f"{name}: {comparison.message}"
                for name, comparison in comparisons
                if comparison.message
            )
            if options.verbose:
                for name, comparison in comparisons:
                    print(
                        f"{group:10} {case.name:60} {name:6} "
                        f"rel_frobenius {comparison.rel_frobenius:9.2e}, of the "
                        f"bound: max {comparison.max_ratio:5.3f}, frobenius "
                        f"{comparison.frobenius_ratio:5.3f}",
                        flush=True,
                    )
        except CaseFailure as failure:
            text = str(failure)
        except subprocess.TimeoutExpired:
            text = f"attn-run did not end within {TIMEOUT_SECONDS} s"
        if text:
            failures += 1
            report_failure(case, options, group, text)
        if not options.keep:
            shutil.rmtree(directory)
    return count, failures


def main():
    options = parse_arguments()
    selected = options.group or sorted(groups.GROUPS)
    count = failures = 0
    with tempfile.TemporaryDirectory(prefix="attn-sweep-") as temporary:
        root = pathlib.Path(options.keep or temporary)
        for group in selected:
            ran, failed = run_group(group, options, root)
            count, failures = count + ran, failures + failed
    if options.list:
        return 0
    print(f"{options.backend} {' '.join(selected)}: {count} cases, "
          f"{failures} failures")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
