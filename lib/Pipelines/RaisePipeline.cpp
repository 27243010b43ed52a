//===- RaisePipeline.cpp - attn-raise-pipeline ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void attn::buildRaisePipeline(OpPassManager &pm,
                              const RaisePipelineOptions &options) {
  ConvertLinalgToAttnPassOptions fusion;
  fusion.numerics = options.numerics;
  fusion.recompute = options.recompute;
  pm.addPass(createCSEPass());
  if (options.verifyFusion) {
    AttnOutlineFusionsPassOptions outline;
    outline.numerics = options.numerics;
    outline.recompute = options.recompute;
    pm.addPass(createAttnOutlineFusionsPass(outline));
  }
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToAttnPass(fusion));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}
