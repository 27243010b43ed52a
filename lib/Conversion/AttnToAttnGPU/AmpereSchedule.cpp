//===- AmpereSchedule.cpp - The cost model of Ampere ----------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The cost model of Ampere and what came after it without Hopper's units:
//
// - A warp multiplies 32 rows by what it reads of keys and values, so that
//   shared memory keeps up with the tensor cores: two consumers in a
//   warpgroup. One is enough where there are few queries, or where the outputs
//   of two (Dv registers of a thread) leave no room for logits: then two small
//   blocks on a multiprocessor do better than a large one.
// - Two blocks on a multiprocessor hide each other's copies, barriers and
//   exponentials. Shared memory bounds the blocks of keys: 99 KiB on sm_86 and
//   the like, more elsewhere. Tiles of f32 (tf32) take twice as much: 48 or 32
//   keys if that makes room for the second block (D = 128 on sm_90: 1.25 times
//   as fast).
// - Two parts of f32 (bf16x3) take as much, and probabilities twice the
//   registers: one consumer where outputs, masks or ragged batches leave no
//   room for two, and 48 keys. At D = 256 no room is left for more than 16
//   keys, which two warpgroups split together where shared memory has room for
//   both (H200, S = 4096: 67 TFLOP/s where one has 58).
// - Blocks of 128 keys halve the barriers and reductions of a row; at D = 64
//   outputs leave registers for that.
// - Outputs of 128 columns take long to rescale: the lazy softmax rarely does.
//
//===----------------------------------------------------------------------===//

#include "CostModel.h"

using namespace mlir;
using namespace mlir::attn;

/// Whether two blocks have room on a multiprocessor, which has 1 KiB more than
/// a block may have and keeps 1 KiB of each.
static bool fitsTwice(const KernelSchedule &schedule,
                      const ScheduleOptions &options) {
  constexpr int64_t kReserved = 1024;
  return 2 * (schedule.getSharedBytes() + kReserved) <=
         options.maxSharedBytes + kReserved;
}

FailureOr<KernelSchedule>
attn::chooseAmpereSchedule(SdpaOp op, const ScheduleOptions &options,
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
                       : isShared && !isShort ? 2
                       : isWide || isFull     ? 1
                       : isShort ? 1 + needsTwoConsumers(op, options)
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
  completeSchedule(schedule);
  // Smaller blocks first, then fewer queries.
  auto isTooLarge = [&] {
    completeSchedule(schedule);
    return schedule.getSharedBytes() > options.maxSharedBytes;
  };
  if (options.blockKeys == 0 && schedule.f32 == F32Product::TF32 &&
      schedule.blocks == 2 && !fitsTwice(schedule, options)) {
    KernelSchedule smaller = schedule;
    do {
      smaller.blockKeys -= 16;
      completeSchedule(smaller);
    } while (smaller.blockKeys > 32 && !fitsTwice(smaller, options));
    if (fitsTwice(smaller, options))
      schedule = smaller;
  }
  while (options.blockKeys == 0 && schedule.blockKeys > 16 && isTooLarge())
    schedule.blockKeys = llvm::alignDown(schedule.blockKeys / 2, 16);
  if (options.consumers == 0 && isTooLarge())
    schedule.consumers = schedule.warpgroups = 1;
  completeSchedule(schedule);
  if (failed(verifySharedBytes(op, schedule, options)))
    return failure();
  schedule.resident =
      schedule.blocks > 1 && fitsTwice(schedule, options) ? 2 : 1;
  return schedule;
}
