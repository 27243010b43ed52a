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
void TileEmitter::emitValues(const Block &given, ArrayRef<Value> alpha) {
  Block block = given;
  auto emitAll = [&](bool checked) {
    if (checked && isPacked() && !isSplit()) {
      emitValuePairs(block.firstKey, block.numKeys);
      block.firstRow = b.index(0);
    }
    if (hasRows()) {
      emitRowValues(block, alpha[0], checked);
      return;
    }
    if (isTiled() && !checked) {
      emitTileValues(block, alpha);
      return;
    }
    int64_t valueRows = schedule.getValueRows();
    int64_t numWhole = valueDim - valueDim % valueRows;
    b.forLoop(b.index(0), b.index(numWhole), valueRows, [&](Value column) {
      emitValueRows(block, column, valueRows, alpha, checked);
    });
    if (numWhole != valueDim)
      emitValueRows(block, b.index(numWhole), valueDim - numWhole, alpha,
                    checked);
  };
  if (!block.masked) {
    emitAll(false);
    return;
  }
  // A value at a masked position may be NaN or infinite: then it must not be
  // multiplied, not even by zero.
  b.ifThenElse(
      block.hasNonFinite, [&] { emitAll(true); }, [&] { emitAll(false); });
}

/// One register tile: columns firstColumn + [0, numRows) of the values.
void TileEmitter::emitValueRows(const Block &block, Value firstColumn,
                                int64_t numRows, ArrayRef<Value> alpha,
                                bool checked) {
  emitNextKeyPrefetches(block, firstColumn, numRows);
  SmallVector<Value> columns, sums;
  for (int64_t r = 0; r < numRows; ++r) {
    columns.push_back(b.add(firstColumn, r));
    for (int64_t v = 0; v < numVectors; ++v)
      sums.push_back(
          b.mulf(b.loadVector(outputT, at(columns[r], v)), alpha[v]));
  }
  sums = checked ? emitCheckedValueProducts(block, firstColumn, numRows, sums)
                 : emitValueProducts(block, firstColumn, numRows, sums);
  for (int64_t r = 0; r < numRows; ++r)
    for (int64_t v = 0; v < numVectors; ++v)
      b.storeVector(sums[r * numVectors + v], outputT, at(columns[r], v));
}
