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
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"

using namespace mlir;
using namespace mlir::attn;

/// A row of the table of tiles: the sequence, the first query in it, and the
/// schedule.
enum TileField { kSequence, kFirstQuery, kSchedule, kNumTileFields };

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

/// Counts the tiles of one head, and lists them: [tiles][fields].
Value SdpaLowering::createTileTable(Value &numTiles) {
  Value numSequences = buildNumSequences(b, op);
  // All but the last schedule take one tile.
  int64_t tileQueries = schedules.back().getTileQueries();
  auto countTiles = [&](Value queries, Value index) -> Value {
    Value isLast = b.compare(arith::CmpIPredicate::eq, index,
                             b.index(schedules.size() - 1));
    return arith::SelectOp::create(b, isLast, b.ceilDiv(queries, tileQueries),
                                   b.min(queries, b.index(1)));
  };
  auto forEachSequence = [&](function_ref<Value(Value, Value, Value)> body) {
    return b.forLoop(
        b.index(0), numSequences, 1, b.index(0),
        [&](Value index, ValueRange carried) {
          Value queries = buildSequenceRows(b, op.getCuSeqlensQ(), index).size;
          return SmallVector<Value>{body(index, queries, carried[0])};
        })[0];
  };
  numTiles = forEachSequence([&](Value, Value queries, Value count) {
    return b.add(count, countTiles(queries, getScheduleIndex(queries)));
  });
  Value table = memref::AllocOp::create(
      b,
      MemRefType::get({ShapedType::kDynamic, kNumTileFields}, b.getIndexType()),
      ValueRange{numTiles});
  forEachSequence([&](Value index, Value queries, Value first) {
    Value taken = getScheduleIndex(queries);
    Value count = countTiles(queries, taken);
    b.forLoop(b.index(0), count, 1, [&](Value tile) {
      // The last first: under a causal mask it takes longest.
      Value place = b.add(first, tile);
      Value firstQuery =
          b.mul(b.sub(b.sub(count, tile), b.index(1)), b.index(tileQueries));
      b.store(index, table, {place, b.index(kSequence)});
      b.store(firstQuery, table, {place, b.index(kFirstQuery)});
      b.store(taken, table, {place, b.index(kSchedule)});
    });
    return b.add(first, count);
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

LogicalResult SdpaLowering::lowerSequences() {
  fillRest();
  Value numTiles;
  Value table = createTileTable(numTiles);
  Value count = b.mul(getNumHeads(), numTiles);
  auto loop = scf::ParallelOp::create(b, b.index(0), count, b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value item = loop.getInductionVars().front();
  Value tile = b.rem(item, numTiles);
  auto getField = [&](TileField field) {
    return b.load(table, {tile, b.index(field)});
  };
  Sequence sequence = getSequence(getField(kSequence));
  SmallVector<Value> leading = getLeading(b.div(item, numTiles));
  HeadOperands operands = getHeadOperands(leading, &sequence);
  SmallVector<Value> indices = getRegionIndices(leading, sequence.index);
  Value firstQuery = getField(kFirstQuery), index = getField(kSchedule);
  LogicalResult result = success();
  for (auto [i, candidate] : llvm::enumerate(schedules)) {
    schedule = candidate;
    Value isTaken = b.compare(arith::CmpIPredicate::eq, index, b.index(i));
    bool shares = sharesHeads(schedule);
    if (shares) {
      // The first of these heads does it for all.
      Value place = b.rem(leading.back(), b.index(schedule.getRowQueries()));
      isTaken = arith::AndIOp::create(
          b, isTaken, b.compare(arith::CmpIPredicate::eq, place, b.index(0)));
    }
    b.ifThenElse(isTaken, [&] {
      HeadOperands taken = operands;
      if (shares)
        shareHeads(taken, leading, sequence);
      if (succeeded(result))
        result = callTileFunction(taken, indices, firstQuery);
    });
  }
  return result;
}
