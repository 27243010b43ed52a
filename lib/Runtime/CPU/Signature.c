//===- Signature.c - What a compiled function takes ---------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Signature.h"

#include "attn/Runtime/CPU/Runtime.h"

#include <stdarg.h>
#include <stdio.h>

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

attn_status attn_signature_error(attn_status status, const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  attn_rt_set_error(message);
  return status;
}

struct attn_value attn_read_value(const int64_t **cursor) {
  const int64_t *words = *cursor;
  struct attn_value value = {words[0] == ATTN_PASS_SCALAR,
                             (enum attn_passing)words[0], words[1], words[2],
                             words + 3};
  *cursor = words + 3 + value.rank;
  return value;
}

int64_t attn_get_descriptor_size(int64_t rank) { return 3 + 2 * rank; }

int64_t attn_count_elements(const int64_t *shape, int64_t rank) {
  int64_t count = 1;
  for (int64_t d = 0; d < rank; ++d)
    count *= shape[d];
  return count;
}

attn_status attn_check_tensor(const struct attn_value *value,
                              const attn_tensor *tensor, const char *kind,
                              int index, bool has_shape) {
  if ((int64_t)tensor->dtype != value->dtype)
    return attn_signature_error(
        ATTN_INVALID_ARGUMENT, "%s %d: expected dtype %s, got %s", kind, index,
        get_dtype_name(value->dtype), get_dtype_name(tensor->dtype));
  if (tensor->rank != value->rank)
    return attn_signature_error(
        ATTN_INVALID_ARGUMENT, "%s %d: expected rank %lld, got %d", kind, index,
        (long long)value->rank, (int)tensor->rank);
  if (value->rank > 0 && !tensor->shape)
    return attn_signature_error(ATTN_INVALID_ARGUMENT,
                                "%s %d: the shape is a null pointer", kind,
                                index);
  for (int64_t d = 0; has_shape && d < value->rank; ++d)
    if (tensor->shape[d] < 0 ||
        (value->shape[d] >= 0 && tensor->shape[d] != value->shape[d])) {
      if (value->shape[d] < 0)
        return attn_signature_error(
            ATTN_INVALID_ARGUMENT,
            "%s %d: dimension %lld has the negative size %lld", kind, index,
            (long long)d, (long long)tensor->shape[d]);
      return attn_signature_error(
          ATTN_INVALID_ARGUMENT,
          "%s %d: expected dimension %lld to be %lld, got %lld", kind, index,
          (long long)d, (long long)value->shape[d],
          (long long)tensor->shape[d]);
    }
  int64_t bytes = attn_rt_dtype_size(tensor->dtype);
  for (int64_t d = 0; has_shape && d < value->rank; ++d)
    if (__builtin_mul_overflow(bytes, tensor->shape[d] ? tensor->shape[d] : 1,
                               &bytes))
      return attn_signature_error(ATTN_INVALID_ARGUMENT,
                                  "%s %d: the size of the tensor overflows",
                                  kind, index);
  const int64_t alignment = attn_rt_dtype_size(tensor->dtype);
  if ((uintptr_t)tensor->data % (uintptr_t)alignment != 0)
    return attn_signature_error(
        ATTN_INVALID_ARGUMENT,
        "%s %d: the data is not aligned to %lld bytes, the size of an element",
        kind, index, (long long)alignment);
  return ATTN_OK;
}

attn_status attn_check_counts(const int64_t *signature,
                              const attn_tensor *inputs, int32_t num_inputs,
                              const attn_tensor *outputs, int32_t num_outputs) {
  if (num_inputs != signature[0])
    return attn_signature_error(ATTN_INVALID_ARGUMENT,
                                "expected %lld inputs, got %d",
                                (long long)signature[0], (int)num_inputs);
  if (num_outputs != signature[1])
    return attn_signature_error(ATTN_INVALID_ARGUMENT,
                                "expected %lld outputs, got %d",
                                (long long)signature[1], (int)num_outputs);
  if ((num_inputs > 0 && !inputs) || (num_outputs > 0 && !outputs))
    return attn_signature_error(
        ATTN_INVALID_ARGUMENT, "the array of %s is a null pointer",
        num_inputs > 0 && !inputs ? "inputs" : "outputs");
  return ATTN_OK;
}

void attn_write_descriptor(int64_t *words, const attn_tensor *tensor) {
  words[0] = words[1] = (int64_t)(intptr_t)tensor->data;
  words[2] = 0;
  int64_t stride = 1;
  for (int64_t d = tensor->rank - 1; d >= 0; --d) {
    words[3 + d] = tensor->shape[d];
    words[3 + tensor->rank + d] = tensor->strides ? tensor->strides[d] : stride;
    stride *= tensor->shape[d];
  }
}
