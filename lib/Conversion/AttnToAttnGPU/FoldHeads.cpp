//===- FoldHeads.cpp - Heads of a group as queries ------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// When one token is decoded, a tile has one row, and heads that share keys read
// them one after the other. As rows of one tile they read them once. A tensor
// [.., H, 1, D] is one of [.., Hkv, H / Hkv, D] without a copy: the stride of
// heads is that of queries.
//
//===----------------------------------------------------------------------===//

#include "FoldHeads.h"
#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

/// Whether the structure keeps every key for the only query.
static bool keepsAllKeys(SdpaOp op) {
  if (!op.getStructureAttr())
    return true;
  auto causal = dyn_cast<CausalAttr>(op.getStructureAttr());
  return causal && causal.getAlignment() == Alignment::BottomRight;
}

static bool isFoldable(SdpaOp op) {
  if (op.hasTensorSemantics() || op.isRagged() || !op.hasHeadDim() ||
      op.getNumQueries() != 1 || !keepsAllKeys(op))
    return false;
  // What tells heads or queries from one another.
  if (op.getQueryDocuments() || op.hasScoreRegion() || op.hasKeepRegion())
    return false;
  int64_t dim = op.getRank() - 3;
  int64_t numHeads = op.getQueryType().getDimSize(dim);
  int64_t numKeyHeads = op.getKeyType().getDimSize(dim);
  return numKeyHeads != 0 && numHeads != 1 &&
         (ShapedType::isDynamic(numHeads) || numHeads != numKeyHeads);
}

namespace {

class Folder {
public:
  explicit Folder(SdpaOp op) : op(op), b(op.getLoc(), op) {}
  SdpaOp fold();

private:
  OpFoldResult getSize(Value memref, int64_t dim) {
    return memref::getMixedSize(b, b.getLoc(), memref, dim);
  }
  Value toValue(OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
  }
  Value split(Value memref, int64_t dim);
  Value splitLogits(Value memref);
  Value splitSinks(Value sinks);
  Value reinterpret(Value memref, ArrayRef<OpFoldResult> sizes,
                    ArrayRef<OpFoldResult> strides, OpFoldResult offset);
  OpFoldResult toGroupStride(OpFoldResult headStride);

  SdpaOp op;
  ImplicitLocOpBuilder b;
  OpFoldResult numKeyHeads, groupHeads;
};

/// The stride of key heads.
OpFoldResult Folder::toGroupStride(OpFoldResult headStride) {
  Value stride =
      b.createOrFold<arith::MulIOp>(toValue(headStride), toValue(groupHeads));
  if (std::optional<int64_t> known = getConstantIntValue(stride))
    return b.getIndexAttr(*known);
  return stride;
}

Value Folder::reinterpret(Value memref, ArrayRef<OpFoldResult> sizes,
                          ArrayRef<OpFoldResult> strides, OpFoldResult offset) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> staticSizes, staticStrides;
  SmallVector<Value> dynamic;
  dispatchIndexOpFoldResults(sizes, dynamic, staticSizes);
  dispatchIndexOpFoldResults(strides, dynamic, staticStrides);
  int64_t staticOffset =
      getConstantIntValue(offset).value_or(ShapedType::kDynamic);
  auto layout =
      StridedLayoutAttr::get(b.getContext(), staticOffset, staticStrides);
  auto result = MemRefType::get(staticSizes, type.getElementType(), layout,
                                type.getMemorySpace());
  return memref::ReinterpretCastOp::create(b, result, memref, offset, sizes,
                                           strides);
}

/// `memref` with heads in dimension `dim` and one query in the next.
Value Folder::split(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  SmallVector<OpFoldResult> sizes,
      strides = metadata.getConstifiedMixedStrides();
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(getSize(memref, d));
  sizes[dim] = numKeyHeads;
  sizes[dim + 1] = groupHeads;
  strides[dim + 1] = strides[dim];
  strides[dim] = toGroupStride(strides[dim]);
  return reinterpret(memref, sizes, strides,
                     metadata.getConstifiedMixedOffset());
}

/// A bias or mask, whose dimensions are the last ones of [.., H, 1, Lk].
Value Folder::splitLogits(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t rank = type.getRank();
  if (rank > 2 && type.getDimSize(rank - 3) != 1)
    return split(memref, rank - 3);
  // One for all heads, and now for all queries: only a static 1 broadcasts.
  if (rank < 2 || type.getDimSize(rank - 2) == 1)
    return memref;
  SmallVector<int64_t> shape(type.getShape());
  shape[rank - 2] = 1;
  return memref::CastOp::create(b,
                                MemRefType::get(shape, type.getElementType(),
                                                type.getLayout(),
                                                type.getMemorySpace()),
                                memref);
}

/// One for each key head and query, where there was one for each head.
Value Folder::splitSinks(Value sinks) {
  if (cast<MemRefType>(sinks.getType()).getDimSize(0) == 1)
    return sinks;
  auto metadata = memref::ExtractStridedMetadataOp::create(b, sinks);
  OpFoldResult stride = metadata.getConstifiedMixedStrides().front();
  return reinterpret(sinks, {numKeyHeads, groupHeads},
                     {toGroupStride(stride), stride},
                     metadata.getConstifiedMixedOffset());
}

SdpaOp Folder::fold() {
  buildShapeChecks(b, op, /*readsElements=*/false);
  int64_t dim = op.getRank() - 3;
  numKeyHeads = getSize(op.getKey(), dim);
  OpFoldResult numHeads = getSize(op.getQuery(), dim);
  std::optional<int64_t> known = getConstantIntValue(numHeads),
                         knownKeys = getConstantIntValue(numKeyHeads);
  if (known && knownKeys) {
    groupHeads = b.getIndexAttr(*known / *knownKeys);
  } else {
    // Without key heads there are no heads at all.
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value divisor = b.createOrFold<arith::MaxSIOp>(toValue(numKeyHeads), one);
    groupHeads = b.createOrFold<arith::DivSIOp>(toValue(numHeads), divisor);
  }
  auto folded = cast<SdpaOp>(b.clone(*op));
  folded.removeStructureAttr();
  b.setInsertionPoint(folded);
  OpOperand &query = folded.getQueryMutable();
  query.set(split(query.get(), dim));
  for (OpOperand &out : folded.getOutsMutable())
    out.set(split(out.get(), dim));
  for (OpOperand &bias : folded.getBiasMutable())
    bias.set(splitLogits(bias.get()));
  for (OpOperand &mask : folded.getMaskMutable())
    mask.set(splitLogits(mask.get()));
  for (OpOperand &sinks : folded.getSinksMutable())
    sinks.set(splitSinks(sinks.get()));
  op->erase();
  return folded;
}

} // namespace

SdpaOp attn::foldHeadsOfOneQuery(SdpaOp op) {
  return isFoldable(op) ? Folder(op).fold() : SdpaOp();
}
