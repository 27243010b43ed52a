//===- KernelInterface.h - What host and kernel share ---------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELINTERFACE_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELINTERFACE_H

#include "DeviceBuilder.h"
#include "KernelArguments.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::attn {

/// Collects the values that the host passes to a kernel. A constant is not
/// passed but made again in the kernel, so that a kernel for static sizes folds
/// them.
class KernelInterface {
public:
  explicit KernelInterface(DeviceBuilder &host) : host(host) {}

  /// `value` will be `target` in the kernel, converted to `type` on the host
  /// and back to its own type, if that is an index, in the kernel.
  void pass(Value value, Value &target);
  /// A size, of type index, as an i32.
  void passSize(Value size, Value &target);
  /// Pointer and strides of a memref; a stride of a dimension of size one stays
  /// null.
  void passTensor(Value memref, TensorArgument &target);
  /// A value that a region captures.
  void capture(Value value, IRMapping &mapping);

  /// Creates a kernel with what was passed as arguments, in a module of
  /// kernels, and fills the targets in. The insertion point of `kernel` is in
  /// its body.
  gpu::GPUFuncOp create(gpu::GPUModuleOp module, StringRef name,
                        DeviceBuilder &kernel);
  /// The operands of its launch.
  ArrayRef<Value> getOperands() const { return operands; }

  /// The address of the first element of a memref.
  static Value getAddress(DeviceBuilder &b, Value memref);
  /// Its stride in a dimension, of type index.
  static Value getStride(DeviceBuilder &b, Value memref, int64_t dim);
  static Value getSize(DeviceBuilder &b, Value memref, int64_t dim);

private:
  using Setter = std::function<void(DeviceBuilder &kernel, Value argument)>;
  void add(Value operand, Setter setter);
  void captureMemRef(Value memref, IRMapping &mapping);

  DeviceBuilder &host;
  SmallVector<Value> operands;
  SmallVector<Setter> setters;
  /// What to do in the kernel once all arguments are set.
  SmallVector<std::function<void(DeviceBuilder &kernel)>> finishers;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELINTERFACE_H
