//===- CPUTargetTest.cpp - Tests of facts about CPUs ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/CPU/CPUTargetInfo.h"
#include "gtest/gtest.h"
#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace mlir::attn;

namespace {

/// Asks for the CPU in two threads at once, in a process that did not before.
/// Returns how many have no answer.
int askInTwoThreads() {
  std::atomic<int> numReady{0}, numFailed{0};
  auto ask = [&] {
    for (++numReady; numReady < 2;) {
    }
    auto info = getCPUTargetInfo("native");
    if (!info) {
      llvm::consumeError(info.takeError());
      ++numFailed;
    }
  };
  std::thread other(ask);
  ask();
  other.join();
  return numFailed;
}

TEST(CPUTargetInfoTest, ThreadsThatAskFirst) {
  for (int i = 0; i < 60; ++i) {
    pid_t child = fork();
    if (child == 0) {
      // A damaged list may have no end.
      alarm(20);
      _exit(askInTwoThreads());
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
}

} // namespace
