//===- Frame.h - What a failed call releases ----------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// And what it may write its results to.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_RUNTIME_CPU_FRAME_H
#define ATTN_LIB_RUNTIME_CPU_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/// The innermost attn_rt_call of this thread frees the memory if it fails.
/// Memory that there is no room to remember is not freed then.
void attn_frame_own(void *memory);

/// It does not any more.
void attn_frame_disown(void *memory);

/// The caller's memory for one result; null if there is none.
struct attn_place {
  void *memory;
  int64_t size; /* in bytes */
  bool taken;
};

/// Lets the innermost attn_rt_call of this thread place results there.
void attn_frame_set_places(struct attn_place *places, int32_t num_places);

/// The place of a result, if it has the size and nothing took it before; null
/// otherwise.
struct attn_place *attn_frame_get_place(int64_t index, int64_t size);

#endif // ATTN_LIB_RUNTIME_CPU_FRAME_H
