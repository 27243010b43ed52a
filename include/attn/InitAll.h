//===- InitAll.h - Registration of everything ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_INITALL_H
#define ATTN_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::attn {

/// Registers attn, upstream's dialects and the interface models that the
/// pipelines need, translation to LLVM IR among them.
void registerAllDialects(DialectRegistry &registry);

/// Registers the passes and pipelines of this project and upstream's.
void registerAllPasses();

/// The same without upstream's, for programs that have those: mlir-opt, or a
/// compiler that registers what it needs. Lowering also needs upstream's
/// dialects of the pipelines with their interface models.
void registerAttnDialects(DialectRegistry &registry);
void registerAttnPasses();

} // namespace mlir::attn

#endif // ATTN_INITALL_H
