//===- SoftmaxMatcher.h - Softmax in expressions ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_SOFTMAXMATCHER_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_SOFTMAXMATCHER_H

#include "AttentionMatcher.h"

namespace mlir::attn {

constexpr double kLn2 = 0.693147180559945309417;

/// Takes an expression apart into terms, each with its factor.
void collectTerms(const Expr *expr, double factor,
                  SmallVectorImpl<std::pair<double, const Expr *>> &terms);

inline bool isReduction(const Expr *expr, ReduceKind kind) {
  return expr->kind == Expr::Kind::Reduce && expr->reduce == kind;
}

/// exp(factor * (logits - max) - log(logOf)).
struct Exponential {
  const Expr *logits = nullptr;
  double factor = 1.0, lateFactor = 1.0;
  /// The maximum as it is subtracted, null if there is none; and that of the
  /// logits alone.
  const Expr *shift = nullptr, *max = nullptr;
  const Expr *logOf = nullptr;
  bool isClamped = false;

  bool hasShiftOf(const Exponential &other) const {
    return shift == other.shift && std::abs(factor - other.factor) < 1e-6;
  }
};

class SoftmaxMatcher {
public:
  SoftmaxMatcher(ExprContext &context, unsigned keyVar, Numerics numerics)
      : context(context), keyVar(keyVar), numerics(numerics) {}

  std::variant<SoftmaxMatch, MatchFailure> match(const Expr *probability);

private:
  LogicalResult fail(const Twine &reason, const Expr *where = nullptr,
                     const Twine &change = "") {
    failure.step = "softmax";
    failure.reason = reason.str();
    failure.change = change.str();
    failure.where = where ? context.getOperation(where) : nullptr;
    return mlir::failure();
  }
  bool isRowValue(const Expr *expr) { return !context.dependsOn(expr, keyVar); }
  /// The body of a reduction over all keys, at `keyVar`.
  const Expr *getBody(const Expr *reduction) {
    return context.substitute(reduction->operands[0], reduction->var,
                              context.getVariable(keyVar));
  }
  /// Whether two expressions are one, or the same element of one tensor: what
  /// simplification makes of a long one may depend on its variables.
  bool isSame(const Expr *a, const Expr *b) {
    if (a == b)
      return true;
    const ExprContext::Access *from = context.getSource(a),
                              *other = context.getSource(b);
    return from && other && from->tensor == other->tensor &&
           from->indices == other->indices;
  }
  bool isOverKeys(const Expr *reduction) {
    return context.getExtent(reduction->var) == context.getExtent(keyVar);
  }

  LogicalResult peelSelects(const Expr *&expr);
  LogicalResult collectFactors(const Expr *expr, bool isDivisor);
  LogicalResult matchExponential(const Expr *expr, Exponential &result);
  bool matchShift(const Expr *term, double factor, const Expr *rest,
                  Exponential &result);
  LogicalResult matchSum(const Expr *sum);
  LogicalResult checkAllMasked(const Expr *condition);

  ExprContext &context;
  unsigned keyVar;
  Numerics numerics;
  MatchFailure failure;
  SoftmaxMatch result;
  Exponential exponential;
  const Expr *exponentialExpr = nullptr, *sumExpr = nullptr;
  /// Another factor of the probabilities.
  const Expr *scaledBy = nullptr;
  /// Conditions under which rows are set to zero.
  SmallVector<const Expr *> zeroedRows;
  bool hasNaNGuard = false, isEpsilonAdded = false, hasLogSum = false;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_SOFTMAXMATCHER_H
