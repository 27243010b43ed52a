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

Value TileEmitter::allocate(ArrayRef<int64_t> shape, Type elementType) {
  return memref::AllocaOp::create(b, MemRefType::get(shape, elementType),
                                  b.getI64IntegerAttr(64));
}

Value TileEmitter::getClampedQuery(Value r) {
  return b.min(b.add(groupFirst, r), b.sub(numQueries, b.index(1)));
}

bool TileEmitter::hasRows() {
  return schedule.getRowQueries() != 0 && hasUnitStride(args.key) &&
         hasUnitStride(args.value);
}

/// Columns of 32 bits in a row of a block of values, of which some of each row
/// are read, row after row.
int64_t TileEmitter::getBlockColumns() {
  constexpr int64_t kLineColumns = 16;
  return valueDim % kSharedSetColumns == 0 ? valueDim + kLineColumns : valueDim;
}

bool TileEmitter::copiesKeys() {
  if (!isPaired())
    return copiesValues();
  // A pair is read at once: the last one must be whole. So must tiles.
  return isTiled() || headDim % 2 != 0 || !hasUnitStride(args.key);
}

void TileEmitter::allocateScratch() {
  Type f32 = b.getF32Type(), i32 = b.getI32Type(), bf16 = b.getBF16Type();
  int64_t groups = schedule.getQueryGroups();
  int64_t paddedDim = llvm::alignTo(headDim, 2 * lanes);
  int64_t paddedValueDim = llvm::alignTo(valueDim, lanes);
  int64_t paddedKeys = llvm::alignTo(blockKeys, lanes);
  if (!isTiled())
    queryT = allocate(
        {groups, isPaired() ? paddedDim / 2 : paddedDim, groupQueries}, f32);
  outputT = allocate({groups, paddedValueDim, groupQueries}, f32);
  rowState = allocate({groups, 2, groupQueries}, f32);
  rows = allocate(
      {groupQueries, std::max({paddedDim, paddedValueDim, paddedKeys})}, f32);
  // One row more for the second key of the last pair; two parts with tiles.
  int64_t numRows = isTiled()    ? std::max(blockKeys, 2 * getPartKeys())
                    : isPaired() ? blockKeys + 1
                                 : blockKeys;
  probabilities = allocate({numRows, groupQueries}, f32);
  if (hasRows()) {
    queryRows = allocate({schedule.getRowQueries(), headDim}, f32);
    outputRows = allocate({schedule.getRowQueries(), valueDim}, f32);
  }
  if (isTiled()) {
    allocateTiles();
  } else if (isPaired()) {
    pairRows = allocate({groupQueries, paddedDim}, bf16);
    probabilityPairs = allocate({blockKeys / 2, groupQueries}, i32);
    valueBlock = allocate({blockKeys / 2, getBlockColumns()}, i32);
    if (copiesKeys())
      keyBlock =
          allocate({blockKeys, (int64_t)llvm::alignTo(headDim, 2)}, bf16);
  } else {
    if (copiesValues() || gathersRows(args.key))
      keyBlock = allocate({blockKeys, headDim}, f32);
    if (copiesValues() || gathersRows(args.value))
      valueBlock = allocate({blockKeys, getBlockColumns()}, f32);
  }

  auto allocateTransposed = [&](Value source) -> Value {
    if (!source || cast<MemRefType>(source.getType()).getDimSize(0) == 1)
      return {};
    if (dependsOnKey(source))
      return allocate({paddedKeys, groupQueries}, f32);
    return allocate({groups, 1, groupQueries}, f32);
  };
  biasT = allocateTransposed(args.bias);
  maskT = allocateTransposed(args.mask);
  if (args.queryDocuments)
    documents = allocate({groups, 1, groupQueries}, b.getI64Type());

  StructuralMaskInterface structure = getStructure();
  if (!structure)
    return;
  // The interval's ends say which of them exist.
  KeyIntervalValues probe = structure.buildKeyInterval(
      b, b.getLoc(), args.firstQuery, getNumPositions(), numKeys);
  if (probe.begin)
    intervalBegin = allocate({groups, 1, groupQueries}, i32);
  if (probe.end)
    intervalEnd = allocate({groups, 1, groupQueries}, i32);
  neededKeys = allocate({groups, 2}, b.getIndexType());
  if (!isAlwaysMasked())
    fullKeys = allocate({groups, 2}, b.getIndexType());
}

void TileEmitter::emitRowCopy(Value src, Value srcRow, Value srcColumn,
                              Value dst, ValueRange dstRow, Value size,
                              Value factor, int64_t part) {
  Type dstElement = cast<MemRefType>(dst.getType()).getElementType();
  auto convert = [&](Value value) {
    if (getElementTypeOrSelf(value.getType()) == dstElement && !factor)
      return value;
    if (part != kHigh)
      return getPart(value, part);
    value = b.toF32(value);
    if (factor)
      value =
          b.mulf(value, isa<VectorType>(value.getType()) ? b.broadcast(factor)
                                                         : factor);
    return b.fromF32(value, dstElement);
  };
  auto getDstIndices = [&](Value column) {
    SmallVector<Value> indices(dstRow);
    indices.push_back(column);
    return indices;
  };
  Value begin = b.index(0);
  if (hasUnitStride(src) && hasUnitStride(dst)) {
    Value numWhole = b.alignDown(size, lanes);
    b.forLoop(begin, numWhole, lanes, [&](Value c) {
      Value value = b.loadVector(src, {srcRow, b.add(srcColumn, c)});
      b.storeVector(convert(value), dst, getDstIndices(c));
    });
    begin = numWhole;
  }
  b.forLoop(begin, size, 1, [&](Value c) {
    Value value = b.load(src, {srcRow, b.add(srcColumn, c)});
    b.store(convert(value), dst, getDstIndices(c));
  });
}

/// A part of a float, or of a vector of them, as bf16.
Value TileEmitter::getPart(Value value, int64_t part) {
  value = b.toF32(value);
  Value high = b.fromF32(value, b.getBF16Type());
  if (part == kHigh)
    return high;
  Value low = b.subf(value, b.toF32(high));
  // It is NaN if the value is not finite.
  Value isFinite = b.compare(arith::CmpFPredicate::ORD, low, low);
  Value zero = isa<VectorType>(low.getType()) ? b.splat(0.0) : b.constant(0.0);
  Value kept = part == kLow ? low : value;
  return b.fromF32(b.select(isFinite, kept, zero), b.getBF16Type());
}

void TileEmitter::emitPairedRow(Value src, Value srcRow, Value dst,
                                Value dstRow, int64_t distance) {
  for (int64_t part = 0; part < getNumParts(); ++part) {
    Value row = b.add(dstRow, part * distance);
    emitRowCopy(src, srcRow, b.index(0), dst, row, b.index(headDim),
                /*factor=*/{}, part);
    emitZeroColumns(dst, row);
  }
}

void TileEmitter::emitTranspose(
    Value src, Value dst, Value begin, Value end,
    function_ref<SmallVector<Value>(Value, Value)> getSource) {
  bool perGroup = cast<MemRefType>(dst.getType()).getRank() == 3;
  auto fourType =
      VectorType::get({4}, cast<MemRefType>(src.getType()).getElementType());
  for (int64_t v = 0; v < numVectors; ++v)
    b.forLoop(begin, end, lanes, [&](Value c) {
      SmallVector<Value> columns =
          buildTransposedSquare(b, [&](int64_t row, int64_t column) -> Value {
            return vector::LoadOp::create(
                b, fourType, src,
                getSource(b.add(getLaneOffset(v), row), b.add(c, column)));
          });
      for (auto [r, vector] : llvm::enumerate(columns)) {
        Value row = b.add(c, r);
        b.storeVector(vector, dst,
                      perGroup ? at(row, v)
                               : SmallVector<Value>{row, getLaneOffset(v)});
      }
    });
}

/// Zeros behind the last column, up to a whole pair or tile.
void TileEmitter::emitZeroColumns(Value matrix, Value row) {
  int64_t end = llvm::alignTo(headDim, isTiled() ? 32 : 2);
  Value zero = b.fromF32(b.constant(0.0), b.getBF16Type());
  b.forLoop(b.index(headDim), b.index(end), 1,
            [&](Value column) { b.store(zero, matrix, {row, column}); });
}

/// queryT = transpose(query * scale), or transposed pairs of bf16.
void TileEmitter::emitQuery() {
  if (hasRows()) {
    b.forLoop(b.index(0), b.index(schedule.getRowQueries()), 1, [&](Value r) {
      emitRowCopy(args.query, getClampedQuery(r), b.index(0), queryRows, r,
                  b.index(headDim), factor);
      b.forLoop(b.index(0), b.index(valueDim), 1,
                [&](Value d) { b.store(b.constant(0.0), outputRows, {r, d}); });
    });
    return;
  }
  auto fromRows = [&](Value r, Value c) { return SmallVector<Value>{r, c}; };
  if (!isPaired()) {
    b.forLoop(b.index(0), b.index(groupQueries), 1, [&](Value r) {
      emitRowCopy(args.query, getClampedQuery(r), b.index(0), rows, r,
                  b.index(headDim), factor);
    });
    emitTranspose(rows, queryT, b.index(0), b.index(headDim), fromRows);
    return;
  }
  b.forLoop(b.index(0), b.index(groupQueries), 1, [&](Value r) {
    emitPairedRow(args.query, getClampedQuery(r), pairRows, r, groupQueries);
  });
  int64_t numPairs = llvm::divideCeil(headDim, 2);
  // A pair moves like an f32.
  auto fourPairsType = VectorType::get({8}, b.getBF16Type());
  for (int64_t part = 0; part < getNumParts(); ++part)
    for (int64_t v = 0; v < numVectors; ++v)
      b.forLoop(b.index(0), b.index(numPairs), lanes, [&](Value c) {
        SmallVector<Value> columns =
            buildTransposedSquare(b, [&](int64_t row, int64_t column) -> Value {
              Value pairs = vector::LoadOp::create(
                  b, fourPairsType, pairRows,
                  ValueRange{b.add(getLaneOffset(v), part * groupQueries + row),
                             b.mul(b.add(c, column), b.index(2))});
              return vector::BitCastOp::create(
                  b, VectorType::get({4}, b.getF32Type()), pairs);
            });
        for (auto [r, vector] : llvm::enumerate(columns))
          b.storeVector(vector, queryT,
                        {getQueryPart(part), b.add(c, r), getLaneOffset(v)});
      });
}

/// What masks and biases need once per query.
void TileEmitter::emitLaneData() {
  Value zero = b.index(0);
  auto forEachQuery = [&](function_ref<void(Value)> body) {
    b.forLoop(zero, b.index(groupQueries), 1, body);
  };
  auto copyPerQuery = [&](Value source, Value scratch) {
    if (!scratch || dependsOnKey(source))
      return;
    forEachQuery([&](Value r) {
      Value value = b.load(source, {getLanePosition(r), zero});
      b.store(b.toF32(value), scratch, {group, zero, r});
    });
  };
  copyPerQuery(args.bias, biasT);
  copyPerQuery(args.mask, maskT);

  if (intervalBegin || intervalEnd)
    forEachQuery([&](Value r) {
      KeyIntervalValues interval = getStructure().buildKeyInterval(
          b, b.getLoc(), getLanePosition(r), getNumPositions(), numKeys);
      auto storeEnd = [&](Value end, Value scratch) {
        if (!end)
          return;
        Value clamped = b.min(b.max(end, zero), numKeys);
        b.store(arith::IndexCastOp::create(b, b.getI32Type(), clamped), scratch,
                {group, zero, r});
      };
      storeEnd(interval.begin, intervalBegin);
      storeEnd(interval.end, intervalEnd);
    });

  if (!documents)
    return;
  auto type = cast<MemRefType>(args.queryDocuments.getType());
  forEachQuery([&](Value r) {
    Value id = b.load(args.queryDocuments,
                      type.getDimSize(0) == 1 ? zero : getLanePosition(r));
    if (id.getType().isIndex())
      id = arith::IndexCastOp::create(b, b.getI64Type(), id);
    else if (!id.getType().isInteger(64))
      id = arith::ExtSIOp::create(b, b.getI64Type(), id);
    b.store(id, documents, {group, zero, r});
  });
}

void TileEmitter::emitCopiedBlock(Value firstKey, Value numKeys) {
  if (isPaired() && !isPacked())
    emitValuePairs(firstKey, numKeys);
  if (isTiled()) {
    emitKeyTiles(firstKey, numKeys);
    if (!isPacked())
      emitValueTiles(b.index(0), numKeys);
    return;
  }
  if (gathersRows(args.key))
    gatheredKeys = emitGatheredRows(args.key, keyBlock, firstKey, numKeys);
  if (gathersRows(args.value))
    gatheredValues =
        emitGatheredRows(args.value, valueBlock, firstKey, numKeys);
  if (!copiesKeys())
    return;
  b.forLoop(b.index(0), numKeys, 1, [&](Value r) {
    Value key = b.add(firstKey, r);
    if (isPaired()) {
      emitPairedRow(args.key, key, keyBlock, r, blockKeys);
      return;
    }
    emitRowCopy(args.key, key, b.index(0), keyBlock, r, b.index(headDim));
    emitRowCopy(args.value, key, b.index(0), valueBlock, r, b.index(valueDim));
  });
}

/// valueBlock[pair][column]: the values of two keys, the first in the low half;
/// zero beside the last one if the number of keys is odd.
void TileEmitter::emitValuePairs(Value firstKey, Value numKeys) {
  auto emitPairPart = [&](Value pair, bool hasSecond, int64_t part) {
    Value blockPair = b.add(pair, part * blockKeys / 2);
    auto getBits = [&](Value value, Type type) -> Value {
      return arith::BitcastOp::create(b, type,
                                      isSplit() ? getPart(value, part) : value);
    };
    Value key = b.add(firstKey, b.mul(pair, b.index(2)));
    // `load` gives the bits at a row of the values, as i16.
    auto emitColumn = [&](Type type, function_ref<Value(Value)> load) {
      Value bits = arith::ExtUIOp::create(b, type, load(key));
      if (hasSecond) {
        Value second = arith::ExtUIOp::create(b, type, load(b.add(key, 1)));
        second = arith::ShLIOp::create(b, second, b.integer(16, type));
        bits = arith::OrIOp::create(b, bits, second);
      }
      return bits;
    };
    Value begin = b.index(0);
    if (hasUnitStride(args.value)) {
      Value numWhole = b.index(valueDim - valueDim % lanes);
      b.forLoop(begin, numWhole, lanes, [&](Value column) {
        Value bits =
            emitColumn(b.getVectorType(b.getI32Type()), [&](Value row) {
              return getBits(b.loadVector(args.value, {row, column}),
                             b.getVectorType(b.getI16Type()));
            });
        b.storeVector(bits, valueBlock, {blockPair, column});
      });
      begin = numWhole;
    }
    b.forLoop(begin, b.index(valueDim), 1, [&](Value column) {
      Value bits = emitColumn(b.getI32Type(), [&](Value row) {
        return getBits(b.load(args.value, {row, column}), b.getI16Type());
      });
      b.store(bits, valueBlock, {blockPair, column});
    });
  };
  auto emitPair = [&](Value pair, bool hasSecond) {
    for (int64_t part = 0; part < getNumParts(); ++part)
      emitPairPart(pair, hasSecond, part);
  };
  Value numPairs = b.div(numKeys, b.index(2));
  b.forLoop(b.index(0), numPairs, 1,
            [&](Value pair) { emitPair(pair, /*hasSecond=*/true); });
  Value isOdd = b.compare(arith::CmpIPredicate::ne, b.rem(numKeys, b.index(2)),
                          b.index(0));
  b.ifThenElse(isOdd, [&] { emitPair(numPairs, /*hasSecond=*/false); });
}

/// The largest exponent tells.
Value TileEmitter::emitHasNonFinite(Value firstKey, Value row,
                                    Value numBlockRows) {
  bool readsCopy = copiesValues() && !isPacked() && !isSplit();
  bool readsPairs = readsCopy && isPaired();
  Value source = readsCopy ? valueBlock : args.value;
  Value firstRow = readsPairs  ? b.div(row, b.index(2))
                   : readsCopy ? row
                               : b.add(firstKey, row);
  Value numRows = readsPairs ? b.ceilDiv(numBlockRows, 2) : numBlockRows;
  // The exponent of an f32, or the larger one of a pair.
  auto getExponent = [&](Value value) -> Value {
    Value bits = readsPairs ? value : b.bitcastToI32(b.toF32(value));
    Type type = bits.getType();
    Value mask = b.integer(0x7f800000, type);
    Value exponent = arith::AndIOp::create(b, bits, mask);
    if (!readsPairs)
      return exponent;
    Value low = arith::ShLIOp::create(b, bits, b.integer(16, type));
    return b.max(exponent, arith::AndIOp::create(b, low, mask));
  };
  int64_t numWhole = hasUnitStride(source) ? valueDim - valueDim % lanes : 0;
  VectorType vectorType = b.getVectorType(b.getI32Type());
  Value none = b.integer(0, vectorType),
        noneScalar = b.integer(0, b.getI32Type());
  SmallVector<Value> largest = b.forLoop(
      b.index(0), numRows, 1, {none, noneScalar},
      [&](Value r, ValueRange carried) {
        Value row = b.add(firstRow, r);
        Value vector = carried[0];
        // Vectors of what has no unit stride are invalid even where no loop
        // comes to them.
        if (numWhole > 0)
          vector =
              b.forLoop(b.index(0), b.index(numWhole), lanes, vector,
                        [&](Value c, ValueRange inner) {
                          Value exponent =
                              getExponent(b.loadVector(source, {row, c}));
                          return SmallVector<Value>{b.max(inner[0], exponent)};
                        })
                  .front();
        Value scalar =
            b.forLoop(b.index(numWhole), b.index(valueDim), 1, carried[1],
                      [&](Value c, ValueRange inner) {
                        Value exponent = getExponent(b.load(source, {row, c}));
                        return SmallVector<Value>{b.max(inner[0], exponent)};
                      })[0];
        return SmallVector<Value>{vector, scalar};
      });
  Value most = b.max(
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, largest[0]),
      largest[1]);
  return b.compare(arith::CmpIPredicate::eq, most,
                   b.integer(0x7f800000, b.getI32Type()));
}

void TileEmitter::emitTransposedBlock(Value source, Value scratch,
                                      Value firstKey, Value numKeys) {
  Value numWhole = b.index(0);
  if (hasUnitStride(source)) {
    numWhole = b.alignDown(numKeys, lanes);
    emitTranspose(source, scratch, b.index(0), numWhole, [&](Value r, Value c) {
      return SmallVector<Value>{getLanePosition(r), b.add(firstKey, c)};
    });
  }
  Value isRest = b.compare(arith::CmpIPredicate::slt, numWhole, numKeys);
  b.ifThenElse(isRest, [&] {
    b.forLoop(b.index(0), b.index(groupQueries), 1, [&](Value r) {
      emitRowCopy(source, getLanePosition(r), b.add(firstKey, numWhole), rows,
                  r, b.sub(numKeys, numWhole));
    });
    emitTranspose(rows, scratch, numWhole, numKeys, [&](Value r, Value c) {
      return SmallVector<Value>{r, b.sub(c, numWhole)};
    });
  });
}
