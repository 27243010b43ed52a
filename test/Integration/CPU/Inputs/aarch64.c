/* Runs kernels of several types and compares them with f64. */
#include "bf16.h"
#include "decode.h"
#include "f16.h"
#include "f32.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 2, SIZE = 40 };

typedef attn_status function(const attn_tensor *, int32_t, attn_tensor *,
                             int32_t);

static size_t get_bytes(attn_dtype type) { return type == ATTN_F32 ? 4 : 2; }

static float load(const void *data, size_t i, attn_dtype type) {
  if (type == ATTN_F32)
    return ((const float *)data)[i];
  if (type == ATTN_F16)
    return ((const __fp16 *)data)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)data)[i] << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static attn_tensor make(int64_t *shape, attn_dtype type) {
  size_t count = (size_t)HEADS * shape[1] * SIZE;
  attn_tensor tensor = {malloc(count * get_bytes(type)), shape, 3, type};
  for (size_t i = 0; i < count; ++i) {
    float value = 4.0f * rand() / RAND_MAX - 2;
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (type == ATTN_F32)
      ((float *)tensor.data)[i] = value;
    else if (type == ATTN_F16)
      ((__fp16 *)tensor.data)[i] = value;
    else
      ((uint16_t *)tensor.data)[i] = bits >> 16;
  }
  return tensor;
}

static int check(const char *name, function *function, attn_dtype type,
                 int64_t queries, int64_t keys, double bound) {
  int64_t query_shape[] = {HEADS, queries, SIZE},
          key_shape[] = {HEADS, keys, SIZE};
  attn_tensor inputs[] = {make(query_shape, type), make(key_shape, type),
                          make(key_shape, type)};
  attn_tensor output = make(query_shape, type);
  if (function(inputs, 3, &output, 1)) {
    printf("%s: failed\n", name);
    return 1;
  }
  double *weights = malloc(keys * sizeof *weights), error = 0, norm = 0;
  for (int64_t h = 0; h < HEADS; ++h)
    for (int64_t i = 0; i < queries; ++i) {
      double sum = 0;
      int64_t seen = i + 1 + keys - queries;
      for (int64_t j = 0; j < seen; ++j) {
        double logit = 0;
        for (int64_t d = 0; d < SIZE; ++d)
          logit +=
              (double)load(inputs[0].data, (h * queries + i) * SIZE + d, type) *
              load(inputs[1].data, (h * keys + j) * SIZE + d, type);
        weights[j] = exp(logit / sqrt(SIZE));
        sum += weights[j];
      }
      for (int64_t d = 0; d < SIZE; ++d) {
        double expected = 0;
        for (int64_t j = 0; j < seen; ++j)
          expected += weights[j] / sum *
                      load(inputs[2].data, (h * keys + j) * SIZE + d, type);
        double got = load(output.data, (h * queries + i) * SIZE + d, type);
        error += (got - expected) * (got - expected);
        norm += expected * expected;
      }
    }
  error = sqrt(error / norm);
  int is_wrong = !(error <= bound);
  printf("%s: relative error %.1e, %s\n", name, error,
         is_wrong ? "too much" : "ok");
  free(weights);
  return is_wrong;
}

int main(void) {
  int failures = check("f32", attn_f32, ATTN_F32, 37, 53, 0x1p-20);
  failures += check("f16", attn_f16, ATTN_F16, 37, 53, 0x1p-11);
  failures += check("bf16", attn_bf16, ATTN_BF16, 37, 53, 0x1p-8);
  failures += check("decode", attn_decode, ATTN_F32, 3, 1200, 0x1p-20);
  return failures != 0;
}
