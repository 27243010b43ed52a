//===- Error.c - Failures of compiled code ------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "attn/Runtime/CPU/Runtime.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// An open attn_rt_call; frames of one thread form a list.
struct frame {
  jmp_buf target;
  struct frame *outer;
  /// Memory that is live, in the order of its allocation but for what replaces
  /// freed memory; programs have little at a time.
  void **owned, *few[32];
  size_t num_owned, capacity;
  struct attn_place *places;
  int32_t num_places;
};

static _Thread_local struct frame *innermost;
static _Thread_local char last_error[512];

void attn_frame_own(void *memory) {
  struct frame *frame = innermost;
  if (!frame)
    return;
  if (frame->num_owned == frame->capacity) {
    const size_t capacity = 2 * frame->capacity;
    void **more = malloc(capacity * sizeof *more);
    if (!more)
      return;
    memcpy(more, frame->owned, frame->num_owned * sizeof *more);
    if (frame->owned != frame->few)
      free(frame->owned);
    frame->owned = more;
    frame->capacity = capacity;
  }
  frame->owned[frame->num_owned++] = memory;
}

void attn_frame_disown(void *memory) {
  struct frame *frame = innermost;
  if (!frame)
    return;
  for (size_t i = frame->num_owned; i-- > 0;)
    if (frame->owned[i] == memory) {
      frame->owned[i] = frame->owned[--frame->num_owned];
      return;
    }
}

void attn_frame_set_places(struct attn_place *places, int32_t num_places) {
  innermost->places = places;
  innermost->num_places = num_places;
}

struct attn_place *attn_frame_get_place(int64_t index, int64_t size) {
  if (!innermost || index >= innermost->num_places)
    return NULL;
  struct attn_place *place = &innermost->places[index];
  return place->memory && place->size == size && !place->taken ? place : NULL;
}

static void close_frame(struct frame *frame) {
  innermost = frame->outer;
  if (frame->owned != frame->few)
    free(frame->owned);
}

int attn_rt_call(void (*function)(void *), void *argument) {
  struct frame frame;
  frame.outer = innermost;
  frame.owned = frame.few;
  frame.num_owned = 0;
  frame.capacity = sizeof frame.few / sizeof *frame.few;
  frame.places = NULL;
  frame.num_places = 0;
  if (setjmp(frame.target)) {
    // The frame, as it was when the call failed.
    struct frame *failed = innermost;
    for (size_t i = 0; i < failed->num_owned; ++i)
      free(failed->owned[i]);
    close_frame(failed);
    return 1;
  }
  innermost = &frame;
  function(argument);
  close_frame(&frame);
  return 0;
}

void attn_rt_set_error(const char *message) {
  // The message may be the last error itself, raised again.
  if (message == last_error)
    return;
  strncpy(last_error, message, sizeof last_error - 1);
  last_error[sizeof last_error - 1] = '\0';
}

void attn_rt_fail(const char *message) {
  attn_rt_set_error(message);
  if (innermost)
    longjmp(innermost->target, 1);
  fprintf(stderr, "error: %s\n", last_error);
  abort();
}

void attn_rt_fail_at(const char *message, int64_t number) {
  const char *place = strstr(message, "{}");
  if (!place)
    attn_rt_fail(message);
  char text[sizeof last_error];
  snprintf(text, sizeof text, "%.*s%lld%s", (int)(place - message), message,
           (long long)number, place + 2);
  attn_rt_fail(text);
}

const char *attn_rt_last_error(void) { return last_error; }
