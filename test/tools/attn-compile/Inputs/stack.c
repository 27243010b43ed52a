/* Calls a kernel in a thread with little stack, and in one with enough. */
#include "attention.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUERIES = 512, SIZE = 64 };

static void *run(void *argument) {
  (void)argument;
  float *data = calloc(3 * 8 * QUERIES * SIZE, sizeof *data);
  float *result = calloc(8 * QUERIES * SIZE, sizeof *result);
  int64_t shape[3] = {8, QUERIES, SIZE};
  attn_tensor inputs[3] = {0}, output = {0};
  for (int i = 0; i < 3; ++i) {
    inputs[i].data = data + i * 8 * QUERIES * SIZE;
    inputs[i].shape = shape;
    inputs[i].rank = 3;
    inputs[i].dtype = ATTN_F32;
  }
  output = inputs[0];
  output.data = result;
  attn_attention_set_num_threads(1);
  attn_status status = attn_attention(inputs, 3, &output, 1);
  printf("status %d: %s\n", status, attn_attention_error());
  free(data);
  free(result);
  return NULL;
}

int main(void) {
  static const size_t sizes[] = {64 << 10, 4 << 20};
  for (int i = 0; i < 2; ++i) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, sizes[i]);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run, NULL))
      return 1;
    pthread_join(thread, NULL);
  }
  return 0;
}
