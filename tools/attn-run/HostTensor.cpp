//===- HostTensor.cpp - Tensors of attn-run ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostTensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::attn;

static constexpr size_t kAlignment = 64;

static bool guarded = false;

void Buffer::guardEnds() { guarded = true; }

void Buffer::Free::operator()(void *pointer) const {
  if (mapping)
    munmap(mapping, mappedBytes);
  else
    std::free(pointer);
}

Buffer::Buffer(size_t numBytes) : numBytes(numBytes) {
  if (!guarded) {
    memory.reset(std::aligned_alloc(kAlignment,
                                    llvm::alignTo(numBytes + 1, kAlignment)));
    if (!memory)
      llvm::report_bad_alloc_error("no memory for a tensor");
    return;
  }
  size_t pageBytes = sysconf(_SC_PAGESIZE);
  size_t usedBytes = llvm::alignTo(numBytes, pageBytes);
  size_t mappedBytes = usedBytes + pageBytes;
  void *mapping = mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    llvm::report_bad_alloc_error("no memory for a tensor");
  char *guard = static_cast<char *>(mapping) + usedBytes;
  if (mprotect(guard, pageBytes, PROT_NONE))
    llvm::report_fatal_error("a page cannot be protected");
  memory =
      std::unique_ptr<void, Free>(guard - numBytes, Free(mapping, mappedBytes));
}

Buffer Buffer::adopt(void *data, size_t numBytes) {
  Buffer buffer;
  buffer.memory.reset(data);
  buffer.numBytes = numBytes;
  return buffer;
}

int64_t HostTensor::getNumElements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

template <typename T>
static T readAs(const char *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
static void writeAs(char *to, T value) {
  std::memcpy(to, &value, sizeof value);
}

static double decodeHalf(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

static uint16_t encodeHalf(const llvm::fltSemantics &semantics, double value) {
  llvm::APFloat result(value);
  bool losesInfo;
  result.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return result.bitcastToAPInt().getZExtValue();
}

double HostTensor::get(int64_t index) const {
  const char *from = buffer.data() + index * attn_rt_dtype_size(dtype);
  switch (dtype) {
  case ATTN_F16:
    return decodeHalf(llvm::APFloat::IEEEhalf(), readAs<uint16_t>(from));
  case ATTN_BF16:
    return decodeHalf(llvm::APFloat::BFloat(), readAs<uint16_t>(from));
  case ATTN_F32:
    return readAs<float>(from);
  case ATTN_F64:
    return readAs<double>(from);
  case ATTN_BOOL:
    return readAs<uint8_t>(from) != 0;
  case ATTN_I8:
    return readAs<int8_t>(from);
  case ATTN_I16:
    return readAs<int16_t>(from);
  case ATTN_I32:
    return readAs<int32_t>(from);
  case ATTN_I64:
    return readAs<int64_t>(from);
  }
  return 0;
}

void HostTensor::set(int64_t index, double value) {
  char *to = buffer.data() + index * attn_rt_dtype_size(dtype);
  switch (dtype) {
  case ATTN_F16:
    return writeAs(to, encodeHalf(llvm::APFloat::IEEEhalf(), value));
  case ATTN_BF16:
    return writeAs(to, encodeHalf(llvm::APFloat::BFloat(), value));
  case ATTN_F32:
    return writeAs(to, (float)value);
  case ATTN_F64:
    return writeAs(to, value);
  case ATTN_BOOL:
    return writeAs(to, (uint8_t)(value != 0));
  case ATTN_I8:
    return writeAs(to, (int8_t)value);
  case ATTN_I16:
    return writeAs(to, (int16_t)value);
  case ATTN_I32:
    return writeAs(to, (int32_t)value);
  case ATTN_I64:
    return writeAs(to, (int64_t)value);
  }
}

static bool isFloat(attn_dtype dtype) {
  return dtype == ATTN_F16 || dtype == ATTN_BF16 || dtype == ATTN_F32 ||
         dtype == ATTN_F64;
}

HostTensor attn::makeTensor(attn_dtype dtype, ArrayRef<int64_t> shape) {
  HostTensor tensor{dtype, SmallVector<int64_t>(shape), {}};
  tensor.buffer = Buffer(tensor.getNumElements() * attn_rt_dtype_size(dtype));
  return tensor;
}

HostTensor attn::makeRandomTensor(attn_dtype dtype, ArrayRef<int64_t> shape,
                                  uint64_t seed, double scale) {
  HostTensor tensor = makeTensor(dtype, shape);
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> integer(0, 3);
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i) {
    if (isFloat(dtype))
      tensor.set(i, scale * normal(generator));
    else
      tensor.set(i, dtype == ATTN_BOOL ? integer(generator) != 0
                                       : integer(generator));
  }
  return tensor;
}

HostTensor attn::promoteToF64(const HostTensor &tensor) {
  if (!isFloat(tensor.dtype))
    return fromArray(toArray(tensor));
  HostTensor result = makeTensor(ATTN_F64, tensor.shape);
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
    result.set(i, tensor.get(i));
  return result;
}

void attn::poison(HostTensor &tensor) {
  // All ones is a NaN in every float type.
  std::memset(tensor.buffer.data(), 0xff, tensor.buffer.size());
}

HostTensor attn::fromArray(Array array) {
  HostTensor tensor = makeTensor(array.dtype, array.shape);
  llvm::copy(array.data, tensor.buffer.data());
  return tensor;
}

Array attn::toArray(const HostTensor &tensor) {
  Array array;
  array.dtype = tensor.dtype;
  array.shape = tensor.shape;
  array.data.assign(tensor.buffer.data(),
                    tensor.buffer.data() +
                        tensor.getNumElements() *
                            attn_rt_dtype_size(tensor.dtype));
  return array;
}

/// How far apart two elements are. Doubles do not tell all i64 apart.
static double getDistance(const HostTensor &a, const HostTensor &b,
                          int64_t index) {
  if (a.dtype != ATTN_I64 || b.dtype != ATTN_I64)
    return std::abs(a.get(index) - b.get(index));
  auto x = readAs<int64_t>(a.buffer.data() + index * sizeof(int64_t));
  auto y = readAs<int64_t>(b.buffer.data() + index * sizeof(int64_t));
  return (double)((uint64_t)std::max(x, y) - (uint64_t)std::min(x, y));
}

TensorError attn::compare(const HostTensor &actual,
                          const HostTensor &expected) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (actual.shape != expected.shape)
    return {infinity, infinity};
  double differences = 0, squares = 0;
  TensorError error;
  for (int64_t i = 0, e = actual.getNumElements(); i < e; ++i) {
    double a = actual.get(i), b = expected.get(i);
    double difference = getDistance(actual, expected, i);
    // Infinities are NaN apart.
    if ((std::isnan(a) && std::isnan(b)) || (a == b && !(difference > 0))) {
      if (std::isfinite(b))
        squares += b * b;
      continue;
    }
    if (!std::isfinite(difference))
      return {infinity, infinity};
    error.maxAbs = std::max(error.maxAbs, difference);
    differences += difference * difference;
    squares += b * b;
  }
  error.relFrobenius =
      squares > 0 ? std::sqrt(differences / squares) : std::sqrt(differences);
  return error;
}

double attn::getDefaultTolerance(attn_dtype dtype) {
  switch (dtype) {
  case ATTN_F64:
    return 0x1p-40;
  case ATTN_F32:
    return 0x1p-17;
  case ATTN_F16:
    return 0x1p-9;
  case ATTN_BF16:
    return 0x1p-6;
  default:
    return 0;
  }
}
