//===- VerifyFusion.h - Fusions against their originals ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_VERIFYFUSION_H
#define ATTN_TOOLS_ATTN_RUN_VERIFYFUSION_H

#include "Program.h"

namespace mlir::attn {

/// Runs both sides of every fusion that attn-outline-fusions left in the
/// module, on random inputs and on such that are hard, prints a line for each,
/// and fails if one differs. `lowering` says how the fused side is lowered.
LogicalResult verifyFusions(ModuleOp module, const CPUTargetInfo &target,
                            const LowerToLLVMPipelineOptions &lowering,
                            uint64_t seed);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_VERIFYFUSION_H
