# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention by PyTorch's own operations: gradients, dropout, and math on GPUs."""

from __future__ import annotations

from typing import Any

import torch

from . import _sdpa
from ._bias import LOWER_RIGHT

_Tensor = torch.Tensor


def broadcast_batch(query: _Tensor, key: _Tensor, value: _Tensor, enable_gqa: bool) -> tuple[Any, Any, Any]:
    """The shapes that the operands broadcast to."""
    if not enable_gqa:
        batch = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
        return (*batch, *query.shape[-2:]), (*batch, *key.shape[-2:]), (*batch, *value.shape[-2:])
    batch = torch.broadcast_shapes(query.shape[:-3], key.shape[:-3], value.shape[:-3])
    (heads,) = torch.broadcast_shapes(key.shape[-3:-2], value.shape[-3:-2])
    return (*batch, *query.shape[-3:]), (*batch, heads, *key.shape[-2:]), (*batch, heads, *value.shape[-2:])


def _positions(logits: _Tensor) -> tuple[_Tensor, _Tensor]:
    i = torch.arange(logits.shape[-2], device=logits.device).unsqueeze(-1)
    return i, torch.arange(logits.shape[-1], device=logits.device)


def get_attended(logits: _Tensor, attn_mask: Any, causal: str | None, window: Any, key_lengths: Any) -> _Tensor | None:
    """Where queries attend, broadcastable to the logits."""
    result: _Tensor | None = attn_mask if attn_mask is not None and attn_mask.dtype == torch.bool else None

    def add(condition: _Tensor) -> None:
        nonlocal result
        result = condition if result is None else result & condition

    i, j = _positions(logits)
    lengths = None if key_lengths is None else key_lengths.clamp(0, logits.shape[-1])[..., None, None, None]
    if causal == LOWER_RIGHT:
        i = i + (logits.shape[-1] if lengths is None else lengths) - logits.shape[-2]
    if causal is not None:
        add(j <= i)
    if window is not None:
        left, right = window
        if left >= 0:
            add(j >= i - left)
        if right >= 0:
            add(j <= i + right)
    if lengths is not None:
        add(j < lengths)
    return result


def repeat_heads(tensor: _Tensor, heads: int) -> _Tensor:
    # A single head of queries broadcasts.
    if tensor.dim() < 3 or heads in (1, tensor.shape[-3]):
        return tensor
    return tensor.repeat_interleave(heads // tensor.shape[-3], -3)


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def _normalize(logits: _Tensor, attends: _Tensor | None, sinks: Any) -> tuple[_Tensor, _Tensor]:
    """The softmax over the keys, and the log-sum-exp of each row as a column. Rows
    without keys have zeros, no gradient, and -inf."""
    if attends is not None:
        logits = logits.masked_fill(~attends, -torch.inf)
    all_logits = logits
    if sinks is not None:
        column = sinks.to(logits.dtype)[:, None, None].expand(*logits.shape[:-1], 1)
        all_logits = torch.cat([logits, column], -1)
    lse = torch.logsumexp(all_logits, -1, keepdim=True)
    empty = torch.isneginf(lse)
    return torch.exp(logits - lse.masked_fill(empty, 0)).masked_fill(empty, 0), lse


def by_formula(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any, scale: float | None, causal: str | None,
               window: Any, softcap: float | None, sinks: Any, key_lengths: Any, score_mod: Any, mask_mod: Any,
               dropout_p: float) -> tuple[_Tensor, _Tensor]:
    """Output and log-sum-exp by differentiable operations: what kernels cannot
    do yet, dropout and the gradients of score functions."""
    if not torch.compiler.is_compiling():
        _sdpa.check_numbers(scale, softcap)
    dtype = compute_dtype(query.dtype)
    heads = query.shape[-3] if query.dim() > 2 else 1
    q, k, v = query.to(dtype), repeat_heads(key.to(dtype), heads), repeat_heads(value.to(dtype), heads)
    logits = (q @ k.transpose(-1, -2)) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    if attn_mask is not None and attn_mask.dtype != torch.bool:
        logits = logits + attn_mask.to(dtype)
    attends = get_attended(logits, attn_mask, causal, window, key_lengths)
    if score_mod is not None or mask_mod is not None:
        i, j = _positions(logits)
        sizes = [logits.shape[d] if logits.dim() >= -d else 1 for d in (-4, -3)]
        b, h = (torch.arange(size, device=logits.device).view(-1, *[1] * count) for size, count in zip(sizes, (3, 2)))
        if logits.dim() < 4:
            b = b.view([])
        if logits.dim() < 3:
            h = h.view([])
        if score_mod is not None:
            logits = score_mod(logits, b, h, i, j)
        if mask_mod is not None:
            kept = mask_mod(b, h, i, j)
            attends = kept if attends is None else attends & kept
    weights, lse = _normalize(logits, attends, sinks)
    return (torch.nn.functional.dropout(weights, dropout_p) @ v).to(query.dtype), lse.squeeze(-1)


def _sum_to(gradient: _Tensor, like: _Tensor) -> _Tensor:
    return gradient.sum_to_size(like.shape).to(like.dtype)


def _sum_groups(gradient: _Tensor, shape: Any) -> _Tensor:
    """Sums the gradients of the heads that share a key head."""
    if gradient.dim() < 3 or gradient.shape[-3] == shape[-3]:
        return gradient
    return gradient.unflatten(-3, (shape[-3], gradient.shape[-3] // shape[-3])).sum(-3)


def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
    (query, key, value, attn_mask, scale, enable_gqa, causal, window, softcap, sinks, key_lengths, score, keep, captures,
     return_lse) = inputs
    ctx.save_for_backward(query, key, value, attn_mask, sinks, key_lengths)
    ctx.options = scale, enable_gqa, causal, window, softcap, return_lse
    ctx.has_regions = bool(score or keep)
    ctx.num_captures = None if captures is None else len(captures)


def backward(ctx: Any, output_gradient: Any, lse_gradient: Any) -> tuple[Any, ...]:
    """The gradient by recomputation: the logits exist as a whole."""
    if ctx.has_regions:
        raise RuntimeError("attn::sdpa: score and keep regions have no gradient here; attn.sdpa takes PyTorch's own operations "
                           "where a gradient is needed")
    query, key, value, attn_mask, sinks, key_lengths = ctx.saved_tensors
    scale, enable_gqa, causal, window, softcap, return_lse = ctx.options
    dtype = compute_dtype(query.dtype)
    query_shape, key_shape, value_shape = broadcast_batch(query, key, value, enable_gqa)
    heads = query_shape[-3] if len(query_shape) > 2 else 1
    q = query.to(dtype).expand(query_shape)
    k = repeat_heads(key.to(dtype).expand(key_shape), heads)
    v = repeat_heads(value.to(dtype).expand(value_shape), heads)
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    logits = (q @ k.transpose(-1, -2)) * factor
    slope = None
    if softcap is not None:
        t = torch.tanh(logits / softcap)
        logits, slope = softcap * t, 1 - t * t
    is_bias = attn_mask is not None and attn_mask.dtype != torch.bool
    if is_bias:
        logits = logits + attn_mask.to(dtype)
    attends = get_attended(logits, attn_mask, causal, window, key_lengths)
    weights, lse = _normalize(logits, attends, sinks)
    gradient = output_gradient.to(dtype)
    products = gradient @ v.transpose(-1, -2)
    # How much of a row's gradient its log-sum-exp carries.
    carried = (weights * products).sum(-1, keepdim=True)
    if return_lse and lse_gradient is not None:
        carried = carried - lse_gradient.to(dtype).unsqueeze(-1)
    logit_gradient = weights * (products - carried)
    product_gradient = (logit_gradient if slope is None else logit_gradient * slope) * factor
    result: list[Any] = [None] * 15
    result[0] = _sum_to(product_gradient @ k, query)
    result[1] = _sum_to(_sum_groups(product_gradient.transpose(-1, -2) @ q, key_shape), key)
    result[2] = _sum_to(_sum_groups(weights.transpose(-1, -2) @ gradient, value_shape), value)
    if is_bias and ctx.needs_input_grad[3]:
        result[3] = _sum_to(logit_gradient, attn_mask)
    if sinks is not None and ctx.needs_input_grad[9]:
        share = torch.exp(sinks.to(dtype)[:, None, None] - lse.masked_fill(torch.isneginf(lse), 0))
        result[9] = _sum_to((-share * carried).sum((-1, -2)), sinks)
    result[13] = None if ctx.num_captures is None else [None] * ctx.num_captures
    # PyTorch before 2.12 counts only the arguments that a call gave.
    return tuple(result[:len(ctx.needs_input_grad)])
