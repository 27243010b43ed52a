//===- MatmulKernel.h - What a matmul's kernel computes ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_MATMULKERNEL_H
#define ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_MATMULKERNEL_H

#include "MatmulLowering.h"
#include "attn/Conversion/Utils/KernelBuilder.h"

namespace mlir::attn {

/// An operand of a matmul's kernel, and which loop each of its dimensions is.
struct MatmulOperand {
  Value memref;
  AffineMap map;

  bool isContiguousIn(unsigned loop) const {
    unsigned numResults = map.getNumResults();
    return numResults != 0 && map.getDimPosition(numResults - 1) == loop &&
           hasUnitStride(memref);
  }
  Type getElementType() const {
    return cast<MemRefType>(memref.getType()).getElementType();
  }
  /// Where it is at the current index of each loop.
  SmallVector<Value> getIndices(ArrayRef<Value> loops) const {
    SmallVector<Value> indices;
    for (AffineExpr expr : map.getResults())
      indices.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
    return indices;
  }
  /// An element there, or some from it on, widened to the type.
  Value loadScalar(KernelBuilder &b, ArrayRef<Value> loops, Type type) const {
    return widen(b, b.load(memref, getIndices(loops)), type);
  }
  Value loadVector(KernelBuilder &b, ArrayRef<Value> loops, Type type,
                   int64_t width) const {
    Value loaded =
        vector::LoadOp::create(b, VectorType::get({width}, getElementType()),
                               memref, getIndices(loops));
    return widen(b, loaded, VectorType::get({width}, type));
  }

private:
  static Value widen(KernelBuilder &b, Value value, Type to) {
    return value.getType() == to
               ? value
               : arith::ExtFOp::create(b, to, value).getResult();
  }
};

/// How often a loop runs, by the first operand that has it as a dimension; null
/// where none has.
inline Value getLoopExtent(KernelBuilder &b, unsigned loop,
                           ArrayRef<MatmulOperand> operands) {
  for (const MatmulOperand &operand : operands)
    for (auto [dim, expr] : llvm::enumerate(operand.map.getResults()))
      if (cast<AffineDimExpr>(expr).getPosition() == loop)
        return b.dim(operand.memref, dim);
  return {};
}

/// What a kernel computes: columns [firstColumn, endColumn) of rows [firstRow,
/// endRow), at the given indices of all loops but those of rows, columns and
/// the sum, which has `depth` terms.
struct MatmulKernel {
  const Matmul &matmul;
  MatmulOperand lhs, rhs, out;
  SmallVector<Value> loops;
  Value firstRow, endRow, firstColumn, endColumn, depth;
};

/// Emits a kernel's body for few rows, where rows of lhs and columns of rhs are
/// adjacent along the sum: products with the sum in lanes, without a copy.
void emitDotMatmul(KernelBuilder &b, const MatmulKernel &kernel, int64_t lanes);

/// Fills what a kernel computes with what the output has before, in vectors of
/// the builder's lanes.
void emitMatmulFill(KernelBuilder &b, const MatmulKernel &kernel);

/// What a function of the run time says about some sizes and constants, all of
/// which are i64 there.
Value buildChoice(KernelBuilder &b, SymbolTable &symbols, StringRef name,
                  ValueRange indices, ArrayRef<int64_t> constants);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_CONTRACTIONTOVECTOR_MATMULKERNEL_H
