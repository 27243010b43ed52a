//===- Invoke.c - Checked calls of compiled code ------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CPU/Tensor.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t attn_rt_dtype_size(attn_dtype dtype) {
  switch (dtype) {
  case ATTN_BOOL:
  case ATTN_I8:
    return 1;
  case ATTN_F16:
  case ATTN_BF16:
  case ATTN_I16:
    return 2;
  case ATTN_F32:
  case ATTN_I32:
    return 4;
  case ATTN_F64:
  case ATTN_I64:
    return 8;
  }
  return 0;
}

static const char *get_dtype_name(int64_t dtype) {
  static const char *const names[] = {"unknown", "f16", "bf16", "f32", "f64",
                                      "bool",    "i8",  "i16",  "i32", "i64"};
  return dtype >= 1 && dtype <= 9 ? names[dtype] : names[0];
}

static attn_status fail(attn_status status, const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  attn_rt_set_error(message);
  return status;
}

/// One value of a signature.
struct value {
  bool is_scalar;
  int64_t dtype, rank;
  const int64_t *shape;
};

static struct value read_value(const int64_t **cursor) {
  const int64_t *words = *cursor;
  struct value value = {words[0] != 0, words[1], words[2], words + 3};
  *cursor = words + 3 + value.rank;
  return value;
}

/// Words of a memref descriptor: two pointers, the offset, sizes and strides.
static int64_t get_descriptor_size(int64_t rank) { return 3 + 2 * rank; }

static int64_t count_elements(const int64_t *shape, int64_t rank) {
  int64_t count = 1;
  for (int64_t d = 0; d < rank; ++d)
    count *= shape[d];
  return count;
}

static attn_status check_tensor(const struct value *value,
                                const attn_tensor *tensor, const char *kind,
                                int index, bool has_shape) {
  if ((int64_t)tensor->dtype != value->dtype)
    return fail(ATTN_INVALID_ARGUMENT, "%s %d: expected dtype %s, got %s", kind,
                index, get_dtype_name(value->dtype),
                get_dtype_name(tensor->dtype));
  if (tensor->rank != value->rank)
    return fail(ATTN_INVALID_ARGUMENT, "%s %d: expected rank %lld, got %d",
                kind, index, (long long)value->rank, (int)tensor->rank);
  if (value->rank > 0 && !tensor->shape)
    return fail(ATTN_INVALID_ARGUMENT, "%s %d: the shape is a null pointer",
                kind, index);
  for (int64_t d = 0; has_shape && d < value->rank; ++d)
    if (tensor->shape[d] < 0 ||
        (value->shape[d] >= 0 && tensor->shape[d] != value->shape[d])) {
      if (value->shape[d] < 0)
        return fail(ATTN_INVALID_ARGUMENT,
                    "%s %d: dimension %lld has the negative size %lld", kind,
                    index, (long long)d, (long long)tensor->shape[d]);
      return fail(ATTN_INVALID_ARGUMENT,
                  "%s %d: expected dimension %lld to be %lld, got %lld", kind,
                  index, (long long)d, (long long)value->shape[d],
                  (long long)tensor->shape[d]);
    }
  return ATTN_OK;
}

static void write_descriptor(int64_t *words, const attn_tensor *tensor) {
  words[0] = words[1] = (int64_t)(intptr_t)tensor->data;
  words[2] = 0;
  int64_t stride = 1;
  for (int64_t d = tensor->rank - 1; d >= 0; --d) {
    words[3 + d] = tensor->shape[d];
    words[3 + tensor->rank + d] = stride;
    stride *= tensor->shape[d];
  }
}

/// Copies a strided result into dense memory.
static void copy_dense(char *to, const char *from, const int64_t *shape,
                       const int64_t *strides, int64_t rank, int64_t size) {
  if (rank == 0) {
    memcpy(to, from, size);
    return;
  }
  int64_t inner = count_elements(shape + 1, rank - 1);
  for (int64_t i = 0; i < shape[0]; ++i)
    copy_dense(to + i * inner * size, from + i * strides[0] * size, shape + 1,
               strides + 1, rank - 1, size);
}

static bool is_dense(const int64_t *shape, const int64_t *strides,
                     int64_t rank) {
  int64_t expected = 1;
  for (int64_t d = rank - 1; d >= 0; --d) {
    if (shape[d] != 1 && strides[d] != expected)
      return false;
    expected *= shape[d];
  }
  return true;
}

/// Moves a result to the caller's output. Returns whether the output took over
/// the result's memory in `*taken`; that is left to the caller of this
/// otherwise.
static attn_status take_result(const struct value *value, int64_t *words,
                               attn_tensor *output, int index, bool may_take,
                               bool *taken) {
  const int64_t rank = value->rank;
  const int64_t *shape = words + 3, *strides = words + 3 + rank;
  const int64_t size = attn_rt_dtype_size((attn_dtype)value->dtype);
  void *allocated = (void *)(intptr_t)words[0];
  char *data = (char *)(intptr_t)words[1] + words[2] * size;
  attn_status status = ATTN_OK;
  int64_t count = count_elements(shape, rank);
  bool dense = is_dense(shape, strides, rank);
  if (!output->data) {
    for (int64_t d = 0; d < rank; ++d)
      output->shape[d] = shape[d];
    if (dense && data == allocated && may_take) {
      output->data = allocated;
      *taken = true;
      return ATTN_OK;
    }
    output->data = malloc(count > 0 ? count * size : 1);
    if (!output->data)
      status = fail(ATTN_FAILED, "output %d: out of memory", index);
  }
  for (int64_t d = 0; status == ATTN_OK && d < rank; ++d)
    if (output->shape[d] != shape[d])
      status =
          fail(ATTN_INVALID_ARGUMENT,
               "output %d: expected dimension %lld to be %lld, got %lld", index,
               (long long)d, (long long)shape[d], (long long)output->shape[d]);
  if (status == ATTN_OK && count > 0) {
    if (dense)
      memcpy(output->data, data, count * size);
    else
      copy_dense(output->data, data, shape, strides, rank, size);
  }
  return status;
}

/// Moves all results to the caller's outputs. Several may share one allocation:
/// it is freed, or becomes an output, once.
static attn_status take_results(const int64_t *cursor, int64_t *words,
                                attn_tensor *outputs, int32_t num_outputs) {
  attn_status status = ATTN_OK;
  const int64_t *signature = cursor;
  int64_t *first = words;
  for (int32_t i = 0; i < num_outputs; ++i) {
    struct value value = read_value(&cursor);
    int num_sharing = 0;
    bool is_last = true, taken = false;
    const int64_t *other_cursor = signature;
    int64_t *other = first;
    for (int32_t k = 0; k < num_outputs; ++k) {
      struct value other_value = read_value(&other_cursor);
      bool shares = other[0] == words[0];
      num_sharing += shares;
      is_last = is_last && !(shares && k > i);
      other += get_descriptor_size(other_value.rank);
    }
    attn_status moved = take_result(&value, words, &outputs[i], i,
                                    /*may_take=*/num_sharing == 1, &taken);
    if (status == ATTN_OK)
      status = moved;
    if (is_last && !taken)
      free((void *)(intptr_t)words[0]);
    words += get_descriptor_size(value.rank);
  }
  return status;
}

struct call {
  void (*packed)(void **);
  void **arguments;
};

static void run_call(void *argument) {
  struct call *call = argument;
  call->packed(call->arguments);
}

attn_status attn_rt_invoke(const int64_t *signature, void (*packed)(void **),
                           const attn_tensor *inputs, int32_t num_inputs,
                           attn_tensor *outputs, int32_t num_outputs) {
  if (num_inputs != signature[0])
    return fail(ATTN_INVALID_ARGUMENT, "expected %lld inputs, got %d",
                (long long)signature[0], (int)num_inputs);
  if (num_outputs != signature[1])
    return fail(ATTN_INVALID_ARGUMENT, "expected %lld outputs, got %d",
                (long long)signature[1], (int)num_outputs);
  const int64_t *cursor = signature + 2;
  int64_t num_words = 0;
  for (int32_t i = 0; i < num_inputs; ++i) {
    struct value value = read_value(&cursor);
    attn_status status =
        check_tensor(&value, &inputs[i], "input", i, /*has_shape=*/true);
    if (status != ATTN_OK)
      return status;
    if (!inputs[i].data && count_elements(inputs[i].shape, value.rank) > 0)
      return fail(ATTN_INVALID_ARGUMENT, "input %d: the data is a null pointer",
                  (int)i);
    num_words += get_descriptor_size(value.rank);
  }
  const int64_t *results = cursor;
  for (int32_t i = 0; i < num_outputs; ++i) {
    struct value value = read_value(&cursor);
    attn_status status = check_tensor(&value, &outputs[i], "output", i,
                                      /*has_shape=*/outputs[i].data != NULL);
    if (status != ATTN_OK)
      return status;
    num_words += get_descriptor_size(value.rank);
  }

  int64_t *words = calloc(num_words + 1, sizeof *words);
  void **arguments = calloc(num_inputs + 1, sizeof *arguments);
  if (!words || !arguments) {
    free(words);
    free(arguments);
    return fail(ATTN_FAILED, "out of memory");
  }
  cursor = signature + 2;
  int64_t *next = words;
  for (int32_t i = 0; i < num_inputs; ++i) {
    struct value value = read_value(&cursor);
    if (value.is_scalar) {
      arguments[i] = inputs[i].data;
      continue;
    }
    write_descriptor(next, &inputs[i]);
    arguments[i] = next;
    next += get_descriptor_size(value.rank);
  }
  arguments[num_inputs] = next;
  struct call call = {packed, arguments};
  attn_status status = ATTN_OK;
  if (attn_rt_call(run_call, &call)) {
    status = ATTN_FAILED;
  } else {
    status = take_results(results, next, outputs, num_outputs);
  }
  free(words);
  free(arguments);
  return status;
}
