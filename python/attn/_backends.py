# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which backend computes an attention, and why not another."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterable, Iterator
from typing import Any

from . import _library

BACKENDS = ("flash", "efficient", "math")
_allowed: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("attn_backends", default=BACKENDS)


class BackendError(RuntimeError):
    """No backend that is allowed can compute the attention. `reasons` says why,
    by the names of backends."""

    def __init__(self, reasons: dict[str, str]):
        self.reasons = reasons
        lines = "".join(f"\n  {name}: {reason}" for name, reason in reasons.items())
        super().__init__(f"no allowed backend can compute this attention:{lines}")


def _name_backend(backend: Any) -> str:
    """The name of a backend, also of one of PyTorch's SDPBackend."""
    name = getattr(backend, "name", backend)
    if isinstance(name, str):
        short = name.lower().removesuffix("_attention")
        if short in BACKENDS:
            return short
    raise ValueError(f"unknown backend {backend!r}: expected {', '.join(BACKENDS)} or one of torch.nn.attention.SDPBackend's")


@contextlib.contextmanager
def sdpa_kernel(backends: Any) -> Iterator[None]:
    """Restricts `attn.sdpa` to some backends in this thread (or task).

    Args:
        backends: "flash", "efficient" or "math", members of PyTorch's
            `SDPBackend`, or a list of these.

    Raises:
        ValueError: a backend is unknown, or there is none.
        BackendError: from `attn.sdpa`, where none of them can compute it."""
    if isinstance(backends, str) or not isinstance(backends, Iterable):
        backends = [backends]
    names = tuple(_name_backend(backend) for backend in backends)
    if not names:
        raise ValueError("expected a backend at least")
    token = _allowed.set(names)
    # Kernels that know programs know nothing of this thread's choice.
    _library.suspend_torch_kernels(1)
    try:
        yield
    finally:
        _library.suspend_torch_kernels(-1)
        _allowed.reset(token)


def get_allowed() -> tuple[str, ...]:
    return _allowed.get()


def get_obstacle(text: str, backend: str) -> str | None:
    """Why the backend cannot compute the module; None if it can."""
    message = _library.check_backend(text, backend)
    if message is None:
        return None
    # Without the place in a module that the user did not write.
    lines = [line.split(": ", 1)[-1] if line.startswith("module:") else line for line in message.splitlines()]
    return "; ".join(lines)


def choose(text: str, allowed: tuple[str, ...]) -> str:
    """The first of flash, efficient and math that is allowed and can."""
    if allowed == BACKENDS:
        return "auto"
    reasons = {}
    for name in BACKENDS:
        if name not in allowed:
            continue
        obstacle = get_obstacle(text, name)
        if obstacle is None:
            return name
        reasons[name] = obstacle
    raise BackendError(reasons)
