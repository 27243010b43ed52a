//===- MatmulLowering.h - Kernels of matmuls --------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_MATMULLOWERING_H
#define ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_MATMULLOWERING_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::attn {

/// out[..., m, n] += lhs[..., m, k] * rhs[..., k, n], with n the contiguous
/// dimension of out.
struct Matmul {
  linalg::LinalgOp op;
  OpOperand *lhs, *rhs, *out;
  unsigned mLoop, nLoop, kLoop;
  /// What out is filled with before, where the kernel is to do that.
  TypedAttr initial = {};

  /// Whether a loop is not that of rows, columns or the sum.
  bool isOuter(unsigned loop) const {
    return loop != mLoop && loop != nLoop && loop != kLoop;
  }
};

/// What a CPU multiplies with; tiles are those of AMX-BF16.
struct CPUUnits {
  int64_t vectorBits, vectorRegisters;
  bool hasTiles;
};

/// Replaces the operation by calls of a kernel that becomes a function of the
/// module: some columns of some rows each, in parallel.
void lowerMatmul(Matmul matmul, SymbolTable &symbols, const CPUUnits &units);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_MATMULLOWERING_H
