//===- FoldHeads.h - Heads of a group as queries --------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_FOLDHEADS_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_FOLDHEADS_H

#include "attn/Dialect/Attn/IR/AttnOps.h"

namespace mlir::attn {

/// Replaces an op on memrefs with one query for each head, where heads share
/// keys, by one whose queries are the heads of a group; numbers of heads may be
/// dynamic. Sinks, one for each head, have dimensions of key heads and queries
/// then, which no other op has. Returns null, and leaves the op alone, where
/// queries would not be treated alike.
SdpaOp foldHeadsOfOneQuery(SdpaOp op);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_FOLDHEADS_H
