//===- HopperSchedule.cpp - The cost model of Hopper ----------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The cost model, for one multiprocessor of a Hopper GPU:
//
// - Registers: logits (S), probabilities (P) and outputs (O) of 64 rows take
//   BN/2, BN/4 and Dv/2 registers of a thread, and some 32 more are needed.
//   Three consumers have 160 registers each, two 232 (240 do not fit the
//   producer).
// - What is computed for each element takes registers of all elements at once,
//   since ptxas begins to read early. It can do without them if it is one thing
//   (a bias, a mask, documents in any order, or a region); of two, blocks
//   have 64 keys at most. Then the work on elements is so much that smaller
//   blocks cost little.
// - The exponentials of a block take as long as its products at D = 64 and half
//   as long at D = 128: one consumer's products must hide the softmax of
//   others, which at D = 64 takes three consumers.
// - Shared memory: two stages of keys and values, three at D = 64, then the
//   queries twice, so that the next tile's arrive early.
// - Under a causal mask tiles of several heads are handed out together, longest
//   rows first. Many heads are even, few share the L2 cache: 2^16 keys in all.
//   Half of a block on the diagonal saves time where nothing else goes on.
//   Tiles of documents take any time, and have few keys: 32 heads.
// - Windows, documents and sequences of their own leave a tile few blocks, of
//   which one or two have an edge: 64 keys, which waste half as much there, in
//   128 KiB or so of stages. Three consumers hide more of a tile's ends where
//   registers allow it (H200, D = 128, a window of 1024 keys: 1.03 times as
//   fast with two consumers as before, 1.08 with three; of 256 keys 1.14). With
//   a structure consumers need different blocks, and take no turns: those of a
//   block that a consumer skips would bind it to the others (1.01 to 1.05).
//
//===----------------------------------------------------------------------===//

#include "CostModel.h"

using namespace mlir;
using namespace mlir::attn;

/// The keys of a block, `maxKeys` at most, that leave room in registers and
/// shared memory.
static int64_t chooseBlockKeys(SdpaOp op, const KernelSchedule &partial,
                               int64_t maxKeys, int64_t maxSharedBytes) {
  int64_t registers = partial.consumerRegisters, valueDim = op.getValueDim();
  if (countElementSources(op) > 1)
    maxKeys = 64;
  // Not 80, which divide neither a tile nor most lengths: D256 loses 1 to 4% by
  // what they waste.
  for (int64_t keys : {128, 112, 96, 64, 48, 32, 16}) {
    if (keys > maxKeys)
      continue;
    KernelSchedule schedule = partial;
    schedule.blockKeys = keys;
    completeSchedule(schedule);
    int64_t needed = keys / 2 + keys / 4 + valueDim / 2 + 32;
    if (needed <= registers && schedule.getSharedBytes() <= maxSharedBytes)
      return keys;
  }
  return 0;
}

/// Whether nothing but a causal mask is there.
static bool isPlainlyCausal(SdpaOp op, const ScheduleOptions &options) {
  return isa_and_present<CausalAttr>(op.getStructureAttr()) && !op.isRagged() &&
         countElementSources(op) == 0 && !options.hasFewQueries;
}

/// Whether keys often end in the first half of a block: where their number is
/// known to the GPU alone, and on a diagonal, up to D = 128. With what is
/// decided per element, a block takes too many instructions to be there twice;
/// and with a structure, ragged batches have blocks of 64 keys, whose halves
/// save less than the choice costs.
static bool narrowsBlocks(SdpaOp op, const ScheduleOptions &options,
                          const KernelSchedule &schedule) {
  if (isPlainlyCausal(op, options) && !schedule.isWide())
    return true;
  bool isKnownLate =
      op.getKeyLengths() || (op.isRagged() && !op.getStructureAttr());
  return isKnownLate && !op.getQueryDocuments() && !op.getMask() &&
         !op.getBias() && !op.hasScoreRegion() && !op.hasKeepRegion();
}

FailureOr<KernelSchedule>
attn::chooseHopperSchedule(SdpaOp op, const ScheduleOptions &options,
                           KernelSchedule schedule) {
  bool isSmall = schedule.isSmall();
  int64_t numQueries = op.getUsedQueries();
  bool isStatic = !ShapedType::isDynamic(numQueries);

  // What is decided per element takes registers.
  StructuralMaskInterface structure = op.getStructureAttr();
  constexpr int64_t kFar = int64_t(1) << 30;
  bool hasDocuments = structure && !structure.isExact();
  bool hasOwnElements = countElementSources(op) > hasDocuments;
  bool hasLeftEdge =
      structure && (hasDocuments ||
                    structure.getKeyInterval(kFar, kFar, kFar).begin > -kFar);
  bool isWide = schedule.isWide();
  bool hasFewBlocks =
      (hasLeftEdge || op.isRagged()) && !hasOwnElements && !isWide;

  schedule.consumers = options.consumers;
  if (schedule.consumers == 0) {
    // A tile of 192 queries wastes much of a short causal row.
    bool isShort =
        isStatic && numQueries < (op.isMasked() && !hasFewBlocks ? 2048 : 512);
    bool hasRoom = hasFewBlocks || (isSmall && !hasOwnElements && !hasLeftEdge);
    // Where tiles are too few, there are more of 128, which is evener.
    bool areTilesFew = options.splitsKeys.value_or(false);
    schedule.consumers = hasRoom && !isShort && !areTilesFew ? 3 : 2;
    if (options.hasFewQueries || (isStatic && numQueries <= 64))
      schedule.consumers = needsTwoConsumers(op, options) ? 2 : 1;
  }
  switch (schedule.consumers) {
  case 1:
    schedule.producerRegisters = 56;
    schedule.consumerRegisters = 256;
    break;
  case 2:
    schedule.producerRegisters = 40;
    schedule.consumerRegisters = 232;
    break;
  case 3:
    schedule.producerRegisters = 32;
    schedule.consumerRegisters = 160;
    break;
  default:
    return op.emitError("expected 1 to 3 consumers, got ")
           << schedule.consumers;
  }
  // A split often has no keys of a row, which the maximum tells where no
  // interval of keys does.
  bool needsMaximum =
      op.getMaxScores() || (schedule.splitsKeys && countElementSources(op) > 0);
  schedule.softmax = options.softmax.value_or(
      needsMaximum ? SoftmaxForm::Standard : SoftmaxForm::Optimistic);
  if (failed(verifySoftmax(op, schedule)))
    return failure();
  if (options.stages != 0)
    schedule.stages = options.stages;
  else if (hasFewBlocks)
    schedule.stages = isSmall ? 6 : 4;
  else
    schedule.stages = isSmall && schedule.consumers == 3 ? 3 : 2;
  schedule.queryStages = options.queryStages != 0 ? options.queryStages : 1;
  // Heads that share a section share the L2 cache, which must hold what is read
  // of their keys at a time; larger sections are evener.
  schedule.sectionHeads = options.sectionHeads;
  if (schedule.sectionHeads == 0 && isPlainlyCausal(op, options))
    schedule.sectionKeys = isSmall ? 1 << 17 : 1 << 16;
  else if (schedule.sectionHeads == 0)
    schedule.sectionHeads = hasDocuments ? 32 : structure ? 16 : 1;
  // Where consumers have blocks of their own, they should not wait for one
  // another at the ends of a tile.
  schedule.takesTurns = options.turns.value_or(!(hasFewBlocks && structure)) &&
                        schedule.consumers > 1;

  schedule.blockKeys =
      options.blockKeys != 0
          ? options.blockKeys
          : chooseBlockKeys(op, schedule, hasFewBlocks ? 64 : 128,
                            options.maxSharedBytes);
  if (schedule.blockKeys == 0)
    return op.emitError("no room for a block of 16 keys with ")
           << schedule.stages << " stages and " << schedule.queryStages
           << " tiles of " << schedule.getTileRows() << " queries";
  if (failed(verifyBlockKeys(op, schedule)))
    return failure();
  schedule.narrowKeys = schedule.blockKeys;
  if (options.narrowsBlocks.value_or(narrowsBlocks(op, options, schedule)))
    schedule.narrowKeys = llvm::alignTo(schedule.blockKeys / 2, 16);
  // Tensor cores have less to read then, which counts where products are small.
  schedule.holdsQueries = options.holdsQueries.value_or(
      hasFewBlocks && isSmall && schedule.blockKeys <= 64);
  completeSchedule(schedule);
  // The queries a second time if there is room.
  if (options.queryStages == 0) {
    KernelSchedule twice = schedule;
    twice.queryStages = 2;
    if (twice.getSharedBytes() <= options.maxSharedBytes)
      schedule = twice;
  }
  if (failed(verifySharedBytes(op, schedule, options)))
    return failure();
  // A tensor map has one type, and does not end where a sequence or a group of
  // heads does.
  bool mustStore =
      op.isRagged() || schedule.splitsKeys || schedule.packsHeads ||
      op.getOutputType().getElementType() != op.getQueryType().getElementType();
  // With one tile of queries, the next can come while outputs are stored.
  schedule.storesOutput =
      mustStore || options.storesOutput.value_or(schedule.queryStages == 1);
  if (mustStore && !options.storesOutput.value_or(true))
    return op.emitError("outputs of another type, of ragged batches, of split "
                        "keys and of several heads in a tile are stored from "
                        "registers");
  schedule.outputAlignment = chooseAlignment(op.getOutput());
  return schedule;
}
