//===- RuntimeTest.h - Loops that tests run ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_RUNTIMETEST_H
#define ATTN_TEST_UNIT_RUNTIMETEST_H

#include "attn/Runtime/CPU/Runtime.h"
#include "gtest/gtest.h"
#include <atomic>
#include <vector>

namespace attn_test {

struct Visits {
  std::vector<std::atomic<int>> counts;
  explicit Visits(int64_t n) : counts(n) {}
  static void visit(void *context, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      ++static_cast<Visits *>(context)->counts[i];
  }
  void expectEach(int expected) {
    for (std::atomic<int> &count : counts)
      EXPECT_EQ(count, expected);
  }
};

/// A loop whose bodies run loops of 100 items each.
inline void runNestedLoops(Visits &visits) {
  auto outer = [](void *context, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      attn_rt_parallel_for(100, 7, Visits::visit, context);
  };
  attn_rt_parallel_for(5, 1, outer, &visits);
}

/// Runs a loop of which one item fails; it does not return.
inline void runFailingLoop(void *) {
  attn_rt_parallel_for(
      100, 1,
      [](void *, int64_t begin, int64_t) {
        if (begin == 57)
          attn_rt_fail("item 57 failed");
      },
      nullptr);
  FAIL() << "the loop returned";
}

} // namespace attn_test

#endif // ATTN_TEST_UNIT_RUNTIMETEST_H
