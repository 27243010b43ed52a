//===- Pipelines.h - Named pass pipelines -----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PIPELINES_PIPELINES_H
#define ATTN_PIPELINES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::attn {

/// Options of `attn-raise-pipeline`.
struct RaisePipelineOptions : PassPipelineOptions<RaisePipelineOptions> {
  Option<std::string> numerics{
      *this, "numerics",
      llvm::cl::desc("What fusion may change: strict, default or fast"),
      llvm::cl::init("default")};
  Option<bool> verifyFusion{
      *this, "verify-fusion",
      llvm::cl::desc("Keep both sides of every fusion as functions that "
                     "attn-run --verify-fusion compares"),
      llvm::cl::init(false)};
  Option<bool> recompute{
      *this, "recompute",
      llvm::cl::desc("Fuse also where logits or probabilities are used "
                     "elsewhere and are computed a second time"),
      llvm::cl::init(false)};
};

/// Options of `attn-lower-to-llvm-pipeline`.
struct LowerToLLVMPipelineOptions
    : PassPipelineOptions<LowerToLLVMPipelineOptions> {
  Option<std::string> backend{
      *this, "backend",
      llvm::cl::desc("Backend of every attn.sdpa that names none: auto (flash "
                     "where it can, else math), flash (an error where it "
                     "cannot), or math"),
      llvm::cl::init("auto")};
  Option<std::string> cpu{
      *this, "cpu",
      llvm::cl::desc("CPU to generate code for, as LLVM names it, or native"),
      llvm::cl::init("native")};
  Option<std::string> triple{
      *this, "triple",
      llvm::cl::desc("Triple of the CPU, as LLVM writes it (default: this "
                     "machine's)"),
      llvm::cl::init("")};
  Option<std::string> dot{
      *this, "dot",
      llvm::cl::desc("What multiplies bf16: auto, fma, bf16 (pairs) or amx"),
      llvm::cl::init("auto")};
  Option<bool> parallel{
      *this, "parallel",
      llvm::cl::desc("Run loops on the threads of the runtime"),
      llvm::cl::init(true)};
  Option<bool> trace{
      *this, "trace",
      llvm::cl::desc("Let kernels tell the runtime when they run"),
      llvm::cl::init(false)};
};

/// Options of `attn-lower-to-nvvm-pipeline`.
struct LowerToNVVMPipelineOptions
    : PassPipelineOptions<LowerToNVVMPipelineOptions> {
  Option<std::string> backend{
      *this, "backend",
      llvm::cl::desc("Backend of every attn.sdpa that names none: auto or "
                     "flash, of which there is no other here"),
      llvm::cl::init("auto")};
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("GPU to generate kernels for, as LLVM names it"),
      llvm::cl::init("sm_90a")};
  Option<std::string> softmax{
      *this, "softmax",
      llvm::cl::desc("Form of the softmax: auto, standard, lazy or optimistic"),
      llvm::cl::init("auto")};
  Option<int64_t> consumers{
      *this, "consumers",
      llvm::cl::desc(
          "Consumer warpgroups of a block, of 64 queries each (0: chosen)"),
      llvm::cl::init(0)};
  Option<int64_t> blockKeys{*this, "block-keys",
                            llvm::cl::desc("Keys of a block (0: chosen)"),
                            llvm::cl::init(0)};
  Option<int64_t> stages{
      *this, "stages",
      llvm::cl::desc("Blocks of keys and values in flight (0: chosen)"),
      llvm::cl::init(0)};
  Option<int64_t> queryStages{
      *this, "query-stages",
      llvm::cl::desc("Tiles of queries in flight (0: chosen)"),
      llvm::cl::init(0)};
  Option<int64_t> sectionHeads{
      *this, "section-heads",
      llvm::cl::desc("Heads whose tiles are handed out together (0: chosen)"),
      llvm::cl::init(0)};
  Option<int64_t> keySplits{
      *this, "key-splits",
      llvm::cl::desc("Splits of the keys of a tile (1: none, 0: as split-keys "
                     "says)"),
      llvm::cl::init(0)};
  Option<std::string> splitKeys{
      *this, "split-keys",
      llvm::cl::desc("Whether each launch splits keys into as many parts as "
                     "keep the GPU busy: auto, on or off"),
      llvm::cl::init("auto")};
  Option<std::string> fewQueries{
      *this, "few-queries",
      llvm::cl::desc("Whether queries are few, so that tiles have 64 of them, "
                     "or of several heads that share keys: auto, on, off or "
                     "grouped (on, and such heads have more than 64 together)"),
      llvm::cl::init("auto")};
  Option<std::string> turns{
      *this, "turns",
      llvm::cl::desc("Whether consumers take turns: auto, on or off"),
      llvm::cl::init("auto")};
  Option<std::string> output{
      *this, "output",
      llvm::cl::desc("How outputs leave a kernel: auto, copied or stored"),
      llvm::cl::init("auto")};
  Option<std::string> narrowBlocks{
      *this, "narrow-blocks",
      llvm::cl::desc("Whether half of a tile's last block of keys is computed "
                     "where no more is needed: auto, on or off"),
      llvm::cl::init("auto")};
  Option<std::string> queryRegisters{
      *this, "query-registers",
      llvm::cl::desc("Whether consumers hold the queries of a tile in "
                     "registers: auto, on or off"),
      llvm::cl::init("auto")};
  Option<std::string> f32{
      *this, "f32",
      llvm::cl::desc("How f32 is multiplied: auto, bf16x3 or tf32"),
      llvm::cl::init("auto")};
  Option<std::string> cubinCache{
      *this, "cubin-cache",
      llvm::cl::desc("Take kernels compiled before from this directory")};
  Option<std::string> ptxas{
      *this, "ptxas",
      llvm::cl::desc("A CUDA toolkit or a ptxas, whose code is taken")};
  ListOption<std::string> places{
      *this, "places",
      llvm::cl::desc("CUDA toolkits to look in where ptxas is not given")};
  Option<bool> binary{
      *this, "binary",
      llvm::cl::desc("Turn modules of kernels into gpu.binary with PTX"),
      llvm::cl::init(true)};
};

/// Naive linalg on tensors to attn.sdpa.
void buildRaisePipeline(OpPassManager &pm,
                        const RaisePipelineOptions &options = {});

/// attn and linalg on tensors to the LLVM dialect, for the CPU.
void buildLowerToLLVMPipeline(OpPassManager &pm,
                              const LowerToLLVMPipelineOptions &options = {});

/// Runs that pipeline, and verifies its result only: between the passes that
/// takes half of the time. attn-opt and attn-run verify after each.
LogicalResult lowerToLLVM(ModuleOp module,
                          const LowerToLLVMPipelineOptions &options);

/// Options of the two pipelines around the lowering of kernels for CUDA.
struct CUDAHostPipelineOptions : PassPipelineOptions<CUDAHostPipelineOptions> {
};

/// attn on tensors to attn on memrefs in the memory of a GPU: public functions
/// write their results to memrefs of their callers'.
void buildBufferizeForCUDAPipeline(OpPassManager &pm);

/// attn on tensors or memrefs (in device memory) to kernels in PTX and their
/// launches; the host's side of those is left to other passes.
void buildLowerToNVVMPipeline(OpPassManager &pm,
                              const LowerToNVVMPipelineOptions &options = {});

/// The host side of GPU code, kernels in gpu.binary, to the LLVM dialect and
/// calls of the CUDA runtime.
void buildLowerCUDAHostPipeline(OpPassManager &pm);

/// A step from attn on tensors to a program for CUDA.
enum class CUDAStage {
  /// To launches on memrefs, and kernels as PTX in gpu.binary.
  Kernels,
  /// PTX to cubins, by the ptxas of the options.
  Assembly,
  /// The host side to the LLVM dialect.
  Host
};

/// Runs the pipelines for CUDA that `stages` names; `finished` is told after
/// each. Without Assembly the driver compiles the PTX when it is loaded.
LogicalResult lowerToCUDA(ModuleOp module,
                          const LowerToNVVMPipelineOptions &options,
                          ArrayRef<CUDAStage> stages,
                          function_ref<void(CUDAStage)> finished = {});

/// Registers the pipelines by name.
void registerAttnPipelines();

} // namespace mlir::attn

#endif // ATTN_PIPELINES_PIPELINES_H
