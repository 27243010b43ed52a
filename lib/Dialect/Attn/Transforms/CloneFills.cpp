//===- CloneFills.cpp - A fill for each tensor that is written --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNCLONEFILLSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Whether the user writes to what it is given, or to a view of it.
bool isWritten(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(user))
    return destination.isDpsInit(&use);
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user) &&
         llvm::any_of(user->getResult(0).getUses(), isWritten);
}

struct AttnCloneFillsPass
    : attn::impl::AttnCloneFillsPassBase<AttnCloneFillsPass> {
  void runOnOperation() override {
    SmallVector<linalg::FillOp> fills;
    getOperation()->walk([&](linalg::FillOp fill) {
      if (fill.hasPureTensorSemantics() &&
          fill.output().getDefiningOp<tensor::EmptyOp>())
        fills.push_back(fill);
    });
    for (linalg::FillOp fill : fills) {
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : fill.result().getUses())
        if (isWritten(use))
          uses.push_back(&use);
      // One of them keeps it, if nothing else reads it.
      if (!uses.empty() &&
          llvm::hasNItems(fill.result().getUses(), uses.size()))
        uses.pop_back();
      for (OpOperand *use : uses) {
        OpBuilder b(use->getOwner());
        Operation *empty = b.clone(*fill.output().getDefiningOp());
        IRMapping mapping;
        mapping.map(fill.output(), empty->getResult(0));
        use->set(b.clone(*fill, mapping)->getResult(0));
        ++numCloned;
      }
    }
  }
};

} // namespace
