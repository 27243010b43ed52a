//===- Interpreter.h - Runs linalg on tensors -------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs functions of linalg, tensor, arith and math on small tensors, without
// compiling them: thousands of programs a minute. Every float operation rounds
// to its type. It shares no code with the lowerings that it is compared with.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_FUSIONCHECK_INTERPRETER_H
#define ATTN_TEST_FUSIONCHECK_INTERPRETER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace mlir::attn {

union Cell {
  double f;
  int64_t i;
};

struct HostArray {
  SmallVector<int64_t> shape;
  std::vector<Cell> cells;
};

/// Rounds to a float type, in which narrow types overflow to infinity.
double roundTo(double value, Type type);

/// The results of the function; scalars are arrays of rank 0.
llvm::Expected<SmallVector<HostArray>> interpret(func::FuncOp function,
                                                 ArrayRef<HostArray> arguments);

} // namespace mlir::attn

#endif // ATTN_TEST_FUSIONCHECK_INTERPRETER_H
