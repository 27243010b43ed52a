//===- ExpandLogits.cpp - Products, scores and masks ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaExpander.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

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
