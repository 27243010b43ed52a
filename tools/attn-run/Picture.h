//===- Picture.h - Masks and tiles as SVG -----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_PICTURE_H
#define ATTN_TOOLS_ATTN_RUN_PICTURE_H

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace mlir::attn {

/// Draws, for every attn.sdpa of static lengths, which pairs of query and key
/// its structure keeps, and the tiles that the kernel visits with and without
/// mask code. Tiles come from the schedule, or are 64 x 64.
llvm::Error writePicture(ModuleOp module, StringRef path);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_PICTURE_H
