//===- StreamedTilesToLLVM.cpp - Loads that pass by L1 ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <climits>

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTSTREAMEDTILESTOLLVMPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

constexpr StringLiteral kIntrinsic = "llvm.x86.tileloaddt164.internal";

/// A value as a value of another type, which lowering the rest makes the same.
Value castTo(ImplicitLocOpBuilder &b, Type type, Value value) {
  return UnrealizedConversionCastOp::create(b, type, value).getResult(0);
}

LogicalResult convert(amx::TileLoadOp op, const LLVMTypeConverter &converter) {
  if (op.getStride())
    return op.emitError("a streamed load with a stride of its own is not "
                        "supported");
  ImplicitLocOpBuilder b(op.getLoc(), op);
  MemRefType type = op.getMemRefType();
  Type descriptorType = converter.convertType(type);
  if (!descriptorType)
    return op.emitError("no descriptor for ") << type;
  Value descriptor = castTo(b, descriptorType, op.getBase());
  SmallVector<Value> indices;
  for (Value index : op.getIndices())
    indices.push_back(castTo(b, converter.getIndexType(), index));
  Value pointer = LLVM::getStridedElementPtr(b, op.getLoc(), converter, type,
                                             descriptor, indices);

  amx::TileType tile = op.getTileType();
  int64_t elementBytes =
      tile.getElementType().getIntOrFloatBitWidth() / CHAR_BIT;
  int64_t rowBytes = tile.getDimSize(1) * elementBytes;
  auto constant = [&](Type constantType, int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, constantType,
                                    b.getIntegerAttr(constantType, value));
  };
  // The distance of rows: static, or from the descriptor.
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t row = type.getRank() - 2;
  Value stride = ShapedType::isDynamic(strides[row])
                     ? MemRefDescriptor(descriptor).stride(b, op.getLoc(), row)
                     : constant(b.getI64Type(), strides[row]);
  stride =
      LLVM::MulOp::create(b, stride, constant(b.getI64Type(), elementBytes));
  auto amxType = LLVM::LLVMX86AMXType::get(op.getContext());
  Value loaded =
      LLVM::CallIntrinsicOp::create(
          b, amxType, b.getStringAttr(kIntrinsic),
          ValueRange{constant(b.getI16Type(), tile.getDimSize(0)),
                     constant(b.getI16Type(), rowBytes), pointer, stride})
          .getResult(0);
  op.replaceAllUsesWith(castTo(b, tile, loaded));
  op.erase();
  return success();
}

struct ConvertStreamedTilesToLLVMPass
    : attn::impl::ConvertStreamedTilesToLLVMPassBase<
          ConvertStreamedTilesToLLVMPass> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    SmallVector<amx::TileLoadOp> loads;
    getOperation()->walk([&](amx::TileLoadOp op) {
      if (op->hasAttr(attn::kStreamedAttrName))
        loads.push_back(op);
    });
    for (amx::TileLoadOp op : loads)
      if (failed(convert(op, converter)))
        return signalPassFailure();
    numConverted += loads.size();
  }
};

} // namespace
