//===- CUDASupport.cpp - What the CUDA kernels take ------------ *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Utils/CUDASupport.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr int64_t kMaxHeadDim = 256;

/// The first operation of a region that has no lowering in a kernel.
static Operation *findUnsupported(Region &region) {
  Operation *found = nullptr;
  region.walk([&](Operation *inner) {
    if (isa<memref::LoadOp, memref::DimOp, tensor::ExtractOp, tensor::DimOp,
            scf::IfOp, scf::YieldOp, attn::YieldOp, math::Exp2Op, math::ExpOp,
            math::Log2Op, math::LogOp, math::RsqrtOp, math::TanhOp,
            math::AbsFOp, math::AbsIOp, math::FmaOp, math::SqrtOp,
            math::FloorOp, math::CeilOp, math::CopySignOp>(inner) ||
        isa<arith::ArithDialect>(inner->getDialect()))
      return WalkResult::advance();
    found = inner;
    return WalkResult::interrupt();
  });
  return found;
}

template <typename T>
static std::string toText(T &&value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

std::optional<std::string> attn::getCUDAFlashObstacle(SdpaOp op) {
  Type elementType = op.getQueryType().getElementType();
  if (!elementType.isF32() && !elementType.isF16() && !elementType.isBF16())
    return "it takes f32, f16 and bf16, the operands are " +
           toText(elementType);
  for (int64_t size : {op.getHeadDim(), op.getValueDim()})
    if (size > kMaxHeadDim)
      return llvm::formatv("head dimensions are {0} at most, this one is {1}",
                           kMaxHeadDim, size)
          .str();
  Value matrices[] = {op.getQuery(), op.getKey(), op.getValue(),
                      op.getOutput()};
  // What regions read, too.
  llvm::SetVector<Value> operands(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), operands);
  for (Value operand : operands) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (!type)
      continue;
    if (failed(type.getStridesAndOffset(strides, offset)))
      return "it takes memrefs with a strided layout, not " + toText(type);
    if (llvm::is_contained(matrices, operand) && strides.back() != 1)
      return "the last dimension is contiguous, that of " + toText(type) +
             " is not known to be";
  }
  for (Region *region : {&op.getScore(), &op.getKeep()})
    if (Operation *inner = findUnsupported(*region))
      return "'" + toText(inner->getName()) +
             "' in a region has no lowering in a CUDA kernel";
  return std::nullopt;
}
