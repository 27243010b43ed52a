//===- SdpaExpander.h - One attn.sdpa as linalg -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_CONVERSION_ATTNTOLINALG_SDPAEXPANDER_H
#define ATTN_CONVERSION_ATTNTOLINALG_SDPAEXPANDER_H

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <limits>

namespace mlir::attn {

inline constexpr auto kParallel = utils::IteratorType::parallel;
inline constexpr auto kReduction = utils::IteratorType::reduction;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Expands one op. Iteration spaces are (lead..., i, j) for logits and
/// (lead..., i) for rows, where lead are the batch dimensions and the head.
class SdpaExpander {
public:
  SdpaExpander(SdpaOp op, OpBuilder &builder)
      : op(op), b(op.getLoc(), builder), numLead(op.getRank() - 2),
        computeType(op.getComputeType()) {}

  void expand();

private:
  using BodyBuilder = function_ref<Value(ValueRange)>;

  //===--- Maps and shapes ------------------------------------------------===//

  AffineExpr dim(int64_t d) { return b.getAffineDimExpr(d); }
  AffineMap getMap(int64_t numDims, ArrayRef<AffineExpr> results) {
    return AffineMap::get(numDims, 0, results, b.getContext());
  }
  /// The leading dimensions and then the given ones.
  AffineMap getMap(int64_t numDims, ArrayRef<int64_t> trailing);
  /// The map of an operand that broadcasts, aligned at the right, to the
  /// dimensions `target` of `numDims`.
  AffineMap getBroadcastMap(Value operand, int64_t numDims,
                            ArrayRef<int64_t> target);
  OpFoldResult getLeadSize(int64_t d) {
    return tensor::getMixedSize(b, b.getLoc(), op.getOutput(), d);
  }
  OpFoldResult getNumQueriesSize() {
    return tensor::getMixedSize(b, b.getLoc(), op.getQuery(), numLead);
  }
  OpFoldResult getNumKeysSize() {
    return tensor::getMixedSize(b, b.getLoc(), op.getKey(), numLead);
  }
  /// An uninitialised tensor [lead..., trailing...] of the compute type.
  Value createEmpty(ArrayRef<OpFoldResult> trailing, Type elementType);
  Value createFilled(ArrayRef<OpFoldResult> trailing, double value);

  //===--- Steps ----------------------------------------------------------===//

  Value createGeneric(ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                      ArrayRef<utils::IteratorType> iterators,
                      BodyBuilder body);
  bool hasOutputHeads(Value source);
  SmallVector<Value> getSourceHead(Value source, Value group);
  Value createGroupSize(Value source);
  Value expandToHeads(Value source, bool transposed);
  Value createProducts(Value key);
  Value createLogits(Value products);
  Value emitScore(Value logit, Value bias);
  Value emitKeep(Value mask, Value queryId, Value keyId, Value keyLength);
  Value clampLength(Value length);
  Value createRowReduction(Value logits, double init, BodyBuilder combine);
  Value createExponentials(Value logits, Value maxima);
  Value createSums(Value exponentials, Value value);
  Value createMeans(Value value);
  Value createOutput(Value sums, Value rowSums, Value means);
  Value createLse(Value maxima, Value rowSums);
  Value createMaxScores(Value maxima);
  AffineMap getSinkMap();
  Value createMaximaWithSinks(Value maxima);
  Value createSumsWithSinks(Value rowSums, Value maxima);

  //===--- Scalars --------------------------------------------------------===//

  Value constant(double value) {
    return arith::ConstantOp::create(b, b.getFloatAttr(computeType, value));
  }
  /// Converts a float to the compute type, or to another one.
  Value convert(Value value) { return convert(value, computeType); }
  Value convert(Value value, Type type);
  Value roundToOdd(Value value);
  Value getIndex(int64_t d) { return linalg::IndexOp::create(b, d); }
  Value inlineRegion(Region &region, ValueRange arguments);
  Value conjunction(Value lhs, Value rhs) {
    if (!lhs || !rhs)
      return lhs ? lhs : rhs;
    return arith::AndIOp::create(b, lhs, rhs);
  }

  SdpaOp op;
  ImplicitLocOpBuilder b;
  int64_t numLead;
  FloatType computeType;
  /// The number of queries and keys as index values.
  Value numQueries, numKeys, scale;
};

} // namespace mlir::attn

#endif // ATTN_CONVERSION_ATTNTOLINALG_SDPAEXPANDER_H
