#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the sweep's problems for CPUs that this machine need not be.

The directory, which may have others of them, runs on another machine, which has
Python and numpy:

    make.py --attn-compile build/bin/attn-compile --output DIR --group ragged \\
        --target x86-64-v4 --target sapphirerapids:bf16 --target cooperlake:bf16:dot=bf16
    DIR/run.py
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import sys

import groups
import pack
import sweep
from emit import emit_module

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument(
        "--target", action="append", required=True, metavar="CPU[:DTYPE[:OPTIONS]]",
        help="CPU to compile for, the dtype of the problems (all, without), and what "
        "--kernel-options of attn-compile gets",
    )
    parser.add_argument("--output", required=True, help="directory to make")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0, help="seed of the inputs")
    parser.add_argument(
        "--no-lse", action="store_true",
        help="the cases without a log-sum-exp, which may have a kernel of their own",
    )
    parser.add_argument("--case", help="regular expression of case names")
    parser.add_argument(
        "--group", choices=sorted(groups.GROUPS), action="append",
        help="cases to compile (all groups by default)",
    )
    return parser.parse_args()


def select(cases, options):
    for case in cases:
        if options.case and not re.search(options.case, case.name):
            continue
        if options.no_lse:
            if not case.lse:
                continue
            case = dataclasses.replace(case, name=f"{case.name}-no-lse", lse=False)
        yield case


def main():
    options = parse_arguments()
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    targets = [(target.split(":", 2) + ["", ""])[:3] for target in options.target]

    def make(case):
        """The library, or the error, of every target that takes the case."""
        text = emit_module(case)
        made = {}
        for number, (cpu, dtype, kernel_options) in enumerate(targets):
            if dtype in ("", case.dtype):
                made[number] = pack.compile_module(
                    options.attn_compile, text,
                    ["--backend=flash", f"--cpu={cpu}", f"--kernel-options={kernel_options}"],
                    directory,
                )
        return made

    manifest = {"entries": [], "dots": {}}
    if (directory / "manifest.json").exists():
        manifest = json.loads((directory / "manifest.json").read_text())
    entries = {(entry["group"], entry["case"]["name"]): entry for entry in manifest["entries"]}
    count = failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [
            (group, case, pool.submit(make, case))
            for group in options.group or sorted(groups.GROUPS)
            for case in select(groups.get_cases(group, "flash", options.seed), options)
        ]
        for group, case, job in jobs:
            libraries = {}
            for number, (library, error) in job.result().items():
                if error:
                    failures += 1
                    print(f"FAIL to compile {options.target[number]} {group} {case.name}\n"
                          f"    {error[:600]}\n    {case}", flush=True)
                else:
                    libraries[options.target[number]] = library
            count += len(libraries)
            entry = {"group": group, "case": dataclasses.asdict(case), "libraries": {}}
            if libraries:
                entry = entries.setdefault((group, case.name), entry)
                entry["libraries"].update(libraries)
    for name, (cpu, _, kernel_options) in zip(options.target, targets):
        manifest["dots"][name] = sweep.get_dot(cpu, kernel_options)
    manifest["entries"] = list(entries.values())
    pack.write(directory, manifest, [HERE / "run.py"])
    print(f"{count} compiled, {failures} failed to compile")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
