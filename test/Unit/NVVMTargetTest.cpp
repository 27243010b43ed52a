//===- NVVMTargetTest.cpp - Tests of the NVVM target ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/CubinCache.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "attn/Target/NVVM/Ptxas.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <csignal>
#include <sys/resource.h>
#include <thread>

using namespace mlir::attn;

namespace {

//===----------------------------------------------------------------------===//
// Chips
//===----------------------------------------------------------------------===//

TEST(NVVMTargetInfoTest, KnownChips) {
  struct {
    const char *arch, *features;
    int64_t capability, sharedBytes;
    bool hasTMA, hasWgmma;
  } cases[] = {{"sm_80", "+ptx70", 80, 166912, false, false},
               {"sm_89", "+ptx78", 89, 101376, false, false},
               {"sm_90", "+ptx78", 90, 232448, true, false},
               {"sm_90a", "+ptx80", 90, 232448, true, true},
               {"sm_100f", "+ptx88", 100, 232448, true, false},
               {"sm_120a", "+ptx87", 120, 101376, true, false}};
  for (auto &c : cases) {
    auto info = getNVVMTargetInfo(c.arch);
    ASSERT_TRUE(!!info) << c.arch << toString(info.takeError());
    EXPECT_EQ(info->chip, c.arch);
    EXPECT_EQ(info->features, c.features);
    EXPECT_EQ(info->capability, c.capability);
    EXPECT_EQ(info->maxSharedBytes, c.sharedBytes);
    EXPECT_EQ(info->hasTMA(), c.hasTMA) << c.arch;
    EXPECT_EQ(info->hasWgmma(), c.hasWgmma) << c.arch;
  }
}

TEST(NVVMTargetInfoTest, UnknownChips) {
  for (const char *arch : {"", "sm_", "90a", "sm_90b", "sm_90af", "sm_80a",
                           "sm_90f", "sm_91", "gfx90a", "sm_-80"}) {
    auto info = getNVVMTargetInfo(arch);
    ASSERT_FALSE(!!info) << arch;
    std::string message = toString(info.takeError());
    EXPECT_NE(message.find("unknown GPU architecture '" + std::string(arch)),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("sm_90[a]"), std::string::npos) << message;
  }
  auto info = getNVVMTargetInfo("sm_75");
  ASSERT_FALSE(!!info);
  EXPECT_NE(toString(info.takeError()).find("before Ampere 'sm_75'"),
            std::string::npos);
}

TEST(NVVMTargetInfoTest, ArchOfDevice) {
  EXPECT_EQ(getArchOfDevice(80), "sm_80");
  EXPECT_EQ(getArchOfDevice(90), "sm_90a");
  EXPECT_EQ(getArchOfDevice(100), "sm_100a");
}

//===----------------------------------------------------------------------===//
// ptxas
//===----------------------------------------------------------------------===//

TEST(PtxasReportTest, Kernels) {
  PtxasReport report = parsePtxasOutput(R"(
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'a' for 'sm_90a'
ptxas info    : Function properties for a
    24 bytes stack frame, 28 bytes spill stores, 32 bytes spill loads
ptxas info    : Used 168 registers, used 16 barriers, 24 bytes cumulative stack size, 1024 bytes smem
ptxas info    : Compile time = 386.568 ms
ptxas info    : Compiling entry function 'b' for 'sm_90a'
ptxas info    : Function properties for b
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 0 barriers
)");
  ASSERT_EQ(report.kernels.size(), 2u);
  const KernelResources &a = report.kernels[0], &b = report.kernels[1];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.registers, 168);
  EXPECT_EQ(a.barriers, 16);
  EXPECT_EQ(a.sharedBytes, 1024);
  EXPECT_EQ(a.stackBytes, 24);
  EXPECT_EQ(a.spillStoreBytes, 28);
  EXPECT_EQ(a.spillLoadBytes, 32);
  EXPECT_TRUE(a.hasSpills());
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.registers, 8);
  EXPECT_FALSE(b.hasSpills());
  EXPECT_TRUE(report.messages.empty());
}

TEST(PtxasReportTest, Messages) {
  PtxasReport report = parsePtxasOutput(R"(
ptxas info    : (C7517) warpgroup.wait is injected in function 'k'
ptxas warning : (C7510) Potential Performance Loss: serialized in function 'k'
ptxas /tmp/x.ptx, line 7; error   : Unknown symbol 'foo'
ptxas fatal   : Ptx assembly aborted due to errors
)");
  ASSERT_EQ(report.messages.size(), 4u);
  EXPECT_EQ(report.messages[0].code, "C7517");
  EXPECT_EQ(report.messages[0].severity, PtxasMessage::Info);
  EXPECT_EQ(report.messages[1].code, "C7510");
  EXPECT_EQ(report.messages[1].severity, PtxasMessage::Warning);
  EXPECT_EQ(report.messages[1].text,
            "Potential Performance Loss: serialized in function 'k'");
  EXPECT_EQ(report.messages[2].severity, PtxasMessage::Error);
  EXPECT_EQ(report.messages[2].text, "Unknown symbol 'foo'");
  EXPECT_EQ(report.messages[3].severity, PtxasMessage::Error);
}

TEST(PtxasTest, NotFound) {
  auto path = findPtxas("/no/cuda");
  ASSERT_FALSE(!!path);
  EXPECT_EQ(toString(path.takeError()), "no ptxas at /no/cuda nor in its bin/");
}

constexpr llvm::StringLiteral kPTX = R"(
.version 8.0
.target sm_90a
.address_size 64
.visible .entry kernel() { ret; }
)";

/// Files cannot be longer than some bytes, as on a disk that is full.
class FullDisk {
public:
  explicit FullDisk(rlim_t bytes) : handler(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &saved);
    rlimit limit = {bytes, saved.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &saved);
    signal(SIGXFSZ, handler);
  }

private:
  void (*handler)(int);
  rlimit saved;
};

TEST(PtxasTest, FullDisk) {
  PtxasOptions options;
  options.path = "/bin/true";
  options.arch = "sm_90a";
  std::string message;
  {
    FullDisk limit(10);
    auto code = runPtxas(kPTX, options);
    if (!code)
      message = toString(code.takeError());
  }
  EXPECT_NE(message.find(".ptx: File too large"), std::string::npos) << message;
}

TEST(CubinCacheTest, FullDisk) {
  llvm::SmallString<128> directory;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("attn-cache", directory));
  CubinCache cache(directory, "key");
  CompiledCode code{"\177ELF" + std::string(100, 'x'), "a short log", {}};
  std::string message;
  {
    FullDisk limit(50);
    if (llvm::Error error = cache.write(code))
      message = toString(std::move(error));
  }
  EXPECT_NE(message.find("key.cubin: File too large"), std::string::npos)
      << message;
  EXPECT_FALSE(cache.read());
  std::error_code error;
  EXPECT_EQ(llvm::sys::fs::directory_iterator(directory, error),
            llvm::sys::fs::directory_iterator());
  EXPECT_FALSE(cache.write(code));
  EXPECT_TRUE(cache.read());
  llvm::sys::fs::remove_directories(directory);
}

/// Needs ptxas.
class PtxasRunTest : public ::testing::Test {
protected:
  void SetUp() override {
    auto path = findPtxas("");
    if (!path)
      GTEST_SKIP() << toString(path.takeError());
    options.path = *path;
    options.arch = "sm_90a";
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("attn-cache", directory));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  PtxasOptions options;
  llvm::SmallString<128> directory;
};

TEST_F(PtxasRunTest, Compiles) {
  auto code = runPtxas(kPTX, options);
  ASSERT_TRUE(!!code) << toString(code.takeError());
  EXPECT_EQ(code->cubin.substr(1, 3), "ELF");
  ASSERT_EQ(code->report.kernels.size(), 1u);
  EXPECT_EQ(code->report.kernels[0].name, "kernel");
}

TEST_F(PtxasRunTest, ShowsErrors) {
  auto code = runPtxas(".version 8.0\n.target sm_90a\nnonsense\n", options);
  ASSERT_FALSE(!!code);
  std::string message = toString(code.takeError());
  EXPECT_NE(message.find("failed for sm_90a"), std::string::npos);
  EXPECT_NE(message.find("line 3"), std::string::npos) << message;
}

TEST_F(PtxasRunTest, CachesByContent) {
  options.cacheDirectory = (directory + "/cache").str();
  auto first = runPtxas(kPTX, options), second = runPtxas(kPTX, options);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->fromCache);
  EXPECT_TRUE(second->fromCache);
  EXPECT_EQ(first->cubin, second->cubin);
  EXPECT_EQ(second->report.kernels.size(), 1u);
  options.optLevel = 1;
  auto other = runPtxas(kPTX, options);
  ASSERT_TRUE(!!other);
  EXPECT_FALSE(other->fromCache);
  // A damaged file is not used.
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(options.cacheDirectory, error), end;
       it != end; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".cubin") {
      llvm::raw_fd_ostream(it->path(), error) << "half";
    }
  auto repaired = runPtxas(kPTX, options);
  ASSERT_TRUE(!!repaired);
  EXPECT_FALSE(repaired->fromCache);
}

TEST_F(PtxasRunTest, CacheIsShared) {
  options.cacheDirectory = directory.str().str();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        auto code = runPtxas(kPTX, options);
        wrong += !code || code->cubin.substr(1, 3) != "ELF";
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(PtxasRunTest, CacheThatCannotBeWritten) {
  options.cacheDirectory = "/proc/no/cache";
  auto code = runPtxas(kPTX, options);
  ASSERT_TRUE(!!code) << toString(code.takeError());
  ASSERT_EQ(code->report.messages.size(), 1u);
  EXPECT_EQ(code->report.messages[0].text.find("the code is not cached: "), 0u);
}

} // namespace
