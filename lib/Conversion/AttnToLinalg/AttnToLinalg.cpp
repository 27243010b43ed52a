//===- AttnToLinalg.cpp - attn to linalg ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The inverse of fusion, step by step as docs/Spec.md defines the op. All
// kernels are compared with it, so it is plain before it is fast.
//
//===----------------------------------------------------------------------===//

#include "SplitSequences.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <limits>

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTATTNTOLINALGPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

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

constexpr auto kParallel = utils::IteratorType::parallel;
constexpr auto kReduction = utils::IteratorType::reduction;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

AffineMap SdpaExpander::getMap(int64_t numDims, ArrayRef<int64_t> trailing) {
  SmallVector<AffineExpr> results;
  for (int64_t d = 0; d < numLead; ++d)
    results.push_back(dim(d));
  for (int64_t d : trailing)
    results.push_back(dim(d));
  return getMap(numDims, results);
}

AffineMap SdpaExpander::getBroadcastMap(Value operand, int64_t numDims,
                                        ArrayRef<int64_t> target) {
  auto type = cast<ShapedType>(operand.getType());
  SmallVector<AffineExpr> results;
  for (int64_t d = 0; d < type.getRank(); ++d)
    results.push_back(type.getDimSize(d) == 1
                          ? b.getAffineConstantExpr(0)
                          : dim(target[target.size() - type.getRank() + d]));
  return getMap(numDims, results);
}

Value SdpaExpander::createEmpty(ArrayRef<OpFoldResult> trailing,
                                Type elementType) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < numLead; ++d)
    sizes.push_back(getLeadSize(d));
  llvm::append_range(sizes, trailing);
  return tensor::EmptyOp::create(b, sizes, elementType);
}

Value SdpaExpander::createFilled(ArrayRef<OpFoldResult> trailing,
                                 double value) {
  Value empty = createEmpty(trailing, computeType);
  return linalg::FillOp::create(b, constant(value), empty).getResult(0);
}

Value SdpaExpander::createGeneric(ValueRange inputs, Value init,
                                  ArrayRef<AffineMap> maps,
                                  ArrayRef<utils::IteratorType> iterators,
                                  BodyBuilder body) {
  return linalg::GenericOp::create(
             b, init.getType(), inputs, init, maps, iterators,
             [&](OpBuilder &, Location loc, ValueRange arguments) {
               OpBuilder::InsertionGuard guard(b);
               b.setInsertionPointToEnd(
                   cast<BlockArgument>(arguments[0]).getOwner());
               linalg::YieldOp::create(b, body(arguments));
             })
      .getResult(0);
}

Value SdpaExpander::convert(Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(b, type, value);
  if (value.getType().isF64() && type.isBF16())
    value = roundToOdd(value);
  if (from > to)
    return arith::TruncFOp::create(b, type, value);
  // f16 and bf16.
  Value wide = arith::ExtFOp::create(b, b.getF32Type(), value);
  return arith::TruncFOp::create(b, type, wide);
}

/// Rounds f64 to f32 such that rounding on to bf16 gives what rounding at once
/// would: what is not exact becomes odd. No library has f64 to bf16 everywhere.
Value SdpaExpander::roundToOdd(Value value) {
  using P = arith::CmpFPredicate;
  Value nearest = arith::TruncFOp::create(b, b.getF32Type(), value);
  Value wide = arith::ExtFOp::create(b, value.getType(), nearest);
  Value isInexact = arith::CmpFOp::create(b, P::UNE, wide, value);
  Value isAway = arith::CmpFOp::create(b, P::OGT, math::AbsFOp::create(b, wide),
                                       math::AbsFOp::create(b, value));
  Value one = arith::ConstantIntOp::create(b, 1, 32);
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), nearest);
  Value towardsZero = arith::SelectOp::create(
      b, isAway, arith::SubIOp::create(b, bits, one), bits);
  Value odd = arith::OrIOp::create(b, towardsZero, one);
  bits = arith::SelectOp::create(b, isInexact, odd, bits);
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}

Value SdpaExpander::inlineRegion(Region &region, ValueRange arguments) {
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);
  for (Operation &inner : region.front().without_terminator())
    b.clone(inner, mapping);
  return mapping.lookupOrDefault(
      cast<YieldOp>(region.front().getTerminator()).getValue());
}

/// Whether the leading dimensions are those of the output for sure.
bool SdpaExpander::hasOutputHeads(Value source) {
  auto type = cast<RankedTensorType>(source.getType());
  for (int64_t d = 0; d < numLead; ++d)
    if (type.isDynamicDim(d) ||
        type.getDimSize(d) != op.getOutputType().getDimSize(d))
      return false;
  return true;
}

/// Indices of the leading dimensions of key or value, inside a body that
/// iterates over those of the output: query heads of a group share a key head.
SmallVector<Value> SdpaExpander::getSourceHead(Value source, Value group) {
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<Value> indices;
  for (int64_t d = 0; d < numLead; ++d) {
    if (d < op.getNumBatchDims() && type.getDimSize(d) == 1)
      indices.push_back(arith::ConstantIndexOp::create(b, 0));
    else if (op.hasHeadDim() && d == numLead - 1)
      indices.push_back(arith::DivSIOp::create(b, getIndex(d), group));
    else
      indices.push_back(getIndex(d));
  }
  return indices;
}

/// Hq / Hkv; 1 where there are no heads.
Value SdpaExpander::createGroupSize(Value source) {
  if (!op.hasHeadDim())
    return {};
  auto getSize = [&](OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
  };
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value keyHeads = arith::MaxSIOp::create(
      b, getSize(tensor::getMixedSize(b, b.getLoc(), source, numLead - 1)),
      one);
  Value group =
      arith::DivSIOp::create(b, getSize(getLeadSize(numLead - 1)), keyHeads);
  return arith::MaxSIOp::create(b, group, one);
}

/// Key or value with the leading dimensions of the output: batch dimensions
/// broadcast, heads repeated. The key is transposed as well, to [lead..., D,
/// Lk], so that the innermost loop over its products is a parallel one.
Value SdpaExpander::expandToHeads(Value source, bool transposed) {
  bool hasHeads = hasOutputHeads(source);
  if (hasHeads && !transposed)
    return source;
  int64_t numDims = numLead + 2;
  SmallVector<int64_t> trailing{numLead, numLead + 1};
  if (transposed)
    std::swap(trailing[0], trailing[1]);
  Value init =
      createEmpty({tensor::getMixedSize(b, b.getLoc(), source, trailing[0]),
                   tensor::getMixedSize(b, b.getLoc(), source, trailing[1])},
                  computeType);
  AffineMap identity = b.getMultiDimIdentityMap(numDims);
  SmallVector<utils::IteratorType> iterators(numDims, kParallel);
  if (hasHeads)
    return createGeneric(
        source, init, {getMap(numDims, trailing), identity}, iterators,
        [&](ValueRange arguments) { return convert(arguments[0]); });
  Value group = createGroupSize(source);
  return createGeneric({}, init, identity, iterators, [&](ValueRange) {
    SmallVector<Value> indices = getSourceHead(source, group);
    for (int64_t d : trailing)
      indices.push_back(getIndex(d));
    return convert(tensor::ExtractOp::create(b, source, indices));
  });
}

/// query . key for every (lead..., i, j), from the transposed key.
Value SdpaExpander::createProducts(Value key) {
  int64_t i = numLead, d = numLead + 1, j = numLead + 2, numDims = numLead + 3;
  SmallVector<utils::IteratorType> iterators(numDims, kParallel);
  iterators[d] = kReduction;
  // A query batch of one is broadcast.
  SmallVector<AffineExpr> queryDims;
  for (int64_t lead = 0; lead < numLead; ++lead)
    queryDims.push_back(lead < op.getNumBatchDims() &&
                                op.getQueryType().getDimSize(lead) == 1
                            ? b.getAffineConstantExpr(0)
                            : dim(lead));
  queryDims.append({dim(i), dim(d)});
  return createGeneric({op.getQuery(), key},
                       createFilled({getNumQueriesSize(), getNumKeysSize()}, 0),
                       {getMap(numDims, queryDims), getMap(numDims, {d, j}),
                        getMap(numDims, {i, j})},
                       iterators, [&](ValueRange arguments) -> Value {
                         Value product = arith::MulFOp::create(
                             b, convert(arguments[0]), convert(arguments[1]));
                         return arith::AddFOp::create(b, arguments[2], product);
                       });
}

/// Scale, softcap, bias and score region.
Value SdpaExpander::emitScore(Value logit, Value bias) {
  logit = arith::MulFOp::create(b, logit, scale);
  if (std::optional<APFloat> softcap = op.getSoftcap()) {
    Value cap = constant(softcap->convertToDouble());
    logit = math::TanhOp::create(b, arith::DivFOp::create(b, logit, cap));
    logit = arith::MulFOp::create(b, logit, cap);
  }
  if (bias)
    logit = arith::AddFOp::create(b, logit, convert(bias));
  if (op.hasScoreRegion()) {
    SmallVector<Value> arguments{logit};
    for (int64_t d = 0; d < op.getRank(); ++d)
      arguments.push_back(getIndex(d));
    logit = inlineRegion(op.getScore(), arguments);
  }
  return logit;
}

/// A key length as an index between zero and the number of keys.
Value SdpaExpander::clampLength(Value length) {
  if (!length.getType().isIndex())
    length = arith::IndexCastOp::create(b, b.getIndexType(), length);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  length = arith::MaxSIOp::create(b, length, zero);
  return arith::MinSIOp::create(b, length, numKeys);
}

/// Whether every mask keeps the element; null without masks.
Value SdpaExpander::emitKeep(Value mask, Value queryId, Value keyId,
                             Value keyLength) {
  using P = arith::CmpIPredicate;
  Value keep = mask, usedKeys = numKeys, j = getIndex(numLead + 1);
  if (keyLength) {
    usedKeys = clampLength(keyLength);
    keep = conjunction(keep, arith::CmpIOp::create(b, P::slt, j, usedKeys));
  }
  if (StructuralMaskInterface structure = op.getStructureAttr()) {
    KeyIntervalValues keys = structure.buildKeyInterval(
        b, b.getLoc(), getIndex(numLead), numQueries, usedKeys);
    if (keys.begin)
      keep = conjunction(keep, arith::CmpIOp::create(b, P::sge, j, keys.begin));
    if (keys.end)
      keep = conjunction(keep, arith::CmpIOp::create(b, P::slt, j, keys.end));
  }
  if (queryId)
    keep = conjunction(keep, arith::CmpIOp::create(b, P::eq, queryId, keyId));
  if (op.hasKeepRegion()) {
    SmallVector<Value> arguments;
    for (int64_t d = 0; d < op.getRank(); ++d)
      arguments.push_back(getIndex(d));
    keep = conjunction(keep, inlineRegion(op.getKeep(), arguments));
  }
  return keep;
}

Value SdpaExpander::createLogits(Value products) {
  int64_t numDims = numLead + 2;
  auto logitDims = llvm::to_vector(llvm::seq<int64_t>(0, numDims));
  SmallVector<Value> inputs{products};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(numDims)};
  auto addInput = [&](Value operand, ArrayRef<int64_t> target) -> int64_t {
    if (!operand)
      return -1;
    inputs.push_back(operand);
    maps.push_back(getBroadcastMap(operand, numDims, target));
    return inputs.size() - 1;
  };
  int64_t bias = addInput(op.getBias(), logitDims);
  int64_t mask = addInput(op.getMask(), logitDims);
  auto rowDims = llvm::to_vector(llvm::seq<int64_t>(0, op.getNumBatchDims()));
  rowDims.push_back(numLead);
  int64_t queryId = addInput(op.getQueryDocuments(), rowDims);
  rowDims.back() = numLead + 1;
  int64_t keyId = addInput(op.getKeyDocuments(), rowDims);
  rowDims.pop_back();
  int64_t keyLength = addInput(op.getKeyLengths(), rowDims);
  maps.push_back(b.getMultiDimIdentityMap(numDims));
  return createGeneric(
      inputs, createEmpty({getNumQueriesSize(), getNumKeysSize()}, computeType),
      maps, SmallVector<utils::IteratorType>(numDims, kParallel),
      [&](ValueRange arguments) -> Value {
        auto get = [&](int64_t index) {
          return index < 0 ? Value() : arguments[index];
        };
        Value logit = emitScore(arguments[0], get(bias));
        Value keep =
            emitKeep(get(mask), get(queryId), get(keyId), get(keyLength));
        if (keep)
          logit = arith::SelectOp::create(b, keep, logit, constant(-kInfinity));
        return logit;
      });
}

/// Reduces [lead..., i, j] over j.
Value SdpaExpander::createRowReduction(Value logits, double init,
                                       BodyBuilder combine) {
  int64_t numDims = numLead + 2;
  SmallVector<utils::IteratorType> iterators(numDims, kParallel);
  iterators.back() = kReduction;
  return createGeneric(
      logits, createFilled(getNumQueriesSize(), init),
      {b.getMultiDimIdentityMap(numDims), getMap(numDims, {numLead})},
      iterators, combine);
}

/// exp(logit - max); 0 for a row whose every logit is -inf.
Value SdpaExpander::createExponentials(Value logits, Value maxima) {
  int64_t numDims = numLead + 2;
  AffineMap identity = b.getMultiDimIdentityMap(numDims);
  return createGeneric(
      {logits, maxima},
      createEmpty({getNumQueriesSize(), getNumKeysSize()}, computeType),
      {identity, getMap(numDims, {numLead}), identity},
      SmallVector<utils::IteratorType>(numDims, kParallel),
      [&](ValueRange arguments) -> Value {
        Value isEmpty = arith::CmpFOp::create(
            b, arith::CmpFPredicate::OEQ, arguments[1], constant(-kInfinity));
        Value max =
            arith::SelectOp::create(b, isEmpty, constant(0), arguments[1]);
        Value difference = arith::SubFOp::create(b, arguments[0], max);
        return math::ExpOp::create(b, difference);
      });
}

/// exponentials . value for every (lead..., i, column).
Value SdpaExpander::createSums(Value exponentials, Value value) {
  int64_t i = numLead, j = numLead + 1, column = numLead + 2,
          numDims = numLead + 3;
  SmallVector<utils::IteratorType> iterators(numDims, kParallel);
  iterators[j] = kReduction;
  // What is masked must not be multiplied, not even by zero: it may be NaN.
  bool guarded = op.isMasked() || op.getBias() || op.hasScoreRegion();
  return createGeneric(
      {exponentials, value},
      createFilled({getNumQueriesSize(), b.getIndexAttr(op.getValueDim())}, 0),
      {getMap(numDims, {i, j}), getMap(numDims, {j, column}),
       getMap(numDims, {i, column})},
      iterators, [&](ValueRange arguments) -> Value {
        Value product =
            arith::MulFOp::create(b, arguments[0], convert(arguments[1]));
        Value sum = arith::AddFOp::create(b, arguments[2], product);
        if (!guarded)
          return sum;
        Value observed = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE,
                                               arguments[0], constant(0));
        return arith::SelectOp::create(b, observed, sum, arguments[2]);
      });
}

/// The mean of all values for every (lead..., column).
Value SdpaExpander::createMeans(Value value) {
  int64_t column = numLead, j = numLead + 1, numDims = numLead + 2;
  SmallVector<utils::IteratorType> iterators(numDims, kParallel);
  iterators[j] = kReduction;
  OpFoldResult columns = b.getIndexAttr(op.getValueDim());
  auto batchDims = llvm::to_vector(llvm::seq<int64_t>(0, op.getNumBatchDims()));
  // The inputs and, if there are key lengths, these.
  auto create = [&](Value input, Value init, ArrayRef<int64_t> trailing,
                    int64_t dims, ArrayRef<utils::IteratorType> kinds,
                    function_ref<Value(ValueRange, Value)> body) {
    SmallVector<Value> inputs{input};
    SmallVector<AffineMap> maps{getMap(dims, trailing)};
    if (Value lengths = op.getKeyLengths()) {
      inputs.push_back(lengths);
      maps.push_back(getBroadcastMap(lengths, dims, batchDims));
    }
    maps.push_back(getMap(dims, {column}));
    return createGeneric(inputs, init, maps, kinds, [&](ValueRange arguments) {
      Value used = numKeys;
      if (op.getKeyLengths())
        used = clampLength(arguments[1]);
      return body({arguments.front(), arguments.back()}, used);
    });
  };
  Value sums =
      create(value, createFilled(columns, 0), {j, column}, numDims, iterators,
             [&](ValueRange arguments, Value used) -> Value {
               Value sum = arith::AddFOp::create(b, arguments[1],
                                                 convert(arguments[0]));
               if (!op.getKeyLengths())
                 return sum;
               Value isUsed = arith::CmpIOp::create(
                   b, arith::CmpIPredicate::slt, getIndex(j), used);
               return arith::SelectOp::create(b, isUsed, sum, arguments[1]);
             });
  return create(sums, createEmpty(columns, computeType), {column}, numLead + 1,
                SmallVector<utils::IteratorType>(numLead + 1, kParallel),
                [&](ValueRange arguments, Value used) -> Value {
                  Value count = arith::SIToFPOp::create(
                      b, computeType,
                      arith::IndexCastOp::create(b, b.getI64Type(), used));
                  return arith::DivFOp::create(b, arguments[0], count);
                });
}

/// sums / row sums; the policy decides rows without keys.
Value SdpaExpander::createOutput(Value sums, Value rowSums, Value means) {
  int64_t i = numLead, column = numLead + 1, numDims = numLead + 2;
  AffineMap identity = b.getMultiDimIdentityMap(numDims);
  SmallVector<Value> inputs{sums, rowSums};
  SmallVector<AffineMap> maps{identity, getMap(numDims, {i})};
  if (means) {
    inputs.push_back(means);
    maps.push_back(getMap(numDims, {column}));
  }
  maps.push_back(identity);
  return createGeneric(
      inputs, op.getOutput(), maps,
      SmallVector<utils::IteratorType>(numDims, kParallel),
      [&](ValueRange arguments) -> Value {
        // exp(0) = 1 is in the sum of every other row.
        Value isMasked = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                               arguments[1], constant(0));
        Value ofMasked =
            means ? arguments[2]
                  : constant(op.getMaskedRow() == MaskedRow::NaN
                                 ? std::numeric_limits<double>::quiet_NaN()
                                 : 0.0);
        Value quotient = arith::DivFOp::create(b, arguments[0], arguments[1]);
        return convert(arith::SelectOp::create(b, isMasked, ofMasked, quotient),
                       op.getOutputType().getElementType());
      });
}

Value SdpaExpander::createLse(Value maxima, Value rowSums) {
  AffineMap identity = b.getMultiDimIdentityMap(numLead + 1);
  return createGeneric({maxima, rowSums}, op.getLse(),
                       {identity, identity, identity},
                       SmallVector<utils::IteratorType>(numLead + 1, kParallel),
                       [&](ValueRange arguments) -> Value {
                         Value log = math::LogOp::create(b, arguments[1]);
                         return arith::AddFOp::create(b, arguments[0], log);
                       });
}

Value SdpaExpander::createMaxScores(Value maxima) {
  AffineMap identity = b.getMultiDimIdentityMap(numLead + 1);
  return createGeneric(
      maxima, op.getMaxScores(), {identity, identity},
      SmallVector<utils::IteratorType>(numLead + 1, kParallel),
      [](ValueRange arguments) -> Value { return arguments[0]; });
}

/// Sinks for every (lead..., i).
AffineMap SdpaExpander::getSinkMap() {
  bool isOne = cast<ShapedType>(op.getSinks().getType()).getDimSize(0) == 1 ||
               !op.hasHeadDim();
  return getMap(numLead + 1,
                {isOne ? b.getAffineConstantExpr(0) : dim(numLead - 1)});
}

Value SdpaExpander::createMaximaWithSinks(Value maxima) {
  AffineMap identity = b.getMultiDimIdentityMap(numLead + 1);
  return createGeneric({maxima, op.getSinks()},
                       createEmpty(getNumQueriesSize(), computeType),
                       {identity, getSinkMap(), identity},
                       SmallVector<utils::IteratorType>(numLead + 1, kParallel),
                       [&](ValueRange arguments) -> Value {
                         return arith::MaximumFOp::create(
                             b, arguments[0], convert(arguments[1]));
                       });
}

/// The sums with exp(sink - max) added; a sink of -inf adds nothing.
Value SdpaExpander::createSumsWithSinks(Value rowSums, Value maxima) {
  AffineMap identity = b.getMultiDimIdentityMap(numLead + 1);
  return createGeneric(
      {rowSums, maxima, op.getSinks()},
      createEmpty(getNumQueriesSize(), computeType),
      {identity, identity, getSinkMap(), identity},
      SmallVector<utils::IteratorType>(numLead + 1, kParallel),
      [&](ValueRange arguments) -> Value {
        Value isEmpty = arith::CmpFOp::create(
            b, arith::CmpFPredicate::OEQ, arguments[1], constant(-kInfinity));
        Value max =
            arith::SelectOp::create(b, isEmpty, constant(0), arguments[1]);
        Value difference = arith::SubFOp::create(b, convert(arguments[2]), max);
        return arith::AddFOp::create(b, arguments[0],
                                     math::ExpOp::create(b, difference));
      });
}

void SdpaExpander::expand() {
  numQueries =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), getNumQueriesSize());
  numKeys = getValueOrCreateConstantIndexOp(b, b.getLoc(), getNumKeysSize());
  scale =
      op.getScale() ? convert(op.getScale()) : constant(*op.getConstantScale());
  Value key = expandToHeads(op.getKey(), /*transposed=*/true);
  Value value = expandToHeads(op.getValue(), /*transposed=*/false);
  Value logits = createLogits(createProducts(key));
  Value maxima = createRowReduction(
      logits, -kInfinity, [&](ValueRange arguments) -> Value {
        return arith::MaximumFOp::create(b, arguments[0], arguments[1]);
      });
  // A sink is no logit of the row.
  Value maxScores = op.getMaxScores() ? createMaxScores(maxima) : Value();
  if (op.getSinks())
    maxima = createMaximaWithSinks(maxima);
  Value exponentials = createExponentials(logits, maxima);
  Value rowSums =
      createRowReduction(exponentials, 0, [&](ValueRange arguments) -> Value {
        return arith::AddFOp::create(b, arguments[1], arguments[0]);
      });
  if (op.getSinks())
    rowSums = createSumsWithSinks(rowSums, maxima);
  Value sums = createSums(exponentials, value);
  Value means =
      op.getMaskedRow() == MaskedRow::Uniform ? createMeans(value) : Value();
  SmallVector<Value> results{createOutput(sums, rowSums, means)};
  if (op.getLse())
    results.push_back(createLse(maxima, rowSums));
  if (maxScores)
    results.push_back(maxScores);
  op->replaceAllUsesWith(results);
  op->erase();
}

struct ConvertAttnToLinalgPass
    : attn::impl::ConvertAttnToLinalgPassBase<ConvertAttnToLinalgPass> {
  using ConvertAttnToLinalgPassBase::ConvertAttnToLinalgPassBase;

  void runOnOperation() override {
    SmallVector<SdpaOp> ops;
    getOperation()->walk([&](SdpaOp op) {
      if (all || op.getBackend() == Backend::Math)
        ops.push_back(op);
    });
    for (SdpaOp op : ops) {
      if (!op.hasTensorSemantics()) {
        op.emitError("the math backend takes tensors: run it before "
                     "bufferization");
        return signalPassFailure();
      }
      OpBuilder builder(op);
      buildShapeChecks(builder, op);
      if (op.isRagged()) {
        op = splitSequences(op);
        builder.setInsertionPoint(op);
      }
      SdpaExpander(op, builder).expand();
      ++numExpanded;
    }
  }
};

} // namespace
