//===- BuildID.h - What tells builds of the library apart ----- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CAPI_BUILDID_H
#define ATTN_LIB_CAPI_BUILDID_H

#include <string>

namespace mlir::attn {

/// The build ID that the linker wrote into the library or program that holds
/// this function; "" if it wrote none.
std::string getBuildID();

} // namespace mlir::attn

#endif // ATTN_LIB_CAPI_BUILDID_H
