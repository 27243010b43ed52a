//===- HostTensor.h - Tensors of attn-run -----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_HOSTTENSOR_H
#define ATTN_TOOLS_ATTN_RUN_HOSTTENSOR_H

#include "attn/Support/Npy.h"
#include "attn/Target/CPU/EntryPoint.h"

namespace mlir::attn {

/// Memory for `numBytes`, aligned for vectors, freed with the object.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(size_t numBytes);
  /// From now on puts buffers directly in front of a page that nobody may
  /// touch, so that whoever reads or writes behind their end is stopped. They
  /// are not aligned then.
  static void guardEnds();
  /// Takes memory that came from malloc.
  static Buffer adopt(void *data, size_t numBytes);

  char *data() const { return static_cast<char *>(memory.get()); }
  size_t size() const { return numBytes; }

private:
  struct Free {
    Free() : mapping(nullptr), mappedBytes(0) {}
    Free(void *mapping, size_t mappedBytes)
        : mapping(mapping), mappedBytes(mappedBytes) {}
    /// What is mapped for a guarded buffer; null for one from malloc.
    void *mapping;
    size_t mappedBytes;
    void operator()(void *pointer) const;
  };
  std::unique_ptr<void, Free> memory;
  size_t numBytes = 0;
};

/// A tensor in this process.
struct HostTensor {
  attn_dtype dtype;
  SmallVector<int64_t> shape;
  Buffer buffer;

  int64_t getNumElements() const;
  /// The view that compiled code takes; valid as long as this tensor stays put.
  attn_tensor getView() {
    return {buffer.data(), shape.data(), (int32_t)shape.size(), dtype, nullptr};
  }
  /// Element `index` in row-major order, as a double.
  double get(int64_t index) const;
  void set(int64_t index, double value);
};

HostTensor makeTensor(attn_dtype dtype, ArrayRef<int64_t> shape);

/// Normal floats with a standard deviation of `scale`; booleans that are true
/// for three in four; small integers. Equal seeds give equal tensors.
HostTensor makeRandomTensor(attn_dtype dtype, ArrayRef<int64_t> shape,
                            uint64_t seed, double scale);

/// The tensor with its floats in f64.
HostTensor promoteToF64(const HostTensor &tensor);

/// Fills with NaN, or all ones for other types, to catch what is not written.
void poison(HostTensor &tensor);

HostTensor fromArray(Array array);
Array toArray(const HostTensor &tensor);

/// How far a result is from its reference.
struct TensorError {
  /// Infinite where exactly one of the two is NaN, or infinities differ.
  double maxAbs = 0;
  /// |actual - expected| / |expected| in the Frobenius norm; the absolute error
  /// if the reference is zero.
  double relFrobenius = 0;
};

TensorError compare(const HostTensor &actual, const HostTensor &expected);

/// The relative Frobenius error that is accepted by default for results of a
/// type: some units in the last place of the type, as many as rounding of
/// intermediate results can cost. See docs/Testing.md.
double getDefaultTolerance(attn_dtype dtype);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_HOSTTENSOR_H
