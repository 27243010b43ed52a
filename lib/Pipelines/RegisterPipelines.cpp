//===- RegisterPipelines.cpp - Names of the pipelines -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Pipelines/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

void attn::registerAttnPipelines() {
  PassPipelineRegistration<RaisePipelineOptions>(
      "attn-raise-pipeline",
      "Find attention in naive linalg and turn it into attn.sdpa",
      buildRaisePipeline);
  PassPipelineRegistration<LowerToLLVMPipelineOptions>(
      "attn-lower-to-llvm-pipeline",
      "Lower attn and linalg on tensors to the LLVM dialect for the CPU",
      buildLowerToLLVMPipeline);
  PassPipelineRegistration<LowerToNVVMPipelineOptions>(
      "attn-lower-to-nvvm-pipeline",
      "Lower attn to kernels for NVIDIA GPUs, in PTX, and their launches",
      buildLowerToNVVMPipeline);
  PassPipelineRegistration<CUDAHostPipelineOptions>(
      "attn-bufferize-for-cuda-pipeline",
      "Bufferize functions on tensors in the memory of their callers",
      [](OpPassManager &pm, const CUDAHostPipelineOptions &) {
        buildBufferizeForCUDAPipeline(pm);
      });
  PassPipelineRegistration<CUDAHostPipelineOptions>(
      "attn-lower-cuda-host-pipeline",
      "Lower the host side of GPU code to the LLVM dialect",
      [](OpPassManager &pm, const CUDAHostPipelineOptions &) {
        buildLowerCUDAHostPipeline(pm);
      });
}
