//===- Invoke.c - Checked calls of compiled CUDA code -------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../CPU/Signature.h"
#include "Driver.h"

#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CUDA/Runtime.h"

#include <stdlib.h>

static _Thread_local struct call *current_call;

struct call *attn_cuda_set_call(struct call *call) {
  struct call *outer = current_call;
  current_call = call;
  return outer;
}

struct call *attn_cuda_get_call(const char *function) {
  if (!current_call) {
    attn_cuda_error(ATTN_FAILED, "%s outside of attn_rt_cuda_invoke", function);
    attn_rt_fail(attn_rt_last_error());
  }
  return current_call;
}

void attn_cuda_fail_call(attn_status status) {
  if (current_call)
    current_call->status = status;
  attn_rt_fail(attn_rt_last_error());
  abort();
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

struct location {
  int type, device;
  cu_result result;
};

static struct location locate(const struct driver *driver,
                              const void *pointer) {
  struct location location = {0, -1, CU_SUCCESS};
  int attributes[] = {CU_POINTER_MEMORY_TYPE, CU_POINTER_DEVICE_ORDINAL};
  void *values[] = {&location.type, &location.device};
  location.result = driver->cuPointerGetAttributes(
      2, attributes, values, (cu_pointer)(uintptr_t)pointer);
  return location;
}

/// The tensor and whether kernels read or write it.
struct argument {
  struct attn_value value;
  const attn_tensor *tensor;
  const char *kind;
  int index;
};

static bool is_on_device(const struct argument *argument) {
  return !argument->value.is_scalar &&
         attn_count_elements(argument->tensor->shape, argument->value.rank) > 0;
}

static attn_status check_strides(const struct argument *argument) {
  const attn_tensor *tensor = argument->tensor;
  int64_t rank = argument->value.rank;
  if (!tensor->strides || rank == 0 || !is_on_device(argument) ||
      argument->value.passing == ATTN_PASS_STRIDED)
    return ATTN_OK;
  if (tensor->shape[rank - 1] > 1 && tensor->strides[rank - 1] != 1)
    return attn_cuda_error(
        ATTN_INVALID_ARGUMENT,
        "%s %d: expected the last dimension to be contiguous, its stride is "
        "%lld",
        argument->kind, argument->index, (long long)tensor->strides[rank - 1]);
  return ATTN_OK;
}

static attn_status check_memory(const struct context *context,
                                const struct argument *argument) {
  if (!is_on_device(argument))
    return ATTN_OK;
  const void *data = argument->tensor->data;
  struct location location = locate(context->driver, data);
  // Memory that the driver does not know is ordinary host memory.
  if ((location.result == CU_SUCCESS && location.type != CU_MEMORY_DEVICE) ||
      location.result == CU_INVALID_VALUE)
    return attn_cuda_error(
        ATTN_INVALID_ARGUMENT,
        "%s %d: the data at %p is in host memory, expected memory of the "
        "device",
        argument->kind, argument->index, data);
  if (location.result != CU_SUCCESS)
    return attn_cuda_driver_error(context->driver, location.result, "%s %d",
                                  argument->kind, argument->index);
  if (location.device != context->device)
    return attn_cuda_error(
        ATTN_INVALID_ARGUMENT,
        "%s %d: the data is on device %d, the current device is %d",
        argument->kind, argument->index, location.device, context->device);
  return ATTN_OK;
}

/// Checks all but the memory, which needs a context.
static attn_status check_tensors(const int64_t *signature,
                                 struct argument *arguments,
                                 const attn_tensor *inputs, int32_t num_inputs,
                                 const attn_tensor *outputs,
                                 int32_t num_outputs) {
  const int64_t *cursor = signature + 2;
  for (int32_t i = 0; i < num_inputs + num_outputs; ++i) {
    bool is_input = i < num_inputs;
    struct argument argument = {
        attn_read_value(&cursor),
        is_input ? &inputs[i] : &outputs[i - num_inputs],
        is_input ? "input" : "output", is_input ? i : i - num_inputs};
    attn_status status =
        attn_check_tensor(&argument.value, argument.tensor, argument.kind,
                          argument.index, /*has_shape=*/true);
    if (status == ATTN_OK && !argument.tensor->data &&
        attn_count_elements(argument.tensor->shape, argument.value.rank) > 0)
      status = attn_cuda_error(ATTN_INVALID_ARGUMENT,
                               "%s %d: the data is a null pointer",
                               argument.kind, argument.index);
    if (status == ATTN_OK)
      status = check_strides(&argument);
    if (status != ATTN_OK)
      return status;
    arguments[i] = argument;
  }
  return ATTN_OK;
}

/// The device of the first tensor; -1 if there is none or it is unknown.
static int find_device(const struct driver *driver,
                       const struct argument *arguments, int32_t count) {
  for (int32_t i = 0; i < count; ++i)
    if (is_on_device(&arguments[i])) {
      struct location location = locate(driver, arguments[i].tensor->data);
      if (location.result == CU_SUCCESS && location.type == CU_MEMORY_DEVICE)
        return location.device;
    }
  return -1;
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

struct packed_call {
  void (*packed)(void **);
  void **pointers;
};

static void run_packed(void *argument) {
  struct packed_call *call = argument;
  call->packed(call->pointers);
}

/// Calls the function with descriptors written to `words`.
static attn_status run(void (*packed)(void **), const struct context *context,
                       const struct argument *arguments, int32_t count,
                       void *stream, int64_t *words, void **pointers) {
  for (int32_t i = 0; i < count; ++i) {
    if (arguments[i].value.is_scalar) {
      pointers[i] = arguments[i].tensor->data;
      continue;
    }
    attn_write_descriptor(words, arguments[i].tensor);
    pointers[i] = words;
    words += attn_get_descriptor_size(arguments[i].value.rank);
  }
  struct call call = {context, stream, ATTN_FAILED, NULL};
  struct packed_call packed_call = {packed, pointers};
  struct call *outer = attn_cuda_set_call(&call);
  int failed = attn_rt_call(run_packed, &packed_call);
  attn_cuda_leave_scratch(&call);
  attn_cuda_set_call(outer);
  return failed ? call.status : ATTN_OK;
}

/// What a call of usual size needs is on the stack.
enum { INLINE_ARGUMENTS = 16, INLINE_WORDS = INLINE_ARGUMENTS * 13 };

attn_status attn_rt_cuda_invoke(const int64_t *signature,
                                void (*packed)(void **),
                                const attn_tensor *inputs, int32_t num_inputs,
                                const attn_tensor *outputs, int32_t num_outputs,
                                void *stream) {
  attn_status status =
      attn_check_counts(signature, inputs, num_inputs, outputs, num_outputs);
  if (status != ATTN_OK)
    return status;
  const int32_t count = num_inputs + num_outputs;
  int64_t num_words = 0;
  const int64_t *cursor = signature + 2;
  for (int32_t i = 0; i < count; ++i)
    num_words += attn_get_descriptor_size(attn_read_value(&cursor).rank);

  struct argument inline_arguments[INLINE_ARGUMENTS];
  void *inline_pointers[INLINE_ARGUMENTS];
  int64_t inline_words[INLINE_WORDS];
  struct argument *arguments = inline_arguments;
  void **pointers = inline_pointers;
  int64_t *words = inline_words;
  void *memory = NULL;
  if (count > INLINE_ARGUMENTS || num_words > INLINE_WORDS) {
    memory = malloc(count * (sizeof *arguments + sizeof *pointers) +
                    num_words * sizeof *words);
    if (!memory)
      return attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
    arguments = memory;
    pointers = (void **)(arguments + count);
    words = (int64_t *)(pointers + count);
  }

  const struct context *context = NULL;
  status = check_tensors(signature, arguments, inputs, num_inputs, outputs,
                         num_outputs);
  if (status == ATTN_OK) {
    const struct driver *driver = attn_cuda_get_driver(&status);
    cu_context current = NULL;
    // The device is asked for only where no context is current.
    int device = -1;
    if (driver && driver->cuCtxGetCurrent(&current) == CU_SUCCESS && !current)
      device = find_device(driver, arguments, count);
    if (driver)
      context = attn_cuda_get_context(device, &status);
  }
  for (int32_t i = 0; context && status == ATTN_OK && i < count; ++i)
    status = check_memory(context, &arguments[i]);
  if (context && status == ATTN_OK)
    status = run(packed, context, arguments, count, stream, words, pointers);
  free(memory);
  return status;
}

attn_status attn_rt_cuda_synchronize(void *stream) {
  attn_status status = ATTN_OK;
  const struct context *context = attn_cuda_get_context(-1, &status);
  if (!context)
    return status;
  cu_result result = context->driver->cuStreamSynchronize(stream);
  if (result == CU_SUCCESS)
    return ATTN_OK;
  return attn_cuda_driver_error(context->driver, result,
                                "the work on the stream failed");
}
