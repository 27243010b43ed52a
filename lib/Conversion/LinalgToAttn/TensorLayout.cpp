//===- TensorLayout.cpp - Tensors with one dimension a variable -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorLayout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

/// The variables, outermost first, that an index composes in row-major order;
/// empty for the constant 0, nothing for other expressions.
static std::optional<Layout> getComposition(ExprContext &context,
                                            AffineExpr index) {
  if (auto constant = dyn_cast<AffineConstantExpr>(index)) {
    if (constant.getValue() == 0)
      return Layout();
    return std::nullopt;
  }
  SmallVector<std::pair<int64_t, unsigned>> terms;
  std::function<bool(AffineExpr, int64_t)> collect =
      [&](AffineExpr expr, int64_t factor) -> bool {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      terms.push_back({factor, dim.getPosition()});
      return true;
    }
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!binary)
      return false;
    if (expr.getKind() == AffineExprKind::Add)
      return collect(binary.getLHS(), factor) &&
             collect(binary.getRHS(), factor);
    auto multiplier = dyn_cast<AffineConstantExpr>(binary.getRHS());
    return expr.getKind() == AffineExprKind::Mul && multiplier &&
           collect(binary.getLHS(), factor * multiplier.getValue());
  };
  if (!collect(index, 1))
    return std::nullopt;
  llvm::sort(terms);
  Layout vars;
  int64_t expected = 1;
  for (auto [factor, var] : terms) {
    if (factor != expected || ShapedType::isDynamic(expected))
      return std::nullopt;
    vars.insert(vars.begin(), var);
    int64_t extent = context.getExtent(var);
    expected = ShapedType::isDynamic(extent) ? extent : expected * extent;
  }
  return vars;
}

static int64_t getConstantTerm(AffineExpr index) {
  if (auto constant = dyn_cast<AffineConstantExpr>(index))
    return constant.getValue();
  auto binary = dyn_cast<AffineBinaryOpExpr>(index);
  if (!binary || index.getKind() != AffineExprKind::Add)
    return 0;
  return getConstantTerm(binary.getLHS()) + getConstantTerm(binary.getRHS());
}

/// The number of elements along a dimension that stands for variables; the
/// largest number for more than that.
static int64_t getSpan(ExprContext &context, ArrayRef<unsigned> vars) {
  int64_t span = 1;
  for (unsigned var : vars) {
    int64_t extent = context.getExtent(var);
    if (ShapedType::isDynamic(extent))
      return ShapedType::kDynamic;
    if (llvm::MulOverflow(span, extent, span))
      span = std::numeric_limits<int64_t>::max();
  }
  return span;
}

bool attn::isWhole(ExprContext &context, Value tensor,
                   const Arrangement &arrangement) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor.getType()).getShape();
  for (auto [size, vars, offset] :
       llvm::zip(shape, arrangement.sourceVars, arrangement.offsets))
    if (offset != 0 || size != getSpan(context, vars))
      return false;
  return true;
}

bool attn::isStaticPart(ExprContext &context, Value tensor,
                        const Arrangement &arrangement) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor.getType()).getShape();
  for (auto [size, vars, offset] :
       llvm::zip(shape, arrangement.sourceVars, arrangement.offsets)) {
    int64_t span = getSpan(context, vars);
    if (offset == 0 && size == span)
      continue;
    if (ShapedType::isDynamic(span) || ShapedType::isDynamic(size) ||
        offset < 0 || span > size - offset)
      return false;
  }
  return true;
}

std::optional<Arrangement> attn::arrange(ExprContext &context,
                                         ArrayRef<AffineExpr> indices,
                                         ArrayRef<unsigned> target,
                                         ArrayRef<unsigned> required) {
  Arrangement result;
  Layout sourceOrder;
  for (AffineExpr index : indices) {
    // A part of a dimension starts at an offset.
    int64_t offset = getConstantTerm(index);
    result.offsets.push_back(offset);
    std::optional<Layout> vars =
        getComposition(context, context.simplify(index - offset));
    if (!vars)
      return std::nullopt;
    for (unsigned var : *vars) {
      if (!llvm::is_contained(target, var) ||
          llvm::is_contained(sourceOrder, var))
        return std::nullopt;
      sourceOrder.push_back(var);
    }
    result.sourceVars.push_back(std::move(*vars));
  }
  for (unsigned var : target) {
    if (llvm::is_contained(sourceOrder, var))
      result.present.push_back(var);
    else if (llvm::is_contained(required, var) && context.getExtent(var) != 1)
      return std::nullopt;
  }
  result.isPermuted = sourceOrder != result.present;
  return result;
}

static OpFoldResult getSize(OpBuilder &builder, Location loc, Value tensor,
                            int64_t dim) {
  return tensor::getMixedSize(builder, loc, tensor, dim);
}

/// The tensor with its dimensions in a new order.
static Value permute(OpBuilder &builder, Location loc, Value tensor,
                     ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return tensor;
  return TransposeOp::create(builder, loc, tensor, permutation);
}

Value attn::applyArrangement(OpBuilder &builder, Location loc,
                             ExprContext &context, Value tensor,
                             const Arrangement &arrangement,
                             ArrayRef<unsigned> target) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!isWhole(context, tensor, arrangement)) {
    SmallVector<OpFoldResult> offsets, sliceSizes, strides;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      int64_t span = getSpan(context, arrangement.sourceVars[d]);
      offsets.push_back(builder.getIndexAttr(arrangement.offsets[d]));
      strides.push_back(builder.getIndexAttr(1));
      sliceSizes.push_back(ShapedType::isDynamic(span)
                               ? getSize(builder, loc, tensor, d)
                               : OpFoldResult(builder.getIndexAttr(span)));
    }
    tensor = tensor::ExtractSliceOp::create(builder, loc, tensor, offsets,
                                            sliceSizes, strides);
    type = cast<RankedTensorType>(tensor.getType());
  }
  // Nothing to do if every dimension is its variable, or of size one.
  bool isDirect = type.getRank() == (int64_t)target.size();
  for (int64_t d = 0; isDirect && d < type.getRank(); ++d) {
    const Layout &vars = arrangement.sourceVars[d];
    isDirect = vars.empty()
                   ? type.getDimSize(d) == 1 &&
                         !llvm::is_contained(arrangement.present, target[d])
                   : vars.size() == 1 && vars[0] == target[d];
  }
  if (isDirect)
    return tensor;

  // Split dimensions that hold several variables; drop those that hold none.
  SmallVector<ReassociationIndices> groups;
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> sizes;
  Layout vars;
  bool isSplit = false;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    const Layout &parts = arrangement.sourceVars[d];
    groups.emplace_back();
    if (parts.empty()) {
      groups.back().push_back(shape.size());
      shape.push_back(1);
      sizes.push_back(builder.getIndexAttr(1));
      vars.push_back(~0u);
      continue;
    }
    isSplit |= parts.size() > 1;
    for (auto [position, var] : llvm::enumerate(parts)) {
      groups.back().push_back(shape.size());
      int64_t extent = context.getExtent(var);
      shape.push_back(extent);
      vars.push_back(var);
      if (!ShapedType::isDynamic(extent)) {
        sizes.push_back(builder.getIndexAttr(extent));
        continue;
      }
      // Only the outermost part of a dimension can be dynamic.
      int64_t inner = getSpan(context, ArrayRef(parts).drop_front());
      OpFoldResult whole = getSize(builder, loc, tensor, d);
      Value size = getValueOrCreateConstantIndexOp(builder, loc, whole);
      if (inner != 1)
        size = arith::DivSIOp::create(
            builder, loc, size,
            arith::ConstantIndexOp::create(builder, loc, inner));
      sizes.push_back(size);
    }
  }
  Type elementType = type.getElementType();
  if (isSplit)
    tensor = tensor::ExpandShapeOp::create(
        builder, loc, RankedTensorType::get(shape, elementType), tensor, groups,
        sizes);

  // Variables in the target's order, dimensions that stand for nothing first.
  SmallVector<int64_t> permutation;
  for (auto [d, var] : llvm::enumerate(vars))
    if (var == ~0u)
      permutation.push_back(d);
  for (unsigned var : arrangement.present)
    permutation.push_back(llvm::find(vars, var) - vars.begin());
  // If nothing moves but ones, leave them where they are.
  if (arrangement.isPermuted) {
    tensor = permute(builder, loc, tensor, permutation);
    Layout moved;
    for (int64_t d : permutation)
      moved.push_back(vars[d]);
    vars = moved;
  }
  // Drop the ones, then add those that the target has more.
  auto reshape = [&](ArrayRef<bool> isKept) {
    SmallVector<ReassociationIndices> reassociation;
    for (auto [d, kept] : llvm::enumerate(isKept)) {
      bool startsGroup =
          reassociation.empty() ||
          (kept && llvm::any_of(reassociation.back(),
                                [&](int64_t e) { return isKept[e]; }));
      if (startsGroup)
        reassociation.emplace_back();
      reassociation.back().push_back(d);
    }
    return reassociation;
  };
  SmallVector<bool> isVariable;
  for (unsigned var : vars)
    isVariable.push_back(var != ~0u);
  bool hasAny = llvm::is_contained(isVariable, true);
  if (llvm::is_contained(isVariable, false)) {
    SmallVector<ReassociationIndices> reassociation;
    if (hasAny)
      reassociation = reshape(isVariable);
    tensor =
        tensor::CollapseShapeOp::create(builder, loc, tensor, reassociation);
  }
  if (arrangement.present.size() == target.size())
    return tensor;
  SmallVector<bool> isPresent;
  SmallVector<int64_t> targetShape;
  SmallVector<OpFoldResult> targetSizes;
  int64_t next = 0;
  for (unsigned var : target) {
    isPresent.push_back(llvm::is_contained(arrangement.present, var));
    if (!isPresent.back()) {
      targetShape.push_back(1);
      targetSizes.push_back(builder.getIndexAttr(1));
      continue;
    }
    targetShape.push_back(
        cast<RankedTensorType>(tensor.getType()).getDimSize(next));
    targetSizes.push_back(getSize(builder, loc, tensor, next++));
  }
  SmallVector<ReassociationIndices> reassociation;
  if (hasAny)
    reassociation = reshape(isPresent);
  return tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get(targetShape, elementType), tensor,
      reassociation, targetSizes);
}

bool attn::isAlignedWith(ExprContext &context, Value tensor,
                         ArrayRef<AffineExpr> indices,
                         ArrayRef<unsigned> target) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (indices.size() > target.size())
    return false;
  for (auto [d, index] : llvm::enumerate(indices)) {
    unsigned var = target[target.size() - indices.size() + d];
    bool isBroadcast = type.getDimSize(d) == 1 &&
                       isa<AffineConstantExpr>(index) &&
                       cast<AffineConstantExpr>(index).getValue() == 0;
    // A dimension that is only partly used would need a slice.
    bool isWhole = index == context.getVariable(var) &&
                   type.getDimSize(d) == context.getExtent(var);
    if (!isBroadcast && !isWhole)
      return false;
  }
  return true;
}

/// Adds a dimension of size one for every group without variables; `tensor` has
/// a dimension for each of the others.
static Value expandUnitDims(OpBuilder &builder, Location loc, Value tensor,
                            ArrayRef<Layout> groups) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getRank() == (int64_t)groups.size())
    return tensor;
  SmallVector<ReassociationIndices> reassociation(type.getRank());
  SmallVector<int64_t> shape;
  int64_t next = 0;
  for (auto [d, group] : llvm::enumerate(groups)) {
    shape.push_back(group.empty() ? 1 : type.getDimSize(next++));
    // What comes before the first dimension goes with it.
    if (!reassociation.empty())
      reassociation[std::max<int64_t>(next - 1, 0)].push_back(d);
  }
  return tensor::ExpandShapeOp::create(builder, loc, type.clone(shape), tensor,
                                       reassociation);
}

/// The groups with the variables of `layout` that they lack, each beside its
/// neighbour in the layout.
static SmallVector<Layout> addMissing(ArrayRef<unsigned> layout,
                                      ArrayRef<Layout> groups) {
  SmallVector<Layout> result(groups);
  auto isPresent = [&](unsigned var) {
    return llvm::any_of(result, [&](const Layout &group) {
      return llvm::is_contained(group, var);
    });
  };
  const unsigned *first = llvm::find_if(layout, isPresent);
  if (first == layout.end())
    return result;
  auto insertBeside = [&](unsigned neighbour, unsigned var, bool isBehind) {
    for (Layout &group : result)
      if (auto *position = llvm::find(group, neighbour);
          position != group.end()) {
        group.insert(position + isBehind, var);
        return;
      }
  };
  for (const unsigned *var = first; var != layout.begin(); --var)
    insertBeside(*var, *(var - 1), /*isBehind=*/false);
  for (const unsigned *var = first + 1; var != layout.end(); ++var)
    if (!isPresent(*var))
      insertBeside(*(var - 1), *var, /*isBehind=*/true);
  return result;
}

Value attn::collapseTo(OpBuilder &builder, Location loc, Value tensor,
                       ArrayRef<unsigned> from, ArrayRef<Layout> groups) {
  SmallVector<Layout> allGroups = addMissing(from, groups);
  groups = allGroups;
  SmallVector<int64_t> permutation;
  SmallVector<ReassociationIndices> reassociation;
  bool isCollapsed = false;
  for (const Layout &group : groups) {
    if (group.empty())
      continue;
    reassociation.emplace_back();
    isCollapsed |= group.size() > 1;
    for (unsigned var : group) {
      reassociation.back().push_back(permutation.size());
      permutation.push_back(llvm::find(from, var) - from.begin());
    }
  }
  tensor = permute(builder, loc, tensor, permutation);
  if (isCollapsed)
    tensor =
        tensor::CollapseShapeOp::create(builder, loc, tensor, reassociation);
  return expandUnitDims(builder, loc, tensor, groups);
}

Value attn::createDestination(OpBuilder &builder, Location loc,
                              ArrayRef<OpFoldResult> sizes, Type elementType,
                              ArrayRef<unsigned> layout,
                              ArrayRef<Layout> groups) {
  SmallVector<int64_t> order;
  for (const Layout &group : addMissing(layout, groups))
    for (unsigned var : group)
      order.push_back(llvm::find(layout, var) - layout.begin());
  if (order.size() != layout.size() || !isPermutationVector(order))
    return tensor::EmptyOp::create(builder, loc, sizes, elementType);
  SmallVector<OpFoldResult> stored;
  for (int64_t d : order)
    stored.push_back(sizes[d]);
  Value empty = tensor::EmptyOp::create(builder, loc, stored, elementType);
  return permute(builder, loc, empty, invertPermutationVector(order));
}
