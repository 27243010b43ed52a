//===- ScalarFunctions.h - Operations on scalars ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_FUSIONCHECK_SCALARFUNCTIONS_H
#define ATTN_TEST_FUSIONCHECK_SCALARFUNCTIONS_H

#include "Interpreter.h"
#include <cmath>
#include <functional>

namespace mlir::attn {

using ScalarFunction = std::function<Cell(const Cell *)>;

inline Cell makeFloat(double value) {
  Cell cell;
  cell.f = value;
  return cell;
}

inline Cell makeInteger(int64_t value) {
  Cell cell;
  cell.i = value;
  return cell;
}

inline double maximum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? NAN : std::max(x, y);
}

/// What an operation does on scalars of its operands' element types; null if it
/// is not known.
ScalarFunction getScalarFunction(Operation *op);

} // namespace mlir::attn

#endif // ATTN_TEST_FUSIONCHECK_SCALARFUNCTIONS_H
