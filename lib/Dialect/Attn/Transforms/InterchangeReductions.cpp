//===- InterchangeReductions.cpp - Reductions of adjacent results -*- C++ -*-=//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNINTERCHANGEREDUCTIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// The loop along which all outputs are adjacent.
std::optional<unsigned> getLastLoop(linalg::LinalgOp op) {
  std::optional<unsigned> loop;
  for (OpOperand &out : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&out);
    if (!map.isProjectedPermutation() || map.getNumResults() == 0)
      return std::nullopt;
    unsigned last = map.getDimPosition(map.getNumResults() - 1);
    if (loop && *loop != last)
      return std::nullopt;
    loop = last;
  }
  return loop;
}

/// Whether an iteration's element of an input is beside that of the one before,
/// or the same.
bool isAdjacent(AffineMap map, unsigned loop) {
  return map.getNumResults() == 0 ||
         llvm::none_of(map.getResults().drop_back(), [&](AffineExpr expr) {
           return expr.isFunctionOfDim(loop);
         });
}

/// The order of loops by which the innermost one is along adjacent results;
/// none where it would not be along adjacent inputs, or is already.
SmallVector<unsigned> getOrder(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumReductionLoops() == 0)
    return {};
  std::optional<unsigned> innermost = getLastLoop(op);
  if (!innermost || *innermost == op.getNumLoops() - 1)
    return {};
  // No vector would be full.
  constexpr int64_t kMinSize = 8;
  int64_t size = op.getStaticLoopRanges()[*innermost];
  if (!ShapedType::isDynamic(size) && size < kMinSize)
    return {};
  bool isInInput = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!isAdjacent(map, *innermost))
      return {};
    isInInput |= map.isFunctionOfDim(*innermost);
  }
  if (!isInInput)
    return {};
  // Outer loops as the output has them, so that parts of it for threads are
  // adjacent, too.
  SmallVector<unsigned> order;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (unsigned i = 0; i + 1 < map.getNumResults(); ++i)
    order.push_back(map.getDimPosition(i));
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (loop != *innermost && !llvm::is_contained(order, loop))
      order.push_back(loop);
  order.push_back(*innermost);
  return order;
}

struct AttnInterchangeReductionsPass
    : attn::impl::AttnInterchangeReductionsPassBase<
          AttnInterchangeReductionsPass> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      SmallVector<unsigned> order = getOrder(op);
      if (order.empty())
        continue;
      IRRewriter rewriter(op);
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic) {
        FailureOr<linalg::GenericOp> named =
            linalg::generalizeNamedOp(rewriter, op);
        if (failed(named)) {
          op.emitError("attn-interchange-reductions: cannot be generalized");
          return signalPassFailure();
        }
        generic = *named;
      }
      if (failed(linalg::interchangeGenericOp(rewriter, generic, order))) {
        generic.emitError("attn-interchange-reductions: loops cannot be "
                          "interchanged");
        return signalPassFailure();
      }
      ++numInterchanged;
    }
  }
};

} // namespace
