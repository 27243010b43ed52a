//===- GatheredRows.cpp - Blocks whose rows lie apart -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of [B, L, H, D] are kilobytes apart: a block that fits the first cache
// has few of its sets there. Read by several groups of queries it is copied. So
// are values whose rows are a power of two of bytes apart, as those of 128
// columns.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include "attn/Dialect/Attn/Utils/Sequences.h"

using namespace mlir;
using namespace mlir::attn;

/// Wider vectors multiply longer between two lines than it takes to get one
/// from the second cache.
static constexpr int64_t kMaxLanesToSpread = 8;

bool TileEmitter::spreadsRows(Value source) {
  return source == args.value && lanes <= kMaxLanesToSpread;
}

bool TileEmitter::gathersRows(Value source) {
  auto type = cast<MemRefType>(source.getType());
  if (!type.getElementType().isF32() || hasRows() ||
      !type.isLastDimUnitStride() || schedule.getQueryGroups() == 1)
    return false;
  int64_t stride = type.getStridesAndOffset().first.front();
  return stride != type.getDimSize(1) ||
         (spreadsRows(source) && stride % kSharedSetColumns == 0);
}

/// The rows of a block: in `scratch` if they lie apart and several groups of
/// queries read them, else where they are.
Value TileEmitter::emitGatheredRows(Value source, Value scratch, Value firstKey,
                                    Value numKeys) {
  int64_t numColumns = cast<MemRefType>(source.getType()).getDimSize(1);
  auto type = MemRefType::get(
      {ShapedType::kDynamic, numColumns}, b.getF32Type(),
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic,
                             {ShapedType::kDynamic, 1}));
  auto metadata = memref::ExtractStridedMetadataOp::create(b, source);
  Value stride = metadata.getStrides()[0];
  Value isApart =
      b.compare(arith::CmpIPredicate::ne, stride, b.index(numColumns));
  if (spreadsRows(source))
    isApart = arith::OrIOp::create(
        b, isApart,
        b.compare(arith::CmpIPredicate::eq,
                  b.rem(stride, b.index(kSharedSetColumns)), b.index(0)));
  Value numTileQueries = b.sub(numQueries, args.firstQuery);
  if (args.tileQueries)
    numTileQueries = b.min(numTileQueries, args.tileQueries);
  Value isShared = b.compare(arith::CmpIPredicate::sgt, numTileQueries,
                             b.index(groupQueries));
  auto cast = [&](Value rows) {
    return SmallVector<Value>{memref::CastOp::create(b, type, rows)};
  };
  // Its rows may be longer.
  DimPart columns{1, OpFoldResult(b.getIndexAttr(0)),
                  OpFoldResult(b.getIndexAttr(numColumns))};
  return b
      .ifThenElse(
          type, arith::AndIOp::create(b, isApart, isShared),
          [&] {
            b.forLoop(b.index(0), numKeys, 1, [&](Value r) {
              emitRowCopy(source, b.add(firstKey, r), b.index(0), scratch, r,
                          b.index(numColumns));
            });
            return cast(buildSlice(b, scratch, columns));
          },
          [&] {
            return cast(buildSlice(
                b, source, DimPart{0, firstKey, OpFoldResult(numKeys)}));
          })
      .front();
}
