/* Loops of a team from several threads at once, nested ones and ones that fail,
 * while each thread sets another team, one with small stacks, or none. For the
 * sanitizers. */
#include "loops.h"

enum { LOOPS = 400, MEMBERS = 3 };

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

/* No thread has less stack than a kernel needs. */
static void add_with_stack(void *context, int64_t begin, int64_t end) {
  attn_rt_check_stack(2 << 20);
  add(context, begin, end);
}

static void run_adding(void *counts) {
  attn_rt_parallel_for(ITEMS, 5, add_with_stack, counts);
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
    expect_each(counts, loop + 1);
    expect_failure();
    if (attn_rt_get_num_threads() < 1)
      exit(1);
  }
  return NULL;
}

int main(void) { return run_callers(run_loops); }
