//===- CheckAllocations.cpp - Buffers that fit into memory ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNCHECKALLOCATIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Far above what a machine has, and far below where f64 is inexact by more
/// than the room that alignment and headers take.
constexpr double kMaxBytes = 0x1p62;

void check(memref::AllocOp op) {
  MemRefType type = op.getType();
  double numStaticBytes = 8;
  if (type.getElementType().isIntOrFloat())
    numStaticBytes = llvm::divideCeil(type.getElementTypeBitWidth(), CHAR_BIT);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      numStaticBytes *= size;

  ImplicitLocOpBuilder b(op.getLoc(), op);
  FloatType f64 = b.getF64Type();
  Value bytes =
      arith::ConstantOp::create(b, FloatAttr::get(f64, numStaticBytes));
  for (Value size : op.getDynamicSizes()) {
    Value integer = arith::IndexCastOp::create(b, b.getI64Type(), size);
    Value factor = arith::UIToFPOp::create(b, f64, integer);
    bytes = arith::MulFOp::create(b, bytes, factor);
  }
  Value limit = arith::ConstantOp::create(b, FloatAttr::get(f64, kMaxBytes));
  Value fits =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, bytes, limit);
  std::string message;
  llvm::raw_string_ostream(message)
      << "a buffer of " << type << " is larger than memory can be";
  cf::AssertOp::create(b, fits, message);
}

struct AttnCheckAllocationsPass
    : attn::impl::AttnCheckAllocationsPassBase<AttnCheckAllocationsPass> {
  void runOnOperation() override {
    getOperation()->walk([](memref::AllocOp op) {
      if (!op.getDynamicSizes().empty())
        check(op);
    });
  }
};

} // namespace
