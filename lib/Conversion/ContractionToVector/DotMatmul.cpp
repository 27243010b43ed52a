//===- DotMatmul.cpp - Matmuls of few rows ----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatmulKernel.h"

using namespace mlir;
using namespace mlir::attn;

/// How many products are summed at a time: enough to hide the latency of an
/// FMA.
static constexpr int64_t kDots = 8;

namespace {

class DotMatmulEmitter {
public:
  DotMatmulEmitter(KernelBuilder &b, const MatmulKernel &kernel, int64_t lanes)
      : b(b), kernel(kernel), lanes(lanes), type(kernel.out.getElementType()),
        loops(kernel.loops) {}

  void emit();

private:
  /// The products of some rows with some columns from these on.
  void emitTile(Value row, Value column, int64_t rows, int64_t columns);

  KernelBuilder &b;
  const MatmulKernel &kernel;
  int64_t lanes;
  Type type;
  SmallVector<Value> loops;
};

} // namespace

void DotMatmulEmitter::emitTile(Value row, Value column, int64_t rows,
                                int64_t columns) {
  const Matmul &matmul = kernel.matmul;
  // At the k of the loops; `load` takes one element or some.
  auto emitProducts = [&](ValueRange sums,
                          function_ref<Value(const MatmulOperand &)> load,
                          function_ref<Value(Value, Value, Value)> add) {
    SmallVector<Value> factors, next(sums.begin(), sums.end());
    for (int64_t r = 0; r < rows; ++r) {
      loops[matmul.mLoop] = b.add(row, r);
      factors.push_back(load(kernel.lhs));
    }
    for (int64_t c = 0; c < columns; ++c) {
      loops[matmul.nLoop] = b.add(column, c);
      Value factor = load(kernel.rhs);
      for (int64_t r = 0; r < rows; ++r)
        next[r * columns + c] = add(factors[r], factor, next[r * columns + c]);
    }
    return next;
  };
  auto vectorType = VectorType::get({lanes}, type);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(vectorType));
  Value wholeEnd = b.alignDown(kernel.depth, lanes);
  SmallVector<Value> sums(rows * columns, zero);
  sums = b.forLoop(b.index(0), wholeEnd, lanes, sums,
                   [&](Value k, ValueRange carried) {
                     loops[matmul.kLoop] = k;
                     return emitProducts(
                         carried,
                         [&](const MatmulOperand &operand) {
                           return operand.loadVector(b, loops, type, lanes);
                         },
                         [&](Value x, Value y, Value sum) -> Value {
                           return vector::FMAOp::create(b, x, y, sum);
                         });
                   });
  auto forEach = [&](function_ref<void(Value &, ArrayRef<Value>)> body) {
    for (auto [i, sum] : llvm::enumerate(sums)) {
      loops[matmul.mLoop] = b.add(row, i / columns);
      loops[matmul.nLoop] = b.add(column, i % columns);
      body(sum, kernel.out.getIndices(loops));
    }
  };
  forEach([&](Value &sum, ArrayRef<Value> indices) {
    Value before = b.load(kernel.out.memref, indices);
    sum = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum,
                                      before, arith::FastMathFlags::reassoc);
  });
  sums = b.forLoop(wholeEnd, kernel.depth, 1, sums,
                   [&](Value k, ValueRange carried) {
                     loops[matmul.kLoop] = k;
                     return emitProducts(
                         carried,
                         [&](const MatmulOperand &operand) {
                           return operand.loadScalar(b, loops, type);
                         },
                         [&](Value x, Value y, Value sum) -> Value {
                           return arith::AddFOp::create(
                               b, sum, arith::MulFOp::create(b, x, y));
                         });
                   });
  forEach([&](Value sum, ArrayRef<Value> indices) {
    b.store(sum, kernel.out.memref, indices);
  });
}

void DotMatmulEmitter::emit() {
  auto emitRows = [&](Value begin, Value end, int64_t rows) {
    auto emitColumns = [&](Value first, Value last, int64_t columns) {
      b.forLoop(first, last, columns, [&](Value column) {
        b.forLoop(begin, end, rows,
                  [&](Value row) { emitTile(row, column, rows, columns); });
      });
    };
    Value columns = b.sub(kernel.endColumn, kernel.firstColumn);
    Value wholeEnd =
        b.add(kernel.firstColumn, b.alignDown(columns, kDots / rows));
    emitColumns(kernel.firstColumn, wholeEnd, kDots / rows);
    emitColumns(wholeEnd, kernel.endColumn, 1);
  };
  // Pairs of rows share what is loaded of the columns.
  Value pairsEnd = b.add(kernel.firstRow,
                         b.alignDown(b.sub(kernel.endRow, kernel.firstRow), 2));
  emitRows(kernel.firstRow, pairsEnd, 2);
  emitRows(pairsEnd, kernel.endRow, 1);
}

void mlir::attn::emitDotMatmul(KernelBuilder &b, const MatmulKernel &kernel,
                               int64_t lanes) {
  DotMatmulEmitter(b, kernel, lanes).emit();
}
