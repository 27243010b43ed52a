//===- AttnGPUOps.h - Operations of the attn_gpu dialect ------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_H
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_H

#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::attn_gpu {
/// The type of a row with the elements of a fragment.
inline RowType getRowTypeOf(Type fragment) {
  return RowType::get(fragment.getContext(),
                      cast<FragmentType>(fragment).getElementType());
}
/// The type of a row of columns or rows: i32.
inline RowType getIndexRowType(MLIRContext *context) {
  return RowType::get(context, IntegerType::get(context, 32));
}
} // namespace mlir::attn_gpu

#define GET_OP_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h.inc"

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_H
