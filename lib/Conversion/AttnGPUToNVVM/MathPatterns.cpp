//===- MathPatterns.cpp - Fast forms of math ------------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

constexpr double kLog2e = 1.44269504088896340736;
constexpr double kLn2 = 0.69314718055994530942;

Value mul(PtxBuilder &b, Value x, double y) {
  return arith::MulFOp::create(b, x, b.f32(y));
}

Value buildExp2(PtxBuilder &b, Value x) { return b.exp2(x); }
Value buildExp(PtxBuilder &b, Value x) { return b.exp2(mul(b, x, kLog2e)); }
Value buildLog2(PtxBuilder &b, Value x) { return b.log2(x); }
Value buildLog(PtxBuilder &b, Value x) { return mul(b, b.log2(x), kLn2); }
Value buildRsqrt(PtxBuilder &b, Value x) { return b.rsqrt(x); }

/// 1 - 2 / (exp(2 x) + 1): an absolute error of some 1e-7, where tanh.approx
/// has 5e-4, too much for a softcap of 50. Right at both infinities.
Value buildTanh(PtxBuilder &b, Value x) {
  Value e = b.exp2(mul(b, x, 2 * kLog2e));
  Value r = b.reciprocal(arith::AddFOp::create(b, e, b.f32(1.0)));
  return arith::SubFOp::create(b, b.f32(1.0), mul(b, r, 2.0));
}

template <typename OpT, Value (*build)(PtxBuilder &, Value)>
struct UnaryPattern : ThreadPattern<OpT> {
  using ThreadPattern<OpT>::ThreadPattern;
  LogicalResult rewrite(OpT op, typename ThreadPattern<OpT>::Adaptor adaptor,
                        PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "not an f32");
    rewriter.replaceOp(op, build(b, adaptor.getOperand().front()));
    return success();
  }
};

/// 1 / x where reciprocals may be approximated.
struct ReciprocalPattern : ThreadPattern<arith::DivFOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(arith::DivFOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    if (!isApproximateReciprocal(op))
      return rewriter.notifyMatchFailure(op, "not an approximate reciprocal");
    rewriter.replaceOp(op, b.reciprocal(adaptor.getRhs().front()));
    return success();
  }
};

/// bf16 is the upper half of f32. The conversion of sm_90 and later is as slow
/// as an exponential.
struct ExtendPattern : ThreadPattern<arith::ExtFOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(arith::ExtFOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    if (!isExtensionOfBF16(op))
      return rewriter.notifyMatchFailure(op, "not from bf16 to f32");
    Value bits =
        arith::BitcastOp::create(b, b.getI16Type(), adaptor.getIn().front());
    Value wide = arith::ExtUIOp::create(b, b.getI32Type(), bits);
    Value shifted = arith::ShLIOp::create(b, wide, b.i32(16));
    rewriter.replaceOp(
        op, Value(arith::BitcastOp::create(b, b.getF32Type(), shifted)));
    return success();
  }
};

} // namespace

bool attn_gpu::isExtensionOfBF16(arith::ExtFOp op) {
  return op.getIn().getType().isBF16() && op.getType().isF32();
}

bool attn_gpu::isApproximateReciprocal(arith::DivFOp op) {
  return op.getType().isF32() && matchPattern(op.getLhs(), m_OneFloat()) &&
         arith::bitEnumContainsAll(op.getFastmath(),
                                   arith::FastMathFlags::arcp);
}

void attn_gpu::populateMathPatterns(const TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<ReciprocalPattern, ExtendPattern,
               UnaryPattern<math::Exp2Op, buildExp2>,
               UnaryPattern<math::ExpOp, buildExp>,
               UnaryPattern<math::Log2Op, buildLog2>,
               UnaryPattern<math::LogOp, buildLog>,
               UnaryPattern<math::RsqrtOp, buildRsqrt>,
               UnaryPattern<math::TanhOp, buildTanh>>(converter,
                                                      patterns.getContext());
}
