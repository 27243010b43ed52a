//===- ThreadPool.c - Threads of parallel loops -------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// One pool per process. Workers wait for a new generation of work, first
// spinning for some microseconds (loops follow each other closely within a
// model), then asleep. A loop ends when its items have ended: nobody waits for
// a worker that comes too late for any.
//
//===----------------------------------------------------------------------===//

#include "Loop.h"

#include <pthread.h>

#define SPIN_COUNT 4096

/// The loop that runs. Written by the thread that owns `pool_owner` while it is
/// closed and no worker is active.
static struct attn_loop *current;
/// Held by the thread whose loop has the pool.
static pthread_mutex_t pool_owner = PTHREAD_MUTEX_INITIALIZER;
/// Guards sleeping and waking.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_ready = PTHREAD_COND_INITIALIZER;
static pthread_cond_t work_done = PTHREAD_COND_INITIALIZER;
static atomic_uint generation;
/// Workers that sleep or are about to.
static atomic_int sleepers;
/// Workers in the loop, and whether no other may enter it.
#define CLOSED (1u << 31)
static atomic_uint active = CLOSED;
/// Workers started so far, and those that may take part in the current
/// generation: workers with a lower number.
static int num_workers;
static atomic_int num_participants;

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Enters the loop unless it is closed.
static bool enter_loop(void) {
  unsigned state = atomic_load(&active);
  do {
    if (state & CLOSED)
      return false;
  } while (!atomic_compare_exchange_weak(&active, &state, state + 1));
  return true;
}

static void leave_loop(void) {
  if (atomic_fetch_sub(&active, 1) != (CLOSED | 1))
    return;
  pthread_mutex_lock(&lock);
  pthread_cond_signal(&work_done);
  pthread_mutex_unlock(&lock);
}

static void *run_worker(void *argument) {
  int number = (int)(intptr_t)argument;
  unsigned seen = 0;
  for (;;) {
    for (int i = 0; i < SPIN_COUNT && atomic_load(&generation) == seen; ++i)
      relax();
    if (atomic_load(&generation) == seen) {
      pthread_mutex_lock(&lock);
      // Before the last look at the generation: whoever changes it afterwards
      // sees that somebody sleeps.
      atomic_fetch_add(&sleepers, 1);
      while (atomic_load(&generation) == seen)
        pthread_cond_wait(&work_ready, &lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&lock);
    }
    seen = atomic_load(&generation);
    if (number >= atomic_load(&num_participants) || !enter_loop())
      continue;
    // This may be a later loop than that of the last look.
    if (number < atomic_load(&num_participants))
      attn_loop_run_share(current);
    leave_loop();
  }
  return NULL;
}

/// In the child of a fork there are no workers: start again from nothing.
static void reset_after_fork(void) {
  pthread_mutex_init(&pool_owner, NULL);
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&work_ready, NULL);
  pthread_cond_init(&work_done, NULL);
  atomic_store(&generation, 0);
  atomic_store(&sleepers, 0);
  atomic_store(&active, CLOSED);
  num_workers = 0;
}

static void register_fork_handler(void) {
  pthread_atfork(NULL, NULL, reset_after_fork);
}

/// Starts workers until there are `count`; returns how many there are. A worker
/// that cannot be started is done without.
static int start_workers(int count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_fork_handler);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Tile functions keep their scratch memory on the stack.
  pthread_attr_setstacksize(&attributes, 8u << 20);
  while (num_workers < count) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run_worker,
                       (void *)(intptr_t)num_workers))
      break;
    ++num_workers;
  }
  pthread_attr_destroy(&attributes);
  return num_workers;
}

bool attn_pool_run(struct attn_loop *loop, int threads) {
  if (pthread_mutex_trylock(&pool_owner))
    return false;
  int started = start_workers(threads - 1);
  atomic_store(&num_participants,
               started < threads - 1 ? started : threads - 1);
  current = loop;
  atomic_store(&active, 0);
  atomic_fetch_add(&generation, 1);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&work_ready);
    pthread_mutex_unlock(&lock);
  }

  attn_loop_run_share(loop);

  atomic_fetch_or(&active, CLOSED);
  for (int i = 0; i < SPIN_COUNT && atomic_load(&active) != CLOSED; ++i)
    relax();
  pthread_mutex_lock(&lock);
  while (atomic_load(&active) != CLOSED)
    pthread_cond_wait(&work_done, &lock);
  pthread_mutex_unlock(&lock);

  pthread_mutex_unlock(&pool_owner);
  return true;
}
