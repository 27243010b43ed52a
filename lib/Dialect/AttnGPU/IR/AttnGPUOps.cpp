//===- AttnGPUOps.cpp - Operations of the attn_gpu dialect ----- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::attn_gpu;

#define GET_OP_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.cpp.inc"

//===----------------------------------------------------------------------===//
// EncodeTensorMapOp
//===----------------------------------------------------------------------===//

LogicalResult EncodeTensorMapOp::verify() {
  size_t rank = getBox().size();
  if (rank < 1 || rank > 5)
    return emitOpError("expected one to five dimensions, got ") << rank;
  if (getSizes().size() != rank)
    return emitOpError("expected as many sizes and strides as box sizes: ")
           << rank << ", got " << getSizes().size();
  Type elementType = getElementType();
  if (!elementType.isIntOrFloat())
    return emitOpError("expected an integer or float element, got ")
           << elementType;
  int64_t width = elementType.getIntOrFloatBitWidth() / 8;
  if (width != 1 && width != 2 && width != 4 && width != 8)
    return emitOpError("expected an element of 1, 2, 4 or 8 bytes, got ")
           << elementType;
  for (int64_t size : getBox())
    if (size < 1 || size > 256)
      return emitOpError("expected box sizes from 1 to 256, got ") << size;
  int64_t bytes = getBox().front() * width;
  if (bytes % 16 != 0)
    return emitOpError("expected rows of the box of a multiple of 16 bytes, "
                       "got ")
           << bytes;
  int64_t span = static_cast<int64_t>(getSwizzle());
  if (span != 0 && bytes > span)
    return emitOpError("expected rows of the box within the ")
           << span << " bytes of the swizzle, got " << bytes;
  return success();
}
