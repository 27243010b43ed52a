//===- LinalgToAttn.cpp - linalg to attn ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMatcher.h"
#include "FuseAttention.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTLINALGTOATTNPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

constexpr StringLiteral kRequireFusedAttr = "attn.require_fused";

struct ConvertLinalgToAttnPass
    : attn::impl::ConvertLinalgToAttnPassBase<ConvertLinalgToAttnPass> {
  void runOnOperation() override {
    FunctionOpInterface function = getOperation();
    if (function.isExternal())
      return;
    DenseMap<Value, Value> decompositions = decomposeSoftmaxes();
    // Later matmuls first: what they fuse is gone before it is looked at.
    SmallVector<linalg::LinalgOp> roots;
    function.walk([&](linalg::LinalgOp op) {
      if (getContraction(op))
        roots.push_back(op);
    });
    bool failed = false;
    for (linalg::LinalgOp root : llvm::reverse(roots))
      failed |= !process(root, decompositions);
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
    if (failed)
      signalPassFailure();
  }

private:
  /// Computes every linalg.softmax by simpler operations, beside it. Those that
  /// are not fused are dead afterwards.
  DenseMap<Value, Value> decomposeSoftmaxes() {
    DenseMap<Value, Value> decompositions;
    SmallVector<linalg::SoftmaxOp> softmaxes;
    getOperation()->walk(
        [&](linalg::SoftmaxOp op) { softmaxes.push_back(op); });
    for (linalg::SoftmaxOp op : softmaxes) {
      if (!op.hasPureTensorSemantics())
        continue;
      OpBuilder builder(op);
      auto copy = cast<linalg::SoftmaxOp>(builder.clone(*op));
      builder.setInsertionPoint(copy);
      FailureOr<SmallVector<Value>> results = copy.decomposeOperation(builder);
      if (succeeded(results))
        decompositions[op.getResult()[0]] = results->front();
      copy.erase();
    }
    return decompositions;
  }

  /// Fuses one attention or says why not; false if that is an error.
  bool process(linalg::LinalgOp root,
               const DenseMap<Value, Value> &decompositions) {
    Location loc = root.getLoc();
    FusionResult result = fuseAttention(root, decompositions);
    if (result.op) {
      ++numFused;
      remark::passed(loc, remark::RemarkOpts::name("Fused")
                              .category("attn-fusion")
                              .function(getOperation().getName()))
          << result.text;
      return true;
    }
    if (!result.isNearMiss)
      return true;
    ++numMissed;
    remark::missed(loc, remark::RemarkOpts::name("NotFused")
                            .category("attn-fusion")
                            .function(getOperation().getName()))
        << remark::reason("{0}", result.text);
    if (!getOperation()->hasAttr(kRequireFusedAttr))
      return true;
    emitError(loc) << "attention is not fused, which '" << kRequireFusedAttr
                   << "' requires: " << result.text;
    return false;
  }
};

} // namespace
