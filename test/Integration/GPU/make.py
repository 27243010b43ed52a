#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles attention problems for a GPU into a directory that run.py takes.

Neither a GPU nor a driver is needed here, and nothing but the directory and a
Python with numpy where it runs:

    make.py --attn-compile build/bin/attn-compile --output DIR --group prefill
    DIR/run.py

What a kernel cannot take yet is counted as unsupported, with the reason.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import sys

import cases

HERE = pathlib.Path(__file__).resolve().parent
UNSUPPORTED = re.compile(r"the flash backend of CUDA cannot take this op: (.*)")

# Beside cases.py's.
import emit
import pack


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--gpu-arch", default="sm_90a", help="GPU to compile for")
    parser.add_argument("--kernel-options", default="", help="passed to the tool")
    parser.add_argument("--output", required=True, help="directory to make")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0, help="seed of the inputs")
    parser.add_argument("--case", help="regular expression of case names")
    parser.add_argument(
        "--group", choices=cases.get_group_names(), action="append",
        help="cases to compile (all groups by default)",
    )
    return parser.parse_args()


def main():
    options = parse_arguments()
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    manifest, unsupported, failures = [], collections.Counter(), []

    def make(group, case):
        kernel_options = f"{cases.KERNEL_OPTIONS.get(group, '')} {options.kernel_options}".strip()
        # The last one counts.
        products = re.findall(r"\bf32=(\w+)", kernel_options)
        f32 = "tf32" if products and products[-1] == "tf32" else "bf16x3"
        text = emit.emit_module(case)
        return group, case, f32, *pack.compile_module(
            options.attn_compile, text,
            ["--target=cuda", f"--gpu-arch={options.gpu_arch}",
             f"--kernel-options={kernel_options}"],
            directory,
        )

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [
            pool.submit(make, group, dataclasses.replace(case, seed=options.seed))
            for group in options.group or cases.get_group_names()
            for case in cases.get_cases(group)
            if not options.case or re.search(options.case, case.name)
        ]
        for job in jobs:
            group, case, f32, library, error = job.result()
            if not error:
                manifest.append(
                    {"group": group, "library": library, "f32": f32,
                     "case": dataclasses.asdict(case)}
                )
            elif match := UNSUPPORTED.search(error):
                unsupported[re.sub(r"\d+", "N", match[1])] += 1
            else:
                failures.append((group, case, error))
    pack.write(directory, manifest, [HERE / "run.py"])
    for group, case, error in failures:
        print(f"FAIL to compile {group} {case.name}\n    {error[:600]}\n    {case}")
    for reason, count in unsupported.most_common():
        print(f"{count:4} unsupported: {reason}")
    print(f"{len(manifest)} compiled, {sum(unsupported.values())} unsupported, "
          f"{len(failures)} failed to compile")
    return 1 if failures or not manifest else 0


if __name__ == "__main__":
    sys.exit(main())
