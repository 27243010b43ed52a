//===- LowerReductions.cpp - Reductions in registers ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNLOWERREDUCTIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Whether only the innermost loop reduces, so that outputs can wait for its
/// end.
bool isInnermostReduction(linalg::LinalgOp op) {
  unsigned last = op.getNumLoops() - 1;
  if (!op.hasPureBufferSemantics() || op.getNumReductionLoops() != 1 ||
      op.getIteratorTypesArray().back() != utils::IteratorType::reduction)
    return false;
  for (OpOperand &out : op.getDpsInitsMutable())
    if (!isa<MemRefType>(out.get().getType()) ||
        op.getMatchingIndexingMap(&out).isFunctionOfDim(last))
      return false;
  return llvm::all_of(*op.getBlock(), [](Operation &body) {
    return body.getNumRegions() == 0;
  });
}

class ReductionLowering {
public:
  explicit ReductionLowering(linalg::LinalgOp op)
      : op(op), b(op.getLoc(), op), loops(op.getNumLoops()) {}

  void lower();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  SmallVector<Value> getIndices(OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    SmallVector<OpFoldResult> ivs(loops.begin(), loops.end());
    SmallVector<Value> indices;
    for (unsigned i = 0; i < map.getNumResults(); ++i)
      indices.push_back(getValueOrCreateConstantIndexOp(
          b, b.getLoc(),
          affine::makeComposedFoldedAffineApply(b, b.getLoc(),
                                                map.getSubMap({i}), ivs)));
    return indices;
  }
  Value load(OpOperand &operand) {
    if (!isa<MemRefType>(operand.get().getType()))
      return operand.get();
    return memref::LoadOp::create(b, operand.get(), getIndices(operand));
  }
  /// The body, at the loops' indices; returns what it yields.
  SmallVector<Value> emitBody(ValueRange results);

  linalg::LinalgOp op;
  ImplicitLocOpBuilder b;
  SmallVector<Value> loops;
};

} // namespace

SmallVector<Value> ReductionLowering::emitBody(ValueRange results) {
  Block *body = op.getBlock();
  IRMapping mapping;
  for (OpOperand *input : op.getDpsInputOperands())
    mapping.map(op.getMatchingBlockArgument(input), load(*input));
  for (auto [out, result] : llvm::zip(op.getRegionOutputArgs(), results))
    mapping.map(out, result);
  for (Operation &inner : body->without_terminator()) {
    if (auto position = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(position.getResult(), loops[position.getDim()]);
      continue;
    }
    Operation *clone = b.clone(inner, mapping);
    // The terms of a sum may be added in any order.
    auto add = dyn_cast<arith::AddFOp>(clone);
    if (add && llvm::any_of(results, [&](Value result) {
          return add.getLhs() == result || add.getRhs() == result;
        }))
      add.setFastmath(add.getFastmath() | arith::FastMathFlags::reassoc);
  }
  return llvm::map_to_vector(
      body->getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

void ReductionLowering::lower() {
  SmallVector<Range> ranges = op.createLoopRanges(b, b.getLoc());
  Value zero = index(0), one = index(1);
  unsigned last = op.getNumLoops() - 1;
  SmallVector<Value> sizes;
  for (const Range &range : ranges)
    sizes.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), range.size));
  for (unsigned loop = 0; loop < last; ++loop) {
    auto outer = scf::ForOp::create(b, zero, sizes[loop], one);
    loops[loop] = outer.getInductionVar();
    b.setInsertionPointToStart(outer.getBody());
  }
  SmallVector<Value> results;
  for (OpOperand &out : op.getDpsInitsMutable())
    results.push_back(load(out));
  auto inner = scf::ForOp::create(
      b, zero, sizes[last], one, results,
      [&](OpBuilder &builder, Location, Value iv, ValueRange carried) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(builder.getInsertionBlock());
        loops[last] = iv;
        scf::YieldOp::create(b, emitBody(carried));
      });
  loops[last] = zero;
  for (auto [out, result] :
       llvm::zip(op.getDpsInitsMutable(), inner.getResults()))
    memref::StoreOp::create(b, result, out.get(), getIndices(out));
  op->erase();
}

namespace {

struct AttnLowerReductionsPass
    : attn::impl::AttnLowerReductionsPassBase<AttnLowerReductionsPass> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (isInnermostReduction(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      ReductionLowering(op).lower();
      ++numLowered;
    }
  }
};

} // namespace
