//===- WarpPatterns.cpp - Warps without the Hopper units ------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Copies of GPUs since Ampere (cp.async), and stores from registers.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

struct WarpgroupsPattern : ThreadPattern<WarpgroupsOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(WarpgroupsOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value warpgroup = op.getCount() == 1 ? b.i32(0) : b.warpgroup();
    Block *body = &op.getBody().front();
    rewriter.eraseOp(body->getTerminator());
    rewriter.inlineBlockBefore(body, op, warpgroup);
    rewriter.eraseOp(op);
    return success();
  }
};

struct AnyOfBlockPattern : ThreadPattern<AnyOfBlockOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(AnyOfBlockOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    ValueRange rows = adaptor.getRow();
    Value either = arith::OrIOp::create(b, rows[0], rows[1]);
    rewriter.replaceOp(
        op, b.namedBarrierAny(b.i32(kConsumersBarrier),
                              op.getWarpgroups() * kWarpgroupSize, either));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// How far rows are from the first one, in elements.
class RowDistance {
public:
  /// Groups have no values, or one of each.
  RowDistance(Value stride, ValueRange groupRows, ValueRange groupStride)
      : stride(stride) {
    if (groupRows.empty())
      return;
    this->groupRows = groupRows.front();
    this->groupStride = groupStride.front();
  }

  bool hasGroups() const { return bool(groupRows); }
  Value getStride() const { return stride; }
  Value get(PtxBuilder &b, Value row) const {
    auto multiply = [&](Value number, Value by) -> Value {
      Value wide = arith::ExtSIOp::create(b, b.getI64Type(), number);
      return arith::MulIOp::create(b, wide, by);
    };
    if (!hasGroups())
      return multiply(row, stride);
    Value group = arith::DivUIOp::create(b, row, groupRows);
    Value rest = arith::RemUIOp::create(b, row, groupRows);
    return arith::AddIOp::create(b, multiply(group, groupStride),
                                 multiply(rest, stride));
  }

private:
  Value stride, groupRows, groupStride;
};

/// The copies of one thread: chunks of 16 bytes in some rows, in every slab. A
/// quarter of a warp copies one row of a slab.
class RowCopy {
public:
  template <typename OpT>
  RowCopy(OpT op, SharedType type, typename ThreadPattern<OpT>::Adaptor adaptor,
          int64_t elementBytes, PtxBuilder &b)
      : b(b), type(type), columns(op.getColumns()), unit(op.getAlignment()),
        elementBytes(elementBytes), chunkColumns(type.getChunkColumns()),
        slabColumns(type.getSlabColumns()),
        rowsAtOnce(op.getWarpgroups() * kWarpgroupSize / 8),
        left(adaptor.getCount().front()),
        distance(adaptor.getStride().front(), adaptor.getGroupRows(),
                 adaptor.getGroupStride()) {
    base = adaptor.getBase().front();
    // In a loop, what follows from the thread is computed anew rather than kept
    // in registers that are scarce there.
    Value thread = b.opaque(b.threadId());
    firstRow = b.shiftRight(thread, 3);
    chunk = b.bitAnd(thread, 7);
    left = arith::SubIOp::create(b, left, firstRow);
    rowStride =
        arith::MulIOp::create(b, distance.getStride(), i64(elementBytes));
    setSource(firstRow);
    Value permuted = arith::XOrIOp::create(b, chunk, b.bitAnd(firstRow, 7));
    target = b.add(b.mul(firstRow, kRowBytes), b.mul(permuted, kChunkBytes));
  }
  virtual ~RowCopy() = default;

  void emit() {
    Value step = arith::MulIOp::create(b, rowStride, i64(rowsAtOnce));
    for (int64_t row = 0; row < type.getRows(); row += rowsAtOnce) {
      OpBuilder::InsertionGuard guard(b);
      if (distance.hasGroups() && row > 0)
        setSource(b.add(firstRow, row));
      // The last rows may be fewer than the threads reach.
      if (row + rowsAtOnce > type.getRows())
        enterIf(arith::CmpIOp::create(b, arith::CmpIPredicate::slt, firstRow,
                                      b.i32(type.getRows() - row)));
      isRow =
          arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, left, b.i32(row));
      for (slab = 0; slab * slabColumns < type.getColumns(); ++slab)
        emitChunk(b.add(target, (slab * type.getRows() + row) * kRowBytes));
      if (!distance.hasGroups())
        source = LLVM::GEPOp::create(b, source.getType(), b.getI8Type(), source,
                                     LLVM::GEPArg(step));
    }
  }

protected:
  /// Copies a chunk to an offset in a tile.
  virtual void emitChunk(Value offset) = 0;

  /// Whether the unit from `column` of the chunk on is there.
  Value isThere(int64_t column) {
    int64_t rest = columns - slab * slabColumns;
    int64_t end = rest / chunkColumns + (column < rest % chunkColumns);
    if (end >= 8)
      return isRow;
    return arith::AndIOp::create(
        b, isRow,
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, chunk, b.i32(end)));
  }
  /// The address of a column of the chunk.
  Value getSource(int64_t column) {
    return LLVM::GEPOp::create(
        b, source.getType(), b.getI8Type(), source,
        LLVM::GEPArg((slab * slabColumns + column) * elementBytes));
  }
  /// The elements of f32 of a chunk, zeros for what is not there.
  SmallVector<Value> loadChunk() {
    SmallVector<Value> elements;
    int64_t count = unit / elementBytes;
    for (int64_t column = 0; column < chunkColumns; column += count) {
      if (count == 1) {
        elements.push_back(load(b.getF32Type(), column));
        continue;
      }
      Value vector = load(VectorType::get(count, b.getF32Type()), column);
      for (int64_t i = 0; i < count; ++i)
        elements.push_back(LLVM::ExtractElementOp::create(b, vector, b.i32(i)));
    }
    return elements;
  }
  /// Loads a value if it is there, else zero.
  Value load(Type loaded, int64_t column) {
    auto ifOp = scf::IfOp::create(b, loaded, isThere(column),
                                  /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifOp.thenBlock());
    scf::YieldOp::create(
        b, LLVM::LoadOp::create(b, loaded, getSource(column)).getResult());
    b.setInsertionPointToStart(ifOp.elseBlock());
    scf::YieldOp::create(
        b, arith::ConstantOp::create(b, b.getZeroAttr(loaded)).getResult());
    return ifOp.getResult(0);
  }

  PtxBuilder &b;
  SharedType type;
  /// `elementBytes`: in global memory.
  int64_t columns, unit, elementBytes, chunkColumns, slabColumns, rowsAtOnce;

private:
  Value i64(int64_t value) {
    return arith::ConstantIntOp::create(b, b.getI64Type(), value);
  }
  Value wide(Value value) {
    return arith::ExtSIOp::create(b, b.getI64Type(), value);
  }
  void enterIf(Value condition) {
    auto ifOp = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    b.setInsertionPoint(ifOp.thenBlock()->getTerminator());
  }

  /// Makes a row the one that `source` points to.
  void setSource(Value row) {
    Value offset =
        distance.hasGroups()
            ? arith::MulIOp::create(b, distance.get(b, row), i64(elementBytes))
                  .getResult()
            : arith::MulIOp::create(b, wide(row), rowStride);
    offset = arith::AddIOp::create(
        b, offset, wide(b.mul(chunk, chunkColumns * elementBytes)));
    source = LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                                 LLVM::GEPArg(offset));
  }

  /// The rows from the first one of the thread on.
  Value left;
  RowDistance distance;
  Value base, firstRow, chunk, rowStride, source, target, isRow;
  int64_t slab = 0;
};

/// Elements as they are.
class PlainCopy : public RowCopy {
public:
  PlainCopy(CopyRowsOp op, ThreadPattern<CopyRowsOp>::Adaptor adaptor,
            PtxBuilder &b)
      : RowCopy(op, op.getTile().getType(), adaptor,
                op.getTile().getType().getElementBytes(), b),
        tile(adaptor.getTile().front()) {}

private:
  void emitChunk(Value offset) override {
    for (int64_t begin = 0; begin < kChunkBytes; begin += unit) {
      int64_t column = begin / elementBytes;
      Value to = b.add(b.add(tile, offset), begin);
      if (unit == 2) {
        b.storeShared(load(b.getI16Type(), column), to);
        continue;
      }
      Value bytes =
          arith::SelectOp::create(b, isThere(column), b.i32(unit), b.i32(0));
      b.copyAsync(to, getSource(column), unit, bytes);
    }
  }

  Value tile;
};

/// Elements of f32 rounded to tf32.
class RoundingCopy : public RowCopy {
public:
  RoundingCopy(CopyRowsOp op, ThreadPattern<CopyRowsOp>::Adaptor adaptor,
               PtxBuilder &b)
      : RowCopy(op, op.getTile().getType(), adaptor,
                op.getTile().getType().getElementBytes(), b),
        tile(adaptor.getTile().front()) {}

private:
  void emitChunk(Value offset) override {
    SmallVector<Value> words = loadChunk();
    for (Value &word : words)
      word = b.roundToTF32(word);
    b.storeShared(b.vector(words), b.add(tile, offset));
  }

  Value tile;
};

/// Elements of f32 as sums of two of bf16.
class SplitCopy : public RowCopy {
public:
  SplitCopy(SplitRowsOp op, ThreadPattern<SplitRowsOp>::Adaptor adaptor,
            PtxBuilder &b)
      : RowCopy(op, op.getHigh().getType(), adaptor, /*elementBytes=*/4, b),
        high(adaptor.getHigh().front()), low(adaptor.getLow().front()) {}

private:
  void emitChunk(Value offset) override {
    SmallVector<Value> elements = loadChunk(), highs, lows;
    for (int64_t i = 0; i < chunkColumns; i += 2) {
      auto [high0, low0] = split(elements[i]);
      auto [high1, low1] = split(elements[i + 1]);
      highs.push_back(b.packPair(type.getElementType(), high0, high1));
      lows.push_back(b.packPair(type.getElementType(), low0, low1));
    }
    b.storeShared(b.vector(highs), b.add(high, offset));
    b.storeShared(b.vector(lows), b.add(low, offset));
  }

  /// An element rounded to bf16, and the rest. Cut where rounding would make an
  /// infinity of it.
  std::pair<Value, Value> split(Value x) {
    Value bits = arith::BitcastOp::create(b, b.getI32Type(), x);
    constexpr int32_t kHigh = static_cast<int32_t>(0xffff0000);
    Value cut = b.bitAnd(bits, kHigh);
    Value rounded = b.bitAnd(b.add(bits, 0x8000), kHigh);
    constexpr int32_t kInfinity = 0x7f800000;
    Value overflows = b.equal(b.bitAnd(rounded, 0x7fffffff), kInfinity);
    Value chosen = arith::SelectOp::create(b, overflows, cut, rounded);
    // The bits of a NaN could be gone.
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    chosen = arith::SelectOp::create(b, isNaN, b.i32(0x7fc00000), chosen);
    Value upper = arith::BitcastOp::create(b, b.getF32Type(), chosen);
    Value rest = arith::SubFOp::create(b, x, upper);
    Value isFinite =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, rest, rest);
    return {upper, arith::SelectOp::create(b, isFinite, rest, b.f32(0))};
  }

  Value high, low;
};

struct CopyRowsPattern : ThreadPattern<CopyRowsOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(CopyRowsOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    if (op.getTile().getType().getElementType().isTF32())
      RoundingCopy(op, adaptor, b).emit();
    else
      PlainCopy(op, adaptor, b).emit();
    rewriter.eraseOp(op);
    return success();
  }
};

struct SplitRowsPattern : ThreadPattern<SplitRowsOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SplitRowsOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    SplitCopy(op, adaptor, b).emit();
    rewriter.eraseOp(op);
    return success();
  }
};

/// The stores of one thread, for its two rows.
class RowStore {
public:
  RowStore(StoreRowsOp op, ThreadPattern<StoreRowsOp>::Adaptor adaptor,
           PtxBuilder &b)
      : b(b), type(op.getFragment().getType()),
        registers(adaptor.getFragment()), base(adaptor.getBase().front()),
        count(adaptor.getCount().front()),
        distance(adaptor.getStride().front(), adaptor.getGroupRows(),
                 adaptor.getGroupStride()),
        elementBytes(type.isPacked() ? 2 : 4) {
    isWhole = type.isPacked() && op.getAlignment() == kChunkBytes &&
              type.getColumns() % (4 * kGroupColumns) == 0;
  }

  void emit() {
    // The words of a thread's two rows take turns in its registers.
    SmallVector<Value> values[2];
    int64_t words = type.isPacked() ? 1 : 2;
    for (int64_t i = 0; i < int64_t(registers.size()); ++i)
      values[i / words % 2].push_back(registers[i]);
    // All threads exchange words, before those whose rows are missing part.
    Value quadLane = b.bitAnd(b.lane(), 3);
    if (isWhole)
      for (SmallVector<Value> &row : values)
        for (size_t i = 0; i < row.size(); i += 4)
          transpose(MutableArrayRef(row).slice(i, 4), quadLane);
    Value column = isWhole ? b.mul(quadLane, kGroupColumns) : b.firstColumn();
    for (int64_t r : {0, 1})
      storeRow(b.add(b.firstRow(), 8 * r), column, values[r]);
  }

private:
  /// Columns of which a quad has two for each thread.
  static constexpr int64_t kGroupColumns = 8;

  /// Value `s` becomes the one that lane `s` of the quad has under the number
  /// of this lane.
  void transpose(MutableArrayRef<Value> values, Value quadLane) {
    for (int64_t bit : {1, 2}) {
      Value isOdd = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                          b.bitAnd(quadLane, bit), b.i32(0));
      for (int64_t i = 0; i < 4; ++i) {
        if (i & bit)
          continue;
        Value &low = values[i], &high = values[i | bit];
        Value sent = arith::SelectOp::create(b, isOdd, low, high);
        Value received = b.shuffleXor(sent, bit);
        low = arith::SelectOp::create(b, isOdd, received, low);
        high = arith::SelectOp::create(b, isOdd, high, received);
      }
    }
  }

  void storeRow(Value row, Value column, ArrayRef<Value> values) {
    Value isThere =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, row, count);
    auto ifOp = scf::IfOp::create(b, isThere, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(ifOp.thenBlock()->getTerminator());
    auto wide = [&](Value value) -> Value {
      return arith::ExtSIOp::create(b, b.getI64Type(), value);
    };
    Value bytes = arith::ConstantIntOp::create(b, b.getI64Type(), elementBytes);
    Value offset = arith::AddIOp::create(b, distance.get(b, row), wide(column));
    offset = arith::MulIOp::create(b, offset, bytes);
    Value pointer = LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                                        LLVM::GEPArg(offset));
    // Four words of a chunk, the word of a pair, or the two of a pair of f32.
    int64_t words = isWhole ? 4 : type.isPacked() ? 1 : 2;
    int64_t columns = isWhole ? 4 * kGroupColumns : kGroupColumns;
    for (int64_t i = 0; i < int64_t(values.size()); i += words) {
      Value stored = words == 1 ? values[i] : b.vector(values.slice(i, words));
      int32_t distance = i / words * columns * elementBytes;
      Value to = LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), pointer,
                                     LLVM::GEPArg(distance));
      LLVM::StoreOp::create(b, stored, to,
                            isWhole ? kChunkBytes : 2 * elementBytes);
    }
  }

  PtxBuilder &b;
  FragmentType type;
  ValueRange registers;
  Value base, count;
  RowDistance distance;
  int64_t elementBytes;
  /// Whether a thread stores eight packed elements at a time.
  bool isWhole;
};

struct StoreRowsPattern : ThreadPattern<StoreRowsOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(StoreRowsOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    RowStore(op, adaptor, b).emit();
    rewriter.eraseOp(op);
    return success();
  }
};

struct CommitCopiesPattern : ThreadPattern<CommitCopiesOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(CommitCopiesOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.copyAsyncCommit();
    rewriter.eraseOp(op);
    return success();
  }
};

struct AwaitCopiesPattern : ThreadPattern<AwaitCopiesOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(AwaitCopiesOp op, Adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    b.copyAsyncWait(op.getPending());
    b.blockBarrier();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void attn_gpu::populateWarpPatterns(const TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<WarpgroupsPattern, AnyOfBlockPattern, CopyRowsPattern,
               SplitRowsPattern, StoreRowsPattern, CommitCopiesPattern,
               AwaitCopiesPattern>(converter, patterns.getContext());
}
