//===- Memory.c - Memory of compiled code ----------------------- -*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "attn/Runtime/CPU/Runtime.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/// Freed blocks that what comes next is likely to need, a layer or a call:
/// malloc gives large ones back to the system, and pages that are new cost as
/// much time as the work on them where that is little. Small ones malloc keeps
/// itself.
enum { kMaxKept = 32 };
static const size_t kMinKeptBytes = 64 << 10, kMaxKeptBytes = 32 << 20;

static struct {
  /// Nobody waits for it: a child of a fork may have it locked for ever.
  atomic_flag busy;
  /// The oldest first.
  void *blocks[kMaxKept];
  int count;
  size_t bytes;
} kept = {ATOMIC_FLAG_INIT, {NULL}, 0, 0};

static bool lock_kept(void) {
  return !atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire);
}

static void unlock_kept(void) {
  atomic_flag_clear_explicit(&kept.busy, memory_order_release);
}

static void *remove_kept(int index) {
  void *block = kept.blocks[index];
  kept.bytes -= malloc_usable_size(block);
  --kept.count;
  for (int i = index; i < kept.count; ++i)
    kept.blocks[i] = kept.blocks[i + 1];
  return block;
}

/// The smallest kept block that has room for so many bytes, and no more than
/// twice; null if there is none.
static void *take_kept(size_t size) {
  if (size < kMinKeptBytes || !lock_kept())
    return NULL;
  int best = -1;
  size_t best_room = size > SIZE_MAX / 2 ? SIZE_MAX : 2 * size + 1;
  for (int i = 0; i < kept.count; ++i) {
    const size_t room = malloc_usable_size(kept.blocks[i]);
    if (room >= size && room < best_room) {
      best = i;
      best_room = room;
    }
  }
  void *taken = best < 0 ? NULL : remove_kept(best);
  unlock_kept();
  return taken;
}

/// Keeps a block instead of freeing it, and the oldest ones no longer.
static bool keep_block(void *memory) {
  const size_t room = malloc_usable_size(memory);
  if (room < kMinKeptBytes || room > kMaxKeptBytes || !lock_kept())
    return false;
  while (kept.count == kMaxKept || kept.bytes + room > kMaxKeptBytes)
    free(remove_kept(0));
  kept.blocks[kept.count++] = memory;
  kept.bytes += room;
  unlock_kept();
  return true;
}

/// A library that is unloaded leaves nothing behind.
__attribute__((destructor)) static void free_kept(void) {
  if (!lock_kept())
    return;
  while (kept.count > 0)
    free(remove_kept(kept.count - 1));
  unlock_kept();
}

/// Remembers the memory, or fails if there is none.
static void *own(void *memory, size_t size) {
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
  void *memory = take_kept(size);
  return own(memory ? memory : malloc(size > 0 ? size : 1), size);
}

void _mlir_memref_to_llvm_free(void *memory) {
  attn_frame_disown(memory);
  if (!keep_block(memory))
    free(memory);
}

/// Memory from the beginning of a cache line, which stores of whole vectors
/// want; it is freed as any other.
static void *allocate_lines(size_t size) {
  const size_t line = 64;
  return own(aligned_alloc(line, size / line * line + line), size);
}

void _mlir_ciface_attn_rt_allocate_result(struct attn_rt_memref *memory,
                                          int64_t index, int64_t size) {
  struct attn_place *place = attn_frame_get_place(index, size);
  void *data = place ? place->memory : allocate_lines(size);
  if (place)
    place->taken = true;
  *memory = (struct attn_rt_memref){data, data, 0, size, 1};
}
