//===- attn-run.cpp - Compile, run, compare, time ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runner.h"
#include "attn/InitAll.h"
#include "llvm/Support/InitLLVM.h"

using namespace mlir;
using namespace mlir::attn;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  FailureOr<Options> options = parseOptions(argc, argv);
  if (failed(options))
    return 1;
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  // Diagnostics point at the source; the operation may be a whole module.
  context.printOpOnDiagnostic(false);
  Runner runner(*options, context);
  return failed(runner.run()) ? runner.getExitCode() : 0;
}
