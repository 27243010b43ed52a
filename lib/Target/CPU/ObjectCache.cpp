//===- ObjectCache.cpp - Compiled objects on disk ------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/CPU/ObjectCache.h"
#include "attn/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

using namespace llvm;
using namespace mlir::attn;

/// In front of the object: this, and the hash of the object in hexadecimal.
static constexpr StringLiteral kMagic = "attn-object-1\n";
static constexpr size_t kHashSize = 64;
static constexpr StringLiteral kExtension = ".attno";

static std::string getHash(StringRef content) {
  SHA256 hash;
  hash.update(content);
  return toHex(hash.final(), /*LowerCase=*/true);
}

std::string ObjectCache::makeKey(ArrayRef<StringRef> texts) {
  SHA256 hash;
  hash.update(kMagic);
  for (StringRef text : texts) {
    // The length keeps neighbours apart.
    hash.update(utostr(text.size()) + ":");
    hash.update(text);
  }
  return toHex(hash.final(), /*LowerCase=*/true);
}

std::string ObjectCache::getPath(StringRef key) const {
  SmallString<128> path(directory);
  sys::path::append(path, key + kExtension);
  return std::string(path);
}

/// Makes the file the one that was used last.
static void touch(StringRef path) {
  int file;
  if (sys::fs::openFileForWrite(path, file, sys::fs::CD_OpenExisting,
                                sys::fs::OF_Append))
    return;
  (void)sys::fs::setLastAccessAndModificationTime(
      file, std::chrono::system_clock::now());
  sys::fs::file_t handle = sys::fs::convertFDToNativeFile(file);
  (void)sys::fs::closeFile(handle);
}

std::unique_ptr<MemoryBuffer> ObjectCache::read(StringRef key) const {
  std::string path = getPath(key);
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return nullptr;
  StringRef content = (*file)->getBuffer();
  if (!content.consume_front(kMagic) || content.size() < kHashSize)
    return nullptr;
  StringRef hash = content.take_front(kHashSize);
  content = content.drop_front(kHashSize);
  if (getHash(content) != hash)
    return nullptr;
  touch(path);
  return MemoryBuffer::getMemBufferCopy(content, key);
}

Error ObjectCache::write(StringRef key, StringRef object) const {
  if (std::error_code error = sys::fs::create_directories(directory))
    return createStringError(error, directory + ": " + error.message());
  if (Error error = writeOutputFile(
          getPath(key), kMagic.str() + getHash(object) + object.str()))
    return error;
  evict(key);
  return Error::success();
}

void ObjectCache::evict(StringRef kept) const {
  struct File {
    std::string path;
    uint64_t size;
    sys::TimePoint<> used;
  };
  SmallVector<File> files;
  uint64_t total = 0;
  std::error_code error;
  for (sys::fs::directory_iterator it(directory, error), end;
       it != end && !error; it.increment(error)) {
    sys::fs::file_status status;
    if (sys::path::extension(it->path()) != kExtension ||
        sys::fs::status(it->path(), status))
      continue;
    total += status.getSize();
    if (sys::path::stem(it->path()) != kept)
      files.push_back(
          {it->path(), status.getSize(), status.getLastModificationTime()});
  }
  sort(files, [](const File &a, const File &b) { return a.used < b.used; });
  for (const File &file : files) {
    if (total <= maxBytes)
      return;
    // Another process may have removed it.
    if (!sys::fs::remove(file.path))
      total -= file.size;
  }
}
