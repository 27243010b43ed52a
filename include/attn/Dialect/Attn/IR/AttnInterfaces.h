//===- AttnInterfaces.h - Attribute interfaces ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_ATTNINTERFACES_H
#define ATTN_DIALECT_ATTN_IR_ATTNINTERFACES_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace mlir::attn {

/// A half-open interval of key indices; empty if `begin >= end`.
struct KeyInterval {
  int64_t begin;
  int64_t end;

  bool contains(int64_t j) const { return begin <= j && j < end; }
  bool operator==(const KeyInterval &other) const {
    return begin == other.begin && end == other.end;
  }
};

/// The same in IR: two values of type index. A null value is an unbounded side.
struct KeyIntervalValues {
  Value begin;
  Value end;
};

} // namespace mlir::attn

#include "attn/Dialect/Attn/IR/AttnAttrInterfaces.h.inc"

#endif // ATTN_DIALECT_ATTN_IR_ATTNINTERFACES_H
