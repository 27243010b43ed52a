//===- LowerToLLVMPipeline.cpp - attn-lower-to-llvm-pipeline ----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FailPass.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/CPU/CPUTargetInfo.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/BufferizationToMemRef/BufferizationToMemRef.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
/// Tells LLVM what it knows of malloc only: memory that was just allocated is
/// nobody else's.
struct MarkAllocationsPass
    : PassWrapper<MarkAllocationsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MarkAllocationsPass)

  void runOnOperation() override {
    if (auto function = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(
            "_mlir_memref_to_llvm_alloc"))
      function.setResultAttr(0, LLVM::LLVMDialect::getNoAliasAttrName(),
                             UnitAttr::get(&getContext()));
  }
};

/// Reports schedules that were written by hand and whose instructions the
/// target lacks.
struct CheckSchedulesPass
    : PassWrapper<CheckSchedulesPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckSchedulesPass)

  explicit CheckSchedulesPass(const CPUTargetInfo &info) : info(info) {}

  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](SdpaOp op) {
      if (op.getBackend() != Backend::Flash || !op.getScheduleAttr())
        return WalkResult::advance();
      StringRef missing;
      op.getScheduleAttr().walk([&](CPUScheduleAttr schedule) {
        if (missing.empty())
          missing = getMissing(schedule);
      });
      if (missing.empty())
        return WalkResult::advance();
      op.emitError("the schedule needs ")
          << missing << ", which the CPU '" << info.cpu << "' lacks";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  StringRef getMissing(CPUScheduleAttr schedule) {
    if (schedule.getDot() == DotUnit::AMX && !info.hasAMX)
      return "AMX-BF16";
    if (schedule.getDot() == DotUnit::BF16 && !info.hasBF16Conversion)
      return "AVX512-BF16";
    if (schedule.getExp2() != Exp2Form::Portable && !info.hasAVX512)
      return "AVX-512";
    return "";
  }

  CPUTargetInfo info;
};

/// Reports what the passes before could not lower: some of them leave alone
/// what they do not know, or go on after an error.
struct CheckLoweredPass
    : PassWrapper<CheckLoweredPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckLoweredPass)

  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (op == getOperation() || isa<LLVM::LLVMDialect>(op->getDialect()))
        return WalkResult::advance();
      op->emitError("attn-lower-to-llvm-pipeline: '")
          << op->getName() << "' was not lowered to the LLVM dialect";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace

/// What does not fit together when the program runs is an error.
static void addShapeChecks(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createAttnCheckShapesPass());
  // A size that is only compared must not keep its tensor from being fused.
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Tensors to buffers.
static void addBufferization(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createAttnKeepArgumentsPass());
  pm.addPass(bufferization::createEmptyTensorToAllocTensorPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
}

/// Frees what bufferization allocated, once nothing needs it.
static void addDeallocation(OpPassManager &pm) {
  bufferization::BufferDeallocationPipelineOptions deallocation;
  bufferization::buildBufferDeallocationPipeline(pm, deallocation);
  pm.addNestedPass<func::FuncOp>(createAttnFreeEarlyPass());
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Without an instruction for it LLVM would call a library to round to bf16,
/// and not every library has it: computes in f32 and rounds by integer
/// arithmetic.
static void addFloatExpansion(OpPassManager &pm, const CPUTargetInfo &info) {
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = !info.hasBF16Conversion;
  if (expand.includeBf16) {
    arith::ArithEmulateUnsupportedFloatsOptions emulate;
    emulate.sourceTypeStrs = {"bf16"};
    emulate.targetTypeStr = "f32";
    pm.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
    pm.addPass(createAttnSplitBF16ConversionsPass());
  }
  pm.addPass(arith::createArithExpandOpsPass(expand));
}

/// scf, vector and the rest to the LLVM dialect.
static void addLoweringToLLVM(OpPassManager &pm, const CPUTargetInfo &info) {
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  VectorTransferToSCFOptions toSCF;
  toSCF.enableFullUnroll();
  pm.addPass(createConvertVectorToSCFPass(toSCF));
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  addFloatExpansion(pm, info);
  pm.addPass(createConvertMathToLLVMPass());
  // Takes vectors apart: before what lowers them.
  pm.addPass(createConvertMathToLibmPass());
  ConvertVectorToLLVMPassOptions toLLVM;
  toLLVM.x86Vector = true;
  toLLVM.vectorTransposeLowering =
      vector::VectorTransposeLowering::Shuffle16x16;
  toLLVM.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  pm.addPass(createConvertVectorToLLVMPass(toLLVM));
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  FinalizeMemRefToLLVMConversionPassOptions memory;
  memory.useGenericFunctions =
      true; // the run time's, which fail with a message
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memory));
  pm.addPass(std::make_unique<MarkAllocationsPass>());
  pm.addPass(createConvertFuncToLLVMPass());
  // Branches carry tiles: both must be converted at once.
  if (info.hasAMX) {
    pm.addPass(createConvertStreamedTilesToLLVMPass());
    pm.addPass(createConvertToLLVMPass());
  } else {
    pm.addPass(createConvertControlFlowToLLVMPass());
  }
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  if (!info.hasBF16Conversion)
    pm.addPass(createAttnMoveBF16AsBitsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(std::make_unique<CheckLoweredPass>());
}

/// What the schedule is chosen for: the CPU, and what the options force.
static llvm::Expected<AttnSelectSchedulePassOptions>
getScheduleOptions(const CPUTargetInfo &info, StringRef dot) {
  AttnSelectSchedulePassOptions schedule;
  schedule.vectorBits = info.vectorBits;
  schedule.vectorRegisters = info.numVectorRegisters;
  schedule.useAVX512 = info.hasAVX512;
  if (dot == "auto") {
    schedule.useBF16Dot = info.hasFastBF16Dot;
    schedule.useAMX = info.hasAMX;
    return schedule;
  }
  std::optional<DotUnit> unit = symbolizeDotUnit(dot);
  if (!unit)
    return llvm::createStringError("unknown dot '" + dot +
                                   "', expected auto, fma, bf16 or amx");
  schedule.useBF16Dot = *unit == DotUnit::BF16;
  schedule.useAMX = schedule.alwaysUseAMX = *unit == DotUnit::AMX;
  bool hasUnit =
      *unit == DotUnit::FMA ||
      (*unit == DotUnit::AMX ? info.hasAMX
                             : info.hasBF16Conversion && info.hasAVX512);
  if (!hasUnit)
    return llvm::createStringError("the CPU '" + info.cpu +
                                   "' has no dot = " + dot);
  return schedule;
}

void attn::buildLowerToLLVMPipeline(OpPassManager &pm,
                                    const LowerToLLVMPipelineOptions &options) {
  addShapeChecks(pm);
  AttnSelectBackendPassOptions backend;
  backend.backend = options.backend;
  pm.addNestedPass<func::FuncOp>(createAttnSelectBackendPass(backend));
  pm.addNestedPass<func::FuncOp>(createConvertAttnToLinalgPass());
  pm.addNestedPass<func::FuncOp>(createAttnFoldQueryHeadsPass());
  llvm::Expected<CPUTargetInfo> info =
      getCPUTargetInfo(options.cpu, options.triple);
  if (!info) {
    pm.addPass(std::make_unique<FailPass>("attn-lower-to-llvm-pipeline: " +
                                          llvm::toString(info.takeError())));
    return;
  }
  pm.addNestedPass<func::FuncOp>(std::make_unique<CheckSchedulesPass>(*info));
  llvm::Expected<AttnSelectSchedulePassOptions> schedule =
      getScheduleOptions(*info, options.dot);
  if (!schedule) {
    pm.addPass(
        std::make_unique<FailPass>("attn-lower-to-llvm-pipeline: " +
                                   llvm::toString(schedule.takeError())));
    return;
  }
  pm.addNestedPass<func::FuncOp>(createAttnSelectSchedulePass(*schedule));
  pm.addNestedPass<func::FuncOp>(createAttnDecomposeSoftmaxPass());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addNestedPass<func::FuncOp>(createAttnLowerConvolutionsPass());
  pm.addNestedPass<func::FuncOp>(createAttnWidenContractionsPass());
  // One pass over memory for what is element-wise.
  pm.addNestedPass<func::FuncOp>(createAttnFuseElementwisePass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createAttnCloneFillsPass());
  addBufferization(pm);
  pm.addPass(createConvertAttnToCPUPass());
  if (options.trace)
    pm.addPass(createConvertTraceToRuntimePass());
  ConvertContractionToVectorPassOptions contraction;
  contraction.vectorBits = info->vectorBits;
  contraction.vectorRegisters = info->numVectorRegisters;
  contraction.useAMX = schedule->useAMX;
  pm.addPass(createConvertContractionToVectorPass(contraction));
  pm.addNestedPass<func::FuncOp>(createAttnInterchangeReductionsPass());
  if (options.parallel)
    pm.addNestedPass<func::FuncOp>(createAttnParallelizeLinalgPass());
  pm.addNestedPass<func::FuncOp>(createAttnLowerReductionsPass());
  addDeallocation(pm);
  // What is expanded below is so in f32.
  pm.addPass(math::createMathExtendToSupportedTypes());
  pm.addNestedPass<func::FuncOp>(createAttnExpandExp2Pass());
  pm.addNestedPass<func::FuncOp>(createAttnExpandExpPass());
  pm.addNestedPass<func::FuncOp>(createAttnExpandTanhPass());
  pm.addNestedPass<func::FuncOp>(createAttnExpandErfPass());
  if (info->hasBF16Conversion && info->hasAVX512)
    pm.addNestedPass<func::FuncOp>(createAttnRoundTwoVectorsPass());
  if (options.parallel)
    pm.addPass(createConvertSCFParallelToRuntimePass());
  pm.addNestedPass<func::FuncOp>(createAttnCheckAllocationsPass());
  pm.addPass(createConvertResultsToRuntimePass());
  pm.addPass(createConvertAssertToRuntimePass());
  addLoweringToLLVM(pm, *info);
}

LogicalResult attn::lowerToLLVM(ModuleOp module,
                                const LowerToLLVMPipelineOptions &options) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  pm.enableVerifier(false);
  buildLowerToLLVMPipeline(pm, options);
  return success(succeeded(pm.run(module)) && succeeded(verify(module)));
}
