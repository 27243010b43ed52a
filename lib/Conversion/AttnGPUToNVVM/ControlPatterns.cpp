//===- ControlPatterns.cpp - Roles, turns and tiles ------------ *- C++ -*-===//
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

/// Moves the operations of a region of the dialect in front of `terminator`.
void inlineBody(Region &region, Operation *terminator, ValueRange arguments,
                ConversionPatternRewriter &rewriter) {
  Block *body = &region.front();
  rewriter.eraseOp(body->getTerminator());
  rewriter.inlineBlockBefore(body, terminator, arguments);
}

struct RolesPattern : ThreadPattern<RolesOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(RolesOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value warpgroup = b.warpgroup();
    auto roles = scf::IfOp::create(b, b.equal(warpgroup, 0), true);
    b.setInsertionPoint(roles.elseBlock()->getTerminator());
    b.setMaxRegisters(op.getConsumerRegisters(), /*increase=*/true);
    Value consumer = b.add(warpgroup, -1);
    b.setInsertionPoint(roles.thenBlock()->getTerminator());
    b.setMaxRegisters(op.getProducerRegisters(), /*increase=*/false);
    auto one = scf::IfOp::create(b, b.equal(b.threadId(), 0), false);
    inlineBody(op.getConsumer(), roles.elseBlock()->getTerminator(), consumer,
               rewriter);
    inlineBody(op.getProducer(), one.thenBlock()->getTerminator(), {},
               rewriter);
    rewriter.eraseOp(op);
    return success();
  }
};

struct ElectPattern : ThreadPattern<ElectOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ElectOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    auto one = scf::IfOp::create(b, b.equal(b.threadInWarpgroup(), 0), false);
    inlineBody(op.getBody(), one.thenBlock()->getTerminator(), {}, rewriter);
    rewriter.eraseOp(op);
    return success();
  }
};

struct TurnInitPattern : ThreadPattern<TurnInitOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TurnInitOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    // Barrier 1 + w is where warpgroup w waits; the last one passes it the
    // turn.
    Value isLast = b.equal(adaptor.getWarpgroup().front(), op.getCount() - 1);
    auto ifOp = scf::IfOp::create(b, isLast, false);
    b.setInsertionPoint(ifOp.thenBlock()->getTerminator());
    b.namedBarrierArrive(b.i32(kFirstTurnBarrier), 2 * kWarpgroupSize);
    rewriter.eraseOp(op);
    return success();
  }
};

struct TurnBeginPattern : ThreadPattern<TurnBeginOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TurnBeginOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.namedBarrier(b.add(adaptor.getWarpgroup().front(), kFirstTurnBarrier),
                   2 * kWarpgroupSize);
    rewriter.eraseOp(op);
    return success();
  }
};

struct TurnEndPattern : ThreadPattern<TurnEndOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TurnEndOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value warpgroup = adaptor.getWarpgroup().front();
    Value next = arith::SelectOp::create(
        b, b.equal(warpgroup, op.getCount() - 1), b.i32(kFirstTurnBarrier),
        b.add(warpgroup, kFirstTurnBarrier + 1));
    b.namedBarrierArrive(next, 2 * kWarpgroupSize);
    rewriter.eraseOp(op);
    return success();
  }
};

struct SyncWarpgroupPattern : ThreadPattern<SyncWarpgroupOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SyncWarpgroupOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.namedBarrier(
        b.add(adaptor.getWarpgroup().front(), kFirstWarpgroupBarrier),
        kWarpgroupSize);
    rewriter.eraseOp(op);
    return success();
  }
};

struct SchedFencePattern : ThreadPattern<SchedFenceOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SchedFenceOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.schedulingFence(adaptor.getSum().front());
    rewriter.eraseOp(op);
    return success();
  }
};

struct AwaitPrerequisitesPattern : ThreadPattern<AwaitPrerequisitesOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(AwaitPrerequisitesOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    NVVM::GriddepcontrolOp::create(b, NVVM::GridDepActionKind::wait);
    rewriter.eraseOp(op);
    return success();
  }
};

struct ClaimTilePattern : ThreadPattern<ClaimTileOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ClaimTileOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value count = b.atomicAdd(adaptor.getCounter().front(), b.i32(1));
    rewriter.replaceOp(op, b.add(count, b.gridSize()));
    return success();
  }
};

/// The list of a block is linked through the tiles: heads[block] is the first
/// tile plus one, next[tile] the one behind it plus kListed.
constexpr int64_t kListed = int64_t(1) << 30;

Value getListHead(PtxBuilder &b, Value list) {
  return b.element(list, b.blockId());
}
Value getListNext(PtxBuilder &b, Value list, Value tile) {
  return b.element(list, b.add(b.gridSize(), tile));
}

struct DeferTilePattern : ThreadPattern<DeferTileOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(DeferTileOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value list = adaptor.getList().front(), tile = adaptor.getTile().front();
    ValueRange rows = adaptor.getCondition();
    Value any = b.voteAny(arith::OrIOp::create(b, rows[0], rows[1]));
    Value chosen = arith::AndIOp::create(b, any, b.equal(b.lane(), 0));
    auto outer = scf::IfOp::create(b, chosen, false);
    b.setInsertionPoint(outer.thenBlock()->getTerminator());
    // Whoever marks the tile first links it.
    Value next = getListNext(b, list, tile);
    Value old = b.atomicCompareExchange(next, b.i32(0), b.i32(kListed));
    auto inner = scf::IfOp::create(b, b.equal(old, 0), false);
    b.setInsertionPoint(inner.thenBlock()->getTerminator());
    Value first = b.atomicExchange(getListHead(b, list), b.add(tile, 1));
    b.atomicExchange(next, b.add(first, kListed));
    rewriter.eraseOp(op);
    return success();
  }
};

struct TakeDeferredPattern : ThreadPattern<TakeDeferredOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(TakeDeferredOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value list = adaptor.getList().front();
    Value head = getListHead(b, list);
    Value tile = b.add(b.atomicExchange(head, b.i32(0)), -1);
    Value isTile =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sge, tile, b.i32(0));
    auto ifOp = scf::IfOp::create(b, isTile, false);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(ifOp.thenBlock()->getTerminator());
      Value next = b.atomicExchange(getListNext(b, list, tile), b.i32(0));
      b.atomicExchange(head, b.add(next, -kListed));
    }
    rewriter.replaceOp(op, tile);
    return success();
  }
};

} // namespace

void attn_gpu::populateControlPatterns(const TypeConverter &converter,
                                       RewritePatternSet &patterns) {
  patterns.add<RolesPattern, ElectPattern, TurnInitPattern, TurnBeginPattern,
               TurnEndPattern, SyncWarpgroupPattern, SchedFencePattern,
               AwaitPrerequisitesPattern, ClaimTilePattern, DeferTilePattern,
               TakeDeferredPattern>(converter, patterns.getContext());
}
