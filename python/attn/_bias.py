# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Causal masks that are never materialised."""

from __future__ import annotations

import dataclasses
from typing import Any

UPPER_LEFT, LOWER_RIGHT = "upper_left", "lower_right"


@dataclasses.dataclass(frozen=True)
class CausalBias:
    """A causal mask for `num_queries` queries and `num_keys` keys, to be given as
    `attn_mask`. `variant` says which corner the diagonal runs through."""

    variant: str
    num_queries: int
    num_keys: int

    def __post_init__(self) -> None:
        if self.num_queries < 0 or self.num_keys < 0:
            raise ValueError(f"expected sizes, got {self.num_queries} queries and {self.num_keys} keys")

    @property
    def shape(self) -> tuple[int, int]:
        return (self.num_queries, self.num_keys)

    @property
    def offset(self) -> int:
        """Query i attends to keys up to i + offset."""
        return self.num_keys - self.num_queries if self.variant == LOWER_RIGHT else 0

    def check(self, query: Any, key: Any) -> None:
        """Whether it is for operands of these shapes."""
        if (*query[-2:-1], *key[-2:-1]) != self.shape:
            raise ValueError(f"attn.sdpa: the causal bias is for {self.num_queries} queries and {self.num_keys} keys, got query of "
                             f"shape {list(query)} and key of shape {list(key)}")

    def materialize(self) -> Any:
        """The mask as a NumPy array of booleans [queries, keys]: true attends."""
        import numpy

        return numpy.tri(self.num_queries, self.num_keys, self.offset, dtype=bool)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.materialize().astype(dtype or bool)

    def __str__(self) -> str:
        """The picture of the mask, for small ones whole."""
        rows, columns = min(self.num_queries, 16), min(self.num_keys, 32)
        lines = [f"causal_{self.variant}({self.num_queries}, {self.num_keys})"]
        for i in range(rows):
            cells = "".join("#" if j <= i + self.offset else "." for j in range(columns))
            lines.append("  " + cells + (" ..." if columns < self.num_keys else ""))
        if rows < self.num_queries:
            lines.append("  ...")
        return "\n".join(lines)


def causal_upper_left(num_queries: int, num_keys: int) -> CausalBias:
    """Query i attends to keys 0..i: the diagonal starts in the upper left
    corner, as with `is_causal=True`."""
    return CausalBias(UPPER_LEFT, num_queries, num_keys)


def causal_lower_right(num_queries: int, num_keys: int) -> CausalBias:
    """The last query attends to all keys: the diagonal ends in the lower right
    corner, as decoding with a cache of keys needs."""
    return CausalBias(LOWER_RIGHT, num_queries, num_keys)


def read_bias(mask: Any) -> CausalBias | None:
    """Ours, or PyTorch's torch.nn.attention.bias.CausalBias; None for others."""
    if isinstance(mask, CausalBias):
        return mask
    variant = getattr(getattr(mask, "variant", None), "name", None)
    if type(mask).__name__ == "CausalBias" and variant in ("UPPER_LEFT", "LOWER_RIGHT"):
        return CausalBias(variant.lower(), mask.seq_len_q, mask.seq_len_kv)
    return None
