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
  if (op.getSinks() || op.getQueryDocuments() || op.hasScoreRegion() ||
      op.hasKeepRegion())
    return false;
  int64_t dim = op.getRank() - 3;
  int64_t numHeads = op.getQueryType().getDimSize(dim);
  int64_t numKeyHeads = op.getKeyType().getDimSize(dim);
  return numKeyHeads != 0 &&
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

  SdpaOp op;
  ImplicitLocOpBuilder b;
  OpFoldResult numKeyHeads, groupHeads;
};

/// `memref` with heads in dimension `dim` and one query in the next.
Value Folder::split(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  // One for all heads and queries.
  if (type.getDimSize(dim) == 1 && memref != op.getQuery() &&
      !llvm::is_contained(op.getOuts(), memref))
    return memref;
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  SmallVector<OpFoldResult> sizes,
      strides = metadata.getConstifiedMixedStrides();
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(getSize(memref, d));
  sizes[dim] = numKeyHeads;
  sizes[dim + 1] = groupHeads;
  strides[dim + 1] = strides[dim];
  strides[dim] =
      b.createOrFold<arith::MulIOp>(toValue(strides[dim]), toValue(groupHeads));
  if (std::optional<int64_t> known = getConstantIntValue(strides[dim]))
    strides[dim] = b.getIndexAttr(*known);
  OpFoldResult offset = metadata.getConstifiedMixedOffset();
  SmallVector<int64_t> staticSizes, staticStrides;
  SmallVector<Value> dynamic;
  dispatchIndexOpFoldResults(sizes, dynamic, staticSizes);
  dispatchIndexOpFoldResults(strides, dynamic, staticStrides);
  int64_t staticOffset = ShapedType::kDynamic;
  if (std::optional<int64_t> known = getConstantIntValue(offset))
    staticOffset = *known;
  auto layout =
      StridedLayoutAttr::get(b.getContext(), staticOffset, staticStrides);
  auto result = MemRefType::get(staticSizes, type.getElementType(), layout,
                                type.getMemorySpace());
  return memref::ReinterpretCastOp::create(b, result, memref, offset, sizes,
                                           strides);
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
  for (OpOperand &operand : folded->getOpOperands()) {
    Value value = operand.get();
    if (value == op.getQuery() || llvm::is_contained(op.getOuts(), value)) {
      operand.set(split(value, dim));
    } else if (value == op.getBias() || value == op.getMask()) {
      // Dimensions that are missing broadcast.
      int64_t rank = cast<MemRefType>(value.getType()).getRank();
      if (rank > 2)
        operand.set(split(value, rank - 3));
    }
  }
  op->erase();
  return folded;
}

} // namespace

SdpaOp attn::foldHeadsOfOneQuery(SdpaOp op) {
  return isFoldable(op) ? Folder(op).fold() : SdpaOp();
}
