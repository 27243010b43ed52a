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
    return fail("output", "the second matmul writes through an index map that "
                          "is no permutation");
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
  auto getOnly = [&](ArrayRef<unsigned> found) -> std::optional<unsigned> {
    // A vector instead of a matrix has one query, or one column.
    if (found.empty())
      return context.addVariable(1);
    const Layout &vars = loopVars[found.back()];
    if (vars.size() != 1)
      return std::nullopt;
    return vars.front();
  };
  std::optional<unsigned> onlyQuery = getOnly(queryLoops);
  std::optional<unsigned> onlyColumn = getOnly(columnLoops);
  if (!onlyQuery || !onlyColumn || loopVars[root.reductionLoop].size() != 1)
    return fail("output", "the dimension of queries, keys or value columns is "
                          "split by a reshape between the two matmuls");
  queryVar = *onlyQuery;
  columnVar = *onlyColumn;
  logitLayout = lead;
  logitLayout.append({queryVar, keyVar});
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
  auto logitMatch = matchLogits(context, softmax.logits, {queryVar, keyVar},
                                options.numerics);
  if (auto *missed = std::get_if<MatchFailure>(&logitMatch)) {
    // Without a matmul in front a softmax is no attention.
    llvm::SmallPtrSet<const Expr *, 16> seen;
    if (holdsContraction(softmax.logits, seen))
      result.miss = *missed;
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
// Query, key and value
//===----------------------------------------------------------------------===//

/// The tensor on the path that comes into layout, as far back as possible, with
/// rows that are contiguous if there is one.
std::optional<AttentionFuser::Operand>
AttentionFuser::chooseOperand(ArrayRef<TracedOperand> path, Type elementType,
                              const Layout &target, const Layout &required,
                              bool mayBeScaled) {
  std::optional<Operand> best;
  for (const TracedOperand &traced : path) {
    if (getElementTypeOrSelf(traced.tensor.getType()) != elementType ||
        (!mayBeScaled && traced.factor != 1.0))
      continue;
    std::optional<Arrangement> arrangement =
        arrange(context, traced.indices, target, required);
    if (!arrangement || !isWhole(context, traced.tensor, *arrangement))
      continue;
    // Transposes are views, but the last dimension should stay innermost.
    auto getRank = [&](const Arrangement &candidate) {
      const Layout &innermost = candidate.sourceVars.back();
      bool isInnermost =
          !innermost.empty() && innermost.back() == target.back();
      return isInnermost ? 2 : !candidate.isPermuted;
    };
    if (!best || getRank(*arrangement) >= getRank(best->arrangement))
      best = Operand{traced, *arrangement};
  }
  return best;
}

LogicalResult AttentionFuser::chooseOperands() {
  const Expr *product = logits.product;
  auto uses = [&](ArrayRef<AffineExpr> indices, unsigned var) {
    return llvm::any_of(
        indices, [&](AffineExpr index) { return index.isFunctionOfDim(var); });
  };
  // With one key or one query the indices do not tell; the product is
  // symmetric, so either order is right then.
  bool lhsIsKey =
      uses(product->indices, keyVar) || (uses(product->rhsIndices, queryVar) &&
                                         !uses(product->rhsIndices, keyVar));
  SmallVector<TracedOperand> lhsPath =
      traceOperand(context, product->value, product->indices);
  SmallVector<TracedOperand> rhsPath =
      traceOperand(context, product->rhs, product->rhsIndices);
  SmallVector<TracedOperand> &queryPath = lhsIsKey ? rhsPath : lhsPath;
  SmallVector<TracedOperand> &keyPath = lhsIsKey ? lhsPath : rhsPath;
  if (uses(queryPath.front().indices, keyVar) ||
      uses(keyPath.front().indices, queryVar))
    return fail("operands",
                "a factor of the first matmul depends on both the "
                "query and the key",
                "", product->op);
  OpOperand *valueOperand = probabilityIsLhs ? root.rhs : root.lhs;
  SmallVector<TracedOperand> valuePath =
      traceOperand(context, valueOperand->get(),
                   context.getOperandIndices(root.op, *valueOperand, loops));

  unsigned depthVar = product->var;
  Layout queryLayout = lead, keyLayout = lead, valueLayout = lead;
  queryLayout.append({queryVar, depthVar});
  keyLayout.append({keyVar, depthVar});
  valueLayout.append({keyVar, columnVar});
  if (ShapedType::isDynamic(context.getExtent(depthVar)) ||
      ShapedType::isDynamic(context.getExtent(columnVar)))
    return fail("operands", "the head dimension is not static",
                "export with a static head dimension", product->op);
  if (context.getExtent(depthVar) == 0 || context.getExtent(columnVar) == 0)
    return fail("operands", "the head dimension is zero", "", product->op);
  // The narrowest type in which all three can be had, but not below f64 for a
  // product in f64.
  bool isDouble =
      getElementTypeOrSelf(product->value.getType()).isF64() ||
      getElementTypeOrSelf(product->rhs.getType()).isF64() ||
      getElementTypeOrSelf(product->op->getResult(0).getType()).isF64();
  SmallVector<Type> types;
  for (ArrayRef<TracedOperand> path :
       {ArrayRef(queryPath), ArrayRef(keyPath), ArrayRef(valuePath)})
    for (const TracedOperand &traced : path)
      if (Type type = getElementTypeOrSelf(traced.tensor.getType());
          !llvm::is_contained(types, type))
        types.push_back(type);
  llvm::sort(types, [](Type a, Type b) {
    return a.getIntOrFloatBitWidth() < b.getIntOrFloatBitWidth();
  });
  for (Type type : types) {
    if (isDouble ? !type.isF64()
                 : !type.isF16() && !type.isBF16() && !type.isF32())
      continue;
    auto q = chooseOperand(queryPath, type, queryLayout, queryLayout, true);
    auto k = chooseOperand(keyPath, type, keyLayout, {keyVar, depthVar}, true);
    auto v =
        chooseOperand(valuePath, type, valueLayout, {keyVar, columnVar}, false);
    if (!q || !k || !v)
      continue;
    auto hasBoth = [&](unsigned var) {
      return std::pair{llvm::is_contained(k->arrangement.present, var),
                       llvm::is_contained(v->arrangement.present, var)};
    };
    if (!lead.empty()) {
      // Keys and values share their heads.
      bool inKey, inValue;
      std::tie(inKey, inValue) = hasBoth(lead.back());
      if (inKey != inValue && !inKey)
        if (auto repeated =
                chooseOperand(keyPath, type, keyLayout,
                              {lead.back(), keyVar, depthVar}, true))
          k = repeated;
      if (inKey != inValue && !inValue)
        if (auto repeated =
                chooseOperand(valuePath, type, valueLayout,
                              {lead.back(), keyVar, columnVar}, false))
          v = repeated;
      std::tie(inKey, inValue) = hasBoth(lead.back());
      if (inKey != inValue && context.getExtent(lead.back()) != 1)
        return fail("operands", "keys and values differ in the number of heads",
                    "repeat the heads of neither", product->op);
      if (!inKey && !inValue && lead.size() > 1) {
        auto [inKeyGroup, inValueGroup] = hasBoth(lead[lead.size() - 2]);
        // Without a batch the other one is as good as one.
        hasGroups = lead.size() > 2 && inKeyGroup && inValueGroup &&
                    !ShapedType::isDynamic(context.getExtent(lead.back()));
      }
    }
    query = *q;
    key = *k;
    value = *v;
    scale = logits.scale * query.traced.factor * key.traced.factor;
    if (!std::isfinite(scale))
      return fail("operands", "the scale is not finite", "", product->op);
    return success();
  }
  return fail("operands",
              "query, key and value cannot be brought into the layout [batch, "
              "head, length, dimension] in one floating-point type",
              "", product->op);
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

/// Whether a result of the operation is the log-sum-exp, which the op can give.
bool AttentionFuser::noteLogSumExp(Operation *op) {
  if (!isa<linalg::LinalgOp>(op) || op->getNumResults() != 1 ||
      op->getBlock() != root.op->getBlock() || !logits.masksAreInfinite)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  bool isDouble =
      getElementTypeOrSelf(replaced->getResult(0).getType()).isF64();
  if (!type || !(isDouble ? type.getElementType().isF64()
                          : type.getElementType().isF32()))
    return false;
  // Where a row has no keys, the log-sum-exp would be NaN instead of -inf.
  if (mayMaskRows() && options.numerics != Numerics::Fast)
    return false;
  // Uses must come after the new op.
  for (Operation *user : op->getUsers()) {
    Operation *ancestor = root.op->getBlock()->findAncestorOpInBlock(*user);
    if (!ancestor || !replaced->isBeforeInBlock(ancestor))
      return false;
  }
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
  for (ArrayRef<AffineExpr> indices :
       {ArrayRef(rows), ArrayRef(withUnit), ArrayRef(split),
        ArrayRef(splitWithUnit)}) {
    if ((int64_t)indices.size() != type.getRank())
      continue;
    const Expr *element = context.evaluate(op->getResult(0), indices);
    if (!isLogSumExp(context, softmax, element, keyVar))
      continue;
    lseUses.push_back({op->getResult(0), SmallVector<AffineExpr>(indices)});
    return true;
  }
  return false;
}

/// Everything between the two matmuls must be dead after fusion.
LogicalResult AttentionFuser::checkUses() {
  if (options.allowRecompute)
    return success();
  SmallVector<Operation *> worklist{logits.product->op};
  llvm::SmallPtrSet<Operation *, 32> seen;
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    for (Operation *user : op->getUsers()) {
      // A use within a body is a use by the operation around it.
      if (Operation *around = op->getBlock()->findAncestorOpInBlock(*user);
          around && isa<linalg::LinalgOp, tensor::GenerateOp>(around))
        user = around;
      if (user == root.op || user == replaced || !seen.insert(user).second)
        continue;
      if (user->getNumResults() == 0 || !isMemoryEffectFree(user))
        return fail("uses",
                    "the logits or probabilities are also used by '" +
                        user->getName().getStringRef() +
                        "' outside of the attention, so they would be computed "
                        "anyway",
                    "drop that use, or let the pass recompute them "
                    "(recompute=true)",
                    user);
      if (!noteLogSumExp(user))
        worklist.push_back(user);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Masks, biases and sinks
//===----------------------------------------------------------------------===//

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
  switch (expr->kind) {
  case Expr::Kind::Constant:
  case Expr::Kind::Index:
  case Expr::Kind::Scalar:
    return true;
  case Expr::Kind::Apply:
    return llvm::all_of(expr->operands, isIndexArithmetic);
  default:
    return false;
  }
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
  return (expr->kind == Expr::Kind::Contract && expr->op == contraction) ||
         llvm::any_of(expr->operands, [&](const Expr *operand) {
           return holdsResultOf(operand, contraction);
         });
}

/// `expr` with elements of tensors in place of what a region cannot compute.
const Expr *AttentionFuser::makeEmittable(const Expr *expr,
                                          const ExprEmitter &emitter) {
  if (emitter.canEmit(expr))
    return expr;
  if (!holdsResultOf(expr, logits.product->op))
    if (const ExprContext::Access *source = context.getSource(expr)) {
      const Expr *load = context.makeLoad(source->tensor, source->indices);
      if (emitter.canEmit(load))
        return load;
    }
  if (expr->kind != Expr::Kind::Apply && expr->kind != Expr::Kind::Gather)
    return nullptr;
  SmallVector<const Expr *> operands;
  for (const Expr *operand : expr->operands) {
    operands.push_back(makeEmittable(operand, emitter));
    if (!operands.back())
      return nullptr;
  }
  const Expr *rebuilt =
      expr->kind == Expr::Kind::Gather
          ? context.makeGather(expr->value, operands)
          : context.makeApply(expr->name, expr->type, operands, expr->attrs);
  return emitter.canEmit(rebuilt) ? rebuilt : nullptr;
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
    if (!emittable)
      return fail("mask",
                  "a mask is computed by a reduction or from other dimensions",
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
                  "", context.getOperation(logits.score));
    logits.score = emittable;
  }
  if (logits.scaleExpr) {
    ExprEmitter outside(builder, root.op.getLoc(), builder.getF32Type(),
                        DenseMap<unsigned, Value>());
    const Expr *emittable = makeEmittable(logits.scaleExpr, outside);
    if (!emittable)
      return fail("logits", "the scale is computed by a reduction", "",
                  context.getOperation(logits.scaleExpr));
    logits.scaleExpr = emittable;
  }
  return success();
}

/// Zeros after the softmax must be where the only mask is.
LogicalResult AttentionFuser::checkZeroed() {
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
                "", context.getOperation(expr));
  sink = LogitOperand{tensor, arrangement};
  return success();
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

FusionResult AttentionFuser::fuse() {
  setUpVariables();
  if (failed(classifyLoops())) {
    result.miss.reset();
    return result;
  }
  if (failed(matchExpressions()) || failed(chooseOperands()) ||
      failed(classifySink()) || failed(classifyMasks()) ||
      failed(checkZeroed()) || failed(checkUses()))
    return result;
  // Operands may have asked for variables that were not split yet.
  if (!context.split)
    build();
  return result;
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
  if (!holds) {
    auto dps = dyn_cast<DestinationStyleOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands())
      if (isa<TensorType>(operand.get().getType()) &&
          !(dps && dps.isDpsInit(&operand)))
        holds |= mayHoldSoftmax(operand.get(), facts);
    // Bodies may extract elements of tensors from above.
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value inner : captured)
      if (isa<TensorType>(inner.getType()))
        holds |= mayHoldSoftmax(inner, facts);
  }
  return facts.mayHoldSoftmax[value] = holds;
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
    // A variable that a reshape takes apart is replaced by two.
    constexpr int kMaxSplits = 8;
    for (int attempt = 0; attempt <= kMaxSplits; ++attempt) {
      AttentionFuser fuser(*root, probabilityIsLhs, parts, facts, options);
      FusionResult tried = fuser.fuse();
      if (tried.op)
        return tried;
      std::optional<ExprContext::Split> split = fuser.getSplit();
      auto part = split ? fuser.getPart(split->var) : std::nullopt;
      int64_t size = part ? parts[part->first][part->second] : 0;
      bool divides =
          ShapedType::isDynamic(size) ||
          (part && size % split->divisor == 0 && split->divisor != size);
      if (!part || !divides) {
        if (tried.miss && !result.miss)
          result = tried;
        break;
      }
      auto [loop, position] = *part;
      SmallVector<int64_t> &sizes = parts[loop];
      sizes[position] =
          ShapedType::isDynamic(size) ? size : size / split->divisor;
      sizes.insert(sizes.begin() + position + 1, split->divisor);
    }
  }
  return result;
}
