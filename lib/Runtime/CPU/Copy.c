//===- Copy.c - Strided copies ------------------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CPU/Runtime.h"

#include <string.h>

/// A memref descriptor, as MLIR lays it out, of any rank: `rank` sizes and then
/// `rank` strides follow the offset.
struct descriptor {
  char *allocated, *aligned;
  int64_t offset;
  int64_t sizes_and_strides[];
};

/// MLIR's unranked memref.
struct unranked {
  int64_t rank;
  struct descriptor *descriptor;
};

static void copy(char *to, const char *from, const int64_t *sizes,
                 const int64_t *to_strides, const int64_t *from_strides,
                 int64_t rank, int64_t element_size) {
  if (rank == 0) {
    memcpy(to, from, element_size);
    return;
  }
  if (rank == 1 && to_strides[0] == 1 && from_strides[0] == 1) {
    memcpy(to, from, sizes[0] * element_size);
    return;
  }
  for (int64_t i = 0; i < sizes[0]; ++i)
    copy(to + i * to_strides[0] * element_size,
         from + i * from_strides[0] * element_size, sizes + 1, to_strides + 1,
         from_strides + 1, rank - 1, element_size);
}

void memrefCopy(int64_t element_size, void *source, void *target) {
  const struct unranked *from = source, *to = target;
  const struct descriptor *f = from->descriptor, *t = to->descriptor;
  const int64_t rank = from->rank;
  const int64_t *sizes = f->sizes_and_strides;
  for (int64_t d = 0; d < rank; ++d)
    if (sizes[d] == 0)
      return;
  copy(t->aligned + t->offset * element_size,
       f->aligned + f->offset * element_size, sizes,
       t->sizes_and_strides + rank, f->sizes_and_strides + rank, rank,
       element_size);
}
