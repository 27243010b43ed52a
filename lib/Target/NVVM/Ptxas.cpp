//===- Ptxas.cpp - PTX to binary code ---------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/Ptxas.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Finding it
//===----------------------------------------------------------------------===//

static bool isExecutable(const Twine &path) {
  return sys::fs::can_execute(path) && !sys::fs::is_directory(path);
}

Expected<std::string> mlir::attn::findPtxas(StringRef toolkit,
                                            ArrayRef<std::string> places) {
  if (!toolkit.empty()) {
    if (isExecutable(toolkit))
      return toolkit.str();
    if (isExecutable(toolkit + "/bin/ptxas"))
      return (toolkit + "/bin/ptxas").str();
    return createStringError("no ptxas at " + toolkit + " nor in its bin/");
  }
  for (StringRef place : places)
    if (isExecutable(place + "/bin/ptxas"))
      return (place + "/bin/ptxas").str();
  if (isExecutable("/usr/local/cuda/bin/ptxas"))
    return "/usr/local/cuda/bin/ptxas";
  ErrorOr<std::string> onPath = sys::findProgramByName("ptxas");
  if (onPath)
    return *onPath;
  return createStringError(
      "no ptxas: neither in /usr/local/cuda nor on the PATH; it is part of the "
      "CUDA toolkit and of the PyPI package nvidia-cuda-nvcc (./dev cuda gets "
      "that one)");
}

//===----------------------------------------------------------------------===//
// The cache
//===----------------------------------------------------------------------===//

namespace {

/// A code and what ptxas printed for it, in two files named by a hash of all
/// that they depend on. Files appear as a whole, by renaming; the code comes
/// last.
class Cache {
public:
  Cache(StringRef directory, StringRef ptx, const PtxasOptions &options);

  std::optional<CompiledCode> read() const;
  Error write(StringRef cubin, StringRef output) const;

private:
  std::string getPath(StringRef extension) const;

  SmallString<128> stem;
};

Cache::Cache(StringRef directory, StringRef ptx, const PtxasOptions &options) {
  SHA256 hash;
  auto add = [&](StringRef text) {
    hash.update(text);
    hash.update(StringRef("\0", 1));
  };
  add("attn-cubin-1");
  add(options.arch);
  add(itostr(options.optLevel));
  // Another ptxas is another file.
  add(options.path);
  sys::fs::file_status status;
  if (!sys::fs::status(options.path, status)) {
    add(utostr(status.getSize()));
    add(itostr(status.getLastModificationTime().time_since_epoch().count()));
  }
  add(ptx);
  stem = directory;
  sys::path::append(stem, toHex(hash.final(), /*LowerCase=*/true));
}

std::string Cache::getPath(StringRef extension) const {
  return (stem + "." + extension).str();
}

std::optional<CompiledCode> Cache::read() const {
  auto cubin = MemoryBuffer::getFile(getPath("cubin"), /*IsText=*/false,
                                     /*RequiresNullTerminator=*/false);
  auto output = MemoryBuffer::getFile(getPath("log"));
  if (!cubin || !output || !(*cubin)->getBuffer().starts_with("\177ELF"))
    return std::nullopt;
  return CompiledCode{(*cubin)->getBuffer().str(),
                      parsePtxasOutput((*output)->getBuffer()),
                      /*fromCache=*/true};
}

Error Cache::write(StringRef cubin, StringRef output) const {
  if (std::error_code error =
          sys::fs::create_directories(sys::path::parent_path(stem)))
    return createStringError(error, sys::path::parent_path(stem) + ": " +
                                        error.message());
  auto writeFile = [&](StringRef extension, StringRef content) {
    return writeToOutput(getPath(extension), [&](raw_ostream &os) {
      os << content;
      return Error::success();
    });
  };
  if (Error error = writeFile("log", output))
    return error;
  return writeFile("cubin", cubin);
}

/// A file that is gone with the object.
struct TemporaryFile {
  SmallString<128> path;
  FileRemover remover;

  Error create(StringRef extension) {
    if (std::error_code error =
            sys::fs::createTemporaryFile("attn", extension, path))
      return createStringError(error, "no temporary file: " + error.message());
    remover.setFile(path);
    return Error::success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

static Error writeText(StringRef path, StringRef text) {
  std::error_code error;
  raw_fd_ostream os(path, error);
  if (error)
    return createStringError(error, path + ": " + error.message());
  os << text;
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return createStringError(error, path + ": " + error.message());
  }
  return Error::success();
}

static std::string readText(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

Expected<CompiledCode> mlir::attn::runPtxas(StringRef ptx,
                                            const PtxasOptions &options) {
  // PTX as the driver takes it ends in a zero.
  ptx = ptx.take_until([](char c) { return c == '\0'; });
  std::optional<Cache> cache;
  if (!options.cacheDirectory.empty()) {
    cache.emplace(options.cacheDirectory, ptx, options);
    if (std::optional<CompiledCode> code = cache->read())
      return std::move(*code);
  }
  TemporaryFile input, cubin, log;
  for (auto [file, extension] :
       {std::pair{&input, "ptx"}, std::pair{&cubin, "cubin"},
        std::pair{&log, "log"}})
    if (Error error = file->create(extension))
      return error;
  if (Error error = writeText(input.path, ptx))
    return error;
  std::string arch = "-arch=" + options.arch;
  std::string level = "-O" + itostr(options.optLevel);
  StringRef arguments[] = {options.path, arch, level,     "-v",
                           input.path,   "-o", cubin.path};
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log.path),
                                          StringRef(log.path)};
  std::string message;
  int code = sys::ExecuteAndWait(options.path, arguments, std::nullopt,
                                 redirects, /*SecondsToWait=*/0,
                                 /*MemoryLimit=*/0, &message);
  std::string output = readText(log.path);
  if (code != 0) {
    StringRef reason = message.empty() ? StringRef(output).rtrim() : message;
    return createStringError(options.path + " failed for " + options.arch +
                             ":\n" + reason);
  }
  auto buffer = MemoryBuffer::getFile(cubin.path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(cubin.path + ": " + buffer.getError().message());
  CompiledCode compiled{(*buffer)->getBuffer().str(), parsePtxasOutput(output)};
  if (cache)
    if (Error error = cache->write(compiled.cubin, output))
      compiled.report.messages.push_back(
          {PtxasMessage::Warning, "",
           "the code is not cached: " + toString(std::move(error))});
  return compiled;
}
