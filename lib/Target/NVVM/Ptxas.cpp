//===- Ptxas.cpp - PTX to binary code ---------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/Ptxas.h"
#include "attn/Support/TemporaryFile.h"
#include "attn/Target/NVVM/CubinCache.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

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

std::vector<std::string> mlir::attn::getCachedToolkits() {
  SmallString<128> path;
  if (!sys::path::cache_directory(path))
    return {};
  sys::path::append(path, "attn-mlir", "cuda");
  return {path.str().str()};
}

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

Expected<CompiledCode> mlir::attn::runPtxas(StringRef ptx,
                                            const PtxasOptions &options) {
  if (options.optLevel < 0 || options.optLevel > 4)
    return createStringError(
        "expected an optimization level of ptxas from 0 to 4, got " +
        itostr(options.optLevel));
  // PTX as the driver takes it ends in a zero.
  ptx = ptx.take_until([](char c) { return c == '\0'; });
  std::optional<CubinCache> cache;
  if (!options.cacheDirectory.empty()) {
    std::string level = itostr(options.optLevel);
    cache.emplace(options.cacheDirectory,
                  CubinCache::makeKey({"ptx", options.arch, level, ptx},
                                      StringRef(options.path)));
    if (std::optional<CompiledCode> code = cache->read())
      return std::move(*code);
  }
  TemporaryFile input, cubin, log;
  for (auto [file, extension] :
       {std::pair{&input, "ptx"}, std::pair{&cubin, "cubin"},
        std::pair{&log, "log"}})
    if (Error error = file->create(extension))
      return error;
  if (Error error = input.write(ptx))
    return error;
  std::string arch = "-arch=" + options.arch;
  std::string level = "-O" + itostr(options.optLevel);
  StringRef arguments[] = {options.path,    arch, level,          "-v",
                           input.getPath(), "-o", cubin.getPath()};
  std::optional<StringRef> redirects[] = {std::nullopt, log.getPath(),
                                          log.getPath()};
  std::string message;
  int code = sys::ExecuteAndWait(options.path, arguments, std::nullopt,
                                 redirects, /*SecondsToWait=*/0,
                                 /*MemoryLimit=*/0, &message);
  Expected<std::string> output = log.read();
  if (!output)
    return output.takeError();
  if (code != 0) {
    StringRef reason = message.empty() ? StringRef(*output).rtrim() : message;
    return createStringError(options.path + " failed for " + options.arch +
                             ":\n" + reason);
  }
  Expected<std::string> binary = cubin.read();
  if (!binary)
    return binary.takeError();
  if (binary->empty())
    return createStringError(options.path + " wrote no code for " +
                             options.arch);
  CompiledCode compiled{std::move(*binary), *output, parsePtxasOutput(*output)};
  if (cache)
    if (Error error = cache->write(compiled))
      compiled.report.messages.push_back(
          {PtxasMessage::Warning, "",
           "the code is not cached: " + toString(std::move(error))});
  return compiled;
}
