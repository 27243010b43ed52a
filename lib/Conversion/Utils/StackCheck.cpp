//===- StackCheck.cpp - Errors instead of stack overflows -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Utils/StackCheck.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

func::FuncOp mlir::attn::getRuntimeFunction(ImplicitLocOpBuilder &b,
                                            SymbolTable &symbols,
                                            StringRef name, TypeRange inputs,
                                            TypeRange results) {
  if (auto function = symbols.lookup<func::FuncOp>(name))
    return function;
  auto function = func::FuncOp::create(
      b.getLoc(), name, FunctionType::get(b.getContext(), inputs, results));
  function.setPrivate();
  symbols.insert(function);
  return function;
}

void mlir::attn::buildStackCheck(ImplicitLocOpBuilder &b, SymbolTable &symbols,
                                 int64_t scratchBytes) {
  // For what registers are spilled to, and for frames below.
  constexpr int64_t kFrameBytes = 32 << 10;
  func::FuncOp function =
      getRuntimeFunction(b, symbols, "attn_rt_check_stack", b.getI64Type(), {});
  Value bytes = arith::ConstantOp::create(
      b, b.getI64IntegerAttr(scratchBytes + kFrameBytes));
  func::CallOp::create(b, function, bytes);
}
