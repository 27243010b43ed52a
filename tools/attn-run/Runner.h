//===- Runner.h - Compiles, runs, compares, times ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_RUNNER_H
#define ATTN_TOOLS_ATTN_RUN_RUNNER_H

#include "DeviceProgram.h"
#include "Options.h"
#include "Program.h"
#include "Report.h"
#include "attn/Runtime/CUDA/Runtime.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

namespace mlir::attn {

class Runner {
public:
  Runner(const Options &options, MLIRContext &context)
      : options(options), context(context) {}

  LogicalResult run();
  /// What the process ends with.
  int getExitCode() const { return noDevice ? 2 : 1; }

private:
  LogicalResult checkTarget();
  LogicalResult readModule();
  LogicalResult raise();
  LogicalResult draw();
  LogicalResult verifyEachFusion();
  LogicalResult count();
  LogicalResult compileAll();
  LogicalResult compileForDevice();
  LogicalResult runAll();
  LogicalResult compareResults(ArrayRef<HostTensor> expected, bool unfused);
  /// Runs twice and compares the bits.
  LogicalResult runOnDevice();
  LogicalResult bench();
  LogicalResult benchOnDevice();
  LogicalResult writeOutputs();

  OwningOpRef<ModuleOp> clone() { return cast<ModuleOp>(given->clone()); }
  LowerToLLVMPipelineOptions &getLowering(StringRef backend);

  const Options &options;
  MLIRContext &context;
  CPUTargetInfo target;
  llvm::SourceMgr sources;
  Trace trace;
  Report report;
  OwningOpRef<ModuleOp> given;
  EntrySignature signature;
  LowerToLLVMPipelineOptions lowering;
  std::optional<Program> program, compared;
  std::optional<DeviceProgram> device;
  attn_cuda_device deviceInfo = {};
  bool noDevice = false;
  std::vector<HostTensor> inputs, comparedInputs, results;
  bool mismatch = false;
};

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_RUNNER_H
