#include "attn-c/Compiler.h"
#include "attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kNaive[] =
    "func.func @main(%q: tensor<8x8xf32>, %k: tensor<8x8xf32>,\n"
    "                %v: tensor<8x8xf32>) -> tensor<8x8xf32> {\n"
    "  %zero = arith.constant 0.0 : f32\n"
    "  %e = tensor.empty() : tensor<8x8xf32>\n"
    "  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>)\n"
    "      -> tensor<8x8xf32>\n"
    "  %t = linalg.transpose ins(%k : tensor<8x8xf32>)\n"
    "      outs(%e : tensor<8x8xf32>) permutation = [1, 0]\n"
    "  %s = linalg.matmul ins(%q, %t : tensor<8x8xf32>, tensor<8x8xf32>)\n"
    "      outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>\n"
    "  %w = linalg.softmax dimension(1) ins(%s : tensor<8x8xf32>)\n"
    "      outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>\n"
    "  %r = linalg.matmul ins(%w, %v : tensor<8x8xf32>, tensor<8x8xf32>)\n"
    "      outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>\n"
    "  return %r : tensor<8x8xf32>\n"
    "}";
static const char kAttention[] =
    ATTENTION("memref<?x?x8xf32, strided<[?, ?, 1], offset: ?>>",
              "tensor<?x?x8xf32>", "");

static const char kDouble[] =
    "func.func @main(%x: tensor<5x8xf64>) -> tensor<5x8xf64> {\n"
    "  %o = tensor.empty() : tensor<5x8xf64>\n"
    "  %r = attn.sdpa query(%x : tensor<5x8xf64>) key(%x : tensor<5x8xf64>) "
    "value(%x : tensor<5x8xf64>) outs(%o : tensor<5x8xf64>) -> "
    "tensor<5x8xf64>\n"
    "  return %r : tensor<5x8xf64>\n"
    "}\n";

static const char kAdd[] =
    "func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {\n"
    "  %r = arith.addf %x, %x : tensor<?xf32>\n"
    "  return %r : tensor<?xf32>\n"
    "}\n";

enum { H = 2, L = 9, D = 8 };

static float q[H * L * D], k[H * L * D], v[H * L * D], o[H * L * D];

static double get_largest_error(void) {
  double largest = 0;
  for (int h = 0; h < H; ++h)
    for (int i = 0; i < L; ++i) {
      double p[L], sum = 0;
      for (int j = 0; j < L; ++j) {
        double s = 0;
        for (int d = 0; d < D; ++d)
          s += (double)q[(h * L + i) * D + d] * k[(h * L + j) * D + d];
        sum += p[j] = exp(s / sqrt(D));
      }
      for (int d = 0; d < D; ++d) {
        double expected = 0;
        for (int j = 0; j < L; ++j)
          expected += p[j] / sum * v[(h * L + j) * D + d];
        double error = fabs(expected - o[(h * L + i) * D + d]);
        largest = error > largest ? error : largest;
      }
    }
  return largest;
}

static attn_program *compile(attn_compiler *compiler, const char *text,
                             attn_options options) {
  if (!options.size)
    options.size = sizeof options;
  return attn_compile(compiler, text, strlen(text), &options);
}

static void expect_failure(const char *what, const attn_program *program) {
  printf("%s: %s\n", what, program ? "compiled" : attn_error_message());
}

int main(int argc, char **argv) {
  if (argc != 5)
    return 2;
  printf("version %s\n", attn_version());
  attn_compiler *compiler = attn_compiler_create();
  if (!attn_compiler_cpu(compiler))
    return puts(attn_error_message()), 1;
  for (int i = 0; i < H * L * D; ++i) {
    q[i] = (i * 37 % 101) / 50.0f - 1;
    k[i] = (i * 53 % 103) / 50.0f - 1;
    v[i] = (i * 71 % 107) / 50.0f - 1;
  }

  attn_options cached = {0};
  cached.cache = argv[1];
  int64_t shape[] = {H, L, D}, strides[] = {L * D, D, 1};
  float *data[] = {q, k, v, o};
  int64_t words[28], *next = words;
  for (int i = 0; i < 4; ++i) {
    *next++ = (int64_t)(intptr_t)data[i];
    memcpy(next, shape, sizeof shape), next += 3;
    memcpy(next, strides, sizeof strides), next += 3;
  }
  for (int round = 0; round < 2; ++round) {
    cached.require_cached = round;
    attn_program *program = compile(compiler, kAttention, cached);
    if (!program)
      return puts(attn_error_message()), 1;
    printf("compiled, %sfrom the cache\n",
           attn_program_is_cached(program) ? "" : "not ");
    attn_value_type type;
    if (!attn_program_get_type(program, 0, &type))
      printf("input 0: passing %d, dtype %d, sizes %d %d %d\n",
             (int)type.passing, (int)type.dtype, (int)type.shape[0],
             (int)type.shape[1], (int)type.shape[2]);
    memset(o, 0, sizeof o);
    if (attn_program_call_words(program, words, 28))
      return puts(attn_error_message()), 1;
    if (get_largest_error() < 1e-5)
      puts("largest error below 1e-5");
    if (round) {
      int64_t wrong[] = {L * D, D, 2};
      attn_tensor inputs[4];
      for (int i = 0; i < 4; ++i) {
        attn_tensor tensor = {data[i], shape, 3, ATTN_F32, i ? NULL : wrong};
        inputs[i] = tensor;
      }
      if (attn_program_call(program, inputs, 4, NULL, 0))
        printf("call: %s\n", attn_error_message());
      if (attn_program_call_words(program, words, 27))
        printf("words: %s\n", attn_error_message());
      if (attn_program_get_type(program, 4, &type))
        printf("type: %s\n", attn_error_message());
    }
    attn_program_destroy(program);
  }

  attn_options none = {0}, other = {0}, backend = {0}, cpu = {0}, size = {0},
               flash = {0};
  other.entry = "other", backend.backend = "fast", cpu.cpu = "z80";
  size.size = 3, flash.backend = "flash", flash.size = sizeof flash;
  expect_failure("text", compile(compiler, "nonsense.op", none));
  expect_failure("entry", compile(compiler, kAdd, other));
  expect_failure("backend", compile(compiler, kAttention, backend));
  expect_failure("cpu", compile(compiler, kAdd, cpu));
  expect_failure("options", compile(compiler, kAdd, size));
  const char *texts[] = {kAttention, kDouble};
  for (int i = 0; i < 2; ++i)
    printf("check: %s\n",
           attn_check_backend(compiler, texts[i], strlen(texts[i]), &flash)
               ? attn_error_message()
               : "ok");

  int32_t count = -1;
  if (attn_count_fused(compiler, kNaive, strlen(kNaive), NULL, &count))
    return puts(attn_error_message()), 1;
  printf("naive: %d, %s\n", count, attn_error_message());
  /* The other axis is no attention. */
  char other_axis[sizeof kNaive];
  memcpy(other_axis, kNaive, sizeof kNaive);
  strstr(other_axis, "dimension(1)")[10] = '0';
  if (attn_count_fused(compiler, other_axis, strlen(other_axis), NULL, &count))
    return puts(attn_error_message()), 1;
  printf("other axis: %d, %s\n", count, attn_error_message());
  if (!attn_count_fused(compiler, "nonsense.op", 11, NULL, &count))
    return puts("nonsense was raised"), 1;
  printf("nonsense: %s\n", attn_error_message());

  /* Shared objects. */
  if (attn_compile_shared(compiler, kAdd, strlen(kAdd), NULL, argv[2], argv[3],
                          argv[4]))
    return puts(attn_error_message()), 1;
  if (!attn_compile_shared(compiler, kAdd, strlen(kAdd), NULL, "none.a",
                           argv[3], NULL))
    return puts("linked without a runtime"), 1;
  printf("shared: %s\n", attn_error_message());
  if (!attn_compile_shared(compiler, "nonsense.op", 11, NULL, argv[2], argv[3],
                           NULL))
    return puts("nonsense was compiled"), 1;
  printf("shared: %s\n", attn_error_message());
  /* The shared object stays what it is. */
  if (!attn_compile_shared(compiler, kAdd, strlen(kAdd), NULL, argv[2], argv[3],
                           argv[3]))
    return puts("the header became the object"), 1;
  printf("shared: %s\n", attn_error_message());

  /* Programs outlive the compiler; results may be allocated by the callee. */
  attn_program *add = compile(compiler, kAdd, none);
  attn_compiler_destroy(compiler);
  if (!add)
    return puts(attn_error_message()), 1;
  float x[] = {1, 2, 3};
  int64_t three[] = {3}, result_shape[] = {0};
  attn_tensor input = {x, three, 1, ATTN_F32, NULL};
  attn_tensor output = {NULL, result_shape, 1, ATTN_F32, NULL};
  if (attn_program_call(add, &input, 1, &output, 1))
    return puts(attn_error_message()), 1;
  printf("results: %d %d, %g\n", attn_program_num_outputs(add),
         attn_program_is_cached(add), ((float *)output.data)[2]);
  free(output.data);
  attn_program_destroy(add);
  attn_program_destroy(NULL);
  attn_compiler_destroy(NULL);
  return 0;
}
