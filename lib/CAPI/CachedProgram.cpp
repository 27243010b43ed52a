//===- CachedProgram.cpp - Programs as files of the cache -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CachedProgram.h"

using namespace mlir;
using namespace mlir::attn;

// Words of 64 bits: inputs, outputs, and of each value its bits, its dtype, its
// rank and its dimensions. The object follows.

namespace {
enum Bits : int64_t {
  kIsScalar = 1,
  kHasStrides = 2,
  kHasContiguousRows = 4,
};
} // namespace

std::string attn::serializeProgram(const ProgramSignature &signature,
                                   StringRef object) {
  SmallVector<int64_t> words{signature.numInputs, signature.numOutputs};
  for (const EntryValue &value : signature.values) {
    words.append({(value.isScalar ? kIsScalar : 0) |
                      (value.hasStrides ? kHasStrides : 0) |
                      (value.hasContiguousRows ? kHasContiguousRows : 0),
                  (int64_t)value.dtype, (int64_t)value.shape.size()});
    words.append(value.shape);
  }
  std::string content((const char *)words.data(),
                      words.size() * sizeof(int64_t));
  content += object;
  return content;
}

std::optional<StringRef> attn::deserializeProgram(StringRef content,
                                                  ProgramSignature &signature) {
  auto take = [&](int64_t &word) {
    if (content.size() < sizeof word)
      return false;
    std::memcpy(&word, content.data(), sizeof word);
    content = content.drop_front(sizeof word);
    return true;
  };
  int64_t numInputs, numOutputs;
  if (!take(numInputs) || !take(numOutputs) || numInputs < 0 || numOutputs < 0)
    return std::nullopt;
  signature = {(int32_t)numInputs, (int32_t)numOutputs, {}};
  for (int64_t i = 0; i < numInputs + numOutputs; ++i) {
    int64_t bits, dtype, rank;
    if (!take(bits) || !take(dtype) || !take(rank) || rank < 0 ||
        (uint64_t)rank > content.size() / sizeof(int64_t))
      return std::nullopt;
    EntryValue value{(bits & kIsScalar) != 0, (attn_dtype)dtype,
                     SmallVector<int64_t>(rank), (bits & kHasStrides) != 0,
                     (bits & kHasContiguousRows) != 0};
    for (int64_t &size : value.shape)
      take(size);
    signature.values.push_back(std::move(value));
  }
  return content;
}
