//===- ObjectCache.h - Compiled objects on disk --------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_CPU_OBJECTCACHE_H
#define ATTN_TARGET_CPU_OBJECTCACHE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>

namespace mlir::attn {

/// Objects in files of one directory, named by a hash of all that they depend
/// on. Files appear as a whole, by renaming, and carry a hash of their content:
/// what is damaged is not found. Processes may share a directory.
class ObjectCache {
public:
  /// Above `maxBytes` in all, the objects that were not used for longest go.
  ObjectCache(llvm::StringRef directory, uint64_t maxBytes)
      : directory(directory), maxBytes(maxBytes) {}

  static std::string makeKey(llvm::ArrayRef<llvm::StringRef> texts);

  /// Null if there is none, or a damaged one.
  std::unique_ptr<llvm::MemoryBuffer> read(llvm::StringRef key) const;
  llvm::Error write(llvm::StringRef key, llvm::StringRef object) const;

private:
  std::string getPath(llvm::StringRef key) const;
  void evict(llvm::StringRef kept) const;

  std::string directory;
  uint64_t maxBytes;
};

} // namespace mlir::attn

#endif // ATTN_TARGET_CPU_OBJECTCACHE_H
