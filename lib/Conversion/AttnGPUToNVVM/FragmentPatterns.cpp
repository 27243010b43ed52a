//===- FragmentPatterns.cpp - Fragments, rows and products ----- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

/// Where register `i` of a fragment is: its row among the thread's two, and its
/// column beyond the thread's first.
int64_t getRowOf(int64_t i) { return i / 2 % 2; }
int64_t getColumnOf(int64_t i) { return i / 4 * 8 + i % 2; }

/// Rows r and r + 8 of a fragment.
constexpr int64_t kRowDistance = 8;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

struct WgmmaPattern : ThreadPattern<WgmmaOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(WgmmaOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    // Addresses in descriptors count 16 bytes. Along the columns of a tile a
    // step of 16 is 32 bytes, a slab of 64 all rows of 128 bytes; along its
    // rows a step is 16 rows.
    constexpr int64_t kStep = 16, kSlabColumns = 64;
    auto getColumnOffset = [](int64_t k, int64_t rows) {
      return (k / kSlabColumns * rows * kRowBytes + k % kSlabColumns * 2) >> 4;
    };
    SharedType rhsType = op.getRhs().getType();
    int64_t rhsSlab = rhsType.getSlabRows() * kRowBytes;
    bool values = op.getValues();
    Value rhs =
        b.descriptor(adaptor.getRhs().front(), values ? rhsSlab : int64_t(16));
    auto lhsType = dyn_cast<SharedType>(op.getLhs().getType());
    Value lhs;
    if (lhsType)
      lhs = b.descriptor(adaptor.getLhs().front(), 16);

    SmallVector<Value> accumulators;
    if (op.getAccumulator())
      llvm::append_range(accumulators, adaptor.getAccumulator());
    accumulators = b.wgmmaFence(accumulators);
    Value adds = op.getAdds() ? adaptor.getAdds().front() : Value();
    for (int64_t k = 0; k < op.getContractionSize(); k += kStep) {
      WgmmaLhs step;
      if (lhs)
        step.address = b.add(lhs, getColumnOffset(k, lhsType.getSlabRows()));
      else
        step.registers = adaptor.getLhs().slice(k / 4, 4);
      int64_t offset = values ? (k * kRowBytes) >> 4
                              : getColumnOffset(k, rhsType.getSlabRows());
      accumulators = b.wgmma(rhsType.getElementType(),
                             op.getResult().getType().getColumns(), step,
                             b.add(rhs, offset), accumulators, adds, values);
      adds = Value();
    }
    b.wgmmaCommit();
    replace(op, accumulators, rewriter);
    return success();
  }
};

struct WaitPattern : ThreadPattern<WaitOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(WaitOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> values;
    for (ValueRange product : adaptor.getProducts())
      llvm::append_range(values, product);
    values = b.wgmmaWait(op.getPending(), values);
    SmallVector<SmallVector<Value>> replacements;
    size_t first = 0;
    for (ValueRange product : adaptor.getProducts()) {
      replacements.emplace_back(ArrayRef(values).slice(first, product.size()));
      first += product.size();
    }
    rewriter.replaceOpWithMultiple(op, std::move(replacements));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

struct SplatPattern : ThreadPattern<SplatOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(SplatOp op, Adaptor adaptor, PtxBuilder &,
                        ConversionPatternRewriter &rewriter) const override {
    auto fragment = dyn_cast<FragmentType>(op.getResult().getType());
    int64_t count = fragment ? fragment.getNumRegisters() : 2;
    replace(op, SmallVector<Value>(count, adaptor.getValue().front()),
            rewriter);
    return success();
  }
};

/// Canonicalization makes selections of what an `scf.if` yields.
struct SelectPattern : ThreadPattern<arith::SelectOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(arith::SelectOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> results;
    for (auto [lhs, rhs] :
         llvm::zip_equal(adaptor.getTrueValue(), adaptor.getFalseValue()))
      results.push_back(
          arith::SelectOp::create(b, adaptor.getCondition().front(), lhs, rhs));
    replace(op, results, rewriter);
    return success();
  }
};

/// Clones the region of a `map` or `foreach` for one element after another.
class ElementCloner {
public:
  ElementCloner(Operation *op, ArrayRef<ValueRange> operands, int64_t columns,
                PtxBuilder &b)
      : op(op), operands(operands), columns(columns), b(b) {
    Block &body = op->getRegion(0).front();
    unsigned numOperands = op->getNumOperands();
    if (!body.getArgument(numOperands).use_empty()) {
      Value row = b.firstRow();
      rows = {row, b.add(row, kRowDistance)};
    }
    // LLVM must not know it for the same in every turn of a loop: it would
    // compute all columns before the loop, and keep a register for each.
    if (columns != 0 && !body.getArgument(numOperands + 1).use_empty())
      firstColumn = b.opaque(b.firstColumn());
  }

  int64_t getNumElements() { return columns != 0 ? columns / 2 : 2; }

  /// Returns what the region yields for element `i`.
  SmallVector<Value> clone(int64_t i) {
    Block &body = op->getRegion(0).front();
    int64_t row = columns != 0 ? getRowOf(i) : i;
    IRMapping mapping;
    unsigned argument = 0;
    for (auto [operand, values] : llvm::zip_equal(op->getOperands(), operands))
      mapping.map(body.getArgument(argument++),
                  values[isa<RowType>(operand.getType()) ? row : i]);
    if (!rows.empty())
      mapping.map(body.getArgument(argument), rows[row]);
    if (firstColumn)
      mapping.map(body.getArgument(argument + 1),
                  b.add(firstColumn, getColumnOf(i)));
    for (Operation &inner : body.without_terminator())
      b.clone(inner, mapping);
    SmallVector<Value> yielded;
    for (Value value : body.getTerminator()->getOperands())
      yielded.push_back(mapping.lookupOrDefault(value));
    return yielded;
  }

private:
  Operation *op;
  ArrayRef<ValueRange> operands;
  int64_t columns;
  PtxBuilder &b;
  SmallVector<Value, 2> rows;
  Value firstColumn;
};

struct MapPattern : ThreadPattern<MapOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(MapOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    ElementCloner cloner(op, adaptor.getOperands(), op.getColumns(), b);
    SmallVector<SmallVector<Value>> results(op.getNumResults());
    for (int64_t i = 0; i < cloner.getNumElements(); ++i)
      for (auto [result, value] : llvm::zip_equal(results, cloner.clone(i)))
        result.push_back(value);
    rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }
};

struct ForeachPattern : ThreadPattern<ForeachOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ForeachOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    OpBuilder::InsertionGuard guard(b);
    if (op.getColumns() == 0) {
      auto first =
          scf::IfOp::create(b, b.equal(b.bitAnd(b.lane(), 3), 0), false);
      b.setInsertionPoint(first.thenBlock()->getTerminator());
    }
    ElementCloner cloner(op, adaptor.getOperands(), op.getColumns(), b);
    for (int64_t i = 0; i < cloner.getNumElements(); ++i)
      cloner.clone(i);
    rewriter.eraseOp(op);
    return success();
  }
};

struct KeepColumnsPattern : ThreadPattern<KeepColumnsOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(KeepColumnsOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    // The thread's first column is subtracted from the bounds once, so that an
    // element is compared with a constant.
    Value firstColumn = b.firstColumn();
    auto shift = [&](ValueRange bounds) {
      SmallVector<Value, 2> shifted;
      for (Value bound : bounds)
        shifted.push_back(arith::SubIOp::create(b, bound, firstColumn));
      return shifted;
    };
    SmallVector<Value, 2> begin, end;
    if (op.getBegin())
      begin = shift(adaptor.getBegin());
    if (op.getEnd())
      end = shift(adaptor.getEnd());
    Value masked = b.f32(-std::numeric_limits<double>::infinity());
    SmallVector<Value> results(adaptor.getFragment());
    using P = arith::CmpIPredicate;
    for (auto [i, value] : llvm::enumerate(results)) {
      Value column = b.i32(getColumnOf(i));
      auto keepIf = [&, &value = value](P predicate, Value bound) {
        Value keep = arith::CmpIOp::create(b, predicate, column, bound);
        value = arith::SelectOp::create(b, keep, value, masked);
      };
      if (!begin.empty())
        keepIf(P::sge, begin[getRowOf(i)]);
      if (!end.empty())
        keepIf(P::slt, end[getRowOf(i)]);
    }
    replace(op, results, rewriter);
    return success();
  }
};

struct PackPattern : ThreadPattern<PackOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(PackOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    ValueRange values = adaptor.getFragment();
    SmallVector<Value> packed;
    for (size_t i = 0; i < values.size(); i += 2)
      packed.push_back(b.packPair(op.getPacked().getType().getElementType(),
                                  values[i], values[i + 1]));
    size_t count = op.getPacked().getType().getNumRegisters();
    if (packed.size() < count)
      packed.resize(count, b.i32(0));
    replace(op, packed, rewriter);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

Value combine(PtxBuilder &b, Reduction kind, Value lhs, Value rhs) {
  // maximumf would keep NaN at the price of an instruction; a NaN reaches the
  // sum anyway.
  if (kind == Reduction::Max)
    return arith::MaxNumFOp::create(b, lhs, rhs);
  return arith::AddFOp::create(b, lhs, rhs);
}

/// `chain`, null at first, with one more element.
Value accumulate(PtxBuilder &b, Reduction kind, Value chain, Value value) {
  if (kind == Reduction::Finite) {
    Value zero =
        arith::ConstantOp::create(b, b.getFloatAttr(value.getType(), 0.0));
    if (!chain)
      return arith::MulFOp::create(b, value, zero);
    return math::FmaOp::create(b, value, zero, chain);
  }
  return chain ? combine(b, kind, chain, value) : value;
}

struct ReducePattern : ThreadPattern<ReduceOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(ReduceOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> results;
    for (int64_t row : {0, 1}) {
      // Two chains hide the latency of one.
      SmallVector<Value, 2> chains(2);
      if (op.getInit())
        chains[0] = adaptor.getInit()[row];
      int64_t next = 0;
      for (auto [i, value] : llvm::enumerate(adaptor.getFragment())) {
        if (getRowOf(i) != row)
          continue;
        int64_t number = next++;
        if (number % op.getEvery() != 0)
          continue;
        Value &chain = chains[number / op.getEvery() % 2];
        chain = accumulate(b, op.getKind(), chain, value);
      }
      results.push_back(chains[1]
                            ? combine(b, op.getKind(), chains[0], chains[1])
                            : chains[0]);
    }
    replace(op, results, rewriter);
    return success();
  }
};

struct CombinePattern : ThreadPattern<CombineOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(CombineOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> results;
    for (Value value : adaptor.getPartial()) {
      for (int64_t mask : {1, 2})
        value = combine(b, op.getKind(), value, b.shuffleXor(value, mask));
      results.push_back(value);
    }
    replace(op, results, rewriter);
    return success();
  }
};

struct AnyPattern : ThreadPattern<AnyOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(AnyOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    ValueRange rows = adaptor.getRow();
    Value either = arith::OrIOp::create(b, rows[0], rows[1]);
    rewriter.replaceOp(op, b.voteAny(either));
    return success();
  }
};

} // namespace

void attn_gpu::populateFragmentPatterns(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<WgmmaPattern, WaitPattern, SplatPattern, SelectPattern,
               MapPattern, ForeachPattern, KeepColumnsPattern, PackPattern,
               ReducePattern, CombinePattern, AnyPattern>(
      converter, patterns.getContext());
}
