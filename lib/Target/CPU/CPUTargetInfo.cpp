//===- CPUTargetInfo.cpp - Facts about a CPU --------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/CPU/CPUTargetInfo.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>

using namespace llvm;
using namespace mlir::attn;

static Expected<const Target *> lookupTarget(const Triple &triple) {
  // LLVM's list of targets is not for several threads.
  static std::mutex mutex;
  std::lock_guard<std::mutex> guard(mutex);
  if (triple.getArch() == Triple(sys::getProcessTriple()).getArch()) {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    InitializeNativeTargetAsmParser();
  } else {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
  }
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError("no code generator for " + triple.str() + ": " +
                             message);
  return target;
}

/// Whether LLVM generates instructions of a feature by itself. Others are of
/// the system's mode or for hand-written code.
static bool isGenerated(StringRef name) {
  for (StringRef prefix :
       {"amx", "avx", "bmi", "f16c", "fma", "gfni", "lzcnt", "movbe", "popcnt",
        "sse3", "sse4", "ssse", "tbm", "xop"})
    if (name.starts_with(prefix))
      return true;
  return false;
}

static constexpr StringLiteral kCheckedFeatures[] = {
#define ATTN_CPU_FEATURE(NAME, LEAF, SUBLEAF, REGISTER, BIT, STATE) NAME,
#include "attn/Runtime/CPU/Features.def"
};

/// The place of a feature in the runtime's list, -1 if it does not know it.
static int getFeatureBit(StringRef name) {
  const auto *place = llvm::find(kCheckedFeatures, name);
  return place == std::end(kCheckedFeatures)
             ? -1
             : place - std::begin(kCheckedFeatures);
}

/// Turns off what the runtime could not check before it runs the code.
static void dropUncheckedFeatures(CPUTargetInfo &info,
                                  const MCSubtargetInfo &subtarget) {
  for (const SubtargetFeatureKV &feature :
       subtarget.getEnabledProcessorFeatures()) {
    StringRef name = feature.Key;
    if (isGenerated(name) && getFeatureBit(name) < 0)
      info.features += (info.features.empty() ? "-" : ",-") + name.str();
  }
}

/// The known CPU names closest to an unknown one.
static std::string getSuggestions(const MCSubtargetInfo &subtarget,
                                  StringRef cpu) {
  SmallVector<std::pair<unsigned, StringRef>> candidates;
  for (const SubtargetSubTypeKV &known :
       subtarget.getAllProcessorDescriptions())
    candidates.push_back({cpu.edit_distance(known.Key), known.Key});
  llvm::sort(candidates);
  candidates.truncate(std::min<size_t>(candidates.size(), 3));
  return join(map_range(candidates, [](auto &entry) { return entry.second; }),
              ", ");
}

/// The features of this machine, without those that the system refuses.
static StringMap<bool> getUsableHostFeatures() {
  StringMap<bool> features = sys::getHostCPUFeatures();
  if (features.lookup("amx-tile") && !attn_rt_request_tiles())
    for (StringMapEntry<bool> &feature : features)
      if (feature.first().starts_with("amx"))
        feature.second = false;
  return features;
}

Expected<CPUTargetInfo>
mlir::attn::getCPUTargetInfo(StringRef cpu, StringRef requestedTriple) {
  CPUTargetInfo info;
  Triple host(sys::getProcessTriple());
  Triple triple = host;
  if (!requestedTriple.empty())
    triple = Triple(Triple::normalize(requestedTriple));
  info.triple = triple.str();
  if (cpu == "native" && triple.getArch() != host.getArch())
    return createStringError("this machine is no " + triple.getArchName() +
                             ": name the CPU instead of 'native'");
  Expected<const Target *> target = lookupTarget(triple);
  if (!target)
    return target.takeError();
  if (!triple.isArch64Bit() || triple.isGPU())
    return createStringError(triple.getArchName() +
                             " is no CPU with 64-bit addresses");

  if (cpu == "native") {
    info.cpu = sys::getHostCPUName().str();
    SmallVector<std::string> features;
    for (const auto &feature : getUsableHostFeatures())
      features.push_back((feature.second ? "+" : "-") + feature.first().str());
    llvm::sort(features);
    info.features = join(features, ",");
  } else {
    info.cpu = cpu.str();
    std::unique_ptr<MCSubtargetInfo> plain(
        (*target)->createMCSubtargetInfo(triple, "", ""));
    if (cpu.empty() || !plain->isCPUStringValid(cpu))
      return createStringError("unknown CPU '" + cpu + "' for " +
                               triple.getArchName() + "; did you mean " +
                               getSuggestions(*plain, cpu) + "?");
  }

  std::unique_ptr<MCSubtargetInfo> subtarget(
      (*target)->createMCSubtargetInfo(triple, info.cpu, info.features));
  if (triple.isX86() && !subtarget->checkFeatures("+64bit"))
    return createStringError("the CPU '" + info.cpu + "' has no 64-bit mode");
  if (triple.isX86()) {
    dropUncheckedFeatures(info, *subtarget);
    info.hasAVX512 =
        subtarget->checkFeatures("+avx512f,+avx512dq,+avx512bw,+avx512vl");
    info.hasBF16Conversion = subtarget->checkFeatures("+avx512bf16,+avx512vl");
    info.hasFastBF16Dot = info.hasBF16Conversion && info.hasAVX512 &&
                          StringRef(info.cpu).starts_with("znver");
    info.hasAMX = info.hasBF16Conversion && info.hasAVX512 &&
                  subtarget->checkFeatures("+amx-tile,+amx-bf16,+avx512vbmi");
    if (info.hasAVX512) {
      info.vectorBits = 512;
      info.numVectorRegisters = 32;
    } else if (subtarget->checkFeatures("+avx2,+fma")) {
      info.vectorBits = 256;
    }
  } else if (triple.isAArch64()) {
    info.numVectorRegisters = 32;
  }
  return info;
}

uint64_t mlir::attn::getFeatureMask(const CPUTargetInfo &info) {
  Triple triple(info.triple);
  if (!triple.isX86())
    return 0;
  const Target *target = cantFail(lookupTarget(triple));
  std::unique_ptr<MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, info.cpu, info.features));
  uint64_t mask = 0;
  for (const SubtargetFeatureKV &feature :
       subtarget->getEnabledProcessorFeatures()) {
    int bit = isGenerated(feature.Key) ? getFeatureBit(feature.Key) : -1;
    if (bit >= 0)
      mask |= uint64_t(1) << bit;
  }
  return mask;
}

std::vector<std::string>
mlir::attn::getFeaturesHostLacks(const CPUTargetInfo &info) {
  Triple triple(info.triple);
  Expected<const Target *> target = lookupTarget(triple);
  if (!target) {
    consumeError(target.takeError());
    return {};
  }
  std::unique_ptr<MCSubtargetInfo> subtarget(
      (*target)->createMCSubtargetInfo(triple, info.cpu, info.features));
  std::vector<std::string> missing;
  for (const auto &feature : getUsableHostFeatures())
    if (!feature.second && isGenerated(feature.first()) &&
        subtarget->checkFeatures("+" + feature.first().str()))
      missing.push_back(feature.first().str());
  llvm::sort(missing);
  return missing;
}

Expected<std::unique_ptr<TargetMachine>>
mlir::attn::createTargetMachine(const CPUTargetInfo &info) {
  Triple triple(info.triple);
  Expected<const Target *> target = lookupTarget(triple);
  if (!target)
    return target.takeError();
  std::unique_ptr<TargetMachine> machine((*target)->createTargetMachine(
      triple, info.cpu, info.features, TargetOptions(), Reloc::PIC_,
      std::nullopt, CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("no code generator for " + info.triple);
  return machine;
}
