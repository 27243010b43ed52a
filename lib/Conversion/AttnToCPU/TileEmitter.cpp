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
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kLn2 = 0.693147180559945309417;
static constexpr double kLog2e = 1.44269504088896340736;

TileEmitter::TileEmitter(KernelBuilder &builder, SdpaOp op,
                         CPUScheduleAttr schedule,
                         const TileArguments &arguments)
    : b(builder), op(op), schedule(schedule), args(arguments),
      lanes(schedule.getVectorSize()), numVectors(schedule.getQueryVectors()),
      tileQueries(lanes * numVectors), blockKeys(schedule.getBlockKeys()),
      headDim(op.getHeadDim()), valueDim(op.getValueDim()),
      foldsLog2e(!op.getSoftcapAttr() && !op.getBias() &&
                 !op.hasScoreRegion()) {}

bool TileEmitter::isAlwaysMasked() {
  return op.getMask() || op.hasKeepRegion() ||
         (getStructure() && !getStructure().isExact());
}

void TileEmitter::emit() {
  numQueries = b.dim(args.query, 0);
  numKeys = b.dim(args.key, 0);
  if (args.keyLength)
    numKeys = b.min(numKeys, args.keyLength);

  Type f32 = b.getF32Type();
  int64_t paddedDim = llvm::alignTo(headDim, lanes);
  int64_t paddedValueDim = llvm::alignTo(valueDim, lanes);
  int64_t paddedKeys = llvm::alignTo(blockKeys, lanes);
  queryT = allocate({paddedDim, tileQueries}, f32);
  outputT = allocate({paddedValueDim, tileQueries}, f32);
  probabilities = allocate({blockKeys, tileQueries}, f32);
  rowState = allocate({2, tileQueries}, f32);
  rows = allocate(
      {tileQueries, std::max({paddedDim, paddedValueDim, paddedKeys})}, f32);
  if (isConverted()) {
    keyBlock = allocate({blockKeys, headDim}, f32);
    valueBlock = allocate({blockKeys, valueDim}, f32);
  }

  emitQuery();
  emitLaneData();
  Value zero = b.splat(0.0);
  Value initialMax = b.splat(-kInfinity), initialSum = zero;
  if (args.sink) {
    // A sink is a first logit without a value; one of -inf is none.
    Value sink = b.toF32(args.sink);
    if (foldsLog2e)
      sink = b.mulf(sink, b.constant(kLog2e));
    initialMax = b.broadcast(sink);
    Value isNone =
        b.compare(arith::CmpFPredicate::OEQ, initialMax, b.splat(-kInfinity));
    initialSum = b.select(isNone, zero, b.splat(1.0));
  }
  for (int64_t v = 0; v < numVectors; ++v) {
    b.storeVector(initialMax, rowState, {b.index(0), getLaneOffset(v)});
    b.storeVector(initialSum, rowState, {b.index(1), getLaneOffset(v)});
  }
  b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
    for (int64_t v = 0; v < numVectors; ++v)
      b.storeVector(zero, outputT, {d, getLaneOffset(v)});
  });
  emitKeyBlocks();
  emitOutput();
}

/// Visits the keys that the tile needs, block by block: first those before the
/// keys that all queries see, then these, without mask code, then the rest.
void TileEmitter::emitKeyBlocks() {
  Value lastQuery =
      b.sub(b.min(b.add(args.firstQuery, tileQueries), numQueries), b.index(1));
  KeyIntervalValues needed =
      buildNeededKeys(getStructure(), b, b.getLoc(), args.firstQuery, lastQuery,
                      numQueries, numKeys);

  auto emitBlocks = [&](Value begin, Value end,
                        function_ref<void(Value, Value)> body) {
    b.forLoop(begin, end, blockKeys, [&](Value firstKey) {
      body(firstKey, b.min(b.index(blockKeys), b.sub(end, firstKey)));
    });
  };
  if (isAlwaysMasked() || !isEverMasked()) {
    emitBlocks(needed.begin, needed.end, [&](Value firstKey, Value numKeys) {
      emitBlock(firstKey, numKeys, isAlwaysMasked());
    });
    return;
  }

  KeyIntervalValues full =
      buildFullKeys(getStructure(), b, b.getLoc(), args.firstQuery, lastQuery,
                    numQueries, numKeys, needed);
  // Whole register tiles only: the remainder goes to the masked part.
  Value fullEnd = b.add(full.begin, b.alignDown(b.sub(full.end, full.begin),
                                                schedule.getKeyRows()));
  // One loop over the three parts, so that each form of a block is emitted
  // once.
  Value one = b.index(1);
  b.forLoop(b.index(0), b.index(3), 1, [&](Value part) {
    Value isFull = b.compare(arith::CmpIPredicate::eq, part, one);
    Value isFirst = b.compare(arith::CmpIPredicate::slt, part, one);
    Value begin =
        b.select(isFirst, needed.begin, b.select(isFull, full.begin, fullEnd));
    Value end =
        b.select(isFirst, full.begin, b.select(isFull, fullEnd, needed.end));
    emitBlocks(begin, end, [&](Value firstKey, Value numKeys) {
      b.ifThenElse(
          isFull, [&] { emitBlock(firstKey, numKeys, /*masked=*/false); },
          [&] { emitBlock(firstKey, numKeys, /*masked=*/true); });
    });
  });
}

/// One step of the online softmax.
void TileEmitter::emitBlock(Value firstKey, Value numKeys, bool masked) {
  if (isConverted())
    emitConvertedBlock(firstKey, numKeys);
  if (biasT && dependsOnKey(args.bias))
    emitTransposedBlock(args.bias, biasT, firstKey, numKeys);
  if (maskT && dependsOnKey(args.mask))
    emitTransposedBlock(args.mask, maskT, firstKey, numKeys);

  LaneVectors newMax = emitLogits(firstKey, numKeys, masked);
  // Subtracting -inf from itself would make a NaN of a row without keys.
  LaneVectors safeMax, alpha;
  for (int64_t v = 0; v < numVectors; ++v) {
    Value isEmpty =
        b.compare(arith::CmpFPredicate::OEQ, newMax[v], b.splat(-kInfinity));
    safeMax.push_back(b.select(isEmpty, b.splat(0.0), newMax[v]));
    Value oldMax = b.loadVector(rowState, {b.index(0), getLaneOffset(v)});
    alpha.push_back(emitExponential(oldMax, safeMax[v]));
  }
  LaneVectors sums = emitProbabilities(numKeys, safeMax);
  for (int64_t v = 0; v < numVectors; ++v) {
    SmallVector<Value> sumIndices{b.index(1), getLaneOffset(v)};
    Value oldSum = b.loadVector(rowState, sumIndices);
    b.storeVector(b.fma(oldSum, alpha[v], sums[v]), rowState, sumIndices);
    b.storeVector(newMax[v], rowState, {b.index(0), getLaneOffset(v)});
  }
  emitValues(firstKey, numKeys, alpha, masked);
}

/// exp(logit - max). The difference is taken before the multiplication by
/// log2(e), which makes infinities of the largest finite logits.
Value TileEmitter::emitExponential(Value logit, Value max) {
  Value difference = b.subf(logit, max);
  if (!foldsLog2e)
    difference = b.mulf(difference, b.splat(kLog2e));
  return b.exp2(difference, schedule.getExp2());
}

/// Replaces logits by probabilities and returns their sums.
TileEmitter::LaneVectors
TileEmitter::emitProbabilities(Value numKeys, ArrayRef<Value> newMax) {
  SmallVector<Value> zeros(numVectors, b.splat(0.0));
  SmallVector<Value> sums = b.forLoop(
      b.index(0), numKeys, 1, zeros, [&](Value row, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < numVectors; ++v) {
          SmallVector<Value> indices{row, getLaneOffset(v)};
          Value logit = b.loadVector(probabilities, indices);
          Value p = emitExponential(logit, newMax[v]);
          b.storeVector(p, probabilities, indices);
          next.push_back(b.addf(carried[v], p));
        }
        return next;
      });
  return LaneVectors(sums);
}

/// Divides by the row sums, stores the output and the log-sum-exp.
void TileEmitter::emitOutput() {
  LaneVectors inverse, isMaskedRow;
  for (int64_t v = 0; v < numVectors; ++v) {
    Value sum = b.loadVector(rowState, {b.index(1), getLaneOffset(v)});
    // The largest probability of a row with keys is one.
    isMaskedRow.push_back(
        b.compare(arith::CmpFPredicate::OEQ, sum, b.splat(0.0)));
    double ofMaskedRow = op.getMaskedRow() == MaskedRow::NaN
                             ? std::numeric_limits<double>::quiet_NaN()
                             : 0.0;
    inverse.push_back(b.select(isMaskedRow[v], b.splat(ofMaskedRow),
                               b.divf(b.splat(1.0), sum)));
  }
  b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
    for (int64_t v = 0; v < numVectors; ++v) {
      SmallVector<Value> indices{d, getLaneOffset(v)};
      Value sum = b.loadVector(outputT, indices);
      b.storeVector(b.mulf(sum, inverse[v]), outputT, indices);
    }
  });
  if (op.getMaskedRow() == MaskedRow::Uniform)
    emitUniformRows(isMaskedRow);

  // [Dv][queries] to [queries][Dv], then out row by row.
  for (int64_t v = 0; v < numVectors; ++v)
    b.forLoop(b.index(0), b.index(llvm::alignTo(valueDim, lanes)), lanes,
              [&](Value d) {
                emitTransposeSquare(outputT, {d, getLaneOffset(v)}, rows,
                                    {getLaneOffset(v), d});
              });
  Value numRows =
      b.min(b.index(tileQueries), b.sub(numQueries, args.firstQuery));
  b.forLoop(b.index(0), numRows, 1, [&](Value r) {
    emitRowCopy(rows, r, b.index(0), args.output, b.add(args.firstQuery, r),
                b.index(valueDim));
  });

  if (!args.lse)
    return;
  // lse = max + log(sum), the maximum in natural units; -inf for a row without
  // keys.
  for (int64_t v = 0; v < numVectors; ++v) {
    SmallVector<Value> maxIndices{b.index(0), getLaneOffset(v)};
    Value max = b.loadVector(rowState, maxIndices);
    Value sum = b.loadVector(rowState, {b.index(1), getLaneOffset(v)});
    Value log = math::LogOp::create(b, sum);
    Value lse = foldsLog2e ? b.fma(max, b.splat(kLn2), log) : b.addf(max, log);
    b.storeVector(lse, rowState, maxIndices);
  }
  b.forLoop(b.index(0), numRows, 1, [&](Value r) {
    b.store(b.load(rowState, {b.index(0), r}), args.lse,
            {b.add(args.firstQuery, r)});
  });
}

/// Gives rows without keys the mean of all values. Rare, so plain loops do.
void TileEmitter::emitUniformRows(ArrayRef<Value> isMaskedRow) {
  Value any;
  for (Value mask : isMaskedRow) {
    Value anyLane =
        vector::ReductionOp::create(b, vector::CombiningKind::OR, mask);
    any = any ? arith::OrIOp::create(b, any, anyLane).getResult() : anyLane;
  }
  b.ifThenElse(any, [&] {
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
        SmallVector<Value> indices{d, getLaneOffset(v)};
        Value other = b.loadVector(outputT, indices);
        b.storeVector(b.select(isMaskedRow[v], mean, other), outputT, indices);
      }
    });
  });
}
