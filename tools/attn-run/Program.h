//===- Program.h - A module, compiled and timed -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_PROGRAM_H
#define ATTN_TOOLS_ATTN_RUN_PROGRAM_H

#include "HostTensor.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/CPU/Compiler.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir::attn {

/// Events of a Chrome trace (chrome://tracing, Perfetto).
class Trace {
public:
  using Clock = std::chrono::steady_clock;

  void add(StringRef name, StringRef category, Clock::time_point begin,
           Clock::time_point end);
  /// The event of a kernel, as the runtime gives it (nanoseconds).
  static void addKernel(void *trace, const char *name, int64_t begin,
                        int64_t end);
  std::string format() const;

private:
  struct Event {
    std::string name, category;
    double beginUs, durationUs;
  };
  Clock::time_point start = Clock::now();
  std::vector<Event> events;
};

/// One form of the computation: as fused, as given, or the reference.
class Program {
public:
  Program(StringRef name, OwningOpRef<ModuleOp> module)
      : name(name), module(std::move(module)) {}

  ModuleOp getModule() { return *module; }
  OwningOpRef<ModuleOp> takeModule() { return std::move(module); }
  StringRef getName() const { return name; }

  /// Lowers and compiles; diagnostics say what failed.
  LogicalResult compile(StringRef entry, const CPUTargetInfo &info,
                        const LowerToLLVMPipelineOptions &options,
                        Trace &trace);

  /// Runs once, with memory of the program's own for the results.
  llvm::Expected<std::vector<HostTensor>>
  run(MutableArrayRef<HostTensor> inputs,
      const EntrySignature &signature) const;

  /// Runs into given results and returns the seconds it took.
  llvm::Expected<double> runTimed(MutableArrayRef<HostTensor> inputs,
                                  MutableArrayRef<HostTensor> results) const;

private:
  std::string name;
  OwningOpRef<ModuleOp> module;
  std::string errorFunction;
  std::optional<CompiledEntry> compiled;
};

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_PROGRAM_H
