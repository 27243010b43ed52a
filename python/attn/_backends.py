# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which backend computes an attention, and why not another."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from . import _cuda, _library

BACKENDS = ("flash", "efficient", "math")
_allowed: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("attn_backends", default=BACKENDS)
_kernel_options: contextvars.ContextVar[str] = contextvars.ContextVar("attn_kernel_options", default="")
_T = TypeVar("_T")


class BackendError(RuntimeError):
    """No backend that is allowed can compute the attention. `reasons` says why,
    by the names of backends."""

    def __init__(self, reasons: dict[str, str]):
        self.reasons = reasons
        lines = "".join(f"\n  {name}: {reason}" for name, reason in reasons.items())
        super().__init__(f"no allowed backend can compute this attention:{lines}")


class NotTaken(Exception):
    """Why an attention of a graph stays PyTorch's."""


def _name_backend(backend: Any) -> str:
    """The name of a backend, also of one of PyTorch's SDPBackend."""
    name = getattr(backend, "name", backend)
    if isinstance(name, str):
        short = name.lower().removesuffix("_attention")
        if short in BACKENDS:
            return short
    raise ValueError(f"unknown backend {backend!r}: expected {', '.join(BACKENDS)} or one of torch.nn.attention.SDPBackend's")


@contextlib.contextmanager
def _choose(variable: contextvars.ContextVar[_T], value: _T) -> Iterator[None]:
    token = variable.set(value)
    # Kernels that know programs know nothing of this thread's choice.
    _library.suspend_torch_kernels(1)
    try:
        yield
    finally:
        _library.suspend_torch_kernels(-1)
        variable.reset(token)


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
    with _choose(_allowed, names):
        yield


def get_allowed() -> tuple[str, ...]:
    return _allowed.get()


@contextlib.contextmanager
def kernel_options(**options: Any) -> Iterator[None]:
    """Forces what the cost model of GPU kernels would choose, for `attn.sdpa` in this
    thread (or task). Kernels of the CPU, and math, have no such options.

    Args:
        options: those of attn-lower-to-nvvm-pipeline (docs/generated) with _ for -:
            f32="bf16x3" or "tf32", softmax="standard", "lazy" or "optimistic",
            block_keys=64, stages=2, ... None leaves one to the cost model.

    Raises:
        CompileError: from `attn.sdpa`, where a kernel does not know or cannot have an
            option."""
    given = dict(part.split("=", 1) for part in _kernel_options.get().split())
    for name, value in options.items():
        if value is None:
            given.pop(name.replace("_", "-"), None)
            continue
        text = str(value)
        if not text or any(c.isspace() or c in "={}'\"" for c in text):
            raise ValueError(f"attn.kernel_options: expected {name} to be a word or a number, got {value!r}")
        given[name.replace("_", "-")] = text
    with _choose(_kernel_options, " ".join(f"{name}={value}" for name, value in sorted(given.items()))):
        yield


def is_restricted() -> bool:
    """Whether this thread chose backends or options of kernels."""
    return get_allowed() != BACKENDS or bool(_kernel_options.get())


def get_kernel_options(device: int, dtype: int, wants_tf32: bool, chosen: str = "") -> str:
    """The options of kernels for operands of a dtype: what is forced and, where nothing
    else is said of it, tf32 for float32 where the caller wants it, and `chosen`, which is
    one option or empty."""
    if device == _cuda.CPU:
        return ""
    options = ["f32=tf32"] if wants_tf32 and dtype == _library.F32 else []
    if chosen:
        options.append(chosen)
    given = _kernel_options.get()
    if given:
        names = {part.partition("=")[0] for part in given.split()}
        options = [option for option in options if option.partition("=")[0] not in names] + [given]
    return " ".join(options)


def get_obstacle(text: str, backend: str, device: int = _cuda.CPU) -> str | None:
    """Why the backend cannot compute the module on the device; None if it can."""
    if device != _cuda.CPU:
        if backend == "math":
            # PyTorch's own formula, which any GPU computes.
            return None
        obstacle = _cuda.get_obstacle(device)
        if obstacle is not None:
            return obstacle
    message = _library.check_backend(text, backend, target="cpu" if device == _cuda.CPU else "cuda")
    if message is None:
        return None
    # Without the place in a module that the user did not write.
    lines = [line.split(": ", 1)[-1] if line.startswith("module:") else line for line in message.splitlines()]
    return "; ".join(lines)


# Of flash kernels (attn-select-backend), for what is asked of graphs before there
# is a module.
_MAX_HEAD_DIMS = {"cpu": 512, "cuda": 256}
_FLASH_DTYPES = ("torch.float32", "torch.float16", "torch.bfloat16")


def get_graph_obstacle(query: Any, key: Any, value: Any) -> str | None:
    """Why the flash kernels do not take tensors of a graph of PyTorch's, whose sizes
    may be symbols; None if they do."""
    device = query.device
    if device.type not in _MAX_HEAD_DIMS:
        return f"it runs on {device}; kernels run on the CPU and on CUDA's devices"
    if device.type == "cuda":
        obstacle = _cuda.get_obstacle(device.index or 0)
        if obstacle is not None:
            return obstacle
    if str(query.dtype) not in _FLASH_DTYPES:
        place = "the CPU" if device.type == "cpu" else "CUDA"
        return f"the flash kernel of {place} computes in float32, the operands are {query.dtype}"
    if not query.dtype == key.dtype == value.dtype:
        return "query, key and value differ in dtype"
    if not query.device == key.device == value.device:
        return "query, key and value are on different devices"
    sizes, limit = (query.shape[-1], value.shape[-1]), _MAX_HEAD_DIMS[device.type]
    if not all(isinstance(size, int) for size in sizes):
        # Math takes what flash does not, on the CPU alone.
        return None if device.type == "cpu" else "its head dimension is dynamic"
    return f"head dimensions end at {limit}, these are {sizes[0]} and {sizes[1]}" if max(sizes) > limit else None


def get_obstacles(text: str, device: int) -> dict[str, str]:
    """Why backends cannot compute the module on the device, or may not here."""
    reasons = {}
    for name in BACKENDS:
        obstacle = get_obstacle(text, name, device) if name in get_allowed() else "not allowed by attn.sdpa_kernel"
        if obstacle is not None:
            reasons[name] = obstacle
    return reasons


def choose(text: str, device: int) -> str:
    """The first of flash, efficient and math that is allowed and can."""
    if device == _cuda.CPU and get_allowed() == BACKENDS:
        # Math takes whatever flash does not.
        return "auto"
    reasons = get_obstacles(text, device)
    for name in BACKENDS:
        if name not in reasons:
            return name
    raise BackendError(reasons)
