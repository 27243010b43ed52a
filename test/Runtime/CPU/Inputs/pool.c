/* Loops of the pool from several threads at once, and another number of threads
 * meanwhile. For the sanitizers. */
#include "loops.h"

enum { LOOPS = 200 };

static void *run(void *argument) {
  (void)argument;
  int counts[ITEMS] = {0};
  for (int loop = 0; loop < LOOPS; ++loop) {
    attn_rt_set_num_threads(1 + loop % 5);
    attn_rt_parallel_for(ITEMS, 1 + loop % 7, add, counts);
    expect_each(counts, loop + 1);
    expect_failure();
    attn_rt_cpu_features();
  }
  return NULL;
}

int main(void) { return run_callers(run); }
