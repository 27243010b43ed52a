//===- FailPass.h - Errors in the options of pipelines ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_PIPELINES_FAILPASS_H
#define ATTN_LIB_PIPELINES_FAILPASS_H

#include "mlir/Pass/Pass.h"

namespace mlir::attn {

/// Reports what is wrong with the options of a pipeline when it runs: its
/// builder has no other way.
struct FailPass : PassWrapper<FailPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FailPass)

  explicit FailPass(std::string message) : message(std::move(message)) {}
  void runOnOperation() override {
    getOperation()->emitError(message);
    signalPassFailure();
  }

  std::string message;
};

} // namespace mlir::attn

#endif // ATTN_LIB_PIPELINES_FAILPASS_H
