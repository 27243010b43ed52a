//===- FuseElementwise.cpp - Element-wise fusion ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNFUSEELEMENTWISEPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Contractions keep their form, by which they get register tiles.
bool isContraction(Operation *op) {
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  return linalgOp && linalg::isaContractionOpInterface(linalgOp);
}

/// Where a moved element comes from: a tensor and the map from places in the
/// result to places there; and the type that it is widened to on the way.
struct Source {
  Value tensor;
  AffineMap map;
  Type wide;
};

/// What only permutes elements, or widens them, or both.
std::optional<Source> getSource(Value moved) {
  if (auto transpose = moved.getDefiningOp<linalg::TransposeOp>()) {
    SmallVector<unsigned> permutation(transpose.getPermutation().begin(),
                                      transpose.getPermutation().end());
    AffineMap map =
        AffineMap::getPermutationMap(permutation, moved.getContext());
    return Source{transpose.getInput(), inversePermutation(map), Type()};
  }
  auto generic = moved.getDefiningOp<linalg::GenericOp>();
  if (!generic || !linalg::isElementwise(generic) ||
      generic.getNumDpsInputs() != 1 || generic->getNumResults() != 1)
    return std::nullopt;
  AffineMap from =
      generic.getMatchingIndexingMap(generic.getDpsInputOperand(0));
  AffineMap to = generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
  if (!from.isPermutation() || !to.isPermutation())
    return std::nullopt;
  Value yielded = generic.getBlock()->getTerminator()->getOperand(0);
  Type wide;
  if (auto extend = yielded.getDefiningOp<arith::ExtFOp>()) {
    wide = extend.getType();
    yielded = extend.getIn();
  }
  if (yielded != generic.getBlock()->getArgument(0))
    return std::nullopt;
  return Source{generic.getDpsInputs().front(),
                from.compose(inversePermutation(to)), wide};
}

/// A contraction reads what is transposed or widened where it is: its lowering
/// copies what it wants adjacent, and widens what it reads.
struct FoldMoveIntoContraction : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || !isContraction(op))
      return rewriter.notifyMatchFailure(op, "not a contraction of tensors");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<Value> inputs(op.getDpsInputs());
    SmallVector<Type> wide(inputs.size());
    bool isAny = false;
    for (auto [number, input] : llvm::enumerate(inputs)) {
      std::optional<Source> source = getSource(input);
      if (!source)
        continue;
      maps[number] = source->map.compose(maps[number]);
      input = source->tensor;
      wide[number] = source->wide;
      isAny = true;
    }
    if (!isAny)
      return rewriter.notifyMatchFailure(op, "no input is moved or widened");
    auto generic = linalg::GenericOp::create(
        rewriter, op.getLoc(), op->getResultTypes(), inputs, op.getDpsInits(),
        maps, op.getIteratorTypesArray());
    rewriter.cloneRegionBefore(op->getRegion(0), generic.getRegion(),
                               generic.getRegion().begin());
    rewriter.setInsertionPointToStart(generic.getBlock());
    for (auto [number, type] : llvm::enumerate(wide)) {
      if (!type)
        continue;
      BlockArgument argument = generic.getBlock()->getArgument(number);
      argument.setType(getElementTypeOrSelf(inputs[number].getType()));
      auto extend =
          arith::ExtFOp::create(rewriter, op.getLoc(), type, argument);
      rewriter.replaceAllUsesExcept(argument, extend, extend);
    }
    rewriter.replaceOp(op, generic);
    return success();
  }
};

struct AttnFuseElementwisePass
    : attn::impl::AttnFuseElementwisePassBase<AttnFuseElementwisePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [](OpOperand *fused) {
          Operation *producer = fused->get().getDefiningOp();
          // Computing a value twice may cost more than keeping it.
          return producer && producer->hasOneUse() &&
                 !isContraction(producer) && !isContraction(fused->getOwner());
        });
    patterns.add<FoldMoveIntoContraction>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
