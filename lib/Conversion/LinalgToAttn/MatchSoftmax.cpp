//===- MatchSoftmax.cpp - Softmax in expressions ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMatcher.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

/// `numerator / denominator` in any spelling.
static std::optional<std::pair<const Expr *, const Expr *>>
matchQuotient(const Expr *expr) {
  if (expr->is("arith.divf"))
    return std::pair{expr->operands[0], expr->operands[1]};
  if (!expr->is("arith.mulf"))
    return std::nullopt;
  for (auto [x, y] : {std::pair{expr->operands[0], expr->operands[1]},
                      std::pair{expr->operands[1], expr->operands[0]}})
    if (y->is("arith.divf") && y->operands[0]->getFloat() == 1.0)
      return std::pair{x, y->operands[1]};
  return std::nullopt;
}

static bool isReduction(const Expr *expr, ReduceKind kind) {
  return expr->kind == Expr::Kind::Reduce && expr->reduce == kind;
}

/// Whether `reduction` runs over `element` with `keyVar` as its variable.
static bool reducesOver(ExprContext &context, const Expr *reduction,
                        const Expr *element, unsigned keyVar) {
  return reduction->operands[0] ==
         context.substitute(element, keyVar,
                            context.getVariable(reduction->var));
}

/// `all_j(x[j] == -inf)`.
static bool matchAllMasked(ExprContext &context, const Expr *expr,
                           const Expr *logits, unsigned keyVar) {
  if (!isReduction(expr, ReduceKind::And))
    return false;
  const Expr *test = expr->operands[0];
  if (!test->is("arith.cmpf"))
    return false;
  auto predicate = cast<arith::CmpFOp>(test->op).getPredicate();
  std::optional<double> constant = test->operands[1]->getFloat();
  return (predicate == arith::CmpFPredicate::OEQ ||
          predicate == arith::CmpFPredicate::UEQ) &&
         constant && std::isinf(*constant) && *constant < 0 &&
         test->operands[0] ==
             context.substitute(logits, keyVar, context.getVariable(expr->var));
}

std::variant<SoftmaxMatch, MatchFailure>
attn::matchSoftmax(ExprContext &context, const Expr *probability,
                   unsigned keyVar) {
  auto fail = [](const char *reason, bool isNearMiss = true) {
    return MatchFailure{reason, nullptr, isNearMiss};
  };
  const Expr *allMasked = nullptr;
  const Expr *expr = probability;
  if (expr->is("arith.select") && expr->operands[1]->getFloat() == 0.0) {
    allMasked = expr->operands[0];
    expr = expr->operands[2];
  }
  auto quotient = matchQuotient(expr);
  if (!quotient) {
    bool isExponential = expr->is("math.exp") || expr->is("math.exp2");
    return fail("the probabilities are not divided by their sum before the "
                "second matmul",
                isExponential);
  }
  auto [exponential, sum] = *quotient;
  if (!exponential->is("math.exp"))
    return fail("the numerator of the softmax is not exp(logits - max)",
                isReduction(sum, ReduceKind::Sum));
  if (!isReduction(sum, ReduceKind::Sum))
    return fail("the denominator of the softmax is not a sum from zero");
  if (!reducesOver(context, sum, exponential, keyVar))
    return fail("the denominator of the softmax does not sum its numerator "
                "along the axis that the second matmul contracts");
  const Expr *difference = exponential->operands[0];
  if (!difference->is("arith.subf") ||
      !isReduction(difference->operands[1], ReduceKind::Max))
    return fail("the row maximum is not subtracted before exp; without it "
                "large logits overflow, which attention would not reproduce");
  const Expr *logits = difference->operands[0];
  if (!reducesOver(context, difference->operands[1], logits, keyVar))
    return fail("what is subtracted before exp is not the row maximum of the "
                "logits");
  SoftmaxMatch match{logits};
  if (allMasked) {
    if (!matchAllMasked(context, allMasked, logits, keyVar))
      return fail("zeros are selected after the softmax under a condition "
                  "other than that all logits of the row are -inf");
    match.isSafe = true;
  }
  return match;
}
