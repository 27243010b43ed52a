//===- CUDARuntimeTest.cpp - Tests of the CUDA runtime ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CUDARuntimeTest.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace attn_test {
namespace {

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

TEST_F(CUDARuntimeTest, NoDriver) {
  EXPECT_EQ(attn_rt_cuda_open("/no/libcuda.so.1"), ATTN_NO_DEVICE);
  EXPECT_TRUE(has(error(), "no CUDA driver: /no/libcuda.so.1"));
}

TEST_F(CUDARuntimeTest, NotADriver) {
  EXPECT_EQ(attn_rt_cuda_open("libm.so.6"), ATTN_NO_DEVICE);
  EXPECT_TRUE(has(error(), "libm.so.6 is no CUDA driver, or too old: it has no "
                           "cuInit"));
}

TEST_F(CUDARuntimeTest, NoDevice) {
  fake->init_result = 100;
  EXPECT_EQ(attn_rt_cuda_open(kFake), ATTN_NO_DEVICE);
  EXPECT_TRUE(
      has(error(), "no CUDA device: no CUDA-capable device is detected"));
  fake->init_result = 0;
  fake->num_devices = 0;
  EXPECT_EQ(attn_rt_cuda_open(kFake), ATTN_NO_DEVICE);
  EXPECT_TRUE(has(error(), "the driver has found none"));
  // It works once there is one.
  fake->num_devices = 1;
  EXPECT_EQ(attn_rt_cuda_open(kFake), ATTN_OK);
  EXPECT_EQ(launch(), ATTN_OK);
}

TEST_F(CUDARuntimeTest, DescribesTheDevice) {
  attn_cuda_device device;
  ASSERT_EQ(attn_rt_cuda_get_device(&device), ATTN_OK);
  EXPECT_STREQ(device.name, "Fake GPU");
  EXPECT_EQ(device.capability, 90);
  EXPECT_EQ(device.multiprocessors, 132);
  EXPECT_EQ(device.l2_bytes, 50 << 20);
}

TEST_F(CUDARuntimeTest, MakesTheContextOfAThreadCurrent) {
  fake->num_contexts = 0;
  std::thread([&] {
    EXPECT_EQ(launch(), ATTN_OK);
    EXPECT_EQ(launch(), ATTN_OK);
  }).join();
  EXPECT_EQ(fake->num_contexts, 1);
}

TEST_F(CUDARuntimeTest, DeviceOfTheTensors) {
  fake->num_devices = 2;
  fake->memory_device = 1;
  EXPECT_EQ(launch(), ATTN_INVALID_ARGUMENT);
  EXPECT_EQ(error(),
            "output 0: the data is on device 1, the current device is 0");
  // A thread without a context gets that of the tensors' device.
  std::thread([&] { EXPECT_EQ(launch(), ATTN_OK); }).join();
  EXPECT_EQ(fake->current_device, 1);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

TEST_F(CUDARuntimeTest, LaunchesOnTheStream) {
  int stream;
  EXPECT_EQ(
      call([&] { attn_rt_cuda_launch(&kernel, dims, 1000, nullptr); }, &stream),
      ATTN_OK);
  EXPECT_EQ(fake->stream, &stream);
  EXPECT_EQ(fake->grid[0], 2u);
  EXPECT_EQ(fake->grid[2], 4u);
  EXPECT_EQ(fake->block[0], 128u);
  EXPECT_EQ(fake->shared_bytes, 1000u);
  EXPECT_EQ(fake->image, object.data);
}

TEST_F(CUDARuntimeTest, LaunchesClusters) {
  dims[6] = 2;
  dims[7] = dims[8] = 1;
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->cluster[0], 2u);
  EXPECT_EQ(fake->grid[1], 3u);
}

TEST_F(CUDARuntimeTest, LaunchesProgrammatically) {
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->is_programmatic, 0);
  dims[9] = 1;
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->is_programmatic, 1);
  EXPECT_EQ(fake->cluster[0], 0u);
  dims[6] = dims[7] = dims[8] = 1;
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->is_programmatic, 1);
  EXPECT_EQ(fake->cluster[0], 1u);
}

TEST_F(CUDARuntimeTest, LoadsOnce) {
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->num_loads, 1);
  EXPECT_EQ(fake->num_launches, 5);
  // Another driver has not loaded it.
  ASSERT_EQ(attn_rt_cuda_open(kFake), ATTN_OK);
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->num_loads, 2);
}

TEST_F(CUDARuntimeTest, LoadsOnceInManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i)
        failures += launch(60000) != ATTN_OK;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(fake->num_loads, 1);
}

TEST_F(CUDARuntimeTest, AllowsSharedMemory) {
  EXPECT_EQ(launch(200000), ATTN_OK);
  EXPECT_EQ(fake->allowed_shared_bytes, 200000);
  EXPECT_EQ(launch(300000), ATTN_FAILED);
  EXPECT_EQ(error(), "kernel 'kernel' needs 300000 bytes of shared memory, "
                     "device 0 (Fake GPU) has 232448");
}

TEST_F(CUDARuntimeTest, EmptyGridIsNoLaunch) {
  dims[1] = 0;
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->num_launches, 0);
}

TEST_F(CUDARuntimeTest, RefusesLargeGrids) {
  dims[0] = INT64_C(1) << 31;
  EXPECT_EQ(launch(), ATTN_FAILED);
  EXPECT_TRUE(
      has(error(), "kernel 'kernel': size 2147483648 of the grid in x"));
}

TEST_F(CUDARuntimeTest, ChoosesSplits) {
  auto choose = [&](int64_t tiles, int64_t blocks, int64_t resident = 1,
                    int64_t rows = 1, bool varying = false) {
    int64_t splits = 0;
    EXPECT_EQ(call([&] {
                splits = attn_rt_cuda_choose_splits(tiles, blocks, rows,
                                                    resident, varying);
              }),
              ATTN_OK);
    return splits;
  };
  // Nothing to split, or enough to do.
  EXPECT_EQ(choose(0, 100), 1);
  EXPECT_EQ(choose(8, 0), 1);
  EXPECT_EQ(choose(8, 1), 1);
  EXPECT_EQ(choose(8, 2), 1);
  EXPECT_EQ(choose(132, 1000), 1);
  EXPECT_EQ(choose(100000, 1000), 1);
  // All of 132 multiprocessors, in one round.
  EXPECT_EQ(choose(8, 1000), 16);
  EXPECT_EQ(choose(66, 1000), 2);
  EXPECT_EQ(choose(8, 1000, 2), 33);
  // 133 tiles are two rounds, 133 halves three of half the time.
  EXPECT_EQ(choose(133, 1000), 7);
  // Many rows take as long to be merged as is saved.
  EXPECT_EQ(choose(64, 16, 1, 64 * 128), 2);
  EXPECT_EQ(choose(64, 4, 1, 64 * 128), 1);
  // Eight rounds at most: what splits leave takes memory.
  EXPECT_LE(choose(131, 1 << 20) * 131, 8 * 132);
  // No more than there are blocks, and no more than 128.
  EXPECT_LE(choose(1, 10), 10);
  EXPECT_EQ(choose(1, 1 << 20), 128);
  EXPECT_EQ(choose(int64_t(1) << 28, int64_t(1) << 24), 1);
}

TEST_F(CUDARuntimeTest, ChoosesSplitsOfVaryingLengths) {
  auto choose = [&](int64_t tiles, int64_t blocks, bool varying) {
    int64_t splits = 0;
    EXPECT_EQ(call([&] {
                splits = attn_rt_cuda_choose_splits(tiles, blocks, /*rows=*/1,
                                                    /*resident=*/1, varying);
              }),
              ATTN_OK);
    return splits;
  };
  // One long sequence among tiles enough for all 132 multiprocessors.
  EXPECT_EQ(choose(132, 256, false), 1);
  EXPECT_EQ(choose(132, 256, true), 8);
  // Short ones are not worth a second kernel, nor are many.
  EXPECT_EQ(choose(132, 2, true), 1);
  EXPECT_EQ(choose(1024, 32, true), 1);
  EXPECT_EQ(choose(0, 100, true), 1);
  EXPECT_EQ(choose(8, 1, true), 1);
  EXPECT_EQ(choose(int64_t(1) << 28, int64_t(1) << 24, true), 1);
}

TEST_F(CUDARuntimeTest, OtherArchitecture) {
  struct {
    const char *arch;
    int isPTX, capability;
    bool runs;
  } cases[] = {{"sm_90a", 0, 90, true},   {"sm_90a", 0, 80, false},
               {"sm_90a", 1, 100, false}, {"sm_80", 0, 86, true},
               {"sm_80", 0, 90, false},   {"sm_80", 1, 90, true},
               {"sm_86", 0, 80, false},   {"sm_90", 1, 89, false},
               {"sm_100f", 1, 103, true}, {"sm_100f", 1, 120, false},
               {"gfx90a", 0, 90, false}};
  for (auto &c : cases) {
    fake->capability = c.capability;
    ASSERT_EQ(attn_rt_cuda_open(kFake), ATTN_OK);
    object.arch = c.arch;
    object.is_ptx = c.isPTX;
    image.loaded = kernel.loaded = nullptr;
    EXPECT_EQ(launch(), c.runs ? ATTN_OK : ATTN_NO_DEVICE)
        << c.arch << " on " << c.capability;
    if (!c.runs) {
      EXPECT_TRUE(has(error(), std::string("the code is for ") + c.arch +
                                   ", device 0 (Fake GPU) is sm_"));
    }
  }
}

TEST_F(CUDARuntimeTest, PicksTheFirstThatRuns) {
  attn_cuda_object objects[] = {
      {"a", "sm_100a", 0}, {"b", "sm_80", 1}, {"c", "sm_90a", 0}};
  image.objects = objects;
  image.num_objects = 3;
  EXPECT_EQ(launch(), ATTN_OK);
  EXPECT_EQ(fake->image, objects[1].data);
  image.num_objects = 1;
  image.loaded = kernel.loaded = nullptr;
  EXPECT_EQ(launch(), ATTN_NO_DEVICE);
  EXPECT_TRUE(has(error(), "the code is for sm_100a, device 0"));
}

TEST_F(CUDARuntimeTest, BadImage) {
  fake->load_result = 218;
  EXPECT_EQ(launch(), ATTN_NO_DEVICE);
  EXPECT_TRUE(has(error(),
                  "cannot load the code for sm_90a: ptxas error: bad: unknown "
                  "error (CUDA_ERROR_SOME, 218)"));
  fake->load_result = 0;
  EXPECT_EQ(launch(), ATTN_OK);
}

TEST_F(CUDARuntimeTest, NoKernel) {
  kernel.name = "other";
  EXPECT_EQ(launch(), ATTN_FAILED);
  EXPECT_TRUE(has(error(), "no kernel 'other' in the code"));
}

TEST_F(CUDARuntimeTest, FaultsAreReportedAndDoNotHang) {
  ASSERT_EQ(launch(), ATTN_OK);
  fake->sync_result = 700;
  EXPECT_EQ(attn_rt_cuda_synchronize(nullptr), ATTN_DEVICE_FAULT);
  EXPECT_TRUE(has(error(), "an illegal memory access was encountered "
                           "(CUDA_ERROR_ILLEGAL_ADDRESS, 700)"));
  // The driver says the same from now on.
  fake->launch_result = fake->pointer_result = 700;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(launch(), ATTN_DEVICE_FAULT);
  fake->pointer_result = 0;
  EXPECT_EQ(launch(), ATTN_DEVICE_FAULT);
  EXPECT_TRUE(has(error(), "cannot launch kernel 'kernel'"));
}

TEST_F(CUDARuntimeTest, OutsideOfACall) {
  auto body = [](void *self) {
    auto *test = static_cast<CUDARuntimeTest_OutsideOfACall_Test *>(self);
    attn_rt_cuda_launch(&test->kernel, test->dims, 0, nullptr);
  };
  EXPECT_EQ(attn_rt_call(body, this), 1);
  EXPECT_EQ(error(), "a launch outside of attn_rt_cuda_invoke");
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

TEST_F(CUDARuntimeTest, Arguments) {
  // One input [2, n] of f16, a scalar, one output [2, n].
  const int64_t signature[] = {2,        1, 0, ATTN_F16, 2, 2, -1, 1,
                               ATTN_F32, 0, 0, ATTN_F16, 2, 2, -1};
  int64_t shape[] = {2, 8}, strides[] = {16, 1};
  float scale = 0.5f;
  attn_tensor inputs[] = {{memory, shape, 2, ATTN_F16, strides},
                          {&scale, nullptr, 0, ATTN_F32, nullptr}};
  attn_tensor output = {static_cast<char *>(memory) + 256, shape, 2, ATTN_F16,
                        nullptr};
  static std::vector<int64_t> seen;
  auto packed = [](void **arguments) {
    auto *in = static_cast<int64_t *>(arguments[0]);
    auto *out = static_cast<int64_t *>(arguments[2]);
    seen = {in[3], in[4], in[5], in[6], out[5], out[6], out[1] - in[1]};
    EXPECT_EQ(*static_cast<float *>(arguments[1]), 0.5f);
  };
  auto invoke = [&] {
    return attn_rt_cuda_invoke(signature, packed, inputs, 2, &output, 1,
                               nullptr);
  };
  EXPECT_EQ(invoke(), ATTN_OK);
  EXPECT_EQ(seen, (std::vector<int64_t>{2, 8, 16, 1, 8, 1, 256}));

  strides[1] = 2;
  EXPECT_EQ(invoke(), ATTN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "input 0: expected the last dimension to be contiguous, "
                     "its stride is 2");
  strides[1] = 1;

  std::vector<char> host(256);
  inputs[0].data = host.data();
  EXPECT_EQ(invoke(), ATTN_INVALID_ARGUMENT);
  EXPECT_TRUE(has(error(), "input 0: the data at 0x"));
  EXPECT_TRUE(has(error(), "is in host memory, expected memory of the device"));
  inputs[0].data = static_cast<char *>(memory) + 1;
  EXPECT_EQ(invoke(), ATTN_INVALID_ARGUMENT);
  EXPECT_TRUE(has(error(), "the data is not aligned to 2 bytes"));
  inputs[0].data = memory;

  output.data = nullptr;
  EXPECT_EQ(invoke(), ATTN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "output 0: the data is a null pointer");
  output.data = memory;

  // Nothing is read of a tensor without elements.
  shape[1] = 0;
  inputs[0].data = output.data = nullptr;
  EXPECT_EQ(invoke(), ATTN_OK);

  shape[1] = INT64_C(1) << 61;
  EXPECT_EQ(invoke(), ATTN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "input 0: the size of the tensor overflows");
  shape[1] = -4;
  EXPECT_EQ(invoke(), ATTN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "input 0: dimension 1 has the negative size -4");
}

TEST_F(CUDARuntimeTest, ManyArguments) {
  std::vector<int64_t> signature{40, 0};
  int64_t shape[] = {1, 1, 1, 1, 1, 8};
  std::vector<attn_tensor> inputs;
  for (int i = 0; i < 40; ++i) {
    signature.insert(signature.end(), {0, ATTN_I8, 6, 1, 1, 1, 1, 1, -1});
    inputs.push_back(
        {static_cast<char *>(memory) + i, shape, 6, ATTN_I8, nullptr});
  }
  static void *base;
  base = memory;
  auto packed = [](void **arguments) {
    for (int i = 0; i < 40; ++i)
      EXPECT_EQ(static_cast<char **>(arguments[i])[1],
                static_cast<char *>(base) + i);
  };
  EXPECT_EQ(attn_rt_cuda_invoke(signature.data(), packed, inputs.data(), 40,
                                nullptr, 0, nullptr),
            ATTN_OK);
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

TEST_F(CUDARuntimeTest, TensorMaps) {
  alignas(64) char map[128] = {};
  attn_cuda_tiling tiling = {3, 9, 3, 2, {64, 128, 1, 0, 0}, "key"};
  int64_t sizes[] = {64, 77, 5}, strides[] = {2, 256, 77 * 256}, box[] = {7, 9};
  void *base = memory;
  auto encode = [&] {
    return call([&] {
      attn_rt_cuda_encode_tensor_map(map, &tiling, base, sizes, strides, box);
    });
  };
  EXPECT_EQ(encode(), ATTN_OK);
  EXPECT_EQ(map[127], 0x5a);
  EXPECT_EQ(fake->data_type, 9);
  EXPECT_EQ(fake->swizzle, 3);
  EXPECT_EQ(fake->sizes[1], 77u);
  EXPECT_EQ(fake->strides[0], 256u);
  EXPECT_EQ(fake->strides[1], 77u * 256);
  EXPECT_EQ(fake->box[1], 128u);
  EXPECT_EQ(fake->base, base);

  // Sizes of the box that the tiling leaves open.
  tiling.box[1] = tiling.box[2] = 0;
  EXPECT_EQ(encode(), ATTN_OK);
  EXPECT_EQ(fake->box[0], 64u);
  EXPECT_EQ(fake->box[1], 7u);
  EXPECT_EQ(fake->box[2], 9u);
  tiling.box[1] = 128;
  tiling.box[2] = 1;

  strides[1] = 40;
  EXPECT_EQ(encode(), ATTN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "key has a stride of 40 bytes, expected a multiple of 16");
  // Where there is one row only, its stride does not matter.
  sizes[1] = 1;
  EXPECT_EQ(encode(), ATTN_OK);
  EXPECT_EQ(fake->strides[0], 16u);
  sizes[1] = 77;
  strides[1] = INT64_C(1) << 40;
  EXPECT_EQ(encode(), ATTN_INVALID_ARGUMENT);
  strides[1] = 256;

  base = static_cast<char *>(memory) + 8;
  EXPECT_EQ(encode(), ATTN_INVALID_ARGUMENT);
  EXPECT_TRUE(has(error(), "is not aligned to 16 bytes"));
  // A tensor without elements has a map all the same.
  sizes[2] = 0;
  base = nullptr;
  EXPECT_EQ(encode(), ATTN_OK);
  EXPECT_NE(fake->base, nullptr);
  sizes[2] = 5;
  base = memory;

  sizes[1] = (INT64_C(1) << 32) + 1;
  EXPECT_EQ(encode(), ATTN_INVALID_ARGUMENT);
  EXPECT_TRUE(has(error(), "key has a dimension of 4294967297"));
  sizes[1] = 77;
  fake->encode_result = 1;
  EXPECT_EQ(encode(), ATTN_FAILED);
  EXPECT_TRUE(has(error(), "cannot make a tensor map of key"));
}

//===----------------------------------------------------------------------===//
// Overhead
//===----------------------------------------------------------------------===//

TEST_F(CUDARuntimeTest, OverheadOfACall) {
  // A launch of attention: four tensors, four maps, a counter.
  std::vector<int64_t> signature{3, 1};
  for (int i = 0; i < 4; ++i)
    signature.insert(signature.end(), {0, ATTN_BF16, 4, -1, -1, -1, 64});
  int64_t shape[] = {1, 1, 8, 64};
  std::vector<attn_tensor> tensors(4, {memory, shape, 4, ATTN_BF16, nullptr});
  static attn_cuda_kernel *theKernel;
  theKernel = &kernel;
  auto packed = [](void **arguments) {
    static const attn_cuda_tiling tiling = {5,      9, 3, 2, {64, 64, 1, 1, 1},
                                            "query"};
    alignas(64) char maps[4][128];
    int64_t dims[10] = {132, 1, 1, 384, 1, 1, 0, 0, 0, 0};
    for (int i = 0; i < 4; ++i) {
      auto *words = static_cast<int64_t *>(arguments[i]);
      int64_t sizes[] = {64, words[5], 1, words[4], words[3]};
      int64_t strides[] = {2, 128, 128, words[8] * 2, words[7] * 2};
      attn_rt_cuda_encode_tensor_map(maps[i], &tiling, (void *)words[1], sizes,
                                     strides, /*box=*/nullptr);
    }
    void *counter = attn_rt_cuda_scratch(4);
    void *parameters[] = {maps[0], maps[1], maps[2], maps[3], &counter};
    attn_rt_cuda_launch(theKernel, dims, 100000, parameters);
  };
  std::vector<double> times;
  for (int i = 0; i < 2001; ++i) {
    auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(attn_rt_cuda_invoke(signature.data(), packed, tensors.data(), 3,
                                  &tensors[3], 1, nullptr),
              ATTN_OK);
    times.push_back(std::chrono::duration<double, std::micro>(
                        std::chrono::steady_clock::now() - begin)
                        .count());
  }
  std::sort(times.begin(), times.end());
  printf("%.2f us a call\n", times[times.size() / 2]);
  // The driver's own time comes on top of it on a real device.
  EXPECT_LT(times[times.size() / 2], 5.0);
}

} // namespace
} // namespace attn_test
