//===- TileProducts.h - Products in tile registers --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEPRODUCTS_H
#define ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEPRODUCTS_H

#include "MatmulKernel.h"

namespace mlir::attn {

/// Rows of a tile, what one has in each of them along the sum, and rows and
/// columns of what a register tile computes.
constexpr int64_t kTileRows = 16, kTileDepth = 32, kTileSquare = 32;

/// Whether products of these are those of tile registers (AMX-BF16): pairs of
/// bf16 along the sum, which rows of lhs have adjacent.
bool hasTileProducts(const Matmul &matmul, const MatmulOperand &lhs,
                     const MatmulOperand &rhs, const MatmulOperand &out);

/// What functions for tile registers compute, at the given indices of all loops
/// but those of rows, columns and the sum.
struct TileMatmul {
  const Matmul &matmul;
  MatmulOperand lhs, rhs, out;
  SmallVector<Value> loops;
};

/// Copies columns [column, column + 16) of the terms [begin, end) of rhs to
/// packed[tile][firstStep...], which are 16 rows of 16 pairs along the sum,
/// with zeros where there is no column or term.
void emitTilePack(KernelBuilder &b, const TileMatmul &kernel, Value packed,
                  Value column, Value begin, Value end, Value tile,
                  Value firstStep);

/// Adds to rows [firstRow, endRow) and columns [firstColumn, endColumn) of the
/// output what they get of the terms [begin, end), of which
/// packed[firstTile...][0...] has columns of rhs: up to a multiple of 32, as is
/// `begin`. Where that is 0, fills them before if the matmul says so. The
/// builder is in the entry block of a function and has 16 lanes.
void emitTileProducts(KernelBuilder &b, const TileMatmul &kernel, Value packed,
                      Value firstRow, Value endRow, Value firstColumn,
                      Value endColumn, Value begin, Value end, Value firstTile);

/// Bytes of the memory that they have on the stack.
int64_t getTileProductBytes();

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEPRODUCTS_H
