# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays as addresses, sizes and strides, whoever they belong to."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from ._cuda import CPU
from ._library import BF16, BOOL, F16, F32, F64, I8, I16, I32, I64

DTYPE_NAMES = {
    F16: "float16", BF16: "bfloat16", F32: "float32", F64: "float64", BOOL: "bool", I8: "int8", I16: "int16",
    I32: "int32", I64: "int64",
}
_BY_NAME = {name: dtype for dtype, name in DTYPE_NAMES.items()}
ITEM_SIZES = {F16: 2, BF16: 2, F32: 4, F64: 8, BOOL: 1, I8: 1, I16: 2, I32: 4, I64: 8}


class View:
    """Where an array lies: on the CPU or on a device of CUDA (_cuda.py). Strides are
    in elements. Keeps its memory alive."""

    __slots__ = ("address", "device", "dtype", "owner", "shape", "strides")

    def __init__(self, address: int, shape: tuple[int, ...], strides: tuple[int, ...], dtype: int, owner: Any,
                 device: int = CPU):
        self.address, self.shape, self.strides, self.dtype, self.owner = address, shape, strides, dtype, owner
        self.device = device

    def words(self) -> tuple[int, ...]:
        return (self.address, *self.shape, *self.strides)

    def broadcast_to(self, shape: tuple[int, ...]) -> View:
        """The view with dimensions of one repeated, by a stride of 0."""
        if shape == self.shape:
            return self
        missing = len(shape) - len(self.shape)
        own = (1,) * missing + self.shape
        strides = (0,) * missing + self.strides
        strides = tuple(0 if a == 1 and b != 1 else stride for a, b, stride in zip(own, shape, strides))
        return View(self.address, shape, strides, self.dtype, self.owner, self.device)


def is_torch_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def view_of(array: Any, name: str) -> View:
    """The view of a NumPy array, a tensor of PyTorch, or anything with DLPack in
    host memory. Copies what is not aligned."""
    if is_torch_tensor(array):
        return _view_of_torch(array, name)
    if hasattr(array, "__array_interface__"):
        return _view_of_numpy(array, name)
    if hasattr(array, "__dlpack__"):
        return _view_of_dlpack(array, name)
    raise TypeError(f"{name}: expected a NumPy array, a tensor of PyTorch or an object with DLPack, got {type(array).__name__}")


_TORCH_DTYPES: dict[Any, int] = {}


def torch_dtypes() -> dict[Any, int]:
    if not _TORCH_DTYPES:
        torch = sys.modules["torch"]
        _TORCH_DTYPES.update({getattr(torch, dtype_name): dtype for dtype_name, dtype in _BY_NAME.items()})
    return _TORCH_DTYPES


def check_layout(tensor: Any, name: str) -> None:
    """Whether a tensor of PyTorch has elements with strides."""
    if tensor.is_nested:
        raise TypeError(f"attn.sdpa: {name} is a nested tensor, query is a dense one; all of them or none are nested")
    if tensor.layout is not sys.modules["torch"].strided:
        raise TypeError(f"attn.sdpa: {name} has {tensor.layout}; expected a dense tensor (to_dense() makes one)")


def _view_of_torch(tensor: Any, name: str) -> View:
    check_layout(tensor, name)
    dtype = (_TORCH_DTYPES or torch_dtypes()).get(tensor.dtype)
    if dtype is None:
        raise TypeError(f"attn.sdpa: {name} is {tensor.dtype}; kernels take float16, bfloat16, float32 and float64, "
                        "masks of bool, too, and lengths of int32 and int64")
    device = CPU
    if not tensor.is_cpu:
        if not tensor.is_cuda:
            raise ValueError(f"attn.sdpa: {name} is on {tensor.device}; kernels run on the CPU and on CUDA's devices")
        device = tensor.get_device()
    return View(tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), dtype, tensor, device)


_NUMPY_DTYPES: dict[Any, int] = {}


def _view_of_numpy(array: Any, name: str) -> View:
    import numpy

    array = numpy.asarray(array)
    dtype = _NUMPY_DTYPES.get(array.dtype)
    if dtype is None and array.dtype.isnative and array.dtype.name in _BY_NAME:
        dtype = _NUMPY_DTYPES[array.dtype] = _BY_NAME[array.dtype.name]
    if dtype is None:
        raise TypeError(f"{name}: no kernel takes arrays of {array.dtype}; they take {', '.join(_BY_NAME)}")
    size = ITEM_SIZES[dtype]
    address = array.__array_interface__["data"][0]
    strides = array.strides
    # `|` collects the bits that are no whole elements.
    loose = address
    for stride in strides:
        loose |= stride
    if loose & (size - 1):
        array = numpy.array(array, order="C")
        address, strides = array.__array_interface__["data"][0], array.strides
    return View(address, array.shape, tuple([stride // size for stride in strides]), dtype, array)


class _DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


_get_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_capsule_pointer.restype, _get_capsule_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]

# (type code, bits) of DLPack: signed integers, floats, bfloat, booleans.
_DLPACK_DTYPES = {
    (0, 8): I8, (0, 16): I16, (0, 32): I32, (0, 64): I64, (2, 16): F16, (2, 32): F32, (2, 64): F64, (4, 16): BF16,
    (6, 8): BOOL,
}


def _view_of_dlpack(array: Any, name: str) -> View:
    device = array.__dlpack_device__()[0]
    if device not in (1, 3):
        raise ValueError(f"{name}: expected an array in host memory, got DLPack's device type {int(device)}")
    capsule = array.__dlpack__()
    # The capsule stays unconsumed: it frees what it holds when it goes.
    tensor = _DLTensor.from_address(_get_capsule_pointer(capsule, b"dltensor"))
    dtype = _DLPACK_DTYPES.get((tensor.code, tensor.bits))
    if dtype is None or tensor.lanes != 1:
        raise TypeError(f"{name}: no kernel takes DLPack's type (code {tensor.code}, {tensor.bits} bits, {tensor.lanes} lanes)")
    shape = tuple(tensor.shape[: tensor.ndim])
    if tensor.strides:
        strides = tuple(tensor.strides[: tensor.ndim])
    else:
        strides = dense_strides(shape)
    return View((tensor.data or 0) + tensor.byte_offset, shape, strides, dtype, (array, capsule))


def dense_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, stride = [], 1
    for size in reversed(shape):
        strides.append(stride)
        stride *= size
    return tuple(reversed(strides))


def numpy_of(view: View) -> Any:
    """The view as a NumPy array, for what NumPy does better than a kernel."""
    import numpy

    if isinstance(view.owner, numpy.ndarray) and view.owner.shape == view.shape:
        return view.owner
    size = ITEM_SIZES[view.dtype]
    raw = {1: numpy.uint8, 2: numpy.uint16, 4: numpy.uint32, 8: numpy.uint64}[size]
    if not view.address or 0 in view.shape:
        return numpy.empty(view.shape, raw)
    base = (ctypes.c_byte * size).from_address(view.address)
    flat = numpy.frombuffer(base, raw)  # type: ignore[call-overload]
    return numpy.lib.stride_tricks.as_strided(flat, view.shape, [stride * size for stride in view.strides])


def with_contiguous_rows(view: View) -> View:
    """The view, or a copy, whose last dimension is contiguous, as kernels want it;
    on a GPU with rows at multiples of what divides a row, of 16 bytes at most."""
    if view.device != CPU:
        return _with_aligned_rows(view)
    if not view.shape or view.shape[-1] <= 1 or view.strides[-1] == 1:
        return view
    if is_torch_tensor(view.owner) and tuple(view.owner.shape) == view.shape:
        return _view_of_torch(view.owner.contiguous(), "")
    import numpy

    copied = numpy.ascontiguousarray(numpy_of(view))
    return View(copied.__array_interface__["data"][0], view.shape, dense_strides(view.shape), view.dtype, copied)


def _with_aligned_rows(view: View) -> View:
    # What there is nothing to step along may have any stride in PyTorch.
    *outer, last = view.shape
    steps = [0 if size == 1 else stride for size, stride in zip(outer, view.strides)]
    size = ITEM_SIZES[view.dtype]
    row = last * size
    alignment = min(row & -row, 16) or 16
    loose = view.address
    for step in steps:
        loose |= step * size
    if loose % alignment or (view.strides[-1] != 1 and last > 1):
        tensor = view.owner
        return _view_of_torch(tensor.new_empty(tensor.shape).copy_(tensor), "")
    return View(view.address, view.shape, (*steps, 1), view.dtype, view.owner, view.device)
