//===- MatchExponential.cpp - Exponentials and their shift ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SoftmaxMatcher.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// A maximum that no logit which counts is below: the lowest f16.
constexpr double kLowest = -65504;

/// Whether a masked logit becomes infinite where it is multiplied.
bool overflows(const Expr *expr, double factor) {
  return holdsAny(expr, [&](const Expr *part) {
    double value = part->getFloat().value_or(0);
    constexpr double kLargest = std::numeric_limits<float>::max();
    if (value >= 0 || !std::isfinite(value))
      return false;
    return value >= -kLargest ? value * factor < -kLargest
                              : !std::isfinite(value * factor);
  });
}

/// Whether a condition says that `value` is -inf (or infinite), or the
/// contrary.
bool isInfinityTest(const Expr *condition, const Expr *value, bool isNegated) {
  using P = arith::CmpFPredicate;
  if (condition->is("arith.xori") &&
      condition->operands[1]->getInteger() == 1) {
    condition = condition->operands[0];
    isNegated = !isNegated;
  }
  if (!condition->is("arith.cmpf"))
    return false;
  P predicate =
      condition->attrs.getAs<arith::CmpFPredicateAttr>("predicate").getValue();
  const Expr *tested = condition->operands[0];
  std::optional<double> constant = condition->operands[1]->getFloat();
  if (!constant || !std::isinf(*constant))
    return false;
  if (*constant > 0) {
    if (!tested->is("math.absf"))
      return false;
    tested = tested->operands[0];
  }
  if (tested != value)
    return false;
  return isNegated ? predicate == P::UNE || predicate == P::ONE
                   : predicate == P::OEQ || predicate == P::UEQ;
}

} // namespace

void attn::collectTerms(
    const Expr *expr, double factor,
    SmallVectorImpl<std::pair<double, const Expr *>> &terms) {
  // A sum that is added to itself, again and again, has too many.
  constexpr size_t kMaxTerms = 16;
  if (terms.size() >= kMaxTerms) {
    terms.push_back({factor, expr});
    return;
  }
  if (expr->is("arith.addf") || expr->is("arith.subf")) {
    collectTerms(expr->operands[0], factor, terms);
    collectTerms(expr->operands[1], expr->is("arith.subf") ? -factor : factor,
                 terms);
    return;
  }
  if (expr->is("arith.negf"))
    return collectTerms(expr->operands[0], -factor, terms);
  if (expr->is("arith.mulf"))
    if (std::optional<double> constant = expr->operands[1]->getFloat())
      return collectTerms(expr->operands[0], factor * *constant, terms);
  terms.push_back({factor, expr});
}

/// Whether `factor * term` is minus the row maximum of `rest`.
bool SoftmaxMatcher::matchShift(const Expr *term, double factor,
                                const Expr *rest, Exponential &exp) {
  // The maximum may have a lower bound or a sink.
  const Expr *max = term;
  bool isClamped = false;
  if (term->is("arith.maximumf") || term->is("arith.maxnumf")) {
    for (auto [x, y] : {std::pair{term->operands[0], term->operands[1]},
                        std::pair{term->operands[1], term->operands[0]}}) {
      if (!isReduction(x, ReduceKind::Max) || isReduction(y, ReduceKind::Max))
        continue;
      max = x;
      std::optional<double> bound = y->getFloat();
      isClamped = bound && *bound <= kLowest && std::isfinite(*bound);
      // Anything else must be the sink that the sum has too.
    }
  }
  // Zero in place of an infinite maximum.
  if (term->is("arith.select")) {
    for (bool isFirst : {false, true}) {
      const Expr *kept = term->operands[isFirst ? 1 : 2];
      const Expr *replaced = term->operands[isFirst ? 2 : 1];
      std::optional<double> value = replaced->getFloat();
      if (isReduction(kept, ReduceKind::Max) && value &&
          std::isfinite(*value) &&
          isInfinityTest(term->operands[0], kept, /*isNegated=*/isFirst)) {
        max = kept;
        isClamped = true;
      }
    }
  }
  if (!isReduction(max, ReduceKind::Max) || !isOverKeys(max))
    return false;
  const Expr *body = getBody(max);
  const Expr *logits = rest;
  double logitFactor = 1.0;
  if (isSame(body, rest)) {
    if (std::abs(factor + 1) > 1e-6)
      return false;
  } else {
    // c * x - c * max(x), where c * x may have been folded.
    logitFactor = -factor;
    if (!(logitFactor > 0) || context.makeScaled(body, logitFactor) != rest ||
        overflows(body, logitFactor))
      return false;
    logits = body;
  }
  exp.logits = logits;
  exp.factor = logitFactor;
  exp.shift = term;
  exp.max = max;
  exp.isClamped = isClamped;
  return true;
}

LogicalResult SoftmaxMatcher::matchExponential(const Expr *expr,
                                               Exponential &exp) {
  double base = expr->is("math.exp2") ? kLn2 : 1.0;
  const Expr *rest = expr->operands[0];
  double outer = 1.0;
  SmallVector<std::pair<double, const Expr *>> terms;
  const Expr *sawOtherMax = nullptr;
  // Takes row values off the exponent until the maximum of the rest is among
  // them.
  const Expr *start = rest;
  while (true) {
    if (rest->is("arith.mulf") && rest->operands[1]->getFloat() &&
        terms.empty()) {
      outer *= *rest->operands[1]->getFloat();
      rest = rest->operands[0];
      continue;
    }
    if (!rest->is("arith.subf") && !rest->is("arith.addf"))
      break;
    const Expr *next = rest->operands[0], *row = rest->operands[1];
    double sign = rest->is("arith.subf") ? -1.0 : 1.0;
    if (rest->is("arith.addf") && isRowValue(next))
      std::swap(next, row);
    if (!isRowValue(row) || isRowValue(next))
      break;
    size_t before = terms.size();
    collectTerms(row, sign, terms);
    rest = next;
    bool found = false;
    for (size_t t = before; t < terms.size() && !found; ++t) {
      auto [factor, term] = terms[t];
      if (matchShift(term, factor, rest, exp)) {
        terms.erase(terms.begin() + t);
        found = true;
      } else if (isReduction(term, ReduceKind::Max) ||
                 term->is("arith.maximumf")) {
        sawOtherMax = term;
      }
    }
    if (found)
      break;
  }
  if (!exp.logits && sawOtherMax)
    return fail("what is subtracted before exp is not the row maximum of the "
                "logits",
                sawOtherMax, "subtract the maximum of the same logits");
  if (!exp.logits) {
    // Without a maximum: only logarithms may be subtracted.
    exp.factor = 1.0;
    SmallVector<std::pair<double, const Expr *>> logs;
    for (auto [factor, term] : terms)
      if (term->is("math.log") || term->is("math.log2"))
        logs.push_back({factor, term});
    if (logs.size() == terms.size() && !terms.empty()) {
      exp.logits = rest;
    } else {
      terms.clear();
      // A factor stays with the logits.
      exp.logits = start;
      outer = 1.0;
    }
  }
  for (auto [factor, term] : terms) {
    bool isLog = term->is("math.log"), isLog2 = term->is("math.log2");
    double natural = factor * outer * base * (isLog2 ? 1 / kLn2 : 1.0);
    if ((!isLog && !isLog2) || exp.logOf || std::abs(natural + 1) > 1e-6)
      return fail("the exponent holds a term of the row that is neither its "
                  "maximum nor the logarithm of its sum",
                  term, "drop that term");
    exp.logOf = term->operands[0];
  }
  exp.lateFactor = outer * base;
  exp.factor *= exp.lateFactor;
  if (!(exp.factor > 0) || !std::isfinite(exp.factor))
    return fail("the logits are multiplied by a negative factor after their "
                "maximum is taken",
                expr, "multiply before the maximum is taken");
  // As a scale the factor would come before the subtraction of the maximum.
  if (exp.factor > 1 + 0x1p-20 && overflows(exp.logits, exp.factor))
    return fail("the logits are multiplied after their maximum is subtracted, "
                "before which that makes infinities of what masks them",
                expr, "multiply before the mask");
  return success();
}
