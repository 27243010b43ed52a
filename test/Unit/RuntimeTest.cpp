//===- RuntimeTest.cpp - Tests of the CPU runtime ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeTest.h"
#include "attn/Runtime/CPU/Tensor.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

using namespace attn_test;

namespace {

class RuntimeTest : public ::testing::TestWithParam<int> {
protected:
  void SetUp() override { attn_rt_set_num_threads(GetParam()); }
  void TearDown() override { attn_rt_set_num_threads(0); }
};

TEST_P(RuntimeTest, EveryItemOnce) {
  for (int64_t n : {0, 1, 2, 3, 7, 64, 1000})
    for (int64_t grain : {-1, 0, 1, 3, 64, 5000}) {
      Visits visits(n);
      attn_rt_parallel_for(n, grain, Visits::visit, &visits);
      visits.expectEach(1);
    }
}

TEST_P(RuntimeTest, ManyLoops) {
  Visits visits(8);
  for (int i = 0; i < 2000; ++i)
    attn_rt_parallel_for(8, 1, Visits::visit, &visits);
  visits.expectEach(2000);
}

TEST_P(RuntimeTest, NestedLoops) {
  Visits visits(100);
  runNestedLoops(visits);
  visits.expectEach(5);
}

TEST_P(RuntimeTest, ConcurrentCallers) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        Visits visits(50);
        attn_rt_parallel_for(50, 4, Visits::visit, &visits);
        for (std::atomic<int> &count : visits.counts)
          wrong += count != 1;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(RuntimeTest, FailureReachesTheCaller) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(attn_rt_call(runFailingLoop, nullptr), 1);
    EXPECT_STREQ(attn_rt_last_error(), "item 57 failed");
  }
  // The pool works after a failure.
  Visits visits(100);
  attn_rt_parallel_for(100, 1, Visits::visit, &visits);
  visits.expectEach(1);
}

INSTANTIATE_TEST_SUITE_P(Threads, RuntimeTest, ::testing::Values(1, 2, 3, 4));

TEST(RuntimeErrorTest, FramesNest) {
  auto inner = [](void *) { attn_rt_fail("inner"); };
  auto outer = [](void *argument) {
    auto innerFunction = reinterpret_cast<void (*)(void *)>(argument);
    EXPECT_EQ(attn_rt_call(innerFunction, nullptr), 1);
    attn_rt_fail("outer");
  };
  EXPECT_EQ(attn_rt_call(outer, reinterpret_cast<void *>(+inner)), 1);
  EXPECT_STREQ(attn_rt_last_error(), "outer");
  EXPECT_EQ(attn_rt_call([](void *) {}, nullptr), 0);
}

TEST(RuntimeErrorTest, NumbersInMessages) {
  auto failAt = [](void *message) {
    attn_rt_fail_at(static_cast<const char *>(message), -12345678901);
  };
  auto getMessage = [&](std::string text) -> std::string {
    EXPECT_EQ(attn_rt_call(failAt, text.data()), 1);
    return attn_rt_last_error();
  };
  EXPECT_EQ(getMessage("row {} of {}"), "row -12345678901 of {}");
  EXPECT_EQ(getMessage("{}"), "-12345678901");
  EXPECT_EQ(getMessage("100% of none"), "100% of none");
  EXPECT_EQ(getMessage(std::string(600, 'x') + "{}"), std::string(511, 'x'));
}

/// Allocates, frees some, fails: what is left must not be lost, nor freed
/// twice.
TEST(RuntimeErrorTest, FailedCallsReleaseMemory) {
  auto fail = [](void *) {
    // No vector: a failure does not run its destructor.
    void *blocks[100];
    for (void *&block : blocks)
      block = _mlir_memref_to_llvm_alloc(1 << 18);
    for (void *block : blocks)
      std::memset(block, 1, 1 << 18);
    for (int i = 0; i < 100; i += 3)
      _mlir_memref_to_llvm_free(blocks[i]);
    attn_rt_fail("as asked for");
  };
  auto getPeak = [] {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  EXPECT_EQ(attn_rt_call(fail, nullptr), 1);
  const long kilobytes = getPeak();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(attn_rt_call(fail, nullptr), 1);
  // All calls together had 2.5 GB; a sanitizer keeps 256 MB of what is freed.
  EXPECT_LT(getPeak() - kilobytes, 600000);
}

TEST(RuntimeErrorTest, WhatACallReturnsStays) {
  void *block = nullptr;
  auto allocate = [](void *result) {
    *static_cast<void **>(result) = _mlir_memref_to_llvm_alloc(64);
  };
  auto outer = [](void *argument) {
    auto *pair = static_cast<std::pair<void (*)(void *), void *> *>(argument);
    EXPECT_EQ(attn_rt_call(pair->first, pair->second), 0);
    attn_rt_fail("after it");
  };
  std::pair<void (*)(void *), void *> pair(+allocate, &block);
  EXPECT_EQ(attn_rt_call(outer, &pair), 1);
  std::memset(block, 1, 64);
  std::free(block);
}

TEST(RuntimeErrorTest, LongMessagesAreCut) {
  std::string text(2000, 'x');
  auto fail = [](void *argument) {
    attn_rt_fail(static_cast<std::string *>(argument)->c_str());
  };
  EXPECT_EQ(attn_rt_call(fail, &text), 1);
  EXPECT_EQ(std::string(attn_rt_last_error()), std::string(511, 'x'));
}

TEST(RuntimeErrorDeathTest, FailureWithoutFrameAborts) {
  EXPECT_DEATH(attn_rt_fail("nobody listens"), "error: nobody listens");
}

TEST(RuntimeThreadsTest, NumberOfThreads) {
  attn_rt_set_num_threads(3);
  EXPECT_EQ(attn_rt_get_num_threads(), 3);
  attn_rt_set_num_threads(-5);
  EXPECT_GE(attn_rt_get_num_threads(), 1);
}

TEST(RuntimeThreadsTest, RowsOfCalls) {
  attn_rt_set_num_threads(16);
  // Eight parts of six groups are three rounds of 64 rows for all threads; one
  // part is a round of 512 for six of them.
  EXPECT_EQ(attn_rt_choose_rows(512, 6, 512, 8, 12), 64);
  // What is copied for a call takes longer.
  EXPECT_EQ(attn_rt_choose_rows(512, 6, 512, 32, 48), 256);
  // Enough to do.
  EXPECT_EQ(attn_rt_choose_rows(512, 1600, 512, 8, 12), 512);
  // Rows that one call has anyway, and nothing at all.
  EXPECT_EQ(attn_rt_choose_rows(8, 1, 512, 8, 12), 512);
  EXPECT_EQ(attn_rt_choose_rows(0, 6, 512, 8, 12), 512);
  EXPECT_EQ(attn_rt_choose_rows(512, 0, 512, 8, 12), 512);
  // Not above the most, in multiples of the unit.
  EXPECT_EQ(attn_rt_choose_rows(100000, 160, 512, 6, 12), 498);
  attn_rt_set_num_threads(1);
  EXPECT_EQ(attn_rt_choose_rows(512, 6, 512, 8, 12), 512);
  attn_rt_set_num_threads(0);
}

TEST(RuntimeThreadsTest, ColumnsOfCalls) {
  attn_rt_set_num_threads(16);
  // 128 rows of 192 columns are 16 calls, one for each thread.
  EXPECT_EQ(attn_rt_choose_columns(512, 768, 1, 256, 512, 32), 192);
  EXPECT_EQ(attn_rt_choose_rows(512, 4, 512, 32, 48), 128);
  // Enough to do.
  EXPECT_EQ(attn_rt_choose_columns(512, 8192, 64, 256, 512, 32), 256);
  // Columns that one call has anyway, and nothing at all.
  EXPECT_EQ(attn_rt_choose_columns(512, 32, 1, 256, 512, 32), 256);
  EXPECT_EQ(attn_rt_choose_columns(0, 768, 1, 256, 512, 32), 256);
  EXPECT_EQ(attn_rt_choose_columns(512, 0, 1, 256, 512, 32), 256);
  EXPECT_EQ(attn_rt_choose_columns(512, 768, 0, 256, 512, 32), 256);
  attn_rt_set_num_threads(1);
  EXPECT_EQ(attn_rt_choose_columns(512, 768, 1, 256, 512, 32), 256);
  attn_rt_set_num_threads(0);
}

TEST(RuntimeMemoryTest, LargeBlocksAreKept) {
  constexpr size_t kSize = 1 << 20;
  void *first = _mlir_memref_to_llvm_alloc(kSize);
  _mlir_memref_to_llvm_free(first);
  // Nor does it serve what is much smaller, or larger.
  void *small = _mlir_memref_to_llvm_alloc(kSize / 4);
  void *large = _mlir_memref_to_llvm_alloc(2 * kSize);
  EXPECT_NE(small, first);
  EXPECT_NE(large, first);
  void *second = _mlir_memref_to_llvm_alloc(kSize - 100);
  EXPECT_EQ(second, first);
  std::memset(second, 1, kSize - 100);
  void *third = _mlir_memref_to_llvm_alloc(kSize);
  EXPECT_NE(third, first);
  for (void *block : {small, large, second, third})
    _mlir_memref_to_llvm_free(block);
  _mlir_memref_to_llvm_free(nullptr);
}

TEST(RuntimeMemoryTest, LittleIsKept) {
  // 48 MiB in 12 blocks, of which the last eight can be kept.
  constexpr size_t kSize = 4 << 20;
  std::vector<void *> blocks, again;
  for (int i = 0; i < 12; ++i)
    blocks.push_back(_mlir_memref_to_llvm_alloc(kSize));
  for (void *block : blocks)
    _mlir_memref_to_llvm_free(block);
  size_t numKept = 0;
  while (numKept < 12) {
    again.push_back(_mlir_memref_to_llvm_alloc(kSize));
    if (std::find(blocks.begin() + 4, blocks.end(), again.back()) ==
        blocks.end())
      break;
    ++numKept;
  }
  EXPECT_GE(numKept, 7u);
  EXPECT_LE(numKept, 8u);
  for (void *block : again)
    _mlir_memref_to_llvm_free(block);
}

TEST(RuntimeMemoryTest, SmallestBlockThatFits) {
  constexpr size_t kSize = 1 << 20;
  void *large = _mlir_memref_to_llvm_alloc(3 * kSize);
  void *fitting = _mlir_memref_to_llvm_alloc(2 * kSize);
  _mlir_memref_to_llvm_free(large);
  _mlir_memref_to_llvm_free(fitting);
  void *first = _mlir_memref_to_llvm_alloc(kSize * 15 / 8);
  void *second = _mlir_memref_to_llvm_alloc(kSize * 15 / 8);
  EXPECT_EQ(first, fitting);
  EXPECT_EQ(second, large);
  _mlir_memref_to_llvm_free(first);
  _mlir_memref_to_llvm_free(second);
}

TEST(RuntimeMemoryTest, ThreadsKeepBlocks) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        const size_t size = (64 << 10) * (1 + (i + t) % 5);
        auto *block =
            static_cast<unsigned char *>(_mlir_memref_to_llvm_alloc(size));
        block[0] = block[size - 1] = t;
        EXPECT_EQ(block[0], t);
        EXPECT_EQ(block[size - 1], t);
        _mlir_memref_to_llvm_free(block);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

double getCPUSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

TEST(RuntimeThreadsTest, IdleWorkersSleep) {
  attn_rt_set_num_threads(8);
  Visits visits(64);
  attn_rt_parallel_for(64, 1, Visits::visit, &visits);
  // Seven workers that spin would take more, even beside much other work.
  double before = getCPUSeconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_LT(getCPUSeconds() - before, 0.05);
  attn_rt_set_num_threads(0);
}

void runFirst(void **) {}
void runSecond(void **) {}

TEST(FeaturesTest, LastVersionThatRuns) {
  uint64_t available = attn_rt_cpu_features();
  // Not a feature of any CPU.
  uint64_t unknown = uint64_t(1) << 62;
  EXPECT_EQ(available & unknown, 0u);
  attn_rt_version versions[] = {{"first", 0, runFirst},
                                {"second", available, runSecond},
                                {"third", available | unknown, runFirst}};
  EXPECT_EQ(attn_rt_select_version(versions, 3), runSecond);
  EXPECT_EQ(attn_rt_select_version(versions, 1), runFirst);
  EXPECT_EQ(attn_rt_cpu_features(), available);
}

TEST(FeaturesTest, TilesOnRequest) {
  uint64_t tiles = 0;
  int bit = 0;
#define ATTN_CPU_FEATURE(NAME, LEAF, SUBLEAF, REGISTER, BIT, STATE)            \
  tiles |= uint64_t(std::string(NAME) == "amx-tile") << bit++;
#include "attn/Runtime/CPU/Features.def"
  ASSERT_NE(tiles, 0u);
  attn_rt_version versions[] = {{"first", 0, runFirst},
                                {"second", tiles, runSecond}};
  bool runs = (attn_rt_cpu_features() & tiles) && attn_rt_request_tiles();
  EXPECT_EQ(attn_rt_select_version(versions, 2), runs ? runSecond : runFirst);
}

TEST(FeaturesTest, NoVersionRuns) {
  // The first bit that this CPU lacks.
  uint64_t missing = ~attn_rt_cpu_features();
  missing &= -missing;
  attn_rt_version versions[] = {{"a", missing, runFirst},
                                {"b", missing, runFirst},
                                {"c", missing, runFirst}};
  EXPECT_EQ(attn_rt_select_version(versions, 3), nullptr);
  std::string message = attn_rt_last_error();
  EXPECT_EQ(message.rfind("this code is for a, b or c; this CPU lacks ", 0), 0u)
      << message;
  const int64_t signature[] = {0, 0};
  EXPECT_EQ(attn_rt_invoke(signature, nullptr, nullptr, 0, nullptr, 0),
            ATTN_NO_DEVICE);
}

} // namespace
