//===- TileEmitter.cpp - The flash kernel of one query tile -----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kLn2 = 0.693147180559945309417;
static constexpr double kLog2e = 1.44269504088896340736;

/// Up to here a factor may be multiplied into another one: neither the product
/// nor its inverse leaves the range of f32.
static constexpr double kMaxFolded = 1e18;

static bool isModerate(double value) {
  return std::abs(value) <= kMaxFolded && std::abs(value) >= 1 / kMaxFolded;
}

/// Zero if there is none.
static double getSoftcap(SdpaOp op) {
  std::optional<APFloat> softcap = op.getSoftcap();
  return softcap ? softcap->convertToDouble() : 0.0;
}

TileEmitter::TileEmitter(KernelBuilder &builder, SdpaOp op,
                         CPUScheduleAttr schedule,
                         const TileArguments &arguments)
    : b(builder), op(op), schedule(schedule), args(arguments),
      lanes(schedule.getVectorSize()), numVectors(schedule.getQueryVectors()),
      groupQueries(schedule.getGroupQueries()),
      blockKeys(schedule.getBlockKeys()), headDim(op.getHeadDim()),
      valueDim(op.getValueDim()), softcap(getSoftcap(op)),
      foldsLog2e(!op.getBias() && !op.hasScoreRegion() &&
                 softcap <= kMaxFolded) {
  std::optional<double> scale = op.getConstantScale();
  isUnscaled = isTiled() && foldsLog2e && softcap == 0 && !op.getSinks() &&
               scale && *scale > 0 && isModerate(*scale);
  unitInLog2 = isUnscaled ? *scale * kLog2e : foldsLog2e ? 1.0 : kLog2e;
  unitInNatural = isUnscaled ? *scale : foldsLog2e ? kLn2 : 1.0;
}

bool TileEmitter::isAlwaysMasked() {
  return op.getMask() || op.hasKeepRegion() ||
         (getStructure() && !getStructure().isExact());
}

void TileEmitter::forEachGroup(function_ref<void()> body) {
  Value numTileQueries = b.min(tileQueries, b.sub(numQueries, args.firstQuery));
  // One iteration is no loop: what follows sees constants.
  bool isOne = schedule.getQueryGroups() == 1;
  Value numGroups =
      isOne ? b.index(1) : b.ceilDiv(numTileQueries, groupQueries);
  b.forLoop(b.index(0), numGroups, 1, [&](Value index) {
    group = isOne ? b.index(0) : index;
    groupFirst =
        isOne ? args.firstQuery
              : b.add(args.firstQuery, b.mul(index, b.index(groupQueries)));
    body();
  });
}

void TileEmitter::emit() {
  if (isPacking()) {
    emitPackedOperands();
    return;
  }
  numQueries = b.dim(args.query, 0);
  tileQueries =
      args.tileQueries ? args.tileQueries : b.index(schedule.getTileQueries());
  numKeys = b.dim(args.key, 0);
  if (args.keyLength)
    numKeys = b.min(numKeys, args.keyLength);
  emitFactor();
  allocateScratch();
  if (isCombination()) {
    forEachGroup([&] {
      emitInitialState();
      emitCombined();
      emitOutput();
    });
    return;
  }
  forEachGroup([&] {
    emitQuery();
    emitLaneData();
    emitInitialState();
    if (isTiled() && !isPart())
      emitPrefetches();
  });
  emitKeyBlocks();
  forEachGroup([&] {
    if (hasRows())
      emitRowOutput();
    if (isPart())
      emitPartial();
    else
      emitOutput();
  });
}

/// The scale, with what may be multiplied into it.
void TileEmitter::emitFactor() {
  std::optional<double> scale = op.getConstantScale();
  foldsSoftcap =
      softcap != 0 && scale && isModerate(*scale) && isModerate(softcap);
  double other = foldsSoftcap                 ? 1 / softcap
                 : foldsLog2e && softcap == 0 ? kLog2e
                                              : 1.0;
  if (scale) {
    factor = b.constant(*scale * other);
    return;
  }
  factor = b.toF32(args.scale);
  if (other != 1.0)
    factor = b.mulf(factor, b.constant(other));
}

void TileEmitter::emitInitialState() {
  Value zero = b.splat(0.0);
  for (int64_t v = 0; v < numVectors; ++v) {
    b.storeVector(b.splat(-kInfinity), rowState, at(b.index(0), v));
    b.storeVector(zero, rowState, at(b.index(1), v));
  }
  b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
    for (int64_t v = 0; v < numVectors; ++v)
      b.storeVector(zero, outputT, at(d, v));
  });
  emitGroupIntervals();
}

/// Stores which keys the group needs, and which of them all its queries see.
void TileEmitter::emitGroupIntervals() {
  if (!neededKeys)
    return;
  Value lastQuery =
      b.sub(b.min(b.add(groupFirst, groupQueries), numQueries), b.index(1));
  KeyIntervalValues needed =
      buildNeededKeys(getStructure(), b, b.getLoc(), getPosition(groupFirst),
                      getPosition(lastQuery), getNumPositions(), numKeys);
  b.store(needed.begin, neededKeys, {group, b.index(0)});
  b.store(needed.end, neededKeys, {group, b.index(1)});
  if (!fullKeys)
    return;
  KeyIntervalValues full =
      buildFullKeys(getStructure(), b, b.getLoc(), getPosition(groupFirst),
                    getPosition(lastQuery), getNumPositions(), numKeys, needed);
  b.store(full.begin, fullKeys, {group, b.index(0)});
  b.store(full.end, fullKeys, {group, b.index(1)});
}

/// Visits the keys that the tile needs, block by block, and in each block the
/// groups that need some of them.
void TileEmitter::emitKeyBlocks() {
  Value lastQuery =
      b.sub(b.min(b.add(args.firstQuery, tileQueries), numQueries), b.index(1));
  KeyIntervalValues needed = buildNeededKeys(
      getStructure(), b, b.getLoc(), getPosition(args.firstQuery),
      getPosition(lastQuery), getNumPositions(), numKeys);
  if (isPart()) {
    Value end = b.add(args.firstKey, schedule.getSplitKeys());
    needed.begin = b.max(needed.begin, args.firstKey);
    needed.end = b.min(needed.end, end);
  }
  // Tiles stay what they are; only behind the last key of all are they zero.
  if (isPacked()) {
    needed.begin = b.alignDown(needed.begin, getKeyStep());
    needed.end =
        b.min(b.mul(b.ceilDiv(needed.end, getKeyStep()), b.index(getKeyStep())),
              numKeys);
  }
  KeyIntervalValues full;
  if (fullKeys)
    full = buildFullKeys(getStructure(), b, b.getLoc(),
                         getPosition(args.firstQuery), getPosition(lastQuery),
                         getNumPositions(), numKeys, needed);
  b.forLoop(needed.begin, needed.end, blockKeys, [&](Value firstKey) {
    Value end = b.min(b.add(firstKey, blockKeys), needed.end);
    Value numBlockKeys = b.sub(end, firstKey);
    emitCopiedBlock(firstKey, numBlockKeys);
    Value hasNonFinite;
    if (isAlwaysMasked()) {
      hasNonFinite = emitHasNonFinite(firstKey, b.index(0), numBlockKeys);
    } else if (fullKeys) {
      // Where no group masks anything nobody asks.
      Value isMasked = arith::OrIOp::create(
          b, b.compare(arith::CmpIPredicate::slt, firstKey, full.begin),
          b.compare(arith::CmpIPredicate::sgt, end, full.end));
      hasNonFinite = b.ifThenElse(
                          b.getI1Type(), isMasked,
                          [&] {
                            Value row = b.index(0), numRows = numBlockKeys;
                            if (isTiled())
                              std::tie(row, numRows) =
                                  emitMaskedRows(firstKey, numBlockKeys, full);
                            return SmallVector<Value>{
                                emitHasNonFinite(firstKey, row, numRows)};
                          },
                          [&] {
                            return SmallVector<Value>{arith::ConstantOp::create(
                                b, b.getBoolAttr(false))};
                          })
                         .front();
    }
    forEachGroup([&] { emitGroup(firstKey, end, hasNonFinite); });
  });
}

/// The part of a block that one group needs.
void TileEmitter::emitGroup(Value firstKey, Value end, Value hasNonFinite) {
  Value zero = b.index(0), one = b.index(1);
  Block block{firstKey, zero, b.sub(end, firstKey), isAlwaysMasked(),
              hasNonFinite};
  if (!neededKeys) {
    emitBlock(block);
    return;
  }
  Value first = b.max(b.load(neededKeys, {group, zero}), firstKey);
  block.firstRow = b.sub(first, firstKey);
  // Pairs or tiles of keys stay together.
  if (isPaired())
    block.firstRow = b.alignDown(block.firstRow, getKeyStep());
  block.firstKey = b.add(firstKey, block.firstRow);
  Value last = b.min(b.load(neededKeys, {group, one}), end);
  block.numKeys = b.sub(last, block.firstKey);
  Value isNeeded = b.compare(arith::CmpIPredicate::slt, first, last);
  b.ifThenElse(isNeeded, [&] {
    if (!fullKeys) {
      emitBlock(block);
      return;
    }
    Value fullBegin = b.load(fullKeys, {group, zero});
    Value fullEnd = b.load(fullKeys, {group, one});
    if (isTiled()) {
      emitSections(block, firstKey, end, fullBegin, fullEnd);
      return;
    }
    Value isFull = arith::AndIOp::create(
        b, b.compare(arith::CmpIPredicate::sge, block.firstKey, fullBegin),
        b.compare(arith::CmpIPredicate::sle, last, fullEnd));
    emitMaskedUnless(isFull, block);
  });
}

void TileEmitter::emitMaskedUnless(Value isFull, Block block) {
  auto emitAs = [&](bool masked) {
    block.masked = masked;
    emitBlock(block);
  };
  b.ifThenElse(isFull, [&] { emitAs(false); }, [&] { emitAs(true); });
}

/// The keys of a block before, among and behind those that all queries of the
/// group see. Masks cost much beside products of tiles.
void TileEmitter::emitSections(const Block &block, Value firstKey, Value end,
                               Value fullBegin, Value fullEnd) {
  Value zero = b.index(0);
  int64_t step = getKeyStep();
  Value lastRow = b.add(block.firstRow, block.numKeys);
  Value fullFirstRow = b.mul(
      b.ceilDiv(b.max(b.sub(fullBegin, firstKey), zero), step), b.index(step));
  Value first = b.min(b.max(fullFirstRow, block.firstRow), lastRow);
  // What lies behind the last key in its tile is not to be observed either:
  // only code for masks looks for infinities.
  Value fullLastRow = b.max(b.min(b.sub(fullEnd, firstKey), lastRow), zero);
  Value isLast =
      b.compare(arith::CmpIPredicate::eq, fullLastRow, b.sub(end, firstKey));
  Value last = b.max(
      b.select(isLast, fullLastRow, b.alignDown(fullLastRow, step)), first);

  b.forLoop(zero, b.index(3), 1, [&](Value number) {
    auto choose = [&](Value ifFirst, Value ifSecond, Value ifThird) {
      auto is = [&](int64_t i) {
        return b.compare(arith::CmpIPredicate::eq, number, b.index(i));
      };
      return b.select(is(0), ifFirst, b.select(is(1), ifSecond, ifThird));
    };
    Block section = block;
    section.firstRow = choose(block.firstRow, first, last);
    section.firstKey = b.add(firstKey, section.firstRow);
    section.numKeys = b.sub(choose(first, last, lastRow), section.firstRow);
    Value isAny = b.compare(arith::CmpIPredicate::sgt, section.numKeys, zero);
    Value isFull = b.compare(arith::CmpIPredicate::eq, number, b.index(1));
    b.ifThenElse(isAny, [&] { emitMaskedUnless(isFull, section); });
  });
}

/// Where a block's keys are that some query of the tile does not see: from
/// which row on, and how many.
std::pair<Value, Value>
TileEmitter::emitMaskedRows(Value firstKey, Value numKeys,
                            const KeyIntervalValues &full) {
  Value zero = b.index(0);
  Value fullFirst = b.min(b.max(b.sub(full.begin, firstKey), zero), numKeys);
  Value fullLast = b.min(b.max(b.sub(full.end, firstKey), zero), numKeys);
  Value hasBefore = b.compare(arith::CmpIPredicate::sgt, fullFirst, zero);
  Value hasBehind = b.compare(arith::CmpIPredicate::slt, fullLast, numKeys);
  Value first = b.select(hasBefore, zero, b.alignDown(fullLast, getKeyStep()));
  Value last = b.select(hasBehind, numKeys, fullFirst);
  return {first, b.max(b.sub(last, first), zero)};
}

/// One step of the online softmax.
void TileEmitter::emitBlock(Block block) {
  if (biasT && dependsOnKey(args.bias))
    emitTransposedBlock(args.bias, biasT, block.firstKey, block.numKeys);
  if (maskT && dependsOnKey(args.mask))
    emitTransposedBlock(args.mask, maskT, block.firstKey, block.numKeys);
  if (isUnscaled && isLazy() && !block.masked) {
    emitTileBlock(block);
    return;
  }

  LaneVectors newMax = emitLogits(block);
  if (isLazy())
    for (int64_t v = 0; v < numVectors; ++v)
      newMax[v] =
          emitReference(b.loadVector(rowState, at(b.index(0), v)), newMax[v]);
  LaneVectors safeMax, alpha;
  for (int64_t v = 0; v < numVectors; ++v) {
    safeMax.push_back(emitSafeMax(newMax[v]));
    Value oldMax = b.loadVector(rowState, at(b.index(0), v));
    alpha.push_back(emitRescale(oldMax, safeMax[v]));
  }
  LaneVectors sums = emitProbabilities(block, safeMax);
  for (int64_t v = 0; v < numVectors; ++v) {
    Value oldSum = b.loadVector(rowState, at(b.index(1), v));
    b.storeVector(b.fma(oldSum, alpha[v], sums[v]), rowState,
                  at(b.index(1), v));
    b.storeVector(newMax[v], rowState, at(b.index(0), v));
  }
  emitValues(block, alpha);
}

/// exp(logit - max). The difference is taken before the multiplication by its
/// unit, which makes infinities of the largest finite logits.
Value TileEmitter::emitExponential(Value logit, Value max, Exp2Form form) {
  Value difference = b.subf(logit, max);
  if (unitInLog2 != 1.0)
    difference = b.mulf(difference, b.splat(unitInLog2));
  return b.exp2(difference, form);
}

/// What to subtract for a maximum: subtracting -inf from itself would make a
/// NaN of a row without keys.
Value TileEmitter::emitSafeMax(Value max) {
  Value isEmpty =
      b.compare(arith::CmpFPredicate::OEQ, max, b.splat(-kInfinity));
  return b.select(isEmpty, b.splat(0.0), max);
}

/// Whether a predicate holds in any lane of any vector.
Value TileEmitter::emitAnyLane(ArrayRef<Value> predicates) {
  Value any;
  for (Value predicate : predicates) {
    Value inVector =
        vector::ReductionOp::create(b, vector::CombiningKind::OR, predicate);
    any = any ? arith::OrIOp::create(b, any, inVector).getResult() : inVector;
  }
  return any;
}

/// What probabilities are relative to: what they were, unless a maximum is
/// above that; it may grow by 2^8 then. Sums that need not be rescaled stay
/// where they are, and no probability is above one.
Value TileEmitter::emitReference(Value old, Value newMax) {
  constexpr double kGrowth = 8;
  Value raised = b.addf(newMax, b.splat(kGrowth / unitInLog2));
  return b.select(b.compare(arith::CmpFPredicate::OGT, newMax, old), raised,
                  old);
}

/// exp(oldMax - max), and one where they are equal: the exponential's error
/// would add up over the blocks.
Value TileEmitter::emitRescale(Value oldMax, Value max) {
  Value isSame = b.compare(arith::CmpFPredicate::OEQ, oldMax, max);
  Exp2Form form = schedule.getExp2() == Exp2Form::AVX512Short
                      ? Exp2Form::AVX512
                      : schedule.getExp2();
  return b.select(isSame, b.splat(1.0), emitExponential(oldMax, max, form));
}

/// Replaces logits by probabilities and returns their sums.
TileEmitter::LaneVectors
TileEmitter::emitProbabilities(const Block &block, ArrayRef<Value> newMax) {
  SmallVector<Value> zeros(numVectors, b.splat(0.0));
  auto compute = [&](Value row, int64_t v) {
    Value logit = b.loadVector(probabilities, {row, getLaneOffset(v)});
    return emitExponential(logit, newMax[v], schedule.getExp2());
  };
  if (!isPaired())
    return LaneVectors(b.forLoop(b.index(0), block.numKeys, 1, zeros,
                                 [&](Value row, ValueRange carried) {
                                   SmallVector<Value> next;
                                   for (int64_t v = 0; v < numVectors; ++v) {
                                     Value p = compute(row, v);
                                     b.storeVector(p, probabilities,
                                                   {row, getLaneOffset(v)});
                                     next.push_back(b.addf(carried[v], p));
                                   }
                                   return next;
                                 }));
  // The sums are of what is not rounded.
  return LaneVectors(b.forLoop(
      b.index(0), getNumPairs(block.numKeys), 1, zeros,
      [&](Value pair, ValueRange carried) {
        SmallVector<Value> next;
        Value row = b.mul(pair, b.index(2));
        for (int64_t v = 0; v < numVectors; ++v) {
          Value first = compute(row, v), second = compute(b.add(row, 1), v);
          emitPairOfProbabilities(first, second, pair, v);
          // For products that check the values.
          if (isSplit() && block.masked) {
            b.storeVector(first, probabilities, {row, getLaneOffset(v)});
            b.storeVector(second, probabilities,
                          {b.add(row, 1), getLaneOffset(v)});
          }
          next.push_back(b.addf(carried[v], b.addf(first, second)));
        }
        return next;
      }));
}

/// Divides by the row sums, stores the output and what else is wanted of rows.
void TileEmitter::emitOutput() {
  LaneVectors max, sum, inverse, isMaskedRow;
  for (int64_t v = 0; v < numVectors; ++v) {
    max.push_back(b.loadVector(rowState, at(b.index(0), v)));
    sum.push_back(b.loadVector(rowState, at(b.index(1), v)));
    Value numerator = b.splat(1.0);
    if (args.sink) {
      // A sink is a last logit without a value; one of -inf is none.
      Value sink = b.toF32(args.sink);
      if (foldsLog2e)
        sink = b.mulf(sink, b.constant(kLog2e));
      sink = b.broadcast(sink);
      Value raised = b.maxf(max[v], sink);
      Value isEmpty =
          b.compare(arith::CmpFPredicate::OEQ, raised, b.splat(-kInfinity));
      Value safe = b.select(isEmpty, b.splat(0.0), raised);
      numerator = emitRescale(max[v], safe);
      sum[v] = b.fma(sum[v], numerator, emitRescale(sink, safe));
      max[v] = raised;
    }
    // The largest probability of a row with keys is one.
    isMaskedRow.push_back(
        b.compare(arith::CmpFPredicate::OEQ, sum[v], b.splat(0.0)));
    double ofMaskedRow = op.getMaskedRow() == MaskedRow::NaN
                             ? std::numeric_limits<double>::quiet_NaN()
                             : 0.0;
    inverse.push_back(b.select(isMaskedRow[v], b.splat(ofMaskedRow),
                               b.divf(numerator, sum[v])));
  }
  b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
    for (int64_t v = 0; v < numVectors; ++v) {
      SmallVector<Value> indices = at(d, v);
      Value sum = b.loadVector(outputT, indices);
      b.storeVector(b.mulf(sum, inverse[v]), outputT, indices);
    }
  });
  if (op.getMaskedRow() == MaskedRow::Uniform)
    emitUniformRows(isMaskedRow);

  // [Dv][queries] to [queries][Dv], then out row by row.
  auto fourType = VectorType::get({4}, b.getF32Type());
  for (int64_t v = 0; v < numVectors; ++v)
    b.forLoop(b.index(0), b.index(llvm::alignTo(valueDim, lanes)), lanes,
              [&](Value d) {
                SmallVector<Value> columns = buildTransposedSquare(
                    b, [&](int64_t row, int64_t column) -> Value {
                      return vector::LoadOp::create(
                          b, fourType, outputT,
                          ValueRange{group, b.add(d, row),
                                     b.add(getLaneOffset(v), column)});
                    });
                for (auto [r, vector] : llvm::enumerate(columns))
                  b.storeVector(vector, rows, {b.add(getLaneOffset(v), r), d});
              });
  Value numRows = b.min(b.index(groupQueries), b.sub(numQueries, groupFirst));
  b.forLoop(b.index(0), numRows, 1, [&](Value r) {
    emitRowCopy(rows, r, b.index(0), args.output, b.add(groupFirst, r),
                b.index(valueDim));
  });

  if (args.lse)
    emitRowResults(max, sum, numRows);
}

/// Stores log-sum-exp and row maxima: `max` and `sum` hold the sink too.
void TileEmitter::emitRowResults(ArrayRef<Value> max, ArrayRef<Value> sum,
                                 Value numRows) {
  using P = arith::CmpFPredicate;
  auto store = [&](Value row, Value memref) {
    b.forLoop(b.index(0), numRows, 1, [&](Value r) {
      b.store(b.load(rowState, {group, row, r}), memref,
              {b.add(groupFirst, r)});
    });
  };
  if (args.maxScores) {
    for (int64_t v = 0; v < numVectors; ++v) {
      SmallVector<Value> indices = at(b.index(0), v);
      Value ofKeys = b.loadVector(rowState, indices);
      Value sumOfKeys = b.loadVector(rowState, at(b.index(1), v));
      // Comparisons lose a NaN, sums do not; they are NaN for +inf as well.
      Value isNaN =
          arith::AndIOp::create(b, b.compare(P::UNO, sumOfKeys, sumOfKeys),
                                b.compare(P::UNE, ofKeys, b.splat(kInfinity)));
      if (unitInNatural != 1.0)
        ofKeys = b.mulf(ofKeys, b.splat(unitInNatural));
      b.storeVector(b.select(isNaN,
                             b.splat(std::numeric_limits<double>::quiet_NaN()),
                             ofKeys),
                    rowState, indices);
    }
    store(b.index(0), args.maxScores);
  }
  // lse = max + log(sum), the maximum in natural units; -inf for a row without
  // keys.
  for (int64_t v = 0; v < numVectors; ++v) {
    Value log = math::LogOp::create(b, sum[v]);
    Value lse = unitInNatural != 1.0
                    ? b.fma(max[v], b.splat(unitInNatural), log)
                    : b.addf(max[v], log);
    b.storeVector(lse, rowState, at(b.index(0), v));
  }
  store(b.index(0), args.lse);
}

/// Gives rows without keys the mean of all values. Rare, so plain loops do.
void TileEmitter::emitUniformRows(ArrayRef<Value> isMaskedRow) {
  b.ifThenElse(emitAnyLane(isMaskedRow), [&] {
    Value count = arith::UIToFPOp::create(
        b, b.getF32Type(),
        arith::IndexCastOp::create(b, b.getI64Type(), numKeys));
    b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
      Value sum =
          b.forLoop(b.index(0), numKeys, 1, b.constant(0.0),
                    [&](Value j, ValueRange carried) {
                      Value value = b.toF32(b.load(args.value, {j, d}));
                      return SmallVector<Value>{b.addf(carried[0], value)};
                    })[0];
      Value mean = b.broadcast(b.divf(sum, count));
      for (int64_t v = 0; v < numVectors; ++v) {
        SmallVector<Value> indices = at(d, v);
        Value other = b.loadVector(outputT, indices);
        b.storeVector(b.select(isMaskedRow[v], mean, other), outputT, indices);
      }
    });
  });
}
