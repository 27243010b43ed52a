//===- MatchLogits.cpp - Logits in expressions ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Whatever is done to a logit can be a score region: a pointwise function of
// the product and the indices. From the outside masks are taken off as long as
// rows without keys keep their meaning; from the inside scale, softcap and a
// bias. The score region does what is left between them.
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
/// So low that adding a logit does not change it.
constexpr double kAbsorbing = -1e30;

class LogitMatcher {
public:
  LogitMatcher(ExprContext &context, LogitVariables variables,
               Numerics numerics)
      : context(context), variables(variables), numerics(numerics) {}

  std::variant<LogitMatch, MatchFailure> match(const Expr *logits);

private:
  /// A bias may come from a matmul too, such as that of a position with a
  /// learned matrix.
  void findProducts(const Expr *expr);
  bool hasProduct(const Expr *expr) {
    return context.contains(expr, result.product);
  }
  /// Takes masks off, from the outside in; returns what is left.
  const Expr *peelMasks(const Expr *expr);
  const Expr *peelSelect(const Expr *expr);
  const Expr *peelAddition(const Expr *expr);
  const Expr *peelFactor(const Expr *expr);
  const Expr *peelClamp(const Expr *expr);
  bool addMask(const Expr *condition, bool isNegated, double value,
               bool isAdded);
  bool keepsSomeKey(const Expr *condition, bool isNegated);
  void matchBase(const Expr *expr);
  /// Whether a constant is finite where logits are computed.
  bool isFinite(double constant) const {
    return std::isfinite(
        isDouble(result.product) ? constant : static_cast<float>(constant));
  }
  static bool isUniform(const Expr *expr);
  static bool holdsSentinel(const Expr *expr);
  static bool holdsLargeNumber(const Expr *expr);

  /// What the masks so far say, to go back to.
  struct Masks {
    SmallVector<LogitMatch::Condition> keep;
    bool isInfinite = false, isAdded = false;
    double value = 0;
  };

  ExprContext &context;
  LogitVariables variables;
  Numerics numerics;
  LogitMatch result;
  Masks masks;
  llvm::SmallPtrSet<const Expr *, 32> seen;
};

void LogitMatcher::findProducts(const Expr *expr) {
  if (!seen.insert(expr).second)
    return;
  if (expr->kind == Expr::Kind::Contract) {
    bool dependsOnKey = context.dependsOn(expr, variables.key) ||
                        context.getExtent(variables.key) == 1;
    bool dependsOnQuery = context.dependsOn(expr, variables.query) ||
                          context.getExtent(variables.query) == 1;
    if (!dependsOnKey || !dependsOnQuery)
      return;
    if (result.numCandidates++ == variables.candidate)
      result.product = expr;
    return;
  }
  for (const Expr *operand : expr->operands)
    findProducts(operand);
}

/// Whether every row has a key that the condition keeps, whatever the lengths:
/// the first one, or that at the position of the query.
bool LogitMatcher::keepsSomeKey(const Expr *condition, bool isNegated) {
  if (isNegated)
    condition = context.makeNot(condition);
  AffineExpr query = context.getVariable(variables.query);
  const Expr *first = context.substitute(condition, variables.key, query * 0);
  if (first->getInteger() == 1)
    return true;
  int64_t numQueries = context.getExtent(variables.query);
  int64_t numKeys = context.getExtent(variables.key);
  return !ShapedType::isDynamic(numQueries) &&
         !ShapedType::isDynamic(numKeys) && numKeys >= numQueries &&
         context.substitute(condition, variables.key, query)->getInteger() == 1;
}

/// Takes note of a mask if rows without keys have one policy for all masks.
bool LogitMatcher::addMask(const Expr *condition, bool isNegated, double value,
                           bool isAdded) {
  if (hasProduct(condition))
    return false;
  bool isInfinite = std::isinf(value) && value < 0;
  if (!isInfinite) {
    if (!std::isfinite(value) || value > kSentinel ||
        numerics == Numerics::Strict)
      return false;
    // Where a row may be masked as a whole, its logits still count if they are
    // only lowered, unless nothing is left of them.
    if (isAdded && value > kAbsorbing && numerics != Numerics::Fast &&
        !keepsSomeKey(condition, isNegated))
      return false;
  }
  if (!masks.keep.empty() && numerics != Numerics::Fast) {
    if (isInfinite != masks.isInfinite)
      return false;
    if (!isInfinite && (isAdded || masks.isAdded || value != masks.value))
      return false;
  }
  if (!masks.keep.empty() && isInfinite != masks.isInfinite)
    isInfinite = false;
  masks.keep.push_back({condition, isNegated});
  masks.isInfinite = isInfinite;
  masks.isAdded |= isAdded;
  masks.value = value;
  return true;
}

const Expr *LogitMatcher::peelSelect(const Expr *expr) {
  for (bool keepsTrue : {true, false}) {
    const Expr *kept = expr->operands[keepsTrue ? 1 : 2];
    const Expr *masked = expr->operands[keepsTrue ? 2 : 1];
    std::optional<double> value = masked->getFloat();
    if (value && hasProduct(kept) &&
        addMask(expr->operands[0], !keepsTrue, *value, /*isAdded=*/false))
      return peelMasks(kept);
  }
  return expr;
}

const Expr *LogitMatcher::peelAddition(const Expr *expr) {
  for (auto [x, y] : {std::pair{expr->operands[0], expr->operands[1]},
                      std::pair{expr->operands[1], expr->operands[0]}}) {
    if (!hasProduct(x) || hasProduct(y))
      continue;
    std::optional<double> a, b;
    if (y->is("arith.select")) {
      a = y->operands[1]->getFloat();
      b = y->operands[2]->getFloat();
    }
    if (a && b && (*a == 0.0) != (*b == 0.0)) {
      const Expr *condition = y->operands[0];
      bool isNegated = *a != 0.0;
      double value = isNegated ? *a : *b;
      // x * keep + (1 - keep) * value.
      if (x->is("arith.mulf") && x->operands[1]->is("arith.select") &&
          x->operands[1]->operands[0] == condition) {
        const Expr *factor = x->operands[1];
        if (factor->operands[isNegated ? 2 : 1]->getFloat() == 1.0 &&
            factor->operands[isNegated ? 1 : 2]->getFloat() == 0.0 &&
            addMask(condition, isNegated, value, /*isAdded=*/false))
          return peelMasks(x->operands[0]);
      }
      if (addMask(condition, isNegated, value, /*isAdded=*/true))
        return peelMasks(x);
    }
    // -inf stays -inf under an addition; a large negative number may become
    // -inf where another one is added.
    Masks before = masks;
    const Expr *peeled = peelMasks(x);
    if (masks.keep.size() == before.keep.size())
      return expr;
    if (!masks.isInfinite && numerics != Numerics::Fast) {
      masks = before;
      return expr;
    }
    return context.makeApply(expr->name, expr->type, {peeled, y});
  }
  return expr;
}

/// Masks stay masks under a positive factor.
const Expr *LogitMatcher::peelFactor(const Expr *expr) {
  bool isDivision = expr->is("arith.divf");
  std::optional<double> factor = expr->operands[1]->getFloat();
  if (!factor || !(*factor > 0) || !hasProduct(expr->operands[0]))
    return expr;
  if (isDivision)
    factor = 1 / *factor;
  Masks before = masks;
  const Expr *peeled = peelMasks(expr->operands[0]);
  if (masks.keep.size() == before.keep.size())
    return expr;
  if (!masks.isInfinite) {
    // One value for masks on both sides of the factor.
    masks.value *= *factor;
    if (!before.keep.empty() || masks.value > kSentinel ||
        !std::isfinite(masks.value)) {
      masks = before;
      return expr;
    }
  }
  return context.makeApply(expr->name, expr->type, {peeled, expr->operands[1]});
}

/// A lower bound turns -inf into a large negative number.
const Expr *LogitMatcher::peelClamp(const Expr *expr) {
  std::optional<double> bound = expr->operands[1]->getFloat();
  if (!bound || !std::isfinite(*bound) || *bound > kAbsorbing ||
      numerics == Numerics::Strict || !masks.keep.empty())
    return expr;
  const Expr *peeled = peelMasks(expr->operands[0]);
  if (masks.keep.empty())
    return expr;
  if (masks.isInfinite || masks.value < *bound) {
    masks.isInfinite = false;
    masks.value = *bound;
  }
  return peeled;
}

const Expr *LogitMatcher::peelMasks(const Expr *expr) {
  if (expr == result.product || !hasProduct(expr) ||
      expr->kind != Expr::Kind::Apply)
    return expr;
  if (expr->is("arith.select"))
    return peelSelect(expr);
  if (expr->is("arith.addf"))
    return peelAddition(expr);
  if (expr->is("arith.mulf") || expr->is("arith.divf"))
    return peelFactor(expr);
  if (expr->is("arith.maximumf") || expr->is("arith.maxnumf"))
    return peelClamp(expr);
  return expr;
}

/// Whether a constant as low as masks have is in an expression.
bool LogitMatcher::holdsSentinel(const Expr *expr) {
  return holdsAny(expr, [](const Expr *part) {
    std::optional<double> value = part->getFloat();
    return value && *value <= kSentinel;
  });
}

/// Whether a finite constant that is larger than logits is in an expression:
/// beside it they are rounded.
bool LogitMatcher::holdsLargeNumber(const Expr *expr) {
  return holdsAny(expr, [](const Expr *part) {
    std::optional<double> value = part->getFloat();
    return value && std::abs(*value) > -kSentinel && std::isfinite(*value);
  });
}

/// Whether an expression is the same for all logits.
bool LogitMatcher::isUniform(const Expr *expr) {
  auto isConstant = [](AffineExpr index) {
    return isa<AffineConstantExpr>(index);
  };
  return !holdsAny(expr, [&](const Expr *part) {
    return part->kind == Expr::Kind::Reduce ||
           part->kind == Expr::Kind::Contract ||
           !llvm::all_of(part->indices, isConstant);
  });
}

/// Scale, softcap and bias, from the product outwards.
void LogitMatcher::matchBase(const Expr *expr) {
  result.score = expr;
  result.base = result.baseWithoutBias = result.product;
  SmallVector<const Expr *> chain;
  for (const Expr *node = expr; node != result.product;) {
    chain.push_back(node);
    const Expr *inner = nullptr;
    for (const Expr *operand : node->operands) {
      if (!hasProduct(operand))
        continue;
      // The logit is read twice.
      if (inner)
        return;
      inner = operand;
    }
    node = inner;
  }
  size_t next = chain.size();
  auto matchFactors = [&] {
    for (; next > 0; --next) {
      const Expr *node = chain[next - 1];
      bool isDivision = node->is("arith.divf");
      if (!isDivision && !node->is("arith.mulf"))
        return;
      bool isFirst = hasProduct(node->operands[0]);
      const Expr *factor = node->operands[isFirst ? 1 : 0];
      if (isDivision && !isFirst)
        return;
      if (std::optional<double> constant = factor->getFloat()) {
        double scale = result.scale * (isDivision ? 1 / *constant : *constant);
        if (!isFinite(scale))
          return;
        result.scale = scale;
      } else if (!result.scaleExpr && isUniform(factor)) {
        result.scaleExpr =
            isDivision ? context.makeApply("arith.divf", factor->type,
                                           {context.makeFloat(1), factor})
                       : factor;
      } else {
        return;
      }
      result.base = result.baseWithoutBias = node;
    }
  };
  matchFactors();
  // c * tanh(x).
  if (next > 1 && chain[next - 1]->is("math.tanh") &&
      chain[next - 2]->is("arith.mulf")) {
    std::optional<double> cap = chain[next - 2]->operands[1]->getFloat();
    if (cap && *cap > 0 && isFinite(*cap) && isFinite(1 / *cap) &&
        isFinite(*cap * result.scale)) {
      result.softcap = cap;
      result.scale *= *cap;
      result.base = result.baseWithoutBias = chain[next - 2];
      next -= 2;
    }
  }
  if (next == 0 || !chain[next - 1]->is("arith.addf"))
    return;
  const Expr *sum = chain[next - 1];
  result.bias =
      hasProduct(sum->operands[0]) ? sum->operands[1] : sum->operands[0];
  result.base = sum;
}

std::variant<LogitMatch, MatchFailure> LogitMatcher::match(const Expr *logits) {
  findProducts(logits);
  if (!result.product)
    return MatchFailure{"logits",
                        "the logits do not come from a matmul of "
                        "what depends on the query with what "
                        "depends on the key",
                        "compute them by one matmul of queries and keys",
                        context.getOperation(logits), true};
  const Expr *rest = peelMasks(logits);
  // A mask with a finite number is one as long as what it keeps is above it:
  // not where that may be masked itself, nor, for an added number, where
  // another one may be added to what it masks.
  if (!masks.keep.empty() && !masks.isInfinite && numerics != Numerics::Fast &&
      (holdsSentinel(rest) || (masks.isAdded && holdsLargeNumber(rest)))) {
    masks = {};
    rest = logits;
  }
  // The graph multiplies differences, in which nothing is left of the constant.
  // A factor that is one but for rounding to bf16 keeps what is equal apart
  // from what is not.
  int exponent;
  bool isExact = std::abs(variables.lateFactor - 1) < 0x1p-7 ||
                 std::frexp(variables.lateFactor, &exponent) == 0.5;
  if (!isExact && numerics != Numerics::Fast && holdsLargeNumber(rest))
    return MatchFailure{"logits",
                        "the logits are multiplied after their maximum is "
                        "subtracted, before which that rounds differently "
                        "beside the large number that masks them",
                        "multiply before the mask",
                        context.getOperation(logits), true};
  result.keep = masks.keep;
  if (!masks.keep.empty() && !masks.isInfinite)
    result.maskValue = masks.value;
  // Where the one mask leaves every row a key, rows without keys are those
  // whose logits are -inf already.
  result.keepsSomeKey =
      masks.keep.empty() ||
      (masks.keep.size() == 1 &&
       keepsSomeKey(masks.keep[0].expr, masks.keep[0].isNegated));
  result.masksAreInfinite = masks.isInfinite || result.keepsSomeKey;
  matchBase(rest);
  return result;
}

} // namespace

bool attn::isDouble(const Expr *product) {
  return llvm::any_of(
      ArrayRef<Value>{product->value, product->rhs, product->op->getResult(0)},
      [](Value value) {
        return getElementTypeOrSelf(value.getType()).isF64();
      });
}

std::variant<LogitMatch, MatchFailure>
attn::matchLogits(ExprContext &context, const Expr *logits,
                  LogitVariables variables, Numerics numerics) {
  return LogitMatcher(context, variables, numerics).match(logits);
}
