//===- Driver.h - The CUDA driver, as far as it is used -----------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Types, numbers and functions of the driver's documented ABI, declared here so
// that the build needs no CUDA.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_RUNTIME_CUDA_DRIVER_H
#define ATTN_LIB_RUNTIME_CUDA_DRIVER_H

#include "attn/Runtime/CPU/Tensor.h"

#include <stddef.h>
#include <stdint.h>

typedef int cu_result;
typedef int cu_device;
typedef void *cu_context;
typedef void *cu_module;
typedef void *cu_function;
typedef void *cu_stream;
typedef void *cu_event;
typedef uint64_t cu_pointer;

enum {
  CU_SUCCESS = 0,
  CU_INVALID_VALUE = 1,
  CU_OUT_OF_MEMORY = 2,
  CU_STUB_LIBRARY = 34,
  CU_DEVICE_UNAVAILABLE = 46,
  CU_NO_DEVICE = 100,
  CU_INVALID_DEVICE = 101,
  CU_NO_BINARY_FOR_GPU = 209,
  CU_ECC_UNCORRECTABLE = 214,
  CU_INVALID_PTX = 218,
  CU_NVLINK_UNCORRECTABLE = 220,
  CU_UNSUPPORTED_PTX_VERSION = 222,
  CU_CONTAINED = 226,
  CU_ILLEGAL_ADDRESS = 700,
  CU_LAUNCH_TIMEOUT = 702,
  CU_CONTEXT_IS_DESTROYED = 709,
  CU_ASSERT = 710,
  CU_HARDWARE_STACK_ERROR = 714,
  CU_LAUNCH_FAILED = 719,
  CU_SYSTEM_DRIVER_MISMATCH = 803,

  CU_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_ATTRIBUTE_L2_CACHE_SIZE = 38,
  CU_ATTRIBUTE_CAPABILITY_MAJOR = 75,
  CU_ATTRIBUTE_CAPABILITY_MINOR = 76,
  CU_ATTRIBUTE_MAX_SHARED_BYTES_OPTIN = 97,

  CU_POINTER_MEMORY_TYPE = 2,
  CU_POINTER_DEVICE_ORDINAL = 9,
  CU_MEMORY_HOST = 1,
  CU_MEMORY_DEVICE = 2,

  CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES = 8,
  CU_LAUNCH_CLUSTER_DIMENSION = 4,
  CU_LAUNCH_PROGRAMMATIC_STREAM_SERIALIZATION = 6,

  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_BUFFER_SIZE = 6,

  CU_CAPTURE_NONE = 0,
  CU_CAPTURE_MODE_RELAXED = 2,

  CU_L2_PROMOTION_256B = 3,
};

/// CUlaunchAttribute, with the values that are used.
struct cu_launch_attribute {
  unsigned id;
  unsigned padding;
  union {
    unsigned cluster[3];
    int is_programmatic;
    uint64_t words[8];
  };
};

/// CUlaunchConfig.
struct cu_launch_config {
  unsigned grid[3], block[3], shared_bytes;
  cu_stream stream;
  struct cu_launch_attribute *attributes;
  unsigned num_attributes;
};

/// CUDA_MEMCPY2D.
struct cu_memcpy_2d {
  size_t source_x, source_y;
  int source_type;
  const void *source_host;
  cu_pointer source_device;
  void *source_array;
  size_t source_pitch;
  size_t target_x, target_y;
  int target_type;
  void *target_host;
  cu_pointer target_device;
  void *target_array;
  size_t target_pitch;
  size_t width, height;
};

/// Functions that every driver has, with the suffixes of the ABI.
#define ATTN_CUDA_FUNCTIONS(X)                                                 \
  X(cuInit, (unsigned flags))                                                  \
  X(cuDriverGetVersion, (int *version))                                        \
  X(cuGetErrorString, (cu_result result, const char **text))                   \
  X(cuGetErrorName, (cu_result result, const char **text))                     \
  X(cuDeviceGet, (cu_device * device, int ordinal))                            \
  X(cuDeviceGetCount, (int *count))                                            \
  X(cuDeviceGetName, (char *name, int size, cu_device device))                 \
  X(cuDeviceGetAttribute, (int *value, int attribute, cu_device device))       \
  X(cuDevicePrimaryCtxRetain, (cu_context * context, cu_device device))        \
  X(cuCtxGetCurrent, (cu_context * context))                                   \
  X(cuCtxSetCurrent, (cu_context context))                                     \
  X(cuCtxGetDevice, (cu_device * device))                                      \
  X(cuModuleLoadDataEx, (cu_module * module, const void *image,                \
                         unsigned num_options, int *options, void **values))   \
  X(cuModuleUnload, (cu_module module))                                        \
  X(cuModuleGetFunction,                                                       \
    (cu_function * function, cu_module module, const char *name))              \
  X(cuFuncSetAttribute, (cu_function function, int attribute, int value))      \
  X(cuLaunchKernel,                                                            \
    (cu_function function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, \
     unsigned by, unsigned bz, unsigned shared_bytes, cu_stream stream,        \
     void **parameters, void **extra))                                         \
  X(cuPointerGetAttributes,                                                    \
    (unsigned count, int *attributes, void **values, cu_pointer pointer))      \
  X(cuMemAlloc_v2, (cu_pointer * pointer, size_t bytes))                       \
  X(cuMemFree_v2, (cu_pointer pointer))                                        \
  X(cuMemsetD8Async,                                                           \
    (cu_pointer pointer, unsigned char value, size_t bytes, cu_stream stream)) \
  X(cuMemcpyHtoD_v2, (cu_pointer target, const void *source, size_t bytes))    \
  X(cuMemcpyDtoH_v2, (void *target, cu_pointer source, size_t bytes))          \
  X(cuMemcpy2DAsync_v2, (const struct cu_memcpy_2d *copy, cu_stream stream))   \
  X(cuStreamSynchronize, (cu_stream stream))                                   \
  X(cuStreamIsCapturing, (cu_stream stream, int *status))                      \
  X(cuThreadExchangeStreamCaptureMode, (int *mode))                            \
  X(cuEventCreate, (cu_event * event, unsigned flags))                         \
  X(cuEventRecord, (cu_event event, cu_stream stream))                         \
  X(cuEventSynchronize, (cu_event event))                                      \
  X(cuEventElapsedTime, (float *ms, cu_event begin, cu_event end))             \
  X(cuEventDestroy_v2, (cu_event event))

/// Functions of newer drivers; null in others.
#define ATTN_CUDA_OPTIONAL_FUNCTIONS(X)                                        \
  X(cuCtxGetId, (cu_context context, unsigned long long *id))                  \
  X(cuStreamGetId, (cu_stream stream, unsigned long long *id))                 \
  X(cuLaunchKernelEx, (const struct cu_launch_config *config,                  \
                       cu_function function, void **parameters, void **extra)) \
  X(cuTensorMapEncodeTiled,                                                    \
    (void *map, int data_type, uint32_t rank, void *base,                      \
     const uint64_t *sizes, const uint64_t *strides, const uint32_t *box,      \
     const uint32_t *element_strides, int interleave, int swizzle,             \
     int l2_promotion, int oob_fill))

struct driver {
#define X(name, parameters) cu_result(*name) parameters;
  ATTN_CUDA_FUNCTIONS(X)
  ATTN_CUDA_OPTIONAL_FUNCTIONS(X)
#undef X
  int version;
};

/// A context, and the device behind it. Contexts are found once and kept: what
/// was loaded into one is known by the pointer to this.
struct context {
  const struct driver *driver;
  cu_context handle;
  unsigned long long id;
  cu_device device;
  char name[128];
  int capability, multiprocessors, max_shared_bytes, l2_bytes;
  struct context *next;
};

/// The call in progress in this thread.
struct call {
  const struct context *context;
  cu_stream stream;
  /// The status with which the call fails.
  attn_status status;
  /// What the call has of the stream's scratch memory, once it has asked.
  struct scratch *scratch;
};

/// The open driver; opens libcuda.so.1 if there is none. NULL after a failure.
/// `status` is set then, as by all of these.
const struct driver *attn_cuda_get_driver(attn_status *status);

/// The current context. Without one, makes the primary context of a device
/// current; device -1 stands for the first.
const struct context *attn_cuda_get_context(int device, attn_status *status);

/// Sets the message and returns the status of a failure.
attn_status attn_cuda_error(attn_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/// The same for a failure of the driver's: what failed, then the cause.
attn_status attn_cuda_driver_error(const struct driver *driver,
                                   cu_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// The call in progress. Without one, ends in a failure.
struct call *attn_cuda_get_call(const char *function);

/// Enters a call (NULL: leaves it) and returns the one outside it.
struct call *attn_cuda_set_call(struct call *call);

/// Ends the call in progress with the message that was set.
void attn_cuda_fail_call(attn_status status) __attribute__((noreturn));

/// Scratch memory of streams: ends a call's use of it; forgets it all, for a
/// new driver.
void attn_cuda_leave_scratch(struct call *call);
void attn_cuda_reset_scratch(void);

/// Into how many splits the keys of each of `tiles` tiles, which have `blocks`
/// blocks of keys each and `rows` rows in all, are divided, so that a GPU that
/// runs `slots` blocks of threads at a time is done soonest: 1 to 128. If they
/// are `varying`, blocks are the most of a tile.
int64_t attn_cuda_choose_splits(int64_t tiles, int64_t blocks, int64_t rows,
                                int64_t slots, int varying);

#endif // ATTN_LIB_RUNTIME_CUDA_DRIVER_H
