# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs attn-opt on random `attn.sdpa`, and says what no input may cause: a crash, a
failure without a diagnostic at a location of the input, a valid op that does not verify
or is refused for no reason of the lowering's own.

    fuzz.py [--seed N] [--cases N] [--messages] [--pipelines REGEX] attn-opt

Every case goes through one pipeline. --messages lists the diagnostics, with an example
of each, to be read by a person.
"""

import argparse
import collections
import random
import re
import subprocess
import sys

import sdpa_cases

CPUS = ["x86-64", "x86-64-v3", "x86-64-v4", "znver5", "sapphirerapids"]
CHIPS = ["sm_80", "sm_89", "sm_90a"]
ON_TENSORS = {
    "verify": ["--verify-roundtrip", "--canonicalize", "--cse"],
    "linalg": ["--pass-pipeline=builtin.module(func.func(convert-attn-to-linalg{all},canonicalize))"],
    "f64": ["--pass-pipeline=builtin.module(attn-promote-to-f64,func.func(attn-check-shapes,canonicalize))"],
    "math": ["--attn-lower-to-llvm-pipeline=backend=math cpu=x86-64-v3"],
    **{f"cpu-{cpu}": [f"--attn-lower-to-llvm-pipeline=cpu={cpu}"] for cpu in CPUS},
    "cpu-serial": ["--attn-raise-pipeline", "--attn-lower-to-llvm-pipeline=parallel=false trace cpu=x86-64-v3"],
    **{
        f"cuda-{chip}": [
            "--attn-raise-pipeline",
            "--attn-bufferize-for-cuda-pipeline",
            f"--attn-lower-to-nvvm-pipeline=chip={chip}",
            "--attn-lower-cuda-host-pipeline",
        ]
        for chip in CHIPS
    },
    "cuda-tf32": ["--attn-lower-to-nvvm-pipeline=f32=tf32"],
}
ON_MEMREFS = {
    "memref-verify": ["--verify-roundtrip", "--canonicalize", "--cse"],
    "memref-cpu": ["--pass-pipeline=builtin.module(func.func(attn-select-backend,attn-select-schedule),convert-attn-to-cpu,canonicalize)"],
    "memref-amx": ["--pass-pipeline=builtin.module(func.func(attn-select-backend,attn-select-schedule{amx avx512 vector-bits=512 vector-registers=32}),convert-attn-to-cpu)"],
    "memref-llvm": ["--attn-lower-to-llvm-pipeline=cpu=x86-64-v4"],
    **{f"memref-{chip}": [f"--convert-attn-to-attn-gpu=chip={chip}", "--canonicalize"] for chip in CHIPS},
    "memref-cuda": ["--attn-lower-to-nvvm-pipeline", "--attn-lower-cuda-host-pipeline"],
}
SEPARATOR = "// -----\n"
DIAGNOSTIC = re.compile(r"^(.*?): (error): (.*)$", re.M)
# Why a lowering may refuse a valid op.
REFUSAL = re.compile(
    "the flash backend of|is not available on|the math backend takes tensors|a schedule with|the schedule needs|strided layout|"
    "computes in f32"
)
LOCATED = re.compile(r"<stdin>:(\d+):\d+$|within split at <stdin>:(\d+) offset :(\d+):\d+$")


def run(tool, arguments, text):
    return subprocess.run(
        [tool, "-", "--split-input-file", "--allow-unregistered-dialect=false", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
    )


def generalize(message):
    """A diagnostic without what differs from case to case."""
    message = re.sub(r"\((?:f32|index|, )+\)", "(TYPES)", message)
    message = re.sub(r"(tensor|memref|vector)<[^']*>", r"\1<...>", message)
    message = re.sub(r"\[[^]]*\]", "[...]", message)
    message = re.sub(r"\b(f16|bf16|f32|f64|i1|i8|i32|i64|f80|f8E4M3FN)\b", "TYPE", message)
    return re.sub(r"-?\d+(\.\d+e[+-]\d+)?", "N", message)


class Fuzzer:
    def __init__(self, tool):
        self.tool = tool
        self.messages = collections.defaultdict(list)
        self.findings = 0
        self.passed = collections.Counter()

    def report(self, what, arguments, text, details):
        self.findings += 1
        command = " ".join(f"'{argument}'" for argument in arguments)
        print(f"FOUND {what}: attn-opt - {command}\n{text}\n{details.strip()[-3000:]}\n", flush=True)

    def check_alone(self, name, arguments, text, valid):
        """One case in a process of its own."""
        try:
            result = run(self.tool, arguments, text)
        except subprocess.TimeoutExpired:
            self.report("timeout", arguments, text, "")
            return
        errors = DIAGNOSTIC.findall(result.stderr)
        if result.returncode < 0 or result.returncode > 1 or "Sanitizer" in result.stderr:
            self.report(f"crash ({result.returncode})", arguments, text, result.stderr)
        elif result.returncode == 0 and errors:
            self.report("success with an error", arguments, text, result.stderr)
        elif result.returncode != 0 and not errors:
            self.report("failure without a diagnostic", arguments, text, result.stderr)
        elif result.returncode != 0 and not LOCATED.search(errors[0][0]):
            self.report("diagnostic without a location", arguments, text, result.stderr)
        elif valid and result.returncode and ("verify" in name or not REFUSAL.search(errors[0][2])):
            self.report("valid op refused", arguments, text, result.stderr)
        else:
            self.passed[name, result.returncode == 0] += 1
        for location, _, message in errors:
            self.messages[generalize(message)].append((name, message, text))

    def check(self, name, arguments, cases):
        """Many cases in one process; alone where it crashes or something fails."""
        try:
            result = run(self.tool, arguments, SEPARATOR.join(text for text, _ in cases))
            crashed = result.returncode < 0 or result.returncode > 1 or "Sanitizer" in result.stderr
        except subprocess.TimeoutExpired:
            crashed = True
        for text, valid in cases:
            function = re.search(r"@(\w+)", text).group(0)
            if not crashed and re.search(rf"func\.func {function}\(|llvm\.func {function}\(", result.stdout):
                self.passed[name, True] += 1
            else:
                self.check_alone(name, arguments, text, valid)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--messages", action="store_true")
    parser.add_argument("--show", metavar="REGEX", help="print the cases with such a diagnostic")
    parser.add_argument("--pipelines", default="")
    options = parser.parse_args()
    pipelines = [(name, ON_TENSORS[name], False) for name in ON_TENSORS]
    pipelines += [(name, ON_MEMREFS[name], True) for name in ON_MEMREFS]
    pipelines = [pipeline for pipeline in pipelines if re.search(options.pipelines, pipeline[0])]
    fuzzer = Fuzzer(options.tool)
    for batch in range(-(-options.cases // options.batch)):
        name, arguments, on_memrefs = pipelines[batch % len(pipelines)]
        rng = random.Random(options.seed * 1000003 + batch)
        cases = [sdpa_cases.generate(rng, f"f{i}", on_memrefs, "cuda" in name or "sm_" in name) for i in range(options.batch)]
        fuzzer.check(name, arguments, cases)
    if options.messages:
        for message, examples in sorted(fuzzer.messages.items(), key=lambda item: -len(item[1])):
            print(f"{len(examples):5} {message}\n      {examples[0][0]}: {examples[0][1]}")
    for examples in fuzzer.messages.values() if options.show else []:
        for name, message, text in examples:
            if re.search(options.show, message):
                print(f"{name}: {message}\n{text}")
    for name, _, _ in pipelines:
        print(f"{name}: {fuzzer.passed[name, True]} lowered, {fuzzer.passed[name, False]} refused")
    print(f"{fuzzer.findings} findings")
    sys.exit(1 if fuzzer.findings else 0)


if __name__ == "__main__":
    main()
