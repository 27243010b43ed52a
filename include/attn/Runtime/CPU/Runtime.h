//===- Runtime.h - Run time of compiled CPU code ------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What compiled code calls: a parallel loop, and a way to fail. C, pthreads and
// libc only, so that a shared object with compiled code depends on nothing
// else.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_CPU_RUNTIME_H
#define ATTN_RUNTIME_CPU_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Runs `body(context, begin, end)` over disjoint ranges that cover [0, n), on
/// the calling thread and the threads of a pool. Ranges have `grain` items (the
/// last one fewer; a grain below 1 counts as 1) and are handed out in order to
/// whoever is free. Returns when all are done. A call from within a body, or
/// while another thread's loop has the pool, runs on the calling thread alone.
/// A failure in a body ends the loop early and is raised again in the caller.
void attn_rt_parallel_for(int64_t n, int64_t grain,
                          void (*body)(void *context, int64_t begin,
                                       int64_t end),
                          void *context);

/// The number of threads that a loop uses, the caller included. 0 stands for
/// the number of CPUs that this process may run on, the default, or for as many
/// as the process's team of threads has. Applies to loops that start later.
void attn_rt_set_num_threads(int num_threads);
int attn_rt_get_num_threads(void);

/// How many rows of a product a call of its kernel should have, so that threads
/// are done together: of `rows` for each of `columns` groups of columns, `most`
/// at most, a multiple of `unit` where that is less. A call takes as long as
/// these and `overhead` rows more. The results do not depend on it.
int64_t attn_rt_choose_rows(int64_t rows, int64_t columns, int64_t most,
                            int64_t unit, int64_t overhead);

/// How many columns, of `columns` in each of `batches` products, a call should
/// have that reads its rows and columns from a cache which all threads share:
/// `most` at most, a multiple of `unit`. Its rows, `most_rows` at most, are
/// chosen with them, by attn_rt_choose_rows. The results do not depend on it.
int64_t attn_rt_choose_columns(int64_t rows, int64_t columns, int64_t batches,
                               int64_t most, int64_t most_rows, int64_t unit);

/// Calls `member(data)` once on each of `num_threads` threads, the caller among
/// them, and returns when all have returned; 0 stands for as many as it has by
/// itself. `flags` is 0. OpenMP's runtimes of GCC, LLVM and Intel have such a
/// function by the name `GOMP_parallel`.
typedef void attn_rt_thread_team(void (*member)(void *data), void *data,
                                 unsigned num_threads, unsigned flags);

/// Runs later loops on these threads in place of the pool; null for the pool,
/// the default. For processes which have such threads: OpenMP's spin for some
/// milliseconds after their last loop, in the way of any other pool. Threads
/// with less than 3 MiB of stack are not used. Forgotten in the child of a
/// fork.
void attn_rt_set_thread_team(attn_rt_thread_team *team);

/// Calls `function(argument)`. Returns 0, or 1 if the call failed through
/// `attn_rt_fail`; `attn_rt_last_error` then has the message. Memory that
/// compiled code had allocated in it is released in that case.
int attn_rt_call(void (*function)(void *), void *argument);

/// Ends the innermost `attn_rt_call` of this thread with an error. Without one,
/// prints the message to stderr and aborts. The message is copied.
void attn_rt_fail(const char *message);

/// The same, with the number in place of the first `{}` of the message.
void attn_rt_fail_at(const char *message, int64_t number);

/// The message of the last failure in this thread; "" if there was none. Valid
/// until the next failure.
const char *attn_rt_last_error(void);

/// Sets the message without failing; it is copied, and cut at 511 bytes.
void attn_rt_set_error(const char *message);

/// Fails if the calling thread has not as many bytes of stack left. What Linux
/// says is asked once; nothing is known of coroutines' stacks.
void attn_rt_check_stack(int64_t bytes);

/// Asks the system for the tile registers of AMX, which Linux gives a process
/// on demand only. Returns whether it has them; asks once.
int attn_rt_request_tiles(void);

/// Receives the event of a kernel: its name, and when it began and ended in
/// nanoseconds of CLOCK_MONOTONIC. Called by the thread that called the kernel.
typedef void attn_rt_trace_handler(void *context, const char *name,
                                   int64_t begin, int64_t end);

/// Sets what receives events; null for nobody, the default. Applies to the
/// calling thread.
void attn_rt_set_trace_handler(attn_rt_trace_handler *handler, void *context);

/// What code compiled with events calls around a kernel.
int64_t attn_rt_trace_begin(void);
void attn_rt_trace_end(const char *name, int64_t begin);

/// Copies a strided memref into another of the same shape; what MLIR's lowering
/// of `memref.copy` calls. Both point to MLIR's unranked memrefs.
void memrefCopy(int64_t element_size, void *source, void *target);

/// Memory of compiled code, what MLIR's lowering of `memref.alloc` and
/// `memref.dealloc` calls: malloc and free, as results become the caller's, but
/// that 16 MiB of freed blocks are kept for later calls. Fails (`attn_rt_fail`)
/// where there is no memory.
void *_mlir_memref_to_llvm_alloc(size_t size);
void _mlir_memref_to_llvm_free(void *memory);

/// The descriptor of an MLIR memref of rank 1.
struct attn_rt_memref {
  void *allocated, *aligned;
  int64_t offset, size, stride;
};

/// Memory for a result of the function that `attn_rt_invoke` calls: the
/// caller's, if it gave as many bytes that lie apart from all inputs, else as
/// above. What MLIR's lowering makes of `func.call @attn_rt_allocate_result`.
void _mlir_ciface_attn_rt_allocate_result(struct attn_rt_memref *memory,
                                          int64_t index, int64_t size);

#ifdef __cplusplus
}
#endif

#endif // ATTN_RUNTIME_CPU_RUNTIME_H
