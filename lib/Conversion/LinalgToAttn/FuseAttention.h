//===- FuseAttention.h - One attention --------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_FUSEATTENTION_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_FUSEATTENTION_H

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::attn {

struct FusionResult {
  /// The new op, or null.
  SdpaOp op;
  /// What was read off, or why there was no match.
  std::string text;
  /// Whether there was a softmax between two contractions that did not match.
  bool isNearMiss = false;
};

/// Replaces the contraction of probabilities and values by an attn.sdpa if it
/// is one. What it makes superfluous is left dead.
FusionResult fuseAttention(linalg::LinalgOp root,
                           const DenseMap<Value, Value> &decompositions);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_FUSEATTENTION_H
