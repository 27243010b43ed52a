/* Programs for CUDA on the fake driver of test/Unit/FakeCUDA. */
#include "../../Unit/FakeCUDA/FakeCUDAClient.h"
#include "attention.h"
#include "attn-c/Compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 2, HEADS = 3, LENGTH = 40, WIDTH = 64, RANK = 4, WORDS = 36 };

/* For any type of elements. */
static const char kTemplate[] =
    ATTENTION("memref<?x?x?x64xELEMENT, strided<[?, ?, ?, 1], offset: ?>>",
              "tensor<?x?x?x64xELEMENT>", "structure(#attn.causal<top_left>)");

static attn_compiler *compiler;
static struct fake_cuda *fake;

static const char *make_text(const char *element) {
  static char text[4096];
  char *to = text;
  for (const char *from = kTemplate; *from;) {
    if (!strncmp(from, "ELEMENT", 7)) {
      size_t length = strlen(element);
      memcpy(to, element, length);
      to += length;
      from += 7;
    } else {
      *to++ = *from++;
    }
  }
  *to = '\0';
  return text;
}

static attn_program *compile(const char *element, attn_options options) {
  const char *text = make_text(element);
  options.size = sizeof options;
  if (!options.target)
    options.target = "cuda";
  return attn_compile(compiler, text, strlen(text), &options);
}

static attn_program *compile_or_exit(const char *what, const char *element,
                                     attn_options options) {
  attn_program *program = compile(element, options);
  if (!program) {
    printf("%s: %s\n", what, attn_error_message());
    exit(1);
  }
  printf("%s: compiled, %sfrom the cache\n", what,
         attn_program_is_cached(program) ? "" : "not ");
  return program;
}

static int64_t words[WORDS];
static int stream;

static void fill_words(void *(*allocate)(size_t)) {
  int64_t *next = words;
  for (int i = 0; i < 4; ++i) {
    int64_t values[] = {
        (int64_t)(intptr_t)allocate(2 * BATCH * HEADS * LENGTH * WIDTH),
        BATCH,
        HEADS,
        LENGTH,
        WIDTH,
        HEADS * LENGTH * WIDTH,
        LENGTH * WIDTH,
        WIDTH,
        1};
    memcpy(next, values, sizeof values);
    next += 9;
  }
}

static void report(const char *what, attn_status status) {
  printf("%s: %s\n", what,
         status == ATTN_OK ? "no failure" : attn_error_message());
}

static void launch(const char *what, const attn_program *program) {
  int encodes = fake->num_encodes, copies = fake->num_copies;
  fake->stream = NULL;
  if (attn_program_call_words_on(program, words, WORDS, &stream)) {
    report(what, ATTN_FAILED);
    return;
  }
  printf("%s: launched on %s, grid %u, %d maps, %d copies\n", what,
         fake->stream == &stream ? "the stream" : "another", fake->grid[0],
         fake->num_encodes - encodes, fake->num_copies - copies);
}

static void call_tensors(const attn_program *program) {
  attn_tensor inputs[4];
  for (int i = 0; i < 4; ++i) {
    int64_t *own = words + 9 * i;
    attn_tensor tensor = {(void *)(intptr_t)own[0], own + 1, RANK, ATTN_BF16,
                          own + 1 + RANK};
    inputs[i] = tensor;
  }
  fake->stream = NULL;
  if (attn_program_call_on(program, inputs, 4, NULL, 0, &stream))
    report("tensors", ATTN_FAILED);
  else
    printf("tensors: launched on %s\n",
           fake->stream == &stream ? "the stream" : "another");
}

static void refuse_calls(attn_program *program) {
  char host[16];
  fake->stream = &stream;
  if (attn_program_call_words(program, words, WORDS))
    report("default stream", ATTN_FAILED);
  else
    printf("default stream: launched on %s\n",
           fake->stream ? "a stream" : "no stream");
  int launches = fake->num_launches;
  int64_t kept = words[3];
  words[3] = words[27 + 3] = 0;
  attn_status status =
      attn_program_call_words_on(program, words, WORDS, &stream);
  printf("empty: status %d, %d launches\n", status,
         fake->num_launches - launches);
  words[3] = words[27 + 3] = kept;
  int64_t data = words[0];
  words[0] = (int64_t)(intptr_t)host;
  report("host memory",
         attn_program_call_words_on(program, words, WORDS, &stream));
  words[0] = data + 2;
  report("alignment",
         attn_program_call_words_on(program, words, WORDS, &stream));
  words[0] = data;
  report("words",
         attn_program_call_words_on(program, words, WORDS - 1, &stream));
}

static void expect_failure(const char *what, const char *element,
                           attn_options options) {
  attn_program *program = compile(element, options);
  printf("%s: %s\n", what, program ? "compiled" : attn_error_message());
  attn_program_destroy(program);
}

static void check(const char *element, const char *backend) {
  attn_options options = {.size = sizeof options};
  options.target = "cuda";
  options.backend = backend;
  const char *text = make_text(element);
  puts(attn_check_backend(compiler, text, strlen(text), &options)
           ? (printf("check: "), attn_error_message())
           : "check: ok");
}

static int run(const char *cache, const char *arch, const char *toolkit) {
  fake = open_fake_cuda();
  if (!fake)
    return 3;
  fake->capability = atoi(arch + 3);
  printf("archs:");
  int capabilities[] = {80, 86, 90, 120};
  for (int i = 0; i < 4; ++i)
    printf(" %s", attn_compiler_gpu_arch(compiler, capabilities[i]));
  puts("");
  if (!attn_compiler_gpu_arch(compiler, 75))
    printf("arch of 75: %s\n", attn_error_message());

  printf("capability: %d\n", attn_get_gpu_capability());

  fill_words(allocate_on_device);
  attn_program *program = NULL;
  for (int round = 0; round < 2; ++round) {
    attn_options options = {.cache = cache, .gpu_arch = arch};
    options.cuda_path = toolkit;
    options.require_cached = round;
    program = compile_or_exit(arch, "bf16", options);
    launch(arch, program);
  }
  const char *image = fake->image;
  if (image && !strncmp(image, "\177ELF", 4))
    puts("image: binary");
  else if (image && strstr(image, arch))
    printf("image: PTX for %s\n", arch);
  call_tensors(program);
  attn_options native = {.cache = cache, .require_cached = 1};
  native.cuda_path = toolkit;
  attn_program_destroy(compile_or_exit("native", "bf16", native));
  refuse_calls(program);

  attn_options anew = {.gpu_arch = "sm_100a"};
  attn_program *other = compile("bf16", anew);
  report("other GPU", attn_program_call_words_on(other, words, WORDS, &stream));
  attn_options cpu = {.target = "cpu", .cache = cache};
  report("CPU", attn_program_call_words_on(compile("bf16", cpu), words, WORDS,
                                           &stream));
  expect_failure("arch", "bf16", (attn_options){.gpu_arch = "sm_75"});
  expect_failure("target", "bf16", (attn_options){.target = "tpu"});
  expect_failure("math", "bf16",
                 (attn_options){.gpu_arch = "sm_80", .backend = "math"});
  expect_failure("f64", "f64", (attn_options){.gpu_arch = "sm_80"});
  expect_failure(
      "unknown option", "f32",
      (attn_options){.gpu_arch = "sm_80", .kernel_options = "colour=red"});
  expect_failure(
      "unknown value", "f32",
      (attn_options){.gpu_arch = "sm_80", .kernel_options = "f32=tf23"});
  expect_failure("options of the CPU", "f32",
                 (attn_options){.target = "cpu", .kernel_options = "f32=tf32"});
  // Options have objects of their own.
  attn_options tf32 = {.cache = cache, .gpu_arch = arch};
  tf32.cuda_path = toolkit;
  tf32.kernel_options = "f32=tf32";
  attn_program_destroy(compile_or_exit("tf32", "f32", tf32));
  tf32.require_cached = 1;
  attn_program_destroy(compile_or_exit("tf32", "f32", tf32));
  tf32.kernel_options = "";
  expect_failure("other options", "f32", tf32);
  check("bf16", "flash");
  check("f64", "flash");
  check("bf16", "math");
  return 0;
}

static int run_without_driver(void) {
  attn_options options = {0};
  expect_failure("native", "bf16", options);
  options.gpu_arch = "sm_80";
  fill_words(malloc);
  report("call", attn_program_call_words_on(compile("bf16", options), words,
                                            WORDS, &stream));
  return 0;
}

static int write_shared(char **argv) {
  attn_options options = {.size = sizeof options, .target = "cuda"};
  options.gpu_arch = argv[2];
  const char *text = make_text("bf16");
  if (!attn_compile_shared(compiler, text, strlen(text), &options, argv[3],
                           argv[4], argv[5]))
    return 0;
  puts(attn_error_message());
  return 1;
}

int main(int argc, char **argv) {
  compiler = attn_compiler_create();
  if ((argc == 4 || argc == 5) && !strcmp(argv[1], "run"))
    return run(argv[2], argv[3], argv[4]);
  if (argc == 2 && !strcmp(argv[1], "nodriver"))
    return run_without_driver();
  if (argc == 6 && !strcmp(argv[1], "shared"))
    return write_shared(argv);
  return 2;
}
