//===- FakeCUDAClient.h - Programs on the fake driver -------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests in C whose runtime opens the driver by its name.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_FAKECUDACLIENT_H
#define ATTN_TEST_UNIT_FAKECUDACLIENT_H

#include "FakeCUDA.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

/// Null if there is no driver, or another one.
static struct fake_cuda *open_fake_cuda(void) {
  void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  return driver ? (struct fake_cuda *)dlsym(driver, "fake_cuda") : NULL;
}

/// Memory of the device; exits if there is none.
static void *allocate_on_device(size_t bytes) {
  int (*mem_alloc)(uint64_t *, size_t) =
      (int (*)(uint64_t *, size_t))dlsym(RTLD_DEFAULT, "cuMemAlloc_v2");
  uint64_t memory = 0;
  if (!mem_alloc || mem_alloc(&memory, bytes))
    exit(3);
  return (void *)(uintptr_t)memory;
}

#endif // ATTN_TEST_UNIT_FAKECUDACLIENT_H
