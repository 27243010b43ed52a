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
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cases

HERE = pathlib.Path(__file__).resolve().parent
UNSUPPORTED = re.compile(r"the flash backend of CUDA cannot take this op: (.*)")

import emit  # beside cases.py's


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


def compile_module(text, kernel_options, options, directory):
    """Compiles a module; returns the name of its library, or the error."""
    name = hashlib.sha256((text + kernel_options).encode()).hexdigest()[:16]
    library = directory / f"{name}.so"
    if library.exists():
        return library.name, None
    # Under a name of its own: another job may be at the same module.
    with tempfile.TemporaryDirectory(dir=directory) as work:
        module = pathlib.Path(work) / "main.mlir"
        module.write_text(text)
        process = subprocess.run(
            [
                options.attn_compile, str(module), "-o", f"{work}/main.so", "--no-raise",
                "--target", "cuda", "--gpu-arch", options.gpu_arch,
                f"--kernel-options={kernel_options}",
            ],
            capture_output=True, text=True,
        )
        if process.returncode == 0:
            os.replace(f"{work}/main.so", library)
    return library.name, None if process.returncode == 0 else process.stderr.strip()


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
        return group, case, f32, *compile_module(text, kernel_options, options, directory)

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
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for module in ["case", "inputs", "reference", "regions", "emit", "sequences"]:
        shutil.copy(HERE.parent / "CPU" / f"{module}.py", directory)
    shutil.copy(HERE / "run.py", directory)
    for group, case, error in failures:
        print(f"FAIL to compile {group} {case.name}\n    {error[:600]}\n    {case}")
    for reason, count in unsupported.most_common():
        print(f"{count:4} unsupported: {reason}")
    print(f"{len(manifest)} compiled, {sum(unsupported.values())} unsupported, "
          f"{len(failures)} failed to compile")
    return 1 if failures or not manifest else 0


if __name__ == "__main__":
    sys.exit(main())
