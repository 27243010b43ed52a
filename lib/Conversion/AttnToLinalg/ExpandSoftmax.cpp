//===- ExpandSoftmax.cpp - From logits to results ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaExpander.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

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
