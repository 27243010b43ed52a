/* Calls a compiled attention from C.
 *
 *   attn-compile attention.mlir -o libattention.so --header attention.h \
 *       --entry attention
 *   cc main.c ./libattention.so -lm -o main && ./main
 */
#include "attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADS = 4, LENGTH = 50, WIDTH = 32 };

static float *make_random(size_t count) {
  float *data = malloc(count * sizeof *data);
  for (size_t i = 0; i < count; ++i)
    data[i] = (float)rand() / RAND_MAX - 0.5f;
  return data;
}

/* What the compiled function should give for one query. */
static void compute_row(const float *q, const float *k, const float *v, int i,
                        double *row) {
  double weights[LENGTH], sum = 0;
  for (int j = 0; j <= i; ++j) {
    double logit = 0;
    for (int d = 0; d < WIDTH; ++d)
      logit += (double)q[i * WIDTH + d] * k[j * WIDTH + d];
    weights[j] = exp(logit / sqrt(WIDTH));
    sum += weights[j];
  }
  for (int d = 0; d < WIDTH; ++d) {
    row[d] = 0;
    for (int j = 0; j <= i; ++j)
      row[d] += weights[j] / sum * v[j * WIDTH + d];
  }
}

int main(void) {
  size_t count = (size_t)HEADS * LENGTH * WIDTH;
  int64_t shape[] = {HEADS, LENGTH, WIDTH};
  attn_tensor inputs[3], output = {NULL, shape, 3, ATTN_F32};
  for (int i = 0; i < 3; ++i) {
    attn_tensor tensor = {make_random(count), shape, 3, ATTN_F32};
    inputs[i] = tensor;
  }
  output.data = malloc(count * sizeof(float));

  attn_attention_set_num_threads(2);
  if (attn_attention(inputs, 3, &output, 1) != ATTN_OK) {
    fprintf(stderr, "error: %s\n", attn_attention_error());
    return 1;
  }
  double worst = 0;
  for (int h = 0; h < HEADS; ++h)
    for (int i = 0; i < LENGTH; ++i) {
      double row[WIDTH];
      size_t head = (size_t)h * LENGTH * WIDTH;
      compute_row((float *)inputs[0].data + head,
                  (float *)inputs[1].data + head,
                  (float *)inputs[2].data + head, i, row);
      for (int d = 0; d < WIDTH; ++d) {
        float got = ((float *)output.data)[head + (size_t)i * WIDTH + d];
        worst = fmax(worst, fabs(row[d] - got));
      }
    }
  printf("largest error: %.1e\n", worst);

  /* A tensor that does not fit is refused, with a reason. */
  inputs[1].dtype = ATTN_F16;
  if (attn_attention(inputs, 3, &output, 1) == ATTN_INVALID_ARGUMENT)
    printf("refused: %s\n", attn_attention_error());
  /* So are lengths that do not fit each other. */
  int64_t shorter[] = {HEADS, LENGTH - 1, WIDTH};
  inputs[1].dtype = ATTN_F32;
  inputs[1].shape = shorter;
  if (attn_attention(inputs, 3, &output, 1) == ATTN_FAILED)
    printf("failed: %s\n", attn_attention_error());
  for (int i = 0; i < 3; ++i)
    free(inputs[i].data);
  free(output.data);
  return worst < 1e-5 ? 0 : 1;
}
