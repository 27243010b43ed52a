//===- AssembleGPUBinary.cpp - PTX in gpu.binary to cubins ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/Passes.h"
#include "attn/Target/NVVM/Ptxas.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNASSEMBLEGPUBINARYPASS
#include "attn/Target/NVVM/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// ptxas serialises products whose rules a kernel breaks and says so by such a
/// code; C7519 only reports an instruction that it adds.
bool isSerialisation(StringRef code) {
  return code.starts_with("C75") && code != "C7519";
}

struct AssembleGPUBinaryPass
    : attn::impl::AttnAssembleGPUBinaryPassBase<AssembleGPUBinaryPass> {
  using AttnAssembleGPUBinaryPassBase::AttnAssembleGPUBinaryPassBase;

  void runOnOperation() override;

private:
  LogicalResult assemble(gpu::BinaryOp binary, StringRef path);
  LogicalResult report(gpu::BinaryOp binary, const PtxasReport &report);
  DictionaryAttr getProperties(const PtxasReport &report);
};

DictionaryAttr AssembleGPUBinaryPass::getProperties(const PtxasReport &report) {
  Builder b(&getContext());
  SmallVector<NamedAttribute> kernels;
  for (const KernelResources &kernel : report.kernels)
    kernels.push_back(b.getNamedAttr(
        kernel.name,
        b.getDictionaryAttr(
            {b.getNamedAttr("registers", b.getI64IntegerAttr(kernel.registers)),
             b.getNamedAttr("shared_bytes",
                            b.getI64IntegerAttr(kernel.sharedBytes)),
             b.getNamedAttr("stack_bytes",
                            b.getI64IntegerAttr(kernel.stackBytes)),
             b.getNamedAttr("spill_bytes",
                            b.getI64IntegerAttr(kernel.spillStoreBytes +
                                                kernel.spillLoadBytes))})));
  return b.getDictionaryAttr(
      b.getNamedAttr("kernels", b.getDictionaryAttr(kernels)));
}

LogicalResult AssembleGPUBinaryPass::report(gpu::BinaryOp binary,
                                            const PtxasReport &report) {
  bool isFatal = false;
  auto complain = [&](bool isStrict) {
    isFatal |= isStrict && strict;
    return isStrict && strict ? binary.emitError() : binary.emitWarning();
  };
  for (const PtxasMessage &message : report.messages) {
    bool isSerial = isSerialisation(message.code);
    if (!isSerial && message.severity == PtxasMessage::Info)
      continue;
    InFlightDiagnostic diagnostic = complain(isSerial);
    diagnostic << "ptxas: ";
    if (!message.code.empty())
      diagnostic << "(" << message.code << ") ";
    diagnostic << message.text;
  }
  for (const KernelResources &kernel : report.kernels) {
    ++numKernels;
    remark::analysis(binary.getLoc(), remark::RemarkOpts::name("Resources")
                                          .category("attn-ptxas")
                                          .function(kernel.name))
        << remark::metric("registers", kernel.registers)
        << remark::metric("shared bytes", kernel.sharedBytes)
        << remark::metric("stack bytes", kernel.stackBytes)
        << remark::metric("spilled bytes", kernel.spillStoreBytes);
    if (!kernel.hasSpills())
      continue;
    ++numSpilling;
    complain(true) << "ptxas: kernel '" << kernel.name << "' spills "
                   << kernel.spillStoreBytes << " bytes of registers";
  }
  return failure(isFatal);
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
    if (failed(report(binary, code->report)))
      return failure();
    objects.push_back(gpu::ObjectAttr::get(
        &getContext(), target, gpu::CompilationTarget::Binary,
        StringAttr::get(&getContext(), code->cubin),
        getProperties(code->report), object.getKernels()));
    if (keepPTX)
      objects.push_back(object);
  }
  binary.setObjectsAttr(ArrayAttr::get(&getContext(), objects));
  return success();
}

void AssembleGPUBinaryPass::runOnOperation() {
  SmallVector<gpu::BinaryOp> binaries(getOperation().getOps<gpu::BinaryOp>());
  if (binaries.empty())
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
}

} // namespace
