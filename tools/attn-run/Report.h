//===- Report.h - What attn-run says ----------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_REPORT_H
#define ATTN_TOOLS_ATTN_RUN_REPORT_H

#include "HostTensor.h"
#include "Options.h"

namespace mlir::attn {

struct Timing {
  double minMs = 0, medianMs = 0;
};

Timing getTiming(std::vector<double> seconds);

/// What the report says.
struct Report {
  std::string entry, target, device, backend = "none";
  int threads = 1;
  int64_t fused = 0;
  double compileMs = 0;
  std::optional<int64_t> flops;
  std::optional<Timing> timing;
  /// On a GPU: without flushing L2 before each run.
  std::optional<Timing> warmTiming;
  /// The program that was run beside, if one was timed.
  std::string comparedName;
  std::optional<Timing> comparedTiming;
  /// One for each result that was compared.
  std::vector<TensorError> errors;

  void print(llvm::raw_ostream &os, Format format) const;

private:
  std::optional<double> getGflops() const;
  void printTable(llvm::raw_ostream &os) const;
  void printJSON(llvm::raw_ostream &os) const;
};

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_REPORT_H
