//===- RegionVectorizer.h - Scalar regions on vectors -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOCPU_REGIONVECTORIZER_H
#define ATTN_LIB_CONVERSION_ATTNTOCPU_REGIONVECTORIZER_H

#include "attn/Conversion/Utils/KernelBuilder.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::attn {

/// Inlines the body of a score or keep region for a vector of queries.
///
/// `arguments` holds a value for each block argument: a scalar where it is the
/// same for all queries (uniform), a vector of `lanes` elements where it is not
/// (varying). `captured` maps values from above to values in the kernel.
/// Uniform operations stay scalar, element-wise ones become vector operations,
/// and all others are cloned once per lane. Returns the yielded value, always a
/// vector.
Value inlineVectorized(KernelBuilder &builder, Region &region,
                       ValueRange arguments, const IRMapping &captured);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOCPU_REGIONVECTORIZER_H
