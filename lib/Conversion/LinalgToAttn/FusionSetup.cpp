//===- FusionSetup.cpp - What passes do before they fuse --------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseAttention.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr StringLiteral kNumericsAttr = "attn.numerics";

static std::optional<Numerics> parseNumerics(StringRef text) {
  return llvm::StringSwitch<std::optional<Numerics>>(text)
      .Case("strict", Numerics::Strict)
      .Case("default", Numerics::Default)
      .Case("fast", Numerics::Fast)
      .Default(std::nullopt);
}

std::optional<FusionOptions>
attn::getFusionOptions(FunctionOpInterface function, StringRef numerics,
                       bool allowRecompute) {
  FusionOptions result;
  result.allowRecompute = allowRecompute;
  std::optional<Numerics> level = parseNumerics(numerics);
  if (!level) {
    emitError(function.getLoc()) << "unknown numerics '" << numerics
                                 << "', expected strict, default or fast";
    return std::nullopt;
  }
  if (Attribute attr = function->getAttr(kNumericsAttr)) {
    auto text = dyn_cast<StringAttr>(attr);
    level = text ? parseNumerics(text.getValue()) : std::nullopt;
    if (!level) {
      function.emitError() << "expected '" << kNumericsAttr
                           << "' to be \"strict\", \"default\" or \"fast\", "
                              "got "
                           << attr;
      return std::nullopt;
    }
  }
  result.numerics = *level;
  return result;
}

DenseMap<Value, Value> attn::decomposeSoftmaxes(FunctionOpInterface function) {
  DenseMap<Value, Value> decompositions;
  SmallVector<linalg::SoftmaxOp> softmaxes;
  function->walk([&](linalg::SoftmaxOp op) { softmaxes.push_back(op); });
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

SmallVector<linalg::LinalgOp> attn::getRoots(FunctionOpInterface function) {
  SmallVector<linalg::LinalgOp> roots;
  function->walk([&](linalg::LinalgOp op) {
    if (getContraction(op))
      roots.push_back(op);
  });
  std::reverse(roots.begin(), roots.end());
  return roots;
}
