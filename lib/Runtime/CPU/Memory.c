//===- Memory.c - Memory of compiled code --------------------------*- C
//-*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CPU/Runtime.h"

#include <stdio.h>
#include <stdlib.h>

void *_mlir_memref_to_llvm_alloc(size_t size) {
  void *memory = malloc(size > 0 ? size : 1);
  if (!memory) {
    char message[96];
    snprintf(message, sizeof message, "out of memory: no room for %zu bytes",
             size);
    attn_rt_fail(message);
  }
  return memory;
}

void _mlir_memref_to_llvm_free(void *memory) { free(memory); }
