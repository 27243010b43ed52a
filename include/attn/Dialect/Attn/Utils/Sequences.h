//===- Sequences.h - Parts of ragged batches --------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What lowerings of attn.sdpa with cumulative lengths have in common, on
// tensors and on memrefs.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_UTILS_SEQUENCES_H
#define ATTN_DIALECT_ATTN_UTILS_SEQUENCES_H

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// The rows of a sequence: values of type index.
struct SequenceRows {
  Value begin, size;
};

/// A part of one dimension of an operand.
struct DimPart {
  int64_t dim;
  OpFoldResult offset, size;
  /// Whether the dimension, one of size one then, is dropped.
  bool dropped = false;
};

/// Element `index` of a vector of integers, as an index.
Value loadIndex(ImplicitLocOpBuilder &b, Value source, Value index);

/// The number of sequences of a ragged op.
Value buildNumSequences(ImplicitLocOpBuilder &b, SdpaOp op);

/// The rows that cumulative lengths give a sequence.
SequenceRows buildSequenceRows(ImplicitLocOpBuilder &b, Value cuSeqlens,
                               Value sequence);

/// The rows behind the last sequence, of `numRows` in all.
SequenceRows buildRest(ImplicitLocOpBuilder &b, Value cuSeqlens, Value numRows);

/// The parts of a bias or mask, [B..., S, H, Mq, Mk] or what broadcasts to it,
/// that a sequence takes; dimensions that are statically one stay whole.
SmallVector<DimPart> getPairParts(SdpaOp op, Value operand, Value sequence,
                                  Value numQueries, Value numKeys);

/// The part of an operand [B..., S, trailing...] that a sequence takes, none if
/// it has no such dimension.
SmallVector<DimPart> getSequencePart(Builder builder, Value operand,
                                     Value sequence, int64_t numTrailing);

/// The number of query heads that share a key head, where nothing but their
/// rows tells them apart: those of one query may be taken for queries of one
/// head. Else one.
int64_t getSharedHeads(SdpaOp op);

/// Parts of a tensor or memref. Null stays null.
Value buildSlice(ImplicitLocOpBuilder &b, Value source,
                 ArrayRef<DimPart> parts);

/// Fills destinations, as many as the op has, of rows that see no keys; returns
/// the results on tensors.
SmallVector<Value> buildMaskedRows(ImplicitLocOpBuilder &b, SdpaOp op,
                                   ValueRange outs);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_UTILS_SEQUENCES_H
