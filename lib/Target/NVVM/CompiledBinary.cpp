//===- CompiledBinary.cpp - Cubins in gpu.binary ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompiledBinary.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace mlir::attn;

/// ptxas serialises products whose rules a kernel breaks and says so by such a
/// code; C7519 only reports an instruction that it adds.
static bool isSerialisation(StringRef code) {
  return code.starts_with("C75") && code != "C7519";
}

gpu::ObjectAttr attn::makeCubinObject(Attribute target,
                                      const CompiledCode &code,
                                      gpu::KernelTableAttr table) {
  Builder b(target.getContext());
  SmallVector<NamedAttribute> kernels;
  for (const KernelResources &kernel : code.report.kernels)
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
  DictionaryAttr properties = b.getDictionaryAttr(
      b.getNamedAttr("kernels", b.getDictionaryAttr(kernels)));
  return gpu::ObjectAttr::get(b.getContext(), target,
                              gpu::CompilationTarget::Binary,
                              b.getStringAttr(code.cubin), properties, table);
}

LogicalResult attn::reportCode(gpu::BinaryOp binary, const PtxasReport &report,
                               bool strict) {
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
    remark::analysis(binary.getLoc(), remark::RemarkOpts::name("Resources")
                                          .category("attn-ptxas")
                                          .function(kernel.name))
        << remark::metric("registers", kernel.registers)
        << remark::metric("shared bytes", kernel.sharedBytes)
        << remark::metric("stack bytes", kernel.stackBytes)
        << remark::metric("spilled bytes", kernel.spillStoreBytes);
    if (kernel.hasSpills())
      complain(true) << "ptxas: kernel '" << kernel.name << "' spills "
                     << kernel.spillStoreBytes << " bytes of registers";
  }
  return failure(isFatal);
}
