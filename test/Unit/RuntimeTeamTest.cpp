//===- RuntimeTeamTest.cpp - Loops on given threads; stacks -----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeTest.h"
#include <cstdint>
#include <pthread.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace attn_test;

namespace {

/// The teams that loops have asked for, by number of threads.
std::vector<unsigned> teams;

/// Threads which live as long as one loop: three, or as many as are asked for.
void runTeam(void (*member)(void *), void *data, unsigned numThreads,
             unsigned flags) {
  EXPECT_EQ(flags, 0u);
  teams.push_back(numThreads);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < (numThreads ? numThreads : 3); ++i)
    threads.emplace_back(member, data);
  member(data);
  for (std::thread &thread : threads)
    thread.join();
}

class RuntimeTeamTest : public ::testing::Test {
protected:
  void SetUp() override {
    attn_rt_set_thread_team(runTeam);
    teams.clear();
  }
  void TearDown() override {
    attn_rt_set_thread_team(nullptr);
    attn_rt_set_num_threads(0);
  }
};

TEST_F(RuntimeTeamTest, EveryItemOnce) {
  for (int64_t n : {0, 1, 2, 3, 7, 64, 1000}) {
    Visits visits(n);
    attn_rt_parallel_for(n, 3, Visits::visit, &visits);
    visits.expectEach(1);
  }
  // Loops of one range are not worth a team.
  EXPECT_EQ(teams, (std::vector<unsigned>{0, 0, 0}));
}

TEST_F(RuntimeTeamTest, NumberOfThreads) {
  EXPECT_EQ(attn_rt_get_num_threads(), 3);
  for (int requested : {1, 2, 5}) {
    attn_rt_set_num_threads(requested);
    EXPECT_EQ(attn_rt_get_num_threads(), requested);
    Visits visits(64);
    attn_rt_parallel_for(64, 1, Visits::visit, &visits);
    visits.expectEach(1);
  }
  EXPECT_EQ(teams, (std::vector<unsigned>{0, 2, 5}));
}

TEST_F(RuntimeTeamTest, NestedLoopsStayInTheThread) {
  Visits visits(100);
  runNestedLoops(visits);
  visits.expectEach(5);
  EXPECT_EQ(teams.size(), 1u);
}

TEST_F(RuntimeTeamTest, FailureReachesTheCaller) {
  EXPECT_EQ(attn_rt_call(runFailingLoop, nullptr), 1);
  EXPECT_STREQ(attn_rt_last_error(), "item 57 failed");
  EXPECT_EQ(teams.size(), 1u);
}

/// Starts a thread with 256 KiB of stack.
pthread_t startSmallThread(void *(*run)(void *), void *argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, &attributes, run, argument), 0);
  pthread_attr_destroy(&attributes);
  return thread;
}

/// Two threads, of which one has 256 KiB of stack.
void runSmallTeam(void (*member)(void *), void *data, unsigned numThreads,
                  unsigned) {
  struct Call {
    void (*member)(void *);
    void *data;
  } call{member, data};
  teams.push_back(numThreads);
  auto run = [](void *argument) -> void * {
    auto *call = static_cast<Call *>(argument);
    call->member(call->data);
    return nullptr;
  };
  pthread_t thread = startSmallThread(run, &call);
  member(data);
  pthread_join(thread, nullptr);
}

/// A body that takes as much stack as a kernel may.
void visitWithStack(void *context, int64_t begin, int64_t end) {
  attn_rt_check_stack(2 << 20);
  Visits::visit(context, begin, end);
}

/// Each item of several loops of such bodies is visited once.
void expectLoopsWithStack() {
  for (int i = 0; i < 5; ++i) {
    Visits visits(64);
    attn_rt_parallel_for(64, 1, visitWithStack, &visits);
    visits.expectEach(1);
  }
}

TEST_F(RuntimeTeamTest, ThreadsWithSmallStacksAreNotUsed) {
  attn_rt_set_thread_team(runSmallTeam);
  expectLoopsWithStack();
  EXPECT_EQ(teams.size(), 1u);
  EXPECT_GE(attn_rt_get_num_threads(), 1);
}

/// A team of the caller alone, which later has a thread with a small stack.
void runGrowingTeam(void (*member)(void *), void *data, unsigned numThreads,
                    unsigned flags) {
  if (teams.size() > 1)
    return runSmallTeam(member, data, numThreads, flags);
  teams.push_back(numThreads);
  member(data);
}

TEST_F(RuntimeTeamTest, ThreadsWithSmallStacksComeLater) {
  attn_rt_set_thread_team(runGrowingTeam);
  expectLoopsWithStack();
  EXPECT_EQ(teams.size(), 3u);
}

/// Whoever calls does its share with the stack that it has, and the team stays.
TEST_F(RuntimeTeamTest, CallerWithSmallStack) {
  auto run = [](void *) -> void * {
    Visits visits(64);
    attn_rt_parallel_for(64, 1, Visits::visit, &visits);
    visits.expectEach(1);
    return nullptr;
  };
  pthread_join(startSmallThread(run, nullptr), nullptr);
  EXPECT_EQ(teams.size(), 1u);
  expectLoopsWithStack();
  EXPECT_EQ(teams.size(), 6u);
}

/// Sets `runSmallTeam` at its first call, as another thread may at any moment:
/// what is known of the one must not be said of the other.
void runTeamOnce(void (*member)(void *), void *data, unsigned numThreads,
                 unsigned flags) {
  attn_rt_set_thread_team(runSmallTeam);
  runTeam(member, data, numThreads, flags);
}

TEST_F(RuntimeTeamTest, AnotherTeamIsSetInALoop) {
  attn_rt_set_thread_team(runTeamOnce);
  expectLoopsWithStack();
}

TEST_F(RuntimeTeamTest, AForkForgetsIt) {
  pid_t child = fork();
  if (child == 0) {
    Visits visits(64);
    attn_rt_parallel_for(64, 1, Visits::visit, &visits);
    bool fine = teams.empty();
    for (std::atomic<int> &count : visits.counts)
      fine &= count == 1;
    _exit(fine ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  Visits visits(64);
  attn_rt_parallel_for(64, 1, Visits::visit, &visits);
  EXPECT_EQ(teams.size(), 1u);
}

/// The message of a check in a thread with 256 KiB of stack.
std::string checkStackInThread(int64_t bytes) {
  struct Check {
    int64_t bytes;
    std::string message;
  } check{bytes, ""};
  auto run = [](void *argument) -> void * {
    auto *check = static_cast<Check *>(argument);
    auto body = [](void *bytes) {
      attn_rt_check_stack(*static_cast<int64_t *>(bytes));
    };
    if (attn_rt_call(body, &check->bytes))
      check->message = attn_rt_last_error();
    return nullptr;
  };
  pthread_t thread = startSmallThread(run, &check);
  pthread_join(thread, nullptr);
  return check.message;
}

TEST(RuntimeStackTest, RoomIsAskedFor) {
  EXPECT_EQ(checkStackInThread(64 << 10), "");
  std::string message = checkStackInThread(256 << 10);
  EXPECT_EQ(message.find("attn.sdpa: it needs 262144 bytes of stack, this "
                         "thread has 2"),
            0u)
      << message;
  // The main thread has 8 MiB, which it has not touched yet.
  auto body = [](void *) { attn_rt_check_stack(2 << 20); };
  EXPECT_EQ(attn_rt_call(body, nullptr), 0) << attn_rt_last_error();
}

} // namespace
