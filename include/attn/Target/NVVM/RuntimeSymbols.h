//===- RuntimeSymbols.h - What code for CUDA calls on the host --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_NVVM_RUNTIMESYMBOLS_H
#define ATTN_TARGET_NVVM_RUNTIMESYMBOLS_H

#include "attn/Target/CPU/Compiler.h"

namespace mlir::attn {

/// The functions of the CUDA runtime that compiled code calls, for code that is
/// linked into this process.
SmallVector<RuntimeSymbol> getCUDARuntimeSymbols();

} // namespace mlir::attn

#endif // ATTN_TARGET_NVVM_RUNTIMESYMBOLS_H
