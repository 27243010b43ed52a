//===- MmaPattern.cpp - Products of warps ---------------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A product takes two chunks (16 bytes) of a row of its operands: 16 elements
// of f16 or bf16, or 8 of f32, which are rounded to tf32. ldmatrix moves 8 rows
// of a chunk so that a lane has the 4 bytes of its number in the quad, of the
// row of its quad: as products want either.
//
// Values are wanted transposed, which ldmatrix does to 16 bits only: a lane
// loads single values of f32. Their rows are taken in the order in which
// probabilities are in registers: lane c of a quad has columns 2 c and 2 c + 1
// of a fragment where the operand's are c and c + 4, and which of eight is
// summed first does not matter.
//
// Keys and values of f32 are rounded when they are read, by each of four warps,
// in two instructions for a word (products ignore the low bits) beside two
// products (of two operands on the left). Once in shared memory, by the thread
// that copied them, would be a quarter of these, but with loads and stores of
// all that was copied while no product runs. Queries, read again and again, are
// rounded once, when they are copied (tiles of tf32).
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

/// Columns of a product.
constexpr int64_t kGroupColumns = 8;

/// Where one lane reads in a tile of 128-byte swizzled slabs.
class TileReader {
public:
  /// `row`: the lane's; `chunk`: how far behind that of the column it reads, 0
  /// or 1; `offset`: bytes in the chunk, if any.
  TileReader(PtxBuilder &b, Value tile, SharedType type, Value row, Value chunk,
             Value offset = {})
      : type(type), base(b.add(tile, b.mul(row, kRowBytes))), chunk(chunk),
        swizzle(b.bitAnd(row, 7)) {
    if (offset)
      base = b.add(base, offset);
    if (type.isNarrow())
      return;
    Value permuted = arith::XOrIOp::create(b, chunk, swizzle);
    base = b.add(base, b.mul(permuted, kChunkBytes));
  }

  /// `row` is a multiple of 8, which leaves the swizzle; `column` begins a
  /// chunk of an even number.
  Value getAddress(PtxBuilder &b, int64_t row, int64_t column) const {
    int64_t slab = column / type.getSlabColumns();
    int64_t first = column % type.getSlabColumns() / type.getChunkColumns();
    return b.add(getChunkAddress(b, first),
                 (slab * type.getSlabRows() + row) * kRowBytes);
  }

private:
  /// The address of the lane's chunk behind chunk `first`. Rows being aligned,
  /// its bits are no sum: of 32-bit tiles, of which a lane reads more chunks
  /// than it has registers for addresses, one instruction makes it.
  Value getChunkAddress(PtxBuilder &b, int64_t first) const {
    if (!type.isNarrow())
      return b.createOrFold<arith::XOrIOp>(base, b.i32(first * kChunkBytes));
    Value permuted = arith::XOrIOp::create(b, b.add(chunk, first), swizzle);
    return b.add(base, b.mul(permuted, kChunkBytes));
  }

  SharedType type;
  Value base, chunk, swizzle;
};

/// What a lane holds of the right operands of products.
class RightReader {
public:
  /// `row`: the number of the lane among 16.
  RightReader(PtxBuilder &b, MmaOp op, Value tile, Value lane, Value row)
      : b(b), values(op.getValues()) {
    SharedType type = op.getRhs().getType();
    isNarrow = type.isNarrow();
    if (values && !isNarrow) {
      Value group = b.shiftRight(lane, 2);
      Value pair = b.mul(b.bitAnd(lane, 3), 2);
      Value offset = b.mul(b.bitAnd(group, 3), 4);
      for (int64_t i : {0, 1})
        readers.emplace_back(b, tile, type, b.add(pair, i),
                             b.shiftRight(group, 2), offset);
      return;
    }
    // Keys are the columns of the product, so that the first 16 lanes give both
    // chunks of 8 keys; values are transposed, and they give 16 rows.
    Value half = b.shiftRight(lane, 4);
    Value keyRow = b.add(b.bitAnd(lane, 7), b.mul(half, 8));
    Value keyHalf = b.bitAnd(b.shiftRight(lane, 3), 1);
    readers.emplace_back(b, tile, type, values ? row : keyRow,
                         values ? half : keyHalf);
  }

  /// Two registers for each of `groups` groups of 8 columns from `column` on,
  /// one or two, of step `k`.
  SmallVector<Value> load(int64_t k, int64_t column, int64_t groups) {
    if (!values)
      return b.loadMatrix(readers[0].getAddress(b, column, k), 2 * groups,
                          /*transposed=*/false);
    if (isNarrow)
      return b.loadMatrix(readers[0].getAddress(b, k, column), 2 * groups,
                          /*transposed=*/true);
    SmallVector<Value> words;
    for (int64_t group : llvm::seq(groups))
      for (const TileReader &reader : readers)
        words.push_back(b.loadShared(
            reader.getAddress(b, k, column + group * kGroupColumns),
            b.getI32Type()));
    return words;
  }

private:
  PtxBuilder &b;
  bool values, isNarrow;
  /// One, or those of the two rows of a lane.
  SmallVector<TileReader, 2> readers;
};

Type getElementType(Type type) {
  if (auto shared = dyn_cast<SharedType>(type))
    return shared.getElementType();
  return cast<FragmentType>(type).getElementType();
}

/// Reads the rows of a warp of a left operand of 64: lanes 0 to 15 give the
/// rows of the first chunk, the others of the second.
TileReader getLeftReader(PtxBuilder &b, Value tile, SharedType type,
                         Value lane) {
  Value warp = b.shiftRight(b.threadInWarpgroup(), 5);
  Value row = b.add(b.bitAnd(lane, 15), b.mul(warp, 16));
  return TileReader(b, tile, type, row, b.shiftRight(lane, 4));
}

struct MmaPattern : ThreadPattern<MmaOp> {
  using ThreadPattern::ThreadPattern;
  LogicalResult rewrite(MmaOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    auto resultType = cast<FragmentType>(op.getResult(0).getType());
    SharedType rhsType = op.getRhs().getType();
    Type lhsElementType = getElementType(op.getLhs().front().getType());
    Type rhsElementType = rhsType.getElementType();
    auto round = [&](Type elementType, SmallVector<Value> words) {
      if (elementType.isF32())
        for (Value &word : words)
          word = b.roundToTF32(word);
      return words;
    };
    Value lane = b.bitAnd(b.opaque(b.threadId()), 31);
    Value row = b.bitAnd(lane, 15);
    RightReader right(b, op, adaptor.getRhs().front(), lane, row);
    SmallVector<TileReader> left;
    if (auto lhsType = dyn_cast<SharedType>(op.getLhs().front().getType()))
      for (ValueRange lhs : adaptor.getLhs())
        left.push_back(getLeftReader(b, lhs.front(), lhsType, lane));
    /// The four registers of operand `i` on the left for step `k`.
    auto loadLeft = [&](size_t i, int64_t k) -> SmallVector<Value> {
      if (!left.empty())
        return b.loadMatrix(left[i].getAddress(b, 0, k), 4,
                            /*transposed=*/false);
      ValueRange fragment = adaptor.getLhs()[i];
      if (rhsType.isNarrow())
        return llvm::to_vector(fragment.slice(k / 4, 4));
      // Columns 2 c of both rows, then columns 2 c + 1.
      ValueRange words = fragment.slice(k / 2, 4);
      return {words[0], words[2], words[1], words[3]};
    };

    size_t count = op.getLhs().size();
    SmallVector<SmallVector<Value>> sums(count);
    for (size_t i : llvm::seq(count)) {
      if (op.getAccumulators().empty())
        sums[i].assign(resultType.getNumRegisters(), b.f32(0));
      else
        llvm::append_range(sums[i], adaptor.getAccumulators()[i]);
    }
    int64_t step = 2 * rhsType.getChunkColumns();
    for (int64_t k = 0; k < op.getContractionSize(); k += step) {
      SmallVector<SmallVector<Value>> lhs;
      for (size_t i : llvm::seq(count))
        lhs.push_back(round(lhsElementType, loadLeft(i, k)));
      // Two groups of columns at a time, the last one alone if they are odd.
      for (int64_t n = 0; n < resultType.getColumns(); n += 2 * kGroupColumns) {
        int64_t groups =
            std::min<int64_t>(2, (resultType.getColumns() - n) / kGroupColumns);
        SmallVector<Value> rhs =
            round(rhsElementType, right.load(k, n, groups));
        for (size_t i : llvm::seq(count))
          for (int64_t group : llvm::seq(groups)) {
            auto sum = MutableArrayRef(sums[i]).slice(n / 2 + 4 * group, 4);
            llvm::copy(b.mma(rhsElementType, lhs[i],
                             ArrayRef(rhs).slice(2 * group, 2), sum),
                       sum.begin());
          }
      }
    }
    rewriter.replaceOpWithMultiple(op, std::move(sums));
    return success();
  }
};

/// Each 16 columns of the fragment are the four registers of a left operand.
struct LoadMatrixPattern : ThreadPattern<LoadMatrixOp> {
  using ThreadPattern::ThreadPattern;

  LogicalResult rewrite(LoadMatrixOp op, Adaptor adaptor, PtxBuilder &b,
                        ConversionPatternRewriter &rewriter) const override {
    Value lane = b.bitAnd(b.opaque(b.threadId()), 31);
    SharedType type = op.getTile().getType();
    TileReader reader = getLeftReader(b, adaptor.getTile().front(), type, lane);
    int64_t step = 2 * type.getChunkColumns();
    SmallVector<Value> registers;
    for (int64_t k = 0; k < op.getFragment().getType().getColumns(); k += step)
      llvm::append_range(registers, b.loadMatrix(reader.getAddress(b, 0, k), 4,
                                                 /*transposed=*/false));
    replace(op, registers, rewriter);
    return success();
  }
};

} // namespace

void attn_gpu::populateMmaPatterns(const TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<LoadMatrixPattern, MmaPattern>(converter, patterns.getContext());
}
