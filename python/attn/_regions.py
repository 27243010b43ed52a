# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention that a graph spells out: cut out, and given to the compiler.

What a region computes is for the compiler's fusion to say (convert-linalg-to-attn);
here is only guessed where one begins and ends. torch-mlir translates it.
"""

from __future__ import annotations

import functools
import importlib.util
import operator
import re
from collections.abc import Callable
from typing import Any

import torch

from . import _library as _compiler
from ._arguments import torch_dtypes
from ._backends import NotTaken
from ._graph import example_of, name_of
from ._torch import _library

_Node = torch.fx.Node
_DTYPES = torch_dtypes()

# Some operation between the products may be anything; aside of them, only what
# costs nothing when it is computed twice.
_PRODUCTS = {"matmul", "bmm", "baddbmm", "einsum", "__matmul__"}
_VIEWS = {
    "view", "reshape", "transpose", "permute", "unflatten", "flatten", "expand", "expand_as", "unsqueeze", "squeeze", "getitem",
    "swapaxes", "movedim", "contiguous", "detach", "t", "mT", "getattr", "chunk", "split", "unbind", "select", "narrow",
}
_SCALARS = {"mul", "truediv", "div", "neg"}


def is_softmax(node: _Node) -> bool:
    return node.op in ("call_function", "call_method") and name_of(node) in ("softmax", "_softmax")


def _is_product(node: _Node) -> bool:
    return node.op in ("call_function", "call_method") and name_of(node) in _PRODUCTS


def _search(start: _Node, step: Callable[[_Node], Any], limit: int) -> _Node | None:
    """The nearest product."""
    seen, frontier = {start}, [start]
    for _ in range(limit):
        frontier = [other for current in frontier for other in step(current) if other not in seen]
        seen.update(frontier)
        for other in frontier:
            if _is_product(other):
                return other
    return None


def find_products(softmax: _Node) -> tuple[_Node, _Node] | None:
    """The products of logits and of values around a softmax."""
    first = _search(softmax, lambda node: node.all_input_nodes, 12)
    last = _search(softmax, lambda node: node.users, 6)
    return None if first is None or last is None else (first, last)


def _is_free(node: _Node) -> bool:
    """Whether a region may compute the node again."""
    if node.op not in ("call_function", "call_method"):
        return False
    value, name = example_of(node), name_of(node)
    if isinstance(value, torch.Tensor) and not bool(value.is_floating_point()):
        return True
    if not node.all_input_nodes and isinstance(value, torch.Tensor):
        return not name.startswith("rand")
    source = node.args[0] if node.args else None
    if name == "getitem" and isinstance(source, _Node) and not isinstance(example_of(source), torch.Tensor):
        return _is_free(source)
    if name in _SCALARS:
        return len(node.all_input_nodes) == 1
    return name in _VIEWS or isinstance(value, (torch.Size, int, torch.SymInt))


def _collect(first: _Node, last: _Node) -> tuple[list[_Node], list[_Node]]:
    """The nodes of a region, and its inputs, both in the order of the graph."""
    order = {node: place for place, node in enumerate(first.graph.nodes)}
    after = {first}
    for node in first.graph.nodes:
        if any(other in after for other in node.all_input_nodes) and order[node] <= order[last]:
            after.add(node)
    inside: set[_Node] = set()
    inputs: set[_Node] = set()
    frontier = [last]
    while frontier:
        node = frontier.pop()
        if node in inside or node in inputs:
            continue
        if node in after or _is_free(node):
            inside.add(node)
            frontier += node.all_input_nodes
        else:
            inputs.add(node)
    for node in inside:
        name = name_of(node)
        if name == "dropout" and _dropout_is_on(node):
            raise NotTaken("it drops out probabilities")
        if name.endswith("_") and not name.endswith("__") or name in ("iadd", "imul", "isub", "itruediv", "setitem"):
            raise NotTaken(f"{name} writes in place")
        if node in after and node is not last and any(user not in inside for user in node.users):
            raise NotTaken(f"the result of {name} is used elsewhere too")
    return sorted(inside, key=order.__getitem__), sorted(inputs, key=order.__getitem__)


def _dropout_is_on(node: _Node) -> bool:
    p = node.args[1] if len(node.args) > 1 else node.kwargs.get("p", 0.5)
    training = node.args[2] if len(node.args) > 2 else node.kwargs.get("training", True)
    return bool(training) and not (isinstance(p, (int, float)) and p == 0)


def _expression(size: Any) -> Any:
    """What tells symbolic sizes apart."""
    return size.node.expr if isinstance(size, torch.SymInt) else size


def _find_size(size: Any, tensors: list[Any]) -> tuple[int, int] | None:
    """The tensor and its dimension that has this size."""
    for place, tensor in enumerate(tensors):
        for dimension, other in enumerate(tensor.shape):
            if isinstance(other, torch.SymInt) and other.node.expr == _expression(size):
                return place, dimension
    return None


def _locate_size(size: Any, tensors: list[Any]) -> tuple[int, int]:
    place = _find_size(size, tensors)
    if place is None:
        raise NotTaken(f"spelled out with a size that no operand has, {size}")
    return place


def _compute_size(size: Any, tensors: list[Any], emit: Callable[[Any, tuple[Any, ...]], Any]) -> Any:
    """A size by those of tensors; sums and products of them are computed."""
    expression = _expression(size)
    if isinstance(expression, int) or expression.is_Integer:
        return int(expression)
    place = _find_size(size, tensors)
    if place is not None:
        return emit(torch.ops.aten.sym_size.int, place)
    if not (expression.is_Add or expression.is_Mul):
        raise NotTaken(f"spelled out with a size that no operand has, {expression}")
    parts = [_compute_size(part, tensors, emit) for part in expression.args]
    function = operator.add if expression.is_Add else operator.mul
    return functools.reduce(lambda x, y: emit(function, (x, y)), parts)


def _read_hint(size: Any) -> int:
    hint = size.node.hint if isinstance(size, torch.SymInt) else size
    if hint is None:
        raise NotTaken(f"spelled out with a size that is read from data, {size}")
    return int(hint)


def _check_sizes(program: Any, examples: list[Any]) -> None:
    """Whether an exported program takes all sizes that the graph may have."""
    found: dict[Any, Any] = {}
    placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
    for node, example in zip(placeholders, examples, strict=True):
        for ours, theirs in zip(example.shape, node.meta["val"].shape, strict=True):
            # One symbol of theirs is one of ours, and dynamic where ours is.
            if found.setdefault(_expression(theirs), _expression(ours)) != _expression(ours) or (
                    isinstance(ours, torch.SymInt) and not isinstance(theirs, torch.SymInt)):
                raise NotTaken(f"spelled out with dynamic shapes that torch.export makes constant or equal: {list(example.shape)}")


def _translate(nodes: list[_Node], inputs: list[_Node], sizes: list[_Node]) -> str:
    """The region as MLIR, with its inputs as arguments. Sizes of the graph are
    sizes of inputs there."""
    if importlib.util.find_spec("torch_mlir") is None:
        raise NotTaken("spelled out: torch-mlir is needed to read it; scaled_dot_product_attention or attn.sdpa need nothing")
    from torch_mlir import fx

    values = [example_of(node) for node in inputs]
    graph = torch.fx.Graph()
    copies: dict[_Node, _Node] = {node: graph.placeholder(f"input{place}") for place, node in enumerate(inputs)}
    for size in sizes:
        place, dimension = _locate_size(example_of(size), values)
        copies[size] = graph.call_method("size", (copies[inputs[place]], dimension))
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
        copies[node].meta = {}
    graph.output(copies[nodes[-1]])
    # Of their own memory each: an export joins arguments that are one tensor.
    examples = tuple(
        torch.empty_strided([*map(_read_hint, x.shape)], [*map(_read_hint, x.stride())], dtype=x.dtype) for x in values)
    dynamic = [{d: torch.export.Dim.AUTO for d, size in enumerate(x.shape) if isinstance(size, torch.SymInt)} for x in values]
    # The graph around must not get the guards of this export.
    with torch.no_grad(), torch._guards.tracing(None):
        program = torch.export.export(torch.fx.GraphModule({}, graph), examples,
                                      dynamic_shapes=tuple(dynamic) if any(dynamic) else None)
        _check_sizes(program, values)
        module = fx.export_and_import(program, output_type="linalg-on-tensors", func_name="main")
    # Attributes of dialects that the compiler does not have.
    return re.sub(r"\{torch\.[^}]*\} ?", "", str(module))


def fuse(softmax: _Node) -> tuple[_Node, list[_Node], str]:
    """The last node of the region around a softmax, its inputs and its program.

    Raises NotTaken with the reason why it cannot be had."""
    products = find_products(softmax)
    if products is None:
        raise NotTaken("no products around the softmax")
    nodes, inputs = _collect(*products)
    sizes = [node for node in inputs if isinstance(example_of(node), torch.SymInt)]
    inputs = [node for node in inputs if node not in sizes]
    values = [example_of(node) for node in [*inputs, products[1]]]
    for value in values:
        if not isinstance(value, torch.Tensor):
            raise NotTaken(f"spelled out over a {type(value).__name__}, not tensors alone")
        if value.device.type != "cpu":
            raise NotTaken(f"spelled out, and it runs on {value.device}: scaled_dot_product_attention and attn.sdpa have kernels "
                              "there")
        if value.dtype not in _DTYPES:
            raise NotTaken(f"no kernel takes {value.dtype}")
    if torch.is_grad_enabled() and any(value.requires_grad for value in values):
        raise NotTaken("a gradient is needed, and kernels for it are PyTorch's alone so far; torch.no_grad() needs none")
    for size in values[-1].shape:
        _compute_size(size, values[:-1], lambda *_: 0)
    try:
        text = _translate(nodes, inputs, sizes)
        count, missed = _compiler.count_fused(text)
    except NotTaken:
        raise
    except Exception as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise NotTaken(f"spelled out, and not translated: {first_line}") from error
    if count == 0:
        raise NotTaken("not fused: " + (_read_reason(missed) or "the compiler finds no attention in it"))
    obstacle = _compiler.check_backend(text, "flash", fuse=True)
    if obstacle is not None:
        raise NotTaken(obstacle.split(": ", 1)[-1])
    return products[1], inputs, text


def _read_reason(missed: str) -> str:
    """The reason and the suggestion of a missed remark."""
    parts = re.findall(r'(?:Reason|Suggestion)\s*[=:]\s*"?([^"|\n]+)', missed)
    return "; ".join(part.strip().rstrip(",") for part in parts) or missed.strip().partition("\n")[0]


#===--- The operator ---------------------------------------------------------===#

_library.define("fused(Tensor[] inputs, str program, SymInt[] shape, ScalarType dtype) -> Tensor")


def _fused(inputs: list[torch.Tensor], program: str, shape: Any, dtype: torch.dtype) -> torch.Tensor:
    compiled = _compiler.compile_program(program, "auto", "attention of a graph", fuse=True)
    output = torch.empty(shape, dtype=dtype)
    dense = [tensor.contiguous() for tensor in inputs]
    given, (result,) = (
        [_compiler.make_tensor(tensor.data_ptr(), tensor.shape, _DTYPES[tensor.dtype]) for tensor in tensors]
        for tensors in (dense, [output]))
    compiled.call_tensors(given, [result])
    return output


_library.impl("fused", _fused, "CPU")


@torch.library.register_fake("attn::fused", lib=_library)
def _fused_fake(inputs: Any, program: str, shape: Any, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype)


def replace(softmax: _Node) -> None:
    """Replaces the region around a softmax. Raises NotTaken."""
    last, inputs, text = fuse(softmax)
    value = example_of(last)
    graph = last.graph
    with graph.inserting_before(last):
        def emit(function: Any, arguments: tuple[Any, ...]) -> _Node:
            if function is torch.ops.aten.sym_size.int:
                arguments = (inputs[arguments[0]], arguments[1])
            return graph.call_function(function, arguments)

        tensors = [example_of(node) for node in inputs]
        shape = [_compute_size(size, tensors, emit) for size in value.shape]
        new = graph.call_function(torch.ops.attn.fused.default, (inputs, text, shape, value.dtype))
    new.meta = dict(last.meta)
    last.replace_all_uses_with(new)
    # What is not used any more, from its end on.
    graph.erase_node(last)
