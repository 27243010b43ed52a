//===- BuildAttention.cpp - The op of a match -------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionFuser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

/// The tensor with every boolean negated.
static Value buildNot(ImplicitLocOpBuilder &b, Value mask) {
  auto type = cast<RankedTensorType>(mask.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), mask);
  Value empty = tensor::EmptyOp::create(b, sizes, type.getElementType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  return linalg::GenericOp::create(
             b, type, mask, empty, ArrayRef<AffineMap>{identity, identity},
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [](OpBuilder &builder, Location loc, ValueRange arguments) {
               Value one = arith::ConstantIntOp::create(builder, loc, 1, 1);
               Value negated =
                   arith::XOrIOp::create(builder, loc, arguments[0], one);
               linalg::YieldOp::create(builder, loc, negated);
             })
      .getResult(0);
}

Value AttentionFuser::joinHeads(ImplicitLocOpBuilder &b, Value tensor) {
  if (!hasGroups)
    return tensor;
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  int64_t head = lead.size() - 2;
  SmallVector<ReassociationIndices> reassociation;
  for (int64_t d = 0; d < rank; ++d) {
    if (d == head + 1)
      reassociation.back().push_back(d);
    else
      reassociation.push_back({d});
  }
  return tensor::CollapseShapeOp::create(b, tensor, reassociation);
}

Value AttentionFuser::splitHeads(ImplicitLocOpBuilder &b, Value tensor) {
  if (!hasGroups)
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t head = lead.size() - 2, group = context.getExtent(lead.back());
  SmallVector<ReassociationIndices> reassociation;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    reassociation.push_back({(int64_t)shape.size()});
    OpFoldResult size = tensor::getMixedSize(b, b.getLoc(), tensor, d);
    if (d != head) {
      shape.push_back(type.getDimSize(d));
      sizes.push_back(size);
      continue;
    }
    reassociation.back().push_back(shape.size() + 1);
    if (type.isDynamicDim(d)) {
      shape.append({ShapedType::kDynamic, group});
      Value heads = getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
      sizes.push_back(arith::DivSIOp::create(
                          b, heads, arith::ConstantIndexOp::create(b, group))
                          .getResult());
    } else {
      shape.append({type.getDimSize(d) / group, group});
      sizes.push_back(b.getIndexAttr(type.getDimSize(d) / group));
    }
    sizes.push_back(b.getIndexAttr(group));
  }
  return tensor::ExpandShapeOp::create(
      b, RankedTensorType::get(shape, type.getElementType()), tensor,
      reassociation, sizes);
}

Value AttentionFuser::buildLogitOperand(ImplicitLocOpBuilder &b,
                                        const LogitOperand &operand) {
  if (!operand.arrangement)
    return operand.tensor;
  return joinHeads(b, applyArrangement(b, b.getLoc(), context, operand.tensor,
                                       *operand.arrangement, logitLayout));
}

/// The values of the variables in a region with arguments (b..., h, i, j).
DenseMap<unsigned, Value>
AttentionFuser::getRegionVariables(OpBuilder &builder, Location loc,
                                   ValueRange indices) {
  DenseMap<unsigned, Value> variables;
  size_t next = 0;
  for (size_t position = 0; position < logitLayout.size(); ++position) {
    if (!hasGroups || position != lead.size() - 2) {
      variables[logitLayout[position]] = indices[next++];
      continue;
    }
    Value head = indices[next++];
    Value group = arith::ConstantIndexOp::create(
        builder, loc, context.getExtent(lead.back()));
    variables[lead[position]] =
        arith::DivUIOp::create(builder, loc, head, group);
    variables[lead[++position]] =
        arith::RemUIOp::create(builder, loc, head, group);
  }
  return variables;
}

void AttentionFuser::buildRegions(SdpaOp op) {
  OpBuilder builder(op.getContext());
  Location loc = op.getLoc();
  auto buildRegion = [&](Region &region, bool hasLogit,
                         function_ref<Value(ExprEmitter &)> emitBody) {
    SmallVector<Type> types;
    if (hasLogit)
      types.push_back(op.getComputeType());
    types.append(op.getRank(), builder.getIndexType());
    Block *block = builder.createBlock(
        &region, region.end(), types, SmallVector<Location>(types.size(), loc));
    ExprEmitter emitter(
        builder, loc, op.getComputeType(),
        getRegionVariables(builder, loc,
                           block->getArguments().drop_front(hasLogit)));
    if (hasLogit)
      emitter.bind(logits.base, block->getArgument(0));
    YieldOp::create(builder, loc, emitBody(emitter));
  };
  if (hasScore())
    buildRegion(op.getScore(), true, [&](ExprEmitter &emitter) {
      return emitter.emit(logits.score);
    });
  if (!regionConditions.empty())
    buildRegion(op.getKeep(), false, [&](ExprEmitter &emitter) -> Value {
      Value all;
      for (const LogitMatch::Condition &condition : regionConditions) {
        Value holds = emitter.emit(condition.expr);
        if (condition.isNegated) {
          Value one = arith::ConstantIntOp::create(builder, loc, 1, 1);
          holds = arith::XOrIOp::create(builder, loc, holds, one);
        }
        all = all ? arith::AndIOp::create(builder, loc, all, holds).getResult()
                  : holds;
      }
      return all;
    });
}

void AttentionFuser::buildScale(ImplicitLocOpBuilder &b, SdpaOp op) {
  if (!logits.scaleExpr) {
    // The default scale survives its rounding to f32.
    double defaultScale = 1 / std::sqrt((double)op.getHeadDim());
    if (std::abs(scale / defaultScale - 1) < 0x1p-22)
      scale = defaultScale;
    op.setStaticScale(APFloat(scale));
    return;
  }
  ExprEmitter emitter(b, b.getLoc(), op.getComputeType(),
                      DenseMap<unsigned, Value>());
  Value value = emitter.emit(logits.scaleExpr);
  if (scale != 1.0)
    value = arith::MulFOp::create(
        b, value,
        arith::ConstantOp::create(b, b.getFloatAttr(value.getType(), scale)));
  op.getScaleMutable().assign(value);
}

void AttentionFuser::buildSinks(ImplicitLocOpBuilder &b, SdpaOp op) {
  if (constantSink) {
    int64_t numHeads = op.getNumQueryHeads();
    SmallVector<OpFoldResult> sizes{
        op.hasHeadDim() ? tensor::getMixedSize(b, b.getLoc(), op.getQuery(),
                                               op.getRank() - 3)
                        : OpFoldResult(b.getIndexAttr(numHeads))};
    Value constant = arith::ConstantOp::create(
        b, b.getFloatAttr(op.getComputeType(), *constantSink));
    Value empty = tensor::EmptyOp::create(b, sizes, op.getComputeType());
    op.getSinksMutable().assign(
        linalg::FillOp::create(b, constant, empty).getResult(0));
    return;
  }
  if (!sink)
    return;
  // [heads]; [1] broadcasts.
  Layout heads(ArrayRef(lead).take_back(hasGroups ? 2 : lead.empty() ? 0 : 1));
  Value tensor = applyArrangement(b, b.getLoc(), context, sink->tensor,
                                  *sink->arrangement, heads);
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  if (rank == 0)
    tensor = tensor::ExpandShapeOp::create(
        b,
        RankedTensorType::get(ArrayRef<int64_t>{1},
                              getElementTypeOrSelf(tensor.getType())),
        tensor, SmallVector<ReassociationIndices>());
  else if (rank == 2)
    tensor = tensor::CollapseShapeOp::create(
        b, tensor, SmallVector<ReassociationIndices>{{0, 1}});
  op.getSinksMutable().assign(tensor);
}

void AttentionFuser::buildDocuments(ImplicitLocOpBuilder &b, SdpaOp op) {
  if (!queryDocuments)
    return;
  auto getIds = [&](const LogitOperand &ids, unsigned row) {
    Layout layout = getBatchLayout();
    layout.push_back(row);
    return applyArrangement(b, b.getLoc(), context, ids.tensor,
                            *ids.arrangement, layout);
  };
  op.getQueryDocumentsMutable().assign(getIds(*queryDocuments, queryVar));
  op.getKeyDocumentsMutable().assign(getIds(*keyDocuments, keyVar));
  op.setStructureAttr(DocumentAttr::get(b.getContext()));
}

void AttentionFuser::buildKeyLengths(ImplicitLocOpBuilder &b, SdpaOp op) {
  if (!keyLengths)
    return;
  Layout batch = getBatchLayout();
  if (const std::optional<LogitOperand> &tensor = keyLengths->tensor) {
    op.getKeyLengthsMutable().assign(applyArrangement(
        b, b.getLoc(), context, tensor->tensor, *tensor->arrangement, batch));
    return;
  }
  // Computed for every sequence; size one where all have the same.
  SmallVector<OpFoldResult> sizes;
  for (auto [d, var] : llvm::enumerate(batch))
    sizes.push_back(context.dependsOn(keyLengths->length, var)
                        ? tensor::getMixedSize(b, b.getLoc(), op.getQuery(), d)
                        : OpFoldResult(b.getIndexAttr(1)));
  Value empty = tensor::EmptyOp::create(b, sizes, b.getI64Type());
  auto emit = [&](ImplicitLocOpBuilder &b) -> Value {
    DenseMap<unsigned, Value> variables;
    for (auto [d, var] : llvm::enumerate(batch))
      variables[var] = linalg::IndexOp::create(b, d);
    ExprEmitter emitter(b, b.getLoc(), op.getComputeType(), variables);
    Value length = emitter.emit(keyLengths->length);
    Type i64 = b.getI64Type();
    if (length.getType().isIndex())
      length = arith::IndexCastOp::create(b, i64, length);
    else if (length.getType() != i64)
      length = arith::ExtSIOp::create(b, i64, length);
    if (keyLengths->offset == 0)
      return length;
    // The sum must not wrap; the op clamps to less than this.
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIntOp::create(b, value, 64);
    };
    constexpr int64_t kBound = int64_t(1) << 62;
    length = arith::MaxSIOp::create(b, length, constant(-kBound));
    length = arith::MinSIOp::create(b, length, constant(kBound));
    return arith::AddIOp::create(b, length, constant(keyLengths->offset));
  };
  op.getKeyLengthsMutable().assign(
      linalg::GenericOp::create(
          b, empty.getType(), ValueRange(), empty,
          b.getMultiDimIdentityMap(batch.size()),
          SmallVector<utils::IteratorType>(batch.size(),
                                           utils::IteratorType::parallel),
          [&](OpBuilder &builder, Location loc, ValueRange) {
            ImplicitLocOpBuilder inner(loc, builder);
            linalg::YieldOp::create(inner, emit(inner));
          })
          .getResult(0));
}

/// What the graph does with rows without keys.
MaskedRow AttentionFuser::getMaskedRow() {
  if (softmax.sink || softmax.zeroed)
    return MaskedRow::Zero;
  if (!logits.masksAreInfinite)
    return MaskedRow::Uniform;
  return mayMaskRows() ? softmax.maskedRow : MaskedRow::Zero;
}

void AttentionFuser::build() {
  ImplicitLocOpBuilder b(root.op.getLoc(), replaced);
  unsigned depthVar = logits.product->var;
  auto getOperand = [&](const Operand &operand, unsigned row, unsigned last,
                        bool isKey) {
    // Keys and values lack the variable of the group, if they are not repeated.
    bool isShared = isKey && hasGroups && !keysHaveGroups;
    Layout layout(ArrayRef(lead).drop_back(isShared));
    layout.append({row, last});
    Value tensor =
        applyArrangement(b, b.getLoc(), context, operand.traced.tensor,
                         operand.arrangement, layout);
    return isShared ? tensor : joinHeads(b, tensor);
  };
  Value q = getOperand(query, queryVar, depthVar, false);
  Value k = getOperand(key, keyVar, depthVar, true);
  Value v = getOperand(value, keyVar, columnVar, true);
  auto queryType = cast<RankedTensorType>(q.getType());
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < queryType.getRank() - 1; ++d)
    sizes.push_back(tensor::getMixedSize(b, b.getLoc(), q, d));
  SmallVector<OpFoldResult> rowSizes = sizes;
  sizes.push_back(b.getIndexAttr(context.getExtent(columnVar)));

  // The destination lies as the result does.
  Type elementType = getElementTypeOrSelf(replaced->getResult(0).getType());
  Layout from = lead;
  from.append({queryVar, columnVar});
  SmallVector<Layout> groups;
  for (AffineExpr index : outputIndices)
    groups.push_back(arrange(context, index, from, {})->sourceVars.front());
  // Grouped heads are one dimension of the op.
  Layout opLayout = from;
  SmallVector<Layout> opGroups = groups;
  if (hasGroups) {
    opLayout.erase(llvm::find(opLayout, lead.back()));
    for (Layout &group : opGroups) {
      auto position = llvm::find(group, lead.back());
      // Other orders of the two take the way over a transpose.
      if (position != group.begin() && position != group.end() &&
          *(position - 1) == lead[lead.size() - 2])
        group.erase(position);
    }
  }
  SmallVector<Value> outs{
      createDestination(b, b.getLoc(), sizes, elementType, opLayout, opGroups)};
  FloatType computeType =
      elementType.isF64() || queryType.getElementType().isF64()
          ? FloatType(b.getF64Type())
          : FloatType(b.getF32Type());
  // Log-sum-exp and maxima.
  size_t numRowResults = rowUses.empty() ? 0 : needsMaxScores() ? 2 : 1;
  while (outs.size() <= numRowResults)
    outs.push_back(tensor::EmptyOp::create(b, rowSizes, computeType));
  auto op = SdpaOp::create(b, q, k, v, outs);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    buildScale(b, op);
    if (bias)
      op.getBiasMutable().assign(buildLogitOperand(b, *bias));
    if (mask) {
      Value tensor = buildLogitOperand(b, *mask);
      op.getMaskMutable().assign(maskIsNegated ? buildNot(b, tensor) : tensor);
    }
    buildSinks(b, op);
    buildDocuments(b, op);
    buildKeyLengths(b, op);
  }
  if (logits.softcap)
    op.setSoftcap(APFloat(*logits.softcap));
  buildRegions(op);
  op.setMaskedRow(getMaskedRow());

  Value output = splitHeads(b, op->getResult(0));
  output = collapseTo(b, b.getLoc(), output, from, groups);
  if (output.getType() != replaced->getResult(0).getType())
    output =
        tensor::CastOp::create(b, replaced->getResult(0).getType(), output);
  if (options.onFused)
    options.onFused(op, replaced->getResult(0), output);
  replaced->getResult(0).replaceAllUsesWith(output);
  replaceRowValues(b, op);
  result.op = op;
  result.miss.reset();
  describe();
}
