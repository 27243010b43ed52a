//===- Schedule.cpp - What all GPU kernels choose -------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "CostModel.h"
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

void attn::completeSchedule(KernelSchedule &schedule) {
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

LogicalResult attn::verifyBlockKeys(SdpaOp op, const KernelSchedule &schedule) {
  if (schedule.blockKeys < 16 || schedule.blockKeys > 256 ||
      schedule.blockKeys % 16 != 0)
    return op.emitError(
               "expected blocks of 16 to 256 keys in steps of 16, got ")
           << schedule.blockKeys;
  return success();
}

LogicalResult attn::verifySoftmax(SdpaOp op, const KernelSchedule &schedule) {
  if (op.getMaxScores() && schedule.softmax != SoftmaxForm::Standard)
    return op.emitError("row maxima need the standard softmax");
  return success();
}

LogicalResult attn::verifySharedBytes(SdpaOp op, const KernelSchedule &schedule,
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

int64_t attn::countElementSources(SdpaOp op) {
  StructuralMaskInterface structure = op.getStructureAttr();
  return llvm::count(ArrayRef<bool>{bool(op.getBias()), op.hasScoreRegion(),
                                    bool(op.getMask()), op.hasKeepRegion(),
                                    structure && !structure.isExact()},
                     true);
}

bool attn::needsTwoConsumers(SdpaOp op, const ScheduleOptions &options) {
  if (!options.packsHeads || options.hasManyRows)
    return options.packsHeads;
  int64_t dim = op.getRank() - 3, numQueries = op.getNumQueries();
  int64_t numHeads = op.getOutputType().getDimSize(dim);
  int64_t numKeyHeads = op.getKeyType().getDimSize(dim);
  if (ShapedType::isDynamic(numHeads) || ShapedType::isDynamic(numKeyHeads))
    return false;
  return ShapedType::isDynamic(numQueries) ||
         numHeads * numQueries > attn_gpu::FragmentType::kRows * numKeyHeads;
}

int64_t attn::chooseAlignment(Value memref) {
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
  schedule.overlapsLaunches = options.overlapsLaunches;
  schedule.readsKeysOnce = options.readsKeysOnce;
  schedule.packsHeads = options.packsHeads;
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
  return schedule.isHopper() ? chooseHopperSchedule(op, options, schedule)
                             : chooseAmpereSchedule(op, options, schedule);
}

std::string attn::describeSchedule(const KernelSchedule &schedule) {
  constexpr const char *kPacked = " of several heads";
  if (!schedule.isHopper())
    return llvm::formatv(
               "tile {0}x{1}{12}, {2} consumers in {3} warpgroups, {4} blocks "
               "on a multiprocessor, {5} softmax, sections of {6} heads, "
               "{11}copies of {7} and {8} bytes, {9}{10} bytes of shared "
               "memory",
               schedule.getTileRows(), schedule.blockKeys, schedule.consumers,
               schedule.warpgroups, schedule.blocks,
               stringifySoftmaxForm(schedule.softmax), schedule.sectionHeads,
               schedule.alignment, schedule.valueAlignment,
               schedule.f32
                   ? ("f32 by " + stringifyF32Product(*schedule.f32) + ", ")
                         .str()
                   : "",
               schedule.getSharedBytes(),
               schedule.splitsKeys ? "keys split, " : "",
               schedule.packsHeads ? kPacked : "")
        .str();
  std::string sectionHeads = std::to_string(schedule.sectionHeads);
  if (schedule.sectionHeads == 0)
    sectionHeads = llvm::formatv("{0} to {1}", KernelSchedule::kMinSectionHeads,
                                 KernelSchedule::kMaxSectionHeads);
  return llvm::formatv(
             "tile {0}x{1}{15}, {2} consumers, {3} stages, {4} of queries{14}, "
             "{5} softmax, sections of {6} heads, {13}{7}turns, {8}/{9} "
             "registers, "
             "outputs {10}, {11}{12} bytes of shared memory",
             schedule.getTileRows(), schedule.blockKeys, schedule.consumers,
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
             schedule.holdsQueries ? " held in registers" : "",
             schedule.packsHeads ? kPacked : "")
      .str();
}
