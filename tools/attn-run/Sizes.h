//===- Sizes.h - Sizes that only arguments tell -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_SIZES_H
#define ATTN_TOOLS_ATTN_RUN_SIZES_H

#include "Program.h"

namespace mlir::attn {

/// The sizes of all results of `entry` for these arguments: what of the module
/// computes sizes is compiled for the CPU and run.
FailureOr<std::vector<SmallVector<int64_t>>>
computeResultShapes(ModuleOp module, StringRef entry,
                    MutableArrayRef<HostTensor> inputs,
                    const EntrySignature &signature, const CPUTargetInfo &info,
                    const LowerToLLVMPipelineOptions &lowering, Trace &trace);

/// The operations of all attention of `entry` for these arguments: 2 (D + Dv)
/// for each pair of query and key that the structure keeps. Nothing if some
/// attention may run any number of times: in loops, branches, other functions.
FailureOr<std::optional<int64_t>>
countFlops(ModuleOp module, StringRef entry, MutableArrayRef<HostTensor> inputs,
           const EntrySignature &signature, const CPUTargetInfo &info,
           const LowerToLLVMPipelineOptions &lowering, Trace &trace);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_SIZES_H
