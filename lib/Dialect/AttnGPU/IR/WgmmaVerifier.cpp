//===- WgmmaVerifier.cpp - Rules for products in flight -------- *- C++ -*-===//
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

int64_t WgmmaOp::getContractionSize() {
  if (std::optional<int64_t> depth = getDepth())
    return *depth;
  SharedType rhs = getRhs().getType();
  return getValues() ? rhs.getRows() : rhs.getColumns();
}

LogicalResult WgmmaOp::verify() {
  SharedType rhs = getRhs().getType();
  InFlightType result = getResult().getType();
  if (rhs.isRing())
    return emitOpError("expected one tile on the right, got ") << rhs;
  int64_t contraction = getContractionSize();
  if (contraction < 16 || contraction % 16 != 0 ||
      contraction > (getValues() ? rhs.getRows() : rhs.getColumns()))
    return emitOpError("expected a depth in steps of 16 within the tiles, got ")
           << contraction;
  int64_t columns = getValues() ? rhs.getColumns() : rhs.getRows();
  bool fits = getValues() ? result.getColumns() <= columns
                          : result.getColumns() == columns;
  if (!fits)
    return emitOpError("expected a product of the tile's ")
           << columns << " columns, got " << result;
  if (auto lhs = dyn_cast<SharedType>(getLhs().getType())) {
    if (lhs.isRing() || lhs.getRows() != FragmentType::kRows ||
        lhs.getColumns() < contraction)
      return emitOpError(
                 "expected a tile of 64 rows and the depth on the left, "
                 "got ")
             << lhs;
    if (lhs.getElementType() != rhs.getElementType())
      return emitOpError("expected operands of one element type");
  } else {
    auto fragment = cast<FragmentType>(getLhs().getType());
    if (!fragment.isPacked() || fragment.getColumns() != contraction)
      return emitOpError("expected a packed fragment of the depth on the left, "
                         "got ")
             << fragment;
    if (fragment.getElementType() != rhs.getElementType())
      return emitOpError("expected operands of one element type");
  }
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
