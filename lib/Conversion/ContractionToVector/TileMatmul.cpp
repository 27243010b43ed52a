//===- TileMatmul.cpp - Matmuls in tile registers ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The first operand of a product of tiles is 16 rows of 32 bf16, the second one
// 16 rows of 16 pairs along the sum. Both are copied, tile by tile: columns of
// a block of the sum for all rows, rows for all of these columns. A tile's
// memory is adjacent then, and zero where there is no row, column or term. Two
// by two tiles of sums with their four operands fill the eight registers.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace mlir::attn;

/// Rows of a tile, what one has in each of them, and what a register tile has
/// of rows and columns.
static constexpr int64_t kRows = 16, kHalves = 32, kSquare = kTileMatmulRows;
/// Terms of the sum and rows of a block: its columns have 128 kB, a square's 32
/// of them.
static constexpr int64_t kDepth = 512, kBlockRows = 128;
static constexpr int64_t kSteps = kDepth / kHalves;

namespace {

class TileMatmulEmitter {
public:
  TileMatmulEmitter(KernelBuilder &b, const MatmulKernel &kernel,
                    const TileMatmulMemory &memory)
      : b(b), kernel(kernel), memory(memory), loops(kernel.loops) {}

  void emit();

private:
  Type getOperandType() {
    return amx::TileType::get({kRows, kHalves}, b.getBF16Type());
  }
  Type getSumType() {
    return amx::TileType::get({kRows, kRows}, b.getF32Type());
  }
  void setPlace(Value row, Value column, Value k) {
    loops[kernel.matmul.mLoop] = row;
    loops[kernel.matmul.nLoop] = column;
    loops[kernel.matmul.kLoop] = k;
  }
  Value loadHalves(const MatmulOperand &operand, int64_t count) {
    return vector::LoadOp::create(b, VectorType::get({count}, b.getBF16Type()),
                                  operand.memref, operand.getIndices(loops));
  }
  Value loadHalf(const MatmulOperand &operand) {
    return b.load(operand.memref, operand.getIndices(loops));
  }
  void storeZeros(Value memref, Value tile, Value step, Value row) {
    auto type = VectorType::get({kHalves}, b.getBF16Type());
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    b.storeVector(zero, memref, {tile, step, row, b.index(0)});
  }

  /// Copies rows [begin, end) and zeros up to whole squares.
  void emitRows(Value begin, Value end);
  /// Copies columns [begin, begin + 16) of one step, some of which may not be.
  void emitColumns(Value tile, Value begin, Value step);
  void emitWholeColumns(Value tile, Value begin, Value step, Value k);
  /// The products of 32 rows with 32 columns.
  void emitSquare(Value rowTile, Value columnTile, Value row, Value column);
  /// Adds products to four tiles of sums.
  SmallVector<Value> emitProducts(Value rowTile, Value columnTile,
                                  ValueRange sums);
  /// Adds what is in memory to those elements of the output that are there.
  void emitAdded(Value row, Value column);

  KernelBuilder &b;
  const MatmulKernel &kernel;
  TileMatmulMemory memory;
  SmallVector<Value> loops;
  /// The block of the sum, and how many steps it has.
  Value depthBegin, depthEnd, numSteps;
};

} // namespace

void TileMatmulEmitter::emitRows(Value begin, Value end) {
  Value zero = b.index(0);
  Value count = b.mul(b.ceilDiv(b.sub(end, begin), kSquare), b.index(kSquare));
  b.forLoop(zero, count, 1, [&](Value r) {
    Value tile = b.div(r, b.index(kRows)), tileRow = b.rem(r, b.index(kRows));
    Value row = b.add(begin, r);
    Value isRow = b.compare(arith::CmpIPredicate::slt, row, end);
    auto emitZeros = [&](Value firstStep) {
      b.forLoop(firstStep, numSteps, 1, [&](Value step) {
        storeZeros(memory.lhs, tile, step, tileRow);
      });
    };
    b.ifThenElse(
        isRow,
        [&] {
          Value whole = b.div(b.sub(depthEnd, depthBegin), b.index(kHalves));
          b.forLoop(zero, whole, 1, [&](Value step) {
            setPlace(row, {}, b.add(depthBegin, b.mul(step, b.index(kHalves))));
            b.storeVector(loadHalves(kernel.lhs, kHalves), memory.lhs,
                          {tile, step, tileRow, zero});
          });
          emitZeros(whole);
          Value first = b.add(depthBegin, b.mul(whole, b.index(kHalves)));
          b.forLoop(first, depthEnd, 1, [&](Value k) {
            setPlace(row, {}, k);
            b.store(loadHalf(kernel.lhs), memory.lhs,
                    {tile, whole, tileRow, b.sub(k, first)});
          });
        },
        [&] { emitZeros(zero); });
  });
}

void TileMatmulEmitter::emitWholeColumns(Value tile, Value begin, Value step,
                                         Value k) {
  auto halvesType = VectorType::get({kHalves}, b.getBF16Type());
  auto store = [&](Value halves, int64_t pair) {
    b.storeVector(halves, memory.rhs, {tile, step, b.index(pair), b.index(0)});
  };
  if (kernel.rhs.isContiguousIn(kernel.matmul.kLoop)) {
    // A pair moves like an f32.
    auto fourType = VectorType::get({4}, b.getF32Type());
    SmallVector<Value> pairs =
        buildTransposedSquare(b, [&](int64_t column, int64_t pair) -> Value {
          setPlace({}, b.add(begin, column), b.add(k, 2 * pair));
          return vector::BitCastOp::create(b, fourType,
                                           loadHalves(kernel.rhs, 8));
        });
    for (auto [pair, vector] : llvm::enumerate(pairs))
      store(vector::BitCastOp::create(b, halvesType, vector), pair);
    return;
  }
  for (int64_t pair = 0; pair < kRows; ++pair) {
    auto load = [&](int64_t i) {
      setPlace({}, begin, b.add(k, 2 * pair + i));
      return loadHalves(kernel.rhs, kRows);
    };
    Value first = load(0), second = load(1);
    store(vector::InterleaveOp::create(b, first, second), pair);
  }
}

void TileMatmulEmitter::emitColumns(Value tile, Value begin, Value step) {
  using P = arith::CmpIPredicate;
  Value k = b.add(depthBegin, b.mul(step, b.index(kHalves)));
  Value columnEnd = b.min(b.add(begin, kRows), kernel.endColumn);
  Value end = b.min(b.add(k, kHalves), depthEnd);
  Value isWhole = arith::AndIOp::create(
      b, b.compare(P::sle, b.add(begin, kRows), kernel.endColumn),
      b.compare(P::sle, b.add(k, kHalves), depthEnd));
  b.ifThenElse(
      isWhole, [&] { emitWholeColumns(tile, begin, step, k); },
      [&] {
        for (int64_t pair = 0; pair < kRows; ++pair)
          storeZeros(memory.rhs, tile, step, b.index(pair));
        b.forLoop(begin, columnEnd, 1, [&](Value column) {
          b.forLoop(k, end, 1, [&](Value term) {
            setPlace({}, column, term);
            Value place = b.sub(term, k);
            Value half = b.add(b.mul(b.sub(column, begin), b.index(2)),
                               b.rem(place, b.index(2)));
            b.store(loadHalf(kernel.rhs), memory.rhs,
                    {tile, step, b.div(place, b.index(2)), half});
          });
        });
      });
}

SmallVector<Value> TileMatmulEmitter::emitProducts(Value rowTile,
                                                   Value columnTile,
                                                   ValueRange sums) {
  Value zero = b.index(0);
  return b.forLoop(
      zero, numSteps, 1, sums, [&](Value step, ValueRange carried) {
        SmallVector<Value> next, second;
        for (int64_t i = 0; i < 2; ++i) {
          // LLVM does not move the load of a tile: each stands before its first
          // use.
          Value first = amx::TileLoadOp::create(
              b, getOperandType(), memory.lhs,
              ValueRange{b.add(rowTile, i), step, zero, zero});
          for (int64_t v = 0; v < 2; ++v) {
            if (i == 0)
              second.push_back(amx::TileLoadOp::create(
                  b, getOperandType(), memory.rhs,
                  ValueRange{b.add(columnTile, v), step, zero, zero}));
            next.push_back(amx::TileMulFOp::create(
                b, getSumType(), first, second[v], carried[2 * i + v]));
          }
        }
        return next;
      });
}

void TileMatmulEmitter::emitAdded(Value row, Value column) {
  Value rowEnd = b.min(b.add(row, kSquare), kernel.endRow);
  Value columnEnd = b.min(b.add(column, kSquare), kernel.endColumn);
  Value vectorEnd = b.add(column, b.alignDown(b.sub(columnEnd, column), kRows));
  b.forLoop(row, rowEnd, 1, [&](Value m) {
    auto getSource = [&](Value n) {
      setPlace(m, n, {});
      return SmallVector<Value>{b.sub(m, row), b.sub(n, column)};
    };
    b.forLoop(column, vectorEnd, kRows, [&](Value n) {
      Value added = b.loadVector(memory.sums, getSource(n));
      SmallVector<Value> indices = kernel.out.getIndices(loops);
      b.storeVector(b.addf(b.loadVector(kernel.out.memref, indices), added),
                    kernel.out.memref, indices);
    });
    b.forLoop(vectorEnd, columnEnd, 1, [&](Value n) {
      Value added = b.load(memory.sums, getSource(n));
      SmallVector<Value> indices = kernel.out.getIndices(loops);
      b.store(b.addf(b.load(kernel.out.memref, indices), added),
              kernel.out.memref, indices);
    });
  });
}

void TileMatmulEmitter::emitSquare(Value rowTile, Value columnTile, Value row,
                                   Value column) {
  constexpr int64_t kSums = 4;
  auto emitApart = [&] {
    SmallVector<Value> sums;
    for (int64_t i = 0; i < kSums; ++i)
      sums.push_back(amx::TileZeroOp::create(b, getSumType()));
    sums = emitProducts(rowTile, columnTile, sums);
    for (int64_t i = 0; i < kSums; ++i)
      amx::TileStoreOp::create(
          b, memory.sums,
          ValueRange{b.index(i / 2 * kRows), b.index(i % 2 * kRows)}, sums[i]);
    emitAdded(row, column);
  };
  // A tile is rows of the last two dimensions.
  unsigned numResults = kernel.out.map.getNumResults();
  if (kernel.out.map.getDimPosition(numResults - 2) != kernel.matmul.mLoop) {
    emitApart();
    return;
  }
  using P = arith::CmpIPredicate;
  Value isWhole = arith::AndIOp::create(
      b, b.compare(P::sle, b.add(row, kSquare), kernel.endRow),
      b.compare(P::sle, b.add(column, kSquare), kernel.endColumn));
  b.ifThenElse(
      isWhole,
      [&] {
        auto getIndices = [&](int64_t i) {
          setPlace(b.add(row, i / 2 * kRows), b.add(column, i % 2 * kRows), {});
          return kernel.out.getIndices(loops);
        };
        SmallVector<Value> sums;
        for (int64_t i = 0; i < kSums; ++i)
          sums.push_back(amx::TileLoadOp::create(
              b, getSumType(), kernel.out.memref, getIndices(i)));
        sums = emitProducts(rowTile, columnTile, sums);
        for (int64_t i = 0; i < kSums; ++i)
          amx::TileStoreOp::create(b, kernel.out.memref, getIndices(i),
                                   sums[i]);
      },
      emitApart);
}

void TileMatmulEmitter::emit() {
  Value zero = b.index(0);
  Value columns = b.sub(kernel.endColumn, kernel.firstColumn);
  Value numSquares = b.ceilDiv(columns, kSquare);
  b.forLoop(zero, kernel.depth, kDepth, [&](Value begin) {
    depthBegin = begin;
    depthEnd = b.min(b.add(begin, kDepth), kernel.depth);
    numSteps = b.ceilDiv(b.sub(depthEnd, depthBegin), kHalves);
    b.forLoop(zero, b.mul(numSquares, b.index(2)), 1, [&](Value tile) {
      Value first = b.add(kernel.firstColumn, b.mul(tile, b.index(kRows)));
      b.forLoop(zero, numSteps, 1,
                [&](Value step) { emitColumns(tile, first, step); });
    });
    b.forLoop(kernel.firstRow, kernel.endRow, kBlockRows, [&](Value first) {
      Value end = b.min(b.add(first, kBlockRows), kernel.endRow);
      emitRows(first, end);
      b.forLoop(zero, numSquares, 1, [&](Value square) {
        Value column =
            b.add(kernel.firstColumn, b.mul(square, b.index(kSquare)));
        Value columnTile = b.mul(square, b.index(2));
        b.forLoop(first, end, kSquare, [&](Value row) {
          Value rowTile = b.div(b.sub(row, first), b.index(kRows));
          emitSquare(rowTile, columnTile, row, column);
        });
      });
    });
  });
}

bool mlir::attn::hasTileProducts(const Matmul &matmul, const MatmulOperand &lhs,
                                 const MatmulOperand &rhs,
                                 const MatmulOperand &out) {
  return lhs.getElementType().isBF16() && rhs.getElementType().isBF16() &&
         out.getElementType().isF32() && lhs.isContiguousIn(matmul.kLoop) &&
         rhs.map.isFunctionOfDim(matmul.kLoop) &&
         (rhs.isContiguousIn(matmul.kLoop) || rhs.isContiguousIn(matmul.nLoop));
}

int64_t mlir::attn::getTileMatmulBytes() {
  return 2 * kDepth * (kBlockRows + kTileMatmulColumns) + 4 * kSquare * kSquare;
}

TileMatmulMemory mlir::attn::allocateTileMatmul(KernelBuilder &b) {
  auto allocate = [&](ArrayRef<int64_t> shape, Type type) -> Value {
    return memref::AllocaOp::create(b, MemRefType::get(shape, type),
                                    b.getI64IntegerAttr(64));
  };
  auto allocateTiles = [&](int64_t count) {
    return allocate({count / kRows, kSteps, kRows, kHalves}, b.getBF16Type());
  };
  return {allocateTiles(kBlockRows), allocateTiles(kTileMatmulColumns),
          allocate({kSquare, kSquare}, b.getF32Type())};
}

void mlir::attn::emitTileMatmul(KernelBuilder &b, const MatmulKernel &kernel,
                                const TileMatmulMemory &memory) {
  TileMatmulEmitter(b, kernel, memory).emit();
}
