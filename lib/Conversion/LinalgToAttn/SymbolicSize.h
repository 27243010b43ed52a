//===- SymbolicSize.h - Sizes as products of dimensions ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Sizes of dynamic tensors, as exporters compute them: products and quotients
// of dimensions, with selects for sizes that might be negative. Two that are
// equal as products are equal.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_SYMBOLICSIZE_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_SYMBOLICSIZE_H

#include "mlir/IR/Value.h"

namespace mlir::attn {

/// constant * the product of `factors`: dimensions of tensors, which are not
/// negative, and other values (dimension -1).
struct SymbolicSize {
  explicit SymbolicSize(int64_t constant) : constant(constant) {}

  int64_t constant;
  SmallVector<std::pair<void *, int64_t>> factors;

  size_t getNumFactors() const { return factors.size(); }
  bool isNonNegative() const;
  SymbolicSize operator*(const SymbolicSize &other) const;
  /// The quotient, if there is no rest.
  std::optional<SymbolicSize> dividedBy(const SymbolicSize &other) const;
  bool operator==(const SymbolicSize &other) const {
    return constant == other.constant && factors == other.factors;
  }
};

/// The size that an integer value stands for.
SymbolicSize getSymbolicSize(Value value);

/// The size of a dimension of a tensor.
SymbolicSize getSymbolicDim(Value tensor, int64_t dim);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_SYMBOLICSIZE_H
