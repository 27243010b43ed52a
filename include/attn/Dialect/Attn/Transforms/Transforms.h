//===- Transforms.h - Shared by the passes of attn --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_TRANSFORMS_TRANSFORMS_H
#define ATTN_DIALECT_ATTN_TRANSFORMS_TRANSFORMS_H

#include "mlir/IR/PatternMatch.h"

namespace mlir::attn {

/// On a `math.exp2` of a vector of f32: the operand is 8 at most, and
/// results below the normal range may be zero. Its value, a string, is the form
/// of the expansion (`Exp2Form`).
inline constexpr llvm::StringLiteral kExp2FormAttrName = "attn.exp2_form";

/// Expands the `math.exp2` that carry `kExp2FormAttrName`.
void populateExpandExp2Patterns(RewritePatternSet &patterns);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_TRANSFORMS_TRANSFORMS_H
