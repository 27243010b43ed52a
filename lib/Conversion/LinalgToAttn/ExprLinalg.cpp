//===- ExprLinalg.cpp - Elements of linalg operations --------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn;

bool attn::isFilledWith(Value init, llvm::function_ref<bool(Attribute)> test) {
  Attribute value;
  while (Operation *op = init.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
            op))
      break;
    init = op->getOperand(0);
  }
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_Constant(&value)) && test(value);
  if (auto splat = init.getDefiningOp<tensor::SplatOp>())
    return matchPattern(splat.getInput(), m_Constant(&value)) && test(value);
  DenseElementsAttr elements;
  return matchPattern(init, m_Constant(&elements)) && elements.isSplat() &&
         test(elements.getSplatValue<Attribute>());
}

bool attn::isZero(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValue().isZero();
  auto number = dyn_cast<IntegerAttr>(attr);
  return number && number.getValue().isZero();
}

/// The reduction that an operation in a body does, if `init` is its neutral
/// element.
static std::optional<ReduceKind> getReduceKind(Operation *op, Value init) {
  if (isa<arith::AddFOp>(op) && isFilledWith(init, isZero))
    return ReduceKind::Sum;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op) &&
      isFilledWith(init, [&](Attribute attr) {
        // -inf, or the lowest finite number where a compiler avoids infinities,
        // or NaN, the neutral element of maxnumf.
        auto number = dyn_cast<FloatAttr>(attr);
        if (number && number.getValue().isNaN())
          return isa<arith::MaxNumFOp>(op);
        return number && number.getValue().isNegative() &&
               (number.getValue().isInfinity() ||
                number.getValue().isLargest());
      }))
    return ReduceKind::Max;
  bool isBoolean = op->getResult(0).getType().isInteger(1);
  if (isBoolean && isa<arith::AndIOp>(op) &&
      isFilledWith(init, [](Attribute attr) { return !isZero(attr); }))
    return ReduceKind::And;
  if (isBoolean && isa<arith::OrIOp>(op) && isFilledWith(init, isZero))
    return ReduceKind::Or;
  return std::nullopt;
}

const Expr *ExprContext::evaluateLinalg(linalg::LinalgOp op, unsigned result,
                                        ArrayRef<AffineExpr> indices) {
  if (!op.hasPureTensorSemantics())
    return nullptr;
  auto loops = getLoopIndices(op, result, indices);
  if (!loops)
    return nullptr;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  std::optional<unsigned> reductionLoop;
  for (unsigned loop = 0; loop < loops->size(); ++loop) {
    if ((*loops)[loop])
      continue;
    if (iterators[loop] == utils::IteratorType::reduction &&
        ranges[loop] != 1) {
      if (reductionLoop)
        return nullptr;
      reductionLoop = loop;
      (*loops)[loop] = getVariable(getBoundVariable(op, loop, ranges[loop]));
    } else if (ranges[loop] == 1) {
      (*loops)[loop] = getAffineConstantExpr(0, context);
    } else {
      return nullptr;
    }
  }
  // Of several reductions over one element each, one has to be there.
  if (!reductionLoop && op.getNumReductionLoops() != 0) {
    reductionLoop = llvm::find(iterators, utils::IteratorType::reduction) -
                    iterators.begin();
    (*loops)[*reductionLoop] =
        getVariable(getBoundVariable(op, *reductionLoop, 1));
  }

  if (std::optional<Contraction> contraction = getContraction(op)) {
    Expr expr;
    expr.kind = Expr::Kind::Contract;
    expr.type = Float64Type::get(context);
    expr.value = contraction->lhs->get();
    expr.rhs = contraction->rhs->get();
    SmallVector<AffineExpr> lhs =
        getOperandIndices(op, *contraction->lhs, *loops);
    SmallVector<AffineExpr> rhs =
        getOperandIndices(op, *contraction->rhs, *loops);
    expr.indices.assign(lhs.begin(), lhs.end());
    expr.rhsIndices.assign(rhs.begin(), rhs.end());
    expr.var = getBoundVariable(op, contraction->reductionLoop,
                                ranges[contraction->reductionLoop]);
    // Kept for the chain of its uses.
    expr.op = op.getOperation();
    return intern(expr);
  }

  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  if (!reductionLoop)
    return evaluateBodyOf(op, yielded, *loops);
  // combine(accumulator, element), in either order.
  Operation *combine = yielded.getDefiningOp();
  if (!combine || combine->getBlock() != op.getBlock() ||
      combine->getNumOperands() != 2)
    return nullptr;
  OpOperand *init = op.getDpsInitOperand(result);
  std::optional<ReduceKind> kind = getReduceKind(combine, init->get());
  if (!kind)
    return nullptr;
  Value accumulator = op.getMatchingBlockArgument(init);
  Value element;
  if (combine->getOperand(0) == accumulator)
    element = combine->getOperand(1);
  else if (combine->getOperand(1) == accumulator)
    element = combine->getOperand(0);
  if (!element || element == accumulator)
    return nullptr;
  const Expr *body = evaluateBodyOf(op, element, *loops);
  if (!body)
    return nullptr;
  return makeReduce(
      *kind, getBoundVariable(op, *reductionLoop, ranges[*reductionLoop]),
      body);
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

std::optional<Contraction> attn::getContraction(Operation *operation) {
  auto op = dyn_cast_or_null<linalg::LinalgOp>(operation);
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1)
    return std::nullopt;
  // One loop that is summed over, and any number that run once.
  std::optional<unsigned> reductionLoop;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : reductions) {
    if (ranges[loop] == 1 && reductions.size() > 1)
      continue;
    if (reductionLoop)
      return std::nullopt;
    reductionLoop = loop;
  }
  if (!reductionLoop)
    return std::nullopt;
  OpOperand *init = op.getDpsInitOperand(0);
  if (!isa<FloatType>(getElementTypeOrSelf(init->get().getType())) ||
      !isFilledWith(init->get(), isZero))
    return std::nullopt;
  auto skipCasts = [](Value value) {
    while (Operation *definition = value.getDefiningOp()) {
      // A conversion to fewer bits than the result has would round.
      if (!isa<arith::ExtFOp, arith::TruncFOp>(definition) ||
          value.getType().getIntOrFloatBitWidth() < 16)
        break;
      value = definition->getOperand(0);
    }
    return value;
  };
  Block *body = op.getBlock();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return std::nullopt;
  Value accumulator = op.getMatchingBlockArgument(init);
  Value product = add.getLhs() == accumulator ? add.getRhs() : add.getLhs();
  if (add.getLhs() != accumulator && add.getRhs() != accumulator)
    return std::nullopt;
  auto mul = skipCasts(product).getDefiningOp<arith::MulFOp>();
  if (!mul)
    return std::nullopt;
  Value factors[2] = {skipCasts(mul.getLhs()), skipCasts(mul.getRhs())};
  OpOperand *operands[2];
  for (int i = 0; i < 2; ++i) {
    auto argument = dyn_cast<BlockArgument>(factors[i]);
    if (!argument || argument.getOwner() != body)
      return std::nullopt;
    operands[i] = op.getMatchingOpOperand(argument);
    if (!op.isDpsInput(operands[i]) ||
        !isa<RankedTensorType>(operands[i]->get().getType()))
      return std::nullopt;
  }
  if (operands[0] == operands[1])
    return std::nullopt;
  return Contraction{op, operands[0], operands[1], *reductionLoop};
}
