//===- AMXPipeline.cpp - Exponentials beside tile products ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A block whose keys all queries see, with nothing but products in its logits,
// goes by in parts. While vectors take the exponentials of one part the tile
// unit multiplies the keys of the next one and the values of the one before.
// The CPU reorders what is near, some hundred instructions: a few vectors
// follow each product. Logits and probabilities of two parts stay in the
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

/// Makes the maximum of some logits what probabilities are relative to, if it
/// is much larger than what they were. Sums are rescaled then, after the values
/// of the keys [pending, row) have been added. Returns what is pending after
/// that.
Value TileEmitter::emitTileReference(Value pending, Value row,
                                     ArrayRef<Value> maxima,
                                     function_ref<void()> emitPending,
                                     LaneVectors &reference) {
  Value zero = b.index(0), one = b.index(1);
  LaneVectors oldMax, newMax, grows;
  for (int64_t v = 0; v < numVectors; ++v) {
    oldMax.push_back(b.loadVector(rowState, at(zero, v)));
    newMax.push_back(emitReference(oldMax[v], maxima[v]));
    reference.push_back(emitSafeMax(newMax[v]));
    grows.push_back(b.compare(arith::CmpFPredicate::UNE, newMax[v], oldMax[v]));
  }
  auto emitRescaled = [&] {
    emitPending();
    LaneVectors alpha;
    for (int64_t v = 0; v < numVectors; ++v) {
      alpha.push_back(emitRescale(oldMax[v], reference[v]));
      Value sum = b.loadVector(rowState, at(one, v));
      b.storeVector(b.mulf(sum, alpha[v]), rowState, at(one, v));
      b.storeVector(newMax[v], rowState, at(zero, v));
    }
    emitRescaledOutput(alpha);
    return SmallVector<Value>{row};
  };
  return b
      .ifThenElse(b.getIndexType(), emitAnyLane(grows), emitRescaled,
                  [&] { return SmallVector<Value>{pending}; })
      .front();
}

/// Probabilities of a whole part beside the products of the keys of the next
/// one, whole too, and, if they are pending, of the values of the one before.
/// What pairs of rows change begins with `inits`; returns what they leave.
SmallVector<Value> TileEmitter::emitMixedPart(const Block &block, Value row,
                                              Value firstRow, bool hasPending,
                                              ValueRange inits,
                                              PairEmitter emitPair) {
  int64_t partKeys = getPartKeys(), step = getKeyStep();
  Value nextFirstRow = b.sub(b.index(partKeys), firstRow);
  int64_t numColumnTiles = hasPending ? llvm::divideCeil(valueDim, 16) : 0;
  // Every step takes its keys, and an equal share of columns if there is one.
  int64_t numSteps = partKeys / step;
  bool isEqual = numColumnTiles % (2 * numSteps) == 0;
  int64_t numTurns = isEqual ? numSteps : 1, turnKeys = partKeys / numTurns;
  int64_t turnTiles = numColumnTiles / numTurns;
  int64_t numProducts =
      (turnKeys / 16 * llvm::divideCeil(headDim, step) *
           getProducts(/*ofLogits=*/true).size() +
       numSteps * turnTiles * getProducts(/*ofLogits=*/false).size()) *
      numVectors;

  return b.forLoop(
      b.index(0), b.index(numTurns), 1, inits,
      [&](Value turn, ValueRange carried) {
        SmallVector<Value> state(carried);
        Value first = b.mul(turn, b.index(turnKeys));
        Value turnPair = b.div(first, b.index(2));
        int64_t numPairs = turnKeys / 2 * numVectors, nextPair = 0, product = 0;
        auto emitBeside = [&] {
          ++product;
          for (; nextPair * numProducts < numPairs * product; ++nextPair)
            emitPair(b.add(turnPair, nextPair / numVectors),
                     nextPair % numVectors, state);
        };
        for (int64_t key = 0; key < turnKeys; key += step)
          emitTileKeyProducts(block, b.add(b.add(row, first), partKeys + key),
                              b.add(b.add(nextFirstRow, first), key),
                              emitBeside);
        if (hasPending) {
          Value tile = getValueTile(block, b.sub(row, b.index(partKeys)));
          Value pair = b.div(nextFirstRow, b.index(2));
          Value column = b.mul(turn, b.index(16 * turnTiles));
          for (int64_t i = 0; i < turnTiles; i += 2)
            emitTileColumns(tile, pair, b.index(numSteps),
                            b.add(column, 16 * i),
                            std::min<int64_t>(turnTiles - i, 2), emitBeside);
        }
        return state;
      });
}

/// The same, one after the other, of parts that need not be whole.
SmallVector<Value> TileEmitter::emitPlainPart(const Block &block, Value row,
                                              Value firstRow, Value firstPair,
                                              Value numRows, Value numNext,
                                              Value isLarge, Power getPower) {
  int64_t partKeys = getPartKeys(), step = getKeyStep();
  Value zero = b.index(0);
  SmallVector<Value> zeros(numVectors, b.splat(0.0));
  auto emitPairs = [&](Power power) {
    return b.forLoop(zero, b.div(numRows, b.index(2)), 1, zeros,
                     [&](Value pair, ValueRange carried) {
                       SmallVector<Value> next;
                       for (int64_t v = 0; v < numVectors; ++v)
                         next.push_back(emitTilePair(firstRow, firstPair, pair,
                                                     v, carried[v], power));
                       return next;
                     });
  };
  auto getLargePower = [&](Value logit, int64_t v) {
    Value max = emitSafeMax(b.loadVector(rowState, at(zero, v)));
    return emitExponential(logit, max, schedule.getExp2());
  };
  SmallVector<Value> results = b.ifThenElse(
      ValueRange(zeros).getTypes(), isLarge,
      [&] { return emitPairs(getLargePower); },
      [&] { return emitPairs(getPower); });
  Value nextFirstRow = b.sub(b.index(partKeys), firstRow);
  b.forLoop(zero, numNext, step, [&](Value first) {
    emitTileKeyProducts(block, b.add(b.add(row, partKeys), first),
                        b.add(nextFirstRow, first));
  });
  llvm::append_range(results, emitWholeMaxima(nextFirstRow, numNext));
  return results;
}

/// The maxima of logits that may end within a tile.
TileEmitter::LaneVectors TileEmitter::emitWholeMaxima(Value firstRow,
                                                      Value numRows) {
  emitMissingLogits(firstRow, numRows);
  return emitTileMaxima(firstRow, b.mul(getNumPairs(numRows), b.index(2)));
}

void TileEmitter::emitTileBlock(const Block &block) {
  if (makesWords())
    return emitWordBlock(block);
  int64_t partKeys = getPartKeys(), step = getKeyStep();
  Value zero = b.index(0), one = b.index(1);
  Value numFirst = b.min(block.numKeys, b.index(partKeys));
  b.forLoop(zero, numFirst, step,
            [&](Value row) { emitTileKeyProducts(block, row, row); });

  // Keys whose values have not been added, where the logits of a part are, and
  // their maxima.
  SmallVector<Value> inits{zero, zero};
  llvm::append_range(inits, emitWholeMaxima(zero, numFirst));
  auto getPair = [&](Value row, Value firstRow) {
    return b.div(mixesValues() ? firstRow : row, b.index(2));
  };
  SmallVector<Value> last = b.forLoop(
      zero, block.numKeys, partKeys, inits, [&](Value row, ValueRange carried) {
        Value firstRow = carried[1];
        Value nextFirstRow = b.sub(b.index(partKeys), firstRow);
        Value numRows = b.min(b.sub(block.numKeys, row), b.index(partKeys));
        numRows = b.mul(b.ceilDiv(numRows, step), b.index(step));
        Value numNext = b.max(b.min(b.sub(block.numKeys, b.add(row, partKeys)),
                                    b.index(partKeys)),
                              zero);
        auto emitPending = [&](Value pending) {
          Value isAny = b.compare(arith::CmpIPredicate::slt, pending, row);
          b.ifThenElse(isAny, [&] {
            emitTileOutput(getValueTile(block, pending),
                           getPair(pending, nextFirstRow),
                           b.div(b.sub(row, pending), b.index(step)));
          });
        };
        LaneVectors reference;
        Value pending = emitTileReference(
            carried[0], row, SmallVector<Value>(carried.drop_front(2)),
            [&] { emitPending(carried[0]); }, reference);

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
        Value firstPair = getPair(row, firstRow);
        SmallVector<Type> types(2 * numVectors, unit.getType());
        auto emitPlain = [&] {
          if (mixesValues())
            emitPending(pending);
          return emitPlainPart(block, row, firstRow, firstPair, numRows,
                               numNext, isLarge, getPower);
        };
        auto emitPair = [&](Value pair, int64_t v, SmallVector<Value> &sums) {
          sums[v] =
              emitTilePair(firstRow, firstPair, pair, v, sums[v], getPower);
        };
        auto emitMixed = [&](bool hasPending) {
          SmallVector<Value> zeros(numVectors, b.splat(0.0));
          SmallVector<Value> results =
              emitMixedPart(block, row, firstRow, hasPending, zeros, emitPair);
          llvm::append_range(results,
                             emitTileMaxima(nextFirstRow, b.index(partKeys)));
          return results;
        };
        auto emitMixedParts = [&] {
          if (!mixesValues())
            return emitMixed(false);
          return b.ifThenElse(
              types, b.compare(arith::CmpIPredicate::slt, pending, row),
              [&] { return emitMixed(true); },
              [&] { return emitMixed(false); });
        };
        SmallVector<Value> results;
        if (isMixed()) {
          Value isPlain = arith::OrIOp::create(
              b, isLarge,
              b.compare(arith::CmpIPredicate::ne, numNext, b.index(partKeys)));
          results = b.ifThenElse(types, isPlain, emitPlain, emitMixedParts);
        } else {
          results = emitPlain();
        }
        for (int64_t v = 0; v < numVectors; ++v) {
          Value sum = b.loadVector(rowState, at(one, v));
          b.storeVector(b.addf(sum, results[v]), rowState, at(one, v));
        }
        SmallVector<Value> next{mixesValues() ? row : pending, nextFirstRow};
        llvm::append_range(next, ArrayRef(results).drop_front(numVectors));
        return next;
      });
  Value pending = last[0], lastFirstRow = b.sub(b.index(partKeys), last[1]);
  emitTileOutput(getValueTile(block, pending), getPair(pending, lastFirstRow),
                 b.ceilDiv(b.sub(block.numKeys, pending), step));
}
