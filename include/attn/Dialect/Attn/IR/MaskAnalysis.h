//===- MaskAnalysis.h - Blocks of a structural mask -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel asks of a structural mask: which keys a block of queries needs,
// and which of them need no mask at all. All answers follow in closed form from
// `StructuralMaskInterface::getKeyInterval`, whose ends never decrease with the
// query: the union of the intervals of queries [i0, i1) begins at begin(i0) and
// ends at end(i1 - 1), their intersection begins at begin(i1 - 1) and ends at
// end(i0).
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_MASKANALYSIS_H
#define ATTN_DIALECT_ATTN_IR_MASKANALYSIS_H

#include "attn/Dialect/Attn/IR/AttnAttrs.h"

namespace mlir::attn {

/// What a mask does to a block of logits.
enum class BlockKind { Empty, Partial, Full };

/// The number of queries and keys of an attention.
struct MaskShape {
  int64_t numQueries;
  int64_t numKeys;
};

/// The keys that query `i` sees, clamped to [0, numKeys). A null mask keeps
/// all.
KeyInterval getClampedKeyInterval(StructuralMaskInterface mask, int64_t i,
                                  MaskShape shape);

/// Whether (i, j) is kept, given whether both are in one document (ignored by
/// masks without `#attn.document`).
bool keeps(StructuralMaskInterface mask, int64_t i, int64_t j, MaskShape shape,
           bool sameDocument = true);

/// The smallest interval that holds every key seen by a query in [i0, i1).
KeyInterval getNeededKeys(StructuralMaskInterface mask, int64_t i0, int64_t i1,
                          MaskShape shape);

/// The largest interval of keys that every query in [i0, i1) sees; empty for an
/// inexact mask.
KeyInterval getFullKeys(StructuralMaskInterface mask, int64_t i0, int64_t i1,
                        MaskShape shape);

/// Classifies queries [i0, i1) x keys [j0, j1). `Partial` is always a correct
/// answer and is given where the mask is inexact.
BlockKind classifyBlock(StructuralMaskInterface mask, int64_t i0, int64_t i1,
                        int64_t j0, int64_t j1, MaskShape shape);

/// `getNeededKeys` in IR, clamped to [0, numKeys], begin <= end. `lastQuery` is
/// i1 - 1. Of indices or, for lengths of less than 2^29, of i32.
KeyIntervalValues buildNeededKeys(StructuralMaskInterface mask,
                                  OpBuilder &builder, Location loc,
                                  Value firstQuery, Value lastQuery,
                                  Value numQueries, Value numKeys);

/// `getFullKeys` in IR, clamped to `needed`, begin <= end. Empty (at the end of
/// `needed`) for an inexact mask, unless queries and keys are known to be of
/// one document.
KeyIntervalValues buildFullKeys(StructuralMaskInterface mask,
                                OpBuilder &builder, Location loc,
                                Value firstQuery, Value lastQuery,
                                Value numQueries, Value numKeys,
                                KeyIntervalValues needed,
                                bool sameDocument = false);

/// The members of the mask: those of an `#attn.all_of`, else the mask itself;
/// none for a null mask.
SmallVector<StructuralMaskInterface> getMembers(StructuralMaskInterface mask);

/// The conjunction of two masks, either of which may be null.
StructuralMaskInterface getConjunction(StructuralMaskInterface lhs,
                                       StructuralMaskInterface rhs);

} // namespace mlir::attn

#endif // ATTN_DIALECT_ATTN_IR_MASKANALYSIS_H
