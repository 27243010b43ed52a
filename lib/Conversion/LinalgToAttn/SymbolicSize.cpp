//===- SymbolicSize.cpp - Sizes as products of dimensions -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SymbolicSize.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

bool SymbolicSize::isNonNegative() const {
  return constant >= 0 && llvm::all_of(factors, [](const auto &factor) {
           return factor.second >= 0;
         });
}

SymbolicSize SymbolicSize::operator*(const SymbolicSize &other) const {
  SymbolicSize result(0);
  // No tensor is that large.
  if (llvm::MulOverflow(constant, other.constant, result.constant))
    result.constant = std::numeric_limits<int64_t>::max();
  result.factors = factors;
  llvm::append_range(result.factors, other.factors);
  llvm::sort(result.factors);
  return result;
}

std::optional<SymbolicSize>
SymbolicSize::dividedBy(const SymbolicSize &other) const {
  if (other.constant == 0 || constant % other.constant != 0)
    return std::nullopt;
  SymbolicSize result(constant / other.constant);
  result.factors = factors;
  for (const auto &factor : other.factors) {
    auto found = llvm::find(result.factors, factor);
    if (found == result.factors.end())
      return std::nullopt;
    result.factors.erase(found);
  }
  return result;
}

/// Whether a condition is known: of the form `size < 0`, or `size == size`.
static std::optional<bool> getKnownCondition(Value condition) {
  auto cmp = condition.getDefiningOp<arith::CmpIOp>();
  if (!cmp)
    return std::nullopt;
  SymbolicSize lhs = getSymbolicSize(cmp.getLhs());
  SymbolicSize rhs = getSymbolicSize(cmp.getRhs());
  bool isZero = rhs == SymbolicSize(0);
  using P = arith::CmpIPredicate;
  if (cmp.getPredicate() == P::slt && isZero && lhs.isNonNegative())
    return false;
  if (cmp.getPredicate() == P::sge && isZero && lhs.isNonNegative())
    return true;
  if (cmp.getPredicate() == P::eq && lhs == rhs)
    return true;
  return std::nullopt;
}

/// A map's result as a product of its operands, if it is one.
static std::optional<SymbolicSize> getAffineProduct(AffineExpr expr,
                                                    affine::AffineApplyOp op) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return SymbolicSize(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return getSymbolicSize(op.getMapOperands()[dim.getPosition()]);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return getSymbolicSize(op.getMapOperands()[op.getAffineMap().getNumDims() +
                                               symbol.getPosition()]);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (expr.getKind() != AffineExprKind::Mul &&
      expr.getKind() != AffineExprKind::FloorDiv)
    return std::nullopt;
  auto lhs = getAffineProduct(binary.getLHS(), op);
  auto rhs = getAffineProduct(binary.getRHS(), op);
  if (!lhs || !rhs)
    return std::nullopt;
  return expr.getKind() == AffineExprKind::Mul ? *lhs * *rhs
                                               : lhs->dividedBy(*rhs);
}

SymbolicSize attn::getSymbolicSize(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return SymbolicSize(constant.getSExtValue());
  SymbolicSize opaque(1);
  opaque.factors.push_back({value.getAsOpaquePointer(), -1});
  Operation *op = value.getDefiningOp();
  if (!op)
    return opaque;
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    return index ? getSymbolicDim(dim.getSource(), *index) : opaque;
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::TruncIOp>(op))
    return getSymbolicSize(op->getOperand(0));
  if (isa<arith::ExtUIOp>(op) && op->getOperand(0).getType().isInteger(1)) {
    std::optional<bool> known = getKnownCondition(op->getOperand(0));
    return known ? SymbolicSize(*known) : opaque;
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    auto product = getAffineProduct(apply.getAffineMap().getResult(0), apply);
    return product ? *product : opaque;
  }
  if (isa<arith::MulIOp>(op))
    return getSymbolicSize(op->getOperand(0)) *
           getSymbolicSize(op->getOperand(1));
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op)) {
    auto quotient = getSymbolicSize(op->getOperand(0))
                        .dividedBy(getSymbolicSize(op->getOperand(1)));
    return quotient ? *quotient : opaque;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op))
    if (std::optional<bool> known = getKnownCondition(select.getCondition()))
      return getSymbolicSize(*known ? select.getTrueValue()
                                    : select.getFalseValue());
  return opaque;
}

static SymbolicSize getSize(OpFoldResult size) {
  if (auto attr = dyn_cast<Attribute>(size))
    return SymbolicSize(cast<IntegerAttr>(attr).getInt());
  return getSymbolicSize(cast<Value>(size));
}

SymbolicSize attn::getSymbolicDim(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return SymbolicSize(type.getDimSize(dim));
  SymbolicSize opaque(1);
  opaque.factors.push_back({tensor.getAsOpaquePointer(), dim});
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return opaque;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return getSymbolicDim(
        linalgOp.getDpsInitOperand(cast<OpResult>(tensor).getResultNumber())
            ->get(),
        dim);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return getSize(empty.getMixedSizes()[dim]);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return getSize(expand.getMixedOutputShape()[dim]);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    if (slice.getType().getRank() == slice.getSourceType().getRank())
      return getSize(slice.getMixedSizes()[dim]);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SymbolicSize size(1);
    for (int64_t d : collapse.getReassociationIndices()[dim])
      size = size * getSymbolicDim(collapse.getSrc(), d);
    return size;
  }
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
    if (auto elements =
            reshape.getShape().getDefiningOp<tensor::FromElementsOp>())
      return getSymbolicSize(elements.getElements()[dim]);
  if (auto castOp = dyn_cast<tensor::CastOp>(op))
    if (isa<RankedTensorType>(castOp.getSource().getType()))
      return getSymbolicDim(castOp.getSource(), dim);
  return opaque;
}
