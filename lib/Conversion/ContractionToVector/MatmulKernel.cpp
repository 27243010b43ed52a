//===- MatmulKernel.cpp - What kernels of matmuls share ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatmulKernel.h"
#include "attn/Conversion/Utils/StackCheck.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace mlir::attn;

void mlir::attn::emitMatmulFill(KernelBuilder &b, const MatmulKernel &kernel) {
  Value value = arith::ConstantOp::create(b, kernel.matmul.initial);
  Value vector = b.broadcast(value);
  Value vectorEnd = b.add(
      kernel.firstColumn,
      b.alignDown(b.sub(kernel.endColumn, kernel.firstColumn), b.getLanes()));
  SmallVector<Value> loops = kernel.loops;
  b.forLoop(kernel.firstRow, kernel.endRow, 1, [&](Value row) {
    loops[kernel.matmul.mLoop] = row;
    b.forLoop(kernel.firstColumn, vectorEnd, b.getLanes(), [&](Value column) {
      loops[kernel.matmul.nLoop] = column;
      b.storeVector(vector, kernel.out.memref, kernel.out.getIndices(loops));
    });
    b.forLoop(vectorEnd, kernel.endColumn, 1, [&](Value column) {
      loops[kernel.matmul.nLoop] = column;
      b.store(value, kernel.out.memref, kernel.out.getIndices(loops));
    });
  });
}

Value mlir::attn::buildChoice(KernelBuilder &b, SymbolTable &symbols,
                              StringRef name, ValueRange indices,
                              ArrayRef<int64_t> constants) {
  Type i64 = b.getI64Type();
  SmallVector<Value> arguments;
  for (Value value : indices)
    arguments.push_back(arith::IndexCastOp::create(b, i64, value));
  for (int64_t value : constants)
    arguments.push_back(
        arith::ConstantOp::create(b, b.getI64IntegerAttr(value)));
  SmallVector<Type> types(arguments.size(), i64);
  func::FuncOp function = getRuntimeFunction(b, symbols, name, types, i64);
  auto call = func::CallOp::create(b, function, arguments);
  return arith::IndexCastOp::create(b, b.getIndexType(), call.getResult(0));
}
