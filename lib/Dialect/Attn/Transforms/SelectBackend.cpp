//===- SelectBackend.cpp - Backend of every attention -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSELECTBACKENDPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Why the CPU's flash kernel cannot take the op, or nothing if it can.
std::optional<std::string> getFlashObstacle(SdpaOp op) {
  if (op.getQueryType().getElementType().isF64())
    return "it computes in f32, the operands are f64";
  constexpr int64_t kMaxHeadDim = 512;
  if (op.getHeadDim() > kMaxHeadDim || op.getValueDim() > kMaxHeadDim)
    return llvm::formatv("its head dimensions end at {0}, these are {1} and "
                         "{2}",
                         kMaxHeadDim, op.getHeadDim(), op.getValueDim())
        .str();
  return std::nullopt;
}

struct AttnSelectBackendPass
    : attn::impl::AttnSelectBackendPassBase<AttnSelectBackendPass> {
  using AttnSelectBackendPassBase::AttnSelectBackendPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    std::optional<Backend> parsed = symbolizeBackend(backend);
    if (!parsed)
      return emitError(UnknownLoc::get(context))
             << "attn-select-backend: unknown backend '" << backend
             << "', expected auto, flash or math";
    defaultBackend = *parsed;
    return success();
  }

  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](SdpaOp op) {
      return succeeded(select(op)) ? WalkResult::advance()
                                   : WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  LogicalResult select(SdpaOp op) {
    Backend wanted =
        op.getBackend() == Backend::Auto ? defaultBackend : op.getBackend();
    if (wanted == Backend::Efficient)
      return op.emitError("backend = efficient is not available on the CPU; "
                          "use flash or math");
    std::optional<std::string> obstacle = getFlashObstacle(op);
    if (wanted == Backend::Flash && obstacle)
      return op.emitError("the flash backend of the CPU cannot take this op: ")
             << *obstacle;
    if (wanted == Backend::Auto) {
      wanted = obstacle ? Backend::Math : Backend::Flash;
      if (obstacle)
        remark::missed(
            op.getLoc(),
            remark::RemarkOpts::name("Backend").category("attn-backend"))
            << remark::reason("no flash kernel: {0}", *obstacle);
    }
    op.setBackend(wanted);
    wanted == Backend::Flash ? ++numFlash : ++numMath;
    return success();
  }

  Backend defaultBackend = Backend::Auto;
};

} // namespace
