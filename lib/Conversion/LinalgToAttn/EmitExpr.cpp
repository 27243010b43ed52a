//===- EmitExpr.cpp - Expressions as scalar IR ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmitExpr.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::attn;

bool ExprEmitter::canEmit(const Expr *expr) const {
  if (cache.contains(expr))
    return true;
  auto isKnown = [&](AffineExpr index) {
    bool known = true;
    index.walk([&](AffineExpr part) {
      if (auto dim = dyn_cast<AffineDimExpr>(part))
        known &= variables.contains(dim.getPosition());
    });
    return known;
  };
  switch (expr->kind) {
  case Expr::Kind::Reduce:
  case Expr::Kind::Contract:
    return false;
  case Expr::Kind::Constant:
  case Expr::Kind::Scalar:
    return true;
  case Expr::Kind::Index:
  case Expr::Kind::Load:
    return llvm::all_of(expr->indices, isKnown);
  case Expr::Kind::Apply:
    return llvm::all_of(expr->operands, [&](const Expr *operand) {
      return canEmit(operand);
    });
  }
  return false;
}

Value ExprEmitter::emitIndex(AffineExpr index) {
  SmallVector<Value> dims;
  index.walk([&](AffineExpr part) {
    if (auto dim = dyn_cast<AffineDimExpr>(part))
      while (dims.size() <= dim.getPosition())
        dims.push_back(variables.lookup(dims.size()));
  });
  return affine::expandAffineExpr(builder, loc, index, dims, {});
}

/// Integers of expressions are emitted as index values, floats in the compute
/// type, booleans as i1.
Value ExprEmitter::emitApply(const Expr *expr) {
  SmallVector<Value> operands;
  for (const Expr *operand : expr->operands)
    operands.push_back(emit(operand));
  Type type = expr->op->getResult(0).getType();
  type = getElementTypeOrSelf(type);
  if (isa<FloatType>(type))
    type = computeType;
  else if (!type.isInteger(1))
    type = builder.getIndexType();
  // Conversions between index and float go through i64.
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(expr->op) &&
      operands[0].getType().isIndex())
    operands[0] = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                             operands[0]);
  if (isa<arith::ExtUIOp, arith::ExtSIOp>(expr->op) &&
      operands[0].getType().isInteger(1))
    return arith::IndexCastUIOp::create(builder, loc, type, operands[0]);
  if (isa<arith::ExtUIOp, arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp,
          arith::IndexCastUIOp>(expr->op) &&
      operands[0].getType() == type)
    return operands[0];
  OperationState state(loc, expr->op->getName(), operands, type,
                       expr->op->getAttrs());
  return builder.create(state)->getResult(0);
}

Value ExprEmitter::emit(const Expr *expr) {
  if (Value value = cache.lookup(expr))
    return value;
  Value value;
  auto toRegionType = [&](Value from) -> Value {
    Type type = from.getType();
    if (auto number = dyn_cast<FloatType>(type)) {
      if (number.getWidth() < computeType.getWidth())
        return arith::ExtFOp::create(builder, loc, computeType, from);
      if (number.getWidth() > computeType.getWidth())
        return arith::TruncFOp::create(builder, loc, computeType, from);
      return from;
    }
    if (type.isIndex() || type.isInteger(1))
      return from;
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      from);
  };
  switch (expr->kind) {
  case Expr::Kind::Constant:
    if (std::optional<double> number = expr->getFloat())
      value = arith::ConstantOp::create(
          builder, loc, builder.getFloatAttr(computeType, *number));
    else
      value = toRegionType(arith::ConstantOp::create(
          builder, loc, cast<TypedAttr>(expr->attr)));
    break;
  case Expr::Kind::Index:
    value = emitIndex(expr->indices[0]);
    break;
  case Expr::Kind::Scalar:
    value = toRegionType(expr->value);
    break;
  case Expr::Kind::Load: {
    SmallVector<Value> indices;
    for (AffineExpr index : expr->indices)
      indices.push_back(emitIndex(index));
    value = toRegionType(
        tensor::ExtractOp::create(builder, loc, expr->value, indices));
    break;
  }
  case Expr::Kind::Apply:
    value = emitApply(expr);
    break;
  case Expr::Kind::Reduce:
  case Expr::Kind::Contract:
    llvm_unreachable("canEmit refuses reductions");
  }
  cache[expr] = value;
  return value;
}
