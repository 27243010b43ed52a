//===- use-runtime.c - Calls the run time from C ------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CPU/Runtime.h"
#include <stdio.h>

static void fail(void *argument) { attn_rt_fail((const char *)argument); }

int main(void) {
  int status = attn_rt_call(fail, "on purpose");
  printf("status %d: %s\n", status, attn_rt_last_error());
  return status == 1 ? 0 : 1;
}
