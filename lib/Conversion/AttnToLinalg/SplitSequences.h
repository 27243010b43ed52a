//===- SplitSequences.h - An op for each sequence ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOLINALG_SPLITSEQUENCES_H
#define ATTN_LIB_CONVERSION_ATTNTOLINALG_SPLITSEQUENCES_H

#include "attn/Dialect/Attn/IR/AttnOps.h"

namespace mlir::attn {

/// Replaces a ragged op on tensors by a loop over its sequences. Returns the op
/// in the loop, which computes one of them.
SdpaOp splitSequences(SdpaOp op);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOLINALG_SPLITSEQUENCES_H
