//===- TileMatmul.cpp - Matmuls in tile registers ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Where many rows share rhs, all threads copy a part of it each, as tiles need
// it, and then multiply. Elsewhere a call copies the columns that it
// multiplies: for few rows there is nothing to share, and another rhs for each
// index of an outer loop gives threads enough to do.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"
#include "TileProducts.h"
#include "attn/Conversion/Utils/StackCheck.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace mlir::attn;

/// Rows and columns of a call that copies by itself, at most, and how many
/// terms of the sum at a time. So few rows take less time than another loop of
/// all threads does.
static constexpr int64_t kCallRows = 512, kCallColumns = 128, kCallDepth = 512,
                         kFewRows = 64;
/// Bytes that are copied for all threads at a time, and steps of a tile in one
/// call.
static constexpr int64_t kSharedBytes = 8 << 20, kPackSteps = 32;
/// Columns of a call with what has been copied: as many as stay in the second
/// cache for all of its rows.
static constexpr int64_t kColumnBytes = 1 << 20, kMinColumns = 64,
                         kMaxColumns = 256;

namespace {

class TileMatmulLowering {
public:
  TileMatmulLowering(KernelBuilder &b, Matmul matmul, SymbolTable &symbols)
      : b(b), matmul(matmul), symbols(symbols),
        numLoops(matmul.op.getNumLoops()) {
    auto getOperand = [&](OpOperand *operand) -> MatmulOperand {
      return {operand->get(), matmul.op.getMatchingIndexingMap(operand)};
    };
    lhs = getOperand(matmul.lhs);
    rhs = getOperand(matmul.rhs);
    out = getOperand(matmul.out);
  }

  void lower();

private:
  /// What a body gets: operands, and indices behind those of outer loops.
  using Body = function_ref<void(TileMatmul &kernel, ValueRange operands,
                                 ValueRange indices)>;
  func::FuncOp createFunction(StringRef suffix, TypeRange operands,
                              int64_t numIndices, Body emitBody);
  func::FuncOp createPack();
  func::FuncOp createProducts();
  /// A function that copies what it multiplies.
  func::FuncOp createBlock(func::FuncOp pack, func::FuncOp products);
  void call(func::FuncOp function, ValueRange operands, ValueRange outer,
            ValueRange indices);
  /// Calls the body in parallel, with the indices of outer loops first.
  void forBlocks(ValueRange ends, ValueRange steps,
                 function_ref<void(ValueRange outer, ValueRange indices)> body);

  Value chooseRows(Value numGroups);
  Value chooseColumns(Value columns);
  void emitApart(func::FuncOp block);
  void emitShared(func::FuncOp pack, func::FuncOp products);

  bool isShared() const {
    for (unsigned loop = 0; loop < numLoops; ++loop)
      if (matmul.isOuter(loop) && rhs.map.isFunctionOfDim(loop))
        return false;
    return true;
  }
  Value getExtent(unsigned loop) {
    return getLoopExtent(b, loop, {out, lhs, rhs});
  }
  MemRefType getPackedType() {
    int64_t dynamic = ShapedType::kDynamic;
    return MemRefType::get({dynamic, dynamic, kTileRows, kTileDepth},
                           b.getBF16Type());
  }

  KernelBuilder &b;
  Matmul matmul;
  SymbolTable &symbols;
  unsigned numLoops;
  MatmulOperand lhs, rhs, out;
  Value rows, columns, depth, batches;
};

} // namespace

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

func::FuncOp TileMatmulLowering::createFunction(StringRef suffix,
                                                TypeRange operands,
                                                int64_t numIndices,
                                                Body emitBody) {
  SmallVector<Type> types(operands);
  unsigned numOuter = numLoops - 3;
  types.append(numOuter + numIndices, b.getIndexType());
  auto parent = matmul.op->getParentOfType<FunctionOpInterface>();
  OpBuilder::InsertionGuard guard(b);
  auto function =
      func::FuncOp::create(b.getLoc(), (parent.getName() + suffix).str(),
                           b.getFunctionType(types, {}));
  function.setPrivate();
  symbols.insert(function);
  b.setInsertionPointToStart(function.addEntryBlock());

  ValueRange arguments = function.getArguments();
  TileMatmul kernel{matmul, lhs, rhs, out, SmallVector<Value>(numLoops)};
  ValueRange outer = arguments.slice(operands.size(), numOuter);
  for (unsigned loop = 0; loop < numLoops; ++loop)
    if (matmul.isOuter(loop)) {
      kernel.loops[loop] = outer.front();
      outer = outer.drop_front();
    }
  emitBody(kernel, arguments.take_front(operands.size()),
           arguments.take_back(numIndices));
  func::ReturnOp::create(b);
  return function;
}

/// func @NAME_matmul_pack(rhs, packed, ..., column, begin, end, tile, step)
func::FuncOp TileMatmulLowering::createPack() {
  Type types[] = {rhs.memref.getType(), getPackedType()};
  return createFunction(
      "_matmul_pack", types, 5,
      [&](TileMatmul &kernel, ValueRange operands, ValueRange indices) {
        kernel.rhs.memref = operands[0];
        emitTilePack(b, kernel, operands[1], indices[0], indices[1], indices[2],
                     indices[3], indices[4]);
      });
}

/// func @NAME_matmul_tiles(lhs, packed, out, ..., first row, end, first column,
///                         end, first term, end, first tile)
func::FuncOp TileMatmulLowering::createProducts() {
  Type types[] = {lhs.memref.getType(), getPackedType(), out.memref.getType()};
  return createFunction(
      "_matmul_tiles", types, 7,
      [&](TileMatmul &kernel, ValueRange operands, ValueRange indices) {
        kernel.lhs.memref = operands[0];
        kernel.out.memref = operands[2];
        emitTileProducts(b, kernel, operands[1], indices[0], indices[1],
                         indices[2], indices[3], indices[4], indices[5],
                         indices[6]);
      });
}

/// func @NAME_matmul(lhs, rhs, out, ..., first row, first column, rows,
/// columns)
func::FuncOp TileMatmulLowering::createBlock(func::FuncOp pack,
                                             func::FuncOp products) {
  Type types[] = {lhs.memref.getType(), rhs.memref.getType(),
                  out.memref.getType()};
  return createFunction(
      "_matmul", types, 4,
      [&](TileMatmul &kernel, ValueRange operands, ValueRange indices) {
        SmallVector<Value> outer;
        for (Value loop : kernel.loops)
          if (loop)
            outer.push_back(loop);
        kernel.lhs.memref = operands[0];
        kernel.rhs.memref = operands[1];
        kernel.out.memref = operands[2];
        auto getExtent = [&](unsigned loop) {
          return getLoopExtent(b, loop, {kernel.out, kernel.lhs, kernel.rhs});
        };
        Value scratch = memref::AllocaOp::create(
            b,
            MemRefType::get({kCallColumns / kTileRows, kCallDepth / kTileDepth,
                             kTileRows, kTileDepth},
                            b.getBF16Type()),
            b.getI64IntegerAttr(64));
        Value packed = memref::CastOp::create(b, getPackedType(), scratch);
        Value row = indices[0], column = indices[1], zero = b.index(0);
        Value rowEnd = b.min(b.add(row, indices[2]), getExtent(matmul.mLoop));
        Value columnEnd =
            b.min(b.add(column, indices[3]), getExtent(matmul.nLoop));
        Value numTiles =
            b.mul(b.ceilDiv(b.sub(columnEnd, column), kTileSquare), b.index(2));
        Value depth = getExtent(matmul.kLoop);
        // A sum without terms is filled, too.
        b.forLoop(zero, b.max(depth, b.index(1)), kCallDepth, [&](Value begin) {
          Value end = b.min(b.add(begin, kCallDepth), depth);
          b.forLoop(zero, numTiles, 1, [&](Value tile) {
            Value first = b.add(column, b.mul(tile, b.index(kTileRows)));
            call(pack, {operands[1], packed}, outer,
                 {first, begin, end, tile, zero});
          });
          call(products, {operands[0], packed, operands[2]}, outer,
               {row, rowEnd, column, columnEnd, begin, end, zero});
        });
      });
}

void TileMatmulLowering::call(func::FuncOp function, ValueRange operands,
                              ValueRange outer, ValueRange indices) {
  SmallVector<Value> arguments(operands);
  llvm::append_range(arguments, outer);
  llvm::append_range(arguments, indices);
  func::CallOp::create(b, function, arguments);
}

//===----------------------------------------------------------------------===//
// Loops around their calls
//===----------------------------------------------------------------------===//

Value TileMatmulLowering::chooseRows(Value numGroups) {
  // Before a call's first products there are columns of rhs to be copied or to
  // be read, which takes as long as so many rows.
  constexpr int64_t kOverheadRows = 48;
  return buildChoice(b, symbols, "attn_rt_choose_rows",
                     {rows, b.mul(numGroups, batches)},
                     {kCallRows, kTileSquare, kOverheadRows});
}

Value TileMatmulLowering::chooseColumns(Value columns) {
  Value bytes = b.max(b.mul(depth, b.index(2)), b.index(1));
  Value most = b.alignDown(b.div(b.index(kColumnBytes), bytes), kTileSquare);
  most = b.min(b.max(most, b.index(kMinColumns)), b.index(kMaxColumns));
  return buildChoice(b, symbols, "attn_rt_choose_columns",
                     {rows, columns, batches, most}, {kCallRows, kTileSquare});
}

void TileMatmulLowering::forBlocks(
    ValueRange ends, ValueRange steps,
    function_ref<void(ValueRange, ValueRange)> body) {
  Value one = b.index(1);
  SmallVector<Value> allEnds, allSteps;
  for (unsigned loop = 0; loop < numLoops; ++loop)
    if (matmul.isOuter(loop)) {
      allEnds.push_back(getExtent(loop));
      allSteps.push_back(one);
    }
  size_t numOuter = allEnds.size();
  llvm::append_range(allEnds, ends);
  llvm::append_range(allSteps, steps);
  SmallVector<Value> begins(allEnds.size(), b.index(0));
  auto parallel = scf::ParallelOp::create(b, begins, allEnds, allSteps);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(parallel.getBody());
  SmallVector<Value> variables = parallel.getInductionVars();
  ValueRange indices = variables;
  body(indices.take_front(numOuter), indices.drop_front(numOuter));
}

void TileMatmulLowering::emitApart(func::FuncOp block) {
  Value areFew = b.compare(arith::CmpIPredicate::sle, rows, b.index(kFewRows));
  Value columnStep =
      b.select(areFew, b.index(kTileSquare), b.index(kCallColumns));
  Value rowStep = chooseRows(b.ceilDiv(columns, columnStep));
  forBlocks(
      {rows, columns}, {rowStep, columnStep},
      [&](ValueRange outer, ValueRange indices) {
        buildStackCheck(b, symbols,
                        getTileProductBytes() + 2 * kCallColumns * kCallDepth);
        SmallVector<Value> arguments(indices);
        arguments.append({rowStep, columnStep});
        call(block, {lhs.memref, rhs.memref, out.memref}, outer, arguments);
      });
}

void TileMatmulLowering::emitShared(func::FuncOp pack, func::FuncOp products) {
  Value zero = b.index(0), one = b.index(1), square = b.index(kTileSquare);
  Value numSteps = b.ceilDiv(depth, kTileDepth);
  // Parts of about the same size.
  Value bytes =
      b.mul(b.mul(columns, b.max(numSteps, one)), b.index(2 * kTileDepth));
  Value numParts = b.max(b.ceilDiv(bytes, kSharedBytes), one);
  Value partColumns =
      b.mul(b.ceilDiv(b.ceilDiv(columns, numParts), square), square);
  Value packed = memref::AllocOp::create(
      b, getPackedType(),
      ValueRange{b.div(partColumns, b.index(kTileRows)), numSteps},
      b.getI64IntegerAttr(64));
  b.forLoop(zero, numParts, 1, [&](Value part) {
    Value first = b.mul(part, partColumns);
    Value end = b.min(b.add(first, partColumns), columns);
    Value count = b.max(b.sub(end, first), zero);
    Value numTiles = b.mul(b.ceilDiv(count, kTileSquare), b.index(2));
    auto parallel = scf::ParallelOp::create(
        b, ValueRange{zero, zero}, ValueRange{numTiles, numSteps},
        ValueRange{one, b.index(kPackSteps)});
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(parallel.getBody());
      SmallVector<Value> place = parallel.getInductionVars();
      Value column = b.add(first, b.mul(place[0], b.index(kTileRows)));
      Value begin = b.mul(place[1], b.index(kTileDepth));
      Value end = b.min(b.add(begin, kPackSteps * kTileDepth), depth);
      // No outer loop has to do with rhs.
      SmallVector<Value> outer(numLoops - 3, zero);
      call(pack, {rhs.memref, packed}, outer,
           {column, begin, end, place[0], place[1]});
    }
    Value columnStep = chooseColumns(count);
    Value rowStep = chooseRows(b.ceilDiv(count, columnStep));
    forBlocks({rows, count}, {rowStep, columnStep},
              [&](ValueRange outer, ValueRange indices) {
                buildStackCheck(b, symbols, getTileProductBytes());
                Value rowEnd = b.min(b.add(indices[0], rowStep), rows);
                Value column = b.add(first, indices[1]);
                Value columnEnd = b.min(b.add(column, columnStep), end);
                Value tile = b.div(indices[1], b.index(kTileRows));
                call(
                    products, {lhs.memref, packed, out.memref}, outer,
                    {indices[0], rowEnd, column, columnEnd, zero, depth, tile});
              });
  });
}

void TileMatmulLowering::lower() {
  rows = getExtent(matmul.mLoop);
  columns = getExtent(matmul.nLoop);
  depth = getExtent(matmul.kLoop);
  batches = b.index(1);
  for (unsigned loop = 0; loop < numLoops; ++loop)
    if (matmul.isOuter(loop))
      batches = b.mul(batches, getExtent(loop));
  func::FuncOp pack = createPack(), products = createProducts();
  auto getBlock = [&] { return createBlock(pack, products); };
  // Rows that share a copy, if it is one.
  Value sharing = isShared() ? b.mul(rows, batches) : b.index(0);
  if (std::optional<int64_t> known = getConstantIntValue(sharing)) {
    if (*known <= kFewRows)
      emitApart(getBlock());
    else
      emitShared(pack, products);
    return;
  }
  func::FuncOp block = getBlock();
  b.ifThenElse(
      b.compare(arith::CmpIPredicate::sle, sharing, b.index(kFewRows)),
      [&] { emitApart(block); }, [&] { emitShared(pack, products); });
}

void mlir::attn::lowerTileMatmul(KernelBuilder &b, const Matmul &matmul,
                                 SymbolTable &symbols) {
  TileMatmulLowering(b, matmul, symbols).lower();
}
