//===- ConsumerEmitter.cpp - The schedule of a consumer -------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLog2e = 1.44269504088896340736;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value KernelEmitter::getTileOfSlot(Value ring, Value slot) {
  return SliceOp::create(b, ring, SlotIndexOp::create(b, slot));
}

Value KernelEmitter::emitLogitProduct(Value queries, Value tile,
                                      int64_t columns) {
  auto type = InFlightType::get(b.getContext(), columns, b.getF32Type());
  return WgmmaOp::create(b, type, queries, tile, Value(), Value(),
                         /*values=*/false,
                         b.getI64IntegerAttr(llvm::alignTo(headDim, 16)));
}

Value KernelEmitter::emitOutputProduct(Value probabilities, Value tile,
                                       Value output, Value adds) {
  auto type = InFlightType::get(b.getContext(), valueDim, b.getF32Type());
  return WgmmaOp::create(b, type, probabilities, tile, output, adds,
                         /*values=*/true, IntegerAttr());
}

Value KernelEmitter::pack(Value fragment) {
  auto type = cast<FragmentType>(fragment.getType());
  return PackOp::create(b, b.fragment(type.getColumns(), elementType),
                        fragment);
}

Value KernelEmitter::rescale(Value fragment, Value factor) {
  return b.map({fragment, factor}, fragment.getType(),
               [&](ValueRange x) { return b.mulf(x[0], x[1]); });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

Value KernelEmitter::getSafe(Value maximum) {
  Value isNone =
      b.compare(arith::CmpFPredicate::OEQ, maximum, b.f32(-kInfinity));
  return b.select(isNone, b.f32(0.0), maximum);
}

Value KernelEmitter::emitExp(Value difference) {
  return b.exp2(factor ? difference : b.mulf(difference, b.f32(kLog2e)));
}

/// The exponentials of logits less the maximum, given negated.
Value KernelEmitter::emitProbabilities(Value logits, Value negatedMaximum) {
  return b.map({logits, negatedMaximum}, logits.getType(), [&](ValueRange x) {
    return emitExp(factor ? b.fma(x[0], factor, x[1]) : b.addf(x[0], x[1]));
  });
}

Value KernelEmitter::emitBlockMaximum(Value logits, int64_t every) {
  Value partial = ReduceOp::create(b, Reduction::Max, logits, Value(), every);
  return CombineOp::create(b, Reduction::Max, partial);
}

/// The raised maximum, the factor for what came before, and the sum so far. The
/// lazy form (FlashAttention-4) keeps a maximum that the block exceeds by no
/// more than a factor of 2^8 in its exponentials, which f16 still holds.
KernelEmitter::Rows KernelEmitter::emitRows(Value logits, Value maximum,
                                            Value sum) {
  Type row = b.row(b.getF32Type());
  SmallVector<Type> types(4, row);
  if (isLazy())
    types.push_back(b.row(b.getI1Type()));
  SmallVector<Value> rows =
      b.map({emitBlockMaximum(logits), maximum, sum}, types, [&](ValueRange x) {
        Value raised = factor ? b.mulf(x[0], factor) : x[0];
        Value isRaised;
        if (isLazy()) {
          constexpr double kLazyBits = 8;
          Value kept =
              b.addf(x[1], b.f32(factor ? kLazyBits : kLazyBits / kLog2e));
          isRaised = b.compare(arith::CmpFPredicate::OGT, raised, kept);
          raised = b.select(isRaised, raised, x[1]);
        } else {
          raised = arith::MaxNumFOp::create(b, raised, x[1]);
        }
        Value safe = getSafe(raised);
        Value alpha = emitExp(b.subf(x[1], safe));
        SmallVector<Value> results{raised, arith::NegFOp::create(b, safe),
                                   alpha, b.mulf(x[2], alpha)};
        if (isLazy())
          results.push_back(isRaised);
        return results;
      });
  return {rows[0], rows[1], rows[2], rows[3], isLazy() ? rows[4] : Value()};
}

/// What is left of the output so far. The lazy form has nothing to do as long
/// as no row of the warp has a new maximum.
Value KernelEmitter::emitRescaledOutput(Value output, const Rows &rows) {
  if (!rows.isRaised)
    return rescale(output, rows.alpha);
  return b
      .ifThenElse(
          AnyOp::create(b, rows.isRaised),
          [&] { return SmallVector<Value>{rescale(output, rows.alpha)}; },
          [&] { return SmallVector<Value>{output}; })
      .front();
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

KernelEmitter::State KernelEmitter::emitFirstBlock(const Tile &tile,
                                                   Value queries, Value slot,
                                                   Value querySlot) {
  State state;
  state.slot = slot;
  Value initial = b.f32(0.0);
  if (beginsUnwritten())
    initial = LLVM::UndefOp::create(b, b.getF32Type());
  state.output =
      SplatOp::create(b, b.fragment(valueDim, b.getF32Type()), initial);
  Value block = b.add(tile.ownEnd, -1);
  Value firstKey = b.mul(block, blockKeys);
  Value neededKeys = b.sub(tile.ownKeyEnd, firstKey);
  auto emitColumns = [&](int64_t columns) -> SmallVector<Value> {
    // In each branch: the fence of a product must not be what both begin with,
    // for LLVM puts that before them, where ptxas does not count it.
    AwaitOp::create(b, keyPipe, slot);
    Value product =
        emitLogitProduct(queries, getTileOfSlot(keys, slot), columns);
    Value logits = WaitOp::create(b, 0, product).getResult(0);
    ReleaseOp::create(b, keyPipe, slot, /*each_thread=*/false);
    emitStoredRelease(querySlot);
    if (mayLackKeys()) {
      // Nothing else goes on in this consumer, and most often none is missing.
      Value lacksKeys =
          b.compare(arith::CmpIPredicate::slt, neededKeys, b.i32(blockKeys));
      auto emitMasked = [&]() -> SmallVector<Value> {
        return {emitLogits(tile, logits, firstKey, /*masked=*/true)};
      };
      logits = b.ifThenElse(lacksKeys, emitMasked, [&] {
                  return SmallVector<Value>{logits};
                }).front();
    } else {
      logits = emitLogits(tile, logits, firstKey, isEverMasked());
    }
    Type row = b.row(b.getF32Type());
    SmallVector<Value> rows = b.map(
        emitBlockMaximum(logits, getSampling()), {row, row}, [&](ValueRange x) {
          Value maximum = factor ? b.mulf(x[0], factor) : x[0];
          Value safe = getSafe(maximum);
          Value negated = arith::NegFOp::create(b, safe);
          return SmallVector<Value>{isOptimistic() ? safe : maximum, negated};
        });
    Value probabilities = emitProbabilities(logits, rows[1]);
    Value sum = ReduceOp::create(b, Reduction::Add, probabilities, Value());
    Value packed =
        PackOp::create(b, b.fragment(blockKeys, elementType), probabilities);
    return {packed, rows[0], sum};
  };
  SmallVector<Value> results;
  if (schedule.narrowKeys == blockKeys) {
    results = emitColumns(blockKeys);
  } else {
    // Nothing else goes on in this consumer, so that half is half the time.
    Value isNarrow = b.compare(arith::CmpIPredicate::sle, neededKeys,
                               b.i32(schedule.narrowKeys));
    results = b.ifThenElse(
        isNarrow, [&] { return emitColumns(schedule.narrowKeys); },
        [&] { return emitColumns(blockKeys); });
  }
  state.probabilities = results[0];
  state.maximum = results[1];
  state.sum = results[2];
  return state;
}

KernelEmitter::State KernelEmitter::emitStep(const Tile &tile, Value queries,
                                             State state, Value block,
                                             Value adds, bool masked) {
  State next;
  next.slot = NextSlotOp::create(b, state.slot);
  AwaitOp::create(b, keyPipe, next.slot);
  if (schedule.takesTurns)
    TurnBeginOp::create(b, warpgroup, schedule.consumers);
  Value logitProduct =
      emitLogitProduct(queries, getTileOfSlot(keys, next.slot), blockKeys);
  AwaitOp::create(b, valuePipe, state.slot);
  Value outputProduct =
      emitOutputProduct(state.probabilities, getTileOfSlot(values, state.slot),
                        state.output, adds);
  if (schedule.takesTurns)
    TurnEndOp::create(b, warpgroup, schedule.consumers);
  Value logits = WaitOp::create(b, 1, logitProduct).getResult(0);
  ReleaseOp::create(b, keyPipe, next.slot, /*each_thread=*/false);
  logits = emitLogits(tile, logits, b.mul(block, blockKeys), masked);

  Rows rows;
  if (isOptimistic()) {
    rows.maximum = state.maximum;
    rows.sum = state.sum;
    rows.negatedMaximum =
        b.map(state.maximum, b.row(b.getF32Type()), [&](ValueRange x) -> Value {
          return arith::NegFOp::create(b, x[0]);
        });
  } else {
    rows = emitRows(logits, state.maximum, state.sum);
  }
  next.maximum = rows.maximum;
  Value probabilities = emitProbabilities(logits, rows.negatedMaximum);
  next.sum = ReduceOp::create(b, Reduction::Add, probabilities, rows.sum);
  SchedFenceOp::create(b, next.sum);
  next.output = WaitOp::create(b, 0, outputProduct).getResult(0);
  ReleaseOp::create(b, valuePipe, state.slot, /*each_thread=*/false);
  next.probabilities = pack(probabilities);
  if (rows.alpha)
    next.output = emitRescaledOutput(next.output, rows);
  return next;
}

/// All blocks of a consumer, from the last to the first: some with mask code,
/// those that need none, and those at the other edge of a window.
KernelEmitter::State KernelEmitter::emitBlocks(const Tile &tile, Value queries,
                                               Value slot, Value querySlot) {
  if (schedule.holdsQueries) {
    Type type = b.fragment(llvm::alignTo(headDim, 16), elementType);
    queries = LoadMatrixOp::create(b, type, queries);
  }
  State state = emitFirstBlock(tile, queries, slot, querySlot);
  using P = arith::CmpIPredicate;
  Value last = b.add(tile.ownEnd, -1), one = b.i32(1);
  // Whether there is an output that a product is added to.
  auto isBehindFirst = [&](Value j) {
    return beginsUnwritten() ? b.compare(P::ne, j, one) : Value();
  };
  auto emitLoop = [&](Value begin, Value end, bool masked) {
    state = State::get(b.forLoop(
        begin, end, state.getValues(), [&](Value j, ValueRange carried) {
          return emitStep(tile, queries, State::get(carried), b.sub(last, j),
                          isBehindFirst(j), masked)
              .getValues();
        }));
  };
  Value numBlocks = b.sub(tile.ownEnd, tile.ownBegin);
  if (isAlwaysMasked()) {
    emitLoop(one, numBlocks, /*masked=*/true);
  } else if (!structure) {
    // Only the last block, which came first, may be partial.
    emitLoop(one, numBlocks, /*masked=*/false);
  } else {
    bool hasRightLoop = !hasOneRightBlock();
    Value right =
        hasRightLoop ? b.max(one, b.sub(tile.ownEnd, tile.fullEnd)) : one;
    Value full = b.max(right, b.sub(tile.ownEnd, tile.fullBegin));
    if (hasRightLoop)
      emitLoop(one, right, /*masked=*/true);
    emitLoop(right, full, /*masked=*/false);
    if (hasLeftEdge())
      emitLoop(full, numBlocks, /*masked=*/true);
  }
  emitQueryRelease(querySlot);
  AwaitOp::create(b, valuePipe, state.slot);
  Value product =
      emitOutputProduct(state.probabilities, getTileOfSlot(values, state.slot),
                        state.output, isBehindFirst(numBlocks));
  state.output = WaitOp::create(b, 0, product).getResult(0);
  ReleaseOp::create(b, valuePipe, state.slot, /*each_thread=*/false);
  state.slot = NextSlotOp::create(b, state.slot);
  return state;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Waits for the copy of the last output, now that there is something to do
/// meanwhile, and gives its memory back to the producer. Before the first tile
/// that is memory which the producer takes for held.
void KernelEmitter::emitStoredRelease(Value querySlot) {
  if (!releasesLate())
    return;
  Value stored = NextSlotOp::create(b, querySlot);
  b.elect([&] {
    TmaStoreWaitOp::create(b);
    ReleaseOp::create(b, queryPipe, stored, /*each_thread=*/true);
  });
}

/// Gives the memory of queries back once all products of them are done, if
/// nothing else will be in it: the next ones come while this tile ends.
void KernelEmitter::emitQueryRelease(Value querySlot) {
  if (schedule.storesOutput)
    ReleaseOp::create(b, queryPipe, querySlot, /*each_thread=*/false);
}

/// Gives back what was awaited and not multiplied. No product brings the warps
/// of this consumer together then, and one must not give back what another has
/// not seen: a barrier that is a phase further when it is tested seems not to
/// have come so far.
void KernelEmitter::emitUnreadRelease(Value pipe, Value slot) {
  SyncWarpgroupOp::create(b, warpgroup);
  ReleaseOp::create(b, pipe, slot, /*each_thread=*/false);
}

/// Lets blocks [begin, end) of a tile go by, the last first, that other
/// consumers need: their slots, and their turns. The first block of a consumer
/// has no turn; one that skips them all (before its own, then) has as many as
/// the others.
Value KernelEmitter::emitSkippedBlocks(const Tile &tile, Value begin, Value end,
                                       Value slot, bool isBehind) {
  return b
      .forLoop(b.i32(0), b.sub(end, begin), slot,
               [&](Value j, ValueRange carried) -> SmallVector<Value> {
                 Value current = carried.front();
                 AwaitOp::create(b, keyPipe, current);
                 emitUnreadRelease(keyPipe, current);
                 if (schedule.takesTurns) {
                   auto emitTurn = [&] {
                     TurnBeginOp::create(b, warpgroup, schedule.consumers);
                     TurnEndOp::create(b, warpgroup, schedule.consumers);
                   };
                   Value block = b.sub(b.add(end, -1), j);
                   if (isBehind)
                     emitTurn();
                   else
                     b.ifThen(
                         b.compare(arith::CmpIPredicate::ne, block, tile.begin),
                         emitTurn);
                 }
                 AwaitOp::create(b, valuePipe, current);
                 emitUnreadRelease(valuePipe, current);
                 return {NextSlotOp::create(b, current)};
               })
      .front();
}

/// What a consumer has computed without any block; behind `emitStoredRelease`.
SmallVector<Value> KernelEmitter::emitNoBlocks(Value slot, Value querySlot) {
  if (schedule.storesOutput)
    emitUnreadRelease(queryPipe, querySlot);
  auto splat = [&](Type type, double value) -> Value {
    return SplatOp::create(b, type, b.f32(value));
  };
  Type f32 = b.getF32Type();
  return {splat(b.fragment(valueDim, f32), 0.0), splat(b.row(f32), -kInfinity),
          splat(b.row(f32), 0.0), slot};
}

/// The blocks of this consumer, and those of the tile that it does not need:
/// rows of one consumer see keys that those of another do not, or it has none.
SmallVector<Value> KernelEmitter::emitFastBlocks(const Tile &tile,
                                                 Value queries, Value slot,
                                                 Value querySlot) {
  if (!skipsBlocks())
    return emitBlocks(tile, queries, slot, querySlot).getResults();
  Value isNonempty =
      b.compare(arith::CmpIPredicate::slt, tile.ownBegin, tile.ownEnd);
  auto emitOwn = [&] {
    return emitBlocks(tile, queries, slot, querySlot).getResults();
  };
  if (hasIdleConsumers())
    return b.ifThenElse(isNonempty, emitOwn, [&] {
      emitStoredRelease(querySlot);
      slot = emitSkippedBlocks(tile, tile.begin, tile.end, slot,
                               /*isBehind=*/false);
      return emitNoBlocks(slot, querySlot);
    });
  // The producer waits for that before it loads the last values, which are
  // among those that are skipped.
  if (loadsQueriesEarly() && releasesLate())
    b.ifThen(b.compare(arith::CmpIPredicate::sge, tile.ownBegin, tile.ownEnd),
             [&] { emitStoredRelease(querySlot); });
  slot = emitSkippedBlocks(tile, tile.ownEnd, tile.end, slot,
                           /*isBehind=*/false);
  SmallVector<Value> results = b.ifThenElse(isNonempty, emitOwn, [&] {
    if (!loadsQueriesEarly())
      emitStoredRelease(querySlot);
    return emitNoBlocks(slot, querySlot);
  });
  if (hasLeftEdge())
    results[3] = emitSkippedBlocks(tile, tile.begin, tile.ownBegin, results[3],
                                   /*isBehind=*/true);
  return results;
}

KernelEmitter::Message KernelEmitter::emitReceive(Value tileSlot) {
  SmallVector<Type> words(getNumWords(), b.getI32Type());
  return Message(ReceiveOp::create(b, words, tilePipe, tileSlot).getResults());
}

/// Computes the tile of a message; returns the next slots of blocks and
/// queries.
SmallVector<Value> KernelEmitter::emitConsumerTile(ValueRange message,
                                                   Value tileSlot, Value slot,
                                                   Value querySlot) {
  Value isCareful =
      b.compare(arith::CmpIPredicate::sge, message[0], b.i32(kCareful));
  Tile tile = emitTileOfMessage(message);
  emitDocumentRows(tile);
  Value queryTile = SliceOp::create(
      b, queries,
      b.add(b.mul(SlotIndexOp::create(b, querySlot), schedule.consumers),
            warpgroup));
  AwaitOp::create(b, queryPipe, querySlot);
  auto emitAny = [&] {
    return b.ifThenElse(
        isCareful,
        [&] {
          emitStoredRelease(querySlot);
          State state = emitCarefulBlocks(tile, queryTile, slot);
          emitQueryRelease(querySlot);
          return state.getResults();
        },
        [&] { return emitFastBlocks(tile, queryTile, slot, querySlot); });
  };
  SmallVector<Value> results;
  if (mayBeEmpty()) {
    Value isNonempty =
        b.compare(arith::CmpIPredicate::slt, tile.begin, tile.end);
    results = b.ifThenElse(isNonempty, emitAny, [&] {
      emitStoredRelease(querySlot);
      return emitNoBlocks(slot, querySlot);
    });
  } else {
    results = emitAny();
  }
  State state;
  state.output = results[0];
  state.maximum = results[1];
  state.sum = CombineOp::create(b, Reduction::Add, results[2]);
  // What is read again has not been in registers meanwhile.
  Message again = emitReceive(tileSlot);
  tile = emitTileOfMessage(again);
  isCareful = b.compare(arith::CmpIPredicate::sge, again[0], b.i32(kCareful));
  Value number = b.select(isCareful, b.add(again[0], -kCareful), again[0]);
  emitDeferral(tile, number, isCareful, state);
  emitEpilogue(tile, state, querySlot);
  return {results[3], NextSlotOp::create(b, querySlot)};
}

void KernelEmitter::emitConsumer() {
  auto firstSlot = [&](int64_t depth) -> Value {
    return FirstSlotOp::create(b, SlotType::get(b.getContext(), depth));
  };
  if (schedule.takesTurns)
    TurnInitOp::create(b, warpgroup, schedule.consumers);
  size_t numWords = getNumWords();
  Value firstTile = firstSlot(schedule.kMessages);
  SmallVector<Value> inits = emitReceive(firstTile);
  inits.append(
      {firstSlot(schedule.stages), firstSlot(schedule.queryStages), firstTile});
  b.whileNotNegative(inits, [&](ValueRange carried) {
    ValueRange message = carried.take_front(numWords);
    Value slot = carried[numWords], querySlot = carried[numWords + 1],
          tileSlot = carried[numWords + 2];
    Value isTile =
        b.compare(arith::CmpIPredicate::ne, message[0], b.i32(kDrain));
    SmallVector<Value> slots = b.ifThenElse(
        isTile,
        [&] { return emitConsumerTile(message, tileSlot, slot, querySlot); },
        [&] {
          // The message has a slot of queries, though none come. It is awaited
          // as any other: a phase that nobody has seen must not be followed by
          // one.
          emitStoredRelease(querySlot);
          AwaitOp::create(b, queryPipe, querySlot);
          if (!releasesLate())
            emitUnreadRelease(queryPipe, querySlot);
          return SmallVector<Value>{slot, NextSlotOp::create(b, querySlot)};
        });
    ReleaseOp::create(b, tilePipe, tileSlot, /*each_thread=*/true);
    Value nextTile = NextSlotOp::create(b, tileSlot);
    SmallVector<Value> next = emitReceive(nextTile);
    next.append({slots[0], slots[1], nextTile});
    return next;
  });
  // Shared memory must outlive the last copy.
  if (releasesLate())
    b.elect([&] { TmaStoreWaitOp::create(b); });
}
