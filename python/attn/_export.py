# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ahead of time: a program of torch.export as a shared object with a C interface.

torch-mlir translates it, the compiler's fusion finds its attention, spelled out or
not, and all of it is lowered: PyTorch is not needed when it runs.
"""

from __future__ import annotations

import importlib.util
import os
import re
from typing import Any

import torch

from . import _library as _compiler
from . import _backends, _cuda, _torch, _torch_formula
from ._bias import LOWER_RIGHT, UPPER_LEFT

_Tensor = torch.Tensor


def _spell(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor | None, scale: float | None, enable_gqa: bool,
           causal: str | None, window: Any, softcap: float | None, sinks: _Tensor | None = None,
           key_lengths: _Tensor | None = None) -> _Tensor:
    """Attention by operations whose composition the compiler's fusion knows."""
    dtype = _torch_formula.compute_dtype(query.dtype)
    shape, _, _ = _torch_formula.broadcast_batch(query, key, value, enable_gqa)
    heads = shape[-3] if len(shape) > 2 else 1
    k, v = _torch_formula.repeat_heads(key, heads), _torch_formula.repeat_heads(value, heads)
    logits = (query @ k.transpose(-1, -2)).to(dtype) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    if attn_mask is not None and attn_mask.dtype != torch.bool:
        logits = logits + attn_mask.to(dtype)
    attends = _torch_formula.get_attended(logits, attn_mask, causal, window, key_lengths)
    if attends is not None:
        logits = logits.masked_fill(~attends, -torch.inf)
    if sinks is not None:
        sink = sinks.to(dtype)[:, None, None]
        largest = torch.maximum(logits.amax(-1, keepdim=True), sink)
        weights = torch.exp(logits - largest)
        weights = weights / (weights.sum(-1, keepdim=True) + torch.exp(sink - largest))
    elif attends is None:
        weights = torch.softmax(logits, -1)
    else:
        # Rows without keys are 0.
        weights = torch.ops.aten._safe_softmax(logits, -1)
    return weights.to(query.dtype) @ v


def _spell_pytorch(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
                   is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False) -> _Tensor:
    if dropout_p:
        raise ValueError("attn.compile_exported: the program drops out attention weights; export the model in eval mode")
    return _spell(query, key, value, attn_mask, scale, enable_gqa, UPPER_LEFT if is_causal else None, None, None)


def _spell_plain(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any, *options: Any) -> _Tensor:
    return _spell(query, key, value, attn_mask, *_torch._read_flags(*options))


def _spell_ours(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any = None, scale: float | None = None,
                enable_gqa: bool = False, causal: str | None = None, window: Any = None, softcap: float | None = None,
                sinks: Any = None, key_lengths: Any = None, score: str = "", keep: str = "", captures: Any = None,
                return_lse: bool = False) -> tuple[_Tensor, _Tensor]:
    if score or keep:
        raise ValueError("attn.compile_exported: score and mask functions of attn.sdpa cannot be translated; spell them out, "
                         "or use attn_mask")
    if return_lse:
        raise ValueError("attn.compile_exported: return_lse of attn.sdpa cannot be translated")
    output = _spell(query, key, value, attn_mask, scale, enable_gqa, causal, window, softcap, sinks, key_lengths)
    return output, output.new_empty((0,), dtype=_torch_formula.compute_dtype(query.dtype))


def _make_decompositions() -> dict[Any, Any]:
    ours = torch.ops.attn
    return {
        torch.ops.aten.scaled_dot_product_attention.default: _spell_pytorch,
        ours.sdpa.default: _spell_ours,
        **{operator: lambda query, key, value, *options: _spell_plain(query, key, value, None, *options)
           for operator in (ours.sdpa_dense.default, ours.sdpa_dense.flags)},
        ours.sdpa_masked.default: _spell_plain,
        ours.sdpa_masked.flags: _spell_plain,
    }


def _translate(program: Any) -> str:
    if importlib.util.find_spec("torch_mlir") is None:
        raise ImportError("attn.compile_exported: torch-mlir is needed to read exported programs, and is not installed")
    from torch_mlir import fx

    module = fx.export_and_import(program.run_decompositions(_make_decompositions()), output_type="linalg-on-tensors",
                                  func_name="main")
    # Attributes of dialects that the compiler does not have.
    return re.sub(r"\{torch\.[^}]*\} ?", "", str(module))


def compile_exported(program: Any, path: str | os.PathLike[str], *, header: str | os.PathLike[str] | None = None,
                     cpu: str = "native", backend: str = "auto", target: str = "cpu", gpu_arch: str | None = None) -> None:
    """attn.compile_exported; see there."""
    if target not in ("cpu", "cuda"):
        raise ValueError(f"attn.compile_exported: expected target to be 'cpu' or 'cuda', got {target!r}")
    if target == "cpu" and gpu_arch is not None:
        raise ValueError(f"attn.compile_exported: gpu_arch={gpu_arch!r} goes with target='cuda'")
    if target == "cuda" and gpu_arch is None:
        if not torch.cuda.is_available():
            raise ValueError("attn.compile_exported: there is no GPU here; say which with gpu_arch, as 'sm_90a'")
        gpu_arch = _cuda.get_arch(torch.cuda.current_device())
    if not isinstance(program, torch.export.ExportedProgram):
        raise TypeError(f"attn.compile_exported: expected what torch.export.export returns, got {type(program).__name__}")
    try:
        text = _translate(program)
    except (ImportError, ValueError):
        raise
    except Exception as error:
        # torch-mlir has classes of its own, and says what in its message.
        raise _compiler.CompileError(f"attn.compile_exported: the program cannot be translated: {error}") from error
    _compiler.compile_shared(text, backend, cpu, os.fspath(path), None if header is None else os.fspath(header), gpu_arch,
                             kernel_options=_backends.get_kernel_options(0, _compiler.F32, _cuda.allows_tf32()) if gpu_arch else "")
