//===- AttnGPUDialect.h - The attn_gpu dialect ----------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUDIALECT_H
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"

#include "attn/Dialect/AttnGPU/IR/AttnGPUDialect.h.inc"

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUDIALECT_H
