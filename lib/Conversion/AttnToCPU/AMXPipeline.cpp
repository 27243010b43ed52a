//===- AMXPipeline.cpp - Exponentials beside tile products ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A block whose keys all queries see, with nothing but products in its logits,
// goes by in parts, and several parts are a turn. While vectors take the
// exponentials of one part the tile unit multiplies the keys of the next one
// and, for a share of the columns, the values of the turn before. The CPU
// reorders what is near, some hundred instructions: a few vectors follow each
// product. Logits of two parts and probabilities of two turns stay in the
// nearest cache.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The largest of the logits in `numRows` rows, whole tiles of them.
TileEmitter::LaneVectors TileEmitter::emitTileMaxima(Value firstRow,
                                                     Value numRows) {
  constexpr int64_t kStep = 8;
  SmallVector<Value> inits(numVectors, b.splat(-kInfinity));
  return LaneVectors(b.forLoop(
      b.index(0), numRows, kStep, inits, [&](Value row, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < numVectors; ++v) {
          SmallVector<Value> logits;
          for (int64_t r = 0; r < kStep; ++r)
            logits.push_back(
                b.loadVector(probabilities, {b.add(b.add(firstRow, row), r),
                                             getLaneOffset(v)}));
          next.push_back(b.maxf(carried[v], emitMaximum(b, logits)));
        }
        return next;
      }));
}

/// A vector of pairs of probabilities from two of logits; `firstRow` and
/// `firstPair` are where those of a part are. Returns the sum.
Value TileEmitter::emitTilePair(Value firstRow, Value firstPair, Value pair,
                                int64_t v, Value sum, Power getPower) {
  Value row = b.add(firstRow, b.mul(pair, b.index(2)));
  auto compute = [&](Value logitRow) {
    return getPower(b.loadVector(probabilities, {logitRow, getLaneOffset(v)}),
                    v);
  };
  Value first = compute(row), second = compute(b.add(row, 1));
  emitPairOfProbabilities(first, second, b.add(firstPair, pair), v);
  return b.addf(sum, b.addf(first, second));
}

/// The values of the last turn before `begin`, for a share of the columns.
void TileEmitter::emitTurnColumns(const Block &block, const Progress &progress,
                                  Value firstColumn, Between *between) {
  int64_t turnKeys = getTurnKeys();
  emitTileOutput(getValueTile(block, b.sub(progress.begin, b.index(turnKeys))),
                 b.sub(b.index(turnKeys / 2), progress.firstPair),
                 b.index(turnKeys / getKeyStep()), firstColumn,
                 getValueTiles() / getTurnParts(), between);
}

/// The same, for all columns that lack them.
void TileEmitter::emitTurnBefore(const Block &block, Progress &progress) {
  if (!mixesValues())
    return;
  int64_t numColumns = 16 * getValueTiles();
  b.forLoop(progress.column, b.index(numColumns), numColumns / getTurnParts(),
            [&](Value column) { emitTurnColumns(block, progress, column); });
  progress.column = b.index(numColumns);
}

/// All that outputs lack of the keys before `end`.
void TileEmitter::emitPending(const Block &block, Progress progress,
                              Value end) {
  emitTurnBefore(block, progress);
  Value isAny = b.compare(arith::CmpIPredicate::slt, progress.begin, end);
  b.ifThenElse(isAny, [&] {
    emitTileOutput(getValueTile(block, progress.begin), progress.firstPair,
                   b.ceilDiv(b.sub(end, progress.begin), getKeyStep()),
                   b.index(0), getValueTiles());
  });
}

/// Makes the maximum of some logits what probabilities are relative to, if it
/// is much larger than what they were. Sums are rescaled then, with the values
/// of all keys before `row`.
TileEmitter::Progress
TileEmitter::emitTileReference(const Block &block, Progress progress, Value row,
                               ArrayRef<Value> maxima, LaneVectors &reference) {
  Value zero = b.index(0), one = b.index(1);
  LaneVectors oldMax, newMax, grows;
  for (int64_t v = 0; v < numVectors; ++v) {
    oldMax.push_back(b.loadVector(rowState, at(zero, v)));
    newMax.push_back(emitReference(oldMax[v], maxima[v]));
    reference.push_back(emitSafeMax(newMax[v]));
    grows.push_back(b.compare(arith::CmpFPredicate::UNE, newMax[v], oldMax[v]));
  }
  auto emitRescaled = [&] {
    emitPending(block, progress, row);
    LaneVectors alpha;
    for (int64_t v = 0; v < numVectors; ++v) {
      alpha.push_back(emitRescale(oldMax[v], reference[v]));
      Value sum = b.loadVector(rowState, at(one, v));
      b.storeVector(b.mulf(sum, alpha[v]), rowState, at(one, v));
      b.storeVector(newMax[v], rowState, at(zero, v));
    }
    emitRescaledOutput(alpha);
    return SmallVector<Value>{row, b.index(16 * getValueTiles())};
  };
  SmallVector<Value> results = b.ifThenElse(
      {b.getIndexType(), b.getIndexType()}, emitAnyLane(grows), emitRescaled,
      [&] { return SmallVector<Value>{progress.begin, progress.column}; });
  return {results[0], results[1], progress.firstPair};
}

/// Probabilities of a whole part beside the products of the keys of the next
/// one, whole too, and, if outputs lack them, of values of the turn before.
/// What pairs of rows change begins with `inits`; returns what they leave.
SmallVector<Value>
TileEmitter::emitMixedPart(const Block &block, const KeyPart &part,
                           const Progress &progress, bool hasTurnBefore,
                           ValueRange inits, PairEmitter emitPair) {
  int64_t partKeys = getPartKeys(), step = getKeyStep();
  // Stores of a step's logits stand between the products of the next step,
  // unless that is too much code.
  constexpr int64_t kMaxProducts = 64;
  int64_t numSteps = partKeys / step;
  int64_t stepProducts = 2 * numVectors * llvm::divideCeil(headDim, step) *
                         getProducts(/*ofLogits=*/true).size();
  int64_t numLoops = numSteps * stepProducts > kMaxProducts ? numSteps : 1;
  int64_t loopKeys = partKeys / numLoops;
  int64_t numProducts = loopKeys / step * stepProducts;
  if (hasTurnBefore)
    numProducts += numVectors * getTurnKeys() / step * getValueTiles() /
                   getTurnParts() * getProducts(/*ofLogits=*/false).size();
  Value next = b.add(part.row, partKeys);

  return b.forLoop(
      b.index(0), b.index(numLoops), 1, inits,
      [&](Value loop, ValueRange carried) {
        SmallVector<Value> state(carried);
        Value first = b.mul(loop, b.index(loopKeys));
        Value loopPair = b.div(first, b.index(2));
        int64_t numPairs = loopKeys / 2 * numVectors, nextPair = 0, product = 0;
        Between between;
        between.emitVectors = [&] {
          ++product;
          for (; nextPair * numProducts < numPairs * product; ++nextPair)
            emitPair(b.add(loopPair, nextPair / numVectors),
                     nextPair % numVectors, state);
        };
        for (int64_t key = 0; key < loopKeys; key += step)
          emitTileKeyProducts(block, b.add(b.add(next, first), key),
                              b.add(b.add(part.nextFirstRow, first), key),
                              &between);
        if (hasTurnBefore)
          emitTurnColumns(block, progress, progress.column, &between);
        between.emitStores();
        return state;
      });
}

SmallVector<Value> TileEmitter::emitMixedParts(const Block &block,
                                               const KeyPart &part,
                                               Progress &progress,
                                               ValueRange inits,
                                               PairEmitter emitPair) {
  auto emit = [&](bool hasTurnBefore) {
    return emitMixedPart(block, part, progress, hasTurnBefore, inits, emitPair);
  };
  if (!mixesValues())
    return emit(false);
  int64_t numColumns = 16 * getValueTiles();
  Value end = b.index(numColumns);
  Value isAny = b.compare(arith::CmpIPredicate::slt, progress.column, end);
  SmallVector<Value> results = b.ifThenElse(
      inits.getTypes(), isAny, [&] { return emit(true); },
      [&] { return emit(false); });
  progress.column =
      b.min(b.add(progress.column, numColumns / getTurnParts()), end);
  return results;
}

/// The same, of the pairs alone.
SmallVector<Value> TileEmitter::emitPairs(Value numRows, ValueRange inits,
                                          PairEmitter emitPair) {
  return b.forLoop(b.index(0), getNumPairs(numRows), 1, inits,
                   [&](Value pair, ValueRange carried) {
                     SmallVector<Value> state(carried);
                     for (int64_t v = 0; v < numVectors; ++v)
                       emitPair(pair, v, state);
                     return state;
                   });
}

/// The same, of the keys of the next part, which need not be whole.
void TileEmitter::emitNextProducts(const Block &block, const KeyPart &part) {
  Value next = b.add(part.row, getPartKeys());
  b.forLoop(b.index(0), part.numNext, getKeyStep(), [&](Value first) {
    emitTileKeyProducts(block, b.add(next, first),
                        b.add(part.nextFirstRow, first));
  });
}

/// The maxima of logits that may end within a tile.
TileEmitter::LaneVectors TileEmitter::emitWholeMaxima(Value firstRow,
                                                      Value numRows) {
  emitMissingLogits(firstRow, numRows);
  return emitTileMaxima(firstRow, b.mul(getNumPairs(numRows), b.index(2)));
}

/// Probabilities by exponentials, relative to maxima; returns their sums and
/// the maxima of the next part.
SmallVector<Value> TileEmitter::emitPowerPart(const Block &block,
                                              const KeyPart &part,
                                              Progress &progress,
                                              ArrayRef<Value> maxima) {
  LaneVectors reference;
  progress = emitTileReference(block, progress, part.row, maxima, reference);

  // One instruction takes the difference from a maximum in units of log 2
  // where rounding that is far below what bf16 and f16 round.
  constexpr double kLarge = 1 << 12;
  Value unit = b.splat(unitInLog2);
  LaneVectors scaled, areLarge;
  for (int64_t v = 0; v < numVectors; ++v) {
    scaled.push_back(b.negf(b.mulf(reference[v], unit)));
    Value magnitude = b.maxf(scaled[v], b.negf(scaled[v]));
    areLarge.push_back(
        b.compare(arith::CmpFPredicate::UGT, magnitude, b.splat(kLarge)));
  }
  Value isLarge = emitAnyLane(areLarge);
  auto getPower = [&](Value logit, int64_t v) {
    return b.exp2(b.fma(logit, unit, scaled[v]), schedule.getExp2());
  };
  auto getLargePower = [&](Value logit, int64_t v) {
    Value max = emitSafeMax(b.loadVector(rowState, at(b.index(0), v)));
    return emitExponential(logit, max, schedule.getExp2());
  };
  Value firstPair = getFirstPair(part, progress);
  SmallVector<Value> zeros(numVectors, b.splat(0.0));
  auto emitPowers = [&](Power power) {
    return emitPairs(part.numRows, zeros,
                     [&](Value pair, int64_t v, SmallVector<Value> &sums) {
                       sums[v] = emitTilePair(part.firstRow, firstPair, pair, v,
                                              sums[v], power);
                     });
  };
  auto emitPlain = [&] {
    Progress before = progress;
    emitTurnBefore(block, before);
    SmallVector<Value> results = b.ifThenElse(
        ValueRange(zeros).getTypes(), isLarge,
        [&] { return emitPowers(getLargePower); },
        [&] { return emitPowers(getPower); });
    emitNextProducts(block, part);
    llvm::append_range(results,
                       emitWholeMaxima(part.nextFirstRow, part.numNext));
    results.push_back(before.column);
    return results;
  };
  auto emitMixed = [&] {
    Progress before = progress;
    SmallVector<Value> results =
        emitMixedParts(block, part, before, zeros,
                       [&](Value pair, int64_t v, SmallVector<Value> &sums) {
                         sums[v] = emitTilePair(part.firstRow, firstPair, pair,
                                                v, sums[v], getPower);
                       });
    llvm::append_range(
        results, emitTileMaxima(part.nextFirstRow, b.index(getPartKeys())));
    results.push_back(before.column);
    return results;
  };
  if (!isMixed()) {
    SmallVector<Value> results = emitPlain();
    results.pop_back();
    return results;
  }
  SmallVector<Type> types(2 * numVectors, unit.getType());
  types.push_back(b.getIndexType());
  Value isPlain =
      arith::OrIOp::create(b, isLarge,
                           b.compare(arith::CmpIPredicate::ne, part.numNext,
                                     b.index(getPartKeys())));
  SmallVector<Value> results =
      b.ifThenElse(types, isPlain, emitPlain, emitMixed);
  progress.column = results.pop_back_val();
  return results;
}

void TileEmitter::emitTileBlock(const Block &block) {
  int64_t partKeys = getPartKeys(), step = getKeyStep();
  Value zero = b.index(0), one = b.index(1);
  Value numFirst = b.min(block.numKeys, b.index(partKeys));
  b.forLoop(zero, numFirst, step,
            [&](Value row) { emitTileKeyProducts(block, row, row); });
  LaneVectors maxima = emitWholeMaxima(zero, numFirst);
  Progress progress{zero, b.index(16 * getValueTiles()), zero};
  SmallVector<Value> inits{progress.begin, progress.column, progress.firstPair};
  if (makesWords()) {
    LaneVectors reference;
    emitTileReference(block, progress, zero, maxima, reference);
  } else {
    llvm::append_range(inits, maxima);
  }
  SmallVector<Value> last = b.forLoop(
      zero, block.numKeys, partKeys, inits, [&](Value row, ValueRange carried) {
        Progress progress{carried[0], carried[1], carried[2]};
        Value next = b.add(row, partKeys);
        KeyPart part;
        part.row = row;
        part.numRows = b.min(b.sub(block.numKeys, row), b.index(partKeys));
        part.numNext =
            b.max(b.min(b.sub(block.numKeys, next), b.index(partKeys)), zero);
        part.firstRow = b.rem(row, b.index(2 * partKeys));
        part.nextFirstRow = b.sub(b.index(partKeys), part.firstRow);
        SmallVector<Value> results =
            makesWords()
                ? emitWordPart(block, part, progress)
                : emitPowerPart(block, part, progress,
                                SmallVector<Value>(carried.drop_front(3)));
        for (int64_t v = 0; v < numVectors; ++v) {
          Value sum = b.loadVector(rowState, at(one, v));
          b.storeVector(b.addf(sum, results[v]), rowState, at(one, v));
        }
        int64_t turnKeys = getTurnKeys();
        Value isTurn =
            b.compare(arith::CmpIPredicate::eq, b.sub(next, progress.begin),
                      b.index(turnKeys));
        if (!mixesValues() && turnKeys < blockKeys)
          b.ifThenElse(isTurn, [&] {
            emitPending(block, progress, b.min(next, block.numKeys));
          });
        // A part is a tile where values are mixed: the last one is whole too.
        if (mixesValues() || turnKeys < blockKeys)
          progress.begin = b.select(isTurn, next, progress.begin);
        if (mixesValues()) {
          progress.column = b.select(isTurn, zero, progress.column);
          progress.firstPair =
              b.select(isTurn, b.sub(b.index(turnKeys / 2), progress.firstPair),
                       progress.firstPair);
        }
        SmallVector<Value> after{progress.begin, progress.column,
                                 progress.firstPair};
        llvm::append_range(after, ArrayRef(results).drop_front(numVectors));
        return after;
      });
  emitPending(block, {last[0], last[1], last[2]}, block.numKeys);
}
