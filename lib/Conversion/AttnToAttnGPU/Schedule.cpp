//===- Schedule.cpp - Choices of a GPU kernel ------------------ *- C++ -*-===//
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
// - The exponentials of a block take as long as its products at D = 64 and half
//   as long at D = 128: one consumer's products must hide the softmax of
//   others, which at D = 64 takes three consumers.
// - Shared memory: two stages of keys and values, then the queries twice, so
// that
//   the next tile's arrive early.
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn;

std::optional<SoftmaxForm> attn::symbolizeSoftmaxForm(StringRef text) {
  if (text == "standard")
    return SoftmaxForm::Standard;
  if (text == "optimistic")
    return SoftmaxForm::Optimistic;
  return std::nullopt;
}

StringRef attn::stringifySoftmaxForm(SoftmaxForm form) {
  return form == SoftmaxForm::Standard ? "standard" : "optimistic";
}

static constexpr int64_t kMaxSharedBytes = 232448;

/// Sizes that follow from the others.
static void complete(KernelSchedule &schedule) {
  int64_t queryColumns = std::max(schedule.paddedDim, schedule.paddedValueDim);
  schedule.queryTileBytes = 64 * queryColumns * 2;
  schedule.keyTileBytes = schedule.blockKeys * schedule.paddedDim * 2;
  schedule.valueTileBytes = schedule.blockKeys * schedule.paddedValueDim * 2;
}

/// The keys of a block that leave room in registers and shared memory.
static int64_t chooseBlockKeys(const KernelSchedule &partial, int64_t valueDim,
                               bool hasDiagonal) {
  int64_t registers = partial.consumerRegisters;
  for (int64_t keys : {128, 112, 96, 80, 64, 48, 32, 16}) {
    // Blocks that do not divide a tile waste more of a diagonal than they save.
    if (hasDiagonal && keys < 96 && keys > 64)
      continue;
    KernelSchedule schedule = partial;
    schedule.blockKeys = keys;
    complete(schedule);
    int64_t needed = keys / 2 + keys / 4 + valueDim / 2 + 32;
    if (needed <= registers && schedule.getSharedBytes() <= kMaxSharedBytes)
      return keys;
  }
  return 0;
}

FailureOr<KernelSchedule> attn::chooseSchedule(SdpaOp op,
                                               const ScheduleOptions &options) {
  KernelSchedule schedule;
  int64_t valueDim = op.getValueDim();
  schedule.paddedDim = llvm::alignTo(op.getHeadDim(), 64);
  schedule.paddedValueDim = llvm::alignTo(valueDim, 64);
  bool isSmall = schedule.paddedDim == 64 && schedule.paddedValueDim == 64;
  int64_t numQueries = op.getNumQueries();
  bool isStatic = !ShapedType::isDynamic(numQueries);

  // What is decided per element, and a second bound, take registers.
  StructuralMaskInterface structure = op.getStructureAttr();
  constexpr int64_t kFar = int64_t(1) << 30;
  bool isPlain = !op.getMask() && !op.getBias() && !op.hasScoreRegion() &&
                 !op.hasKeepRegion() &&
                 (!structure ||
                  (structure.isExact() &&
                   structure.getKeyInterval(kFar, kFar, kFar).begin <= -kFar));

  schedule.consumers = options.consumers;
  if (schedule.consumers == 0) {
    // A tile of 192 queries wastes much of a short causal row.
    bool isShort = isStatic && numQueries < (op.isMasked() ? 2048 : 512);
    schedule.consumers = isSmall && isPlain && !isShort ? 3 : 2;
    if (isStatic && numQueries <= 64)
      schedule.consumers = 1;
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
  schedule.softmax = options.softmax.value_or(SoftmaxForm::Optimistic);
  // A logit of -inf hides a value, too.
  schedule.isolatesValues =
      op.isMasked() || op.getBias() || op.hasScoreRegion();
  schedule.stages = options.stages != 0 ? options.stages : 2;
  schedule.queryStages = options.queryStages != 0 ? options.queryStages : 1;
  schedule.sectionHeads = options.sectionHeads;
  if (schedule.sectionHeads == 0)
    schedule.sectionHeads = op.getStructureAttr() ? 16 : 1;
  schedule.takesTurns = options.turns.value_or(true) && schedule.consumers > 1;

  schedule.blockKeys =
      options.blockKeys != 0
          ? options.blockKeys
          : chooseBlockKeys(schedule, valueDim, bool(structure));
  if (schedule.blockKeys < 16 || schedule.blockKeys > 256 ||
      schedule.blockKeys % 16 != 0)
    return op.emitError(
               "expected blocks of 16 to 256 keys in steps of 16, got ")
           << schedule.blockKeys;
  complete(schedule);
  // The queries a second time if there is room.
  if (options.queryStages == 0) {
    KernelSchedule twice = schedule;
    twice.queryStages = 2;
    if (twice.getSharedBytes() <= kMaxSharedBytes)
      schedule = twice;
  }
  if (schedule.getSharedBytes() > kMaxSharedBytes)
    return op.emitError("the schedule needs ")
           << schedule.getSharedBytes() << " bytes of shared memory, "
           << kMaxSharedBytes << " are there";
  return schedule;
}

std::string attn::describeSchedule(const KernelSchedule &schedule) {
  return llvm::formatv(
             "tile {0}x{1}, {2} consumers, {3} stages, {4} of queries, {5} "
             "softmax, sections of {6} heads, {7}turns, {8}/{9} registers, "
             "{10} "
             "bytes of shared memory",
             schedule.getTileQueries(), schedule.blockKeys, schedule.consumers,
             schedule.stages, schedule.queryStages,
             stringifySoftmaxForm(schedule.softmax), schedule.sectionHeads,
             schedule.takesTurns ? "" : "no ", schedule.producerRegisters,
             schedule.consumerRegisters, schedule.getSharedBytes())
      .str();
}
