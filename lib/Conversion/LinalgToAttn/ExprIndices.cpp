//===- ExprIndices.cpp - Indices of elements --------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Affine indices through reshapes, slices, transposes and broadcasts.
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "SymbolicSize.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::attn;

/// Writes an expression as a sum of multiples of variables and a constant, if
/// they are in the range of 64 bits.
static bool getTerms(AffineExpr expr, int64_t factor,
                     std::map<unsigned, int64_t> &terms, int64_t &constant) {
  int64_t product;
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    int64_t &term = terms[dim.getPosition()];
    return !llvm::AddOverflow(term, factor, term);
  }
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return !llvm::MulOverflow(factor, number.getValue(), product) &&
           !llvm::AddOverflow(constant, product, constant);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return getTerms(binary.getLHS(), factor, terms, constant) &&
           getTerms(binary.getRHS(), factor, terms, constant);
  auto multiplier = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && multiplier &&
         !llvm::MulOverflow(factor, multiplier.getValue(), product) &&
         getTerms(binary.getLHS(), product, terms, constant);
}

/// Larger than any size, small enough for sums of a few.
static constexpr int64_t kUnbounded = int64_t(1) << 58;

std::optional<std::pair<int64_t, int64_t>>
ExprContext::getRange(AffineExpr index) {
  std::map<unsigned, int64_t> terms;
  int64_t low = 0;
  auto isFar = [](int64_t bound) {
    return bound < -4 * kUnbounded || bound > 4 * kUnbounded;
  };
  if (!getTerms(index, 1, terms, low) || isFar(low))
    return std::nullopt;
  int64_t high = low;
  for (auto [var, factor] : terms) {
    if (factor == 0)
      continue;
    int64_t reach;
    if (ShapedType::isDynamic(extents[var]) ||
        llvm::MulOverflow(factor, std::max<int64_t>(extents[var] - 1, 0),
                          reach))
      reach = factor > 0 ? kUnbounded : -kUnbounded;
    int64_t &bound = factor > 0 ? high : low;
    if (llvm::AddOverflow(bound, reach, bound) || isFar(bound))
      return std::nullopt;
  }
  return std::pair{low, high};
}

std::optional<std::pair<AffineExpr, AffineExpr>>
ExprContext::divide(AffineExpr index, int64_t divisor) {
  AffineExpr zero = getAffineConstantExpr(0, context);
  if (divisor == 1)
    return std::pair{index, zero};
  std::map<unsigned, int64_t> terms;
  int64_t constant = 0;
  if (divisor <= 0 || !getTerms(index, 1, terms, constant))
    return std::nullopt;
  AffineExpr quotient = zero, remainder = zero;
  int64_t low = 0, high = 0;
  bool isBounded = true;
  std::optional<unsigned> single;
  unsigned numRest = 0;
  for (auto [var, factor] : terms) {
    if (factor % divisor == 0) {
      quotient = quotient + getVariable(var) * (factor / divisor);
      continue;
    }
    remainder = remainder + getVariable(var) * factor;
    ++numRest;
    if (factor == 1)
      single = var;
    int64_t reach, &bound = factor > 0 ? high : low;
    isBounded = isBounded && !ShapedType::isDynamic(extents[var]) &&
                !llvm::MulOverflow(
                    factor, std::max<int64_t>(extents[var] - 1, 0), reach) &&
                !llvm::AddOverflow(bound, reach, bound);
  }
  int64_t rest = llvm::mod(constant, divisor);
  quotient = quotient + llvm::divideFloorSigned(constant, divisor);
  if (isBounded && low >= -rest && high < divisor - rest)
    return std::pair{simplify(quotient), simplify(remainder + rest)};
  if (numRest == 1 && single && rest == 0 && splittable.contains(*single))
    split = Split{*single, divisor};
  return std::nullopt;
}

std::optional<ExprContext::Access>
ExprContext::lookThroughCollapse(Operation *op, ArrayRef<AffineExpr> indices) {
  auto collapse = cast<tensor::CollapseShapeOp>(op);
  RankedTensorType type = collapse.getSrcType();
  Access access{collapse.getSrc(), SmallVector<AffineExpr>(type.getRank())};
  for (auto [index, group] :
       llvm::zip(indices, collapse.getReassociationIndices())) {
    // Leading ones leave the index as it is.
    ArrayRef<int64_t> dims(group);
    while (dims.size() > 1 && type.getDimSize(dims.front()) == 1)
      dims = dims.drop_front();
    AffineExpr rest = index;
    for (int64_t d : llvm::reverse(dims.drop_front())) {
      if (type.isDynamicDim(d))
        return std::nullopt;
      auto parts = divide(rest, type.getDimSize(d));
      if (!parts)
        return std::nullopt;
      std::tie(rest, access.indices[d]) = *parts;
    }
    access.indices[dims.front()] = rest;
  }
  // A tensor of one element may collapse to rank 0.
  for (AffineExpr &index : access.indices)
    if (!index)
      index = getAffineConstantExpr(0, context);
  return access;
}

std::optional<ExprContext::Access>
ExprContext::lookThroughExpand(Operation *op, ArrayRef<AffineExpr> indices) {
  auto expand = cast<tensor::ExpandShapeOp>(op);
  RankedTensorType type = expand.getResultType();
  Access access{expand.getSrc(), {}};
  for (const ReassociationIndices &group : expand.getReassociationIndices()) {
    ArrayRef<int64_t> dims(group);
    while (dims.size() > 1 && type.getDimSize(dims.front()) == 1)
      dims = dims.drop_front();
    AffineExpr index = indices[dims.front()];
    for (int64_t d : dims.drop_front()) {
      if (type.isDynamicDim(d))
        return std::nullopt;
      index = index * type.getDimSize(d) + indices[d];
    }
    access.indices.push_back(simplify(index));
  }
  return access;
}

std::optional<SmallVector<AffineExpr>>
ExprContext::getExpandedIndices(tensor::ExpandShapeOp op,
                                ArrayRef<AffineExpr> indices) {
  RankedTensorType type = op.getResultType();
  SmallVector<AffineExpr> result(type.getRank());
  for (auto [index, group] : llvm::zip(indices, op.getReassociationIndices())) {
    AffineExpr rest = index;
    for (int64_t d : llvm::reverse(ArrayRef(group).drop_front())) {
      if (type.isDynamicDim(d))
        return std::nullopt;
      std::optional<Split> saved = split;
      auto parts = divide(rest, type.getDimSize(d));
      split = saved;
      if (!parts)
        return std::nullopt;
      std::tie(rest, result[d]) = *parts;
    }
    result[group.front()] = rest;
  }
  for (AffineExpr &index : result)
    if (!index)
      index = getAffineConstantExpr(0, context);
  return result;
}

std::optional<SmallVector<AffineExpr>>
ExprContext::getLoopIndices(linalg::LinalgOp op, unsigned result,
                            ArrayRef<AffineExpr> indices) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  SmallVector<AffineExpr> loops(op.getNumLoops());
  for (auto [expr, index] : llvm::zip(map.getResults(), indices)) {
    if (isa<AffineConstantExpr>(expr))
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || loops[dim.getPosition()])
      return std::nullopt;
    loops[dim.getPosition()] = index;
  }
  return loops;
}

SmallVector<AffineExpr>
ExprContext::getOperandIndices(linalg::LinalgOp op, OpOperand &operand,
                               ArrayRef<AffineExpr> loops) {
  SmallVector<AffineExpr> indices;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
    indices.push_back(simplify(expr.replaceDims(loops)));
  return indices;
}

/// Whether a slice takes a dimension from begin to end.
static bool isWholeDim(tensor::ExtractSliceOp slice, int64_t d) {
  auto size = dyn_cast<Value>(slice.getMixedSizes()[d]);
  auto dim = size ? size.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
  return dim && dim.getSource() == slice.getSource() &&
         dim.getConstantIndex() == d && slice.getStaticOffsets()[d] == 0 &&
         slice.getStaticStrides()[d] == 1;
}

/// A reshape to a computed shape, where dimensions of both sides can be grouped
/// so that each group has one number of elements.
std::optional<ExprContext::Access>
ExprContext::lookThroughReshape(tensor::ReshapeOp op,
                                ArrayRef<AffineExpr> indices) {
  auto sourceType = dyn_cast<RankedTensorType>(op.getSource().getType());
  auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
  if (!sourceType || !type)
    return std::nullopt;
  Access access{op.getSource(), {}};
  int64_t s = 0, r = 0;
  while (s < sourceType.getRank() || r < type.getRank()) {
    // The smallest group of dimensions from here on.
    int64_t sBegin = s, rBegin = r;
    SymbolicSize sourceSize(1), size(1);
    bool isStarted = false;
    while (!isStarted || !(sourceSize == size)) {
      isStarted = true;
      // The side with fewer factors goes on.
      bool takeSource = s < sourceType.getRank() &&
                        (r == type.getRank() ||
                         sourceSize.getNumFactors() < size.getNumFactors() ||
                         (sourceSize.getNumFactors() == size.getNumFactors() &&
                          sourceSize.constant <= size.constant));
      if (takeSource)
        sourceSize = sourceSize * getSymbolicDim(op.getSource(), s++);
      else if (r < type.getRank())
        size = size * getSymbolicDim(op.getResult(), r++);
      else
        return std::nullopt;
    }
    AffineExpr index = getAffineConstantExpr(0, context);
    for (int64_t d = rBegin; d < r; ++d) {
      if (d > rBegin && type.isDynamicDim(d))
        return std::nullopt;
      index =
          d == rBegin ? indices[d] : index * type.getDimSize(d) + indices[d];
    }
    SmallVector<AffineExpr> parts(s - sBegin);
    AffineExpr rest = simplify(index);
    for (int64_t d = s - 1; d > sBegin; --d) {
      if (sourceType.isDynamicDim(d))
        return std::nullopt;
      auto divided = divide(rest, sourceType.getDimSize(d));
      if (!divided)
        return std::nullopt;
      std::tie(rest, parts[d - sBegin]) = *divided;
    }
    if (!parts.empty())
      parts[0] = rest;
    llvm::append_range(access.indices, parts);
  }
  return access;
}

/// A body that reads an element of a tensor from above at affine indices.
std::optional<ExprContext::Access>
ExprContext::lookThroughExtract(linalg::LinalgOp op,
                                ArrayRef<AffineExpr> indices) {
  auto extract = op.getBlock()
                     ->getTerminator()
                     ->getOperand(0)
                     .getDefiningOp<tensor::ExtractOp>();
  if (!extract || op.getNumReductionLoops() != 0 ||
      extract->getBlock() != op.getBlock())
    return std::nullopt;
  auto loops = getLoopIndices(op, 0, indices);
  if (!loops || llvm::is_contained(*loops, AffineExpr()))
    return std::nullopt;
  Access access{extract.getTensor(), {}};
  for (Value index : extract.getIndices()) {
    const Expr *expr = evaluateBodyOf(op, index, *loops);
    if (!expr)
      return std::nullopt;
    requestSplit(expr);
    if (expr->kind != Expr::Kind::Index)
      return std::nullopt;
    access.indices.push_back(expr->indices[0]);
  }
  return access;
}

/// An index that is divided, as heads of groups are, may split a variable.
void ExprContext::requestSplit(const Expr *index) {
  if (!index->is("arith.divsi") && !index->is("arith.divui") &&
      !index->is("arith.floordivsi"))
    return;
  std::optional<int64_t> divisor = index->operands[1]->getInteger();
  if (divisor && index->operands[0]->kind == Expr::Kind::Index)
    (void)divide(index->operands[0]->indices[0], *divisor);
}

/// What a loop carries from iteration to iteration without a change, or null.
static Value getInitialValue(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  if (auto loop = dyn_cast_or_null<scf::WhileOp>(parent)) {
    // From the condition's block to the body, and back.
    if (argument.getOwner() != loop.getAfterBody())
      return nullptr;
    auto passed = dyn_cast<BlockArgument>(
        loop.getConditionOp().getArgs()[argument.getArgNumber()]);
    if (!passed || passed.getOwner() != loop.getBeforeBody() ||
        loop.getYieldOp().getOperand(passed.getArgNumber()) != argument)
      return nullptr;
    return loop.getInits()[passed.getArgNumber()];
  }
  auto loop = dyn_cast_or_null<LoopLikeOpInterface>(parent);
  OpOperand *yielded = loop ? loop.getTiedLoopYieldedValue(argument) : nullptr;
  return yielded && yielded->get() == argument
             ? loop.getTiedLoopInit(argument)->get()
             : Value();
}

std::optional<ExprContext::Access>
ExprContext::lookThrough(Value tensor, ArrayRef<AffineExpr> indices) {
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    Value initial = getInitialValue(argument);
    if (!initial || initial.getType() != tensor.getType())
      return std::nullopt;
    return Access{initial, SmallVector<AffineExpr>(indices)};
  }
  Operation *op = tensor.getDefiningOp();
  if (isa<tensor::CollapseShapeOp>(op))
    return lookThroughCollapse(op, indices);
  if (isa<tensor::ExpandShapeOp>(op))
    return lookThroughExpand(op, indices);
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
    return lookThroughReshape(reshape, indices);
  if (auto castOp = dyn_cast<tensor::CastOp>(op))
    if (isa<RankedTensorType>(castOp.getSource().getType()))
      return Access{castOp.getSource(), SmallVector<AffineExpr>(indices)};
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    Access access{slice.getSource(), {}};
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (int64_t d = 0; d < slice.getSourceType().getRank(); ++d) {
      int64_t offset = slice.getStaticOffsets()[d];
      int64_t stride = slice.getStaticStrides()[d];
      // A part of unknown size is not the whole: sums over it differ.
      bool isPart = ShapedType::isDynamic(slice.getStaticSizes()[d]) &&
                    !isWholeDim(slice, d);
      if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(stride) ||
          isPart)
        return std::nullopt;
      AffineExpr index = getAffineConstantExpr(offset, context);
      if (!dropped.test(d))
        index = index + indices[next++] * stride;
      access.indices.push_back(simplify(index));
    }
    return access;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (linalgOp && linalgOp.hasPureTensorSemantics() && op->getNumResults() == 1)
    if (std::optional<Access> access = lookThroughExtract(linalgOp, indices))
      return access;
  // A linalg operation that copies its only input.
  if (!linalgOp || linalgOp.getNumDpsInputs() != 1 ||
      linalgOp.getNumDpsInits() != 1 || linalgOp.getNumReductionLoops() != 0 ||
      isa<linalg::FillOp>(op))
    return std::nullopt;
  Block *body = linalgOp.getBlock();
  if (body->getTerminator()->getOperand(0) != body->getArgument(0))
    return std::nullopt;
  auto loops = getLoopIndices(linalgOp, 0, indices);
  if (!loops || llvm::is_contained(*loops, AffineExpr()))
    return std::nullopt;
  OpOperand &input = *linalgOp.getDpsInputOperand(0);
  if (!isa<RankedTensorType>(input.get().getType()))
    return std::nullopt;
  return Access{input.get(), getOperandIndices(linalgOp, input, *loops)};
}

unsigned ExprContext::getBoundVariable(Operation *op, unsigned loop,
                                       int64_t extent) {
  auto [position, inserted] = boundVariables.try_emplace({op, loop}, 0);
  if (inserted)
    position->second = addVariable(extent);
  return position->second;
}
