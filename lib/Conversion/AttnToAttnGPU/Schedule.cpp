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

#include "Schedule.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn;

std::optional<SoftmaxForm> attn::symbolizeSoftmaxForm(StringRef text) {
  if (text == "standard")
    return SoftmaxForm::Standard;
  if (text == "lazy")
    return SoftmaxForm::Lazy;
  if (text == "optimistic")
    return SoftmaxForm::Optimistic;
  return std::nullopt;
}

StringRef attn::stringifySoftmaxForm(SoftmaxForm form) {
  switch (form) {
  case SoftmaxForm::Standard:
    return "standard";
  case SoftmaxForm::Lazy:
    return "lazy";
  case SoftmaxForm::Optimistic:
    return "optimistic";
  }
  llvm_unreachable("unknown form of the softmax");
}

std::optional<F32Product> attn::symbolizeF32Product(StringRef text) {
  if (text == "bf16x3")
    return F32Product::BF16x3;
  if (text == "tf32")
    return F32Product::TF32;
  return std::nullopt;
}

StringRef attn::stringifyF32Product(F32Product product) {
  return product == F32Product::BF16x3 ? "bf16x3" : "tf32";
}

/// "Compute capabilities" in the CUDA C++ programming guide.
int64_t attn::getMaxSharedBytes(unsigned number) {
  constexpr int64_t kKiB = 1024;
  if (number == 80 || number == 87)
    return 163 * kKiB;
  if (number >= 90 && number < 120)
    return 227 * kKiB;
  return 99 * kKiB;
}

/// Sizes that follow from the others.
static void complete(KernelSchedule &schedule) {
  int64_t queryColumns = std::max(schedule.paddedDim, schedule.paddedValueDim);
  // Outputs go through the memory of queries on Hopper only.
  if (!schedule.isHopper())
    queryColumns = schedule.paddedDim;
  int64_t bytes = schedule.getElementBytes() * schedule.parts;
  schedule.queryTileBytes = 64 * queryColumns * bytes;
  schedule.keyTileBytes = schedule.blockKeys * schedule.paddedDim * bytes;
  schedule.valueTileBytes =
      schedule.blockKeys * schedule.paddedValueDim * bytes;
}

static LogicalResult verifyBlockKeys(SdpaOp op,
                                     const KernelSchedule &schedule) {
  if (schedule.blockKeys < 16 || schedule.blockKeys > 256 ||
      schedule.blockKeys % 16 != 0)
    return op.emitError(
               "expected blocks of 16 to 256 keys in steps of 16, got ")
           << schedule.blockKeys;
  return success();
}

/// The other forms do not know the maximum of a row.
static LogicalResult verifySoftmax(SdpaOp op, const KernelSchedule &schedule) {
  if (op.getMaxScores() && schedule.softmax != SoftmaxForm::Standard)
    return op.emitError("row maxima need the standard softmax");
  return success();
}

static LogicalResult verifySharedBytes(SdpaOp op,
                                       const KernelSchedule &schedule,
                                       const ScheduleOptions &options) {
  if (schedule.isHopper() &&
      schedule.getPipesEnd() > KernelSchedule::kTilesOffset)
    return op.emitError("the schedule needs ")
           << schedule.getPipesEnd() << " bytes for barriers, "
           << KernelSchedule::kTilesOffset << " are there";
  if (schedule.getSharedBytes() > options.maxSharedBytes)
    return op.emitError("the schedule needs ")
           << schedule.getSharedBytes() << " bytes of shared memory, "
           << options.maxSharedBytes << " are there";
  return success();
}

/// How many things of its own each element of the logits has: a bias, a place
/// in a mask, a region; and two documents, which are compared only if they do
/// not ascend, but by code in the same loop.
static int64_t countElementSources(SdpaOp op) {
  StructuralMaskInterface structure = op.getStructureAttr();
  return llvm::count(ArrayRef<bool>{bool(op.getBias()), op.hasScoreRegion(),
                                    bool(op.getMask()), op.hasKeepRegion(),
                                    structure && !structure.isExact()},
                     true);
}

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
    complete(schedule);
    int64_t needed = keys / 2 + keys / 4 + valueDim / 2 + 32;
    if (needed <= registers && schedule.getSharedBytes() <= maxSharedBytes)
      return keys;
  }
  return 0;
}

/// The bytes that a copy of rows of `memref` moves at a time: as many as divide
/// the row and, where they are known, the strides. What is not known is checked
/// on the host.
static int64_t chooseAlignment(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return type.getElementTypeBitWidth() / 8;
  SmallVector<int64_t> distances(ArrayRef(strides).drop_back());
  distances.push_back(type.getShape().back());
  distances.push_back(offset);
  int64_t elementBytes = type.getElementTypeBitWidth() / 8;
  for (int64_t bytes = 16; bytes > elementBytes; bytes /= 2)
    if (llvm::all_of(llvm::enumerate(distances), [&](auto distance) {
          bool isOne = distance.index() + 1 < strides.size() &&
                       type.getDimSize(distance.index()) == 1;
          return isOne || ShapedType::isDynamic(distance.value()) ||
                 distance.value() * elementBytes % bytes == 0;
        }))
      return bytes;
  return elementBytes;
}

/// Whether two blocks have room on a multiprocessor, which has 1 KiB more than
/// a block may have and keeps 1 KiB of each.
static bool fitsTwice(const KernelSchedule &schedule,
                      const ScheduleOptions &options) {
  constexpr int64_t kReserved = 1024;
  return 2 * (schedule.getSharedBytes() + kReserved) <=
         options.maxSharedBytes + kReserved;
}

/// The cost model of Ampere and what came after it without Hopper's units:
///
/// - A warp multiplies 32 rows by what it reads of keys and values, so that
///   shared memory keeps up with the tensor cores: two consumers in a
///   warpgroup. One is enough where there are few queries, or where the outputs
///   of two (Dv registers of a thread) leave no room for logits: then two small
///   blocks on a multiprocessor do better than a large one.
/// - Two blocks on a multiprocessor hide each other's copies, barriers and
///   exponentials. Shared memory bounds the blocks of keys: 99 KiB on sm_86 and
///   the like, more elsewhere. Tiles of f32 (tf32) take twice as much: 48 or 32
///   keys if that makes room for the second block (D = 128 on sm_90: 1.25 times
///   as fast).
/// - Two parts of f32 (bf16x3) take as much, and probabilities twice the
///   registers: one consumer where outputs, masks or ragged batches leave no
///   room for two, and 48 keys. At D = 256 no room is left for more than 16
///   keys, which two warpgroups split together where shared memory has room for
///   both (H200, S = 4096: 67 TFLOP/s where one has 58).
/// - Blocks of 128 keys halve the barriers and reductions of a row; at D = 64
///   outputs leave registers for that.
/// - Outputs of 128 columns take long to rescale: the lazy softmax rarely does.
static FailureOr<KernelSchedule>
chooseAmpereSchedule(SdpaOp op, const ScheduleOptions &options,
                     KernelSchedule schedule) {
  int64_t numQueries = op.getUsedQueries();
  int64_t widest = std::max(schedule.paddedDim, schedule.paddedValueDim);
  bool isWide = schedule.isWide();
  bool isShort = options.hasFewQueries ||
                 (!ShapedType::isDynamic(numQueries) && numQueries <= 64);
  bool isFull = schedule.parts > 1 &&
                (widest > 64 || op.isRagged() || countElementSources(op) != 0);
  // Two warpgroups share the splitting of keys and values into parts.
  bool isShared = isWide && schedule.parts > 1;
  schedule.consumers = options.consumers != 0 ? options.consumers
                       : isShort              ? 1
                       : isShared             ? 2
                       : isWide || isFull     ? 1
                                              : 2;
  if (schedule.consumers < 1 || schedule.consumers > 4)
    return op.emitError("expected 1 to 4 consumers, got ")
           << schedule.consumers;
  // Wide outputs leave registers for one consumer in a warpgroup.
  schedule.warpgroups =
      isWide ? schedule.consumers : llvm::divideCeil(schedule.consumers, 2);
  if (schedule.consumers % schedule.warpgroups != 0)
    return op.emitError("expected an even number of consumers, got ")
           << schedule.consumers;
  schedule.blocks = isWide ? 1 : 2;
  bool isSmall = schedule.isSmall();
  bool isLazy = !op.getMaxScores() && schedule.paddedValueDim == 128 &&
                schedule.parts == 1;
  schedule.softmax = options.softmax.value_or(isLazy ? SoftmaxForm::Lazy
                                                     : SoftmaxForm::Standard);
  if (schedule.softmax == SoftmaxForm::Optimistic)
    return op.emitError("the kernels of this GPU have no optimistic softmax");
  if (failed(verifySoftmax(op, schedule)))
    return failure();
  schedule.stages = schedule.queryStages = 1;
  if (options.stages > 1 || options.queryStages > 1)
    return op.emitError("the kernels of this GPU have one stage");
  schedule.storesOutput = true;
  if (!options.storesOutput.value_or(true))
    return op.emitError("the kernels of this GPU store outputs from registers");
  if (options.holdsQueries.value_or(false))
    return op.emitError(
        "the kernels of this GPU read queries with each product");
  schedule.takesTurns = false;
  if (options.turns.value_or(false))
    return op.emitError("the kernels of this GPU take no turns");
  schedule.sectionHeads = options.sectionHeads != 0 ? options.sectionHeads
                          : op.getStructureAttr()   ? 16
                                                    : 1;
  schedule.alignment =
      std::min(chooseAlignment(op.getQuery()), chooseAlignment(op.getKey()));
  schedule.valueAlignment = chooseAlignment(op.getValue());
  schedule.outputAlignment = chooseAlignment(op.getOutput());
  int64_t numKeys = op.getUsedKeys();
  bool hasFewKeys = !ShapedType::isDynamic(numKeys) && numKeys <= 64;
  auto chooseKeys = [&]() -> int64_t {
    if (schedule.parts > 1)
      return isWide ? 16 : 48;
    bool isLight = countElementSources(op) <= 1;
    return isSmall && isLight && !schedule.f32 && !hasFewKeys ? 128 : 64;
  };
  schedule.blockKeys =
      options.blockKeys != 0 ? options.blockKeys : chooseKeys();
  if (failed(verifyBlockKeys(op, schedule)))
    return failure();
  complete(schedule);
  // Smaller blocks first, then fewer queries.
  auto isTooLarge = [&] {
    complete(schedule);
    return schedule.getSharedBytes() > options.maxSharedBytes;
  };
  if (options.blockKeys == 0 && schedule.f32 == F32Product::TF32 &&
      schedule.blocks == 2 && !fitsTwice(schedule, options)) {
    KernelSchedule smaller = schedule;
    do {
      smaller.blockKeys -= 16;
      complete(smaller);
    } while (smaller.blockKeys > 32 && !fitsTwice(smaller, options));
    if (fitsTwice(smaller, options))
      schedule = smaller;
  }
  while (options.blockKeys == 0 && schedule.blockKeys > 16 && isTooLarge())
    schedule.blockKeys = llvm::alignDown(schedule.blockKeys / 2, 16);
  if (options.consumers == 0 && isTooLarge())
    schedule.consumers = schedule.warpgroups = 1;
  complete(schedule);
  if (failed(verifySharedBytes(op, schedule, options)))
    return failure();
  schedule.resident =
      schedule.blocks > 1 && fitsTwice(schedule, options) ? 2 : 1;
  return schedule;
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

/// Few queries make few tiles, which leave most multiprocessors idle unless the
/// keys are split. Rows without keys that are the mean of all values are not
/// merged: they have no log-sum-exp to be weighed by.
static LogicalResult chooseSplits(SdpaOp op, const ScheduleOptions &options,
                                  KernelSchedule &schedule) {
  schedule.splitsKeys = options.keySplits > 1 ||
                        (options.keySplits == 0 && !op.isRagged() &&
                         options.splitsKeys.value_or(options.hasFewQueries));
  bool isMergeable = op.getMaskedRow() != MaskedRow::Uniform;
  if (options.keySplits > 1 && !isMergeable)
    return op.emitError("rows without keys that are the mean of all values "
                        "need keys that are not split");
  schedule.splitsKeys &= isMergeable;
  schedule.numSplits = options.keySplits;
  schedule.mergeThreads =
      options.mergesManyRows ? 32 : KernelSchedule::kMergeBlock;
  schedule.readsKeysOnce = options.readsKeysOnce;
  schedule.resident = 1;
  return success();
}

FailureOr<KernelSchedule> attn::chooseSchedule(SdpaOp op,
                                               const ScheduleOptions &options) {
  KernelSchedule schedule = {};
  schedule.family = options.family;
  if (op.getQueryType().getElementType().isF32())
    schedule.f32 = options.f32;
  schedule.parts = schedule.f32 == F32Product::BF16x3 ? 2 : 1;
  int64_t valueDim = op.getValueDim();
  int64_t slabColumns = 128 / schedule.getElementBytes();
  schedule.paddedDim = llvm::alignTo(op.getHeadDim(), slabColumns);
  schedule.paddedValueDim = llvm::alignTo(valueDim, slabColumns);
  if (failed(chooseSplits(op, options, schedule)))
    return failure();
  // A logit of -inf hides a value, too; and the low part of a probability can
  // be zero.
  schedule.isolatesValues = op.isMasked() || op.isRagged() || op.getBias() ||
                            op.hasScoreRegion() || schedule.parts > 1;
  if (!schedule.isHopper())
    return chooseAmpereSchedule(op, options, schedule);
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
    schedule.consumers = hasRoom && !isShort ? 3 : 2;
    if (options.hasFewQueries || (isStatic && numQueries <= 64))
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
           << " tiles of " << schedule.getTileQueries() << " queries";
  if (failed(verifyBlockKeys(op, schedule)))
    return failure();
  schedule.narrowKeys = schedule.blockKeys;
  if (options.narrowsBlocks.value_or(narrowsBlocks(op, options, schedule)))
    schedule.narrowKeys = llvm::alignTo(schedule.blockKeys / 2, 16);
  // Tensor cores have less to read then, which counts where products are small.
  schedule.holdsQueries = options.holdsQueries.value_or(
      hasFewBlocks && isSmall && schedule.blockKeys <= 64);
  complete(schedule);
  // The queries a second time if there is room.
  if (options.queryStages == 0) {
    KernelSchedule twice = schedule;
    twice.queryStages = 2;
    if (twice.getSharedBytes() <= options.maxSharedBytes)
      schedule = twice;
  }
  if (failed(verifySharedBytes(op, schedule, options)))
    return failure();
  // A tensor map has one type, and does not end where a sequence does.
  bool mustStore =
      op.isRagged() || schedule.splitsKeys ||
      op.getOutputType().getElementType() != op.getQueryType().getElementType();
  // With one tile of queries, the next can come while outputs are stored.
  schedule.storesOutput =
      mustStore || options.storesOutput.value_or(schedule.queryStages == 1);
  if (mustStore && !options.storesOutput.value_or(true))
    return op.emitError("outputs of another type, of ragged batches and of "
                        "split keys are stored from registers");
  schedule.outputAlignment = chooseAlignment(op.getOutput());
  return schedule;
}

std::string attn::describeSchedule(const KernelSchedule &schedule) {
  if (!schedule.isHopper())
    return llvm::formatv(
               "tile {0}x{1}, {2} consumers in {3} warpgroups, {4} blocks on a "
               "multiprocessor, {5} softmax, sections of {6} heads, {11}copies "
               "of {7} and {8} bytes, {9}{10} bytes of shared memory",
               schedule.getTileQueries(), schedule.blockKeys,
               schedule.consumers, schedule.warpgroups, schedule.blocks,
               stringifySoftmaxForm(schedule.softmax), schedule.sectionHeads,
               schedule.alignment, schedule.valueAlignment,
               schedule.f32
                   ? ("f32 by " + stringifyF32Product(*schedule.f32) + ", ")
                         .str()
                   : "",
               schedule.getSharedBytes(),
               schedule.splitsKeys ? "keys split, " : "")
        .str();
  std::string sectionHeads = std::to_string(schedule.sectionHeads);
  if (schedule.sectionHeads == 0)
    sectionHeads = llvm::formatv("{0} to {1}", KernelSchedule::kMinSectionHeads,
                                 KernelSchedule::kMaxSectionHeads);
  return llvm::formatv(
             "tile {0}x{1}, {2} consumers, {3} stages, {4} of queries{14}, {5} "
             "softmax, sections of {6} heads, {13}{7}turns, {8}/{9} registers, "
             "outputs {10}, {11}{12} bytes of shared memory",
             schedule.getTileQueries(), schedule.blockKeys, schedule.consumers,
             schedule.stages, schedule.queryStages,
             stringifySoftmaxForm(schedule.softmax), sectionHeads,
             schedule.takesTurns ? "" : "no ", schedule.producerRegisters,
             schedule.consumerRegisters,
             schedule.storesOutput ? "stored" : "copied",
             schedule.narrowKeys != schedule.blockKeys
                 ? llvm::formatv("{0} keys of the last block where no more are "
                                 "needed, ",
                                 schedule.narrowKeys)
                       .str()
                 : "",
             schedule.getSharedBytes(),
             schedule.splitsKeys ? "keys split, " : "",
             schedule.holdsQueries ? " held in registers" : "")
      .str();
}
