//===- TileEmitter.cpp - Where a tile is, and what it needs ---- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr int64_t kRows = FragmentType::kRows;

/// Tiles are numbered so that those of a section of heads follow one another,
/// the same rows of all its heads first: keys and values of a section stay in
/// the L2 cache, and rows that take longest under a causal mask come first.
/// Splits of a tile follow one another.
Value KernelEmitter::emitRowTile(Value number, Value &batchHead) {
  if (schedule.splitsKeys)
    number = b.div(number, args.numSplits);
  Value sectionHeads =
      args.sectionHeads ? args.sectionHeads : b.i32(schedule.sectionHeads);
  Value tilesOfSection = b.mul(args.numRowTiles, sectionHeads);
  Value firstHead = b.mul(b.div(number, tilesOfSection), sectionHeads);
  Value rest = b.rem(number, tilesOfSection);
  sectionHeads = b.min(b.sub(args.numBatchHeads, firstHead), sectionHeads);
  Value rowTile = b.div(rest, sectionHeads);
  batchHead = b.add(firstHead, b.rem(rest, sectionHeads));
  return structure ? b.sub(b.add(args.numRowTiles, -1), rowTile) : rowTile;
}

KernelEmitter::Tile KernelEmitter::emitTile(const TileNumber &number) {
  Value batchHead;
  Value rowTile = emitRowTile(number[0], batchHead);
  Tile tile =
      emitPlace(rowTile, batchHead, number.size() > 1 ? number[1] : Value());
  if (args.documentRanges)
    emitDocumentRanges(tile,
                       getRange(b.div(batchHead, args.numHeads), rowTile));
  if (schedule.splitsKeys)
    tile.split = b.rem(number[0], args.numSplits);
  emitKeyBlocks(tile);
  return tile;
}

/// A head of a batch by its number, of `numHeads` that each batch has.
KernelEmitter::Tile KernelEmitter::emitHead(Value batchHead, Value numHeads) {
  Tile tile;
  tile.head = b.rem(batchHead, numHeads);
  Value rest = b.div(batchHead, numHeads);
  tile.batch.resize(args.batchSizes.size());
  for (int64_t d = tile.batch.size() - 1; d >= 0; --d) {
    tile.batch[d] = d == 0 ? rest : b.rem(rest, args.batchSizes[d]);
    if (d > 0)
      rest = b.div(rest, args.batchSizes[d]);
  }
  return tile;
}

/// From the number of a tile of heads to its first one, and how many it has
/// (grouped heads as rows of one tile: FlashAttention-3's PackGQA).
void KernelEmitter::emitHeadsOfTile(Tile &tile) {
  tile.keyHead = b.div(tile.head, args.tilesPerGroup);
  Value first = b.mul(b.rem(tile.head, args.tilesPerGroup), args.headsPerTile);
  tile.head = b.add(b.mul(tile.keyHead, args.headsPerKeyHead), first);
  tile.numHeads = b.min(b.sub(args.headsPerKeyHead, first), args.headsPerTile);
}

/// Where a row of tiles of a head is.
KernelEmitter::Tile KernelEmitter::emitPlace(Value rowTile, Value batchHead,
                                             Value sequence) {
  Tile tile = emitHead(batchHead,
                       schedule.packsHeads ? args.numHeadTiles : args.numHeads);
  tile.numKeys = args.numKeys;
  tile.numQueries = args.numQueries;
  if (op.isRagged())
    rowTile =
        emitSequence(tile, rowTile, sequence ? sequence : emitSearch(rowTile));
  tile.firstQuery = b.mul(rowTile, schedule.getTileQueries());
  if (schedule.packsHeads)
    emitHeadsOfTile(tile);
  else
    tile.keyHead = b.div(tile.head, args.headsPerKeyHead);
  if (args.keyLengths.pointer) {
    SmallVector<Value> indices(tile.batch);
    if (tile.sequence)
      indices.push_back(tile.sequence);
    tile.numKeys =
        emitClampedLoad(args.keyLengths, indices, b.i32(0), tile.numKeys);
  }
  return tile;
}

/// An integer, clamped as it is: 64 bits may not fit 32.
Value KernelEmitter::emitClampedLoad(const TensorArgument &tensor,
                                     ArrayRef<Value> indices, Value low,
                                     Value high) {
  Value value = emitElementLoad(tensor, indices);
  Type type = value.getType();
  bool isWide = !type.isInteger(32);
  auto widen = [&](Value bound) -> Value {
    return isWide ? b.createOrFold<arith::ExtSIOp>(type, bound) : bound;
  };
  value = b.min(b.max(value, widen(low)), widen(high));
  return isWide ? arith::TruncIOp::create(b, b.getI32Type(), value) : value;
}

/// The first row of tiles of a sequence: sequence s has those from V(s) =
/// cu_seqlens_q[s] / T + s on, for tiles of T queries: as many as it needs, or
/// one more, which is empty.
Value KernelEmitter::emitFirstTile(Value sequence) {
  Value begin =
      emitClampedLoad(args.queryEnds, sequence, b.i32(0), args.numQueries);
  return b.add(b.div(begin, b.i32(schedule.getTileQueries())), sequence);
}

/// Finds the sequence of a row of tiles.
Value KernelEmitter::emitSearch(Value rowTile) {
  // V(low) <= rowTile < V(high); the first value is high - low - 2.
  SmallVector<Value> range = b.whileNotNegative(
      {b.add(args.numSequences, -1), b.i32(0), b.add(args.numSequences, 1)},
      [&](ValueRange carried) {
        Value low = carried[1], high = carried[2];
        Value middle = b.div(b.add(low, high), b.i32(2));
        Value isBehind = b.compare(arith::CmpIPredicate::sle,
                                   emitFirstTile(middle), rowTile);
        low = b.select(isBehind, middle, low);
        high = b.select(isBehind, high, middle);
        return SmallVector<Value>{b.add(b.sub(high, low), -2), low, high};
      });
  return range[1];
}

/// Sets what is known of the sequence of a tile; returns which of its tiles a
/// row of tiles is. Where the sequences end, one without keys has the rows that
/// are left.
Value KernelEmitter::emitSequence(Tile &tile, Value rowTile, Value sequence) {
  tile.sequence = sequence;
  rowTile = b.sub(rowTile, emitFirstTile(sequence));
  Value isRest =
      b.compare(arith::CmpIPredicate::eq, tile.sequence, args.numSequences);
  // What is behind the last element is not read.
  Value next = b.min(b.add(tile.sequence, 1), args.numSequences);
  auto emitRows = [&](const TensorArgument &ends, Value numRows, Value &begin) {
    begin = emitClampedLoad(ends, tile.sequence, b.i32(0), numRows);
    return b.sub(emitClampedLoad(ends, next, begin, numRows), begin);
  };
  Value numQueries = emitRows(args.queryEnds, args.numQueries, tile.queryRow);
  tile.numQueries =
      b.select(isRest, b.sub(args.numQueries, tile.queryRow), numQueries);
  tile.numKeys = emitRows(args.keyEnds, args.numKeys, tile.keyRow);
  return rowTile;
}

/// The keys that queries [first, last] of a tile need, whose documents are in
/// `documents`.
KeyIntervalValues KernelEmitter::emitNeededKeys(const Tile &tile,
                                                const DocumentRange &documents,
                                                Value first, Value last) {
  KeyIntervalValues needed = buildNeededKeys(
      structure, b, b.getLoc(), first, last, tile.numQueries, tile.numKeys);
  if (documents.begin) {
    needed.begin = b.max(needed.begin, documents.begin);
    needed.end = b.min(needed.end, documents.end);
  }
  return needed;
}

void KernelEmitter::emitKeyBlocks(Tile &tile) {
  Value behind =
      b.min(b.add(tile.firstQuery, schedule.getTileQueries()), tile.numQueries);
  KeyIntervalValues needed = emitNeededKeys(tile, getDocumentsOfTile(tile),
                                            tile.firstQuery, b.add(behind, -1));
  Value begin = needed.begin, end = needed.end;
  if (tile.sequence)
    end = b.select(
        b.compare(arith::CmpIPredicate::slt, tile.firstQuery, tile.numQueries),
        end, begin);
  tile.begin = b.div(begin, b.i32(blockKeys));
  tile.end = b.select(b.compare(arith::CmpIPredicate::slt, begin, end),
                      b.ceilDiv(end, blockKeys), tile.begin);
  if (tile.split)
    emitSplitBlocks(tile);
  if (warpgroup)
    emitOwnBlocks(tile);
}

/// Of n blocks, split i of s has n / s, and one more if i < n % s.
void KernelEmitter::emitSplitBlocks(Tile &tile) {
  Value numBlocks = b.sub(tile.end, tile.begin);
  Value size = b.div(numBlocks, args.numSplits);
  Value rest = b.rem(numBlocks, args.numSplits);
  Value isLonger = b.compare(arith::CmpIPredicate::slt, tile.split, rest);
  Value begin = b.add(b.mul(tile.split, size), b.min(tile.split, rest));
  tile.begin = b.add(tile.begin, begin);
  tile.end =
      b.add(b.add(tile.begin, size), b.select(isLonger, b.i32(1), b.i32(0)));
}

/// The same for the rows of this consumer: all masks of structure let an
/// interval move on with the rows. On Ampere all consumers of a block go
/// through the same blocks of keys.
void KernelEmitter::emitOwnBlocks(Tile &tile) {
  Value firstRow = tile.firstQuery;
  int64_t numRows = schedule.getTileQueries();
  if (skipsBlocks()) {
    firstRow = b.add(firstRow, b.mul(warpgroup, kRows));
    numRows = kRows;
  }
  Value behind = b.min(b.add(firstRow, numRows), tile.numQueries);
  Value last = b.add(behind, -1);
  tile.documents = getDocumentsOfConsumer(tile);
  KeyIntervalValues needed =
      emitNeededKeys(tile, tile.documents, firstRow, last);
  tile.ownBegin = tile.begin;
  tile.ownEnd = tile.end;
  tile.ownKeyEnd = needed.end;
  if (hasIdleConsumers()) {
    Value isAny =
        b.compare(arith::CmpIPredicate::slt, firstRow, tile.numQueries);
    tile.ownEnd = b.select(isAny, tile.end, tile.begin);
  } else if (hasOwnBlocks()) {
    Value begin = needed.begin, end = needed.end;
    Value isAny = b.compare(arith::CmpIPredicate::slt, begin, end);
    isAny = arith::AndIOp::create(
        b, isAny,
        b.compare(arith::CmpIPredicate::slt, firstRow, tile.numQueries));
    tile.ownBegin = b.select(isAny, b.div(begin, b.i32(blockKeys)), tile.begin);
    tile.ownEnd = b.select(isAny, b.ceilDiv(end, blockKeys), tile.begin);
  }
  if (tile.split && skipsBlocks()) {
    auto clamp = [&](Value block) {
      return b.min(b.max(block, tile.begin), tile.end);
    };
    tile.ownBegin = clamp(tile.ownBegin);
    tile.ownEnd = clamp(tile.ownEnd);
    // None are before all blocks, as above: turns are counted so.
    Value isAny =
        b.compare(arith::CmpIPredicate::slt, tile.ownBegin, tile.ownEnd);
    tile.ownBegin = b.select(isAny, tile.ownBegin, tile.begin);
    tile.ownEnd = b.select(isAny, tile.ownEnd, tile.begin);
  }
  if (tile.split)
    tile.ownKeyEnd = b.min(tile.ownKeyEnd, b.mul(tile.ownEnd, blockKeys));
  if (isAlwaysMasked()) {
    tile.fullBegin = tile.fullEnd = tile.ownBegin;
    return;
  }
  KeyIntervalValues full =
      buildFullKeys(structure, b, b.getLoc(), firstRow, last, tile.numQueries,
                    tile.numKeys, needed,
                    /*sameDocument=*/bool(tile.documents.begin));
  if (tile.documents.begin) {
    Value isOne = b.compare(arith::CmpIPredicate::eq, tile.documents.order,
                            b.i32(kOneDocument));
    Value end = b.select(isOne, tile.documents.end, tile.documents.begin);
    full.end = b.min(full.end, end);
  }
  tile.fullBegin = b.min(b.ceilDiv(full.begin, blockKeys), tile.ownEnd);
  Value fullEnd = b.div(full.end, b.i32(blockKeys));
  if (tile.split) {
    tile.fullBegin = b.max(tile.fullBegin, tile.ownBegin);
    fullEnd = b.min(fullEnd, tile.ownEnd);
  }
  tile.fullEnd = b.max(fullEnd, tile.fullBegin);
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

/// All values of a tile in the producer, some of which may be null, are fields
/// of one kind.
template <typename TileT, typename FnT>
static void forEachField(TileT &tile, FnT fn) {
  for (auto *field :
       {&tile.firstQuery, &tile.head, &tile.keyHead, &tile.numQueries,
        &tile.numKeys, &tile.numHeads, &tile.split, &tile.sequence,
        &tile.queryRow, &tile.keyRow, &tile.begin, &tile.end})
    if (*field)
      fn(*field);
  for (auto &index : tile.batch)
    fn(index);
  for (auto &word : tile.documentWords)
    fn(word);
}

SmallVector<Value> KernelEmitter::Tile::getValues() const {
  SmallVector<Value> values;
  forEachField(*this, [&](Value value) { values.push_back(value); });
  return values;
}

KernelEmitter::Tile KernelEmitter::Tile::getWith(ValueRange values) const {
  Tile tile = *this;
  forEachField(tile, [&](Value &field) {
    field = values.front();
    values = values.drop_front();
  });
  return tile;
}

/// What the producer tells consumers of a tile: all that divisions or memory
/// were needed for.
void KernelEmitter::forEachPlaceField(Tile &tile,
                                      function_ref<void(Value &)> fn) {
  fn(tile.firstQuery);
  fn(tile.head);
  for (Value &index : tile.batch)
    fn(index);
  if (schedule.packsHeads)
    fn(tile.numHeads);
  if (schedule.splitsKeys)
    fn(tile.split);
  // Where memory is read at every logit, addresses in the last block depend on
  // the number of keys. That it comes with each tile keeps them from being
  // computed before the first one, and held in registers through all.
  bool readsAtLogits = op.getBias() || op.getMask() || op.hasScoreRegion() ||
                       op.hasKeepRegion() || args.documentRanges;
  if (op.isRagged() || args.keyLengths.pointer || readsAtLogits)
    fn(tile.numKeys);
  if (op.isRagged())
    for (Value *field :
         {&tile.numQueries, &tile.sequence, &tile.queryRow, &tile.keyRow})
      fn(*field);
  for (Value &word : tile.documentWords)
    fn(word);
}

KernelEmitter::Message KernelEmitter::getMessage(Value number, Tile tile) {
  Message message{number};
  forEachPlaceField(tile, [&](Value &field) { message.push_back(field); });
  return message;
}

KernelEmitter::Tile KernelEmitter::getTileWithoutValues() {
  Tile tile;
  tile.batch.resize(args.batchSizes.size());
  if (args.documentRanges)
    tile.documentWords.resize(2 * schedule.getDocumentRanges());
  return tile;
}

size_t KernelEmitter::getNumWords() {
  return getMessage(Value(), getTileWithoutValues()).size();
}

/// The tile of a message; of one without a tile, any.
KernelEmitter::Tile KernelEmitter::emitTileOfMessage(ValueRange message) {
  Tile tile = getTileWithoutValues();
  tile.numQueries = args.numQueries;
  tile.numKeys = args.numKeys;
  ValueRange words = message.drop_front();
  forEachPlaceField(tile, [&](Value &field) {
    field = words.front();
    words = words.drop_front();
  });
  emitKeyBlocks(tile);
  widen(tile,
        b.compare(arith::CmpIPredicate::sge, message[0], b.i32(kCareful)));
  return tile;
}

/// The tile of a number, or any if there are not as many.
KernelEmitter::Tile KernelEmitter::emitTileOrAny(const TileNumber &number) {
  Value isTile = b.compare(arith::CmpIPredicate::slt, number[0], args.numTiles);
  TileNumber any;
  for (Value word : number)
    any.push_back(b.select(isTile, word, b.i32(0)));
  return emitTile(any);
}
