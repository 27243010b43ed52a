//===- CubinCache.h - Compiled kernels on disk ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_NVVM_CUBINCACHE_H
#define ATTN_TARGET_NVVM_CUBINCACHE_H

#include "attn/Target/NVVM/Ptxas.h"
#include "llvm/ADT/SmallString.h"
#include <optional>

namespace mlir::attn {

/// A code and what ptxas printed for it, in two files named by a hash of all
/// that they depend on. Files appear as a whole, by renaming; the code comes
/// last. Processes may share a directory.
class CubinCache {
public:
  CubinCache(llvm::StringRef directory, llvm::StringRef key);

  std::optional<CompiledCode> read() const;
  llvm::Error write(const CompiledCode &code) const;

  /// A key of texts and, where they are files, of what tells them from others
  /// at the same place.
  static std::string makeKey(llvm::ArrayRef<llvm::StringRef> texts,
                             llvm::ArrayRef<llvm::StringRef> files);

private:
  std::string getPath(llvm::StringRef extension) const;

  llvm::SmallString<128> stem;
};

} // namespace mlir::attn

#endif // ATTN_TARGET_NVVM_CUBINCACHE_H
