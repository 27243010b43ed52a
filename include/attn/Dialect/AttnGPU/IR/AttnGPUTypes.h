//===- AttnGPUTypes.h - Types of the attn_gpu dialect ---------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_H
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_H

#include "attn/Dialect/AttnGPU/IR/AttnGPUDialect.h"
#include "mlir/IR/BuiltinTypes.h"

#include "attn/Dialect/AttnGPU/IR/AttnGPUEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.h.inc"

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_H
