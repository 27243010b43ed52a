//===- LowerConvolutions.cpp - Convolutions to contractions -----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Patch embeddings and other convolutions around attention become contractions,
// which have kernels: the input is copied so that what a filter covers stands
// together ("im2col", Chellapilla et al., 2006). Upstream's rewriteInIm2Col
// does that for three named operations of static sizes, and finds each element
// by divisions; here the copy is a linalg operation with the convolution's own
// map of the input, whatever the order of the dimensions, and the sizes may be
// dynamic.
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNLOWERCONVOLUTIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

using Loops = SmallVector<unsigned>;

/// The results of a map that is a projected permutation, as loops.
Loops getLoops(AffineMap map) {
  return llvm::map_to_vector(map.getResults(), [](AffineExpr expr) {
    return cast<AffineDimExpr>(expr).getPosition();
  });
}

/// A convolution as a contraction: its loops, and how the copy of the input has
/// them.
class Convolution {
public:
  /// Null where `op` is none that pays as a contraction.
  static std::optional<Convolution> get(linalg::LinalgOp op);

  /// How many of each loop a tile has, so that the copy has `most` elements at
  /// most, or as many as a filter covers; empty if it has as few in whole.
  SmallVector<OpFoldResult> getTiles(OpBuilder &b, int64_t most);
  void lower(RewriterBase &rewriter);

private:
  explicit Convolution(linalg::LinalgOp op) : op(op) {}

  AffineMap getInputMap() { return op.getMatchingIndexingMap(input); }
  bool findOperands();
  bool classify();
  void orderCopy();
  Value copyInput(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes);

  linalg::LinalgOp op;
  OpOperand *input = nullptr, *filter = nullptr, *out = nullptr;
  /// Loops of all three operands (groups of channels), of input and filter, in
  /// the order of the filter.
  Loops groups, reductions;
  /// Loops of input and output: those that are one dimension of the result.
  SmallVector<Loops> rows;
  /// The dimensions of the copy, each of several loops.
  SmallVector<Loops> copied;
};

bool Convolution::findOperands() {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || !linalg::isaConvolutionOpInterface(op))
    return false;
  out = op.getDpsInitOperand(0);
  input = op.getDpsInputOperand(0);
  filter = op.getDpsInputOperand(1);
  // There are kernels for products of floats.
  return isa<FloatType>(getElementTypeOrSelf(out->get().getType())) &&
         op.getMatchingIndexingMap(out).isProjectedPermutation() &&
         op.getMatchingIndexingMap(filter).isProjectedPermutation() &&
         getInputMap().getNumSymbols() == 0;
}

bool Convolution::classify() {
  AffineMap inputMap = getInputMap(),
            filterMap = op.getMatchingIndexingMap(filter),
            outMap = op.getMatchingIndexingMap(out);
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  llvm::SmallDenseSet<unsigned> isRow;
  // Nothing is shared by fewer columns than the copy costs: convolutions of
  // each channel by itself.
  constexpr uint64_t kMinColumns = 4;
  uint64_t numColumns = 1;
  for (unsigned loop : getLoops(outMap)) {
    bool inInput = inputMap.isFunctionOfDim(loop);
    if (!filterMap.isFunctionOfDim(loop))
      isRow.insert(loop);
    else if (inInput)
      groups.push_back(loop);
    else // A size that is not known may be any.
      numColumns = llvm::SaturatingMultiply<uint64_t>(
          numColumns, ShapedType::isDynamic(sizes[loop])
                          ? kMinColumns
                          : uint64_t(sizes[loop]));
    if (!inInput && isRow.contains(loop))
      return false;
  }
  if (isRow.empty() || numColumns < kMinColumns)
    return false;

  // All others are in input and filter, where they must be adjacent.
  unsigned numOthers = op.getNumLoops() - outMap.getNumResults();
  for (unsigned loop : getLoops(filterMap)) {
    if (outMap.isFunctionOfDim(loop)) {
      if (!reductions.empty() && reductions.size() < numOthers)
        return false;
      continue;
    }
    if (!inputMap.isFunctionOfDim(loop))
      return false;
    reductions.push_back(loop);
  }
  if (reductions.empty() || reductions.size() != numOthers)
    return false;

  // Upstream cannot lower the expansion of one dimension into several of
  // dynamic sizes.
  bool wasRow = false, isDynamic = false;
  for (unsigned loop : getLoops(outMap)) {
    bool joins = wasRow && !(isDynamic && ShapedType::isDynamic(sizes[loop]));
    wasRow = isRow.contains(loop);
    if (!wasRow)
      continue;
    if (!joins) {
      rows.emplace_back();
      isDynamic = false;
    }
    rows.back().push_back(loop);
    isDynamic |= ShapedType::isDynamic(sizes[loop]);
  }
  return true;
}

/// Groups, rows, and the reduction before or behind the last of the rows: so
/// that what is adjacent in the input is so in the copy.
void Convolution::orderCopy() {
  AffineExpr last = getInputMap().getResults().back();
  bool isOfRows = llvm::any_of(
      rows.back(), [&](unsigned loop) { return last.isFunctionOfDim(loop); });
  bool isOfFilter = llvm::any_of(
      reductions, [&](unsigned loop) { return last.isFunctionOfDim(loop); });
  bool rowsLast = isOfRows && !isOfFilter;
  if (isOfRows && isOfFilter) {
    // The next row of the output is the next element of the input.
    unsigned row = *llvm::find_if(
        rows.back(), [&](unsigned loop) { return last.isFunctionOfDim(loop); });
    MLIRContext *context = op.getContext();
    AffineExpr one = getAffineConstantExpr(1, context),
               zero = getAffineConstantExpr(0, context);
    SmallVector<AffineExpr> at(op.getNumLoops(), zero);
    at[row] = one;
    auto stride = dyn_cast<AffineConstantExpr>(last.replaceDims(at));
    rowsLast = stride && stride.getValue() == 1;
  }
  for (unsigned loop : groups)
    copied.push_back({loop});
  llvm::append_range(copied, rows);
  copied.insert(rowsLast ? copied.end() - 1 : copied.end(), reductions);
}

std::optional<Convolution> Convolution::get(linalg::LinalgOp op) {
  Convolution convolution(op);
  if (!convolution.findOperands() || !convolution.classify())
    return std::nullopt;
  convolution.orderCopy();
  return convolution;
}

SmallVector<OpFoldResult> Convolution::getTiles(OpBuilder &b, int64_t most) {
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> sizes =
      llvm::map_to_vector(op.createLoopRanges(b, loc),
                          [](const Range &range) { return range.size; });
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  auto apply = [&](AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
  };
  auto getMax = [&](OpFoldResult value) {
    return affine::makeComposedFoldedAffineMax(
        b, loc,
        AffineMap::get(0, 1, {s0, b.getAffineConstantExpr(1)}, b.getContext()),
        {value});
  };
  OpFoldResult within = b.getIndexAttr(1);
  for (unsigned loop : reductions)
    within = apply(s0 * s1, {within, sizes[loop]});
  Loops outer = groups;
  for (ArrayRef<unsigned> loops : rows)
    llvm::append_range(outer, loops);
  SmallVector<OpFoldResult> tiles(sizes.size(), b.getIndexAttr(0));
  bool isAny = false;
  for (unsigned loop : llvm::reverse(outer)) {
    std::optional<int64_t> knownWithin = getConstantIntValue(within),
                           knownSize = getConstantIntValue(sizes[loop]);
    if (knownWithin && knownSize &&
        llvm::SaturatingMultiply<uint64_t>(*knownWithin, *knownSize) <=
            uint64_t(most)) {
      within = b.getIndexAttr(*knownWithin * *knownSize);
      continue;
    }
    isAny = true;
    tiles[loop] = getMax(
        apply(b.getAffineConstantExpr(most).floorDiv(s0), {getMax(within)}));
    OpFoldResult taken = affine::makeComposedFoldedAffineMin(
        b, loc, AffineMap::get(0, 2, {s0, s1}, b.getContext()),
        {tiles[loop], sizes[loop]});
    within = apply(s0 * s1, {within, taken});
  }
  return isAny ? tiles : SmallVector<OpFoldResult>();
}

/// The dimensions that each of `groups` becomes one of.
SmallVector<ReassociationIndices> getReassociation(ArrayRef<Loops> groups) {
  SmallVector<ReassociationIndices> reassociation;
  int64_t next = 0;
  for (ArrayRef<unsigned> loops : groups) {
    ReassociationIndices &indices = reassociation.emplace_back();
    for (size_t i = 0; i < loops.size(); ++i)
      indices.push_back(next++);
  }
  return reassociation;
}

Value collapse(ImplicitLocOpBuilder &b, Value tensor, ArrayRef<Loops> groups) {
  if (llvm::all_of(groups,
                   [](ArrayRef<unsigned> loops) { return loops.size() == 1; }))
    return tensor;
  return tensor::CollapseShapeOp::create(b, tensor, getReassociation(groups));
}

/// The input with a dimension for each of the loops of `copied`, in order.
Value Convolution::copyInput(ImplicitLocOpBuilder &b,
                             ArrayRef<OpFoldResult> sizes) {
  Loops order;
  for (ArrayRef<unsigned> loops : copied)
    llvm::append_range(order, loops);
  // In the map of the input a loop of one iteration is nowhere.
  MLIRContext *context = b.getContext();
  SmallVector<AffineExpr> dims(op.getNumLoops(),
                               getAffineConstantExpr(0, context));
  SmallVector<unsigned> kept;
  for (auto [place, loop] : llvm::enumerate(order)) {
    if (llvm::is_contained(reductions, loop) &&
        getConstantIntValue(sizes[loop]) == 1)
      continue;
    dims[loop] = getAffineDimExpr(place, context);
    kept.push_back(place);
  }
  AffineMap map = getInputMap().replaceDimsAndSymbols(dims, {}, order.size(),
                                                      /*numResultSyms=*/0);
  map = simplifyAffineMap(map);
  if (map ==
      AffineMap::getMultiDimMapWithTargets(order.size(), kept, context)) {
    // It is as it should be.
    SmallVector<Loops> present;
    for (ArrayRef<unsigned> loops : copied) {
      Loops &group = present.emplace_back();
      for (unsigned loop : loops)
        if (!isa<AffineConstantExpr>(dims[loop]))
          group.push_back(loop);
    }
    if (llvm::none_of(present,
                      [](const Loops &group) { return group.empty(); }))
      return collapse(b, input->get(), present);
  }
  SmallVector<OpFoldResult> copySizes =
      llvm::map_to_vector(order, [&](unsigned loop) { return sizes[loop]; });
  Value copy = tensor::EmptyOp::create(
      b, copySizes, getElementTypeOrSelf(input->get().getType()));
  SmallVector<AffineMap> maps{map, b.getMultiDimIdentityMap(order.size())};
  SmallVector<utils::IteratorType> iterators(order.size(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, copy.getType(), input->get(), copy, maps, iterators,
      [](OpBuilder &b, Location loc, ValueRange arguments) {
        linalg::YieldOp::create(b, loc, arguments[0]);
      });
  return collapse(b, generic.getResult(0), copied);
}

void Convolution::lower(RewriterBase &rewriter) {
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  b.setInsertionPoint(op);
  SmallVector<OpFoldResult> sizes =
      llvm::map_to_vector(op.createLoopRanges(b, b.getLoc()),
                          [](const Range &r) { return r.size; });
  Value collapsedInput = copyInput(b, sizes);
  auto groupOperand = [&](OpOperand *operand, ArrayRef<Loops> together) {
    Loops loops = getLoops(op.getMatchingIndexingMap(operand));
    SmallVector<Loops> grouped;
    for (unsigned i = 0; i < loops.size();) {
      const Loops *group = llvm::find_if(together, [&](const Loops &group) {
        return group.front() == loops[i];
      });
      if (group == together.end())
        grouped.push_back({loops[i]});
      else
        grouped.push_back(*group);
      i += grouped.back().size();
    }
    return grouped;
  };
  SmallVector<Loops> filterGroups = groupOperand(filter, {reductions}),
                     outGroups = groupOperand(out, rows);
  Value collapsedFilter = collapse(b, filter->get(), filterGroups),
        collapsedOut = collapse(b, out->get(), outGroups);

  // The loops of the contraction are the dimensions of its result, and the
  // reduction, each known by its first loop.
  Loops loops;
  for (const Loops &group : outGroups)
    loops.push_back(group.front());
  loops.push_back(reductions.front());
  auto getMap = [&](ArrayRef<Loops> groups) {
    SmallVector<unsigned> places =
        llvm::map_to_vector(groups, [&](const Loops &group) -> unsigned {
          return llvm::find(loops, group.front()) - loops.begin();
        });
    return AffineMap::getMultiDimMapWithTargets(loops.size(), places,
                                                b.getContext());
  };
  SmallVector<utils::IteratorType> iterators(loops.size(),
                                             utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  auto contraction = linalg::GenericOp::create(
      b, TypeRange(collapsedOut.getType()),
      ValueRange{collapsedInput, collapsedFilter}, ValueRange(collapsedOut),
      {getMap(copied), getMap(filterGroups), getMap(outGroups)}, iterators);
  rewriter.cloneRegionBefore(op->getRegion(0), contraction.getRegion(),
                             contraction.getRegion().begin());
  Value result = contraction.getResult(0);
  if (collapsedOut != out->get()) {
    SmallVector<OpFoldResult> outSizes =
        tensor::getMixedSizes(b, b.getLoc(), out->get());
    result = tensor::ExpandShapeOp::create(
        b, out->get().getType(), result, getReassociation(outGroups), outSizes);
  }
  rewriter.replaceOp(op, result);
}

struct AttnLowerConvolutionsPass
    : attn::impl::AttnLowerConvolutionsPassBase<AttnLowerConvolutionsPass> {
  using AttnLowerConvolutionsPassBase::AttnLowerConvolutionsPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (copyElements < 1)
      return emitError(UnknownLoc::get(context))
             << "attn-lower-convolutions: expected copy-elements to be 1 at "
                "least, got "
             << copyElements.getValue();
    return success();
  }

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      std::optional<Convolution> convolution = Convolution::get(op);
      if (!convolution)
        continue;
      IRRewriter rewriter(op);
      SmallVector<OpFoldResult> tiles =
          convolution->getTiles(rewriter, copyElements);
      if (!tiles.empty()) {
        linalg::LinalgTilingOptions options;
        options.setTileSizeComputationFunction(
            [&](OpBuilder &b, Operation *) -> SmallVector<Value> {
              return getValueOrCreateConstantIndexOp(b, op.getLoc(), tiles);
            });
        FailureOr<linalg::TiledLinalgOp> tiled =
            linalg::tileLinalgOp(rewriter, op, options);
        if (failed(tiled)) {
          op.emitError("attn-lower-convolutions: cannot be tiled");
          return signalPassFailure();
        }
        rewriter.replaceOp(op, tiled->tensorResults);
        convolution = Convolution::get(tiled->op);
      }
      convolution->lower(rewriter);
      ++numLowered;
    }
  }
};

} // namespace
