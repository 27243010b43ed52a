//===- attn-lsp-server.cpp - Language server for attn -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::cl::AddExtraVersionPrinter([](llvm::raw_ostream &os) {
    os << "attn-lsp-server " ATTN_VERSION "\n";
  });
  llvm::cl::extrahelp examples(
      "\nExamples:\n"
      "  VS Code (extension MLIR), settings.json:\n"
      "    \"mlir.server_path\": \"/path/to/attn-lsp-server\"\n"
      "  Neovim:\n"
      "    vim.lsp.config('attn', {cmd = {'attn-lsp-server'}, filetypes = "
      "{'mlir'}})\n"
      "    vim.lsp.enable('attn')\n");
  mlir::DialectRegistry registry;
  mlir::attn::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
