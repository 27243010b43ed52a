//===- KernelEmitter.cpp - Memory and the producer ------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
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

bool KernelEmitter::hasOneRightBlock() {
  // Rows [r, r + 64), r a multiple of 64, keep keys up to r + c to r + 63 + c.
  // If c and blocks are multiples of 64, these are in one block, and those
  // before it are whole.
  if (blockKeys % kRows != 0)
    return false;
  if (auto causal = dyn_cast_if_present<CausalAttr>(structure))
    return causal.getAlignment() == Alignment::TopLeft;
  auto window = dyn_cast_if_present<WindowAttr>(structure);
  return window && window.getAlignment() == Alignment::TopLeft &&
         (window.getRight() == -1 || window.getRight() % kRows == 0);
}

bool KernelEmitter::mayBeEmpty() {
  return structure || schedule.splitsKeys ||
         ShapedType::isDynamic(op.getUsedKeys()) || op.getNumKeys() == 0;
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
  auto pipe = [&](int64_t offset, int64_t depth, int64_t consumers,
                  int64_t words = 0) -> Value {
    return PipeOp::create(b, PipeType::get(b.getContext(), depth, words),
                          b.getI64IntegerAttr(offset), b.getI64IntegerAttr(1),
                          b.getI64IntegerAttr(consumers));
  };
  queryPipe =
      pipe(schedule.getQueryPipe(), schedule.queryStages, schedule.consumers);
  keyPipe = pipe(schedule.getKeyPipe(), schedule.stages, schedule.consumers);
  valuePipe =
      pipe(schedule.getValuePipe(), schedule.stages, schedule.consumers);
  tilePipe = pipe(schedule.getTilePipe(), schedule.kMessages,
                  128 * schedule.consumers, PipeType::kMaxWords);
  deferred = LLVM::GEPOp::create(b, args.scratch.getType(), b.getI32Type(),
                                 args.scratch, LLVM::GEPArg(1));
  InitPipesOp::create(b, ValueRange{queryPipe, keyPipe, valuePipe, tilePipe});
}

void KernelEmitter::emit() {
  if (args.documentRanges && schedule.overlapsLaunches)
    AwaitPrerequisitesOp::create(b);
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
  int64_t rowBytes = schedule.paddedDim * 2;
  bool packs = schedule.packsHeads;
  if (packs)
    ExpectOp::create(b, queryPipe, slot,
                     b.getI64IntegerAttr(schedule.consumers * rowBytes),
                     b.mul(args.headsPerConsumer, args.queriesPerHead));
  else
    ExpectOp::create(b, queryPipe, slot,
                     b.getI64IntegerAttr(schedule.getTileRows() * rowBytes),
                     Value());
  Value stage = SlotIndexOp::create(b, slot);
  for (int64_t w = 0; w < schedule.consumers; ++w) {
    Value first = b.mul(b.add(b.mul(stage, schedule.consumers), w), tileSlabs);
    Value query = packs ? tile.firstQuery : b.add(tile.firstQuery, w * kRows);
    // Heads behind the last one of the group are loaded, too, or zeros.
    Value head = packs && w > 0
                     ? b.add(tile.head, b.mul(args.headsPerConsumer, w))
                     : tile.head;
    emitLoad(args.queryMap, op.getQuery(), tile, getQueryRow(tile, query), head,
             querySlabs, first, numSlabs, queryPipe, slot, Eviction::First);
  }
}

void KernelEmitter::emitKeyLoad(const Tile &tile, Value block, Value slot) {
  int64_t numSlabs = schedule.paddedDim / kSlabColumns;
  AcquireOp::create(b, keyPipe, slot, /*last_held=*/false);
  ExpectOp::create(b, keyPipe, slot, b.getI64IntegerAttr(schedule.keyTileBytes),
                   Value());
  Value first = b.mul(SlotIndexOp::create(b, slot), numSlabs);
  emitLoad(args.keyMap, op.getKey(), tile,
           getKeyRow(tile, b.mul(block, blockKeys)), tile.keyHead, keySlabs,
           first, numSlabs, keyPipe, slot, getKeyEviction());
}

void KernelEmitter::emitValueLoad(const Tile &tile, Value block, Value slot) {
  int64_t numSlabs = schedule.paddedValueDim / kSlabColumns;
  AcquireOp::create(b, valuePipe, slot, /*last_held=*/false);
  ExpectOp::create(b, valuePipe, slot,
                   b.getI64IntegerAttr(schedule.valueTileBytes), Value());
  Value first = b.mul(SlotIndexOp::create(b, slot), numSlabs);
  emitLoad(args.valueMap, op.getValue(), tile,
           getKeyRow(tile, b.mul(block, blockKeys)), tile.keyHead, valueSlabs,
           first, numSlabs, valuePipe, slot, getKeyEviction());
}

/// Blocks go from the last to the first, and a block's keys before the values
/// of the block behind it: the order in which consumers need them. What is to
/// be done before the last copy, which waits long for its slot, is done by
/// `emitBetween`; the queries come behind the first keys by `emitQueries`, if
/// they have not come before. Returns the next slot of blocks.
Value KernelEmitter::emitTileLoads(const Tile &tile, Value slot,
                                   function_ref<void()> emitQueries,
                                   function_ref<void()> emitBetween) {
  Value lastBlock = b.add(tile.end, -1);
  Value isNonempty = b.compare(arith::CmpIPredicate::slt, tile.begin, tile.end);
  auto emitFirst = [&] { emitKeyLoad(tile, lastBlock, slot); };
  auto emitOthers = [&] {
    Value numBlocks = b.sub(tile.end, tile.begin);
    return b.forLoop(b.i32(1), numBlocks, slot,
                     [&](Value j, ValueRange carried) -> SmallVector<Value> {
                       Value previous = carried.front();
                       Value current = NextSlotOp::create(b, previous);
                       Value block = b.sub(lastBlock, j);
                       emitKeyLoad(tile, block, current);
                       emitValueLoad(tile, b.add(block, 1), previous);
                       return {current};
                     });
  };
  auto emitLast = [&] {
    emitValueLoad(tile, tile.begin, slot);
    return SmallVector<Value>{NextSlotOp::create(b, slot)};
  };
  if (mayBeEmpty()) {
    auto emitNone = [&] { return SmallVector<Value>{slot}; };
    b.ifThen(isNonempty, emitFirst);
    emitQueries();
    slot = b.ifThenElse(isNonempty, emitOthers, emitNone).front();
    emitBetween();
    slot = b.ifThenElse(isNonempty, emitLast, emitNone).front();
  } else {
    emitFirst();
    emitQueries();
    slot = emitOthers().front();
    emitBetween();
    slot = emitLast().front();
  }
  return slot;
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
  auto sendMessage = [&](const Message &message, Value tileSlot) -> Value {
    AcquireOp::create(b, tilePipe, tileSlot, /*last_held=*/false);
    SendOp::create(b, message, tilePipe, tileSlot);
    return NextSlotOp::create(b, tileSlot);
  };
  auto send = [&](Value number, const Tile &tile, Value tileSlot) -> Value {
    return sendMessage(getMessage(number, tile), tileSlot);
  };
  Value end = b.i32(-1);
  TileNumber first = getTileNumber(b.blockId());
  Tile tile = emitTile(first);
  Value firstMessage = send(first[0], tile, firstSlot(schedule.kMessages));
  bool isEarly = loadsQueriesEarly();
  if (isEarly)
    emitQueryLoad(tile, firstSlot(schedule.queryStages));
  // The number of a tile, slots of blocks, queries and messages, and the tile.
  SmallVector<Value> state{first[0], firstSlot(schedule.stages),
                           firstSlot(schedule.queryStages), firstMessage};
  llvm::append_range(state, tile.getValues());
  state = b.whileNotNegative(state, [&](ValueRange carried) {
    TileNumber claimed = emitClaim();
    Value isTile =
        b.compare(arith::CmpIPredicate::slt, claimed[0], args.numTiles);
    Value message = b.select(isTile, claimed[0], b.i32(kDrain));
    Tile current = tile.getWith(carried.drop_front(4)), nextTile;
    Value querySlot = carried[2],
          nextQuerySlot = NextSlotOp::create(b, querySlot);
    // Memory of queries may come free with the first product of this tile only,
    // and the values of a single block must not wait for that.
    Value numBlocks = b.sub(current.end, current.begin);
    auto emitNextQueries = [&](arith::CmpIPredicate ifBlocks) {
      if (!isEarly)
        return;
      Value isHere = b.compare(ifBlocks, numBlocks, b.i32(1));
      b.ifThen(arith::AndIOp::create(b, isTile, isHere),
               [&] { emitQueryLoad(nextTile, nextQuerySlot); });
    };
    Value slot = emitTileLoads(
        current, carried[1],
        [&] {
          if (!isEarly)
            emitQueryLoad(current, querySlot);
        },
        [&] {
          nextTile = emitTileOrAny(claimed);
          emitNextQueries(arith::CmpIPredicate::sgt);
        });
    emitNextQueries(arith::CmpIPredicate::sle);
    Value tileSlot = send(message, nextTile, carried[3]);
    SmallVector<Value> next{b.select(isTile, claimed[0], end), slot,
                            nextQuerySlot, tileSlot};
    llvm::append_range(next, nextTile.getValues());
    return next;
  });
  // The drain message has a slot of queries, too, so that consumers release one
  // with each message.
  emitQueryAcquire(state[2]);
  ExpectOp::create(b, queryPipe, state[2], b.getI64IntegerAttr(0), Value());
  state[2] = NextSlotOp::create(b, state[2]);
  // Once the slot of the message before this one is empty, consumers are done
  // with the last tile: what they deferred is on the list.
  AcquireOp::create(b, tilePipe, state[3], /*last_held=*/false);
  state[0] = TakeDeferredOp::create(b, deferred);
  state.resize(4);
  state = b.whileNotNegative(state, [&](ValueRange carried) {
    TileNumber number = getTileNumber(carried[0]);
    Tile tile = emitTile(number);
    widen(tile, Value());
    Value tileSlot = send(b.add(number[0], kCareful), tile, carried[3]);
    Value slot = emitTileLoads(
        tile, carried[1], [&] { emitQueryLoad(tile, carried[2]); }, [] {});
    Value next = TakeDeferredOp::create(b, deferred);
    return SmallVector<Value>{next, slot, NextSlotOp::create(b, carried[2]),
                              tileSlot};
  });
  // Of the end nothing but the first word is looked at; those of a tile would
  // be held in registers until then.
  sendMessage(Message(getNumWords(), end), state[3]);
}
