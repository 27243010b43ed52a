//===- TensorMap.c - Tensor maps and copies -----------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "attn/Runtime/CUDA/Runtime.h"

#include <stdbool.h>
#include <string.h>

/// Memory that a map of no elements can point to: 256 bytes are enough for a
/// box of which all but one row lie outside.
enum { EMPTY_BYTES = 4096 };

static attn_status check(const attn_cuda_tiling *tiling, const void *base,
                         const int64_t *sizes, const int64_t *strides) {
  const char *name = tiling->name ? tiling->name : "a tensor";
  if ((uintptr_t)base % 16 != 0)
    return attn_cuda_error(ATTN_INVALID_ARGUMENT,
                           "%s at %p is not aligned to 16 bytes", name, base);
  for (int i = 0; i < tiling->rank; ++i) {
    if (sizes[i] > INT64_C(1) << 32)
      return attn_cuda_error(ATTN_INVALID_ARGUMENT,
                             "%s has a dimension of %lld, expected 2^32 at "
                             "most",
                             name, (long long)sizes[i]);
    if (i == 0 || sizes[i] == 1)
      continue;
    if (strides[i] % 16 != 0)
      return attn_cuda_error(ATTN_INVALID_ARGUMENT,
                             "%s has a stride of %lld bytes, expected a "
                             "multiple of 16",
                             name, (long long)strides[i]);
    if (strides[i] < 0 || strides[i] >= INT64_C(1) << 40)
      return attn_cuda_error(ATTN_INVALID_ARGUMENT,
                             "%s has a stride of %lld bytes, expected one from "
                             "0 to 2^40",
                             name, (long long)strides[i]);
  }
  return ATTN_OK;
}

void attn_rt_cuda_encode_tensor_map(void *map, const attn_cuda_tiling *tiling,
                                    void *base, const int64_t *sizes,
                                    const int64_t *strides,
                                    const int64_t *box) {
  struct call *call = attn_cuda_get_call("a tensor map");
  const struct driver *driver = call->context->driver;
  if (!driver->cuTensorMapEncodeTiled)
    attn_cuda_fail_call(attn_cuda_error(
        ATTN_NO_DEVICE,
        "the CUDA driver (%d) has no tensor maps: 12.0 or later is needed",
        driver->version));
  bool empty = false;
  for (int i = 0; i < tiling->rank; ++i)
    empty |= sizes[i] <= 0;
  uint64_t map_sizes[5], map_strides[5];
  uint32_t map_box[5], element_strides[5];
  for (int i = 0; i < tiling->rank; ++i) {
    map_box[i] = tiling->box[i] != 0 ? tiling->box[i] : *box++;
    element_strides[i] = 1;
    map_sizes[i] = sizes[i];
    // Any stride will do where there is nothing to step to.
    map_strides[i] = sizes[i] == 1 ? 16 : strides[i];
    if (empty) {
      map_sizes[i] = 1;
      map_strides[i] = 16;
    }
  }
  if (empty) {
    // The driver knows no empty tensors.
    base = attn_rt_cuda_temporary(EMPTY_BYTES);
    map_sizes[0] = 16 / tiling->element_bytes;
  } else {
    attn_status status = check(tiling, base, sizes, strides);
    if (status != ATTN_OK)
      attn_cuda_fail_call(status);
  }
  cu_result result = driver->cuTensorMapEncodeTiled(
      map, tiling->data_type, tiling->rank, base, map_sizes, map_strides + 1,
      map_box, element_strides, /*interleave=*/0, tiling->swizzle,
      CU_L2_PROMOTION_256B, /*oob_fill=*/0);
  if (result != CU_SUCCESS)
    attn_cuda_fail_call(
        attn_cuda_driver_error(driver, result, "cannot make a tensor map of %s",
                               tiling->name ? tiling->name : "a tensor"));
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// A memref descriptor, as MLIR lays it out, of any rank.
struct descriptor {
  char *allocated, *aligned;
  int64_t offset;
  int64_t sizes_and_strides[];
};

struct unranked {
  int64_t rank;
  struct descriptor *descriptor;
};

/// One side of a copy.
struct side {
  char *data;
  const int64_t *strides;
};

/// Copies rows of `width` bytes; `rank` counts the dimensions around them.
static cu_result copy_rows(const struct call *call, struct side to,
                           struct side from, const int64_t *sizes, int64_t rank,
                           int64_t width, int64_t element_size) {
  if (rank > 1) {
    cu_result result = CU_SUCCESS;
    for (int64_t i = 0; i < sizes[0] && result == CU_SUCCESS; ++i) {
      int64_t to_offset = i * to.strides[0] * element_size;
      int64_t from_offset = i * from.strides[0] * element_size;
      struct side inner_to = {to.data + to_offset, to.strides + 1};
      struct side inner_from = {from.data + from_offset, from.strides + 1};
      result = copy_rows(call, inner_to, inner_from, sizes + 1, rank - 1, width,
                         element_size);
    }
    return result;
  }
  int64_t height = rank == 1 ? sizes[0] : 1;
  int64_t to_pitch =
      rank == 1 && height > 1 ? to.strides[0] * element_size : width;
  int64_t from_pitch =
      rank == 1 && height > 1 ? from.strides[0] * element_size : width;
  struct cu_memcpy_2d copy;
  memset(&copy, 0, sizeof copy);
  copy.source_type = copy.target_type = CU_MEMORY_DEVICE;
  copy.width = width;
  copy.source_device = (cu_pointer)(uintptr_t)from.data;
  copy.target_device = (cu_pointer)(uintptr_t)to.data;
  copy.source_pitch = from_pitch;
  copy.target_pitch = to_pitch;
  copy.height = height;
  const struct driver *driver = call->context->driver;
  if (to_pitch >= width && from_pitch >= width)
    return driver->cuMemcpy2DAsync_v2(&copy, call->stream);
  // Rows that overlap, as those of a broadcast: one by one.
  cu_result result = CU_SUCCESS;
  copy.height = 1;
  copy.source_pitch = copy.target_pitch = width;
  for (int64_t i = 0; i < height && result == CU_SUCCESS; ++i) {
    copy.source_device = (cu_pointer)(uintptr_t)(from.data + i * from_pitch);
    copy.target_device = (cu_pointer)(uintptr_t)(to.data + i * to_pitch);
    result = driver->cuMemcpy2DAsync_v2(&copy, call->stream);
  }
  return result;
}

void attn_rt_cuda_memref_copy(int64_t element_size, void *source,
                              void *target) {
  struct call *call = attn_cuda_get_call("a copy");
  const struct unranked *from = source, *to = target;
  const struct descriptor *f = from->descriptor, *t = to->descriptor;
  const int64_t *sizes = f->sizes_and_strides;
  const int64_t *from_strides = sizes + from->rank;
  const int64_t *to_strides = t->sizes_and_strides + to->rank;
  int64_t rank = from->rank, width = element_size;
  for (int64_t d = 0; d < rank; ++d)
    if (sizes[d] == 0)
      return;
  // Dimensions that are contiguous on both sides are one row.
  while (rank > 0 && (sizes[rank - 1] == 1 ||
                      (from_strides[rank - 1] * element_size == width &&
                       to_strides[rank - 1] * element_size == width))) {
    width *= sizes[rank - 1];
    --rank;
  }
  struct side to_side = {t->aligned + t->offset * element_size, to_strides};
  struct side from_side = {f->aligned + f->offset * element_size, from_strides};
  cu_result result =
      copy_rows(call, to_side, from_side, sizes, rank, width, element_size);
  if (result != CU_SUCCESS)
    attn_cuda_fail_call(attn_cuda_driver_error(call->context->driver, result,
                                               "cannot copy a tensor"));
}
