//===- SplitEmitter.cpp - Parts of the keys ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Few queries of a long sequence are too few tiles for all threads. Their keys
// are cut into parts of a fixed size; the state of the softmax of each part is
// stored, and then put together in the order of the keys.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Stores the state of the tile.
void TileEmitter::emitPartial() {
  Value count = b.dim(args.partial, 1);
  b.forLoop(b.index(0), count, 1, [&](Value q) {
    for (int64_t i = 0; i < 2; ++i)
      b.store(b.load(rowState, {group, b.index(i), q}), args.partial,
              {b.index(i), q});
    b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
      b.store(b.load(outputT, {group, d, q}), args.partial, {b.add(d, 2), q});
    });
  });
}

/// Adds the states of all parts to the initial one.
void TileEmitter::emitCombined() {
  Value part = allocate({2 + valueDim, groupQueries}, b.getF32Type());
  Value zero = b.index(0), one = b.index(1);
  // Lanes without a query stay like a part without keys.
  for (int64_t v = 0; v < numVectors; ++v)
    b.storeVector(b.splat(-kInfinity), part, {zero, getLaneOffset(v)});
  b.forLoop(one, b.index(2 + valueDim), 1, [&](Value row) {
    for (int64_t v = 0; v < numVectors; ++v)
      b.storeVector(b.splat(0.0), part, {row, getLaneOffset(v)});
  });
  b.forLoop(zero, b.dim(args.partial, 0), 1, [&](Value index) {
    b.forLoop(zero, b.index(2 + valueDim), 1, [&](Value row) {
      b.forLoop(zero, b.dim(args.partial, 2), 1, [&](Value q) {
        b.store(b.load(args.partial, {index, row, q}), part, {row, q});
      });
    });
    for (int64_t v = 0; v < numVectors; ++v) {
      Value lane = getLaneOffset(v);
      Value oldMax = b.loadVector(rowState, at(zero, v));
      Value oldSum = b.loadVector(rowState, at(one, v));
      Value partMax = b.loadVector(part, {zero, lane});
      Value partSum = b.loadVector(part, {one, lane});
      Value newMax = b.maxf(oldMax, partMax);
      Value isEmpty =
          b.compare(arith::CmpFPredicate::OEQ, newMax, b.splat(-kInfinity));
      Value safeMax = b.select(isEmpty, b.splat(0.0), newMax);
      Value alpha = emitRescale(oldMax, safeMax);
      Value beta = emitRescale(partMax, safeMax);
      b.storeVector(newMax, rowState, at(zero, v));
      b.storeVector(b.fma(oldSum, alpha, b.mulf(partSum, beta)), rowState,
                    at(one, v));
      b.forLoop(zero, b.index(valueDim), 1, [&](Value d) {
        Value sum = b.loadVector(outputT, at(d, v));
        Value added = b.loadVector(part, {b.add(d, 2), lane});
        b.storeVector(b.fma(sum, alpha, b.mulf(added, beta)), outputT,
                      at(d, v));
      });
    }
  });
}
