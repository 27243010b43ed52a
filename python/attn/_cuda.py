# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: what code they need, where its assembler is, and PyTorch's streams.

Devices are numbers here, those of CUDA as PyTorch counts them; CPU is no device.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from . import _library

CPU = -1


def describe(device: int) -> str:
    return "the CPU" if device == CPU else f"cuda:{device}"


def _get_capability(device: int) -> tuple[int, int]:
    """The compute capability, as (9, 0)."""
    import torch

    # PyTorch asks NVML how many devices there are first, which takes 2 ms.
    if torch.cuda.is_initialized():
        with current(device):
            capability = _library.get_gpu_capability()
        if capability:
            return divmod(capability, 10)
    return torch.cuda.get_device_capability(device)


@functools.lru_cache(maxsize=None)
def _resolve(device: int) -> tuple[str | None, str]:
    """The code for a device, or None and why there is none."""
    import torch

    if torch.version.hip is not None:
        return None, f"cuda:{device} is a GPU of AMD's; kernels are for NVIDIA's"
    major, minor = _get_capability(device)
    arch = _library.get_gpu_arch(10 * major + minor)
    return arch, "" if arch else f"cuda:{device} is a GPU of compute capability {major}.{minor}; kernels need 8.0 or later"


def get_obstacle(device: int) -> str | None:
    """Why no kernel runs on the device; None if some do."""
    return _resolve(device)[1] or None


def get_arch(device: int) -> str | None:
    """The architecture that code is compiled for, as "sm_90a"; None for the CPU.

    Raises CompileError for a GPU without kernels."""
    if device == CPU:
        return None
    arch, reason = _resolve(device)
    if arch is None:
        raise _library.CompileError(reason)
    return arch


def _package_directories(name: str) -> list[pathlib.Path]:
    try:
        specification = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    return [pathlib.Path(place) for place in specification.submodule_search_locations or []] if specification else []


@functools.lru_cache(maxsize=None)
def _find_toolkits(given: str | None) -> str:
    if given == "none":
        return given
    if given:
        if not any(os.access(os.path.join(given, *path), os.X_OK) for path in (("bin", "ptxas"), ("ptxas",))):
            raise ValueError(f"ATTN_CUDA_PATH: there is no ptxas in {given} nor in its bin/")
        # A toolkit, or its bin/.
        return given if os.access(os.path.join(given, "bin", "ptxas"), os.X_OK) else os.path.dirname(os.path.abspath(given))
    places: list[pathlib.Path] = []
    for package in _package_directories("nvidia"):
        places += sorted(package.glob("cu[0-9]*"), reverse=True)
        places.append(package / "cuda_nvcc")
    places += [package / "backends" / "nvidia" for package in _package_directories("triton")]
    return ":".join(str(place) for place in places if os.access(place / "bin" / "ptxas", os.X_OK))


def find_toolkits() -> str:
    """Where ptxas is, as attn_options has it: ATTN_CUDA_PATH (none: PTX is left to the
    driver), or what packages of pip bring along: CUDA's compiler, and Triton, which
    comes with PyTorch. Without these the compiler looks in the usual places.

    Raises ValueError if ATTN_CUDA_PATH has no ptxas."""
    return _find_toolkits(os.environ.get("ATTN_CUDA_PATH") or None)


@functools.lru_cache(maxsize=None)
def _get_precision_getter() -> Any:
    import torch

    getter: Any = getattr(torch._C, "_get_fp32_precision_getter", None)
    if getter is None:
        # PyTorch before 2.9.
        return torch._C._get_cublas_allow_tf32
    return lambda: getter("cuda", "matmul") == "tf32"


def allows_tf32() -> bool:
    """Whether PyTorch multiplies float32 of CUDA as tf32:
    torch.backends.cuda.matmul.allow_tf32, fp32_precision, or
    torch.set_float32_matmul_precision."""
    result: bool = _get_precision_getter()()
    return result


def wants_tf32(device: int, dtype: int) -> bool:
    """Whether an attention on the device is to be multiplied as tf32."""
    return device != CPU and dtype == _library.F32 and allows_tf32()


def get_stream(device: int) -> int:
    """The stream of PyTorch's that is current, a cudaStream_t."""
    import torch

    stream: int = torch._C._cuda_getCurrentRawStream(device)
    return stream


@contextlib.contextmanager
def current(device: int) -> Iterator[None]:
    """Makes the device the current one."""
    import torch

    exchange: Any = torch.cuda._maybe_exchange_device  # type: ignore[attr-defined]
    before = exchange(device)
    try:
        yield
    finally:
        exchange(before)
