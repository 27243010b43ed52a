//===- Ptxas.h - PTX to binary code -----------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_NVVM_PTXAS_H
#define ATTN_TARGET_NVVM_PTXAS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace mlir::attn {

/// What ptxas says of a kernel.
struct KernelResources {
  std::string name;
  int64_t registers = 0, barriers = 0, sharedBytes = 0;
  int64_t stackBytes = 0, spillStoreBytes = 0, spillLoadBytes = 0;

  bool hasSpills() const { return spillStoreBytes != 0 || spillLoadBytes != 0; }
};

/// A line of ptxas that is no statistic. The code is C7510 and the like, or
/// empty.
struct PtxasMessage {
  enum Severity { Info, Warning, Error } severity;
  std::string code, text;
};

struct PtxasReport {
  std::vector<KernelResources> kernels;
  std::vector<PtxasMessage> messages;
};

/// Reads the output of `ptxas -v`.
PtxasReport parsePtxasOutput(llvm::StringRef output);

/// Finds ptxas: in `toolkit` (a CUDA toolkit, or the file itself) if that is
/// not empty, else in each of `places` (toolkits), /usr/local/cuda, and the
/// PATH.
llvm::Expected<std::string> findPtxas(llvm::StringRef toolkit,
                                      llvm::ArrayRef<std::string> places = {});

/// The toolkit that `./dev cuda` keeps in the user's cache directory, whether
/// it is there or not: the `places` of our tools. Empty without such a
/// directory.
std::vector<std::string> getCachedToolkits();

struct PtxasOptions {
  /// What `findPtxas` found.
  std::string path;
  /// sm_90a, ...
  std::string arch;
  int optLevel = 3;
  /// Where compiled code is kept for the next time; empty: nowhere. Processes
  /// may share it.
  std::string cacheDirectory;
};

struct CompiledCode {
  std::string cubin;
  /// What ptxas printed, and the same read.
  std::string log;
  PtxasReport report;
  bool fromCache = false;
};

/// Compiles PTX. An error has what ptxas printed.
llvm::Expected<CompiledCode> runPtxas(llvm::StringRef ptx,
                                      const PtxasOptions &options);

} // namespace mlir::attn

#endif // ATTN_TARGET_NVVM_PTXAS_H
