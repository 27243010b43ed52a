//===- ScheduleAttrs.cpp - Schedules of kernels -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnAttrs.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// CPUScheduleAttr
//===----------------------------------------------------------------------===//

StringRef CPUScheduleAttr::getTargetName() const { return "cpu"; }

LogicalResult CPUScheduleAttr::verify(
    function_ref<InFlightDiagnostic()> emitError, int64_t vectorSize,
    int64_t queryVectors, int64_t keyRows, int64_t valueRows, int64_t blockKeys,
    Exp2Form exp2, int64_t queryGroups, DotUnit dot, int64_t splitKeys,
    int64_t rowQueries, int64_t minTiles) {
  struct Field {
    int64_t value;
    StringRef name;
  };
  for (Field field :
       {Field{queryVectors, "query_vectors"}, Field{keyRows, "key_rows"},
        Field{valueRows, "value_rows"}, Field{blockKeys, "block_keys"},
        Field{queryGroups, "query_groups"}})
    if (field.value < 1 || field.value > 4096)
      return emitError() << "'#attn.cpu_schedule' expects " << field.name
                         << " between 1 and 4096, got " << field.value;
  if (vectorSize < 4 || vectorSize > 64 || !llvm::isPowerOf2_64(vectorSize))
    return emitError() << "'#attn.cpu_schedule' expects vector_size to be a "
                          "power of two between 4 and 64, got "
                       << vectorSize;
  if (blockKeys % keyRows != 0)
    return emitError() << "'#attn.cpu_schedule' expects block_keys to be a "
                          "multiple of key_rows ("
                       << keyRows << "), got " << blockKeys;
  // Register tiles are unrolled.
  constexpr int64_t kMaxAccumulators = 256;
  if (std::max(keyRows, valueRows) * queryVectors > kMaxAccumulators)
    return emitError() << "'#attn.cpu_schedule' expects register tiles of "
                       << kMaxAccumulators << " vectors at most, got "
                       << std::max(keyRows, valueRows) << " rows of "
                       << queryVectors;
  if (exp2 != Exp2Form::Portable && vectorSize != 16)
    return emitError() << "'#attn.cpu_schedule' expects vector_size 16 with "
                          "exp2 = "
                       << stringifyExp2Form(exp2) << ", got " << vectorSize;
  if (exp2 == Exp2Form::AVX512Short && dot == DotUnit::FMA)
    return emitError() << "'#attn.cpu_schedule' expects dot = bf16 or amx with "
                          "exp2 = avx512_short";
  if (splitKeys < 0)
    return emitError() << "'#attn.cpu_schedule' expects split_keys to be 0 or "
                          "more, got "
                       << splitKeys;
  if (rowQueries < 0 || rowQueries > std::min<int64_t>(vectorSize, 16))
    return emitError() << "'#attn.cpu_schedule' expects row_queries between 0 "
                          "and vector_size, 16 at most, got "
                       << rowQueries;
  if (queryGroups != 1 && (splitKeys != 0 || rowQueries != 0))
    return emitError() << "'#attn.cpu_schedule' expects query_groups 1 with "
                          "split_keys or row_queries, got "
                       << queryGroups;
  // Its product with the queries of a group divides.
  constexpr int64_t kMaxMinTiles = int64_t(1) << 20;
  if (minTiles < 0 || minTiles > kMaxMinTiles)
    return emitError() << "'#attn.cpu_schedule' expects min_tiles between 0 "
                          "and "
                       << kMaxMinTiles << ", got " << minTiles;
  if (rowQueries != 0 && queryVectors != 1)
    return emitError() << "'#attn.cpu_schedule' expects query_vectors 1 with "
                          "row_queries, got "
                       << queryVectors;
  if (dot == DotUnit::FMA)
    return success();
  if (rowQueries != 0)
    return emitError() << "'#attn.cpu_schedule' expects dot = fma with "
                          "row_queries";
  if (dot == DotUnit::AMX) {
    // A tile register has 16 rows of 16 pairs; four of the eight are sums.
    if (vectorSize != 16 || queryVectors > 2)
      return emitError() << "'#attn.cpu_schedule' expects vector_size 16 and "
                            "query_vectors 1 or 2 with dot = amx, got "
                         << vectorSize << " and " << queryVectors;
    if (blockKeys % 32 != 0)
      return emitError() << "'#attn.cpu_schedule' expects block_keys to be a "
                            "multiple of 32 with dot = amx, got "
                         << blockKeys;
    return success();
  }
  if (vectorSize > 16)
    return emitError() << "'#attn.cpu_schedule' expects vector_size 4, 8 or 16 "
                          "with dot = bf16, got "
                       << vectorSize;
  if (blockKeys % 2 != 0)
    return emitError() << "'#attn.cpu_schedule' expects block_keys to be even "
                          "with dot = bf16, got "
                       << blockKeys;
  return success();
}

//===----------------------------------------------------------------------===//
// CPURaggedScheduleAttr
//===----------------------------------------------------------------------===//

StringRef CPURaggedScheduleAttr::getTargetName() const { return "cpu"; }

LogicalResult
CPURaggedScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              ArrayRef<Attribute> members) {
  for (Attribute member : members) {
    auto schedule = dyn_cast<CPUScheduleAttr>(member);
    if (!schedule)
      return emitError() << "'#attn.cpu_ragged_schedule' expects "
                            "#attn.cpu_schedule, got "
                         << member;
  }
  if (members.empty() ||
      cast<CPUScheduleAttr>(members.back()).getRowQueries() != 0 ||
      cast<CPUScheduleAttr>(members.back()).getSplitKeys() != 0)
    return emitError() << "'#attn.cpu_ragged_schedule' expects a last schedule "
                          "without row_queries and split_keys";
  return success();
}
