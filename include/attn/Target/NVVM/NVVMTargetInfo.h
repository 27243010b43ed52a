//===- NVVMTargetInfo.h - Facts about an NVIDIA GPU -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_NVVM_NVVMTARGETINFO_H
#define ATTN_TARGET_NVVM_NVVMTARGETINFO_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::attn {

/// What kernels need to know of the GPU that they are for.
struct NVVMTargetInfo {
  /// LLVM's names: the chip, and the version of PTX as a feature.
  std::string chip, features;
  /// 90 for compute capability 9.0.
  int64_t capability = 0;
  /// `sm_90a` runs on 9.0 alone, `sm_100f` on all 10.x from 10.0 on.
  bool isArchSpecific = false, isFamilySpecific = false;
  /// Shared memory that one block can have, and multiprocessors of the largest
  /// GPU of the kind (for cost models; the runtime asks the device).
  int64_t maxSharedBytes = 0, numMultiprocessors = 0;
  /// Warpgroup products (wgmma): Hopper alone has them.
  bool hasWgmma() const { return capability == 90 && isArchSpecific; }
  /// The tensor memory accelerator.
  bool hasTMA() const { return capability >= 90; }
};

/// Resolves the name of an architecture: sm_80, sm_90a, sm_100f, ... An unknown
/// one, and one from before Ampere, is an error.
llvm::Expected<NVVMTargetInfo> getNVVMTargetInfo(llvm::StringRef arch);

/// The name of the code that is best for a device of a compute capability
/// (90 becomes sm_90a).
std::string getArchOfDevice(int64_t capability);

} // namespace mlir::attn

#endif // ATTN_TARGET_NVVM_NVVMTARGETINFO_H
