//===- LookUpGPUBinary.cpp - Kernels compiled before ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompiledBinary.h"
#include "attn/Target/NVVM/CubinCache.h"
#include "attn/Target/NVVM/Passes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Config/llvm-config.h"
#include <dlfcn.h>

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNLOOKUPGPUBINARYPASS
#include "attn/Target/NVVM/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// The file that an address was loaded from, or nothing.
static std::string getFileOf(const void *address) {
  Dl_info info;
  if (!dladdr(address, &info) || !info.dli_fname)
    return {};
  // The program itself has the name by which it was called.
  StringRef name = info.dli_fname;
  return name.contains('/') ? name.str() : "/proc/self/exe";
}

namespace {

struct LookUpGPUBinaryPass
    : attn::impl::AttnLookUpGPUBinaryPassBase<LookUpGPUBinaryPass> {
  using AttnLookUpGPUBinaryPassBase::AttnLookUpGPUBinaryPassBase;

  void runOnOperation() override;

private:
  std::string makeKey(gpu::GPUModuleOp module, StringRef ptxasPath);
};

/// All that a code depends on: the module, this compiler, LLVM, and ptxas.
std::string LookUpGPUBinaryPass::makeKey(gpu::GPUModuleOp module,
                                         StringRef ptxasPath) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os, OpPrintingFlags().useLocalScope());
  static const char anchor = 0;
  std::string self = getFileOf(&anchor);
  std::string library = getFileOf(reinterpret_cast<void *>(
      static_cast<LogicalResult (*)(Operation *, bool)>(&mlir::verify)));
  return CubinCache::makeKey(
      {"module", LLVM_VERSION_STRING, llvm::itostr(optLevel), text},
      {ptxasPath, self, library});
}

void LookUpGPUBinaryPass::runOnOperation() {
  SmallVector<gpu::GPUModuleOp> modules(
      getOperation().getOps<gpu::GPUModuleOp>());
  if (modules.empty() || cacheDirectory.empty())
    return;
  llvm::Expected<std::string> path =
      findPtxas(ptxas, SmallVector<std::string>(places.begin(), places.end()));
  if (!path) {
    // Whoever needs it says so.
    llvm::consumeError(path.takeError());
    return;
  }
  OpBuilder builder(&getContext());
  SmallVector<NamedAttribute> keys;
  for (gpu::GPUModuleOp module : modules) {
    ArrayAttr targets = module.getTargetsAttr();
    if (!targets || targets.size() != 1 ||
        !isa<NVVM::NVVMTargetAttr>(targets[0]))
      continue;
    std::string key = makeKey(module, *path);
    std::optional<CompiledCode> code = CubinCache(cacheDirectory, key).read();
    if (!code) {
      keys.push_back(
          builder.getNamedAttr(module.getName(), builder.getStringAttr(key)));
      continue;
    }
    builder.setInsertionPoint(module);
    auto binary = gpu::BinaryOp::create(
        builder, module.getLoc(), module.getName(), /*offloadingHandler=*/{},
        builder.getArrayAttr(
            makeCubinObject(targets[0], *code, gpu::KernelTableAttr())));
    module.erase();
    if (failed(reportCode(binary, code->report, /*strict=*/false)))
      return signalPassFailure();
    ++numFound;
  }
  if (!keys.empty())
    getOperation()->setAttr(kCubinKeys, builder.getDictionaryAttr(keys));
}

} // namespace
