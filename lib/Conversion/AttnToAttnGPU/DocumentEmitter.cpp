//===- DocumentEmitter.cpp - Keys of a tile's documents -------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Which keys a tile needs under an `#attn.document` is known to the data alone.
// A small kernel looks at them before: for each tile of queries of each batch
// it finds the first and last key whose document lies between the least and the
// greatest of the tile. Where documents follow one another, as in packed
// sequences, that is all that is needed and no more; in any other order it is
// still right. If the tile has one document only, and all keys in between have
// it, they need no mask. If it has several, and those of the keys in between
// ascend, then each row has an interval of keys, which is searched for. Only in
// another order are documents compared pair by pair.
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
  return b.mul(number, kRangeWords);
}

static Value getWord(DeviceBuilder &b, Value memory, Value index) {
  return LLVM::GEPOp::create(b, memory.getType(), b.getI32Type(), memory,
                             LLVM::GEPArg(index));
}

KernelEmitter::DocumentRange KernelEmitter::emitDocumentRange(const Tile &tile,
                                                              Value range) {
  SmallVector<Value> words;
  for (int64_t i = 0; i < kRangeWords; ++i)
    words.push_back(LLVM::LoadOp::create(
        b, b.getI32Type(), getWord(b, args.documentRanges, b.add(range, i))));
  Value begin = b.sub(tile.numKeys, words[0]), end = words[1];
  Value isWhole =
      b.compare(arith::CmpIPredicate::eq, words[2], b.sub(end, begin));
  return {begin, end, b.select(isWhole, words[3], b.i32(kAnyOrder))};
}

/// Sets the interval of keys of each row of a consumer: where documents ascend
/// that of its own, by two binary searches, else that of the tile.
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
  // [endLow, endHigh]. As many steps as the size has bits find both.
  SmallVector<Value> found = b.whileNotNegative(
      {b.add(size, -1), first, last, first, last}, [&](ValueRange carried) {
        Value left = carried[0];
        SmallVector<Value> operands(carried.drop_front());
        operands.push_back(documents);
        SmallVector<Value> next =
            b.map(operands, SmallVector<Type>(4, index), [&](ValueRange x) {
              auto emitHalf = [&](Value low, Value high, P isBehind) {
                Value middle = b.div(b.add(low, high), b.i32(2));
                Value key = b.min(middle, b.add(range.end, -1));
                Value document = emitDocumentLoad(args.keyDocuments, tile,
                                                  getKeyRow(tile, key));
                Value moves = b.compare(isBehind, document, x[4]);
                return std::pair(
                    b.select(moves, b.min(b.add(middle, 1), high), low),
                    b.select(moves, high, middle));
              };
              auto [beginLow, beginHigh] = emitHalf(x[0], x[1], P::slt);
              auto [endLow, endHigh] = emitHalf(x[2], x[3], P::sle);
              return SmallVector<Value>{beginLow, beginHigh, endLow, endHigh};
            });
        // left + 1 keys are left, and half of them next.
        next.insert(next.begin(), b.add(b.div(b.add(left, 1), b.i32(2)), -1));
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

void KernelEmitter::emitScanOfTile(const Tile &tile, Value range) {
  auto reduce = [&](Value value, gpu::AllReduceOperation kind) -> Value {
    return gpu::SubgroupReduceOp::create(b, value, kind, /*uniform=*/true);
  };
  using Kind = gpu::AllReduceOperation;
  Value thread = b.threadId();
  Value lane = b.rem(thread, b.i32(kWarpSize));

  // Each warp looks at all queries of the tile. Behind the last query of all is
  // the last one again.
  Value lastQuery = b.add(tile.numQueries, -1);
  auto loadQuery = [&](Value query) {
    return emitDocumentLoad(args.queryDocuments, tile,
                            getQueryRow(tile, b.min(query, lastQuery)));
  };
  Value base = loadQuery(tile.firstQuery);
  Value low = b.i32(0), high = low;
  for (int64_t i = 0; i < schedule.getTileQueries(); i += kWarpSize) {
    Value query = b.add(b.add(tile.firstQuery, i), lane);
    Value distance = emitDistance(loadQuery(query), base);
    low = b.min(low, distance);
    high = b.max(high, distance);
  }
  low = reduce(low, Kind::MINSI);
  high = reduce(high, Kind::MAXSI);

  // Several loads of a thread are under way at a time.
  constexpr int64_t kUnrolled = 4, kThreads = 128 * kScanWarpgroups;
  Value begin = b.mul(tile.begin, blockKeys);
  Value end = b.min(b.mul(tile.end, blockKeys), tile.numKeys);
  Value zero = b.i32(0);
  Value isOne = b.compare(arith::CmpIPredicate::eq, low, high);
  Value order = b.select(isOne, b.i32(kOneDocument), b.i32(kAscending));
  SmallVector<Value> found = b.forLoop(
      zero, b.ceilDiv(b.sub(end, begin), kUnrolled * kThreads),
      {zero, zero, zero, order}, [&](Value i, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value first =
            b.add(b.add(begin, b.mul(i, kUnrolled * kThreads)), thread);
        Value last = b.add(end, -1);
        for (int64_t u = 0; u < kUnrolled; ++u) {
          Value key = b.add(first, u * kThreads);
          using P = arith::CmpIPredicate;
          auto loadKey = [&](Value key) {
            return emitDocumentLoad(args.keyDocuments, tile,
                                    getKeyRow(tile, b.min(key, last)));
          };
          auto emitIsFound = [&](Value document) -> Value {
            Value distance = emitDistance(document, base);
            return arith::AndIOp::create(b, b.compare(P::sle, low, distance),
                                         b.compare(P::sle, distance, high));
          };
          Value document = loadKey(key), behind = loadKey(b.add(key, 1));
          Value isFound = arith::AndIOp::create(b, emitIsFound(document),
                                                b.compare(P::slt, key, end));
          // Behind the last key is the last one again.
          Value descends = arith::AndIOp::create(
              b, b.compare(P::slt, behind, document), emitIsFound(behind));
          descends = arith::AndIOp::create(b, descends, isFound);
          auto raise = [&](Value &value, Value other) {
            value = b.max(value, b.select(isFound, other, zero));
          };
          raise(next[0], b.sub(tile.numKeys, key));
          raise(next[1], b.add(key, 1));
          next[2] = b.add(next[2], b.select(isFound, b.i32(1), zero));
          next[3] = b.select(descends, b.i32(kAnyOrder), next[3]);
        }
        return next;
      });
  for (auto [i, value] : llvm::enumerate(found))
    value = reduce(value, i == 2 ? Kind::ADD : Kind::MAXSI);
  b.ifThen(b.compare(arith::CmpIPredicate::eq, lane, zero), [&] {
    for (auto [i, word] : llvm::enumerate(found)) {
      auto kind = i == 2 ? LLVM::AtomicBinOp::add : LLVM::AtomicBinOp::umax;
      LLVM::AtomicRMWOp::create(
          b, kind, getWord(b, args.documentRanges, b.add(range, i)), word,
          LLVM::AtomicOrdering::monotonic, /*syncscope=*/"device");
    }
  });
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
