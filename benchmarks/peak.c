/* Ceilings of one thread: what the kernels of cpu.py are compared with. Built
 * by cpu.py with -O2 -march=native. */
#include <stdint.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vector __attribute__((vector_size(4 * LANES), aligned(4)));
enum { SUMS = LANES == 16 ? 16 : 12, STEPS = 100000 };
static volatile float sink;

/* The best of some rounds: operations for every step, over the least time. */
#define MEASURE(OPERATIONS, BODY)                                              \
  double best = 1e9;                                                           \
  for (int round = 0; round < 15; ++round) {                                   \
    double start = now();                                                      \
    for (int step = 0; step < STEPS; ++step) {                                 \
      BODY                                                                     \
    }                                                                          \
    double time = now() - start;                                               \
    if (time < best)                                                           \
      best = time;                                                             \
  }                                                                            \
  float total = 0;                                                             \
  for (int i = 0; i < SUMS; ++i)                                               \
    total += sums[i][0];                                                       \
  sink = total;                                                                \
  return (double)(OPERATIONS) * SUMS * STEPS / best * 1e-9;

/* GFLOP/s of f32 multiply-adds. */
double peak_fma(void) {
  vector sums[SUMS], x, y;
  for (int i = 0; i < SUMS; ++i)
    sums[i] = (vector){0} + (float)i;
  x = (vector){0} + 1e-3f;
  y = (vector){0} + 0.5f;
  MEASURE(2 * LANES, {
    for (int i = 0; i < SUMS; ++i)
      sums[i] = sums[i] * y + x;
    __asm__ volatile("" : "+m"(sink));
  })
}

#if defined(__AVX512BF16__)
#include <immintrin.h>
/* GFLOP/s of dot products of pairs of bf16. */
double peak_bf16(void) {
  __m512 sums[SUMS];
  __m512bh x = (__m512bh)_mm512_set1_epi16(0x3f00);
  __m512bh y = (__m512bh)_mm512_set1_epi16(0x3c00);
  for (int i = 0; i < SUMS; ++i)
    sums[i] = _mm512_set1_ps((float)i);
  MEASURE(4 * LANES, {
    for (int i = 0; i < SUMS; ++i)
      sums[i] = _mm512_dpbf16_ps(sums[i], y, x);
    __asm__ volatile("" : "+m"(sink));
  })
}
#else
double peak_bf16(void) { return 0; }
#endif

/* GB/s of reading `count` floats once. */
double read_bandwidth(const float *data, int64_t count) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    vector sums[8];
    for (int j = 0; j < 8; ++j)
      sums[j] = (vector){0};
    double start = now();
    for (int64_t i = 0; i + 8 * LANES <= count; i += 8 * LANES)
      for (int j = 0; j < 8; ++j)
        sums[j] += *(const vector *)(data + i + j * LANES);
    double time = now() - start;
    if (time < best)
      best = time;
    for (int j = 0; j < 8; ++j)
      sink += sums[j][0];
  }
  return 4.0 * (double)count / best * 1e-9;
}
