//===- OutlineFusions.cpp - Each fusion, before and after -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseAttention.h"
#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNOUTLINEFUSIONSPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Everything that operations of a function, and their bodies, read.
SetVector<Value> getReadValues(Operation *op) {
  SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

/// The operations that a value is computed by, but for what `stops` holds, and
/// the values that they read from elsewhere.
struct Slice {
  SetVector<Operation *> ops;
  SetVector<Value> inputs;
};

Slice getSlice(Value value, llvm::function_ref<bool(Value)> stops) {
  Slice slice;
  SmallVector<Value> worklist{value};
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    bool isConstant = op && op->hasTrait<OpTrait::ConstantLike>();
    if (!op || (stops(next) && !isConstant)) {
      slice.inputs.insert(next);
      continue;
    }
    slice.ops.insert(op);
    for (Value read : getReadValues(op))
      worklist.push_back(read);
  }
  return slice;
}

struct AttnOutlineFusionsPass
    : attn::impl::AttnOutlineFusionsPassBase<AttnOutlineFusionsPass> {
  using AttnOutlineFusionsPassBase::AttnOutlineFusionsPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (!function.isExternal() && !function->hasAttr(kNotFusedAttr) &&
          failed(outline(function, symbols)))
        return signalPassFailure();
  }

private:
  /// Fuses in a copy of the function, which is thrown away, and keeps both
  /// sides of every fusion.
  LogicalResult outline(func::FuncOp function, SymbolTable &symbols) {
    std::optional<FusionOptions> options =
        getFusionOptions(cast<FunctionOpInterface>(function.getOperation()),
                         numerics, recompute);
    if (!options)
      return failure();
    OwningOpRef<func::FuncOp> copy = function.clone();
    auto interface = cast<FunctionOpInterface>(copy->getOperation());
    FunctionFacts facts;
    facts.decompositions = decomposeSoftmaxes(interface);
    llvm::DenseSet<Operation *> old;
    options->onFused = [&](SdpaOp op, Value before, Value after) {
      // What was there before is where the new side starts.
      auto isOld = [&](Value value) {
        return old.contains(value.getDefiningOp());
      };
      Slice newSide = getSlice(after, isOld);
      Slice oldSide = getSlice(
          before, [&](Value value) { return newSide.inputs.contains(value); });
      SmallVector<Value> inputs(newSide.inputs.begin(), newSide.inputs.end());
      for (Value value : oldSide.inputs)
        if (!newSide.inputs.contains(value))
          inputs.push_back(value);
      std::string name =
          (function.getName() + "_fusion" + Twine(numOutlined)).str();
      func::FuncOp unfused =
          build(op.getLoc(), name + "_before", inputs, before, oldSide);
      func::FuncOp fused =
          build(op.getLoc(), name + "_after", inputs, after, newSide);
      unfused->setAttr(kNotFusedAttr, UnitAttr::get(&getContext()));
      symbols.insert(unfused);
      symbols.insert(fused);
      unfused->setAttr("attn.fused_as",
                       FlatSymbolRefAttr::get(fused.getSymNameAttr()));
      ++numOutlined;
    };
    for (linalg::LinalgOp root : getRoots(interface)) {
      old.clear();
      copy->walk([&](Operation *op) { old.insert(op); });
      (void)fuseAttention(root, facts, *options);
    }
    return success();
  }

  func::FuncOp build(Location loc, StringRef name, ArrayRef<Value> inputs,
                     Value result, const Slice &slice) {
    OpBuilder builder(&getContext());
    auto function = func::FuncOp::create(
        loc, name,
        builder.getFunctionType(TypeRange(ValueRange(inputs)),
                                result.getType()));
    function.setPrivate();
    Block *block = function.addEntryBlock();
    builder.setInsertionPointToStart(block);
    IRMapping mapping;
    mapping.map(inputs, block->getArguments());
    // In the order of the function.
    SmallVector<Operation *> ops(slice.ops.begin(), slice.ops.end());
    llvm::sort(ops, [](Operation *a, Operation *b) {
      return a->getBlock() == b->getBlock() ? a->isBeforeInBlock(b)
                                            : a->getBlock() < b->getBlock();
    });
    for (Operation *op : ops)
      builder.clone(*op, mapping);
    func::ReturnOp::create(builder, loc, mapping.lookup(result));
    return function;
  }
};

} // namespace
