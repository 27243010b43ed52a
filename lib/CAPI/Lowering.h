//===- Lowering.h - From modules to objects ------------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CAPI_LOWERING_H
#define ATTN_LIB_CAPI_LOWERING_H

#include "attn/Target/CPU/CPUTargetInfo.h"
#include "attn/Target/CPU/EntryPoint.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>

struct attn_options;

namespace mlir::attn {

/// `attn_options` with their defaults.
struct CompilerOptions {
  std::string entry = "main", backend = "auto", cpu = "native",
              numerics = "default", cache;
  uint64_t cacheBytes = 256 << 20;
  bool fuse = false, requireCached = false;
  EntryTarget target = EntryTarget::CPU;
  /// Empty: that of the device.
  std::string gpuArch;
  std::vector<std::string> toolkits;
  std::string kernelOptions;

  bool isCUDA() const { return target == EntryTarget::CUDA; }
};

/// Reads options; null if something is wrong with them, which is the message
/// of this thread then.
std::optional<CompilerOptions> readOptions(const attn_options *given);

/// What code is made for.
struct CompilerTarget {
  /// The CPU, of CUDA the host.
  CPUTargetInfo cpu;
  /// Of CUDA: the code, and the ptxas that makes it. An empty one leaves PTX to
  /// the driver.
  std::string gpuArch, ptxas;
};

/// Resolves what the options leave open.
llvm::Expected<CompilerTarget> resolveTarget(const CompilerOptions &options);

/// Raises naive attention.
LogicalResult raiseAttention(ModuleOp module, const CompilerOptions &options);

/// The module lowered and compiled to an object. With `checksCPU` it says so
/// when it runs where it cannot.
LogicalResult compileToObject(ModuleOp module, const CompilerOptions &options,
                              const CompilerTarget &target,
                              SmallVectorImpl<char> &object,
                              bool checksCPU = false);

/// All that the object depends on. Compilers that differ in their code have
/// different versions, or different build IDs of the library.
std::string makeCacheKey(StringRef text, const CompilerOptions &options,
                         const CompilerTarget &target);

} // namespace mlir::attn

#endif // ATTN_LIB_CAPI_LOWERING_H
