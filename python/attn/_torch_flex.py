# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Score and mask functions in graphs of torch.compile: as FlexAttention.

Dynamo follows functions there and makes graphs of them, so that they need no end of
the graph, and backend="attn" makes attn::sdpa of it (_flex.py). Other backends do not
see any of this: theirs would compile FlexAttention as far as it can.

What is no function stays what it is: a node before FlexAttention carries it
(attn::flex_operands), so that causal masks and windows become attributes of the
kernel, and lengths operands, rather than parts of functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from . import _torch_dynamo

_Tensor = torch.Tensor

# One block that holds everything, as for FlexAttention without a block mask.
WHOLE_BLOCK = 1 << 30


def takes_flex(backend: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a backend that makes attn::sdpa of FlexAttention."""
    backend._attn_takes_flex = True  # type: ignore[attr-defined]
    return backend


# While Dynamo traces; a graph is used by the backend alone that it was made for.
@_torch_dynamo.assume_constant_result
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


_library = torch.library.Library("attn", "FRAGMENT")
_library.define("flex_operands(Tensor query, Tensor? attn_mask, Tensor? key_lengths, str? causal, int[]? window, "
                "float? softcap) -> Tensor")


@torch.library.register_fake("attn::flex_operands", lib=_library)
def _flex_operands_fake(query: _Tensor, *_: Any) -> _Tensor:
    return torch.empty_like(query)


def sdpa(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor | None, scale: float | None, enable_gqa: bool,
         causal: str | None, window: Any, softcap: float | None, key_lengths: _Tensor | None, score_mod: Any, mask_mod: Any,
         shapes: tuple[Any, Any, Any]) -> _Tensor:
    """What attn.sdpa computes, for operands that broadcast to the shapes."""
    # It imports Dynamo, which is there when this is called.
    from torch.nn.attention.flex_attention import BlockMask, flex_attention

    operands = [x if tuple(x.shape) == tuple(shape) else x.expand(shape) for x, shape in zip((query, key, value), shapes)]
    rank = operands[0].dim()
    q, k, v = map(_to_rank_4, operands)
    if any(option is not None for option in (attn_mask, key_lengths, causal, window, softcap)):
        if attn_mask is not None:
            attn_mask = _to_rank_4(attn_mask)
        if key_lengths is not None:
            key_lengths = key_lengths.reshape(-1)
        # Never called: _flex.py takes it out again.
        q = torch.ops.attn.flex_operands.default(q, attn_mask, key_lengths, causal, window, softcap)
    blocks = None
    if mask_mod is not None:
        blocks = BlockMask.from_kv_blocks(
            torch.ones([1, 1, 1], dtype=torch.int32, device=query.device),
            torch.zeros([1, 1, 1, 1], dtype=torch.int32, device=query.device), BLOCK_SIZE=WHOLE_BLOCK, seq_lengths=(1, 1),
            mask_mod=mask_mod)
    output = flex_attention(q, k, v, score_mod=score_mod, block_mask=blocks, scale=scale, enable_gqa=enable_gqa)
    return output.reshape(output.shape[4 - rank :]) if rank < 4 else output
