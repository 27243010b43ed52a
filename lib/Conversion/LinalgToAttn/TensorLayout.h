//===- TensorLayout.h - Tensors with one dimension a variable ---*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_TENSORLAYOUT_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_TENSORLAYOUT_H

#include "AttentionMatcher.h"

namespace mlir::attn {

/// Variables that stand for the dimensions of a tensor, in order.
using Layout = SmallVector<unsigned>;

/// How to bring a tensor whose elements are accessed at given indices into a
/// layout: split dimensions, permute, drop and add dimensions of size one.
struct Arrangement {
  /// The variables of each source dimension; several where it is split, none
  /// where it has size one and stands for nothing.
  SmallVector<Layout> sourceVars;
  /// Where in each source dimension the part that is used begins.
  SmallVector<int64_t> offsets;
  /// Variables in the order of the target that the source has.
  Layout present;
  /// Whether elements move: a transpose is needed.
  bool isPermuted = false;
};

/// Whether every dimension of the tensor is used from begin to end.
bool isWhole(ExprContext &context, Value tensor,
             const Arrangement &arrangement);

/// Whether what is used of the tensor is all of it, or a part of static sizes.
bool isStaticPart(ExprContext &context, Value tensor,
                  const Arrangement &arrangement);

/// Finds the arrangement of a tensor accessed at `indices` into `target`, or
/// nothing if an index is no composition of variables, repeats one, or if a
/// variable that is missing is in `required` and has more than one value.
std::optional<Arrangement> arrange(ExprContext &context,
                                   ArrayRef<AffineExpr> indices,
                                   ArrayRef<unsigned> target,
                                   ArrayRef<unsigned> required);

/// Emits it. Missing variables become dimensions of size one.
Value applyArrangement(OpBuilder &builder, Location loc, ExprContext &context,
                       Value tensor, const Arrangement &arrangement,
                       ArrayRef<unsigned> target);

/// Whether a tensor accessed at `indices` broadcasts, as it is and aligned at
/// the right, to the layout `target`.
bool isAlignedWith(ExprContext &context, Value tensor,
                   ArrayRef<AffineExpr> indices, ArrayRef<unsigned> target);

/// The inverse of splitting dimensions and moving them: a tensor in the layout
/// `from` (one variable for each dimension) to one whose dimensions are groups
/// of variables. Variables that are in no group have one value.
Value collapseTo(OpBuilder &builder, Location loc, Value tensor,
                 ArrayRef<unsigned> from, ArrayRef<Layout> groups);

/// A tensor of `sizes`, in the order of `layout`, that lies in memory in the
/// order of the groups: collapsing it to them moves nothing.
Value createDestination(OpBuilder &builder, Location loc,
                        ArrayRef<OpFoldResult> sizes, Type elementType,
                        ArrayRef<unsigned> layout, ArrayRef<Layout> groups);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_TENSORLAYOUT_H
