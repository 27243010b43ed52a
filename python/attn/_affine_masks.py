# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks that a graph computes from sizes which are not known: causal ones and windows.

Of each node is derived what its elements are as a function of their position: a sum of
multiples of indices and a constant, or that some such sums are not negative. Dimensions
count from the last one, -1, so that broadcasting leaves them where they are. What is not
understood ends the derivation; nothing is guessed.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from ._bias import LOWER_RIGHT, UPPER_LEFT
from ._graph import example_of, name_of

_Node = torch.fx.Node


class _Unknown(Exception):
    """A node is not understood."""


@dataclasses.dataclass(frozen=True)
class _Affine:
    """Integers: constant + the sum of factors[dim] * index in dim."""

    factors: dict[int, int]
    constant: Any

    def plus(self, other: _Affine, sign: int = 1) -> _Affine:
        factors = dict(self.factors)
        for dim, factor in other.factors.items():
            factors[dim] = factors.get(dim, 0) + sign * factor
        return _Affine({dim: factor for dim, factor in factors.items() if factor}, self.constant + sign * other.constant)

    def is_always(self, value: int) -> bool:
        return not self.factors and _is_zero(self.constant - value)


@dataclasses.dataclass(frozen=True)
class _Truth:
    """Whether all of these are not negative."""

    conditions: tuple[_Affine, ...]


def _is_zero(value: Any) -> bool:
    return bool(value == 0) if isinstance(value, int) else bool(value.expand() == 0)


def _is_at_least_zero(value: Any) -> bool:
    return value >= 0 if isinstance(value, int) else value.expand().is_nonnegative is True


def _read_size(value: Any) -> Any:
    """An integer, or the expression of one that is not known."""
    value = example_of(value)
    if isinstance(value, torch.SymInt):
        return value.node.expr
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _Unknown


def _is_index_dtype(dtype: Any) -> bool:
    return dtype in (None, torch.int64, torch.int32)


def operation_of(node: _Node) -> str:
    """Its name; an operator's and its method's are one."""
    name = name_of(node)
    return name[2:-2] if name.startswith("__") and name.endswith("__") else name


class _Derivation:
    """What the nodes of a graph are, each derived once."""

    def __init__(self) -> None:
        self.values: dict[_Node, _Affine | _Truth] = {}

    def derive(self, node: Any) -> _Affine | _Truth:
        if not isinstance(node, _Node) or not isinstance(example_of(node), torch.Tensor):
            return _Affine({}, _read_size(node))
        if node not in self.values:
            rule = getattr(self, f"_derive_{'and' if operation_of(node) == 'and_' else operation_of(node)}", None)
            if rule is None or node.op not in ("call_function", "call_method"):
                raise _Unknown
            self.values[node] = rule(node, *node.args, **node.kwargs)
        return self.values[node]

    def _index(self, node: Any) -> _Affine:
        value = self.derive(node)
        if not isinstance(value, _Affine):
            raise _Unknown
        return value

    # What makes positions, and booleans.

    def _derive_arange(self, node: _Node, *bounds: Any, device: Any = None, dtype: Any = None) -> _Affine:
        if len(bounds) not in (1, 2) or not _is_index_dtype(dtype):
            raise _Unknown
        # One element is broadcast.
        factors = {} if example_of(node).shape[-1] == 1 else {-1: 1}
        return _Affine(factors, _read_size(bounds[0]) if len(bounds) == 2 else 0)

    def _derive_new_ones(self, node: _Node, *_: Any, **__: Any) -> _Truth:
        return self._derive_ones(node)

    def _derive_ones(self, node: _Node, *_: Any, **__: Any) -> _Truth:
        if example_of(node).dtype != torch.bool:
            raise _Unknown
        return _Truth(())

    def _derive_tril(self, node: _Node, ones: Any, diagonal: Any = 0) -> _Truth:
        return self._and(ones, _Affine({-2: 1, -1: -1}, _read_size(diagonal)))

    def _derive_triu(self, node: _Node, ones: Any, diagonal: Any = 0) -> _Truth:
        return self._and(ones, _Affine({-2: -1, -1: 1}, -_read_size(diagonal)))

    def _and(self, mask: Any, condition: _Affine) -> _Truth:
        value = self.derive(mask)
        if not isinstance(value, _Truth):
            raise _Unknown
        return _Truth((*value.conditions, condition))

    # Arithmetic.

    def _derive_add(self, node: _Node, lhs: Any, rhs: Any) -> _Affine:
        return self._index(lhs).plus(self._index(rhs))

    def _derive_sub(self, node: _Node, lhs: Any, rhs: Any) -> _Affine:
        return self._index(lhs).plus(self._index(rhs), -1)

    def _derive_diff(self, node: _Node, source: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> _Affine:
        value, rank = self._index(source), example_of(source).dim()
        if n != 1 or dim not in (-1, rank - 1) or prepend is None or append is not None or example_of(prepend).shape[-1] != 1:
            raise _Unknown
        step = _Affine({}, value.factors.get(-1, 0))
        first = _Affine({d: f for d, f in value.factors.items() if d != -1}, value.constant).plus(self._index(prepend), -1)
        # What is put before continues the sequence.
        if first.factors or not _is_zero(first.constant - step.constant):
            raise _Unknown
        return step

    def _derive_cumsum(self, node: _Node, source: Any, dim: int = 0) -> _Affine:
        if not self._index(source).is_always(0):
            raise _Unknown
        return _Affine({}, 0)

    # Comparisons.

    def _compare(self, lhs: Any, rhs: Any, sign: int, slack: int) -> _Truth:
        difference = self._index(rhs).plus(self._index(lhs), -1)
        return _Truth((_Affine({}, -slack).plus(difference, sign),))

    def _derive_le(self, node: _Node, lhs: Any, rhs: Any) -> _Truth:
        return self._compare(lhs, rhs, 1, 0)

    def _derive_lt(self, node: _Node, lhs: Any, rhs: Any) -> _Truth:
        return self._compare(lhs, rhs, 1, 1)

    def _derive_ge(self, node: _Node, lhs: Any, rhs: Any) -> _Truth:
        return self._compare(lhs, rhs, -1, 0)

    def _derive_gt(self, node: _Node, lhs: Any, rhs: Any) -> _Truth:
        return self._compare(lhs, rhs, -1, 1)

    def _derive_eq(self, node: _Node, lhs: Any, rhs: Any) -> _Truth:
        if not self._index(rhs).plus(self._index(lhs), -1).is_always(0):
            raise _Unknown
        return _Truth(())

    def _derive_ne(self, node: _Node, lhs: Any, rhs: Any) -> _Affine:
        # False, as what sums take it for.
        if not self._index(rhs).plus(self._index(lhs), -1).is_always(0):
            raise _Unknown
        return _Affine({}, 0)

    def _derive_and(self, node: _Node, lhs: Any, rhs: Any) -> _Truth:
        values = (self.derive(lhs), self.derive(rhs))
        if not all(isinstance(value, _Truth) for value in values):
            raise _Unknown
        return _Truth(tuple(condition for value in values for condition in value.conditions))  # type: ignore[union-attr]

    _derive_logical_and = _derive_bitwise_and = _derive_and

    # Views.

    def _derive_to(self, node: _Node, source: Any, *_: Any, **__: Any) -> _Affine | _Truth:
        value, dtype = self.derive(source), example_of(node).dtype
        if not (dtype == torch.bool if isinstance(value, _Truth) else _is_index_dtype(dtype)):
            raise _Unknown
        return value

    def _derive_expand(self, node: _Node, source: Any, *_: Any) -> _Affine | _Truth:
        return self.derive(source)

    def _derive_unsqueeze(self, node: _Node, source: Any, dim: int) -> _Affine | _Truth:
        rank = example_of(node).dim()
        place = dim if dim < 0 else dim - rank
        return self._move(self.derive(source), {d: d if d > place else d - 1 for d in range(-rank + 1, 0)})

    def _move(self, value: _Affine | _Truth, places: dict[int, int | None]) -> _Affine | _Truth:
        """Dimensions to others, or to None where the index is 0."""
        if isinstance(value, _Truth):
            return _Truth(tuple(self._move(condition, places) for condition in value.conditions))  # type: ignore[misc]
        return _Affine({places[dim]: factor for dim, factor in value.factors.items() if places[dim] is not None},  # type: ignore[misc]
                       value.constant)

    def _derive_getitem(self, node: _Node, source: Any, index: Any) -> _Affine | _Truth:
        indices = index if isinstance(index, tuple) else (index,)
        if not isinstance(example_of(source), torch.Tensor) or any(item is Ellipsis for item in indices):
            raise _Unknown
        if all(isinstance(item, _Node) for item in indices):
            return self._gather(source, indices)
        rank, new_rank = example_of(source).dim(), example_of(node).dim()
        places: dict[int, int | None] = {}
        old = new = 0
        for item in (*indices, *[slice(None)] * (rank - sum(item is not None for item in indices))):
            if item is None:
                new += 1
                continue
            if item == slice(None):
                places[old - rank] = new - new_rank
            elif item == slice(None, 1):
                places[old - rank] = None
            else:
                raise _Unknown
            old, new = old + 1, new + 1
        return self._move(self.derive(source), places)

    def _gather(self, source: Any, indices: tuple[Any, ...]) -> _Affine:
        """Elements at positions that tensors give, one for each dimension."""
        value, rank = self._index(source), example_of(source).dim()
        if len(indices) != rank:
            raise _Unknown
        result = _Affine({}, value.constant)
        for dim, item in zip(range(-rank, 0), indices):
            place = self._index(item)
            # Negative ones count from the end.
            if min(place.factors.values(), default=0) < 0 or not _is_at_least_zero(place.constant):
                raise _Unknown
            factor = value.factors.get(dim, 0)
            result = result.plus(_Affine({d: factor * f for d, f in place.factors.items() if factor}, factor * place.constant))
        return result


def describe(mask: _Node, num_queries: Any, num_keys: Any) -> tuple[dict[str, Any], list[_Node]] | None:
    """The arguments of attn.sdpa that say the same as a mask of bool, as
    `_masks.describe`, and the nodes that say so; None if it is not understood. The sizes
    may be symbolic."""
    example = example_of(mask)
    if example.dtype != torch.bool or example.dim() < 2:
        return None
    derivation = _Derivation()
    try:
        value = derivation.derive(mask)
        said = _say(value, _read_size(num_queries), _read_size(num_keys)) if isinstance(value, _Truth) else None
    except (_Unknown, TypeError):
        # TypeError: arguments that a rule does not have.
        return None
    return None if said is None else (said, list(derivation.values))


def _say(value: _Truth, queries: Any, keys: Any) -> dict[str, Any] | None:
    right: list[Any] = []
    left: list[Any] = []
    for condition in value.conditions:
        factors = condition.factors
        if factors == {-2: 1, -1: -1}:
            right.append(condition.constant)
        elif factors == {-2: -1, -1: 1}:
            left.append(condition.constant)
        elif factors or not _is_at_least_zero(condition.constant):
            return None
    if len(right) > 1 or len(left) > 1:
        return None
    if not right and not left:
        return {}
    if not right:
        return None
    # Every query has a key if none lies behind the last one.
    has_keys = _is_at_least_zero(keys - queries)
    for variant, offset in ((UPPER_LEFT, 0), (LOWER_RIGHT, keys - queries)):
        if not _is_zero(right[0] - offset) or (variant == LOWER_RIGHT and not has_keys):
            continue
        if not left:
            return {"causal": variant}
        distance = left[0] + offset
        if not isinstance(distance, int):
            distance = distance.expand()
            if not distance.is_Integer:
                continue
        if has_keys and distance >= 0:
            return {"causal": variant, "window": (int(distance), -1)}
    return None
