//===- Passes.td - Conversion passes ------------------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_CONVERSION_PASSES_TD
#define ATTN_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

// Records in alphabetic order of the command-line name, each between its own
// pair of rulers.

//===----------------------------------------------------------------------===//
// convert-assert-to-runtime, convert-attn-*, convert-linalg-to-attn,
// convert-scf-parallel-to-runtime
//===----------------------------------------------------------------------===//

#endif // ATTN_CONVERSION_PASSES_TD
