# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ragged batches of PyTorch: rows behind one another, and jagged nested tensors."""

from __future__ import annotations

from typing import Any

import torch

from . import _sdpa, _torch, _varlen
from ._arguments import View
from ._torch import _library, _view

_Tensor = torch.Tensor

_library.define(
    "sdpa_varlen(Tensor query, Tensor key, Tensor value, Tensor cu_seqlens_q, Tensor cu_seqlens_k, bool enable_gqa=False, "
    "float? scale=None, str? causal=None, int[]? window=None, float? softcap=None) -> Tensor")


def _run(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor,
         enable_gqa: bool = False, scale: float | None = None, causal: str | None = None, window: Any = None,
         softcap: float | None = None) -> _Tensor:
    q, k, v = (_view(tensor, name) for tensor, name in [(query, "query"), (key, "key"), (value, "value")])
    assert q and k and v
    request = _varlen.make_request(q, k, v, False, scale, enable_gqa, causal, None if window is None else tuple(window), softcap)
    names = "cu_seqlens_q", "cu_seqlens_k"
    bounds, key_bounds = _view(cu_seqlens_q, names[0]), _view(cu_seqlens_k, names[1])
    assert bounds and key_bounds
    request = _varlen.with_bounds(request, (bounds, key_bounds), names)
    if _sdpa.make_plan(request).get_program() is None:
        with torch.no_grad():
            return _by_parts(query, key, value, cu_seqlens_q, cu_seqlens_k, scale=scale, enable_gqa=enable_gqa, causal=causal,
                             window=request.window, softcap=softcap)
    output = torch.empty(_varlen.get_output_shape(q, v), dtype=query.dtype, device=query.device)
    _varlen.run(request, View(output.data_ptr(), tuple(output.shape), output.stride(), q.dtype, output, q.device))
    return output


for _key in ("CPU", "CUDA"):
    _library.impl("sdpa_varlen", _run, _key)


@torch.library.register_fake("attn::sdpa_varlen", lib=_library)
def _run_fake(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor,
              *options: Any, **named: Any) -> _Tensor:
    for name, tensor in [("query", query), ("key", key), ("value", value)]:
        torch._check(tensor.dim() == 3, lambda: f"attn.sdpa_varlen: expected {name} as [rows, heads, size]")
    return query.new_empty((*query.shape[:2], value.shape[2]))


# Dynamo ends a graph at lengths that are needed on the host.
@torch.compiler.disable
def _by_parts(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor,
              **options: Any) -> _Tensor:
    """Where a gradient is needed, and for math on a GPU: each sequence by itself."""
    lengths = []
    for bounds, rows, name in [(cu_seqlens_q, query, "cu_seqlens_q"), (cu_seqlens_k, key, "cu_seqlens_k")]:
        numbers = bounds.tolist()
        _varlen.check_numbers(numbers, rows.shape[0], name)
        lengths.append(_varlen.split(numbers))
    parts = [
        _torch.sdpa(*(x.transpose(0, 1) for x in part), **options).transpose(0, 1)
        for part in zip(query.split(lengths[0]), key.split(lengths[1]), value.split(lengths[1]))]
    if not parts:
        return query.new_empty((0, query.shape[1], value.shape[2]))
    return torch.cat(parts)


def sdpa_varlen(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor | None,
                is_causal: bool, scale: float | None, enable_gqa: bool, causal: str | None, window: Any,
                softcap: float | None) -> _Tensor:
    """attn.sdpa_varlen for tensors; see there."""
    if cu_seqlens_k is None:
        cu_seqlens_k = cu_seqlens_q
    for name, tensor in [("key", key), ("value", value), ("cu_seqlens_q", cu_seqlens_q), ("cu_seqlens_k", cu_seqlens_k)]:
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"attn.sdpa_varlen: query is a tensor of PyTorch, {name} is {type(tensor).__name__}")
    if is_causal:
        if causal not in (None, "upper_left"):
            raise ValueError(f"attn.sdpa_varlen: is_causal=True means causal='upper_left', got causal={causal!r}")
        causal = "upper_left"
    window = _sdpa.read_window(window)
    query, key, value = _torch.cast_for_autocast(query, key, value)
    arguments = (query, key, value, cu_seqlens_q, cu_seqlens_k)
    if torch.is_grad_enabled() and any(x.requires_grad for x in arguments[:3]):
        # What is wrong is said as without a gradient.
        with torch.no_grad():
            _run(query.detach(), key.detach(), value.detach(), cu_seqlens_q, cu_seqlens_k, enable_gqa, scale, causal, window, softcap)
        return _by_parts(*arguments, scale=scale, enable_gqa=enable_gqa, causal=causal, window=window, softcap=softcap)
    output: _Tensor = torch.ops.attn.sdpa_varlen(*arguments, enable_gqa, scale, causal, None if window is None else list(window),
                                                 softcap)
    return output


def _read_nested(tensor: Any, name: str) -> tuple[_Tensor, _Tensor]:
    """The rows of a jagged tensor [B, H, L, D] or [B, L, D], as [T, H, D], and
    their bounds."""
    if not isinstance(tensor, torch.Tensor) or not tensor.is_nested:
        raise TypeError(f"attn.sdpa: query is a nested tensor, {name} is a dense one; all of them or none are nested")
    if tensor.layout != torch.jagged:
        raise TypeError(f"attn.sdpa: expected {name} with layout=torch.jagged, got {tensor.layout}")
    nested: Any = tensor
    if nested._ragged_idx == nested.dim() - 2 and nested.dim() == 4:
        nested = nested.transpose(1, 2)
    if nested._ragged_idx != 1 or nested.dim() not in (3, 4):
        raise ValueError(f"attn.sdpa: expected {name} as [batch, heads, length, size] or [batch, length, size] with jagged "
                         f"lengths, got dimension {nested._ragged_idx} of {nested.dim()} jagged")
    if nested.lengths() is not None:
        raise ValueError(f"attn.sdpa: {name} has holes between its sequences; .contiguous() closes them")
    rows = nested.values()
    return (rows if nested.dim() == 4 else rows.unsqueeze(1)), nested.offsets()


def _have_same_lengths(key: Any, value: Any, key_offsets: _Tensor, value_offsets: _Tensor) -> bool:
    if key_offsets is value_offsets:
        return True
    if torch.compiler.is_compiling():
        # Offsets are data. Tensors that share them have one symbol for the lengths.
        return bool(key.shape[key._ragged_idx] == value.shape[value._ragged_idx])
    return torch.equal(key_offsets, value_offsets)


def sdpa_nested(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float, is_causal: bool, scale: float | None,
                enable_gqa: bool, causal: str | None, window: Any, softcap: float | None, **others: Any) -> Any:
    """attn.sdpa for jagged tensors; see there."""
    for name, given in [("attn_mask", attn_mask), *others.items()]:
        if given is not None and given is not False:
            raise ValueError(f"attn.sdpa: {name} does not go with nested tensors")
    if dropout_p:
        raise ValueError("attn.sdpa: dropout_p does not go with nested tensors")
    if not query.dim() == key.dim() == value.dim():
        raise ValueError(f"attn.sdpa: nested tensors of {query.dim()}, {key.dim()} and {value.dim()} dimensions do not fit")
    (q, offsets), (k, key_offsets), (v, value_offsets) = (
        _read_nested(tensor, name) for tensor, name in [(query, "query"), (key, "key"), (value, "value")])
    if not _have_same_lengths(key, value, key_offsets, value_offsets):
        raise ValueError("attn.sdpa: sequences of key and value differ in length"
                         + (", or have offsets of their own, under torch.compile" if torch.compiler.is_compiling() else ""))
    output = sdpa_varlen(q, k, v, offsets, key_offsets, is_causal, scale, enable_gqa, causal, window, softcap)
    rows = output if query.dim() == 4 else output.squeeze(1)
    template = query.transpose(1, 2) if query.dim() == 4 and query._ragged_idx == 2 else query
    result = torch.nested.nested_tensor_from_jagged(rows, offsets, min_seqlen=template._maybe_min_seqlen,
                                                    max_seqlen=template._maybe_max_seqlen)
    return result.transpose(1, 2) if template is not query else result
