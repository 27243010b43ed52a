//===- KernelName.cpp - Names of kernels ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Utils/KernelName.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::attn;

std::string attn::getKernelName(SdpaOp op, int64_t tileQueries,
                                int64_t blockKeys) {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "attn_fwd_" << op.getQueryType().getElementType() << "_";
  if (op.getMask() || op.hasKeepRegion())
    os << "masked";
  else if (!op.getStructureAttr())
    os << "full";
  else
    llvm::interleave(
        getMembers(op.getStructureAttr()), os,
        [&](Attribute member) {
          llvm::TypeSwitch<Attribute>(member)
              .Case<CausalAttr, WindowAttr, PrefixAttr, DocumentAttr>(
                  [&](auto attr) { os << attr.getMnemonic(); })
              .Default([&](Attribute) { os << "structure"; });
        },
        "_");
  if (op.isRagged())
    os << "_varlen";
  os << "_d" << op.getHeadDim();
  if (op.getValueDim() != op.getHeadDim())
    os << "x" << op.getValueDim();
  os << "_q" << tileQueries << "_k" << blockKeys;
  return name;
}
