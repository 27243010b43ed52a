//===- ProductVerifier.cpp - Rules of products ---------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// ptxas serialises every product of a kernel when it sees one of a number of
// constructs, and says so only in a warning (C7510 to C7519). They are refused
// here, where the location is known.
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h"

using namespace mlir;
using namespace mlir::attn_gpu;

/// The type of registers that elements are multiplied from.
static Type getFactorType(Type elementType) {
  return elementType.isTF32() ? Float32Type::get(elementType.getContext())
                              : elementType;
}

/// The rules of a product, however it is computed. `columns`: of the result.
static LogicalResult verifyProduct(Operation *op, Value left, SharedType rhs,
                                   int64_t columns, bool values,
                                   int64_t contraction) {
  if (rhs.isRing())
    return op->emitOpError("expected one tile on the right, got ") << rhs;
  if (contraction < 16 || contraction % 16 != 0 ||
      contraction > (values ? rhs.getRows() : rhs.getColumns()))
    return op->emitOpError(
               "expected a depth in steps of 16 within the tiles, got ")
           << contraction;
  int64_t tileColumns = values ? rhs.getColumns() : rhs.getRows();
  bool mayBeNarrow = values || isa<WgmmaOp>(op);
  if (mayBeNarrow ? columns > tileColumns : columns != tileColumns)
    return op->emitOpError("expected a product of the tile's ")
           << tileColumns << " columns, got " << columns;
  if (auto lhs = dyn_cast<SharedType>(left.getType())) {
    if (lhs.isRing() || lhs.getRows() != FragmentType::kRows ||
        lhs.getColumns() < contraction)
      return op->emitOpError(
                 "expected a tile of 64 rows and the depth on the left, got ")
             << lhs;
    if (getFactorType(lhs.getElementType()) !=
        getFactorType(rhs.getElementType()))
      return op->emitOpError("expected operands of one element type");
    return success();
  }
  auto fragment = cast<FragmentType>(left.getType());
  bool isPacked = fragment.isPacked() || !rhs.isNarrow();
  if (!isPacked || fragment.getColumns() != contraction)
    return op->emitOpError(
               "expected a packed fragment of the depth on the left, got ")
           << fragment;
  if (fragment.getElementType() != getFactorType(rhs.getElementType()))
    return op->emitOpError("expected operands of one element type");
  return success();
}

template <typename OpT>
static int64_t getContraction(OpT op) {
  if (std::optional<int64_t> depth = op.getDepth())
    return *depth;
  SharedType rhs = op.getRhs().getType();
  return op.getValues() ? rhs.getRows() : rhs.getColumns();
}

int64_t WgmmaOp::getContractionSize() { return getContraction(*this); }
int64_t MmaOp::getContractionSize() { return getContraction(*this); }

LogicalResult MmaOp::verify() {
  if (getLhs().empty())
    return emitOpError("expected an operand on the left");
  if (getResults().size() != getLhs().size())
    return emitOpError("expected a result for each of ")
           << getLhs().size() << " operands on the left, got "
           << getResults().size();
  auto type = cast<FragmentType>(getResult(0).getType());
  if (!type.getElementType().isF32())
    return emitOpError("expected a product in f32, got ") << type;
  if (!getAccumulators().empty() && getAccumulators().size() != getLhs().size())
    return emitOpError("expected an accumulator for each of ")
           << getLhs().size() << " operands on the left, got "
           << getAccumulators().size();
  for (Type other : getLhs().getTypes())
    if (other != getLhs().front().getType())
      return emitOpError("expected operands of one type on the left, got ")
             << getLhs().front().getType() << " and " << other;
  SmallVector<Value> fragments(getAccumulators());
  llvm::append_range(fragments, getResults());
  for (Value other : fragments)
    if (other.getType() != type)
      return emitOpError("expected accumulators and results of one type, got ")
             << type << " and " << other.getType();
  return verifyProduct(*this, getLhs().front(), getRhs().getType(),
                       type.getColumns(), getValues(), getContractionSize());
}

LogicalResult LoadMatrixOp::verify() {
  SharedType tile = getTile().getType();
  FragmentType fragment = getFragment().getType();
  if (tile.isRing() || tile.getRows() != FragmentType::kRows ||
      !tile.isNarrow())
    return emitOpError("expected a tile of 64 rows of f16 or bf16, got ")
           << tile;
  if (fragment.getElementType() != tile.getElementType() ||
      fragment.getColumns() > tile.getColumns() ||
      fragment.getColumns() % 16 != 0)
    return emitOpError("expected a fragment of columns of the tile, in steps "
                       "of 16, got ")
           << fragment << " of " << tile;
  return success();
}

LogicalResult WgmmaOp::verify() {
  if (!getRhs().getType().isNarrow())
    return emitOpError("expected tiles of f16 or bf16, got ")
           << getRhs().getType();
  if (failed(verifyProduct(*this, getLhs(), getRhs().getType(),
                           getResult().getType().getColumns(), getValues(),
                           getContractionSize())))
    return failure();
  if (getAdds() && !getAccumulator())
    return emitOpError("expected an accumulator to be added or not");
  // wgmma_1
  if (!getResult().hasOneUse())
    return emitOpError("expected one use of a product in flight");
  auto wait = dyn_cast<WaitOp>(*getResult().user_begin());
  if (!wait || wait->getBlock() != (*this)->getBlock())
    return emitOpError("expected attn_gpu.wait in the same block to be the use "
                       "of a product in flight");
  return success();
}

void WaitOp::build(OpBuilder &builder, OperationState &state, int64_t pending,
                   ValueRange products) {
  SmallVector<Type> types;
  for (Value product : products)
    types.push_back(cast<InFlightType>(product.getType()).getFragmentType());
  build(builder, state, types, builder.getI64IntegerAttr(pending), products);
}

LogicalResult WaitOp::verify() {
  if (getProducts().size() != getFragments().size())
    return emitOpError("expected a fragment for each product");
  for (auto [product, fragment] :
       llvm::zip_equal(getProducts(), getFragments()))
    if (cast<InFlightType>(product.getType()).getFragmentType() !=
        fragment.getType())
      return emitOpError("expected ")
             << cast<InFlightType>(product.getType()).getFragmentType()
             << " for " << product.getType() << ", got " << fragment.getType();
  // What is in flight when this is reached, oldest first.
  SmallVector<WgmmaOp> inFlight;
  for (Operation &op : *(*this)->getBlock()) {
    if (&op == *this)
      break;
    if (auto wgmma = dyn_cast<WgmmaOp>(op)) {
      inFlight.push_back(wgmma);
    } else if (auto wait = dyn_cast<WaitOp>(op)) {
      llvm::erase_if(inFlight, [&](WgmmaOp wgmma) {
        return llvm::is_contained(wait.getProducts(), wgmma.getResult());
      });
    } else if (isa<PackOp>(op)) {
      // wgmma_3
      for (WgmmaOp wgmma : inFlight)
        if (isa<FragmentType>(wgmma.getLhs().getType()))
          return op.emitOpError(
              "packs a fragment while a product that reads one "
              "is in flight");
    } else if (isa<SplatOp>(op) && !inFlight.empty()) {
      // wgmma_4
      return op.emitOpError("splats while a product is in flight");
    }
  }
  // wgmma_2
  int64_t pending = getPending(), count = inFlight.size();
  if (pending < 0 || pending > count)
    return emitOpError("expected ")
           << pending
           << " products in flight behind those waited for, there are "
           << count;
  for (auto [i, wgmma] : llvm::enumerate(inFlight)) {
    bool named = llvm::is_contained(getProducts(), wgmma.getResult());
    bool ends = static_cast<int64_t>(i) < count - pending;
    if (named != ends)
      return emitOpError("expected all products but the last ")
             << pending << " to be named, and no other";
  }
  return success();
}
