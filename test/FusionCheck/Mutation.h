//===- Mutation.h - Programs with one difference ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_FUSIONCHECK_MUTATION_H
#define ATTN_TEST_FUSIONCHECK_MUTATION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <random>

namespace mlir::attn {

/// Changes one operation of the function: another operator, operands in another
/// order, another value of the same type, another constant, index map,
/// permutation or offset. Returns what was done, or nothing if the operation
/// that was drawn has no mutation.
std::optional<std::string> mutate(func::FuncOp function, std::mt19937 &rng);

} // namespace mlir::attn

#endif // ATTN_TEST_FUSIONCHECK_MUTATION_H
