//===- ThreadPool.c - Parallel loops ------------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// One pool per process. Workers wait for a new generation of work, first
// spinning for some microseconds (loops follow each other closely within a
// model), then asleep. Items are handed out by an atomic counter, because items
// of one loop differ in cost (causal masks). A loop ends when its items have
// ended: nobody waits for a worker that comes too late for any.
//
//===----------------------------------------------------------------------===//

#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "attn/Runtime/CPU/Runtime.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 1024
#define SPIN_COUNT 4096

/// The loop that runs. Written by the thread that owns `pool_owner` while it is
/// closed and no worker is active.
struct loop {
  int64_t n, grain;
  void (*body)(void *, int64_t, int64_t);
  void *context;
  atomic_llong next;
  atomic_bool failed;
  char error[512];
};

static struct loop current;
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
static atomic_int requested_threads;
static _Thread_local bool inside_loop;

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int count_cpus(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return CPU_COUNT(&set);
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}

void attn_rt_set_num_threads(int num_threads) {
  if (num_threads < 0)
    num_threads = 0;
  if (num_threads > MAX_THREADS)
    num_threads = MAX_THREADS;
  atomic_store(&requested_threads, num_threads);
}

int attn_rt_get_num_threads(void) {
  int requested = atomic_load(&requested_threads);
  return requested > 0 ? requested : count_cpus();
}

/// Takes items until none is left or one has failed.
static void take_items(void *unused) {
  (void)unused;
  while (!atomic_load_explicit(&current.failed, memory_order_relaxed)) {
    int64_t begin = atomic_fetch_add_explicit(&current.next, current.grain,
                                              memory_order_relaxed);
    if (begin >= current.n)
      return;
    int64_t end =
        current.n - begin > current.grain ? begin + current.grain : current.n;
    current.body(current.context, begin, end);
  }
}

/// Does this thread's share; keeps the first failure for the caller.
static void run_share(void) {
  inside_loop = true;
  if (attn_rt_call(take_items, NULL) &&
      !atomic_exchange(&current.failed, true)) {
    strncpy(current.error, attn_rt_last_error(), sizeof current.error - 1);
    current.error[sizeof current.error - 1] = '\0';
  }
  inside_loop = false;
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
      run_share();
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

static void run_alone(int64_t n, int64_t grain,
                      void (*body)(void *, int64_t, int64_t), void *context) {
  for (int64_t begin = 0; begin < n;) {
    int64_t end = n - begin > grain ? begin + grain : n;
    body(context, begin, end);
    begin = end;
  }
}

void attn_rt_parallel_for(int64_t n, int64_t grain,
                          void (*body)(void *context, int64_t begin,
                                       int64_t end),
                          void *context) {
  if (n <= 0)
    return;
  if (grain < 1)
    grain = 1;
  int64_t num_ranges = (n - 1) / grain + 1;
  // The number of CPUs is a system call, which small kernels shall not pay.
  int64_t threads =
      num_ranges == 1 || inside_loop ? 1 : attn_rt_get_num_threads();
  if (threads > num_ranges)
    threads = num_ranges;
  if (threads <= 1 || pthread_mutex_trylock(&pool_owner)) {
    run_alone(n, grain, body, context);
    return;
  }

  int started = start_workers((int)threads - 1);
  atomic_store(&num_participants,
               started < threads - 1 ? started : (int)threads - 1);
  current.n = n;
  current.grain = grain;
  current.body = body;
  current.context = context;
  atomic_store(&current.next, 0);
  atomic_store(&current.failed, false);
  atomic_store(&active, 0);
  atomic_fetch_add(&generation, 1);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&work_ready);
    pthread_mutex_unlock(&lock);
  }

  run_share();

  atomic_fetch_or(&active, CLOSED);
  for (int i = 0; i < SPIN_COUNT && atomic_load(&active) != CLOSED; ++i)
    relax();
  pthread_mutex_lock(&lock);
  while (atomic_load(&active) != CLOSED)
    pthread_cond_wait(&work_done, &lock);
  pthread_mutex_unlock(&lock);

  bool failed = atomic_load(&current.failed);
  char error[sizeof current.error];
  if (failed)
    memcpy(error, current.error, sizeof error);
  pthread_mutex_unlock(&pool_owner);
  if (failed)
    attn_rt_fail(error);
}
