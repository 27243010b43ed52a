//===- Torch.h - Operators of PyTorch as a C library ---------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of attn::sdpa_dense, attn::sdpa_masked and attn::sdpa_varlen, which
// the Python package defines, for the CPU and for CUDA, by PyTorch's stable C
// functions. They are looked up in the process: this library is built without
// PyTorch and runs without.
//
// A kernel knows programs by the shapes and options of calls; what it does not
// know goes to the operators attn::sdpa_anew and attn::sdpa_varlen_anew, which
// Python implements.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_C_TORCH_H
#define ATTN_C_TORCH_H

#include "attn-c/Compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Bits of the operators' argument `flags`.
enum attn_torch_flags {
  ATTN_TORCH_SCALE = 1,       ///< `scale` counts
  ATTN_TORCH_UPPER_LEFT = 2,  ///< causal
  ATTN_TORCH_LOWER_RIGHT = 4, ///< causal
  ATTN_TORCH_GQA = 8,         ///< heads of the query share those of the key
  ATTN_TORCH_SOFTCAP = 16,    ///< `softcap` counts
  ATTN_TORCH_WINDOW = 32,     ///< `left` and `right` count
  ATTN_TORCH_MASK = 64,       ///< of attn::sdpa_anew: `attn_mask` counts
  ATTN_TORCH_VARLEN = 128,    ///< of remembered calls: of attn::sdpa_varlen
  ATTN_TORCH_TF32 = 256       ///< float32 on CUDA is multiplied as tf32
};

/// Registers the kernels with the PyTorch of this process, and runs all kernels
/// of the CPU on its threads (`attn_set_thread_team`) if those are OpenMP's.
/// ATTN_FAILED where it is not loaded, or lacks a function that they need.
ATTN_C_EXPORT attn_status attn_torch_register(const char *libtorch_cpu);

/// The same for CUDA's tensors, once `attn_torch_register` has succeeded.
/// ATTN_FAILED where PyTorch is without CUDA.
ATTN_C_EXPORT attn_status attn_torch_register_cuda(const char *libtorch_cuda);

/// Calls that look like this one run the program, which must never be
/// destroyed. The words: flags, the bits of softcap, left, right, the index of
/// the CUDA device or -1 for the CPU; then for query, key, value and a mask if
/// there is one its attn_dtype, rank and sizes. Of attn::sdpa_varlen, for
/// query, key and value the attn_dtype, heads and size, and the attn_dtype of
/// both cu_seqlens.
ATTN_C_EXPORT void attn_torch_remember(const attn_program *program,
                                       const int64_t *words, int64_t num_words);

/// While the sum of all changes is not 0, every call goes to Python.
ATTN_C_EXPORT void attn_torch_suspend(int32_t change);

/// The message that the running operator of Python's fails with: it returns
/// booleans then.
ATTN_C_EXPORT void attn_torch_set_error(const char *message);

#ifdef __cplusplus
}
#endif

#endif // ATTN_C_TORCH_H
