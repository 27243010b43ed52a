# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Covering arrays of choices, and their names in the names of cases."""

import itertools
import random


def cover_pairs(factors, seed):
    """Rows (dicts) in which every pair of levels of two factors occurs. Greedy;
    the same rows for the same seed."""
    rng = random.Random(seed)
    names = sorted(factors)
    missing = {
        ((a, x), (b, y))
        for a, b in itertools.combinations(names, 2)
        for x in range(len(factors[a]))
        for y in range(len(factors[b]))
    }
    rows = []
    while missing:
        (a, x), (b, y) = rng.choice(sorted(missing))
        best, best_gain = None, -1
        for _ in range(60):
            row = {name: rng.randrange(len(factors[name])) for name in names}
            row[a], row[b] = x, y
            items = [(name, row[name]) for name in names]
            gain = sum(pair in missing for pair in itertools.combinations(items, 2))
            if gain > best_gain:
                best, best_gain = items, gain
        missing.difference_update(itertools.combinations(best, 2))
        rows.append({name: factors[name][level] for name, level in best})
    return rows


def describe(structure):
    names = []
    for kind, *parameters in structure:
        words = [str(parameter) for parameter in parameters]
        words = [{"top_left": "tl", "bottom_right": "br"}.get(w, w) for w in words]
        names.append(kind + "".join("_" + w.replace("-1", "all") for w in words))
    return "+".join(names) or "full"


DYNAMIC = {"static": "", "lengths": "ij", "batch": "b", "dynamic": "bhij"}
