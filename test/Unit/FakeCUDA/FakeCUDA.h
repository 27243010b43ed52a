//===- FakeCUDA.h - A CUDA driver without a GPU -------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The shared library beside this file has the functions of the CUDA driver that
// the runtime uses. Device memory is host memory that it remembers, a kernel is
// a call of `on_launch`, streams do their work at once. What it does and has
// seen is in one structure, `fake_cuda`.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_FAKECUDA_H
#define ATTN_TEST_UNIT_FAKECUDA_H

#include <stdint.h>

struct fake_cuda {
  // What it is.
  int num_devices, capability, max_shared_bytes;
  int64_t memory_bytes;
  /// The device on which all memory is.
  int memory_device;
  /// Results of functions: failures to simulate.
  int init_result, load_result, launch_result, encode_result, sync_result,
      pointer_result;
  /// Whether streams are being captured.
  int capturing;
  /// The kernel that there is, others are not found; null: any.
  const char *kernel;
  void (*on_launch)(void **parameters);

  // What it has seen.
  int num_allocations, num_memsets, num_loads, num_launches, num_encodes,
      num_copies, num_contexts;
  int64_t memset_bytes;
  unsigned grid[3], block[3], cluster[3], shared_bytes;
  /// Whether the last launch may begin before the one before it has ended.
  int is_programmatic;
  int allowed_shared_bytes, current_device;
  void *stream;
  const void *image;
  /// The last tensor map.
  int data_type, swizzle;
  uint32_t rank, box[5];
  uint64_t sizes[5], strides[4];
  void *base;
};

#endif // ATTN_TEST_UNIT_FAKECUDA_H
