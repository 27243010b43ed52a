//===- ClassifyMasks.cpp - Masks, biases and sinks --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionFuser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace mlir::attn;

std::optional<AttentionFuser::LogitOperand>
AttentionFuser::getLogitOperandAt(Value tensor, ArrayRef<AffineExpr> indices) {
  if (!hasGroups && isAlignedWith(context, tensor, indices, logitLayout))
    return LogitOperand{tensor, std::nullopt};
  std::optional<Arrangement> arrangement =
      arrange(context, indices, logitLayout, {});
  if (!arrangement || arrangement->isPermuted ||
      !isStaticPart(context, tensor, *arrangement))
    return std::nullopt;
  // Half of a joined head is no dimension.
  if (hasGroups &&
      llvm::is_contained(arrangement->present, lead.back()) !=
          llvm::is_contained(arrangement->present, lead[lead.size() - 2]))
    return std::nullopt;
  return LogitOperand{tensor, arrangement};
}

/// A tensor that holds the expression, in a layout that the op takes.
std::optional<AttentionFuser::LogitOperand>
AttentionFuser::getLogitOperand(const Expr *expr) {
  if (expr->kind == Expr::Kind::Load)
    return getLogitOperandAt(expr->value, expr->indices);
  if (const ExprContext::Access *source = context.getSource(expr))
    return getLogitOperandAt(source->tensor, source->indices);
  return std::nullopt;
}

/// Whether an expression costs little beside the exponential of its logit: some
/// arithmetic, and no element of a tensor per pair of query and key.
bool AttentionFuser::isCheap(const Expr *expr) {
  unsigned budget = 24;
  std::function<bool(const Expr *)> visit = [&](const Expr *part) {
    if (budget-- == 0)
      return false;
    switch (part->kind) {
    case Expr::Kind::Constant:
    case Expr::Kind::Index:
    case Expr::Kind::Scalar:
      return true;
    case Expr::Kind::Load:
      return !context.dependsOn(part, queryVar) ||
             !context.dependsOn(part, keyVar);
    case Expr::Kind::Apply:
      return part->name.getValue().starts_with("arith.") &&
             llvm::all_of(part->operands, visit);
    default:
      return false;
    }
  };
  return visit(expr);
}

/// Whether an expression is arithmetic on indices and numbers alone.
static bool isIndexArithmetic(const Expr *expr) {
  return !holdsAny(expr, [](const Expr *part) {
    return part->kind != Expr::Kind::Constant &&
           part->kind != Expr::Kind::Index &&
           part->kind != Expr::Kind::Scalar && part->kind != Expr::Kind::Apply;
  });
}

/// Whether a tensor of the expression's values is small: it has no element per
/// pair of query and key.
bool AttentionFuser::isSmall(const Expr *expr) {
  return !isIndexArithmetic(expr) && (!context.dependsOn(expr, queryVar) ||
                                      !context.dependsOn(expr, keyVar));
}

/// Whether an expression is computed from results of a contraction, at whatever
/// indices.
static bool holdsResultOf(const Expr *expr, Operation *contraction) {
  return holdsAny(expr, [&](const Expr *part) {
    return part->kind == Expr::Kind::Contract && part->op == contraction;
  });
}

/// `expr` with elements of tensors in place of what a region cannot compute.
const Expr *AttentionFuser::makeEmittable(const Expr *expr,
                                          const ExprEmitter &emitter) {
  DenseMap<const Expr *, const Expr *> done;
  std::function<const Expr *(const Expr *)> visit =
      [&](const Expr *part) -> const Expr * {
    if (emitter.canEmit(part))
      return part;
    if (auto known = done.find(part); known != done.end())
      return known->second;
    if (!holdsResultOf(part, logits.product->op))
      if (const ExprContext::Access *source = context.getSource(part)) {
        const Expr *load = context.makeLoad(source->tensor, source->indices);
        if (emitter.canEmit(load))
          return done[part] = load;
      }
    if (part->kind != Expr::Kind::Apply && part->kind != Expr::Kind::Gather)
      return done[part] = nullptr;
    SmallVector<const Expr *> operands;
    for (const Expr *operand : part->operands) {
      operands.push_back(visit(operand));
      if (!operands.back())
        return done[part] = nullptr;
    }
    const Expr *rebuilt =
        part->kind == Expr::Kind::Gather
            ? context.makeGather(part->value, operands)
            : context.makeApply(part->name, part->type, operands, part->attrs);
    return done[part] = emitter.canEmit(rebuilt) ? rebuilt : nullptr;
  };
  return visit(expr);
}

Layout AttentionFuser::getBatchLayout() const {
  size_t numHeadDims = hasGroups ? 2 : lead.empty() ? 0 : 1;
  return Layout(ArrayRef(lead).drop_back(numHeadDims));
}

/// A tensor that holds the expression, integers in the order of a layout.
std::optional<AttentionFuser::LogitOperand>
AttentionFuser::getIntegers(const Expr *expr, const Layout &layout) {
  const ExprContext::Access *source = context.getSource(expr);
  bool isLoad = expr->kind == Expr::Kind::Load;
  if (!isLoad && !source)
    return std::nullopt;
  Value tensor = isLoad ? expr->value : source->tensor;
  auto indices = isLoad ? ArrayRef<AffineExpr>(expr->indices)
                        : ArrayRef<AffineExpr>(source->indices);
  Type type = getElementTypeOrSelf(tensor.getType());
  std::optional<Arrangement> arrangement =
      arrange(context, indices, layout, {});
  if (!arrangement || arrangement->isPermuted ||
      !isStaticPart(context, tensor, *arrangement) ||
      (!type.isInteger(32) && !type.isInteger(64)))
    return std::nullopt;
  return LogitOperand{tensor, arrangement};
}

/// Whether a condition says that the documents of query and key are one.
bool AttentionFuser::classifyDocuments(const Expr *condition, bool isNegated) {
  if (queryDocuments || !condition->is("arith.cmpi") ||
      condition->attrs.getAs<arith::CmpIPredicateAttr>("predicate")
              .getValue() !=
          (isNegated ? arith::CmpIPredicate::ne : arith::CmpIPredicate::eq))
    return false;
  auto getIds = [&](const Expr *expr,
                    unsigned row) -> std::optional<LogitOperand> {
    if (!context.dependsOn(expr, row))
      return std::nullopt;
    Layout layout = getBatchLayout();
    layout.push_back(row);
    return getIntegers(expr, layout);
  };
  for (bool isSwapped : {false, true}) {
    std::optional<LogitOperand> ofQuery =
        getIds(condition->operands[isSwapped], queryVar);
    std::optional<LogitOperand> ofKey =
        getIds(condition->operands[!isSwapped], keyVar);
    if (!ofQuery || !ofKey ||
        getElementTypeOrSelf(ofQuery->tensor.getType()) !=
            getElementTypeOrSelf(ofKey->tensor.getType()))
      continue;
    queryDocuments = ofQuery;
    keyDocuments = ofKey;
    return true;
  }
  return false;
}

/// Whether a condition says that the key is one of the first so many of its
/// sequence.
bool AttentionFuser::classifyKeyLengths(const Expr *condition, bool isNegated) {
  using P = arith::CmpIPredicate;
  // The mean of all values is that of the keys in use, where there are lengths.
  if (keyLengths || getMaskedRow() == MaskedRow::Uniform ||
      !condition->is("arith.cmpi"))
    return false;
  P predicate =
      condition->attrs.getAs<arith::CmpIPredicateAttr>("predicate").getValue();
  if (isNegated)
    predicate = arith::invertPredicate(predicate);
  const Expr *position = condition->operands[0];
  const Expr *length = condition->operands[1];
  if (predicate == P::sgt || predicate == P::sge) {
    std::swap(position, length);
    predicate = predicate == P::sgt ? P::slt : P::sle;
  }
  if ((predicate != P::slt && predicate != P::sle) ||
      position->kind != Expr::Kind::Index || length->kind == Expr::Kind::Index)
    return false;
  // The key's index, and a constant.
  auto difference = dyn_cast<AffineConstantExpr>(
      context.simplify(position->indices[0] - context.getVariable(keyVar)));
  constexpr int64_t kMaxOffset = int64_t(1) << 32;
  if (!difference || std::abs(difference.getValue()) > kMaxOffset)
    return false;
  int64_t offset = (predicate == P::sle) - difference.getValue();
  Layout batch = getBatchLayout();
  // One dimension before the query is a batch as well as it is heads; sinks are
  // those of heads.
  bool wantsUnitHead =
      lead.size() == 1 && !sink && context.dependsOn(length, lead[0]);
  if (wantsUnitHead)
    batch = lead;
  for (unsigned var : logitLayout)
    if (!llvm::is_contained(batch, var) && context.dependsOn(length, var))
      return false;
  // Wider integers keep the value.
  while (length->is("arith.extsi") || length->is("arith.index_cast")) {
    Type inner = length->operands[0]->type;
    if (!inner.isInteger(32) && !inner.isInteger(64) && !inner.isIndex())
      break;
    if (length->type.isInteger(32) && !inner.isInteger(32))
      break;
    length = length->operands[0];
  }
  KeyLengths lengths{length, offset, std::nullopt};
  if (offset == 0)
    lengths.tensor = getIntegers(length, batch);
  if (!lengths.tensor) {
    OpBuilder builder(root.op.getContext());
    DenseMap<unsigned, Value> variables;
    for (unsigned var : batch)
      variables[var] = Value();
    ExprEmitter emitter(builder, root.op.getLoc(), builder.getF32Type(),
                        variables);
    lengths.length = makeEmittable(length, emitter);
    if (!lengths.length)
      return false;
  }
  unitHeadIsWanted |= wantsUnitHead;
  keyLengths = lengths;
  return true;
}

void AttentionFuser::classifyCondition(const Expr *condition, bool isNegated) {
  if (condition->is("arith.xori") && condition->operands[1]->getInteger() == 1)
    return classifyCondition(condition->operands[0], !isNegated);
  if (condition->is(isNegated ? "arith.ori" : "arith.andi")) {
    for (const Expr *operand : condition->operands)
      classifyCondition(operand, isNegated);
    return;
  }
  if (std::optional<int64_t> constant = condition->getInteger();
      constant && (*constant != 0) != isNegated)
    return;
  if (classifyDocuments(condition, isNegated) ||
      classifyKeyLengths(condition, isNegated))
    return;
  bool isTensor = condition->kind == Expr::Kind::Load || isSmall(condition) ||
                  (!isCheap(condition) && !isIndexArithmetic(condition));
  if (!mask && isTensor)
    if ((mask = getLogitOperand(condition))) {
      maskIsNegated = isNegated;
      return;
    }
  regionConditions.push_back({condition, isNegated});
}

LogicalResult AttentionFuser::classifyMasks() {
  for (const LogitMatch::Condition &condition : logits.keep)
    classifyCondition(condition.expr, condition.isNegated);
  // A bias is a tensor if it is one, or costly; else the region computes it.
  if (logits.bias && (logits.bias->kind == Expr::Kind::Load ||
                      isSmall(logits.bias) || !isCheap(logits.bias)))
    bias = getLogitOperand(logits.bias);
  if (logits.bias && !bias)
    logits.base = logits.baseWithoutBias;
  OpBuilder builder(root.op.getContext());
  DenseMap<unsigned, Value> variables;
  for (unsigned var : logitLayout)
    variables[var] = Value();
  ExprEmitter emitter(builder, root.op.getLoc(), builder.getF32Type(),
                      variables);
  for (LogitMatch::Condition &condition : regionConditions) {
    const Expr *emittable = makeEmittable(condition.expr, emitter);
    if (!emittable && holdsResultOf(condition.expr, logits.product->op))
      return fail("mask", "a mask is computed from logits of other keys",
                  "compute the mask from something else",
                  context.getOperation(condition.expr));
    if (!emittable)
      return fail("mask",
                  "a mask is computed by what cannot be repeated for each pair "
                  "of query and key",
                  "compute the mask into a boolean tensor",
                  context.getOperation(condition.expr));
    condition.expr = emittable;
  }
  if (hasScore()) {
    emitter.bind(logits.base, Value());
    const Expr *emittable = makeEmittable(logits.score, emitter);
    if (!emittable)
      return fail("logits",
                  "the logits are changed by a reduction, or by what is no "
                  "arithmetic, between the matmul and the softmax",
                  "change each logit by arithmetic on its own value",
                  context.getOperation(logits.score));
    logits.score = emittable;
  }
  if (logits.scaleExpr) {
    ExprEmitter outside(builder, root.op.getLoc(), builder.getF32Type(),
                        DenseMap<unsigned, Value>());
    const Expr *emittable = makeEmittable(logits.scaleExpr, outside);
    if (!emittable)
      return fail("logits",
                  "the scale is computed by what cannot be repeated outside of "
                  "the operation that applies it",
                  "compute the scale into a tensor of rank 0",
                  context.getOperation(logits.scaleExpr));
    logits.scaleExpr = emittable;
  }
  return success();
}

/// Whether a divisor is the constant zero, for all logits or for some.
static bool mayBeZero(const Expr *divisor) {
  return holdsAny(
      divisor, [](const Expr *part) { return part->getFloat() == 0; },
      [](const Expr *part) { return part->is("arith.select"); });
}

/// What constants of an expression are at most: logits, numbers of masks that
/// a product with a logit may make infinite, or infinite.
enum class Magnitude { Logit, Huge, Infinite };

static Magnitude getMagnitude(const Expr *constant) {
  double value = std::abs(constant->getFloat().value_or(0));
  return std::isinf(value) ? Magnitude::Infinite
         : value >= 1e30   ? Magnitude::Huge
                           : Magnitude::Logit;
}

/// Whether a factor is a positive constant, or one where a mask keeps and zero
/// elsewhere.
static bool isKeepFactor(const Expr *factor) {
  if (!factor->is("arith.select"))
    return factor->getFloat().value_or(0) > 0;
  return llvm::all_of(
      ArrayRef(factor->operands).drop_front(), [](const Expr *value) {
        return value->getFloat() == 0.0 || value->getFloat() == 1.0;
      });
}

/// An operation, below `expr` and above what `magnitudes` has already, that
/// makes NaN or +inf of what may be -inf, or by a division by zero; or such a
/// constant. `magnitudes` is filled for all expressions there.
static const Expr *
findPositiveInfinity(const Expr *expr,
                     llvm::DenseMap<const Expr *, Magnitude> &magnitudes) {
  if (!magnitudes.try_emplace(expr, getMagnitude(expr)).second)
    return nullptr;
  Magnitude magnitude = getMagnitude(expr);
  const Expr *found = nullptr;
  bool keepsMasks = false;
  for (const Expr *operand : expr->operands) {
    if (!found)
      found = findPositiveInfinity(operand, magnitudes);
    magnitude = std::max(magnitude, magnitudes.lookup(operand));
    keepsMasks |= isKeepFactor(operand);
  }
  magnitudes[expr] = magnitude;
  if (found)
    return found;
  if (std::optional<double> constant = expr->getFloat())
    return std::isfinite(*constant) || *constant < 0 ? nullptr : expr;
  if (expr->is("arith.divf") && mayBeZero(expr->operands[1]))
    return expr;
  // Masks are multiplied by numbers from zero to one, logits by any.
  if (expr->is("arith.mulf") && magnitude == Magnitude::Huge && !keepsMasks &&
      holdsAny(expr, [](const Expr *part) {
        return part->kind == Expr::Kind::Contract;
      }))
    return expr;
  auto isInfinite = [&](unsigned operand) {
    return magnitudes.lookup(expr->operands[operand]) == Magnitude::Infinite;
  };
  bool keepsSign =
      expr->kind != Expr::Kind::Apply ||
      llvm::is_contained({"arith.select", "arith.addf", "arith.maximumf",
                          "arith.maxnumf", "arith.minimumf", "arith.minnumf",
                          "arith.cmpf", "math.tanh"},
                         expr->name.getValue()) ||
      (expr->is("arith.subf") && !isInfinite(1)) ||
      (expr->is("arith.divf") && !isInfinite(1) &&
       expr->operands[1]->getFloat().value_or(0) > 0);
  return magnitude == Magnitude::Infinite && !keepsSign ? expr : nullptr;
}

/// Zeros after the softmax must be where the only mask is.
LogicalResult AttentionFuser::checkZeroed() {
  llvm::DenseMap<const Expr *, Magnitude> magnitudes;
  Magnitude &ofBase = magnitudes[logits.base] = Magnitude::Logit;
  if (bias)
    (void)holdsAny(logits.bias, [&](const Expr *part) {
      ofBase = std::max(ofBase, getMagnitude(part));
      return false;
    });
  if (softmax.hasNaNGuard && hasScore())
    if (const Expr *product = findPositiveInfinity(logits.score, magnitudes)) {
      bool isProduct = product->is("arith.mulf");
      StringRef cause = isProduct ? "a logit that is masked with -inf is "
                                    "multiplied"
                        : product->is("arith.divf")
                            ? "logits are divided by zero"
                            : "a logit may be NaN or +inf";
      return fail("softmax",
                  cause + ", which makes rows NaN that are set to zero after "
                          "the softmax",
                  isProduct ? "multiply before the mask"
                            : "drop the replacement of NaN",
                  context.getOperation(product));
    }
  if (!softmax.zeroed)
    return success();
  const Expr *kept = context.makeBool(true);
  for (const LogitMatch::Condition &condition : logits.keep)
    kept = context.makeApply(
        "arith.andi", kept->type,
        {condition.isNegated ? context.makeNot(condition.expr) : condition.expr,
         kept});
  bool isSame = context.makeNot(kept) == softmax.zeroed ||
                kept == context.makeNot(softmax.zeroed);
  if (isSame && !logits.bias && !hasScore())
    return success();
  return fail("softmax",
              "probabilities are set to zero after the softmax by another mask "
              "than that of the logits",
              "mask the logits instead", context.getOperation(softmax.zeroed));
}

LogicalResult AttentionFuser::classifySink() {
  if (!softmax.sink)
    return success();
  if (std::optional<double> constant = softmax.sink->getFloat()) {
    constantSink = constant;
    return success();
  }
  const Expr *expr = softmax.sink;
  Value tensor;
  SmallVector<AffineExpr> indices;
  if (expr->kind == Expr::Kind::Load) {
    tensor = expr->value;
    indices.assign(expr->indices.begin(), expr->indices.end());
  } else if (const ExprContext::Access *source = context.getSource(expr)) {
    tensor = source->tensor;
    indices.assign(source->indices.begin(), source->indices.end());
  }
  std::optional<Arrangement> arrangement;
  auto arrangeIn = [&](unsigned numHeadDims) {
    arrangement = arrange(context, indices,
                          Layout(ArrayRef(lead).take_back(numHeadDims)), {});
  };
  if (tensor)
    arrangeIn(hasGroups ? 2 : lead.empty() ? 0 : 1);
  if (tensor && !arrangement && !hasGroups && lead.size() > 1) {
    // Repeated heads of keys and values are heads as good as any.
    auto has = [&](const Operand &operand, unsigned var) {
      return llvm::is_contained(operand.arrangement.present, var);
    };
    unsigned outer = lead[lead.size() - 2], inner = lead.back();
    if (has(key, outer) && has(value, outer) &&
        has(key, inner) == has(value, inner) &&
        !ShapedType::isDynamic(context.getExtent(inner))) {
      hasGroups = true;
      keysHaveGroups = has(key, inner);
      arrangeIn(2);
    }
  }
  if (!arrangement || arrangement->isPermuted ||
      !isStaticPart(context, tensor, *arrangement) ||
      (hasGroups && arrangement->present.size() == 1))
    return fail("softmax",
                "the logit that is added to the denominator depends on more "
                "than the head",
                "use one sink for each head", context.getOperation(expr));
  sink = LogitOperand{tensor, arrangement};
  return success();
}
