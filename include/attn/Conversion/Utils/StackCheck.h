//===- StackCheck.h - Errors instead of stack overflows ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_CONVERSION_UTILS_STACKCHECK_H
#define ATTN_CONVERSION_UTILS_STACKCHECK_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::attn {

/// The declaration of a function of the run time, made if it is not there.
func::FuncOp getRuntimeFunction(ImplicitLocOpBuilder &b, SymbolTable &symbols,
                                StringRef name, TypeRange inputs,
                                TypeRange results);

/// Lets the program fail where the thread that gets here has a stack without
/// room for `scratchBytes` of a kernel that is called next, and its frame.
void buildStackCheck(ImplicitLocOpBuilder &b, SymbolTable &symbols,
                     int64_t scratchBytes);

} // namespace mlir::attn

#endif // ATTN_CONVERSION_UTILS_STACKCHECK_H
