//===- TemporaryFile.h - Files that are gone in the end ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SUPPORT_TEMPORARYFILE_H
#define ATTN_SUPPORT_TEMPORARYFILE_H

#include "attn/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"

namespace mlir::attn {

/// What goes to or comes from another program: a file that is removed with the
/// object.
class TemporaryFile {
public:
  llvm::Error create(llvm::StringRef extension) {
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("attn", extension, path))
      return llvm::createStringError(error,
                                     "no temporary file: " + error.message());
    remover.setFile(path);
    return llvm::Error::success();
  }

  llvm::StringRef getPath() const { return path; }

  llvm::Error write(llvm::StringRef content) const {
    return writeOutputFile(path, content);
  }

  llvm::Expected<std::string> read() const {
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer)
      return llvm::createStringError(path + ": " + buffer.getError().message());
    return (*buffer)->getBuffer().str();
  }

private:
  llvm::SmallString<128> path;
  llvm::FileRemover remover;
};

} // namespace mlir::attn

#endif // ATTN_SUPPORT_TEMPORARYFILE_H
