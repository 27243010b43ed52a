//===- Loop.h - A parallel loop -----------------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What the thread that starts a loop shares with those that help it.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_RUNTIME_CPU_LOOP_H
#define ATTN_LIB_RUNTIME_CPU_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/// On the stack of the thread that starts the loop.
struct attn_loop {
  int64_t n, grain;
  void (*body)(void *, int64_t, int64_t);
  void *context;
  atomic_llong next;
  atomic_bool failed;
  char error[512];
};

/// Does this thread's share of a loop; keeps the first failure for the thread
/// that started it. Takes a pointer, as what a team runs.
void attn_loop_run_share(void *loop);

/// Runs a loop on the calling thread and workers of the pool, `threads` in all
/// and two at least. Returns false, and runs nothing, while another thread's
/// loop has the pool.
bool attn_pool_run(struct attn_loop *loop, int threads);

/// The bytes of stack that the calling thread has left; -1 if unknown.
int64_t attn_stack_left(void);

#endif // ATTN_LIB_RUNTIME_CPU_LOOP_H
