//===- Prefetches.cpp - Rows that will be needed ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values are read some columns of a row at a time, a block of rows one after
// another, and keys some rows at a time: processors do not see what comes next
// in that. Where few queries read what is in memory, the values of a block are
// asked for while its keys are multiplied, and the next block's keys while its
// values are.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"

using namespace mlir;
using namespace mlir::attn;

/// Asks for a row of a matrix, which must have one.
static void prefetchRow(KernelBuilder &b, Value matrix, Value row, bool isWrite,
                        int32_t locality) {
  constexpr int64_t kLineBits = 512;
  auto type = cast<MemRefType>(matrix.getType());
  int64_t step = kLineBits / type.getElementTypeBitWidth();
  for (int64_t column = 0; column < type.getDimSize(1); column += step)
    memref::PrefetchOp::create(b, matrix, ValueRange{row, b.index(column)},
                               isWrite, locality, /*isDataCache=*/true);
}

/// Outputs that a group will store, and queries that the same group of the next
/// tile will load: misses of a few rows at a time would be waited for.
void TileEmitter::emitPrefetches() {
  constexpr int32_t kSecondCache = 2;
  Value lastRow = b.sub(numQueries, b.index(1));
  b.forLoop(b.index(0), b.index(groupQueries), 1, [&](Value r) {
    Value query = b.add(groupFirst, r);
    prefetchRow(b, args.output, b.min(query, lastRow), /*isWrite=*/true,
                kSecondCache);
    prefetchRow(b, args.query, b.min(b.add(query, tileQueries), lastRow),
                /*isWrite=*/false, kSecondCache);
  });
}

bool TileEmitter::prefetchesKeys() {
  return (hasRows() || schedule.getSplitKeys() != 0) && !isTiled() &&
         hasUnitStride(args.key) && hasUnitStride(args.value);
}

/// Asks for rows firstKey + [0, numRows) of keys or values.
void TileEmitter::emitKeyPrefetches(Value source, Value firstKey,
                                    Value numRows) {
  constexpr int32_t kFirstCache = 3;
  Value lastKey = b.sub(b.dim(args.key, 0), b.index(1));
  b.forLoop(b.index(0), numRows, 1, [&](Value r) {
    prefetchRow(b, source, b.min(b.add(firstKey, r), lastKey),
                /*isWrite=*/false, kFirstCache);
  });
}

/// While the keys row + [0, numRows) of a block are multiplied: their values,
/// or those of the next block if this one's have been copied.
void TileEmitter::emitValuePrefetches(const Block &block, Value row,
                                      int64_t numRows) {
  if (!prefetchesKeys())
    return;
  Value key = b.add(block.firstKey, row);
  if (copiesValues())
    key = b.add(key, blockKeys);
  emitKeyPrefetches(args.value, key, b.index(numRows));
}

/// While columns firstColumn + [0, numColumns) of a block's values are
/// multiplied: as large a part of the next block's keys.
void TileEmitter::emitNextKeyPrefetches(const Block &block, Value firstColumn,
                                        int64_t numColumns) {
  if (!prefetchesKeys())
    return;
  auto getRow = [&](Value column) {
    return b.div(b.mul(column, b.index(blockKeys)), b.index(valueDim));
  };
  Value first = getRow(firstColumn);
  Value end = getRow(b.add(firstColumn, numColumns));
  emitKeyPrefetches(args.key, b.add(b.add(block.firstKey, blockKeys), first),
                    b.sub(end, first));
}
