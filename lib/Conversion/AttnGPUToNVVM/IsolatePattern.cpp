//===- IsolatePattern.cpp - Values that are not finite --------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

/// Keys whose probabilities of one row a quad notes in a word of each thread.
constexpr int64_t kWordKeys = 128;

/// Whether elements are f32, rounded to tf32 or not.
bool isWide(Type elementType) {
  return elementType.getIntOrFloatBitWidth() > 16;
}

/// The bits 15 and 31 of a word of two elements, set where one is not finite:
/// adding one to an exponent of ones carries into the sign. Of an element of
/// f32 bit 31, set also where it is not finite when products have rounded it to
/// tf32.
Value getNonfinite(PtxBuilder &b, Type elementType, Value word) {
  if (isWide(elementType))
    return b.bitAnd(b.add(b.bitAnd(word, 0x7fffffff), 0x00801000),
                    static_cast<int32_t>(0x80000000));
  int64_t one = elementType.isBF16() ? 0x00800080 : 0x04000400;
  return b.bitAnd(b.add(b.bitAnd(word, 0x7fff7fff), one),
                  static_cast<int32_t>(0x80008000));
}

/// Element 0 or 1 of a word, or the only one, as f32.
Value getElement(PtxBuilder &b, Type elementType, Value word, int64_t number) {
  if (isWide(elementType))
    return arith::BitcastOp::create(b, b.getF32Type(), b.roundToTF32(word));
  Value high = number == 1 ? b.bitAnd(word, static_cast<int32_t>(0xffff0000))
                           : arith::ShLIOp::create(b, word, b.i32(16));
  if (elementType.isBF16())
    return arith::BitcastOp::create(b, b.getF32Type(), high);
  Value half =
      arith::TruncIOp::create(b, b.getI16Type(), b.shiftRight(high, 16));
  Value element = arith::BitcastOp::create(b, elementType, half);
  return arith::ExtFOp::create(b, b.getF32Type(), element);
}

class Isolation {
public:
  Isolation(IsolateOp op, Value tile, Value warpgroup, PtxBuilder &b)
      : b(b), type(op.getValues().getType()), tile(tile),
        elementBits(8 * type.getElementBytes()),
        numThreads(op.getCount() * kWarpgroupSize) {
    thread = b.add(b.threadInWarpgroup(), b.mul(warpgroup, kWarpgroupSize));
  }

  /// Whether the tile holds a value that is not finite, for all consumers.
  Value findAny() {
    Value bits = forEachChunk(b.i32(0), [&](Value address, Value found) {
      for (Value word : load(address))
        found = arith::OrIOp::create(
            b, found, getNonfinite(b, type.getElementType(), word));
      return found;
    });
    Value some =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bits, b.i32(0));
    return b.namedBarrierAny(b.i32(kConsumersBarrier), numThreads, some);
  }

  SmallVector<Value> addNonfinite(ValueRange probabilities, ValueRange output);

  /// Writes zeros in their place, once all consumers have read them.
  void clear() {
    b.namedBarrier(b.i32(kConsumersBarrier), numThreads);
    forEachChunk(Value(), [&](Value address, Value) {
      for (auto [i, word] : llvm::enumerate(load(address))) {
        Value mask = arith::XOrIOp::create(b, getMask(word), b.i32(-1));
        b.storeShared(arith::AndIOp::create(b, word, mask),
                      b.add(address, 4 * i));
      }
      return Value();
    });
    b.sharedStoreFence();
    b.namedBarrier(b.i32(kConsumersBarrier), numThreads);
  }

private:
  /// All bits of the elements of a word that are not finite.
  Value getMask(Value word) {
    Value bits = getNonfinite(b, type.getElementType(), word);
    if (elementBits == 32)
      return arith::ShRSIOp::create(b, bits, b.i32(31));
    return b.mul(b.shiftRight(bits, 15), 0xffff);
  }

  SmallVector<Value> load(Value address) {
    auto vector = VectorType::get(4, b.getI32Type());
    Value words = b.loadShared(address, vector);
    SmallVector<Value> elements;
    for (int64_t i = 0; i < 4; ++i)
      elements.push_back(LLVM::ExtractElementOp::create(b, words, b.i32(i)));
    return elements;
  }

  /// Runs `body` on the chunks of this thread's share of the tile.
  Value forEachChunk(Value init,
                     function_ref<Value(Value address, Value carried)> body) {
    OpBuilder::InsertionGuard guard(b);
    auto loop = scf::ForOp::create(
        b, thread, b.i32(type.getTileBytes() / kChunkBytes), b.i32(numThreads),
        init ? ValueRange(init) : ValueRange());
    b.setInsertionPointToStart(loop.getBody());
    Value address = b.add(tile, getChunkOffset(loop.getInductionVar()));
    Value next = body(address, init ? loop.getRegionIterArgs().front() : init);
    if (!init)
      return Value();
    scf::YieldOp::create(b, next);
    return loop.getResult(0);
  }

  /// Slabs of a part of a tile have other rows between them.
  Value getChunkOffset(Value chunk) {
    Value offset = b.mul(chunk, kChunkBytes);
    if (!type.isPart())
      return offset;
    Value slab = arith::DivUIOp::create(
        b, chunk, b.i32(type.getRows() * (kRowBytes / kChunkBytes)));
    int64_t between = (type.getSlabRows() - type.getRows()) * kRowBytes;
    return b.add(offset, b.mul(slab, between));
  }

  SmallVector<Value> addKey(Value key, ArrayRef<Value> keeps,
                            ValueRange output);

  PtxBuilder &b;
  SharedType type;
  Value tile, thread;
  int64_t elementBits, numThreads;
};

/// What the thread's outputs get from the values of one key. `keeps`: ones for
/// each of the two rows if the row sees the key, else zeros.
SmallVector<Value> Isolation::addKey(Value key, ArrayRef<Value> keeps,
                                     ValueRange output) {
  SmallVector<Value> sums(output);
  // The thread's two columns of a group of 8: one word of 16-bit elements; two
  // of f32, in the first or second half of two chunks.
  int64_t wordsOfPair = elementBits / 16;
  Value pair = b.bitAnd(b.lane(), 3), half = b.i32(0);
  if (wordsOfPair == 2) {
    half = b.shiftRight(pair, 1);
    pair = b.bitAnd(pair, 1);
  }
  Value row =
      b.add(b.add(tile, b.mul(key, kRowBytes)), b.mul(pair, 4 * wordsOfPair));
  Value swizzle = arith::XOrIOp::create(b, b.bitAnd(key, 7), half);
  int64_t slabColumns = type.getSlabColumns();
  for (size_t i = 0; i < sums.size(); i += 4) {
    int64_t column = i * 2;
    Value chunk = arith::XOrIOp::create(
        b, swizzle, b.i32(column % slabColumns / type.getChunkColumns()));
    Value address =
        b.add(b.add(row, b.mul(chunk, kChunkBytes)),
              column / slabColumns * type.getSlabRows() * kRowBytes);
    SmallVector<Value, 2> words;
    for (int64_t w : llvm::seq(wordsOfPair)) {
      Value word = b.loadShared(b.add(address, 4 * w), b.getI32Type());
      words.push_back(arith::AndIOp::create(b, word, getMask(word)));
    }
    for (int64_t e : {0, 1}) {
      Value value =
          getElement(b, type.getElementType(), words[e * (wordsOfPair - 1)], e);
      value = arith::BitcastOp::create(b, b.getI32Type(), value);
      for (int64_t r : {0, 1}) {
        Value term = arith::AndIOp::create(b, value, keeps[r]);
        term = arith::BitcastOp::create(b, b.getF32Type(), term);
        Value &sum = sums[i + 2 * r + e];
        sum = arith::AddFOp::create(b, sum, term);
      }
    }
  }
  return sums;
}

SmallVector<Value> Isolation::addNonfinite(ValueRange probabilities,
                                           ValueRange output) {
  SmallVector<Value> sums(output);
  OpBuilder::InsertionGuard guard(b);
  int64_t numKeys = type.getRows();
  Value zero = b.f32(0.0);
  for (int64_t first = 0; first < numKeys; first += kWordKeys) {
    int64_t end = std::min(numKeys, first + kWordKeys);
    // A bit for each probability of the thread that is not zero, in its two
    // rows.
    SmallVector<Value, 2> notes(2, b.i32(0));
    for (int64_t i = first / 2; i < end / 2; ++i) {
      Value counts = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE,
                                           probabilities[i], zero);
      int64_t bit = (i - first / 2) / 4 * 2 + i % 2;
      Value &note = notes[i / 2 % 2];
      note = arith::OrIOp::create(
          b, note,
          arith::SelectOp::create(
              b, counts, b.i32(static_cast<int32_t>(1u << bit)), b.i32(0)));
    }
    auto loop = scf::ForOp::create(b, b.i32(first), b.i32(end), b.i32(1), sums);
    OpBuilder::InsertionGuard loopGuard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value key = loop.getInductionVar();
    // The lane of the quad that has the key, and the key's bit there.
    Value owner = arith::OrIOp::create(b, b.bitAnd(b.lane(), 28),
                                       b.shiftRight(b.bitAnd(key, 7), 1));
    Value bit =
        b.add(b.mul(b.shiftRight(b.add(key, -first), 3), 2), b.bitAnd(key, 1));
    SmallVector<Value, 2> keeps;
    for (Value note : notes) {
      Value shifted =
          arith::ShRUIOp::create(b, b.shuffleFrom(note, owner), bit);
      keeps.push_back(arith::SubIOp::create(b, b.i32(0), b.bitAnd(shifted, 1)));
    }
    // Keys that no row of the warp sees are most of them.
    Value isSeen = b.voteAny(arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne,
        arith::OrIOp::create(b, keeps[0], keeps[1]), b.i32(0)));
    SmallVector<Value> carried(loop.getRegionIterArgs());
    auto ifOp = scf::IfOp::create(b, ValueRange(carried).getTypes(), isSeen,
                                  /*withElseRegion=*/true);
    scf::YieldOp::create(b, ifOp.getResults());
    b.setInsertionPointToStart(ifOp.thenBlock());
    scf::YieldOp::create(b, addKey(key, keeps, carried));
    b.setInsertionPointToStart(ifOp.elseBlock());
    scf::YieldOp::create(b, carried);
    sums.assign(loop.result_begin(), loop.result_end());
  }
  return sums;
}

struct IsolatePattern : ThreadPattern<IsolateOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(IsolateOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    ValueRange output = adaptor.getOutput();
    Isolation isolation(op, adaptor.getValues().front(),
                        adaptor.getWarpgroup().front(), b);
    auto ifOp = scf::IfOp::create(b, output.getTypes(), isolation.findAny(),
                                  /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(ifOp.thenBlock());
      SmallVector<Value> sums =
          isolation.addNonfinite(adaptor.getProbabilities(), output);
      isolation.clear();
      scf::YieldOp::create(b, sums);
      b.setInsertionPointToStart(ifOp.elseBlock());
      scf::YieldOp::create(b, output);
    }
    replace(op, SmallVector<Value>(ifOp.getResults()), rewriter);
    return success();
  }
};

} // namespace

void attn_gpu::populateIsolatePatterns(const TypeConverter &converter,
                                       RewritePatternSet &patterns) {
  patterns.add<IsolatePattern>(converter, patterns.getContext());
}
