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
    IRMapping toCopy;
    OwningOpRef<func::FuncOp> copy = function.clone(toCopy);
    llvm::DenseMap<Value, Value> toOriginal;
    for (auto [original, copied] : toCopy.getValueMap())
      toOriginal[copied] = original;
    SmallVector<Value> recorded;
    SmallVector<func::FuncOp> recordedFor;
    auto interface = cast<FunctionOpInterface>(copy->getOperation());
    FunctionFacts facts;
    facts.decompositions = decomposeSoftmaxes(interface);
    llvm::DenseSet<Operation *> old;
    // No statistic: those may be compiled out.
    unsigned number = 0;
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
          (function.getName() + "_fusion" + Twine(number++)).str();
      func::FuncOp unfused =
          build(op.getLoc(), name + "_before", inputs, before, oldSide);
      func::FuncOp fused =
          build(op.getLoc(), name + "_after", inputs, after, newSide);
      unfused->setAttr(kNotFusedAttr, UnitAttr::get(&getContext()));
      symbols.insert(unfused);
      symbols.insert(fused);
      unfused->setAttr("attn.fused_as",
                       FlatSymbolRefAttr::get(fused.getSymNameAttr()));
      record(function, unfused, inputs, toOriginal, recorded);
      if (unfused->hasAttr("attn.recorded_at"))
        recordedFor.push_back(unfused);
      ++numOutlined;
    };
    for (linalg::LinalgOp root : getRoots(interface)) {
      old.clear();
      copy->walk([&](Operation *op) { old.insert(op); });
      (void)fuseAttention(root, facts, *options);
    }
    if (recorded.empty())
      return success();
    func::FuncOp recorder = buildRecorder(function, recorded);
    symbols.insert(recorder);
    for (func::FuncOp unfused : recordedFor)
      unfused->setAttr("attn.recorded_by",
                       FlatSymbolRefAttr::get(recorder.getSymNameAttr()));
    return success();
  }

  /// Adds the inputs of a fusion to the values to record, if a function can
  /// return them all.
  void record(func::FuncOp function, func::FuncOp unfused,
              ArrayRef<Value> inputs,
              const llvm::DenseMap<Value, Value> &toOriginal,
              SmallVectorImpl<Value> &recorded) {
    SmallVector<Value> originals;
    for (Value input : inputs) {
      Value original = toOriginal.lookup(input);
      Type type = input.getType();
      if (!original || original.getParentBlock() != &function.front() ||
          !(isa<RankedTensorType>(type) || type.isIntOrIndexOrFloat()))
        return;
      originals.push_back(original);
    }
    unfused->setAttr("attn.recorded_at",
                     Builder(&getContext()).getI64IntegerAttr(recorded.size()));
    llvm::append_range(recorded, originals);
  }

  /// The function with other results: what its fusions read. Scalars become
  /// tensors.
  func::FuncOp buildRecorder(func::FuncOp function, ArrayRef<Value> recorded) {
    IRMapping mapping;
    func::FuncOp recorder = function.clone(mapping);
    recorder.setName((function.getName() + "_fusion_inputs").str());
    recorder.setPrivate();
    recorder->setAttr(kNotFusedAttr, UnitAttr::get(&getContext()));
    Operation *terminator = recorder.front().getTerminator();
    OpBuilder builder(terminator);
    SmallVector<Value> results;
    for (Value value : recorded) {
      Value result = mapping.lookup(value);
      if (!isa<TensorType>(result.getType()))
        result = tensor::FromElementsOp::create(
            builder, function.getLoc(),
            RankedTensorType::get({}, result.getType()), result);
      results.push_back(result);
    }
    terminator->setOperands(results);
    recorder.setFunctionType(builder.getFunctionType(
        function.getArgumentTypes(), TypeRange(ValueRange(results))));
    recorder.removeResAttrsAttr();
    return recorder;
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
