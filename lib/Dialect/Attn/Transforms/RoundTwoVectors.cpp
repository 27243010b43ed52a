//===- RoundTwoVectors.cpp - f32 to bf16 by AVX512-BF16 ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNROUNDTWOVECTORSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

struct RoundTwoVectors : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    auto type = VectorType::get({32}, rewriter.getBF16Type());
    auto half = VectorType::get({16}, rewriter.getF32Type());
    auto both = op.getIn().getDefiningOp<vector::ShuffleOp>();
    if (op.getType() != type || !both || both.getV1VectorType() != half ||
        both.getV2VectorType() != half ||
        !llvm::equal(both.getMask(), llvm::seq<int64_t>(0, 32)))
      return rewriter.notifyMatchFailure(
          op, "not two vectors of 16 f32, one behind the other");
    constexpr auto kNearest = arith::RoundingMode::to_nearest_even;
    if (op.getRoundingmode().value_or(kNearest) != kNearest)
      return rewriter.notifyMatchFailure(op, "another rounding mode");
    // The first operand is the high half.
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, type,
        rewriter.getStringAttr("llvm.x86.avx512bf16.cvtne2ps2bf16.512"),
        ValueRange{both.getV2(), both.getV1()});
    return success();
  }
};

struct AttnRoundTwoVectorsPass
    : attn::impl::AttnRoundTwoVectorsPassBase<AttnRoundTwoVectorsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RoundTwoVectors>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
