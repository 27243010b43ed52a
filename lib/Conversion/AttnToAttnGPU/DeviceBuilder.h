//===- DeviceBuilder.h - Builds the code of a GPU kernel ------ *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_DEVICEBUILDER_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_DEVICEBUILDER_H

#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// i32 arithmetic, folded where constant, and regions of attn_gpu.
class DeviceBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value i32(int64_t value) {
    return arith::ConstantIntOp::create(*this, getI32Type(), value);
  }
  Value f32(double value) {
    return arith::ConstantOp::create(
        *this, getF32FloatAttr(static_cast<float>(value)));
  }
  /// Sums and products do not wrap: the host has checked the sizes.
  Value add(Value lhs, Value rhs);
  Value add(Value lhs, int64_t rhs) { return rhs ? add(lhs, i32(rhs)) : lhs; }
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value mul(Value lhs, int64_t rhs) { return mul(lhs, i32(rhs)); }
  /// Of values that are not negative.
  Value div(Value lhs, Value rhs);
  Value rem(Value lhs, Value rhs);
  Value ceilDiv(Value lhs, int64_t rhs);
  Value min(Value lhs, Value rhs);
  Value max(Value lhs, Value rhs);
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(*this, predicate, lhs, rhs);
  }
  Value compare(arith::CmpFPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpFOp::create(*this, predicate, lhs, rhs);
  }
  Value select(Value condition, Value lhs, Value rhs) {
    return arith::SelectOp::create(*this, condition, lhs, rhs);
  }
  Value toIndex(Value value) {
    return createOrFold<arith::IndexCastOp>(getIndexType(), value);
  }
  Value toI32(Value value) {
    return createOrFold<arith::IndexCastOp>(getI32Type(), value);
  }

  /// The numbers of the block in the grid and of the thread in the block.
  Value blockId();
  Value threadId();

  Value addf(Value lhs, Value rhs) {
    return arith::AddFOp::create(*this, lhs, rhs);
  }
  Value subf(Value lhs, Value rhs) {
    return arith::SubFOp::create(*this, lhs, rhs);
  }
  Value mulf(Value lhs, Value rhs) {
    return arith::MulFOp::create(*this, lhs, rhs);
  }
  Value fma(Value a, Value b, Value c);
  Value exp2(Value x);
  /// 1 / x, approximated.
  Value reciprocal(Value x);

  attn_gpu::FragmentType fragment(int64_t columns, Type elementType) {
    return attn_gpu::FragmentType::get(getContext(), columns, elementType);
  }
  attn_gpu::RowType row(Type elementType) {
    return attn_gpu::RowType::get(getContext(), elementType);
  }
  attn_gpu::SharedType shared(ArrayRef<int64_t> shape, Type elementType) {
    return attn_gpu::SharedType::get(getContext(), shape, elementType);
  }

  /// An `attn_gpu.map` with the body that `body` builds from the arguments of
  /// its region.
  using MapBody = function_ref<SmallVector<Value>(ValueRange arguments)>;
  SmallVector<Value> map(ValueRange operands, TypeRange results, MapBody body);
  Value map(ValueRange operands, Type result,
            function_ref<Value(ValueRange arguments)> body);
  /// An `attn_gpu.foreach`.
  void foreach (ValueRange operands, function_ref<void(ValueRange)> body);
  void elect(function_ref<void()> body);

  using LoopBody =
      function_ref<SmallVector<Value>(Value iv, ValueRange carried)>;
  SmallVector<Value> forLoop(Value begin, Value end, ValueRange inits,
                             LoopBody body);
  /// `while (first carried value >= 0)`.
  SmallVector<Value>
  whileNotNegative(ValueRange inits,
                   function_ref<SmallVector<Value>(ValueRange carried)> body);
  SmallVector<Value> ifThenElse(Value condition,
                                function_ref<SmallVector<Value>()> thenBody,
                                function_ref<SmallVector<Value>()> elseBody);
  void ifThen(Value condition, function_ref<void()> body);
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_DEVICEBUILDER_H
