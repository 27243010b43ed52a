/* Loops of a team from several threads at once, nested ones and ones that fail,
 * while each thread sets another team, one with small stacks, or none. For the
 * sanitizers. */
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CPU/Tensor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLERS = 4, LOOPS = 400, ITEMS = 97, MEMBERS = 3 };

struct member {
  void (*run)(void *);
  void *data;
};

static void *run_member(void *argument) {
  struct member *member = argument;
  member->run(member->data);
  return NULL;
}

/* What OpenMP's runtimes do: each member runs once, the caller among them. */
static void run_team(void (*run)(void *), void *data, unsigned num_threads,
                     size_t stack_size) {
  struct member member = {run, data};
  pthread_t threads[64];
  unsigned count = num_threads ? num_threads : MEMBERS;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_size);
  for (unsigned i = 1; i < count; ++i)
    if (pthread_create(&threads[i], &attributes, run_member, &member))
      exit(1);
  run(data);
  for (unsigned i = 1; i < count; ++i)
    pthread_join(threads[i], NULL);
  pthread_attr_destroy(&attributes);
}

static void first_team(void (*run)(void *), void *data, unsigned num_threads,
                       unsigned flags) {
  (void)flags;
  run_team(run, data, num_threads, 8 << 20);
}

static void second_team(void (*run)(void *), void *data, unsigned num_threads,
                        unsigned flags) {
  (void)flags;
  run_team(run, data, num_threads, 4 << 20);
}

/* So small that glibc gives its threads no stack that one of the others left.
 */
static void small_team(void (*run)(void *), void *data, unsigned num_threads,
                       unsigned flags) {
  (void)flags;
  run_team(run, data, num_threads, 512 << 10);
}

static void add_inner(void *context, int64_t begin, int64_t end) {
  int *counts = context;
  for (int64_t i = begin; i < end; ++i)
    ++counts[i];
}

/* Each range has memory of its own: what orders it is the team. No thread has
 * less stack than a kernel needs. */
static void add(void *context, int64_t begin, int64_t end) {
  int *counts = context;
  attn_rt_check_stack(2 << 20);
  for (int64_t i = begin; i < end; ++i)
    attn_rt_parallel_for(1, 1, add_inner, &counts[i]);
}

static void fail(void *context, int64_t begin, int64_t end) {
  (void)context;
  (void)end;
  if (begin == ITEMS / 2)
    attn_rt_fail("item");
}

static void run_failing(void *unused) {
  (void)unused;
  attn_rt_parallel_for(ITEMS, 1, fail, NULL);
}

static void run_adding(void *counts) {
  attn_rt_parallel_for(ITEMS, 5, add, counts);
}

static void *run_loops(void *unused) {
  static attn_rt_thread_team *const teams[] = {first_team, small_team, NULL,
                                               second_team, small_team};
  (void)unused;
  int counts[ITEMS] = {0};
  for (int loop = 0; loop < LOOPS; ++loop) {
    attn_rt_set_thread_team(teams[loop % 5]);
    attn_rt_set_num_threads(loop / 5 % 4);
    if (attn_rt_call(run_adding, counts)) {
      fprintf(stderr, "%s\n", attn_rt_last_error());
      exit(1);
    }
    for (int i = 0; i < ITEMS; ++i)
      if (counts[i] != loop + 1) {
        fprintf(stderr, "item %d: %d visits\n", i, counts[i]);
        exit(1);
      }
    if (!attn_rt_call(run_failing, NULL) ||
        strcmp(attn_rt_last_error(), "item")) {
      fprintf(stderr, "a failure is lost\n");
      exit(1);
    }
    if (attn_rt_get_num_threads() < 1)
      exit(1);
  }
  return NULL;
}

int main(void) {
  pthread_t callers[CALLERS];
  for (int i = 0; i < CALLERS; ++i)
    pthread_create(&callers[i], NULL, run_loops, NULL);
  for (int i = 0; i < CALLERS; ++i)
    pthread_join(callers[i], NULL);
  puts("all loops are done");
  return 0;
}
