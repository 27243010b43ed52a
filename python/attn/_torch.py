# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention of PyTorch's tensors: the operator attn::sdpa and its gradient."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from typing import Any, NoReturn, Optional

import torch
from torch.autograd import forward_ad

from . import _library as _compiler
from . import _backends, _cuda, _sdpa, _torch_dynamo, _torch_flex, _torch_formula
from ._arguments import View, _view_of_torch, check_layout, torch_dtypes
from ._bias import LOWER_RIGHT, UPPER_LEFT, read_bias
from ._library import F64
from ._symbols import Captures, trace

_DTYPES = torch_dtypes()
_Tensor = torch.Tensor

_library = torch.library.Library("attn", "DEF")
_library.define(
    "sdpa(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float? scale=None, bool enable_gqa=False, "
    "str? causal=None, int[]? window=None, float? softcap=None, Tensor? sinks=None, Tensor? key_lengths=None, "
    "str score='', str keep='', Tensor[]? captures=None, bool return_lse=False) -> (Tensor, Tensor)")

# What most calls need, in types that cost little and without a gradient. Their
# kernels are C++ (lib/CAPI/Torch.cpp) and leave to sdpa_anew what they do not know.
_PLAIN_OPTIONS = "int flags, float scale, float softcap, int left, int right"
_NO_OPTIONS = (0.0, 0.0, -1, -1)
_library.define(f"sdpa_dense(Tensor query, Tensor key, Tensor value, {_PLAIN_OPTIONS}) -> Tensor")
_library.define(f"sdpa_masked(Tensor query, Tensor key, Tensor value, Tensor attn_mask, {_PLAIN_OPTIONS}) -> Tensor")
# Where nothing but flags counts: PyTorch takes 0.2 us for each argument of a call.
_library.define("sdpa_dense.flags(Tensor query, Tensor key, Tensor value, int flags) -> Tensor")
_library.define("sdpa_masked.flags(Tensor query, Tensor key, Tensor value, Tensor attn_mask, int flags) -> Tensor")
_library.define(f"sdpa_anew(Tensor query, Tensor key, Tensor value, Tensor attn_mask, {_PLAIN_OPTIONS}) -> Tensor")
# Of rows of sequences; in Python they are _torch_varlen.py's.
_VARLEN = "Tensor query, Tensor key, Tensor value, Tensor cu_seqlens_q, Tensor cu_seqlens_k"
_library.define(f"sdpa_varlen({_VARLEN}, {_PLAIN_OPTIONS}) -> Tensor")
_library.define(f"sdpa_varlen_anew({_VARLEN}, {_PLAIN_OPTIONS}) -> Tensor")
_SCALE, _UPPER_LEFT, _LOWER_RIGHT, _GQA, _SOFTCAP, _WINDOW, _MASK, _IS_VARLEN, _TF32 = (1 << bit for bit in range(9))


_Options = tuple[Optional[float], bool, Optional[str], Optional[tuple[int, int]], Optional[float]]


def _read_flags(flags: int = 0, scale: float = 0.0, softcap: float = 0.0, left: int = -1, right: int = -1) -> _Options:
    """What a plain call asks for: scale, enable_gqa, causal, window, softcap."""
    causal = UPPER_LEFT if flags & _UPPER_LEFT else LOWER_RIGHT if flags & _LOWER_RIGHT else None
    return (scale if flags & _SCALE else None, bool(flags & _GQA), causal, (left, right) if flags & _WINDOW else None,
            softcap if flags & _SOFTCAP else None)


def _is_swapped(rank: int) -> bool:
    """Whether outputs lie in memory as [B, L, H, D], so that transposing them
    back for the next projection costs nothing."""
    return rank >= 4


def _allocate(shape: Any, dtype: torch.dtype, device: Any) -> _Tensor:
    if not _is_swapped(len(shape)):
        return torch.empty(shape, dtype=dtype, device=device)
    *batch, heads, queries, size = shape
    return torch.empty((*batch, queries, heads, size), dtype=dtype, device=device).transpose(-2, -3)


def _view(tensor: _Tensor | None, name: str) -> View | None:
    return None if tensor is None else _view_of_torch(tensor, name)


def _run(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any = None, scale: float | None = None,
         enable_gqa: bool = False, causal: str | None = None, window: Any = None, softcap: float | None = None,
         sinks: Any = None, key_lengths: Any = None, score: str = "", keep: str = "", captures: Any = None,
         return_lse: bool = False, functions: Any = (None, None)) -> tuple[_Tensor, _Tensor | None]:
    """Computes it now: what runs for the operator on the CPU and on CUDA. `functions`
    are what the regions were traced from, where they are at hand."""
    return _compute(query, key, value, attn_mask, scale, enable_gqa, causal, window, softcap, sinks, key_lengths, score,
                    keep, captures, return_lse, functions)[1:]


def _compute(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any, scale: float | None, enable_gqa: bool,
             causal: str | None, window: Any, softcap: float | None, sinks: Any = None, key_lengths: Any = None,
             score: str = "", keep: str = "", captures: Any = None, return_lse: bool = False,
             functions: Any = (None, None), wants_tf32: bool | None = None) -> tuple[_sdpa.Plan, _Tensor, _Tensor | None]:
    q = _view_of_torch(query, "query")
    mask = _view(attn_mask, "attn_mask")
    if mask is not None and mask.strides[-1:] == (0,) and mask.shape[-1:] == key.shape[-2:-1]:
        mask = View(mask.address, (*mask.shape[:-1], 1), mask.strides, mask.dtype, mask.owner, mask.device)
    request = _sdpa.Request(
        q, _view(key, "key"), _view(value, "value"), mask, scale, enable_gqa,  # type: ignore[arg-type]
        causal, None if window is None else tuple(window), softcap, None, None, _view(sinks, "sinks"),
        _view(key_lengths, "key_lengths"), return_lse,
        regions=(score, keep, [_view(capture, "a captured tensor") for capture in captures or ()])  # type: ignore[misc]
        if score or keep else None,
        wants_tf32=_cuda.wants_tf32(q.device, q.dtype) if wants_tf32 is None else wants_tf32)
    plan = _sdpa.make_plan(request)
    is_formula = plan.get_program() is None
    if is_formula and (score or keep) and functions == (None, None):
        raise _backends.BackendError({
            **_backends.get_obstacles(plan.text, plan.device),
            "math": "on a GPU it is a formula of PyTorch's, which calls score and mask functions: it cannot read the regions of "
                    "torch.ops.attn.sdpa"})
    output = _allocate(plan.output_shape, query.dtype, query.device)
    if is_formula:
        with torch.no_grad(), torch.autocast(query.device.type, enabled=False):
            result, formula_lse = _torch_formula.by_formula(query, key, value, attn_mask, scale, causal, window, softcap, sinks,
                                                            key_lengths, functions[0], functions[1], 0.0)
        return plan, output.copy_(result), formula_lse if return_lse else None
    output_view = View(output.data_ptr(), plan.output_shape, output.stride(), plan.kernel.dtype, output, plan.device)
    if not return_lse:
        _sdpa.run(plan, request, output_view, None)
        return plan, output, None
    lse_dtype = torch.float64 if plan.kernel.dtype == F64 else torch.float32
    lse = torch.empty(plan.lse_shape, dtype=lse_dtype, device=query.device)
    _sdpa.run(plan, request, output_view, View(lse.data_ptr(), plan.lse_shape, lse.stride(), plan.lse_dtype, lse, plan.device))
    return plan, output, lse


def pack_options(scale: float | None, enable_gqa: bool, causal: str | None, window: Any, softcap: float | None,
                 flags: int = 0) -> tuple[int, float, float, int, int]:
    """What `_read_flags` reads: flags, scale, softcap, left, right."""
    if causal is not None:
        flags |= _UPPER_LEFT if causal == UPPER_LEFT else _LOWER_RIGHT
    if enable_gqa:
        flags |= _GQA
    if scale is not None:
        flags |= _SCALE
    if softcap is not None:
        flags |= _SOFTCAP
    left, right = -1, -1
    if window is not None:
        left, right = window
        flags |= _WINDOW
    return flags, scale or 0.0, softcap or 0.0, left, right


# Dynamo's graphs are for the precision that it guards.
@_torch_dynamo.assume_constant_result
def _allows_tf32() -> bool:
    return _cuda.allows_tf32()


def get_flags(query: _Tensor) -> int:
    """The flags that come of PyTorch's settings."""
    return _TF32 if query.dtype is torch.float32 and query.is_cuda and _allows_tf32() else 0


_failure = threading.local()


def _sdpa_anew(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor, flags: int, scale: float,
               softcap: float, left: int, right: int) -> _Tensor:
    """What the kernels in C++ call when they do not know a program. Errors are
    kept for the caller: exceptions do not pass through them."""
    mask = attn_mask if flags & _MASK else None
    try:
        plan, output, _ = _compute(query, key, value, mask, *_read_flags(flags, scale, softcap, left, right),
                                   wants_tf32=bool(flags & _TF32))
    except Exception as error:
        return keep_failure(error)
    shapes = (tuple(query.shape), tuple(key.shape), tuple(value.shape))
    # Where nothing broadcasts but the mask.
    if shapes == (plan.query_shape, plan.key_shape, plan.value_shape):
        tensors = (query, key, value) if mask is None else (query, key, value, mask)
        remember(plan, flags & ~_MASK, softcap, left, right,
                 *(word for tensor in tensors for word in (_DTYPES[tensor.dtype], tensor.dim(), *tensor.shape)))
    return output


def keep_failure(error: Exception) -> _Tensor:
    """What an operator returns that kernels in C++ call, where it fails."""
    _failure.error = error
    _compiler.set_torch_error(str(error) or type(error).__name__)
    return torch.empty(0, dtype=torch.bool)


def remember(plan: _sdpa.Plan, flags: int, softcap: float, left: int, right: int, *words: int) -> None:
    """Lets the kernels in C++ run the plan's program, if there is one, for what has the
    words of its tensors."""
    program = plan.get_program()
    if program is not None and not _backends.is_restricted():
        bits = struct.unpack("q", struct.pack("d", softcap))[0]
        _compiler.remember_torch_call(program, (flags, bits, left, right, plan.device, *words))


def check_failure(output: _Tensor) -> _Tensor:
    error = _take_failure()
    if error is not None:
        raise error
    return output


def _sdpa_dense(query: _Tensor, key: _Tensor, value: _Tensor, flags: int, *options: Any) -> _Tensor:
    return check_failure(_sdpa_anew(query, key, value, query, flags, *(options or _NO_OPTIONS)))


def _sdpa_masked(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor, flags: int, *options: Any) -> _Tensor:
    return check_failure(_sdpa_anew(query, key, value, attn_mask, flags | _MASK, *(options or _NO_OPTIONS)))


def _implement_plain(key: str, is_in_cpp: bool) -> None:
    _library.impl("sdpa_anew", _sdpa_anew, key)
    if not is_in_cpp:
        for overload in ("", ".flags"):
            _library.impl("sdpa_dense" + overload, _sdpa_dense, key)
            _library.impl("sdpa_masked" + overload, _sdpa_masked, key)


_libraries = os.path.join(torch.__path__[0], "lib")
# Where kernels are C++.
IN_CPP = {"CPU": _compiler.register_torch(os.path.join(_libraries, "libtorch_cpu.so"))}
IN_CPP["CUDA"] = _compiler.register_torch_cuda(os.path.join(_libraries, "libtorch_cuda.so"))
for _key, _is_in_cpp in IN_CPP.items():
    _implement_plain(_key, _is_in_cpp)


def _take_failure() -> Exception | None:
    error: Exception | None = getattr(_failure, "error", None)
    _failure.error = None
    return error


def raise_kept(raised: RuntimeError) -> NoReturn:
    """Raises what an operator failed with, which came through C++ as `raised`."""
    error = _take_failure()
    if error is not None and str(error) in str(raised):
        raise error from None
    raise raised


# Looked up once: their names cost as much as a tensor.
_DENSE, _MASKED = torch.ops.attn.sdpa_dense.default, torch.ops.attn.sdpa_masked.default
_DENSE_FLAGS, _MASKED_FLAGS = torch.ops.attn.sdpa_dense.flags, torch.ops.attn.sdpa_masked.flags


def _run_plain(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor | None, scale: float | None,
               enable_gqa: bool, causal: str | None, window: Any, softcap: float | None) -> _Tensor:
    """By the operators without a gradient."""
    options = pack_options(scale, enable_gqa, causal, window, softcap, get_flags(query))
    flags = options[0]
    try:
        if not flags & (_SCALE | _SOFTCAP | _WINDOW):
            if attn_mask is None:
                return _DENSE_FLAGS(query, key, value, flags)  # type: ignore[no-any-return]
            return _MASKED_FLAGS(query, key, value, attn_mask, flags)  # type: ignore[no-any-return]
        if attn_mask is None:
            return _DENSE(query, key, value, *options)  # type: ignore[no-any-return]
        return _MASKED(query, key, value, attn_mask, *options)  # type: ignore[no-any-return]
    except RuntimeError as raised:
        for tensor, name in (query, "query"), (key, "key"), (value, "value"), (attn_mask, "attn_mask"):
            if tensor is not None:
                check_layout(tensor, name)
        raise_kept(raised)


def _sdpa_now(*arguments: Any, **options: Any) -> tuple[_Tensor, _Tensor]:
    output, lse = _run(*arguments, **options)
    if lse is None:
        lse = output.new_empty(0, dtype=torch.float64 if output.dtype == torch.float64 else torch.float32)
    return output, lse


_library.impl("sdpa", _sdpa_now, "CPU")
_library.impl("sdpa", _sdpa_now, "CUDA")


def _check_operands(query: _Tensor, key: _Tensor, value: _Tensor) -> None:
    """What can be said of symbolic shapes."""
    if not query.dtype == key.dtype == value.dtype:
        raise TypeError(f"attn.sdpa: query, key and value need one dtype, got {query.dtype}, {key.dtype} and {value.dtype}")
    torch._check(query.dim() >= 2 and key.dim() >= 2 and value.dim() >= 2, lambda: "attn.sdpa: two dimensions at least")
    torch._check(query.shape[-1] == key.shape[-1], lambda: "attn.sdpa: query and key need the same last dimension")
    torch._check(key.shape[-2] == value.shape[-2], lambda: "attn.sdpa: key and value need the same length")


@torch.library.register_fake("attn::sdpa", lib=_library)
def _sdpa_fake(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any = None, scale: Any = None,
               enable_gqa: bool = False, causal: Any = None, window: Any = None, softcap: Any = None, sinks: Any = None,
               key_lengths: Any = None, score: str = "", keep: str = "", captures: Any = None,
               return_lse: bool = False) -> tuple[_Tensor, _Tensor]:
    _check_operands(query, key, value)
    shape, _, value_shape = _torch_formula.broadcast_batch(query, key, value, enable_gqa)
    shape = (*shape[:-1], value_shape[-1])
    lse_dtype = torch.float64 if query.dtype == torch.float64 else torch.float32
    lse = torch.empty(shape[:-1] if return_lse else (0,), dtype=lse_dtype, device=query.device)
    return _allocate(shape, query.dtype, query.device), lse


def _plain_fake(query: _Tensor, key: _Tensor, value: _Tensor, flags: int) -> _Tensor:
    return _sdpa_fake(query, key, value, enable_gqa=bool(flags & _GQA))[0]


@torch.library.register_fake("attn::sdpa_dense.flags", lib=_library)
@torch.library.register_fake("attn::sdpa_dense", lib=_library)
def _sdpa_dense_fake(query: _Tensor, key: _Tensor, value: _Tensor, flags: int, *options: Any) -> _Tensor:
    return _plain_fake(query, key, value, flags)


@torch.library.register_fake("attn::sdpa_masked.flags", lib=_library)
@torch.library.register_fake("attn::sdpa_masked", lib=_library)
def _sdpa_masked_fake(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: _Tensor, flags: int, *options: Any) -> _Tensor:
    return _plain_fake(query, key, value, flags)


torch.library.register_autograd("attn::sdpa", _torch_formula.backward, setup_context=_torch_formula.setup_context, lib=_library)


#===--- What users call ------------------------------------------------------===#


def _is_plain(*tensors: Any) -> bool:
    """Whether the tensors can be computed with at once: nobody watches."""
    if torch._C._len_torch_dispatch_stack() or torch._C._functorch.peek_interpreter_stack() is not None:
        return False
    wants_gradient = torch.is_grad_enabled()
    # PyTorch computes what is negated late, or zero without memory, before an operator.
    return all(
        tensor is None or type(tensor) in (torch.Tensor, torch.nn.Parameter) and (tensor.is_cpu or tensor.is_cuda)
        and not (wants_gradient and tensor.requires_grad) and not tensor.is_neg() and not tensor._is_zerotensor()
        for tensor in tensors)


# Dynamo has the transforms of what it traces active, and guards them.
@_torch_dynamo.assume_constant_result
def _is_transformed() -> bool:
    """Whether this runs under torch.func's grad, vmap and the like."""
    return torch._C._functorch.peek_interpreter_stack() is not None


class _TracedTensors(Captures):
    """Captures whose arrays are tensors, however they came."""

    def tensors(self) -> list[_Tensor]:
        return [array if isinstance(array, torch.Tensor) else torch.as_tensor(array) for array in self.arrays]


def trace_mods(query: _Tensor, rank: int, score_mod: Any, mask_mod: Any) -> tuple[str, str, list[_Tensor]]:
    if rank > 4:
        raise ValueError(f"attn.sdpa: score_mod and mask_mod take one batch dimension, got {rank - 3}")
    real = "f64" if query.dtype == torch.float64 else "f32"
    captures = _TracedTensors()
    score, keep = (
        trace(function, is_score, real, max(rank - 3, 0), rank > 2, captures) if function is not None else ""
        for function, is_score in [(score_mod, True), (mask_mod, False)])
    return score, keep, captures.tensors()


def have_tangents(*tensors: Any) -> bool:
    """Whether a derivative in forward mode is wanted, which operators do not have. Not for
    graphs: Dynamo follows no duals."""
    return any(tensor is not None and forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors)


def _captures_need_gradient(*functions: Any) -> bool:
    """Whether a function closes over a tensor that wants a gradient."""
    for function in functions:
        for cell in getattr(function, "__closure__", None) or ():
            content = cell.cell_contents
            if isinstance(content, torch.Tensor) and content.requires_grad:
                return True
    return False


def cast_for_autocast(*operands: _Tensor) -> tuple[_Tensor, ...]:
    """The operands as PyTorch's autocast casts those of its own attention."""
    device = operands[0].device.type
    # The only devices with kernels: Dynamo of PyTorch 2.11 cannot ask which have autocast.
    if device not in ("cpu", "cuda") or not torch.is_autocast_enabled(device):
        return operands
    lower = torch.get_autocast_dtype(device)
    return tuple(x.to(lower) if x.is_floating_point() and x.dtype != torch.float64 else x for x in operands)


def sdpa(query: _Tensor, key: _Tensor, value: _Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
         is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False, *, causal: str | None = None,
         window: Any = None, softcap: float | None = None, score_mod: Callable[..., Any] | None = None,
         mask_mod: Callable[..., Any] | None = None, sinks: Any = None, key_lengths: Any = None,
         return_lse: bool = False) -> Any:
    """attn.sdpa for tensors; see there. What a plain call does not need costs it little."""
    if not (isinstance(key, torch.Tensor) and isinstance(value, torch.Tensor)):
        name, given = ("value", value) if isinstance(key, torch.Tensor) else ("key", key)
        raise TypeError(f"attn.sdpa: query is a tensor of PyTorch, {name} is {type(given).__name__}")
    if key.is_nested or value.is_nested:
        raise TypeError(f"attn.sdpa: {'key' if key.is_nested else 'value'} is a nested tensor, query is a dense one; all of them or none "
                        "are nested")
    if causal not in (None, UPPER_LEFT, LOWER_RIGHT):
        raise ValueError(f"attn.sdpa: expected causal to be None, 'upper_left' or 'lower_right', got {causal!r}")
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attn.sdpa: attn_mask and is_causal=True exclude each other; causal='upper_left' goes with a mask")
        if causal == LOWER_RIGHT:
            raise ValueError("attn.sdpa: is_causal=True means causal='upper_left', got causal='lower_right'")
        causal = UPPER_LEFT
    if attn_mask is not None:
        bias = read_bias(attn_mask)
        if bias is not None:
            if causal is not None:
                raise ValueError("attn.sdpa: attn_mask is causal already; leave causal out")
            bias.check(query.shape, key.shape)
            causal, attn_mask = bias.variant, None
        elif not isinstance(attn_mask, torch.Tensor):
            raise TypeError(f"attn.sdpa: expected attn_mask to be a tensor or a causal bias, got {type(attn_mask).__name__}")
    if window is not None:
        window = list(_sdpa.read_window(window) or ())
    if torch._C._is_any_autocast_enabled():
        query, key, value = cast_for_autocast(query, key, value)
    if scale is not None and not isinstance(scale, float):
        scale = _sdpa.read_number(scale, "scale")
    if softcap is not None and not isinstance(softcap, float):
        softcap = _sdpa.read_number(softcap, "softcap")
    if dropout_p != 0.0 and not (hasattr(dropout_p, "__float__") and 0.0 <= dropout_p <= 1.0):
        raise ValueError(f"attn.sdpa: expected dropout_p between 0 and 1, got {dropout_p!r}")
    if sinks is not None or key_lengths is not None:
        for name, given in ("sinks", sinks), ("key_lengths", key_lengths):
            if given is not None and not isinstance(given, torch.Tensor):
                raise TypeError(f"attn.sdpa: expected {name} to be a tensor, as query is, got {type(given).__name__}")
    is_compiling = torch.compiler.is_compiling()
    has_mods = score_mod is not None or mask_mod is not None
    if dropout_p > 0.0 or not is_compiling and forward_ad._current_level >= 0 and have_tangents(
            query, key, value, attn_mask, sinks) or has_mods and torch.is_grad_enabled() and (
            any(x is not None and x.requires_grad for x in (query, key, value, attn_mask, sinks))
            or _captures_need_gradient(score_mod, mask_mod)):
        output, lse = _torch_formula.by_formula(query, key, value, attn_mask, scale, causal, window, softcap, sinks, key_lengths,
                                  score_mod, mask_mod, dropout_p)
        return (output, lse) if return_lse else output
    if sinks is None and key_lengths is None and not has_mods and not return_lse:
        wanted = torch.is_grad_enabled() and (query.requires_grad or key.requires_grad or value.requires_grad
                                              or attn_mask is not None and attn_mask.requires_grad)
        in_functorch = _is_transformed()
        if in_functorch and (wanted or is_compiling):
            # Gradients of operators that Python registers do not work there.
            return _torch_formula.by_formula(query, key, value, attn_mask, scale, causal, window, softcap, None, None, None, None, 0.0)[0]
        if not wanted and not in_functorch:
            return _run_plain(query, key, value, attn_mask, scale, enable_gqa, causal, window, softcap)
    score, keep, captures = "", "", None
    if has_mods:
        rank = max(query.dim(), key.dim(), value.dim())
        if (torch.compiler.is_dynamo_compiling() and rank <= 4 and not _is_transformed()
                and _torch_flex.can_express(query, sinks, return_lse)):
            _check_operands(query, key, value)
            return _torch_flex.sdpa(query, key, value, attn_mask, scale, enable_gqa, causal, window, softcap, key_lengths,
                                    score_mod, mask_mod, _torch_formula.broadcast_batch(query, key, value, enable_gqa))
        if _torch_dynamo.is_there():
            # Dynamo does not follow symbols: where FlexAttention does not say the same,
            # a graph ends here.
            from ._torch_untraced import trace_mods as trace_untraced

            score, keep, captures = trace_untraced(query, rank, score_mod, mask_mod)
        else:
            score, keep, captures = trace_mods(query, rank, score_mod, mask_mod)
    arguments = (query, key, value, attn_mask, scale, enable_gqa, causal, window, softcap, sinks, key_lengths, score, keep,
                 captures, return_lse)
    if not is_compiling and _is_plain(query, key, value, attn_mask, sinks, key_lengths, *(captures or ())):
        output, lse = _run(*arguments, functions=(score_mod, mask_mod))  # type: ignore[assignment]
    else:
        output, lse = torch.ops.attn.sdpa(*arguments)
    return (output, lse) if return_lse else output
