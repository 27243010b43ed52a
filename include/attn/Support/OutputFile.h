//===- OutputFile.h - Output files, whole or not at all ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SUPPORT_OUTPUTFILE_H
#define ATTN_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir::attn {

/// Writes a file as a whole or, on an error, not at all: what was there before
/// stays then. Symbolic links are followed; devices and pipes are written to as
/// they are, and `-` is stdout. Errors begin with the path.
llvm::Error writeOutputFile(llvm::StringRef path, llvm::StringRef content,
                            bool executable = false);

struct OutputFile {
  llvm::StringRef path, content;
  bool executable = false;
};

/// Writes files likewise: all of them or, on an error, none, but what went to
/// stdout, devices and pipes. Two that are one file are an error.
llvm::Error writeOutputFiles(llvm::ArrayRef<OutputFile> files);

} // namespace mlir::attn

#endif // ATTN_SUPPORT_OUTPUTFILE_H
