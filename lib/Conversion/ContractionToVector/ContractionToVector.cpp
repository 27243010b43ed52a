//===- ContractionToVector.cpp - Matmuls to vectors -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What surrounds attention is mostly matmuls. Upstream's loops for them are
// scalar; this gives them kernels, which keep them from drowning the attention
// that they feed.
//
//===----------------------------------------------------------------------===//

#include "MatmulLowering.h"
#include "attn/Conversion/Passes.h"
#include "attn/Conversion/Utils/KernelBuilder.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTCONTRACTIONTOVECTORPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Values of the product's factors in the body, without widening conversions.
std::optional<std::pair<BlockArgument, BlockArgument>>
getFactors(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  BlockArgument out = body->getArguments().back();
  if (!add || (add.getLhs() != out && add.getRhs() != out))
    return std::nullopt;
  Value product = add.getLhs() == out ? add.getRhs() : add.getLhs();
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul)
    return std::nullopt;
  auto getArgument = [](Value value) {
    if (auto ext = value.getDefiningOp<arith::ExtFOp>())
      value = ext.getIn();
    return dyn_cast<BlockArgument>(value);
  };
  BlockArgument lhs = getArgument(mul.getLhs());
  BlockArgument rhs = getArgument(mul.getRhs());
  if (!lhs || !rhs || lhs == rhs || lhs == out || rhs == out)
    return std::nullopt;
  return std::pair{lhs, rhs};
}

std::optional<Matmul> getMatmul(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 1 ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return std::nullopt;
  OpOperand *out = op.getDpsInitOperand(0);
  Type type = getElementTypeOrSelf(out->get().getType());
  if ((!type.isF32() && !type.isF64()) || !hasUnitStride(out->get()))
    return std::nullopt;
  auto factors = getFactors(op);
  if (!factors)
    return std::nullopt;
  AffineMap outMap = op.getMatchingIndexingMap(out);
  if (outMap.getNumResults() < 2)
    return std::nullopt;
  unsigned nLoop = outMap.getDimPosition(outMap.getNumResults() - 1);
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  for (bool swapped : {false, true}) {
    OpOperand *lhs =
        op.getMatchingOpOperand(swapped ? factors->second : factors->first);
    OpOperand *rhs =
        op.getMatchingOpOperand(swapped ? factors->first : factors->second);
    AffineMap lhsMap = op.getMatchingIndexingMap(lhs);
    AffineMap rhsMap = op.getMatchingIndexingMap(rhs);
    if (lhsMap.isFunctionOfDim(nLoop) || !rhsMap.isFunctionOfDim(nLoop))
      continue;
    // What is not contiguous along n is copied, block by block of k.
    bool isContiguous =
        rhsMap.getDimPosition(rhsMap.getNumResults() - 1) == nLoop &&
        hasUnitStride(rhs->get());
    if (!isContiguous && !rhsMap.isFunctionOfDim(reductions.front()))
      continue;
    // Rows share the loads of rhs.
    for (AffineExpr expr : llvm::reverse(outMap.getResults().drop_back())) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      if (!rhsMap.isFunctionOfDim(loop))
        return Matmul{op, lhs, rhs, out, loop, nLoop, reductions.front()};
    }
  }
  return std::nullopt;
}

/// The memory that all of `view` is.
Value getWhole(Value view) {
  while (Operation *op = view.getDefiningOp()) {
    if (!isa<memref::CollapseShapeOp, memref::ExpandShapeOp, memref::CastOp>(
            op))
      break;
    view = op->getOperand(0);
  }
  return view;
}

/// Whether what the operation returns, or hands to the operation around it, may
/// be memory that it is given.
bool mayForward(Operation *op, Block *block) {
  return llvm::any_of(op->getResultTypes(),
                      [](Type type) { return isa<BaseMemRefType>(type); }) ||
         (op->hasTrait<OpTrait::IsTerminator>() && op->getBlock() != block);
}

/// The last operation before that of `out` in its block that may have to do
/// with some memory, which nothing else is an alias of; null where that is not
/// known, or where the operation has it as another operand, too.
Operation *getLastUser(Value memory, OpOperand *out) {
  Operation *op = out->getOwner(), *last = nullptr;
  SmallVector<Value> views{memory};
  while (!views.empty()) {
    for (OpOperand &use : views.pop_back_val().getUses()) {
      Operation *user = use.getOwner();
      if (isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(views, user->getResults());
        continue;
      }
      if (mayForward(user, op->getBlock()) || (user == op && &use != out))
        return nullptr;
      Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
      if (ancestor && ancestor != op && ancestor->isBeforeInBlock(op) &&
          (!last || last->isBeforeInBlock(ancestor)))
        last = ancestor;
    }
  }
  return last;
}

/// What fills the whole output with a constant and is not seen by anything
/// else.
linalg::FillOp getFill(Matmul &matmul) {
  Value memory = getWhole(matmul.out->get());
  if (!memory.getDefiningOp<memref::AllocOp>() ||
      memory.getDefiningOp()->getBlock() != matmul.op->getBlock())
    return {};
  auto fill = dyn_cast_or_null<linalg::FillOp>(getLastUser(memory, matmul.out));
  if (!fill || getWhole(fill.output()) != memory ||
      !fill.value().getDefiningOp<arith::ConstantOp>() ||
      fill.value().getType() != getElementTypeOrSelf(memory.getType()))
    return {};
  return fill;
}

struct ConvertContractionToVectorPass
    : attn::impl::ConvertContractionToVectorPassBase<
          ConvertContractionToVectorPass> {
  using ConvertContractionToVectorPassBase::ConvertContractionToVectorPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (vectorBits < 128 || vectorBits > 2048 || vectorBits % 128 != 0)
      return emitError(UnknownLoc::get(context))
             << "convert-contraction-to-vector: expected vector-bits to be a "
                "multiple of 128 between 128 and 2048, got "
             << vectorBits.getValue();
    if (vectorRegisters < 8)
      return emitError(UnknownLoc::get(context))
             << "convert-contraction-to-vector: expected vector-registers to "
                "be 8 at least, got "
             << vectorRegisters.getValue();
    if (useAMX && vectorBits != 512)
      return emitError(UnknownLoc::get(context))
             << "convert-contraction-to-vector: expected vector-bits 512 with "
                "amx, got "
             << vectorBits.getValue();
    return success();
  }

  void runOnOperation() override {
    SmallVector<Matmul> matmuls;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (std::optional<Matmul> matmul = getMatmul(op))
        matmuls.push_back(*matmul);
    });
    SymbolTable symbols(getOperation());
    for (Matmul &matmul : matmuls) {
      if (linalg::FillOp fill = getFill(matmul)) {
        auto constant = fill.value().getDefiningOp<arith::ConstantOp>();
        matmul.initial = constant.getValue();
        fill->erase();
        ++numFilled;
      }
      lowerMatmul(matmul, symbols, {vectorBits, vectorRegisters, useAMX});
      ++numLowered;
    }
  }
};

} // namespace
