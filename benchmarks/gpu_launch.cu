// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the host spends on a call of a compiled function, beside what an empty
// kernel costs, in turn in one process: JSON of medians in microseconds.
//
//   attn-compile test/tools/attn-compile/Inputs/cuda.mlir -o libattention.so \
//     --header attention.h --entry attention --target cuda
//   nvcc -O2 -std=c++17 -arch=sm_90 benchmarks/gpu_launch.cu -I. -L. -lattention \
//     -Xlinker -rpath=. -o gpu_launch && ./gpu_launch

#include "attention.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <vector>

namespace {

/// As many parameters as a kernel with three tensor maps has.
struct Parameters {
  char bytes[512];
};

__global__ void runEmpty(const __grid_constant__ Parameters parameters) {}

void check(cudaError_t error) {
  if (error == cudaSuccess)
    return;
  std::fprintf(stderr, "error: %s\n", cudaGetErrorString(error));
  std::exit(1);
}

void check(attn_status status) {
  if (status == ATTN_OK)
    return;
  std::fprintf(stderr, "error: %s\n", attn_attention_error());
  std::exit(1);
}

constexpr int kRounds = 200, kCalls = 50;

/// The microseconds of a call, of some in a row on an idle device.
template <typename Function>
double time(Function call) {
  check(cudaDeviceSynchronize());
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i)
    call();
  std::chrono::duration<double, std::micro> elapsed =
      std::chrono::steady_clock::now() - begin;
  return elapsed.count() / kCalls;
}

double getMedian(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

} // namespace

int main() {
  constexpr int64_t kElements = 64 * 64;
  cudaStream_t stream;
  char *memory;
  check(cudaStreamCreate(&stream));
  check(cudaMalloc(reinterpret_cast<void **>(&memory), 8 * kElements));
  check(cudaMemset(memory, 0, 8 * kElements));
  int64_t shape[] = {1, 1, 64, 64}, emptyShape[] = {1, 1, 0, 64};
  attn_tensor tensors[4], empty[4];
  for (int i = 0; i < 4; ++i) {
    tensors[i] = {memory + 2 * kElements * i, shape, 4, ATTN_BF16, nullptr};
    empty[i] = tensors[i];
  }
  empty[0].shape = empty[3].shape = emptyShape;
  Parameters parameters = {};
  auto ours = [&] {
    check(attn_attention(tensors, 3, tensors + 3, 1, stream));
  };
  auto withoutLaunch = [&] {
    check(attn_attention(empty, 3, empty + 3, 1, stream));
  };
  auto emptyKernel = [&] { runEmpty<<<1, 128, 0, stream>>>(parameters); };
  std::vector<double> times[3];
  for (int i = 0; i < kRounds; ++i) {
    times[0].push_back(time(ours));
    times[1].push_back(time(withoutLaunch));
    times[2].push_back(time(emptyKernel));
  }
  check(cudaGetLastError());
  check(attn_attention_synchronize(stream));
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0));
  std::printf("{\"device\": \"%s\", \"call_us\": %.2f, "
              "\"call_without_launch_us\": %.2f, \"empty_kernel_us\": %.2f}\n",
              properties.name, getMedian(times[0]), getMedian(times[1]),
              getMedian(times[2]));
  return 0;
}
