/* Calls attention for a GPU on the fake driver of test/Unit/FakeCUDA. */
#include "../../../Unit/FakeCUDA/FakeCUDAClient.h"
#include "attention.h"

#include <stdio.h>

enum { BATCH = 1, HEADS = 3, LENGTH = 40, WIDTH = 64, PITCH = 80 };

static void report(const char *what, attn_status status) {
  if (status == ATTN_OK)
    printf("%s: no failure\n", what);
  else
    printf("%s: %s\n", what, attn_attention_error());
}

int main(void) {
  int64_t shape[] = {BATCH, HEADS, LENGTH, WIDTH};
  int64_t strides[] = {HEADS * LENGTH * PITCH, LENGTH * PITCH, PITCH, 1};
  char host[16];
  attn_tensor inputs[3], output = {host, shape, 4, ATTN_BF16, strides};
  for (int i = 0; i < 3; ++i)
    inputs[i] = output;
  /* The runtime opens the driver by its name; so does this. */
  struct fake_cuda *fake = open_fake_cuda();
  if (!fake) {
    if (attn_attention(inputs, 3, &output, 1, NULL) == ATTN_NO_DEVICE)
      fprintf(stderr, "%s\n", attn_attention_error());
    return 1;
  }
  size_t bytes = 2 * HEADS * LENGTH * PITCH;
  for (int i = 0; i < 3; ++i)
    inputs[i].data = allocate_on_device(bytes);
  output.data = allocate_on_device(bytes);

  printf("status %d\n", attn_attention(inputs, 3, &output, 1, NULL));
  printf("grid %u, block %u, %d maps at least\n", fake->grid[0], fake->block[0],
         fake->num_encodes >= 2 ? 2 : fake->num_encodes);

  void *data = inputs[0].data;
  inputs[0].data = host;
  report("host memory", attn_attention(inputs, 3, &output, 1, NULL));
  inputs[0].data = data;
  int64_t other[] = {BATCH, HEADS, LENGTH - 8, WIDTH};
  output.shape = other;
  report("sizes", attn_attention(inputs, 3, &output, 1, NULL));
  output.shape = shape;
  inputs[2].shape = other;
  report("lengths", attn_attention(inputs, 3, &output, 1, NULL));
  inputs[2].shape = shape;
  int64_t odd[] = {HEADS * LENGTH * PITCH, LENGTH * PITCH, 68, 1};
  inputs[1].strides = odd;
  report("stride", attn_attention(inputs, 3, &output, 1, NULL));
  inputs[1].strides = strides;

  int64_t empty[] = {BATCH, HEADS, 0, WIDTH};
  int launches = fake->num_launches;
  inputs[0].shape = output.shape = empty;
  attn_status status = attn_attention(inputs, 3, &output, 1, NULL);
  printf("empty: status %d, %d launches\n", status,
         fake->num_launches - launches);
  return attn_attention_synchronize(NULL);
}
