//===- LowerCUDAHostPipeline.cpp - The host side of GPU code ----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/NVVM/Passes.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void attn::buildBufferizeForCUDAPipeline(OpPassManager &pm) {
  pm.addPass(createAttnAddDestinationsPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(bufferization::createEmptyTensorToAllocTensorPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void attn::buildLowerCUDAHostPipeline(OpPassManager &pm) {
  pm.addPass(createConvertGPULaunchToRuntimePass());
  pm.addPass(createConvertAssertToRuntimePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

LogicalResult attn::lowerToCUDA(ModuleOp module,
                                const LowerToNVVMPipelineOptions &options,
                                ArrayRef<CUDAStage> stages,
                                function_ref<void(CUDAStage)> finished) {
  for (CUDAStage stage : stages) {
    PassManager pm(module.getContext(), ModuleOp::getOperationName());
    switch (stage) {
    case CUDAStage::Kernels:
      buildBufferizeForCUDAPipeline(pm);
      buildLowerToNVVMPipeline(pm, options);
      break;
    case CUDAStage::Assembly: {
      AttnAssembleGPUBinaryPassOptions assemble;
      assemble.ptxas = options.ptxas;
      assemble.places.assign(options.places.begin(), options.places.end());
      assemble.cacheDirectory = options.cubinCache;
      pm.addPass(createAttnAssembleGPUBinaryPass(assemble));
      break;
    }
    case CUDAStage::Host:
      buildLowerCUDAHostPipeline(pm);
      break;
    }
    if (failed(pm.run(module)))
      return failure();
    if (finished)
      finished(stage);
  }
  return success();
}
