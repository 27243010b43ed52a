//===- FuseAttention.cpp - One attention ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseAttention.h"
#include "AttentionFuser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void AttentionFuser::setUpVariables() {
  MLIRContext *ctx = root.op.getContext();
  for (auto [loop, sizes] : llvm::enumerate(parts)) {
    Layout vars;
    AffineExpr index = getAffineConstantExpr(0, ctx);
    for (auto [position, size] : llvm::enumerate(sizes)) {
      unsigned var = context.addVariable(size);
      partOfVariable[var] = {loop, position};
      vars.push_back(var);
      index = position == 0 ? context.getVariable(var)
                            : index * size + context.getVariable(var);
    }
    loopVars.push_back(vars);
    loops.push_back(index);
  }
}

/// Which loops of the root are batch, query, key and value column.
LogicalResult AttentionFuser::classifyLoops() {
  OpOperand *probabilityOperand = probabilityIsLhs ? root.lhs : root.rhs;
  OpOperand *valueOperand = probabilityIsLhs ? root.rhs : root.lhs;
  AffineMap probabilityMap = root.op.getMatchingIndexingMap(probabilityOperand);
  AffineMap valueMap = root.op.getMatchingIndexingMap(valueOperand);
  AffineMap outputMap =
      root.op.getMatchingIndexingMap(root.op.getDpsInitOperand(0));
  if (!outputMap.isProjectedPermutation())
    return fail("output",
                "the second matmul writes through an index map that "
                "is no permutation",
                "reshape its result instead");
  keyVar = loopVars[root.reductionLoop].front();
  SmallVector<unsigned> queryLoops, columnLoops;
  for (AffineExpr expr : outputMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    bool inProbability = probabilityMap.isFunctionOfDim(loop);
    bool inValue = valueMap.isFunctionOfDim(loop);
    if (inProbability && !inValue)
      queryLoops.push_back(loop);
    else if (inValue && !inProbability)
      columnLoops.push_back(loop);
    else
      llvm::append_range(lead, loopVars[loop]);
    outputIndices.push_back(loops[loop]);
  }
  if (columnLoops.size() > 1)
    return fail("output",
                "the second matmul has several dimensions of value "
                "columns",
                "collapse them");
  // The last one is the query; others are heads that share keys and values.
  for (unsigned loop : ArrayRef(queryLoops).drop_back(!queryLoops.empty()))
    llvm::append_range(lead, loopVars[loop]);
  // A vector instead of a matrix has one query, or one column.
  auto getOnly = [&](ArrayRef<unsigned> found) {
    return found.empty() ? context.addVariable(1)
                         : loopVars[found.back()].front();
  };
  queryVar = getOnly(queryLoops);
  columnVar = getOnly(columnLoops);
  logitLayout = lead;
  logitLayout.append({queryVar, keyVar});
  // Batch and heads may be several dimensions; those of the products are one.
  context.splittable.insert(lead.begin(), lead.end());
  if (hasUnitHead && lead.size() == 1) {
    lead.push_back(context.addVariable(1));
    logitLayout.insert(logitLayout.begin() + 1, lead.back());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

/// Whether an expression holds a contraction.
static bool holdsContraction(const Expr *expr,
                             llvm::SmallPtrSetImpl<const Expr *> &seen) {
  if (expr->kind == Expr::Kind::Contract)
    return true;
  if (!seen.insert(expr).second)
    return false;
  return llvm::any_of(expr->operands, [&](const Expr *operand) {
    return holdsContraction(operand, seen);
  });
}

/// Calls `visit` with the tensors that the operation reads, those that its
/// bodies capture among them.
static void forEachInput(Operation *op, llvm::function_ref<void(Value)> visit) {
  auto dps = dyn_cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands())
    if (isa<TensorType>(operand.get().getType()) &&
        !(dps && dps.isDpsInit(&operand)))
      visit(operand.get());
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value inner : captured)
    if (isa<TensorType>(inner.getType()))
      visit(inner);
}

/// Whether an exponential is among what the value is computed from without
/// another contraction in between: a softmax may be there.
static bool mayHoldSoftmax(Value value, FunctionFacts &facts) {
  auto [position, inserted] = facts.mayHoldSoftmax.try_emplace(value, false);
  if (!inserted)
    return position->second;
  Operation *op = value.getDefiningOp();
  if (!op || getContraction(op))
    return false;
  bool holds = isa<linalg::SoftmaxOp>(op);
  if (!holds)
    op->walk([&](Operation *inner) {
      holds |= isa<math::ExpOp, math::Exp2Op>(inner);
    });
  if (!holds)
    forEachInput(op,
                 [&](Value input) { holds |= mayHoldSoftmax(input, facts); });
  return facts.mayHoldSoftmax[value] = holds;
}

/// Exponentials, or what is computed from them, divided by one another.
static bool isNormalization(Operation *op, FunctionFacts &facts) {
  if (isa<linalg::SoftmaxOp>(op))
    return true;
  bool divides = false;
  op->walk([&](Operation *inner) { divides |= isa<arith::DivFOp>(inner); });
  unsigned numHolding = 0;
  if (divides)
    forEachInput(
        op, [&](Value input) { numHolding += mayHoldSoftmax(input, facts); });
  return numHolding >= 2;
}

/// Whether the value is computed from a softmax of a contraction's result.
static bool hidesSoftmax(Value value, FunctionFacts &facts) {
  // With whether the softmax was already passed.
  using Step = llvm::PointerIntPair<Operation *, 1, bool>;
  SmallVector<Step> worklist;
  llvm::SmallDenseSet<Step> seen;
  auto push = [&](Value input, bool isBelow) {
    Step step(input.getDefiningOp(), isBelow);
    if (step.getPointer() && seen.insert(step).second)
      worklist.push_back(step);
  };
  push(value, false);
  while (!worklist.empty()) {
    Step step = worklist.pop_back_val();
    Operation *op = step.getPointer();
    if (getContraction(op)) {
      if (step.getInt())
        return true;
      continue;
    }
    bool isBelow = step.getInt() || isNormalization(op, facts);
    forEachInput(op, [&](Value input) { push(input, isBelow); });
  }
  return false;
}

/// Whether the value is computed from a contraction's result, without a softmax
/// in between.
static bool hidesContraction(Value value, FunctionFacts &facts) {
  SmallVector<Operation *> worklist{value.getDefiningOp()};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    if (!op || !seen.insert(op).second)
      continue;
    if (getContraction(op))
      return true;
    if (!isNormalization(op, facts))
      forEachInput(
          op, [&](Value input) { worklist.push_back(input.getDefiningOp()); });
  }
  return false;
}

/// The operation at which an expression of logits ends, if a contraction is
/// behind it.
static Operation *
findOpaqueContraction(const Expr *expr, ExprContext &context, unsigned keyVar,
                      FunctionFacts &facts,
                      llvm::SmallPtrSet<const Expr *, 16> &seen) {
  if (!seen.insert(expr).second)
    return nullptr;
  bool isRead =
      expr->kind == Expr::Kind::Load || expr->kind == Expr::Kind::Gather;
  if (isRead && context.dependsOn(expr, keyVar) &&
      hidesContraction(expr->value, facts))
    return expr->value.getDefiningOp();
  for (const Expr *operand : expr->operands)
    if (Operation *op =
            findOpaqueContraction(operand, context, keyVar, facts, seen))
      return op;
  return nullptr;
}

/// The operation at which an expression ends, if a softmax is behind it.
static Operation *findOpaqueSoftmax(const Expr *expr, FunctionFacts &facts,
                                    llvm::SmallPtrSet<const Expr *, 16> &seen) {
  if (!seen.insert(expr).second)
    return nullptr;
  bool isRead =
      expr->kind == Expr::Kind::Load || expr->kind == Expr::Kind::Gather;
  if (isRead && mayHoldSoftmax(expr->value, facts) &&
      hidesSoftmax(expr->value, facts))
    return expr->value.getDefiningOp();
  for (const Expr *operand : expr->operands)
    if (Operation *op = findOpaqueSoftmax(operand, facts, seen))
      return op;
  return nullptr;
}

LogicalResult AttentionFuser::matchExpressions() {
  OpOperand *operand = probabilityIsLhs ? root.lhs : root.rhs;
  probability = context.evaluate(
      operand->get(), context.getOperandIndices(root.op, *operand, loops));
  auto softmaxMatch =
      matchSoftmax(context, probability, keyVar, options.numerics);
  if (auto *missed = std::get_if<MatchFailure>(&softmaxMatch)) {
    llvm::SmallPtrSet<const Expr *, 16> seen;
    if (missed->isNearMiss && holdsContraction(probability, seen))
      result.miss = *missed;
    seen.clear();
    Operation *opaque =
        result.miss ? nullptr : findOpaqueSoftmax(probability, facts, seen);
    if (opaque)
      return fail(
          "softmax",
          "there is a softmax behind an operation whose elements cannot "
          "be traced to those of its operands",
          "move that operation behind the second matmul", opaque);
    return failure();
  }
  softmax = std::get<SoftmaxMatch>(softmaxMatch);
  if (failed(matchTail()))
    return failure();
  if (options.numerics == Numerics::Strict && context.isRounded())
    return fail("numerics",
                "intermediate results are rounded to a type narrower than f32, "
                "which fusion would leave out",
                "set attn.numerics = \"default\"");
  if (options.numerics == Numerics::Strict && context.assumesNoBroadcast())
    return fail("numerics",
                "a dimension broadcasts if it is one at run time, which would "
                "become an error",
                "set attn.numerics = \"default\"");
  auto logitMatch = matchLogits(
      context, softmax.logits,
      {queryVar, keyVar, candidate, softmax.lateFactor}, options.numerics);
  if (auto *missed = std::get_if<MatchFailure>(&logitMatch)) {
    // Without a matmul in front a softmax is no attention.
    llvm::SmallPtrSet<const Expr *, 16> seen;
    if (holdsContraction(softmax.logits, seen)) {
      result.miss = *missed;
      return failure();
    }
    seen.clear();
    if (Operation *opaque =
            findOpaqueContraction(softmax.logits, context, keyVar, facts, seen))
      return fail("logits",
                  "the logits come from a matmul behind an operation whose "
                  "elements cannot be traced to those of its operands",
                  isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(opaque)
                      ? "reshape the operands of the matmul instead"
                      : "move that operation in front of the matmul",
                  opaque);
    return failure();
  }
  logits = std::get<LogitMatch>(logitMatch);
  return success();
}

/// Follows the output through conversions and the division by the sum, where
/// that comes last.
LogicalResult AttentionFuser::matchTail() {
  replaced = root.op;
  const Expr *start = context.makeLoad(root.op->getResult(0), outputIndices);
  while (true) {
    Value output = replaced->getResult(0);
    if (!output.hasOneUse())
      break;
    OpOperand &use = *output.getUses().begin();
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(use.getOwner())) {
      auto indices = context.getExpandedIndices(expand, outputIndices);
      if (!indices || expand->getBlock() != root.op->getBlock())
        break;
      context.setElement(output, outputIndices, start);
      replaced = expand;
      outputIndices = *indices;
      start = context.makeLoad(expand.getResult(), outputIndices);
      continue;
    }
    auto user = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!user || user.getNumDpsInits() != 1 || !user.isDpsInput(&use) ||
        user.getNumReductionLoops() != 0 || !user.hasPureTensorSemantics() ||
        isa<linalg::SoftmaxOp>(user.getOperation()) ||
        user->getBlock() != root.op->getBlock())
      break;
    // Its loops, from the indices of the output.
    AffineMap map = user.getMatchingIndexingMap(&use);
    AffineMap resultMap =
        user.getMatchingIndexingMap(user.getDpsInitOperand(0));
    if (!map.isPermutation() || !resultMap.isPermutation())
      break;
    SmallVector<AffineExpr> userLoops(user.getNumLoops());
    for (auto [expr, index] : llvm::zip(map.getResults(), outputIndices))
      userLoops[cast<AffineDimExpr>(expr).getPosition()] = index;
    SmallVector<AffineExpr> indices;
    for (AffineExpr expr : resultMap.getResults())
      indices.push_back(userLoops[cast<AffineDimExpr>(expr).getPosition()]);
    context.setElement(output, outputIndices, start);
    const Expr *element = context.evaluate(user->getResult(0), indices);
    if (element != start) {
      // The division.
      if (!softmax.pendingSum)
        break;
      const Expr *sum = nullptr;
      if (element->is("arith.divf") && element->operands[0] == start)
        sum = element->operands[1];
      if (element->is("arith.mulf"))
        for (auto [x, y] :
             {std::pair{element->operands[0], element->operands[1]},
              std::pair{element->operands[1], element->operands[0]}})
          if (x == start && y->is("arith.divf") &&
              y->operands[0]->getFloat() == 1.0)
            sum = y->operands[1];
      if (!sum)
        break;
      auto match =
          matchSoftmax(context,
                       context.makeApply("arith.divf", probability->type,
                                         {probability, sum}),
                       keyVar, options.numerics);
      if (auto *missed = std::get_if<MatchFailure>(&match)) {
        result.miss = *missed;
        return failure();
      }
      softmax = std::get<SoftmaxMatch>(match);
    } else if (!isa<FloatType>(
                   getElementTypeOrSelf(user->getResult(0).getType()))) {
      break;
    } else if (softmax.pendingSum &&
               getElementTypeOrSelf(user->getResult(0).getType())
                       .getIntOrFloatBitWidth() < 16) {
      break;
    }
    replaced = user;
    outputIndices = indices;
    start = context.makeLoad(user->getResult(0), indices);
  }
  if (softmax.pendingSum)
    return fail("softmax",
                "the probabilities are not divided by their sum before the "
                "second matmul, nor is its result right after it",
                "divide by the sum of the exponentials",
                context.getOperation(softmax.pendingSum));
  return success();
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

FusionResult AttentionFuser::fuse() {
  setUpVariables();
  if (failed(classifyLoops())) {
    // Most matmuls of other forms have nothing to do with a softmax.
    OpOperand *operand = probabilityIsLhs ? root.lhs : root.rhs;
    if (!hidesSoftmax(operand->get(), facts))
      result.miss.reset();
    return result;
  }
  if (failed(matchExpressions()) || failed(chooseOperands()) ||
      failed(classifySink()) || failed(classifyMasks()) ||
      failed(checkZeroed()) || failed(checkUses()))
    return result;
  // Operands may have asked for variables that were not split yet.
  if (!context.split && !unitHeadIsWanted)
    build();
  return result;
}

FusionResult attn::fuseAttention(linalg::LinalgOp op, FunctionFacts &facts,
                                 const FusionOptions &options) {
  std::optional<Contraction> root = getContraction(op);
  FusionResult result;
  if (!root)
    return result;
  for (bool probabilityIsLhs : {true, false}) {
    if (!mayHoldSoftmax((probabilityIsLhs ? root->lhs : root->rhs)->get(),
                        facts))
      continue;
    LoopParts parts;
    for (int64_t size : op.getStaticLoopRanges())
      parts.push_back({size});
    // A variable that a reshape takes apart is replaced by two; if that does
    // not help, another matmul is tried for that of query and key.
    constexpr unsigned kMaxSplits = 8, kMaxCandidates = 4;
    unsigned candidate = 0;
    bool hasUnitHead = false;
    for (unsigned attempt = 0; attempt <= kMaxSplits + kMaxCandidates;
         ++attempt) {
      AttentionFuser fuser(*root, probabilityIsLhs, parts, candidate,
                           hasUnitHead, facts, options);
      FusionResult tried = fuser.fuse();
      if (tried.op)
        return tried;
      std::optional<ExprContext::Split> split = fuser.getSplit();
      auto part = split ? fuser.getPart(split->var) : std::nullopt;
      int64_t size = part ? parts[part->first][part->second] : 0;
      bool divides =
          ShapedType::isDynamic(size) ||
          (part && size % split->divisor == 0 && split->divisor != size);
      if (part && divides) {
        auto [loop, position] = *part;
        SmallVector<int64_t> &sizes = parts[loop];
        sizes[position] =
            ShapedType::isDynamic(size) ? size : size / split->divisor;
        sizes.insert(sizes.begin() + position + 1, split->divisor);
        continue;
      }
      if (fuser.wantsUnitHead() && !tried.miss) {
        hasUnitHead = true;
        continue;
      }
      if (tried.miss && !result.miss)
        result = tried;
      if (++candidate >= fuser.getNumCandidates() ||
          candidate == kMaxCandidates)
        break;
    }
  }
  return result;
}
