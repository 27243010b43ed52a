//===- parse-sdpa.cpp - Parses and verifies an attn.sdpa --------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

int main(int argc, char **argv) {
  MLIRContext context;
  context.loadDialect<attn::AttnDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(argc > 1 ? argv[1] : "-", &context);
  if (!module)
    return 1;
  module->walk([](attn::SdpaOp op) {
    llvm::outs() << "found " << op->getName() << " of "
                 << op.getQuery().getType() << "\n";
  });
  return 0;
}
