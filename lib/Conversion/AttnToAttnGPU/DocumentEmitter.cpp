//===- DocumentEmitter.cpp - Keys of a tile's documents -------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Which keys a tile needs under an `#attn.document` is known to the data alone.
// A small kernel looks at them before: for the queries of each consumer of a
// tile (on Ampere of all, which go through the same blocks) it finds the first
// and last key whose document lies between the least and the greatest of the
// queries. Where documents follow one another, as in packed sequences, that is
// all that is needed and no more; in any other order it is still right. If the
// queries have one document only, and all keys in between have it, they need no
// mask. If they have several, and those of the keys in between ascend, then
// each row has an interval of keys, which is searched for. Only in another
// order are documents compared pair by pair.
//
// A range is four words, raised by atomic operations from zero: the number of
// keys less the first, the last plus one, how many keys are of the documents,
// and in which order.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr int64_t kWarpSize = 32;

Value KernelEmitter::getRange(Value batch, Value rowTile) {
  Value number = b.add(b.mul(batch, args.numRowTiles), rowTile);
  return b.mul(number, schedule.getDocumentRanges() * kRangeWords);
}

static Value reduceOfWarp(DeviceBuilder &b, Value value,
                          gpu::AllReduceOperation kind) {
  return gpu::SubgroupReduceOp::create(b, value, kind, /*uniform=*/true);
}

static Value getWord(DeviceBuilder &b, Value memory, Value index) {
  return LLVM::GEPOp::create(b, memory.getType(), b.getI32Type(), memory,
                             LLVM::GEPArg(index));
}

/// Loads the ranges of a tile. In a message they have two words each, the
/// bounds, in whose sign bits is the order.
void KernelEmitter::emitDocumentRanges(Tile &tile, Value range) {
  Value sign = b.i32(31), one = b.i32(1);
  auto pack = [&](Value bound, Value bit) {
    tile.documentWords.push_back(
        arith::OrIOp::create(b, bound, arith::ShLIOp::create(b, bit, sign)));
  };
  for (int64_t r = 0; r < schedule.getDocumentRanges(); ++r) {
    SmallVector<Value> words;
    for (int64_t i = 0; i < kRangeWords; ++i)
      words.push_back(LLVM::LoadOp::create(
          b, b.getI32Type(),
          getWord(b, args.documentRanges, b.add(range, r * kRangeWords + i))));
    Value begin = b.sub(tile.numKeys, words[0]), end = words[1];
    Value isWhole =
        b.compare(arith::CmpIPredicate::eq, words[2], b.sub(end, begin));
    Value order = b.select(isWhole, words[3], b.i32(kAnyOrder));
    pack(begin, arith::AndIOp::create(b, order, one));
    pack(end, arith::ShRUIOp::create(b, order, one));
  }
}

static Value getBound(DeviceBuilder &b, Value word) {
  return arith::AndIOp::create(b, word,
                               b.i32(std::numeric_limits<int32_t>::max()));
}

/// The keys that may be of any document of the tile.
KernelEmitter::DocumentRange
KernelEmitter::getDocumentsOfTile(const Tile &tile) {
  if (tile.documentWords.empty())
    return {};
  ArrayRef<Value> words = tile.documentWords;
  Value begin = getBound(b, words[0]), end = getBound(b, words[1]);
  for (words = words.drop_front(2); !words.empty();
       words = words.drop_front(2)) {
    begin = b.min(begin, getBound(b, words[0]));
    end = b.max(end, getBound(b, words[1]));
  }
  return {begin, end, Value()};
}

/// Those of the documents of this consumer's rows.
KernelEmitter::DocumentRange
KernelEmitter::getDocumentsOfConsumer(const Tile &tile) {
  if (tile.documentWords.empty())
    return {};
  ArrayRef<Value> words = tile.documentWords;
  Value begin = words[0], end = words[1];
  for (int64_t r = 1; r < schedule.getDocumentRanges(); ++r) {
    Value isOther = b.compare(arith::CmpIPredicate::sge, warpgroup, b.i32(r));
    begin = b.select(isOther, words[2 * r], begin);
    end = b.select(isOther, words[2 * r + 1], end);
  }
  Value sign = b.i32(31);
  Value order = arith::OrIOp::create(
      b, arith::ShRUIOp::create(b, begin, sign),
      b.mul(arith::ShRUIOp::create(b, end, sign), b.i32(2)));
  return {getBound(b, begin), getBound(b, end), order};
}

/// Sets the interval of keys of each row of a consumer: where documents ascend
/// that of its own, by two searches, else that of them all.
void KernelEmitter::emitDocumentRows(Tile &tile) {
  if (!args.documentRanges)
    return;
  const DocumentRange &range = tile.documents;
  Type index = b.row(b.getI32Type());
  Type document = b.row(args.queryDocuments.elementType);
  Value documents = b.map(ValueRange(), document, [&](ValueRange x) -> Value {
    Value row = getQueryRow(tile, getQuery(tile, x[0], /*clamp=*/true));
    // The tile of a first sequence without queries has no row.
    if (tile.sequence)
      row = b.max(row, b.i32(0));
    return emitDocumentLoad(args.queryDocuments, tile, row);
  });
  Value first = SplatOp::create(b, index, range.begin);
  Value last = SplatOp::create(b, index, range.end);
  using P = arith::CmpIPredicate;
  Value isAscending = b.compare(P::eq, range.order, b.i32(kAscending));
  Value size = b.select(isAscending, b.sub(range.end, range.begin), b.i32(0));
  // The first key whose document is not below that of the row (`begin`) is in
  // [beginLow, beginHigh], and the first one whose document is above it in
  // [endLow, endHigh]. Each step looks at seven keys at a time, for it is the
  // answer of memory that it waits for, and leaves an eighth.
  constexpr int64_t kParts = 8;
  SmallVector<Value> found = b.whileNotNegative(
      {b.add(size, -1), first, last, first, last}, [&](ValueRange carried) {
        Value part = b.div(b.add(carried[0], 1), b.i32(kParts));
        Value distance = b.add(part, 1);
        SmallVector<Value> operands(carried.drop_front());
        operands.push_back(documents);
        SmallVector<Value> next =
            b.map(operands, SmallVector<Type>(4, index), [&](ValueRange x) {
              auto emitPart = [&](Value low, Value high, P isBehind) {
                Value nextLow = low, nextHigh = high;
                for (int64_t i = 1; i < kParts; ++i) {
                  Value place =
                      b.min(b.add(low, b.add(b.mul(distance, i), -1)), high);
                  Value key = b.min(place, b.add(range.end, -1));
                  Value document = emitDocumentLoad(args.keyDocuments, tile,
                                                    getKeyRow(tile, key));
                  Value moves = b.compare(isBehind, document, x[4]);
                  Value behind = b.min(b.add(place, 1), high);
                  nextLow = b.select(moves, behind, nextLow);
                  nextHigh = b.select(moves, nextHigh, b.min(nextHigh, place));
                }
                return std::pair(nextLow, nextHigh);
              };
              auto [beginLow, beginHigh] = emitPart(x[0], x[1], P::slt);
              auto [endLow, endHigh] = emitPart(x[2], x[3], P::sle);
              return SmallVector<Value>{beginLow, beginHigh, endLow, endHigh};
            });
        next.insert(next.begin(), b.add(part, -1));
        return next;
      });
  tile.documentRows.emplace_back(found[1], found[4]);
}

/// Where documents are in any order, each pair of them is compared.
Value KernelEmitter::emitDocumentPredicates(const Tile &tile, Value logits,
                                            Value firstKey) {
  using P = arith::CmpIPredicate;
  Value isAny = b.compare(P::eq, tile.documents.order, b.i32(kAnyOrder));
  auto emitCompared = [&]() -> SmallVector<Value> {
    Value masked = b.f32(-std::numeric_limits<double>::infinity());
    return {b.map(logits, logits.getType(), [&](ValueRange x) -> Value {
      Value i = getQuery(tile, x[1], /*clamp=*/true);
      Value j = getKey(tile, firstKey, x[2], /*clamp=*/true);
      Value keep = b.compare(
          P::eq,
          emitDocumentLoad(args.queryDocuments, tile, getQueryRow(tile, i)),
          emitDocumentLoad(args.keyDocuments, tile, getKeyRow(tile, j)));
      return b.select(keep, x[0], masked);
    })};
  };
  return b
      .ifThenElse(isAny, emitCompared,
                  [&] { return SmallVector<Value>{logits}; })
      .front();
}

/// The document of a row of queries or keys.
Value KernelEmitter::emitDocumentLoad(const TensorArgument &documents,
                                      const Tile &tile, Value row) {
  SmallVector<Value> indices(tile.batch);
  indices.push_back(row);
  return emitElementLoad(documents, indices);
}

//===----------------------------------------------------------------------===//
// The scan
//===----------------------------------------------------------------------===//

/// The difference of two documents, of which only the order and whether they
/// are equal is kept: at most 2^31 - 1 in magnitude.
Value KernelEmitter::emitDistance(Value document, Value base) {
  Type i32 = b.getI32Type(), type = document.getType();
  Value most = arith::ConstantIntOp::create(
      b, type, std::numeric_limits<int32_t>::max());
  // Differences of the larger less the smaller fit as unsigned numbers.
  auto subtract = [&](Value larger, Value smaller) -> Value {
    Value difference = arith::SubIOp::create(b, larger, smaller);
    difference = arith::MinUIOp::create(b, difference, most);
    return type == i32 ? difference
                       : arith::TruncIOp::create(b, i32, difference);
  };
  Value below = b.sub(b.i32(0), subtract(base, document));
  return b.select(b.compare(arith::CmpIPredicate::slt, document, base), below,
                  subtract(document, base));
}

/// The least and the greatest document of queries, as distances from that of
/// the first. Each warp looks at all of them; behind the last query of all is
/// the last one again.
KernelEmitter::ScannedQueries KernelEmitter::emitScanOfQueries(const Tile &tile,
                                                               Value first,
                                                               int64_t count,
                                                               Value lane) {
  Value lastQuery = b.add(tile.numQueries, -1);
  auto loadQuery = [&](Value query) {
    return emitDocumentLoad(args.queryDocuments, tile,
                            getQueryRow(tile, b.min(query, lastQuery)));
  };
  Value base = loadQuery(first), low = b.i32(0), high = low;
  for (int64_t i = 0; i < count; i += kWarpSize) {
    Value query = b.add(b.add(first, i), lane);
    Value distance = emitDistance(loadQuery(query), base);
    low = b.min(low, distance);
    high = b.max(high, distance);
  }
  return {base, reduceOfWarp(b, low, gpu::AllReduceOperation::MINSI),
          reduceOfWarp(b, high, gpu::AllReduceOperation::MAXSI)};
}

void KernelEmitter::emitScanOfTile(const Tile &tile, Value range) {
  Value thread = b.threadId();
  Value lane = b.rem(thread, b.i32(kWarpSize));
  Value begin = b.mul(tile.begin, blockKeys);
  Value end = b.min(b.mul(tile.end, blockKeys), tile.numKeys);
  Value zero = b.i32(0);
  int64_t numRanges = schedule.getDocumentRanges();
  int64_t numRows = schedule.getTileQueries() / numRanges;
  SmallVector<ScannedQueries> queries;
  SmallVector<Value> isThere, inits;
  for (int64_t r = 0; r < numRanges; ++r) {
    Value first = b.add(tile.firstQuery, r * numRows);
    queries.push_back(emitScanOfQueries(tile, first, numRows, lane));
    isThere.push_back(
        b.compare(arith::CmpIPredicate::slt, first, tile.numQueries));
    Value isOne =
        b.compare(arith::CmpIPredicate::eq, queries[r].low, queries[r].high);
    Value order = b.select(isOne, b.i32(kOneDocument), b.i32(kAscending));
    inits.append({zero, zero, zero, order});
  }

  // Several loads of a thread are under way at a time.
  constexpr int64_t kUnrolled = 4, kThreads = 128 * kScanWarpgroups;
  SmallVector<Value> found = b.forLoop(
      zero, b.ceilDiv(b.sub(end, begin), kUnrolled * kThreads), inits,
      [&](Value i, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value first =
            b.add(b.add(begin, b.mul(i, kUnrolled * kThreads)), thread);
        Value last = b.add(end, -1);
        for (int64_t u = 0; u < kUnrolled; ++u) {
          Value key = b.add(first, u * kThreads);
          auto loadKey = [&](Value key) {
            return emitDocumentLoad(args.keyDocuments, tile,
                                    getKeyRow(tile, b.min(key, last)));
          };
          // Behind the last key is the last one again.
          Value document = loadKey(key), behind = loadKey(b.add(key, 1));
          Value isKey = b.compare(arith::CmpIPredicate::slt, key, end);
          for (int64_t r = 0; r < numRanges; ++r)
            emitScannedKey(
                queries[r], tile, key, document, behind, isKey,
                MutableArrayRef(next).slice(r * kRangeWords, kRangeWords));
        }
        return next;
      });
  for (auto [i, value] : llvm::enumerate(found)) {
    using Kind = gpu::AllReduceOperation;
    value =
        reduceOfWarp(b, value, i % kRangeWords == 2 ? Kind::ADD : Kind::MAXSI);
  }
  Value isFirstLane = b.compare(arith::CmpIPredicate::eq, lane, zero);
  for (int64_t r = 0; r < numRanges; ++r)
    b.ifThen(arith::AndIOp::create(b, isFirstLane, isThere[r]), [&] {
      for (int64_t i = 0; i < kRangeWords; ++i) {
        Value word =
            getWord(b, args.documentRanges, b.add(range, r * kRangeWords + i));
        LLVM::AtomicRMWOp::create(
            b, i == 2 ? LLVM::AtomicBinOp::add : LLVM::AtomicBinOp::umax, word,
            found[r * kRangeWords + i], LLVM::AtomicOrdering::monotonic,
            /*syncscope=*/"device");
      }
    });
}

/// Raises the words of a range by a key, whose document is known and that of
/// the key behind it.
void KernelEmitter::emitScannedKey(const ScannedQueries &queries,
                                   const Tile &tile, Value key, Value document,
                                   Value behind, Value isKey,
                                   MutableArrayRef<Value> words) {
  using P = arith::CmpIPredicate;
  auto emitIsFound = [&](Value document) -> Value {
    Value distance = emitDistance(document, queries.base);
    return arith::AndIOp::create(b, b.compare(P::sle, queries.low, distance),
                                 b.compare(P::sle, distance, queries.high));
  };
  Value isFound = arith::AndIOp::create(b, emitIsFound(document), isKey);
  Value descends = arith::AndIOp::create(b, b.compare(P::slt, behind, document),
                                         emitIsFound(behind));
  descends = arith::AndIOp::create(b, descends, isFound);
  Value zero = b.i32(0);
  auto raise = [&](Value &value, Value other) {
    value = b.max(value, b.select(isFound, other, zero));
  };
  raise(words[0], b.sub(tile.numKeys, key));
  raise(words[1], b.add(key, 1));
  words[2] = b.add(words[2], b.select(isFound, b.i32(1), zero));
  words[3] = b.select(descends, b.i32(kAnyOrder), words[3]);
}

void KernelEmitter::emitDocumentScan() {
  auto warpgroups = WarpgroupsOp::create(b, kScanWarpgroups, /*blocks=*/1);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(warpgroups.getBody().front().getTerminator());
  Value number = b.blockId();
  Value batch = b.div(number, args.numRowTiles);
  Value rowTile = b.rem(number, args.numRowTiles);
  Tile tile = emitPlace(rowTile, b.mul(batch, args.numHeads), Value());
  emitKeyBlocks(tile);
  Value isNonempty = b.compare(arith::CmpIPredicate::slt, tile.begin, tile.end);
  isNonempty = arith::AndIOp::create(
      b, isNonempty,
      b.compare(arith::CmpIPredicate::slt, tile.firstQuery, tile.numQueries));
  b.ifThen(isNonempty, [&] { emitScanOfTile(tile, getRange(batch, rowTile)); });
}
