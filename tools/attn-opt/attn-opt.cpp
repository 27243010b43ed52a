//===- attn-opt.cpp - mlir-opt with attn ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "attn-opt " ATTN_VERSION "\n"; });
  mlir::DialectRegistry registry;
  mlir::attn::registerAllDialects(registry);
  mlir::attn::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv,
                        "attn-mlir optimizer driver\n\n"
                        "Examples:\n"
                        "  attn-opt model.mlir --attn-raise-pipeline\n"
                        "  attn-opt model.mlir --attn-raise-pipeline "
                        "--remarks-filter=attn-fusion\n"
                        "  attn-opt model.mlir --attn-raise-pipeline "
                        "--attn-lower-to-llvm-pipeline='cpu=x86-64-v3'\n",
                        registry));
}
