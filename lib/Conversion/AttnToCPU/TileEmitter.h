//===- TileEmitter.h - The flash kernel of one query tile -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Emits the body of the function that computes attention for one tile of
// queries of one head, by the online softmax of FlashAttention (Dao et al.,
// 2022), with queries in vector lanes: logits are kept transposed, S^T[key]
// [query] = K Q^T, so that the row maximum and the row sum are vectors and
// neither keys nor values are packed.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOCPU_TILEEMITTER_H
#define ATTN_LIB_CONVERSION_ATTNTOCPU_TILEEMITTER_H

#include "attn/Conversion/Utils/KernelBuilder.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::attn {

/// The arguments of a tile function: the matrices and vectors of one head. Null
/// where the op has no such operand.
struct TileArguments {
  /// [Lq, D], [Lk, D], [Lk, Dv].
  Value query, key, value;
  /// [Lq or 1, Lk or 1].
  Value bias, mask;
  /// [Lq or 1], [Lk or 1].
  Value queryDocuments, keyDocuments;
  /// [Lq, Dv], [Lq].
  Value output, lse;
  /// Float scalars.
  Value scale, sink;
  /// How many keys are in use, not negative, or null.
  Value keyLength;
  /// The first query of the tile, and the indices (b..., h) of the head.
  Value firstQuery;
  SmallVector<Value> leading;
  /// Values that the regions of the op capture, mapped into the function.
  IRMapping captured;
};

class TileEmitter {
public:
  /// The insertion point of `builder` must be in the entry block of the tile
  /// function: scratch memory is allocated there.
  TileEmitter(KernelBuilder &builder, SdpaOp op, CPUScheduleAttr schedule,
              const TileArguments &arguments);

  void emit();

private:
  /// A vector of f32 for every `lanes` queries of the tile.
  using LaneVectors = SmallVector<Value>;

  //===--- TileEmitter.cpp: the tile, its key blocks, its end -------------===//

  void emitKeyBlocks();
  void emitBlock(Value firstKey, Value numKeys, bool masked);
  Value emitExponential(Value logit, Value max);
  LaneVectors emitProbabilities(Value numKeys, ArrayRef<Value> newMax);
  void emitOutput();
  void emitUniformRows(ArrayRef<Value> isMaskedRow);

  //===--- LogitEmitter.cpp: K Q^T and what follows it, per logit ---------===//

  /// Computes the logits of a block into `probabilities`; returns the new
  /// row maxima.
  LaneVectors emitLogits(Value firstKey, Value numKeys, bool masked);
  LaneVectors emitLogitRows(Value firstKey, Value row, int64_t numRows,
                            ValueRange maxima, bool masked);
  Value emitScore(Value logit, Value key, Value row, int64_t v);
  Value emitPredicate(Value key, Value row, int64_t v, bool masked);
  Value emitBias(Value key, Value row, int64_t v);

  //===--- ValueEmitter.cpp: V^T P^T --------------------------------------===//

  void emitValues(Value firstKey, Value numKeys, ArrayRef<Value> alpha,
                  bool masked);
  void emitValueRows(Value firstKey, Value numKeys, Value firstRow,
                     int64_t numRows, ArrayRef<Value> alpha, bool masked);

  //===--- Packing.cpp: copies into and out of scratch memory -------------===//

  Value allocate(ArrayRef<int64_t> shape, Type elementType);
  void emitQuery();
  void emitLaneData();
  /// Copies the block's keys and values to f32 if they are narrower.
  void emitConvertedBlock(Value firstKey, Value numKeys);
  /// Brings the block's bias or mask, [query][key], into [key][query].
  void emitTransposedBlock(Value source, Value scratch, Value firstKey,
                           Value numKeys);
  /// dst[dstRow][0:size] = convert(src[srcRow][srcColumn:+size]) * factor.
  void emitRowCopy(Value src, Value srcRow, Value srcColumn, Value dst,
                   Value dstRow, Value size, Value factor = {});
  /// dst[c][r] = src[r][c] for all queries r and columns below `numColumns`,
  /// both padded to the vector size.
  void emitTranspose(Value src, Value dst, Value numColumns);
  void emitTransposeSquare(Value src, ValueRange srcIndices, Value dst,
                           ValueRange dstIndices);
  /// The query that lane `r` of the tile stands for: lanes behind the last
  /// query repeat it.
  Value getClampedQuery(Value r);

  //===--- Small questions ------------------------------------------------===//

  Value getLaneOffset(int64_t v) { return b.index(v * lanes); }
  bool isConverted() { return !op.getQueryType().getElementType().isF32(); }
  /// Whether a bias or mask, [Lq or 1, Lk or 1], differs between keys.
  static bool dependsOnKey(Value operand) {
    return cast<MemRefType>(operand.getType()).getDimSize(1) != 1;
  }
  StructuralMaskInterface getStructure() { return op.getStructureAttr(); }
  /// Whether every block needs mask code: something is decided per element.
  bool isAlwaysMasked();
  /// Whether some block may need mask code.
  bool isEverMasked() { return op.isMasked(); }

  KernelBuilder &b;
  SdpaOp op;
  CPUScheduleAttr schedule;
  const TileArguments &args;

  int64_t lanes, numVectors, tileQueries, blockKeys;
  int64_t headDim, valueDim;
  /// Logits and their maxima are in units of log 2 if nothing between the
  /// product and the softmax needs natural units: the query is multiplied by
  /// log2(e).
  bool foldsLog2e;

  Value numQueries, numKeys;
  /// [D][queries], [Dv][queries], [keys][queries].
  Value queryT, outputT, probabilities;
  /// [2][queries]: running maximum and sum.
  Value rowState;
  /// [queries][columns]: for copies between rows and transposed scratch.
  Value rows;
  /// f32 copies of a block, or null.
  Value keyBlock, valueBlock;
  /// Transposed bias and mask: [keys][queries], or [1][queries] if they do not
  /// depend on the key; null if absent or independent of the query.
  Value biasT, maskT;
  /// i32 ends of each query's key interval, [queries]; i64 document ids.
  Value intervalBegin, intervalEnd, documents;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOCPU_TILEEMITTER_H
