//===- FoldQueryHeads.cpp - Heads of a group as queries ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNFOLDQUERYHEADSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// More are not scheduled as decoding.
constexpr int64_t kMaxQueries = 16;

/// Whether a bias or a mask is the same for all heads and queries. Its
/// dimensions are the last ones of the logits [..., head, query, key].
bool isSharedByQueries(Value operand) {
  if (!operand)
    return true;
  ArrayRef<int64_t> shape = cast<ShapedType>(operand.getType()).getShape();
  if (shape.empty())
    return true;
  return llvm::all_of(shape.drop_back().take_back(2),
                      [](int64_t size) { return size == 1; });
}

/// Whether the structural mask keeps every key for every query.
bool keepsAllKeys(SdpaOp op) {
  if (!op.getStructureAttr())
    return true;
  auto causal = dyn_cast<CausalAttr>(op.getStructureAttr());
  return causal && causal.getAlignment() == Alignment::BottomRight &&
         op.getNumQueries() == 1;
}

/// The number of query heads of a key head, or 1 if they cannot be folded.
int64_t getFoldableHeads(SdpaOp op) {
  if (!op.hasPureTensorSemantics() || op.getBackend() != Backend::Flash ||
      op.getScheduleAttr() || op.isRagged() || op.getRank() < 3)
    return 1;
  int64_t headDim = op.getRank() - 3;
  int64_t numQueryHeads = op.getQueryType().getDimSize(headDim);
  int64_t numKeyHeads = op.getKeyType().getDimSize(headDim);
  int64_t numQueries = op.getNumQueries();
  if (ShapedType::isDynamic(numQueryHeads) ||
      ShapedType::isDynamic(numKeyHeads) || ShapedType::isDynamic(numQueries) ||
      numKeyHeads < 1 || numQueries < 1 ||
      op.getValueType().getDimSize(headDim) != numKeyHeads)
    return 1;
  if (op.getSinks() || op.getQueryDocuments() || !op.getScore().empty() ||
      !op.getKeep().empty() || !keepsAllKeys(op) ||
      !isSharedByQueries(op.getBias()) || !isSharedByQueries(op.getMask()))
    return 1;
  int64_t group = numQueryHeads / numKeyHeads;
  return group > 0 && numQueries <= kMaxQueries / group ? group : 1;
}

/// The two dimensions from `dim` on, with other sizes and the same elements.
Value reshape(OpBuilder &b, Location loc, Value value, int64_t dim,
              ArrayRef<int64_t> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (d == dim + 1)
      groups.back().push_back(d);
    else
      groups.push_back({d});
  }
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = sizes[0];
  shape[dim + 1] = sizes[1];
  Value collapsed = tensor::CollapseShapeOp::create(b, loc, value, groups);
  return tensor::ExpandShapeOp::create(b, loc, type.clone(shape), collapsed,
                                       groups);
}

void fold(SdpaOp op, int64_t group) {
  OpBuilder b(op);
  int64_t dim = op.getRank() - 3;
  int64_t numHeads = op.getKeyType().getDimSize(dim);
  int64_t numQueries = op.getNumQueries();
  auto toGroups = [&](Value value) {
    return reshape(b, op.getLoc(), value, dim, {numHeads, group * numQueries});
  };
  Value query = toGroups(op.getQuery());
  SmallVector<Value> outs = llvm::map_to_vector(op.getOuts(), toGroups);
  auto folded = cast<SdpaOp>(b.clone(*op));
  folded.getQueryMutable().assign(query);
  folded.getOutsMutable().assign(outs);
  folded.removeStructureAttr();
  for (auto [result, out] : llvm::zip(folded.getResults(), outs))
    result.setType(cast<RankedTensorType>(out.getType()));
  SmallVector<Value> results;
  for (Value result : folded.getResults())
    results.push_back(
        reshape(b, op.getLoc(), result, dim, {group * numHeads, numQueries}));
  op->replaceAllUsesWith(results);
  op->erase();
}

struct AttnFoldQueryHeadsPass
    : attn::impl::AttnFoldQueryHeadsPassBase<AttnFoldQueryHeadsPass> {
  void runOnOperation() override {
    SmallVector<SdpaOp> ops;
    getOperation()->walk([&](SdpaOp op) { ops.push_back(op); });
    for (SdpaOp op : ops) {
      int64_t group = getFoldableHeads(op);
      if (group <= 1)
        continue;
      fold(op, group);
      ++numFolded;
    }
  }
};

} // namespace
