//===- MatchLogits.cpp - Logits in expressions ------------------*- C++ -*-===//
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

namespace {

/// Below this a masked logit contributes nothing in f32, unless all logits of
/// the row are as low.
constexpr double kSentinel = -1e4;

class LogitMatcher {
public:
  explicit LogitMatcher(ExprContext &context) : context(context) {}

  std::variant<LogitMatch, MatchFailure> match(const Expr *logits);

private:
  LogicalResult fail(const Twine &reason) {
    failure.reason = reason.str();
    return mlir::failure();
  }
  LogicalResult findProduct(const Expr *expr);
  bool hasProduct(const Expr *expr) {
    return context.contains(expr, result.product);
  }
  /// Takes masks off, from the outside in; returns what is left.
  FailureOr<const Expr *> peelMasks(const Expr *expr);
  LogicalResult noteSentinel(double value);
  void matchParts(const Expr *expr);
  bool matchBias(const Expr *&expr);
  bool matchSoftcap(const Expr *&expr);
  bool matchScale(const Expr *expr);

  ExprContext &context;
  LogitMatch result;
  MatchFailure failure;
  bool hasInfinite = false, hasFinite = false;
};

LogicalResult LogitMatcher::findProduct(const Expr *expr) {
  if (expr->kind == Expr::Kind::Contract) {
    if (result.product && result.product != expr)
      return fail("the logits depend on more than one matmul");
    result.product = expr;
    return success();
  }
  for (const Expr *operand : expr->operands)
    if (failed(findProduct(operand)))
      return mlir::failure();
  return success();
}

LogicalResult LogitMatcher::noteSentinel(double value) {
  if (std::isinf(value) && value < 0) {
    hasInfinite = true;
    return success();
  }
  if (value <= kSentinel) {
    hasFinite = true;
    return success();
  }
  return fail("masked logits get a value that is neither -inf nor below " +
              Twine((int64_t)kSentinel));
}

FailureOr<const Expr *> LogitMatcher::peelMasks(const Expr *expr) {
  if (expr == result.product || !hasProduct(expr) ||
      expr->kind != Expr::Kind::Apply)
    return expr;
  if (expr->is("arith.select")) {
    const Expr *condition = expr->operands[0];
    for (bool keepsTrue : {true, false}) {
      const Expr *kept = expr->operands[keepsTrue ? 1 : 2];
      const Expr *masked = expr->operands[keepsTrue ? 2 : 1];
      std::optional<double> value = masked->getFloat();
      if (!value || !hasProduct(kept))
        continue;
      if (hasProduct(condition))
        return fail("a mask depends on the logits");
      if (failed(noteSentinel(*value)))
        return mlir::failure();
      result.keep.push_back({condition, !keepsTrue});
      return peelMasks(kept);
    }
    return expr;
  }
  if (expr->is("arith.addf")) {
    for (auto [x, y] : {std::pair{expr->operands[0], expr->operands[1]},
                        std::pair{expr->operands[1], expr->operands[0]}}) {
      if (!hasProduct(x) || hasProduct(y) || !y->is("arith.select"))
        continue;
      // An added 0 or -inf.
      std::optional<double> a = y->operands[1]->getFloat();
      std::optional<double> b = y->operands[2]->getFloat();
      if (!a || !b || (*a != 0.0) == (*b != 0.0))
        continue;
      double sentinel = *a == 0.0 ? *b : *a;
      // Adding a finite number is no mask: the logit still counts.
      if (!std::isinf(sentinel) || sentinel > 0)
        continue;
      hasInfinite = true;
      const Expr *condition = y->operands[0];
      result.keep.push_back({condition, *a != 0.0});
      return peelMasks(x);
    }
  }
  // -inf stays -inf under what follows only if that is an addition or a positive
  // factor.
  bool isAddition = expr->is("arith.addf");
  bool isFactor = expr->is("arith.mulf") || expr->is("arith.divf");
  if (!isAddition && !isFactor)
    return expr;
  SmallVector<const Expr *> operands(expr->operands.begin(),
                                     expr->operands.end());
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (!hasProduct(operand))
      continue;
    size_t before = result.keep.size();
    FailureOr<const Expr *> peeled = peelMasks(operand);
    if (failed(peeled))
      return mlir::failure();
    if (result.keep.size() == before)
      continue;
    const Expr *other = operands[1 - index];
    std::optional<double> factor = other->getFloat();
    if (isFactor && (index == 1 && expr->is("arith.divf")))
      return fail("masked logits are a divisor");
    if (isFactor && (!factor || *factor <= 0))
      return fail("masked logits are multiplied by what may not be positive");
    if (hasFinite)
      return fail("logits that are masked by a finite number are changed "
                  "afterwards");
    operand = *peeled;
    return context.makeApply(expr->op, operands);
  }
  return expr;
}

/// `x + tensor element`: only the outermost one; more go into a score region.
bool LogitMatcher::matchBias(const Expr *&expr) {
  if (!expr->is("arith.addf"))
    return true;
  for (auto [x, y] : {std::pair{expr->operands[0], expr->operands[1]},
                      std::pair{expr->operands[1], expr->operands[0]}})
    if (hasProduct(x) && y->kind == Expr::Kind::Load) {
      result.bias = y;
      expr = x;
      return true;
    }
  return false;
}

/// `c * tanh(x / c)`.
bool LogitMatcher::matchSoftcap(const Expr *&expr) {
  if (!expr->is("arith.mulf"))
    return true;
  for (auto [tanh, outer] : {std::pair{expr->operands[0], expr->operands[1]},
                             std::pair{expr->operands[1], expr->operands[0]}}) {
    std::optional<double> cap = outer->getFloat();
    if (!tanh->is("math.tanh") || !cap || *cap <= 0)
      continue;
    const Expr *inner = tanh->operands[0];
    // The inner factor may be rounded.
    constexpr double kRounding = 0x1p-7;
    auto isInverse = [&](std::optional<double> factor) {
      return factor && std::abs(*factor * *cap - 1) <= kRounding * 0x1p-10;
    };
    if (inner->is("arith.divf") && inner->operands[1]->getFloat() == cap) {
      result.softcap = cap;
      expr = inner->operands[0];
      return true;
    }
    if (inner->is("arith.mulf") && isInverse(inner->operands[1]->getFloat())) {
      result.softcap = cap;
      expr = inner->operands[0];
      return true;
    }
  }
  return true;
}

/// A product with constants and at most one scalar value.
bool LogitMatcher::matchScale(const Expr *expr) {
  if (expr == result.product)
    return true;
  bool isDivision = expr->is("arith.divf");
  if (!isDivision && !expr->is("arith.mulf"))
    return false;
  for (unsigned index : {0u, 1u}) {
    const Expr *inner = expr->operands[index];
    const Expr *factor = expr->operands[1 - index];
    if (!hasProduct(inner) || (isDivision && index == 1))
      continue;
    if (std::optional<double> constant = factor->getFloat()) {
      result.scale *= isDivision ? 1 / *constant : *constant;
      return std::isfinite(result.scale) && matchScale(inner);
    }
    if (factor->kind == Expr::Kind::Scalar && !isDivision &&
        !result.scaleValue && isa<FloatType>(factor->value.getType())) {
      result.scaleValue = factor->value;
      return matchScale(inner);
    }
  }
  return false;
}

void LogitMatcher::matchParts(const Expr *expr) {
  LogitMatch saved = result;
  const Expr *rest = expr;
  if (matchBias(rest) && matchSoftcap(rest) && matchScale(rest))
    return;
  result = saved;
  result.score = expr;
}

std::variant<LogitMatch, MatchFailure>
LogitMatcher::match(const Expr *logits) {
  if (failed(findProduct(logits)))
    return failure;
  if (!result.product)
    return MatchFailure{"the logits do not come from a matmul", nullptr, true};
  FailureOr<const Expr *> rest = peelMasks(logits);
  if (failed(rest))
    return failure;
  if (hasFinite && hasInfinite)
    return MatchFailure{"some masked logits are -inf and others are finite: a "
                        "row without keys has no policy that fits both",
                        nullptr, true};
  if (hasFinite && result.keep.size() > 1)
    return MatchFailure{"two masks with finite values", nullptr, true};
  result.masksAreInfinite = !hasFinite;
  result.unmasked = *rest;
  matchParts(*rest);
  return result;
}

} // namespace

std::variant<LogitMatch, MatchFailure>
attn::matchLogits(ExprContext &context, const Expr *logits) {
  return LogitMatcher(context).match(logits);
}
