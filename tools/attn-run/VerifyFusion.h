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
/// module, prints a line for each, and fails if one differs. Inputs are what
/// `entry` computes there for `arguments`, then random ones of these sizes and
/// such that are hard: logits that saturate, rows without keys, NaN under the
/// mask. `lowering` says how the fused side is lowered.
LogicalResult verifyFusions(ModuleOp module, StringRef entry,
                            MutableArrayRef<HostTensor> arguments,
                            const CPUTargetInfo &target,
                            const LowerToLLVMPipelineOptions &lowering,
                            uint64_t seed);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_VERIFYFUSION_H
