//===- AssertToRuntime.cpp - Assertions as errors ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
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

/// What is called with the message, and with a number for it.
constexpr StringLiteral kFailFunction = "attn_rt_fail";
constexpr StringLiteral kFailAtFunction = "attn_rt_fail_at";

struct ConvertAssertToRuntimePass
    : attn::impl::ConvertAssertToRuntimePassBase<ConvertAssertToRuntimePass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<cf::AssertOp> asserts;
    SmallVector<attn::AssertOp> numbered;
    getOperation().walk([&](Operation *op) {
      if (op->getParentOfType<ModuleOp>() != getOperation())
        return;
      if (auto assertOp = dyn_cast<cf::AssertOp>(op))
        asserts.push_back(assertOp);
      if (auto assertOp = dyn_cast<attn::AssertOp>(op))
        numbered.push_back(assertOp);
    });
    for (cf::AssertOp op : asserts)
      lower(op, op.getArg(), op.getMsg(), /*number=*/{}, symbols);
    for (attn::AssertOp op : numbered)
      lower(op, op.getCondition(), op.getMessage(), op.getNumber(), symbols);
    numLowered += asserts.size() + numbered.size();
  }

private:
  static void lower(Operation *op, Value condition, StringRef text,
                    Value number, SymbolTable &symbols);
  static LLVM::LLVMFuncOp getFailFunction(SymbolTable &symbols, Location loc,
                                          bool takesNumber);
  static LLVM::GlobalOp getMessage(SymbolTable &symbols, Location loc,
                                   StringRef text);
};

LLVM::LLVMFuncOp
ConvertAssertToRuntimePass::getFailFunction(SymbolTable &symbols, Location loc,
                                            bool takesNumber) {
  StringRef name = takesNumber ? kFailAtFunction : kFailFunction;
  if (auto function = symbols.lookup<LLVM::LLVMFuncOp>(name))
    return function;
  OpBuilder builder(loc.getContext());
  SmallVector<Type> types{LLVM::LLVMPointerType::get(loc.getContext())};
  if (takesNumber)
    types.push_back(builder.getI64Type());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(loc.getContext()), types);
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name, type);
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

void ConvertAssertToRuntimePass::lower(Operation *op, Value condition,
                                       StringRef text, Value number,
                                       SymbolTable &symbols) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  LLVM::GlobalOp message = getMessage(symbols, op->getLoc(), text);
  LLVM::LLVMFuncOp fail =
      getFailFunction(symbols, op->getLoc(), /*takesNumber=*/bool(number));
  Value truth = arith::ConstantIntOp::create(b, 1, 1);
  Value violated = arith::XOrIOp::create(b, condition, truth);
  auto ifOp = scf::IfOp::create(b, violated, /*withElseRegion=*/false);
  b.setInsertionPoint(ifOp.thenBlock()->getTerminator());
  SmallVector<Value> arguments{LLVM::AddressOfOp::create(b, message)};
  if (number)
    arguments.push_back(arith::IndexCastOp::create(b, b.getI64Type(), number));
  LLVM::CallOp::create(b, fail, arguments);
  op->erase();
}

} // namespace
