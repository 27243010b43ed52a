//===- CompiledBinary.h - Cubins in gpu.binary ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_TARGET_NVVM_COMPILEDBINARY_H
#define ATTN_LIB_TARGET_NVVM_COMPILEDBINARY_H

#include "attn/Target/NVVM/Ptxas.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::attn {

/// A module's discardable attribute: the keys in the cache of the modules of
/// kernels that were not found there, by their names.
constexpr llvm::StringLiteral kCubinKeys = "attn.cubin_keys";

/// The object of a code, with what ptxas says of its kernels.
gpu::ObjectAttr makeCubinObject(Attribute target, const CompiledCode &code,
                                gpu::KernelTableAttr kernels);

/// Says what ptxas said, at a binary. Fails if a product is serialised or
/// registers are spilled, and `strict`.
LogicalResult reportCode(gpu::BinaryOp binary, const PtxasReport &report,
                         bool strict);

} // namespace mlir::attn

#endif // ATTN_LIB_TARGET_NVVM_COMPILEDBINARY_H
