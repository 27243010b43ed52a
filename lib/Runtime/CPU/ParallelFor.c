//===- ParallelFor.c - Parallel loops -----------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Items are handed out by an atomic counter, because items of one loop differ
// in cost (causal masks). The threads are those of a pool of our own, or of a
// team that the process has already.
//
//===----------------------------------------------------------------------===//

#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "Loop.h"
#include "attn/Runtime/CPU/Runtime.h"

#include <float.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 1024

static atomic_int requested_threads;
static _Atomic(attn_rt_thread_team *) thread_team;
static _Thread_local bool inside_loop;

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

static void count_member(void *count) {
  atomic_fetch_add((atomic_int *)count, 1);
}

int attn_rt_get_num_threads(void) {
  int requested = atomic_load(&requested_threads);
  if (requested > 0)
    return requested;
  attn_rt_thread_team *team = atomic_load(&thread_team);
  if (!team)
    return count_cpus();
  atomic_int count = 0;
  team(count_member, &count, 0, 0);
  return atomic_load(&count);
}

/// A guess of how many threads a loop will have: a team is not asked, nor the
/// system again.
static int64_t guess_num_threads(void) {
  static atomic_int cpus;
  int64_t threads = atomic_load(&requested_threads);
  if (inside_loop)
    return 1;
  if (threads == 0)
    threads = atomic_load_explicit(&cpus, memory_order_relaxed);
  if (threads == 0) {
    threads = count_cpus();
    atomic_store_explicit(&cpus, (int)threads, memory_order_relaxed);
  }
  return threads;
}

int64_t attn_rt_choose_rows(int64_t rows, int64_t columns, int64_t most,
                            int64_t unit, int64_t overhead) {
  const int64_t threads = guess_num_threads();
  if (threads <= 1 || columns <= 0 || rows <= unit)
    return most;
  int64_t best = most, best_time = INT64_MAX;
  // As many parts as there are threads are enough.
  const int64_t fewest = (rows - 1) / most + 1;
  for (int64_t parts = fewest; parts < fewest + threads; ++parts) {
    int64_t size = ((rows - 1) / parts / unit + 1) * unit;
    if (size > most)
      size = most;
    const int64_t calls = ((rows - 1) / size + 1) * columns;
    const int64_t time = ((calls - 1) / threads + 1) * (size + overhead);
    if (time < best_time) {
      best_time = time;
      best = size;
    }
    if (size <= unit)
      break;
  }
  return best;
}

int64_t attn_rt_choose_columns(int64_t rows, int64_t columns, int64_t batches,
                               int64_t most, int64_t most_rows, int64_t unit) {
  // A row or a column that is read takes as long as so many products.
  enum { read_products = 100 };
  const int64_t threads = guess_num_threads();
  if (threads <= 1 || rows <= 0 || columns <= unit || batches <= 0)
    return most;
  int64_t best = most;
  double best_time = DBL_MAX;
  for (int64_t size = most; size >= unit; size -= unit) {
    const int64_t groups = ((columns - 1) / size + 1) * batches;
    // One of the reads is that of all its columns.
    const int64_t overhead = read_products * size / (read_products + size);
    int64_t part = attn_rt_choose_rows(rows, groups, most_rows, unit, overhead);
    const int64_t calls = ((rows - 1) / part + 1) * groups;
    if (part > rows)
      part = rows;
    const double time =
        (double)((calls - 1) / threads + 1) *
        ((double)part * size + (double)read_products * (part + size));
    if (time < best_time) {
      best_time = time;
      best = size;
    }
  }
  return best;
}

/// A team does not outlive a fork, of which only the calling thread comes back.
static void forget_team(void) { atomic_store(&thread_team, NULL); }

static void register_fork_handler(void) {
  pthread_atfork(NULL, NULL, forget_team);
}

void attn_rt_set_thread_team(attn_rt_thread_team *team) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_fork_handler);
  atomic_store(&thread_team, team);
}

/// Takes items until none is left or one has failed.
static void take_items(void *argument) {
  struct attn_loop *loop = argument;
  while (!atomic_load_explicit(&loop->failed, memory_order_relaxed)) {
    int64_t begin = atomic_fetch_add_explicit(&loop->next, loop->grain,
                                              memory_order_relaxed);
    if (begin >= loop->n)
      return;
    int64_t end = loop->n - begin > loop->grain ? begin + loop->grain : loop->n;
    loop->body(loop->context, begin, end);
  }
}

void attn_loop_run_share(void *argument) {
  struct attn_loop *loop = argument;
  inside_loop = true;
  if (attn_rt_call(take_items, loop) && !atomic_exchange(&loop->failed, true)) {
    strncpy(loop->error, attn_rt_last_error(), sizeof loop->error - 1);
    loop->error[sizeof loop->error - 1] = '\0';
  }
  inside_loop = false;
}

/// A loop on a team.
struct team_loop {
  struct attn_loop *loop;
  attn_rt_thread_team *team;
  pthread_t caller;
};

/// Kernels keep up to 2 MiB on the stack, in frames of their own. OpenMP's
/// threads have what OMP_STACKSIZE or the limit of the process says, and 2 MiB
/// where that is unlimited. One whose stack is too small leaves its share to
/// the others, of which the caller is one, and the team is given up.
static void run_team_share(void *argument) {
  struct team_loop *loop = argument;
  if (!pthread_equal(pthread_self(), loop->caller)) {
    const int64_t left = attn_stack_left();
    if (left >= 0 && left < 3 << 20) {
      // Another may be set by now.
      attn_rt_thread_team *given_up = loop->team;
      atomic_compare_exchange_strong(&thread_team, &given_up, NULL);
      return;
    }
  }
  attn_loop_run_share(loop->loop);
}

/// Runs a loop on several threads; returns whether there were some.
static bool run_together(struct attn_loop *loop, int64_t num_ranges) {
  attn_rt_thread_team *team = atomic_load(&thread_team);
  if (!team) {
    int64_t threads = attn_rt_get_num_threads();
    if (threads > num_ranges)
      threads = num_ranges;
    return threads > 1 && attn_pool_run(loop, (int)threads);
  }
  const int requested = atomic_load(&requested_threads);
  if (requested == 1)
    return false;
  // No fewer than the team has: OpenMP's runtimes end the threads that a
  // smaller team leaves over, and start them again for the next one.
  struct team_loop team_loop = {loop, team, pthread_self()};
  team(run_team_share, &team_loop, (unsigned)requested, 0);
  return true;
}

void attn_rt_parallel_for(int64_t n, int64_t grain,
                          void (*body)(void *context, int64_t begin,
                                       int64_t end),
                          void *context) {
  if (n <= 0)
    return;
  if (grain < 1)
    grain = 1;
  const int64_t num_ranges = (n - 1) / grain + 1;
  struct attn_loop loop;
  loop.n = n;
  loop.grain = grain;
  loop.body = body;
  loop.context = context;
  atomic_init(&loop.next, 0);
  atomic_init(&loop.failed, false);
  // The number of CPUs is a system call, which small kernels shall not pay.
  if (num_ranges > 1 && !inside_loop && run_together(&loop, num_ranges)) {
    if (atomic_load(&loop.failed))
      attn_rt_fail(loop.error);
    return;
  }
  for (int64_t begin = 0; begin < n;) {
    int64_t end = n - begin > grain ? begin + grain : n;
    body(context, begin, end);
    begin = end;
  }
}
