//===- PtxBuilder.h - Instructions of NVIDIA GPUs -------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The only place that knows NVVM operations, intrinsics and inline PTX. Where
// an operation of MLIR 22 exists and does what the instruction does, it is
// used; products (wgmma), waits and fences need their registers tied and are
// inline PTX, and so is what NVVM has no operation for.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNGPUTONVVM_PTXBUILDER_H
#define ATTN_LIB_CONVERSION_ATTNGPUTONVVM_PTXBUILDER_H

#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn_gpu {

/// The left operand of a product: a matrix descriptor in shared memory (its low
/// half), or the four registers of each step.
struct WgmmaLhs {
  Value address;
  ValueRange registers;
};

class PtxBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  //===--- Integers
  //--------------------------------------------------------===//

  Value i32(int64_t value) {
    return arith::ConstantIntOp::create(*this, getI32Type(), value);
  }
  Value f32(double value) {
    return arith::ConstantOp::create(
        *this, getF32FloatAttr(static_cast<float>(value)));
  }
  Value add(Value lhs, Value rhs) {
    return createOrFold<arith::AddIOp>(lhs, rhs);
  }
  Value add(Value lhs, int64_t rhs) { return rhs ? add(lhs, i32(rhs)) : lhs; }
  Value mul(Value lhs, int64_t rhs) {
    return createOrFold<arith::MulIOp>(lhs, i32(rhs));
  }
  Value bitAnd(Value lhs, int64_t rhs) {
    return createOrFold<arith::AndIOp>(lhs, i32(rhs));
  }
  Value shiftRight(Value lhs, int64_t rhs) {
    return createOrFold<arith::ShRUIOp>(lhs, i32(rhs));
  }
  Value equal(Value lhs, int64_t rhs) {
    return arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, lhs,
                                 i32(rhs));
  }

  /// A vector of values of one type.
  Value vector(ArrayRef<Value> elements);

  //===--- Where a thread is
  //-----------------------------------------------===//

  Value threadId();
  Value blockId();
  Value gridSize();
  /// The warpgroup of the thread, known to be the same for all of a warp.
  Value warpgroup();
  /// The thread in its warpgroup; lane in its warp.
  Value threadInWarpgroup() { return bitAnd(threadId(), 127); }
  Value lane() { return bitAnd(threadId(), 31); }
  /// The first row and column of a fragment that the thread holds.
  Value firstRow();
  Value firstColumn();

  //===--- Control
  //---------------------------------------------------------===//

  void setMaxRegisters(int64_t count, bool increase);
  void blockBarrier();
  void namedBarrier(Value id, int64_t numThreads);
  void namedBarrierArrive(Value id, int64_t numThreads);
  /// The same as a barrier, and whether `predicate` holds for any thread.
  Value namedBarrierAny(Value id, int64_t numThreads, Value predicate);
  /// A branch that is never taken while `sum` is not -1: the end of a basic
  /// block for ptxas.
  void schedulingFence(Value sum);

  /// An i32 of which LLVM does not know what it is, and so moves nothing that
  /// follows from it out of a loop.
  Value opaque(Value value);

  //===--- Barriers in shared memory (mbarrier)
  //----------------------------===//

  /// `address`: an i32 in shared memory.
  void barrierInit(Value address, int64_t count);
  void barrierInitFence();
  void barrierArrive(Value address);
  void barrierExpect(Value address, Value bytes);
  /// Loops until the phase of parity `parity` has ended.
  void barrierWait(Value address, Value parity);

  //===--- Memory
  //----------------------------------------------------------===//

  /// The start of the dynamic shared memory as an i32.
  Value sharedBase(StringRef symbol);
  Value sharedPointer(Value address);
  Value loadShared(Value address, Type type);
  void storeShared(Value value, Value address);
  Value atomicAdd(Value pointer, Value value);
  Value atomicExchange(Value pointer, Value value);
  /// Returns what was there.
  Value atomicCompareExchange(Value pointer, Value expected, Value value);
  /// The address of element `index` of an array of i32.
  Value element(Value pointer, Value index);
  void tmaLoad(Value map, ValueRange coordinates, Value destination,
               Value barrier, Eviction eviction);
  void tmaStore(Value map, ValueRange coordinates, Value source);
  void tmaStoreWait();
  /// Four 8x8 matrices of 16 bits (or two).
  void storeMatrix(Value address, ValueRange registers);
  /// Makes this thread's stores visible to copies and products of Hopper's
  /// units; nothing before sm_90, which has none.
  void sharedStoreFence();
  /// Begins to copy `size` bytes (16, 8 or 4), of which those from `bytes` on
  /// (an i32) are zeros and not read.
  void copyAsync(Value destination, Value source, int64_t size, Value bytes);
  void copyAsyncCommit();
  void copyAsyncWait(int64_t pending);

  //===--- Products
  //--------------------------------------------------------===//

  /// The low half of the descriptor of a matrix in 128-byte swizzled slabs.
  Value descriptor(Value address, int64_t leadingBytes);
  /// One m64nNk16 product of `type` elements in f32. `accumulators` may be
  /// empty: then nothing is added; nor if `adds`, an i1, is there and false.
  /// `transposed`: rhs is [k][n] in memory.
  SmallVector<Value> wgmma(Type type, int64_t columns, WgmmaLhs lhs, Value rhs,
                           ValueRange accumulators, Value adds,
                           bool transposed);
  /// Two or four 8x8 matrices of 16 bits.
  SmallVector<Value> loadMatrix(Value address, int64_t count, bool transposed);
  /// One product of `type` elements, added to four f32 registers: m16n8k16, or
  /// m16n8k8 of tf32 (or f32, of which it ignores the low bits).
  SmallVector<Value> mma(Type type, ValueRange lhs, ValueRange rhs,
                         ValueRange accumulators);
  void wgmmaCommit();
  /// The values come out after the fence or wait.
  SmallVector<Value> wgmmaFence(ValueRange values);
  SmallVector<Value> wgmmaWait(int64_t pending, ValueRange values);

  //===--- Numbers
  //---------------------------------------------------------===//

  Value exp2(Value x);
  Value log2(Value x);
  Value reciprocal(Value x);
  Value rsqrt(Value x);
  /// f32, or its bits in an i32, rounded to tf32, in an i32; ties away from
  /// zero.
  Value roundToTF32(Value x);
  /// {low, high} rounded to f16 or bf16, in an i32.
  Value packPair(Type type, Value low, Value high);
  Value shuffleXor(Value x, int64_t mask);
  /// The value of another lane.
  Value shuffleFrom(Value x, Value lane);
  Value voteAny(Value predicate);

private:
  Value intrinsic(StringRef name, Type result, ValueRange arguments);
  /// Inline PTX; all results are of `resultType`.
  SmallVector<Value> assembly(StringRef code, int64_t numResults,
                              Type resultType, ValueRange operands,
                              StringRef constraints, bool sideEffects);
  /// Inline PTX through which values pass unchanged.
  SmallVector<Value> tied(StringRef code, ValueRange values);
};

} // namespace mlir::attn_gpu

#endif // ATTN_LIB_CONVERSION_ATTNGPUTONVVM_PTXBUILDER_H
