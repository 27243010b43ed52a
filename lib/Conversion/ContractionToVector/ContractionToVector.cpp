//===- ContractionToVector.cpp - Matmuls to vectors ----------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What surrounds attention is mostly matmuls. Upstream's loops for them are
// scalar; this gives them a register tile, enough to keep them from drowning
// the attention that they feed.
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "attn/Conversion/Utils/KernelBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTCONTRACTIONTOVECTORPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// out[..., m, n] += lhs[..., m, k] * rhs[..., k, n], with n the contiguous
/// dimension of both rhs and out.
struct Matmul {
  linalg::LinalgOp op;
  OpOperand *lhs, *rhs, *out;
  unsigned mLoop, nLoop, kLoop;
};

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

bool hasContiguousRows(Value memref) {
  return cast<MemRefType>(memref.getType()).isLastDimUnitStride();
}

std::optional<Matmul> getMatmul(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 1 ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return std::nullopt;
  OpOperand *out = op.getDpsInitOperand(0);
  Type type = getElementTypeOrSelf(out->get().getType());
  if ((!type.isF32() && !type.isF64()) || !hasContiguousRows(out->get()))
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
    if (lhsMap.isFunctionOfDim(nLoop) || rhsMap.getNumResults() == 0 ||
        rhsMap.getDimPosition(rhsMap.getNumResults() - 1) != nLoop ||
        !hasContiguousRows(rhs->get()))
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

class MatmulLowering {
public:
  MatmulLowering(Matmul matmul, OpBuilder &builder, int64_t vectorBits,
                 int64_t vectorRegisters)
      : matmul(matmul), type(cast<FloatType>(
                            getElementTypeOrSelf(matmul.out->get().getType()))),
        b(matmul.op.getLoc(), builder, vectorBits / type.getWidth()),
        numVectors(2), numRows(vectorRegisters >= 32 ? 8 : 4),
        loops(matmul.op.getNumLoops()) {}

  void lower();

private:
  Value getExtent(unsigned loop);
  SmallVector<Value> getIndices(OpOperand *operand);
  /// Columns [begin, end) in steps of `count` vectors of `lanes` elements.
  void emitColumns(Value begin, Value end, int64_t lanes, int64_t count);
  /// One register tile at the current loop indices.
  void emitTile(int64_t lanes, int64_t count, int64_t rows);
  Value widen(Value value, Type to) {
    return value.getType() == to
               ? value
               : arith::ExtFOp::create(b, to, value).getResult();
  }

  Matmul matmul;
  FloatType type;
  KernelBuilder b;
  int64_t numVectors, numRows;
  /// The current index of each loop of the operation.
  SmallVector<Value> loops;
};

Value MatmulLowering::getExtent(unsigned loop) {
  for (OpOperand *operand : {matmul.out, matmul.lhs, matmul.rhs}) {
    AffineMap map = matmul.op.getMatchingIndexingMap(operand);
    for (auto [dim, expr] : llvm::enumerate(map.getResults()))
      if (cast<AffineDimExpr>(expr).getPosition() == loop)
        return b.dim(operand->get(), dim);
  }
  return {};
}

SmallVector<Value> MatmulLowering::getIndices(OpOperand *operand) {
  SmallVector<Value> indices;
  for (AffineExpr expr : matmul.op.getMatchingIndexingMap(operand).getResults())
    indices.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  return indices;
}

void MatmulLowering::emitTile(int64_t lanes, int64_t count, int64_t rows) {
  auto vectorType = VectorType::get({lanes}, type);
  Value firstRow = loops[matmul.mLoop], firstColumn = loops[matmul.nLoop];
  auto load = [&](OpOperand *operand) -> Value {
    auto memrefType = cast<MemRefType>(operand->get().getType());
    Value loaded = vector::LoadOp::create(
        b, VectorType::get({lanes}, memrefType.getElementType()),
        operand->get(), getIndices(operand));
    return widen(loaded, vectorType);
  };
  auto forEach = [&](function_ref<void(int64_t, int64_t)> body) {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < count; ++v) {
        loops[matmul.mLoop] = b.add(firstRow, r);
        loops[matmul.nLoop] = b.add(firstColumn, v * lanes);
        body(r, v);
      }
    loops[matmul.mLoop] = firstRow;
    loops[matmul.nLoop] = firstColumn;
  };
  SmallVector<Value> sums(rows * count);
  forEach(
      [&](int64_t r, int64_t v) { sums[r * count + v] = load(matmul.out); });
  sums = b.forLoop(
      b.index(0), getExtent(matmul.kLoop), 1, sums,
      [&](Value k, ValueRange carried) {
        loops[matmul.kLoop] = k;
        SmallVector<Value> columns, next(carried.begin(), carried.end());
        for (int64_t v = 0; v < count; ++v) {
          loops[matmul.nLoop] = b.add(firstColumn, v * lanes);
          columns.push_back(load(matmul.rhs));
        }
        loops[matmul.nLoop] = firstColumn;
        for (int64_t r = 0; r < rows; ++r) {
          loops[matmul.mLoop] = b.add(firstRow, r);
          Value scalar =
              widen(b.load(matmul.lhs->get(), getIndices(matmul.lhs)), type);
          Value row = vector::BroadcastOp::create(b, vectorType, scalar);
          for (int64_t v = 0; v < count; ++v) {
            Value &sum = next[r * count + v];
            sum = vector::FMAOp::create(b, row, columns[v], sum);
          }
        }
        loops[matmul.mLoop] = firstRow;
        return next;
      });
  forEach([&](int64_t r, int64_t v) {
    b.storeVector(sums[r * count + v], matmul.out->get(),
                  getIndices(matmul.out));
  });
}

void MatmulLowering::emitColumns(Value begin, Value end, int64_t lanes,
                                 int64_t count) {
  b.forLoop(begin, end, lanes * count, [&](Value column) {
    loops[matmul.nLoop] = column;
    Value rows = getExtent(matmul.mLoop);
    Value whole = b.alignDown(rows, numRows);
    b.forLoop(b.index(0), whole, numRows, [&](Value row) {
      loops[matmul.mLoop] = row;
      emitTile(lanes, count, numRows);
    });
    b.forLoop(whole, rows, 1, [&](Value row) {
      loops[matmul.mLoop] = row;
      emitTile(lanes, count, 1);
    });
  });
}

void MatmulLowering::lower() {
  // Panels of columns run in parallel with the outer dimensions.
  int64_t lanes = b.getLanes(), panel = lanes * numVectors;
  Value columns = getExtent(matmul.nLoop);
  SmallVector<Value> begins, ends, steps;
  SmallVector<unsigned> outer;
  for (unsigned loop = 0; loop < loops.size(); ++loop)
    if (loop != matmul.mLoop && loop != matmul.nLoop && loop != matmul.kLoop) {
      outer.push_back(loop);
      begins.push_back(b.index(0));
      ends.push_back(getExtent(loop));
      steps.push_back(b.index(1));
    }
  begins.push_back(b.index(0));
  ends.push_back(columns);
  steps.push_back(b.index(panel));
  auto parallel = scf::ParallelOp::create(b, begins, ends, steps);
  b.setInsertionPointToStart(parallel.getBody());
  for (auto [position, loop] : llvm::enumerate(outer))
    loops[loop] = parallel.getInductionVars()[position];
  Value begin = parallel.getInductionVars().back();
  Value end = b.min(b.add(begin, panel), columns);
  Value isWhole =
      b.compare(arith::CmpIPredicate::eq, b.sub(end, begin), b.index(panel));
  b.ifThenElse(
      isWhole, [&] { emitColumns(begin, end, lanes, numVectors); },
      [&] {
        Value vectorEnd = b.add(begin, b.alignDown(b.sub(end, begin), lanes));
        emitColumns(begin, vectorEnd, lanes, 1);
        emitColumns(vectorEnd, end, 1, 1);
      });
  matmul.op->erase();
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
    return success();
  }

  void runOnOperation() override {
    SmallVector<Matmul> matmuls;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (std::optional<Matmul> matmul = getMatmul(op))
        matmuls.push_back(*matmul);
    });
    for (Matmul &matmul : matmuls) {
      OpBuilder builder(matmul.op);
      MatmulLowering(matmul, builder, vectorBits, vectorRegisters).lower();
      ++numLowered;
    }
  }
};

} // namespace
