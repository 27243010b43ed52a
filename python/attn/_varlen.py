# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention of sequences that lie behind one another, without padding."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from . import _cuda, _sdpa
from ._arguments import DTYPE_NAMES, View, numpy_of, view_of, with_contiguous_rows
from ._cuda import CPU
from ._library import I32, I64


def _check_bounds(request: _sdpa.Request, bounds: tuple[View, View], names: tuple[str, str]) -> None:
    """What cu_seqlens are, but for their numbers."""
    for view, name in zip(bounds, names):
        if view.dtype not in (I32, I64):
            raise TypeError(f"attn.sdpa_varlen: {name} is {DTYPE_NAMES[view.dtype]}; expected int32 or int64")
        if len(view.shape) != 1 or view.shape[0] < 1:
            raise ValueError(f"attn.sdpa_varlen: expected {name} of one dimension and an element at least, got shape "
                             f"{list(view.shape)}")
        _sdpa.check_devices(request.query.device, [(name, view)])
    if bounds[0].shape != bounds[1].shape:
        raise ValueError(f"attn.sdpa_varlen: cu_seqlens_q is of {bounds[0].shape[0] - 1} sequences, cu_seqlens_k of "
                         f"{bounds[1].shape[0] - 1}")
    if bounds[0].dtype != bounds[1].dtype:
        raise TypeError(f"attn.sdpa_varlen: cu_seqlens_q is {DTYPE_NAMES[bounds[0].dtype]}, cu_seqlens_k "
                        f"{DTYPE_NAMES[bounds[1].dtype]}; kernels take one dtype")


def _numbers_of(bounds: View) -> Any:
    return numpy_of(bounds).view("int32" if bounds.dtype == I32 else "int64")


def check_numbers(numbers: Sequence[int], total: int, name: str) -> None:
    """Checks cu_seqlens: 0, the end of each sequence, the last of them the total."""
    if numbers[0] != 0 or numbers[-1] != total or any(a > b for a, b in zip(numbers, numbers[1:])):
        raise ValueError(f"attn.sdpa_varlen: expected {name} to rise from 0 to {total}, the number of rows, got {numbers}")


def with_bounds(request: _sdpa.Request, bounds: tuple[View, View], names: tuple[str, str]) -> _sdpa.Request:
    """The request with cu_seqlens for queries and keys. Those of a GPU are not read: what
    their numbers are is for the caller to know."""
    _check_bounds(request, bounds, names)
    if request.query.device == CPU:
        totals = request.query.shape[1], request.key.shape[1]
        for view, total, name in zip(bounds, totals, names):
            check_numbers(_numbers_of(view).tolist(), total, name)
    return dataclasses.replace(request, cu_seqlens=(with_contiguous_rows(bounds[0]), with_contiguous_rows(bounds[1])))


def _by_heads(view: View) -> View:
    """Rows of [T, H, D] as [H, T, D]."""
    (rows, heads, size), (row, head, column) = view.shape, view.strides
    return View(view.address, (heads, rows, size), (head, row, column), view.dtype, view.owner, view.device)


def _check(query: View, key: View, value: View) -> None:
    for name, view in [("query", query), ("key", key), ("value", value)]:
        if len(view.shape) != 3:
            raise ValueError(f"attn.sdpa_varlen: expected {name} as [rows, heads, size], got shape {list(view.shape)}")
    if key.shape[0] != value.shape[0]:
        raise ValueError(f"attn.sdpa_varlen: key has {key.shape[0]} rows, value {value.shape[0]}")


def get_output_shape(query: View, value: View) -> tuple[int, ...]:
    return (*query.shape[:2], value.shape[2])


def run(request: _sdpa.Request, output: View) -> None:
    """Computes all sequences of a request into [T, H, D]."""
    _sdpa.run(_sdpa.make_plan(request), request, _by_heads(output), None)


def make_request(query: View, key: View, value: View, is_causal: bool, scale: float | None, enable_gqa: bool,
                 causal: str | None, window: Any, softcap: float | None) -> _sdpa.Request:
    _check(query, key, value)
    if is_causal:
        if causal not in (None, "upper_left"):
            raise ValueError(f"attn.sdpa_varlen: is_causal=True means causal='upper_left', got causal={causal!r}")
        causal = "upper_left"
    if causal not in (None, "upper_left", "lower_right"):
        raise ValueError(f"attn.sdpa_varlen: expected causal to be None, 'upper_left' or 'lower_right', got {causal!r}")
    q, k, v = (_by_heads(with_contiguous_rows(view)) for view in (query, key, value))
    return _sdpa.Request(q, k, v, None, scale, enable_gqa, causal, _sdpa.read_window(window), softcap,
                         wants_tf32=_cuda.wants_tf32(q.device, q.dtype))


def sdpa_varlen(query: Any, key: Any, value: Any, cu_seqlens_q: Any, cu_seqlens_k: Any, *options: Any) -> Any:
    """attn.sdpa_varlen for what is no tensor of PyTorch; see there."""
    from ._numpy import _allocate

    q, k, v = view_of(query, "query"), view_of(key, "key"), view_of(value, "value")
    request = make_request(q, k, v, *options)
    names = "cu_seqlens_q", "cu_seqlens_q" if cu_seqlens_k is None else "cu_seqlens_k"
    bounds = view_of(cu_seqlens_q, names[0])
    key_bounds = bounds if cu_seqlens_k is None else view_of(cu_seqlens_k, names[1])
    if (bounds.dtype, key_bounds.dtype) in ((I32, I64), (I64, I32)):
        bounds, key_bounds = (view_of(_numbers_of(view).astype("int64"), name) for view, name in zip((bounds, key_bounds), names))
    request = with_bounds(request, (bounds, key_bounds), names)
    output, view = _allocate(get_output_shape(q, v), q.dtype)
    run(request, view)
    return output


def split(bounds: Sequence[int]) -> list[int]:
    """The lengths of sequences."""
    return [end - begin for begin, end in zip(bounds, bounds[1:])]
