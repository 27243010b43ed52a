//===- MatmulLowering.cpp - Kernels of matmuls ------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatmulLowering.h"
#include "TileMatmul.h"
#include "TileProducts.h"
#include "attn/Conversion/Utils/KernelBuilder.h"
#include "attn/Conversion/Utils/StackCheck.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

using Operand = MatmulOperand;

/// Creates a kernel that computes some columns of some rows, and calls it in
/// parallel for all of them.
///
/// The order of loops is that of Goto and van de Geijn, "Anatomy of
/// High-Performance Matrix Multiplication" (2008): a block of rhs is copied so
/// that a panel of columns is adjacent and stays in the first cache, while some
/// rows of lhs stay in the second for all panels of the block.
class MatmulLowering {
public:
  MatmulLowering(Matmul matmul, SymbolTable &symbols, const CPUUnits &units)
      : matmul(matmul), symbols(symbols), hasTiles(units.hasTiles),
        type(
            cast<FloatType>(getElementTypeOrSelf(matmul.out->get().getType()))),
        lanes(units.vectorBits / type.getWidth()),
        numRows(units.vectorRegisters >= 32 ? 8 : 6),
        depth(kBlockBytes / (kGroupPanels * getPanelColumns() *
                             llvm::divideCeil(type.getWidth(), 8))) {}

  void lower();

private:
  static constexpr int64_t kVectors = 2;
  /// Columns of a call, in panels; what is copied of them at a time; rows of a
  /// call; register tiles of rows that all panels take in turn.
  static constexpr int64_t kGroupPanels = 4, kBlockBytes = 64 << 10,
                           kGroupRows = 512, kBlockTiles = 12;
  /// Up to here a copy of rhs does not pay, if it is adjacent along n and along
  /// k; and for what is copied for tile registers.
  static constexpr int64_t kFewRows = 8, kFewDotRows = 16, kFewTileRows = 4;

  int64_t getPanelColumns() const { return lanes * kVectors; }
  int64_t getBlockRows() const { return kBlockTiles * numRows; }
  /// Bytes of memory of a block of lhs.
  int64_t getLhsBytes() {
    return packsLhs() ? getBlockRows() * depth * (type.getWidth() / 8) : 0;
  }
  Operand getOperand(OpOperand *operand) {
    return {operand->get(), matmul.op.getMatchingIndexingMap(operand)};
  }
  /// Whether products are those of tile registers.
  bool usesTiles() {
    return hasTiles &&
           hasTileProducts(matmul, getOperand(matmul.lhs),
                           getOperand(matmul.rhs), getOperand(matmul.out));
  }
  /// Whether rows of lhs are widened once for all panels, not by each.
  bool packsLhs() {
    return getElementTypeOrSelf(matmul.lhs->get().getType()) != type;
  }
  func::FuncOp createKernel();
  /// Calls the kernel in parallel.
  void emitCalls(KernelBuilder &b, ArrayRef<Operand> operands);
  Value buildRowStep(KernelBuilder &b, Value rows, Value columns);
  void emitKernel(KernelBuilder &b);
  /// The products of whole columns with the rows of the call, without a copy.
  void emitDirect(KernelBuilder &b);
  /// The same block by block, with one.
  void emitPacked(KernelBuilder &b);
  void emitPack(KernelBuilder &b, Value panel, Value begin, Value end);
  void emitLhsPack(KernelBuilder &b, Value begin, Value end);
  /// Columns [begin, end), whole vectors of them, of what is adjacent along k,
  /// up to the returned k: whole squares.
  Value emitTransposed(KernelBuilder &b, Value panel, Value begin, Value end);
  /// Columns [begin, end) of a panel for rows [rowBegin, rowEnd).
  void emitPanel(KernelBuilder &b, Value begin, Value end, Value rowBegin,
                 Value rowEnd);
  /// Columns [begin, end) in steps of `count` vectors of `width` elements.
  void emitColumns(KernelBuilder &b, Value begin, Value end, int64_t width,
                   int64_t count, Value rowBegin, Value rowEnd);
  /// One register tile at the current loop indices.
  void emitTile(KernelBuilder &b, int64_t width, int64_t count, int64_t rows);
  SmallVector<Value> getIndices(const Operand &operand) {
    return operand.getIndices(loops);
  }
  Value loadScalar(KernelBuilder &b, const Operand &operand) {
    return operand.loadScalar(b, loops, type);
  }
  Value loadVector(KernelBuilder &b, const Operand &operand, int64_t width) {
    return operand.loadVector(b, loops, type, width);
  }

  Matmul matmul;
  SymbolTable &symbols;
  bool hasTiles;
  FloatType type;
  int64_t lanes, numRows;
  /// Of a copied block.
  int64_t depth;

  //===--- Of the kernel --------------------------------------------------===//

  Operand lhs, rhs, out;
  /// The current index of each loop of the operation.
  SmallVector<Value> loops;
  Value firstColumn, endColumn, firstRow, endRow;
  /// The part of the products that is summed, [begin, end).
  Value depthBegin, depthEnd;
  /// Rows of a call, at most.
  Value rowStep;
  /// Memory for a block, [panel][k][column]; the block, null without a copy;
  /// the panel that is read and its first column.
  Value scratch, packed, currentPanel, panelBegin;
  /// Memory for rows of lhs, [row][k], null if they are read where they are;
  /// the rows there, null without a copy, and their first one.
  Value lhsScratch, packedLhs, packedRow;
};

void MatmulLowering::emitTile(KernelBuilder &b, int64_t width, int64_t count,
                              int64_t rows) {
  auto vectorType = VectorType::get({width}, type);
  Value row = loops[matmul.mLoop], column = loops[matmul.nLoop];
  auto forEach = [&](function_ref<void(int64_t)> body) {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < count; ++v) {
        loops[matmul.mLoop] = b.add(row, r);
        loops[matmul.nLoop] = b.add(column, v * width);
        body(r * count + v);
      }
    loops[matmul.mLoop] = row;
    loops[matmul.nLoop] = column;
  };
  SmallVector<Value> sums(rows * count);
  forEach([&](int64_t i) { sums[i] = loadVector(b, out, width); });
  sums = b.forLoop(
      depthBegin, depthEnd, 1, sums, [&](Value k, ValueRange carried) {
        loops[matmul.kLoop] = k;
        SmallVector<Value> columns, next(carried.begin(), carried.end());
        for (int64_t v = 0; v < count; ++v) {
          loops[matmul.nLoop] = b.add(column, v * width);
          columns.push_back(
              packed ? vector::LoadOp::create(
                           b, vectorType, packed,
                           ValueRange{currentPanel, b.sub(k, depthBegin),
                                      b.sub(loops[matmul.nLoop], panelBegin)})
                           .getResult()
                     : loadVector(b, rhs, width));
        }
        for (int64_t r = 0; r < rows; ++r) {
          loops[matmul.mLoop] = b.add(row, r);
          Value element =
              packedLhs
                  ? b.load(packedLhs, {b.sub(loops[matmul.mLoop], packedRow),
                                       b.sub(k, depthBegin)})
                  : loadScalar(b, lhs);
          Value factor = vector::BroadcastOp::create(b, vectorType, element);
          for (int64_t v = 0; v < count; ++v) {
            Value &sum = next[r * count + v];
            sum = vector::FMAOp::create(b, factor, columns[v], sum);
          }
        }
        loops[matmul.mLoop] = row;
        loops[matmul.nLoop] = column;
        return next;
      });
  forEach(
      [&](int64_t i) { b.storeVector(sums[i], out.memref, getIndices(out)); });
}

void MatmulLowering::emitColumns(KernelBuilder &b, Value begin, Value end,
                                 int64_t width, int64_t count, Value rowBegin,
                                 Value rowEnd) {
  // What is left of whole register tiles by half of one and by single rows.
  auto getEnd = [&](Value begin, int64_t rows) {
    return b.add(begin, b.alignDown(b.sub(rowEnd, begin), rows));
  };
  Value wholeEnd = getEnd(rowBegin, numRows);
  Value halfEnd = getEnd(wholeEnd, numRows / 2);
  b.forLoop(begin, end, width * count, [&](Value column) {
    auto emitRows = [&](Value first, Value last, int64_t rows) {
      b.forLoop(first, last, rows, [&](Value row) {
        loops[matmul.mLoop] = row;
        loops[matmul.nLoop] = column;
        emitTile(b, width, count, rows);
      });
    };
    emitRows(rowBegin, wholeEnd, numRows);
    emitRows(wholeEnd, halfEnd, numRows / 2);
    emitRows(halfEnd, rowEnd, 1);
  });
}

void MatmulLowering::emitPanel(KernelBuilder &b, Value begin, Value end,
                               Value rowBegin, Value rowEnd) {
  panelBegin = begin;
  Value isWhole = b.compare(arith::CmpIPredicate::eq, b.sub(end, begin),
                            b.index(getPanelColumns()));
  b.ifThenElse(
      isWhole,
      [&] { emitColumns(b, begin, end, lanes, kVectors, rowBegin, rowEnd); },
      [&] {
        Value vectorEnd = b.add(begin, b.alignDown(b.sub(end, begin), lanes));
        emitColumns(b, begin, vectorEnd, lanes, 1, rowBegin, rowEnd);
        emitColumns(b, vectorEnd, end, 1, 1, rowBegin, rowEnd);
      });
}

void MatmulLowering::emitDirect(KernelBuilder &b) {
  packed = packedLhs = {};
  depthBegin = b.index(0);
  depthEnd = getLoopExtent(b, matmul.kLoop, {lhs, rhs});
  b.forLoop(firstColumn, endColumn, getPanelColumns(), [&](Value begin) {
    Value end = b.min(b.add(begin, getPanelColumns()), endColumn);
    emitPanel(b, begin, end, firstRow, endRow);
  });
}

Value MatmulLowering::emitTransposed(KernelBuilder &b, Value panel, Value begin,
                                     Value end) {
  auto fourType = VectorType::get({4}, rhs.getElementType());
  Value whole =
      b.add(depthBegin, b.alignDown(b.sub(depthEnd, depthBegin), lanes));
  b.forLoop(begin, end, lanes, [&](Value column) {
    Value target = b.sub(column, begin);
    b.forLoop(depthBegin, whole, lanes, [&](Value k) {
      SmallVector<Value> vectors =
          buildTransposedSquare(b, [&](int64_t row, int64_t first) -> Value {
            loops[matmul.nLoop] = b.add(column, row);
            loops[matmul.kLoop] = b.add(k, first);
            return vector::LoadOp::create(b, fourType, rhs.memref,
                                          getIndices(rhs));
          });
      for (auto [i, vector] : llvm::enumerate(vectors))
        b.storeVector(vector, packed,
                      {panel, b.add(b.sub(k, depthBegin), i), target});
    });
  });
  return whole;
}

/// Copies columns [begin, end) of the block.
void MatmulLowering::emitPack(KernelBuilder &b, Value panel, Value begin,
                              Value end) {
  auto emitElements = [&](Value firstColumn, Value endColumn, Value firstK) {
    b.forLoop(firstColumn, endColumn, 1, [&](Value column) {
      b.forLoop(firstK, depthEnd, 1, [&](Value k) {
        loops[matmul.kLoop] = k;
        loops[matmul.nLoop] = column;
        b.store(loadScalar(b, rhs), packed,
                {panel, b.sub(k, depthBegin), b.sub(column, begin)});
      });
    });
  };
  Value vectorEnd = b.add(begin, b.alignDown(b.sub(end, begin), lanes));
  if (rhs.isContiguousIn(matmul.kLoop) && type.isF32() &&
      llvm::isPowerOf2_64(lanes)) {
    emitElements(begin, vectorEnd, emitTransposed(b, panel, begin, vectorEnd));
    emitElements(vectorEnd, end, depthBegin);
    return;
  }
  if (!rhs.isContiguousIn(matmul.nLoop)) {
    emitElements(begin, end, depthBegin);
    return;
  }
  b.forLoop(depthBegin, depthEnd, 1, [&](Value k) {
    b.forLoop(begin, vectorEnd, lanes, [&](Value column) {
      loops[matmul.kLoop] = k;
      loops[matmul.nLoop] = column;
      b.storeVector(loadVector(b, rhs, lanes), packed,
                    {panel, b.sub(k, depthBegin), b.sub(column, begin)});
    });
  });
  emitElements(vectorEnd, end, depthBegin);
}

/// Widens rows [begin, end) of the block.
void MatmulLowering::emitLhsPack(KernelBuilder &b, Value begin, Value end) {
  packedRow = begin;
  b.forLoop(begin, end, 1, [&](Value row) {
    loops[matmul.mLoop] = row;
    auto store = [&](Value first, Value last, int64_t step,
                     function_ref<void(ArrayRef<Value>)> body) {
      b.forLoop(first, last, step, [&](Value k) {
        loops[matmul.kLoop] = k;
        body({b.sub(row, begin), b.sub(k, depthBegin)});
      });
    };
    Value vectorEnd = depthBegin;
    if (lhs.isContiguousIn(matmul.kLoop)) {
      vectorEnd =
          b.add(depthBegin, b.alignDown(b.sub(depthEnd, depthBegin), lanes));
      store(depthBegin, vectorEnd, lanes, [&](ArrayRef<Value> indices) {
        b.storeVector(loadVector(b, lhs, lanes), packedLhs, indices);
      });
    }
    store(vectorEnd, depthEnd, 1, [&](ArrayRef<Value> indices) {
      b.store(loadScalar(b, lhs), packedLhs, indices);
    });
  });
}

void MatmulLowering::emitPacked(KernelBuilder &b) {
  packed = scratch;
  packedLhs = lhsScratch;
  Value totalDepth = getLoopExtent(b, matmul.kLoop, {lhs, rhs});
  auto forEachPanel = [&](function_ref<void(Value, Value, Value)> body) {
    Value columns = b.sub(endColumn, firstColumn);
    Value numPanels = b.ceilDiv(columns, getPanelColumns());
    b.forLoop(b.index(0), numPanels, 1, [&](Value panel) {
      Value begin =
          b.add(firstColumn, b.mul(panel, b.index(getPanelColumns())));
      body(panel, begin, b.min(b.add(begin, getPanelColumns()), endColumn));
    });
  };
  b.forLoop(b.index(0), totalDepth, depth, [&](Value begin) {
    depthBegin = begin;
    depthEnd = b.min(b.add(begin, depth), totalDepth);
    forEachPanel([&](Value panel, Value begin, Value end) {
      emitPack(b, panel, begin, end);
    });
    b.forLoop(firstRow, endRow, getBlockRows(), [&](Value rowBegin) {
      Value rowEnd = b.min(b.add(rowBegin, getBlockRows()), endRow);
      if (packedLhs)
        emitLhsPack(b, rowBegin, rowEnd);
      forEachPanel([&](Value panel, Value begin, Value end) {
        currentPanel = panel;
        emitPanel(b, begin, end, rowBegin, rowEnd);
      });
    });
  });
}

void MatmulLowering::emitKernel(KernelBuilder &b) {
  Value columns = getLoopExtent(b, matmul.nLoop, {out});
  Value rows = getLoopExtent(b, matmul.mLoop, {out});
  endColumn =
      b.min(b.add(firstColumn, kGroupPanels * getPanelColumns()), columns);
  endRow = b.min(b.add(firstRow, rowStep), rows);
  MatmulKernel kernel{matmul,    lhs,
                      rhs,       out,
                      loops,     firstRow,
                      endRow,    firstColumn,
                      endColumn, getLoopExtent(b, matmul.kLoop, {lhs, rhs})};
  // While it is in the cache for what is computed.
  if (matmul.initial)
    emitMatmulFill(b, kernel);
  // Only what is contiguous can do without a copy; what every k shares needs
  // none.
  if (!rhs.map.isFunctionOfDim(matmul.kLoop)) {
    emitDirect(b);
    return;
  }
  bool isDirect = rhs.isContiguousIn(matmul.nLoop);
  bool isDot =
      rhs.isContiguousIn(matmul.kLoop) && lhs.isContiguousIn(matmul.kLoop);
  auto emitFew = [&] {
    isDirect ? emitDirect(b) : emitDotMatmul(b, kernel, lanes);
  };
  if (usesTiles()) {
    emitFew();
    return;
  }
  scratch = memref::AllocaOp::create(
      b, MemRefType::get({kGroupPanels, depth, getPanelColumns()}, type),
      b.getI64IntegerAttr(64));
  if (packsLhs())
    lhsScratch = memref::AllocaOp::create(
        b, MemRefType::get({getBlockRows(), depth}, type),
        b.getI64IntegerAttr(64));
  if (!isDirect && !isDot) {
    emitPacked(b);
    return;
  }
  int64_t most = isDirect ? kFewRows : kFewDotRows;
  b.ifThenElse(b.compare(arith::CmpIPredicate::sle, rows, b.index(most)),
               emitFew, [&] { emitPacked(b); });
}

/// func @NAME(lhs, rhs, out, the outer loops' indices, first row, first column,
///            rows of a call)
func::FuncOp MatmulLowering::createKernel() {
  Location loc = matmul.op.getLoc();
  OpBuilder builder(matmul.op.getContext());
  SmallVector<Type> types;
  for (OpOperand *operand : {matmul.lhs, matmul.rhs, matmul.out})
    types.push_back(operand->get().getType());
  types.append(matmul.op.getNumLoops(), builder.getIndexType());
  auto parent = matmul.op->getParentOfType<FunctionOpInterface>();
  auto function =
      func::FuncOp::create(loc, (parent.getName() + "_matmul").str(),
                           builder.getFunctionType(types, {}));
  function.setPrivate();
  symbols.insert(function);

  builder.setInsertionPointToStart(function.addEntryBlock());
  KernelBuilder b(loc, builder, lanes);
  auto getArgument = [&](OpOperand *operand, unsigned argument) {
    Operand inside = getOperand(operand);
    inside.memref = function.getArgument(argument);
    return inside;
  };
  lhs = getArgument(matmul.lhs, 0);
  rhs = getArgument(matmul.rhs, 1);
  out = getArgument(matmul.out, 2);
  unsigned argument = 3;
  loops.resize(matmul.op.getNumLoops());
  for (unsigned loop = 0; loop < loops.size(); ++loop)
    if (matmul.isOuter(loop))
      loops[loop] = function.getArgument(argument++);
  firstRow = function.getArgument(argument++);
  firstColumn = function.getArgument(argument++);
  rowStep = function.getArgument(argument);
  emitKernel(b);
  func::ReturnOp::create(b);
  return function;
}

/// How many rows a call has: fewer than there is room for where threads would
/// have nothing to do else.
Value MatmulLowering::buildRowStep(KernelBuilder &b, Value rows,
                                   Value columns) {
  // What is copied for a call takes as long as so many rows, in what these are
  // multiplied with.
  constexpr int64_t kCopyRows = 12;
  if (std::optional<int64_t> known = getConstantIntValue(rows);
      (known && *known <= numRows) || usesTiles())
    return b.index(kGroupRows);
  return buildChoice(b, symbols, "attn_rt_choose_rows", {rows, columns},
                     {kGroupRows, numRows, kCopyRows});
}

void MatmulLowering::lower() {
  OpBuilder builder(matmul.op);
  KernelBuilder b(matmul.op.getLoc(), builder, lanes);
  SmallVector<Operand> operands;
  for (OpOperand *operand : {matmul.out, matmul.lhs, matmul.rhs})
    operands.push_back(getOperand(operand));
  if (!usesTiles()) {
    emitCalls(b, operands);
  } else {
    // Tiles would have more zeros than terms of so few rows.
    Value rows = getLoopExtent(b, matmul.mLoop, operands);
    std::optional<int64_t> known = getConstantIntValue(rows);
    auto emitTiles = [&] { lowerTileMatmul(b, matmul, symbols); };
    if (!known)
      b.ifThenElse(
          b.compare(arith::CmpIPredicate::sle, rows, b.index(kFewTileRows)),
          [&] { emitCalls(b, operands); }, emitTiles);
    else if (*known <= kFewTileRows)
      emitCalls(b, operands);
    else
      emitTiles();
  }
  matmul.op->erase();
}

void MatmulLowering::emitCalls(KernelBuilder &b, ArrayRef<Operand> operands) {
  func::FuncOp kernel = createKernel();
  // Groups of rows and of columns run in parallel with the outer dimensions.
  SmallVector<Value> ends, steps;
  Value rows = getLoopExtent(b, matmul.mLoop, operands);
  Value columns = getLoopExtent(b, matmul.nLoop, operands);
  int64_t columnStep = kGroupPanels * getPanelColumns();
  Value numGroups = b.ceilDiv(columns, columnStep);
  for (unsigned loop = 0; loop < matmul.op.getNumLoops(); ++loop)
    if (matmul.isOuter(loop)) {
      ends.push_back(getLoopExtent(b, loop, operands));
      steps.push_back(b.index(1));
      numGroups = b.mul(numGroups, ends.back());
    }
  Value step = buildRowStep(b, rows, numGroups);
  ends.append({rows, columns});
  steps.append({step, b.index(columnStep)});
  SmallVector<Value> begins(ends.size(), b.index(0));
  auto parallel = scf::ParallelOp::create(b, begins, ends, steps);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(parallel.getBody());
  if (!usesTiles())
    buildStackCheck(b, symbols, kBlockBytes + getLhsBytes());
  SmallVector<Value> arguments{matmul.lhs->get(), matmul.rhs->get(),
                               matmul.out->get()};
  llvm::append_range(arguments, parallel.getInductionVars());
  arguments.push_back(step);
  func::CallOp::create(b, kernel, arguments);
}

} // namespace

void mlir::attn::lowerMatmul(Matmul matmul, SymbolTable &symbols,
                             const CPUUnits &units) {
  MatmulLowering(matmul, symbols, units).lower();
}
