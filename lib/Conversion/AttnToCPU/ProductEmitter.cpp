//===- ProductEmitter.cpp - Register tiles of products ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace mlir::attn;

/// A vector of bf16 from one of the same size in another type.
static Value toPairs(KernelBuilder &b, Value vector) {
  auto type = VectorType::get({2 * b.getLanes()}, b.getBF16Type());
  return vector::BitCastOp::create(b, type, vector);
}

/// sum + the products of both elements of every pair.
static Value addDot(KernelBuilder &b, Value lhs, Value rhs, Value sum) {
  return x86vector::DotBF16Op::create(b, sum.getType(), sum, lhs, rhs);
}

SmallVector<Value> TileEmitter::emitKeyProducts(const Block &block, Value row,
                                                int64_t numRows) {
  if (hasRows())
    return emitKeyRowProducts(block, row, numRows);
  if (isTiled()) {
    // They are there already.
    SmallVector<Value> products;
    for (int64_t r = 0; r < numRows; ++r)
      for (int64_t v = 0; v < numVectors; ++v)
        products.push_back(
            b.loadVector(probabilities, {b.add(row, r), getLaneOffset(v)}));
    return products;
  }
  Value source = gatheredKeys   ? gatheredKeys
                 : copiesKeys() ? keyBlock
                                : args.key;
  Value firstRow =
      gatheredKeys || copiesKeys() ? block.firstRow : block.firstKey;
  SmallVector<Value> sourceRows;
  for (int64_t r = 0; r < numRows; ++r)
    sourceRows.push_back(b.add(b.add(firstRow, row), r));
  // One column of keys, or a pair of them, for all queries.
  auto loadKey = [&](Value sourceRow, Value d) -> Value {
    if (!isPaired())
      return b.broadcast(b.load(source, {sourceRow, d}));
    Value pair =
        vector::LoadOp::create(b, VectorType::get({2}, b.getBF16Type()), source,
                               ValueRange{sourceRow, b.mul(d, b.index(2))});
    pair = vector::BitCastOp::create(b, VectorType::get({1}, b.getI32Type()),
                                     pair);
    return toPairs(b, b.broadcast(vector::ExtractOp::create(b, pair, 0)));
  };
  SmallVector<Value> zeros(numRows * numVectors, b.splat(0.0));
  int64_t numSteps = isPaired() ? llvm::divideCeil(headDim, 2) : headDim;
  return b.forLoop(
      b.index(0), b.index(numSteps), 1, zeros,
      [&](Value d, ValueRange carried) {
        SmallVector<Value> queries, next(carried.begin(), carried.end());
        for (int64_t v = 0; v < numVectors; ++v) {
          Value query = b.loadVector(queryT, at(d, v));
          queries.push_back(isPaired() ? toPairs(b, query) : query);
        }
        for (int64_t r = 0; r < numRows; ++r) {
          Value key = loadKey(sourceRows[r], d);
          for (int64_t v = 0; v < numVectors; ++v) {
            Value &sum = next[r * numVectors + v];
            sum = isPaired() ? addDot(b, queries[v], key, sum)
                             : b.fma(key, queries[v], sum);
          }
        }
        return next;
      });
}

SmallVector<Value> TileEmitter::emitValueProducts(const Block &block,
                                                  Value firstColumn,
                                                  int64_t numRows,
                                                  ValueRange sums) {
  Value source = gatheredValues   ? gatheredValues
                 : copiesValues() ? valueBlock
                                  : args.value;
  Value firstRow =
      gatheredValues || copiesValues() ? block.firstRow : block.firstKey;
  Value numSteps = block.numKeys;
  if (isPaired()) {
    firstRow = b.div(firstRow, b.index(2));
    numSteps = b.ceilDiv(numSteps, 2);
  }
  return b.forLoop(
      b.index(0), numSteps, 1, sums, [&](Value row, ValueRange carried) {
        Value sourceRow = b.add(firstRow, row);
        SmallVector<Value> probability, next(carried.begin(), carried.end());
        for (int64_t v = 0; v < numVectors; ++v) {
          Value p = b.loadVector(isPaired() ? probabilityPairs : probabilities,
                                 {row, getLaneOffset(v)});
          probability.push_back(isPaired() ? toPairs(b, p) : p);
        }
        for (int64_t r = 0; r < numRows; ++r) {
          Value value =
              b.broadcast(b.load(source, {sourceRow, b.add(firstColumn, r)}));
          if (isPaired())
            value = toPairs(b, value);
          for (int64_t v = 0; v < numVectors; ++v) {
            Value &sum = next[r * numVectors + v];
            sum = isPaired() ? addDot(b, probability[v], value, sum)
                             : b.fma(value, probability[v], sum);
          }
        }
        return next;
      });
}

/// Element `half` of pairs in i32, as f32.
static Value getHalf(KernelBuilder &b, Value pairs, int64_t half) {
  Type type = pairs.getType();
  Value bits =
      half == 0
          ? arith::ShLIOp::create(b, pairs, b.integer(16, type)).getResult()
          : arith::AndIOp::create(b, pairs, b.integer(-65536, type))
                .getResult();
  return b.bitcastToF32(bits);
}

SmallVector<Value> TileEmitter::emitCheckedValueProducts(const Block &block,
                                                         Value firstColumn,
                                                         int64_t numRows,
                                                         ValueRange sums) {
  // Of two parts none is taken.
  bool readsPairs = isPaired() && !isSplit();
  bool readsCopy = copiesValues() && !isSplit();
  Value source = readsCopy ? valueBlock : args.value;
  Value firstRow = readsCopy ? block.firstRow : block.firstKey;
  Value numSteps = block.numKeys;
  int64_t numHalves = 1;
  if (readsPairs) {
    firstRow = b.div(firstRow, b.index(2));
    numSteps = b.ceilDiv(numSteps, 2);
    numHalves = 2;
  }
  return b.forLoop(
      b.index(0), numSteps, 1, sums, [&](Value row, ValueRange carried) {
        Value sourceRow = b.add(firstRow, row);
        SmallVector<Value> probability, observed,
            next(carried.begin(), carried.end());
        for (int64_t v = 0; v < numVectors; ++v) {
          Value p = b.loadVector(readsPairs ? probabilityPairs : probabilities,
                                 {row, getLaneOffset(v)});
          for (int64_t half = 0; half < numHalves; ++half) {
            probability.push_back(readsPairs ? getHalf(b, p, half) : p);
            observed.push_back(b.compare(arith::CmpFPredicate::UNE,
                                         probability.back(), b.splat(0.0)));
          }
        }
        for (int64_t r = 0; r < numRows; ++r) {
          Value loaded = b.load(source, {sourceRow, b.add(firstColumn, r)});
          loaded = b.broadcast(readsPairs ? loaded : b.toF32(loaded));
          for (int64_t half = 0; half < numHalves; ++half) {
            Value value = readsPairs ? getHalf(b, loaded, half) : loaded;
            for (int64_t v = 0; v < numVectors; ++v) {
              Value &sum = next[r * numVectors + v];
              int64_t p = v * numHalves + half;
              sum =
                  b.select(observed[p], b.fma(value, probability[p], sum), sum);
            }
          }
        }
        return next;
      });
}

/// Pairs of bf16 from two vectors of f32, which attn-round-two-vectors rounds
/// by one instruction.
static Value roundToPairs(KernelBuilder &b, Value first, Value second) {
  int64_t lanes = b.getLanes();
  Value both = vector::ShuffleOp::create(
      b, first, second, llvm::to_vector(llvm::seq<int64_t>(2 * lanes)));
  Value rounded = b.fromF32(both, b.getBF16Type());
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < lanes; ++lane)
    order.append({lane, lanes + lane});
  return vector::ShuffleOp::create(b, rounded, rounded, order);
}

void TileEmitter::emitPairOfProbabilities(Value first, Value second, Value pair,
                                          int64_t v) {
  auto store = [&](Value pairs, int64_t part) {
    b.storeVector(
        vector::BitCastOp::create(b, b.getVectorType(b.getI32Type()), pairs),
        probabilityPairs,
        {b.add(pair, part * blockKeys / 2), getLaneOffset(v)});
  };
  if (!isTiled()) {
    Type bf16 = b.getBF16Type();
    store(vector::InterleaveOp::create(b, b.fromF32(first, bf16),
                                       b.fromF32(second, bf16)),
          kHigh);
    return;
  }
  if (isSplit()) {
    // The high part is truncated, not rounded. A NaN stays one: those that are
    // computed are quiet, and their first bit is kept.
    Value mask = b.integer(-65536, b.getVectorType(b.getI32Type()));
    Value firstHigh = arith::AndIOp::create(b, b.bitcastToI32(first), mask);
    Value secondHigh = arith::AndIOp::create(b, b.bitcastToI32(second), mask);
    Value shifted = arith::ShRUIOp::create(b, firstHigh,
                                           b.integer(16, firstHigh.getType()));
    store(arith::OrIOp::create(b, shifted, secondHigh), kHigh);
    store(roundToPairs(b, b.subf(first, b.bitcastToF32(firstHigh)),
                       b.subf(second, b.bitcastToF32(secondHigh))),
          kLow);
    return;
  }
  store(roundToPairs(b, first, second), kHigh);
}
