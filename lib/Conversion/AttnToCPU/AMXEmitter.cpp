//===- AMXEmitter.cpp - Products in tile registers --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A tile register has 16 rows of 64 bytes. The first operand of a product is 16
// rows of 32 bf16, the second one 16 rows of 16 pairs: what pairs of queries
// and of probabilities are anyway. Keys are a first operand as they lie, values
// once they are transposed.
//
// There are no tiles of f16 before AMX-FP16, but an f16 is the sum of two bf16,
// exactly: logits take all four products of their parts, and outputs three,
// with probabilities to 16 bits. Where an f16 is not finite, its product with
// the other high part says all, and the others must add nothing.
//
// Two by two tiles of sums with their four operands fill the eight registers.
// LLVM does not move the load of a tile: each stands before its first use.
//
//===----------------------------------------------------------------------===//

#include "TileEmitter.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Utils/Sequences.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace mlir::attn;

/// Rows of a tile, and what one has in each of them.
static constexpr int64_t kRows = 16, kHalves = 32;

static amx::TileType getOperandType(KernelBuilder &b) {
  return amx::TileType::get({kRows, kHalves}, b.getBF16Type());
}

static amx::TileType getSumType(KernelBuilder &b) {
  return amx::TileType::get({kRows, kRows}, b.getF32Type());
}

/// Loads an operand; streamed if the nearest cache need not keep it.
static Value loadOperand(KernelBuilder &b, Value memref, ValueRange indices,
                         bool isStreamed = false) {
  auto load = amx::TileLoadOp::create(b, getOperandType(b), memref, indices);
  if (isStreamed)
    load->setAttr(kStreamedAttrName, b.getUnitAttr());
  return load;
}

/// Memory for pairs of bf16, as `pairType` and as bf16.
static std::pair<Value, Value>
allocatePairs(KernelBuilder &b, ArrayRef<int64_t> shape, Type pairType) {
  int64_t numBytes = 4 * llvm::product_of(shape);
  Value bytes = memref::AllocaOp::create(
      b, MemRefType::get({numBytes}, b.getI8Type()), b.getI64IntegerAttr(64));
  auto view = [&](ArrayRef<int64_t> viewShape, Type type) -> Value {
    return memref::ViewOp::create(b, MemRefType::get(viewShape, type), bytes,
                                  b.index(0), ValueRange());
  };
  SmallVector<int64_t> halfShape(shape);
  halfShape.back() *= 2;
  return {view(shape, pairType), view(halfShape, b.getBF16Type())};
}

void TileEmitter::allocateTiles() {
  Type f32 = b.getF32Type(), i32 = b.getI32Type(), bf16 = b.getBF16Type();
  int64_t paddedDim = llvm::alignTo(headDim, kHalves);
  int64_t paddedValueDim = llvm::alignTo(valueDim, kRows);
  int64_t numParts = getNumParts();
  std::tie(queryT, queryHalves) = allocatePairs(
      b, {schedule.getQueryGroups() * numParts, paddedDim / 2, groupQueries},
      f32);
  std::tie(probabilityPairs, probabilityHalves) = allocatePairs(
      b, {blockKeys / 2 * getNumProbabilityParts(), groupQueries}, i32);
  pairRows = allocate({groupQueries * numParts, paddedDim}, bf16);
  if (!args.packedKey)
    keyBlock = allocate({blockKeys * numParts, paddedDim}, bf16);
  else
    emitPackedKeys();
  valueBlock = allocate({blockKeys / 2 * numParts, paddedValueDim}, i32);
  valueTiles =
      isPacked()
          ? args.packedValue
          : allocate({blockKeys / kHalves * numParts, paddedValueDim, kHalves},
                     bf16);
}

void TileEmitter::emitPackedOperands() {
  numKeys = b.dim(args.value, 0);
  int64_t paddedValueDim = llvm::alignTo(valueDim, kRows);
  valueTiles = args.packedValue;
  valueBlock =
      allocate({blockKeys / 2 * getNumParts(), paddedValueDim}, b.getI32Type());
  Value numBlockKeys = b.min(b.sub(numKeys, args.firstKey), b.index(blockKeys));
  emitValuePairs(args.firstKey, numBlockKeys);
  emitValueTiles(args.firstKey, numBlockKeys);
  if (!args.packedKey)
    return;
  Value end = b.add(args.firstKey, numBlockKeys);
  auto emitKeys = [&] {
    b.forLoop(args.firstKey, end, kHalves, [&](Value tile) {
      Value numRows = b.min(b.sub(end, tile), b.index(kHalves));
      Value firstRow = getPackedRow(tile);
      b.forLoop(b.index(0), numRows, 1, [&](Value r) {
        emitPairedRow(args.key, b.add(tile, r), args.packedKey,
                      b.add(firstRow, r), kHalves);
      });
    });
  };
  if (Value liesInTiles = emitLiesInTiles())
    b.ifThenElse(liesInTiles, [] {}, emitKeys);
  else
    emitKeys();
}

/// Whether the keys of the head lie as tiles need them: no row crosses a line
/// of the cache, which makes loading a tile take six times as long, and the
/// last tile is whole. Null if it is known that they do not.
Value TileEmitter::emitLiesInTiles() {
  auto type = cast<MemRefType>(args.key.getType());
  if (isSplit() || headDim % kHalves != 0 || !type.isLastDimUnitStride())
    return {};
  auto metadata = memref::ExtractStridedMetadataOp::create(b, args.key);
  Value pointer = memref::ExtractAlignedPointerAsIndexOp::create(b, args.key);
  Value bytes = b.index(2);
  Value first = b.add(pointer, b.mul(metadata.getOffset(), bytes));
  Value distance = b.mul(metadata.getStrides()[0], bytes);
  auto isMultiple = [&](Value value, int64_t of) {
    return b.compare(arith::CmpIPredicate::eq, b.rem(value, b.index(of)),
                     b.index(0));
  };
  constexpr int64_t kLine = 64;
  Value onLines = arith::AndIOp::create(b, isMultiple(first, kLine),
                                        isMultiple(distance, kLine));
  return arith::AndIOp::create(b, onLines,
                               isMultiple(b.dim(args.key, 0), kHalves));
}

/// The type of keys in place, or where they are copied to.
static MemRefType getKeyTilesType(KernelBuilder &b, int64_t numColumns) {
  constexpr int64_t kDynamic = ShapedType::kDynamic;
  return MemRefType::get(
      {kDynamic, numColumns}, b.getBF16Type(),
      StridedLayoutAttr::get(b.getContext(), kDynamic, {kDynamic, 1}));
}

/// All keys of the head, packed or where they are.
void TileEmitter::emitPackedKeys() {
  keyTiles = args.packedKey;
  Value liesInTiles = emitLiesInTiles();
  if (!liesInTiles)
    return;
  MemRefType type = getKeyTilesType(b, headDim);
  keyTiles = b.select(liesInTiles,
                      memref::CastOp::create(b, type, args.key).getResult(),
                      memref::CastOp::create(b, type, keyTiles).getResult());
}

void TileEmitter::emitKeyTiles(Value firstKey, Value numKeys) {
  if (args.packedKey)
    return;
  auto emitCopy = [&] {
    b.forLoop(b.index(0), numKeys, 1, [&](Value r) {
      emitPairedRow(args.key, b.add(firstKey, r), keyBlock, r, blockKeys);
    });
  };
  auto keyType = cast<MemRefType>(args.key.getType());
  if (isSplit() || headDim % kHalves != 0 || !keyType.isLastDimUnitStride()) {
    emitCopy();
    keyTiles = keyBlock;
    return;
  }
  MemRefType type = getKeyTilesType(b, headDim);
  Value end =
      b.add(firstKey, b.mul(b.ceilDiv(numKeys, kHalves), b.index(kHalves)));
  Value isWhole = b.compare(arith::CmpIPredicate::sle, end, b.dim(args.key, 0));
  auto cast = [&](Value rows) {
    return SmallVector<Value>{memref::CastOp::create(b, type, rows)};
  };
  keyTiles =
      b.ifThenElse(
           type, isWhole,
           [&] {
             return cast(buildSlice(
                 b, args.key, DimPart{0, firstKey, OpFoldResult(numKeys)}));
           },
           [&] {
             emitCopy();
             return cast(keyBlock);
           })
          .front();
}

void TileEmitter::emitValueTiles(Value firstKey, Value numKeys) {
  b.forLoop(b.ceilDiv(numKeys, 2), getNumPairs(numKeys), 1, [&](Value pair) {
    b.forLoop(b.index(0), b.index(llvm::alignTo(valueDim, kRows)), lanes,
              [&](Value column) {
                Value zero = b.integer(0, b.getVectorType(b.getI32Type()));
                for (int64_t part = 0; part < getNumParts(); ++part)
                  b.storeVector(zero, valueBlock,
                                {b.add(pair, part * blockKeys / 2), column});
              });
  });
  auto fourPairsType = VectorType::get({4}, b.getI32Type());
  auto fourType = VectorType::get({4}, b.getF32Type());
  auto halvesType = VectorType::get({kHalves}, b.getBF16Type());
  Value firstTile = b.div(firstKey, b.index(kHalves));
  auto emitPart = [&](Value tile, int64_t part) {
    Value firstPair = b.add(b.mul(tile, b.index(kRows)), part * blockKeys / 2);
    Value place = getValuePart(b.add(firstTile, tile), part);
    b.forLoop(b.index(0), b.index(llvm::alignTo(valueDim, kRows)), lanes,
              [&](Value firstColumn) {
                // A pair moves like an f32.
                SmallVector<Value> columns = buildTransposedSquare(
                    b, [&](int64_t row, int64_t column) -> Value {
                      Value pairs = vector::LoadOp::create(
                          b, fourPairsType, valueBlock,
                          ValueRange{b.add(firstPair, row),
                                     b.add(firstColumn, column)});
                      return vector::BitCastOp::create(b, fourType, pairs);
                    });
                for (auto [c, vector] : llvm::enumerate(columns)) {
                  Value halves =
                      vector::BitCastOp::create(b, halvesType, vector);
                  b.storeVector(halves, valueTiles,
                                {place, b.add(firstColumn, c), b.index(0)});
                }
              });
  };
  b.forLoop(b.index(0), b.ceilDiv(numKeys, kHalves), 1, [&](Value tile) {
    for (int64_t part = 0; part < getNumParts(); ++part)
      emitPart(tile, part);
  });
}

/// sum(i * numSecond + v) + load(first operand i) * load(second operand v).
static SmallVector<Value> emitTileProducts(
    KernelBuilder &b, int64_t numFirst, int64_t numSecond,
    function_ref<Value(int64_t)> getSum, function_ref<Value(int64_t)> loadFirst,
    function_ref<Value(int64_t)> loadSecond, TileEmitter::Between *between) {
  SmallVector<Value> next, second;
  for (int64_t i = 0; i < numFirst; ++i) {
    Value first = loadFirst(i);
    for (int64_t v = 0; v < numSecond; ++v) {
      if (i == 0)
        second.push_back(loadSecond(v));
      Value sum = getSum(i * numSecond + v);
      next.push_back(
          amx::TileMulFOp::create(b, sum.getType(), first, second[v], sum));
      if (between && between->emitVectors)
        between->emitVectors();
    }
  }
  return next;
}

static void emitOrDefer(TileEmitter::Between *between,
                        std::function<void()> emitStore) {
  if (between)
    between->stores.push_back(std::move(emitStore));
  else
    emitStore();
}

/// Which parts of both operands are multiplied.
SmallVector<std::pair<int64_t, int64_t>>
TileEmitter::getProducts(bool ofLogits) {
  SmallVector<std::pair<int64_t, int64_t>> products{{kHigh, kHigh}};
  if (isSplit() && ofLogits)
    products.append({{kFinite, kLow}, {kLow, kFinite}, {kLow, kLow}});
  else if (isSplit())
    products.append({{kFinite, kLow}, {kLow, kHigh}});
  return products;
}

void TileEmitter::emitTileKeyProducts(const Block &block, Value row,
                                      Value logitRow, Between *between) {
  Value firstRow = args.packedKey ? getPackedRow(b.add(block.firstKey, row))
                                  : b.add(block.firstRow, row);
  int64_t partRows = args.packedKey ? kHalves : blockKeys;
  auto emitZero = [&](int64_t) -> Value {
    if (between)
      between->emitStore();
    return amx::TileZeroOp::create(b, getSumType(b));
  };
  // Without sums before these begin with zero.
  auto emitColumns = [&](Value d, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (auto [keyPart, queryPart] : getProducts(/*ofLogits=*/true)) {
      SmallVector<Value> sums = std::move(next);
      auto getSum = [&](int64_t i) -> Value { return sums[i]; };
      next = emitTileProducts(
          b, 2, numVectors,
          sums.empty() ? function_ref<Value(int64_t)>(emitZero) : getSum,
          [&, keyPart = keyPart](int64_t i) -> Value {
            return loadOperand(
                b, keyTiles,
                {b.add(firstRow, keyPart * partRows + i * kRows), d},
                /*isStreamed=*/true);
          },
          [&, queryPart = queryPart](int64_t v) -> Value {
            return loadOperand(b, queryHalves,
                               {getQueryPart(queryPart), b.div(d, b.index(2)),
                                b.index(v * kHalves)});
          },
          between);
    }
    return next;
  };
  int64_t end = llvm::alignTo(headDim, kHalves);
  SmallVector<Value> sums;
  if (between) {
    for (int64_t d = 0; d < end; d += kHalves)
      sums = emitColumns(b.index(d), sums);
  } else {
    for (int64_t i = 0; i < 2 * numVectors; ++i)
      sums.push_back(emitZero(i));
    sums = b.forLoop(b.index(0), b.index(end), kHalves, sums, emitColumns);
  }
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t v = 0; v < numVectors; ++v) {
      Value sum = sums[i * numVectors + v];
      emitOrDefer(between, [=] {
        amx::TileStoreOp::create(
            b, probabilities,
            ValueRange{b.add(logitRow, i * kRows), getLaneOffset(v)}, sum);
      });
    }
}

void TileEmitter::emitTileValues(const Block &block, ArrayRef<Value> alpha) {
  // Late in a row its maximum rarely changes.
  LaneVectors changes;
  for (Value factor : alpha)
    changes.push_back(
        b.compare(arith::CmpFPredicate::UNE, factor, b.splat(1.0)));
  b.ifThenElse(emitAnyLane(changes), [&] { emitRescaledOutput(alpha); });
  emitTileOutput(getValueTile(block, b.index(0)), b.index(0),
                 b.ceilDiv(block.numKeys, kHalves), b.index(0),
                 getValueTiles());
}

void TileEmitter::emitRescaledOutput(ArrayRef<Value> alpha) {
  b.forLoop(b.index(0), b.index(valueDim), 1, [&](Value d) {
    for (int64_t v = 0; v < numVectors; ++v) {
      Value sum = b.loadVector(outputT, at(d, v));
      b.storeVector(b.mulf(sum, alpha[v]), outputT, at(d, v));
    }
  });
}

/// The tile of values where keys from a row of a block on, a whole tile, are.
Value TileEmitter::getValueTile(const Block &block, Value row) {
  Value first = isPacked() ? block.firstKey : block.firstRow;
  return b.div(b.add(first, row), b.index(kHalves));
}

/// Without other company, columns are each other's. Products of f16 are three
/// times as many, so that less is waited for; with 16 threads it was slower.
void TileEmitter::emitTileOutput(Value firstTile, Value firstPair,
                                 Value numTiles, Value firstColumn,
                                 int64_t numColumnTiles, Between *between) {
  if (!between && isSplit()) {
    int64_t numWhole = numColumnTiles / 2 * 2 * kRows;
    Value end = b.add(firstColumn, numWhole);
    b.forLoop(firstColumn, end, 2 * kRows, [&](Value column) {
      emitTileColumns(firstTile, firstPair, numTiles, column, 2);
    });
    if (numColumnTiles % 2 != 0)
      emitTileColumns(firstTile, firstPair, numTiles, end, 1);
    return;
  }
  Between alone;
  for (int64_t i = 0; i < numColumnTiles; i += 2)
    emitTileColumns(
        firstTile, firstPair, numTiles, b.add(firstColumn, i * kRows),
        std::min<int64_t>(numColumnTiles - i, 2), between ? between : &alone);
  alone.emitStores();
}

/// Columns firstColumn + [0, 16 * numColumnTiles) of the values, of one tile of
/// keys at least. There is no loop if vectors stand between the products.
void TileEmitter::emitTileColumns(Value firstTile, Value firstPair,
                                  Value numTiles, Value firstColumn,
                                  int64_t numColumnTiles, Between *between) {
  SmallVector<Value> columns;
  for (int64_t i = 0; i < numColumnTiles; ++i)
    columns.push_back(b.add(firstColumn, i * kRows));
  auto emitSum = [&](int64_t i) -> Value {
    if (between)
      between->emitStore();
    return amx::TileLoadOp::create(b, getSumType(b), outputT,
                                   at(columns[i / numVectors], i % numVectors));
  };
  auto emitTile = [&](Value tile, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (auto [valuePart, part] : getProducts(/*ofLogits=*/false)) {
      SmallVector<Value> sums = std::move(next);
      auto getSum = [&](int64_t i) -> Value { return sums[i]; };
      next = emitTileProducts(
          b, numColumnTiles, numVectors,
          sums.empty() ? function_ref<Value(int64_t)>(emitSum) : getSum,
          [&, valuePart = valuePart](int64_t i) -> Value {
            return loadOperand(b, valueTiles,
                               {getValuePart(b.add(firstTile, tile), valuePart),
                                columns[i], b.index(0)},
                               /*isStreamed=*/true);
          },
          [&, part = part](int64_t v) -> Value {
            Value pair = b.add(b.add(firstPair, b.mul(tile, b.index(kRows))),
                               part * blockKeys / 2);
            return loadOperand(b, probabilityHalves,
                               {pair, b.index(v * kHalves)});
          },
          between);
    }
    return next;
  };
  SmallVector<Value> sums;
  if (between && between->emitVectors) {
    for (int64_t tile = 0; tile < *getConstantIntValue(numTiles); ++tile)
      sums = emitTile(b.index(tile), sums);
  } else if (between) {
    sums = emitTile(b.index(0), sums);
    sums = b.forLoop(b.index(1), numTiles, 1, sums, emitTile);
  } else {
    for (int64_t i = 0; i < numColumnTiles * numVectors; ++i)
      sums.push_back(emitSum(i));
    sums = b.forLoop(b.index(0), numTiles, 1, sums, emitTile);
  }
  for (int64_t i = 0; i < numColumnTiles; ++i)
    for (int64_t v = 0; v < numVectors; ++v) {
      Value sum = sums[i * numVectors + v], column = columns[i];
      emitOrDefer(between, [=] {
        amx::TileStoreOp::create(b, outputT, at(column, v), sum);
      });
    }
}
