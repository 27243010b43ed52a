//===- SelectSchedule.cpp - Tile sizes of every attention -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Dialect/Attn/Utils/Sequences.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSELECTSCHEDULEPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

struct AttnSelectSchedulePass
    : attn::impl::AttnSelectSchedulePassBase<AttnSelectSchedulePass> {
  using AttnSelectSchedulePassBase::AttnSelectSchedulePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    auto emitOptionError = [&]() {
      return emitError(UnknownLoc::get(context)) << "attn-select-schedule: ";
    };
    if (vectorBits < 128 || vectorBits > 2048 ||
        !llvm::isPowerOf2_64(vectorBits))
      return emitOptionError() << "expected vector-bits to be a power of two "
                                  "between 128 and 2048, got "
                               << vectorBits.getValue();
    if (vectorRegisters < 8)
      return emitOptionError()
             << "expected vector-registers to be 8 at least, got "
             << vectorRegisters.getValue();
    if (useAVX512 && vectorBits != 512)
      return emitOptionError() << "expected vector-bits 512 with avx512, got "
                               << vectorBits.getValue();
    if (useBF16Dot && !useAVX512)
      return emitOptionError() << "expected avx512 with bf16-dot";
    if (useAMX && !useAVX512)
      return emitOptionError() << "expected avx512 with amx";
    if (alwaysUseAMX && !useAMX)
      return emitOptionError() << "expected amx with amx-always";
    return success();
  }

  void runOnOperation() override {
    getOperation()->walk([&](SdpaOp op) {
      if (op.getBackend() != Backend::Flash || op.getScheduleAttr())
        return;
      ScheduleInterface schedule = choose(op);
      op.setScheduleAttr(schedule);
      ++numScheduled;
      std::string text;
      llvm::raw_string_ostream(text) << schedule;
      remark::analysis(
          op.getLoc(),
          remark::RemarkOpts::name("Schedule").category("attn-schedule"))
          << text;
    });
  }

private:
  ScheduleInterface choose(SdpaOp op) {
    if (op.isRagged())
      return chooseForSequences(op);
    int64_t numQueries = op.getNumQueries();
    if (numQueries >= 1 && numQueries <= kMaxFewQueries)
      return chooseForFewQueries(op, numQueries, hasManyKeys(op));
    return chooseForTiles(op);
  }

  static bool hasManyKeys(SdpaOp op) {
    int64_t numKeys = op.getNumKeys();
    return ShapedType::isDynamic(numKeys) || numKeys > 2 * kSplitKeys;
  }

  /// Decoding, sequences that fit one vector, and the rest.
  CPURaggedScheduleAttr chooseForSequences(SdpaOp op) {
    int64_t lanes = vectorBits / 32;
    // Heads that share keys are decoded together.
    int64_t numHeads = getSharedHeads(op);
    if (numHeads > getMaxRowQueries(op))
      numHeads = 1;
    return CPURaggedScheduleAttr::get(
        &getContext(), {chooseForFewQueries(op, numHeads, hasManyKeys(op)),
                        chooseForFewQueries(op, lanes, /*splitsKeys=*/false),
                        chooseForTiles(op)});
  }

  CPUScheduleAttr chooseForTiles(SdpaOp op) {
    int64_t numQueries = op.getUsedQueries();
    // Measured (docs/Performance.md): with 32 registers 4 rows x 4 vectors, or
    // 8 x 2 where fewer queries in a group waste less beside a mask's edge;
    // with 16 registers 4 x 2.
    int64_t lanes = vectorBits / 32;
    bool manyRegisters = vectorRegisters >= 32;
    DotUnit dot = getTileDotUnit(op);
    bool wide = manyRegisters && !op.getStructureAttr() && !op.isRagged() &&
                dot != DotUnit::AMX;
    int64_t queryVectors = wide ? 4 : 2;
    int64_t rows = manyRegisters && !wide ? 8 : 4;
    int64_t blockKeys = manyRegisters ? 128 : 64;
    if (dot == DotUnit::AMX)
      blockKeys = chooseTileBlockKeys(op);
    // Lanes behind the last query are wasted.
    if (!ShapedType::isDynamic(numQueries))
      while (queryVectors > 1 && numQueries <= lanes * queryVectors / 2) {
        queryVectors /= 2;
        rows *= 2;
      }
    rows = std::min<int64_t>(rows, manyRegisters ? 16 : 8);
    TileGroups groups = chooseGroups(op, lanes * queryVectors, dot);
    return CPUScheduleAttr::get(&getContext(), lanes, queryVectors, rows, rows,
                                blockKeys, getExp2Form(op, dot), groups.most,
                                dot, /*splitKeys=*/0, /*rowQueries=*/0,
                                groups.minTiles);
  }

  /// Keys of a block whose products are those of tiles.
  int64_t chooseTileBlockKeys(SdpaOp op) {
    int64_t columns = op.getHeadDim() + op.getValueDim();
    // An f16 is two bf16.
    int64_t numParts = op.getQueryType().getElementType().isF16() ? 2 : 1;
    // Such blocks go by in parts: what is in memory of them does not grow with
    // their keys, which stay in the second cache.
    if (isPlain(op) && !op.isRagged())
      return columns * numParts <= 256   ? 1024
             : columns * numParts <= 512 ? 512
                                         : 256;
    // Sums go through memory once a block; but scratch memory grows.
    return (op.getStructureAttr() || columns > 256 ? 256 : 512) / numParts;
  }

  /// Whether nothing but products is in the logits of keys that all queries of
  /// a group see.
  static bool isPlain(SdpaOp op) {
    StructuralMaskInterface structure = op.getStructureAttr();
    return !op.getMask() && !op.hasKeepRegion() && !op.getBias() &&
           !op.hasScoreRegion() && !op.getSoftcap() && !op.getSinks() &&
           !op.getMaxScores() && op.getConstantScale().value_or(0) > 0 &&
           (!structure || structure.isExact());
  }

  /// Whether keys and values of a head stay in the second cache and nothing is
  /// done to logits, of which two parts of a block are in memory then: one
  /// group takes all of its keys before the next one (docs/Performance.md).
  bool isSmallAndPlain(SdpaOp op) {
    constexpr int64_t kHeadBytes = 512 << 10;
    int64_t columns = op.getHeadDim() + op.getValueDim();
    int64_t numKeys = op.getNumKeys();
    return op.getQueryType().getElementType().isBF16() && columns <= 256 &&
           !ShapedType::isDynamic(numKeys) &&
           numKeys <= kHeadBytes / (2 * columns) && !op.isRagged() &&
           !op.isMasked() && isPlain(op);
  }

  /// How many groups a tile has at most, and, where sizes are not known, how
  /// many tiles there are to be before it has as many.
  struct TileGroups {
    int64_t most, minTiles;
  };

  /// Groups share what is copied of a block, and read it from the nearest
  /// cache; but tiles must be enough for many threads, and a tile's queries and
  /// outputs stay in the second cache.
  TileGroups chooseGroups(SdpaOp op, int64_t groupQueries, DotUnit dot) {
    constexpr int64_t kTileQueries = 256, kTileBytes = 256 << 10;
    if (dot == DotUnit::AMX && isSmallAndPlain(op))
      return {1, 0};
    int64_t queryBytes = 4 * (op.getHeadDim() + op.getValueDim());
    uint64_t numHeads = 1;
    bool isKnown = !ShapedType::isDynamic(op.getNumQueries());
    for (int64_t size : op.getOutputType().getShape().drop_back(2)) {
      if (ShapedType::isDynamic(size))
        isKnown = false;
      else
        numHeads = llvm::SaturatingMultiply<uint64_t>(numHeads, size);
    }
    // Each tile converts or transposes keys and values that are not f32, those
    // of f16 for AMX most.
    Type type = op.getQueryType().getElementType();
    int64_t minTiles = type.isF32()                          ? 64
                       : type.isF16() && dot == DotUnit::AMX ? 16
                                                             : 32;
    auto isTooLarge = [&](int64_t tileQueries) {
      if (tileQueries > kTileQueries || tileQueries * queryBytes > kTileBytes)
        return true;
      if (!ShapedType::isDynamic(op.getNumQueries()) &&
          op.getNumQueries() <= tileQueries / 2)
        return true;
      return isKnown &&
             llvm::SaturatingMultiply<uint64_t>(
                 numHeads, llvm::divideCeil(op.getNumQueries(), tileQueries)) <
                 uint64_t(minTiles);
    };
    int64_t groups = 1;
    while (!isTooLarge(2 * groups * groupQueries))
      groups *= 2;
    return {groups, isKnown || groups == 1 ? 0 : minTiles};
  }

  /// Decoding: bound by memory, and too few tiles for many threads unless keys
  /// are split.
  CPUScheduleAttr chooseForFewQueries(SdpaOp op, int64_t numQueries,
                                      bool splitsKeys) {
    int64_t lanes = vectorBits / 32;
    bool manyRegisters = vectorRegisters >= 32;
    int64_t splitKeys = splitsKeys ? kSplitKeys : 0;
    int64_t queryVectors = llvm::divideCeil(numQueries, lanes);
    int64_t rowQueries = numQueries <= getMaxRowQueries(op) ? numQueries : 0;
    // Sums stay in registers; rows divide a block.
    int64_t sums = manyRegisters ? 16 : 8;
    int64_t rows =
        llvm::bit_floor<uint64_t>(std::max<int64_t>(sums / queryVectors, 1));
    if (rowQueries && !manyRegisters)
      rows = 12;
    // Columns in lanes read memory row by row: several rows at once halve the
    // rate, and while memory is what counts, so do long turns of keys and
    // values (measured: docs/Performance.md).
    int64_t keyRows = rowQueries ? 1 : rows;
    int64_t blockKeys = rowQueries ? 16 : 64;
    DotUnit dot = rowQueries ? DotUnit::FMA
                             : getDotUnit(op.getQueryType().getElementType());
    return CPUScheduleAttr::get(&getContext(), lanes, queryVectors, keyRows,
                                rows, blockKeys, getExp2Form(op, dot),
                                /*queryGroups=*/1, dot, splitKeys, rowQueries,
                                /*minTiles=*/0);
  }

  /// How many queries have columns in lanes: as many as there are lanes, but
  /// products of pairs or tiles make up for lanes without a query.
  int64_t getMaxRowQueries(SdpaOp op) const {
    int64_t lanes = vectorBits / 32;
    Type type = op.getQueryType().getElementType();
    return getDotUnit(type) == DotUnit::FMA ? lanes : lanes / 2;
  }

  /// An error that all probabilities of a row share cancels in its output, but
  /// neither in a log-sum-exp nor beside a sink.
  Exp2Form getExp2Form(SdpaOp op, DotUnit dot) const {
    if (!useAVX512)
      return Exp2Form::Portable;
    bool isExact = dot == DotUnit::FMA || op.getLse() || op.getSinks() ||
                   !op.getQueryType().getElementType().isBF16();
    return isExact ? Exp2Form::AVX512 : Exp2Form::AVX512Short;
  }
  DotUnit getDotUnit(Type type) const {
    if (useAMX && (type.isBF16() || type.isF16()))
      return DotUnit::AMX;
    return useBF16Dot && type.isBF16() ? DotUnit::BF16 : DotUnit::FMA;
  }

  /// With AMX, f16 is converted to twice as many numbers and multiplied three
  /// times. Where few queries share what is converted, that wins nothing on one
  /// thread, and on 16 takes twice the time (measured: docs/Performance.md).
  DotUnit getTileDotUnit(SdpaOp op) const {
    Type type = op.getQueryType().getElementType();
    DotUnit dot = getDotUnit(type);
    int64_t maxSize = op.getStructureAttr() ? 256 : 128;
    auto isFew = [&](int64_t size) {
      return !ShapedType::isDynamic(size) && size <= maxSize;
    };
    bool isSmall = isFew(op.getNumQueries()) && isFew(op.getNumKeys());
    return type.isF16() && isSmall && !alwaysUseAMX ? DotUnit::FMA : dot;
  }

  static constexpr int64_t kMaxFewQueries = 16;
  static constexpr int64_t kSplitKeys = 512;
};

} // namespace
