//===- Signature.h - What a compiled function takes ---------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The signature that attn_rt_invoke reads, and checks of tensors against it.
// Shared by the runtimes.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_RUNTIME_CPU_SIGNATURE_H
#define ATTN_LIB_RUNTIME_CPU_SIGNATURE_H

#include "attn/Runtime/CPU/Tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One value of a signature.
struct attn_value {
  bool is_scalar;
  enum attn_passing passing;
  int64_t dtype, rank;
  const int64_t *shape;
};

/// Reads the value at the cursor and moves on.
struct attn_value attn_read_value(const int64_t **cursor);

/// Words of a memref descriptor: two pointers, the offset, sizes and strides.
int64_t attn_get_descriptor_size(int64_t rank);

int64_t attn_count_elements(const int64_t *shape, int64_t rank);

/// Checks how many tensors there are.
attn_status attn_check_counts(const int64_t *signature,
                              const attn_tensor *inputs, int32_t num_inputs,
                              const attn_tensor *outputs, int32_t num_outputs);

/// Checks type, rank and, if `has_shape`, the sizes. `kind` and `index` name
/// the tensor in messages.
attn_status attn_check_tensor(const struct attn_value *value,
                              const attn_tensor *tensor, const char *kind,
                              int index, bool has_shape);

/// Writes the memref descriptor of a tensor.
void attn_write_descriptor(int64_t *words, const attn_tensor *tensor);

/// Sets the message and returns the status.
attn_status attn_signature_error(attn_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif // ATTN_LIB_RUNTIME_CPU_SIGNATURE_H
