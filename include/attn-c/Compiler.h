//===- Compiler.h - The compiler as a C library --------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Compiles MLIR into this process and calls it. The library exports these
// functions alone, whatever LLVM it is linked to.
//
// Functions that fail return null or a status other than ATTN_OK, and leave a
// message for `attn_error_message`.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_C_COMPILER_H
#define ATTN_C_COMPILER_H

#include "attn/Runtime/CPU/Tensor.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATTN_C_EXPORT __attribute__((visibility("default")))

/// The version of attn-mlir, as "0.1.0".
ATTN_C_EXPORT const char *attn_version(void);

/// The message of this thread's last failure; "" if there was none. Valid until
/// the thread's next call of this library.
ATTN_C_EXPORT const char *attn_error_message(void);

//===----------------------------------------------------------------------===//
// Compilers
//===----------------------------------------------------------------------===//

/// What MLIR keeps between compilations. Threads may share one: it compiles one
/// program at a time. It has no threads, so that a process may fork.
typedef struct attn_compiler attn_compiler;

ATTN_C_EXPORT attn_compiler *attn_compiler_create(void);
/// Programs outlive their compiler. Null is ignored.
ATTN_C_EXPORT void attn_compiler_destroy(attn_compiler *compiler);

/// How to compile. Zero or null stands for the default.
typedef struct attn_options {
  size_t size;            ///< sizeof(attn_options)
  const char *entry;      ///< the function to compile; "main"
  const char *backend;    ///< "auto", "flash" or "math"; "auto"
  const char *cpu;        ///< as LLVM names it, or "native"; "native"
  const char *numerics;   ///< what fusion may change; "default"
  const char *cache;      ///< the directory of compiled objects; none
  uint64_t cache_bytes;   ///< the size it may have; 256 MiB
  int32_t fuse;           ///< not 0: raises naive attention first
  int32_t require_cached; ///< not 0: fails where it had to compile
  const char *target;     ///< where it runs, "cpu" or "cuda"; "cpu"
  /// Of cuda: the code, as "sm_90a"; the best for the device that is current,
  /// or for device 0 in a thread without one.
  const char *gpu_arch;
  /// Of cuda: toolkits that ptxas is looked for in, ':' between them, before
  /// ./dev cuda's, /usr/local/cuda and the PATH. Where there is none, and with
  /// "none", programs have PTX, which the driver compiles when one is loaded.
  const char *cuda_path;
  /// Of cuda: what the cost model would choose for kernels, as options of
  /// attn-lower-to-nvvm-pipeline: "f32=tf32 softmax=standard block-keys=64";
  /// none.
  const char *kernel_options;
} attn_options;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// A compiled function. Threads may call it at once.
typedef struct attn_program attn_program;

/// Compiles a module in MLIR's textual form. `text` need not end in 0.
ATTN_C_EXPORT attn_program *attn_compile(attn_compiler *compiler,
                                         const char *text, size_t length,
                                         const attn_options *options);
/// Null is ignored. The program must not be running.
ATTN_C_EXPORT void attn_program_destroy(attn_program *program);

/// Whether the program came from the cache.
ATTN_C_EXPORT int32_t attn_program_is_cached(const attn_program *program);

ATTN_C_EXPORT int32_t attn_program_num_inputs(const attn_program *program);
ATTN_C_EXPORT int32_t attn_program_num_outputs(const attn_program *program);

/// What the program takes: outputs are counted from the last input on. `shape`
/// points to `rank` sizes, -1 where dynamic.
typedef struct attn_value_type {
  enum attn_passing passing;
  attn_dtype dtype;
  int32_t rank;
  const int64_t *shape;
} attn_value_type;
ATTN_C_EXPORT attn_status attn_program_get_type(const attn_program *program,
                                                int32_t index,
                                                attn_value_type *type);

/// Checks the tensors and runs the program. One for cuda takes tensors in the
/// memory of a device and puts its work on the default stream. On the CPU
/// outputs may share memory with inputs. After a failure what outputs hold is
/// undefined, and one without data before has none.
ATTN_C_EXPORT attn_status attn_program_call(const attn_program *program,
                                            const attn_tensor *inputs,
                                            int32_t num_inputs,
                                            attn_tensor *outputs,
                                            int32_t num_outputs);

/// The same for a program without outputs, from one array: for each input its
/// address, its sizes and its strides in elements. Types are those of the
/// program.
ATTN_C_EXPORT attn_status attn_program_call_words(const attn_program *program,
                                                  const int64_t *words,
                                                  int64_t num_words);

/// Both for a program for cuda, whose work goes to `stream`, a CUstream or
/// cudaStream_t, in the context that is current in the calling thread; without
/// one the primary context of the tensors' device becomes current. They return
/// before the work is done. Scalars are in host memory.
ATTN_C_EXPORT attn_status attn_program_call_on(
    const attn_program *program, const attn_tensor *inputs, int32_t num_inputs,
    attn_tensor *outputs, int32_t num_outputs, void *stream);
ATTN_C_EXPORT attn_status
attn_program_call_words_on(const attn_program *program, const int64_t *words,
                           int64_t num_words, void *stream);

/// Compiles the module into the shared object `output`, which needs libc and
/// libm only, and declares its functions in the file `header` unless that is
/// null. `runtime` is libAttnRuntimeCPU.a; for cuda libAttnRuntimeCUDA.a is
/// beside it. Links by the C compiler on the PATH. On a CPU or a GPU that the
/// code is not for, its functions return ATTN_NO_DEVICE.
ATTN_C_EXPORT attn_status attn_compile_shared(attn_compiler *compiler,
                                              const char *text, size_t length,
                                              const attn_options *options,
                                              const char *runtime,
                                              const char *output,
                                              const char *header);

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

/// Whether every attn.sdpa of the module has the backend of the options, on
/// their target.
/// ATTN_OK or ATTN_INVALID_ARGUMENT, with the reason as the message.
ATTN_C_EXPORT attn_status attn_check_backend(attn_compiler *compiler,
                                             const char *text, size_t length,
                                             const attn_options *options);

/// Raises naive attention as `fuse` does. `count` is how many attn.sdpa there
/// are then, and the message what was not fused and why, each in a line; "" if
/// nothing was missed.
ATTN_C_EXPORT attn_status attn_count_fused(attn_compiler *compiler,
                                           const char *text, size_t length,
                                           const attn_options *options,
                                           int32_t *count);

/// The CPU that "native" stands for: its name and features as LLVM writes them.
ATTN_C_EXPORT const char *attn_compiler_cpu(attn_compiler *compiler);

/// The code that is best for GPUs of a compute capability (90 for 9.0):
/// "sm_90a". Null if there are no kernels for them. Valid as long as the
/// compiler.
ATTN_C_EXPORT const char *attn_compiler_gpu_arch(attn_compiler *compiler,
                                                 int32_t capability);

/// The compute capability (90 for 9.0) of the GPU that is current in the
/// calling thread, or of device 0 in a thread without one; 0 if there is no
/// GPU, and then `attn_error_message` says why.
ATTN_C_EXPORT int32_t attn_get_gpu_capability(void);

/// Threads of later calls in this process; 0: one for each CPU, the default, or
/// all of the process's team.
ATTN_C_EXPORT void attn_set_num_threads(int32_t num_threads);
ATTN_C_EXPORT int32_t attn_get_num_threads(void);

/// Calls `member(data)` once on each of `num_threads` threads, the caller among
/// them, and returns when all have returned; 0 stands for as many as it has by
/// itself. `flags` is 0. OpenMP's runtimes of GCC, LLVM and Intel have such a
/// function by the name `GOMP_parallel`.
typedef void attn_thread_team(void (*member)(void *data), void *data,
                              unsigned num_threads, unsigned flags);

/// Runs later calls in this process on these threads; null: on threads of our
/// own, the default. OpenMP's spin for some milliseconds after a loop, in the
/// way of any others: processes which have them should give them.
/// `attn_torch_register` does so. Forgotten in the child of a fork.
ATTN_C_EXPORT void attn_set_thread_team(attn_thread_team *team);

#ifdef __cplusplus
}
#endif

#endif // ATTN_C_COMPILER_H
