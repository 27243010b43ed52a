#include "strides.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { H = 3, L = 37, D = 8 };

static attn_tensor make(float *data, int64_t *shape, const int64_t *strides) {
  attn_tensor tensor = {data, shape, 3, ATTN_F32, strides};
  return tensor;
}

static float *fill(float *data, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    data[i] = (float)((i * 7919) % 1000) / 500 - 1;
  return data;
}

/* A copy of a [H, L, D] tensor in memory of other strides. */
static float *spread(const float *dense, const int64_t *strides) {
  float *data = malloc(sizeof(float) * H * L * D * 8);
  fill(data, H * L * D * 8);
  for (int64_t h = 0; h < H; ++h)
    for (int64_t i = 0; i < L; ++i)
      for (int64_t d = 0; d < D; ++d)
        data[h * strides[0] + i * strides[1] + d * strides[2]] =
            dense[(h * L + i) * D + d];
  return data;
}

int main(void) {
  static float q[H * L * D], k[H * L * D], v[H * L * D], expected[H * L * D];
  static unsigned char mask[2 * L * L];
  fill(q, H * L * D), fill(k, H * L * D), fill(v, H * L * D);
  for (int i = 0; i < L * L; ++i)
    mask[i] = i % 3 != 0;
  int64_t shape[] = {H, L, D}, mask_shape[] = {L, L},
          mask_strides[] = {2 * L, 1};
  attn_tensor inputs[5] = {make(q, shape, NULL), make(k, shape, NULL),
                           make(v, shape, NULL), make(expected, shape, NULL)};
  attn_tensor dense_mask = {mask, mask_shape, 2, ATTN_BOOL, NULL};
  inputs[4] = dense_mask;
  if (attn_attention(inputs, 5, NULL, 0))
    return puts(attn_attention_error()), 1;

  /* Transposed heads; padded rows; columns of a larger matrix. */
  const int64_t strides[3][3] = {
      {D, H * D, 1}, {L * D * 2, D * 2, 1}, {1, H * D * 2, H * 2}};
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 3; ++b)
      for (int c = 0; c < 3; ++c) {
        inputs[0] = make(spread(q, strides[a]), shape, strides[a]);
        inputs[1] = make(spread(k, strides[b]), shape, strides[b]);
        inputs[2] = make(spread(v, strides[1 - a]), shape, strides[1 - a]);
        float *before = spread(expected, strides[c]);
        inputs[3] = make(spread(q, strides[c]), shape, strides[c]);
        if (attn_attention(inputs, 5, NULL, 0))
          return puts(attn_attention_error()), 1;
        /* What is between the elements of the output stays as it was. */
        float *after = inputs[3].data;
        for (int64_t i = 0; i < H * L * D * 8; ++i)
          if (!(fabsf(after[i] - before[i]) <= 1e-6f))
            return printf("%d %d %d: element %d is %g, not %g\n", a, b, c,
                          (int)i, after[i], before[i]),
                   1;
        for (int i = 0; i < 4; ++i)
          free(inputs[i].data);
        free(before);
      }
  puts("all strides agree");

  inputs[0] = make(q, shape, strides[2]);
  const int64_t two[] = {L * D, D, 2};
  inputs[0].strides = two;
  inputs[1] = make(k, shape, NULL), inputs[2] = make(v, shape, NULL);
  inputs[3] = make(expected, shape, NULL);
  if (attn_attention(inputs, 5, NULL, 0) == ATTN_INVALID_ARGUMENT)
    printf("refused: %s\n", attn_attention_error());
  inputs[0] = make(q, shape, NULL);
  inputs[4].strides = mask_strides;
  if (attn_attention(inputs, 5, NULL, 0) == ATTN_INVALID_ARGUMENT)
    printf("refused: %s\n", attn_attention_error());
  return 0;
}
