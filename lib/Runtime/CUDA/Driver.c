//===- Driver.c - Driver, contexts and errors ---------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CUDA/Runtime.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The driver and its contexts are the process's own; nothing else here is
// global.
static _Atomic(const struct driver *) open_driver;
static _Atomic(struct context *) contexts;
/// Contexts of drivers that were replaced: compiled code may still compare its
/// pointers with them, so that none may be used anew.
static struct context *retired;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

attn_status attn_cuda_error(attn_status status, const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  attn_rt_set_error(message);
  return status;
}

static attn_status get_status(cu_result result) {
  switch (result) {
  case CU_OUT_OF_MEMORY:
    return ATTN_OUT_OF_MEMORY;
  case CU_STUB_LIBRARY:
  case CU_DEVICE_UNAVAILABLE:
  case CU_NO_DEVICE:
  case CU_INVALID_DEVICE:
  case CU_NO_BINARY_FOR_GPU:
  case CU_INVALID_PTX:
  case CU_UNSUPPORTED_PTX_VERSION:
  case CU_SYSTEM_DRIVER_MISMATCH:
    return ATTN_NO_DEVICE;
  case CU_ECC_UNCORRECTABLE:
  case CU_NVLINK_UNCORRECTABLE:
  case CU_CONTAINED:
  case CU_ILLEGAL_ADDRESS:
  case CU_LAUNCH_TIMEOUT:
  case CU_CONTEXT_IS_DESTROYED:
  case CU_ASSERT:
    return ATTN_DEVICE_FAULT;
  default:
    if (result >= CU_HARDWARE_STACK_ERROR && result <= CU_LAUNCH_FAILED)
      return ATTN_DEVICE_FAULT;
    return ATTN_FAILED;
  }
}

attn_status attn_cuda_driver_error(const struct driver *driver,
                                   cu_result result, const char *format, ...) {
  char what[320];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  const char *text = NULL, *name = NULL;
  if (driver->cuGetErrorString(result, &text) != CU_SUCCESS || !text)
    text = "unknown error";
  if (driver->cuGetErrorName(result, &name) != CU_SUCCESS || !name)
    name = "no name";
  attn_status status = get_status(result);
  return attn_cuda_error(status, "%s: %s (%s, %d)%s", what, text, name, result,
                         status == ATTN_DEVICE_FAULT
                             ? "; a kernel launched earlier may be the cause, "
                               "and the context cannot be used any more"
                             : "");
}

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

static attn_status load_functions(void *library, const char *path,
                                  struct driver *driver) {
  // A function pointer through its object representation, as POSIX has it.
#define X(name, parameters) *(void **)&driver->name = dlsym(library, #name);
  ATTN_CUDA_FUNCTIONS(X)
  ATTN_CUDA_OPTIONAL_FUNCTIONS(X)
#undef X
#define X(name, parameters)                                                    \
  if (!driver->name)                                                           \
    return attn_cuda_error(ATTN_NO_DEVICE,                                     \
                           "%s is no CUDA driver, or too old: it has no %s",   \
                           path, #name);
  ATTN_CUDA_FUNCTIONS(X)
#undef X
  return ATTN_OK;
}

static attn_status open_library(const char *path, struct driver *driver) {
  if (!path)
    path = "libcuda.so.1";
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return attn_cuda_error(ATTN_NO_DEVICE, "no CUDA driver: %s", dlerror());
  attn_status status = load_functions(library, path, driver);
  if (status != ATTN_OK) {
    dlclose(library);
    return status;
  }
  cu_result result = driver->cuInit(0);
  if (result != CU_SUCCESS)
    return attn_cuda_driver_error(driver, result, "no CUDA device");
  int count = 0;
  result = driver->cuDeviceGetCount(&count);
  if (result != CU_SUCCESS)
    return attn_cuda_driver_error(driver, result, "no CUDA device");
  if (count == 0)
    return attn_cuda_error(ATTN_NO_DEVICE,
                           "no CUDA device: the driver has found none");
  driver->cuDriverGetVersion(&driver->version);
  return ATTN_OK;
}

static attn_status replace_driver(const char *path) {
  struct driver *driver = calloc(1, sizeof *driver);
  if (!driver)
    return attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
  attn_status status = open_library(path, driver);
  if (status != ATTN_OK) {
    free(driver);
    driver = NULL;
  }
  struct context *last = atomic_exchange(&contexts, NULL);
  while (last) {
    struct context *next = last->next;
    last->next = retired;
    retired = last;
    last = next;
  }
  attn_cuda_reset_scratch();
  free((void *)atomic_exchange(&open_driver, driver));
  return status;
}

attn_status attn_rt_cuda_open(const char *path) {
  pthread_mutex_lock(&mutex);
  attn_status status = replace_driver(path);
  pthread_mutex_unlock(&mutex);
  return status;
}

const struct driver *attn_cuda_get_driver(attn_status *status) {
  const struct driver *driver = atomic_load(&open_driver);
  if (driver)
    return driver;
  pthread_mutex_lock(&mutex);
  *status = ATTN_OK;
  if (!atomic_load(&open_driver))
    *status = replace_driver(NULL);
  driver = atomic_load(&open_driver);
  pthread_mutex_unlock(&mutex);
  return driver;
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

static struct context *describe_context(const struct driver *driver,
                                        cu_context handle,
                                        unsigned long long id,
                                        attn_status *status) {
  struct context *context = calloc(1, sizeof *context);
  if (!context) {
    *status = attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
    return NULL;
  }
  context->driver = driver;
  context->handle = handle;
  context->id = id;
  int major = 0, minor = 0;
  cu_result result = driver->cuCtxGetDevice(&context->device);
  const struct {
    int attribute, *value;
  } attributes[] = {
      {CU_ATTRIBUTE_CAPABILITY_MAJOR, &major},
      {CU_ATTRIBUTE_CAPABILITY_MINOR, &minor},
      {CU_ATTRIBUTE_MULTIPROCESSOR_COUNT, &context->multiprocessors},
      {CU_ATTRIBUTE_MAX_SHARED_BYTES_OPTIN, &context->max_shared_bytes},
      {CU_ATTRIBUTE_L2_CACHE_SIZE, &context->l2_bytes}};
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; ++i)
    if (result == CU_SUCCESS)
      result = driver->cuDeviceGetAttribute(
          attributes[i].value, attributes[i].attribute, context->device);
  if (result == CU_SUCCESS)
    result = driver->cuDeviceGetName(context->name, sizeof context->name,
                                     context->device);
  if (result != CU_SUCCESS) {
    free(context);
    *status = attn_cuda_driver_error(driver, result, "cannot query the device");
    return NULL;
  }
  context->capability = major * 10 + minor;
  return context;
}

static struct context *find_context(cu_context handle, unsigned long long id) {
  for (struct context *c = atomic_load(&contexts); c; c = c->next)
    if (c->handle == handle && c->id == id)
      return c;
  return NULL;
}

/// Makes the primary context of a device current.
static cu_result make_current(const struct driver *driver, int device,
                              cu_context *handle) {
  cu_device primary;
  cu_result result = driver->cuDeviceGet(&primary, device < 0 ? 0 : device);
  if (result == CU_SUCCESS)
    result = driver->cuDevicePrimaryCtxRetain(handle, primary);
  if (result == CU_SUCCESS)
    result = driver->cuCtxSetCurrent(*handle);
  return result;
}

const struct context *attn_cuda_get_context(int device, attn_status *status) {
  const struct driver *driver = attn_cuda_get_driver(status);
  if (!driver)
    return NULL;
  cu_context handle = NULL;
  cu_result result = driver->cuCtxGetCurrent(&handle);
  if (result == CU_SUCCESS && !handle)
    result = make_current(driver, device, &handle);
  if (result != CU_SUCCESS) {
    *status = attn_cuda_driver_error(driver, result, "no CUDA context");
    return NULL;
  }
  // The address of a context may be used again; its number is not.
  unsigned long long id = 0;
  if (driver->cuCtxGetId)
    driver->cuCtxGetId(handle, &id);
  struct context *context = find_context(handle, id);
  if (context)
    return context;
  pthread_mutex_lock(&mutex);
  context = find_context(handle, id);
  if (!context) {
    context = describe_context(driver, handle, id, status);
    if (context) {
      context->next = atomic_load(&contexts);
      atomic_store(&contexts, context);
    }
  }
  pthread_mutex_unlock(&mutex);
  return context;
}
