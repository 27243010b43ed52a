//===- MemoryPatterns.cpp - Shared memory, pipes and copies ---- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

// A pipe has `full` barriers first, then the `empty` ones, then the mailboxes.
constexpr int64_t kBarrierBytes = 8, kWordBytes = 4;

/// A slot's number and the parity of its round.
struct Slot {
  Value index, parity;
  explicit Slot(ValueRange values) : index(values[0]), parity(values[1]) {}
};

enum class Part { Full = 0, Empty = 1 };

Value getSlotAddress(PtxBuilder &b, Value pipe, int64_t depth, Part part,
                     Value index) {
  Value base = b.add(pipe, static_cast<int64_t>(part) * depth * kBarrierBytes);
  return depth == 1 ? base : b.add(base, b.mul(index, kBarrierBytes));
}

Value getMailbox(PtxBuilder &b, Value pipe, PipeType type, Value index) {
  Value base = b.add(pipe, 2 * type.getDepth() * kBarrierBytes);
  return type.getDepth() == 1
             ? base
             : b.add(base, b.mul(index, type.getMailboxBytes()));
}

template <typename OpT>
struct AllocationPattern : ThreadPattern<OpT> {
  using ThreadPattern<OpT>::ThreadPattern;
  LogicalResult rewrite(OpT op, typename ThreadPattern<OpT>::Adaptor,
                        PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, b.add(b.sharedBase(kSharedSymbol), op.getOffset()));
    return success();
  }
};

struct RowsPattern : ThreadPattern<RowsOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(RowsOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value offset = b.mul(adaptor.getFirst().front(), kRowBytes);
    rewriter.replaceOp(op, b.add(adaptor.getTile().front(), offset));
    return success();
  }
};

struct SlicePattern : ThreadPattern<SliceOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SliceOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value offset = b.mul(adaptor.getIndex().front(),
                         op.getRing().getType().getTileBytes());
    rewriter.replaceOp(op, b.add(adaptor.getRing().front(), offset));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Pipes
//===----------------------------------------------------------------------===//

struct InitPipesPattern : ThreadPattern<InitPipesOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(InitPipesOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    auto one = scf::IfOp::create(b, b.equal(b.threadId(), 0), false);
    b.setInsertionPoint(one.thenBlock()->getTerminator());
    for (auto [pipe, address] :
         llvm::zip_equal(op.getPipes(), adaptor.getPipes())) {
      auto pipeOp = pipe.getDefiningOp<PipeOp>();
      int64_t depth = cast<PipeType>(pipe.getType()).getDepth();
      for (int64_t i = 0; i < depth; ++i) {
        int64_t offset = i * kBarrierBytes;
        b.barrierInit(b.add(address.front(), offset), pipeOp.getProducers());
        b.barrierInit(b.add(address.front(), depth * kBarrierBytes + offset),
                      pipeOp.getConsumers());
      }
    }
    b.barrierInitFence();
    b.setInsertionPoint(op);
    b.blockBarrier();
    rewriter.eraseOp(op);
    return success();
  }
};

struct FirstSlotPattern : ThreadPattern<FirstSlotOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(FirstSlotOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    replace(op, {b.i32(0), b.i32(0)}, rewriter);
    return success();
  }
};

struct NextSlotPattern : ThreadPattern<NextSlotOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(NextSlotOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Slot slot(adaptor.getSlot());
    int64_t depth = op.getSlot().getType().getDepth();
    Value one = b.i32(1);
    if (depth == 1) {
      Value parity = arith::XOrIOp::create(b, slot.parity, one);
      replace(op, {slot.index, parity}, rewriter);
      return success();
    }
    Value next = b.add(slot.index, one);
    Value wraps = b.equal(next, depth);
    Value index = arith::SelectOp::create(b, wraps, b.i32(0), next);
    Value flip = arith::SelectOp::create(b, wraps, one, b.i32(0));
    Value parity = arith::XOrIOp::create(b, slot.parity, flip);
    replace(op, {index, parity}, rewriter);
    return success();
  }
};

struct SlotIndexPattern : ThreadPattern<SlotIndexOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SlotIndexOp op, Adaptor adaptor, PtxBuilder &,
                        ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, Slot(adaptor.getSlot()).index);
    return success();
  }
};

struct AcquirePattern : ThreadPattern<AcquireOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(AcquireOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Slot slot(adaptor.getSlot());
    // A fresh barrier is in phase 0, so that the wait for phase 1 returns at
    // once.
    int64_t depth = op.getPipe().getType().getDepth();
    Value parity = arith::XOrIOp::create(b, slot.parity, b.i32(1));
    if (op.getLastHeld())
      parity = arith::SelectOp::create(b, b.equal(slot.index, depth - 1),
                                       slot.parity, parity);
    b.barrierWait(getSlotAddress(b, adaptor.getPipe().front(), depth,
                                 Part::Empty, slot.index),
                  parity);
    rewriter.eraseOp(op);
    return success();
  }
};

struct ExpectPattern : ThreadPattern<ExpectOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ExpectOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value bytes = b.i32(op.getBytes());
    if (op.getTimes())
      bytes = b.mul(adaptor.getTimes().front(), op.getBytes());
    b.barrierExpect(getSlotAddress(b, adaptor.getPipe().front(),
                                   op.getPipe().getType().getDepth(),
                                   Part::Full, Slot(adaptor.getSlot()).index),
                    bytes);
    rewriter.eraseOp(op);
    return success();
  }
};

struct AwaitPattern : ThreadPattern<AwaitOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(AwaitOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Slot slot(adaptor.getSlot());
    b.barrierWait(getSlotAddress(b, adaptor.getPipe().front(),
                                 op.getPipe().getType().getDepth(), Part::Full,
                                 slot.index),
                  slot.parity);
    rewriter.eraseOp(op);
    return success();
  }
};

struct ReleasePattern : ThreadPattern<ReleaseOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ReleaseOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value barrier = getSlotAddress(b, adaptor.getPipe().front(),
                                   op.getPipe().getType().getDepth(),
                                   Part::Empty, Slot(adaptor.getSlot()).index);
    if (!op.getEachThread()) {
      auto one = scf::IfOp::create(b, b.equal(b.threadInWarpgroup(), 0), false);
      b.setInsertionPoint(one.thenBlock()->getTerminator());
    }
    b.barrierArrive(barrier);
    rewriter.eraseOp(op);
    return success();
  }
};

struct SendPattern : ThreadPattern<SendOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SendOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    int64_t depth = op.getPipe().getType().getDepth();
    Value pipe = adaptor.getPipe().front();
    Value index = Slot(adaptor.getSlot()).index;
    Value mailbox = getMailbox(b, pipe, op.getPipe().getType(), index);
    for (auto [i, values] : llvm::enumerate(adaptor.getValues()))
      b.storeShared(values.front(), b.add(mailbox, i * kWordBytes));
    b.barrierArrive(getSlotAddress(b, pipe, depth, Part::Full, index));
    rewriter.eraseOp(op);
    return success();
  }
};

struct ReceivePattern : ThreadPattern<ReceiveOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ReceiveOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    int64_t depth = op.getPipe().getType().getDepth();
    Value pipe = adaptor.getPipe().front();
    Slot slot(adaptor.getSlot());
    b.barrierWait(getSlotAddress(b, pipe, depth, Part::Full, slot.index),
                  slot.parity);
    Value mailbox = getMailbox(b, pipe, op.getPipe().getType(), slot.index);
    SmallVector<Value> values;
    for (size_t i = 0; i < op.getNumResults(); ++i)
      values.push_back(
          b.loadShared(b.add(mailbox, i * kWordBytes), b.getI32Type()));
    rewriter.replaceOp(op, values);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// The values of operands that are one value each.
SmallVector<Value> getFirst(ArrayRef<ValueRange> ranges) {
  SmallVector<Value> values;
  for (ValueRange range : ranges)
    values.push_back(range.front());
  return values;
}

struct TmaLoadPattern : ThreadPattern<TmaLoadOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TmaLoadOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value barrier = getSlotAddress(b, adaptor.getPipe().front(),
                                   op.getPipe().getType().getDepth(),
                                   Part::Full, Slot(adaptor.getSlot()).index);
    b.tmaLoad(adaptor.getMap().front(), getFirst(adaptor.getCoordinates()),
              adaptor.getTile().front(), barrier, op.getEviction());
    rewriter.eraseOp(op);
    return success();
  }
};

struct TmaStorePattern : ThreadPattern<TmaStoreOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TmaStoreOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.tmaStore(adaptor.getMap().front(), getFirst(adaptor.getCoordinates()),
               adaptor.getTile().front());
    rewriter.eraseOp(op);
    return success();
  }
};

struct TmaStoreWaitPattern : ThreadPattern<TmaStoreWaitOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TmaStoreWaitOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.tmaStoreWait();
    rewriter.eraseOp(op);
    return success();
  }
};

struct StoreFragmentPattern : ThreadPattern<StoreFragmentOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(StoreFragmentOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    // A store writes 16 columns (the last one 8 if they are odd). Lanes 0 to 15
    // give the addresses of the rows' first 8 columns, 16 to 31 of the others.
    ValueRange registers = adaptor.getFragment();
    constexpr int64_t kSlabColumns = 64, kColumns = 16;
    int64_t slabBytes = op.getTile().getType().getRows() * kRowBytes;
    Value lane = b.lane();
    Value row = b.add(b.bitAnd(lane, 15),
                      b.mul(b.shiftRight(b.threadInWarpgroup(), 5), 16));
    Value base = b.add(adaptor.getTile().front(), b.mul(row, kRowBytes));
    Value swizzle = b.bitAnd(lane, 7);
    Value half = b.shiftRight(lane, 4);
    int64_t columns = op.getFragment().getType().getColumns();
    for (int64_t column = 0; column < columns; column += kColumns) {
      int64_t chunk = column % kSlabColumns / 8;
      Value permuted = arith::XOrIOp::create(b, b.add(half, chunk), swizzle);
      Value address = b.add(b.add(base, b.mul(permuted, 16)),
                            column / kSlabColumns * slabBytes);
      int64_t count = std::min(kColumns, columns - column) / 4;
      b.storeMatrix(address, registers.slice(column / 4, count));
    }
    b.sharedStoreFence();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void attn_gpu::populateMemoryPatterns(const TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns
      .add<AllocationPattern<AllocOp>, AllocationPattern<PipeOp>, RowsPattern,
           SlicePattern, InitPipesPattern, FirstSlotPattern, NextSlotPattern,
           SlotIndexPattern, AcquirePattern, ExpectPattern, AwaitPattern,
           ReleasePattern, SendPattern, ReceivePattern, TmaLoadPattern,
           TmaStorePattern, TmaStoreWaitPattern, StoreFragmentPattern>(
          converter, patterns.getContext());
}
