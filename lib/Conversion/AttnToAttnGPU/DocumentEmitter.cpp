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
// it, they need no mask.
//
// A range is three words, raised by atomic operations from zero: the number of
// keys less the first, the last plus one, and how many keys are of the tile's
// only document.
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

void KernelEmitter::emitDocumentRange(Tile &tile, Value range) {
  SmallVector<Value> words;
  for (int64_t i = 0; i < kRangeWords; ++i)
    words.push_back(LLVM::LoadOp::create(
        b, b.getI32Type(), getWord(b, args.documentRanges, b.add(range, i))));
  tile.documentBegin = b.sub(tile.numKeys, words[0]);
  tile.documentEnd = words[1];
  Value isFull = b.compare(arith::CmpIPredicate::eq, words[2],
                           b.sub(tile.documentEnd, tile.documentBegin));
  tile.fullDocumentEnd = b.select(isFull, tile.documentEnd, tile.documentBegin);
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
  if (type.getIntOrFloatBitWidth() < 32) {
    document = arith::ExtSIOp::create(b, i32, document);
    base = arith::ExtSIOp::create(b, i32, base);
    type = i32;
  }
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

  // Each warp looks at all queries of the tile.
  Value lastQuery = b.add(
      b.min(b.add(tile.firstQuery, schedule.getTileQueries()), tile.numQueries),
      -1);
  auto loadQuery = [&](Value query) {
    return emitDocumentLoad(args.queryDocuments, tile,
                            getQueryRow(tile, query));
  };
  Value base = loadQuery(tile.firstQuery);
  Value low = b.i32(0), high = low;
  for (int64_t i = 0; i < schedule.getTileQueries(); i += kWarpSize) {
    Value query = b.add(b.add(tile.firstQuery, i), lane);
    Value distance = emitDistance(loadQuery(b.min(query, lastQuery)), base);
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
  SmallVector<Value> found = b.forLoop(
      zero, b.ceilDiv(b.sub(end, begin), kUnrolled * kThreads),
      {zero, zero, zero}, [&](Value i, ValueRange carried) {
        SmallVector<Value> next(carried);
        Value first =
            b.add(b.add(begin, b.mul(i, kUnrolled * kThreads)), thread);
        for (int64_t u = 0; u < kUnrolled; ++u) {
          Value key = b.add(first, u * kThreads);
          Value row = getKeyRow(tile, b.min(key, b.add(end, -1)));
          Value distance = emitDistance(
              emitDocumentLoad(args.keyDocuments, tile, row), base);
          using P = arith::CmpIPredicate;
          Value isFound =
              arith::AndIOp::create(b, b.compare(P::sle, low, distance),
                                    b.compare(P::sle, distance, high));
          isFound =
              arith::AndIOp::create(b, isFound, b.compare(P::slt, key, end));
          auto raise = [&](Value &value, Value other) {
            value = b.max(value, b.select(isFound, other, zero));
          };
          raise(next[0], b.sub(tile.numKeys, key));
          raise(next[1], b.add(key, 1));
          next[2] = b.add(next[2], b.select(isFound, b.i32(1), zero));
        }
        return next;
      });
  Value isUniform = b.compare(arith::CmpIPredicate::eq, low, high);
  Value words[] = {reduce(found[0], Kind::MAXSI), reduce(found[1], Kind::MAXSI),
                   b.select(isUniform, reduce(found[2], Kind::ADD), zero)};
  b.ifThen(b.compare(arith::CmpIPredicate::eq, lane, zero), [&] {
    for (auto [i, word] : llvm::enumerate(words)) {
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
