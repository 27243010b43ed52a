//===- SplitEmitter.cpp - Splits of the keys of a tile --------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Few queries make few tiles, which leave most multiprocessors idle: the keys
// of a tile are split among several blocks of threads (Flash-Decoding, Dao et
// al., 2023). Each leaves its output o, normalised, in f32 and its maximum m
// and sum s in memory, where a second kernel merges them, always in the same
// order: with L the greatest of the log-sum-exps m + log(s) and weights w = s
// exp(m - L), the output is sum(w o) / sum(w), and the log-sum-exp L +
// log(sum(w)).
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLn2 = 0.69314718055994530942;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr int64_t kWarpSize = 32;

/// The number of the head of a tile among those of all batches.
Value KernelEmitter::getBatchHead(const Tile &tile) {
  Value number;
  for (auto [index, size] : llvm::zip_equal(tile.batch, args.batchSizes))
    number = number ? b.add(b.mul(number, size), index) : index;
  return number ? b.add(b.mul(number, args.numHeads), tile.head) : tile.head;
}

/// Leaves what a split has computed: rows of which it has seen no key have no
/// weight, and their output is zero. The maximum and the sum are kept apart: of
/// large logits their log-sum-exp would have lost the sum.
void KernelEmitter::emitSplitRows(const Tile &tile, const State &state) {
  Value inverse =
      b.map(state.sum, b.row(b.getF32Type()), [&](ValueRange x) -> Value {
        Value isNone = b.compare(arith::CmpFPredicate::OEQ, x[0], b.f32(0.0));
        return b.select(isNone, b.f32(0.0), b.reciprocal(x[0]));
      });
  // Rows of several heads follow one another: all queries of each are there.
  Tile first = tile;
  first.head = getFirstHead(tile);
  Value batchHead = getBatchHead(first), firstQuery = getFirstQuery(tile);
  StoreRowsOp::create(
      b, rescale(state.output, inverse),
      emitAddress(args.splitOutput, {tile.split, batchHead,
                                     getQueryRow(tile, firstQuery), b.i32(0)}),
      getRowStride(args.splitOutput), /*group_rows=*/Value(),
      /*group_stride=*/Value(), getNumRows(tile), b.getI64IntegerAttr(16));
  auto getIndices = [&](const Tile &own) {
    return SmallVector<Value>{own.split, getBatchHead(own)};
  };
  emitRowStores(tile, state.maximum, args.splitMax, getIndices);
  emitRowStores(tile, state.sum, args.splitSum, getIndices);
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

void KernelEmitter::emitMerge() {
  constexpr int64_t kBlock = KernelSchedule::kMergeBlock;
  auto warpgroups = WarpgroupsOp::create(b, kBlock / 128, /*blocks=*/1);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(warpgroups.getBody().front().getTerminator());
  if (schedule.overlapsLaunches)
    AwaitPrerequisitesOp::create(b);
  int64_t rowThreads = schedule.mergeThreads;
  Value row = b.blockId(), thread = b.threadId();
  if (rowThreads == kBlock)
    return emitMergedRow(row, thread);
  row =
      b.add(b.mul(row, kBlock / rowThreads), b.div(thread, b.i32(rowThreads)));
  Value numRows = b.mul(args.numBatchHeads, args.numQueries);
  b.ifThen(b.compare(arith::CmpIPredicate::slt, row, numRows),
           [&] { emitMergedRow(row, b.rem(thread, b.i32(rowThreads))); });
}

/// Merges a row by the threads that have it, of which this is one.
void KernelEmitter::emitMergedRow(Value row, Value thread) {
  Value batchHead = b.div(row, args.numQueries);
  Value query = b.rem(row, args.numQueries);
  Value lane = b.rem(thread, b.i32(kWarpSize));
  using P = arith::CmpIPredicate;
  auto load = [&](const TensorArgument &tensor, Value split) {
    return emitElementLoad(tensor, {split, batchHead, query});
  };
  Value zero = b.i32(0), none = b.f32(0.0), nothing = b.f32(-kInfinity);
  Value lastSplit = b.add(args.numSplits, -1);
  // Each lane looks at every 32nd split, in every warp alike.
  Value numRounds = b.ceilDiv(args.numSplits, kWarpSize);
  auto reduceSplits = [&](Value initial, gpu::AllReduceOperation kind,
                          function_ref<Value(Value, Value)> combine,
                          function_ref<Value(Value)> getOwn) {
    Value own =
        b.forLoop(zero, numRounds, initial,
                  [&](Value round, ValueRange carried) -> SmallVector<Value> {
                    Value split = b.add(b.mul(round, kWarpSize), lane);
                    Value value = getOwn(b.min(split, lastSplit));
                    value = b.select(b.compare(P::slt, split, args.numSplits),
                                     value, initial);
                    return {combine(carried.front(), value)};
                  })
            .front();
    return Value(gpu::SubgroupReduceOp::create(b, own, kind, /*uniform=*/true));
  };
  auto getGreatest = [&](function_ref<Value(Value)> getOwn) {
    return reduceSplits(
        nothing, gpu::AllReduceOperation::MAXNUMF,
        [&](Value lhs, Value rhs) -> Value {
          return arith::MaxNumFOp::create(b, lhs, rhs);
        },
        getOwn);
  };
  // A maximum may be far below what its sum says, where it is a guess.
  Value greatest = getGreatest([&](Value split) {
    Value logSum = math::Log2Op::create(b, load(args.splitSum, split));
    Value maximum = load(args.splitMax, split);
    return factor ? b.addf(maximum, logSum)
                  : b.fma(logSum, b.f32(kLn2), maximum);
  });
  Value safe = getSafe(greatest);
  auto getWeight = [&](Value split) {
    Value sum = load(args.splitSum, split);
    Value weight =
        b.mulf(emitExp(b.subf(load(args.splitMax, split), safe)), sum);
    Value isNone = b.compare(arith::CmpFPredicate::OEQ, sum, none);
    return b.select(isNone, none, weight);
  };
  Value sum = reduceSplits(
      none, gpu::AllReduceOperation::ADD,
      [&](Value lhs, Value rhs) { return b.addf(lhs, rhs); }, getWeight);

  Tile place = emitHead(batchHead, args.numHeads);
  Value sink = args.sinks.pointer ? emitSink(place.head) : Value();
  Value maxScore;
  if (args.maxScores.pointer)
    maxScore =
        getGreatest([&](Value split) { return load(args.splitMax, split); });
  SmallVector<Value> normalizers =
      emitNormalizers(greatest, sum, sink, maxScore);

  int64_t rowThreads = schedule.mergeThreads;
  int64_t numColumns = llvm::divideCeil(valueDim, rowThreads);
  auto isEverOutside = [&](int64_t c, int64_t size) {
    return (c + 1) * rowThreads > size;
  };
  SmallVector<Value> columns, insideColumns;
  for (int64_t c = 0; c < numColumns; ++c) {
    Value column = b.add(thread, c * rowThreads);
    columns.push_back(column);
    insideColumns.push_back(isEverOutside(c, valueDim)
                                ? b.min(column, b.i32(valueDim - 1))
                                : column);
  }
  // Loads of several splits are under way at a time, 16 of a thread; behind the
  // last split it is loaded again, which few splits should not do often.
  SmallVector<Value> nothingYet(numColumns, none);
  auto emitRounds = [&](Value numRounds, int64_t unrolled) {
    return b.forLoop(
        zero, numRounds, nothingYet, [&](Value round, ValueRange carried) {
          SmallVector<Value> sums(carried);
          for (int64_t u = 0; u < unrolled; ++u) {
            Value split = b.add(b.mul(round, unrolled), u);
            Value inside = b.min(split, lastSplit);
            Value isInside = b.compare(P::slt, split, args.numSplits);
            Value weight = getWeight(inside);
            for (auto [sum, column] : llvm::zip_equal(sums, insideColumns)) {
              Value output = emitElementLoad(
                  args.splitOutput, {inside, batchHead, query, column});
              sum = b.select(isInside, b.fma(weight, output, sum), sum);
            }
          }
          return sums;
        });
  };
  constexpr int64_t kMostLoads = 16, kFewSplits = 4;
  int64_t unrolled = std::max<int64_t>(kMostLoads / numColumns, 1);
  auto emitAnySplits = [&] {
    return emitRounds(b.ceilDiv(args.numSplits, unrolled), unrolled);
  };
  SmallVector<Value> outputs;
  if (unrolled <= kFewSplits)
    outputs = emitAnySplits();
  else
    outputs = b.ifThenElse(
        b.compare(P::sle, args.numSplits, b.i32(kFewSplits)),
        [&] { return emitRounds(b.i32(1), kFewSplits); }, emitAnySplits);
  for (size_t c : llvm::seq(columns.size())) {
    Value column = columns[c];
    auto emitStore = [&] {
      emitOutputStore(b.mulf(outputs[c], normalizers[0]),
                      getRowIndices(place, place.head, query, column));
    };
    if (isEverOutside(c, op.getValueDim()))
      b.ifThen(b.compare(P::slt, column, b.i32(op.getValueDim())), emitStore);
    else
      emitStore();
  }
  SmallVector<Value> indices = getHeadIndices(place, place.head);
  indices.push_back(query);
  b.ifThen(b.compare(P::eq, thread, zero), [&] {
    if (args.lse.pointer)
      LLVM::StoreOp::create(b, normalizers[1], emitAddress(args.lse, indices));
    if (args.maxScores.pointer)
      LLVM::StoreOp::create(b, normalizers[2],
                            emitAddress(args.maxScores, indices));
  });
}
