//===- Device.c - Memory and timing on a GPU ----------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CUDA/Device.h"

#include "Driver.h"

#include <stdlib.h>
#include <string.h>

attn_status attn_rt_cuda_get_device(attn_cuda_device *device) {
  attn_status status = ATTN_OK;
  const struct context *context = attn_cuda_get_context(-1, &status);
  if (!context)
    return status;
  memset(device, 0, sizeof *device);
  memcpy(device->name, context->name, sizeof device->name);
  device->capability = context->capability;
  device->multiprocessors = context->multiprocessors;
  device->max_shared_bytes = context->max_shared_bytes;
  device->l2_bytes = context->l2_bytes;
  device->driver_version = context->driver->version;
  return ATTN_OK;
}

/// Runs `call` with `driver` in the current context.
#define WITH_DRIVER(call, ...)                                                 \
  do {                                                                         \
    attn_status status = ATTN_OK;                                              \
    const struct context *context = attn_cuda_get_context(-1, &status);        \
    if (!context)                                                              \
      return status;                                                           \
    const struct driver *driver = context->driver;                             \
    cu_result result = call;                                                   \
    if (result != CU_SUCCESS)                                                  \
      return attn_cuda_driver_error(driver, result, __VA_ARGS__);              \
  } while (0)

static cu_pointer to_device(const void *memory) {
  return (cu_pointer)(uintptr_t)memory;
}

attn_status attn_rt_cuda_allocate(int64_t bytes, void **memory) {
  cu_pointer pointer = 0;
  WITH_DRIVER(driver->cuMemAlloc_v2(&pointer, bytes > 0 ? bytes : 1),
              "cannot allocate %lld bytes", (long long)bytes);
  *memory = (void *)(uintptr_t)pointer;
  return ATTN_OK;
}

attn_status attn_rt_cuda_free(void *memory) {
  if (memory)
    WITH_DRIVER(driver->cuMemFree_v2(to_device(memory)), "cannot free memory");
  return ATTN_OK;
}

attn_status attn_rt_cuda_copy_to_device(void *device, const void *host,
                                        int64_t bytes) {
  if (bytes > 0)
    WITH_DRIVER(driver->cuMemcpyHtoD_v2(to_device(device), host, bytes),
                "cannot copy to the device");
  return ATTN_OK;
}

attn_status attn_rt_cuda_copy_to_host(void *host, const void *device,
                                      int64_t bytes) {
  if (bytes > 0)
    WITH_DRIVER(driver->cuMemcpyDtoH_v2(host, to_device(device), bytes),
                "cannot copy from the device");
  return ATTN_OK;
}

attn_status attn_rt_cuda_fill(void *memory, int byte, int64_t bytes,
                              void *stream) {
  if (bytes > 0)
    WITH_DRIVER(driver->cuMemsetD8Async(to_device(memory), byte, bytes, stream),
                "cannot fill memory");
  return ATTN_OK;
}

struct attn_cuda_timer {
  cu_event begin, end;
};

attn_status attn_rt_cuda_timer_create(attn_cuda_timer **timer) {
  *timer = calloc(1, sizeof **timer);
  if (!*timer)
    return attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
  WITH_DRIVER(driver->cuEventCreate(&(*timer)->begin, 0), "cannot time");
  WITH_DRIVER(driver->cuEventCreate(&(*timer)->end, 0), "cannot time");
  return ATTN_OK;
}

attn_status attn_rt_cuda_timer_begin(attn_cuda_timer *timer, void *stream) {
  WITH_DRIVER(driver->cuEventRecord(timer->begin, stream), "cannot time");
  return ATTN_OK;
}

attn_status attn_rt_cuda_timer_end(attn_cuda_timer *timer, void *stream) {
  WITH_DRIVER(driver->cuEventRecord(timer->end, stream), "cannot time");
  return ATTN_OK;
}

attn_status attn_rt_cuda_timer_get(attn_cuda_timer *timer, double *seconds) {
  float ms = 0;
  WITH_DRIVER(driver->cuEventSynchronize(timer->end), "the timed work failed");
  WITH_DRIVER(driver->cuEventElapsedTime(&ms, timer->begin, timer->end),
              "cannot time");
  *seconds = ms * 1e-3;
  return ATTN_OK;
}

void attn_rt_cuda_timer_destroy(attn_cuda_timer *timer) {
  attn_status status;
  const struct driver *driver = timer ? attn_cuda_get_driver(&status) : NULL;
  if (driver && timer->begin)
    driver->cuEventDestroy_v2(timer->begin);
  if (driver && timer->end)
    driver->cuEventDestroy_v2(timer->end);
  free(timer);
}
