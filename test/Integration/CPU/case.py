# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One attention problem: shapes, masks, regions and the kind of its inputs.

A case is pure description. `inputs.py` makes its arrays, `emit.py` its MLIR,
`reference.py` its expected results.
"""

import dataclasses
import zlib
from typing import Optional, Tuple

OUTS = ("output", "lse", "max_scores")


@dataclasses.dataclass(frozen=True)
class Case:
    """One `attn.sdpa`, with static D and Dv.

    `form`s of operands that broadcast hold one letter per dimension, aligned at
    the right: `x` for the full size and `1` for a static one.
    """

    name: str
    dtype: str = "f32"
    # Batch sizes; () with `heads = None` is rank 2, () with heads rank 3.
    batch: Tuple[int, ...] = (1,)
    # Query heads and key heads.
    heads: Optional[Tuple[int, int]] = (1, 1)
    lq: int = 33
    lk: int = 57
    d: int = 16
    dv: Optional[int] = None
    # Forms of the batch dimensions of query, key and value.
    query_batch: Optional[str] = None
    key_batch: Optional[str] = None
    value_batch: Optional[str] = None
    # A float (the attribute) or the type of a scale operand.
    scale: object = None
    softcap: Optional[float] = None
    bias: Optional[str] = None  # form
    bias_dtype: Optional[str] = None
    mask: Optional[str] = None  # form
    mask_density: float = 0.7
    sinks: Optional[str] = None  # "x" or "1"
    sinks_dtype: Optional[str] = None
    # Tuples such as ("causal", "top_left"), ("window", 4, -1, "bottom_right").
    structure: Tuple[tuple, ...] = ()
    nest_structure: bool = False
    document_dtype: str = "i32"
    # How many there are, and whether they lie in any order.
    num_documents: int = 4
    shuffled_documents: bool = False
    query_documents: str = "xx"  # form
    key_documents: str = "xx"
    key_lengths: Optional[str] = None  # form, of the batch dimensions
    key_lengths_dtype: str = "i32"
    # Lengths of the queries and of the keys of each sequence, which lie behind one
    # another in lq and lk rows. Forms of bias, mask and key lengths have a dimension
    # of sequences then, in front of that of heads.
    lengths: Optional[Tuple[tuple, tuple]] = None
    lengths_dtype: str = "i32"
    # The sequence that a case is about, if it is one of several.
    sequence: Optional[int] = None
    score: Optional[str] = None  # a name in regions.py
    keep: Optional[str] = None
    masked_row: str = "zero"
    lse: bool = True
    out_dtype: Optional[str] = None
    # Which sizes are dynamic in the types: letters of "bhijs".
    dynamic: str = ""
    # Outs are tensor.empty, or arguments that are filled with NaN.
    outs: str = "argument"
    data: str = "normal"
    seed: int = 0

    @property
    def value_dim(self):
        return self.d if self.dv is None else self.dv

    @property
    def output_dtype(self):
        return self.out_dtype or self.dtype

    @property
    def compute_dtype(self):
        return "f64" if self.dtype == "f64" else "f32"

    @property
    def max_scores(self):
        """Half of the cases that have a log-sum-exp have row maxima too."""
        return self.lse and zlib.crc32(self.name.encode()) % 2 == 0

    @property
    def rank(self):
        return 2 + len(self.lead)

    @property
    def lead(self):
        """Batch sizes and the number of query heads."""
        return self.batch + ((self.heads[0],) if self.heads else ())

    @property
    def logit_shape(self):
        return self.lead + (self.lq, self.lk)

    @property
    def has_documents(self):
        return ("document",) in self.structure

    def get_batch(self, form):
        """Batch sizes of an operand."""
        form = form or "x" * len(self.batch)
        return tuple(n if c == "x" else 1 for n, c in zip(self.batch, form))

    def get_types(self):
        """Shapes of all operands as lists of (size, letter); the letter says
        which dimension it is, `1` that it is a static one."""
        batch = [(n, "b") for n in self.batch]

        def get_lead(form, head):
            sizes = self.get_batch(form)
            form = form or "x" * len(self.batch)
            lead = [
                (n, "b" if c == "x" else "1") for n, c in zip(sizes, form)
            ]
            return lead + ([(self.heads[head], "h")] if self.heads else [])

        def get_broadcast(form, target):
            aligned = target[len(target) - len(form):]
            return [
                (n, c) if f == "x" else (1, "1")
                for f, (n, c) in zip(form, aligned)
            ]

        heads = [(self.heads[0], "h")] if self.heads else []
        queries, keys = [(self.lq, "i")], [(self.lk, "j")]
        sequences, logits = batch, batch + heads + queries + keys
        if self.lengths is not None:
            sequences = batch + [(len(self.lengths[0]), "s")]
            # Room for more than the longest sequence.
            logits = sequences + heads + [
                (max(lengths, default=0) + 3, letter)
                for lengths, letter in zip(self.lengths, "ij")
            ]
        types = {
            "query": get_lead(self.query_batch, 0) + queries + [(self.d, "d")],
            "key": get_lead(self.key_batch, 1) + keys + [(self.d, "d")],
            "value": get_lead(self.value_batch, 1)
            + keys
            + [(self.value_dim, "d")],
            "output": batch + heads + queries + [(self.value_dim, "d")],
        }
        if self.bias is not None:
            types["bias"] = get_broadcast(self.bias, logits)
        if self.mask is not None:
            types["mask"] = get_broadcast(self.mask, logits)
        if self.sinks is not None:
            full = (self.heads[0], "h") if self.heads else (1, "1")
            types["sinks"] = [full if self.sinks == "x" else (1, "1")]
        if self.has_documents:
            rank = len(self.batch) + 1
            types["query_documents"] = get_broadcast(
                self.query_documents[-rank:], batch + queries
            )
            types["key_documents"] = get_broadcast(
                self.key_documents[-rank:], batch + keys
            )
        if self.key_lengths is not None:
            types["key_lengths"] = get_broadcast(self.key_lengths, sequences)
        if self.lengths is not None:
            ends = [(len(self.lengths[0]) + 1, "s")]
            types["cu_seqlens_q"] = types["cu_seqlens_k"] = ends
        if self.lse:
            types["lse"] = batch + heads + queries
        if self.max_scores:
            types["max_scores"] = batch + heads + queries
        return types


def from_dict(description):
    """The case of a `dataclasses.asdict` that was JSON meanwhile: lists were tuples."""

    def freeze(value):
        return tuple(freeze(v) for v in value) if isinstance(value, list) else value

    names = {field.name for field in dataclasses.fields(Case)}
    return Case(**{name: freeze(value) for name, value in description.items() if name in names})
