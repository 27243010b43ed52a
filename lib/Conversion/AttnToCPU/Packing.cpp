//===- Packing.cpp - Copies into and out of scratch memory ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr double kLog2e = 1.44269504088896340736;

Value TileEmitter::allocate(ArrayRef<int64_t> shape, Type elementType) {
  return memref::AllocaOp::create(b, MemRefType::get(shape, elementType),
                                  b.getI64IntegerAttr(64));
}

Value TileEmitter::getClampedQuery(Value r) {
  return b.min(b.add(args.firstQuery, r), b.sub(numQueries, b.index(1)));
}

/// Whether a row of the memref can be read by vectors.
static bool hasUnitStride(Value memref) {
  return cast<MemRefType>(memref.getType()).isLastDimUnitStride();
}

void TileEmitter::emitRowCopy(Value src, Value srcRow, Value srcColumn,
                              Value dst, Value dstRow, Value size,
                              Value factor) {
  Type dstElement = cast<MemRefType>(dst.getType()).getElementType();
  auto convert = [&](Value value) {
    value = b.toF32(value);
    if (factor)
      value =
          b.mulf(value, isa<VectorType>(value.getType()) ? b.broadcast(factor)
                                                         : factor);
    return b.fromF32(value, dstElement);
  };
  Value begin = b.index(0);
  if (hasUnitStride(src) && hasUnitStride(dst)) {
    Value numWhole = b.alignDown(size, lanes);
    b.forLoop(begin, numWhole, lanes, [&](Value c) {
      Value value = b.loadVector(src, {srcRow, b.add(srcColumn, c)});
      b.storeVector(convert(value), dst, {dstRow, c});
    });
    begin = numWhole;
  }
  b.forLoop(begin, size, 1, [&](Value c) {
    Value value = b.load(src, {srcRow, b.add(srcColumn, c)});
    b.store(convert(value), dst, {dstRow, c});
  });
}

void TileEmitter::emitTransposeSquare(Value src, ValueRange srcIndices,
                                      Value dst, ValueRange dstIndices) {
  auto squareType = VectorType::get({lanes, lanes}, b.getF32Type());
  Value square = arith::ConstantOp::create(b, b.getZeroAttr(squareType));
  for (int64_t r = 0; r < lanes; ++r)
    square = vector::InsertOp::create(
        b, b.loadVector(src, {b.add(srcIndices[0], r), srcIndices[1]}), square,
        r);
  square = vector::TransposeOp::create(b, square, ArrayRef<int64_t>{1, 0});
  for (int64_t r = 0; r < lanes; ++r)
    b.storeVector(vector::ExtractOp::create(b, square, r), dst,
                  {b.add(dstIndices[0], r), dstIndices[1]});
}

void TileEmitter::emitTranspose(Value src, Value dst, Value numColumns) {
  for (int64_t v = 0; v < numVectors; ++v)
    b.forLoop(b.index(0), numColumns, lanes, [&](Value c) {
      emitTransposeSquare(src, {getLaneOffset(v), c}, dst,
                          {c, getLaneOffset(v)});
    });
}

/// queryT = transpose(query * scale).
void TileEmitter::emitQuery() {
  Value factor;
  if (std::optional<double> scale = op.getConstantScale()) {
    factor = b.constant(foldsLog2e ? *scale * kLog2e : *scale);
  } else {
    factor = b.toF32(args.scale);
    if (foldsLog2e)
      factor = b.mulf(factor, b.constant(kLog2e));
  }
  b.forLoop(b.index(0), b.index(tileQueries), 1, [&](Value r) {
    emitRowCopy(args.query, getClampedQuery(r), b.index(0), rows, r,
                b.index(headDim), factor);
  });
  emitTranspose(rows, queryT, b.index(headDim));
}

/// What masks and biases need once per query.
void TileEmitter::emitLaneData() {
  Type f32 = b.getF32Type();
  auto allocateTransposed = [&](Value source) -> Value {
    if (!source)
      return {};
    if (cast<MemRefType>(source.getType()).getDimSize(0) == 1)
      return {};
    if (dependsOnKey(source))
      return allocate({(int64_t)llvm::alignTo(blockKeys, lanes), tileQueries},
                      f32);
    Value scratch = allocate({1, tileQueries}, f32);
    b.forLoop(b.index(0), b.index(tileQueries), 1, [&](Value r) {
      Value value = b.load(source, {getClampedQuery(r), b.index(0)});
      b.store(b.toF32(value), scratch, {b.index(0), r});
    });
    return scratch;
  };
  biasT = allocateTransposed(args.bias);
  maskT = allocateTransposed(args.mask);

  if (StructuralMaskInterface structure = getStructure()) {
    // The interval's ends say which of them exist.
    auto allocateEnd = [&](Value end) -> Value {
      return end ? allocate({tileQueries}, b.getI32Type()) : Value();
    };
    Value zero = b.index(0);
    KeyIntervalValues probe = structure.buildKeyInterval(
        b, b.getLoc(), args.firstQuery, numQueries, numKeys);
    intervalBegin = allocateEnd(probe.begin);
    intervalEnd = allocateEnd(probe.end);
    if (intervalBegin || intervalEnd)
      b.forLoop(zero, b.index(tileQueries), 1, [&](Value r) {
        KeyIntervalValues interval = structure.buildKeyInterval(
            b, b.getLoc(), getClampedQuery(r), numQueries, numKeys);
        auto storeEnd = [&](Value end, Value scratch) {
          if (!end)
            return;
          Value clamped = b.min(b.max(end, zero), numKeys);
          b.store(arith::IndexCastOp::create(b, b.getI32Type(), clamped),
                  scratch, r);
        };
        storeEnd(interval.begin, intervalBegin);
        storeEnd(interval.end, intervalEnd);
      });
  }

  if (!args.queryDocuments)
    return;
  documents = allocate({tileQueries}, b.getI64Type());
  auto type = cast<MemRefType>(args.queryDocuments.getType());
  b.forLoop(b.index(0), b.index(tileQueries), 1, [&](Value r) {
    Value id =
        b.load(args.queryDocuments,
               type.getDimSize(0) == 1 ? b.index(0) : getClampedQuery(r));
    if (id.getType().isIndex())
      id = arith::IndexCastOp::create(b, b.getI64Type(), id);
    else if (!id.getType().isInteger(64))
      id = arith::ExtSIOp::create(b, b.getI64Type(), id);
    b.store(id, documents, r);
  });
}

void TileEmitter::emitConvertedBlock(Value firstKey, Value numKeys) {
  b.forLoop(b.index(0), numKeys, 1, [&](Value r) {
    Value key = b.add(firstKey, r);
    emitRowCopy(args.key, key, b.index(0), keyBlock, r, b.index(headDim));
    emitRowCopy(args.value, key, b.index(0), valueBlock, r, b.index(valueDim));
  });
}

void TileEmitter::emitTransposedBlock(Value source, Value scratch,
                                      Value firstKey, Value numKeys) {
  b.forLoop(b.index(0), b.index(tileQueries), 1, [&](Value r) {
    emitRowCopy(source, getClampedQuery(r), firstKey, rows, r, numKeys);
  });
  emitTranspose(rows, scratch, numKeys);
}
