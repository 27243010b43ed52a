//===- TileMatmul.h - Matmuls in tile registers -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H
#define ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H

#include "MatmulKernel.h"

namespace mlir::attn {

/// Whether products of these are those of tile registers (AMX-BF16): pairs of
/// bf16 along the sum, which rows of lhs have adjacent.
bool hasTileProducts(const Matmul &matmul, const MatmulOperand &lhs,
                     const MatmulOperand &rhs, const MatmulOperand &out);

/// Columns of a kernel's call, at most, and bytes of its memory on the stack.
constexpr int64_t kTileMatmulColumns = 128, kTileMatmulRows = 32;
int64_t getTileMatmulBytes();

/// What tiles are copied to, [tiles][steps of the sum][16][32], and 32 by 32
/// sums that are not whole tiles of the output.
struct TileMatmulMemory {
  Value lhs, rhs, sums;
};

/// Allocates it on the stack: in the entry block of a function.
TileMatmulMemory allocateTileMatmul(KernelBuilder &b);

/// Emits the kernel's body in tile registers. The builder has 16 lanes.
void emitTileMatmul(KernelBuilder &b, const MatmulKernel &kernel,
                    const TileMatmulMemory &memory);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H
