//===- SdpaExpander.cpp - One attn.sdpa as linalg ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Maps, conversions and the order of the steps.
//
//===----------------------------------------------------------------------===//

#include "SdpaExpander.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::attn;

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
