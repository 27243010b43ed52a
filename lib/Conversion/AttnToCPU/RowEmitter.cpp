//===- RowEmitter.cpp - Few queries: columns in lanes -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A few queries leave most lanes empty, and register tiles of values read
// memory in strips of columns. With columns in lanes every row of keys and
// values is read whole, once for all queries. Logits and probabilities stay as
// they are, [key] [query], so that masks and the softmax are the same.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"

using namespace mlir;
using namespace mlir::attn;

/// The sum of vector q in lane q; lanes behind the last vector repeat others. A
/// sum by itself would take as many shuffles as all of them together.
static Value sumLanes(KernelBuilder &b, SmallVector<Value> vectors) {
  const int64_t lanes = b.getLanes();
  for (int64_t width = 1; width < lanes; width *= 2) {
    // Blocks of the first vector alternate with blocks of the second. The first
    // step leaves two partial sums apart, so that it stays within 128 bits.
    SmallVector<int64_t> low, high;
    int64_t block = std::max<int64_t>(2 * width, 4);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t begin = lane / block * block, place = lane % block;
      int64_t source = place / width % 2 * lanes;
      int64_t from = width == 1 ? place / 2 : place % width;
      low.push_back(source + begin + from);
      high.push_back(source + begin + block / 2 + from);
    }
    SmallVector<Value> sums;
    for (size_t i = 0; i < vectors.size(); i += 2) {
      Value first = vectors[i];
      Value second = i + 1 < vectors.size() ? vectors[i + 1] : first;
      sums.push_back(
          b.addf(vector::ShuffleOp::create(b, first, second, low).getResult(),
                 vector::ShuffleOp::create(b, first, second, high)));
    }
    vectors = std::move(sums);
  }
  return vectors.front();
}

SmallVector<Value> TileEmitter::emitKeyRowProducts(const Block &block,
                                                   Value row, int64_t numRows) {
  int64_t numRowQueries = schedule.getRowQueries();
  int64_t numWhole = headDim - headDim % lanes;
  SmallVector<Value> keys;
  for (int64_t r = 0; r < numRows; ++r)
    keys.push_back(b.add(b.add(block.firstKey, row), r));
  SmallVector<Value> sums(numRows * numRowQueries, b.splat(0.0));
  sums =
      b.forLoop(b.index(0), b.index(numWhole), lanes, sums,
                [&](Value d, ValueRange carried) {
                  SmallVector<Value> queries,
                      next(carried.begin(), carried.end());
                  for (int64_t q = 0; q < numRowQueries; ++q)
                    queries.push_back(b.loadVector(queryRows, {b.index(q), d}));
                  for (int64_t r = 0; r < numRows; ++r) {
                    Value key = b.toF32(b.loadVector(args.key, {keys[r], d}));
                    for (int64_t q = 0; q < numRowQueries; ++q) {
                      Value &sum = next[r * numRowQueries + q];
                      sum = b.fma(key, queries[q], sum);
                    }
                  }
                  return next;
                });
  SmallVector<Value> products;
  if (numWhole == headDim && numRowQueries > 1) {
    for (int64_t r = 0; r < numRows; ++r)
      products.push_back(sumLanes(b, SmallVector<Value>(ValueRange(sums).slice(
                                         r * numRowQueries, numRowQueries))));
    return products;
  }
  for (Value &sum : sums)
    sum = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum,
                                      arith::FastMathFlags::reassoc);
  if (numWhole != headDim)
    sums =
        b.forLoop(b.index(numWhole), b.index(headDim), 1, sums,
                  [&](Value d, ValueRange carried) {
                    SmallVector<Value> next;
                    for (int64_t r = 0; r < numRows; ++r) {
                      Value key = b.toF32(b.load(args.key, {keys[r], d}));
                      for (int64_t q = 0; q < numRowQueries; ++q)
                        next.push_back(b.addf(
                            carried[r * numRowQueries + q],
                            b.mulf(key, b.load(queryRows, {b.index(q), d}))));
                    }
                    return next;
                  });
  for (int64_t r = 0; r < numRows; ++r) {
    Value product = b.splat(0.0);
    for (int64_t q = 0; q < numRowQueries; ++q)
      product =
          vector::InsertOp::create(b, sums[r * numRowQueries + q], product, q);
    products.push_back(product);
  }
  return products;
}

/// outputRows = alpha * outputRows + P V over the keys of a block.
void TileEmitter::emitRowValues(const Block &block, Value alpha, bool checked) {
  int64_t numVectors = valueDim / lanes;
  int64_t step =
      std::max<int64_t>(schedule.getValueRows() / schedule.getRowQueries(), 1);
  // As many in each turn.
  if (numVectors > 0)
    step = llvm::divideCeil(numVectors, llvm::divideCeil(numVectors, step));
  int64_t numWhole = numVectors - numVectors % step;
  b.forLoop(b.index(0), b.index(numWhole * lanes), step * lanes,
            [&](Value column) {
              emitRowColumns(block, column, step, alpha, checked);
            });
  if (numWhole != numVectors)
    emitRowColumns(block, b.index(numWhole * lanes), numVectors - numWhole,
                   alpha, checked);
  if (valueDim % lanes != 0)
    emitRowTail(block, alpha, checked);
}

/// sum + p * value, or sum if the value must not be observed.
static Value addProduct(KernelBuilder &b, Value p, Value value, Value sum,
                        bool checked) {
  bool isVector = isa<VectorType>(sum.getType());
  Value newSum = isVector ? b.fma(b.broadcast(p), value, sum)
                          : b.addf(sum, b.mulf(p, value));
  if (!checked)
    return newSum;
  Value observed = b.compare(arith::CmpFPredicate::UNE, p, b.constant(0.0));
  return b.select(observed, newSum, sum);
}

/// `numVectors` vectors of columns.
void TileEmitter::emitRowColumns(const Block &block, Value firstColumn,
                                 int64_t numVectors, Value alpha,
                                 bool checked) {
  int64_t numRowQueries = schedule.getRowQueries();
  emitNextKeyPrefetches(block, firstColumn, numVectors * lanes);
  SmallVector<Value> columns, sums;
  for (int64_t c = 0; c < numVectors; ++c)
    columns.push_back(b.add(firstColumn, c * lanes));
  for (int64_t q = 0; q < numRowQueries; ++q) {
    Value factor = b.broadcast(vector::ExtractOp::create(b, alpha, q));
    for (Value column : columns)
      sums.push_back(
          b.mulf(b.loadVector(outputRows, {b.index(q), column}), factor));
  }
  sums = b.forLoop(
      b.index(0), block.numKeys, 1, sums, [&](Value row, ValueRange carried) {
        Value key = b.add(block.firstKey, row);
        SmallVector<Value> values, next;
        for (Value column : columns)
          values.push_back(b.toF32(b.loadVector(args.value, {key, column})));
        for (int64_t q = 0; q < numRowQueries; ++q) {
          Value p = b.load(probabilities, {row, b.index(q)});
          for (int64_t c = 0; c < numVectors; ++c)
            next.push_back(addProduct(b, p, values[c],
                                      carried[q * numVectors + c], checked));
        }
        return next;
      });
  for (int64_t q = 0; q < numRowQueries; ++q)
    for (int64_t c = 0; c < numVectors; ++c)
      b.storeVector(sums[q * numVectors + c], outputRows,
                    {b.index(q), columns[c]});
}

/// The columns behind the last whole vector.
void TileEmitter::emitRowTail(const Block &block, Value alpha, bool checked) {
  int64_t numRowQueries = schedule.getRowQueries();
  b.forLoop(b.index(valueDim - valueDim % lanes), b.index(valueDim), 1,
            [&](Value column) {
              SmallVector<Value> sums;
              for (int64_t q = 0; q < numRowQueries; ++q)
                sums.push_back(b.mulf(b.load(outputRows, {b.index(q), column}),
                                      vector::ExtractOp::create(b, alpha, q)));
              sums = b.forLoop(
                  b.index(0), block.numKeys, 1, sums,
                  [&](Value row, ValueRange carried) {
                    Value value = b.toF32(b.load(
                        args.value, {b.add(block.firstKey, row), column}));
                    SmallVector<Value> next;
                    for (int64_t q = 0; q < numRowQueries; ++q)
                      next.push_back(addProduct(
                          b, b.load(probabilities, {row, b.index(q)}), value,
                          carried[q], checked));
                    return next;
                  });
              for (int64_t q = 0; q < numRowQueries; ++q)
                b.store(sums[q], outputRows, {b.index(q), column});
            });
}

void TileEmitter::emitRowOutput() {
  b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
    for (int64_t q = 0; q < schedule.getRowQueries(); ++q)
      b.store(b.load(outputRows, {b.index(q), d}), outputT,
              {group, d, b.index(q)});
  });
}
