//===- Stack.c - Room on the stack --------------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels keep their scratch memory on the stack, up to 2 MiB of it. Threads of
// the pool have enough; those that call the code may not.
//
//===----------------------------------------------------------------------===//

#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "Loop.h"
#include "attn/Runtime/CPU/Runtime.h"

#include <pthread.h>
#include <stdio.h>

/// The lowest and the highest address of a stack; equal if unknown.
struct stack {
  uintptr_t begin, end;
};

static struct stack find_stack(void) {
  struct stack stack = {1, 1};
#if defined(__linux__)
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes))
    return stack;
  void *address;
  size_t size, guard;
  if (!pthread_attr_getstack(&attributes, &address, &size) &&
      !pthread_attr_getguardsize(&attributes, &guard) && guard < size) {
    stack.begin = (uintptr_t)address + guard;
    stack.end = (uintptr_t)address + size;
  }
  pthread_attr_destroy(&attributes);
#endif
  return stack;
}

int64_t attn_stack_left(void) {
  static _Thread_local struct stack stack;
  if (!stack.end)
    stack = find_stack();
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  // A coroutine has a stack of its own, of which nothing is known.
  if (here < stack.begin || here >= stack.end)
    return -1;
  return (int64_t)(here - stack.begin);
}

void attn_rt_check_stack(int64_t bytes) {
  const int64_t left = attn_stack_left();
  if (left < 0 || left >= bytes)
    return;
  char message[160];
  snprintf(message, sizeof message,
           "attn.sdpa: it needs %lld bytes of stack, this thread has %lld left",
           (long long)bytes, (long long)left);
  attn_rt_fail(message);
}
