# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What Dynamo is told, without its import.

torch.compiler imports Dynamo, SymPy and Inductor's settings with the first of its
decorators: seconds that a process would wait for which compiles nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import torch

_Function = TypeVar("_Function", bound=Callable[..., Any])


def assume_constant_result(function: _Function) -> _Function:
    """As of torch.compiler: Dynamo calls the function, and takes its result as a constant."""
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


def is_there() -> bool:
    """Whether calls may be followed, so that what graphs shall end at is to be called as
    in _torch_untraced.py."""
    return torch.compiler.is_compiling() or "torch._dynamo" in sys.modules
