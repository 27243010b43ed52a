//===- LowerToNVVMPipeline.cpp - attn-lower-to-nvvm-pipeline --- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FailPass.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "attn/Target/NVVM/Passes.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

/// What is in modules of kernels to the LLVM dialect; the host is left alone.
static void addKernelLowering(OpPassManager &pm) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(attn::createConvertAttnGPUToNVVMPass());
  // Canonicalization waits for branches: its patterns for loops take time that
  // is quadratic in what a loop carries, here a register for each value.
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass());
  // math, arith, memref, cf, index and nvvm, by their interfaces.
  kernels.addPass(createConvertToLLVMPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void attn::buildLowerToNVVMPipeline(OpPassManager &pm,
                                    const LowerToNVVMPipelineOptions &options) {
  llvm::Expected<NVVMTargetInfo> info = getNVVMTargetInfo(options.chip);
  if (!info) {
    pm.addPass(std::make_unique<FailPass>("attn-lower-to-nvvm-pipeline: " +
                                          llvm::toString(info.takeError())));
    return;
  }
  AttnSelectBackendPassOptions backend;
  backend.backend = options.backend;
  backend.target = "cuda";
  pm.addNestedPass<func::FuncOp>(createAttnSelectBackendPass(backend));
  bufferization::OneShotBufferizePassOptions bufferization;
  bufferization.bufferizeFunctionBoundaries = true;
  bufferization.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createEmptyTensorToAllocTensorPass());
  pm.addPass(bufferization::createOneShotBufferizePass(bufferization));
  ConvertAttnToAttnGPUPassOptions kernels;
  kernels.chip = options.chip;
  kernels.softmax = options.softmax;
  kernels.consumers = options.consumers;
  kernels.blockKeys = options.blockKeys;
  kernels.stages = options.stages;
  kernels.queryStages = options.queryStages;
  kernels.sectionHeads = options.sectionHeads;
  kernels.keySplits = options.keySplits;
  kernels.splitKeys = options.splitKeys;
  kernels.fewQueries = options.fewQueries;
  kernels.turns = options.turns;
  kernels.output = options.output;
  kernels.narrowBlocks = options.narrowBlocks;
  kernels.queryRegisters = options.queryRegisters;
  kernels.f32 = options.f32;
  pm.addPass(createConvertAttnToAttnGPUPass(kernels));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (options.binary && !options.cubinCache.empty()) {
    AttnLookUpGPUBinaryPassOptions lookUp;
    lookUp.ptxas = options.ptxas;
    lookUp.places.assign(options.places.begin(), options.places.end());
    lookUp.cacheDirectory = options.cubinCache;
    pm.addPass(createAttnLookUpGPUBinaryPass(lookUp));
  }
  addKernelLowering(pm);
  if (options.binary)
    pm.addPass(createAttnGPUModuleToPTXPass());
}
