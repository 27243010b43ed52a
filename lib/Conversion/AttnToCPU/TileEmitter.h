//===- TileEmitter.h - The flash kernel of one query tile -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Emits the body of the function that computes attention for one tile of
// queries of one head, by the online softmax of FlashAttention (Dao et al.,
// 2022), with queries in vector lanes: logits are kept transposed, S^T[key]
// [query] = K Q^T, so that the row maximum and the row sum are vectors and
// neither keys nor values are packed in f32.
//
// A tile is made of groups, each as wide as a register tile. Blocks of keys are
// the outer loop: what is copied of a block, converted or packed, serves all
// groups.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOCPU_TILEEMITTER_H
#define ATTN_LIB_CONVERSION_ATTNTOCPU_TILEEMITTER_H

#include "attn/Conversion/Utils/KernelBuilder.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/IR/IRMapping.h"
#include <deque>
#include <functional>

namespace mlir::attn {

/// The arguments of a tile function: the matrices and vectors of one head. Null
/// where the op has no such operand.
struct TileArguments {
  /// [Lq, D], [Lk, D], [Lk, Dv].
  Value query, key, value;
  /// [Lq or 1, Lk or 1].
  Value bias, mask;
  /// [Lq or 1], [Lk or 1].
  Value queryDocuments, keyDocuments;
  /// [Lq, Dv], [Lq], [Lq].
  Value output, lse, maxScores;
  /// Float scalars.
  Value scale, sink;
  /// How many keys are in use, not negative, or null.
  Value keyLength;
  /// All keys in tiles, [keys][D], parts of 32 keys behind one another, and all
  /// values, [tiles][Dv][keys], or null. Of the function that packs them: where
  /// those of a block go; it has no output.
  Value packedKey, packedValue;
  /// The first query of the tile, and the indices (b..., h) of the head.
  Value firstQuery;
  /// How many queries a tile has, whole groups, or null: as the schedule says.
  Value tileQueries;
  SmallVector<Value> leading;
  /// Of a function for a part of the keys: where its result goes, and its first
  /// key. Of the function that puts parts together: all parts, no key. Of the
  /// one that packs values: no part, the first key of a block.
  /// [parts?][2 + Dv][Lq]: maximum, sum, unnormalized output.
  Value partial, firstKey;
  /// Values that the regions of the op capture, mapped into the function.
  IRMapping captured;
  /// Whether the rows of the query are one query of several heads, which
  /// nothing but these rows tells apart.
  bool sharesHeads = false;
};

/// The largest of some vectors, in as few steps as can be.
Value emitMaximum(KernelBuilder &b, SmallVector<Value> vectors);

class TileEmitter {
public:
  /// The insertion point of `builder` must be in the entry block of the tile
  /// function: scratch memory is allocated there.
  TileEmitter(KernelBuilder &builder, SdpaOp op, CPUScheduleAttr schedule,
              const TileArguments &arguments);

  void emit();

  /// What stands between products of tiles that are not in a loop: some vectors
  /// after each, or none, and stores of the sums of those before.
  struct Between {
    std::function<void()> emitVectors;
    std::deque<std::function<void()>> stores;

    /// One of them before a tile register is needed for another sum. It takes
    /// the unit as long as a product, which need not wait for all.
    void emitStore() {
      if (stores.empty())
        return;
      stores.front()();
      stores.pop_front();
    }
    void emitStores() {
      while (!stores.empty())
        emitStore();
    }
  };

private:
  /// A vector of f32 for every `lanes` queries of a group.
  using LaneVectors = SmallVector<Value>;

  /// Rows of f32 as long as this have an eighth of the sets of a first cache of
  /// 32 kB: no more than 64 of them have a line there each.
  static constexpr int64_t kSharedSetColumns = 128;

  /// The keys of a block that one group takes.
  struct Block {
    /// The first key, and its row in what was copied of the block.
    Value firstKey, firstRow, numKeys;
    /// Whether there may be keys that a query does not see.
    bool masked;
    /// Whether a value is NaN or infinite; null if not masked.
    Value hasNonFinite;
  };

  //===--- TileEmitter.cpp: the tile, its key blocks, its end -------------===//

  /// Runs the body for every group of queries that are there.
  void forEachGroup(function_ref<void()> body);
  void emitFactor();
  void emitInitialState();
  void emitGroupIntervals();
  void emitKeyBlocks();
  void emitGroup(Value firstKey, Value end, Value hasNonFinite);
  void emitMaskedUnless(Value isFull, Block block);
  void emitSections(const Block &block, Value firstKey, Value end,
                    Value fullBegin, Value fullEnd);
  std::pair<Value, Value> emitMaskedRows(Value firstKey, Value numKeys,
                                         const KeyIntervalValues &full);
  void emitBlock(Block block);
  Value emitExponential(Value logit, Value max, Exp2Form form);
  Value emitSafeMax(Value max);
  Value emitAnyLane(ArrayRef<Value> predicates);
  Value emitReference(Value oldMax, Value newMax);
  Value emitRescale(Value oldMax, Value max);
  LaneVectors emitProbabilities(const Block &block, ArrayRef<Value> newMax);
  void emitOutput();
  void emitRowResults(ArrayRef<Value> max, ArrayRef<Value> sum, Value numRows);
  void emitUniformRows(ArrayRef<Value> isMaskedRow);

  //===--- LogitEmitter.cpp: K Q^T and what follows it, per logit ---------===//

  /// Computes the logits of a block into `probabilities`; returns the new
  /// row maxima.
  LaneVectors emitLogits(const Block &block);
  LaneVectors emitLogitRows(const Block &block, Value row, int64_t numRows,
                            ValueRange maxima);
  LaneVectors emitLogitRange(const Block &block, Value begin, Value end,
                             ValueRange maxima);
  void emitMissingLogits(Value firstRow, Value numRows);
  Value emitScore(Value logit, Value key, Value row, int64_t v);
  Value emitPredicate(const Block &block, Value key, Value row, int64_t v);
  Value emitBias(Value key, Value row, int64_t v);

  //===--- ProductEmitter.cpp: register tiles of both products ------------===//

  /// The products of `numRows` keys with the queries of the group.
  SmallVector<Value> emitKeyProducts(const Block &block, Value row,
                                     int64_t numRows);
  /// sums + V^T P^T for `numRows` columns of the values from `firstColumn` on.
  SmallVector<Value> emitValueProducts(const Block &block, Value firstColumn,
                                       int64_t numRows, ValueRange sums);
  /// The same, but no value meets a probability of zero.
  SmallVector<Value> emitCheckedValueProducts(const Block &block,
                                              Value firstColumn,
                                              int64_t numRows, ValueRange sums);
  /// Stores two rows of probabilities as pairs of bf16.
  void emitPairOfProbabilities(Value first, Value second, Value pair,
                               int64_t v);

  //===--- RowEmitter.cpp: columns in lanes, for few queries --------------===//

  SmallVector<Value> emitKeyRowProducts(const Block &block, Value row,
                                        int64_t numRows);
  void emitRowValues(const Block &block, Value alpha, bool checked);
  void emitRowColumns(const Block &block, Value firstColumn, int64_t numVectors,
                      Value alpha, bool checked);
  void emitRowTail(const Block &block, Value alpha, bool checked);
  /// outputT = transpose(outputRows).
  void emitRowOutput();

  //===--- Prefetches.cpp: rows that will be needed -----------------------===//

  void emitPrefetches();
  /// Whether few queries read what is in memory.
  bool prefetchesKeys();
  void emitKeyPrefetches(Value source, Value firstKey, Value numRows);
  void emitValuePrefetches(const Block &block, Value row, int64_t numRows);
  void emitNextKeyPrefetches(const Block &block, Value firstColumn,
                             int64_t numColumns);

  //===--- AMXEmitter.cpp: products in tile registers ---------------------===//

  void allocateTiles();
  /// Values into tiles, zeros behind the last key.
  void emitValueTiles(Value firstKey, Value numKeys);
  /// The same for a block, by itself, and its keys.
  void emitPackedOperands();
  Value emitLiesInTiles();
  void emitPackedKeys();
  /// Keys that tiles are loaded from: a block in place, if its last tile is
  /// whole there, or a copy.
  void emitKeyTiles(Value firstKey, Value numKeys);
  SmallVector<std::pair<int64_t, int64_t>> getProducts(bool ofLogits);
  /// The row of packed keys that those from `key` on, a whole tile, begin at.
  Value getPackedRow(Value key) {
    return isSplit() ? b.mul(key, b.index(3)) : key;
  }
  /// Where a part of a tile of values is.
  Value getValuePart(Value tile, int64_t part) {
    return isSplit() ? b.add(b.mul(tile, b.index(3)), part) : tile;
  }
  /// K Q^T of 32 keys of a block, into rows of logits from one on; with what
  /// stands between.
  void emitTileKeyProducts(const Block &block, Value row, Value logitRow,
                           Between *between = nullptr);
  /// outputT = alpha * outputT + V^T P^T over the keys of a block.
  void emitTileValues(const Block &block, ArrayRef<Value> alpha);
  void emitRescaledOutput(ArrayRef<Value> alpha);
  Value getValueTile(const Block &block, Value row);
  /// outputT += V^T P^T over tiles of values and pairs of probabilities, for
  /// some columns of the values.
  void emitTileOutput(Value firstTile, Value firstPair, Value numTiles,
                      Value firstColumn, int64_t numColumnTiles,
                      Between *between = nullptr);
  void emitTileColumns(Value firstTile, Value firstPair, Value numTiles,
                       Value firstColumn, int64_t numColumnTiles,
                       Between *between = nullptr);

  //===--- AMXPipeline.cpp: exponentials beside tile products -------------===//

  /// A part of a block: its first row there, how many it has and how many the
  /// next part has, and where the logits of both are.
  struct KeyPart {
    Value row, numRows, numNext, firstRow, nextFirstRow;
  };
  /// The values that outputs of a group have: of all keys of a block before
  /// `begin`, but in columns from `column` on not those of the last turn of
  /// these. The probabilities of a turn that begins there are `firstPair` and
  /// those behind it.
  struct Progress {
    Value begin, column, firstPair;
  };
  using Power = function_ref<Value(Value logit, int64_t v)>;
  LaneVectors emitTileMaxima(Value firstRow, Value numRows);
  Value emitTilePair(Value firstRow, Value firstPair, Value pair, int64_t v,
                     Value sum, Power getPower);
  void emitTurnColumns(const Block &block, const Progress &progress,
                       Value firstColumn, Between *between = nullptr);
  void emitTurnBefore(const Block &block, Progress &progress);
  void emitPending(const Block &block, Progress progress, Value end);
  Progress emitTileReference(const Block &block, Progress progress, Value row,
                             ArrayRef<Value> maxima, LaneVectors &reference);
  /// Two rows of a part, vector `v`, and what they add to.
  using PairEmitter =
      function_ref<void(Value pair, int64_t v, SmallVector<Value> &state)>;
  SmallVector<Value> emitMixedPart(const Block &block, const KeyPart &part,
                                   const Progress &progress, bool hasTurnBefore,
                                   ValueRange inits, PairEmitter emitPair);
  SmallVector<Value> emitMixedParts(const Block &block, const KeyPart &part,
                                    Progress &progress, ValueRange inits,
                                    PairEmitter emitPair);
  SmallVector<Value> emitPairs(Value numRows, ValueRange inits,
                               PairEmitter emitPair);
  void emitNextProducts(const Block &block, const KeyPart &part);
  SmallVector<Value> emitPowerPart(const Block &block, const KeyPart &part,
                                   Progress &progress, ArrayRef<Value> maxima);
  LaneVectors emitWholeMaxima(Value firstRow, Value numRows);
  /// Where the pairs of a part are.
  Value getFirstPair(const KeyPart &part, const Progress &progress) {
    return b.add(progress.firstPair,
                 b.div(b.sub(part.row, progress.begin), b.index(2)));
  }
  void emitTileBlock(const Block &block);
  /// Keys of a part; logits of two parts are in memory. Where values are not
  /// multiplied in between, a part would wait for its logits to be stored.
  int64_t getPartKeys() {
    return std::min<int64_t>(blockKeys, mixesValues() ? 32 : 64);
  }
  int64_t getValueTiles() { return llvm::divideCeil(valueDim, 16); }
  /// Parts of a turn, whose values are multiplied at once, an equal share of
  /// columns beside every part of the next turn: sums of outputs are loaded and
  /// stored once a turn.
  int64_t getTurnParts() {
    return getValueTiles() % 4 == 0 && blockKeys >= 8 * getPartKeys() ? 2 : 1;
  }
  /// Without products beside them a turn is as long as its probabilities and
  /// outputs stay in the nearest cache.
  int64_t getTurnKeys() {
    constexpr int64_t kMaxTurnKeys = 512;
    return mixesValues()
               ? getTurnParts() * getPartKeys()
               : std::min(blockKeys, kMaxTurnKeys / getNumProbabilityParts());
  }
  /// Whether products with keys are few enough to stand beside exponentials
  /// without a loop, and those with values.
  bool isMixed() {
    return llvm::divideCeil(headDim, 32) * getNumParts() <= 16 &&
           blockKeys >= 128;
  }
  bool mixesValues() { return isMixed() && valueDim <= 64; }

  //===--- AMXWords.cpp: probabilities by arithmetic on 16 bits -----------===//

  /// Whether probabilities are made as words: where bf16 is all they become.
  bool makesWords() {
    return isMixed() && schedule.getExp2() == Exp2Form::AVX512Short;
  }
  LaneVectors emitWordOffsets();
  SmallVector<Value> emitWordState();
  void emitWordPair(Value firstRow, Value firstPair, Value pair, int64_t v,
                    Value offset, SmallVector<Value> &state);
  Value emitAreWordsWrong(ArrayRef<Value> state);
  SmallVector<Value> emitCarefulPart(const Block &block, const KeyPart &part,
                                     Progress progress);
  SmallVector<Value> emitWordPart(const Block &block, const KeyPart &part,
                                  Progress &progress);

  //===--- SplitEmitter.cpp: parts of the keys ----------------------------===//

  void emitPartial();
  void emitCombined();

  //===--- ValueEmitter.cpp: V^T P^T --------------------------------------===//

  void emitValues(const Block &block, ArrayRef<Value> alpha);
  void emitValueRows(const Block &block, Value firstColumn, int64_t numRows,
                     ArrayRef<Value> alpha, bool checked);

  //===--- Packing.cpp: copies into and out of scratch memory -------------===//

  Value allocate(ArrayRef<int64_t> shape, Type elementType);
  void allocateScratch();
  void emitQuery();
  void emitLaneData();
  /// Copies what a block needs of keys and values: f32 of what is narrower, or
  /// pairs.
  void emitCopiedBlock(Value firstKey, Value numKeys);
  Value emitGatheredRows(Value source, Value scratch, Value firstKey,
                         Value numKeys);
  void emitValuePairs(Value firstKey, Value numKeys);
  void emitZeroColumns(Value matrix, Value row);
  /// Whether a value in these rows of a block is NaN or infinite. Pairs begin
  /// with an even row.
  Value emitHasNonFinite(Value firstKey, Value row, Value numRows);
  /// Brings the block's bias or mask, [query][key], into [key][query].
  void emitTransposedBlock(Value source, Value scratch, Value firstKey,
                           Value numKeys);
  /// A row of query or key in bf16, zeros behind its last column, parts
  /// `distance` rows behind one another.
  void emitPairedRow(Value src, Value srcRow, Value dst, Value dstRow,
                     int64_t distance);
  /// dst[dstRow...][0:size] = convert(src[srcRow][srcColumn:+size]) * factor,
  /// or a part of it.
  void emitRowCopy(Value src, Value srcRow, Value srcColumn, Value dst,
                   ValueRange dstRow, Value size, Value factor = {},
                   int64_t part = 0);
  /// dst[c][r], of the group if it has groups, = src[getSource(r, c)] for all
  /// queries r of a group and columns [begin, end), in squares of `lanes`.
  void emitTranspose(Value src, Value dst, Value begin, Value end,
                     function_ref<SmallVector<Value>(Value, Value)> getSource);
  /// The query that lane `r` of the group stands for: lanes behind the last
  /// query repeat it.
  Value getClampedQuery(Value r);
  /// Its position, which masks and biases go by, that of a query of the tile,
  /// and the number of positions.
  Value getLanePosition(Value r) { return getPosition(getClampedQuery(r)); }
  Value getPosition(Value query) {
    return args.sharesHeads ? b.index(0) : query;
  }
  Value getNumPositions() { return args.sharesHeads ? b.index(1) : numQueries; }

  //===--- Small questions ------------------------------------------------===//

  Value getLaneOffset(int64_t v) { return b.index(v * lanes); }
  /// Indices of vector `v` of a row in scratch memory [group][row][query].
  SmallVector<Value> at(Value row, int64_t v) {
    return {group, row, getLaneOffset(v)};
  }
  /// Whether bf16 is multiplied in pairs, and whether in tile registers.
  bool isPaired() { return schedule.getDot() != DotUnit::FMA; }
  bool isTiled() { return schedule.getDot() == DotUnit::AMX; }
  /// Whether operands of tile registers are parts of f16 in bf16: the high one,
  /// the low one, and the high one with zeros for what is not finite, which the
  /// other operand's low part is multiplied by. Probabilities have no third.
  bool isSplit() {
    return isTiled() && op.getQueryType().getElementType().isF16();
  }
  enum Part { kHigh, kLow, kFinite };
  int64_t getNumParts() { return isSplit() ? 3 : 1; }
  int64_t getNumProbabilityParts() { return isSplit() ? 2 : 1; }
  Value getPart(Value value, int64_t part);
  /// Where a part of the group's queries is.
  Value getQueryPart(int64_t part) {
    return isSplit() ? b.add(b.mul(group, b.index(3)), part) : group;
  }
  /// Whether the maximum in the state of a row may be less than that of its
  /// logits: beside tile registers it takes longest to rescale sums.
  bool isLazy() { return isTiled() && !args.maxScores; }
  /// Whether values have been packed before, and whether this packs them.
  bool isPacked() { return bool(args.packedValue); }
  bool isPacking() { return isPacked() && !args.output; }
  /// Keys that are multiplied at once with probabilities.
  Value getNumPairs(Value numKeys) {
    return b.mul(b.ceilDiv(numKeys, getKeyStep()), b.index(getKeyStep() / 2));
  }
  int64_t getKeyStep() { return isTiled() ? 32 : isPaired() ? 2 : 1; }
  /// Whether columns are in lanes: they must be adjacent for that.
  bool hasRows();
  bool isPart() { return args.partial && args.firstKey; }
  bool isCombination() { return args.partial && !args.firstKey; }
  /// Whether values are copied block by block, and whether keys are.
  bool copiesValues() {
    return !op.getQueryType().getElementType().isF32() && !hasRows();
  }
  bool copiesKeys();
  int64_t getBlockColumns();
  /// Whether a block of keys or values in f32 is copied where its rows lie
  /// apart, as in [B, L, H, D]: a block of them fits the first cache, but in
  /// steps of some kilobytes has few of its sets, and is read by every group.
  bool gathersRows(Value source);
  /// Whether rows are apart too that are a multiple of kSharedSetColumns long.
  bool spreadsRows(Value source);
  /// Whether a bias or mask, [Lq or 1, Lk or 1], differs between keys.
  static bool dependsOnKey(Value operand) {
    return cast<MemRefType>(operand.getType()).getDimSize(1) != 1;
  }
  StructuralMaskInterface getStructure() { return op.getStructureAttr(); }
  /// Whether every block needs mask code: something is decided per element.
  bool isAlwaysMasked();
  /// Whether some block may need mask code.
  bool isEverMasked() { return op.isMasked(); }

  KernelBuilder &b;
  SdpaOp op;
  CPUScheduleAttr schedule;
  const TileArguments &args;

  int64_t lanes, numVectors, groupQueries, blockKeys;
  int64_t headDim, valueDim;
  /// Zero without a softcap.
  double softcap;
  /// Logits and their maxima are in units of log 2 if nothing between the
  /// product (or the softcap) and the softmax needs natural units: the scale,
  /// or the softcap, is multiplied by log2(e).
  bool foldsLog2e;
  /// They are products, not scaled, if nothing else is done to those that tile
  /// registers left in memory.
  bool isUnscaled;
  /// Their unit, in units of log 2 and in natural ones.
  double unitInLog2, unitInNatural;
  /// Whether the scale is divided by the softcap.
  bool foldsSoftcap = false;

  Value numQueries, numKeys, tileQueries;
  /// The scale, a scalar. Applied to the query, or to logits where the query
  /// must stay bf16.
  Value factor;
  /// The group at work and its first query.
  Value group, groupFirst;
  /// The keys that a group needs, and those that all its queries see:
  /// [group][2] each; null without a structural mask.
  Value neededKeys, fullKeys;

  /// [group][D][queries], [group][Dv][queries]; of pairs, i32 for every two
  /// rows of D.
  Value queryT, outputT;
  /// With columns in lanes: [queries][D], [queries][Dv].
  Value queryRows, outputRows;
  /// [keys][queries], and pairs of its rows.
  Value probabilities, probabilityPairs;
  /// [group][2][queries]: running maximum and sum.
  Value rowState;
  /// [queries][columns]: for copies between rows and transposed scratch, in f32
  /// and in bf16.
  Value rows, pairRows;
  /// What is copied of a block, or null. Keys: [keys][D] in f32, or in bf16
  /// with an even number of columns; values: [keys][Dv] in f32, or a row of i32
  /// for every two keys.
  Value keyBlock, valueBlock;
  /// The rows of a block, wherever they lie; null if they are not gathered.
  Value gatheredKeys, gatheredValues;
  /// With tiles: pairs of queries and of probabilities again, as bf16; keys of
  /// a block; values, [keys / 32][Dv][keys], of a block or, if packed, all.
  Value queryHalves, probabilityHalves, keyTiles, valueTiles;
  /// Transposed bias and mask: [keys][queries], or [group][1][queries] if they
  /// do not depend on the key; null if absent or independent of the query.
  Value biasT, maskT;
  /// i32 ends of each query's key interval, i64 document ids:
  /// [group][1][queries].
  Value intervalBegin, intervalEnd, documents;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOCPU_TILEEMITTER_H
