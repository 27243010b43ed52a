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
constexpr StringLiteral kNumericsAttr = "attn.numerics";

std::optional<Numerics> parseNumerics(StringRef text) {
  return llvm::StringSwitch<std::optional<Numerics>>(text)
      .Case("strict", Numerics::Strict)
      .Case("default", Numerics::Default)
      .Case("fast", Numerics::Fast)
      .Default(std::nullopt);
}

struct ConvertLinalgToAttnPass
    : attn::impl::ConvertLinalgToAttnPassBase<ConvertLinalgToAttnPass> {
  using ConvertLinalgToAttnPassBase::ConvertLinalgToAttnPassBase;

  void runOnOperation() override {
    FunctionOpInterface function = getOperation();
    if (function.isExternal())
      return;
    std::optional<FusionOptions> fusionOptions = getOptions();
    if (!fusionOptions)
      return signalPassFailure();
    FunctionFacts facts;
    facts.decompositions = decomposeSoftmaxes();
    // Later matmuls first: what they fuse is gone before it is looked at.
    SmallVector<linalg::LinalgOp> roots;
    function.walk([&](linalg::LinalgOp op) {
      if (getContraction(op))
        roots.push_back(op);
    });
    bool failed = false;
    for (linalg::LinalgOp root : llvm::reverse(roots))
      failed |= !process(root, facts, *fusionOptions);
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

  /// The function's contract goes before the pass's; null after an error.
  std::optional<FusionOptions> getOptions() {
    FusionOptions result;
    result.allowRecompute = recompute;
    std::optional<Numerics> level = parseNumerics(numerics);
    if (!level) {
      emitError(getOperation().getLoc())
          << "unknown numerics '" << numerics
          << "', expected strict, default or fast";
      return std::nullopt;
    }
    if (Attribute attr = getOperation()->getAttr(kNumericsAttr)) {
      auto text = dyn_cast<StringAttr>(attr);
      level = text ? parseNumerics(text.getValue()) : std::nullopt;
      if (!level) {
        getOperation().emitError()
            << "expected '" << kNumericsAttr
            << "' to be \"strict\", \"default\" or \"fast\", got " << attr;
        return std::nullopt;
      }
    }
    result.numerics = *level;
    return result;
  }

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
      return true;
    }
    if (!result.miss)
      return true;
    const MatchFailure &miss = *result.miss;
    countMiss(miss.step);
    Location loc = miss.where ? miss.where->getLoc() : root.getLoc();
    auto missed = remark::missed(loc, remark::RemarkOpts::name("NotFused")
                                          .category("attn-fusion")
                                          .function(getOperation().getName()));
    missed << remark::reason("{0}", miss.reason)
           << remark::metric("Step", miss.step);
    if (miss.where)
      missed << remark::metric("Op", miss.where->getName().getStringRef());
    if (!miss.change.empty())
      missed << remark::suggest("{0}", miss.change);
    if (!getOperation()->hasAttr(kRequireFusedAttr))
      return true;
    InFlightDiagnostic diagnostic = emitError(root.getLoc())
                                    << "attention is not fused, which '"
                                    << kRequireFusedAttr
                                    << "' requires: " << miss.reason;
    if (miss.where && miss.where != root)
      diagnostic.attachNote(loc) << "this is in the way";
    if (!miss.change.empty())
      diagnostic.attachNote()
          << "it would be fused with this change: " << miss.change;
    return false;
  }
};

} // namespace
