//===- CubinCache.cpp - Compiled kernels on disk ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/CubinCache.h"
#include "attn/Support/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

using namespace llvm;
using namespace mlir::attn;

CubinCache::CubinCache(StringRef directory, StringRef key) : stem(directory) {
  sys::path::append(stem, key);
}

std::string CubinCache::makeKey(ArrayRef<StringRef> texts,
                                ArrayRef<StringRef> files) {
  SHA256 hash;
  auto add = [&](StringRef text) {
    hash.update(text);
    hash.update(StringRef("\0", 1));
  };
  add("attn-cubin-2");
  for (StringRef file : files) {
    add(file);
    sys::fs::file_status status;
    if (sys::fs::status(file, status))
      continue;
    add(utostr(status.getSize()));
    add(itostr(status.getLastModificationTime().time_since_epoch().count()));
  }
  for (StringRef text : texts)
    add(text);
  return toHex(hash.final(), /*LowerCase=*/true);
}

std::string CubinCache::getPath(StringRef extension) const {
  return (stem + "." + extension).str();
}

std::optional<CompiledCode> CubinCache::read() const {
  auto cubin = MemoryBuffer::getFile(getPath("cubin"), /*IsText=*/false,
                                     /*RequiresNullTerminator=*/false);
  auto log = MemoryBuffer::getFile(getPath("log"));
  if (!cubin || !log || !(*cubin)->getBuffer().starts_with("\177ELF"))
    return std::nullopt;
  return CompiledCode{(*cubin)->getBuffer().str(), (*log)->getBuffer().str(),
                      parsePtxasOutput((*log)->getBuffer()),
                      /*fromCache=*/true};
}

Error CubinCache::write(const CompiledCode &code) const {
  if (std::error_code error =
          sys::fs::create_directories(sys::path::parent_path(stem)))
    return createStringError(error, sys::path::parent_path(stem) + ": " +
                                        error.message());
  // The code comes last: without it nothing is found.
  const std::string log = getPath("log"), cubin = getPath("cubin");
  return writeOutputFiles({{log, code.log}, {cubin, code.cubin}});
}
