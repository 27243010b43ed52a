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
  auto isKnown = [&](AffineExpr index) {
    bool known = true;
    index.walk([&](AffineExpr part) {
      if (auto dim = dyn_cast<AffineDimExpr>(part))
        known &= variables.contains(dim.getPosition());
    });
    return known;
  };
  auto isBound = [&](const Expr *part) { return cache.contains(part); };
  auto isInTheWay = [&](const Expr *part) {
    if (isBound(part))
      return false;
    switch (part->kind) {
    case Expr::Kind::Reduce:
    case Expr::Kind::Contract:
    case Expr::Kind::Pieces:
      return true;
    case Expr::Kind::Constant:
    case Expr::Kind::Scalar:
    case Expr::Kind::Gather:
      return false;
    case Expr::Kind::Index:
    case Expr::Kind::Load:
      return !llvm::all_of(part->indices, isKnown);
    case Expr::Kind::Apply:
      // Floats of all widths are one, so what depends on the width is lost.
      StringRef name = part->name.getValue();
      return (!name.starts_with("arith.") && !name.starts_with("math.")) ||
             llvm::is_contained({"arith.extf", "arith.truncf", "arith.bitcast"},
                                name);
    }
    return true;
  };
  return !holdsAny(expr, isInTheWay,
                   [&](const Expr *part) { return !isBound(part); });
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

/// Converts an index to an integer type or back, or returns the value.
static Value castIndex(OpBuilder &builder, Location loc, Value value,
                       Type type) {
  if (value.getType() == type || value.getType().isIndex() == type.isIndex())
    return value;
  return arith::IndexCastOp::create(builder, loc, type, value);
}

/// Indices are emitted as index values, other integers in their own type,
/// floats in the compute type.
Value ExprEmitter::emitApply(const Expr *expr) {
  SmallVector<Value> operands;
  for (const Expr *operand : expr->operands)
    operands.push_back(emit(operand));
  Type type = isa<FloatType>(expr->type) ? Type(computeType) : expr->type;
  Type first = operands[0].getType();
  bool isCast = operands.size() == 1 && first.isIntOrIndex() &&
                type.isIntOrIndex() && !expr->is("math.absi");
  if (isCast) {
    if (first == type)
      return operands[0];
    if (first.isIndex() || type.isIndex()) {
      bool isUnsigned = expr->is("arith.extui") ||
                        expr->is("arith.index_castui") || first.isInteger(1);
      if (isUnsigned)
        return arith::IndexCastUIOp::create(builder, loc, type, operands[0]);
      return arith::IndexCastOp::create(builder, loc, type, operands[0]);
    }
  } else if (first.isIndex() && operands.size() == 1 && isa<FloatType>(type)) {
    operands[0] = castIndex(builder, loc, operands[0], builder.getI64Type());
  } else {
    // An index beside another integer takes its type.
    auto isInteger = [](Value operand) {
      return isa<IntegerType>(operand.getType()) &&
             !operand.getType().isInteger(1);
    };
    auto other = llvm::find_if(operands, isInteger);
    if (other != operands.end())
      for (Value &operand : operands)
        if (operand.getType().isIndex())
          operand = castIndex(builder, loc, operand, other->getType());
    if (type.isIntOrIndex() && !type.isInteger(1) &&
        operands.back().getType().isIntOrIndex())
      type = operands.back().getType();
  }
  OperationState state(loc, expr->name.getValue(), operands, type);
  if (expr->attrs)
    state.addAttributes(expr->attrs.getValue());
  return builder.create(state)->getResult(0);
}

Value ExprEmitter::emit(const Expr *expr) {
  if (Value value = cache.lookup(expr))
    return value;
  Value value;
  auto toComputeType = [&](Value from) -> Value {
    auto number = dyn_cast<FloatType>(from.getType());
    if (!number || number == computeType)
      return from;
    if (number.getWidth() < computeType.getWidth())
      return arith::ExtFOp::create(builder, loc, computeType, from);
    return arith::TruncFOp::create(builder, loc, computeType, from);
  };
  switch (expr->kind) {
  case Expr::Kind::Constant:
    if (std::optional<double> number = expr->getFloat())
      value = arith::ConstantOp::create(
          builder, loc, builder.getFloatAttr(computeType, *number));
    else
      value =
          arith::ConstantOp::create(builder, loc, cast<TypedAttr>(expr->attr));
    break;
  case Expr::Kind::Index:
    value = emitIndex(expr->indices[0]);
    break;
  case Expr::Kind::Scalar:
    value = toComputeType(expr->value);
    break;
  case Expr::Kind::Load:
  case Expr::Kind::Gather: {
    SmallVector<Value> indices;
    for (AffineExpr index : expr->indices)
      indices.push_back(emitIndex(index));
    for (const Expr *index : expr->operands)
      indices.push_back(
          castIndex(builder, loc, emit(index), builder.getIndexType()));
    value = toComputeType(
        tensor::ExtractOp::create(builder, loc, expr->value, indices));
    break;
  }
  case Expr::Kind::Apply:
    value = emitApply(expr);
    break;
  case Expr::Kind::Reduce:
  case Expr::Kind::Contract:
  case Expr::Kind::Pieces:
    llvm_unreachable("canEmit refuses these");
  }
  cache[expr] = value;
  return value;
}
