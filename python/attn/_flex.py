# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""FlexAttention in graphs: its score and mask functions, as Dynamo traced them,
become the regions of attn::sdpa."""

from __future__ import annotations

import operator
from typing import Any

import torch

from ._symbols import Captures, capture, trace
from ._torch_flex import WHOLE_BLOCK

_Node = torch.fx.Node

class FlexError(Exception):
    """Why a FlexAttention stays Inductor's."""


class _Interpreter(torch.fx.Interpreter):
    """Runs a function on symbols."""

    def call_method(self, target: Any, args: Any, kwargs: Any) -> Any:
        # How PyTorch spells that a mask keeps everything.
        if target == "new_ones" and kwargs.get("dtype") is torch.bool:
            return True
        return super().call_method(target, args, kwargs)


def _example(node: _Node) -> Any:
    return node.meta.get("example_value", node.meta.get("val"))


def _read_number(value: Any) -> float | None:
    """A number, if it is known: dynamic shapes have constants among them."""
    if isinstance(value, _Node):
        value = _example(value)
    if isinstance(value, (torch.SymFloat, torch.SymInt)):
        expression = value.node.expr
        return float(expression) if expression.is_number else None
    return float(value) if isinstance(value, (int, float)) else None


class _Buffers:
    """Captured tensors of a graph, and arrays of their shapes for tracing."""

    def __init__(self) -> None:
        self.captures = Captures()
        self._nodes: dict[_Node, Any] = {}

    def stand_in(self, buffer: Any) -> Any:
        if not isinstance(buffer, _Node):
            return buffer
        value = _example(buffer)
        if not isinstance(value, torch.Tensor):
            raise FlexError(f"its functions capture a {type(value).__name__} whose value is not known")
        if value.dim() == 0:
            raise FlexError("its functions capture a tensor without dimensions")
        if value.requires_grad and torch.is_grad_enabled():
            raise FlexError("a gradient is needed, and kernels for it are PyTorch's alone so far; torch.no_grad() needs none")
        if value.device.type != "cpu":
            raise FlexError(f"its functions capture a tensor on {value.device}")
        if buffer not in self._nodes:
            # Sizes do not matter, the rank and the dtype do.
            self._nodes[buffer] = torch.empty([1] * value.dim(), dtype=value.dtype)
        return capture(self._nodes[buffer])

    def nodes(self) -> list[_Node]:
        """The tensors that are read, in the order of the captures."""
        by_array = {id(array): node for node, array in self._nodes.items()}
        return [by_array[id(array)] for array in self.captures.arrays]


def _trace(node: Any, is_score: bool, buffers: _Buffers, captured: Any) -> str:
    """The region of a function that Dynamo traced."""
    function = getattr(node.graph.owning_module, node.target)
    arguments = [buffers.stand_in(buffer) for buffer in captured]
    try:
        return trace(lambda *symbols: _Interpreter(function).run(*symbols, *arguments), is_score, "f32", 1, True, buffers.captures)
    except (TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError) as error:
        message = str(error).strip().partition("\n")[0]
        raise FlexError(f"{'score' if is_score else 'mask'}_mod cannot be read: {message}") from error


def _keeps_all(region: str) -> bool:
    return "arith.constant true" in region and "cmp" not in region and "tensor." not in region


def replace(node: _Node) -> None:
    """Replaces a flex_attention by attn::sdpa. Raises FlexError."""
    given: tuple[Any, ...] = node.args
    query, key, value, score_mod, block_mask, scale, _, score_buffers, mask_buffers = given
    operands: list[Any] = [query, key, value]
    tensors = [_example(operand) for operand in operands]
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
        raise FlexError("the shapes of its operands are not known")
    q, k, _ = tensors
    if q.device.type != "cpu":
        raise FlexError(f"it runs on {q.device}; kernels run on the CPU")
    if q.dtype not in (torch.float32, torch.float16, torch.bfloat16) or any(x.dtype != q.dtype for x in tensors):
        raise FlexError(f"the flash kernel of the CPU computes in float32, the operands are {q.dtype}")
    if torch.is_grad_enabled() and any(x.requires_grad for x in tensors):
        raise FlexError("a gradient is needed, and kernels for it are PyTorch's alone so far; torch.no_grad() needs none")
    if any(user.target is not operator.getitem or user.args[1] != 0 for user in node.users if user.users):
        raise FlexError("its log-sum-exp is used")
    factor = _read_number(scale)
    if factor is None:
        raise FlexError("its scale is no constant")
    buffers = _Buffers()
    score = _trace(score_mod, True, buffers, score_buffers)
    mask_mod: Any = block_mask[-1]
    keep = _trace(mask_mod, False, buffers, mask_buffers)
    if _keeps_all(keep):
        sizes = block_mask[-3:-1]
        if not all(isinstance(size, int) and size >= WHOLE_BLOCK for size in sizes):
            raise FlexError("its block mask has no mask_mod, which says what blocks leave out")
        keep = ""
    if score.count("\n") == 2 and "attn.yield %sx" in score:
        score = ""
    graph = node.graph
    arguments = (query, key, value, None, factor, bool(q.shape[1] != k.shape[1]), None, None, None, None, None, score, keep,
                 buffers.nodes() if score or keep else None, False)
    with graph.inserting_before(node):
        new = graph.call_function(torch.ops.attn.sdpa.default, arguments)
    for user in list(node.users):
        if user.users:
            user.replace_input_with(node, new)
        else:
            graph.erase_node(user)
    graph.erase_node(node)
