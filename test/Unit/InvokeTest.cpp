//===- InvokeTest.cpp - Checked calls of compiled code ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CPU/Tensor.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace {

/// Two results that share one allocation, and a view of it.
void makeSharedResults(void **arguments) {
  auto *words = static_cast<int64_t *>(arguments[0]);
  auto *data = static_cast<float *>(std::malloc(4 * sizeof(float)));
  for (int i = 0; i < 4; ++i)
    data[i] = i;
  for (int result = 0; result < 3; ++result) {
    int64_t descriptor[] = {(int64_t)data, (int64_t)data, 2 * (result == 2), 2,
                            1};
    std::copy(std::begin(descriptor), std::end(descriptor), words + 5 * result);
  }
}

constexpr int64_t kSharedSignature[] = {0, 3, 0, ATTN_F32, 1, 2, 0, ATTN_F32,
                                        1, 2, 0, ATTN_F32, 1, 2};

TEST(InvokeTest, SharedResults) {
  int64_t shapes[3][1] = {};
  attn_tensor outputs[3];
  for (int i = 0; i < 3; ++i)
    outputs[i] = {};
  for (int i = 0; i < 3; ++i) {
    outputs[i].shape = shapes[i];
    outputs[i].rank = 1;
    outputs[i].dtype = ATTN_F32;
  }
  ASSERT_EQ(attn_rt_invoke(kSharedSignature, makeSharedResults, nullptr, 0,
                           outputs, 3),
            ATTN_OK);
  for (int i = 0; i < 3; ++i) {
    auto *data = static_cast<float *>(outputs[i].data);
    EXPECT_EQ(data[0], i == 2 ? 2 : 0);
    EXPECT_EQ(shapes[i][0], 2);
    std::free(data);
  }
}

/// Copies its input to memory that the runtime gives, and says where that is.
void *placed;
void copyToResult(void **arguments) {
  auto *input = static_cast<int64_t *>(arguments[0]);
  auto *words = static_cast<int64_t *>(arguments[1]);
  auto *from = reinterpret_cast<float *>(input[1]);
  attn_rt_memref memory;
  _mlir_ciface_attn_rt_allocate_result(&memory, 0, input[3] * sizeof(float));
  EXPECT_EQ(memory.size, int64_t(input[3] * sizeof(float)));
  placed = memory.aligned;
  // Nothing else gets the same.
  attn_rt_memref other;
  _mlir_ciface_attn_rt_allocate_result(&other, 0, input[3] * sizeof(float));
  EXPECT_NE(other.aligned, placed);
  _mlir_memref_to_llvm_free(other.allocated);
  auto *to = static_cast<float *>(memory.aligned);
  for (int64_t i = 0; i < input[3]; ++i)
    to[i] = 10 + from[i];
  int64_t descriptor[] = {(int64_t)memory.allocated, (int64_t)memory.aligned, 0,
                          input[3], 1};
  std::copy(std::begin(descriptor), std::end(descriptor), words);
}

constexpr int64_t kCopySignature[] = {1,  1, 3,        ATTN_F32, 1,
                                      -1, 0, ATTN_F32, 1,        -1};

struct CopyTest : ::testing::Test {
  float memory[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  int64_t inputShape[1] = {3}, outputShape[1] = {3};
  attn_tensor input = {memory, inputShape, 1, ATTN_F32, nullptr};
  attn_tensor output = {nullptr, outputShape, 1, ATTN_F32, nullptr};

  void expectMemory(std::vector<float> expected) {
    EXPECT_EQ(std::vector<float>(std::begin(memory), std::end(memory)),
              expected);
  }

  attn_status run() {
    return attn_rt_invoke(kCopySignature, copyToResult, &input, 1, &output, 1);
  }
};

TEST_F(CopyTest, ResultIsComputedInTheCallersMemory) {
  output.data = memory + 4;
  ASSERT_EQ(run(), ATTN_OK);
  EXPECT_EQ(placed, memory + 4);
  expectMemory({0, 1, 2, 3, 10, 11, 12, 7});
}

/// The last element of the input is the first of the output.
TEST_F(CopyTest, OutputThatSharesMemoryWithAnInputIsCopied) {
  output.data = memory + 2;
  ASSERT_EQ(run(), ATTN_OK);
  EXPECT_NE(placed, memory + 2);
  expectMemory({0, 1, 10, 11, 12, 5, 6, 7});
}

/// A stride below zero: the input ends where it begins.
TEST_F(CopyTest, ExtentOfStridesBelowZero) {
  int64_t strides[] = {-2};
  input.data = memory + 5;
  input.strides = strides;
  output.data = memory + 1;
  // It reads rows one after another, but that is not what is asked.
  ASSERT_EQ(run(), ATTN_OK);
  EXPECT_NE(placed, memory + 1);
  output.data = memory + 6;
  inputShape[0] = outputShape[0] = 2;
  ASSERT_EQ(run(), ATTN_OK);
  EXPECT_EQ(placed, memory + 6);
}

TEST_F(CopyTest, ResultWithoutMemoryOfTheCaller) {
  ASSERT_EQ(run(), ATTN_OK);
  EXPECT_EQ(output.data, placed);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(placed) % 64, 0u);
  EXPECT_EQ(static_cast<float *>(placed)[2], 12);
  std::free(placed);
}

TEST_F(CopyTest, OutputOfAnotherSizeIsNotWritten) {
  outputShape[0] = 4;
  output.data = memory + 4;
  EXPECT_EQ(run(), ATTN_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "output 0: expected dimension 0 to be 3, got 4");
  expectMemory({0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_F(CopyTest, NoElements) {
  inputShape[0] = outputShape[0] = 0;
  output.data = memory + 4;
  EXPECT_EQ(run(), ATTN_OK);
  expectMemory({0, 1, 2, 3, 4, 5, 6, 7});
}

/// The caller's memory is too small for the second result; the others are given
/// back.
TEST(InvokeTest, FailureLeavesNoOutputs) {
  int64_t shapes[3][1] = {{0}, {1}, {0}};
  float given[1];
  const attn_tensor none = {nullptr, nullptr, 1, ATTN_F32, nullptr};
  attn_tensor outputs[3] = {none, none, none};
  for (int i = 0; i < 3; ++i)
    outputs[i].shape = shapes[i];
  outputs[1].data = given;
  constexpr int64_t signature[] = {0,        3, 0,  ATTN_F32, 1,        -1, 0,
                                   ATTN_F32, 1, -1, 0,        ATTN_F32, 1,  -1};
  EXPECT_EQ(
      attn_rt_invoke(signature, makeSharedResults, nullptr, 0, outputs, 3),
      ATTN_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "output 1: expected dimension 0 to be 2, got 1");
  EXPECT_EQ(outputs[0].data, nullptr);
  EXPECT_EQ(outputs[1].data, given);
  EXPECT_EQ(outputs[2].data, nullptr);
}

TEST(InvokeTest, NullArrays) {
  EXPECT_EQ(attn_rt_invoke(kSharedSignature, makeSharedResults, nullptr, 0,
                           nullptr, 3),
            ATTN_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "the array of outputs is a null pointer");
}

TEST(InvokeTest, UnalignedData) {
  constexpr int64_t signature[] = {1, 0, 0, ATTN_F32, 1, 1};
  alignas(4) char memory[8] = {};
  int64_t shape[] = {1};
  attn_tensor input = {};
  input.data = memory + 2;
  input.shape = shape;
  input.rank = 1;
  input.dtype = ATTN_F32;
  auto run = [](void **) {};
  EXPECT_EQ(attn_rt_invoke(signature, run, &input, 1, nullptr, 0),
            ATTN_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "input 0: the data is not aligned to 4 "
                                     "bytes, the size of an element");
  input.data = memory + 4;
  EXPECT_EQ(attn_rt_invoke(signature, run, &input, 1, nullptr, 0), ATTN_OK);
}

TEST(InvokeTest, SizesThatOverflow) {
  constexpr int64_t signature[] = {1, 0, 0, ATTN_F32, 2, -1, -1};
  float element = 0;
  int64_t shape[] = {int64_t(1) << 31, int64_t(1) << 31};
  attn_tensor input = {};
  input.data = &element;
  input.shape = shape;
  input.rank = 2;
  input.dtype = ATTN_F32;
  auto run = [](void **) {};
  EXPECT_EQ(attn_rt_invoke(signature, run, &input, 1, nullptr, 0),
            ATTN_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "input 0: the size of the tensor overflows");
}

} // namespace
