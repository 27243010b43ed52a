//===- Error.c - Failures of compiled code ------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CPU/Runtime.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// An open attn_rt_call; frames of one thread form a list.
struct frame {
  jmp_buf target;
  struct frame *outer;
};

static _Thread_local struct frame *innermost;
static _Thread_local char last_error[512];

int attn_rt_call(void (*function)(void *), void *argument) {
  struct frame frame;
  frame.outer = innermost;
  if (setjmp(frame.target)) {
    innermost = frame.outer;
    return 1;
  }
  innermost = &frame;
  function(argument);
  innermost = frame.outer;
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

const char *attn_rt_last_error(void) { return last_error; }
