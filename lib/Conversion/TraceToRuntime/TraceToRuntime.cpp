//===- TraceToRuntime.cpp - Times of kernels --------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTTRACETORUNTIMEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// What the runtime calls them (attn/Runtime/CPU/Runtime.h).
constexpr StringLiteral kBeginFunction = "attn_rt_trace_begin";
constexpr StringLiteral kEndFunction = "attn_rt_trace_end";

/// The kernel that a parallel loop runs; empty if there is none. Functions
/// without a body are the runtime's.
StringRef getKernel(scf::ParallelOp loop) {
  StringRef name;
  loop.walk([&](func::CallOp call) {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        call, call.getCalleeAttr());
    if (!callee || callee.isExternal())
      return WalkResult::advance();
    name = call.getCallee();
    return WalkResult::interrupt();
  });
  return name;
}

/// What an event of the op is called; empty if it gets none.
std::string getEventName(Operation *op) {
  std::string name;
  if (auto loop = dyn_cast<scf::ParallelOp>(op))
    name = getKernel(loop).str();
  else if (isa<linalg::LinalgOp>(op))
    name = op->getName().getStringRef().str();
  if (name.empty())
    return name;
  if (auto loc = op->getLoc()->findInstanceOf<FileLineColLoc>())
    llvm::raw_string_ostream(name) << " (line " << loc.getLine() << ")";
  return name;
}

struct ConvertTraceToRuntimePass
    : attn::impl::ConvertTraceToRuntimePassBase<ConvertTraceToRuntimePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<std::pair<Operation *, std::string>> events;
    module.walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::string name = getEventName(op);
      if (!name.empty())
        events.emplace_back(op, name);
      // Within a loop over threads there is nothing to see but its parts.
      return isa<scf::ParallelOp, linalg::LinalgOp>(op) ? WalkResult::skip()
                                                        : WalkResult::advance();
    });
    if (events.empty())
      return;
    SymbolTable symbols(module);
    declare(symbols);
    for (auto &[op, name] : events)
      trace(op, name, symbols);
    numEvents += events.size();
  }

private:
  void declare(SymbolTable &symbols);
  void trace(Operation *op, StringRef name, SymbolTable &symbols);

  LLVM::LLVMFuncOp begin, end;
};

void ConvertTraceToRuntimePass::declare(SymbolTable &symbols) {
  OpBuilder b(&getContext());
  Type i64 = b.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  Type nothing = LLVM::LLVMVoidType::get(&getContext());
  auto get = [&](StringRef name, Type result, ArrayRef<Type> inputs) {
    if (auto known = symbols.lookup<LLVM::LLVMFuncOp>(name))
      return known;
    auto function =
        LLVM::LLVMFuncOp::create(b, getOperation().getLoc(), name,
                                 LLVM::LLVMFunctionType::get(result, inputs));
    symbols.insert(function);
    return function;
  };
  begin = get(kBeginFunction, i64, {});
  end = get(kEndFunction, nothing, {pointer, i64});
}

void ConvertTraceToRuntimePass::trace(Operation *op, StringRef name,
                                      SymbolTable &symbols) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  std::string terminated = name.str() + '\0';
  auto text = LLVM::GlobalOp::create(
      b, LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size()),
      /*isConstant=*/true, LLVM::Linkage::Private, "attn_event",
      b.getStringAttr(terminated));
  text->remove();
  symbols.insert(text);
  Value started = LLVM::CallOp::create(b, begin, ValueRange()).getResult();
  b.setInsertionPointAfter(op);
  Value pointer = LLVM::AddressOfOp::create(b, text);
  LLVM::CallOp::create(b, end, ValueRange{pointer, started});
}

} // namespace
