//===- ParallelizeLinalg.cpp - Loops of linalg for many threads -*- C++ -*-===//
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
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNPARALLELIZELINALGPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

struct AttnParallelizeLinalgPass
    : attn::impl::AttnParallelizeLinalgPassBase<AttnParallelizeLinalgPass> {
  using AttnParallelizeLinalgPassBase::AttnParallelizeLinalgPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (tileElements < 1)
      return emitError(UnknownLoc::get(context))
             << "attn-parallelize-linalg: expected tile-elements to be 1 at "
                "least, got "
             << tileElements.getValue();
    return success();
  }

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() &&
          !op->getParentOfType<scf::ParallelOp>())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops)
      if (failed(tile(op)))
        return signalPassFailure();
  }

private:
  LogicalResult tile(linalg::LinalgOp op) {
    IRRewriter rewriter(op);
    Location loc = op.getLoc();
    // A tile of a loop has as many iterations as have enough elements in the
    // loops within: all, where these are few.
    SmallVector<OpFoldResult> sizes =
        llvm::map_to_vector(op.createLoopRanges(rewriter, loc),
                            [](const Range &range) { return range.size; });
    SmallVector<OpFoldResult> tiles(sizes.size(), rewriter.getIndexAttr(0));
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    OpFoldResult within = rewriter.getIndexAttr(1);
    AffineExpr s0 = rewriter.getAffineSymbolExpr(0),
               s1 = rewriter.getAffineSymbolExpr(1);
    bool isAny = false;
    for (int64_t i = sizes.size() - 1; i >= 0; --i) {
      std::optional<int64_t> knownWithin = getConstantIntValue(within),
                             knownSize = getConstantIntValue(sizes[i]);
      bool isOne = knownWithin && knownSize &&
                   llvm::SaturatingMultiply<uint64_t>(
                       *knownWithin, *knownSize) <= uint64_t(tileElements);
      if (iterators[i] == utils::IteratorType::parallel && !isOne) {
        // No fewer than one, where a loop within has no iteration.
        OpFoldResult divisor = affine::makeComposedFoldedAffineMax(
            rewriter, loc,
            AffineMap::get(0, 1, {s0, rewriter.getAffineConstantExpr(1)},
                           rewriter.getContext()),
            {within});
        tiles[i] = affine::makeComposedFoldedAffineApply(
            rewriter, loc,
            rewriter.getAffineConstantExpr(tileElements).ceilDiv(s0),
            {divisor});
        isAny = true;
      }
      within = affine::makeComposedFoldedAffineApply(rewriter, loc, s0 * s1,
                                                     {within, sizes[i]});
    }
    if (!isAny)
      return success();
    linalg::LinalgTilingOptions options;
    options.setLoopType(linalg::LinalgTilingLoopType::ParallelLoops);
    options.setTileSizeComputationFunction(
        [&](OpBuilder &b, Operation *) -> SmallVector<Value> {
          return getValueOrCreateConstantIndexOp(b, loc, tiles);
        });
    FailureOr<linalg::TiledLinalgOp> tiled =
        linalg::tileLinalgOp(rewriter, op, options);
    if (failed(tiled))
      return op.emitError("attn-parallelize-linalg: cannot be tiled");
    rewriter.eraseOp(op);
    ++numTiled;
    return success();
  }
};

} // namespace
