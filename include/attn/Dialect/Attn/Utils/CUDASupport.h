//===- CUDASupport.h - What the CUDA kernels take -------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_UTILS_CUDASUPPORT_H
#define ATTN_DIALECT_ATTN_UTILS_CUDASUPPORT_H

#include "attn/Dialect/Attn/IR/AttnOps.h"

namespace mlir::attn {

/// Why the flash kernels for CUDA cannot take an op, on tensors or memrefs, or
/// nothing if they can.
std::optional<std::string> getCUDAFlashObstacle(SdpaOp op);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_UTILS_CUDASUPPORT_H
