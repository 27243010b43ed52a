//===- PackedOperands.cpp - Operands in tiles, once a head ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::attn;

/// Keys and columns of a tile.
static constexpr int64_t kTileKeys = 32, kColumns = 16;

/// Whether operands become tiles once for all queries: not where few of the
/// keys may be in use, nor for one tile of queries. Those of f16 become three
/// times as much, which moves between the caches of threads: two tiles of
/// queries convert them faster themselves.
bool SdpaLowering::packsOperands() {
  if (schedule.getDot() != DotUnit::AMX || op.getKeyLengths())
    return false;
  int64_t numQueries = op.getNumQueries();
  ArrayRef<int64_t> queryShape = op.getOutputType().getShape();
  ArrayRef<int64_t> valueShape = op.getValueType().getShape();
  int64_t numTiles = op.getQueryType().getElementType().isF16() ? 2 : 1;
  return ShapedType::isDynamic(numQueries) ||
         numQueries > numTiles * schedule.getTileQueries() ||
         queryShape.drop_back(2) != valueShape.drop_back(2);
}

/// Whether these are the keys too, if they do not lie as tiles need them.
bool SdpaLowering::packsKeys() {
  auto keyType = cast<MemRefType>(op.getKey().getType());
  return keyType.getShape().drop_back(2) ==
         op.getValueType().getShape().drop_back(2);
}

/// Memory for the tiles of all heads of an operand, three for each tile of f16:
/// [B..., Hkv][keys][D], or [B..., Hkv][tiles][D][keys].
Value SdpaLowering::allocatePacked(Value source, int64_t numColumns,
                                   bool isTransposed) {
  auto type = cast<MemRefType>(source.getType());
  int64_t numLeading = type.getRank() - 2;
  SmallVector<int64_t> shape(type.getShape().take_front(numLeading));
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < numLeading; ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(b.dim(source, d));
  Value numTiles = b.ceilDiv(b.dim(source, numLeading), kTileKeys);
  if (type.getElementType().isF16())
    numTiles = b.mul(numTiles, b.index(3));
  sizes.push_back(isTransposed ? numTiles
                               : b.mul(numTiles, b.index(kTileKeys)));
  shape.append({ShapedType::kDynamic, numColumns});
  if (isTransposed)
    shape.push_back(kTileKeys);
  return memref::AllocOp::create(b, MemRefType::get(shape, b.getBF16Type()),
                                 sizes, b.getI64IntegerAttr(64));
}

LogicalResult SdpaLowering::packOperands() {
  // Parts of a head: there may be more threads than heads.
  constexpr int64_t kPartKeys = 64;
  Value value = op.getValue();
  packedValues = allocatePacked(
      value, llvm::alignTo(op.getValueDim(), kColumns), /*isTransposed=*/true);
  if (packsKeys())
    packedKeys =
        allocatePacked(op.getKey(), llvm::alignTo(op.getHeadDim(), kTileKeys),
                       /*isTransposed=*/false);
  int64_t partKeys = std::min<int64_t>(schedule.getBlockKeys(), kPartKeys);
  llvm::SaveAndRestore<CPUScheduleAttr> saved(
      schedule,
      CPUScheduleAttr::get(op.getContext(), schedule.getVectorSize(),
                           schedule.getQueryVectors(), schedule.getKeyRows(),
                           schedule.getValueRows(), partKeys,
                           schedule.getExp2(), schedule.getQueryGroups(),
                           schedule.getDot(), schedule.getSplitKeys(),
                           schedule.getRowQueries(), schedule.getMinTiles()));

  int64_t numLeading = op.getRank() - 2;
  Value numHeads = b.index(1);
  for (int64_t d = 0; d < numLeading; ++d)
    numHeads = b.mul(numHeads, b.dim(value, d));
  Value numParts = b.ceilDiv(b.dim(value, numLeading), partKeys);
  auto loop = scf::ParallelOp::create(b, b.index(0), b.mul(numHeads, numParts),
                                      b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value item = loop.getInductionVars().front();
  Value head = b.div(item, numParts);
  SmallVector<DimPart> parts(numLeading);
  for (int64_t d = numLeading - 1; d >= 0; --d) {
    Value size = b.dim(value, d);
    parts[d] = {d, d == 0 ? head : b.rem(head, size), b.getIndexAttr(1),
                /*dropped=*/true};
    head = b.div(head, size);
  }
  HeadOperands operands;
  operands.value = buildSlice(b, value, parts);
  operands.packedValue = buildSlice(b, packedValues, parts);
  if (packedKeys) {
    operands.key = buildSlice(b, op.getKey(), parts);
    operands.packedKey = buildSlice(b, packedKeys, parts);
  }
  operands.firstKey = b.mul(b.rem(item, numParts), b.index(partKeys));
  return callTileFunction(operands, {}, b.index(0));
}
