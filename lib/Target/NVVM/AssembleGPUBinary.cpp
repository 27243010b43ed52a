//===- AssembleGPUBinary.cpp - PTX in gpu.binary to cubins ------*- C++ -*-===//
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

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNASSEMBLEGPUBINARYPASS
#include "attn/Target/NVVM/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

struct AssembleGPUBinaryPass
    : attn::impl::AttnAssembleGPUBinaryPassBase<AssembleGPUBinaryPass> {
  using AttnAssembleGPUBinaryPassBase::AttnAssembleGPUBinaryPassBase;

  void runOnOperation() override;

private:
  LogicalResult assemble(gpu::BinaryOp binary, StringRef path);
  void store(gpu::BinaryOp binary, const CompiledCode &code);
};

/// Keeps a code for the module of kernels that it was made from.
void AssembleGPUBinaryPass::store(gpu::BinaryOp binary,
                                  const CompiledCode &code) {
  auto keys = getOperation()->getAttrOfType<DictionaryAttr>(kCubinKeys);
  auto key = keys ? keys.getAs<StringAttr>(binary.getName()) : StringAttr();
  if (!key || cacheDirectory.empty())
    return;
  if (llvm::Error error = CubinCache(cacheDirectory, key).write(code))
    binary.emitWarning("the code is not cached: ")
        << llvm::toString(std::move(error));
}

LogicalResult AssembleGPUBinaryPass::assemble(gpu::BinaryOp binary,
                                              StringRef path) {
  SmallVector<Attribute> objects;
  for (Attribute attr : binary.getObjects()) {
    auto object = cast<gpu::ObjectAttr>(attr);
    auto target = dyn_cast<NVVM::NVVMTargetAttr>(object.getTarget());
    if (!target || object.getFormat() != gpu::CompilationTarget::Assembly) {
      objects.push_back(object);
      continue;
    }
    PtxasOptions options;
    options.path = path.str();
    options.arch = target.getChip().str();
    options.optLevel = optLevel;
    options.cacheDirectory = cacheDirectory;
    llvm::Expected<CompiledCode> code =
        runPtxas(object.getObject().getValue(), options);
    if (!code)
      return binary.emitError(llvm::toString(code.takeError()));
    numCached += code->fromCache;
    numKernels += code->report.kernels.size();
    numSpilling +=
        llvm::count_if(code->report.kernels, [](const KernelResources &kernel) {
          return kernel.hasSpills();
        });
    if (failed(reportCode(binary, code->report, strict)))
      return failure();
    store(binary, *code);
    objects.push_back(makeCubinObject(target, *code, object.getKernels()));
    if (keepPTX)
      objects.push_back(object);
  }
  binary.setObjectsAttr(ArrayAttr::get(&getContext(), objects));
  return success();
}

void AssembleGPUBinaryPass::runOnOperation() {
  SmallVector<gpu::BinaryOp> binaries(getOperation().getOps<gpu::BinaryOp>());
  bool hasPTX = llvm::any_of(binaries, [](gpu::BinaryOp binary) {
    return llvm::any_of(binary.getObjects(), [](Attribute object) {
      return cast<gpu::ObjectAttr>(object).getFormat() ==
             gpu::CompilationTarget::Assembly;
    });
  });
  if (!hasPTX)
    return;
  llvm::Expected<std::string> path =
      findPtxas(ptxas, SmallVector<std::string>(places.begin(), places.end()));
  if (!path) {
    getOperation().emitError(llvm::toString(path.takeError()));
    return signalPassFailure();
  }
  for (gpu::BinaryOp binary : binaries)
    if (failed(assemble(binary, *path)))
      return signalPassFailure();
  getOperation()->removeAttr(kCubinKeys);
}

} // namespace
