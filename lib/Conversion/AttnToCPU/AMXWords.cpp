//===- AMXWords.cpp - Probabilities by arithmetic on 16 bits ----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Probabilities that become bf16 need no exponential in f32. One FMA makes of a
// logit the fixed-point number (x + 127) 2^9, x its difference from what
// probabilities are relative to, in the low bits of an f32: its sum with 2^23.
// Two of these are one vector of 32 words, the pairs that tile registers take,
// and attn.exp2_words makes probabilities of them. The relative error has a
// standard deviation of 1.09 times that of rounding to bf16 alone; row sums are
// of the same probabilities, so that what they share cancels. (The linear form
// is Schraudolph's exponential, 1999.)
//
// It is optimistic: what probabilities are relative to is not compared with the
// logits before, and nothing is clamped. A logit whose x is not in [-127, 1),
// or NaN, leaves other high bits than 2^23 in its sum. Where any did, the part
// is computed again with care: with its maxima, and in f32.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

/// What words are: see attn.exp2_words.
static constexpr int kFractionBits = 9, kExponentBias = 127, kRounding = 2;
/// 2^23 as f32: the high half of every sum, and where its low half is zero.
static constexpr int64_t kHighBits = 0x4B000000, kHighMask = -0x10000;

/// What is added to a product for x, in units of words: NaN where there is no
/// key yet, and beside maxima whose rounding would count.
TileEmitter::LaneVectors TileEmitter::emitWordOffsets() {
  constexpr double kLarge = 1 << 12;
  constexpr double kZero =
      (1 << 23) + (kExponentBias << kFractionBits) + kRounding;
  LaneVectors offsets;
  for (int64_t v = 0; v < numVectors; ++v) {
    Value reference = b.loadVector(rowState, at(b.index(0), v));
    Value x = b.mulf(reference, b.splat(unitInLog2));
    Value isModerate = b.compare(arith::CmpFPredicate::OLE,
                                 b.maxf(x, b.negf(x)), b.splat(kLarge));
    Value offset =
        b.fma(reference, b.splat(-std::ldexp(unitInLog2, kFractionBits)),
              b.splat(kZero));
    offsets.push_back(b.select(
        isModerate, offset, b.splat(std::numeric_limits<double>::quiet_NaN())));
  }
  return offsets;
}

/// The sums of words, and the disjunction and conjunction of all bits that
/// words were taken from.
SmallVector<Value> TileEmitter::emitWordState() {
  SmallVector<Value> state(numVectors, b.splat(0.0));
  Type type = b.getVectorType(b.getI32Type());
  state.push_back(b.integer(kHighBits, type));
  state.push_back(b.integer(kHighBits | ~kHighMask, type));
  return state;
}

/// Pairs of probabilities, as words, from two rows of logits.
void TileEmitter::emitWordPair(Value firstRow, Value firstPair, Value pair,
                               int64_t v, Value offset,
                               SmallVector<Value> &state) {
  Type intType = b.getVectorType(b.getI32Type());
  Value row = b.add(firstRow, b.mul(pair, b.index(2)));
  Value unit = b.splat(std::ldexp(unitInLog2, kFractionBits));
  auto getBits = [&](Value logitRow) {
    Value logit = b.loadVector(probabilities, {logitRow, getLaneOffset(v)});
    return b.bitcastToI32(b.fma(logit, unit, offset));
  };
  Value first = getBits(row), second = getBits(b.add(row, 1));
  Value &anyBits = state[numVectors], &allBits = state[numVectors + 1];
  for (Value bits : {first, second}) {
    anyBits = arith::OrIOp::create(b, anyBits, bits);
    allBits = arith::AndIOp::create(b, allBits, bits);
  }

  // LLVM makes a slow shuffle of a disjunction.
  Value low = arith::XOrIOp::create(b, first, b.integer(kHighBits, intType));
  Value high = arith::ShLIOp::create(b, second, b.integer(16, intType));
  Value words = vector::BitCastOp::create(
      b, VectorType::get({2 * lanes}, b.getIntegerType(16)),
      arith::XOrIOp::create(b, low, high));
  auto halfType = VectorType::get({2 * lanes}, b.getBF16Type());
  Value powers = Exp2WordsOp::create(b, halfType, words);

  b.storeVector(vector::BitCastOp::create(b, intType, powers), probabilityPairs,
                {b.add(firstPair, pair), getLaneOffset(v)});
  Value ones = arith::ConstantOp::create(
      b, DenseElementsAttr::get(halfType, b.getFloatAttr(b.getBF16Type(), 1)));
  state[v] = x86vector::DotBF16Op::create(b, state[v].getType(), state[v],
                                          powers, ones);
}

/// Whether any bits were not those of a sum in [2^23, 2^23 + 2^16).
Value TileEmitter::emitAreWordsWrong(ArrayRef<Value> state) {
  Type type = b.getVectorType(b.getI32Type());
  SmallVector<Value> differ;
  for (Value bits : state.take_back(2)) {
    Value high = arith::AndIOp::create(b, bits, b.integer(kHighMask, type));
    differ.push_back(
        b.compare(arith::CmpIPredicate::ne, high, b.integer(kHighBits, type)));
  }
  return emitAnyLane(differ);
}

/// The probabilities of a part in f32, relative to maxima that include its own.
/// Returns their sums, and what there is of `progress` then.
SmallVector<Value> TileEmitter::emitCarefulPart(const Block &block,
                                                const KeyPart &part,
                                                Progress progress) {
  LaneVectors reference;
  progress = emitTileReference(block, progress, part.row,
                               emitWholeMaxima(part.firstRow, part.numRows),
                               reference);
  auto getPower = [&](Value logit, int64_t v) {
    return emitExponential(logit, reference[v], schedule.getExp2());
  };
  Value firstPair = getFirstPair(part, progress);
  SmallVector<Value> zeros(numVectors, b.splat(0.0));
  SmallVector<Value> results =
      emitPairs(part.numRows, zeros,
                [&](Value pair, int64_t v, SmallVector<Value> &sums) {
                  sums[v] = emitTilePair(part.firstRow, firstPair, pair, v,
                                         sums[v], getPower);
                });
  results.append({progress.begin, progress.column});
  return results;
}

/// Probabilities of a part as words, or again with care; returns their sums.
SmallVector<Value> TileEmitter::emitWordPart(const Block &block,
                                             const KeyPart &part,
                                             Progress &progress) {
  LaneVectors offsets = emitWordOffsets();
  Value firstPair = getFirstPair(part, progress);
  auto emitPair = [&](Value pair, int64_t v, SmallVector<Value> &state) {
    emitWordPair(part.firstRow, firstPair, pair, v, offsets[v], state);
  };
  SmallVector<Value> inits = emitWordState();
  SmallVector<Type> types(ValueRange(inits).getTypes());
  types.push_back(b.getIndexType());
  SmallVector<Value> state = b.ifThenElse(
      types,
      b.compare(arith::CmpIPredicate::eq, part.numNext, b.index(getPartKeys())),
      [&] {
        Progress before = progress;
        SmallVector<Value> results =
            emitMixedParts(block, part, before, inits, emitPair);
        results.push_back(before.column);
        return results;
      },
      [&] {
        Progress before = progress;
        emitTurnBefore(block, before);
        emitMissingLogits(part.firstRow, part.numRows);
        SmallVector<Value> results = emitPairs(part.numRows, inits, emitPair);
        emitNextProducts(block, part);
        results.push_back(before.column);
        return results;
      });
  progress.column = state.pop_back_val();
  Value isWrong = emitAreWordsWrong(state);
  state.truncate(numVectors);
  state.append({progress.begin, progress.column});
  state = b.ifThenElse(
      ValueRange(state).getTypes(), isWrong,
      [&] { return emitCarefulPart(block, part, progress); },
      [&] { return state; });
  progress.column = state.pop_back_val();
  progress.begin = state.pop_back_val();
  return state;
}
