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

void mlir::attn::buildStackCheck(ImplicitLocOpBuilder &b, SymbolTable &symbols,
                                 int64_t scratchBytes) {
  constexpr StringLiteral kName = "attn_rt_check_stack";
  // For what registers are spilled to, and for frames below.
  constexpr int64_t kFrameBytes = 32 << 10;
  auto function = symbols.lookup<func::FuncOp>(kName);
  if (!function) {
    function = func::FuncOp::create(
        b.getLoc(), kName,
        FunctionType::get(b.getContext(), b.getI64Type(), {}));
    function.setPrivate();
    symbols.insert(function);
  }
  Value bytes = arith::ConstantOp::create(
      b, b.getI64IntegerAttr(scratchBytes + kFrameBytes));
  func::CallOp::create(b, function, bytes);
}
