//===- KernelEmitter.cpp - Tiles, and the producer ------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLog2e = 1.44269504088896340736;
static constexpr int64_t kRows = FragmentType::kRows, kSlabColumns = 64;

KernelEmitter::KernelEmitter(DeviceBuilder &builder, SdpaOp op,
                             const KernelSchedule &schedule,
                             const KernelArguments &arguments)
    : b(builder), op(op), schedule(schedule), args(arguments),
      structure(op.getStructureAttr()),
      elementType(op.getQueryType().getElementType()), headDim(op.getHeadDim()),
      valueDim(llvm::alignTo(op.getValueDim(), 8)),
      blockKeys(schedule.blockKeys) {
  // f32 is the sum of two tiles of bf16.
  if (schedule.parts > 1)
    elementType = b.getBF16Type();
  // The scale waits for the exponential if nothing needs natural units before,
  // and if it keeps the order of logits.
  std::optional<double> scale = op.getConstantScale();
  if (scale && *scale > 0 && !op.getSoftcap() && !op.getBias() &&
      !op.hasScoreRegion())
    factor = b.f32(*scale * kLog2e);
}

bool KernelEmitter::hasPredicates() {
  return op.getMask() || op.hasKeepRegion() ||
         (structure && !structure.isExact());
}

bool KernelEmitter::isEverMasked() {
  int64_t numKeys = op.getNumKeys();
  return op.isMasked() || op.isRagged() || ShapedType::isDynamic(numKeys) ||
         numKeys % blockKeys != 0;
}

bool KernelEmitter::hasLeftBound() {
  // A bound of the interval is there for all queries or for none.
  constexpr int64_t kFar = int64_t(1) << 30;
  return structure && structure.getKeyInterval(kFar, kFar, kFar).begin > -kFar;
}

bool KernelEmitter::mayBeEmpty() {
  return structure || ShapedType::isDynamic(op.getUsedKeys()) ||
         op.getNumKeys() == 0;
}

void KernelEmitter::allocate() {
  auto alloc = [&](int64_t offset, ArrayRef<int64_t> shape) -> Value {
    return AllocOp::create(b, b.shared(shape, elementType),
                           b.getI64IntegerAttr(offset));
  };
  int64_t numQueryTiles = schedule.queryStages * schedule.consumers;
  int64_t queryColumns = std::max(schedule.paddedDim, schedule.paddedValueDim);
  auto allocTiles = [&](int64_t offset, int64_t count, int64_t rows,
                        int64_t columns, Value &tiles, Value &slabs) {
    tiles = alloc(offset, {count, rows, columns});
    slabs = alloc(offset, {count * columns / kSlabColumns, rows, kSlabColumns});
  };
  allocTiles(schedule.getQueryOffset(), numQueryTiles, kRows, queryColumns,
             queries, querySlabs);
  allocTiles(schedule.getKeyOffset(), schedule.stages, blockKeys,
             schedule.paddedDim, keys, keySlabs);
  allocTiles(schedule.getValueOffset(), schedule.stages, blockKeys,
             schedule.paddedValueDim, values, valueSlabs);
  auto pipe = [&](int64_t offset, int64_t depth, int64_t consumers) -> Value {
    return PipeOp::create(b, PipeType::get(b.getContext(), depth),
                          b.getI64IntegerAttr(offset), b.getI64IntegerAttr(1),
                          b.getI64IntegerAttr(consumers));
  };
  queryPipe =
      pipe(schedule.getQueryPipe(), schedule.queryStages, schedule.consumers);
  keyPipe = pipe(schedule.getKeyPipe(), schedule.stages, schedule.consumers);
  valuePipe =
      pipe(schedule.getValuePipe(), schedule.stages, schedule.consumers);
  tilePipe = pipe(schedule.getTilePipe(), 1, 128 * schedule.consumers);
  deferred = LLVM::GEPOp::create(b, args.scratch.getType(), b.getI32Type(),
                                 args.scratch, LLVM::GEPArg(1));
  InitPipesOp::create(b, ValueRange{queryPipe, keyPipe, valuePipe, tilePipe});
}

void KernelEmitter::emit() {
  if (!schedule.isHopper())
    return emitAmpere();
  allocate();
  auto roles = RolesOp::create(b, schedule.producerRegisters,
                               schedule.consumers, schedule.consumerRegisters);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(roles.getProducer().front().getTerminator());
  emitProducer();
  Block &consumer = roles.getConsumer().front();
  warpgroup = consumer.getArgument(0);
  b.setInsertionPoint(consumer.getTerminator());
  emitConsumer();
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Tiles are numbered so that those of a section of heads follow one another,
/// the same rows of all its heads first: keys and values of a section stay in
/// the L2 cache, and rows that take longest under a causal mask come first.
Value KernelEmitter::emitRowTile(Value number, Value &batchHead) {
  Value tilesOfSection = b.mul(args.numRowTiles, schedule.sectionHeads);
  Value firstHead = b.mul(b.div(number, tilesOfSection), schedule.sectionHeads);
  Value rest = b.rem(number, tilesOfSection);
  Value sectionHeads =
      b.min(b.sub(args.numBatchHeads, firstHead), b.i32(schedule.sectionHeads));
  Value rowTile = b.div(rest, sectionHeads);
  batchHead = b.add(firstHead, b.rem(rest, sectionHeads));
  return structure ? b.sub(b.add(args.numRowTiles, -1), rowTile) : rowTile;
}

KernelEmitter::Tile KernelEmitter::emitTile(Value number, Value sequence) {
  Value batchHead;
  Value rowTile = emitRowTile(number, batchHead);
  Tile tile = emitPlace(rowTile, batchHead, sequence);
  if (args.documentRanges)
    emitDocumentRange(tile, getRange(b.div(batchHead, args.numHeads), rowTile));
  emitKeyBlocks(tile);
  return tile;
}

/// Where a row of tiles of a head is.
KernelEmitter::Tile KernelEmitter::emitPlace(Value rowTile, Value batchHead,
                                             Value sequence) {
  Tile tile;
  tile.head = b.rem(batchHead, args.numHeads);
  tile.keyHead = b.div(tile.head, args.headsPerKeyHead);
  Value rest = b.div(batchHead, args.numHeads);
  tile.batch.resize(args.batchSizes.size());
  for (int64_t d = tile.batch.size() - 1; d >= 0; --d) {
    tile.batch[d] = d == 0 ? rest : b.rem(rest, args.batchSizes[d]);
    if (d > 0)
      rest = b.div(rest, args.batchSizes[d]);
  }
  tile.numKeys = args.numKeys;
  tile.numQueries = args.numQueries;
  if (op.isRagged())
    rowTile =
        emitSequence(tile, rowTile, sequence ? sequence : emitSearch(rowTile));
  tile.firstQuery = b.mul(rowTile, schedule.getTileQueries());
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

/// The keys that queries [first, last] of a tile need, of type index.
KeyIntervalValues KernelEmitter::emitNeededKeys(const Tile &tile, Value first,
                                                Value last) {
  KeyIntervalValues needed = buildNeededKeys(
      structure, b, b.getLoc(), b.toIndex(first), b.toIndex(last),
      b.toIndex(tile.numQueries), b.toIndex(tile.numKeys));
  if (tile.documentBegin) {
    needed.begin = b.max(needed.begin, b.toIndex(tile.documentBegin));
    needed.end = b.min(needed.end, b.toIndex(tile.documentEnd));
  }
  return needed;
}

void KernelEmitter::emitKeyBlocks(Tile &tile) {
  Value behind =
      b.min(b.add(tile.firstQuery, schedule.getTileQueries()), tile.numQueries);
  KeyIntervalValues needed =
      emitNeededKeys(tile, tile.firstQuery, b.add(behind, -1));
  Value begin = b.toI32(needed.begin), end = b.toI32(needed.end);
  if (tile.sequence)
    end = b.select(
        b.compare(arith::CmpIPredicate::slt, tile.firstQuery, tile.numQueries),
        end, begin);
  tile.begin = b.div(begin, b.i32(blockKeys));
  tile.end = b.select(b.compare(arith::CmpIPredicate::slt, begin, end),
                      b.ceilDiv(end, blockKeys), tile.begin);
  if (warpgroup)
    emitOwnBlocks(tile);
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
  KeyIntervalValues needed = emitNeededKeys(tile, firstRow, last);
  tile.ownBegin = tile.begin;
  tile.ownEnd = tile.end;
  if (skipsBlocks()) {
    Value begin = b.toI32(needed.begin), end = b.toI32(needed.end);
    Value isAny = b.compare(arith::CmpIPredicate::slt, begin, end);
    isAny = arith::AndIOp::create(
        b, isAny,
        b.compare(arith::CmpIPredicate::slt, firstRow, tile.numQueries));
    tile.ownBegin = b.select(isAny, b.div(begin, b.i32(blockKeys)), tile.begin);
    tile.ownEnd = b.select(isAny, b.ceilDiv(end, blockKeys), tile.begin);
  }
  if (isAlwaysMasked()) {
    tile.fullBegin = tile.fullEnd = tile.ownBegin;
    return;
  }
  KeyIntervalValues full = buildFullKeys(
      structure, b, b.getLoc(), b.toIndex(firstRow), b.toIndex(last),
      b.toIndex(tile.numQueries), b.toIndex(tile.numKeys), needed,
      /*sameDocument=*/bool(tile.documentBegin));
  if (tile.documentBegin)
    full.end = b.min(full.end, b.toIndex(tile.fullDocumentEnd));
  tile.fullBegin =
      b.min(b.ceilDiv(b.toI32(full.begin), blockKeys), tile.ownEnd);
  tile.fullEnd =
      b.max(b.div(b.toI32(full.end), b.i32(blockKeys)), tile.fullBegin);
}

//===----------------------------------------------------------------------===//
// Producer
//===----------------------------------------------------------------------===//

/// Where a box is in a map, whose dimensions are those of the memref from the
/// last to the first. A dimension of size one broadcasts.
SmallVector<Value> KernelEmitter::getCoordinates(Value operand, Value column,
                                                 Value row, Value head,
                                                 ArrayRef<Value> batch) {
  ArrayRef<int64_t> shape = cast<ShapedType>(operand.getType()).getShape();
  SmallVector<Value> coordinates{column, row};
  if (shape.size() > 2)
    coordinates.push_back(head);
  for (int64_t d = batch.size() - 1; d >= 0; --d)
    coordinates.push_back(shape[d] == 1 ? b.i32(0) : batch[d]);
  return coordinates;
}

void KernelEmitter::emitLoad(Value map, Value operand, const Tile &tile,
                             Value row, Value head, Value slabs,
                             Value firstSlab, int64_t numSlabs, Value pipe,
                             Value slot, Eviction eviction) {
  for (int64_t s = 0; s < numSlabs; ++s) {
    Value slab = SliceOp::create(b, slabs, b.add(firstSlab, s));
    TmaLoadOp::create(
        b, map,
        getCoordinates(operand, b.i32(s * kSlabColumns), row, head, tile.batch),
        slab, pipe, slot, eviction);
  }
}

void KernelEmitter::emitQueryAcquire(Value slot) {
  AcquireOp::create(b, queryPipe, slot, /*last_held=*/releasesLate());
}

void KernelEmitter::emitQueryLoad(const Tile &tile, Value slot) {
  int64_t numSlabs = schedule.paddedDim / kSlabColumns;
  int64_t tileSlabs =
      std::max(schedule.paddedDim, schedule.paddedValueDim) / kSlabColumns;
  emitQueryAcquire(slot);
  ExpectOp::create(
      b, queryPipe, slot,
      b.getI64IntegerAttr(schedule.getTileQueries() * schedule.paddedDim * 2));
  Value stage = SlotIndexOp::create(b, slot);
  for (int64_t w = 0; w < schedule.consumers; ++w) {
    Value first = b.mul(b.add(b.mul(stage, schedule.consumers), w), tileSlabs);
    emitLoad(args.queryMap, op.getQuery(), tile,
             getQueryRow(tile, b.add(tile.firstQuery, w * kRows)), tile.head,
             querySlabs, first, numSlabs, queryPipe, slot, Eviction::First);
  }
}

void KernelEmitter::emitKeyLoad(const Tile &tile, Value block, Value slot) {
  int64_t numSlabs = schedule.paddedDim / kSlabColumns;
  AcquireOp::create(b, keyPipe, slot, /*last_held=*/false);
  ExpectOp::create(b, keyPipe, slot,
                   b.getI64IntegerAttr(schedule.keyTileBytes));
  Value first = b.mul(SlotIndexOp::create(b, slot), numSlabs);
  emitLoad(args.keyMap, op.getKey(), tile,
           getKeyRow(tile, b.mul(block, blockKeys)), tile.keyHead, keySlabs,
           first, numSlabs, keyPipe, slot, Eviction::Last);
}

void KernelEmitter::emitValueLoad(const Tile &tile, Value block, Value slot) {
  int64_t numSlabs = schedule.paddedValueDim / kSlabColumns;
  AcquireOp::create(b, valuePipe, slot, /*last_held=*/false);
  ExpectOp::create(b, valuePipe, slot,
                   b.getI64IntegerAttr(schedule.valueTileBytes));
  Value first = b.mul(SlotIndexOp::create(b, slot), numSlabs);
  emitLoad(args.valueMap, op.getValue(), tile,
           getKeyRow(tile, b.mul(block, blockKeys)), tile.keyHead, valueSlabs,
           first, numSlabs, valuePipe, slot, Eviction::Last);
}

/// Blocks go from the last to the first, and a block's keys before the values
/// of the block behind it: the order in which consumers need them. Returns the
/// next slots of blocks and queries.
SmallVector<Value> KernelEmitter::emitTileLoads(const TileNumber &number,
                                                Value slot, Value querySlot,
                                                bool isCareful) {
  Tile tile = emitTile(number[0], op.isRagged() ? number[1] : Value());
  if (isCareful)
    widen(tile, Value());
  Value lastBlock = b.add(tile.end, -1);
  Value isNonempty = b.compare(arith::CmpIPredicate::slt, tile.begin, tile.end);
  auto emitFirst = [&] { emitKeyLoad(tile, lastBlock, slot); };
  auto emitOthers = [&] {
    Value numBlocks = b.sub(tile.end, tile.begin);
    Value lastSlot =
        b.forLoop(b.i32(1), numBlocks, slot,
                  [&](Value j, ValueRange carried) -> SmallVector<Value> {
                    Value previous = carried.front();
                    Value current = NextSlotOp::create(b, previous);
                    Value block = b.sub(lastBlock, j);
                    emitKeyLoad(tile, block, current);
                    emitValueLoad(tile, b.add(block, 1), previous);
                    return {current};
                  })
            .front();
    emitValueLoad(tile, tile.begin, lastSlot);
    return SmallVector<Value>{NextSlotOp::create(b, lastSlot)};
  };
  if (mayBeEmpty()) {
    b.ifThen(isNonempty, emitFirst);
    emitQueryLoad(tile, querySlot);
    slot = b.ifThenElse(isNonempty, emitOthers, [&] {
              return SmallVector<Value>{slot};
            }).front();
  } else {
    emitFirst();
    emitQueryLoad(tile, querySlot);
    slot = emitOthers().front();
  }
  return {slot, NextSlotOp::create(b, querySlot)};
}

/// The sequence of a tile is searched once, by the producer, but for those that
/// it does not hand out by number.
KernelEmitter::TileNumber KernelEmitter::getTileNumber(Value number) {
  if (!op.isRagged())
    return {number};
  Value batchHead;
  return {number, emitSearch(emitRowTile(number, batchHead))};
}

/// The next tile of this block; of a ragged batch one that is not empty.
KernelEmitter::TileNumber KernelEmitter::emitClaim() {
  if (!op.isRagged())
    return {ClaimTileOp::create(b, args.scratch)};
  auto claim = [&]() -> SmallVector<Value> {
    Value number = ClaimTileOp::create(b, args.scratch);
    Value batchHead, rowTile = emitRowTile(number, batchHead);
    Value sequence = emitSearch(rowTile);
    Tile tile;
    rowTile = emitSequence(tile, rowTile, sequence);
    using P = arith::CmpIPredicate;
    Value isEmpty = b.compare(P::sge, b.mul(rowTile, schedule.getTileQueries()),
                              tile.numQueries);
    Value isTile = b.compare(P::slt, number, args.numTiles);
    Value goesOn = arith::AndIOp::create(b, isEmpty, isTile);
    return {b.select(goesOn, b.i32(0), b.i32(-1)), number, sequence};
  };
  SmallVector<Value> state =
      b.whileNotNegative(claim(), [&](ValueRange) { return claim(); });
  return {state[1], state[2]};
}

void KernelEmitter::emitProducer() {
  auto firstSlot = [&](int64_t depth) -> Value {
    return FirstSlotOp::create(b, SlotType::get(b.getContext(), depth));
  };
  auto send = [&](Value message, TileNumber number, Value tileSlot) -> Value {
    number[0] = message;
    AcquireOp::create(b, tilePipe, tileSlot, /*last_held=*/false);
    SendOp::create(b, number, tilePipe, tileSlot);
    return NextSlotOp::create(b, tileSlot);
  };
  Value end = b.i32(-1);
  TileNumber first = getTileNumber(b.blockId());
  // The number of a tile, slots of blocks, queries and messages, and the rest
  // of the number.
  SmallVector<Value> state{first[0], firstSlot(schedule.stages),
                           firstSlot(schedule.queryStages), firstSlot(1)};
  state.append(first.begin() + 1, first.end());
  state = b.whileNotNegative(state, [&](ValueRange carried) {
    TileNumber number{carried[0]};
    llvm::append_range(number, carried.drop_front(4));
    TileNumber claimed = emitClaim();
    Value isTile =
        b.compare(arith::CmpIPredicate::slt, claimed[0], args.numTiles);
    SmallVector<Value> slots =
        emitTileLoads(number, carried[1], carried[2], /*isCareful=*/false);
    Value message = b.select(isTile, claimed[0], b.i32(kDrain));
    SmallVector<Value> next{b.select(isTile, claimed[0], end), slots[0],
                            slots[1], send(message, claimed, carried[3])};
    next.append(claimed.begin() + 1, claimed.end());
    return next;
  });
  // The drain message has a slot of queries, too, so that consumers release one
  // with each message.
  emitQueryAcquire(state[2]);
  ExpectOp::create(b, queryPipe, state[2], b.getI64IntegerAttr(0));
  state[2] = NextSlotOp::create(b, state[2]);
  // Consumers have read the drain message once its slot is empty: what they
  // deferred is on the list.
  AcquireOp::create(b, tilePipe, state[3], /*last_held=*/false);
  state.resize(4);
  state[0] = TakeDeferredOp::create(b, deferred);
  state = b.whileNotNegative(state, [&](ValueRange carried) {
    TileNumber number = getTileNumber(carried[0]);
    Value tileSlot = send(b.add(number[0], kCareful), number, carried[3]);
    SmallVector<Value> slots =
        emitTileLoads(number, carried[1], carried[2], /*isCareful=*/true);
    Value next = TakeDeferredOp::create(b, deferred);
    return SmallVector<Value>{next, slots[0], slots[1], tileSlot};
  });
  TileNumber none(first.size(), end);
  send(end, none, state[3]);
}
