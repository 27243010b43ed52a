//===- RegionVectorizer.cpp - Scalar regions on vectors ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionVectorizer.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

class RegionVectorizer {
public:
  RegionVectorizer(KernelBuilder &builder, const IRMapping &captured)
      : builder(builder), mapping(captured) {}

  Value inlineRegion(Region &region, ValueRange arguments);

private:
  /// Every value that the operation or its regions read.
  static SetVector<Value> getReadValues(Operation *op);
  bool isVarying(Value original) {
    return isa<VectorType>(mapping.lookupOrDefault(original).getType());
  }
  static bool canVectorize(Operation *op);
  void vectorize(Operation *op);
  void clonePerLane(Operation *op, const SetVector<Value> &reads);

  KernelBuilder &builder;
  IRMapping mapping;
};

SetVector<Value> RegionVectorizer::getReadValues(Operation *op) {
  SetVector<Value> reads(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  return reads;
}

/// Whether the op does on vectors, lane by lane, what it does on scalars.
bool RegionVectorizer::canVectorize(Operation *op) {
  auto isVectorElement = [](Type type) {
    return VectorType::isValidElementType(type);
  };
  return OpTrait::hasElementwiseMappableTraits(op) &&
         op->getNumRegions() == 0 &&
         llvm::all_of(op->getOperandTypes(), isVectorElement) &&
         llvm::all_of(op->getResultTypes(), isVectorElement);
}

void RegionVectorizer::vectorize(Operation *op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    Value mapped = mapping.lookupOrDefault(operand);
    if (!isa<VectorType>(mapped.getType()))
      mapped = builder.broadcast(mapped);
    operands.push_back(mapped);
  }
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(builder.getVectorType(type));
  OperationState state(op->getLoc(), op->getName(), operands, types,
                       op->getAttrs());
  mapping.map(op->getResults(), builder.create(state)->getResults());
}

void RegionVectorizer::clonePerLane(Operation *op,
                                    const SetVector<Value> &reads) {
  SmallVector<Value> results;
  for (Type type : op->getResultTypes()) {
    VectorType vectorType = builder.getVectorType(type);
    results.push_back(arith::ConstantOp::create(
        builder, vectorType, builder.getZeroAttr(vectorType)));
  }
  for (int64_t lane = 0; lane < builder.getLanes(); ++lane) {
    IRMapping laneMapping = mapping;
    for (Value read : reads) {
      Value mapped = mapping.lookupOrDefault(read);
      if (isa<VectorType>(mapped.getType()))
        mapped = vector::ExtractOp::create(builder, mapped, lane);
      laneMapping.map(read, mapped);
    }
    Operation *cloned = builder.clone(*op, laneMapping);
    for (auto [result, scalar] : llvm::zip(results, cloned->getResults()))
      result = vector::InsertOp::create(builder, scalar, result, lane);
  }
  mapping.map(op->getResults(), results);
}

Value RegionVectorizer::inlineRegion(Region &region, ValueRange arguments) {
  Block &body = region.front();
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator()) {
    SetVector<Value> reads = getReadValues(&op);
    bool varying =
        llvm::any_of(reads, [&](Value read) { return isVarying(read); });
    if (!varying)
      builder.clone(op, mapping);
    else if (canVectorize(&op))
      vectorize(&op);
    else
      clonePerLane(&op, reads);
  }
  Value result =
      mapping.lookupOrDefault(cast<YieldOp>(body.getTerminator()).getValue());
  return isa<VectorType>(result.getType()) ? result : builder.broadcast(result);
}

} // namespace

Value attn::inlineVectorized(KernelBuilder &builder, Region &region,
                             ValueRange arguments, const IRMapping &captured) {
  return RegionVectorizer(builder, captured).inlineRegion(region, arguments);
}
