//===- CUDARuntimeTest.h - The CUDA runtime on a fake driver ----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_CUDARUNTIMETEST_H
#define ATTN_TEST_UNIT_CUDARUNTIMETEST_H

#include "FakeCUDA/FakeCUDA.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CUDA/Device.h"
#include "attn/Runtime/CUDA/Runtime.h"
#include "gtest/gtest.h"
#include <dlfcn.h>
#include <functional>
#include <string>

namespace attn_test {

inline constexpr char kFake[] = ATTN_FAKE_CUDA;

/// One output of i8 and any size.
inline constexpr int64_t kSignature[] = {0, 1, 0, ATTN_I8, 1, -1};

class CUDARuntimeTest : public ::testing::Test {
protected:
  void SetUp() override {
    void *library = dlopen(kFake, RTLD_NOW);
    ASSERT_NE(library, nullptr) << dlerror();
    fake = static_cast<fake_cuda *>(dlsym(library, "fake_cuda"));
    initial = *fake;
    ASSERT_EQ(attn_rt_cuda_open(kFake), ATTN_OK);
    ASSERT_EQ(attn_rt_cuda_allocate(4096, &memory), ATTN_OK);
    fake->num_allocations = 0;
    fake->kernel = "kernel";
  }
  void TearDown() override { *fake = initial; }

  /// Calls `body` as compiled code is called.
  attn_status call(std::function<void()> body, void *stream = nullptr) {
    current() = std::move(body);
    int64_t shape[] = {64};
    attn_tensor output = {memory, shape, 1, ATTN_I8, nullptr};
    return attn_rt_cuda_invoke(
        kSignature, [](void **) { current()(); }, nullptr, 0, &output, 1,
        stream);
  }

  attn_status launch(int64_t sharedBytes = 0) {
    return call(
        [&] { attn_rt_cuda_launch(&kernel, dims, sharedBytes, nullptr); });
  }

  static std::function<void()> &current() {
    static thread_local std::function<void()> body;
    return body;
  }
  static std::string error() { return attn_rt_last_error(); }

  fake_cuda *fake = nullptr;
  fake_cuda initial;
  void *memory = nullptr;
  int64_t dims[10] = {2, 3, 4, 128, 1, 1, 0, 0, 0, 0};
  attn_cuda_object object = {"cubin", "sm_90a", 0};
  attn_cuda_image image = {&object, 1, nullptr};
  attn_cuda_kernel kernel = {&image, "kernel", nullptr};
};

inline testing::AssertionResult has(const std::string &text,
                                    const std::string &part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << part << "' is not in: " << text;
}

} // namespace attn_test

#endif // ATTN_TEST_UNIT_CUDARUNTIMETEST_H
