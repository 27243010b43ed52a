//===- ValueEmitter.cpp - Probabilities times values ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"

using namespace mlir;
using namespace mlir::attn;

/// outputT = alpha * outputT + V^T P^T over the keys of a block.
void TileEmitter::emitValues(Value firstKey, Value numKeys,
                             ArrayRef<Value> alpha, bool masked) {
  int64_t valueRows = schedule.getValueRows();
  int64_t numWhole = valueDim - valueDim % valueRows;
  b.forLoop(b.index(0), b.index(numWhole), valueRows, [&](Value firstRow) {
    emitValueRows(firstKey, numKeys, firstRow, valueRows, alpha, masked);
  });
  if (numWhole != valueDim)
    emitValueRows(firstKey, numKeys, b.index(numWhole), valueDim - numWhole,
                  alpha, masked);
}

/// One register tile: columns firstRow + [0, numRows) of the values.
void TileEmitter::emitValueRows(Value firstKey, Value numKeys, Value firstRow,
                                int64_t numRows, ArrayRef<Value> alpha,
                                bool masked) {
  Value source = isConverted() ? valueBlock : args.value;
  SmallVector<Value> columns, sums;
  for (int64_t r = 0; r < numRows; ++r) {
    columns.push_back(b.add(firstRow, r));
    for (int64_t v = 0; v < numVectors; ++v)
      sums.push_back(b.mulf(
          b.loadVector(outputT, {columns[r], getLaneOffset(v)}), alpha[v]));
  }
  sums = b.forLoop(
      b.index(0), numKeys, 1, sums, [&](Value row, ValueRange carried) {
        Value sourceRow = isConverted() ? row : b.add(firstKey, row);
        SmallVector<Value> probability, observed,
            next(carried.begin(), carried.end());
        for (int64_t v = 0; v < numVectors; ++v) {
          probability.push_back(
              b.loadVector(probabilities, {row, getLaneOffset(v)}));
          if (masked)
            observed.push_back(b.compare(arith::CmpFPredicate::UNE,
                                         probability[v], b.splat(0.0)));
        }
        for (int64_t r = 0; r < numRows; ++r) {
          Value value = b.broadcast(b.load(source, {sourceRow, columns[r]}));
          for (int64_t v = 0; v < numVectors; ++v) {
            Value &sum = next[r * numVectors + v];
            Value newSum = b.fma(value, probability[v], sum);
            // A value at a masked position may be NaN or infinite: it must not
            // be multiplied, not even by zero.
            sum = masked ? b.select(observed[v], newSum, sum) : newSum;
          }
        }
        return next;
      });
  for (int64_t r = 0; r < numRows; ++r)
    for (int64_t v = 0; v < numVectors; ++v)
      b.storeVector(sums[r * numVectors + v], outputT,
                    {columns[r], getLaneOffset(v)});
}
