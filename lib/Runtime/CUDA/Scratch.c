//===- Scratch.c - Device memory of calls -------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A stream has blocks of memory from which its calls take pieces. What a call
// must find zeroed is taken from a block front to back, so that a block is
// zeroed once for thousands of calls: when it is used up, in the order of the
// stream. Temporaries start at the front of their block with every call: the
// kernels of earlier calls on the stream are done with them by then.
//
// A call that is captured into a graph runs again later, perhaps beside others:
// its pieces are its own for ever, and their zeroing is part of the graph.
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "attn/Runtime/CUDA/Runtime.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 256, BLOCK_BYTES = 1 << 20 };

struct block {
  cu_pointer memory;
  int64_t size, used;
};

/// The memory of a stream. Threads that use one stream at a time each have one.
struct scratch {
  const struct context *context;
  cu_stream stream;
  unsigned long long stream_id;
  bool in_use;
  struct block zeroed, temporary;
  /// Zeroed bytes that the call in progress has, and that any call had.
  int64_t call_bytes, max_call_bytes;
  struct scratch *next;
};

/// Memory of the graphs of a context.
struct graph_memory {
  const struct context *context;
  struct block block;
  struct graph_memory *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct scratch *streams;
static struct graph_memory *graphs;

void attn_cuda_reset_scratch(void) {
  pthread_mutex_lock(&mutex);
  while (streams) {
    struct scratch *next = streams->next;
    free(streams);
    streams = next;
  }
  while (graphs) {
    struct graph_memory *next = graphs->next;
    free(graphs);
    graphs = next;
  }
  pthread_mutex_unlock(&mutex);
}

/// Gives a block new memory of `size` bytes. The old memory may be in use by
/// kernels and stays; as sizes double, it is less than the new.
static attn_status allocate(const struct context *context, struct block *block,
                            int64_t size) {
  const struct driver *driver = context->driver;
  cu_pointer memory = 0;
  int mode = CU_CAPTURE_MODE_RELAXED;
  driver->cuThreadExchangeStreamCaptureMode(&mode);
  cu_result result = driver->cuMemAlloc_v2(&memory, size);
  driver->cuThreadExchangeStreamCaptureMode(&mode);
  if (result != CU_SUCCESS)
    return attn_cuda_driver_error(
        driver, result, "cannot allocate %lld bytes of scratch memory",
        (long long)size);
  struct block value = {memory, size, 0};
  *block = value;
  return ATTN_OK;
}

static attn_status zero(const struct call *call, cu_pointer memory,
                        int64_t bytes) {
  cu_result result =
      call->context->driver->cuMemsetD8Async(memory, 0, bytes, call->stream);
  if (result == CU_SUCCESS)
    return ATTN_OK;
  return attn_cuda_driver_error(call->context->driver, result,
                                "cannot zero scratch memory");
}

static int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }

static cu_pointer take(struct block *block, int64_t bytes) {
  cu_pointer memory = block->memory + block->used;
  block->used += bytes;
  return memory;
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

/// Finds or makes the memory of the call's stream, and readies it for a call.
static struct scratch *enter(struct call *call, attn_status *status) {
  // The address of a stream may be used again; its number is not.
  unsigned long long id = 0;
  if (call->context->driver->cuStreamGetId)
    call->context->driver->cuStreamGetId(call->stream, &id);
  struct scratch *scratch = streams;
  while (scratch &&
         (scratch->in_use || scratch->context != call->context ||
          scratch->stream != call->stream || scratch->stream_id != id))
    scratch = scratch->next;
  if (!scratch) {
    scratch = calloc(1, sizeof *scratch);
    if (!scratch) {
      *status = attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
      return NULL;
    }
    scratch->context = call->context;
    scratch->stream = call->stream;
    scratch->stream_id = id;
    scratch->next = streams;
    streams = scratch;
  }
  scratch->temporary.used = 0;
  scratch->call_bytes = 0;
  // Begin anew between calls, where no piece is waiting for its launch.
  struct block *block = &scratch->zeroed;
  if (block->used > 0 && block->used + scratch->max_call_bytes > block->size) {
    *status = zero(call, block->memory, block->used);
    if (*status != ATTN_OK)
      return NULL;
    block->used = 0;
  }
  scratch->in_use = true;
  call->scratch = scratch;
  return scratch;
}

void attn_cuda_leave_scratch(struct call *call) {
  if (!call->scratch)
    return;
  pthread_mutex_lock(&mutex);
  call->scratch->in_use = false;
  pthread_mutex_unlock(&mutex);
}

static cu_pointer take_of_stream(struct call *call, int64_t bytes, bool zeroed,
                                 attn_status *status) {
  struct scratch *scratch = call->scratch ? call->scratch : enter(call, status);
  if (!scratch)
    return 0;
  struct block *block = zeroed ? &scratch->zeroed : &scratch->temporary;
  if (block->used + bytes > block->size) {
    int64_t size = max(max(2 * block->size, 2 * bytes), BLOCK_BYTES);
    *status = allocate(call->context, block, size);
    if (*status == ATTN_OK && zeroed)
      *status = zero(call, block->memory, size);
    if (*status != ATTN_OK) {
      // Nothing that was not zeroed may be handed out later.
      if (zeroed)
        block->size = block->used = 0;
      return 0;
    }
  }
  if (zeroed) {
    scratch->call_bytes += bytes;
    scratch->max_call_bytes = max(scratch->max_call_bytes, scratch->call_bytes);
  }
  return take(block, bytes);
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

static cu_pointer take_of_graph(struct call *call, int64_t bytes, bool zeroed,
                                attn_status *status) {
  struct graph_memory *memory = graphs;
  while (memory && memory->context != call->context)
    memory = memory->next;
  if (!memory) {
    memory = calloc(1, sizeof *memory);
    if (!memory) {
      *status = attn_cuda_error(ATTN_OUT_OF_MEMORY, "out of memory");
      return 0;
    }
    memory->context = call->context;
    memory->next = graphs;
    graphs = memory;
  }
  if (memory->block.used + bytes > memory->block.size) {
    *status = allocate(call->context, &memory->block, max(bytes, BLOCK_BYTES));
    if (*status != ATTN_OK)
      return 0;
  }
  cu_pointer piece = take(&memory->block, bytes);
  if (zeroed)
    *status = zero(call, piece, bytes);
  return piece;
}

static void *get_memory(int64_t bytes, bool zeroed) {
  struct call *call = attn_cuda_get_call("scratch memory");
  const struct driver *driver = call->context->driver;
  if (bytes < 0 || bytes > INT64_MAX / 8)
    attn_cuda_fail_call(attn_cuda_error(
        ATTN_OUT_OF_MEMORY, "%lld bytes of scratch memory", (long long)bytes));
  bytes = (max(bytes, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  int capture = CU_CAPTURE_NONE;
  cu_result result = driver->cuStreamIsCapturing(call->stream, &capture);
  if (result != CU_SUCCESS)
    attn_cuda_fail_call(
        attn_cuda_driver_error(driver, result, "cannot use the stream"));
  attn_status status = ATTN_OK;
  pthread_mutex_lock(&mutex);
  cu_pointer memory = capture == CU_CAPTURE_NONE
                          ? take_of_stream(call, bytes, zeroed, &status)
                          : take_of_graph(call, bytes, zeroed, &status);
  pthread_mutex_unlock(&mutex);
  if (status != ATTN_OK)
    attn_cuda_fail_call(status);
  return (void *)(uintptr_t)memory;
}

void *attn_rt_cuda_scratch(int64_t bytes) { return get_memory(bytes, true); }

void *attn_rt_cuda_temporary(int64_t bytes) { return get_memory(bytes, false); }
