//===- AMXPipeline.cpp - Exponentials beside tile products ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A block whose keys all queries see, with nothing but products in its logits,
// goes by in parts. While vectors take the exponentials of one part the tile
// unit multiplies the keys of the next one: they are in one loop, and the CPU
// reorders what is near. Logits of two parts stay in the nearest cache.
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

/// Pairs [begin, end) of probabilities from the logits of a part: `firstRow`
/// and `firstPair` are where these and those of its first key are. Returns the
/// sums.
SmallVector<Value>
TileEmitter::emitTilePairs(Value firstRow, Value firstPair, Value begin,
                           Value end, ValueRange sums,
                           function_ref<Value(Value, int64_t)> getPower) {
  return b.forLoop(begin, end, 1, sums, [&](Value pair, ValueRange carried) {
    SmallVector<Value> next;
    Value row = b.add(firstRow, b.mul(pair, b.index(2)));
    for (int64_t v = 0; v < numVectors; ++v) {
      auto compute = [&](Value logitRow) {
        return getPower(
            b.loadVector(probabilities, {logitRow, getLaneOffset(v)}), v);
      };
      Value first = compute(row), second = compute(b.add(row, 1));
      emitPairOfProbabilities(first, second, b.add(firstPair, pair), v);
      next.push_back(b.addf(carried[v], b.addf(first, second)));
    }
    return next;
  });
}

/// Makes the maximum of some logits what probabilities are relative to, if it
/// is much larger than what they were. Sums are rescaled then: those of the
/// keys [pending, row) of the block, whose values have not been added, as well.
/// Returns what is pending after that.
Value TileEmitter::emitTileReference(const Block &block, Value pending,
                                     Value row, ArrayRef<Value> maxima,
                                     LaneVectors &reference) {
  Value zero = b.index(0), one = b.index(1);
  LaneVectors oldMax, newMax, grows;
  for (int64_t v = 0; v < numVectors; ++v) {
    oldMax.push_back(b.loadVector(rowState, at(zero, v)));
    newMax.push_back(emitReference(oldMax[v], maxima[v]));
    reference.push_back(emitSafeMax(newMax[v]));
    grows.push_back(b.compare(arith::CmpFPredicate::UNE, newMax[v], oldMax[v]));
  }
  auto ifOp = scf::IfOp::create(b, b.getIndexType(), emitAnyLane(grows),
                                /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  emitTileOutput(block, pending, row);
  LaneVectors alpha;
  for (int64_t v = 0; v < numVectors; ++v) {
    alpha.push_back(emitRescale(oldMax[v], reference[v]));
    Value sum = b.loadVector(rowState, at(one, v));
    b.storeVector(b.mulf(sum, alpha[v]), rowState, at(one, v));
    b.storeVector(newMax[v], rowState, at(zero, v));
  }
  emitRescaledOutput(alpha);
  scf::YieldOp::create(b, row);
  b.setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(b, pending);
  return ifOp.getResult(0);
}

/// Products of 32 keys, if there are these, beside 16 pairs of probabilities;
/// `emitPairs` takes the first of some, how many, and sums.
SmallVector<Value> TileEmitter::emitTileStep(
    const Block &block, Value row, Value logitRow, Value hasKeys,
    ValueRange sums,
    function_ref<SmallVector<Value>(Value, Value, ValueRange)> emitPairs) {
  int64_t step = getKeyStep(), numPairs = step / 2;
  auto ifOp = scf::IfOp::create(b, sums.getTypes(), hasKeys,
                                /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  // An equal share of the pairs for each product along D.
  int64_t share = llvm::divideCeil(numPairs, llvm::divideCeil(headDim, step));
  scf::YieldOp::create(
      b, emitTileKeyProducts(
             block, row, logitRow, sums, [&](Value d, ValueRange inner) {
               Value place = b.mul(b.div(d, b.index(step)), b.index(share));
               Value rest = b.max(b.sub(b.index(numPairs), place), b.index(0));
               return emitPairs(place, b.min(rest, b.index(share)), inner);
             }));
  b.setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(b, emitPairs(b.index(0), b.index(numPairs), sums));
  return SmallVector<Value>(ifOp.getResults());
}

void TileEmitter::emitTileBlock(const Block &block) {
  int64_t partKeys = getPartKeys(), step = getKeyStep();
  Value zero = b.index(0), one = b.index(1);
  auto emitPlainStep = [&](Value row) {
    emitTileKeyProducts(block, row, row, {}, {});
  };
  Value numFirst = b.min(block.numKeys, b.index(partKeys));
  b.forLoop(zero, numFirst, step, emitPlainStep);
  emitMissingLogits(zero, numFirst);

  // Keys whose values have not been added, and where the logits of a part are.
  SmallVector<Value> inits{zero, zero};
  Value pending = b.forLoop(
      zero, block.numKeys, partKeys, inits, [&](Value row, ValueRange carried) {
        Value firstRow = carried[1];
        Value nextFirstRow = b.sub(b.index(partKeys), firstRow);
        Value nextRow = b.add(row, partKeys);
        Value numRows = b.min(b.sub(block.numKeys, row), b.index(partKeys));
        numRows = b.mul(b.ceilDiv(numRows, step), b.index(step));
        Value numNext = b.max(
            b.min(b.sub(block.numKeys, nextRow), b.index(partKeys)), zero);
        LaneVectors reference;
        Value stillPending =
            emitTileReference(block, carried[0], row,
                              emitTileMaxima(firstRow, numRows), reference);
        Value firstPair = b.div(row, b.index(2));
        auto emitPairs = [&](Value begin, Value count, ValueRange before,
                             function_ref<Value(Value, int64_t)> getPower) {
          return emitTilePairs(firstRow, firstPair, begin, b.add(begin, count),
                               before, getPower);
        };

        // One instruction takes the difference from a maximum in units of log 2
        // where rounding that is far below what bf16 and f16 round.
        constexpr double kLarge = 1 << 12;
        Value unit = b.splat(unitInLog2);
        LaneVectors scaled, isLarge;
        for (int64_t v = 0; v < numVectors; ++v) {
          scaled.push_back(b.negf(b.mulf(reference[v], unit)));
          Value magnitude = b.maxf(scaled[v], b.negf(scaled[v]));
          isLarge.push_back(
              b.compare(arith::CmpFPredicate::UGT, magnitude, b.splat(kLarge)));
        }
        SmallVector<Value> zeros(numVectors, b.splat(0.0));
        auto ifOp = scf::IfOp::create(b, ValueRange(zeros).getTypes(),
                                      emitAnyLane(isLarge),
                                      /*withElseRegion=*/true);
        {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(ifOp.thenBlock());
          SmallVector<Value> sums = emitPairs(
              zero, b.div(numRows, b.index(2)), zeros,
              [&](Value logit, int64_t v) {
                return emitExponential(logit, reference[v], schedule.getExp2());
              });
          b.forLoop(zero, numNext, step, [&](Value first) {
            emitTileKeyProducts(block, b.add(nextRow, first),
                                b.add(nextFirstRow, first), {}, {});
          });
          scf::YieldOp::create(b, sums);
          b.setInsertionPointToStart(ifOp.elseBlock());
          auto getPower = [&](Value logit, int64_t v) {
            return b.exp2(b.fma(logit, unit, scaled[v]), schedule.getExp2());
          };
          sums = b.forLoop(
              zero, numRows, step, zeros, [&](Value first, ValueRange before) {
                return emitTileStep(
                    block, b.add(nextRow, first), b.add(nextFirstRow, first),
                    b.compare(arith::CmpIPredicate::slt, first, numNext),
                    before, [&](Value place, Value count, ValueRange inner) {
                      return emitPairs(b.add(b.div(first, b.index(2)), place),
                                       count, inner, getPower);
                    });
              });
          scf::YieldOp::create(b, sums);
        }
        SmallVector<Value> sums(ifOp.getResults());
        emitMissingLogits(nextFirstRow, numNext);
        for (int64_t v = 0; v < numVectors; ++v) {
          Value sum = b.loadVector(rowState, at(one, v));
          b.storeVector(b.addf(sum, sums[v]), rowState, at(one, v));
        }
        return SmallVector<Value>{stillPending, nextFirstRow};
      })[0];
  emitTileOutput(block, pending, block.numKeys);
}
