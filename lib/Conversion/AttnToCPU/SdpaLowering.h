//===- SdpaLowering.h - Loops around tile functions -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOCPU_SDPALOWERING_H
#define ATTN_LIB_CONVERSION_ATTNTOCPU_SDPALOWERING_H

#include "attn/Conversion/Utils/KernelBuilder.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Utils/Sequences.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::attn {

/// A value from above that a tile function needs: passed as an argument, or
/// cloned if it is a constant.
struct Captures {
  SmallVector<Value> arguments;
  SmallVector<Operation *> constants;
};

/// Lowers one op: a parallel loop over (head, tile of queries) that calls a
/// tile function. If keys are split, a loop over (head, part of the keys) and
/// one over heads that puts parts together.
class SdpaLowering {
public:
  SdpaLowering(SdpaOp op, SymbolTable &symbols);

  /// The schedules that a kernel is made for; none if the op has no schedule
  /// for CPUs.
  static SmallVector<CPUScheduleAttr> getSchedules(SdpaOp op);

  LogicalResult lower();

private:
  /// The values of one head that a tile function takes, in the order of its
  /// arguments; null where absent.
  struct HeadOperands {
    Value query, key, value, bias, mask, queryDocuments, keyDocuments, output,
        lse, maxScores, scale, sink, partial, firstKey, keyLength, packedKey,
        packedValue, tileQueries;
    /// Of the tile function's arguments.
    bool sharesHeads = false;
    SmallVector<Value *> getAll() {
      return {
          &query,          &key,          &value,      &bias,     &mask,
          &queryDocuments, &keyDocuments, &output,     &lse,      &maxScores,
          &scale,          &sink,         &partial,    &firstKey, &keyLength,
          &packedKey,      &packedValue,  &tileQueries};
    }
  };
  /// A sequence of a ragged batch.
  struct Sequence {
    Value index;
    SequenceRows queries, keys;
  };

  /// The tiles of one head of a ragged batch, how many states of parts these
  /// have, and how many queries those of the last schedule.
  struct TileTable {
    Value rows, numTiles, numStates, tileQueries;
  };
  /// One of them: the head, the first query or, of a part, key, where its state
  /// is, and the keys of its sequence.
  struct TileOfHead {
    Value head, first, state, numKeys;
  };

  //===--- AttnToCPU.cpp: heads, tiles and parts --------------------------===//

  Value getLogitDimSize(int64_t dim);
  Value getHeadSlice(Value source, int64_t numTrailing, ValueRange leading,
                     bool isKeyHead);
  HeadOperands getHeadOperands(ValueRange leading,
                               const Sequence *sequence = nullptr);
  func::FuncOp createTileFunction(HeadOperands operands, int64_t numLeading);
  void setOptimization(func::FuncOp function);
  LogicalResult callTileFunction(HeadOperands operands, ValueRange leading,
                                 Value firstQuery);
  SmallVector<Value> getLeading(Value head);
  Value getNumHeads();
  Value getTileQueries(CPUScheduleAttr schedule, Value numQueries);
  LogicalResult lowerTiles();
  LogicalResult lowerParts();
  bool lowerEmpty();

  //===--- PackedOperands.cpp: keys and values in tiles -------------------===//

  bool packsOperands();
  bool packsKeys();
  Value allocatePacked(Value source, int64_t numColumns, bool isTransposed);
  LogicalResult packOperands();

  //===--- SequenceLowering.cpp: ragged batches ---------------------------===//

  Sequence getSequence(Value index);
  void sliceSequence(HeadOperands &operands, const Sequence &sequence);
  SmallVector<Value> getRegionIndices(ValueRange leading, Value sequence);
  bool sharesHeads(CPUScheduleAttr schedule);
  Value getScheduleIndex(Value numQueries);
  void shareHeads(HeadOperands &operands, ValueRange leading,
                  const Sequence &sequence);
  Value getNumParts(Value index, Value numKeys);
  TileTable createTileTable();
  void fillRest();
  LogicalResult forEachTile(
      const TileTable &table, bool isCombining,
      function_ref<LogicalResult(HeadOperands, ValueRange, const TileOfHead &)>
          body);
  LogicalResult lowerSequences();

  SdpaOp op;
  SmallVector<CPUScheduleAttr> schedules;
  /// The one that kernels are made for.
  CPUScheduleAttr schedule;
  SymbolTable &symbols;
  OpBuilder opBuilder;
  KernelBuilder b;
  Captures captures;
  /// Keys and values of all heads in tiles, or null.
  Value packedKeys, packedValues;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOCPU_SDPALOWERING_H
