//===- SdpaLowering.h - An op and its kernels ----------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_SDPALOWERING_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_SDPALOWERING_H

#include "Schedule.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::attn {

/// Replaces an op on memrefs by checks, arguments and launches on the host, and
/// adds its kernels to `module`, whose symbols are `kernels`.
void lowerSdpa(SdpaOp op, const KernelSchedule &schedule,
               gpu::GPUModuleOp module, SymbolTable &kernels);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_SDPALOWERING_H
