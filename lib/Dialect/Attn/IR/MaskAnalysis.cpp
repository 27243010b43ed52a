//===- MaskAnalysis.cpp - Blocks of a structural mask -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

KeyInterval attn::getClampedKeyInterval(StructuralMaskInterface mask, int64_t i,
                                        MaskShape shape) {
  KeyInterval interval{0, shape.numKeys};
  if (mask) {
    KeyInterval keys = mask.getKeyInterval(i, shape.numQueries, shape.numKeys);
    interval.begin = std::clamp<int64_t>(keys.begin, 0, shape.numKeys);
    interval.end = std::clamp<int64_t>(keys.end, 0, shape.numKeys);
  }
  return interval;
}

bool attn::keeps(StructuralMaskInterface mask, int64_t i, int64_t j,
                 MaskShape shape, bool sameDocument) {
  if (!getClampedKeyInterval(mask, i, shape).contains(j))
    return false;
  return !mask || mask.isExact() || sameDocument;
}

KeyInterval attn::getNeededKeys(StructuralMaskInterface mask, int64_t i0,
                                int64_t i1, MaskShape shape) {
  if (i0 >= i1)
    return {0, 0};
  KeyInterval needed{getClampedKeyInterval(mask, i0, shape).begin,
                     getClampedKeyInterval(mask, i1 - 1, shape).end};
  needed.end = std::max(needed.begin, needed.end);
  return needed;
}

KeyInterval attn::getFullKeys(StructuralMaskInterface mask, int64_t i0,
                              int64_t i1, MaskShape shape) {
  KeyInterval needed = getNeededKeys(mask, i0, i1, shape);
  if (i0 >= i1 || (mask && !mask.isExact()))
    return {needed.end, needed.end};
  KeyInterval full{getClampedKeyInterval(mask, i1 - 1, shape).begin,
                   getClampedKeyInterval(mask, i0, shape).end};
  full.begin = std::clamp(full.begin, needed.begin, needed.end);
  full.end = std::clamp(full.end, full.begin, needed.end);
  return full;
}

BlockKind attn::classifyBlock(StructuralMaskInterface mask, int64_t i0,
                              int64_t i1, int64_t j0, int64_t j1,
                              MaskShape shape) {
  KeyInterval needed = getNeededKeys(mask, i0, i1, shape);
  if (i0 >= i1 || j0 >= j1 || j1 <= needed.begin || j0 >= needed.end ||
      needed.begin >= needed.end)
    return BlockKind::Empty;
  KeyInterval full = getFullKeys(mask, i0, i1, shape);
  if (full.begin <= j0 && j1 <= full.end)
    return BlockKind::Full;
  return BlockKind::Partial;
}

static Value clampIndex(OpBuilder &builder, Location loc, Value value,
                        Value low, Value high) {
  Value atLeast = arith::MaxSIOp::create(builder, loc, value, low);
  return arith::MinSIOp::create(builder, loc, atLeast, high);
}

KeyIntervalValues attn::buildNeededKeys(StructuralMaskInterface mask,
                                        OpBuilder &builder, Location loc,
                                        Value firstQuery, Value lastQuery,
                                        Value numQueries, Value numKeys) {
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(numKeys.getType()));
  KeyIntervalValues needed{zero, numKeys};
  if (!mask)
    return needed;
  if (Value begin =
          mask.buildKeyInterval(builder, loc, firstQuery, numQueries, numKeys)
              .begin)
    needed.begin = clampIndex(builder, loc, begin, zero, numKeys);
  if (Value end =
          mask.buildKeyInterval(builder, loc, lastQuery, numQueries, numKeys)
              .end)
    needed.end = clampIndex(builder, loc, end, needed.begin, numKeys);
  return needed;
}

KeyIntervalValues attn::buildFullKeys(StructuralMaskInterface mask,
                                      OpBuilder &builder, Location loc,
                                      Value firstQuery, Value lastQuery,
                                      Value numQueries, Value numKeys,
                                      KeyIntervalValues needed,
                                      bool sameDocument) {
  if (!mask)
    return needed;
  if (!mask.isExact() && !sameDocument)
    return {needed.end, needed.end};
  KeyIntervalValues full = needed;
  if (Value begin =
          mask.buildKeyInterval(builder, loc, lastQuery, numQueries, numKeys)
              .begin)
    full.begin = clampIndex(builder, loc, begin, needed.begin, needed.end);
  if (Value end =
          mask.buildKeyInterval(builder, loc, firstQuery, numQueries, numKeys)
              .end)
    full.end = clampIndex(builder, loc, end, full.begin, needed.end);
  return full;
}

SmallVector<StructuralMaskInterface>
attn::getMembers(StructuralMaskInterface mask) {
  SmallVector<StructuralMaskInterface> members;
  if (!mask)
    return members;
  auto allOf = dyn_cast<AllOfAttr>(mask);
  if (!allOf)
    return {mask};
  for (Attribute member : allOf.getMembers())
    llvm::append_range(members,
                       getMembers(cast<StructuralMaskInterface>(member)));
  return members;
}

StructuralMaskInterface attn::getConjunction(StructuralMaskInterface lhs,
                                             StructuralMaskInterface rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  auto both = AllOfAttr::get(lhs.getContext(), {lhs, rhs});
  return dyn_cast_or_null<StructuralMaskInterface>(
      both.simplify(ShapedType::kDynamic, ShapedType::kDynamic));
}
