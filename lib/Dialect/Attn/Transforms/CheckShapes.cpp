//===- CheckShapes.cpp - Shapes are checked when code runs ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/RuntimeOpVerification.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/RuntimeOpVerification.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/RuntimeVerifiableOpInterface.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNCHECKSHAPESPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Where an op is, what it is, and what is wrong: one line.
std::string describe(Operation *op, StringRef problem) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto loc = op->getLoc()->findInstanceOf<FileLineColLoc>())
    os << loc.getFilename().getValue() << ':' << loc.getLine() << ':'
       << loc.getColumn() << ": ";
  os << '\'' << op->getName() << "': " << problem;
  return text;
}

void assertEqual(ImplicitLocOpBuilder &b, Operation *op, Value lhs, Value rhs,
                 const Twine &problem) {
  Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lhs, rhs);
  cf::AssertOp::create(b, equal, describe(op, problem.str()));
}

Value getProduct(ImplicitLocOpBuilder &b, ValueRange sizes) {
  Value product = arith::ConstantIndexOp::create(b, 1);
  for (Value size : sizes)
    product = arith::MulIOp::create(b, product, size);
  return product;
}

/// The sizes that a dimension splits into have its product.
void check(tensor::ExpandShapeOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  for (auto [index, group] : llvm::enumerate(op.getReassociationIndices())) {
    SmallVector<Value> parts;
    for (int64_t d : group)
      parts.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[d]));
    assertEqual(b, op, tensor::DimOp::create(b, op.getSrc(), index),
                getProduct(b, parts),
                "dimension " + Twine(index) +
                    " is not the product of those it is split into");
  }
}

/// A tensor keeps its number of elements.
void check(tensor::ReshapeOp op) {
  auto sourceType = dyn_cast<RankedTensorType>(op.getSource().getType());
  auto resultType = dyn_cast<RankedTensorType>(op.getType());
  if (!sourceType || !resultType)
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  SmallVector<Value> from, to;
  for (int64_t d = 0, e = sourceType.getRank(); d < e; ++d)
    from.push_back(tensor::DimOp::create(b, op.getSource(), d));
  for (int64_t d = 0, e = resultType.getRank(); d < e; ++d) {
    Value index = arith::ConstantIndexOp::create(b, d);
    Value size = tensor::ExtractOp::create(b, op.getShape(), index);
    if (!size.getType().isIndex())
      size = arith::IndexCastOp::create(b, b.getIndexType(), size);
    to.push_back(size);
    if (!resultType.isDynamicDim(d))
      assertEqual(b, op, size,
                  arith::ConstantIndexOp::create(b, resultType.getDimSize(d)),
                  "dimension " + Twine(d) + " of the result is not " +
                      Twine(resultType.getDimSize(d)));
  }
  assertEqual(b, op, getProduct(b, from), getProduct(b, to),
              "the result has another number of elements");
}

/// The slice has the shape of what is put there, and is inside.
void check(tensor::InsertSliceOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  int64_t sourceDim = 0;
  for (auto [d, offset, size, stride] : llvm::enumerate(
           op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides())) {
    auto get = [&](OpFoldResult value) {
      return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
    };
    Value length = get(size), first = get(offset);
    if (!dropped.test(d))
      assertEqual(b, op, tensor::DimOp::create(b, op.getSource(), sourceDim++),
                  length,
                  "dimension " + Twine(d) +
                      " of the slice differs from that of the source");
    Value last = arith::SubIOp::create(b, length, one);
    last = arith::MulIOp::create(b, last, get(stride));
    last = arith::AddIOp::create(b, first, last);
    Value end = tensor::DimOp::create(b, op.getDest(), d);
    auto isWithin = [&](Value index) -> Value {
      // Unsigned, so that what is negative is too large.
      return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, index, end);
    };
    Value isEmpty =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sle, length, zero);
    Value fits = arith::AndIOp::create(b, isWithin(first), isWithin(last));
    fits = arith::OrIOp::create(b, isEmpty, fits);
    cf::AssertOp::create(b, fits,
                         describe(op, ("dimension " + Twine(d) +
                                       " of the slice is out of bounds")
                                          .str()));
  }
}

/// Upstream verifies structured ops only, and this is none.
void check(linalg::SoftmaxOp op) {
  if (!op.hasPureTensorSemantics())
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  for (int64_t d = 0, e = op.getInputOperandRank(); d < e; ++d)
    assertEqual(b, op, tensor::DimOp::create(b, op.getInput(), d),
                tensor::DimOp::create(b, op.getOutput(), d),
                "dimension " + Twine(d) +
                    " of the input differs from that of the output");
}

/// What upstream verifies.
void check(RuntimeVerifiableOpInterface op) {
  OpBuilder builder(op);
  op.generateRuntimeVerification(builder, op.getLoc(), describe);
}

bool hasDynamicShape(Type type) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  return shaped && !shaped.hasStaticShape();
}

/// Whether an op can fail only when it runs: what is static its verifier has
/// seen. Slices and indices may be dynamic where types are not.
bool isDynamic(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), hasDynamicShape) ||
         llvm::any_of(op->getResultTypes(), hasDynamicShape) ||
         isa<OffsetSizeAndStrideOpInterface, tensor::ExtractOp,
             tensor::InsertOp>(op);
}

bool isChecked(Operation *op) {
  if (op->getParentOfType<linalg::LinalgOp>() ||
      op->getParentOfType<attn::SdpaOp>())
    return false;
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return !dim.getConstantIndex();
  return isa<tensor::TensorDialect, linalg::LinalgDialect>(op->getDialect()) &&
         isDynamic(op);
}

struct AttnCheckShapesPass
    : attn::impl::AttnCheckShapesPassBase<AttnCheckShapesPass> {
  void getDependentDialects(DialectRegistry &registry) const override {
    AttnCheckShapesPassBase::getDependentDialects(registry);
    linalg::registerRuntimeVerifiableOpInterfaceExternalModels(registry);
    tensor::registerRuntimeVerifiableOpInterfaceExternalModels(registry);
  }

  void runOnOperation() override {
    // Checks have operations that want no checks of their own.
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (op->getDialect() && isChecked(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
        check(expand);
      else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
        check(reshape);
      else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
        check(insert);
      else if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op))
        check(softmax);
      else if (auto verifiable = dyn_cast<RuntimeVerifiableOpInterface>(op))
        check(verifiable);
    }
  }
};

} // namespace
