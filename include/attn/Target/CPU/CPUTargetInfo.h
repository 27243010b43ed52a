//===- CPUTargetInfo.h - Facts about a CPU ----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_CPU_CPUTARGETINFO_H
#define ATTN_TARGET_CPU_CPUTARGETINFO_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>
#include <vector>

namespace mlir::attn {

/// What kernels need to know of the CPU that they are for.
struct CPUTargetInfo {
  /// LLVM's triple, CPU name and feature string.
  std::string triple, cpu, features;
  /// Width of a vector register in bits, and the number of them.
  int64_t vectorBits = 128;
  int64_t numVectorRegisters = 16;
  /// AVX-512 F, DQ, BW and VL.
  bool hasAVX512 = false;
  /// Whether conversions between f32 and bf16 are instructions.
  bool hasBF16Conversion = false;
  /// Whether products of pairs of bf16 (vdpbf16ps) run at the rate of FMAs: on
  /// AMD's CPUs; Intel's need twice the time of the FMAs that they replace.
  bool hasFastBF16Dot = false;
  /// Whether it multiplies tiles of bf16 (AMX-BF16).
  bool hasAMX = false;
};

/// Resolves a CPU name of LLVM's (`x86-64-v3`, `znver4`, ...) or `native`, the
/// host itself. The triple is the host's unless one is given. An unknown name
/// is an error.
llvm::Expected<CPUTargetInfo> getCPUTargetInfo(llvm::StringRef cpu,
                                               llvm::StringRef triple = "");

/// The features that the CPU has and this machine lacks, by LLVM's names, if
/// any: its code would end in an illegal instruction here.
std::vector<std::string> getFeaturesHostLacks(const CPUTargetInfo &info);

/// The features that code for the CPU may use, as the mask that the runtime
/// compares with those of the CPU it runs on (attn/Runtime/CPU/Features.def).
/// Features that the runtime does not know are not used.
uint64_t getFeatureMask(const CPUTargetInfo &info);

/// A code generator for the CPU: position independent, at the highest
/// optimization level.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CPUTargetInfo &info);

} // namespace mlir::attn

#endif // ATTN_TARGET_CPU_CPUTARGETINFO_H
