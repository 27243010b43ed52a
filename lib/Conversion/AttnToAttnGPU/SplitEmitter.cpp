//===- SplitEmitter.cpp - Splits of the keys of a tile --------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Few queries make few tiles, which leave most multiprocessors idle: the keys
// of a tile are split among several blocks of threads (Flash-Decoding, Dao et
// al., 2023). Each leaves its output, normalised, in f32 and its log-sum-exp in
// memory, where a second kernel merges them, always in the same order: with L
// the greatest of the log-sum-exps l and weights w = exp(l - L), the output is
// sum(w o) / sum(w), and the log-sum-exp L + log(sum(w)).
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

/// Leaves what a split has computed. Rows of which it has seen no key have no
/// weight: their log-sum-exp is -inf, and their output zero. Log-sum-exps are
/// in the units of maxima.
void KernelEmitter::emitSplitRows(const Tile &tile, const State &state) {
  Type row = b.row(b.getF32Type());
  SmallVector<Value> rows =
      b.map({state.maximum, state.sum}, {row, row}, [&](ValueRange x) {
        Value isNone = b.compare(arith::CmpFPredicate::OEQ, x[1], b.f32(0.0));
        Value inverse = b.select(isNone, b.f32(0.0), b.reciprocal(x[1]));
        Value logSum = math::Log2Op::create(b, x[1]);
        Value lse =
            factor ? b.addf(x[0], logSum) : b.fma(logSum, b.f32(kLn2), x[0]);
        return SmallVector<Value>{inverse,
                                  b.select(isNone, b.f32(-kInfinity), lse)};
      });
  Value batchHead = getBatchHead(tile);
  Value firstRow =
      b.add(tile.firstQuery, b.mul(warpgroup, FragmentType::kRows));
  StoreRowsOp::create(
      b, rescale(state.output, rows[0]),
      emitAddress(args.splitOutput, {tile.split, batchHead,
                                     getQueryRow(tile, firstRow), b.i32(0)}),
      getRowStride(args.splitOutput), b.sub(tile.numQueries, firstRow),
      b.getI64IntegerAttr(16));
  emitRowStores(tile, rows[1], args.splitLse, {tile.split, batchHead});
  if (args.splitMax.pointer)
    emitRowStores(tile, state.maximum, args.splitMax, {tile.split, batchHead});
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

void KernelEmitter::emitMerge() {
  auto warpgroups = WarpgroupsOp::create(b, kMergeThreads / 128, /*blocks=*/1);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(warpgroups.getBody().front().getTerminator());
  Value row = b.blockId(), thread = b.threadId();
  Value batchHead = b.div(row, args.numQueries);
  Value query = b.rem(row, args.numQueries);
  Value lane = b.rem(thread, b.i32(kWarpSize));
  using P = arith::CmpIPredicate;
  auto reduce = [&](Value value, gpu::AllReduceOperation kind) -> Value {
    return gpu::SubgroupReduceOp::create(b, value, kind, /*uniform=*/true);
  };
  auto loadLse = [&](Value split) {
    return emitElementLoad(args.splitLse, {split, batchHead, query});
  };
  Value zero = b.i32(0), nothing = b.f32(-kInfinity);
  Value lastSplit = b.add(args.numSplits, -1);
  // Each lane looks at every 32nd split, in every warp alike.
  Value numRounds = b.ceilDiv(args.numSplits, kWarpSize);
  auto loadOwn = [&](const TensorArgument &tensor, Value round) {
    Value split = b.add(b.mul(round, kWarpSize), lane);
    Value own =
        emitElementLoad(tensor, {b.min(split, lastSplit), batchHead, query});
    return b.select(b.compare(P::slt, split, args.numSplits), own, nothing);
  };
  auto getGreatest = [&](const TensorArgument &tensor) {
    Value greatest =
        b.forLoop(zero, numRounds, nothing,
                  [&](Value round, ValueRange carried) -> SmallVector<Value> {
                    return {arith::MaxNumFOp::create(b, carried.front(),
                                                     loadOwn(tensor, round))};
                  })
            .front();
    return reduce(greatest, gpu::AllReduceOperation::MAXNUMF);
  };
  Value greatest = getGreatest(args.splitLse);
  Value safe = getSafe(greatest);
  Value sum =
      b.forLoop(zero, numRounds, b.f32(0.0),
                [&](Value round, ValueRange carried) -> SmallVector<Value> {
                  Value weight =
                      emitExp(b.subf(loadOwn(args.splitLse, round), safe));
                  return {b.addf(carried.front(), weight)};
                })
          .front();
  sum = reduce(sum, gpu::AllReduceOperation::ADD);

  Tile place = emitHead(batchHead);
  Value sink = args.sinks.pointer ? emitSink(place.head) : Value();
  Value maxScore = args.splitMax.pointer ? getGreatest(args.splitMax) : Value();
  SmallVector<Value> normalizers =
      emitNormalizers(greatest, sum, sink, maxScore);

  // Loads of several splits are under way at a time; behind the last split it
  // is loaded again.
  constexpr int64_t kUnrolled = 16;
  int64_t numColumns = llvm::divideCeil(valueDim, kMergeThreads);
  auto isEverOutside = [&](int64_t c, int64_t size) {
    return (c + 1) * kMergeThreads > size;
  };
  SmallVector<Value> columns, insideColumns;
  for (int64_t c = 0; c < numColumns; ++c) {
    Value column = b.add(thread, c * kMergeThreads);
    columns.push_back(column);
    insideColumns.push_back(isEverOutside(c, valueDim)
                                ? b.min(column, b.i32(valueDim - 1))
                                : column);
  }
  SmallVector<Value> outputs = b.forLoop(
      zero, b.ceilDiv(args.numSplits, kUnrolled),
      SmallVector<Value>(numColumns, b.f32(0.0)),
      [&](Value round, ValueRange carried) {
        SmallVector<Value> sums(carried);
        for (int64_t u = 0; u < kUnrolled; ++u) {
          Value split = b.add(b.mul(round, kUnrolled), u);
          Value inside = b.min(split, lastSplit);
          Value isInside = b.compare(P::slt, split, args.numSplits);
          Value weight = emitExp(b.subf(loadLse(inside), safe));
          for (auto [sum, column] : llvm::zip_equal(sums, insideColumns)) {
            Value output = emitElementLoad(args.splitOutput,
                                           {inside, batchHead, query, column});
            sum = b.select(isInside, b.fma(weight, output, sum), sum);
          }
        }
        return sums;
      });
  for (auto [c, column] : llvm::enumerate(columns)) {
    Value value = b.mulf(outputs[c], normalizers[0]);
    if (args.output.elementType.isF64())
      value = arith::ExtFOp::create(b, args.output.elementType, value);
    else if (!args.output.elementType.isF32())
      value = arith::TruncFOp::create(b, args.output.elementType, value);
    auto emitStore = [&] {
      LLVM::StoreOp::create(
          b, value,
          emitAddress(args.output,
                      getRowIndices(place, place.head, query, column)));
    };
    if (isEverOutside(c, op.getValueDim()))
      b.ifThen(b.compare(P::slt, column, b.i32(op.getValueDim())), emitStore);
    else
      emitStore();
  }
  SmallVector<Value> indices(place.batch);
  if (op.hasHeadDim())
    indices.push_back(place.head);
  indices.push_back(query);
  b.ifThen(b.compare(P::eq, thread, zero), [&] {
    if (args.lse.pointer)
      LLVM::StoreOp::create(b, normalizers[1], emitAddress(args.lse, indices));
    if (args.maxScores.pointer)
      LLVM::StoreOp::create(b, normalizers[2],
                            emitAddress(args.maxScores, indices));
  });
}
