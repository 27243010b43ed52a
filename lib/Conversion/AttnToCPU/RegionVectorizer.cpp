//===- RegionVectorizer.cpp - Scalar regions on vectors ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionVectorizer.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
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
  /// Whether the operation depends on the query; so do its results then.
  bool isVarying(Operation *op) {
    return llvm::any_of(getReadValues(op),
                        [&](Value read) { return varying.contains(read); });
  }
  static bool isVectorElement(Type type) {
    return isa<IntegerType, IndexType, FloatType>(type);
  }
  static bool canVectorize(Operation *op);
  /// How many bits the magnitude of an integer of the region has at most, as
  /// far as a chain of operations tells.
  unsigned getMagnitudeBits(Value value, unsigned depth = 0);
  /// An i64 below 2^51 in f32, null if the op is none that this holds for.
  Value convertSmall(Operation *op);
  void vectorize(Operation *op);
  /// `mapping` for one lane of what is varying among `values`.
  IRMapping getLaneMapping(int64_t lane, ArrayRef<Value> values);
  Value createZeroVector(Type elementType);
  void clonePerLane(Operation *op);
  Value clonePerLane(Block &body);

  KernelBuilder &builder;
  IRMapping mapping;
  /// Values of the region that are mapped to a vector, an element for each
  /// query.
  DenseSet<Value> varying;
  /// Arguments of the region that are positions of batches, heads, queries and
  /// keys.
  DenseSet<Value> positions;
};

SetVector<Value> RegionVectorizer::getReadValues(Operation *op) {
  SetVector<Value> reads(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  return reads;
}

/// Whether the op does on vectors, lane by lane, what it does on scalars.
bool RegionVectorizer::canVectorize(Operation *op) {
  // The exponent of a power must be the same for all lanes.
  return OpTrait::hasElementwiseMappableTraits(op) &&
         !isa<math::FPowIOp, math::IPowIOp>(op) && op->getNumRegions() == 0 &&
         llvm::all_of(op->getOperandTypes(), isVectorElement) &&
         llvm::all_of(op->getResultTypes(), isVectorElement);
}

unsigned RegionVectorizer::getMagnitudeBits(Value value, unsigned depth) {
  constexpr unsigned kMaxDepth = 8;
  unsigned width = value.getType().isIndex()
                       ? IndexType::kInternalStorageBitWidth
                       : value.getType().getIntOrFloatBitWidth();
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.abs().getActiveBits();
  // Positions: there is memory for what they count.
  constexpr unsigned kAddressBits = 47;
  if (positions.contains(value))
    return kAddressBits;
  Operation *op = value.getDefiningOp();
  if (!op || depth == kMaxDepth)
    return width;
  auto getOperandBits = [&](unsigned i) {
    return getMagnitudeBits(op->getOperand(i), depth + 1);
  };
  unsigned bits = width;
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op))
    bits = getOperandBits(0);
  else if (isa<arith::AddIOp, arith::SubIOp>(op))
    bits = std::max(getOperandBits(0), getOperandBits(1)) + 1;
  else if (isa<arith::MulIOp>(op))
    bits = getOperandBits(0) + getOperandBits(1);
  else if (isa<arith::MinSIOp, arith::MaxSIOp>(op))
    bits = std::max(getOperandBits(0), getOperandBits(1));
  else if (isa<arith::SelectOp>(op))
    bits = std::max(getOperandBits(1), getOperandBits(2));
  return std::min(bits, width);
}

/// AVX-512 alone converts vectors of i64: without, each lane goes by itself. In
/// 1.5 * 2^52 a unit is one, so that an integer added to its bits is added to
/// its value; what is left without that number is exact in f64.
Value RegionVectorizer::convertSmall(Operation *op) {
  constexpr int64_t kMaxLanes = 8;
  constexpr int64_t kMagicBits = 0x4338000000000000;
  constexpr double kMagic = 6755399441055744.0;
  auto toFloat = dyn_cast<arith::SIToFPOp>(op);
  if (!toFloat || builder.getLanes() > kMaxLanes ||
      !toFloat.getType().isF32() || !toFloat.getIn().getType().isInteger(64) ||
      getMagnitudeBits(toFloat.getIn()) > 50)
    return {};
  VectorType intType = builder.getVectorType(builder.getI64Type());
  VectorType doubleType = builder.getVectorType(builder.getF64Type());
  Value bits = builder.add(
      mapping.lookup(toFloat.getIn()),
      arith::ConstantOp::create(builder, intType,
                                DenseElementsAttr::get(intType, kMagicBits)));
  Value shifted = arith::BitcastOp::create(builder, doubleType, bits);
  Value exact = arith::SubFOp::create(
      builder, shifted,
      arith::ConstantOp::create(builder, doubleType,
                                DenseElementsAttr::get(doubleType, kMagic)));
  return arith::TruncFOp::create(builder, builder.getF32VectorType(), exact);
}

void RegionVectorizer::vectorize(Operation *op) {
  if (Value converted = convertSmall(op)) {
    mapping.map(op->getResult(0), converted);
    return;
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    Value mapped = mapping.lookupOrDefault(operand);
    if (!varying.contains(operand))
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

IRMapping RegionVectorizer::getLaneMapping(int64_t lane,
                                           ArrayRef<Value> values) {
  IRMapping result = mapping;
  for (Value value : values)
    if (varying.contains(value))
      result.map(value, vector::ExtractOp::create(builder,
                                                  mapping.lookup(value), lane));
  return result;
}

Value RegionVectorizer::createZeroVector(Type elementType) {
  VectorType type = builder.getVectorType(elementType);
  return arith::ConstantOp::create(builder, type, builder.getZeroAttr(type));
}

void RegionVectorizer::clonePerLane(Operation *op) {
  SmallVector<Value> results;
  for (Type type : op->getResultTypes())
    results.push_back(createZeroVector(type));
  SetVector<Value> reads = getReadValues(op);
  for (int64_t lane = 0; lane < builder.getLanes(); ++lane) {
    IRMapping laneMapping = getLaneMapping(lane, reads.getArrayRef());
    Operation *cloned = builder.clone(*op, laneMapping);
    for (auto [result, scalar] : llvm::zip(results, cloned->getResults()))
      result = vector::InsertOp::create(builder, scalar, result, lane);
  }
  mapping.map(op->getResults(), results);
}

/// The whole body once per lane.
Value RegionVectorizer::clonePerLane(Block &body) {
  Value yielded = cast<YieldOp>(body.getTerminator()).getValue();
  Value result = createZeroVector(yielded.getType());
  SmallVector<Value> arguments(body.getArguments());
  for (int64_t lane = 0; lane < builder.getLanes(); ++lane) {
    IRMapping laneMapping = getLaneMapping(lane, arguments);
    for (Operation &op : body.without_terminator())
      builder.clone(op, laneMapping);
    result = vector::InsertOp::create(
        builder, laneMapping.lookupOrDefault(yielded), result, lane);
  }
  return result;
}

Value RegionVectorizer::inlineRegion(Region &region, ValueRange arguments) {
  Block &body = region.front();
  mapping.map(body.getArguments(), arguments);
  for (auto [argument, value] : llvm::zip(body.getArguments(), arguments)) {
    if (isa<VectorType>(value.getType()))
      varying.insert(argument);
    if (argument.getType().isIndex())
      positions.insert(argument);
  }
  bool hasVaryingAggregate = false;
  for (Operation &op : body.without_terminator()) {
    if (!isVarying(&op))
      continue;
    varying.insert(op.result_begin(), op.result_end());
    hasVaryingAggregate |= !llvm::all_of(op.getResultTypes(), isVectorElement);
  }
  // A slice or a vector for each query has no place in a vector.
  if (hasVaryingAggregate)
    return clonePerLane(body);

  for (Operation &op : body.without_terminator()) {
    if (!isVarying(&op))
      builder.clone(op, mapping);
    else if (canVectorize(&op))
      vectorize(&op);
    else
      clonePerLane(&op);
  }
  Value yielded = cast<YieldOp>(body.getTerminator()).getValue();
  Value result = mapping.lookupOrDefault(yielded);
  return varying.contains(yielded) ? result : builder.broadcast(result);
}

} // namespace

Value attn::inlineVectorized(KernelBuilder &builder, Region &region,
                             ValueRange arguments, const IRMapping &captured) {
  return RegionVectorizer(builder, captured).inlineRegion(region, arguments);
}
