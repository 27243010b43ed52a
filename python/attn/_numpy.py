# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention of NumPy arrays, and of what has DLPack."""

from __future__ import annotations

from typing import Any

from ._arguments import DTYPE_NAMES, View, view_of
from ._library import BF16
from ._sdpa import make_plan, make_request, run


def _allocate(shape: tuple[int, ...], dtype: int) -> tuple[Any, View]:
    import numpy

    if dtype == BF16:
        try:
            import ml_dtypes
        except ImportError:
            raise TypeError("attn.sdpa: NumPy has no bfloat16 of its own: install ml_dtypes, or use PyTorch") from None
        array = numpy.empty(shape, ml_dtypes.bfloat16)
    else:
        array = numpy.empty(shape, DTYPE_NAMES[dtype])
    return array, view_of(array, "output")


def sdpa(*arguments: Any, **options: Any) -> Any:
    request = make_request(*arguments, **options)
    plan = make_plan(request)
    output, output_view = _allocate(plan.output_shape, plan.kernel.dtype)
    lse, lse_view = _allocate(plan.lse_shape, plan.lse_dtype) if request.return_lse else (None, None)
    run(plan, request, output_view, lse_view)
    return (output, lse) if request.return_lse else output
