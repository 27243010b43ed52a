//===- FakeCUDA.c - A CUDA driver without a GPU -------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCUDA.h"
#include "../../../lib/Runtime/CUDA/Driver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fake_cuda fake_cuda = {.num_devices = 1,
                              .capability = 90,
                              .max_shared_bytes = 232448,
                              .memory_bytes = INT64_C(1) << 30};

enum { MAX_RANGES = 4096 };
static struct {
  char *begin;
  size_t bytes;
} ranges[MAX_RANGES];
static int num_ranges;
static _Thread_local uintptr_t current;

// As the real driver it may be called by several threads.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void unlock(int *locked) {
  (void)locked;
  pthread_mutex_unlock(&mutex);
}
#define LOCK                                                                   \
  __attribute__((cleanup(unlock), unused)) int locked =                        \
      pthread_mutex_lock(&mutex)

cu_result cuInit(unsigned flags) {
  (void)flags;
  return fake_cuda.init_result;
}

cu_result cuDriverGetVersion(int *version) {
  *version = 13000;
  return CU_SUCCESS;
}

cu_result cuGetErrorString(cu_result result, const char **text) {
  switch (result) {
  case CU_OUT_OF_MEMORY:
    *text = "out of memory";
    return CU_SUCCESS;
  case CU_NO_DEVICE:
    *text = "no CUDA-capable device is detected";
    return CU_SUCCESS;
  case CU_ILLEGAL_ADDRESS:
    *text = "an illegal memory access was encountered";
    return CU_SUCCESS;
  }
  return CU_INVALID_VALUE;
}

cu_result cuGetErrorName(cu_result result, const char **text) {
  *text = result == CU_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                       : "CUDA_ERROR_SOME";
  return CU_SUCCESS;
}

cu_result cuDeviceGet(cu_device *device, int ordinal) {
  *device = ordinal;
  return ordinal < fake_cuda.num_devices ? CU_SUCCESS : CU_INVALID_DEVICE;
}

cu_result cuDeviceGetCount(int *count) {
  *count = fake_cuda.num_devices;
  return CU_SUCCESS;
}

cu_result cuDeviceGetName(char *name, int size, cu_device device) {
  (void)device;
  strncpy(name, "Fake GPU", size);
  return CU_SUCCESS;
}

cu_result cuDeviceGetAttribute(int *value, int attribute, cu_device device) {
  (void)device;
  switch (attribute) {
  case CU_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    *value = 132;
    return CU_SUCCESS;
  case CU_ATTRIBUTE_L2_CACHE_SIZE:
    *value = 50 << 20;
    return CU_SUCCESS;
  case CU_ATTRIBUTE_CAPABILITY_MAJOR:
    *value = fake_cuda.capability / 10;
    return CU_SUCCESS;
  case CU_ATTRIBUTE_CAPABILITY_MINOR:
    *value = fake_cuda.capability % 10;
    return CU_SUCCESS;
  case CU_ATTRIBUTE_MAX_SHARED_BYTES_OPTIN:
    *value = fake_cuda.max_shared_bytes;
    return CU_SUCCESS;
  }
  return CU_INVALID_VALUE;
}

// A context is the number of its device, from 1.
cu_result cuDevicePrimaryCtxRetain(cu_context *context, cu_device device) {
  LOCK;
  ++fake_cuda.num_contexts;
  *context = (cu_context)(uintptr_t)(device + 1);
  return CU_SUCCESS;
}

cu_result cuCtxGetCurrent(cu_context *context) {
  *context = (cu_context)current;
  return CU_SUCCESS;
}

cu_result cuCtxSetCurrent(cu_context context) {
  LOCK;
  current = (uintptr_t)context;
  fake_cuda.current_device = (int)current - 1;
  return CU_SUCCESS;
}

cu_result cuCtxGetDevice(cu_device *device) {
  *device = (int)current - 1;
  return CU_SUCCESS;
}

cu_result cuCtxGetId(cu_context context, unsigned long long *id) {
  *id = 100 + (uintptr_t)context;
  return CU_SUCCESS;
}

cu_result cuModuleLoadDataEx(cu_module *module, const void *image,
                             unsigned num_options, int *options,
                             void **values) {
  LOCK;
  ++fake_cuda.num_loads;
  fake_cuda.image = image;
  *module = (cu_module)image;
  if (fake_cuda.load_result)
    for (unsigned i = 0; i < num_options; ++i)
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
        strcpy(values[i], "ptxas error: bad\nmore");
  return fake_cuda.load_result;
}

cu_result cuModuleUnload(cu_module module) {
  (void)module;
  return CU_SUCCESS;
}

cu_result cuModuleGetFunction(cu_function *function, cu_module module,
                              const char *name) {
  *function = module;
  return !fake_cuda.kernel || strcmp(name, fake_cuda.kernel) == 0 ? CU_SUCCESS
                                                                  : 500;
}

cu_result cuFuncSetAttribute(cu_function function, int attribute, int value) {
  LOCK;
  (void)function;
  if (attribute != CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES)
    return CU_INVALID_VALUE;
  fake_cuda.allowed_shared_bytes = value;
  return CU_SUCCESS;
}

static cu_result note_launch(const unsigned *grid, const unsigned *block,
                             const unsigned *cluster, unsigned shared_bytes,
                             cu_stream stream, int is_programmatic) {
  LOCK;
  if (fake_cuda.launch_result)
    return fake_cuda.launch_result;
  if ((int)shared_bytes > 49152 &&
      (int)shared_bytes > fake_cuda.allowed_shared_bytes)
    return CU_INVALID_VALUE;
  ++fake_cuda.num_launches;
  memcpy(fake_cuda.grid, grid, sizeof fake_cuda.grid);
  memcpy(fake_cuda.block, block, sizeof fake_cuda.block);
  memcpy(fake_cuda.cluster, cluster, sizeof fake_cuda.cluster);
  fake_cuda.shared_bytes = shared_bytes;
  fake_cuda.stream = stream;
  fake_cuda.is_programmatic = is_programmatic;
  return CU_SUCCESS;
}

static cu_result launch(const unsigned *grid, const unsigned *block,
                        const unsigned *cluster, unsigned shared_bytes,
                        cu_stream stream, int is_programmatic,
                        void **parameters) {
  cu_result result =
      note_launch(grid, block, cluster, shared_bytes, stream, is_programmatic);
  if (result == CU_SUCCESS && fake_cuda.on_launch)
    fake_cuda.on_launch(parameters);
  return result;
}

cu_result cuLaunchKernel(cu_function function, unsigned gx, unsigned gy,
                         unsigned gz, unsigned bx, unsigned by, unsigned bz,
                         unsigned shared_bytes, cu_stream stream,
                         void **parameters, void **extra) {
  (void)function;
  (void)extra;
  unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz}, cluster[] = {0, 0, 0};
  return launch(grid, block, cluster, shared_bytes, stream,
                /*is_programmatic=*/0, parameters);
}

cu_result cuLaunchKernelEx(const struct cu_launch_config *config,
                           cu_function function, void **parameters,
                           void **extra) {
  (void)function;
  (void)extra;
  const unsigned none[] = {0, 0, 0}, *cluster = none;
  int is_programmatic = 0;
  for (unsigned i = 0; i < config->num_attributes; ++i) {
    const struct cu_launch_attribute *attribute = &config->attributes[i];
    if (attribute->id == CU_LAUNCH_CLUSTER_DIMENSION)
      cluster = attribute->cluster;
    else if (attribute->id == CU_LAUNCH_PROGRAMMATIC_STREAM_SERIALIZATION)
      is_programmatic = attribute->is_programmatic;
    else
      return CU_INVALID_VALUE;
  }
  return launch(config->grid, config->block, cluster, config->shared_bytes,
                config->stream, is_programmatic, parameters);
}

cu_result cuPointerGetAttributes(unsigned count, int *attributes, void **values,
                                 cu_pointer pointer) {
  LOCK;
  if (fake_cuda.pointer_result)
    return fake_cuda.pointer_result;
  const char *data = (const char *)(uintptr_t)pointer;
  int type = 0, device = -2;
  for (int i = 0; i < num_ranges; ++i)
    if (data >= ranges[i].begin && data < ranges[i].begin + ranges[i].bytes) {
      type = CU_MEMORY_DEVICE;
      device = fake_cuda.memory_device;
    }
  for (unsigned i = 0; i < count; ++i)
    *(int *)values[i] = attributes[i] == CU_POINTER_MEMORY_TYPE ? type : device;
  return CU_SUCCESS;
}

cu_result cuMemAlloc_v2(cu_pointer *pointer, size_t bytes) {
  LOCK;
  if ((int64_t)bytes > fake_cuda.memory_bytes || num_ranges == MAX_RANGES)
    return CU_OUT_OF_MEMORY;
  ++fake_cuda.num_allocations;
  char *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
  // What is not zeroed is not zero.
  memset(memory, 0xaa, bytes);
  ranges[num_ranges].begin = memory;
  ranges[num_ranges++].bytes = bytes;
  *pointer = (cu_pointer)(uintptr_t)memory;
  return CU_SUCCESS;
}

cu_result cuMemFree_v2(cu_pointer pointer) {
  LOCK;
  for (int i = 0; i < num_ranges; ++i)
    if (ranges[i].begin == (char *)(uintptr_t)pointer) {
      free(ranges[i].begin);
      ranges[i] = ranges[--num_ranges];
      return CU_SUCCESS;
    }
  return CU_INVALID_VALUE;
}

cu_result cuMemsetD8Async(cu_pointer pointer, unsigned char value, size_t bytes,
                          cu_stream stream) {
  LOCK;
  (void)stream;
  if (bytes == 0)
    return 1;
  ++fake_cuda.num_memsets;
  fake_cuda.memset_bytes += bytes;
  memset((void *)(uintptr_t)pointer, value, bytes);
  return CU_SUCCESS;
}

cu_result cuMemcpyHtoD_v2(cu_pointer target, const void *source, size_t bytes) {
  memcpy((void *)(uintptr_t)target, source, bytes);
  return CU_SUCCESS;
}

cu_result cuMemcpyDtoH_v2(void *target, cu_pointer source, size_t bytes) {
  memcpy(target, (void *)(uintptr_t)source, bytes);
  return CU_SUCCESS;
}

cu_result cuMemcpy2DAsync_v2(const struct cu_memcpy_2d *copy,
                             cu_stream stream) {
  LOCK;
  (void)stream;
  ++fake_cuda.num_copies;
  if (copy->source_pitch < copy->width || copy->target_pitch < copy->width ||
      copy->source_type != CU_MEMORY_DEVICE ||
      copy->target_type != CU_MEMORY_DEVICE)
    return CU_INVALID_VALUE;
  for (size_t i = 0; i < copy->height; ++i)
    memcpy((char *)(uintptr_t)copy->target_device + i * copy->target_pitch,
           (char *)(uintptr_t)copy->source_device + i * copy->source_pitch,
           copy->width);
  return CU_SUCCESS;
}

cu_result cuStreamSynchronize(cu_stream stream) {
  (void)stream;
  return fake_cuda.sync_result;
}

cu_result cuStreamIsCapturing(cu_stream stream, int *status) {
  (void)stream;
  *status = fake_cuda.capturing;
  return CU_SUCCESS;
}

cu_result cuStreamGetId(cu_stream stream, unsigned long long *id) {
  *id = (uintptr_t)stream;
  return CU_SUCCESS;
}

cu_result cuThreadExchangeStreamCaptureMode(int *mode) {
  static _Thread_local int current_mode;
  int old = current_mode;
  current_mode = *mode;
  *mode = old;
  return CU_SUCCESS;
}

cu_result cuEventCreate(cu_event *event, unsigned flags) {
  (void)flags;
  *event = (cu_event)1;
  return CU_SUCCESS;
}

cu_result cuEventRecord(cu_event event, cu_stream stream) {
  (void)event;
  (void)stream;
  return CU_SUCCESS;
}

cu_result cuEventSynchronize(cu_event event) {
  (void)event;
  return fake_cuda.sync_result;
}

cu_result cuEventElapsedTime(float *ms, cu_event begin, cu_event end) {
  (void)begin;
  (void)end;
  *ms = 0.25f;
  return CU_SUCCESS;
}

cu_result cuEventDestroy_v2(cu_event event) {
  (void)event;
  return CU_SUCCESS;
}

cu_result cuTensorMapEncodeTiled(void *map, int data_type, uint32_t rank,
                                 void *base, const uint64_t *sizes,
                                 const uint64_t *strides, const uint32_t *box,
                                 const uint32_t *element_strides,
                                 int interleave, int swizzle, int l2_promotion,
                                 int oob_fill) {
  LOCK;
  (void)element_strides;
  (void)interleave;
  (void)l2_promotion;
  (void)oob_fill;
  if (fake_cuda.encode_result)
    return fake_cuda.encode_result;
  // As the real one: what it refuses is not for the runtime to let through.
  if ((uintptr_t)map % 64 || (uintptr_t)base % 16 || !base)
    return CU_INVALID_VALUE;
  for (uint32_t i = 0; i < rank; ++i)
    if (sizes[i] == 0 || (i + 1 < rank && strides[i] % 16))
      return CU_INVALID_VALUE;
  ++fake_cuda.num_encodes;
  fake_cuda.data_type = data_type;
  fake_cuda.swizzle = swizzle;
  fake_cuda.rank = rank;
  fake_cuda.base = base;
  memcpy(fake_cuda.sizes, sizes, rank * sizeof *sizes);
  memcpy(fake_cuda.strides, strides, (rank - 1) * sizeof *strides);
  memcpy(fake_cuda.box, box, rank * sizeof *box);
  memset(map, 0x5a, 128);
  return CU_SUCCESS;
}
