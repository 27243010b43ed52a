//===- InitAll.cpp - Registration of everything -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/InitAll.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/BufferizableOpInterfaceImpl.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Dialect/AttnGPU/IR/AttnGPUDialect.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/NVVM/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

using namespace mlir;

void attn::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registerAttnDialects(registry);
}

void attn::registerAttnDialects(DialectRegistry &registry) {
  registry.insert<AttnDialect, attn_gpu::AttnGPUDialect>();
  registerBufferizableOpInterfaceExternalModels(registry);
}

void attn::registerAllPasses() {
  mlir::registerAllPasses();
  registerAttnPasses();
}

void attn::registerAttnPasses() {
  registerAttnConversionPasses();
  registerAttnTransformsPasses();
  registerAttnNVVMPasses();
  registerAttnPipelines();
}
