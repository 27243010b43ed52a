// Calls that allocate and fail, in the thread and in workers: LeakSanitizer
// finds what is lost, AddressSanitizer what is freed twice.

#include "attn/Runtime/CPU/Runtime.h"
#include <stdio.h>
#include <string.h>

static void body(void *context, int64_t begin, int64_t end) {
  (void)context;
  for (int64_t i = begin; i < end; ++i) {
    char *kept = _mlir_memref_to_llvm_alloc(100);
    char *freed = _mlir_memref_to_llvm_alloc(200);
    memset(kept, 1, 100);
    memset(freed, 1, 200);
    _mlir_memref_to_llvm_free(freed);
    if (i == 57)
      attn_rt_fail("item 57");
    _mlir_memref_to_llvm_free(kept);
  }
}

static void run(void *argument) {
  void *blocks[100];
  for (int i = 0; i < 100; ++i)
    blocks[i] = _mlir_memref_to_llvm_alloc(i);
  for (int i = 0; i < 100; i += 2)
    _mlir_memref_to_llvm_free(blocks[i]);
  if (argument)
    attn_rt_parallel_for(100, 1, body, NULL);
  attn_rt_fail("the call");
}

int main(void) {
  attn_rt_set_num_threads(4);
  char loop;
  for (int i = 0; i < 50; ++i) {
    if (!attn_rt_call(run, NULL) || strcmp(attn_rt_last_error(), "the call"))
      return 1;
    if (!attn_rt_call(run, &loop) || strcmp(attn_rt_last_error(), "item 57"))
      return 2;
  }
  puts("all calls failed");
  return 0;
}
