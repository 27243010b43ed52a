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
#include "llvm/ADT/StringSwitch.h"

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
  using ConvertLinalgToAttnPassBase::ConvertLinalgToAttnPassBase;

  void runOnOperation() override {
    FunctionOpInterface function = getOperation();
    if (function.isExternal())
      return;
    if (function->hasAttr(kNotFusedAttr))
      return;
    std::optional<FusionOptions> fusionOptions =
        getFusionOptions(function, numerics, recompute);
    if (!fusionOptions)
      return signalPassFailure();
    FunctionFacts facts;
    facts.decompositions = decomposeSoftmaxes(function);
    bool failed = false;
    for (linalg::LinalgOp root : getRoots(function))
      failed |= !process(root, facts, *fusionOptions);
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
    if (failed)
      signalPassFailure();
  }

private:
  void countMiss(StringRef step) {
    ++numMissed;
    if (step == "softmax")
      ++numMissedSoftmax;
    else if (step == "logits")
      ++numMissedLogits;
    else if (step == "mask")
      ++numMissedMask;
    else if (step == "uses")
      ++numMissedUses;
    else if (step == "operands")
      ++numMissedOperands;
    else if (step == "numerics")
      ++numMissedNumerics;
    else
      ++numMissedOutput;
  }

  /// Fuses one attention or says why not; false if that is an error.
  bool process(linalg::LinalgOp root, FunctionFacts &facts,
               const FusionOptions &fusionOptions) {
    FusionResult result = fuseAttention(root, facts, fusionOptions);
    if (result.op) {
      ++numFused;
      auto passed = remark::passed(result.op.getLoc(),
                                   remark::RemarkOpts::name("Fused")
                                       .category("attn-fusion")
                                       .function(getOperation().getName()));
      passed << result.text;
      if (result.bytesSaved)
        passed << remark::metric("BytesSaved", *result.bytesSaved);
      if (result.bytesSavedPerLogit)
        passed << remark::metric("BytesSavedPerLogit",
                                 *result.bytesSavedPerLogit);
      if (result.flopsSaved)
        passed << remark::metric("FlopsSaved", *result.flopsSaved);
      return true;
    }
    if (!result.miss)
      return true;
    const MatchFailure &miss = *result.miss;
    countMiss(miss.step);
    Operation *where = miss.where ? miss.where : root.getOperation();
    Location loc = where->getLoc();
    auto missed = remark::missed(loc, remark::RemarkOpts::name("NotFused")
                                          .category("attn-fusion")
                                          .function(getOperation().getName()));
    missed << remark::reason("{0}", miss.reason)
           << remark::metric("Step", miss.step)
           << remark::metric("Op", where->getName().getStringRef());
    if (!miss.change.empty())
      missed << remark::suggest("{0}", miss.change);
    if (!getOperation()->hasAttr(kRequireFusedAttr))
      return true;
    InFlightDiagnostic diagnostic = emitError(root.getLoc())
                                    << "attention is not fused, which '"
                                    << kRequireFusedAttr
                                    << "' requires: " << miss.reason;
    if (where != root)
      diagnostic.attachNote(loc) << "this is in the way";
    if (!miss.change.empty())
      diagnostic.attachNote()
          << "it would be fused with this change: " << miss.change;
    return false;
  }
};

} // namespace
