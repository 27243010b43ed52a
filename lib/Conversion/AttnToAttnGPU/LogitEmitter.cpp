//===- LogitEmitter.cpp - From a product to logits ------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLog2e = 1.44269504088896340736;

Value KernelEmitter::emitLogits(const Tile &tile, Value product, Value firstKey,
                                bool masked) {
  Value logits = product;
  if (areLogitsScaled() || (masked && isAlwaysMasked()))
    logits = emitElements(tile, logits, firstKey, masked);
  if (!masked)
    return logits;
  logits = emitIntervals(tile, logits, firstKey);
  if (args.documentRanges)
    logits = emitDocumentPredicates(tile, logits, firstKey);
  return logits;
}

//===----------------------------------------------------------------------===//
// Coordinates and memory
//===----------------------------------------------------------------------===//

/// Which head of its tile a row has. Without a division, which would take
/// longer than all else that is done for a row.
Value KernelEmitter::getHeadOfRow(Value row) {
  return arith::ShRUIOp::create(b, b.mul(row, args.headOfRowFactor), b.i32(16));
}

Value KernelEmitter::getFirstHead(const Tile &tile) {
  if (!tile.numHeads || schedule.consumers == 1)
    return tile.head;
  return b.add(tile.head, b.mul(warpgroup, args.headsPerConsumer));
}

Value KernelEmitter::getFirstQuery(const Tile &tile) {
  if (tile.numHeads)
    return tile.firstQuery;
  return b.add(tile.firstQuery, b.mul(warpgroup, FragmentType::kRows));
}

Value KernelEmitter::getNumRows(const Tile &tile) {
  Value left = b.sub(tile.numQueries, getFirstQuery(tile));
  if (!tile.numHeads)
    return left;
  Value numHeads = tile.numHeads;
  if (schedule.consumers > 1) {
    Value before = b.mul(warpgroup, args.headsPerConsumer);
    numHeads = b.min(b.sub(numHeads, before), args.headsPerConsumer);
    numHeads = b.max(numHeads, b.i32(0));
  }
  return b.mul(numHeads, b.min(left, args.queriesPerHead));
}

Value KernelEmitter::getClampedRow(const Tile &tile, Value i) {
  return b.min(i, b.max(b.add(getNumRows(tile), -1), b.i32(0)));
}

KernelEmitter::Tile KernelEmitter::getTileOfRow(const Tile &tile, Value i) {
  Tile own = tile;
  if (!tile.numHeads)
    return own;
  own.head = b.add(getFirstHead(tile), getHeadOfRow(getClampedRow(tile, i)));
  // A consumer without heads reads what the last one does.
  if (schedule.consumers > 1)
    own.head = b.min(own.head, b.add(tile.head, b.add(tile.numHeads, -1)));
  return own;
}

Value KernelEmitter::isRow(const Tile &tile, Value i) {
  constexpr auto kLess = arith::CmpIPredicate::slt;
  return tile.numHeads ? b.compare(kLess, i, getNumRows(tile))
                       : b.compare(kLess, getQuery(tile, i, /*clamp=*/false),
                                   tile.numQueries);
}

Value KernelEmitter::getQuery(const Tile &tile, Value i, bool clamp) {
  if (tile.numHeads) {
    Value row = clamp ? getClampedRow(tile, i) : i;
    Value before = b.mul(getHeadOfRow(row), args.queriesPerHead);
    return b.add(tile.firstQuery, b.sub(row, before));
  }
  Value query = b.add(getFirstQuery(tile), i);
  return clamp ? b.min(query, b.add(tile.numQueries, -1)) : query;
}

Value KernelEmitter::getKey(const Tile &tile, Value firstKey, Value j,
                            bool clamp) {
  Value key = b.add(firstKey, j);
  return clamp ? b.min(key, b.add(tile.numKeys, -1)) : key;
}

/// The address of the element at `indices`, of which a tensor of fewer
/// dimensions has the last ones.
Value KernelEmitter::emitAddress(const TensorArgument &tensor,
                                 ArrayRef<Value> indices) {
  Type i64 = b.getI64Type();
  Value offset;
  size_t missing = indices.size() - tensor.strides.size();
  for (auto [index, stride] :
       llvm::zip_equal(indices.drop_front(missing), tensor.strides)) {
    if (!stride)
      continue;
    Value wide = b.createOrFold<arith::ExtSIOp>(i64, index);
    Value part = b.createOrFold<arith::MulIOp>(
        wide, stride, arith::IntegerOverflowFlags::nsw);
    offset = offset ? b.createOrFold<arith::AddIOp>(
                          offset, part, arith::IntegerOverflowFlags::nsw)
                    : part;
  }
  if (!offset)
    return tensor.pointer;
  return LLVM::GEPOp::create(b, tensor.pointer.getType(), tensor.elementType,
                             tensor.pointer, LLVM::GEPArg(offset));
}

Value KernelEmitter::getStride(const TensorArgument &tensor,
                               int64_t dimFromEnd) {
  Value stride = *std::prev(tensor.strides.end(), dimFromEnd);
  return stride ? stride : arith::ConstantIntOp::create(b, b.getI64Type(), 0);
}

Value KernelEmitter::emitElementLoad(const TensorArgument &tensor,
                                     ArrayRef<Value> indices) {
  return LLVM::LoadOp::create(b, tensor.elementType,
                              emitAddress(tensor, indices));
}

/// The indices (b..., s, h, i, j) of a logit; those of sequences are there in
/// ragged batches.
SmallVector<Value> KernelEmitter::getIndices(const Tile &tile, Value i,
                                             Value j) {
  SmallVector<Value> indices(tile.batch);
  if (tile.sequence)
    indices.push_back(tile.sequence);
  if (op.hasHeadDim())
    indices.push_back(tile.head);
  indices.append({i, j});
  return indices;
}

SmallVector<Value> KernelEmitter::getHeadIndices(const Tile &tile, Value head) {
  SmallVector<Value> indices(tile.batch);
  if (op.hasHeadDim())
    indices.push_back(head);
  return indices;
}

SmallVector<Value> KernelEmitter::getRowIndices(const Tile &tile, Value head,
                                                Value row, Value column) {
  SmallVector<Value> indices = getHeadIndices(tile, head);
  indices.append({row, column});
  return indices;
}

//===----------------------------------------------------------------------===//
// Score
//===----------------------------------------------------------------------===//

/// Inlines the body of a score region (with a logit) or keep region.
Value KernelEmitter::emitRegion(Region &region, const Tile &tile, Value logit,
                                Value i, Value j) {
  IRMapping mapping(args.captured);
  Block &body = region.front();
  unsigned argument = 0;
  if (logit)
    mapping.map(body.getArgument(argument++), logit);
  for (Value index : getIndices(tile, i, j))
    mapping.map(body.getArgument(argument++), b.toIndex(index));
  for (Operation &inner : body.without_terminator())
    b.clone(inner, mapping);
  return mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
}

/// cap * tanh(x * scale / cap) by tanh(y) = 1 - 2 / (exp(2 y) + 1), with all
/// factors folded. (tanh.approx would be one instruction, but its error, 5e-4,
/// times a cap of 50 is too much.)
Value KernelEmitter::emitSoftcap(Value product, Value scale) {
  double cap = op.getSoftcap()->convertToDouble();
  Value exponent = b.mulf(scale, b.f32(2 * kLog2e / cap));
  if (std::optional<double> constant = op.getConstantScale())
    exponent = b.f32(2 * kLog2e * *constant / cap);
  Value e = b.exp2(b.mulf(product, exponent));
  Value r = b.reciprocal(b.addf(e, b.f32(1.0)));
  return b.fma(r, b.f32(-2 * cap), b.f32(cap));
}

/// The logit of a product, in natural units.
Value KernelEmitter::emitScore(const Tile &tile, Value product, Value i,
                               Value j) {
  std::optional<double> constant = op.getConstantScale();
  Value scale = constant ? b.f32(*constant) : args.scale;
  Value bias;
  if (op.getBias()) {
    bias = emitElementLoad(args.bias, getIndices(tile, i, j));
    if (args.bias.elementType.isF64())
      bias = arith::TruncFOp::create(b, b.getF32Type(), bias);
    else if (!args.bias.elementType.isF32())
      bias = arith::ExtFOp::create(b, b.getF32Type(), bias);
  }
  Value logit;
  if (op.getSoftcap()) {
    logit = emitSoftcap(product, scale);
    if (bias)
      logit = b.addf(logit, bias);
  } else {
    logit = bias ? b.fma(product, scale, bias) : b.mulf(product, scale);
  }
  if (op.hasScoreRegion())
    logit = emitRegion(op.getScore(), tile, logit, i, j);
  return logit;
}

/// What is computed element by element. One map does it all, so that what the
/// parts have in common (places in memory above all) is not kept for the
/// elements of a whole block in between.
Value KernelEmitter::emitElements(const Tile &tile, Value product,
                                  Value firstKey, bool masked) {
  return b.map(product, product.getType(), [&](ValueRange x) -> Value {
    // What is behind the last query or key is computed like the last one and
    // masked or dropped.
    Tile own = getTileOfRow(tile, x[1]);
    Value i = getQuery(tile, x[1], /*clamp=*/true);
    Value j = getKey(tile, firstKey, x[2], /*clamp=*/masked);
    Value logit = areLogitsScaled() ? emitScore(own, x[0], i, j) : x[0];
    if (!masked || !isAlwaysMasked())
      return logit;
    return b.select(emitPredicate(own, i, j), logit,
                    b.f32(-std::numeric_limits<double>::infinity()));
  });
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// What the structure and documents keep of a row, and the end of the keys.
Value KernelEmitter::emitIntervals(const Tile &tile, Value logits,
                                   Value firstKey) {
  Type row = b.row(b.getI32Type());
  auto getInterval = [&](Value i) -> KeyIntervalValues {
    if (!structure)
      return {};
    return structure.buildKeyInterval(b, b.getLoc(),
                                      getQuery(tile, i, /*clamp=*/false),
                                      tile.numQueries, tile.numKeys);
  };
  // Clamped, so that no difference leaves 32 bits.
  auto clamp = [&](Value bound) {
    return b.sub(b.min(b.max(bound, b.i32(0)), tile.numKeys), firstKey);
  };
  SmallVector<Value> documentBegin, documentEnd;
  if (args.documentRanges) {
    auto [first, last] = tile.documentRows[consumerOfWarpgroup];
    documentBegin.push_back(first);
    documentEnd.push_back(last);
  }
  Value begin, end = b.map(documentEnd, row, [&](ValueRange x) -> Value {
    Value bound;
    if (Value structural = getInterval(x.back()).end)
      bound = clamp(structural);
    else if (documentEnd.empty())
      bound = b.sub(tile.numKeys, firstKey);
    if (documentEnd.empty())
      return bound;
    Value ownEnd = b.sub(x[0], firstKey);
    return bound ? b.min(bound, ownEnd) : ownEnd;
  });
  if (hasLeftEdge())
    begin = b.map(documentBegin, row, [&](ValueRange x) -> Value {
      Value bound;
      if (hasLeftBound())
        bound = clamp(getInterval(x.back()).begin);
      if (documentBegin.empty())
        return bound;
      Value ownBegin = b.sub(x[0], firstKey);
      return bound ? b.max(bound, ownBegin) : ownBegin;
    });
  return KeepColumnsOp::create(b, logits, begin, end);
}

/// What is decided element by element: the mask tensor, the region.
Value KernelEmitter::emitPredicate(const Tile &tile, Value i, Value j) {
  Value keep;
  auto require = [&](Value predicate) {
    keep = keep ? arith::AndIOp::create(b, keep, predicate) : predicate;
  };
  using P = arith::CmpIPredicate;
  if (op.getMask()) {
    Value byte = emitElementLoad(args.mask, getIndices(tile, i, j));
    Value zero = arith::ConstantIntOp::create(b, byte.getType(), 0);
    require(b.compare(P::ne, byte, zero));
  }
  if (op.hasKeepRegion())
    require(emitRegion(op.getKeep(), tile, Value(), i, j));
  return keep;
}
