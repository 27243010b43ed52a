//===- OutputFile.cpp - Output files, whole or not at all -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static Error makeError(StringRef path, const Twine &message) {
  return createStringError(path + ": " + message);
}

/// Writes everything to a stream; takes its error.
static Error writeTo(raw_fd_ostream &os, StringRef path, StringRef content) {
  os << content;
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return error ? makeError(path, error.message()) : Error::success();
}

Error mlir::attn::writeOutputFile(StringRef path, StringRef content,
                                  bool executable) {
  if (path == "-")
    return writeTo(outs(), path, content);
  sys::fs::file_status status;
  bool exists = !sys::fs::status(path, status) && sys::fs::exists(status);
  if (exists && sys::fs::is_directory(status))
    return makeError(path, "is a directory");
  if (exists && !sys::fs::is_regular_file(status)) {
    std::error_code error;
    raw_fd_ostream os(path, error, sys::fs::CD_OpenExisting, sys::fs::FA_Write,
                      sys::fs::OF_None);
    return error ? makeError(path, error.message())
                 : writeTo(os, path, content);
  }
  // The temporary file lies beside the file that it replaces.
  SmallString<256> target(path);
  if (exists)
    if (std::error_code error = sys::fs::real_path(path, target))
      return makeError(path, error.message());
  StringRef directory = sys::path::parent_path(target);
  if (!directory.empty() && !sys::fs::is_directory(directory))
    return makeError(path, "no such directory");
  unsigned mode = sys::fs::all_read | sys::fs::owner_write |
                  (executable ? sys::fs::all_exe : sys::fs::no_perms);
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(target + ".%%%%%%.tmp", mode);
  if (!file)
    return makeError(path, toString(file.takeError()));
  Error written = Error::success();
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    written = joinErrors(std::move(written), writeTo(os, path, content));
  }
  if (written) {
    consumeError(file->discard());
    return written;
  }
  if (Error error = file->keep(target)) {
    std::string message = toString(std::move(error));
    consumeError(file->discard());
    return makeError(path, message);
  }
  return Error::success();
}
