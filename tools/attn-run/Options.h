//===- Options.h - What attn-run is asked for -------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_OPTIONS_H
#define ATTN_TOOLS_ATTN_RUN_OPTIONS_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/Twine.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::attn {

enum class CompareWith { None, Math, Unfused };
enum class Format { Table, JSON };

/// The command line; `--help` says what each is.
struct Options {
  std::string file, entry = "main", target = "cpu", cpu = "native", gpuArch,
                    cudaPath, cubinCache, kernelOptions, backend = "auto",
                    numerics = "default", picture, profile;
  std::vector<std::string> inputs, shapes, outputs, expected;
  bool verifyFusion = false, noRaise = false, guard = false;
  CompareWith compare = CompareWith::None;
  Format format = Format::Table;
  int threads = 0;
  double randomScale = 1;
  /// The seed of random arguments, if they shall be random.
  std::optional<uint64_t> seed;
  /// The default depends on the type.
  std::optional<double> tolerance;
  /// For how long to time, if at all.
  std::optional<double> benchSeconds;

  bool isCUDA() const { return target == "cuda"; }
  bool isRandom() const { return seed.has_value(); }
  bool isBench() const { return benchSeconds.has_value(); }
};

/// Prints an error of the tool.
LogicalResult fail(const llvm::Twine &message);

/// Reads and checks the command line; ends the process after --help, --version
/// and options that there are not.
FailureOr<Options> parseOptions(int argc, char **argv);

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_OPTIONS_H
