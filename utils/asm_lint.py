#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the assembly of attention kernels for CPUs and complains where it is slow.

The main loops are the innermost ones with many products of vectors, without
exponentials and without selects (which values that are NaN or infinite need): the
register tiles of both products of attention. In them

- no vector is stored, and none is loaded from a fixed place on the stack: sums stay
  in registers;
- nothing is computed on scalars, and nothing is called;
- products are by the instruction that is asked for, on registers as wide.

  attn-compile FILE.mlir --emit asm --cpu znver4 -o - | asm_lint.py --product vdpbf16ps --register zmm
"""

import argparse
import collections
import re
import sys

PRODUCTS = re.compile(r"vfmadd\d+ps|vdpbf16ps|tdpbf16ps|fmla")
SCALARS = re.compile(r"v?(fn?madd\d+|mul|add|sub|div)s[sd]$|fn?m(add|sub)$|fmul$|fadd$")
OTHER_LOOPS = re.compile(r"vscalefps|vreduceps|v?pslld|shl$|vblendv|bif$|bit$|bsl$")
CALLS = re.compile(r"callq?$|blr?$")
Instruction = collections.namedtuple("Instruction", "line name operands")


def read_instructions(lines):
    """All instructions, and the places of labels."""
    instructions, labels = [], {}
    for number, line in enumerate(lines, 1):
        line = re.sub(r"(?<!\S)(#|//).*", "", line).strip()
        if match := re.match(r"([.\w$]+):", line):
            labels[match[1]] = len(instructions)
        elif line and not line.startswith("."):
            name, _, operands = line.partition("\t")
            instructions.append(Instruction(number, name.strip(), operands.strip()))
    return instructions, labels


def find_innermost_loops(instructions, labels):
    loops = []
    for end, instruction in enumerate(instructions):
        target = instruction.operands.split(",")[-1].strip()
        is_branch = re.match(r"j|b$|b\.|cbn?z|tbn?z", instruction.name)
        if is_branch and labels.get(target, end + 1) <= end:
            loops.append((labels[target], end + 1))
    return [
        instructions[begin:end]
        for begin, end in sorted(set(loops))
        if not any((b, e) != (begin, end) and begin <= b and e <= end for b, e in loops)
    ]


def is_main(loop, options):
    products = sum(bool(PRODUCTS.match(i.name)) for i in loop)
    return products >= options.min_products and not any(OTHER_LOOPS.match(i.name) for i in loop)


def find_problems(loop, options):
    for name, operands, line in ((i.name, i.operands, i.line) for i in loop):
        text = f"line {line}: {name} {operands}"
        is_vector = re.search(r"%[xyz]mm|\b[qv]\d", operands)
        if name in ("tilestored", "tileloadd") and "(%rsp" in operands:
            yield f"{text}: a tile is spilled in a main loop"
        is_store = (name.startswith("vmov") and operands.endswith(")")) or re.match(r"st[pr1]", name)
        is_load = name.startswith("vmov") or re.match(r"ld[pr]", name)
        if is_store and is_vector:
            yield f"{text}: a vector is stored in a main loop"
        elif is_load and is_vector and re.match(r"-?\d*\(%rsp\)|.*\[sp(, #\d+)?\]$", operands):
            yield f"{text}: a vector comes from the stack in a main loop"
        elif SCALARS.match(name) and not re.search(r"\bv\d", operands):
            yield f"{text}: scalar arithmetic in a main loop"
        elif CALLS.match(name):
            yield f"{text}: a call in a main loop"
        elif PRODUCTS.match(name):
            if not re.match(options.product, name):
                yield f"{text}: expected products by {options.product}"
            elif not re.search(options.register, operands):
                yield f"{text}: expected products on {options.register}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="assembly (default: stdin)")
    parser.add_argument("--product", required=True, help="instruction of the products (a regular expression)")
    parser.add_argument("--register", required=True, help="what a register of the products is called")
    parser.add_argument("--loops", type=int, default=2, help="main loops that there must be at least")
    parser.add_argument("--min-products", type=int, default=8,
                        help="in a loop with fewer, other things than products take the time")
    options = parser.parse_args()
    lines = (open(options.file) if options.file else sys.stdin).read().splitlines()
    loops = find_innermost_loops(*read_instructions(lines))
    main_loops = [loop for loop in loops if is_main(loop, options)]
    problems = [problem for loop in main_loops for problem in find_problems(loop, options)]
    if len(main_loops) < options.loops:
        problems.append(f"{len(main_loops)} main loops, expected {options.loops} at least")
    for problem in problems:
        print(f"asm_lint: {problem}")
    for loop in main_loops:
        products = sum(bool(PRODUCTS.match(i.name)) for i in loop)
        print(f"main loop at line {loop[0].line}: {products} products in {len(loop)} instructions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
