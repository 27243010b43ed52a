//===- Runtime.h - Run time of compiled CUDA code -----------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What the host side of compiled code calls. The CUDA driver is opened at run
// time: neither the build nor a machine without a GPU needs it. C and libc
// only.
//
// Calls are asynchronous: they put work on the caller's stream and return. They
// use the context that is current in the calling thread, the one of PyTorch or
// of the CUDA runtime as a rule; where there is none, the primary context of
// the device on which the first tensor lies is made current.
//
// Everything that can fail ends in a status and in a message, which
// `attn_rt_last_error` has (attn/Runtime/CPU/Runtime.h), with the cause in the
// driver's words. No lock is held and nothing half made is kept after a
// failure. A fault of a kernel shows in a later call or in
// `attn_rt_cuda_synchronize`; the driver then fails every call in that context,
// and so does this runtime.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_CUDA_RUNTIME_H
#define ATTN_RUNTIME_CUDA_RUNTIME_H

#include "attn/Runtime/CPU/Tensor.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

/// Opens a driver: `path` names the shared library, NULL stands for
/// libcuda.so.1. Without this call the first use opens libcuda.so.1. An open
/// driver is replaced and what was loaded through it is forgotten; no call may
/// be in flight in any thread.
attn_status attn_rt_cuda_open(const char *path);

/// Waits for the work on a stream and reports its faults.
attn_status attn_rt_cuda_synchronize(void *stream);

//===----------------------------------------------------------------------===//
// Calls from outside
//===----------------------------------------------------------------------===//

/// As `attn_rt_invoke`, for tensors in device memory and with the outputs given
/// by the caller: checks the tensors against the signature and calls `packed`
/// with an array of pointers, to the memref descriptor of each input and of
/// each output. Tensors may have strides; that of the last dimension is 1, but
/// for those that the signature passes by any strides (ATTN_PASS_STRIDED).
/// Scalars are read from host memory. The work goes to `stream`, a CUstream
/// (a cudaStream_t); NULL is the default stream.
attn_status attn_rt_cuda_invoke(const int64_t *signature,
                                void (*packed)(void **),
                                const attn_tensor *inputs, int32_t num_inputs,
                                const attn_tensor *outputs, int32_t num_outputs,
                                void *stream);

//===----------------------------------------------------------------------===//
// Calls from compiled code, within attn_rt_cuda_invoke
//===----------------------------------------------------------------------===//

// They end the call by `attn_rt_fail` when they fail.

/// Code for a GPU: a cubin, PTX (with a terminating zero) or a fat binary.
typedef struct attn_cuda_object {
  const void *data;
  /// What the code is for: sm_80, sm_90a, sm_100f, ..., and 1 if it is PTX.
  const char *arch;
  int64_t is_ptx;
} attn_cuda_object;

/// The same kernels for several GPUs, the best code first. Compiled code has an
/// image in writable memory for each gpu.module.
typedef struct attn_cuda_image {
  const attn_cuda_object *objects;
  int64_t num_objects;
  /// The runtime's own; NULL at first.
  void *loaded;
} attn_cuda_image;

/// A kernel in an image.
typedef struct attn_cuda_kernel {
  attn_cuda_image *image;
  const char *name;
  /// The runtime's own; NULL at first.
  void *loaded;
} attn_cuda_kernel;

/// Launches a kernel. `dims` holds the grid, the block and the cluster, x
/// first; a cluster of zeros is none; and whether the kernel may begin before
/// the launch before it has ended, for which it waits itself, if the GPU and
/// the driver can. A grid without blocks is no launch.
/// `parameters` points to the arguments.
void attn_rt_cuda_launch(attn_cuda_kernel *kernel, const int64_t *dims,
                         int64_t shared_bytes, void **parameters);

/// What a tensor map describes. The arrays have `rank` entries, the contiguous
/// dimension first.
typedef struct attn_cuda_tiling {
  int32_t rank;
  /// CUtensorMapDataType and CUtensorMapSwizzle.
  int32_t data_type, swizzle;
  int32_t element_bytes;
  /// 0: given with each map.
  int32_t box[5];
  /// What a message calls the tensor; NULL if it has no name.
  const char *name;
} attn_cuda_tiling;

/// Makes a tensor map (128 bytes, 64-byte aligned). `strides` are in bytes; the
/// first one and those of dimensions of size 1 are ignored. `box` has the sizes
/// that the tiling leaves open. A tensor without elements gets a map that must
/// not be used for a copy.
void attn_rt_cuda_encode_tensor_map(void *map, const attn_cuda_tiling *tiling,
                                    void *base, const int64_t *sizes,
                                    const int64_t *strides, const int64_t *box);

/// Device memory for the kernels of this call, 256-byte aligned. It is zero
/// when the next launch begins.
void *attn_rt_cuda_scratch(int64_t bytes);

/// The same without zeros: the tensors between two kernels of a call.
void *attn_rt_cuda_temporary(int64_t bytes);

/// A constant tensor of compiled code, in writable memory.
typedef struct attn_cuda_constant {
  const void *data;
  int64_t bytes;
  /// The runtime's own; NULL at first.
  void *loaded;
} attn_cuda_constant;

/// The constant in device memory. It is copied there the first time.
void *attn_rt_cuda_constant(attn_cuda_constant *constant);

/// Copies a strided memref in device memory into another of the same shape.
/// Both point to MLIR's unranked memrefs.
void attn_rt_cuda_memref_copy(int64_t element_size, void *source, void *target);

/// Into how many splits, 1 to 128, the keys of each of `tiles` tiles are
/// divided, which have `blocks` blocks of keys each and `rows` rows in all,
/// where a multiprocessor holds `resident` blocks of threads. If `varying` is
/// not zero, that many blocks are the most that a tile has.
int64_t attn_rt_cuda_choose_splits(int64_t tiles, int64_t blocks, int64_t rows,
                                   int64_t resident, int64_t varying);

/// The number of multiprocessors of the device.
int64_t attn_rt_cuda_multiprocessor_count(void);

#ifdef __cplusplus
}
#endif

#endif // ATTN_RUNTIME_CUDA_RUNTIME_H
