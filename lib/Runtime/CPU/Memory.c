//===- Memory.c - Memory of compiled code ----------------------- -*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "attn/Runtime/CPU/Runtime.h"

#include <stdio.h>
#include <stdlib.h>

/// Remembers the memory, or fails if there is none.
static void *keep(void *memory, size_t size) {
  if (!memory) {
    char message[96];
    snprintf(message, sizeof message, "out of memory: no room for %zu bytes",
             size);
    attn_rt_fail(message);
  }
  attn_frame_own(memory);
  return memory;
}

void *_mlir_memref_to_llvm_alloc(size_t size) {
  return keep(malloc(size > 0 ? size : 1), size);
}

void _mlir_memref_to_llvm_free(void *memory) {
  attn_frame_disown(memory);
  free(memory);
}

/// Memory from the beginning of a cache line, which stores of whole vectors
/// want; it is freed as any other.
static void *allocate_lines(size_t size) {
  const size_t line = 64;
  return keep(aligned_alloc(line, size / line * line + line), size);
}

void _mlir_ciface_attn_rt_allocate_result(struct attn_rt_memref *memory,
                                          int64_t index, int64_t size) {
  struct attn_place *place = attn_frame_get_place(index, size);
  void *data = place ? place->memory : allocate_lines(size);
  if (place)
    place->taken = true;
  *memory = (struct attn_rt_memref){data, data, 0, size, 1};
}
