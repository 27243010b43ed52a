# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Score and keep regions: each as MLIR and as numpy.

A region has `captures`, a function from a case to a dict of
name -> (element type, shape as (size, letter) pairs), with an empty shape for a
scalar argument; `body`, its MLIR, where {b} {n} {h} {i} {j} are indices ({n} of a
sequence in a ragged batch), {s} is the logit and {t} its type; and `apply`.
"""

import dataclasses
from typing import Callable

import numpy as np


def no_captures(case):
    return {}


@dataclasses.dataclass(frozen=True)
class Score:
    """`apply(s, index, captured)` returns the new logits, a Lipschitz constant
    and the magnitude of what is rounded on the way."""

    body: str
    apply: Callable
    captures: Callable = no_captures


@dataclasses.dataclass(frozen=True)
class Keep:
    """`apply(index, captured)` returns the predicate."""

    body: str
    apply: Callable
    captures: Callable = no_captures


def apply_alibi(s, index, captured):
    term = captured["slopes"][index["h"]] * (index["j"] - index["i"])
    return s + term, 1.0, 2 * np.abs(term) + np.abs(s)


def apply_matrix(s, index, captured):
    term = captured["matrix"][index["i"], index["j"]]
    return s + term, 1.0, np.abs(term) + np.abs(s)


def apply_relative(s, index, captured):
    table = captured["table"]
    position = np.clip(index["j"] - index["i"] + 8, 0, len(table) - 1)
    term = table[position]
    return s + term, 1.0, np.abs(term) + np.abs(s)


def apply_leaky(s, index, captured):
    new = np.where(s > 0, s, s * 0.125)
    return new, 1.0, np.abs(s)


def apply_affine(s, index, captured):
    factor = captured["factor"]
    new = s * factor - 0.75
    return new, abs(float(factor)), np.abs(s * factor) + 0.75


def apply_cap(s, index, captured):
    return 3 * np.tanh(s / 3), 1.0, 24 + np.abs(s)


def apply_causal(s, index, captured):
    return np.where(index["j"] <= index["i"], s, -np.inf), 1.0, 0.0


SCORES = {
    "alibi": Score(
        """
      %slope = tensor.extract %slopes[{h}] : {slopes}
      %distance = arith.subi {j}, {i} : index
      %distance32 = arith.index_cast %distance : index to i32
      %float = arith.sitofp %distance32 : i32 to {t}
      %term = arith.mulf %slope, %float : {t}
      %new = arith.addf {s}, %term : {t}
      attn.yield %new : {t}""",
        apply_alibi,
        lambda case: {"slopes": (case.compute_dtype, [(case.heads[0], "h")])},
    ),
    "matrix": Score(
        """
      %term = tensor.extract %matrix[{i}, {j}] : {matrix}
      %new = arith.addf {s}, %term : {t}
      attn.yield %new : {t}""",
        apply_matrix,
        lambda case: {
            "matrix": (case.compute_dtype, [(case.lq, "i"), (case.lk, "j")])
        },
    ),
    "relative": Score(
        """
      %zero = arith.constant 0 : index
      %eight = arith.constant 8 : index
      %last = arith.constant 16 : index
      %distance = arith.subi {j}, {i} : index
      %shifted = arith.addi %distance, %eight : index
      %above = arith.maxsi %shifted, %zero : index
      %position = arith.minsi %above, %last : index
      %term = tensor.extract %table[%position] : {table}
      %new = arith.addf {s}, %term : {t}
      attn.yield %new : {t}""",
        apply_relative,
        lambda case: {"table": (case.compute_dtype, [(17, "d")])},
    ),
    "leaky": Score(
        """
      %zero = arith.constant 0.0 : {t}
      %slope = arith.constant 0.125 : {t}
      %positive = arith.cmpf ogt, {s}, %zero : {t}
      %small = arith.mulf {s}, %slope : {t}
      %new = arith.select %positive, {s}, %small : {t}
      attn.yield %new : {t}""",
        apply_leaky,
    ),
    # A scalar that the function takes.
    "affine": Score(
        """
      %offset = arith.constant 0.75 : {t}
      %product = arith.mulf {s}, %factor : {t}
      %new = arith.subf %product, %offset : {t}
      attn.yield %new : {t}""",
        apply_affine,
        lambda case: {"factor": (case.compute_dtype, None)},
    ),
    "cap": Score(
        """
      %cap = arith.constant 3.0 : {t}
      %quotient = arith.divf {s}, %cap : {t}
      %tanh = math.tanh %quotient : {t}
      %new = arith.mulf %tanh, %cap : {t}
      attn.yield %new : {t}""",
        apply_cap,
    ),
    # A mask in disguise; with a region inside the region.
    "causal": Score(
        """
      %keep = arith.cmpi sle, {j}, {i} : index
      %new = scf.if %keep -> {t} {{
        scf.yield {s} : {t}
      }} else {{
        %inf = arith.constant 0.0 : {t}
        %one = arith.constant -1.0 : {t}
        %minus_inf = arith.divf %one, %inf : {t}
        scf.yield %minus_inf : {t}
      }}
      attn.yield %new : {t}""",
        apply_causal,
    ),
}

KEEPS = {
    "stripe": Keep(
        """
      %zero = arith.constant 0 : index
      %three = arith.constant 3 : index
      %sum = arith.addi {i}, {j} : index
      %rest = arith.remui %sum, %three : index
      %keep = arith.cmpi ne, %rest, %zero : index
      attn.yield %keep : i1""",
        lambda index, captured: (index["i"] + index["j"]) % 3 != 0,
    ),
    "lengths": Keep(
        """
      %length = tensor.extract %lengths[{b}] : {lengths}
      %length_index = arith.index_cast %length : i32 to index
      %keep = arith.cmpi slt, {j}, %length_index : index
      attn.yield %keep : i1""",
        lambda index, captured: index["j"] < captured["lengths"][index["b"]],
        lambda case: {"lengths": ("i32", [(case.batch[0], "b")])},
    ),
    # A limit of each sequence.
    "sequences": Keep(
        """
      %limit = tensor.extract %limits[{n}] : {limits}
      %keep = arith.cmpi slt, {j}, %limit : index
      attn.yield %keep : i1""",
        lambda index, captured: index["j"] < captured["limits"][index["n"]],
        lambda case: {"limits": ("index", [(len(case.lengths[0]), "s")])},
    ),
    "bitmap": Keep(
        """
      %keep = tensor.extract %bitmap[{i}, {j}] : {bitmap}
      attn.yield %keep : i1""",
        lambda index, captured: captured["bitmap"][index["i"], index["j"]],
        lambda case: {"bitmap": ("i1", [(case.lq, "i"), (case.lk, "j")])},
    ),
    "heads": Keep(
        """
      %two = arith.constant 2 : index
      %a = arith.remui {h}, %two : index
      %b = arith.remui {j}, %two : index
      %keep = arith.cmpi eq, %a, %b : index
      attn.yield %keep : i1""",
        lambda index, captured: index["h"] % 2 == index["j"] % 2,
    ),
    "never": Keep(
        """
      %keep = arith.constant false
      attn.yield %keep : i1""",
        lambda index, captured: np.zeros((), bool),
    ),
    # Row i sees what a captured limit says, by a branch.
    "limits": Keep(
        """
      %parity = arith.constant 2 : index
      %zero = arith.constant 0 : index
      %rest = arith.remui {i}, %parity : index
      %even = arith.cmpi eq, %rest, %zero : index
      %keep = scf.if %even -> i1 {{
        %limit = tensor.extract %limits[{i}] : {limits}
        %below = arith.cmpi slt, {j}, %limit : index
        scf.yield %below : i1
      }} else {{
        %true = arith.constant true
        scf.yield %true : i1
      }}
      attn.yield %keep : i1""",
        lambda index, captured: (index["i"] % 2 != 0)
        | (index["j"] < captured["limits"][index["i"]]),
        lambda case: {"limits": ("index", [(case.lq, "i")])},
    ),
}


def get_captures(case):
    captures = {}
    if case.score:
        captures.update(SCORES[case.score].captures(case))
    if case.keep:
        captures.update(KEEPS[case.keep].captures(case))
    return captures


def get_indices(case):
    """Index arrays by letter, broadcastable to the logits: b is the first batch
    dimension."""
    grids = np.ogrid[tuple(slice(n) for n in case.logit_shape)]
    index = {"i": grids[-2], "j": grids[-1]}
    if case.heads:
        index["h"] = grids[-3]
    if case.batch:
        index["b"] = grids[0]
    if case.sequence is not None:
        index["n"] = case.sequence
    return index
