//===- KernelArguments.h - What a kernel is given -------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELARGUMENTS_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELARGUMENTS_H

#include "mlir/IR/IRMapping.h"

namespace mlir::attn {

/// A tensor that threads read by themselves: its address and the distance of
/// neighbours in each dimension, in elements; null where the size is one.
struct TensorArgument {
  Value pointer;
  SmallVector<Value> strides;
  Type elementType;
};

/// The arguments of a kernel; null where the op has no such operand. Numbers
/// are i32 and strides i64.
struct KernelArguments {
  Value queryMap, keyMap, valueMap, outputMap;
  Value numQueries, numKeys, numHeads, headsPerKeyHead, numBatchHeads;
  /// Sizes of the batch dimensions.
  SmallVector<Value> batchSizes;
  Value numRowTiles, numTiles;
  /// If heads that share keys are rows of one tile: the heads of a tile and of
  /// one consumer, the queries that each has there, the tiles of a group of
  /// heads, and those of all groups; `numBatchHeads` are the latter of all
  /// batches then.
  Value headsPerTile, headsPerConsumer, queriesPerHead, tilesPerGroup,
      numHeadTiles;
  /// 2^16 / queriesPerHead, rounded up: a row times this is its head times
  /// 2^16, and less than 2^16 more.
  Value headOfRowFactor;
  /// Null where the schedule has it.
  Value sectionHeads;
  /// Zeroed memory: a counter of tiles, then the list of deferred tiles.
  Value scratch;
  Value scale;
  /// Of an output that is stored from registers.
  TensorArgument output;
  /// On Ampere.
  TensorArgument query, key, value;
  TensorArgument lse, maxScores, bias, mask, sinks, queryDocuments,
      keyDocuments, keyLengths, queryEnds, keyEnds;
  /// Of a ragged batch; `numQueries` and `numKeys` are rows of all sequences.
  Value numSequences;
  /// If keys are split: the number of splits, and of each split, head of a
  /// batch and query the output, in f32, the maximum and the sum.
  Value numSplits;
  TensorArgument splitOutput, splitMax, splitSum;
  /// Which keys may be of a document of a tile (DocumentEmitter.cpp).
  Value documentRanges;
  /// Values that the regions of the op capture, mapped into the kernel.
  IRMapping captured;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELARGUMENTS_H
