# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention, compiled for the machine at hand.

    import attn
    out = attn.sdpa(query, key, value, is_causal=True)

takes NumPy arrays, tensors of PyTorch, on the CPU or on NVIDIA's GPUs, and whatever
else has DLPack. Kernels are compiled when they are first needed and kept on disk
(ATTN_CACHE_DIR, ATTN_CACHE_SIZE in bytes). For GPUs ptxas compiles them, that of
ATTN_CUDA_PATH, Triton, a CUDA toolkit or the PATH; without one the driver does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ._arguments import is_torch_tensor
from ._backends import BackendError, kernel_options, sdpa_kernel
from ._bias import CausalBias, causal_lower_right, causal_upper_left
from ._library import CompileError, cache_directory, get_num_threads, set_num_threads, version
from ._sdpa import Explanation
from ._symbols import capture, where

__version__ = version()
__all__ = [
    "BackendError", "CausalBias", "CompileError", "Explanation", "cache_directory", "can_use", "capture",
    "causal_lower_right", "causal_upper_left", "compile_exported", "explain", "get_num_threads", "kernel_options", "sdpa",
    "sdpa_kernel", "sdpa_varlen", "set_num_threads", "warmup", "where",
]


def sdpa(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
         scale: float | None = None, enable_gqa: bool = False, *, causal: str | None = None, window: Any = None,
         softcap: float | None = None, score_mod: Callable[..., Any] | None = None,
         mask_mod: Callable[..., Any] | None = None, sinks: Any = None, key_lengths: Any = None,
         return_lse: bool = False) -> Any:
    """Scaled-dot-product attention: softmax(scale * query @ key.T + ...) @ value.

    The first arguments are those of PyTorch's `scaled_dot_product_attention`.

    Args:
        query: [..., Hq, Lq, D] of float16, bfloat16, float32 or float64, any
            strides. Two dimensions at least. Tensors of CUDA run on the current
            stream, by kernels (8.0 or later, head dimensions up to 256, no float64)
            or PyTorch's own formula; all operands are on one device. A nested tensor of PyTorch with
            layout=torch.jagged, [B, Hq, jagged, D], as key and value then; no
            masks, sinks, functions, lengths and log-sum-exp.
        key: [..., Hkv, Lk, D], of the same dtype.
        value: [..., Hkv, Lk, Dv], of the same dtype.
        attn_mask: broadcastable to [..., Hq, Lq, Lk]: booleans, true attends, or
            floats that are added to the logits; or a causal bias.
        dropout_p: the probability that an attention weight is dropped.
        is_causal: causal="upper_left", without a mask.
        scale: of the products; 1/sqrt(D) by default.
        enable_gqa: query head h reads key head h / (Hq / Hkv).
        causal: "upper_left": query i attends to keys up to i; "lower_right": to
            keys up to i + Lk - Lq.
        window: (left, right): query i attends to keys from i - left to i + right
            (each + Lk - Lq for causal="lower_right"); -1 for no bound; one
            number for both.
        softcap: logits become softcap * tanh(logit / softcap).
        score_mod: called once with symbols (score, b, h, i, j), as
            FlexAttention's; gives the new logit.
        mask_mod: called once with symbols (b, h, i, j); true attends.
        sinks: [Hq] floats: a logit more in each denominator.
        key_lengths: [...] of int32 or int64: keys of each sequence.
        return_lse: whether to return (output, log-sum-exp [..., Hq, Lq] in
            float32, float64 for float64).

    Returns:
        [..., Hq, Lq, Dv] of the dtype of the query: a tensor of PyTorch if the
        query is one, else a NumPy array. Rows without keys are 0.

    Raises:
        ValueError, TypeError, IndexError: an argument does not fit; the message
            says what was given and what is accepted.
        BackendError: no backend that `sdpa_kernel` allows can compute it."""
    if is_torch_tensor(query):
        if query.is_nested:
            from . import _torch_varlen

            function = _torch_varlen.sdpa_nested
        else:
            # An import costs more than all else here. Dynamo, whose graphs pay for none,
            # would guard what modules there are.
            is_compiling = sys.modules["torch"].compiler.is_compiling()
            module: Any = None if is_compiling else sys.modules.get("attn._torch")
            if module is None:
                from . import _torch as module
            function = module.sdpa
        return function(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa, causal=causal, window=window,
                        softcap=softcap, score_mod=score_mod, mask_mod=mask_mod, sinks=sinks, key_lengths=key_lengths,
                        return_lse=return_lse)
    if dropout_p != 0.0:
        raise ValueError(f"attn.sdpa: dropout_p = {dropout_p} needs tensors of PyTorch, whose generator it draws from")
    from . import _numpy

    return _numpy.sdpa(query, key, value, attn_mask, is_causal, scale, enable_gqa, causal=causal, window=window, softcap=softcap,
                       score_mod=score_mod, mask_mod=mask_mod, sinks=sinks, key_lengths=key_lengths, return_lse=return_lse)


def sdpa_varlen(query: Any, key: Any, value: Any, cu_seqlens_q: Any, cu_seqlens_k: Any = None, *, is_causal: bool = False,
                scale: float | None = None, enable_gqa: bool = False, causal: str | None = None, window: Any = None,
                softcap: float | None = None) -> Any:
    """Attention of sequences of any lengths whose rows lie behind one another.

    Args:
        query: [rows, Hq, D]: the rows of all sequences; dtypes and strides as for
            `sdpa`.
        key: [key rows, Hkv, D].
        value: [key rows, Hkv, Dv].
        cu_seqlens_q: int32 or int64 [sequences + 1]: sequence s has the rows from
            cu_seqlens_q[s] to cu_seqlens_q[s + 1].
        cu_seqlens_k: the same for keys; cu_seqlens_q by default.
            On a GPU both are on the device, and what they hold is not checked.
        is_causal, scale, enable_gqa, causal, window, softcap: as for `sdpa`, in
            each sequence.

    Returns:
        [rows, Hq, Dv]. Nothing is padded; rows without keys are 0.

    Raises:
        ValueError, TypeError: an argument does not fit.
        BackendError: no backend that `sdpa_kernel` allows can compute it."""
    options = (is_causal, scale, enable_gqa, causal, window, softcap)
    if is_torch_tensor(query):
        from . import _torch_varlen

        return _torch_varlen.sdpa_varlen(query, key, value, cu_seqlens_q, cu_seqlens_k, *options)
    from . import _varlen

    return _varlen.sdpa_varlen(query, key, value, cu_seqlens_q, cu_seqlens_k, *options)


def _request(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, *arguments: Any,
             **options: Any) -> Any:
    if is_torch_tensor(query) and query.is_nested:
        from . import _torch_varlen

        return _torch_varlen.make_nested_request(query, key, value, attn_mask, dropout_p, *arguments, **options)
    from . import _sdpa

    return _sdpa.make_request(query, key, value, attn_mask, *arguments, **options)


def explain(*arguments: Any, **options: Any) -> Any:
    """What computes an attention, and why nothing else does.

    With what `sdpa` takes: an `Explanation` with `backend` and `reasons`; nothing
    is computed. With a model of PyTorch and its arguments: runs it once and
    returns what torch.compile(model, backend="attn") makes of each attention, in
    `attentions`, each with `fused`, `backend`, `reason` and `location`. Both print
    as text."""
    if arguments and callable(arguments[0]) and not hasattr(arguments[0], "shape"):
        from . import _compile

        return _compile.explain_model(*arguments, **options)
    from . import _sdpa

    return _sdpa.explain_request(_request(*arguments, **options))


def can_use(backend: str, *arguments: Any, **options: Any) -> bool:
    """Whether a backend ("flash", "efficient" or "math") can compute what `sdpa`
    is asked for with the other arguments. `explain` says why not."""
    from . import _backends, _sdpa

    name = _backends._name_backend(backend)
    plan = _sdpa.make_plan(_request(*arguments, **options))
    return _backends.get_obstacle(plan.text, name, plan.device) is None


def compile_exported(program: Any, path: Any, *, header: Any = None, cpu: str = "native", backend: str = "auto",
                     target: str = "cpu", gpu_arch: str | None = None) -> None:
    """Compiles a program of torch.export ahead of time: all of it, not its
    attention alone. Needs torch-mlir, and a C compiler to link.

    Args:
        program: what torch.export.export(model.eval(), ...) returns; parameters
            become constants, dynamic dimensions stay dynamic. Attention may be
            scaled_dot_product_attention, attn.sdpa, or spelled out.
        path: the shared object to write. It needs libc and libm only, and exports
            attn_main(inputs, num_inputs, outputs, num_outputs).
        header: the C header to write, which says what the inputs are.
        cpu: the CPU to compile for, as LLVM names it ("x86-64-v3"); on others
            attn_main returns ATTN_NO_DEVICE.
        backend: of attention, "auto", "flash" or "math".
        target: "cpu", or "cuda": for tensors in the memory of a GPU, on a stream that
            attn_main takes. Only programs that are attention and nothing else are
            compiled for GPUs.
        gpu_arch: the GPU, as "sm_90a"; by default the one that is current.

    Raises:
        CompileError: the program cannot be translated, compiled or written.
        ValueError: it has dropout, or functions or the log-sum-exp of attn.sdpa; there
            is no GPU and none is named.
        TypeError: it is no exported program.
        ImportError: torch-mlir is not installed."""
    from . import _export

    _export.compile_exported(program, path, header=header, cpu=cpu, backend=backend, target=target, gpu_arch=gpu_arch)


def warmup(*arguments: Any, **options: Any) -> None:
    """Compiles what `sdpa` needs for these arguments, without computing it.

    Lengths, heads and batch may differ later: they share one kernel, but that up
    to 16 queries have kernels by their number. Math on a GPU has nothing to compile."""
    from . import _sdpa

    _sdpa.make_plan(_request(*arguments, **options)).get_program()


# With PyTorch there, wholly and new enough, operators are registered now: in the first call
# that would be most of what a kernel from disk takes.
if hasattr(sys.modules.get("torch"), "compile") and hasattr(sys.modules["torch"].library, "register_fake"):
    from . import _torch as _torch
