//===- EpilogueEmitter.cpp - The end of a tile ---------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLn2 = 0.69314718055994530942;
static constexpr double kLog2e = 1.44269504088896340736;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// For each row whether the tile needs care: its sum has left the range in
/// which probabilities are exact (sums never decrease, so that the last one
/// tells), because the maximum of the first block was too far off or logits are
/// enormous; or its output is not finite, perhaps by a value at a masked
/// position; or it has no keys and is the mean of all values. `maximum` is
/// given where it is that of all logits, which tells rows without keys.
Value KernelEmitter::emitIsOff(const Tile &tile, Value sum, Value output,
                               Value maximum) {
  // f32 and bf16 have 2^127 to both sides. f16 loses bits below 2^-14, which
  // counts where probabilities are not bounded; one of them above 2^16 becomes
  // infinite, and so do outputs.
  double high = 0x1p60;
  double low = elementType.isF16() && isOptimistic() ? 0x1p-3 : 0x1p-60;
  using P = arith::CmpFPredicate;
  auto both = [&](Value lhs, Value rhs) -> Value {
    return arith::AndIOp::create(b, lhs, rhs);
  };
  auto either = [&](Value lhs, Value rhs) -> Value {
    return arith::OrIOp::create(b, lhs, rhs);
  };
  Type row = b.row(b.getI1Type());
  Value isFinite = ReduceOp::create(b, Reduction::Finite, output, Value());
  SmallVector<Value> offs =
      b.map({sum, isFinite}, {row, row}, [&](ValueRange x) {
        Value isHigh = b.compare(P::UGT, x[0], b.f32(high));
        Value isLow = b.compare(P::ULT, x[0], b.f32(low));
        Value off = either(b.compare(P::UNO, x[1], x[1]), isHigh);
        return SmallVector<Value>{off, isLow};
      });
  // Rows that are off and may be.
  auto emitExcuses = [&]() -> SmallVector<Value> {
    SmallVector<Value> operands(offs);
    if (maximum)
      operands.push_back(maximum);
    return {b.map(operands, row, [&](ValueRange x) -> Value {
      Value query = getQuery(tile, x.back(), /*clamp=*/false);
      Value isLow = x[1];
      // Not rows for which there is no key.
      if (!isUniform()) {
        if (maximum) {
          isLow = both(isLow, b.compare(P::UNE, x[2], b.f32(-kInfinity)));
        } else if (structure || tile.split) {
          KeyIntervalValues keys =
              buildNeededKeys(structure, b, b.getLoc(), query, query,
                              tile.numQueries, tile.numKeys);
          if (tile.split) {
            keys.begin = b.max(keys.begin, b.mul(tile.begin, blockKeys));
            keys.end = b.min(keys.end, b.mul(tile.end, blockKeys));
          }
          isLow = both(isLow, b.compare(arith::CmpIPredicate::slt, keys.begin,
                                        keys.end));
        }
      }
      // Rows behind the last query do not count.
      return both(either(x[0], isLow), isRow(tile, x.back()));
    })};
  };
  // Behind a branch, where they are many instructions; ptxas makes loops of
  // others worse with it.
  if (!hasLeftBound() || args.documentRanges)
    return emitExcuses().front();
  Value isOff = b.map(
      offs, row, [&](ValueRange x) -> Value { return either(x[0], x[1]); });
  return b
      .ifThenElse(AnyOp::create(b, isOff), emitExcuses,
                  [&] { return SmallVector<Value>{isOff}; })
      .front();
}

/// Defers a tile that needs care, unless it has just been taken.
void KernelEmitter::emitDeferral(const Tile &tile, Value number,
                                 Value isCareful, const State &state) {
  // Where keys are split, rows often have none.
  bool isExact = schedule.splitsKeys && !isOptimistic();
  Value isOff = b.map(emitIsOff(tile, state.sum, state.output,
                                isExact ? state.maximum : Value()),
                      b.row(b.getI1Type()), [&](ValueRange x) -> Value {
                        Value isFirst = arith::XOrIOp::create(
                            b, isCareful,
                            arith::ConstantIntOp::create(b, b.getI1Type(), 1));
                        return arith::AndIOp::create(b, x[0], isFirst);
                      });
  DeferTileOp::create(b, number, deferred, isOff);
}

/// Copies the output through the memory of this consumer's queries, which are
/// done with.
void KernelEmitter::emitCopiedOutput(const Tile &tile, Value output,
                                     Value slot) {
  Value number =
      b.add(b.mul(SlotIndexOp::create(b, slot), schedule.consumers), warpgroup);
  StoreFragmentOp::create(b, pack(output), SliceOp::create(b, queries, number));
  SyncWarpgroupOp::create(b, warpgroup);
  Value firstRow = getFirstQuery(tile);
  b.elect([&] {
    constexpr int64_t kSlabColumns = 64;
    int64_t tileSlabs =
        std::max(schedule.paddedDim, schedule.paddedValueDim) / kSlabColumns;
    Value firstSlab = b.mul(number, tileSlabs);
    for (int64_t s = 0; s < schedule.paddedValueDim / kSlabColumns; ++s)
      TmaStoreOp::create(b, SliceOp::create(b, querySlabs, b.add(firstSlab, s)),
                         args.outputMap,
                         getCoordinates(op.getOutput(), b.i32(s * kSlabColumns),
                                        firstRow, tile.head, tile.batch));
    if (!releasesLate()) {
      TmaStoreWaitOp::create(b);
      ReleaseOp::create(b, queryPipe, slot, /*each_thread=*/true);
    }
  });
}

bool KernelEmitter::storesRows(SdpaOp op, const KernelSchedule &schedule) {
  Type type = op.getOutputType().getElementType();
  if (!schedule.storesOutput || type.isF64() || op.getValueDim() % 8 != 0)
    return false;
  return schedule.outputAlignment >= (type.isF32() ? 8 : 4);
}

/// Stores an element of the output, given in f32.
void KernelEmitter::emitOutputStore(Value value, ArrayRef<Value> indices) {
  Type type = args.output.elementType;
  if (type.isF64())
    value = arith::ExtFOp::create(b, type, value);
  else if (!type.isF32())
    value = arith::TruncFOp::create(b, type, value);
  LLVM::StoreOp::create(b, value, emitAddress(args.output, indices));
}

/// Stores an output from registers.
void KernelEmitter::emitStoredOutput(const Tile &tile, Value output) {
  if (storesRows(op, schedule)) {
    Type type = args.output.elementType;
    if (!type.isF32())
      output = PackOp::create(b, b.fragment(valueDim, type), output);
    StoreRowsOp::create(
        b, output,
        emitAddress(args.output,
                    getRowIndices(tile, getFirstHead(tile),
                                  getQueryRow(tile, getFirstQuery(tile)),
                                  b.i32(0))),
        getRowStride(args.output),
        schedule.packsHeads ? args.queriesPerHead : Value(),
        schedule.packsHeads ? getHeadStride(args.output) : Value(),
        getNumRows(tile), b.getI64IntegerAttr(schedule.outputAlignment));
    return;
  }
  b.foreach (output, [&](ValueRange x) {
    Tile own = getTileOfRow(tile, x[1]);
    Value query = getQuery(tile, x[1], /*clamp=*/false);
    Value isInside = isRow(tile, x[1]);
    if (valueDim != op.getValueDim())
      isInside = arith::AndIOp::create(
          b, isInside,
          b.compare(arith::CmpIPredicate::slt, x[2], b.i32(op.getValueDim())));
    b.ifThen(isInside, [&] {
      emitOutputStore(
          x[0], getRowIndices(own, own.head, getQueryRow(tile, query), x[2]));
    });
  });
}

/// A logit in the units of the maxima.
Value KernelEmitter::emitSink(Value head) {
  Value sink = emitElementLoad(args.sinks, head);
  if (args.sinks.elementType.isF64())
    sink = arith::TruncFOp::create(b, b.getF32Type(), sink);
  else if (!args.sinks.elementType.isF32())
    sink = arith::ExtFOp::create(b, b.getF32Type(), sink);
  return factor ? b.mulf(sink, b.f32(kLog2e)) : sink;
}

SmallVector<Value> KernelEmitter::emitNormalizers(Value maximum, Value sum,
                                                  Value sink, Value maxScore) {
  bool isNaN = op.getMaskedRow() != MaskedRow::Zero;
  using P = arith::CmpFPredicate;
  Value isNone = b.compare(P::OEQ, sum, b.f32(0.0));
  Value inverse, none = b.f32(-kInfinity), ln2 = b.f32(kLn2);
  SmallVector<Value> maxScores;
  if (args.maxScores.pointer) {
    if (!maxScore)
      maxScore = maximum;
    // Comparisons lose a NaN, sums do not; they are NaN for +inf as well.
    Value isNaN =
        arith::AndIOp::create(b, b.compare(P::UNO, sum, sum),
                              b.compare(P::UNE, maxScore, b.f32(kInfinity)));
    maxScores.push_back(
        b.select(isNaN, b.f32(std::numeric_limits<double>::quiet_NaN()),
                 factor ? b.mulf(maxScore, ln2) : maxScore));
  }
  if (sink) {
    // One key more, whose value is zero.
    Value raised = arith::MaxNumFOp::create(b, maximum, sink);
    Value alpha = emitExp(b.subf(maximum, raised));
    sum = b.fma(sum, alpha, emitExp(b.subf(sink, raised)));
    inverse = b.mulf(alpha, b.reciprocal(sum));
    maximum = raised;
    none = factor ? b.mulf(sink, ln2) : sink;
  } else {
    inverse = b.reciprocal(sum);
  }
  inverse = b.select(
      isNone, b.f32(isNaN ? std::numeric_limits<double>::quiet_NaN() : 0.0),
      inverse);
  Value logSum = math::Log2Op::create(b, sum);
  Value lse = factor ? b.mulf(b.addf(maximum, logSum), ln2)
                     : b.fma(logSum, ln2, maximum);
  SmallVector<Value> results{inverse, b.select(isNone, none, lse)};
  llvm::append_range(results, maxScores);
  return results;
}

/// Stores numbers of rows, where those of a head are at some indices.
void KernelEmitter::emitRowStores(
    const Tile &tile, Value rows, const TensorArgument &target,
    function_ref<SmallVector<Value>(const Tile &)> getIndices) {
  b.foreach (rows, [&](ValueRange x) {
    Value query = getQuery(tile, x[1], /*clamp=*/false);
    b.ifThen(isRow(tile, x[1]), [&] {
      SmallVector<Value> indices = getIndices(getTileOfRow(tile, x[1]));
      indices.push_back(getQueryRow(tile, query));
      LLVM::StoreOp::create(b, x[0], emitAddress(target, indices));
    });
  });
}

void KernelEmitter::emitEpilogue(const Tile &tile, const State &state,
                                 Value slot) {
  if (!schedule.splitsKeys)
    return emitWholeRows(tile, state, slot);
  Value isSplit =
      b.compare(arith::CmpIPredicate::sgt, args.numSplits, b.i32(1));
  b.ifThenElse(
      isSplit,
      [&] {
        emitSplitRows(tile, state);
        return SmallVector<Value>();
      },
      [&] {
        emitWholeRows(tile, state, slot);
        return SmallVector<Value>();
      });
}

/// Outputs of rows all of whose keys were seen.
void KernelEmitter::emitWholeRows(const Tile &tile, const State &state,
                                  Value slot) {
  Type f32 = b.getF32Type(), row = b.row(f32);
  SmallVector<Type> types(args.maxScores.pointer ? 3 : 2, row);
  Value sink;
  if (args.sinks.pointer && !tile.numHeads)
    sink = emitSink(tile.head);
  SmallVector<Value> rows =
      b.map({state.maximum, state.sum}, types, [&](ValueRange x) {
        Value own = sink;
        if (args.sinks.pointer && !own)
          own = emitSink(getTileOfRow(tile, x.back()).head);
        return emitNormalizers(x[0], x[1], own);
      });
  Value output = rescale(state.output, rows[0]);
  if (args.output.pointer) {
    emitStoredOutput(tile, output);
  } else {
    emitCopiedOutput(tile, output, slot);
  }
  auto getIndices = [&](const Tile &own) {
    return getHeadIndices(own, own.head);
  };
  if (args.lse.pointer)
    emitRowStores(tile, rows[1], args.lse, getIndices);
  if (args.maxScores.pointer)
    emitRowStores(tile, rows[2], args.maxScores, getIndices);
}
