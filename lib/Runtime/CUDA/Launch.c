//===- Launch.c - Loading and launching kernels -------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "attn/Runtime/CUDA/Runtime.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// What an image or a kernel is in a context. The list hangs on the image or
/// kernel itself and goes with it; entries are only ever added.
struct loaded {
  const struct context *context;
  void *handle;
  /// Of a kernel: the dynamic shared memory that it may have.
  int64_t shared_bytes;
  struct loaded *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct loaded *find(void *const *list, const struct context *context) {
  struct loaded *entry = __atomic_load_n((void **)list, __ATOMIC_ACQUIRE);
  while (entry && entry->context != context)
    entry = entry->next;
  return entry;
}

static struct loaded *add(void **list, const struct context *context,
                          void *handle, attn_status *status) {
  struct loaded *entry = malloc(sizeof *entry);
  if (!entry) {
    *status = attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
    return NULL;
  }
  struct loaded value = {context, handle, 0, *list};
  *entry = value;
  __atomic_store_n(list, entry, __ATOMIC_RELEASE);
  return entry;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// Whether code for `arch` runs on a device. Binary code runs on later devices
/// of its generation, PTX on all later ones; `a` ties both to the device
/// itself, `f` to its generation.
static bool runs_on(const attn_cuda_object *object, int capability) {
  int number = 0, length = 0;
  if (sscanf(object->arch, "sm_%d%n", &number, &length) != 1)
    return false;
  char suffix = object->arch[length];
  if (suffix == 'a')
    return capability == number;
  if (suffix == 'f' || !object->is_ptx)
    return capability / 10 == number / 10 && capability >= number;
  return capability >= number;
}

/// The first object that runs on the device.
static const attn_cuda_object *choose(const attn_cuda_image *image,
                                      const struct context *context,
                                      attn_status *status) {
  char archs[128] = "nothing";
  size_t length = 0;
  for (int64_t i = 0; i < image->num_objects; ++i) {
    if (runs_on(&image->objects[i], context->capability))
      return &image->objects[i];
    if (length < sizeof archs)
      length += snprintf(archs + length, sizeof archs - length, "%s%s",
                         i ? ", " : "", image->objects[i].arch);
  }
  *status = attn_cuda_error(
      ATTN_NO_DEVICE,
      "the code is for %s, device %d (%s) is sm_%d: compile for it", archs,
      context->device, context->name, context->capability);
  return NULL;
}

static struct loaded *load_image(attn_cuda_image *image,
                                 const struct context *context,
                                 attn_status *status) {
  struct loaded *entry = find(&image->loaded, context);
  if (entry)
    return entry;
  const attn_cuda_object *object = choose(image, context, status);
  if (!object)
    return NULL;
  char log[256] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE};
  void *values[] = {log, (void *)(uintptr_t)sizeof log};
  cu_module module = NULL;
  cu_result result = context->driver->cuModuleLoadDataEx(&module, object->data,
                                                         2, options, values);
  if (result != CU_SUCCESS) {
    log[sizeof log - 1] = '\0';
    log[strcspn(log, "\n")] = '\0';
    *status = attn_cuda_driver_error(context->driver, result,
                                     "cannot load the code for %s%s%s",
                                     object->arch, log[0] ? ": " : "", log);
    return NULL;
  }
  entry = add(&image->loaded, context, module, status);
  if (!entry)
    context->driver->cuModuleUnload(module);
  return entry;
}

static struct loaded *load_kernel(attn_cuda_kernel *kernel,
                                  const struct context *context,
                                  attn_status *status) {
  struct loaded *entry = find(&kernel->loaded, context);
  if (entry)
    return entry;
  struct loaded *image = load_image(kernel->image, context, status);
  if (!image)
    return NULL;
  cu_function function = NULL;
  cu_result result = context->driver->cuModuleGetFunction(
      &function, image->handle, kernel->name);
  if (result != CU_SUCCESS) {
    *status = attn_cuda_driver_error(
        context->driver, result, "no kernel '%s' in the code", kernel->name);
    return NULL;
  }
  return add(&kernel->loaded, context, function, status);
}

/// Finds or loads the kernel, with leave to use so much shared memory.
static struct loaded *prepare(attn_cuda_kernel *kernel,
                              const struct context *context,
                              int64_t shared_bytes, attn_status *status) {
  if (shared_bytes > context->max_shared_bytes) {
    *status = attn_cuda_error(
        ATTN_FAILED,
        "kernel '%s' needs %lld bytes of shared memory, device %d (%s) has %d",
        kernel->name, (long long)shared_bytes, context->device, context->name,
        context->max_shared_bytes);
    return NULL;
  }
  const struct driver *driver = context->driver;
  // Loading is allowed while a stream is being captured into a graph.
  int mode = CU_CAPTURE_MODE_RELAXED;
  driver->cuThreadExchangeStreamCaptureMode(&mode);
  struct loaded *entry = load_kernel(kernel, context, status);
  if (entry && entry->shared_bytes < shared_bytes) {
    cu_result result = driver->cuFuncSetAttribute(
        entry->handle, CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES, (int)shared_bytes);
    if (result == CU_SUCCESS) {
      __atomic_store_n(&entry->shared_bytes, shared_bytes, __ATOMIC_RELEASE);
    } else {
      *status = attn_cuda_driver_error(
          driver, result, "kernel '%s' cannot have %lld bytes of shared memory",
          kernel->name, (long long)shared_bytes);
      entry = NULL;
    }
  }
  driver->cuThreadExchangeStreamCaptureMode(&mode);
  return entry;
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

static attn_status check_dims(const attn_cuda_kernel *kernel,
                              const int64_t *dims) {
  static const int64_t limits[] = {INT32_MAX, 65535, 65535, 1024, 1024,
                                   64,        8,     8,     8};
  static const char *const parts[] = {"grid", "block", "cluster"};
  for (int i = 0; i < 9; ++i)
    if (dims[i] < (i < 3 || i >= 6 ? 0 : 1) || dims[i] > limits[i])
      return attn_cuda_error(
          ATTN_FAILED,
          "kernel '%s': size %lld of the %s in %c, expected %lld "
          "at most",
          kernel->name, (long long)dims[i], parts[i / 3], "xyz"[i % 3],
          (long long)limits[i]);
  return ATTN_OK;
}

static cu_result launch(const struct call *call, cu_function function,
                        const int64_t *dims, int64_t shared_bytes,
                        void **parameters) {
  const struct driver *driver = call->context->driver;
  struct cu_launch_attribute attributes[2];
  unsigned num_attributes = 0;
  if (dims[6] * dims[7] * dims[8] != 0) {
    struct cu_launch_attribute cluster = {
        CU_LAUNCH_CLUSTER_DIMENSION, 0, {{dims[6], dims[7], dims[8]}}};
    attributes[num_attributes++] = cluster;
  }
  // Drivers before 12.3 do not capture such launches into graphs.
  if (dims[9] && driver->cuLaunchKernelEx && driver->version >= 12030 &&
      call->context->capability >= 90) {
    struct cu_launch_attribute programmatic = {
        .id = CU_LAUNCH_PROGRAMMATIC_STREAM_SERIALIZATION,
        .is_programmatic = 1};
    attributes[num_attributes++] = programmatic;
  }
  if (num_attributes == 0)
    return driver->cuLaunchKernel(function, dims[0], dims[1], dims[2], dims[3],
                                  dims[4], dims[5], shared_bytes, call->stream,
                                  parameters, NULL);
  struct cu_launch_config config = {{dims[0], dims[1], dims[2]},
                                    {dims[3], dims[4], dims[5]},
                                    shared_bytes,
                                    call->stream,
                                    attributes,
                                    num_attributes};
  return driver->cuLaunchKernelEx(&config, function, parameters, NULL);
}

void attn_rt_cuda_launch(attn_cuda_kernel *kernel, const int64_t *dims,
                         int64_t shared_bytes, void **parameters) {
  struct call *call = attn_cuda_get_call("a launch");
  attn_status status = check_dims(kernel, dims);
  if (status != ATTN_OK)
    attn_cuda_fail_call(status);
  if (dims[0] == 0 || dims[1] == 0 || dims[2] == 0)
    return;
  const struct driver *driver = call->context->driver;
  if (dims[6] && !driver->cuLaunchKernelEx)
    attn_cuda_fail_call(attn_cuda_error(
        ATTN_NO_DEVICE, "the CUDA driver (%d) cannot launch clusters",
        driver->version));
  struct loaded *loaded = find(&kernel->loaded, call->context);
  if (!loaded ||
      __atomic_load_n(&loaded->shared_bytes, __ATOMIC_ACQUIRE) < shared_bytes) {
    pthread_mutex_lock(&mutex);
    loaded = prepare(kernel, call->context, shared_bytes, &status);
    pthread_mutex_unlock(&mutex);
    if (!loaded)
      attn_cuda_fail_call(status);
  }
  cu_result result =
      launch(call, loaded->handle, dims, shared_bytes, parameters);
  if (result != CU_SUCCESS)
    attn_cuda_fail_call(attn_cuda_driver_error(
        driver, result, "cannot launch kernel '%s'", kernel->name));
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static struct loaded *load_constant(attn_cuda_constant *constant,
                                    const struct context *context,
                                    attn_status *status) {
  struct loaded *entry = find(&constant->loaded, context);
  if (entry)
    return entry;
  const struct driver *driver = context->driver;
  cu_pointer memory = 0;
  cu_result result = driver->cuMemAlloc_v2(&memory, constant->bytes);
  if (result == CU_SUCCESS)
    result = driver->cuMemcpyHtoD_v2(memory, constant->data, constant->bytes);
  if (result == CU_SUCCESS)
    entry = add(&constant->loaded, context, (void *)(uintptr_t)memory, status);
  else
    *status = attn_cuda_driver_error(driver, result,
                                     "cannot allocate a constant of %lld bytes",
                                     (long long)constant->bytes);
  if (!entry && memory)
    driver->cuMemFree_v2(memory);
  return entry;
}

void *attn_rt_cuda_constant(attn_cuda_constant *constant) {
  const struct call *call = attn_cuda_get_call("a constant");
  struct loaded *entry = find(&constant->loaded, call->context);
  if (entry)
    return entry->handle;
  attn_status status = ATTN_OK;
  int mode = CU_CAPTURE_MODE_RELAXED;
  pthread_mutex_lock(&mutex);
  call->context->driver->cuThreadExchangeStreamCaptureMode(&mode);
  entry = load_constant(constant, call->context, &status);
  call->context->driver->cuThreadExchangeStreamCaptureMode(&mode);
  pthread_mutex_unlock(&mutex);
  if (!entry)
    attn_cuda_fail_call(status);
  return entry->handle;
}

int64_t attn_rt_cuda_multiprocessor_count(void) {
  return attn_cuda_get_call("a device query")->context->multiprocessors;
}
