//===- Trace.c - Events of kernels ------------------------------ -*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define _POSIX_C_SOURCE 200809L // clock_gettime

#include "attn/Runtime/CPU/Runtime.h"

#include <time.h>

static _Thread_local struct {
  attn_rt_trace_handler *handler;
  void *context;
} current;

void attn_rt_set_trace_handler(attn_rt_trace_handler *handler, void *context) {
  current.handler = handler;
  current.context = context;
}

int64_t attn_rt_trace_begin(void) {
  if (!current.handler)
    return 0;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void attn_rt_trace_end(const char *name, int64_t begin) {
  // Whoever set the handler after the kernel began sees it not.
  if (current.handler && begin)
    current.handler(current.context, name, begin, attn_rt_trace_begin());
}
