#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs what make.py compiled and compares it with numpy.

Every case runs twice, on one thread and on three: all tensors end at a page that
faults, and then begin behind one; outputs are filled with NaN before, inputs must
stay as they are, and both runs must give the same bits.

    run.py [--group GROUP] [--case REGEX] [--target TARGET] [--jobs N]
"""

import argparse
import collections
import ctypes
import functools
import json
import mmap
import os
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Processes run beside one another: threads of their own would be in the way.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

import case as case_module
import emit
import inputs
import reference
import workers

TIMEOUT_SECONDS = 120
NONE, ALL = 0, mmap.PROT_READ | mmap.PROT_WRITE


class Guarded:
    """An array between two pages that fault, next to one of them."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, array, dtype, ends):
        size = -(-array.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self.memory = mmap.mmap(-1, size + 2 * mmap.PAGESIZE)
        begin = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for guard in (begin, begin + mmap.PAGESIZE + size):
            if self.libc.mprotect(ctypes.c_void_p(guard), mmap.PAGESIZE, NONE):
                raise OSError(ctypes.get_errno(), "a page cannot be protected")
        offset = mmap.PAGESIZE + (size - array.nbytes if ends else 0)
        self.array = np.ndarray(array.shape, array.dtype, self.memory, offset)
        self.array[...] = array
        self.shape = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
        self.tensor = inputs.Tensor(begin + offset, self.shape, array.ndim,
                             inputs.C_DTYPES[dtype], None)


def load(path):
    library = ctypes.CDLL(str(path))
    library.attn_main_error.restype = ctypes.c_char_p
    return library


def run_once(library, arguments, outs, ends, threads):
    """The results, or what is wrong."""
    given = [Guarded(array, dtype, ends) for _, array, dtype in arguments]
    results = [
        Guarded(inputs.encode(np.full(wanted.shape, np.nan), dtype), dtype, ends)
        for _, dtype, wanted, _ in outs
    ]
    library.attn_main_set_num_threads(threads)
    status = library.attn_main(
        (inputs.Tensor * max(len(given), 1))(*[g.tensor for g in given]), len(given),
        (inputs.Tensor * len(results))(*[r.tensor for r in results]), len(results),
    )
    if status:
        return None, f"status {status}: {library.attn_main_error().decode()}"
    for (name, array, _), now in zip(arguments, given):
        # An operand of outs() is written if it is an argument.
        if name not in case_module.OUTS and array.tobytes() != now.array.tobytes():
            return None, f"{name} was written"
    return [result.array.copy() for result in results], None


def run_library(case, library, arguments, expected):
    outs = reference.get_outs(case, expected)
    first, problem = run_once(library, arguments, outs, ends=True, threads=1)
    if problem:
        return problem
    problems = []
    for (name, dtype, wanted, bound), bits in zip(outs, first):
        actual = inputs.decode(bits, dtype)
        if name == "max_scores":
            actual = expected.settle(actual)
        message = reference.compare(
            actual, wanted.astype(np.float64), bound.astype(np.float64), dtype
        ).message
        if message:
            problems.append(f"{name}: {message}")
    second, problem = run_once(library, arguments, outs, ends=False, threads=3)
    if problem:
        problems.append(problem)
    elif any(a.tobytes() != b.tobytes() for a, b in zip(first, second)):
        problems.append("one thread and three gave different bits")
    return "\n".join(problems)


def make_runner(dots):
    def run(entry, step):
        """Its libraries from one on; see workers.serve."""
        case = case_module.from_dict(entry["case"])
        arrays = inputs.make_inputs(case)
        types = case.get_types()
        arguments = [
            (name, inputs.encode(
                np.full([size for size, _ in types[name]], np.nan)
                if name in case_module.OUTS else arrays[name], dtype), dtype)
            for name, dtype, _ in emit.get_arguments(case)
        ]
        expected = {}
        for target, name in list(entry["libraries"].items())[step:]:
            dot = dots[target]
            if dot not in expected:
                expected[dot] = reference.compute(case, arrays, dot=dot)
            yield run_library(case, load(HERE / name), arguments, expected[dot]), False

    return run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--group", help="run this group only")
    parser.add_argument("--case", help="regular expression of case names")
    parser.add_argument("--target", help="run this target only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--limit", type=float, default=1e9, help="seconds; the rest is skipped")
    options = parser.parse_args()
    manifest = json.loads((HERE / "manifest.json").read_text())
    entries = []
    for entry in manifest["entries"]:
        if options.target:
            entry["libraries"] = {
                target: library for target, library in entry["libraries"].items()
                if target == options.target
            }
        if (
            entry["libraries"]
            and (not options.group or entry["group"] == options.group)
            and (not options.case or re.search(options.case, entry["case"]["name"]))
        ):
            entries.append(entry)
    begin = time.monotonic()
    passed, failed = collections.Counter(), collections.Counter()

    def report(index, step, problem):
        entry = entries[index]
        target = list(entry["libraries"])[step]
        key = target, entry["group"]
        passed[key] += not problem
        failed[key] += bool(problem)
        if problem:
            print(f"FAIL {target} {entry['group']} {entry['case']['name']}\n    "
                  + problem.replace("\n", "\n    "), flush=True)

    workers.run_all(
        functools.partial(make_runner, manifest["dots"]), entries,
        lambda entry: len(entry["libraries"]), options.jobs, report,
        timeout=TIMEOUT_SECONDS, limit=options.limit,
    )
    for target in sorted({target for target, _ in passed}):
        of_groups = [
            f"{group} {passed[key]}" + (f" ({failed[key]} failed)" if failed[key] else "")
            for key in sorted(passed) for group in key[1:] if key[0] == target
        ]
        print(f"{target}: {', '.join(of_groups)}")
    num_passed, num_failed = sum(passed.values()), sum(failed.values())
    skipped = sum(len(entry["libraries"]) for entry in entries) - num_passed - num_failed
    print(f"{num_passed} passed, {num_failed} failed"
          + (f", {skipped} not run" if skipped else "")
          + f" in {time.monotonic() - begin:.0f} s")
    return 1 if num_failed or skipped or not num_passed else 0


if __name__ == "__main__":
    sys.exit(main())
