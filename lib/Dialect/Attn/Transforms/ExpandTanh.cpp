//===- ExpandTanh.cpp - tanh on vectors -------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpandOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNEXPANDTANHPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

struct AttnExpandTanhPass
    : attn::impl::AttnExpandTanhPassBase<AttnExpandTanhPass> {
  using AttnExpandTanhPassBase::AttnExpandTanhPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](math::TanhOp op) {
      // A loop over scalars becomes vectors.
      bool isMany = isa<VectorType>(op.getType()) ||
                    op->getParentOfType<linalg::LinalgOp>();
      if (isMany && getElementTypeOrSelf(op.getType()).isF32())
        ops.push_back(op);
    });
    RewritePatternSet patterns(&getContext());
    populatePolynomialApproximateTanhPattern(patterns);
    expandOps(ops, std::move(patterns));
  }
};

} // namespace
