//===- SequenceLowering.cpp - Ragged batches on CPUs ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A tile has queries of one sequence: the tile function gets the rows of that
// sequence, and neither masks nor products know of the others. A tile over the
// end of a sequence would have lanes idle in the keys of both, so that it saves
// nothing. Which tiles there are is known when the program runs: a table of
// them is filled first.
//
// Where a schedule splits keys the table has a row for each part of them. A
// part stores the state of its softmax, and a second loop puts those of a
// sequence together.
//
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"

using namespace mlir;
using namespace mlir::attn;

/// A row of the table of tiles: the sequence, the first query in it (or, of a
/// part, the first key), the schedule, and the place of the state of a part.
enum TileField { kSequence, kFirst, kSchedule, kState, kNumTileFields };

SdpaLowering::Sequence SdpaLowering::getSequence(Value index) {
  return {index, buildSequenceRows(b, op.getCuSeqlensQ(), index),
          buildSequenceRows(b, op.getCuSeqlensK(), index)};
}

/// Cuts what a head has for all sequences.
void SdpaLowering::sliceSequence(HeadOperands &operands,
                                 const Sequence &sequence) {
  // A bias, mask or document that is the same for all rows stays.
  auto cut = [&](Value &matrix, int64_t dim, Value begin, Value size,
                 bool broadcasts = false) {
    if (!matrix)
      return;
    if (broadcasts && cast<MemRefType>(matrix.getType()).getDimSize(dim) == 1)
      return;
    matrix = buildSlice(b, matrix, DimPart{dim, begin, size});
  };
  const SequenceRows &queries = sequence.queries, &keys = sequence.keys;
  for (Value *matrix :
       {&operands.query, &operands.output, &operands.lse, &operands.maxScores})
    cut(*matrix, 0, queries.begin, queries.size);
  for (Value *matrix : {&operands.key, &operands.value})
    cut(*matrix, 0, keys.begin, keys.size);
  cut(operands.queryDocuments, 0, queries.begin, queries.size, true);
  cut(operands.keyDocuments, 0, keys.begin, keys.size, true);
}

/// The indices (b..., s, h) that regions take.
SmallVector<Value> SdpaLowering::getRegionIndices(ValueRange leading,
                                                  Value sequence) {
  SmallVector<Value> indices(leading);
  indices.insert(indices.begin() + op.getNumBatchDims(), sequence);
  return indices;
}

/// Whether a schedule is for one query of all heads that share a key head.
bool SdpaLowering::sharesHeads(CPUScheduleAttr schedule) {
  return schedule.getRowQueries() > 1 &&
         schedule.getRowQueries() == getSharedHeads(op);
}

/// Rows of one query, of as many heads from this one on as share its keys.
void SdpaLowering::shareHeads(HeadOperands &operands, ValueRange leading,
                              const Sequence &sequence) {
  operands.sharesHeads = true;
  int64_t headDim = op.getNumBatchDims();
  auto cut = [&](Value source) -> Value {
    if (!source)
      return {};
    SmallVector<DimPart> parts;
    for (int64_t d = 0; d < headDim; ++d) {
      bool isOne = cast<MemRefType>(source.getType()).getDimSize(d) == 1;
      parts.push_back({d, isOne ? b.index(0) : leading[d], b.getIndexAttr(1),
                       /*dropped=*/true});
    }
    parts.push_back(
        {headDim, leading.back(), b.getIndexAttr(schedule.getRowQueries())});
    parts.push_back({headDim + 1, sequence.queries.begin, b.getIndexAttr(1),
                     /*dropped=*/true});
    return buildSlice(b, source, parts);
  };
  operands.query = cut(op.getQuery());
  operands.output = cut(op.getOutput());
  operands.lse = cut(op.getLse());
  operands.maxScores = cut(op.getMaxScores());
}

/// Which schedule a sequence takes.
Value SdpaLowering::getScheduleIndex(Value numQueries) {
  using P = arith::CmpIPredicate;
  Value index = b.index(schedules.size() - 1);
  for (int64_t i = schedules.size() - 2; i >= 0; --i) {
    CPUScheduleAttr other = schedules[i];
    Value takes =
        other.getRowQueries() != 0
            ? b.compare(P::eq, numQueries,
                        b.index(sharesHeads(other) ? 1 : other.getRowQueries()))
            : b.compare(P::sle, numQueries, b.index(other.getTileQueries()));
    index = arith::SelectOp::create(b, takes, b.index(i), index);
  }
  return index;
}

/// The parts of some keys, one at least.
static Value countParts(KernelBuilder &b, Value numKeys, int64_t splitKeys) {
  return b.max(b.ceilDiv(numKeys, splitKeys), b.index(1));
}

/// The parts that a schedule splits keys into, one at least; none if it splits
/// none.
Value SdpaLowering::getNumParts(Value index, Value numKeys) {
  Value numParts = b.index(0);
  for (auto [i, candidate] : llvm::enumerate(schedules))
    if (int64_t size = candidate.getSplitKeys()) {
      Value isTaken = b.compare(arith::CmpIPredicate::eq, index, b.index(i));
      Value count = countParts(b, numKeys, size);
      numParts = arith::SelectOp::create(b, isTaken, count, numParts);
    }
  return numParts;
}

/// Counts the tiles of one head, and lists them: [tiles][fields].
SdpaLowering::TileTable SdpaLowering::createTileTable() {
  Value numSequences = buildNumSequences(b, op), zero = b.index(0);
  // All but the last schedule take one tile, or parts of one.
  Value tileQueries =
      getTileQueries(schedules.back(), b.dim(op.getQuery(), op.getRank() - 2));
  auto countTiles = [&](Value queries, Value index, Value numParts) -> Value {
    Value isLast = b.compare(arith::CmpIPredicate::eq, index,
                             b.index(schedules.size() - 1));
    Value count =
        b.mul(b.max(numParts, b.index(1)), b.min(queries, b.index(1)));
    return arith::SelectOp::create(b, isLast, b.ceilDiv(queries, tileQueries),
                                   count);
  };
  // Of a sequence: its number, its schedule, tiles, parts; and the sums of
  // tiles and parts before it.
  using Body = function_ref<void(Value, Value, Value, Value, ValueRange)>;
  auto forEachSequence = [&](Body body) {
    SmallVector<Value> inits{zero, zero};
    return b.forLoop(zero, numSequences, 1, inits,
                     [&](Value index, ValueRange before) {
                       Sequence sequence = getSequence(index);
                       Value queries = sequence.queries.size;
                       Value taken = getScheduleIndex(queries);
                       Value numParts = getNumParts(taken, sequence.keys.size);
                       Value numTiles = countTiles(queries, taken, numParts);
                       if (body)
                         body(index, taken, numTiles, numParts, before);
                       Value numStates = b.min(numParts, numTiles);
                       return SmallVector<Value>{b.add(before[0], numTiles),
                                                 b.add(before[1], numStates)};
                     });
  };
  SmallVector<Value> counts = forEachSequence({});
  TileTable table;
  table.tileQueries = tileQueries;
  table.numTiles = counts[0];
  table.numStates = counts[1];
  table.rows = memref::AllocOp::create(
      b,
      MemRefType::get({ShapedType::kDynamic, kNumTileFields}, b.getIndexType()),
      ValueRange{table.numTiles});
  forEachSequence([&](Value index, Value taken, Value count, Value numParts,
                      ValueRange before) {
    b.forLoop(zero, count, 1, [&](Value tile) {
      // The last first: under a causal mask it takes longest.
      Value place = b.add(before[0], tile);
      Value last = b.sub(b.sub(count, tile), b.index(1));
      Value first = b.mul(last, tileQueries);
      for (auto [i, candidate] : llvm::enumerate(schedules))
        if (int64_t size = candidate.getSplitKeys()) {
          Value isTaken =
              b.compare(arith::CmpIPredicate::eq, taken, b.index(i));
          first = arith::SelectOp::create(b, isTaken,
                                          b.mul(last, b.index(size)), first);
        }
      b.store(index, table.rows, {place, b.index(kSequence)});
      b.store(first, table.rows, {place, b.index(kFirst)});
      b.store(taken, table.rows, {place, b.index(kSchedule)});
      b.store(b.add(before[1], last), table.rows, {place, b.index(kState)});
    });
  });
  return table;
}

/// Rows behind the last sequence see no keys.
void SdpaLowering::fillRest() {
  int64_t dim = op.getRank() - 2;
  SequenceRows rest =
      buildRest(b, op.getCuSeqlensQ(), b.dim(op.getQuery(), dim));
  SmallVector<Value> outs;
  for (Value out : op.getOuts())
    outs.push_back(buildSlice(b, out, DimPart{dim, rest.begin, rest.size}));
  buildMaskedRows(b, op, outs);
}

/// Runs the body in parallel for every head and tile, with what a schedule
/// takes and in code for that schedule; `isCombining`: for the first part of
/// those that have parts.
LogicalResult SdpaLowering::forEachTile(
    const TileTable &table, bool isCombining,
    function_ref<LogicalResult(HeadOperands, ValueRange, const TileOfHead &)>
        body) {
  Value count = b.mul(getNumHeads(), table.numTiles);
  auto loop = scf::ParallelOp::create(b, b.index(0), count, b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value item = loop.getInductionVars().front();
  TileOfHead tile;
  tile.head = b.div(item, table.numTiles);
  Value row = b.rem(item, table.numTiles);
  auto getField = [&](TileField field) {
    return b.load(table.rows, {row, b.index(field)});
  };
  Sequence sequence = getSequence(getField(kSequence));
  tile.first = getField(kFirst);
  tile.state = getField(kState);
  tile.numKeys = sequence.keys.size;
  Value index = getField(kSchedule);
  SmallVector<Value> leading = getLeading(tile.head);
  HeadOperands operands = getHeadOperands(leading, &sequence);
  SmallVector<Value> indices = getRegionIndices(leading, sequence.index);
  LogicalResult result = success();
  for (auto [i, candidate] : llvm::enumerate(schedules)) {
    if (isCombining && candidate.getSplitKeys() == 0)
      continue;
    schedule = candidate;
    Value isTaken = b.compare(arith::CmpIPredicate::eq, index, b.index(i));
    auto require = [&](Value value) {
      isTaken = arith::AndIOp::create(
          b, isTaken, b.compare(arith::CmpIPredicate::eq, value, b.index(0)));
    };
    bool shares = sharesHeads(schedule);
    // Sequences of all others are one tile.
    bool isLast = i + 1 == schedules.size();
    // The first of these heads does it for all.
    if (shares)
      require(b.rem(leading.back(), b.index(schedule.getRowQueries())));
    if (isCombining)
      require(tile.first);
    b.ifThenElse(isTaken, [&] {
      HeadOperands taken = operands;
      if (isLast && schedule.getMinTiles() != 0)
        taken.tileQueries = table.tileQueries;
      if (shares)
        shareHeads(taken, leading, sequence);
      if (succeeded(result))
        result = body(taken, indices, tile);
    });
  }
  return result;
}

LogicalResult SdpaLowering::lowerSequences() {
  fillRest();
  TileTable table = createTileTable();
  int64_t numRows = 2 + op.getValueDim(), maxQueries = 0;
  for (CPUScheduleAttr candidate : schedules)
    if (candidate.getSplitKeys())
      maxQueries = std::max(maxQueries, candidate.getRowQueries()
                                            ? candidate.getRowQueries()
                                            : candidate.getTileQueries());
  Value states;
  if (maxQueries)
    states = memref::AllocOp::create(
        b,
        MemRefType::get(
            {ShapedType::kDynamic, ShapedType::kDynamic, numRows, maxQueries},
            b.getF32Type()),
        ValueRange{getNumHeads(), table.numStates});
  // One state, or some from it on, for the queries of a tile.
  auto getStates = [&](const HeadOperands &operands, const TileOfHead &tile,
                       Value count) -> Value {
    DimPart part{1, tile.state, count};
    if (!count)
      part = {1, tile.state, b.getIndexAttr(1), /*dropped=*/true};
    return buildSlice(
        b, states,
        {DimPart{0, tile.head, b.getIndexAttr(1), /*dropped=*/true}, part,
         DimPart{3, b.getIndexAttr(0),
                 getAsOpFoldResult(b.dim(operands.query, 0))}});
  };
  if (failed(forEachTile(table, /*isCombining=*/false,
                         [&](HeadOperands operands, ValueRange indices,
                             const TileOfHead &tile) {
                           if (!schedule.getSplitKeys())
                             return callTileFunction(operands, indices,
                                                     tile.first);
                           operands.partial = getStates(operands, tile, {});
                           operands.firstKey = tile.first;
                           return callTileFunction(operands, indices,
                                                   b.index(0));
                         })))
    return failure();
  if (!states)
    return success();
  return forEachTile(
      table, /*isCombining=*/true,
      [&](HeadOperands operands, ValueRange indices, const TileOfHead &tile) {
        Value count = countParts(b, tile.numKeys, schedule.getSplitKeys());
        operands.partial = getStates(operands, tile, count);
        return callTileFunction(operands, indices, b.index(0));
      });
}
