//===- MaskAnalysisTest.cpp - Tests of the mask analysis --------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <array>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// The definition of every mask, written down once more.
bool keepsByDefinition(Attribute mask, int64_t i, int64_t j, MaskShape shape) {
  auto getDiagonal = [&](Alignment alignment) -> __int128 {
    return alignment == Alignment::TopLeft
               ? i
               : __int128(i) + shape.numKeys - shape.numQueries;
  };
  if (!mask)
    return true;
  if (auto causal = dyn_cast<CausalAttr>(mask))
    return j <= getDiagonal(causal.getAlignment());
  if (auto window = dyn_cast<WindowAttr>(mask)) {
    __int128 diagonal = getDiagonal(window.getAlignment());
    return (window.getLeft() < 0 || j >= diagonal - window.getLeft()) &&
           (window.getRight() < 0 || j <= diagonal + window.getRight());
  }
  if (auto prefix = dyn_cast<PrefixAttr>(mask))
    return j < prefix.getLength() || j <= getDiagonal(prefix.getAlignment());
  return llvm::all_of(cast<AllOfAttr>(mask).getMembers(), [&](Attribute m) {
    return keepsByDefinition(m, i, j, shape);
  });
}

class MaskAnalysisTest : public ::testing::Test {
protected:
  MaskAnalysisTest() { context.loadDialect<AttnDialect>(); }

  SmallVector<StructuralMaskInterface> getExactMasks() {
    SmallVector<StructuralMaskInterface> masks{{}};
    for (Alignment alignment : {Alignment::TopLeft, Alignment::BottomRight}) {
      masks.push_back(CausalAttr::get(&context, alignment));
      for (auto [left, right] : {std::pair<int64_t, int64_t>{-1, -1},
                                 {0, 0},
                                 {2, 0},
                                 {-1, 3},
                                 {3, -1},
                                 {1, 2},
                                 {100, 100}})
        masks.push_back(WindowAttr::get(&context, left, right, alignment));
      for (int64_t length : {0, 1, 4, 100})
        masks.push_back(PrefixAttr::get(&context, length, alignment));
    }
    masks.push_back(AllOfAttr::get(
        &context, {CausalAttr::get(&context, Alignment::TopLeft),
                   WindowAttr::get(&context, 3, -1, Alignment::TopLeft)}));
    masks.push_back(AllOfAttr::get(
        &context, {WindowAttr::get(&context, 1, 1, Alignment::TopLeft),
                   WindowAttr::get(&context, 1, 1, Alignment::BottomRight)}));
    masks.push_back(AllOfAttr::get(&context, {}));
    return masks;
  }

  MLIRContext context;
};

constexpr int64_t kLengths[] = {0, 1, 2, 5, 8, 11};

TEST_F(MaskAnalysisTest, PredicateFollowsTheDefinition) {
  for (StructuralMaskInterface mask : getExactMasks())
    for (int64_t lq : kLengths)
      for (int64_t lk : kLengths)
        for (int64_t i = 0; i < lq; ++i)
          for (int64_t j = 0; j < lk; ++j)
            EXPECT_EQ(keeps(mask, i, j, {lq, lk}),
                      keepsByDefinition(mask, i, j, {lq, lk}))
                << i << ", " << j << " of " << lq << ", " << lk;
}

TEST_F(MaskAnalysisTest, SizesAndBoundsAtTheirLimits) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  constexpr int64_t bounds[] = {-1, 0, 1, WindowAttr::largestBound};
  constexpr int64_t lengths[] = {1, int64_t(1) << 61, int64_t(1) << 62, most};
  SmallVector<StructuralMaskInterface> masks = getExactMasks();
  for (Alignment alignment : {Alignment::TopLeft, Alignment::BottomRight}) {
    for (int64_t left : bounds)
      for (int64_t right : bounds)
        masks.push_back(WindowAttr::get(&context, left, right, alignment));
    masks.push_back(PrefixAttr::get(&context, most, alignment));
  }
  auto getSamples = [](int64_t length) {
    return std::array{int64_t(0), length / 2, length - 1};
  };
  for (StructuralMaskInterface mask : masks)
    for (int64_t lq : lengths)
      for (int64_t lk : lengths) {
        Attribute simple = mask ? mask.simplify(lq, lk) : mask;
        for (int64_t i : getSamples(lq))
          for (int64_t j : getSamples(lk)) {
            bool expected = keepsByDefinition(mask, i, j, {lq, lk});
            EXPECT_EQ(keeps(mask, i, j, {lq, lk}), expected)
                << i << ", " << j << " of " << lq << ", " << lk;
            EXPECT_EQ(keepsByDefinition(simple, i, j, {lq, lk}), expected);
          }
      }
}

TEST_F(MaskAnalysisTest, BlocksAgreeWithTheirElements) {
  for (StructuralMaskInterface mask : getExactMasks())
    for (int64_t lq : kLengths)
      for (int64_t lk : kLengths)
        for (int64_t i0 = 0; i0 < lq; i0 += 3) {
          MaskShape shape{lq, lk};
          int64_t i1 = std::min(i0 + 3, lq);
          KeyInterval needed = getNeededKeys(mask, i0, i1, shape);
          KeyInterval full = getFullKeys(mask, i0, i1, shape);
          EXPECT_LE(0, needed.begin);
          EXPECT_LE(needed.begin, full.begin);
          EXPECT_LE(full.begin, full.end);
          EXPECT_LE(full.end, needed.end);
          EXPECT_LE(needed.end, lk);
          for (int64_t j = 0; j < lk; ++j) {
            bool any = false, all = true;
            for (int64_t i = i0; i < i1; ++i) {
              any |= keepsByDefinition(mask, i, j, shape);
              all &= keepsByDefinition(mask, i, j, shape);
            }
            EXPECT_TRUE(!any || needed.contains(j));
            if (full.contains(j))
              EXPECT_TRUE(all);
            // Full keys miss none but for empty intervals.
            BlockKind kind = classifyBlock(mask, i0, i1, j, j + 1, shape);
            if (kind == BlockKind::Full)
              EXPECT_TRUE(all);
            if (kind == BlockKind::Empty)
              EXPECT_FALSE(any);
          }
        }
}

/// What operations of constants give.
class Evaluator {
public:
  explicit Evaluator(Type type) : type(type), builder(type.getContext()) {
    builder.setInsertionPointToStart(&block);
  }

  Value constant(int64_t value) {
    return arith::ConstantOp::create(builder, builder.getUnknownLoc(),
                                     builder.getIntegerAttr(type, value));
  }

  int64_t evaluate(Value value) {
    SmallVector<Attribute> operands;
    for (Value operand : value.getDefiningOp()->getOperands())
      operands.push_back(builder.getIntegerAttr(type, evaluate(operand)));
    SmallVector<OpFoldResult> results;
    EXPECT_TRUE(succeeded(value.getDefiningOp()->fold(operands, results)));
    if (auto folded = dyn_cast<Value>(results.front()))
      return evaluate(folded);
    return cast<IntegerAttr>(cast<Attribute>(results.front())).getInt();
  }

  Type type;
  Block block;
  OpBuilder builder;
};

TEST_F(MaskAnalysisTest, ValuesAgreeWithIntegers) {
  context.loadDialect<arith::ArithDialect>();
  constexpr int64_t longest = (int64_t(1) << 29) - 1;
  SmallVector<StructuralMaskInterface> masks = getExactMasks();
  for (Alignment alignment : {Alignment::TopLeft, Alignment::BottomRight}) {
    for (int64_t bound : {longest, int64_t(1) << 31, WindowAttr::largestBound})
      for (auto [left, right] : {std::pair(bound, int64_t(0)), {0, bound}})
        masks.push_back(WindowAttr::get(&context, left, right, alignment));
    masks.push_back(PrefixAttr::get(
        &context, std::numeric_limits<int64_t>::max(), alignment));
  }
  for (Type type :
       {Type(IndexType::get(&context)), Type(IntegerType::get(&context, 32))})
    for (StructuralMaskInterface mask : masks)
      for (int64_t lq : {int64_t(1), int64_t(70), longest})
        for (int64_t lk : {int64_t(0), int64_t(3), int64_t(70), longest})
          for (int64_t i0 : {int64_t(0), lq / 2, lq - 1}) {
            int64_t last = std::min(i0 + 63, lq - 1);
            Evaluator e(type);
            Location loc = e.builder.getUnknownLoc();
            Value first = e.constant(i0), end = e.constant(last);
            Value numQueries = e.constant(lq), numKeys = e.constant(lk);
            KeyIntervalValues needed = buildNeededKeys(
                mask, e.builder, loc, first, end, numQueries, numKeys);
            KeyIntervalValues full = buildFullKeys(
                mask, e.builder, loc, first, end, numQueries, numKeys, needed);
            MaskShape shape{lq, lk};
            KeyInterval expected = getNeededKeys(mask, i0, last + 1, shape);
            KeyInterval expectedFull = getFullKeys(mask, i0, last + 1, shape);
            EXPECT_EQ(e.evaluate(needed.begin), expected.begin);
            EXPECT_EQ(e.evaluate(needed.end), expected.end);
            EXPECT_EQ(e.evaluate(full.begin), expectedFull.begin);
            EXPECT_EQ(e.evaluate(full.end), expectedFull.end);
          }
}

TEST_F(MaskAnalysisTest, CausalBlocksAreExact) {
  auto causal = cast<StructuralMaskInterface>(
      Attribute(CausalAttr::get(&context, Alignment::TopLeft)));
  MaskShape shape{64, 64};
  EXPECT_EQ(classifyBlock(causal, 0, 8, 8, 16, shape), BlockKind::Empty);
  EXPECT_EQ(classifyBlock(causal, 0, 8, 7, 16, shape), BlockKind::Partial);
  EXPECT_EQ(classifyBlock(causal, 8, 16, 0, 9, shape), BlockKind::Full);
  EXPECT_EQ(classifyBlock(causal, 8, 16, 0, 10, shape), BlockKind::Partial);
  EXPECT_EQ(getNeededKeys(causal, 8, 16, shape), (KeyInterval{0, 16}));
  EXPECT_EQ(getFullKeys(causal, 8, 16, shape), (KeyInterval{0, 9}));
}

TEST_F(MaskAnalysisTest, DocumentsAreNeverFull) {
  auto document =
      cast<StructuralMaskInterface>(Attribute(DocumentAttr::get(&context)));
  EXPECT_EQ(classifyBlock(document, 0, 8, 0, 8, {8, 8}), BlockKind::Partial);
  EXPECT_TRUE(keeps(document, 0, 7, {8, 8}, /*sameDocument=*/true));
  EXPECT_FALSE(keeps(document, 0, 7, {8, 8}, /*sameDocument=*/false));
}

TEST_F(MaskAnalysisTest, SimplifyKeepsTheMeaning) {
  for (StructuralMaskInterface mask : getExactMasks()) {
    if (!mask)
      continue;
    for (int64_t lq : kLengths)
      for (int64_t lk : kLengths) {
        Attribute simple = mask.simplify(lq, lk);
        Attribute general =
            mask.simplify(ShapedType::kDynamic, ShapedType::kDynamic);
        for (int64_t i = 0; i < lq; ++i)
          for (int64_t j = 0; j < lk; ++j) {
            bool expected = keepsByDefinition(mask, i, j, {lq, lk});
            EXPECT_EQ(keepsByDefinition(simple, i, j, {lq, lk}), expected);
            EXPECT_EQ(keepsByDefinition(general, i, j, {lq, lk}), expected);
          }
      }
  }
}

TEST_F(MaskAnalysisTest, ConjunctionFlattens) {
  auto causal = cast<StructuralMaskInterface>(
      Attribute(CausalAttr::get(&context, Alignment::TopLeft)));
  auto document =
      cast<StructuralMaskInterface>(Attribute(DocumentAttr::get(&context)));
  StructuralMaskInterface both = getConjunction(causal, document);
  EXPECT_EQ(getMembers(getConjunction(both, causal)).size(), 2u);
  EXPECT_EQ(getConjunction(causal, {}), causal);
  EXPECT_EQ(getConjunction({}, {}), StructuralMaskInterface());
  EXPECT_TRUE(getMembers({}).empty());
}

} // namespace
