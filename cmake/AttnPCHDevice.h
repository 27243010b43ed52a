//===- AttnPCHDevice.h - Headers of what lowers to LLVM or NVVM -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Precompiled only to save build time: every file still includes what it uses.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PCH_DEVICE_H
#define ATTN_PCH_DEVICE_H

#include "AttnPCHCore.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#endif // ATTN_PCH_DEVICE_H
