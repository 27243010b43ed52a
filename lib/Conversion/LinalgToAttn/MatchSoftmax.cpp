//===- MatchSoftmax.cpp - Softmax in expressions ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A probability is exp(x - max) / sum, with the row's maximum and sum, where
// the division may be a product with the inverse, a logarithm in the exponent,
// or come after the second matmul; where exp may be exp2; and where the sum may
// have a term more.
//
//===----------------------------------------------------------------------===//

#include "SoftmaxMatcher.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// What adding to a number of 1 or more does not change in f32.
constexpr double kNegligible = 0x1p-25;

bool isNegativeInfinity(const Expr *expr) {
  std::optional<double> value = expr->getFloat();
  return value && std::isinf(*value) && *value < 0;
}

} // namespace

/// Zeros that are selected after the softmax.
LogicalResult SoftmaxMatcher::peelSelects(const Expr *&expr) {
  while (true) {
    const Expr *condition, *kept;
    if (expr->is("arith.select") && expr->operands[1]->getFloat() == 0.0) {
      condition = expr->operands[0];
      kept = expr->operands[2];
    } else if (expr->is("arith.select") &&
               expr->operands[2]->getFloat() == 0.0) {
      condition = context.makeNot(expr->operands[0]);
      kept = expr->operands[1];
    } else if (expr->is("arith.mulf") &&
               expr->operands[1]->is("arith.select") &&
               expr->operands[1]->operands[1]->getFloat() == 1.0 &&
               expr->operands[1]->operands[2]->getFloat() == 0.0) {
      condition = context.makeNot(expr->operands[1]->operands[0]);
      kept = expr->operands[0];
    } else {
      return success();
    }
    expr = kept;
    // select(isnan(p), 0, p).
    if (condition->is("arith.cmpf") && condition->operands[0] == kept &&
        condition->operands[1] == kept) {
      auto predicate =
          condition->attrs.getAs<arith::CmpFPredicateAttr>("predicate");
      if (predicate.getValue() == arith::CmpFPredicate::UNO ||
          predicate.getValue() == arith::CmpFPredicate::UNE) {
        hasNaNGuard = result.hasNaNGuard = true;
        continue;
      }
    }
    if (isRowValue(condition)) {
      zeroedRows.push_back(condition);
      continue;
    }
    if (result.zeroed)
      return fail("probabilities are set to zero under two conditions",
                  condition, "join the two conditions");
    result.zeroed = condition;
  }
}

/// Takes products and quotients apart.
LogicalResult SoftmaxMatcher::collectFactors(const Expr *expr, bool isDivisor) {
  if (!isDivisor && !expr->getFloat() &&
      (expr->is("arith.mulf") || expr->is("arith.divf"))) {
    if (failed(collectFactors(expr->operands[0], false)))
      return mlir::failure();
    return collectFactors(expr->operands[1], expr->is("arith.divf"));
  }
  if (expr->getFloat() == 1.0)
    return success();
  if (expr->getFloat()) {
    scaledBy = expr;
    return success();
  }
  if (isDivisor) {
    if (sumExpr)
      return fail("the probabilities are divided twice", expr,
                  "divide by the sum once");
    if (!isRowValue(expr) && isReduction(expr, ReduceKind::Sum))
      return fail("the softmax sums along another axis than that which the "
                  "second matmul contracts",
                  expr, "contract the axis of the softmax");
    if (!isRowValue(expr))
      return fail("the exponentials are divided by what depends on the key",
                  expr, "divide the values by it instead");
    sumExpr = expr;
    return success();
  }
  bool isExponential = expr->is("math.exp") || expr->is("math.exp2");
  if (isExponential && !exponentialExpr) {
    exponentialExpr = expr;
    return success();
  }
  if (!isRowValue(expr))
    return fail("the probabilities are multiplied by a factor that depends on "
                "the key before the second matmul, as dropout in training and "
                "gates do",
                expr,
                "run dropout in inference form, or apply the factor to "
                "the values");
  scaledBy = expr;
  return success();
}

/// sum(exp), perhaps with a negligible constant, or with a sink.
LogicalResult SoftmaxMatcher::matchSum(const Expr *sum) {
  const Expr *reduction = sum;
  if (sum->is("arith.maximumf") || sum->is("arith.maxnumf")) {
    std::optional<double> bound = sum->operands[1]->getFloat();
    if (bound && *bound <= kNegligible && *bound > 0 && exponential.shift) {
      reduction = sum->operands[0];
      isEpsilonAdded = true;
    }
  } else if (sum->is("arith.select")) {
    // Another divisor in place of zero.
    const Expr *test = sum->operands[0];
    std::optional<double> value = sum->operands[1]->getFloat();
    if (test->is("arith.cmpf") && test->operands[0] == sum->operands[2] &&
        test->operands[1]->getFloat() == 0.0 &&
        test->attrs.getAs<arith::CmpFPredicateAttr>("predicate").getValue() ==
            arith::CmpFPredicate::OEQ &&
        value && std::isfinite(*value) && *value != 0 && exponential.shift) {
      reduction = sum->operands[2];
      isEpsilonAdded = true;
    }
  } else if (sum->is("arith.addf")) {
    std::optional<double> constant = sum->operands[1]->getFloat();
    if (constant && *constant >= 0 && *constant <= kNegligible &&
        exponential.shift) {
      reduction = sum->operands[0];
      isEpsilonAdded = true;
    } else if (constant) {
      return fail("a constant that is not negligible is added to the sum of "
                  "exponentials",
                  sum,
                  "for softmax with a logit more, subtract max(max(x), 0) and "
                  "add exp(-max)");
    } else {
      const Expr *other = sum->operands[1];
      reduction = sum->operands[0];
      if (!isReduction(reduction, ReduceKind::Sum))
        std::swap(reduction, other);
      // exp(sink - shift), with the same shift.
      if ((!other->is("math.exp") && !other->is("math.exp2")) ||
          !exponential.shift)
        return fail(
            "the denominator of the softmax has another term than the "
            "sum of its numerator",
            other,
            "add exp(sink - max) for one sink for each head, or nothing");
      const Expr *exponent = other->operands[0];
      double base = other->is("math.exp2") ? kLn2 : 1.0;
      SmallVector<std::pair<double, const Expr *>> terms;
      collectTerms(exponent, base, terms);
      const Expr *sink = nullptr;
      double sinkFactor = 1.0;
      bool sawShift = false;
      for (auto [factor, term] : terms) {
        if (term == exponential.shift && !sawShift &&
            std::abs(factor + exponential.factor) <= 1e-6) {
          sawShift = true;
        } else if (sink) {
          return fail("the denominator of the softmax has a term that is no "
                      "exponential of one logit minus the maximum",
                      other, "add exp(sink - max) for one sink for each head");
        } else {
          sink = term;
          sinkFactor = factor;
        }
      }
      if (!sawShift)
        return fail("another logit in the denominator has not the maximum of "
                    "the row subtracted",
                    other, "subtract the maximum from it too");
      sink = sink ? context.makeScaled(sink, sinkFactor) : context.makeFloat(0);
      result.sink = sink;
      // The maximum must be that of both.
      const Expr *shift = exponential.shift;
      bool hasSinkInMax =
          shift->is("arith.maximumf") || shift->is("arith.maxnumf");
      if (!hasSinkInMax && numerics != Numerics::Fast)
        return fail("the logit of the sink is not in the maximum that is "
                    "subtracted, so that it may overflow",
                    shift, "take the maximum of logits and sink");
      if (hasSinkInMax && !exponential.isClamped) {
        const Expr *bound = shift->operands[0] == exponential.max
                                ? shift->operands[1]
                                : shift->operands[0];
        if (context.makeScaled(bound, exponential.factor) != sink &&
            !(bound->getFloat() &&
              sink->getFloat() == *bound->getFloat() * exponential.factor))
          return fail("the maximum that is subtracted holds a value that is "
                      "not in the sum",
                      shift, "add the exponential of that value to the sum");
      }
    }
  }
  if (!isReduction(reduction, ReduceKind::Sum))
    return fail("the denominator of the softmax is not a sum from zero",
                reduction, "sum the exponentials over the keys, from zero");
  const Expr *body = isOverKeys(reduction) ? getBody(reduction) : nullptr;
  Exponential summed;
  if (!body || (!body->is("math.exp") && !body->is("math.exp2")) ||
      failed(matchExponential(body, summed)) || summed.logOf ||
      !isSame(summed.logits, exponential.logits) ||
      !summed.hasShiftOf(exponential))
    return fail("the denominator of the softmax does not sum its numerator "
                "along the axis that the second matmul contracts",
                reduction, "sum the same exponentials over the keys");
  if (!result.sink && exponential.shift &&
      exponential.shift != exponential.max && !exponential.isClamped)
    return fail("what is subtracted before exp is not the row maximum of the "
                "logits",
                exponential.shift, "subtract the maximum of the same logits");
  result.sum = reduction;
  return success();
}

/// `all_j(x[j] == -inf)`, or the negation of `any_j(x[j] != -inf)`.
LogicalResult SoftmaxMatcher::checkAllMasked(const Expr *condition) {
  using P = arith::CmpFPredicate;
  bool isNegated =
      condition->is("arith.xori") && condition->operands[1]->getInteger() == 1;
  const Expr *reduction = isNegated ? condition->operands[0] : condition;
  auto matches = [&] {
    if (!isReduction(reduction, isNegated ? ReduceKind::Or : ReduceKind::And) ||
        !isOverKeys(reduction))
      return false;
    const Expr *test = getBody(reduction);
    bool testsInequality = isNegated;
    if (test->is("arith.xori") && test->operands[1]->getInteger() == 1) {
      testsInequality = !testsInequality;
      test = test->operands[0];
    }
    if (!test->is("arith.cmpf") ||
        !isSame(test->operands[0], exponential.logits) ||
        !isNegativeInfinity(test->operands[1]))
      return false;
    P predicate =
        test->attrs.getAs<arith::CmpFPredicateAttr>("predicate").getValue();
    return testsInequality ? predicate == P::UNE || predicate == P::ONE ||
                                 predicate == P::OGT || predicate == P::UGT
                           : predicate == P::OEQ || predicate == P::UEQ ||
                                 predicate == P::OLE;
  };
  if (matches())
    return success();
  // max_j(x[j]) == -inf.
  if (!isNegated && condition->is("arith.cmpf") &&
      condition->operands[0] == exponential.max &&
      isNegativeInfinity(condition->operands[1]) &&
      condition->attrs.getAs<arith::CmpFPredicateAttr>("predicate")
              .getValue() == P::OEQ)
    return success();
  return fail("zeros are selected after the softmax under a condition other "
              "than that all logits of the row are -inf",
              condition, "select them where all logits of the row are -inf");
}

std::variant<SoftmaxMatch, MatchFailure>
SoftmaxMatcher::match(const Expr *probability) {
  const Expr *expr = probability;
  if (failed(peelSelects(expr)))
    return failure;
  // Whether there is a softmax at all.
  auto isExponential = [](const Expr *part) {
    return part->is("math.exp") || part->is("math.exp2");
  };
  auto holdsRowSum = [](const Expr *whole) {
    return holdsAny(
        whole,
        [](const Expr *part) { return isReduction(part, ReduceKind::Sum); },
        [](const Expr *part) { return part->kind == Expr::Kind::Apply; });
  };
  failure.isNearMiss = holdsAny(expr, isExponential, [](const Expr *part) {
    return part->is("arith.mulf") || part->is("arith.divf");
  });
  if (!failure.isNearMiss)
    return failure;
  if (failed(collectFactors(expr, false))) {
    failure.isNearMiss = holdsRowSum(expr);
    return failure;
  }
  if (exponentialExpr && scaledBy) {
    (void)fail("the probabilities are scaled before the second matmul",
               scaledBy, "scale the output instead");
    failure.isNearMiss = holdsRowSum(expr);
    return failure;
  }
  if (!exponentialExpr) {
    (void)fail("the numerator of the softmax is not exp(logits - max)", expr,
               "compute exp(logits - max) for each key");
    failure.isNearMiss = holdsRowSum(expr);
    return failure;
  }
  if (failed(matchExponential(exponentialExpr, exponential)))
    return failure;
  // The sum is a divisor, in a logarithm, or yet to come.
  const Expr *sum = sumExpr;
  if (exponential.logOf) {
    if (sum) {
      (void)fail("the exponentials are normalised twice", sum,
                 "divide by the sum once");
      return failure;
    }
    sum = exponential.logOf;
  }
  if (sum && failed(matchSum(sum)))
    return failure;
  if (!exponential.shift && numerics != Numerics::Fast) {
    (void)fail("the row maximum is not subtracted before exp; without it large "
               "logits overflow, which attention would not reproduce",
               exponentialExpr,
               "subtract the maximum, or set attn.numerics = \"fast\"");
    return failure;
  }
  if (!sum)
    result.pendingSum = exponentialExpr;
  for (const Expr *condition : zeroedRows)
    if (failed(checkAllMasked(condition)))
      return failure;
  if (numerics == Numerics::Strict && (hasNaNGuard || isEpsilonAdded)) {
    (void)fail(hasNaNGuard
                   ? "NaN probabilities are replaced by zeros, which attention "
                     "does for rows without keys only"
                   : "a constant is added to the sum of exponentials",
               exponentialExpr, "set attn.numerics = \"default\"");
    return failure;
  }
  // A multiple that is one but for rounding is none.
  double factor = exponential.factor;
  if (std::abs(factor - 1) < 0x1p-20)
    factor = 1.0;
  result.logits = context.makeScaled(exponential.logits, factor);
  result.factor = factor;
  result.lateFactor = exponential.lateFactor;
  result.max = exponential.max;
  result.shift = exponential.shift;
  if (!zeroedRows.empty() || hasNaNGuard || result.sink ||
      (exponential.isClamped && isEpsilonAdded))
    result.maskedRow = MaskedRow::Zero;
  return result;
}

std::variant<SoftmaxMatch, MatchFailure>
attn::matchSoftmax(ExprContext &context, const Expr *probability,
                   unsigned keyVar, Numerics numerics) {
  return SoftmaxMatcher(context, keyVar, numerics).match(probability);
}

std::optional<double> attn::getLogSumExpFactor(const SoftmaxMatch &softmax,
                                               const Expr *expr) {
  if (!softmax.shift || !softmax.sum || softmax.sink)
    return std::nullopt;
  SmallVector<std::pair<double, const Expr *>> terms;
  collectTerms(expr, 1.0, terms);
  if (terms.size() != 2)
    return std::nullopt;
  double ofShift = 0, ofLog = 0;
  for (auto [factor, term] : terms) {
    bool isLog2 = term->is("math.log2");
    if (term == softmax.shift)
      ofShift = factor;
    else if ((isLog2 || term->is("math.log")) &&
             term->operands[0] == softmax.sum)
      ofLog = isLog2 ? factor / kLn2 : factor;
  }
  // factor * shift + log(sum), times a constant.
  if (ofShift == 0 || ofLog == 0 ||
      std::abs(ofShift / (ofLog * softmax.factor) - 1) > 0x1p-22)
    return std::nullopt;
  return ofLog;
}
