//===- ChooseOperands.cpp - Query, key, value and uses ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionFuser.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace mlir::attn;

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
                "let each factor depend on one of them", product->op);
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
    return fail("operands", "the head dimension is zero",
                "give heads a dimension", product->op);
  // The narrowest type in which all three can be had, but not below f64 for a
  // product in f64.
  bool inDouble = isDouble(product);
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
    if (inDouble ? !type.isF64()
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
    if (!std::isfinite(inDouble ? scale : static_cast<float>(scale)))
      return fail("operands", "the scale is not finite",
                  "scale by a finite number", product->op);
    // Kept logits must be above those that a finite mask makes.
    constexpr double kLargestProduct = 64;
    double magnitude = std::abs(scale);
    if (logits.softcap)
      magnitude = std::min(magnitude, *logits.softcap);
    if (options.numerics != Numerics::Fast &&
        magnitude > -logits.maskValue / kLargestProduct)
      return fail("mask",
                  "the scale is so large that logits may be below the number "
                  "that masks others",
                  "mask with -inf", product->op);
    return success();
  }
  return fail("operands",
              "query, key and value cannot be brought into the layout [batch, "
              "head, length, dimension] in one floating-point type",
              "transpose them to it, and convert them to one type",
              product->op);
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

/// The tensors that the new op will read.
SmallVector<Value> AttentionFuser::getReadTensors() {
  SmallVector<Value> tensors{query.traced.tensor, key.traced.tensor,
                             value.traced.tensor};
  for (const std::optional<LogitOperand> &operand :
       {mask, bias, sink, queryDocuments, keyDocuments})
    if (operand)
      tensors.push_back(operand->tensor);
  llvm::SmallPtrSet<const Expr *, 32> visited{logits.base};
  std::function<void(const Expr *)> collect = [&](const Expr *expr) {
    if (!expr || !visited.insert(expr).second)
      return;
    if (expr->value)
      tensors.push_back(expr->value);
    llvm::for_each(expr->operands, collect);
  };
  for (const LogitMatch::Condition &condition : regionConditions)
    collect(condition.expr);
  if (keyLengths) {
    if (keyLengths->tensor)
      tensors.push_back(keyLengths->tensor->tensor);
    collect(keyLengths->length);
  }
  collect(logits.score);
  collect(logits.scaleExpr);
  return tensors;
}

/// Everything between the two matmuls must be dead after fusion.
LogicalResult AttentionFuser::checkUses() {
  if (options.allowRecompute)
    return success();
  for (Operation *around = root.op->getParentOp();
       around && !around->isAncestor(logits.product->op);
       around = around->getParentOp())
    if (isa<LoopLikeOpInterface>(around))
      return fail("uses",
                  "the logits are computed once, and the second matmul is in a "
                  "loop, which would repeat them",
                  "move the second matmul out of the loop, or let the pass "
                  "recompute the logits (recompute=true)",
                  around);
  collectInternalOps();
  SmallVector<Operation *> worklist{logits.product->op};
  llvm::SmallPtrSet<Operation *, 32> seen;
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    for (OpOperand &use : op->getUses()) {
      // A use within a body is a use by the operation around it.
      Operation *user = use.getOwner();
      if (Operation *around = op->getBlock()->findAncestorOpInBlock(*user);
          around && isa<linalg::LinalgOp, tensor::GenerateOp>(around))
        user = around;
      if (user == root.op || user == replaced || seen.contains(user))
        continue;
      if (!internalOps.contains(user)) {
        // Row values that are used elsewhere become results.
        if (noteLogSumExps(user) || noteRowValue(use.get()) ||
            noteDerivedValue(use.get()))
          continue;
        if (user->getNumResults() == 0 || !isMemoryEffectFree(user))
          return fail("uses",
                      "the logits or probabilities are also used by '" +
                          user->getName().getStringRef() +
                          "' outside of the attention, so they would be "
                          "computed anyway",
                      "drop that use, or let the pass recompute them "
                      "(recompute=true)",
                      user);
      }
      seen.insert(user);
      worklist.push_back(user);
    }
  }
  // Nor may the new op read what is computed from the logits.
  seen.insert(logits.product->op);
  seen.insert(usersToMove.begin(), usersToMove.end());
  for (Value tensor : getReadTensors())
    if (Operation *op = tensor.getDefiningOp(); op && seen.contains(op))
      return fail("uses",
                  "a mask, a bias or another operand is computed from the "
                  "logits, so they would be computed anyway",
                  "compute it from something else, or let the pass recompute "
                  "the logits (recompute=true)",
                  op);
  return success();
}
