//===- KernelBuilder.h - Shorthand for kernel IR ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_CONVERSION_UTILS_KERNELBUILDER_H
#define ATTN_CONVERSION_UTILS_KERNELBUILDER_H

#include "attn/Dialect/Attn/IR/AttnAttrs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// A builder of scf, arith, memref and vector IR with `lanes` f32 lanes in a
/// vector. Values of type index are called indices; "vector" is
/// `vector<lanes x f32>`.
class KernelBuilder : public ImplicitLocOpBuilder {
public:
  KernelBuilder(Location loc, OpBuilder &builder, int64_t lanes)
      : ImplicitLocOpBuilder(loc, builder), lanes(lanes) {}

  int64_t getLanes() const { return lanes; }
  VectorType getVectorType(Type elementType) {
    return VectorType::get({lanes}, elementType);
  }
  VectorType getF32VectorType() { return getVectorType(getF32Type()); }

  //===--- Indices --------------------------------------------------------===//

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }
  /// Arithmetic on indices; what is constant is folded at once.
  Value add(Value lhs, Value rhs);
  Value add(Value lhs, int64_t rhs) {
    return rhs == 0 ? lhs : add(lhs, index(rhs));
  }
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value div(Value lhs, Value rhs);
  Value rem(Value lhs, Value rhs);
  Value ceilDiv(Value lhs, int64_t rhs);
  Value ceilDiv(Value lhs, Value rhs);
  Value min(Value lhs, Value rhs);
  Value max(Value lhs, Value rhs);
  /// The largest multiple of `factor` that is not above `value`.
  Value alignDown(Value value, int64_t factor);

  //===--- f32 scalars and vectors ----------------------------------------===//

  Value constant(double value);
  Value splat(double value);
  Value broadcast(Value scalar);
  Value addf(Value lhs, Value rhs);
  Value subf(Value lhs, Value rhs);
  Value negf(Value value);
  Value mulf(Value lhs, Value rhs);
  Value divf(Value lhs, Value rhs);
  Value fma(Value a, Value b, Value c);
  /// `lhs > rhs ? lhs : rhs`: one instruction; a NaN in `rhs` is the result.
  Value maxf(Value lhs, Value rhs);
  Value compare(arith::CmpFPredicate predicate, Value lhs, Value rhs);
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs);
  Value select(Value condition, Value lhs, Value rhs);
  /// The conjunction of two predicates, either of which may be null.
  Value conjunction(Value lhs, Value rhs);
  /// Converts a float or a boolean byte (scalar or vector) to f32.
  Value toF32(Value value);
  /// Converts f32 (scalar or vector) to a float type.
  Value fromF32(Value value, Type elementType);
  /// An i32 constant, or a vector of it, of the given type.
  Value integer(int64_t value, Type type);
  /// The bits of f32 as i32, and back; scalars or vectors.
  Value bitcastToI32(Value value);
  Value bitcastToF32(Value value);
  /// 2^x for x <= 0 and NaN; exactly zero below the normal range and for -inf.
  Value exp2(Value x, Exp2Form form);

  //===--- Memory ---------------------------------------------------------===//

  Value load(Value memref, ValueRange indices) {
    return memref::LoadOp::create(*this, memref, indices);
  }
  void store(Value value, Value memref, ValueRange indices) {
    memref::StoreOp::create(*this, value, memref, indices);
  }
  Value loadVector(Value memref, ValueRange indices);
  void storeVector(Value vector, Value memref, ValueRange indices);
  Value dim(Value memref, int64_t dim);

  //===--- Control flow ---------------------------------------------------===//

  void forLoop(Value begin, Value end, int64_t step,
               function_ref<void(Value)> body);
  using LoopBody = function_ref<SmallVector<Value>(Value, ValueRange)>;
  SmallVector<Value> forLoop(Value begin, Value end, int64_t step,
                             ValueRange inits, LoopBody body);
  void ifThenElse(Value condition, function_ref<void()> thenBody,
                  function_ref<void()> elseBody = nullptr);
  using BranchBody = function_ref<SmallVector<Value>()>;
  /// The values of one of the branches.
  SmallVector<Value> ifThenElse(TypeRange types, Value condition,
                                BranchBody thenBody, BranchBody elseBody);

private:
  int64_t lanes;
};

/// Whether the elements of a row are adjacent, so that vectors can read it.
inline bool hasUnitStride(Value memref) {
  return cast<MemRefType>(memref.getType()).isLastDimUnitStride();
}

/// Transposes a square of as many rows and columns as there are lanes, of which
/// `loadFour` gives four adjacent columns of a row; f32 vectors of rows for
/// each column.
SmallVector<Value> buildTransposedSquare(
    KernelBuilder &b,
    function_ref<Value(int64_t row, int64_t column)> loadFour);

} // namespace mlir::attn

#endif // ATTN_CONVERSION_UTILS_KERNELBUILDER_H
