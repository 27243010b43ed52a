//===- Npy.h - Arrays in .npy files -----------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SUPPORT_NPY_H
#define ATTN_SUPPORT_NPY_H

#include "attn/Runtime/CPU/Tensor.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace mlir::attn {

/// A dense array in row-major order and native byte order.
struct Array {
  attn_dtype dtype = ATTN_F32;
  llvm::SmallVector<int64_t> shape;
  std::vector<char> data;

  int64_t getNumElements() const;
};

/// "f32", "bf16", ... ; "unknown" for a bad value.
llvm::StringRef getDtypeName(attn_dtype dtype);

/// Reads a .npy file (versions 1 to 3, C or Fortran order, either byte order).
/// Types: b1, i1, i2, i4, i8, f2, f4, f8, and bfloat16 as ml_dtypes writes it
/// (descr '<V2' or 'bfloat16').
llvm::Expected<Array> readNpy(llvm::StringRef path);

/// Writes a .npy file of version 1, or nothing if it fails: the data goes to a
/// temporary file that is renamed.
llvm::Error writeNpy(llvm::StringRef path, const Array &array);

/// What that file holds.
std::string formatNpy(const Array &array);

} // namespace mlir::attn

#endif // ATTN_SUPPORT_NPY_H
