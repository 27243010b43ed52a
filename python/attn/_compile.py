# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile(model, backend="attn"): PyTorch's attention becomes attn::sdpa,
and Inductor compiles the rest as ever."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from . import _backends, _flex, _masks, _regions, _torch
from ._backends import NotTaken
from ._graph import example_of
from ._torch_flex import takes_flex


@dataclasses.dataclass(frozen=True)
class Attention:
    """One attention of a model: whether a kernel of attn-mlir computes it, on
    which backend, else why not, and the line that it stands in."""

    operation: str
    fused: bool
    backend: str
    reason: str
    location: str


@dataclasses.dataclass(frozen=True)
class ModelExplanation:
    """The attentions of a model, in the order of its graphs; prints as a table."""

    attentions: list[Attention]

    def __str__(self) -> str:
        if not self.attentions:
            return "no attention was found"
        rows = [("location", "operation", "fused", "backend", "reason")]
        rows += [(a.location, a.operation, "yes" if a.fused else "no", a.backend, a.reason) for a in self.attentions]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[4]]).rstrip() for row in rows)


def _locate(node: torch.fx.Node) -> str:
    """The innermost line of the user's program."""
    places = re.findall(r'File "([^"]*)", line (\d+)', node.meta.get("stack_trace") or "")
    for file, line in reversed(places):
        if "/torch/" not in file:
            return f"{file}:{line}"
    return "?"


_PARAMETERS = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa")
_DEFAULTS = {"attn_mask": None, "dropout_p": 0.0, "is_causal": False, "scale": None, "enable_gqa": False}


def _get_obstacle(arguments: dict[str, Any]) -> str | None:
    """Why a node of scaled_dot_product_attention stays PyTorch's."""
    tensors = {name: example_of(arguments[name]) for name in ("query", "key", "value", "attn_mask")}
    operands = [tensors[name] for name in ("query", "key", "value")]
    if not all(isinstance(tensor, torch.Tensor) for tensor in operands):
        return "the shapes of its operands are not known"
    query, key, value = operands
    if query.is_nested:
        return "nested tensors stay with PyTorch; attn.sdpa takes jagged ones"
    obstacle = _backends.get_graph_obstacle(query, key, value)
    if obstacle is not None:
        return obstacle
    if not all(isinstance(size, int) for size in (query.shape[-1], value.shape[-1])):
        return "its head dimension is dynamic"
    if example_of(arguments["dropout_p"]) not in (0, 0.0):
        return "dropout: PyTorch's own formula draws the same numbers as before"
    mask = tensors["attn_mask"]
    if mask is not None and not isinstance(mask, torch.Tensor):
        return f"attn_mask is a {type(mask).__name__}"
    scale = example_of(arguments["scale"])
    if scale is not None and not isinstance(scale, (int, float)):
        return "its scale is no constant"
    if torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in (*operands, mask)):
        return "a gradient is needed, and kernels for it are PyTorch's alone so far; torch.no_grad() needs none"
    return None


def _read_arguments(node: torch.fx.Node) -> dict[str, Any]:
    arguments = {**_DEFAULTS, **dict(zip(_PARAMETERS, node.args)), **node.kwargs}
    return {name: arguments[name] for name in _PARAMETERS}


def _replace_pytorch(node: torch.fx.Node) -> None:
    """Replaces scaled_dot_product_attention by attn.sdpa. Raises NotTaken."""
    arguments = _read_arguments(node)
    obstacle = _get_obstacle(arguments)
    if obstacle is not None:
        raise NotTaken(obstacle)
    said = {}
    if arguments["attn_mask"] is not None and not example_of(arguments["is_causal"]):
        read = _masks.read(arguments["attn_mask"], example_of(arguments["query"]), example_of(arguments["key"]))
        if read is not None:
            said, arguments["attn_mask"] = read, None
    graph = node.graph
    with graph.inserting_before(node):
        new = graph.call_function(_torch.sdpa, tuple(arguments[name] for name in _PARAMETERS), said)
    new.meta = dict(node.meta)
    node.replace_all_uses_with(new)
    graph.erase_node(node)


def _replace_flex(node: torch.fx.Node) -> None:
    """Replaces flex_attention by attn::sdpa, or what it carries by PyTorch's operations.
    Raises NotTaken."""
    try:
        _flex.replace(node)
    except NotTaken:
        if _flex.is_carrying(node):
            _flex.spell_out(node)
        raise


_OPERATORS = {
    operator for packet in (torch.ops.attn.sdpa, torch.ops.attn.sdpa_dense, torch.ops.attn.sdpa_masked, torch.ops.attn.sdpa_varlen)
    for operator in (packet, *(getattr(packet, overload) for overload in packet.overloads()))
}


def _describe_ours(node: torch.fx.Node, place: str) -> Attention:
    tensors = [example_of(argument) for argument in node.args[:3]]
    is_known = len(tensors) == 3 and all(isinstance(tensor, torch.Tensor) for tensor in tensors)
    backend = "math" if is_known and _backends.get_graph_obstacle(*tensors) is not None else "flash"
    return Attention("attn.sdpa", True, backend, "", place)


def _find_replacement(node: torch.fx.Node) -> tuple[str, str, Callable[[torch.fx.Node], None]] | None:
    """Of an attention that is not ours: what it is, who computes it if we do not, and
    what makes it ours or raises NotTaken."""
    if node.target is F.scaled_dot_product_attention:
        return "scaled_dot_product_attention", "pytorch", _replace_pytorch
    if node.target is torch.ops.higher_order.flex_attention:
        return "flex_attention", "inductor", _replace_flex
    if _regions.is_softmax(node) and _regions.find_products(node) is not None:
        return "matmul, softmax, matmul", "inductor", _regions.replace
    return None


def rewrite(graph_module: torch.fx.GraphModule) -> list[Attention]:
    """Replaces what attn::sdpa computes as well, and says what became of every
    attention."""
    attentions = []
    graph = graph_module.graph
    for node in list(graph.nodes):
        place = _locate(node)
        if node.target in _OPERATORS:
            attentions.append(_describe_ours(node, place))
            continue
        found = _find_replacement(node)
        if found is None:
            continue
        operation, other, replace = found
        reason = ""
        try:
            replace(node)
        except NotTaken as error:
            reason = str(error)
        attentions.append(Attention(operation, not reason, other if reason else "flash", reason, place))
    # What led to a replaced region is dead now, and Inductor's to remove: graphs of
    # Dynamo have calls that do something and have no users.
    graph.lint()
    graph_module.recompile()
    return attentions


@takes_flex
def backend(graph_module: torch.fx.GraphModule, example_inputs: list[Any], *, mode: str | None = None,
            options: dict[str, Any] | None = None) -> Callable[..., Any]:
    """What torch.compile calls for backend="attn". `mode` and `options` are
    Inductor's."""
    from torch._inductor import list_mode_options
    from torch._inductor.compile_fx import compile_fx

    rewrite(graph_module)
    patches = {**(list_mode_options(mode) if mode else {}), **(options or {})}
    return compile_fx(graph_module, example_inputs, config_patches=patches or None)  # type: ignore[return-value]


def explain_model(model: Callable[..., Any], *arguments: Any, **options: Any) -> ModelExplanation:
    """What torch.compile(model, backend="attn") would make of the attentions.

    Runs the model once, and compiles nothing."""
    attentions: list[Attention] = []

    @takes_flex
    def collect(graph_module: torch.fx.GraphModule, example_inputs: list[Any]) -> Callable[..., Any]:
        import copy

        attentions.extend(rewrite(copy.deepcopy(graph_module)))
        for node in list(graph_module.graph.nodes):
            if _flex.is_carrying(node):
                _flex.spell_out(node)
        graph_module.recompile()
        return graph_module.forward

    torch.compile(model, backend=collect)(*arguments, **options)
    return ModelExplanation(attentions)
