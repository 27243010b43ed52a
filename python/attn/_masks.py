# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks that a graph computes from nothing but sizes: causal ones and windows.

Models make their masks of positions (transformers does so whenever it is compiled),
and attention then gets a tensor. Where shapes are static such a mask is a constant:
it is computed while the graph is compiled, and looked at. Where they are not, it is
derived what it is as a function of positions (`_affine_masks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F

from ._affine_masks import describe as describe_unknown, operation_of
from ._bias import LOWER_RIGHT, UPPER_LEFT
from ._graph import example_of

_Node = torch.fx.Node

# Masks above are not worth the time, nor the memory of what leads to them.
_MAX_ELEMENTS = 1 << 26
_MAX_BYTES = 1 << 31

# What has the same result each time, and changes nothing. By name: methods,
# functions and operators of one name do the same.
_PURE = {
    "arange", "ones", "zeros", "full", "ones_like", "zeros_like", "full_like", "new_ones", "new_zeros", "new_full", "tensor",
    "eye", "tril", "triu", "diff", "cumsum", "where", "masked_fill", "logical_and", "logical_or", "logical_not", "logical_xor",
    "bitwise_and", "bitwise_or", "bitwise_not", "bitwise_xor", "eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "floordiv",
    "truediv", "mod", "neg", "and_", "or_", "xor", "invert", "not_", "and", "or", "abs", "clamp",
    "minimum", "maximum", "min", "max", "rsub", "radd", "rmul", "getitem", "expand", "expand_as", "broadcast_to", "unsqueeze",
    "squeeze", "view", "reshape", "transpose", "permute", "flatten", "unflatten", "repeat", "cat", "stack", "clone", "contiguous",
    "detach", "to", "type_as", "bool", "int", "long", "float", "half", "bfloat16", "cpu", "cuda", "size",
}
# These take no memory.
_BROADCASTS = {"expand", "expand_as", "broadcast_to"}
# Of their first operand they take the shape, the dtype and the device.
_LIKE = {"ones_like", "zeros_like", "full_like", "new_ones", "new_zeros", "new_full"}
_IN_PLACE = {"setitem", "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor", "ilshift", "irshift"}
_ATTENTIONS = {F.scaled_dot_product_attention, torch.ops.higher_order.flex_attention}


def _changes_an_operand(node: _Node) -> bool:
    name = operation_of(node)
    if name in _IN_PLACE or node.kwargs.get("inplace") or "out" in node.kwargs:
        return True
    return name.endswith("_") and name not in ("and_", "or_", "not_")


def _list_nodes(arguments: Any) -> list[_Node]:
    nodes: list[_Node] = []
    torch.fx.node.map_arg(arguments, nodes.append)
    return nodes


def _collect(node: _Node) -> list[_Node] | None:
    """What a node is computed from, in the order of the graph; None if that is more than
    sizes, or may change."""
    found, frontier = {node}, [node]
    while frontier:
        current = frontier.pop()
        if current.op not in ("call_function", "call_method") or operation_of(current) not in _PURE:
            return None
        inputs = set(current.all_input_nodes)
        if operation_of(current) in _LIKE:
            inputs = set(_list_nodes((current.args[1:], current.kwargs)))
        frontier += inputs - found
        found |= inputs
    return None if _may_change(found) else [other for other in node.graph.nodes if other in found]


def _may_change(nodes: Iterable[_Node]) -> bool:
    """Whether something is computed in place. That reaches what shares its memory, views
    of views too."""
    reached = set(nodes)
    frontier = list(reached)
    while frontier:
        for user in frontier.pop().users:
            if user in reached or user.target in _ATTENTIONS:
                continue
            if _changes_an_operand(user):
                return True
            reached.add(user)
            frontier.append(user)
    return any(_changes_an_operand(node) for node in reached)


def _count_bytes(node: _Node) -> int:
    example = example_of(node)
    if not isinstance(example, torch.Tensor) or operation_of(node) in _BROADCASTS:
        return 0
    return int(example.numel()) * example.element_size()


def _evaluate(node: _Node) -> torch.Tensor | None:
    """The value of a node on the CPU, or None if it is no constant or a large one."""
    needed = _collect(node)
    if needed is None or sum(map(_count_bytes, needed)) > _MAX_BYTES:
        return None
    values: dict[_Node, Any] = {}

    def get_value(argument: _Node) -> Any:
        if argument in values:
            return values[argument]
        # Of these the data do not matter.
        example = example_of(argument)
        return torch.empty((), dtype=example.dtype).expand(example.shape)

    def place(argument: Any) -> Any:
        return torch.device("cpu") if isinstance(argument, torch.device) else argument

    def compute(other: _Node) -> Any:
        args, kwargs = torch.fx.node.map_arg((other.args, other.kwargs), get_value)
        args, kwargs = torch.fx.node.map_aggregate((args, kwargs), place)
        if "device" in kwargs:
            kwargs = {**kwargs, "device": "cpu"}
        if operation_of(other) == "cuda":
            return args[0]
        if isinstance(other.target, str):
            return getattr(args[0], other.target)(*args[1:], **kwargs)
        return other.target(*args, **kwargs)

    # Dynamo's modes of fake tensors are not those of this computation.
    from torch._subclasses.fake_tensor import unset_fake_temporarily

    with torch.no_grad(), unset_fake_temporarily(), torch.device("cpu"):
        for other in needed:
            try:
                values[other] = compute(other)
            except Exception:
                return None
    value = values[node]
    return value if isinstance(value, torch.Tensor) else None


def _read_visible(mask: torch.Tensor) -> torch.Tensor | None:
    """Which keys are visible, of a mask of bool or one that is added."""
    if mask.dtype == torch.bool:
        return mask
    if not mask.is_floating_point():
        return None
    # The lowest finite number hides as well as -inf where a key is visible at all.
    visible = mask == 0
    hidden = (mask == -torch.inf) | (mask == torch.finfo(mask.dtype).min)
    return visible if bool((visible | hidden).all()) else None


def describe(mask: torch.Tensor, num_queries: int, num_keys: int) -> dict[str, Any] | None:
    """The arguments of attn.sdpa that say the same as a mask [..., num_queries or 1,
    num_keys or 1]; none ({}) if it hides nothing. None if there are none, and for masks
    which leave a query without keys."""
    if num_queries * num_keys > _MAX_ELEMENTS or 0 in (num_queries, num_keys) or 0 in mask.shape or mask.dim() < 2:
        return None
    visible = _read_visible(mask)
    if visible is None:
        return None
    # Most leading dimensions are there by broadcasting.
    for _ in range(visible.dim() - 2):
        first = visible[0]
        if visible.stride(0) != 0 and not bool((visible == first).all()):
            return None
        visible = first
    visible = visible.expand(num_queries, num_keys)
    if bool(visible.all()):
        return {}
    count = visible.sum(1)
    first_key = visible.int().argmax(1)
    last_key = first_key + count - 1
    columns = torch.arange(num_keys)
    if not bool((count > 0).all()) or not torch.equal(
            visible, (columns >= first_key[:, None]) & (columns <= last_key[:, None])):
        return None
    difference = num_keys - num_queries
    for variant, offset in [(LOWER_RIGHT, difference)] * (difference != 0) + [(UPPER_LEFT, 0)]:
        diagonal = torch.arange(num_queries) + offset
        left = _read_side(diagonal - first_key, first_key > 0)
        right = _read_side(last_key - diagonal, last_key < num_keys - 1)
        if left is None or right is None:
            continue
        # Only causal masks are counted from the end.
        if offset != 0 and right < 0:
            right = 0
        # What an end of the keys cuts must reach beyond it.
        begin = diagonal - left if left >= 0 else torch.zeros_like(diagonal)
        end = diagonal + right if right >= 0 else torch.full_like(diagonal, num_keys - 1)
        if not torch.equal(begin.clamp(min=0), first_key) or not torch.equal(end.clamp(max=num_keys - 1), last_key):
            continue
        if right == 0:
            return {"causal": variant, **({"window": (left, -1)} if left >= 0 else {})}
        if offset == 0:
            return {"window": (left, right)}
    return None


def _read_side(distances: torch.Tensor, is_cut: torch.Tensor) -> int | None:
    """How far a window reaches, by the rows which it cuts: -1 if none, None if they
    disagree or it ends before the diagonal."""
    some = distances[is_cut]
    if some.numel() == 0:
        return -1
    distance = int(some[0])
    return distance if distance >= 0 and bool((some == distance).all()) else None


def read(node: Any, query: torch.Tensor, key: torch.Tensor) -> dict[str, Any] | None:
    """What attn.sdpa is to get in place of a mask that is a node of a graph: see
    `describe`. None if the mask stays."""
    sizes = (query.shape[-2], key.shape[-2])
    example = example_of(node) if isinstance(node, _Node) else None
    if not isinstance(example, torch.Tensor):
        return None
    if not all(isinstance(size, int) for size in (*sizes, *example.shape)):
        found = describe_unknown(node, *sizes)
        return None if found is None or _may_change(found[1]) else found[0]
    # Before anything is computed.
    if sizes[0] * sizes[1] > _MAX_ELEMENTS:
        return None
    mask = _evaluate(node)
    return None if mask is None or mask.shape != example.shape else describe(mask, *sizes)
