//===- Passes.td - Passes of the NVVM target -------------- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_NVVM_PASSES_TD
#define ATTN_TARGET_NVVM_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// attn-look-up-gpu-binary
//===----------------------------------------------------------------------===//

def AttnLookUpGPUBinaryPass
    : Pass<"attn-look-up-gpu-binary", "::mlir::ModuleOp"> {
  let summary = "Take kernels that were compiled before from a cache";
  let description = [{
    Replaces every `gpu.module` whose code is in the cache by a `gpu.binary` with
    that code. The key is the text of the module, beside all else that the code
    depends on: this compiler and LLVM, ptxas and its options. The key of a module
    that is not there is noted in the attribute `attn.cubin_keys` of the parent, by
    which `attn-assemble-gpu-binary` keeps the code once it is compiled.

    It runs as early as the kernel is known, in the dialect `attn_gpu`: what comes
    behind, LLVM's code generator most of all, takes some hundred times as long as
    reading a file.

    Before:

    ```mlir
    gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
      gpu.func @attention(%n: i32) kernel { ... }
    }
    ```

    After:

    ```mlir
    gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">,
      properties = {kernels = {attention = {registers = 168 : i64, ...}}}, bin = "...">]
    ```
  }];
  let options = [
    Option<"ptxas", "ptxas", "std::string", "\"\"",
           "A CUDA toolkit or a ptxas (default: /usr/local/cuda, the PATH)">,
    ListOption<"places", "places", "std::string",
               "CUDA toolkits to look in where `ptxas` is not given">,
    Option<"optLevel", "opt-level", "int", "3", "Optimization level of ptxas">,
    Option<"cacheDirectory", "cache-directory", "std::string", "\"\"",
           "Where compiled code is kept (default: nowhere)">
  ];
  let statistics = [
    Statistic<"numFound", "num-found", "Number of modules found">
  ];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-gpu-module-to-ptx
//===----------------------------------------------------------------------===//

def AttnGPUModuleToPTXPass
    : Pass<"attn-gpu-module-to-ptx", "::mlir::ModuleOp"> {
  let summary = "Compile modules of kernels in the LLVM dialect to PTX";
  let description = [{
    Replaces every `gpu.module` by a `gpu.binary` with PTX for its target, as
    `gpu-module-to-binary=format=isa` does, with those passes of LLVM alone that
    change kernels of `convert-attn-to-attn-gpu`.

    Before:

    ```mlir
    gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
      llvm.func @attention(%n: i32) attributes {nvvm.kernel} { ... }
    }
    ```

    After:

    ```mlir
    gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "...">]
    ```
  }];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-assemble-gpu-binary
//===----------------------------------------------------------------------===//

def AttnAssembleGPUBinaryPass
    : Pass<"attn-assemble-gpu-binary", "::mlir::ModuleOp"> {
  let summary = "Compile the PTX in gpu.binary operations by ptxas";
  let description = [{
    Replaces the PTX of every `gpu.binary` by a cubin for the chip of its target.
    What ptxas says of each kernel (registers, shared memory, stack, spills)
    becomes the object's property `kernels` and an analysis remark of the
    category `attn-ptxas`; its warnings become warnings at the `gpu.binary`. A
    serialised product (C7510 and the like) and a spill are warnings too, or
    errors with `strict`.

    Before:

    ```mlir
    gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "...">]
    ```

    After:

    ```mlir
    gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">,
      properties = {kernels = {attention = {registers = 168 : i64, ...}}}, bin = "...">]
    ```
  }];
  let options = [
    Option<"ptxas", "ptxas", "std::string", "\"\"",
           "A CUDA toolkit or a ptxas (default: /usr/local/cuda, the PATH)">,
    ListOption<"places", "places", "std::string",
               "CUDA toolkits to look in where `ptxas` is not given">,
    Option<"optLevel", "opt-level", "int", "3", "Optimization level of ptxas">,
    Option<"cacheDirectory", "cache-directory", "std::string", "\"\"",
           "Where compiled code is kept (default: nowhere)">,
    Option<"keepPTX", "keep-ptx", "bool", "false",
           "Keep the PTX beside the cubin, for the driver of a later GPU">,
    Option<"strict", "strict", "bool", "false",
           "Spills and serialised products are errors">
  ];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Number of kernels compiled">,
    Statistic<"numSpilling", "num-spilling", "Number of kernels with spills">,
    Statistic<"numCached", "num-cached", "Number of binaries from the cache">
  ];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect"
  ];
}

#endif // ATTN_TARGET_NVVM_PASSES_TD
