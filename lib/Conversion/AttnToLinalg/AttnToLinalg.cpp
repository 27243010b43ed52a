//===- AttnToLinalg.cpp - attn to linalg ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The inverse of fusion, step by step as docs/Spec.md defines the op. All
// kernels are compared with it, so it is plain before it is fast.
//
//===----------------------------------------------------------------------===//

#include "SdpaExpander.h"
#include "SplitSequences.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTATTNTOLINALGPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

struct ConvertAttnToLinalgPass
    : attn::impl::ConvertAttnToLinalgPassBase<ConvertAttnToLinalgPass> {
  using ConvertAttnToLinalgPassBase::ConvertAttnToLinalgPassBase;

  void runOnOperation() override {
    SmallVector<SdpaOp> ops;
    getOperation()->walk([&](SdpaOp op) {
      if (all || op.getBackend() == Backend::Math)
        ops.push_back(op);
    });
    for (SdpaOp op : ops) {
      if (!op.hasTensorSemantics()) {
        op.emitError("the math backend takes tensors: run it before "
                     "bufferization");
        return signalPassFailure();
      }
      OpBuilder builder(op);
      buildShapeChecks(builder, op);
      if (op.isRagged()) {
        op = splitSequences(op);
        builder.setInsertionPoint(op);
      }
      SdpaExpander(op, builder).expand();
      ++numExpanded;
    }
  }
};

} // namespace
