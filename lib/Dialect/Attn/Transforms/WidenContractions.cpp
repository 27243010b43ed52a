//===- WidenContractions.cpp - Sums of f16 and bf16 in f32 -----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNWIDENCONTRACTIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// An element-wise conversion of a tensor into another one.
template <typename CastOp>
Value convert(OpBuilder &b, Location loc, Value source, Value target) {
  int64_t rank = cast<RankedTensorType>(source.getType()).getRank();
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, target.getType(), source, target, maps, iterators,
             [](OpBuilder &b, Location loc, ValueRange arguments) {
               Value result =
                   CastOp::create(b, loc, arguments[1].getType(), arguments[0]);
               linalg::YieldOp::create(b, loc, result);
             })
      .getResult(0);
}

struct WidenContraction : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || !linalg::isaContractionOpInterface(op))
      return rewriter.notifyMatchFailure(op, "not a contraction of tensors");
    Value init = op.getDpsInits().front();
    auto type = cast<RankedTensorType>(init.getType());
    Type narrow = type.getElementType();
    if (!narrow.isF16() && !narrow.isBF16())
      return rewriter.notifyMatchFailure(op, "the sum is not f16 or bf16");
    for (Value input : op.getDpsInputs())
      if (getElementTypeOrSelf(input.getType()) != narrow)
        return rewriter.notifyMatchFailure(op, "an input has another type");
    // Without conversions between, factors are arguments.
    if (!llvm::hasNItems(op.getBlock()->without_terminator(), 2))
      return rewriter.notifyMatchFailure(op, "more than a product and a sum");

    Location loc = op.getLoc();
    Value wide = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, init),
        rewriter.getF32Type());
    if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
      Value scalar = rewriter.createOrFold<arith::ExtFOp>(
          loc, rewriter.getF32Type(), fill.value());
      wide = linalg::FillOp::create(rewriter, loc, scalar, wide).result();
      init = fill.output();
    } else {
      wide = convert<arith::ExtFOp>(rewriter, loc, init, wide);
    }
    auto sum = linalg::GenericOp::create(
        rewriter, loc, wide.getType(), op.getDpsInputs(), wide,
        op.getIndexingMapsArray(), op.getIteratorTypesArray(),
        [](OpBuilder &b, Location loc, ValueRange arguments) {
          auto extend = [&](Value value) {
            return arith::ExtFOp::create(b, loc, b.getF32Type(), value);
          };
          Value product = arith::MulFOp::create(b, loc, extend(arguments[0]),
                                                extend(arguments[1]));
          product = arith::AddFOp::create(b, loc, arguments[2], product);
          linalg::YieldOp::create(b, loc, product);
        });
    rewriter.replaceOp(
        op, convert<arith::TruncFOp>(rewriter, loc, sum.getResult(0), init));
    return success();
  }
};

struct AttnWidenContractionsPass
    : attn::impl::AttnWidenContractionsPassBase<AttnWidenContractionsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<WidenContraction>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
