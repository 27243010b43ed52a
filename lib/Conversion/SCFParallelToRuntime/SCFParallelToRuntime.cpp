//===- SCFParallelToRuntime.cpp - Loops on the thread pool ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTSCFPARALLELTORUNTIMEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

constexpr StringLiteral kRuntimeFunction = "attn_rt_parallel_for";
constexpr StringLiteral kGrainAttr = "attn.grain";

/// Outlines one loop. The values that its body captures go through a struct on
/// the caller's stack; constants are cloned.
class ParallelLowering {
public:
  ParallelLowering(scf::ParallelOp loop, SymbolTable &symbols,
                   const LLVMTypeConverter &converter)
      : loop(loop), symbols(symbols), converter(converter),
        b(loop.getLoc(), loop) {}

  LogicalResult lower();

private:
  LogicalResult collectCaptures();
  func::FuncOp createBody();
  /// The struct with the captured values, in memory.
  Value createContext();
  /// Number of iterations along each dimension, and in all.
  SmallVector<Value> getExtents(Value &total);
  LLVM::LLVMFuncOp getRuntimeFunction();

  scf::ParallelOp loop;
  SymbolTable &symbols;
  const LLVMTypeConverter &converter;
  ImplicitLocOpBuilder b;
  SmallVector<Value> captured;
  SmallVector<Operation *> constants;
  LLVM::LLVMStructType contextType;
  SmallVector<Value> extents;
};

LogicalResult ParallelLowering::collectCaptures() {
  SetVector<Value> values;
  getUsedValuesDefinedAbove(loop.getRegion(), values);
  // The outlined body computes the induction variables from these.
  values.insert(extents.begin(), extents.end());
  values.insert(loop.getLowerBound().begin(), loop.getLowerBound().end());
  values.insert(loop.getStep().begin(), loop.getStep().end());
  SmallVector<Type> types;
  for (Value value : values) {
    Operation *definition = value.getDefiningOp();
    if (definition && definition->hasTrait<OpTrait::ConstantLike>()) {
      constants.push_back(definition);
      continue;
    }
    Type type = converter.convertType(value.getType());
    if (!type)
      return loop.emitError("a parallel loop captures a value of type ")
             << value.getType() << ", which has no LLVM type";
    captured.push_back(value);
    types.push_back(type);
  }
  contextType = LLVM::LLVMStructType::getLiteral(b.getContext(), types);
  return success();
}

SmallVector<Value> ParallelLowering::getExtents(Value &total) {
  SmallVector<Value> result;
  total = arith::ConstantIndexOp::create(b, 1);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  for (auto [lower, upper, step] :
       llvm::zip(loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    Value span = b.createOrFold<arith::SubIOp>(upper, lower);
    Value extent = b.createOrFold<arith::CeilDivSIOp>(span, step);
    extent = b.createOrFold<arith::MaxSIOp>(extent, zero);
    result.push_back(extent);
    total = b.createOrFold<arith::MulIOp>(total, extent);
  }
  return result;
}

Value ParallelLowering::createContext() {
  // In the entry block, so that a loop around does not grow the stack.
  auto function = loop->getParentOfType<FunctionOpInterface>();
  auto pointerType = LLVM::LLVMPointerType::get(b.getContext());
  Value context;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&function.getFunctionBody().front());
    Value one =
        LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(1));
    context = LLVM::AllocaOp::create(b, pointerType, contextType, one);
  }
  for (auto [i, value] : llvm::enumerate(captured)) {
    Value field = LLVM::GEPOp::create(b, pointerType, contextType, context,
                                      ArrayRef<LLVM::GEPArg>{0, (int32_t)i});
    Value converted =
        UnrealizedConversionCastOp::create(b, contextType.getBody()[i], value)
            .getResult(0);
    LLVM::StoreOp::create(b, converted, field);
  }
  return context;
}

/// func @NAME(%context: !llvm.ptr, %begin: i64, %end: i64).
func::FuncOp ParallelLowering::createBody() {
  auto parent = loop->getParentOfType<FunctionOpInterface>();
  auto pointerType = LLVM::LLVMPointerType::get(b.getContext());
  auto function = func::FuncOp::create(
      loop.getLoc(), (parent.getName() + "_parallel").str(),
      b.getFunctionType({pointerType, b.getI64Type(), b.getI64Type()}, {}));
  function.setPrivate();
  symbols.insert(function);

  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  IRMapping mapping;
  for (Operation *constant : constants)
    b.clone(*constant, mapping);
  for (auto [i, value] : llvm::enumerate(captured)) {
    Value field =
        LLVM::GEPOp::create(b, pointerType, contextType, entry->getArgument(0),
                            ArrayRef<LLVM::GEPArg>{0, (int32_t)i});
    Value loaded = LLVM::LoadOp::create(b, contextType.getBody()[i], field);
    mapping.map(value,
                UnrealizedConversionCastOp::create(b, value.getType(), loaded)
                    .getResult(0));
  }
  auto toIndex = [&](Value value) -> Value {
    return arith::IndexCastOp::create(b, b.getIndexType(), value);
  };
  auto range = scf::ForOp::create(b, toIndex(entry->getArgument(1)),
                                  toIndex(entry->getArgument(2)),
                                  arith::ConstantIndexOp::create(b, 1));
  func::ReturnOp::create(b);

  b.setInsertionPoint(range.getBody()->getTerminator());
  Value rest = range.getInductionVar();
  for (int64_t d = loop.getNumLoops() - 1; d >= 0; --d) {
    Value position = rest;
    if (d > 0) {
      Value extent = mapping.lookupOrDefault(extents[d]);
      position = arith::RemSIOp::create(b, rest, extent);
      rest = arith::DivSIOp::create(b, rest, extent);
    }
    Value lower = mapping.lookupOrDefault(loop.getLowerBound()[d]);
    Value step = mapping.lookupOrDefault(loop.getStep()[d]);
    Value scaled = b.createOrFold<arith::MulIOp>(position, step);
    mapping.map(loop.getInductionVars()[d],
                b.createOrFold<arith::AddIOp>(lower, scaled));
  }
  for (Operation &op : loop.getBody()->without_terminator())
    b.clone(op, mapping);
  return function;
}

LLVM::LLVMFuncOp ParallelLowering::getRuntimeFunction() {
  if (auto function = symbols.lookup<LLVM::LLVMFuncOp>(kRuntimeFunction))
    return function;
  auto pointerType = LLVM::LLVMPointerType::get(b.getContext());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()),
      {b.getI64Type(), b.getI64Type(), pointerType, pointerType});
  OpBuilder builder(b.getContext());
  auto function =
      LLVM::LLVMFuncOp::create(builder, loop.getLoc(), kRuntimeFunction, type);
  symbols.insert(function);
  return function;
}

LogicalResult ParallelLowering::lower() {
  int64_t grain = 1;
  if (auto attr = loop->getAttrOfType<IntegerAttr>(kGrainAttr))
    grain = attr.getInt();
  Value total;
  extents = getExtents(total);
  if (failed(collectCaptures()))
    return failure();
  func::FuncOp body = createBody();
  Value context = createContext();
  auto pointerType = LLVM::LLVMPointerType::get(b.getContext());
  // The body is a func until convert-func-to-llvm makes it an llvm.func.
  Value function = func::ConstantOp::create(
      b, body.getFunctionType(), FlatSymbolRefAttr::get(body.getSymNameAttr()));
  Value pointer =
      UnrealizedConversionCastOp::create(b, pointerType, function).getResult(0);
  Value count = arith::IndexCastOp::create(b, b.getI64Type(), total);
  Value grainValue = arith::ConstantOp::create(b, b.getI64IntegerAttr(grain));
  LLVM::CallOp::create(b, getRuntimeFunction(),
                       ValueRange{count, grainValue, pointer, context});
  loop.erase();
  return success();
}

struct ConvertSCFParallelToRuntimePass
    : attn::impl::ConvertSCFParallelToRuntimePassBase<
          ConvertSCFParallelToRuntimePass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    LLVMTypeConverter converter(&getContext());
    // Outer loops only: the runtime runs a nested one on the calling thread,
    // so it is left to become a sequential loop. Reductions too: their order
    // would depend on the number of threads.
    SmallVector<scf::ParallelOp> loops;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      if (loop.getNumResults() == 0 && isInFunction(loop))
        loops.push_back(loop);
      return WalkResult::skip();
    });
    for (scf::ParallelOp loop : loops) {
      if (failed(ParallelLowering(loop, symbols, converter).lower()))
        return signalPassFailure();
      ++numOutlined;
    }
  }

private:
  /// Whether the loop stands in a function of this very module.
  bool isInFunction(scf::ParallelOp loop) {
    auto function = loop->getParentOfType<FunctionOpInterface>();
    return function && function->getParentOp() == getOperation();
  }
};

} // namespace
