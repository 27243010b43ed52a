//===- SplitSequences.cpp - An op for each sequence -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// docs/Spec.md defines a ragged batch by its sequences, each computed by
// itself. This is that definition as a loop.
//
//===----------------------------------------------------------------------===//

#include "SplitSequences.h"
#include "attn/Dialect/Attn/Utils/Sequences.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::attn;

/// The rows of an operand that has them in dimension `fromEnd` from the end,
/// unless it has one row for all.
static Value sliceRows(ImplicitLocOpBuilder &b, Value source, int64_t fromEnd,
                       SequenceRows rows) {
  if (!source)
    return {};
  auto type = cast<ShapedType>(source.getType());
  int64_t dim = type.getRank() - fromEnd;
  return buildSlice(b, source, DimPart{dim, rows.begin, rows.size});
}

/// The same of documents, which may be those of all rows.
static Value sliceDocuments(ImplicitLocOpBuilder &b, Value source,
                            SequenceRows rows) {
  if (!source)
    return {};
  auto type = cast<ShapedType>(source.getType());
  if (type.getRank() == 0 || type.getShape().back() == 1)
    return source;
  return sliceRows(b, source, 1, rows);
}

/// Moves a region; the index of the sequence is no argument any more.
static void moveRegion(Region &from, Region &to, unsigned sequenceArgument,
                       Value sequence) {
  to.takeBody(from);
  if (to.empty())
    return;
  Block &body = to.front();
  body.getArgument(sequenceArgument).replaceAllUsesWith(sequence);
  body.eraseArgument(sequenceArgument);
}

/// The op for the sequence, with slices of the destinations.
static SdpaOp createForSequence(ImplicitLocOpBuilder &b, SdpaOp op,
                                Value sequence, SequenceRows queries,
                                SequenceRows keys, ValueRange outs) {
  auto forPairs = [&](Value operand) -> Value {
    if (!operand)
      return {};
    return buildSlice(
        b, operand,
        getPairParts(op, operand, sequence, queries.size, keys.size));
  };
  Value lengths = op.getKeyLengths();
  if (lengths)
    lengths = buildSlice(b, lengths, getSequencePart(b, lengths, sequence, 0));
  auto split = SdpaOp::create(b, sliceRows(b, op.getQuery(), 2, queries),
                              sliceRows(b, op.getKey(), 2, keys),
                              sliceRows(b, op.getValue(), 2, keys), outs);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(split);
  auto assign = [](MutableOperandRange range, Value value) {
    if (value)
      range.assign(value);
  };
  assign(split.getScaleMutable(), op.getScale());
  assign(split.getBiasMutable(), forPairs(op.getBias()));
  assign(split.getMaskMutable(), forPairs(op.getMask()));
  assign(split.getSinksMutable(), op.getSinks());
  assign(split.getQueryDocumentsMutable(),
         sliceDocuments(b, op.getQueryDocuments(), queries));
  assign(split.getKeyDocumentsMutable(),
         sliceDocuments(b, op.getKeyDocuments(), keys));
  assign(split.getKeyLengthsMutable(), lengths);
  split.setStaticScaleAttr(op.getStaticScaleAttr());
  split.setSoftcapAttr(op.getSoftcapAttr());
  split.setStructureAttr(op.getStructureAttr());
  split.setMaskedRow(op.getMaskedRow());
  split.setBackend(op.getBackend());
  unsigned argument = op.getNumBatchDims();
  moveRegion(op.getKeep(), split.getKeep(), argument, sequence);
  // The logit is the first argument.
  moveRegion(op.getScore(), split.getScore(), argument + 1, sequence);
  return split;
}

SdpaOp attn::splitSequences(SdpaOp op) {
  OpBuilder builder(op);
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  // What no sequence computes: the rows behind the last one.
  SmallVector<Value> inits = buildMaskedRows(b, op, op.getOuts());
  auto loop = scf::ForOp::create(b, zero, buildNumSequences(b, op), one, inits);
  b.setInsertionPointToStart(loop.getBody());
  Value sequence = loop.getInductionVar();
  SequenceRows queries = buildSequenceRows(b, op.getCuSeqlensQ(), sequence);
  SequenceRows keys = buildSequenceRows(b, op.getCuSeqlensK(), sequence);
  SmallVector<Value> outs;
  for (auto [i, out] : llvm::enumerate(loop.getRegionIterArgs()))
    outs.push_back(sliceRows(b, out, i == 0 ? 2 : 1, queries));
  SdpaOp split = createForSequence(b, op, sequence, queries, keys, outs);
  b.setInsertionPointAfter(split);
  SmallVector<Value> results;
  for (auto [result, slice, out] :
       llvm::zip_equal(split.getResults(), outs, loop.getRegionIterArgs())) {
    auto extract = slice.getDefiningOp<tensor::ExtractSliceOp>();
    results.push_back(tensor::InsertSliceOp::create(
        b, result, out, extract.getMixedOffsets(), extract.getMixedSizes(),
        extract.getMixedStrides()));
  }
  scf::YieldOp::create(b, results);
  op->replaceAllUsesWith(loop.getResults());
  op->erase();
  return split;
}
