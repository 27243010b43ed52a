# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""FlexAttention in graphs: its score and mask functions, as Dynamo traced them,
become the regions of attn::sdpa. What attn.sdpa carried past FlexAttention
(_torch_flex.py) becomes operands and attributes again."""

from __future__ import annotations

import operator
from typing import Any

import torch

from . import _backends, _torch_formula
from ._backends import NotTaken
from ._graph import example_of
from ._symbols import Captures, capture, trace
from ._torch_flex import WHOLE_BLOCK

_Node = torch.fx.Node


class _Interpreter(torch.fx.Interpreter):
    """Runs a function on symbols."""

    def call_method(self, target: Any, args: Any, kwargs: Any) -> Any:
        # How PyTorch spells that a mask keeps everything.
        if target == "new_ones" and kwargs.get("dtype") is torch.bool:
            return True
        return super().call_method(target, args, kwargs)


def _read_number(value: Any) -> float | None:
    """A number, if it is known: dynamic shapes have constants among them."""
    value = example_of(value)
    if isinstance(value, (torch.SymFloat, torch.SymInt)):
        expression = value.node.expr
        return float(expression) if expression.is_number else None
    return float(value) if isinstance(value, (int, float)) else None


class _Buffers:
    """Captured tensors of a graph, and arrays of their shapes for tracing."""

    def __init__(self, device: torch.device) -> None:
        self.captures = Captures()
        self._device = device
        self._nodes: dict[_Node, Any] = {}

    def stand_in(self, buffer: Any) -> Any:
        if not isinstance(buffer, _Node):
            return buffer
        value = example_of(buffer)
        if not isinstance(value, torch.Tensor):
            raise NotTaken(f"its functions capture a {type(value).__name__} whose value is not known")
        if value.dim() == 0:
            raise NotTaken("its functions capture a tensor without dimensions")
        if value.requires_grad and torch.is_grad_enabled():
            raise NotTaken("a gradient is needed, and kernels for it are PyTorch's alone so far; torch.no_grad() needs none")
        if value.device != self._device:
            raise NotTaken(f"its functions capture a tensor on {value.device}")
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
        raise NotTaken(f"{'score' if is_score else 'mask'}_mod cannot be read: {message}") from error


def _keeps_all(region: str) -> bool:
    return "arith.constant true" in region and "cmp" not in region and "tensor." not in region


class _Operands:
    """What FlexAttention takes, and what a node before it carries."""

    def __init__(self, node: _Node):
        given: tuple[Any, ...] = node.args
        (self.query, self.key, self.value, self.score_mod, self.block_mask, self.scale, _, self.score_buffers,
         self.mask_buffers) = given
        self.carrier: _Node | None = None
        self.attn_mask = self.key_lengths = self.causal = self.window = self.softcap = None
        if isinstance(self.query, _Node) and self.query.target is torch.ops.attn.flex_operands.default:
            self.carrier = self.query
            carried: tuple[Any, ...] = self.carrier.args
            self.query, self.attn_mask, self.key_lengths, self.causal, self.window, self.softcap = carried

    @property
    def mask_mod(self) -> Any:
        return self.block_mask[-1]


def is_carrying(node: _Node) -> bool:
    """Whether a flex_attention has operands that FlexAttention does not know."""
    return node.target is torch.ops.higher_order.flex_attention and _Operands(node).carrier is not None


def _compute(query: Any, key: Any, value: Any, attn_mask: Any, key_lengths: Any, causal: Any, window: Any, softcap: Any,
             scale: Any, score_mod: Any, mask_mod: Any, score_buffers: Any, mask_buffers: Any) -> Any:
    return _torch_formula.by_formula(
        query, key, value, attn_mask, scale, causal, window, softcap, None, key_lengths,
        lambda *arguments: score_mod(*arguments, *score_buffers), lambda *arguments: mask_mod(*arguments, *mask_buffers), 0.0)


def _replace_by(node: _Node, function: Any, arguments: tuple[Any, ...]) -> None:
    """A flex_attention by a call that gives output and log-sum-exp, too."""
    operands = _Operands(node)
    graph = node.graph
    with graph.inserting_before(node):
        new = graph.call_function(function, arguments)
    for user in list(node.users):
        if user.users:
            user.replace_input_with(node, new)
        else:
            graph.erase_node(user)
    graph.erase_node(node)
    carrier = operands.carrier
    if carrier is not None and not any(is_carrying(user) for user in carrier.users):
        # Others ask for its sizes, which are those of the query.
        carrier.replace_all_uses_with(operands.query)
        graph.erase_node(carrier)


def spell_out(node: _Node) -> None:
    """Replaces a flex_attention that carries operands by PyTorch's operations."""
    x = _Operands(node)
    _replace_by(node, _compute, (x.query, x.key, x.value, x.attn_mask, x.key_lengths, x.causal, x.window, x.softcap, x.scale,
                                 x.score_mod, x.mask_mod, x.score_buffers, x.mask_buffers))


def replace(node: _Node) -> None:
    """Replaces a flex_attention by attn::sdpa. Raises NotTaken."""
    x = _Operands(node)
    tensors = [example_of(operand) for operand in (x.query, x.key, x.value)]
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
        raise NotTaken("the shapes of its operands are not known")
    q, k, _ = tensors
    obstacle = _backends.get_graph_obstacle(*tensors)
    if obstacle is not None:
        raise NotTaken(obstacle)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        raise NotTaken("a gradient is needed, and kernels for it are PyTorch's alone so far; torch.no_grad() needs none")
    if any(user.target is not operator.getitem or user.args[1] != 0 for user in node.users if user.users):
        raise NotTaken("its log-sum-exp is used")
    factor = _read_number(x.scale)
    if factor is None:
        raise NotTaken("its scale is no constant")
    buffers = _Buffers(q.device)
    score = _trace(x.score_mod, True, buffers, x.score_buffers)
    keep = _trace(x.mask_mod, False, buffers, x.mask_buffers)
    if _keeps_all(keep):
        sizes = x.block_mask[-3:-1]
        if not all(isinstance(size, int) and size >= WHOLE_BLOCK for size in sizes):
            raise NotTaken("its block mask has no mask_mod, which says what blocks leave out")
        keep = ""
    if score.count("\n") == 2 and "attn.yield %sx" in score:
        score = ""
    _replace_by(node, torch.ops.attn.sdpa.default,
                (x.query, x.key, x.value, x.attn_mask, factor, bool(q.shape[1] != k.shape[1]), x.causal, x.window, x.softcap, None,
                 x.key_lengths, score, keep, buffers.nodes() if score or keep else None, False))
