//===- Memory.c - Memory of compiled code ----------------------- -*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
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
  attn_frame_own(memory);
  return memory;
}

void _mlir_memref_to_llvm_free(void *memory) {
  attn_frame_disown(memory);
  free(memory);
}
