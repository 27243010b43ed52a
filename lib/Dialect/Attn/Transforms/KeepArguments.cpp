//===- KeepArguments.cpp - Arguments are not written to ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNKEEPARGUMENTSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

struct AttnKeepArgumentsPass
    : attn::impl::AttnKeepArgumentsPassBase<AttnKeepArgumentsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isPrivate())
      return;
    StringRef name = bufferization::BufferizationDialect::kWritableAttrName;
    for (BlockArgument argument : function.getArguments())
      if (isa<TensorType>(argument.getType()) &&
          !function.getArgAttr(argument.getArgNumber(), name))
        function.setArgAttr(argument.getArgNumber(), name,
                            BoolAttr::get(&getContext(), false));
  }
};

} // namespace
