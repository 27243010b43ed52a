//===- CUDAMemoryTest.cpp - Memory in the CUDA runtime ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CUDARuntimeTest.h"
#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace attn_test {
namespace {

//===----------------------------------------------------------------------===//
// Scratch memory
//===----------------------------------------------------------------------===//

TEST_F(CUDARuntimeTest, ScratchIsZeroAndSeldomZeroed) {
  const int numCalls = 20000;
  for (int i = 0; i < numCalls; ++i)
    ASSERT_EQ(call([&] {
                auto *a = static_cast<char *>(attn_rt_cuda_scratch(4));
                auto *b = static_cast<char *>(attn_rt_cuda_scratch(300));
                ASSERT_EQ(reinterpret_cast<uintptr_t>(a) % 256, 0u);
                ASSERT_GE(b, a + 4);
                ASSERT_EQ(std::count(a, a + 4, 0), 4);
                ASSERT_EQ(std::count(b, b + 300, 0), 300);
                memset(a, 1, 4);
                memset(b, 1, 300);
              }),
              ATTN_OK);
  EXPECT_EQ(fake->num_allocations, 1);
  EXPECT_LE(fake->num_memsets, numCalls / 1000);
}

TEST_F(CUDARuntimeTest, ScratchGrows) {
  int64_t sizes[] = {100, 3 << 20, 1000, 1, 9 << 20, 0, 5};
  for (int round = 0; round < 30; ++round)
    for (int64_t size : sizes)
      ASSERT_EQ(call([&] {
                  auto *a = static_cast<char *>(attn_rt_cuda_scratch(size));
                  ASSERT_EQ(std::count(a, a + size, 0), size);
                  memset(a, 1, size);
                }),
                ATTN_OK);
  EXPECT_LE(fake->num_allocations, 4);
}

TEST_F(CUDARuntimeTest, TemporariesBeginAnew) {
  void *first = nullptr, *again = nullptr, *other = nullptr;
  int stream;
  auto take = [](void *&p) {
    return [&p] { p = attn_rt_cuda_temporary(5000); };
  };
  EXPECT_EQ(call(take(first)), ATTN_OK);
  EXPECT_EQ(call(take(again)), ATTN_OK);
  EXPECT_EQ(call(take(other), &stream), ATTN_OK);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  EXPECT_EQ(fake->num_allocations, 2);
}

TEST_F(CUDARuntimeTest, ConcurrentCallsShareNothing) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 1; t <= 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i)
        wrong += call([&] {
                   auto *a = static_cast<char *>(attn_rt_cuda_scratch(64));
                   auto *b = static_cast<char *>(attn_rt_cuda_temporary(64));
                   memset(b, t, 64);
                   wrong += std::count(a, a + 64, 0) != 64;
                   memset(a, t, 64);
                   std::this_thread::yield();
                   wrong += std::count(a, a + 64, t) != 64;
                   wrong += std::count(b, b + 64, t) != 64;
                 }) != ATTN_OK;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(CUDARuntimeTest, GraphsOwnTheirScratch) {
  fake->capturing = 1;
  std::vector<void *> pieces;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(call([&] { pieces.push_back(attn_rt_cuda_scratch(4)); }),
              ATTN_OK);
  // Every capture records the zeroing of its own piece.
  EXPECT_EQ(fake->num_memsets, 3);
  EXPECT_NE(pieces[0], pieces[1]);
  EXPECT_NE(pieces[1], pieces[2]);
  fake->capturing = 0;
  for (int i = 0; i < 10000; ++i)
    ASSERT_EQ(call([&] {
                EXPECT_EQ(std::count(pieces.begin(), pieces.end(),
                                     attn_rt_cuda_scratch(4)),
                          0);
              }),
              ATTN_OK);
}

TEST_F(CUDARuntimeTest, OutOfMemory) {
  fake->memory_bytes = 4 << 20;
  EXPECT_EQ(call([&] { attn_rt_cuda_scratch(3 << 20); }), ATTN_OUT_OF_MEMORY);
  EXPECT_EQ(error(), "cannot allocate 6291456 bytes of scratch memory: out of "
                     "memory (CUDA_ERROR_SOME, 2)");
  EXPECT_EQ(call([&] { attn_rt_cuda_scratch(-1); }), ATTN_OUT_OF_MEMORY);
  // The next call has its memory.
  EXPECT_EQ(call([&] {
              auto *a = static_cast<char *>(attn_rt_cuda_scratch(100));
              EXPECT_EQ(std::count(a, a + 100, 0), 100);
            }),
            ATTN_OK);
  // A call after one that lacked memory, too: there is nothing to zero.
  EXPECT_EQ(call([&] { attn_rt_cuda_scratch(3 << 20); }), ATTN_OUT_OF_MEMORY);
  EXPECT_EQ(call([&] { attn_rt_cuda_scratch(100); }), ATTN_OK);
  void *pointer = nullptr;
  EXPECT_EQ(attn_rt_cuda_allocate(5 << 20, &pointer), ATTN_OUT_OF_MEMORY);
}

TEST_F(CUDARuntimeTest, CopiesStridedMemory) {
  void *target = nullptr;
  ASSERT_EQ(attn_rt_cuda_allocate(4096, &target), ATTN_OK);
  auto *from = static_cast<uint16_t *>(memory);
  auto *to = static_cast<uint16_t *>(target);
  for (int i = 0; i < 1000; ++i)
    from[i] = i;
  // [3, 4, 5] of a [4, 3, 5] transposed, into rows of 8.
  int64_t source[] = {0, (int64_t)memory, 2, 3, 4, 5, 5, 15, 1};
  int64_t destination[] = {0, (int64_t)target, 0, 3, 4, 5, 32, 8, 1};
  struct {
    int64_t rank;
    int64_t *descriptor;
  } f = {3, source}, t = {3, destination};
  EXPECT_EQ(call([&] { attn_rt_cuda_memref_copy(2, &f, &t); }), ATTN_OK);
  for (int a = 0; a < 3; ++a)
    for (int b = 0; b < 4; ++b)
      for (int c = 0; c < 5; ++c)
        EXPECT_EQ(to[a * 32 + b * 8 + c], 2 + a * 5 + b * 15 + c);
  // Dense memory is one copy; a broadcast row is repeated.
  int64_t dense[] = {0, (int64_t)memory, 0, 3, 4, 5, 20, 5, 1};
  f.descriptor = dense;
  t.descriptor = dense;
  fake->num_copies = 0;
  EXPECT_EQ(call([&] { attn_rt_cuda_memref_copy(2, &f, &t); }), ATTN_OK);
  EXPECT_EQ(fake->num_copies, 1);
  int64_t broadcast[] = {0, (int64_t)memory, 0, 3, 4, 5, 0, 0, 1};
  f.descriptor = broadcast;
  t.descriptor = destination;
  EXPECT_EQ(call([&] { attn_rt_cuda_memref_copy(2, &f, &t); }), ATTN_OK);
  EXPECT_EQ(to[2 * 32 + 3 * 8 + 4], 4);
}

TEST_F(CUDARuntimeTest, ConstantsAreUploadedOnce) {
  const char data[] = "constant";
  attn_cuda_constant constant = {data, sizeof data, nullptr};
  void *first = nullptr, *again = nullptr;
  auto get = [&](void *&p) {
    return [&] { p = attn_rt_cuda_constant(&constant); };
  };
  EXPECT_EQ(call(get(first)), ATTN_OK);
  EXPECT_STREQ(static_cast<char *>(first), data);
  EXPECT_EQ(call(get(again)), ATTN_OK);
  EXPECT_EQ(first, again);
  EXPECT_EQ(fake->num_allocations, 1);
  constant.loaded = nullptr;
  fake->memory_bytes = 0;
  EXPECT_EQ(call(get(again)), ATTN_OUT_OF_MEMORY);
  EXPECT_TRUE(has(error(), "cannot allocate a constant of 9 bytes"));
}

} // namespace
} // namespace attn_test
