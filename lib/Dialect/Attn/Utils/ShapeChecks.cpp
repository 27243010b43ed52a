//===- ShapeChecks.cpp - Shapes at run time ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

/// A dimension of an operand, with the words for it.
struct Dim {
  Value operand;
  int64_t index;
  StringRef name;

  int64_t getSize() const {
    return cast<ShapedType>(operand.getType()).getDimSize(index);
  }
};

class ShapeChecker {
public:
  ShapeChecker(OpBuilder &builder, SdpaOp op)
      : b(op.getLoc(), builder), op(op) {}

  void check();

private:
  Value getSize(Dim dim) {
    if (!ShapedType::isDynamic(dim.getSize()))
      return arith::ConstantIndexOp::create(b, dim.getSize());
    if (isa<MemRefType>(dim.operand.getType()))
      return memref::DimOp::create(b, dim.operand, dim.index);
    return tensor::DimOp::create(b, dim.operand, dim.index);
  }

  /// Asserts equality unless the types show it.
  void checkEqual(Dim lhs, Dim rhs, StringRef what) {
    if (lhs.operand == rhs.operand && lhs.index == rhs.index)
      return;
    if (!ShapedType::isDynamic(lhs.getSize()) &&
        !ShapedType::isDynamic(rhs.getSize()))
      return;
    Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                        getSize(lhs), getSize(rhs));
    cf::AssertOp::create(b, equal,
                         ("attn.sdpa: the " + what + " of " + lhs.name +
                          " differs from that of " + rhs.name)
                             .str());
  }

  /// Asserts that an operand, aligned at the right, broadcasts to dimensions. A
  /// dimension broadcasts only if it is statically one.
  void checkBroadcast(Value operand, StringRef name, ArrayRef<Dim> target) {
    if (!operand)
      return;
    int64_t rank = cast<ShapedType>(operand.getType()).getRank();
    for (int64_t d = 0; d < rank; ++d) {
      Dim dim{operand, d, name};
      if (dim.getSize() != 1)
        checkEqual(dim, target[target.size() - rank + d], "size");
    }
  }

  void checkHeads();

  ImplicitLocOpBuilder b;
  SdpaOp op;
};

void ShapeChecker::checkHeads() {
  int64_t d = op.getRank() - 3;
  Dim query{op.getQuery(), d, "query"}, key{op.getKey(), d, "key"},
      value{op.getValue(), d, "value"};
  checkEqual(key, value, "number of heads");
  if (!ShapedType::isDynamic(query.getSize()) &&
      !ShapedType::isDynamic(key.getSize()))
    return;
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value keyHeads = arith::MaxSIOp::create(b, getSize(key), one);
  Value rest = arith::RemSIOp::create(b, getSize(query), keyHeads);
  Value divides =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, zero);
  // No key head serves no query head only.
  Value hasKeyHeads =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, getSize(key), zero);
  Value hasNoQueryHeads =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, getSize(query), zero);
  Value served = arith::OrIOp::create(b, hasKeyHeads, hasNoQueryHeads);
  divides = arith::AndIOp::create(b, divides, served);
  cf::AssertOp::create(b, divides,
                       "attn.sdpa: the number of heads of query is no multiple "
                       "of that of key");
}

void ShapeChecker::check() {
  int64_t rank = op.getRank();
  Dim numQueries{op.getQuery(), rank - 2, "query"};
  Dim numKeys{op.getKey(), rank - 2, "key"};
  checkEqual(numKeys, {op.getValue(), rank - 2, "value"}, "length");
  checkEqual({op.getOutput(), rank - 2, "output"}, numQueries, "length");
  SmallVector<Dim> logits;
  for (int64_t d = 0; d < op.getNumBatchDims(); ++d) {
    logits.push_back({op.getOutput(), d, "output"});
    for (auto [operand, name] :
         {std::pair{op.getQuery(), "query"}, std::pair{op.getKey(), "key"},
          std::pair{op.getValue(), "value"}}) {
      Dim dim{operand, d, name};
      if (dim.getSize() != 1)
        checkEqual(dim, logits.back(), "batch size");
    }
  }
  SmallVector<Dim> batch = logits;
  if (op.hasHeadDim()) {
    checkHeads();
    Dim heads{op.getQuery(), rank - 3, "query"};
    checkEqual({op.getOutput(), rank - 3, "output"}, heads, "number of heads");
    logits.push_back(heads);
  }
  logits.push_back(numQueries);
  // A destination does not broadcast.
  for (auto [out, name] : {std::pair{op.getLse(), "log-sum-exp"},
                           std::pair{op.getMaxScores(), "row maxima"}})
    if (out)
      for (auto [d, dim] : llvm::enumerate(logits))
        checkEqual({out, (int64_t)d, name}, dim, "size");
  logits.push_back(numKeys);
  checkBroadcast(op.getBias(), "bias", logits);
  checkBroadcast(op.getMask(), "mask", logits);
  if (Value sinks = op.getSinks())
    if (Dim heads{sinks, 0, "sinks"}; heads.getSize() != 1 && op.hasHeadDim())
      checkEqual(heads, {op.getQuery(), rank - 3, "query"}, "number of heads");
  checkBroadcast(op.getKeyLengths(), "key lengths", batch);
  batch.push_back(numQueries);
  checkBroadcast(op.getQueryDocuments(), "query documents", batch);
  batch.back() = numKeys;
  checkBroadcast(op.getKeyDocuments(), "key documents", batch);
}

} // namespace

void attn::buildShapeChecks(OpBuilder &builder, SdpaOp op) {
  ShapeChecker(builder, op).check();
}
