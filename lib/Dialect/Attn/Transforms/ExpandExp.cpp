//===- ExpandExp.cpp - exp on vectors ---------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpandOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNEXPANDEXPPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2, lowest coefficient first: minimax
/// for the relative error of e^r, below 2^-28.
constexpr double kTail[] = {0.5000000120, 0.1666666655, 0.0416657959,
                            0.0083334519, 0.0013981999, 0.0001987569};
/// ln(2) as a sum of two, of which the first has few bits: n times it is exact.
constexpr double kLn2High = 0.693359375, kLn2Low = -2.12194440e-4;
/// From where on results are zero or infinite.
constexpr double kLowest = -104.0, kHighest = 89.0;

/// Rounds x / ln(2) to n, takes a polynomial of x - n ln(2), which Cody and
/// Waite's two steps ("Software Manual for the Elementary Functions", 1980)
/// keep exact, and multiplies it by 2^n: in two steps as well, so that neither
/// factor overflows where the result is infinite or below the normal range.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto makeConstant = [&](Type type, auto getValue) -> Value {
      TypedAttr value = getValue(getElementTypeOrSelf(type));
      if (auto shaped = dyn_cast<ShapedType>(type))
        value = DenseElementsAttr::get(shaped, value);
      return arith::ConstantOp::create(b, value);
    };
    auto splat = [&](double value) {
      return makeConstant(
          type, [&](Type element) { return b.getFloatAttr(element, value); });
    };
    Type intType = b.getI32Type();
    if (auto shaped = dyn_cast<ShapedType>(type))
      intType = shaped.clone(intType);
    auto splatInt = [&](int64_t value) {
      return makeConstant(intType, [&](Type element) {
        return b.getIntegerAttr(element, value);
      });
    };
    // `x < lowest ? lowest : x` keeps a NaN.
    auto select = [&](arith::CmpFPredicate predicate, Value x, Value bound) {
      Value isBeyond = arith::CmpFOp::create(b, predicate, x, bound);
      return arith::SelectOp::create(b, isBeyond, bound, x);
    };
    Value x = op.getOperand();
    x = select(arith::CmpFPredicate::OLT, x, splat(kLowest));
    x = select(arith::CmpFPredicate::OGT, x, splat(kHighest));

    // n is the low bits of the sum with 1.5 * 2^23.
    constexpr double kMagic = 0x1.8p23;
    Value magic = splat(kMagic);
    Value shifted = math::FmaOp::create(b, x, splat(0x1.715476p0), magic);
    Value n = arith::SubFOp::create(b, shifted, magic);
    Value rest = math::FmaOp::create(b, n, splat(-kLn2High), x);
    rest = math::FmaOp::create(b, n, splat(-kLn2Low), rest);

    Value tail = splat(std::rbegin(kTail)[0]);
    for (double coefficient : llvm::drop_begin(llvm::reverse(kTail)))
      tail = math::FmaOp::create(b, tail, rest, splat(coefficient));
    Value square = arith::MulFOp::create(b, rest, rest);
    Value power = math::FmaOp::create(b, tail, square, rest);
    power = arith::AddFOp::create(b, power, splat(1.0));

    Value exponent = arith::SubIOp::create(
        b, arith::BitcastOp::create(b, intType, shifted),
        splatInt(llvm::bit_cast<int32_t>(static_cast<float>(kMagic))));
    Value half = arith::ShRSIOp::create(b, exponent, splatInt(1));
    for (Value part : {half, Value(arith::SubIOp::create(b, exponent, half))}) {
      Value bits = arith::ShLIOp::create(
          b, arith::AddIOp::create(b, part, splatInt(127)), splatInt(23));
      power = arith::MulFOp::create(b, power,
                                    arith::BitcastOp::create(b, type, bits));
    }
    rewriter.replaceOp(op, power);
    return success();
  }
};

struct AttnExpandExpPass
    : attn::impl::AttnExpandExpPassBase<AttnExpandExpPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](math::ExpOp op) {
      // A loop over scalars becomes vectors.
      bool isMany = isa<VectorType>(op.getType()) ||
                    op->getParentOfType<linalg::LinalgOp>();
      if (isMany && getElementTypeOrSelf(op.getType()).isF32())
        ops.push_back(op);
    });
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp>(&getContext());
    expandOps(ops, std::move(patterns));
  }
};

} // namespace
