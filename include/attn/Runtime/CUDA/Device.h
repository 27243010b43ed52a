//===- Device.h - Memory and timing on a GPU ----------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// For programs that have no CUDA of their own, as attn-run: compiled code does
// not need it. All of it works in the context that is current in the calling
// thread, or in the primary context of device 0.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_CUDA_DEVICE_H
#define ATTN_RUNTIME_CUDA_DEVICE_H

#include "attn/Runtime/CPU/Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct attn_cuda_device {
  char name[128];
  /// 90 for compute capability 9.0.
  int32_t capability;
  int32_t multiprocessors;
  int32_t max_shared_bytes;
  int64_t l2_bytes;
  /// 12040 for CUDA 12.4: the newest version that the driver supports.
  int32_t driver_version;
} attn_cuda_device;

attn_status attn_rt_cuda_get_device(attn_cuda_device *device);

attn_status attn_rt_cuda_allocate(int64_t bytes, void **memory);
attn_status attn_rt_cuda_free(void *memory);
attn_status attn_rt_cuda_copy_to_device(void *device, const void *host,
                                        int64_t bytes);
attn_status attn_rt_cuda_copy_to_host(void *host, const void *device,
                                      int64_t bytes);
/// Fills memory with a byte, in the order of the stream.
attn_status attn_rt_cuda_fill(void *memory, int byte, int64_t bytes,
                              void *stream);

/// Two events on a stream: `begin`, the work, `end`, then `get` waits for it.
typedef struct attn_cuda_timer attn_cuda_timer;
attn_status attn_rt_cuda_timer_create(attn_cuda_timer **timer);
attn_status attn_rt_cuda_timer_begin(attn_cuda_timer *timer, void *stream);
attn_status attn_rt_cuda_timer_end(attn_cuda_timer *timer, void *stream);
attn_status attn_rt_cuda_timer_get(attn_cuda_timer *timer, double *seconds);
void attn_rt_cuda_timer_destroy(attn_cuda_timer *timer);

#ifdef __cplusplus
}
#endif

#endif // ATTN_RUNTIME_CUDA_DEVICE_H
