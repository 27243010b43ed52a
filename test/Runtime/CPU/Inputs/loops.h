/* Loops for programs under the sanitizers: from several threads at once, nested
 * ones and ones that fail. */
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CPU/Tensor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLERS = 4, ITEMS = 97 };

static void add_inner(void *context, int64_t begin, int64_t end) {
  int *counts = context;
  for (int64_t i = begin; i < end; ++i)
    ++counts[i];
}

/* Each range has memory of its own: what orders it is the pool, or the team. */
static void add(void *context, int64_t begin, int64_t end) {
  int *counts = context;
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

static void expect_each(const int *counts, int expected) {
  for (int i = 0; i < ITEMS; ++i)
    if (counts[i] != expected) {
      fprintf(stderr, "item %d: %d visits\n", i, counts[i]);
      exit(1);
    }
}

static void expect_failure(void) {
  if (!attn_rt_call(run_failing, NULL) ||
      strcmp(attn_rt_last_error(), "item")) {
    fprintf(stderr, "a failure is lost\n");
    exit(1);
  }
}

static int run_callers(void *(*run)(void *)) {
  pthread_t callers[CALLERS];
  for (int i = 0; i < CALLERS; ++i)
    pthread_create(&callers[i], NULL, run, NULL);
  for (int i = 0; i < CALLERS; ++i)
    pthread_join(callers[i], NULL);
  puts("all loops are done");
  return 0;
}
