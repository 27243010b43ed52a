//===- Invoke.c - Checked calls of compiled code ------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "Signature.h"

#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CPU/Tensor.h"

#include <stdlib.h>
#include <string.h>

/// Copies a strided result into dense memory.
static void copy_dense(char *to, const char *from, const int64_t *shape,
                       const int64_t *strides, int64_t rank, int64_t size) {
  if (rank == 0) {
    memcpy(to, from, size);
    return;
  }
  int64_t inner = attn_count_elements(shape + 1, rank - 1);
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

/// Whether the code takes the strides that the tensor has.
static attn_status check_strides(const struct attn_value *value,
                                 const attn_tensor *tensor, const char *kind,
                                 int index) {
  if (!tensor->strides || value->passing == ATTN_PASS_STRIDED)
    return ATTN_OK;
  const int64_t last = value->rank - 1;
  if (value->passing == ATTN_PASS_ROWS) {
    if (last < 0 || tensor->shape[last] <= 1 || tensor->strides[last] == 1 ||
        attn_count_elements(tensor->shape, value->rank) == 0)
      return ATTN_OK;
    return attn_signature_error(
        ATTN_INVALID_ARGUMENT,
        "%s %d: expected the last dimension to be contiguous, its stride is "
        "%lld",
        kind, index, (long long)tensor->strides[last]);
  }
  if (is_dense(tensor->shape, tensor->strides, tensor->rank))
    return ATTN_OK;
  return attn_signature_error(ATTN_INVALID_ARGUMENT,
                              "%s %d: expected a dense tensor, got strides",
                              kind, index);
}

/// The bytes that a tensor's elements lie in: from `*begin` to before `*end`.
static void get_extent(const attn_tensor *tensor, int64_t dtype,
                       uintptr_t *begin, uintptr_t *end) {
  const int64_t size = attn_rt_dtype_size((attn_dtype)dtype);
  int64_t first = 0, last = 0, stride = 1;
  for (int64_t d = tensor->rank - 1; d >= 0; --d) {
    const int64_t length = tensor->shape[d];
    const int64_t step = tensor->strides ? tensor->strides[d] : stride;
    stride *= length;
    if (length == 0) {
      *begin = *end = 0;
      return;
    }
    *(step < 0 ? &first : &last) += (length - 1) * step;
  }
  *begin = (uintptr_t)tensor->data + first * size;
  *end = (uintptr_t)tensor->data + (last + 1) * size;
}

/// The place for a result in the caller's output: none if that shares memory
/// with an input, which the result must not change before it is complete.
static struct attn_place get_place(const struct attn_value *value,
                                   const attn_tensor *output,
                                   const int64_t *signature,
                                   const attn_tensor *inputs,
                                   int32_t num_inputs) {
  struct attn_place place = {NULL, 0, false};
  if (!output->data)
    return place;
  uintptr_t begin, end;
  get_extent(output, value->dtype, &begin, &end);
  for (int32_t i = 0; i < num_inputs; ++i) {
    struct attn_value input = attn_read_value(&signature);
    uintptr_t input_begin, input_end;
    get_extent(&inputs[i], input.dtype, &input_begin, &input_end);
    if (begin < input_end && input_begin < end)
      return place;
  }
  place.memory = output->data;
  place.size = end - begin;
  return place;
}

/// Moves a result to the caller's output. Returns whether the output took over
/// the result's memory in `*taken`; that is left to the caller of this
/// otherwise.
static attn_status take_result(const struct attn_value *value, int64_t *words,
                               attn_tensor *output, int index, bool may_take,
                               bool *taken) {
  const int64_t rank = value->rank;
  const int64_t *shape = words + 3, *strides = words + 3 + rank;
  const int64_t size = attn_rt_dtype_size((attn_dtype)value->dtype);
  void *allocated = (void *)(intptr_t)words[0];
  char *data = (char *)(intptr_t)words[1] + words[2] * size;
  attn_status status = ATTN_OK;
  int64_t count = attn_count_elements(shape, rank);
  const bool dense = is_dense(shape, strides, rank);
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
      status = attn_signature_error(ATTN_OUT_OF_MEMORY,
                                    "output %d: out of memory", index);
  }
  for (int64_t d = 0; status == ATTN_OK && d < rank; ++d)
    if (output->shape[d] != shape[d])
      status = attn_signature_error(
          ATTN_INVALID_ARGUMENT,
          "output %d: expected dimension %lld to be %lld, got %lld", index,
          (long long)d, (long long)shape[d], (long long)output->shape[d]);
  // It may be there already.
  const bool placed = dense && data == output->data;
  if (status == ATTN_OK && count > 0 && !placed) {
    if (dense)
      memcpy(output->data, data, count * size);
    else
      copy_dense(output->data, data, shape, strides, rank, size);
  }
  return status;
}

/// So many results are computed in the caller's memory; more are copied.
enum { kMaxPlaces = 16 };

struct call {
  attn_packed *packed;
  void **arguments;
  struct attn_place places[kMaxPlaces];
  int32_t num_places;
};

/// Moves all results to the caller's outputs. Several may share one allocation:
/// it is freed, or becomes an output, once; the caller's stays. Outputs have no
/// memory of ours after a failure.
static attn_status take_results(const int64_t *cursor, int64_t *words,
                                const struct call *call, attn_tensor *outputs,
                                int32_t num_outputs) {
  attn_status status = ATTN_OK;
  const int64_t *signature = cursor;
  int64_t *first = words;
  for (int32_t i = 0; i < num_outputs; ++i) {
    struct attn_value value = attn_read_value(&cursor);
    int num_sharing = 0;
    bool is_last = true, taken = false, is_callers = false;
    const int64_t *other_cursor = signature;
    int64_t *other = first;
    for (int32_t k = 0; k < num_outputs; ++k) {
      struct attn_value other_value = attn_read_value(&other_cursor);
      bool shares = other[0] == words[0];
      num_sharing += shares;
      is_last = is_last && !(shares && k > i);
      other += attn_get_descriptor_size(other_value.rank);
    }
    for (int32_t k = 0; k < call->num_places; ++k)
      is_callers |= call->places[k].taken &&
                    call->places[k].memory == (void *)(intptr_t)words[0];
    const bool is_given = outputs[i].data != NULL;
    attn_status moved =
        take_result(&value, words, &outputs[i], i,
                    /*may_take=*/num_sharing == 1 && !is_callers, &taken);
    // Nobody needs the address of its data any more.
    words[1] = is_given;
    if (status == ATTN_OK)
      status = moved;
    if (is_last && !taken && !is_callers)
      free((void *)(intptr_t)words[0]);
    words += attn_get_descriptor_size(value.rank);
  }
  for (int32_t i = 0; status != ATTN_OK && i < num_outputs; ++i) {
    if (!first[1]) {
      free(outputs[i].data);
      outputs[i].data = NULL;
    }
    first += attn_get_descriptor_size(attn_read_value(&signature).rank);
  }
  return status;
}

static void run_call(void *argument) {
  struct call *call = argument;
  attn_frame_set_places(call->places, call->num_places);
  call->packed(call->arguments);
}

attn_status attn_rt_invoke(const int64_t *signature, attn_packed *packed,
                           const attn_tensor *inputs, int32_t num_inputs,
                           attn_tensor *outputs, int32_t num_outputs) {
  if (!packed)
    return ATTN_NO_DEVICE;
  attn_status checked =
      attn_check_counts(signature, inputs, num_inputs, outputs, num_outputs);
  if (checked != ATTN_OK)
    return checked;
  const int64_t *cursor = signature + 2;
  int64_t num_words = 0;
  for (int32_t i = 0; i < num_inputs; ++i) {
    struct attn_value value = attn_read_value(&cursor);
    attn_status status =
        attn_check_tensor(&value, &inputs[i], "input", i, /*has_shape=*/true);
    if (status == ATTN_OK)
      status = check_strides(&value, &inputs[i], "input", i);
    if (status != ATTN_OK)
      return status;
    if (!inputs[i].data && attn_count_elements(inputs[i].shape, value.rank) > 0)
      return attn_signature_error(ATTN_INVALID_ARGUMENT,
                                  "input %d: the data is a null pointer",
                                  (int)i);
    num_words += attn_get_descriptor_size(value.rank);
  }
  const int64_t *results = cursor;
  for (int32_t i = 0; i < num_outputs; ++i) {
    struct attn_value value = attn_read_value(&cursor);
    attn_status status =
        attn_check_tensor(&value, &outputs[i], "output", i,
                          /*has_shape=*/outputs[i].data != NULL);
    if (status == ATTN_OK && outputs[i].data)
      status = check_strides(&value, &outputs[i], "output", i);
    if (status != ATTN_OK)
      return status;
    num_words += attn_get_descriptor_size(value.rank);
  }

  // On the stack unless it is long.
  union slot {
    int64_t word;
    void *pointer;
  } few[256], *slots = few;
  const int64_t num_slots = num_words + num_inputs + 1;
  if (num_slots > (int64_t)(sizeof few / sizeof *few)) {
    slots = malloc(num_slots * sizeof *slots);
    if (!slots)
      return attn_signature_error(ATTN_OUT_OF_MEMORY, "out of memory");
  }
  void **arguments = &slots->pointer;
  int64_t *words = &slots[num_inputs + 1].word;
  // Results that a failed call does not write are not to be freed.
  memset(slots, 0, num_slots * sizeof *slots);
  cursor = signature + 2;
  int64_t *next = words;
  for (int32_t i = 0; i < num_inputs; ++i) {
    struct attn_value value = attn_read_value(&cursor);
    if (value.is_scalar) {
      arguments[i] = inputs[i].data;
      continue;
    }
    attn_write_descriptor(next, &inputs[i]);
    arguments[i] = next;
    next += attn_get_descriptor_size(value.rank);
  }
  arguments[num_inputs] = next;
  struct call call = {.packed = packed, .arguments = arguments};
  call.num_places = num_outputs < kMaxPlaces ? num_outputs : kMaxPlaces;
  cursor = results;
  for (int32_t i = 0; i < call.num_places; ++i) {
    struct attn_value value = attn_read_value(&cursor);
    call.places[i] =
        get_place(&value, &outputs[i], signature + 2, inputs, num_inputs);
  }
  attn_status status = ATTN_OK;
  if (attn_rt_call(run_call, &call)) {
    status = ATTN_FAILED;
  } else {
    status = take_results(results, next, &call, outputs, num_outputs);
  }
  if (slots != few)
    free(slots);
  return status;
}
