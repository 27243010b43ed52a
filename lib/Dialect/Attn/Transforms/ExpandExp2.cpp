//===- ExpandExp2.cpp - exp2 of logits --------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnAttrs.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include <cmath>

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNEXPANDEXP2PASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

// Minimax in the relative error, degree 5, lowest coefficient first; 7.5e-8 on
// both domains.
constexpr double kUnitInterval[] = {9.999999251e-01, 6.931530732e-01,
                                    2.401536170e-01, 5.582631812e-02,
                                    8.989340024e-03, 1.877576700e-03};
// The same of degree 3; 7.5e-5.
constexpr double kShortUnitInterval[] = {9.999252186e-01, 6.958335405e-01,
                                         2.260671554e-01, 7.802452269e-02};
constexpr double kSymmetric[] = {1.000000072,     6.931469671e-01,
                                 2.402211972e-01, 5.550713273e-02,
                                 9.675541331e-03, 1.327647217e-03};

class Exp2Expander {
public:
  Exp2Expander(ImplicitLocOpBuilder &b, VectorType type) : b(b), type(type) {}

  Value expandPortable(Value x);
  Value expandAVX512(Value x, ArrayRef<double> coefficients);

private:
  Value splat(double value) {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, static_cast<float>(value)));
  }
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value result = splat(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      result = vector::FMAOp::create(b, result, x, splat(coefficient));
    return result;
  }

  ImplicitLocOpBuilder &b;
  VectorType type;
};

/// Rounds x to n by adding and subtracting 1.5 * 2^23, takes a polynomial of
/// x - n, and adds n to the exponent of the result.
Value Exp2Expander::expandPortable(Value x) {
  VectorType intType = type.clone(b.getI32Type());
  Value magic = splat(12582912.0);
  Value shifted = arith::AddFOp::create(b, x, magic);
  Value rounded = arith::SubFOp::create(b, shifted, magic);
  Value fraction = arith::SubFOp::create(b, x, rounded);
  Value power = polynomial(fraction, kSymmetric);
  Value shift =
      arith::ConstantOp::create(b, DenseElementsAttr::get(intType, 23));
  Value exponent = arith::ShLIOp::create(
      b, arith::BitcastOp::create(b, intType, shifted), shift);
  Value bits = arith::AddIOp::create(
      b, arith::BitcastOp::create(b, intType, power), exponent);
  Value result = arith::BitcastOp::create(b, type, bits);
  // Results below the normal range are flushed: denormals are slow. A NaN is
  // passed on by hand, because its payload would spill into the exponent;
  // `0 > x ? 0 : x` is one instruction that does it.
  Value zero = splat(0.0);
  Value inRange =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, splat(-126.0));
  Value isNegative =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, zero, x);
  Value zeroOrNaN = arith::SelectOp::create(b, isNegative, zero, x);
  return arith::SelectOp::create(b, inRange, result, zeroOrNaN);
}

/// vreduceps gives x - floor(x) (0 for -inf), vscalefps multiplies by
/// 2^floor(x): no clamp, NaN and -inf need no care.
Value Exp2Expander::expandAVX512(Value x, ArrayRef<double> coefficients) {
  Value zero = splat(0.0);
  Value allLanes =
      arith::ConstantOp::create(b, b.getIntegerAttr(b.getI16Type(), -1));
  auto constantI32 = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  Value currentRounding = constantI32(4);
  auto callIntrinsic = [&](StringRef name, ValueRange operands) -> Value {
    return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name),
                                         operands)
        .getResult(0);
  };
  // Immediate 9: floor, no fraction bits, inexact exceptions suppressed.
  Value fraction =
      callIntrinsic("llvm.x86.avx512.mask.reduce.ps.512",
                    {x, constantI32(9), zero, allLanes, currentRounding});
  Value power = polynomial(fraction, coefficients);
  return callIntrinsic("llvm.x86.avx512.mask.scalef.ps.512",
                       {power, x, zero, allLanes, currentRounding});
}

struct ExpandExp2 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    auto name = op->getAttrOfType<StringAttr>(kExp2FormAttrName);
    if (!name)
      return rewriter.notifyMatchFailure(op, "not the exp2 of a logit");
    std::optional<Exp2Form> form = symbolizeExp2Form(name.getValue());
    auto type = dyn_cast<VectorType>(op.getType());
    if (!form || !type || !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "unknown form or no f32 vector");
    if (*form != Exp2Form::Portable &&
        (type.getRank() != 1 || type.isScalable() ||
         type.getNumElements() != 16))
      return rewriter.notifyMatchFailure(op, "not the size of a register");
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Exp2Expander expander(builder, type);
    Value x = op.getOperand();
    switch (*form) {
    case Exp2Form::Portable:
      rewriter.replaceOp(op, expander.expandPortable(x));
      break;
    case Exp2Form::AVX512:
      rewriter.replaceOp(op, expander.expandAVX512(x, kUnitInterval));
      break;
    case Exp2Form::AVX512Short:
      rewriter.replaceOp(op, expander.expandAVX512(x, kShortUnitInterval));
      break;
    }
    return success();
  }
};

/// The high 7 bits of a word are an exponent as they are, and the fraction f
/// below them is a mantissa but for f + 1 - 2^f (Mitchell's logarithm, 1962),
/// which a table of 64 bytes has.
struct ExpandExp2Words : OpRewritePattern<Exp2WordsOp> {
  using OpRewritePattern::OpRewritePattern;

  /// Bits of a fraction, how many of them bf16 keeps, and how many say which
  /// byte of the table to take.
  static constexpr int kFractionBits = 9, kKeptBits = 7, kTableBits = 6;
  static constexpr int kDroppedBits = kFractionBits - kKeptBits;

  /// For the middle of every step of f, in units of words. Words have half of
  /// what is dropped added.
  static SmallVector<int8_t> getTable() {
    SmallVector<int8_t> table;
    constexpr int kStep = 1 << (kFractionBits - kTableBits);
    constexpr double kRounding = 1 << (kDroppedBits - 1);
    for (int entry = 0; entry < 1 << kTableBits; ++entry) {
      double middle = entry * kStep + (kStep - 1) / 2.0 - kRounding;
      double f = std::ldexp(middle, -kFractionBits);
      double correction = std::ldexp(f + 1 - std::exp2(f), kFractionBits);
      table.push_back(std::max(0L, std::lround(correction)));
    }
    return table;
  }

  LogicalResult matchAndRewrite(Exp2WordsOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value words = op.getWords();
    auto wordType = cast<VectorType>(words.getType());
    auto byteType =
        VectorType::get({2 * wordType.getNumElements()}, b.getI8Type());
    auto splat = [&](int value) -> Value {
      return arith::ConstantOp::create(
          b, DenseElementsAttr::get(
                 wordType, b.getI16IntegerAttr(static_cast<int16_t>(value))));
    };
    Value table = arith::ConstantOp::create(
        b, DenseElementsAttr::get(byteType, ArrayRef(getTable())));
    Value steps =
        arith::ShRUIOp::create(b, words, splat(kFractionBits - kTableBits));
    // An index is the low bits of a byte. Those of high bytes are none.
    Value bytes =
        LLVM::CallIntrinsicOp::create(
            b, byteType, b.getStringAttr("llvm.x86.avx512.permvar.qi.512"),
            ValueRange{table, vector::BitCastOp::create(b, byteType, steps)})
            .getResult(0);
    Value corrections = arith::AndIOp::create(
        b, vector::BitCastOp::create(b, wordType, bytes), splat(0xff));
    Value result = arith::ShRUIOp::create(
        b, arith::SubIOp::create(b, words, corrections), splat(kDroppedBits));
    rewriter.replaceOpWithNewOp<vector::BitCastOp>(op, op.getType(), result);
    return success();
  }
};

struct AttnExpandExp2Pass
    : attn::impl::AttnExpandExp2PassBase<AttnExpandExp2Pass> {
  using AttnExpandExp2PassBase::AttnExpandExp2PassBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateExpandExp2Patterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace

void attn::populateExpandExp2Patterns(RewritePatternSet &patterns) {
  patterns.add<ExpandExp2, ExpandExp2Words>(patterns.getContext());
}
