//===- Schedule.h - Choices of a GPU kernel -------------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_SCHEDULE_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_SCHEDULE_H

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.h"

namespace mlir::attn {

/// How the running maximum of the softmax is kept.
enum class SoftmaxForm {
  /// Every block raises it and rescales what came before.
  Standard,
  /// A block raises it only if it exceeds it by much: what came before is
  /// rarely
  /// rescaled.
  Lazy,
  /// That of the first block stays; tiles in which it proves too far off are
  /// computed again, carefully.
  Optimistic,
};

std::optional<SoftmaxForm> symbolizeSoftmaxForm(StringRef text);
StringRef stringifySoftmaxForm(SoftmaxForm form);

/// How operands of f32 are multiplied on tensor cores.
enum class F32Product {
  /// As sums of two numbers of bf16, three products for one: a relative error
  /// of 2^-16.
  BF16x3,
  /// Rounded to tf32, one product: a relative error of 2^-11 of each factor.
  TF32,
};

std::optional<F32Product> symbolizeF32Product(StringRef text);
StringRef stringifyF32Product(F32Product product);

/// What a kernel is built of.
enum class KernelFamily {
  /// One warpgroup produces, others consume: copies by tensor maps, products of
  /// warpgroups (wgmma). sm_90a.
  Hopper,
  /// All warps copy and compute: cp.async, ldmatrix, mma.sync. sm_80 and up.
  Ampere,
};

/// Choices forced from outside, of which 0 or empty leaves one to the cost
/// model; and what is known of an op beside its types.
struct ScheduleOptions {
  KernelFamily family = KernelFamily::Hopper;
  /// Bytes of shared memory that a block may have.
  int64_t maxSharedBytes = 232448;
  int64_t consumers = 0, blockKeys = 0, stages = 0, queryStages = 0,
          sectionHeads = 0;
  /// 1: keys are not split; more: always into as many.
  int64_t keySplits = 0;
  /// Whether there are few queries, though their number may not tell: heads
  /// that share keys are among them.
  bool hasFewQueries = false;
  /// Whether keys may be split where the number of splits is not said.
  std::optional<bool> splitsKeys;
  /// Whether a launch may begin before the one before it has ended.
  bool overlapsLaunches = false;
  /// Whether outputs of splits have enough rows to keep the GPU busy.
  bool mergesManyRows = false;
  /// Whether keys are of one tile of queries only.
  bool readsKeysOnce = false;
  /// Whether heads that share keys may be rows of one tile, and whether these
  /// are more than one consumer has, though sizes may not tell.
  bool packsHeads = false, hasManyRows = false;
  std::optional<SoftmaxForm> softmax;
  std::optional<bool> turns, storesOutput, narrowsBlocks, holdsQueries;
  F32Product f32 = F32Product::BF16x3;
};

/// A kernel has consumers of 64 queries each. Keys and values come in blocks
/// through rings of buffers. On Hopper a consumer is a warpgroup, and a
/// producer is beside them; on Ampere a warpgroup is one consumer or more.
struct KernelSchedule {
  KernelFamily family;
  /// On Ampere: warpgroups of a block, blocks on a multiprocessor, and bytes
  /// that copies of queries, keys and values move at a time.
  int64_t warpgroups, blocks, alignment, valueAlignment;
  /// Whether outputs are stored from registers, as always on Ampere, rather
  /// than copied by tensor maps through the memory of queries; and bytes of
  /// what is stored at a time.
  bool storesOutput;
  int64_t outputAlignment;
  /// How operands are multiplied if they are of f32.
  std::optional<F32Product> f32;
  /// Tiles that an operand is the sum of: two for bf16x3, else one.
  int64_t parts;
  int64_t consumers, blockKeys, stages, queryStages;
  /// Columns of the block that comes first where no more are needed of it; all
  /// of them if there is one form only.
  int64_t narrowKeys;
  SoftmaxForm softmax;
  /// Heads whose tiles are handed out together, longest rows first; or 0: as
  /// many as have `sectionKeys` keys, within the bounds.
  int64_t sectionHeads, sectionKeys;
  static constexpr int64_t kMinSectionHeads = 8, kMaxSectionHeads = 32;
  /// Whether the keys of a tile may be split among several blocks of threads,
  /// whose outputs are merged by a kernel of its own.
  bool splitsKeys;
  /// Into how many, or 0 if that depends on the GPU.
  int64_t numSplits;
  /// Threads that merge a row: a block of them, to load much of few rows at a
  /// time, or a warp.
  int64_t mergeThreads;
  static constexpr int64_t kMergeBlock = 128;
  /// Whether the second and third launch of an op begin when tiles of the one
  /// before end, and wait for the last of them on the GPU.
  bool overlapsLaunches;
  /// Blocks of threads that a multiprocessor holds.
  int64_t resident;
  /// Whether keys are of one tile only, so that caches need not keep them.
  bool readsKeysOnce;
  /// Whether heads that share keys are rows of one tile, as many as have room,
  /// and read keys once together. Consumers have heads of their own then.
  bool packsHeads;
  /// Whether consumers read the queries of a tile into registers once, rather
  /// than with each product.
  bool holdsQueries;
  /// Whether consumers take turns in issuing products.
  bool takesTurns;
  /// Whether values that are not finite may stand at masked positions.
  bool isolatesValues;
  int64_t producerRegisters, consumerRegisters;
  /// Head dimensions in whole slabs of 128 bytes.
  int64_t paddedDim, paddedValueDim;
  /// Bytes of an element, of a tile of queries (and of outputs), keys, values.
  int64_t queryTileBytes, keyTileBytes, valueTileBytes;

  /// Bytes of an element of a tile in shared memory.
  int64_t getElementBytes() const { return f32 == F32Product::TF32 ? 4 : 2; }
  int64_t getTileRows() const { return 64 * consumers; }
  /// Queries of a head that a tile has room for.
  int64_t getTileQueries() const { return packsHeads ? 64 : getTileRows(); }
  int64_t getConsumersOfWarpgroup() const { return consumers / warpgroups; }
  /// Parts of a tile that have keys of their own by their documents: consumers,
  /// but on Ampere all go through the same blocks.
  int64_t getDocumentRanges() const { return isHopper() ? consumers : 1; }
  /// Whether queries, keys and values are one slab wide, or some more than two
  /// (of 16 bits).
  bool isSmall() const { return paddedDim == 64 && paddedValueDim == 64; }
  bool isWide() const { return paddedDim > 128 || paddedValueDim > 128; }
  bool isHopper() const { return family == KernelFamily::Hopper; }
  int64_t getNumThreads() const {
    return 128 * (isHopper() ? consumers + 1 : warpgroups);
  }

  //===--- Offsets in shared memory
  //----------------------------------------===//

  // Two barriers of a slot. A message of a tile is kept until the tile's end,
  // when the next one has come.
  static constexpr int64_t kPipeBytes = 16, kTilesOffset = 1024;
  static constexpr int64_t kMessages = 2,
                           kMessageBytes = 4 * attn_gpu::PipeType::kMaxWords;
  int64_t getQueryPipe() const { return 0; }
  int64_t getKeyPipe() const { return kPipeBytes * queryStages; }
  int64_t getValuePipe() const { return getKeyPipe() + kPipeBytes * stages; }
  int64_t getTilePipe() const { return getValuePipe() + kPipeBytes * stages; }
  int64_t getPipesEnd() const {
    return getTilePipe() + kMessages * (kPipeBytes + kMessageBytes);
  }
  int64_t getQueryOffset() const { return isHopper() ? kTilesOffset : 0; }
  int64_t getKeyOffset() const {
    return getQueryOffset() + queryStages * consumers * queryTileBytes;
  }
  int64_t getValueOffset() const {
    return getKeyOffset() + stages * keyTileBytes;
  }
  int64_t getSharedBytes() const {
    return getValueOffset() + stages * valueTileBytes;
  }
};

/// Bytes of shared memory that a block may have on sm_`number`.
int64_t getMaxSharedBytes(unsigned number);

/// Chooses by the cost model of the family (HopperSchedule.cpp,
/// AmpereSchedule.cpp); an error names what does not fit.
FailureOr<KernelSchedule> chooseSchedule(SdpaOp op,
                                         const ScheduleOptions &options);

/// For remarks: `tile 128x128, stages 2, ...`.
std::string describeSchedule(const KernelSchedule &schedule);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_SCHEDULE_H
