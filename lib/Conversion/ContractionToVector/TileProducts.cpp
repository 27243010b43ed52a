//===- TileProducts.cpp - Products in tile registers ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The first operand of a product of tiles is 16 rows of 32 bf16, the second one
// 16 rows of 16 pairs along the sum. Rows of lhs are read where they are; only
// what is no whole tile is copied, with zeros around. Columns of rhs are
// copied, tile by tile, before they are multiplied. Two by two tiles of sums
// with their four operands fill the eight registers.
//
//===----------------------------------------------------------------------===//

#include "TileProducts.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr int64_t kRows = kTileRows, kHalves = kTileDepth,
                         kSquare = kTileSquare;
/// Tiles of sums of a square.
static constexpr int64_t kSums = 4;
/// Terms of a sum that are multiplied before the next columns: more leave the
/// first cache before a square's rows are read again, fewer have its sums read
/// and written more often.
static constexpr int64_t kDepth = 1024;
/// Rows this many bytes apart compete for a few places of the first cache.
/// Those of a copy do not.
static constexpr int64_t kConflictBytes = 4096, kCopiedRow = kDepth + kHalves;

namespace {

class TileProductEmitter {
public:
  TileProductEmitter(KernelBuilder &b, const TileMatmul &kernel)
      : b(b), matmul(kernel.matmul), lhs(kernel.lhs), rhs(kernel.rhs),
        out(kernel.out), loops(kernel.loops) {}

  void emitPack(Value packed, Value column, Value begin, Value end, Value tile,
                Value firstStep);
  void emitProducts(Value packed, Value firstRow, Value endRow,
                    Value firstColumn, Value endColumn, Value begin, Value end,
                    Value firstTile);

private:
  void emitWholeTile(Value column, Value k, Value packed, Value tile,
                     Value step);
  /// Rows [row, rowEnd) of the terms [k, end), 32 of them and whole steps:
  /// where they are, if that is so and pays, or copied.
  Value buildRows(Value row, Value rowEnd, Value k, Value end, Value scratch);
  /// A register tile of the output, up to the ends of rows and columns, and
  /// what it is the products of: rows[0...][0...],
  /// packed[tile...][firstStep...].
  struct Square {
    Value row, rowEnd, column, columnEnd;
    Value rows, packed, tile, firstStep, numSteps;
  };
  /// The sums of a square, in memory or as the output's tiles. `isFirst`, null
  /// for never, says whether they replace what is there.
  void emitSquare(const Square &square, Value isFirst);
  void emitInMemory(const Square &square, Value isFirst);
  void emitWhole(const Square &square, bool isFirst);
  SmallVector<Value> emitSteps(const Square &square, ValueRange added);

  Type getOperandType() {
    return amx::TileType::get({kRows, kHalves}, b.getBF16Type());
  }
  Type getSumType() {
    return amx::TileType::get({kRows, kRows}, b.getF32Type());
  }
  Value allocate(ArrayRef<int64_t> shape, Type type) {
    return memref::AllocaOp::create(b, MemRefType::get(shape, type),
                                    b.getI64IntegerAttr(64));
  }
  void setPlace(Value row, Value column, Value k) {
    loops[matmul.mLoop] = row;
    loops[matmul.nLoop] = column;
    loops[matmul.kLoop] = k;
  }
  Value loadHalves(const MatmulOperand &operand, int64_t count) {
    return vector::LoadOp::create(b, VectorType::get({count}, b.getBF16Type()),
                                  operand.memref, operand.getIndices(loops));
  }
  Value loadHalf(const MatmulOperand &operand) {
    return b.load(operand.memref, operand.getIndices(loops));
  }
  Value buildZeros() {
    auto type = VectorType::get({kHalves}, b.getBF16Type());
    return arith::ConstantOp::create(b, b.getZeroAttr(type));
  }

  KernelBuilder &b;
  const Matmul &matmul;
  MatmulOperand lhs, rhs, out;
  /// The current index of each loop of the operation.
  SmallVector<Value> loops;
  /// Memory for a square's sums; elements from a row of lhs to the next one.
  Value sums, rowStride;
};

} // namespace

//===----------------------------------------------------------------------===//
// Copies of rhs
//===----------------------------------------------------------------------===//

void TileProductEmitter::emitWholeTile(Value column, Value k, Value packed,
                                       Value tile, Value step) {
  auto halvesType = VectorType::get({kHalves}, b.getBF16Type());
  auto store = [&](Value halves, int64_t pair) {
    b.storeVector(halves, packed, {tile, step, b.index(pair), b.index(0)});
  };
  if (rhs.isContiguousIn(matmul.kLoop)) {
    // A pair moves like an f32.
    auto fourType = VectorType::get({4}, b.getF32Type());
    SmallVector<Value> pairs =
        buildTransposedSquare(b, [&](int64_t i, int64_t pair) -> Value {
          setPlace({}, b.add(column, i), b.add(k, 2 * pair));
          return vector::BitCastOp::create(b, fourType, loadHalves(rhs, 8));
        });
    for (auto [pair, vector] : llvm::enumerate(pairs))
      store(vector::BitCastOp::create(b, halvesType, vector), pair);
    return;
  }
  for (int64_t pair = 0; pair < kRows; ++pair) {
    auto load = [&](int64_t i) {
      setPlace({}, column, b.add(k, 2 * pair + i));
      return loadHalves(rhs, kRows);
    };
    Value first = load(0), second = load(1);
    store(vector::InterleaveOp::create(b, first, second), pair);
  }
}

void TileProductEmitter::emitPack(Value packed, Value column, Value begin,
                                  Value end, Value tile, Value firstStep) {
  using P = arith::CmpIPredicate;
  Value numColumns = getLoopExtent(b, matmul.nLoop, {rhs});
  Value columnEnd = b.min(b.add(column, kRows), numColumns);
  Value hasColumns = b.compare(P::sle, b.add(column, kRows), numColumns);
  b.forLoop(begin, end, kHalves, [&](Value k) {
    Value step = b.add(firstStep, b.div(b.sub(k, begin), b.index(kHalves)));
    Value isWhole = arith::AndIOp::create(
        b, hasColumns, b.compare(P::sle, b.add(k, kHalves), end));
    b.ifThenElse(
        isWhole, [&] { emitWholeTile(column, k, packed, tile, step); },
        [&] {
          for (int64_t pair = 0; pair < kRows; ++pair)
            b.storeVector(buildZeros(), packed,
                          {tile, step, b.index(pair), b.index(0)});
          Value last = b.min(b.add(k, kHalves), end);
          b.forLoop(column, columnEnd, 1, [&](Value n) {
            b.forLoop(k, last, 1, [&](Value term) {
              setPlace({}, n, term);
              Value place = b.sub(term, k);
              Value half = b.add(b.mul(b.sub(n, column), b.index(2)),
                                 b.rem(place, b.index(2)));
              b.store(loadHalf(rhs), packed,
                      {tile, step, b.div(place, b.index(2)), half});
            });
          });
        });
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value TileProductEmitter::buildRows(Value row, Value rowEnd, Value k, Value end,
                                    Value scratch) {
  using P = arith::CmpIPredicate;
  int64_t dynamic = ShapedType::kDynamic;
  auto type = MemRefType::get(
      {kSquare, dynamic}, b.getBF16Type(),
      StridedLayoutAttr::get(b.getContext(), dynamic, {dynamic, 1}));
  Value count = b.sub(end, k);
  Value steps = b.ceilDiv(count, kHalves);
  Value isWhole = arith::AndIOp::create(
      b, b.compare(P::eq, b.sub(rowEnd, row), b.index(kSquare)),
      b.compare(P::eq, b.mul(steps, b.index(kHalves)), count));
  Value conflict = b.rem(rowStride, b.index(kConflictBytes / 2));
  Value canRead =
      arith::AndIOp::create(b, isWhole, b.compare(P::ne, conflict, b.index(0)));
  auto viewPlace = [&]() -> SmallVector<Value> {
    setPlace(row, {}, k);
    SmallVector<OpFoldResult> offsets =
        getAsOpFoldResult(lhs.getIndices(loops));
    SmallVector<OpFoldResult> ones(offsets.size(), b.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = ones;
    for (auto [dim, expr] : llvm::enumerate(lhs.map.getResults())) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      if (loop == matmul.mLoop)
        sizes[dim] = b.getIndexAttr(kSquare);
      else if (loop == matmul.kLoop)
        sizes[dim] = count;
    }
    auto viewType = memref::SubViewOp::inferRankReducedResultType(
        {kSquare, dynamic}, cast<MemRefType>(lhs.memref.getType()), offsets,
        sizes, ones);
    Value view = memref::SubViewOp::create(b, viewType, lhs.memref, offsets,
                                           sizes, ones);
    return {memref::CastOp::create(b, type, view)};
  };
  auto copy = [&]() -> SmallVector<Value> {
    Value zero = b.index(0), stepEnd = b.mul(steps, b.index(kHalves));
    auto emitZeros = [&](Value target, Value first) {
      b.forLoop(first, stepEnd, kHalves, [&](Value place) {
        b.storeVector(buildZeros(), scratch, {target, place});
      });
    };
    b.forLoop(zero, b.index(kSquare), 1, [&](Value target) {
      Value m = b.add(row, target);
      b.ifThenElse(
          b.compare(P::slt, m, rowEnd),
          [&] {
            Value wholeEnd = b.alignDown(count, kHalves);
            b.forLoop(zero, wholeEnd, kHalves, [&](Value place) {
              setPlace(m, {}, b.add(k, place));
              b.storeVector(loadHalves(lhs, kHalves), scratch, {target, place});
            });
            emitZeros(target, wholeEnd);
            b.forLoop(wholeEnd, count, 1, [&](Value place) {
              setPlace(m, {}, b.add(k, place));
              b.store(loadHalf(lhs), scratch, {target, place});
            });
          },
          [&] { emitZeros(target, zero); });
    });
    return {memref::CastOp::create(b, type, scratch)};
  };
  return b.ifThenElse(TypeRange{type}, canRead, viewPlace, copy).front();
}

SmallVector<Value> TileProductEmitter::emitSteps(const Square &square,
                                                 ValueRange added) {
  Value zero = b.index(0);
  return b.forLoop(
      zero, square.numSteps, 1, added, [&](Value step, ValueRange carried) {
        Value place = b.mul(step, b.index(kHalves));
        Value packedStep = b.add(square.firstStep, step);
        SmallVector<Value> next, second;
        for (int64_t i = 0; i < 2; ++i) {
          // LLVM does not move the load of a tile: each stands before its first
          // use.
          Value first =
              amx::TileLoadOp::create(b, getOperandType(), square.rows,
                                      ValueRange{b.index(i * kRows), place});
          for (int64_t v = 0; v < 2; ++v) {
            if (i == 0)
              second.push_back(amx::TileLoadOp::create(
                  b, getOperandType(), square.packed,
                  ValueRange{b.add(square.tile, v), packedStep, zero, zero}));
            next.push_back(amx::TileMulFOp::create(
                b, getSumType(), first, second[v], carried[2 * i + v]));
          }
        }
        return next;
      });
}

void TileProductEmitter::emitInMemory(const Square &square, Value isFirst) {
  SmallVector<Value> added(kSums);
  for (Value &sum : added)
    sum = amx::TileZeroOp::create(b, getSumType());
  added = emitSteps(square, added);
  for (int64_t i = 0; i < kSums; ++i)
    amx::TileStoreOp::create(
        b, sums, ValueRange{b.index(i / 2 * kRows), b.index(i % 2 * kRows)},
        added[i]);
  Value columnEnd = b.min(b.add(square.column, kSquare), square.columnEnd);
  Value vectorEnd =
      b.add(square.column, b.alignDown(b.sub(columnEnd, square.column), kRows));
  b.forLoop(square.row, square.rowEnd, 1, [&](Value m) {
    auto emit = [&](Value n, bool isVector) {
      setPlace(m, n, {});
      Value source[] = {b.sub(m, square.row), b.sub(n, square.column)};
      SmallVector<Value> target = out.getIndices(loops);
      Value value =
          isVector ? b.loadVector(sums, source) : b.load(sums, source);
      Value before = isVector ? b.loadVector(out.memref, target)
                              : b.load(out.memref, target);
      Value total = b.addf(before, value);
      if (isFirst)
        total = b.select(isFirst, value, total);
      if (isVector)
        b.storeVector(total, out.memref, target);
      else
        b.store(total, out.memref, target);
    };
    b.forLoop(square.column, vectorEnd, kRows,
              [&](Value n) { emit(n, /*isVector=*/true); });
    b.forLoop(vectorEnd, columnEnd, 1,
              [&](Value n) { emit(n, /*isVector=*/false); });
  });
}

void TileProductEmitter::emitWhole(const Square &square, bool isFirst) {
  auto getIndices = [&](int64_t i) {
    setPlace(b.add(square.row, i / 2 * kRows),
             b.add(square.column, i % 2 * kRows), {});
    return out.getIndices(loops);
  };
  SmallVector<Value> added(kSums);
  for (int64_t i = 0; i < kSums; ++i)
    added[i] = isFirst ? amx::TileZeroOp::create(b, getSumType()).getResult()
                       : amx::TileLoadOp::create(b, getSumType(), out.memref,
                                                 getIndices(i))
                             .getResult();
  added = emitSteps(square, added);
  for (int64_t i = 0; i < kSums; ++i)
    amx::TileStoreOp::create(b, out.memref, getIndices(i), added[i]);
}

void TileProductEmitter::emitSquare(const Square &square, Value isFirst) {
  // A tile is rows of the last two dimensions.
  unsigned numResults = out.map.getNumResults();
  if (out.map.getDimPosition(numResults - 2) != matmul.mLoop) {
    emitInMemory(square, isFirst);
    return;
  }
  using P = arith::CmpIPredicate;
  Value isWhole = arith::AndIOp::create(
      b, b.compare(P::eq, b.sub(square.rowEnd, square.row), b.index(kSquare)),
      b.compare(P::sle, b.add(square.column, kSquare), square.columnEnd));
  b.ifThenElse(
      isWhole,
      [&] {
        auto emitNext = [&] { emitWhole(square, /*isFirst=*/false); };
        if (isFirst)
          b.ifThenElse(
              isFirst, [&] { emitWhole(square, /*isFirst=*/true); }, emitNext);
        else
          emitNext();
      },
      [&] { emitInMemory(square, isFirst); });
}

void TileProductEmitter::emitProducts(Value packed, Value firstRow,
                                      Value endRow, Value firstColumn,
                                      Value endColumn, Value begin, Value end,
                                      Value firstTile) {
  Value scratch = allocate({kSquare, kCopiedRow}, b.getBF16Type());
  sums = allocate({kSquare, kSquare}, b.getF32Type());
  std::optional<unsigned> rowDim =
      lhs.map.getResultPosition(b.getAffineDimExpr(matmul.mLoop));
  auto metadata = memref::ExtractStridedMetadataOp::create(b, lhs.memref);
  rowStride = getValueOrCreateConstantIndexOp(
      b, b.getLoc(), metadata.getConstifiedMixedStrides()[*rowDim]);
  Value startsHere = b.compare(arith::CmpIPredicate::eq, begin, b.index(0));
  auto initial = dyn_cast_or_null<FloatAttr>(matmul.initial);
  bool startsWithZero = initial && initial.getValue().isPosZero();
  b.forLoop(firstRow, endRow, kSquare, [&](Value row) {
    Value rowEnd = b.min(b.add(row, kSquare), endRow);
    if (initial && !startsWithZero)
      b.ifThenElse(startsHere, [&] {
        emitMatmulFill(b, {matmul,
                           lhs,
                           rhs,
                           out,
                           loops,
                           row,
                           rowEnd,
                           firstColumn,
                           endColumn,
                           {}});
      });
    // A sum without terms is zero, too.
    Value loopEnd = startsWithZero ? b.max(end, b.index(1)) : end;
    b.forLoop(begin, loopEnd, kDepth, [&](Value k) {
      Value last = b.min(b.add(k, kDepth), end);
      Value rows = buildRows(row, rowEnd, k, last, scratch);
      Value numSteps = b.ceilDiv(b.sub(last, k), kHalves);
      Value firstStep = b.div(b.sub(k, begin), b.index(kHalves));
      Value isFirst;
      if (startsWithZero)
        isFirst = b.compare(arith::CmpIPredicate::eq, k, b.index(0));
      b.forLoop(firstColumn, endColumn, kSquare, [&](Value column) {
        Value tile =
            b.add(firstTile, b.div(b.sub(column, firstColumn), b.index(kRows)));
        emitSquare({row, rowEnd, column, endColumn, rows, packed, tile,
                    firstStep, numSteps},
                   isFirst);
      });
    });
  });
}

bool mlir::attn::hasTileProducts(const Matmul &matmul, const MatmulOperand &lhs,
                                 const MatmulOperand &rhs,
                                 const MatmulOperand &out) {
  return lhs.getElementType().isBF16() && rhs.getElementType().isBF16() &&
         out.getElementType().isF32() && lhs.isContiguousIn(matmul.kLoop) &&
         lhs.map.isFunctionOfDim(matmul.mLoop) &&
         rhs.map.isFunctionOfDim(matmul.kLoop) &&
         (rhs.isContiguousIn(matmul.kLoop) || rhs.isContiguousIn(matmul.nLoop));
}

int64_t mlir::attn::getTileProductBytes() {
  return 2 * kSquare * kCopiedRow + 4 * kSquare * kSquare;
}

void mlir::attn::emitTilePack(KernelBuilder &b, const TileMatmul &kernel,
                              Value packed, Value column, Value begin,
                              Value end, Value tile, Value firstStep) {
  TileProductEmitter(b, kernel).emitPack(packed, column, begin, end, tile,
                                         firstStep);
}

void mlir::attn::emitTileProducts(KernelBuilder &b, const TileMatmul &kernel,
                                  Value packed, Value firstRow, Value endRow,
                                  Value firstColumn, Value endColumn,
                                  Value begin, Value end, Value firstTile) {
  TileProductEmitter(b, kernel).emitProducts(
      packed, firstRow, endRow, firstColumn, endColumn, begin, end, firstTile);
}
