//===- LogitEmitter.cpp - Logits of a block ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionVectorizer.h"
#include "TileEmitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kLog2e = 1.44269504088896340736;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

TileEmitter::LaneVectors TileEmitter::emitLogits(const Block &block) {
  SmallVector<Value> maxima;
  for (int64_t v = 0; v < numVectors; ++v)
    maxima.push_back(isLazy() ? b.splat(-kInfinity)
                              : b.loadVector(rowState, at(b.index(0), v)));
  if (isTiled())
    // Tile registers multiply a step of keys while vectors work on the one
    // before, which is in memory by then.
    maxima = b.forLoop(
        b.index(0), b.add(block.numKeys, getKeyStep()), getKeyStep(), maxima,
        [&](Value row, ValueRange carried) {
          Value isKey =
              b.compare(arith::CmpIPredicate::slt, row, block.numKeys);
          b.ifThenElse(isKey, [&] { emitTileKeyProducts(block, row, row); });
          Value begin = b.max(b.sub(row, b.index(getKeyStep())), b.index(0));
          return emitLogitRange(block, begin, b.min(row, block.numKeys),
                                carried);
        });
  else
    maxima = emitLogitRange(block, b.index(0), block.numKeys, maxima);
  if (isPaired())
    emitMissingLogits(b.index(0), block.numKeys);
  return LaneVectors(maxima);
}

/// What is missing of the last pair or tile of keys.
void TileEmitter::emitMissingLogits(Value firstRow, Value numRows) {
  Value masked = b.splat(-std::numeric_limits<double>::infinity());
  Value end = b.mul(getNumPairs(numRows), b.index(2));
  b.forLoop(numRows, end, 1, [&](Value row) {
    for (int64_t v = 0; v < numVectors; ++v)
      b.storeVector(masked, probabilities,
                    {b.add(firstRow, row), getLaneOffset(v)});
  });
}

/// Whole register tiles of keys, then one key at a time.
TileEmitter::LaneVectors TileEmitter::emitLogitRange(const Block &block,
                                                     Value begin, Value end,
                                                     ValueRange maxima) {
  SmallVector<Value> current(maxima);
  auto emitLoop = [&](Value first, Value last, int64_t numRows) {
    current = b.forLoop(first, last, numRows, current,
                        [&](Value row, ValueRange carried) {
                          return SmallVector<Value>(
                              emitLogitRows(block, row, numRows, carried));
                        });
  };
  int64_t keyRows = schedule.getKeyRows();
  Value whole = b.add(begin, b.alignDown(b.sub(end, begin), keyRows));
  emitLoop(begin, whole, keyRows);
  if (keyRows > 1)
    emitLoop(whole, end, 1);
  return LaneVectors(current);
}

Value mlir::attn::emitMaximum(KernelBuilder &b, SmallVector<Value> vectors) {
  for (; vectors.size() > 1;
       vectors.resize(llvm::divideCeil(vectors.size(), 2)))
    for (size_t i = 0; i < vectors.size() / 2; ++i)
      vectors[i] = b.maxf(vectors[i], vectors[vectors.size() - 1 - i]);
  return vectors[0];
}

/// The logits of keys row + [0, numRows) of a block: one register tile.
TileEmitter::LaneVectors TileEmitter::emitLogitRows(const Block &block,
                                                    Value row, int64_t numRows,
                                                    ValueRange maxima) {
  emitValuePrefetches(block, row, numRows);
  SmallVector<Value> products = emitKeyProducts(block, row, numRows);
  SmallVector<LaneVectors> ofVector(numVectors);
  for (int64_t r = 0; r < numRows; ++r) {
    Value blockRow = b.add(row, r);
    Value key = b.add(block.firstKey, blockRow);
    for (int64_t v = 0; v < numVectors; ++v) {
      Value logit = products[r * numVectors + v];
      // Queries in bf16 are not scaled.
      if (isPaired() && !isUnscaled)
        logit = b.mulf(logit, b.broadcast(factor));
      logit = emitScore(logit, key, blockRow, v);
      if (Value keep = emitPredicate(block, key, blockRow, v))
        logit = b.select(keep, logit, b.splat(-kInfinity));
      // Products of tiles that nothing was done to are there already.
      if (!isTiled() || logit != products[r * numVectors + v])
        b.storeVector(logit, probabilities, {blockRow, getLaneOffset(v)});
      ofVector[v].push_back(logit);
    }
  }
  LaneVectors newMaxima;
  for (int64_t v = 0; v < numVectors; ++v)
    newMaxima.push_back(b.maxf(maxima[v], emitMaximum(b, ofVector[v])));
  return newMaxima;
}

/// Query indices of vector `v`, as a vector of index. Lanes behind the last
/// query repeat it: a region may read memory at its index.
static Value getQueryIndices(KernelBuilder &b, Value firstQuery,
                             Value numQueries, int64_t v) {
  Value first = b.add(firstQuery, v * b.getLanes());
  Value step = vector::StepOp::create(b, b.getVectorType(b.getIndexType()));
  Value indices = arith::AddIOp::create(b, step, b.broadcast(first));
  Value last = b.broadcast(b.sub(numQueries, b.index(1)));
  return arith::MinSIOp::create(b, indices, last);
}

/// From the scaled product to the logit that the softmax takes.
Value TileEmitter::emitScore(Value logit, Value key, Value row, int64_t v) {
  if (softcap != 0) {
    if (!foldsSoftcap)
      logit = b.mulf(logit, b.splat(1.0 / softcap));
    Value tanh = math::TanhOp::create(b, logit);
    logit = b.mulf(tanh, b.splat(foldsLog2e ? softcap * kLog2e : softcap));
  }
  if (args.bias)
    logit = b.addf(logit, emitBias(key, row, v));
  if (op.hasScoreRegion()) {
    SmallVector<Value> arguments{logit};
    llvm::append_range(arguments, args.leading);
    arguments.push_back(getQueryIndices(b, groupFirst, numQueries, v));
    arguments.push_back(key);
    logit = inlineVectorized(b, op.getScore(), arguments, args.captured);
  }
  return logit;
}

/// The bias of one key for a vector of queries, in natural units.
Value TileEmitter::emitBias(Value key, Value row, int64_t v) {
  bool hasKeys = dependsOnKey(args.bias);
  if (biasT)
    return hasKeys ? b.loadVector(biasT, {row, getLaneOffset(v)})
                   : b.loadVector(biasT, at(b.index(0), v));
  return b.broadcast(
      b.toF32(b.load(args.bias, {b.index(0), hasKeys ? key : b.index(0)})));
}

/// Which queries of a vector keep a key; null if all do.
Value TileEmitter::emitPredicate(const Block &block, Value key, Value row,
                                 int64_t v) {
  if (!block.masked)
    return {};
  using P = arith::CmpIPredicate;
  Value keep;
  SmallVector<Value> perQuery = at(b.index(0), v);
  if (intervalBegin || intervalEnd) {
    Value position =
        b.broadcast(arith::IndexCastOp::create(b, b.getI32Type(), key));
    if (intervalBegin)
      keep = b.compare(P::sge, position, b.loadVector(intervalBegin, perQuery));
    if (intervalEnd)
      keep =
          b.conjunction(keep, b.compare(P::slt, position,
                                        b.loadVector(intervalEnd, perQuery)));
  }
  if (documents) {
    auto type = cast<MemRefType>(args.keyDocuments.getType());
    Value id =
        b.load(args.keyDocuments, type.getDimSize(0) == 1 ? b.index(0) : key);
    if (id.getType().isIndex())
      id = arith::IndexCastOp::create(b, b.getI64Type(), id);
    else if (!id.getType().isInteger(64))
      id = arith::ExtSIOp::create(b, b.getI64Type(), id);
    keep = b.conjunction(keep, b.compare(P::eq, b.broadcast(id),
                                         b.loadVector(documents, perQuery)));
  }
  if (args.mask) {
    bool hasKeys = dependsOnKey(args.mask);
    Value kept;
    if (maskT) {
      Value value = hasKeys ? b.loadVector(maskT, {row, getLaneOffset(v)})
                            : b.loadVector(maskT, perQuery);
      kept = b.compare(arith::CmpFPredicate::UNE, value, b.splat(0.0));
    } else {
      Value byte = b.load(args.mask, {b.index(0), hasKeys ? key : b.index(0)});
      Value zero = arith::ConstantIntOp::create(b, byte.getType(), 0);
      kept = b.broadcast(b.compare(P::ne, byte, zero));
    }
    keep = b.conjunction(keep, kept);
  }
  if (op.hasKeepRegion()) {
    SmallVector<Value> arguments(args.leading);
    arguments.push_back(getQueryIndices(b, groupFirst, numQueries, v));
    arguments.push_back(key);
    keep = b.conjunction(
        keep, inlineVectorized(b, op.getKeep(), arguments, args.captured));
  }
  return keep;
}
