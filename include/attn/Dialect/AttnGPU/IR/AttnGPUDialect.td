//===- AttnGPUDialect.td - The attn_gpu dialect ----------- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUDIALECT_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUDIALECT_TD

include "mlir/IR/DialectBase.td"

def AttnGPU_Dialect : Dialect {
  let name = "attn_gpu";
  let cppNamespace = "::mlir::attn_gpu";
  let summary = "Attention kernels for NVIDIA GPUs.";
  let description = [{
    The level on which a kernel is scheduled: fragments that a warpgroup holds in
    registers, products in flight on the tensor cores, rings of buffers in shared
    memory, copies by the tensor memory accelerator. Everything that a kernel of
    Hopper's needs to be fast is an operation here, and nothing about masks,
    biases or score functions is: they live in the regions of `attn_gpu.map`.

    On the host, the dialect has what a launch needs beside `gpu.launch_func`:
    tensor maps, scratch memory, the size of the device. A launch with the
    attribute `attn_gpu.programmatic` may begin before the one before it has ended;
    its kernel waits for that by `attn_gpu.await_prerequisites`.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 0;
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let extraClassDeclaration = [{
    /// Registers the types; defined beside them.
    void registerTypes();
    static constexpr ::llvm::StringLiteral kProgrammaticAttrName =
        ::llvm::StringLiteral("attn_gpu.programmatic");
  }];
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUDIALECT_TD
