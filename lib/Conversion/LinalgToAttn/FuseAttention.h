//===- FuseAttention.h - One attention --------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_FUSEATTENTION_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_FUSEATTENTION_H

#include "AttentionMatcher.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include <functional>

namespace mlir::attn {

struct FusionOptions {
  Numerics numerics = Numerics::Default;
  /// Whether logits and probabilities that are used elsewhere may be computed
  /// beside the fused attention.
  bool allowRecompute = false;
  /// Called with every new op, the tensor that it replaces and its replacement,
  /// before uses are replaced.
  std::function<void(SdpaOp, Value before, Value after)> onFused;
};

struct FusionResult {
  /// The new op, or null.
  SdpaOp op;
  /// What was read off.
  std::string text;
  /// Bytes of logits and probabilities that are not written any more, if known.
  std::optional<int64_t> bytesSaved;
  /// The same for each logit, where their number is not known.
  std::optional<int64_t> bytesSavedPerLogit;
  /// Operations of both products that the structure of the mask saves.
  std::optional<int64_t> flopsSaved;
  /// Why there is none, if there was a softmax between two contractions.
  std::optional<MatchFailure> miss;
};

/// On functions that are what was there before fusion.
constexpr StringLiteral kNotFusedAttr = "attn.not_fused";

/// The options of a function: its attribute `attn.numerics` goes before that of
/// the pass. Nothing after an error.
std::optional<FusionOptions> getFusionOptions(FunctionOpInterface function,
                                              StringRef numerics,
                                              bool allowRecompute);

/// Computes every linalg.softmax by simpler operations, beside it. Those that
/// are not fused are dead afterwards.
DenseMap<Value, Value> decomposeSoftmaxes(FunctionOpInterface function);

/// All contractions. Later ones first: what they fuse is gone before it is
/// looked at.
SmallVector<linalg::LinalgOp> getRoots(FunctionOpInterface function);

/// Replaces the contraction of probabilities and values by an attn.sdpa if it
/// is one. What it makes superfluous is left dead.
FusionResult fuseAttention(linalg::LinalgOp root, FunctionFacts &facts,
                           const FusionOptions &options);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_FUSEATTENTION_H
