# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Score and mask functions in graphs of torch.compile: as FlexAttention.

Dynamo follows functions there and makes graphs of them, so that they need no end of
the graph, and backend="attn" makes attn::sdpa of it (_flex.py). Other backends do not
see any of this: theirs would compile FlexAttention as far as it can.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from ._bias import LOWER_RIGHT

_Tensor = torch.Tensor

# One block that holds everything, as for FlexAttention without a block mask.
WHOLE_BLOCK = 1 << 30


def takes_flex(backend: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a backend that makes attn::sdpa of FlexAttention."""
    backend._attn_takes_flex = True  # type: ignore[attr-defined]
    return backend


# While Dynamo traces; a graph is used by the backend alone that it was made for.
@torch.compiler.assume_constant_result
def _is_for_us() -> bool:
    try:
        from torch._dynamo.symbolic_convert import InstructionTranslator

        backend: Any = InstructionTranslator.current_tx().output.compiler_fn
    except (ImportError, AttributeError):
        return False
    while backend is not None and not hasattr(backend, "_attn_takes_flex"):
        # PyTorch's wrappers around it.
        backend = getattr(backend, "compiler_fn", None) or getattr(backend, "_torchdynamo_orig_backend", None)
    return backend is not None


def can_express(query: _Tensor, sinks: Any, return_lse: bool) -> bool:
    return sinks is None and not return_lse and query.dtype != torch.float64 and _is_for_us()


def _to_rank_4(tensor: _Tensor) -> _Tensor:
    return tensor if tensor.dim() == 4 else tensor.reshape((1,) * (4 - tensor.dim()) + tuple(tensor.shape))


def _make_reader(tensor: _Tensor) -> Callable[..., Any]:
    """Elements of a tensor that broadcasts to [B, H, Lq, Lk], or to [B]."""
    ones = [size == 1 for size in tensor.shape]
    return lambda *indices: tensor[tuple(0 if one else index for one, index in zip(ones, indices))]


def _compose_score(attn_mask: _Tensor | None, softcap: float | None, score_mod: Any) -> Callable[..., Any] | None:
    if softcap is None and attn_mask is None:
        return score_mod  # type: ignore[no-any-return]
    read = None if attn_mask is None else _make_reader(attn_mask)

    def score(x: Any, b: Any, h: Any, i: Any, j: Any) -> Any:
        if softcap is not None:
            x = softcap * torch.tanh(x / softcap)
        if read is not None:
            x = x + read(b, h, i, j)
        return x if score_mod is None else score_mod(x, b, h, i, j)

    return score


def _compose_mask(attn_mask: _Tensor | None, causal: str | None, window: Any, key_lengths: _Tensor | None, mask_mod: Any,
                  num_queries: Any, num_keys: Any) -> Callable[..., Any] | None:
    if attn_mask is None and causal is None and window is None and key_lengths is None:
        return mask_mod  # type: ignore[no-any-return]
    read = None if attn_mask is None else _make_reader(attn_mask)
    read_length = None if key_lengths is None else _make_reader(key_lengths)
    is_lower_right = causal == LOWER_RIGHT
    left, right = (-1, -1) if window is None else window

    def mask(b: Any, h: Any, i: Any, j: Any) -> Any:
        kept = []
        length = num_keys if read_length is None else read_length(b)
        if read_length is not None:
            kept.append(j < length)
        place = i + (length - num_queries) if is_lower_right else i
        if causal is not None:
            kept.append(j <= place)
        if left >= 0:
            kept.append(j >= place - left)
        if right >= 0:
            kept.append(j <= place + right)
        if read is not None:
            kept.append(read(b, h, i, j))
        if mask_mod is not None:
            kept.append(mask_mod(b, h, i, j))
        result = kept[0]
        for other in kept[1:]:
            result = result & other
        return result

    return mask


def sdpa(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor | None, scale: float | None, enable_gqa: bool,
         causal: str | None, window: Any, softcap: float | None, key_lengths: _Tensor | None, score_mod: Any, mask_mod: Any,
         shapes: tuple[Any, Any, Any]) -> _Tensor:
    """What attn.sdpa computes, for operands that broadcast to the shapes."""
    operands = [x if tuple(x.shape) == tuple(shape) else x.expand(shape) for x, shape in zip((query, key, value), shapes)]
    rank = operands[0].dim()
    if attn_mask is not None:
        attn_mask = _to_rank_4(attn_mask)
    if key_lengths is not None:
        key_lengths = key_lengths.clamp(0, key.shape[-2]).reshape(-1)
    is_mask = attn_mask is not None and attn_mask.dtype == torch.bool
    score = _compose_score(None if is_mask else attn_mask, softcap, score_mod)
    mask = _compose_mask(attn_mask if is_mask else None, causal, window, key_lengths, mask_mod, query.shape[-2], key.shape[-2])
    blocks = None
    if mask is not None:
        blocks = BlockMask.from_kv_blocks(
            torch.ones([1, 1, 1], dtype=torch.int32, device=query.device),
            torch.zeros([1, 1, 1, 1], dtype=torch.int32, device=query.device), BLOCK_SIZE=WHOLE_BLOCK, seq_lengths=(1, 1),
            mask_mod=mask)
    q, k, v = map(_to_rank_4, operands)
    output = flex_attention(q, k, v, score_mod=score, block_mask=blocks, scale=scale, enable_gqa=enable_gqa)
    return output.reshape(output.shape[4 - rank :]) if rank < 4 else output
