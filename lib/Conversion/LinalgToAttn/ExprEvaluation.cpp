//===- ExprEvaluation.cpp - Elements of tensors --------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "SymbolicSize.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn;

const Expr *ExprContext::evaluate(Value tensor,
                                  ArrayRef<AffineExpr> givenIndices) {
  // A dimension of size one has one index.
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<AffineExpr> indices(givenIndices);
  for (auto [index, size] : llvm::zip(indices, type.getShape()))
    if (size == 1)
      index = getAffineConstantExpr(0, context);
  Key key{tensor.getAsOpaquePointer(), {}};
  for (AffineExpr index : indices)
    key.indices.push_back(index.getAsOpaquePointer());
  auto found = cache.find(key);
  if (found != cache.end())
    return found->second;
  const Expr *expr = evaluateUncached(tensor, indices);
  cache[key] = expr;
  if (!expr->operands.empty() || expr->kind == Expr::Kind::Contract)
    sources.try_emplace(expr, Access{tensor, indices});
  return expr;
}

void ExprContext::setElement(Value tensor, ArrayRef<AffineExpr> indices,
                             const Expr *expr) {
  Key key{tensor.getAsOpaquePointer(), {}};
  for (auto [index, size] :
       llvm::zip(indices, cast<RankedTensorType>(tensor.getType()).getShape()))
    key.indices.push_back(
        (size == 1 ? getAffineConstantExpr(0, context) : index)
            .getAsOpaquePointer());
  cache[key] = expr;
}

const Expr *ExprContext::evaluateUncached(Value tensor,
                                          ArrayRef<AffineExpr> indices) {
  Operation *op = tensor.getDefiningOp();
  if (const Expr *expr = evaluateConstant(tensor, indices))
    return expr;
  if (std::optional<Access> access = lookThrough(tensor, indices))
    return evaluate(access->tensor, access->indices);
  if (Value decomposed = facts.decompositions.lookup(tensor))
    return evaluate(decomposed, indices);
  if (!op)
    return makeLoad(tensor, indices);
  const Expr *expr = nullptr;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    expr = evaluateLinalg(linalgOp, cast<OpResult>(tensor).getResultNumber(),
                          indices);
  } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    expr = evaluateConcat(concat, indices);
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    expr = evaluateInsert(insert, indices);
  } else if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    expr = evaluateScalar({nullptr, {}, {}}, splat.getInput());
  } else if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
    Block &block = generate.getBody().front();
    auto getArgument = [&](BlockArgument argument) {
      return makeIndex(indices[argument.getArgNumber()]);
    };
    expr = evaluateScalar({&block, getArgument, {}},
                          block.getTerminator()->getOperand(0));
  } else if (OpTrait::hasElementwiseMappableTraits(op) &&
             op->getNumRegions() == 0 && op->getNumResults() == 1 &&
             llvm::all_of(op->getOperands(), [&](Value operand) {
               return isa<RankedTensorType>(operand.getType());
             })) {
    SmallVector<const Expr *> operands;
    for (Value operand : op->getOperands())
      operands.push_back(evaluate(operand, indices));
    expr = makeApply(op, operands);
  }
  return expr ? expr : makeLoad(tensor, indices);
}

//===----------------------------------------------------------------------===//
// Scalars in bodies
//===----------------------------------------------------------------------===//

const Expr *ExprContext::evaluateScalar(const Body &body, Value scalar) {
  auto isInside = [&](Block *block) { return body.block == block; };
  if (auto argument = dyn_cast<BlockArgument>(scalar);
      argument && isInside(argument.getOwner()))
    return body.getArgument(argument);
  Attribute constant;
  if (matchPattern(scalar, m_Constant(&constant)) &&
      isa<FloatAttr, IntegerAttr>(constant))
    return makeConstant(constant, scalar.getType());
  Operation *definition = scalar.getDefiningOp();
  if (auto index = dyn_cast_or_null<linalg::IndexOp>(definition))
    return isInside(index->getBlock()) ? makeIndex(body.loops[index.getDim()])
                                       : nullptr;
  if (!definition || !isInside(definition->getBlock())) {
    Expr expr;
    expr.kind = Expr::Kind::Scalar;
    expr.type = scalar.getType();
    expr.value = scalar;
    return intern(expr);
  }
  if (definition->getNumRegions() != 0 || definition->getNumResults() != 1 ||
      !isMemoryEffectFree(definition) || definition->getNumOperands() == 0)
    return nullptr;
  // Broadcasting that only run time decides: the op checks its sizes.
  if (auto select = dyn_cast<arith::SelectOp>(definition)) {
    auto cmp = select.getCondition().getDefiningOp<arith::CmpIOp>();
    if (cmp && cmp.getPredicate() == arith::CmpIPredicate::eq &&
        matchPattern(cmp.getRhs(), m_One()) &&
        matchPattern(select.getTrueValue(), m_Zero()) &&
        getSymbolicSize(cmp.getLhs()).isNonNegative()) {
      noBroadcast = true;
      return evaluateScalar(body, select.getFalseValue());
    }
  }
  auto extract = dyn_cast<tensor::ExtractOp>(definition);
  SmallVector<const Expr *> operands;
  for (Value operand : extract ? ValueRange(extract.getIndices())
                               : ValueRange(definition->getOperands())) {
    if (!operand.getType().isIntOrIndexOrFloat())
      return nullptr;
    const Expr *expr = evaluateScalar(body, operand);
    if (!expr)
      return nullptr;
    operands.push_back(expr);
  }
  if (!extract)
    return makeApply(definition, operands);
  for (const Expr *operand : operands)
    requestSplit(operand);
  return makeGather(extract.getTensor(), operands);
}

const Expr *ExprContext::evaluateBodyOf(linalg::LinalgOp op, Value scalar,
                                        ArrayRef<AffineExpr> loops) {
  auto getArgument = [&](BlockArgument argument) -> const Expr * {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    // The accumulator of a reduction has no meaning outside.
    if (op.isDpsInit(operand) && op.getNumReductionLoops() != 0)
      return nullptr;
    Value value = operand->get();
    if (!isa<RankedTensorType>(value.getType()))
      return evaluateScalar({nullptr, {}, {}}, value);
    return evaluate(value, getOperandIndices(op, *operand, loops));
  };
  return evaluateScalar({op.getBlock(), getArgument, loops}, scalar);
}
