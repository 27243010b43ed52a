//===- AttentionMatcher.h - Attention in expressions ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// From the expression of probabilities . values to the operands, attributes and
// regions of attn.sdpa. Nothing here changes the IR.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONMATCHER_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONMATCHER_H

#include "ElementExpr.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include <variant>

namespace mlir::attn {

/// Why something did not match, and what would.
struct MatchFailure {
  std::string reason;
  Operation *where = nullptr;
  /// Whether there was a softmax at all: a plain matmul is no miss.
  bool isNearMiss = true;
};

/// softmax(logits) along a variable.
struct SoftmaxMatch {
  const Expr *logits;
  /// Rows whose every logit is -inf give zeros instead of NaN.
  bool isSafe = false;
};

/// Recognises `probability`, an expression in the variable `keyVar`, as a
/// softmax along it.
std::variant<SoftmaxMatch, MatchFailure>
matchSoftmax(ExprContext &context, const Expr *probability, unsigned keyVar);

/// A logit taken apart, in the order of attn.sdpa.
struct LogitMatch {
  /// The contraction of query and key.
  const Expr *product = nullptr;
  /// The logit without its masks, of which scale, softcap and bias or score are
  /// another form.
  const Expr *unmasked = nullptr;
  double scale = 1.0;
  /// A scalar SSA value, times `scale`; null if there is none.
  Value scaleValue;
  std::optional<double> softcap;
  /// An added element of a tensor; null if there is none.
  const Expr *bias = nullptr;
  /// The logit as a whole, where the parts above do not say it all (they are
  /// then unset): a function of `product`.
  const Expr *score = nullptr;
  /// Conditions that all must hold, or must not if negated, for the logit to be
  /// kept.
  struct Condition {
    const Expr *expr;
    bool isNegated;
  };
  SmallVector<Condition> keep;
  /// Whether masked logits are -inf rather than a large negative number.
  bool masksAreInfinite = true;
};

std::variant<LogitMatch, MatchFailure> matchLogits(ExprContext &context,
                                                   const Expr *logits);

/// An operand of the contraction, traced back to where it is computed.
struct TracedOperand {
  Value tensor;
  SmallVector<AffineExpr> indices;
  /// What the contraction's operand is a multiple of `tensor` by.
  double factor = 1.0;
};

/// All tensors that the operand is made of by moving and scaling elements, from
/// the contraction backwards.
SmallVector<TracedOperand> traceOperand(ExprContext &context, Value tensor,
                                        ArrayRef<AffineExpr> indices);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONMATCHER_H
