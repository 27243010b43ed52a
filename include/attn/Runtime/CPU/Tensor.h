//===- Tensor.h - Tensors at the boundary of compiled code --------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_CPU_TENSOR_H
#define ATTN_RUNTIME_CPU_TENSOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The generated header of attn-compile repeats these declarations.
#ifndef ATTN_TENSOR_DEFINED
#define ATTN_TENSOR_DEFINED

typedef enum attn_dtype {
  ATTN_F16 = 1,
  ATTN_BF16 = 2,
  ATTN_F32 = 3,
  ATTN_F64 = 4,
  ATTN_BOOL = 5, /* one byte, 0 or 1 */
  ATTN_I8 = 6,
  ATTN_I16 = 7,
  ATTN_I32 = 8,
  ATTN_I64 = 9
} attn_dtype;

/* A tensor, dense and row-major unless it has strides. */
typedef struct attn_tensor {
  void *data;     /* of an output: NULL lets the callee allocate by malloc */
  int64_t *shape; /* `rank` sizes; of an output without data: filled in */
  int32_t rank;
  attn_dtype dtype;
  const int64_t *strides; /* in elements; NULL: dense and row-major */
} attn_tensor;

typedef enum attn_status {
  ATTN_OK = 0,
  ATTN_INVALID_ARGUMENT = 1, /* a tensor does not fit the signature */
  ATTN_FAILED = 2,           /* the computation failed */
  ATTN_OUT_OF_MEMORY = 3,
  ATTN_NO_DEVICE = 4,   /* no GPU or driver; a GPU or CPU the code is not for */
  ATTN_DEVICE_FAULT = 5 /* a kernel failed; its context is lost */
} attn_status;

#endif /* ATTN_TENSOR_DEFINED */

/* Size of one element in bytes; 0 for an unknown type. */
int64_t attn_rt_dtype_size(attn_dtype dtype);

/* What a compiled function takes for a value. */
enum attn_passing {
  ATTN_PASS_DENSE = 0,   /* a dense, row-major tensor */
  ATTN_PASS_SCALAR = 1,  /* a scalar, from a tensor of rank 0 */
  ATTN_PASS_ROWS = 2,    /* any strides, but a contiguous last dimension */
  ATTN_PASS_STRIDED = 3, /* any strides */
};

/* Checks the tensors against a signature and calls `packed`. The signature is
 * the number of inputs, the number of results, and for each of them, inputs
 * first: how it is passed (attn_passing), the dtype, the rank and the sizes (-1
 * where dynamic). `packed` takes an array of pointers: to the memref
 * descriptor or to the scalar of each input, then to a block of descriptors,
 * one for each result, which it fills in. Outputs may share memory with inputs;
 * what they hold after a failure is undefined, and one without data has none.
 * Returns a status; the message of a failure is that of `attn_rt_last_error`. A
 * null `packed` is a failure of `attn_rt_select_version`: ATTN_NO_DEVICE. */
typedef void attn_packed(void **arguments);
attn_status attn_rt_invoke(const int64_t *signature, attn_packed *packed,
                           const attn_tensor *inputs, int32_t num_inputs,
                           attn_tensor *outputs, int32_t num_outputs);

/* The code for one CPU, and the features that it needs: bits in the order of
 * Features.def. */
struct attn_rt_version {
  const char *cpu;
  uint64_t features;
  attn_packed *packed;
};

/* The features of this CPU that the system supports. */
uint64_t attn_rt_cpu_features(void);

/* The last version that this CPU can run; null if there is none, and then
 * `attn_rt_last_error` says what it lacks. */
attn_packed *attn_rt_select_version(const struct attn_rt_version *versions,
                                    int32_t num_versions);

#ifdef __cplusplus
}
#endif

#endif // ATTN_RUNTIME_CPU_TENSOR_H
