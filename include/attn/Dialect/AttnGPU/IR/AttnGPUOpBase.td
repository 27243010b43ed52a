//===- AttnGPUOpBase.td - What operations have in common -- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPBASE_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPBASE_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"
include "mlir/IR/OpBase.td"

class AttnGPU_Op<string mnemonic, list<Trait> traits = []>
    : Op<AttnGPU_Dialect, mnemonic, traits>;

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPBASE_TD
