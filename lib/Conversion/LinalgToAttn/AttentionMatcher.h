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
#include <limits>
#include <variant>

namespace mlir::attn {

/// What fusion may change (docs/Spec.md).
enum class Numerics { Strict, Default, Fast };

/// Why something did not match, and what would.
struct MatchFailure {
  /// Where in attention: "softmax", "logits", "operands", ...
  StringRef step;
  std::string reason;
  /// The smallest change that would make it match; may be empty.
  std::string change;
  /// The operation that is in the way, or null.
  Operation *where = nullptr;
  /// Whether there was a softmax at all: a plain matmul is no miss.
  bool isNearMiss = true;
};

/// softmax(logits) along a variable.
struct SoftmaxMatch {
  const Expr *logits = nullptr;
  /// What a row gets whose every logit is -inf.
  MaskedRow maskedRow = MaskedRow::NaN;
  /// A logit more in the denominator, independent of the key; null if none.
  const Expr *sink = nullptr;
  /// Positions where this holds get probability zero after the softmax.
  const Expr *zeroed = nullptr;
  /// Whether probabilities that are NaN become zero.
  bool hasNaNGuard = false;
  /// The sum that the output must yet be divided by; null if the probabilities
  /// are normalised.
  const Expr *pendingSum = nullptr;
  /// The logits divided by `factor` are x: their maximum; what is subtracted of
  /// them (the maximum, or that with something in place of -inf); and the sum
  /// of exp(factor * (x - shift)), without the sink. Null where unknown.
  double factor = 1.0;
  /// What of the factor comes after the subtraction.
  double lateFactor = 1.0;
  const Expr *max = nullptr, *shift = nullptr, *sum = nullptr;
};

/// Recognises `probability`, an expression in the variable `keyVar`, as a
/// softmax along it.
std::variant<SoftmaxMatch, MatchFailure> matchSoftmax(ExprContext &context,
                                                      const Expr *probability,
                                                      unsigned keyVar,
                                                      Numerics numerics);

/// What `expr` is a multiple of log(sum(exp(logits))) by, or nothing.
std::optional<double> getLogSumExpFactor(const SoftmaxMatch &softmax,
                                         const Expr *expr);

/// A logit taken apart, in the order of attn.sdpa.
struct LogitMatch {
  /// The contraction of query and key, and how many could be it.
  const Expr *product = nullptr;
  unsigned numCandidates = 0;
  double scale = 1.0;
  /// A factor that is the same for all logits, times `scale`; null if none.
  const Expr *scaleExpr = nullptr;
  std::optional<double> softcap;
  /// Added after scale and softcap; null if there is none.
  const Expr *bias = nullptr;
  /// What scale, softcap and bias make of the product, and what the first two
  /// do.
  const Expr *base = nullptr, *baseWithoutBias = nullptr;
  /// The logit without its masks: a function of `base`, or `base` itself.
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
  /// The number that finite masks give logits; -inf if there are none.
  double maskValue = -std::numeric_limits<double>::infinity();
  /// Whether masks leave every row a key.
  bool keepsSomeKey = true;
};

/// Whether a contraction computes in f64.
bool isDouble(const Expr *product);

/// What matching of logits needs to know.
struct LogitVariables {
  unsigned query, key;
  /// Where several contractions depend on both, which of them is that of query
  /// and key; the others are biases then.
  unsigned candidate = 0;
  /// What the graph multiplies logits by after it subtracts their maximum.
  double lateFactor = 1.0;
};

std::variant<LogitMatch, MatchFailure> matchLogits(ExprContext &context,
                                                   const Expr *logits,
                                                   LogitVariables variables,
                                                   Numerics numerics);

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
