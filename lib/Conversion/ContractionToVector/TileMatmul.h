//===- TileMatmul.h - Matmuls in tile registers -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H
#define ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H

#include "MatmulLowering.h"
#include "attn/Conversion/Utils/KernelBuilder.h"

namespace mlir::attn {

/// An operand of a matmul's kernel, and which loop each of its dimensions is.
struct MatmulOperand {
  Value memref;
  AffineMap map;

  bool isContiguousIn(unsigned loop) const {
    unsigned numResults = map.getNumResults();
    return numResults != 0 && map.getDimPosition(numResults - 1) == loop &&
           hasUnitStride(memref);
  }
  Type getElementType() const {
    return cast<MemRefType>(memref.getType()).getElementType();
  }
  /// Where it is at the current index of each loop.
  SmallVector<Value> getIndices(ArrayRef<Value> loops) const {
    SmallVector<Value> indices;
    for (AffineExpr expr : map.getResults())
      indices.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
    return indices;
  }
};

/// What a kernel computes: columns [firstColumn, endColumn) of rows [firstRow,
/// endRow), at the given indices of all other loops but the sum's.
struct MatmulKernel {
  const Matmul &matmul;
  MatmulOperand lhs, rhs, out;
  SmallVector<Value> loops;
  Value firstRow, endRow, firstColumn, endColumn, depth;
};

/// Whether products of these are those of tile registers (AMX-BF16): pairs of
/// bf16 along the sum, which rows of lhs have adjacent.
bool hasTileProducts(const Matmul &matmul, const MatmulOperand &lhs,
                     const MatmulOperand &rhs, const MatmulOperand &out);

/// Columns of a kernel's call, at most, and bytes of its memory on the stack.
constexpr int64_t kTileMatmulColumns = 128;
int64_t getTileMatmulBytes();

/// Emits the kernel's body in tile registers. The builder has 16 lanes, and its
/// insertion point is in the entry block, where memory is allocated, or after
/// `allocateTileMatmul` anywhere behind.
struct TileMatmulMemory {
  Value lhs, rhs, sums;
};
TileMatmulMemory allocateTileMatmul(KernelBuilder &b);
void emitTileMatmul(KernelBuilder &b, const MatmulKernel &kernel,
                    const TileMatmulMemory &memory);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H
