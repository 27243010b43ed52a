//===- Inputs.h - Arguments and expected results ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_INPUTS_H
#define ATTN_TOOLS_ATTN_RUN_INPUTS_H

#include "HostTensor.h"
#include "Options.h"

namespace mlir::attn {

/// The arguments of the entry: from files, or random.
FailureOr<std::vector<HostTensor>> makeInputs(const Options &options,
                                              const EntrySignature &signature);

/// What the results shall be, from files.
FailureOr<std::vector<HostTensor>>
readExpected(const Options &options, const EntrySignature &signature);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_INPUTS_H
