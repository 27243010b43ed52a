//===- KernelName.h - Names of kernels --------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_UTILS_KERNELNAME_H
#define ATTN_DIALECT_ATTN_UTILS_KERNELNAME_H

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include <string>

namespace mlir::attn {

/// attn_fwd_<dtype>_<mask>_d<D>[x<Dv>]_q<queries>_k<keys>, of the op and the
/// sizes of its kernel's tile.
std::string getKernelName(SdpaOp op, int64_t tileQueries, int64_t blockKeys);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_UTILS_KERNELNAME_H
