//===- RowResults.cpp - Maxima and sums that are used elsewhere -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The op gives the log-sum-exp and the maximum of every row. From these come
// the maxima, sums and log-sum-exps that a graph uses beside the attention,
// with what the graph makes of rows without keys. Users that come before the
// attention are moved behind it.
//
//===----------------------------------------------------------------------===//

#include "AttentionFuser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include <functional>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// Collects the operations that the output is computed by and that may come
/// from the first matmul: those behind it.
void AttentionFuser::collectInternalOps() {
  internalOps.clear();
  auto isBehindProduct = [&](Operation *op) {
    // In a block that does not hold the product, everything is.
    Operation *product =
        op->getBlock()->findAncestorOpInBlock(*logits.product->op);
    return !product || product->isBeforeInBlock(op);
  };
  SmallVector<Operation *> worklist;
  auto push = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (op && isBehindProduct(op) && internalOps.insert(op).second)
      worklist.push_back(op);
  };
  internalOps.insert(replaced);
  worklist.push_back(replaced);
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    for (Value operand : op->getOperands())
      push(operand);
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value value : captured)
      push(value);
    for (Value value : op->getResults())
      if (Value simpler = facts.decompositions.lookup(value))
        push(simpler);
  }
}

/// Whether a user, or the operation of the block that it is in, is internal.
bool AttentionFuser::isInternal(Operation *user) const {
  while (user && user->getBlock() != root.op->getBlock())
    user = user->getParentOp();
  return user && internalOps.contains(user);
}

std::optional<AttentionFuser::RowValue>
AttentionFuser::matchRowValue(const Expr *element) const {
  if (!element || !softmax.max)
    return std::nullopt;
  if (element == softmax.max)
    return RowValue{RowValue::Kind::Max, 1 / softmax.factor};
  if (element == softmax.sum && !softmax.sink)
    return RowValue{RowValue::Kind::Sum, 1.0};
  if (std::optional<double> factor = getLogSumExpFactor(softmax, element))
    return RowValue{RowValue::Kind::LogSumExp, *factor};
  return std::nullopt;
}

/// Whether all logits of a row may be -inf, as masks and biases make them.
bool AttentionFuser::mayHaveEmptyRows() const {
  return logits.bias || hasScore() || !logits.keepsSomeKey;
}

/// Takes note of what uses a tensor before the output is there, directly or
/// not; false if such a user cannot be moved behind it.
bool AttentionFuser::collectUsersToMove(Value tensor) {
  Block *block = root.op->getBlock();
  llvm::SmallSetVector<Operation *, 8> found;
  SmallVector<Value> worklist{tensor};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    for (Operation *user : value.getUsers()) {
      Operation *around = block->findAncestorOpInBlock(*user);
      if (!around)
        return false;
      if (internalOps.contains(around) || replaced->isBeforeInBlock(around) ||
          !found.insert(around))
        continue;
      if (around->getNumResults() == 0 || !isMemoryEffectFree(around))
        return false;
      llvm::append_range(worklist, around->getResults());
    }
  }
  usersToMove.insert(found.begin(), found.end());
  return true;
}

/// Whether a tensor of maxima starts from -inf, and propagates NaN if it must.
static bool startsFromInfinity(Value maxima, bool mayOverlookNaN) {
  while (isa_and_present<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                         tensor::CastOp>(maxima.getDefiningOp()))
    maxima = maxima.getDefiningOp()->getOperand(0);
  auto reduction = maxima.getDefiningOp<linalg::LinalgOp>();
  if (!reduction)
    return false;
  bool overlooksNaN = false;
  reduction->walk([&](arith::MaxNumFOp) { overlooksNaN = true; });
  OpOperand *init =
      reduction.getDpsInitOperand(cast<OpResult>(maxima).getResultNumber());
  return (mayOverlookNaN || !overlooksNaN) &&
         isFilledWith(init->get(), [](Attribute attr) {
           auto number = dyn_cast<FloatAttr>(attr);
           return number && number.getValue().isInfinity() &&
                  number.getValue().isNegative();
         });
}

/// Takes note of a tensor that holds a value of each row, of one kind if that
/// is given, so that its uses elsewhere can have it from the op.
bool AttentionFuser::noteRowValue(Value tensor,
                                  std::optional<RowValue::Kind> wanted) {
  if (llvm::any_of(rowUses,
                   [&](const RowUse &use) { return use.tensor == tensor; }))
    return true;
  Operation *op = tensor.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !isa<FloatType>(type.getElementType()) || !softmax.max ||
      op->getBlock() != root.op->getBlock() || !logits.masksAreInfinite)
    return false;
  OpOperand *operand = probabilityIsLhs ? root.lhs : root.rhs;
  SmallVector<AffineExpr> rows, withUnit, split;
  AffineExpr zero = getAffineConstantExpr(0, root.op.getContext());
  for (AffineExpr index : context.getOperandIndices(root.op, *operand, loops)) {
    bool isKey = index.isFunctionOfDim(keyVar);
    if (!isKey)
      rows.push_back(index);
    withUnit.push_back(isKey ? zero : index);
  }
  for (unsigned var : ArrayRef(logitLayout).drop_back())
    split.push_back(context.getVariable(var));
  SmallVector<AffineExpr> splitWithUnit = split;
  splitWithUnit.push_back(zero);
  Layout from(ArrayRef(logitLayout).drop_back());
  for (ArrayRef<AffineExpr> indices :
       {ArrayRef(rows), ArrayRef(withUnit), ArrayRef(split),
        ArrayRef(splitWithUnit)}) {
    if (type.getRank() != (int64_t)indices.size())
      continue;
    // Not one element of a dimension over which a row value is broadcast.
    std::optional<Arrangement> arrangement =
        arrange(context, indices, from, {});
    if (!arrangement || !isWhole(context, tensor, *arrangement))
      continue;
    std::optional<RowValue> value =
        matchRowValue(context.evaluate(tensor, indices));
    if (!value || (wanted && value->kind != *wanted))
      continue;
    // Where rows may be without keys, what a maximum starts from shows.
    int64_t numKeys = context.getExtent(keyVar);
    bool isStrict = options.numerics == Numerics::Strict;
    bool mayBeEmpty =
        mayHaveEmptyRows() || ShapedType::isDynamic(numKeys) || numKeys == 0;
    const ExprContext::Access *maxima = context.getSource(softmax.max);
    if ((isStrict || mayBeEmpty) &&
        (!maxima || !startsFromInfinity(maxima->tensor,
                                        /*mayOverlookNaN=*/!isStrict)))
      return false;
    if (!collectUsersToMove(tensor))
      return false;
    rowUses.push_back({tensor, SmallVector<AffineExpr>(indices), *value});
    return true;
  }
  return false;
}

/// Whether an operation that is not internal computes the log-sum-exp, or is a
/// step on the way to it alone.
bool AttentionFuser::noteLogSumExps(Operation *user, unsigned depth) {
  constexpr unsigned kMaxSteps = 3;
  if (user->getNumResults() != 1 || user->use_empty() || isInternal(user) ||
      !isMemoryEffectFree(user))
    return false;
  if (noteRowValue(user->getResult(0), RowValue::Kind::LogSumExp))
    return true;
  return depth < kMaxSteps &&
         llvm::all_of(
             user->getUsers(),
             [&](Operation *u) { return noteLogSumExps(u, depth + 1); });
}

/// Takes note of a tensor that is internal but can be computed again from row
/// values: a maximum with a lower bound, the inverse of a sum.
bool AttentionFuser::noteDerivedValue(Value tensor) {
  if (llvm::is_contained(derivedUses, tensor))
    return true;
  constexpr size_t kMaxOps = 16;
  // Whether an operation is computed from row values.
  llvm::SmallMapVector<Operation *, bool, 8> isDerived;
  std::function<bool(Operation *)> visit = [&](Operation *op) {
    if (op == logits.product->op || op == root.op || op == replaced ||
        isDerived.size() > kMaxOps || !isMemoryEffectFree(op) ||
        op->getBlock() != root.op->getBlock())
      return false;
    SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    bool derives = false;
    for (Value value : read) {
      Operation *definition = value.getDefiningOp();
      if (definition == logits.product->op)
        return false;
      if (!definition || !internalOps.contains(definition))
        continue;
      if (noteRowValue(value)) {
        derives = true;
        continue;
      }
      if (!isDerived.count(definition) && !visit(definition))
        return false;
      derives |= isDerived.lookup(definition);
    }
    isDerived[op] = derives;
    return true;
  };
  Operation *last = tensor.getDefiningOp();
  size_t numRowUses = rowUses.size();
  if (!internalOps.contains(last) || !visit(last) || !isDerived.lookup(last) ||
      !collectUsersToMove(tensor)) {
    // Nobody asked for these.
    rowUses.truncate(numRowUses);
    return false;
  }
  for (auto [op, derives] : isDerived)
    if (derives)
      derivedOps.insert(op);
  derivedUses.push_back(tensor);
  return true;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

bool AttentionFuser::needsNaN(RowValue value) const {
  // The logarithm of a sum that is NaN, as -inf less a maximum of -inf makes
  // it.
  return value.kind == RowValue::Kind::LogSumExp &&
         softmax.shift == softmax.max && mayHaveEmptyRows() &&
         options.numerics != Numerics::Fast;
}

bool AttentionFuser::needsMaxScores() const {
  return llvm::any_of(rowUses, [&](const RowUse &use) {
    return use.value.kind != RowValue::Kind::LogSumExp || needsNaN(use.value);
  });
}

/// A tensor [lead..., i] of a row value, from the results of the op.
Value AttentionFuser::buildRowValue(ImplicitLocOpBuilder &b, SdpaOp op,
                                    RowValue value, Type elementType) {
  using Kind = RowValue::Kind;
  FloatType computeType = op.getComputeType();
  Value result = op->getResult(value.kind == Kind::Max ? 2 : 1);
  if (value.kind != Kind::Sum && value.factor == 1.0 && !needsNaN(value) &&
      elementType == computeType)
    return result;
  // Without any key sums are zero instead of NaN.
  Value hasNoKeys;
  if (int64_t numKeys = op.getNumKeys();
      ShapedType::isDynamic(numKeys) || numKeys == 0) {
    Value size = getValueOrCreateConstantIndexOp(
        b, b.getLoc(),
        tensor::getMixedSize(b, b.getLoc(), op.getKey(), op.getRank() - 2));
    hasNoKeys = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, size,
                                      arith::ConstantIndexOp::create(b, 0));
  }
  auto type = cast<RankedTensorType>(result.getType());
  Value empty = tensor::EmptyOp::create(
      b, tensor::getMixedSizes(b, b.getLoc(), result), elementType);
  SmallVector<Value> inputs{result};
  if (value.kind == Kind::Sum || needsNaN(value))
    inputs.push_back(op->getResult(2));
  auto emit = [&](ImplicitLocOpBuilder &b, ValueRange arguments) -> Value {
    auto constant = [&](double number) -> Value {
      return arith::ConstantOp::create(b, b.getFloatAttr(computeType, number));
    };
    auto scaled = [&](Value x, double factor) -> Value {
      return factor == 1.0 ? x : arith::MulFOp::create(b, x, constant(factor));
    };
    Value x = arguments[0];
    if (value.kind == Kind::Sum) {
      ExprEmitter emitter(b, b.getLoc(), computeType,
                          DenseMap<unsigned, Value>());
      emitter.bind(softmax.max, scaled(arguments[1], 1 / softmax.factor));
      Value shift = scaled(emitter.emit(softmax.shift), softmax.factor);
      x = math::ExpOp::create(b, arith::SubFOp::create(b, x, shift));
      if (hasNoKeys)
        x = arith::SelectOp::create(b, hasNoKeys, constant(0), x);
    } else if (needsNaN(value)) {
      Value isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                            arguments[1], constant(-kInfinity));
      Value ofEmpty = constant(std::numeric_limits<double>::quiet_NaN());
      if (hasNoKeys)
        ofEmpty = arith::SelectOp::create(b, hasNoKeys, x, ofEmpty);
      x = arith::SelectOp::create(b, isEmpty, ofEmpty, x);
    }
    x = scaled(x, value.factor);
    unsigned width = elementType.getIntOrFloatBitWidth();
    if (width < computeType.getWidth())
      return arith::TruncFOp::create(b, elementType, x);
    if (width > computeType.getWidth())
      return arith::ExtFOp::create(b, elementType, x);
    return x;
  };
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              b.getMultiDimIdentityMap(type.getRank()));
  return linalg::GenericOp::create(
             b, type.clone(elementType), inputs, empty, maps,
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &builder, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder inner(loc, builder);
               linalg::YieldOp::create(inner, emit(inner, arguments));
             })
      .getResult(0);
}

/// Gives the users of row values what the op computes.
void AttentionFuser::replaceRowValues(ImplicitLocOpBuilder &b, SdpaOp op) {
  Layout from(ArrayRef(logitLayout).drop_back());
  IRMapping computed;
  auto isElsewhere = [&](OpOperand &operand) {
    return !isInternal(operand.getOwner());
  };
  for (RowUse &use : rowUses) {
    auto type = cast<RankedTensorType>(use.tensor.getType());
    Value value =
        splitHeads(b, buildRowValue(b, op, use.value, type.getElementType()));
    std::optional<Arrangement> arrangement =
        arrange(context, use.indices, from, {});
    SmallVector<Layout> groups(arrangement->sourceVars);
    value = collapseTo(b, b.getLoc(), value, from, groups);
    if (value.getType() != type)
      value = tensor::CastOp::create(b, type, value);
    computed.map(use.tensor, value);
    use.tensor.replaceUsesWithIf(value, isElsewhere);
  }
  for (Operation *derived : derivedOps)
    b.clone(*derived, computed);
  for (Value derived : derivedUses)
    derived.replaceUsesWithIf(computed.lookup(derived), isElsewhere);
  // In their order, each behind the one before.
  SmallVector<Operation *> users(usersToMove.begin(), usersToMove.end());
  llvm::sort(users,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  Operation *last = replaced;
  for (Operation *user : users) {
    user->moveAfter(last);
    last = user;
  }
}
