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

/// Emits a matmul whose products are those of tile registers (hasTileProducts):
/// loops in parallel that call functions, which are made in the module. The
/// builder has 16 lanes.
void lowerTileMatmul(KernelBuilder &b, const Matmul &matmul,
                     SymbolTable &symbols);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_TILEMATMUL_H
