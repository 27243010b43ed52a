//===- OutputFile.cpp - Output files, whole or not at all -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorOr.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <filesystem>
#include <optional>
#include <vector>

using namespace llvm;
using mlir::attn::OutputFile;

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

namespace {
/// A regular file on its way: written to a temporary file beside the one that
/// it replaces.
class PendingFile {
public:
  explicit PendingFile(const OutputFile &file) : file(file) {}
  PendingFile(PendingFile &&other) = default;
  ~PendingFile() {
    if (temporary)
      consumeError(temporary->discard());
  }

  Error write(bool exists);
  Error keep();
  StringRef getTarget() const { return target; }

private:
  OutputFile file;
  SmallString<256> target;
  std::optional<sys::fs::TempFile> temporary;
};
} // namespace

/// The file that symbolic links lead to, which need not be there.
static ErrorOr<std::string> followLinks(StringRef path) {
  std::filesystem::path followed(path.str());
  // As many as Linux follows.
  for (int i = 0; i < 40; ++i) {
    std::error_code error;
    std::filesystem::path link = std::filesystem::read_symlink(followed, error);
    if (error)
      return followed.string();
    followed = followed.parent_path() / link;
  }
  return std::make_error_code(std::errc::too_many_symbolic_link_levels);
}

Error PendingFile::write(bool exists) {
  StringRef path = file.path;
  if (exists) {
    if (std::error_code error = sys::fs::real_path(path, target))
      return makeError(path, error.message());
  } else {
    ErrorOr<std::string> followed = followLinks(path);
    if (!followed)
      return makeError(path, followed.getError().message());
    StringRef directory = sys::path::parent_path(*followed);
    if (sys::fs::real_path(directory.empty() ? "." : directory, target) ||
        !sys::fs::is_directory(target))
      return makeError(path, "no such directory");
    sys::path::append(target, sys::path::filename(*followed));
  }
  unsigned mode = sys::fs::all_read | sys::fs::owner_write |
                  (file.executable ? sys::fs::all_exe : sys::fs::no_perms);
  Expected<sys::fs::TempFile> created =
      sys::fs::TempFile::create(target + ".%%%%%%.tmp", mode);
  if (!created)
    return makeError(path, toString(created.takeError()));
  temporary = std::move(*created);
  raw_fd_ostream os(temporary->FD, /*shouldClose=*/false);
  return writeTo(os, path, file.content);
}

Error PendingFile::keep() {
  if (Error error = temporary->keep(target))
    return makeError(file.path, toString(std::move(error)));
  temporary.reset();
  return Error::success();
}

/// Writes to what is there and stays: stdout, a device, a pipe.
static Error writeInPlace(const OutputFile &file) {
  if (file.path == "-")
    return writeTo(outs(), file.path, file.content);
  std::error_code error;
  raw_fd_ostream os(file.path, error, sys::fs::CD_OpenExisting,
                    sys::fs::FA_Write, sys::fs::OF_None);
  return error ? makeError(file.path, error.message())
               : writeTo(os, file.path, file.content);
}

Error mlir::attn::writeOutputFiles(ArrayRef<OutputFile> files) {
  std::vector<PendingFile> pending;
  SmallVector<const OutputFile *> inPlace;
  for (const OutputFile &file : files) {
    sys::fs::file_status status;
    bool exists = file.path == "-" || (!sys::fs::status(file.path, status) &&
                                       sys::fs::exists(status));
    if (exists && sys::fs::is_directory(status))
      return makeError(file.path, "is a directory");
    if (exists && !sys::fs::is_regular_file(status)) {
      inPlace.push_back(&file);
      continue;
    }
    pending.emplace_back(file);
    if (Error error = pending.back().write(exists))
      return error;
    for (const PendingFile &other : ArrayRef(pending).drop_back())
      if (other.getTarget() == pending.back().getTarget())
        return makeError(file.path, "two outputs go to one file");
  }
  for (const OutputFile *file : inPlace)
    if (Error error = writeInPlace(*file))
      return error;
  for (PendingFile &file : pending)
    if (Error error = file.keep())
      return error;
  return Error::success();
}

Error mlir::attn::writeOutputFile(StringRef path, StringRef content,
                                  bool executable) {
  return writeOutputFiles(OutputFile{path, content, executable});
}
