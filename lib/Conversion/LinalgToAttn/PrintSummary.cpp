//===- PrintSummary.cpp - What was fused, and why not -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseAttention.h"
#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNPRINTSUMMARYPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

void printShape(raw_ostream &os, ShapedType type) {
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size))
      os << "?x";
    else
      os << size << "x";
  }
  os << type.getElementType();
}

void printLocation(raw_ostream &os, Location loc) {
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    os << file.getFilename().getValue() << ":" << file.getLine() << ":"
       << file.getColumn();
  else
    os << "an unknown place";
}

/// How the op computes what it computes, in a line.
void printOp(raw_ostream &os, SdpaOp op) {
  os << "query ";
  printShape(os, op.getQueryType());
  os << ", key ";
  printShape(os, op.getKeyType());
  os << ", value ";
  printShape(os, op.getValueType());
  if (std::optional<double> scale = op.getConstantScale())
    os << ", scale " << llvm::format("%g", *scale);
  else
    os << ", scale from a value";
  if (std::optional<APFloat> softcap = op.getSoftcap())
    os << ", softcap " << llvm::format("%g", softcap->convertToDouble());
  if (Attribute structure = op.getStructureAttr())
    os << ", structure " << structure;
  for (auto [operand, name] :
       {std::pair{op.getBias(), "bias"}, std::pair{op.getMask(), "mask"},
        std::pair{op.getSinks(), "sinks"},
        std::pair{op.getKeyLengths(), "key lengths"}})
    if (operand) {
      os << ", " << name << " ";
      printShape(os, cast<ShapedType>(operand.getType()));
    }
  if (op.hasScoreRegion())
    os << ", a score region";
  if (op.hasKeepRegion())
    os << ", a keep region";
  if (op.getLse())
    os << (op.getMaxScores() ? ", log-sum-exp and row maxima"
                             : ", log-sum-exp");
  os << ", rows without keys: " << stringifyMaskedRow(op.getMaskedRow());
}

struct AttnPrintSummaryPass
    : attn::impl::AttnPrintSummaryPassBase<AttnPrintSummaryPass> {
  using AttnPrintSummaryPassBase::AttnPrintSummaryPassBase;

  void runOnOperation() override {
    numFunctions = numOps = 0;
    misses.clear();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && !function->hasAttr(kNotFusedAttr) &&
          failed(print(function)))
        return signalPassFailure();
    if (numFunctions > 1) {
      llvm::errs() << "in all: " << numOps << " attn.sdpa\n";
      printCounts(misses);
    }
    markAllAnalysesPreserved();
  }

private:
  /// Misses by step.
  using Counts = llvm::MapVector<StringRef, unsigned>;
  unsigned numFunctions = 0, numOps = 0;
  Counts misses;

  // Libraries without statistics print none of the pass.
  static void printCounts(const Counts &counts) {
    if (counts.empty())
      return;
    raw_ostream &os = llvm::errs();
    os << "  missed by step: ";
    llvm::interleaveComma(counts, os, [&](const auto &entry) {
      os << entry.first << " " << entry.second;
    });
    os << "\n";
  }

  LogicalResult print(func::FuncOp function) {
    auto interface = cast<FunctionOpInterface>(function.getOperation());
    std::optional<FusionOptions> options =
        getFusionOptions(interface, numerics, /*allowRecompute=*/false);
    if (!options)
      return failure();
    SmallVector<SdpaOp> ops;
    function.walk([&](SdpaOp op) { ops.push_back(op); });
    // Looking changes the function where it finds something: look at a copy.
    OwningOpRef<func::FuncOp> copy = function.clone();
    auto copied = cast<FunctionOpInterface>(copy->getOperation());
    FunctionFacts facts;
    facts.decompositions = decomposeSoftmaxes(copied);
    SmallVector<std::pair<Location, std::optional<MatchFailure>>> others;
    for (linalg::LinalgOp root : getRoots(copied)) {
      Location loc = root.getLoc();
      FusionResult result = fuseAttention(root, facts, *options);
      if (result.op || result.miss)
        others.push_back({loc, result.miss});
    }
    std::reverse(others.begin(), others.end());
    raw_ostream &os = llvm::errs();
    os << "@" << function.getName() << ": " << ops.size() << " attn.sdpa, "
       << others.size() << " other softmaxes between matmuls\n";
    for (SdpaOp op : ops) {
      os << "  fused   ";
      printLocation(os, op.getLoc());
      os << ": ";
      printOp(os, op);
      os << "\n";
    }
    for (auto &[loc, miss] : others) {
      os << (miss ? "  missed  " : "  fusible ");
      printLocation(os, loc);
      if (miss) {
        os << ": " << miss->step << ": " << miss->reason;
        if (!miss->change.empty())
          os << "; it would be fused with this change: " << miss->change;
      }
      os << "\n";
    }
    Counts counts;
    for (auto &[loc, miss] : others)
      if (miss) {
        ++counts[miss->step];
        ++misses[miss->step];
      }
    printCounts(counts);
    ++numFunctions;
    numOps += ops.size();
    return success();
  }
};

} // namespace
