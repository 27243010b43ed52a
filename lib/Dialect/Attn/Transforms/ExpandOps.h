//===- ExpandOps.h - Patterns on some operations ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_DIALECT_ATTN_TRANSFORMS_EXPANDOPS_H
#define ATTN_LIB_DIALECT_ATTN_TRANSFORMS_EXPANDOPS_H

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::attn {

/// Applies patterns to these operations, and to no others.
inline void expandOps(ArrayRef<Operation *> ops, RewritePatternSet patterns) {
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingOps);
  (void)applyOpPatternsGreedily(ops, std::move(patterns), config);
}

} // namespace mlir::attn

#endif // ATTN_LIB_DIALECT_ATTN_TRANSFORMS_EXPANDOPS_H
