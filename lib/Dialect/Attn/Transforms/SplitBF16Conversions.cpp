//===- SplitBF16Conversions.cpp - Between bf16 and f64 ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSPLITBF16CONVERSIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// `type`, or a vector of it in the shape of `like`.
Type getLike(Type like, Type type) {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.clone(type);
  return type;
}

/// Matches a conversion between bf16 and f64 from `narrow` to `wide` or back.
LogicalResult matchTypes(Operation *op, Type narrow, Type wide,
                         PatternRewriter &rewriter) {
  if (getElementTypeOrSelf(narrow).isBF16() &&
      getElementTypeOrSelf(wide).isF64())
    return success();
  return rewriter.notifyMatchFailure(op, "not between bf16 and f64");
}

struct SplitExtension : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(matchTypes(op, op.getIn().getType(), op.getType(), rewriter)))
      return failure();
    Value half = arith::ExtFOp::create(
        rewriter, op.getLoc(), getLike(op.getType(), rewriter.getF32Type()),
        op.getIn());
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), half);
    return success();
  }
};

/// To f32 first, rounded to odd (Boldo and Melquiond, "When double rounding is
/// odd", 2005): the nearest f32 towards zero, whose last bit is set where it is
/// not exact. To round that to the nearest bf16 is to round once.
struct SplitTruncation : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Value exact = op.getIn();
    Type wide = exact.getType();
    if (failed(matchTypes(op, op.getType(), wide, rewriter)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type f32 = getLike(wide, b.getF32Type());
    Type i32 = getLike(wide, b.getI32Type());
    auto constant = [&](Type type, TypedAttr attr) -> Value {
      if (auto vector = dyn_cast<VectorType>(type))
        attr = DenseElementsAttr::get(vector, attr);
      return arith::ConstantOp::create(b, attr);
    };
    Value one = constant(i32, b.getI32IntegerAttr(1));
    Value nearest = arith::TruncFOp::create(b, f32, exact);
    Value back = arith::ExtFOp::create(b, wide, nearest);
    Value bits = arith::BitcastOp::create(b, i32, nearest);
    // Magnitudes without the math dialect: positive where the signs agree.
    using P = arith::CmpFPredicate;
    Value zero = constant(wide, b.getF64FloatAttr(0.0));
    Value isNegative = arith::CmpFOp::create(b, P::OLT, exact, zero);
    Value isAbove = arith::CmpFOp::create(b, P::OGT, back, exact);
    Value isBelow = arith::CmpFOp::create(b, P::OLT, back, exact);
    Value isFar = arith::SelectOp::create(b, isNegative, isBelow, isAbove);
    Value closer = arith::SubIOp::create(b, bits, one);
    Value towardsZero = arith::SelectOp::create(b, isFar, closer, bits);
    // Not of NaN, whose last bit may say what it is.
    Value isInexact = arith::CmpFOp::create(b, P::ONE, back, exact);
    Value odd = arith::OrIOp::create(b, towardsZero, one);
    bits = arith::SelectOp::create(b, isInexact, odd, towardsZero);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(
        op, op.getType(), arith::BitcastOp::create(b, f32, bits));
    return success();
  }
};

struct AttnSplitBF16ConversionsPass
    : attn::impl::AttnSplitBF16ConversionsPassBase<
          AttnSplitBF16ConversionsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitExtension, SplitTruncation>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
