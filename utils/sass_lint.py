#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the machine code of attention kernels and complains where it is slow.

Needs no GPU, but nvdisasm (./dev cuda gets it). Of every kernel in a cubin:

- no local memory is touched in a loop with products, nor registers spilled;
- in the main loop, exponentials are between the issue of the second product and
  its wait, so that they run while the tensor cores do;
- the main loop has no more instructions than the budget says, and each kernel of the
  budget is in a cubin.

The main loop is the shortest of the innermost ones with both products of attention
(the first of two tiles in shared memory, the second of probabilities in registers)
and a wait that leaves one of them in flight.

Kernels beside those of attention, which merge splits or look at documents, have no
products; of them the first holds.

Kernels for every GPU since sm_80 have products of warps, of which none is in flight:
their main loop is the shortest of those with the most products.

  sass_lint.py KERNEL.cubin --budget test/SASS/budget.json
  sass_lint.py KERNEL.cubin --budget test/SASS/budget.json --update
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

# How much longer than its budget a main loop may be: another ptxas shifts some.
SLACK = 1.03
# How many of the exponentials must be under the second product.
OVERLAP = 0.9
# How the names of kernels beside those of attention end.
WITHOUT_PRODUCTS = ("_merge", "_documents")
# What the budget counts beside the length.
COUNTED = ("HGMMA", "HMMA", "LDSM", "LDS", "LDGSTS", "MUFU", "FMNMX", "FFMA", "FMUL", "FADD", "F2FP", "MOV", "R2UR", "BAR")


def find_nvdisasm(path):
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    for place in [path, "/usr/local/cuda", os.path.join(cache, "attn-mlir", "cuda")]:
        for candidate in (place, place and os.path.join(place, "bin", "nvdisasm")):
            if candidate and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
    return shutil.which("nvdisasm")


class Instruction:
    def __init__(self, text):
        self.text = text
        # "@!P1 BRA ..." and "@UP0 ...": the guard is no part of the operation.
        unguarded = re.sub(r"^@!?U?P\w+\s+", "", text)
        self.op, _, self.operands = unguarded.partition(" ")
        self.name = self.op.split(".")[0]

    @property
    def is_product(self):
        return self.name in ("HGMMA", "HMMA")

    @property
    def is_of_warp(self):
        return self.name == "HMMA"

    @property
    def is_of_values(self):
        """Of a product of a warpgroup: whether it is the second, of transposed values."""
        return ".tnspB" in self.operands

    @property
    def is_exponential(self):
        return self.op.startswith("MUFU.EX2")

    @property
    def is_local(self):
        return self.name in ("LDL", "STL")

    @property
    def wait(self):
        """Of a wait for products: how many groups it leaves in flight."""
        match = re.match(r"WARPGROUP\.DEPBAR\S*\s+gsb0,\s*0x(\w+)", self.text)
        return int(match[1], 16) if match else None


def disassemble(nvdisasm, cubin):
    """A dict from kernels to their instructions and loops."""
    process = subprocess.run([nvdisasm, "-c", cubin], capture_output=True, text=True)
    if process.returncode:
        sys.exit(f"error: {nvdisasm}: {process.stderr.strip()}")
    kernels, labels = {}, {}
    instructions = None
    for line in process.stdout.splitlines():
        if match := re.match(r"\s*\.section\s+\.text\.([\w.$]+)", line):
            instructions = kernels.setdefault(match[1], [])
        elif match := re.match(r"(\.L_x_\d+):", line.strip()):
            labels[match[1]] = (instructions, len(instructions or []))
        elif instructions is not None and (
            match := re.match(r"\s*/\*[0-9a-f]+\*/\s+(.*?)\s*;", line)
        ):
            instructions.append(Instruction(match[1]))
    return kernels, labels


def find_loops(instructions, labels):
    """Innermost loops with both products, as (first, last)."""
    loops = []
    for last, instruction in enumerate(instructions):
        match = instruction.name == "BRA" and re.search(r"`\((\.L_x_\d+)\)", instruction.text)
        if not match or match[1] not in labels:
            continue
        section, first = labels[match[1]]
        if section is instructions and first <= last:
            loops.append((first, last))
    accepted = []
    for first, last in sorted(loops, key=lambda loop: loop[1] - loop[0]):
        body = instructions[first : last + 1]
        products = [i for i in body if i.is_product]
        kinds = {i.is_of_values for i in products}
        if not products or not any(i.is_exponential for i in body):
            continue
        # The operands of a warp's products, all in registers, do not tell.
        if len(kinds) < 2 and not products[0].is_of_warp:
            continue
        # Slow paths behind the end of the kernel jump back too.
        if all(last < a or first > b for a, b in accepted):
            accepted.append((first, last))
    return sorted(accepted)


def count_products(body):
    return sum(i.is_product for i in body)


def count_overlapped(body):
    """Exponentials after the issue of the second product and before its wait."""
    overlapped, in_flight = 0, False
    for instruction in body:
        if instruction.is_product and instruction.is_of_values:
            in_flight = True
        elif instruction.wait == 0:
            in_flight = False
        elif instruction.is_exponential and in_flight:
            overlapped += 1
    return overlapped


def measure(body):
    """The figures of a loop."""
    counts = collections.Counter(i.name for i in body)
    figures = {"instructions": len(body)}
    figures.update((name, counts[name]) for name in COUNTED if counts[name])
    return figures


def lint(name, instructions, labels, budget):
    """Complaints about a kernel, and its figures."""
    loops = find_loops(instructions, labels)
    if name.endswith(WITHOUT_PRODUCTS):
        spilled = sum(i.is_local for i in instructions)
        return [f"{spilled} accesses to local memory"] if spilled else [], None
    if not loops:
        return ["no loop with both products"], None
    complaints = []
    for first, last in loops:
        body = instructions[first : last + 1]
        local = sum(i.is_local for i in body)
        if local:
            complaints.append(f"{local} accesses to local memory in a loop of {len(body)}")
    spilled = sum(i.is_local for i in instructions)
    if spilled and not complaints:
        complaints.append(f"{spilled} accesses to local memory")
    bodies = [instructions[first : last + 1] for first, last in loops]
    if any(i.is_of_warp for i in bodies[0]):
        # Tiles that need care are computed by one consumer after the other.
        most = max(map(count_products, bodies))
        candidates = [body for body in bodies if count_products(body) == most]
    else:
        candidates = [body for body in bodies if any(i.wait == 1 for i in body)]
        if not candidates:
            return complaints + ["no loop leaves a product in flight"], None
        for body in candidates:
            exponentials = sum(i.is_exponential for i in body)
            overlapped = count_overlapped(body)
            if overlapped < OVERLAP * exponentials:
                complaints.append(
                    f"{overlapped} of {exponentials} exponentials run under the second "
                    f"product in a loop of {len(body)}"
                )
    # Blocks of keys without masks are the shortest loop.
    figures = measure(min(candidates, key=len))
    if budget is not None:
        allowed = budget.get(name)
        if allowed is None:
            complaints.append("the budget does not know it (another schedule?): run with --update")
        elif figures["instructions"] > SLACK * allowed["instructions"]:
            differences = ", ".join(
                f"{key} {figures.get(key, 0)} (budget {allowed.get(key, 0)})"
                for key in ("instructions", *COUNTED)
                if figures.get(key, 0) != allowed.get(key, 0)
            )
            complaints.append(f"the main loop is over its budget: {differences}")
    return complaints, figures


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cubin", nargs="+")
    parser.add_argument("--nvdisasm", help="nvdisasm, or a toolkit with it")
    parser.add_argument("--budget", help="JSON file with the figures of main loops")
    parser.add_argument("--update", action="store_true", help="write the figures to it")
    options = parser.parse_args()
    nvdisasm = find_nvdisasm(options.nvdisasm)
    if not nvdisasm:
        sys.exit("error: no nvdisasm: neither in /usr/local/cuda nor on the PATH; "
                 "./dev cuda gets it")
    path = pathlib.Path(options.budget) if options.budget else None
    budget = json.loads(path.read_text()) if path and path.exists() else ({} if path else None)
    measured = {}
    failures = count = 0
    for cubin in options.cubin:
        kernels, labels = disassemble(nvdisasm, cubin)
        for name, instructions in kernels.items():
            count += 1
            expected = None if options.update else budget
            complaints, figures = lint(name, instructions, labels, expected)
            for complaint in complaints:
                failures += 1
                print(f"{cubin}: {name}: {complaint}")
            if figures:
                listed = " ".join(f"{key} {value}" for key, value in figures.items())
                print(f"{name}: main loop: {listed}")
                measured[name] = figures
    if options.update and path:
        path.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")
    elif budget:
        for name in sorted(set(budget) - set(measured)):
            failures += 1
            print(f"{name}: the budget has it, but no cubin does")
    print(f"{count} kernels, {failures} complaints")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
