//===- Sequences.cpp - Parts of ragged batches ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Utils/Sequences.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SmallBitVector.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static bool isMemRef(Value value) { return isa<MemRefType>(value.getType()); }

static int64_t getDimSize(Value value, int64_t dim) {
  return cast<ShapedType>(value.getType()).getDimSize(dim);
}

static int64_t getRank(Value value) {
  return cast<ShapedType>(value.getType()).getRank();
}

static OpFoldResult getMixedSize(ImplicitLocOpBuilder &b, Value source,
                                 int64_t dim) {
  if (isMemRef(source))
    return memref::getMixedSize(b, b.getLoc(), source, dim);
  return tensor::getMixedSize(b, b.getLoc(), source, dim);
}

Value attn::loadIndex(ImplicitLocOpBuilder &b, Value source, Value index) {
  Value element = isMemRef(source)
                      ? memref::LoadOp::create(b, source, index).getResult()
                      : tensor::ExtractOp::create(b, source, index).getResult();
  if (element.getType().isIndex())
    return element;
  return arith::IndexCastOp::create(b, b.getIndexType(), element);
}

Value attn::buildNumSequences(ImplicitLocOpBuilder &b, SdpaOp op) {
  Value size = getValueOrCreateConstantIndexOp(
      b, b.getLoc(), getMixedSize(b, op.getCuSeqlensQ(), 0));
  return arith::SubIOp::create(b, size, arith::ConstantIndexOp::create(b, 1));
}

SequenceRows attn::buildSequenceRows(ImplicitLocOpBuilder &b, Value cuSeqlens,
                                     Value sequence) {
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value begin = loadIndex(b, cuSeqlens, sequence);
  Value end = loadIndex(b, cuSeqlens, arith::AddIOp::create(b, sequence, one));
  return {begin, arith::SubIOp::create(b, end, begin)};
}

SequenceRows attn::buildRest(ImplicitLocOpBuilder &b, Value cuSeqlens,
                             Value numRows) {
  Value size = getValueOrCreateConstantIndexOp(b, b.getLoc(),
                                               getMixedSize(b, cuSeqlens, 0));
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value begin = loadIndex(b, cuSeqlens, arith::SubIOp::create(b, size, one));
  return {begin, arith::SubIOp::create(b, numRows, begin)};
}

SmallVector<DimPart> attn::getSequencePart(Builder builder, Value operand,
                                           Value sequence,
                                           int64_t numTrailing) {
  int64_t dim = getRank(operand) - 1 - numTrailing;
  if (dim < 0)
    return {};
  OpFoldResult offset = sequence;
  if (getDimSize(operand, dim) == 1)
    offset = builder.getIndexAttr(0);
  return {DimPart{dim, offset, builder.getIndexAttr(1), /*dropped=*/true}};
}

SmallVector<DimPart> attn::getPairParts(SdpaOp op, Value operand,
                                        Value sequence, Value numQueries,
                                        Value numKeys) {
  Builder builder(op.getContext());
  SmallVector<DimPart> parts =
      getSequencePart(builder, operand, sequence, op.hasHeadDim() ? 3 : 2);
  int64_t rank = getRank(operand);
  for (auto [dim, size] :
       {std::pair{rank - 2, numQueries}, std::pair{rank - 1, numKeys}})
    if (dim >= 0 && getDimSize(operand, dim) != 1)
      parts.push_back(DimPart{dim, builder.getIndexAttr(0), size});
  return parts;
}

int64_t attn::getSharedHeads(SdpaOp op) {
  if (!op.hasHeadDim() || op.hasScoreRegion() || op.hasKeepRegion() ||
      (op.getSinks() && getDimSize(op.getSinks(), 0) != 1))
    return 1;
  for (Value operand : {op.getBias(), op.getMask()})
    if (operand && getRank(operand) >= 3 &&
        getDimSize(operand, getRank(operand) - 3) != 1)
      return 1;
  int64_t numQueryHeads = op.getNumQueryHeads();
  int64_t numKeyHeads = op.getNumKeyHeads();
  if (ShapedType::isDynamic(numQueryHeads) ||
      ShapedType::isDynamic(numKeyHeads) || numKeyHeads == 0 ||
      numQueryHeads == 0)
    return 1;
  return numQueryHeads / numKeyHeads;
}

Value attn::buildSlice(ImplicitLocOpBuilder &b, Value source,
                       ArrayRef<DimPart> parts) {
  if (!source || parts.empty())
    return source;
  int64_t rank = getRank(source);
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), sizes,
      strides(rank, b.getIndexAttr(1));
  for (int64_t d = 0; d < rank; ++d)
    sizes.push_back(getMixedSize(b, source, d));
  llvm::SmallBitVector dropped(rank);
  for (const DimPart &part : parts) {
    offsets[part.dim] = part.offset;
    sizes[part.dim] = part.size;
    dropped[part.dim] = part.dropped;
  }
  // An offset that is known must be inside the source, even for no elements: it
  // is a value in a dimension that has none.
  for (int64_t d = 0; d < rank; ++d)
    if (getDimSize(source, d) == 0)
      offsets[d] = getValueOrCreateConstantIndexOp(b, b.getLoc(), offsets[d]);
  // Which dimensions a slice of lower rank lacks is guessed from its sizes and
  // strides, wrongly where one of size 1 before them stays: those are dropped
  // afterwards.
  bool isAmbiguous = false, keepsOne = false, hasKept = false;
  for (int64_t d = 0; d < rank; ++d) {
    isAmbiguous |= dropped[d] && keepsOne;
    keepsOne |= !dropped[d] && isOneInteger(sizes[d]);
  }
  SmallVector<int64_t> shape;
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < rank; ++d) {
    if (isAmbiguous || !dropped[d])
      shape.push_back(isa<Attribute>(sizes[d]) ? *getConstantIntValue(sizes[d])
                                               : ShapedType::kDynamic);
    // One that is kept with those around it that are dropped.
    if (groups.empty() || (!dropped[d] && hasKept))
      groups.emplace_back();
    groups.back().push_back(d);
    hasKept |= !dropped[d];
  }
  if (auto type = dyn_cast<MemRefType>(source.getType())) {
    MemRefType sliceType = memref::SubViewOp::inferRankReducedResultType(
        shape, type, offsets, sizes, strides);
    Value slice = memref::SubViewOp::create(b, sliceType, source, offsets,
                                            sizes, strides);
    if (isAmbiguous)
      slice = memref::CollapseShapeOp::create(b, slice, groups);
    return slice;
  }
  auto sliceType = RankedTensorType::get(
      shape, cast<ShapedType>(source.getType()).getElementType());
  Value slice = tensor::ExtractSliceOp::create(b, sliceType, source, offsets,
                                               sizes, strides);
  if (isAmbiguous)
    slice = tensor::CollapseShapeOp::create(b, slice, groups);
  return slice;
}

/// The sinks of all rows: their log-sum-exp.
static Value broadcastSinks(ImplicitLocOpBuilder &b, SdpaOp op, Value lse) {
  int64_t numDims = getRank(lse);
  bool isOne = getDimSize(op.getSinks(), 0) == 1 || !op.hasHeadDim();
  AffineExpr head =
      isOne ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(numDims - 2);
  Type type = op.getComputeType();
  SmallVector<Type> resultTypes;
  if (!isMemRef(lse))
    resultTypes.push_back(lse.getType());
  auto generic = linalg::GenericOp::create(
      b, resultTypes, op.getSinks(), lse,
      ArrayRef<AffineMap>{AffineMap::get(numDims, 0, head),
                          b.getMultiDimIdentityMap(numDims)},
      SmallVector<utils::IteratorType>(numDims, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        Value sink = arguments[0];
        unsigned from = sink.getType().getIntOrFloatBitWidth();
        unsigned to = type.getIntOrFloatBitWidth();
        if (from < to)
          sink = arith::ExtFOp::create(builder, loc, type, sink);
        else if (from > to)
          sink = arith::TruncFOp::create(builder, loc, type, sink);
        linalg::YieldOp::create(builder, loc, sink);
      });
  return isMemRef(lse) ? Value() : generic.getResult(0);
}

SmallVector<Value> attn::buildMaskedRows(ImplicitLocOpBuilder &b, SdpaOp op,
                                         ValueRange outs) {
  SmallVector<Value> results;
  auto fill = [&](double filled, Value shaped) -> Value {
    Type type = cast<ShapedType>(shaped.getType()).getElementType();
    Value scalar = arith::ConstantOp::create(b, b.getFloatAttr(type, filled));
    auto fillOp = linalg::FillOp::create(b, scalar, shaped);
    return isMemRef(shaped) ? Value() : fillOp.getResult(0);
  };
  // The mean of no values is NaN too.
  results.push_back(fill(op.getMaskedRow() == MaskedRow::Zero
                             ? 0.0
                             : std::numeric_limits<double>::quiet_NaN(),
                         outs.front()));
  // Log-sum-exp, which a sink has a part in, and maxima.
  for (Value out : outs.drop_front())
    results.push_back(
        op.getSinks() && out == outs[1]
            ? broadcastSinks(b, op, out)
            : fill(-std::numeric_limits<double>::infinity(), out));
  return results;
}
