//===- CarefulEmitter.cpp - Tiles that need care -------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A tile whose first results are not to be trusted is computed again: one
// product after the other, by the standard softmax, every block masked, without
// turns, a few keys at a time. What is rare may be slow, and its code should
// not be what takes longest to compile. Differences of logits are taken before
// anything is multiplied, so that they are exact near the maximum however large
// logits are.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLog2e = 1.44269504088896340736;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

void KernelEmitter::widen(Tile &tile, Value isCareful) {
  if (!isUniform())
    return;
  Value begin = b.i32(0), end = b.ceilDiv(tile.numKeys, blockKeys);
  tile.begin = isCareful ? b.select(isCareful, begin, tile.begin) : begin;
  tile.end = isCareful ? b.select(isCareful, end, tile.end) : end;
}

/// The exponential of a difference of logits.
Value KernelEmitter::emitCarefulExp(Value difference) {
  return b.exp2(b.mulf(difference, factor ? factor : b.f32(kLog2e)));
}

/// The raised maximum, as logits are, the factor for what came before, and the
/// sum so far.
KernelEmitter::Rows KernelEmitter::emitCarefulRows(Value logits, Value maximum,
                                                   Value sum) {
  Type row = b.row(b.getF32Type());
  SmallVector<Value> rows =
      b.map({emitBlockMaximum(logits), maximum, sum}, {row, row, row},
            [&](ValueRange x) {
              Value raised = arith::MaxNumFOp::create(b, x[0], x[1]);
              Value alpha = emitCarefulExp(b.subf(x[1], getSafe(raised)));
              // Rows that may prove to be without keys keep what they have.
              if (isUniform())
                alpha = b.select(b.compare(arith::CmpFPredicate::OEQ, raised,
                                           b.f32(-kInfinity)),
                                 b.f32(1.0), alpha);
              return SmallVector<Value>{raised, alpha, b.mulf(x[2], alpha)};
            });
  return {rows[0], Value(), rows[1], rows[2], Value()};
}

/// As long as a row that may be the mean of all values has seen no key, all its
/// keys have one probability.
Value KernelEmitter::emitCarefulProbabilities(const Tile &tile, Value logits,
                                              Value maximum, Value firstKey) {
  return b.map({logits, maximum}, logits.getType(), [&](ValueRange x) -> Value {
    Value p = emitCarefulExp(b.subf(x[0], getSafe(x[1])));
    if (!isUniform())
      return p;
    using P = arith::CmpFPredicate;
    Value none = b.f32(-kInfinity);
    Value isEqual = arith::AndIOp::create(b, b.compare(P::OEQ, x[1], none),
                                          b.compare(P::OEQ, x[0], none));
    Value isKey =
        b.compare(arith::CmpIPredicate::slt,
                  getKey(tile, firstKey, x[3], /*clamp=*/false), tile.numKeys);
    return b.select(arith::AndIOp::create(b, isEqual, isKey), b.f32(1.0), p);
  });
}

/// Multiplies outputs by what is left of them. What has underflowed is not
/// observed, be it infinite.
Value KernelEmitter::emitCarefulRescale(Value output, Value alpha) {
  if (!schedule.isolatesValues)
    return rescale(output, alpha);
  return b.map({output, alpha}, output.getType(), [&](ValueRange x) -> Value {
    Value zero = b.f32(0.0);
    Value isGone = b.compare(arith::CmpFPredicate::OEQ, x[1], zero);
    return b.select(isGone, zero, b.mulf(x[0], x[1]));
  });
}

KernelEmitter::CarefulRows
KernelEmitter::emitCarefulSoftmax(const Tile &tile, Value product,
                                  Value firstKey, ValueRange carried) {
  Value logits = emitLogits(tile, product, firstKey, isEverMasked());
  Rows rows = emitCarefulRows(logits, carried[1], carried[2]);
  Value probabilities =
      emitCarefulProbabilities(tile, logits, rows.maximum, firstKey);
  Value sum = ReduceOp::create(b, Reduction::Add, probabilities, rows.sum);
  return {probabilities, emitCarefulRescale(carried[0], rows.alpha),
          rows.maximum, sum};
}

bool KernelEmitter::savesCode() {
  return schedule.isHopper() ||
         (schedule.parts > 1 && headDim > 64 && headDim <= 128);
}

int64_t KernelEmitter::getCarefulKeys() {
  if (!savesCode())
    return blockKeys;
  // With one stage the next keys, which come before these values, wait for
  // these keys to be done.
  if (schedule.isHopper() && schedule.stages == 1)
    return blockKeys;
  return blockKeys % 32 == 0 ? 32 : 16;
}

Value KernelEmitter::emitCarefulTile(Value tile, Value firstRow) {
  int64_t numKeys = getCarefulKeys();
  if (numKeys == blockKeys)
    return tile;
  auto type = cast<SharedType>(tile.getType());
  type = SharedType::get(b.getContext(), {numKeys, type.getColumns()},
                         type.getElementType(), blockKeys);
  return RowsOp::create(b, type, tile, firstRow);
}

SmallVector<Value>
KernelEmitter::emitCarefulPart(const Tile &tile, Value queries, Value slot,
                               Value block, Value firstRow, ValueRange carried,
                               function_ref<void()> emitBetween) {
  auto getTile = [&](Value ring) {
    return emitCarefulTile(getTileOfSlot(ring, slot), firstRow);
  };
  Value firstKey = b.add(b.mul(block, blockKeys), firstRow);
  Value product = emitLogitProduct(queries, getTile(keys), getCarefulKeys());
  Value logits = WaitOp::create(b, 0, product).getResult(0);
  emitBetween();
  CarefulRows rows = emitCarefulSoftmax(tile, logits, firstKey, carried);
  Value valueTile = getTile(values), output = rows.output;
  if (schedule.isolatesValues)
    output =
        IsolateOp::create(b, rows.probabilities, valueTile, output, warpgroup,
                          b.getI64IntegerAttr(schedule.consumers));
  product =
      emitOutputProduct(pack(rows.probabilities), valueTile, output, Value());
  output = WaitOp::create(b, 0, product).getResult(0);
  return {output, rows.maximum, rows.sum};
}

KernelEmitter::State
KernelEmitter::emitCarefulBlocks(const Tile &tile, Value queries, Value slot) {
  Type f32 = b.getF32Type();
  auto splat = [&](Type type, double value) -> Value {
    return SplatOp::create(b, type, b.f32(value));
  };
  SmallVector<Value> inits{splat(b.fragment(valueDim, f32), 0.0),
                           splat(b.row(f32), -kInfinity),
                           splat(b.row(f32), 0.0), slot};
  Value last = b.add(tile.end, -1);
  SmallVector<Value> results = b.forLoop(
      b.i32(0), b.sub(tile.end, tile.begin), inits,
      [&](Value j, ValueRange carried) {
        Value slot = carried[3], block = b.sub(last, j);
        auto emitKeysDone = [&] {
          ReleaseOp::create(b, keyPipe, slot, /*each_thread=*/false);
        };
        auto emitValuesAwaited = [&] { AwaitOp::create(b, valuePipe, slot); };
        AwaitOp::create(b, keyPipe, slot);
        int64_t numKeys = getCarefulKeys();
        bool hasParts = numKeys != blockKeys;
        if (hasParts)
          emitValuesAwaited();
        SmallVector<Value> next = b.forLoop(
            b.i32(0), b.i32(blockKeys / numKeys), carried.take_front(3),
            [&](Value part, ValueRange carried) {
              return emitCarefulPart(tile, queries, slot, block,
                                     b.mul(part, numKeys), carried, [&] {
                                       if (hasParts)
                                         return;
                                       emitKeysDone();
                                       emitValuesAwaited();
                                     });
            });
        if (hasParts)
          emitKeysDone();
        ReleaseOp::create(b, valuePipe, slot, /*each_thread=*/false);
        next.push_back(NextSlotOp::create(b, slot));
        return next;
      });
  State state;
  state.output = results[0];
  state.maximum = results[1];
  if (factor)
    state.maximum =
        b.map(state.maximum, b.row(f32),
              [&](ValueRange x) -> Value { return b.mulf(x[0], factor); });
  state.sum = results[2];
  state.slot = results[3];
  return state;
}
