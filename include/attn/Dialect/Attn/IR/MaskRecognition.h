//===- MaskRecognition.h - Structural masks in predicates -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads structural masks off index arithmetic: `j <= i` becomes
// `#attn.causal<top_left>`, and so on.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_MASKRECOGNITION_H
#define ATTN_DIALECT_ATTN_IR_MASKRECOGNITION_H

#include "attn/Dialect/Attn/IR/AttnAttrs.h"

namespace mlir::attn {

/// What the values of a predicate stand for.
struct MaskIndices {
  /// The query and the key index.
  Value i, j;
  /// The lengths, `ShapedType::kDynamic` where unknown.
  int64_t numQueries, numKeys;
  /// Whether a value is the number of queries, or of keys, at run time.
  llvm::function_ref<bool(Value)> isNumQueries, isNumKeys;
};

/// A predicate taken apart: it holds iff the structure keeps (i, j) and every
/// conjunct in `rest` holds.
struct RecognizedMask {
  struct Conjunct {
    Value value;
    bool negated;
  };
  StructuralMaskInterface structure;
  SmallVector<Conjunct> rest;
  /// Whether a conjunct became structure or was left out.
  bool simplified = false;
};

/// Takes a predicate (i1) on i and j apart into structural masks and a rest.
/// Conjuncts that always hold are left out. Understands comparisons of linear
/// index arithmetic, `and`, `or`, negation by `xor`, `select` of booleans and
/// absolute differences. Changes no IR.
RecognizedMask recognizeMask(Value predicate, const MaskIndices &indices);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_IR_MASKRECOGNITION_H
