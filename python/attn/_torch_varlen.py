# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ragged batches of PyTorch: rows behind one another, and jagged nested tensors."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch.autograd import forward_ad

from . import _sdpa, _torch, _torch_dynamo, _varlen
from ._arguments import View, _view_of_torch, torch_dtypes
from ._torch import _library

_DTYPES = torch_dtypes()
_Tensor = torch.Tensor

def _sdpa_varlen_anew(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor, flags: int,
                      scale: float, softcap: float, left: int, right: int) -> _Tensor:
    """What the kernel in C++ calls when it does not know a program."""
    try:
        plan, output = _compute(query, key, value, cu_seqlens_q, cu_seqlens_k, *_torch._read_flags(flags, scale, softcap, left, right),
                                wants_tf32=bool(flags & _torch._TF32))
    except Exception as error:
        return _torch.keep_failure(error)
    tensors = query, key, value
    if all(tuple(tensor.shape[1:]) == (shape[0], shape[2])
           for tensor, shape in zip(tensors, (plan.query_shape, plan.key_shape, plan.value_shape))):
        # For any number of rows and sequences.
        _torch.remember(plan, flags | _torch._IS_VARLEN, softcap, left, right,
                        *(word for tensor in tensors for word in (_DTYPES[tensor.dtype], *tensor.shape[1:])),
                        _DTYPES[cu_seqlens_q.dtype], _DTYPES[cu_seqlens_k.dtype])
    return output


def _compute(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor, scale: float | None,
             enable_gqa: bool, causal: str | None, window: Any, softcap: float | None,
             wants_tf32: bool = False) -> tuple[_sdpa.Plan, _Tensor]:
    q, k, v = (_view_of_torch(tensor, name) for tensor, name in [(query, "query"), (key, "key"), (value, "value")])
    request = dataclasses.replace(_varlen.make_request(q, k, v, False, scale, enable_gqa, causal, window, softcap), wants_tf32=wants_tf32)
    names = "cu_seqlens_q", "cu_seqlens_k"
    bounds = _view_of_torch(cu_seqlens_q, names[0]), _view_of_torch(cu_seqlens_k, names[1])
    request = _varlen.with_bounds(request, bounds, names)
    plan = _sdpa.make_plan(request)
    if plan.get_program() is None:
        with torch.no_grad():
            return plan, by_parts(query, key, value, cu_seqlens_q, cu_seqlens_k, scale=scale, enable_gqa=enable_gqa, causal=causal,
                                   window=window, softcap=softcap)
    output = torch.empty(_varlen.get_output_shape(q, v), dtype=query.dtype, device=query.device)
    _varlen.run(request, View(output.data_ptr(), tuple(output.shape), output.stride(), q.dtype, output, q.device))
    return plan, output


def _sdpa_varlen(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor, *options: Any) -> _Tensor:
    return _torch.check_failure(_sdpa_varlen_anew(query, key, value, cu_seqlens_q, cu_seqlens_k, *options))


for _key, _is_in_cpp in _torch.IN_CPP.items():
    _library.impl("sdpa_varlen_anew", _sdpa_varlen_anew, _key)
    if not _is_in_cpp:
        _library.impl("sdpa_varlen", _sdpa_varlen, _key)


@torch.library.register_fake("attn::sdpa_varlen", lib=_library)
def _run_fake(query: _Tensor, key: _Tensor, value: _Tensor, *_: Any) -> _Tensor:
    for name, tensor in [("query", query), ("key", key), ("value", value)]:
        torch._check(tensor.dim() == 3, lambda: f"attn.sdpa_varlen: expected {name} as [rows, heads, size]")
    return query.new_empty((*query.shape[:2], value.shape[2]))


_BOUNDS_DTYPES = {torch.int32, torch.int64}
_VARLEN = torch.ops.attn.sdpa_varlen.default


def by_parts(query: _Tensor, key: _Tensor, value: _Tensor, cu_seqlens_q: _Tensor, cu_seqlens_k: _Tensor,
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
    if causal not in (None, "upper_left", "lower_right"):
        raise ValueError(f"attn.sdpa_varlen: expected causal to be None, 'upper_left' or 'lower_right', got {causal!r}")
    if cu_seqlens_q.dtype != cu_seqlens_k.dtype and {cu_seqlens_q.dtype, cu_seqlens_k.dtype} <= _BOUNDS_DTYPES:
        # Where they lie.
        cu_seqlens_q, cu_seqlens_k = cu_seqlens_q.to(torch.int64), cu_seqlens_k.to(torch.int64)
    arguments = (query, key, value, cu_seqlens_q, cu_seqlens_k)
    with_tangents = not torch.compiler.is_compiling() and forward_ad._current_level >= 0 and _torch.have_tangents(*arguments[:3])
    if with_tangents or torch.is_grad_enabled() and any(x.requires_grad for x in arguments[:3]):
        if not with_tangents:
            # What is wrong is said as without a gradient. Tangents would stay.
            with torch.no_grad():
                sdpa_varlen(query.detach(), key.detach(), value.detach(), cu_seqlens_q, cu_seqlens_k, False, scale, enable_gqa, causal,
                            window, softcap)
        named: dict[str, Any] = {"scale": scale, "enable_gqa": enable_gqa, "causal": causal, "window": window, "softcap": softcap}
        if _torch_dynamo.is_there():
            # Lengths are needed on the host: a graph ends here.
            from ._torch_untraced import by_parts as by_parts_untraced

            return by_parts_untraced(*arguments, **named)
        return by_parts(*arguments, **named)
    try:
        options = _torch.pack_options(scale, enable_gqa, causal, window, softcap, _torch.get_flags(query))
        return _VARLEN(*arguments, *options)  # type: ignore[no-any-return]
    except RuntimeError as raised:
        _torch.raise_kept(raised)


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


def _read_batch(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float,
                **others: Any) -> tuple[_Tensor, _Tensor, _Tensor, _Tensor, _Tensor]:
    """Jagged tensors as the first arguments of sdpa_varlen."""
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
    return q, k, v, offsets, key_offsets


def make_nested_request(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
                        scale: float | None = None, enable_gqa: bool = False, *, causal: str | None = None, window: Any = None,
                        softcap: float | None = None, **others: Any) -> _sdpa.Request:
    """What attn.sdpa is asked for with jagged tensors."""
    tensors = _read_batch(query, key, value, attn_mask, dropout_p, **others)
    q, k, v, *bounds = (_view_of_torch(tensor, name) for tensor, name in zip(tensors, ("query", "key", "value", "offsets", "offsets")))
    request = _varlen.make_request(q, k, v, is_causal, scale, enable_gqa, causal, window, softcap)
    return _varlen.with_bounds(request, (bounds[0], bounds[1]), ("offsets", "offsets"))


def sdpa_nested(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float, is_causal: bool, scale: float | None,
                enable_gqa: bool, causal: str | None, window: Any, softcap: float | None, **others: Any) -> Any:
    """attn.sdpa for jagged tensors; see there."""
    q, k, v, offsets, key_offsets = _read_batch(query, key, value, attn_mask, dropout_p, **others)
    output = sdpa_varlen(q, k, v, offsets, key_offsets, is_causal, scale, enable_gqa, causal, window, softcap)
    rows = output if query.dim() == 4 else output.squeeze(1)
    template = query.transpose(1, 2) if query.dim() == 4 and query._ragged_idx == 2 else query
    result = torch.nested.nested_tensor_from_jagged(rows, offsets, min_seqlen=template._maybe_min_seqlen,
                                                    max_seqlen=template._maybe_max_seqlen)
    return result.transpose(1, 2) if template is not query else result
