//===- LowerToNVVMPipeline.cpp - attn-lower-to-nvvm-pipeline ----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

/// Kernels to NVVM.
static void addKernelLowering(OpPassManager &pm) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(attn::createConvertAttnGPUToNVVMPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createConvertNVVMToLLVMPass());
  // Others of its kind take whole modules, the host's functions too.
  ConvertToLLVMPassOptions toLLVM;
  toLLVM.filterDialects = {"arith", "cf", "index", "math", "memref"};
  kernels.addPass(createConvertToLLVMPass(toLLVM));
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void attn::buildLowerToNVVMPipeline(OpPassManager &pm,
                                    const LowerToNVVMPipelineOptions &options) {
  AttnSelectBackendPassOptions backend;
  // There is no other backend: what it cannot take is an error.
  backend.backend = "flash";
  pm.addNestedPass<func::FuncOp>(createAttnSelectBackendPass(backend));
  buildBufferizeForCUDAPipeline(pm);
  ConvertAttnToAttnGPUPassOptions kernels;
  kernels.chip = options.chip;
  kernels.softmax = options.softmax;
  kernels.consumers = options.consumers;
  kernels.blockKeys = options.blockKeys;
  kernels.stages = options.stages;
  kernels.queryStages = options.queryStages;
  kernels.sectionHeads = options.sectionHeads;
  pm.addPass(createConvertAttnToAttnGPUPass(kernels));
  addKernelLowering(pm);
  GpuModuleToBinaryPassOptions binary;
  binary.compilationTarget = "isa";
  pm.addPass(createGpuModuleToBinaryPass(binary));
}
