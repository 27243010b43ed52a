//===- NVVMTargetInfo.cpp - Facts about an NVIDIA GPU -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir::attn;

namespace {
struct Chip {
  int64_t capability;
  /// The first version of PTX that knows it, and that knows its suffixes `a`
  /// and `f`; 0 where there is none.
  int64_t ptx, ptxOfA, ptxOfF;
  int64_t sharedKiB, multiprocessors;
};

// CUDA C++ Programming Guide, compute capabilities; PTX ISA, release notes.
constexpr Chip kChips[] = {
    {80, 70, 0, 0, 163, 108},    {86, 71, 0, 0, 99, 84},
    {87, 74, 0, 0, 163, 16},     {89, 78, 0, 0, 99, 142},
    {90, 78, 80, 0, 227, 132},   {100, 86, 86, 88, 227, 148},
    {103, 88, 88, 88, 227, 160}, {120, 87, 87, 88, 99, 188},
    {121, 88, 88, 88, 99, 48}};
} // namespace

static Error makeUnknownError(StringRef arch, StringRef reason) {
  std::string known;
  for (const Chip &chip : kChips) {
    known += (known.empty() ? "sm_" : ", sm_") + itostr(chip.capability);
    if (chip.ptxOfA)
      known += "[a]";
  }
  return createStringError(reason + " '" + arch + "'; expected one of " +
                           known);
}

Expected<NVVMTargetInfo> mlir::attn::getNVVMTargetInfo(StringRef arch) {
  StringRef rest = arch;
  // Unsigned: there is no sm_-80.
  uint64_t number = 0;
  if (!rest.consume_front("sm_") || rest.consumeInteger(10, number) ||
      number > 999)
    return makeUnknownError(arch, "unknown GPU architecture");
  int64_t capability = number;
  bool isArchSpecific = rest == "a", isFamilySpecific = rest == "f";
  if (!rest.empty() && !isArchSpecific && !isFamilySpecific)
    return makeUnknownError(arch, "unknown GPU architecture");
  if (capability < 80)
    return makeUnknownError(arch, "GPU architecture before Ampere");
  const Chip *chip = find_if(
      kChips, [&](const Chip &c) { return c.capability == capability; });
  int64_t ptx = chip == std::end(kChips) ? 0
                : isArchSpecific         ? chip->ptxOfA
                : isFamilySpecific       ? chip->ptxOfF
                                         : chip->ptx;
  if (!ptx)
    return makeUnknownError(arch, "unknown GPU architecture");
  NVVMTargetInfo info;
  info.chip = arch.str();
  info.features = "+ptx" + itostr(ptx);
  info.capability = capability;
  info.isArchSpecific = isArchSpecific;
  info.isFamilySpecific = isFamilySpecific;
  info.maxSharedBytes = chip->sharedKiB * 1024;
  info.numMultiprocessors = chip->multiprocessors;
  return info;
}

std::string mlir::attn::getArchOfDevice(int64_t capability) {
  std::string arch = "sm_" + itostr(capability);
  for (const Chip &chip : kChips)
    if (chip.capability == capability && chip.ptxOfA)
      return arch + "a";
  return arch;
}
