//===- ElementAccess.h - Elements by index ----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_FUSIONCHECK_ELEMENTACCESS_H
#define ATTN_TEST_FUSIONCHECK_ELEMENTACCESS_H

#include "Interpreter.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"

namespace mlir::attn {

/// Calls `body` with every index of a shape.
template <typename Body>
void forEachIndex(ArrayRef<int64_t> shape, Body body) {
  if (llvm::is_contained(shape, 0))
    return;
  SmallVector<int64_t> index(shape.size(), 0);
  while (true) {
    body(ArrayRef<int64_t>(index));
    int64_t d = shape.size() - 1;
    for (; d >= 0; --d) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

inline int64_t getSize(ArrayRef<int64_t> shape) {
  int64_t size = 1;
  for (int64_t n : shape)
    size *= n;
  return size;
}

inline int64_t getPosition(ArrayRef<int64_t> shape, ArrayRef<int64_t> index) {
  int64_t position = 0;
  for (auto [n, i] : llvm::zip_equal(shape, index)) {
    if (i < 0 || i >= n)
      return -1;
    position = position * n + i;
  }
  return position;
}

/// The elements of an array that the iterations of a linalg op read or write.
struct ElementAccess {
  AffineMap map;
  HostArray *array;
  /// The loop of each dimension, or nothing if the map is no projection.
  std::optional<SmallVector<unsigned>> loops;

  ElementAccess(AffineMap map, HostArray &array) : map(map), array(&array) {
    loops.emplace();
    for (AffineExpr expr : map.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim) {
        loops.reset();
        return;
      }
      loops->push_back(dim.getPosition());
    }
  }

  /// The position of an element, -1 if there is none.
  int64_t locate(ArrayRef<int64_t> index) const {
    if (!loops)
      return getPosition(array->shape, map.compose(index));
    int64_t position = 0;
    for (auto [n, loop] : llvm::zip_equal(array->shape, *loops)) {
      if (index[loop] >= n)
        return -1;
      position = position * n + index[loop];
    }
    return position;
  }
};

} // namespace mlir::attn

#endif // ATTN_TEST_FUSIONCHECK_ELEMENTACCESS_H
