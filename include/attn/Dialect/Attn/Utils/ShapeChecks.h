//===- ShapeChecks.h - Shapes at run time -----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_UTILS_SHAPECHECKS_H
#define ATTN_DIALECT_ATTN_UTILS_SHAPECHECKS_H

#include "attn/Dialect/Attn/IR/AttnOps.h"

namespace mlir::attn {

/// Emits a `cf.assert` for every constraint on the shapes of an op, on tensors
/// or memrefs, that its types leave open. Without `readsElements`, for operands
/// in the memory of a device, cumulative lengths are not checked.
void buildShapeChecks(OpBuilder &builder, SdpaOp op, bool readsElements = true);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_UTILS_SHAPECHECKS_H
