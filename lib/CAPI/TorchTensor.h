//===- TorchTensor.h - PyTorch's C functions ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CAPI_TORCHTENSOR_H
#define ATTN_LIB_CAPI_TORCHTENSOR_H

#include "attn/Runtime/CPU/Runtime.h"
#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace attn_torch {

// Of torch/csrc/inductor/aoti_torch/c/shim.h, whose functions keep their
// signatures; test/CAPI/torch-abi.test compares. A value on the stack of an
// operator is 64 bits: the number, or a tensor that the kernel owns.
using Value = uint64_t;
struct TensorOpaque;
using Tensor = TensorOpaque *;
struct LibraryOpaque;
using Library = LibraryOpaque *;
struct GuardOpaque;
using Guard = GuardOpaque *;
using Kernel = void (*)(Value *, uint64_t, uint64_t);

struct Functions {
  int32_t (*getDataPtr)(Tensor, void **);
  int32_t (*getDim)(Tensor, int64_t *);
  int32_t (*getSizes)(Tensor, int64_t **);
  int32_t (*getStrides)(Tensor, int64_t **);
  int32_t (*getDtype)(Tensor, int32_t *);
  int32_t (*deleteTensor)(Tensor);
  int32_t (*newHandle)(Tensor, Tensor *);
  int32_t (*emptyStrided)(int64_t, const int64_t *, const int64_t *, int32_t,
                          int32_t, int32_t, Tensor *);
  int32_t (*callDispatcher)(const char *, const char *, Value *);
  int32_t (*initLibrary)(const char *, const char *, const char *, uint32_t,
                         Library *);
  int32_t (*implement)(Library, const char *, Kernel);
  int32_t (*getDeviceType)(Tensor, int32_t *);
  int32_t (*getDeviceIndex)(Tensor, int32_t *);
  int32_t (*getCUDA)();
  // Of libtorch_cuda; null without it.
  int32_t (*createGuard)(int32_t, Guard *);
  int32_t (*deleteGuard)(Guard);
  int32_t (*getStream)(int32_t, void **);
};

extern Functions functions;
/// PyTorch's number of the device type.
extern int32_t cuda;
/// PyTorch's numbers of dtypes and ours.
extern std::array<std::pair<int32_t, attn_dtype>, 9> dtypes;

inline void check(int32_t status) {
  if (status != 0)
    throw std::runtime_error("attn.sdpa: PyTorch cannot do what a kernel asks");
}

/// A tensor of an operator's stack.
class OwnedTensor {
public:
  explicit OwnedTensor(Tensor tensor) : tensor(tensor) {}
  OwnedTensor(const OwnedTensor &) = delete;
  OwnedTensor &operator=(const OwnedTensor &) = delete;
  ~OwnedTensor() {
    if (tensor)
      functions.deleteTensor(tensor);
  }
  Tensor get() const { return tensor; }
  Value release() { return (Value)(uintptr_t)std::exchange(tensor, nullptr); }

private:
  Tensor tensor;
};

/// Where a tensor lies.
struct View {
  void *data;
  int64_t rank;
  const int64_t *sizes, *strides;
  int32_t torchDtype, deviceType, deviceIndex;
  int64_t dtype = 0;

  View() = default;
  explicit View(Tensor tensor) {
    int64_t *theirSizes, *theirStrides;
    check(functions.getDataPtr(tensor, &data));
    check(functions.getDim(tensor, &rank));
    check(functions.getSizes(tensor, &theirSizes));
    check(functions.getStrides(tensor, &theirStrides));
    sizes = theirSizes;
    strides = theirStrides;
    check(functions.getDtype(tensor, &torchDtype));
    check(functions.getDeviceType(tensor, &deviceType));
    check(functions.getDeviceIndex(tensor, &deviceIndex));
    for (auto [theirs, ours] : dtypes)
      if (theirs == torchDtype)
        dtype = ours;
  }

  bool isOn(const View &other) const {
    return deviceType == other.deviceType && deviceIndex == other.deviceIndex;
  }
  /// The stride as kernels want it: where there is nothing to step to, PyTorch
  /// says anything.
  int64_t getStride(int64_t dim) const {
    return sizes[dim] == 1 && dim + 1 < rank ? 0 : strides[dim];
  }
  /// Whether a kernel for CUDA can copy rows: they lie at multiples of what
  /// divides a row, of 16 bytes at most.
  bool hasAlignedRows() const {
    int64_t bytes = attn_rt_dtype_size((attn_dtype)dtype);
    int64_t row = sizes[rank - 1] * bytes, alignment = 16;
    while (row % alignment != 0)
      alignment /= 2;
    bool isAligned = (uintptr_t)data % alignment == 0;
    for (int64_t d = 0; d + 1 < rank; ++d)
      isAligned &= getStride(d) >= 0 && getStride(d) * bytes % alignment == 0;
    return isAligned;
  }
};

/// Makes the device of tensors the current one.
class DeviceGuard {
public:
  explicit DeviceGuard(const View &view) {
    if (view.deviceType == cuda)
      check(functions.createGuard(view.deviceIndex, &guard));
  }
  DeviceGuard(const DeviceGuard &) = delete;
  DeviceGuard &operator=(const DeviceGuard &) = delete;
  ~DeviceGuard() {
    if (guard)
      functions.deleteGuard(guard);
  }

private:
  Guard guard = nullptr;
};

} // namespace attn_torch

#endif // ATTN_LIB_CAPI_TORCHTENSOR_H
