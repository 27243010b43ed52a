//===- Lowering.cpp - From modules to objects ----------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "BuildID.h"
#include "attn-c/Compiler.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CUDA/Device.h"
#include "attn/Target/CPU/Compiler.h"
#include "attn/Target/CPU/ObjectCache.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "attn/Target/NVVM/Ptxas.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

std::optional<CompilerOptions> attn::readOptions(const attn_options *given) {
  CompilerOptions options;
  if (!given)
    return options;
  auto fail = [](const llvm::Twine &message) {
    attn_rt_set_error(message.str().c_str());
    return std::nullopt;
  };
  if (given->size != sizeof(attn_options))
    return fail("attn_options: expected the size " +
                llvm::Twine(sizeof(attn_options)) + ", got " +
                llvm::Twine(given->size));
  auto read = [](std::string &option, const char *text) {
    if (text)
      option = text;
  };
  read(options.entry, given->entry);
  read(options.backend, given->backend);
  read(options.cpu, given->cpu);
  read(options.numerics, given->numerics);
  read(options.cache, given->cache);
  read(options.gpuArch, given->gpu_arch);
  read(options.kernelOptions, given->kernel_options);
  if (given->cache_bytes)
    options.cacheBytes = given->cache_bytes;
  options.fuse = given->fuse != 0;
  options.requireCached = given->require_cached != 0;
  StringRef target = given->target ? given->target : "cpu";
  if (target != "cpu" && target != "cuda")
    return fail("unknown target '" + target + "', expected cpu or cuda");
  options.target = target == "cuda" ? EntryTarget::CUDA : EntryTarget::CPU;
  if (!options.kernelOptions.empty() && !options.isCUDA())
    return fail("kernel_options need the target cuda, got '" +
                options.kernelOptions + "'");
  SmallVector<StringRef> toolkits;
  StringRef(given->cuda_path ? given->cuda_path : "")
      .split(toolkits, ':', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  options.toolkits.assign(toolkits.begin(), toolkits.end());
  return options;
}

/// Of CUDA: the code for the device that is there, unless one is named.
static llvm::Expected<std::string>
resolveGPUArch(const CompilerOptions &options) {
  std::string arch = options.gpuArch;
  if (arch.empty()) {
    attn_cuda_device device;
    if (attn_rt_cuda_get_device(&device) != ATTN_OK)
      return llvm::createStringError(attn_rt_last_error());
    arch = getArchOfDevice(device.capability);
  }
  llvm::Expected<NVVMTargetInfo> info = getNVVMTargetInfo(arch);
  if (!info)
    return info.takeError();
  return arch;
}

/// "" if there is none.
static std::string resolvePtxas(const CompilerOptions &options) {
  std::vector<std::string> places = options.toolkits;
  if (places.size() == 1 && places[0] == "none")
    return "";
  llvm::append_range(places, getCachedToolkits());
  llvm::Expected<std::string> path = findPtxas("", places);
  if (path)
    return *path;
  llvm::consumeError(path.takeError());
  return "";
}

llvm::Expected<CompilerTarget>
attn::resolveTarget(const CompilerOptions &options) {
  CompilerTarget target;
  llvm::Expected<CPUTargetInfo> cpu = getCPUTargetInfo(options.cpu);
  if (!cpu)
    return cpu.takeError();
  target.cpu = *cpu;
  if (!options.isCUDA())
    return target;
  llvm::Expected<std::string> arch = resolveGPUArch(options);
  if (!arch)
    return arch.takeError();
  target.gpuArch = *arch;
  target.ptxas = resolvePtxas(options);
  return target;
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

LogicalResult attn::raiseAttention(ModuleOp module,
                                   const CompilerOptions &options) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  RaisePipelineOptions raising;
  raising.numerics = options.numerics;
  buildRaisePipeline(pm, raising);
  return pm.run(module);
}

static LogicalResult lowerForCPU(ModuleOp module,
                                 const CompilerOptions &options,
                                 const CPUTargetInfo &info, bool checksCPU) {
  LowerToLLVMPipelineOptions lowering;
  lowering.backend = options.backend;
  lowering.cpu = options.cpu;
  SmallVector<EntryVersion> versions;
  if (checksCPU)
    versions.push_back({info.cpu, getFeatureMask(info)});
  StringRef baseline = llvm::Triple(info.triple).isX86() ? "x86-64" : "generic";
  return success(
      succeeded(lowerToLLVM(module, lowering)) &&
      succeeded(emitEntryPoint(module, EntryTarget::CPU, versions, baseline)));
}

static LogicalResult lowerForCUDA(ModuleOp module,
                                  const CompilerOptions &options,
                                  const CompilerTarget &target) {
  LowerToNVVMPipelineOptions lowering;
  std::string message;
  llvm::raw_string_ostream os(message);
  if (failed(lowering.parseFromString(options.kernelOptions, os)))
    return module.emitError("kernel_options: cannot read '")
           << options.kernelOptions << "': " << StringRef(message).trim();
  lowering.backend = options.backend;
  lowering.chip = target.gpuArch;
  lowering.ptxas = target.ptxas;
  SmallVector<CUDAStage> stages{CUDAStage::Kernels, CUDAStage::Assembly,
                                CUDAStage::Host};
  if (target.ptxas.empty())
    llvm::erase(stages, CUDAStage::Assembly);
  return success(succeeded(lowerToCUDA(module, lowering, stages)) &&
                 succeeded(emitEntryPoint(module, EntryTarget::CUDA)));
}

LogicalResult attn::compileToObject(ModuleOp module,
                                    const CompilerOptions &options,
                                    const CompilerTarget &target,
                                    SmallVectorImpl<char> &object,
                                    bool checksCPU) {
  FailureOr<func::FuncOp> entry = lookupEntry(module, options.entry);
  if (failed(entry) || failed(verifyMemRefArguments(*entry)) ||
      failed(markEntry(*entry)) ||
      (options.fuse && failed(raiseAttention(module, options))))
    return failure();
  if (failed(options.isCUDA()
                 ? lowerForCUDA(module, options, target)
                 : lowerForCPU(module, options, target.cpu, checksCPU)))
    return failure();
  llvm::LLVMContext context;
  auto fail = [&](llvm::Error error) {
    return module.emitError("cannot compile: ")
           << llvm::toString(std::move(error));
  };
  llvm::Expected<std::unique_ptr<llvm::Module>> translated =
      translateAndOptimize(module, context, target.cpu);
  if (!translated)
    return fail(translated.takeError());
  llvm::raw_svector_ostream os(object);
  if (llvm::Error error =
          emitMachineCode(**translated, target.cpu, EmitKind::Object, os))
    return fail(std::move(error));
  return success();
}

std::string attn::makeCacheKey(StringRef text, const CompilerOptions &options,
                               const CompilerTarget &target) {
  std::string flags = options.fuse ? "fuse" : "";
  // Another ptxas at the same place makes other code.
  std::string assembler = target.ptxas;
  llvm::sys::fs::file_status status;
  if (!assembler.empty() && !llvm::sys::fs::status(assembler, status))
    assembler +=
        ":" + llvm::utostr(status.getSize()) + ":" +
        llvm::itostr(
            status.getLastModificationTime().time_since_epoch().count());
  return ObjectCache::makeKey(
      {text, options.entry, options.backend, options.numerics, flags,
       target.cpu.triple, target.cpu.cpu, target.cpu.features, target.gpuArch,
       assembler, options.kernelOptions, ATTN_VERSION, getBuildID(),
       LLVM_VERSION_STRING});
}
