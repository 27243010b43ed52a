//===- PackedValues.cpp - Values in tiles, once a head ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"

using namespace mlir;
using namespace mlir::attn;

/// Whether values become tiles once for all queries: not where few of the keys
/// may be in use.
bool SdpaLowering::packsValues() {
  if (schedule.getDot() != DotUnit::AMX || op.getKeyLengths())
    return false;
  int64_t numQueries = op.getNumQueries();
  ArrayRef<int64_t> queryShape = op.getOutputType().getShape();
  ArrayRef<int64_t> valueShape = op.getValueType().getShape();
  return ShapedType::isDynamic(numQueries) ||
         numQueries > schedule.getTileQueries() ||
         queryShape.drop_back(2) != valueShape.drop_back(2);
}

/// Brings the values of all heads into tiles, [B..., Hkv][tiles][Dv][keys]; of
/// f16 they have three parts.
FailureOr<Value> SdpaLowering::packValues() {
  constexpr int64_t kTileKeys = 32, kColumns = 16;
  Value value = op.getValue();
  auto valueType = cast<MemRefType>(value.getType());
  int64_t numLeading = valueType.getRank() - 2;
  Value numTiles = b.ceilDiv(b.dim(value, numLeading), kTileKeys);
  SmallVector<int64_t> shape(valueType.getShape().take_front(numLeading));
  SmallVector<Value> sizes;
  Value numHeads = b.index(1);
  for (int64_t d = 0; d < numLeading; ++d) {
    numHeads = b.mul(numHeads, b.dim(value, d));
    if (valueType.isDynamicDim(d))
      sizes.push_back(b.dim(value, d));
  }
  bool isSplit = valueType.getElementType().isF16();
  sizes.push_back(isSplit ? b.mul(numTiles, b.index(3)) : numTiles);
  shape.append({ShapedType::kDynamic,
                int64_t(llvm::alignTo(op.getValueDim(), kColumns)), kTileKeys});
  Value packed =
      memref::AllocOp::create(b, MemRefType::get(shape, b.getBF16Type()), sizes,
                              b.getI64IntegerAttr(64));

  int64_t blockKeys = schedule.getBlockKeys();
  Value numBlocks = b.ceilDiv(b.dim(value, numLeading), blockKeys);
  auto loop = scf::ParallelOp::create(b, b.index(0), b.mul(numHeads, numBlocks),
                                      b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value item = loop.getInductionVars().front();
  Value head = b.div(item, numBlocks);
  SmallVector<DimPart> parts(numLeading);
  for (int64_t d = numLeading - 1; d >= 0; --d) {
    Value size = b.dim(value, d);
    parts[d] = {d, d == 0 ? head : b.rem(head, size), b.getIndexAttr(1),
                /*dropped=*/true};
    head = b.div(head, size);
  }
  HeadOperands operands;
  operands.value = buildSlice(b, value, parts);
  operands.packedValue = buildSlice(b, packed, parts);
  operands.firstKey = b.mul(b.rem(item, numBlocks), b.index(blockKeys));
  if (failed(callTileFunction(operands, {}, b.index(0))))
    return failure();
  return packed;
}
