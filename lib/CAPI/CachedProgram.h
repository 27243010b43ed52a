//===- CachedProgram.h - Programs as files of the cache --------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is kept of a program: its code, and what it takes and gives, so that it
// can be called without its module, whose dialects take longer to load than the
// code.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CAPI_CACHEDPROGRAM_H
#define ATTN_LIB_CAPI_CACHEDPROGRAM_H

#include "attn/Target/CPU/EntryPoint.h"
#include <optional>
#include <string>

namespace mlir::attn {

/// Of inputs, then outputs. A dimension that is not known is -1.
struct ProgramSignature {
  int32_t numInputs = 0, numOutputs = 0;
  SmallVector<EntryValue> values;
};

/// What is written into a file of the cache: for this machine alone.
std::string serializeProgram(const ProgramSignature &signature,
                             StringRef object);

/// Reads the signature and returns the object, which is in `content`; nothing
/// if that is not what serializeProgram makes.
std::optional<StringRef> deserializeProgram(StringRef content,
                                            ProgramSignature &signature);

} // namespace mlir::attn

#endif // ATTN_LIB_CAPI_CACHEDPROGRAM_H
