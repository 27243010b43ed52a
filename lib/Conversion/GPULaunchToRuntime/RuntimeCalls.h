//===- RuntimeCalls.h - Calls of the CUDA runtime ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_GPULAUNCHTORUNTIME_RUNTIMECALLS_H
#define ATTN_LIB_CONVERSION_GPULAUNCHTORUNTIME_RUNTIMECALLS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::attn {

/// The tables of `attn/Runtime/CUDA/Runtime.h` in a module, and calls of its
/// functions. One structure of the header is one method here.
class RuntimeCalls {
public:
  explicit RuntimeCalls(ModuleOp module);

  /// `attn_cuda_kernel` for a kernel of a `gpu.binary`; null after an error at
  /// `user`.
  LLVM::GlobalOp getKernel(SymbolRefAttr kernel, Operation *user);
  /// `attn_cuda_tiling`.
  LLVM::GlobalOp createTiling(Location loc, int64_t dataType, int64_t swizzle,
                              int64_t elementBytes, ArrayRef<int64_t> box,
                              StringAttr name);
  /// `attn_cuda_constant` for a constant memref of `bytes` bytes.
  LLVM::GlobalOp getConstant(memref::GlobalOp global, int64_t bytes);
  /// The address of a function of the runtime.
  LLVM::LLVMFuncOp getFunction(StringRef name, Type result,
                               ArrayRef<Type> inputs);
  /// Calls a function of the runtime.
  Value call(ImplicitLocOpBuilder &b, StringRef name, Type result,
             ValueRange operands);

private:
  using Initializer = function_ref<SmallVector<Value>(ImplicitLocOpBuilder &)>;

  LLVM::GlobalOp createBytes(Location loc, StringRef name, StringRef bytes,
                             uint64_t alignment);
  /// A structure whose fields `initialize` gives.
  LLVM::GlobalOp createStruct(Location loc, StringRef name, bool isConstant,
                              ArrayRef<Type> fields, Initializer initialize);
  /// `attn_cuda_image` for a `gpu.binary`; null after an error.
  LLVM::GlobalOp getImage(gpu::BinaryOp binary);
  /// `attn_cuda_object`s.
  LLVM::GlobalOp createObjects(gpu::BinaryOp binary,
                               ArrayRef<gpu::ObjectAttr> objects);

  ModuleOp module;
  SymbolTable symbols;
  Type pointer, i32, i64;
  llvm::MapVector<Attribute, LLVM::GlobalOp> images, kernels, constants;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_GPULAUNCHTORUNTIME_RUNTIMECALLS_H
