//===- KernelBuilder.cpp - Shorthand for kernel IR --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Utils/KernelBuilder.h"
#include "attn/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Value KernelBuilder::add(Value lhs, Value rhs) {
  return createOrFold<arith::AddIOp>(lhs, rhs);
}
Value KernelBuilder::sub(Value lhs, Value rhs) {
  return createOrFold<arith::SubIOp>(lhs, rhs);
}
Value KernelBuilder::mul(Value lhs, Value rhs) {
  return createOrFold<arith::MulIOp>(lhs, rhs);
}
Value KernelBuilder::div(Value lhs, Value rhs) {
  return createOrFold<arith::DivSIOp>(lhs, rhs);
}
Value KernelBuilder::rem(Value lhs, Value rhs) {
  return createOrFold<arith::RemSIOp>(lhs, rhs);
}
Value KernelBuilder::ceilDiv(Value lhs, int64_t rhs) {
  return ceilDiv(lhs, index(rhs));
}
Value KernelBuilder::ceilDiv(Value lhs, Value rhs) {
  return div(add(lhs, sub(rhs, index(1))), rhs);
}
Value KernelBuilder::min(Value lhs, Value rhs) {
  return createOrFold<arith::MinSIOp>(lhs, rhs);
}
Value KernelBuilder::max(Value lhs, Value rhs) {
  return createOrFold<arith::MaxSIOp>(lhs, rhs);
}
Value KernelBuilder::alignDown(Value value, int64_t factor) {
  return sub(value, rem(value, index(factor)));
}

//===----------------------------------------------------------------------===//
// f32
//===----------------------------------------------------------------------===//

Value KernelBuilder::constant(double value) {
  return arith::ConstantOp::create(*this,
                                   getF32FloatAttr(static_cast<float>(value)));
}
Value KernelBuilder::splat(double value) {
  return arith::ConstantOp::create(
      *this,
      DenseElementsAttr::get(getF32VectorType(), static_cast<float>(value)));
}
Value KernelBuilder::broadcast(Value scalar) {
  return vector::BroadcastOp::create(*this, getVectorType(scalar.getType()),
                                     scalar);
}
Value KernelBuilder::addf(Value lhs, Value rhs) {
  return arith::AddFOp::create(*this, lhs, rhs);
}
Value KernelBuilder::subf(Value lhs, Value rhs) {
  return arith::SubFOp::create(*this, lhs, rhs);
}
Value KernelBuilder::negf(Value value) {
  return arith::NegFOp::create(*this, value);
}
Value KernelBuilder::mulf(Value lhs, Value rhs) {
  return arith::MulFOp::create(*this, lhs, rhs);
}
Value KernelBuilder::divf(Value lhs, Value rhs) {
  return arith::DivFOp::create(*this, lhs, rhs);
}
Value KernelBuilder::fma(Value a, Value b, Value c) {
  return vector::FMAOp::create(*this, a, b, c);
}
Value KernelBuilder::maxf(Value lhs, Value rhs) {
  return select(compare(arith::CmpFPredicate::OGT, lhs, rhs), lhs, rhs);
}
Value KernelBuilder::compare(arith::CmpFPredicate predicate, Value lhs,
                             Value rhs) {
  return arith::CmpFOp::create(*this, predicate, lhs, rhs);
}
Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value lhs,
                             Value rhs) {
  return arith::CmpIOp::create(*this, predicate, lhs, rhs);
}
Value KernelBuilder::select(Value condition, Value lhs, Value rhs) {
  return arith::SelectOp::create(*this, condition, lhs, rhs);
}
Value KernelBuilder::conjunction(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  return arith::AndIOp::create(*this, lhs, rhs);
}

/// `elementType`, as a vector if `like` is one.
static Type getLike(Type like, Type elementType) {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.cloneWith(std::nullopt, elementType);
  return elementType;
}

Value KernelBuilder::toF32(Value value) {
  Type elementType = getElementTypeOrSelf(value.getType());
  Type target = getLike(value.getType(), getF32Type());
  if (elementType.isF32())
    return value;
  if (isa<IntegerType>(elementType))
    return arith::UIToFPOp::create(*this, target, value);
  if (elementType.isF64())
    return arith::TruncFOp::create(*this, target, value);
  return arith::ExtFOp::create(*this, target, value);
}

Value KernelBuilder::fromF32(Value value, Type elementType) {
  Type target = getLike(value.getType(), elementType);
  if (elementType.isF32())
    return value;
  if (elementType.isF64())
    return arith::ExtFOp::create(*this, target, value);
  return arith::TruncFOp::create(*this, target, value);
}

Value KernelBuilder::integer(int64_t value, Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(
        *this, DenseElementsAttr::get(
                   vector, getIntegerAttr(vector.getElementType(), value)));
  return arith::ConstantOp::create(*this, getIntegerAttr(type, value));
}
Value KernelBuilder::bitcastToI32(Value value) {
  return arith::BitcastOp::create(*this, getLike(value.getType(), getI32Type()),
                                  value);
}
Value KernelBuilder::bitcastToF32(Value value) {
  return arith::BitcastOp::create(*this, getLike(value.getType(), getF32Type()),
                                  value);
}

/// The expansion is left to attn-expand-exp2, so that the kernel's IR has known
/// memory effects and can be read.
Value KernelBuilder::exp2(Value x, Exp2Form form) {
  auto op = math::Exp2Op::create(*this, x);
  op->setAttr(kExp2FormAttrName, getStringAttr(stringifyExp2Form(form)));
  return op;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value KernelBuilder::loadVector(Value memref, ValueRange indices) {
  Type elementType = cast<MemRefType>(memref.getType()).getElementType();
  return vector::LoadOp::create(*this, getVectorType(elementType), memref,
                                indices);
}

void KernelBuilder::storeVector(Value vector, Value memref,
                                ValueRange indices) {
  vector::StoreOp::create(*this, vector, memref, indices);
}

Value KernelBuilder::dim(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim))
    return index(type.getDimSize(dim));
  return memref::DimOp::create(*this, memref, dim);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void KernelBuilder::forLoop(Value begin, Value end, int64_t step,
                            function_ref<void(Value)> body) {
  forLoop(begin, end, step, {}, [&](Value iv, ValueRange) {
    body(iv);
    return SmallVector<Value>();
  });
}

SmallVector<Value> KernelBuilder::forLoop(Value begin, Value end, int64_t step,
                                          ValueRange inits, LoopBody body) {
  auto loop = scf::ForOp::create(*this, begin, end, index(step), inits);
  InsertionGuard guard(*this);
  // Without carried values the terminator is there already.
  if (inits.empty()) {
    setInsertionPoint(loop.getBody()->getTerminator());
    body(loop.getInductionVar(), {});
  } else {
    setInsertionPointToStart(loop.getBody());
    SmallVector<Value> results =
        body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(*this, results);
  }
  return SmallVector<Value>(loop.getResults());
}

void KernelBuilder::ifThenElse(Value condition, function_ref<void()> thenBody,
                               function_ref<void()> elseBody) {
  auto ifOp = scf::IfOp::create(*this, condition, bool(elseBody));
  InsertionGuard guard(*this);
  setInsertionPoint(ifOp.thenBlock()->getTerminator());
  thenBody();
  if (elseBody) {
    setInsertionPoint(ifOp.elseBlock()->getTerminator());
    elseBody();
  }
}

SmallVector<Value> KernelBuilder::ifThenElse(TypeRange types, Value condition,
                                             BranchBody thenBody,
                                             BranchBody elseBody) {
  auto ifOp =
      scf::IfOp::create(*this, types, condition, /*withElseRegion=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToStart(ifOp.thenBlock());
  scf::YieldOp::create(*this, thenBody());
  setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(*this, elseBody());
  return SmallVector<Value>(ifOp.getResults());
}

//===----------------------------------------------------------------------===//
// Squares
//===----------------------------------------------------------------------===//

/// Concatenates vectors, a power of two of them.
static Value concatenate(KernelBuilder &b, SmallVector<Value> parts) {
  while (parts.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i < parts.size(); i += 2) {
      int64_t size = cast<VectorType>(parts[i].getType()).getNumElements();
      next.push_back(vector::ShuffleOp::create(
          b, parts[i], parts[i + 1],
          llvm::to_vector(llvm::seq<int64_t>(0, 2 * size))));
    }
    parts = std::move(next);
  }
  return parts[0];
}

/// A vector of the rows 0, 1, ... in lanes, for each column. Four columns of a
/// row are loaded at a time, so that loads move data between the 128-bit lanes
/// of a register and shuffles within them do the rest.
SmallVector<Value> mlir::attn::buildTransposedSquare(
    KernelBuilder &b,
    function_ref<Value(int64_t row, int64_t column)> loadFour) {
  const int64_t lanes = b.getLanes(), numParts = lanes / 4;
  // In every four elements: from both operands in turn, or halves of both.
  auto shuffle = [&](Value lhs, Value rhs, ArrayRef<int64_t> pattern) -> Value {
    SmallVector<int64_t> mask;
    for (int64_t part = 0; part < numParts; ++part)
      for (int64_t k : pattern)
        mask.push_back(k < 4 ? 4 * part + k : lanes + 4 * part + k - 4);
    return vector::ShuffleOp::create(b, lhs, rhs, mask);
  };
  SmallVector<Value> columns;
  for (int64_t first = 0; first < lanes; first += 4) {
    SmallVector<Value> rows;
    for (int64_t r = 0; r < 4; ++r) {
      SmallVector<Value> parts;
      for (int64_t part = 0; part < numParts; ++part)
        parts.push_back(loadFour(4 * part + r, first));
      rows.push_back(b.toF32(concatenate(b, parts)));
    }
    Value low01 = shuffle(rows[0], rows[1], {0, 4, 1, 5});
    Value low23 = shuffle(rows[2], rows[3], {0, 4, 1, 5});
    Value high01 = shuffle(rows[0], rows[1], {2, 6, 3, 7});
    Value high23 = shuffle(rows[2], rows[3], {2, 6, 3, 7});
    columns.push_back(shuffle(low01, low23, {0, 1, 4, 5}));
    columns.push_back(shuffle(low01, low23, {2, 3, 6, 7}));
    columns.push_back(shuffle(high01, high23, {0, 1, 4, 5}));
    columns.push_back(shuffle(high01, high23, {2, 3, 6, 7}));
  }
  return columns;
}
