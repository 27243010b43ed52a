//===- KernelEmitter.h - The body of a GPU kernel -------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Emits a persistent kernel of one producer and several consumer warpgroups
// (FlashAttention-3, Shah et al., 2024). The producer copies tiles of queries
// and blocks of keys and values into rings of buffers; a consumer computes 64
// rows of a tile: logits S = Q K^T of the next block are in flight while the
// output O += P V of the last one is, and the softmax of the one overlaps the
// other.
//
// Or, for GPUs without Hopper's units (AmpereEmitter.cpp), a kernel that
// computes one tile, in which all threads copy and compute.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELEMITTER_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELEMITTER_H

#include "DeviceBuilder.h"
#include "KernelArguments.h"
#include "Schedule.h"

namespace mlir::attn {

class KernelEmitter {
public:
  /// The insertion point of `builder` must be in the body of the kernel.
  KernelEmitter(DeviceBuilder &builder, SdpaOp op,
                const KernelSchedule &schedule,
                const KernelArguments &arguments);

  void emit();
  /// Emits the kernel that fills `documentRanges`: one block of threads for
  /// each tile of queries of each batch.
  void emitDocumentScan();
  static constexpr int64_t kScanWarpgroups = 4, kRangeWords = 4;
  /// Emits the kernel that merges splits: `mergeThreads`, which share the
  /// columns of the output, for each query of each head.
  void emitMerge();

  /// Whether outputs are stored in pieces of several elements, so that their
  /// alignment counts.
  static bool storesRows(SdpaOp op, const KernelSchedule &schedule);

private:
  /// What is known of the keys in a range that may be of some queries'
  /// documents: all are of their only document; all are of their documents,
  /// which do not descend; or nothing.
  enum DocumentOrder : int64_t { kOneDocument, kAscending, kAnyOrder };
  struct DocumentRange {
    Value begin, end, order;
  };
  /// Where a tile is, and which blocks of keys it needs.
  struct Tile {
    /// The first query, the head and key head, the batch indices.
    Value firstQuery, head, keyHead;
    SmallVector<Value> batch;
    /// Of a tile of several heads, of which `head` is the first and each has
    /// `queriesPerHead` rows at most: the number of heads. Else null.
    Value numHeads;
    /// The queries, and the keys in use.
    Value numQueries, numKeys;
    /// Which of the splits of its keys it has; null if there are none.
    Value split;
    /// Of a ragged batch: the sequence whose queries and keys are meant, and
    /// the rows where they begin. Else null.
    Value sequence, queryRow, keyRow;
    /// The ranges of its documents, as in a message; empty without documents.
    SmallVector<Value> documentWords;
    /// That of the rows of this consumer; null in the producer.
    DocumentRange documents;
    /// The first key and the end of each row's document, of each consumer of
    /// this warpgroup.
    SmallVector<std::pair<Value, Value>> documentRows;
    /// Blocks [begin, end) are loaded. Of these, this consumer needs [ownBegin,
    /// ownEnd), and [fullBegin, fullEnd) need no mask.
    Value begin, end, ownBegin, ownEnd, fullBegin, fullEnd;
    /// The end of the keys that it needs of block ownEnd - 1.
    Value ownKeyEnd;

    /// What the producer has of all that, in one order, and the same with other
    /// values.
    SmallVector<Value> getValues() const;
    Tile getWith(ValueRange values) const;
  };
  /// What a consumer carries from block to block.
  struct State {
    Value output, probabilities, maximum, sum, slot;
    SmallVector<Value> getValues() const {
      return {output, probabilities, maximum, sum, slot};
    }
    /// What is left of it behind the last block.
    SmallVector<Value> getResults() const {
      return {output, maximum, sum, slot};
    }
    static State get(ValueRange values) {
      return {values[0], values[1], values[2], values[3], values[4]};
    }
  };

  // A message to consumers begins with the number of a tile, with kCareful
  // added for a tile that is computed again; kDrain, behind which deferred
  // tiles are known; or negative: the end.
  static constexpr int64_t kDrain = int64_t(1) << 28;
  static constexpr int64_t kCareful = int64_t(1) << 29;

  //===--- TileEmitter.cpp: where a tile is, and what it needs
  //-----------------------===//

  /// A tile and, of a ragged batch, its sequence.
  using TileNumber = SmallVector<Value, 2>;
  /// The number of a tile, or what else there is to say, and where the tile is.
  using Message = SmallVector<Value>;

  /// The tile of a number; the sequence of a ragged batch may be missing.
  Tile emitTile(const TileNumber &number);
  Tile emitTileOrAny(const TileNumber &number);
  Tile emitHead(Value batchHead, Value numHeads);
  void emitHeadsOfTile(Tile &tile);
  Tile emitPlace(Value rowTile, Value batchHead, Value sequence);
  Value emitRowTile(Value number, Value &batchHead);
  Value emitFirstTile(Value sequence);
  Value emitSearch(Value rowTile);
  Value emitSequence(Tile &tile, Value rowTile, Value sequence);
  Value emitClampedLoad(const TensorArgument &tensor, ArrayRef<Value> indices,
                        Value low, Value high);
  KeyIntervalValues emitNeededKeys(const Tile &tile,
                                   const DocumentRange &documents, Value first,
                                   Value last);
  void emitKeyBlocks(Tile &tile);
  void emitSplitBlocks(Tile &tile);
  void emitOwnBlocks(Tile &tile);
  void forEachPlaceField(Tile &tile, function_ref<void(Value &)> fn);
  Message getMessage(Value number, Tile tile);
  Tile getTileWithoutValues();
  size_t getNumWords();
  Tile emitTileOfMessage(ValueRange message);

  //===--- KernelEmitter.cpp: memory and the producer
  //-----------------------===//

  void allocate();
  TileNumber getTileNumber(Value number);
  TileNumber emitClaim();
  void emitProducer();
  Value emitTileLoads(const Tile &tile, Value slot,
                      function_ref<void()> emitQueries,
                      function_ref<void()> emitBetween);
  void emitLoad(Value map, Value operand, const Tile &tile, Value row,
                Value head, Value slabs, Value firstSlab, int64_t numSlabs,
                Value pipe, Value slot, attn_gpu::Eviction eviction);
  void emitQueryAcquire(Value slot);
  void emitQueryLoad(const Tile &tile, Value slot);
  void emitKeyLoad(const Tile &tile, Value block, Value slot);
  void emitValueLoad(const Tile &tile, Value block, Value slot);
  SmallVector<Value> getCoordinates(Value operand, Value column, Value row,
                                    Value head, ArrayRef<Value> batch);

  //===--- DocumentEmitter.cpp: keys of a tile's documents
  //-----------------===//

  Value getRange(Value batch, Value rowTile);
  void emitDocumentRanges(Tile &tile, Value range);
  DocumentRange getDocumentsOfTile(const Tile &tile);
  DocumentRange getDocumentsOfConsumer(const Tile &tile);
  void emitDocumentRows(Tile &tile);
  Value emitDocumentPredicates(const Tile &tile, Value logits, Value firstKey);
  Value emitDocumentLoad(const TensorArgument &documents, const Tile &tile,
                         Value row);
  Value emitDistance(Value document, Value base);
  struct ScannedQueries {
    Value base, low, high;
  };
  ScannedQueries emitScanOfQueries(const Tile &tile, Value first, int64_t count,
                                   Value lane);
  void emitScanOfTile(const Tile &tile, Value range);
  void emitScannedKey(const ScannedQueries &queries, const Tile &tile,
                      Value key, Value document, Value behind, Value isKey,
                      MutableArrayRef<Value> words);

  //===--- ConsumerEmitter.cpp: the schedule of a consumer
  //-----------------===//

  void emitConsumer();
  Message emitReceive(Value tileSlot);
  SmallVector<Value> emitConsumerTile(ValueRange message, Value tileSlot,
                                      Value slot, Value querySlot);
  State emitBlocks(const Tile &tile, Value queries, Value slot,
                   Value querySlot);
  Value emitSkippedBlocks(const Tile &tile, Value begin, Value end, Value slot,
                          bool isBehind);
  SmallVector<Value> emitFastBlocks(const Tile &tile, Value queries, Value slot,
                                    Value querySlot);
  SmallVector<Value> emitNoBlocks(Value slot, Value querySlot);
  State emitFirstBlock(const Tile &tile, Value queries, Value slot,
                       Value querySlot);
  void emitStoredRelease(Value querySlot);
  void emitQueryRelease(Value querySlot);
  void emitUnreadRelease(Value pipe, Value slot);
  struct Rows {
    Value maximum, negatedMaximum, alpha, sum;
    /// Of the lazy softmax: whether the maximum was raised, a row of i1.
    Value isRaised;
  };
  Rows emitRows(Value logits, Value maximum, Value sum);
  Value emitRescaledOutput(Value output, const Rows &rows);
  State emitStep(const Tile &tile, Value queries, State state, Value block,
                 Value adds, bool masked);
  Value getTileOfSlot(Value ring, Value slot);
  /// The first `columns` of a block.
  Value emitLogitProduct(Value queries, Value tile, int64_t columns);
  /// Added to `output`; not if `adds` is there and false.
  Value emitOutputProduct(Value probabilities, Value tile, Value output,
                          Value adds);
  Value emitProbabilities(Value logits, Value negatedMaximum);
  /// Of every `every`-th column that a thread holds.
  Value emitBlockMaximum(Value logits, int64_t every = 1);
  /// The maximum to be subtracted: zero for a row that has seen no key.
  Value getSafe(Value maximum);
  Value pack(Value fragment);
  Value rescale(Value fragment, Value factor);

  //===--- AmpereEmitter.cpp: a kernel for any GPU since sm_80
  //-------------===//

  void allocateAmpere();
  void emitAmpere();
  void emitRowCopy(const TensorArgument &tensor, const Tile &tile, Value head,
                   Value row, Value count, ArrayRef<Value> target,
                   int64_t columns, int64_t alignment, bool ofHeads);
  void emitKeyCopy(const Tile &tile, Value block);
  void emitValueCopy(const Tile &tile, Value block);
  /// An operand of one part, or high and low ones.
  using Parts = SmallVector<Value, 2>;
  SmallVector<Value> emitMma(ArrayRef<Parts> lhs, ArrayRef<Value> rhs,
                             ValueRange accumulators, int64_t columns,
                             IntegerAttr depth);
  Parts emitCarefulTiles(Value ring, Value firstRow);
  Value emitCarefulProduct(Value firstRow);
  SmallVector<Value> emitAmpereCarefulPart(const Tile &tile, Value block,
                                           Value firstRow, ValueRange carried);
  Parts emitParts(Value probabilities);
  /// Outputs, maxima and sums of some consumers, one after the other.
  using Consumers = SmallVector<Value>;
  Consumers getEmptyConsumers(int64_t count);
  Consumers emitAmpereBlocks(const Tile &tile);
  /// `ifMasked`, which may be null: whether it is, known late.
  Consumers emitAmpereStep(const Tile &tile, Value block, ValueRange consumers,
                           bool masked, Value ifMasked);
  Consumers emitAmpereCareful(Tile tile);
  Parts getQueryTile(Value consumer);
  void selectConsumer(int64_t number);

  //===--- CarefulEmitter.cpp: tiles that need care
  //------------------------------===//

  /// A tile that is computed again for the mean of all values needs all blocks.
  /// `isCareful` may be null: it is.
  void widen(Tile &tile, Value isCareful);
  /// Whether what is rare has little code rather than fast code. Not in kernels
  /// of warps, whose loops fill the registers: ptxas makes up to 10% slower
  /// ones beside other code. But bf16x3 at D128, which takes longest to
  /// compile, loses little.
  bool savesCode();
  /// How many keys are taken at once, of which a block has a multiple: code for
  /// what is rare should be small.
  int64_t getCarefulKeys();
  /// Their rows of a tile of keys or values.
  Value emitCarefulTile(Value tile, Value firstRow);
  State emitCarefulBlocks(const Tile &tile, Value queries, Value slot);
  /// Output, maximum and sum with the keys of a block from `firstRow` on.
  /// `emitBetween`: when the keys are multiplied.
  SmallVector<Value> emitCarefulPart(const Tile &tile, Value queries,
                                     Value slot, Value block, Value firstRow,
                                     ValueRange carried,
                                     function_ref<void()> emitBetween);
  Value emitCarefulExp(Value difference);
  Rows emitCarefulRows(Value logits, Value maximum, Value sum);
  Value emitCarefulProbabilities(const Tile &tile, Value logits, Value maximum,
                                 Value firstKey);
  Value emitCarefulRescale(Value output, Value alpha);
  /// What `carried`, output, maximum and sum, becomes with the logits of a
  /// product, and their probabilities, which the output does not have yet.
  struct CarefulRows {
    Value probabilities, output, maximum, sum;
  };
  CarefulRows emitCarefulSoftmax(const Tile &tile, Value product,
                                 Value firstKey, ValueRange carried);

  //===--- EpilogueEmitter.cpp: the end of a tile
  //---------------------------===//

  Value emitIsOff(const Tile &tile, Value sum, Value output, Value maximum);
  void emitDeferral(const Tile &tile, Value number, Value isCareful,
                    const State &state);
  void emitEpilogue(const Tile &tile, const State &state, Value slot);
  void emitWholeRows(const Tile &tile, const State &state, Value slot);
  /// The reciprocal of a row's sum, by which the output is multiplied, the
  /// row's log-sum-exp and its maximum.
  /// `maxScore`: the row's greatest logit, where `maximum` is not that.
  SmallVector<Value> emitNormalizers(Value maximum, Value sum, Value sink,
                                     Value maxScore = Value());
  /// That of a head, or of a query where heads are queries.
  Value emitSink(Value head);
  void emitCopiedOutput(const Tile &tile, Value output, Value slot);
  void emitStoredOutput(const Tile &tile, Value output);
  void emitOutputStore(Value value, ArrayRef<Value> indices);
  void emitRowStores(const Tile &tile, Value rows, const TensorArgument &target,
                     function_ref<SmallVector<Value>(const Tile &)> getIndices);

  //===--- SplitEmitter.cpp: splits of the keys of a tile
  //-------------------===//

  Value getBatchHead(const Tile &tile);
  void emitMergedRow(Value row, Value thread);
  void emitSplitRows(const Tile &tile, const State &state);

  //===--- LogitEmitter.cpp: from a product to logits
  //----------------------===//

  /// Applies all that stands between the product and the softmax. Its first
  /// column is key `firstKey`.
  Value emitLogits(const Tile &tile, Value product, Value firstKey,
                   bool masked);
  Value emitSoftcap(Value product, Value scale);
  Value emitScore(const Tile &tile, Value product, Value i, Value j);
  Value emitElements(const Tile &tile, Value product, Value firstKey,
                     bool masked);
  Value emitIntervals(const Tile &tile, Value logits, Value firstKey);
  Value emitPredicate(const Tile &tile, Value i, Value j);
  Value emitAddress(const TensorArgument &tensor, ArrayRef<Value> indices);
  /// The distance of rows, and of heads; zero where there is one.
  Value getRowStride(const TensorArgument &tensor) {
    return getStride(tensor, 2);
  }
  Value getHeadStride(const TensorArgument &tensor) {
    return getStride(tensor, 3);
  }
  Value getStride(const TensorArgument &tensor, int64_t dimFromEnd);
  Value emitElementLoad(const TensorArgument &tensor, ArrayRef<Value> indices);
  SmallVector<Value> getIndices(const Tile &tile, Value i, Value j);
  /// The row of a packed tensor that has query `i` or key `j` of the tile.
  Value getQueryRow(const Tile &tile, Value i) {
    return tile.queryRow ? b.add(tile.queryRow, i) : i;
  }
  Value getKeyRow(const Tile &tile, Value j) {
    return tile.keyRow ? b.add(tile.keyRow, j) : j;
  }
  /// The indices (b..., h) in such a tensor, and (b..., h, row, column).
  SmallVector<Value> getHeadIndices(const Tile &tile, Value head);
  SmallVector<Value> getRowIndices(const Tile &tile, Value head, Value row,
                                   Value column);
  Value emitRegion(Region &region, const Tile &tile, Value logit, Value i,
                   Value j);
  /// The query of row `i` of this consumer's fragments, and key `j` behind a
  /// first one; clamped if memory is read at them.
  Value getQuery(const Tile &tile, Value i, bool clamp);
  /// The tile with the head of row `i` of this consumer's fragments, or of the
  /// last one there is; and whether there is such a row.
  Tile getTileOfRow(const Tile &tile, Value i);
  Value isRow(const Tile &tile, Value i);
  /// The first head and query of this consumer, and how many rows are there.
  Value getFirstHead(const Tile &tile);
  Value getFirstQuery(const Tile &tile);
  Value getNumRows(const Tile &tile);
  Value getClampedRow(const Tile &tile, Value i);
  Value getHeadOfRow(Value row);
  Value getKey(const Tile &tile, Value firstKey, Value j, bool clamp);

  //===--- Small questions
  //-------------------------------------------------===//

  /// Whether something is decided per element in every block. Documents are
  /// known to leave some whole.
  bool isAlwaysMasked() { return op.getMask() || op.hasKeepRegion(); }
  bool isEverMasked();
  /// Whether logits are products, to be multiplied by `factor` in the
  /// exponential. Maxima are then in units of log 2; else logits and maxima are
  /// natural, so that finite logits up to the end of the range stay finite.
  bool areLogitsScaled() { return !factor; }
  /// exp2 of a difference in the units of the maxima.
  Value emitExp(Value difference);
  /// Whether the structure masks keys below some index.
  bool hasLeftBound();
  /// Whether the right edge of the mask is in one block only for the 64 rows of
  /// a consumer, the one that comes first.
  bool hasOneRightBlock();
  /// Whether there may be masked blocks before those that need no mask.
  bool hasLeftEdge() { return hasLeftBound() || args.documentRanges; }
  /// Whether the copy of an output may end under the next tile: it is made from
  /// the memory of the queries, of which there is another then.
  bool releasesLate() {
    return schedule.queryStages == 2 && !schedule.storesOutput;
  }
  /// Whether consumers of a tile need different blocks of keys: by the mask, or
  /// because a sequence ends within the tile.
  bool hasOwnBlocks() {
    return (structure || op.isRagged()) && schedule.isHopper() &&
           schedule.consumers > 1 && !schedule.packsHeads;
  }
  /// Whether consumers may have no rows and nothing else keeps them from
  /// blocks. With two consumers, up to D = 128, the others gain no more by that
  /// than the branch costs.
  bool hasIdleConsumers() {
    if (hasOwnBlocks() || !schedule.isHopper() || schedule.packsHeads)
      return false;
    int64_t numQueries = op.getUsedQueries();
    bool fillsTiles =
        !ShapedType::isDynamic(numQueries) &&
        llvm::divideCeil(numQueries, attn_gpu::FragmentType::kRows) %
                schedule.consumers ==
            0;
    return !fillsTiles && schedule.consumers > (schedule.isWide() ? 1 : 2);
  }
  bool skipsBlocks() { return hasOwnBlocks() || hasIdleConsumers(); }
  /// Whether the queries of the next tile are loaded before the last values of
  /// this one, into memory of their own: a consumer that is done with its
  /// blocks before the others are goes on. With two stages of blocks, the
  /// values are waited for; the documents of a tile are known late.
  bool loadsQueriesEarly() {
    return schedule.queryStages > 1 && schedule.stages > 2 &&
           !args.documentRanges;
  }
  /// Whether the first product of values writes the output, so that nothing has
  /// to be there: two instructions less for each register, but one more in each
  /// step. At Dv = 256 registers are spilled for that, and causal masks without
  /// other bounds lose more than they win.
  bool beginsUnwritten() {
    return schedule.paddedValueDim <= 128 &&
           (!structure || hasLeftEdge() || op.isRagged());
  }
  /// Whether the last block of all tiles may or may not have all its keys, and
  /// nothing else is masked or computed for each logit.
  bool mayLackKeys() {
    return ShapedType::isDynamic(op.getNumKeys()) && !op.isMasked() &&
           !op.isRagged() && !areLogitsScaled();
  }
  /// Of how many columns of the first block one is looked at for the maximum,
  /// while nothing else goes on. The optimistic softmax needs no more than a
  /// guess: bf16 and f32 have 2^60 to spare. f16 has 2^16, which a key that a
  /// query is all about, often its own, may exceed.
  int64_t getSampling() {
    return isOptimistic() && !elementType.isF16() ? 4 : 1;
  }
  /// Whether rows without keys are the mean of all values.
  bool isUniform() { return op.getMaskedRow() == MaskedRow::Uniform; }
  bool isLazy() { return schedule.softmax == SoftmaxForm::Lazy; }
  bool isOptimistic() { return schedule.softmax == SoftmaxForm::Optimistic; }
  /// Keys and values of a head stay in the cache for its other tiles.
  attn_gpu::Eviction getKeyEviction() {
    return schedule.readsKeysOnce ? attn_gpu::Eviction::First
                                  : attn_gpu::Eviction::Last;
  }
  /// Whether a tile may need no block at all.
  bool mayBeEmpty();

  DeviceBuilder &b;
  SdpaOp op;
  const KernelSchedule &schedule;
  const KernelArguments &args;
  StructuralMaskInterface structure;

  Type elementType;
  /// The columns of outputs are a multiple of 8.
  int64_t headDim, valueDim, blockKeys;
  /// scale * log2(e), or null.
  Value factor;
  /// Rings of tiles, and the same memory as a ring of slabs of 64 columns.
  /// On Ampere a ring of keys or values has the parts of one block.
  Value queries, keys, values, querySlabs, keySlabs, valueSlabs;
  Value queryPipe, keyPipe, valuePipe, tilePipe;
  /// The list of deferred tiles in global memory.
  Value deferred;
  /// The number of this consumer, and on Ampere of the first of its warpgroup,
  /// and which of these it is.
  Value warpgroup, firstConsumer;
  int64_t consumerOfWarpgroup = 0;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_KERNELEMITTER_H
