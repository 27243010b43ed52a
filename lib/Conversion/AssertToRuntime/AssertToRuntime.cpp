//===- AssertToRuntime.cpp - Assertions as errors ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTASSERTTORUNTIMEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

constexpr StringLiteral kFailFunction = "attn_rt_fail";

struct ConvertAssertToRuntimePass
    : attn::impl::ConvertAssertToRuntimePassBase<ConvertAssertToRuntimePass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<cf::AssertOp> asserts;
    getOperation().walk([&](cf::AssertOp op) {
      if (op->getParentOfType<ModuleOp>() == getOperation())
        asserts.push_back(op);
    });
    for (cf::AssertOp op : asserts)
      lower(op, symbols);
    numLowered += asserts.size();
  }

private:
  static void lower(cf::AssertOp op, SymbolTable &symbols);
  static LLVM::LLVMFuncOp getFailFunction(SymbolTable &symbols, Location loc);
  static LLVM::GlobalOp getMessage(SymbolTable &symbols, Location loc,
                                   StringRef text);
};

LLVM::LLVMFuncOp
ConvertAssertToRuntimePass::getFailFunction(SymbolTable &symbols,
                                            Location loc) {
  if (auto function = symbols.lookup<LLVM::LLVMFuncOp>(kFailFunction))
    return function;
  OpBuilder builder(loc.getContext());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(loc.getContext()),
      {LLVM::LLVMPointerType::get(loc.getContext())});
  auto function = LLVM::LLVMFuncOp::create(builder, loc, kFailFunction, type);
  symbols.insert(function);
  return function;
}

/// A private, zero-terminated string.
LLVM::GlobalOp ConvertAssertToRuntimePass::getMessage(SymbolTable &symbols,
                                                      Location loc,
                                                      StringRef text) {
  OpBuilder builder(loc.getContext());
  std::string terminated = text.str() + '\0';
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), terminated.size());
  auto global = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                       LLVM::Linkage::Private, "attn_message",
                                       builder.getStringAttr(terminated));
  symbols.insert(global);
  return global;
}

void ConvertAssertToRuntimePass::lower(cf::AssertOp op, SymbolTable &symbols) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  LLVM::GlobalOp message = getMessage(symbols, op.getLoc(), op.getMsg());
  LLVM::LLVMFuncOp fail = getFailFunction(symbols, op.getLoc());
  Value truth = arith::ConstantIntOp::create(b, 1, 1);
  Value violated = arith::XOrIOp::create(b, op.getArg(), truth);
  auto ifOp = scf::IfOp::create(b, violated, /*withElseRegion=*/false);
  b.setInsertionPoint(ifOp.thenBlock()->getTerminator());
  Value pointer = LLVM::AddressOfOp::create(b, message);
  LLVM::CallOp::create(b, fail, pointer);
  op.erase();
}

} // namespace
