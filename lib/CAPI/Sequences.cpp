//===- Sequences.cpp - One program on many sequences ------------ -*- C++
//-*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn-c/Compiler.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <mutex>
#include <string>

using namespace llvm;

namespace {

/// A call for each sequence, long ones first.
class Sequences {
public:
  explicit Sequences(const attn_sequences &given);

  attn_status run();

private:
  struct Item {
    int64_t index;
    /// Products that it takes. Masks may make it less, which they do to all.
    int64_t cost;
  };

  attn_status call(int64_t index) const;
  void callInParallel(int64_t begin, int64_t end);
  attn_tensor describe(const attn_rows &rows, const int64_t *bounds,
                       int64_t index, int64_t *storage) const;

  const attn_sequences &given;
  SmallVector<Item> items;
  std::mutex mutex;
  attn_status status = ATTN_OK;
  std::string message;
};

} // namespace

Sequences::Sequences(const attn_sequences &given) : given(given) {
  for (int64_t i = 0; i < given.num_sequences; ++i) {
    int64_t queries = given.query_bounds[i + 1] - given.query_bounds[i];
    int64_t keys = given.key_bounds[i + 1] - given.key_bounds[i];
    // Rows without keys are written too.
    if (queries > 0)
      items.push_back({i, queries * std::max<int64_t>(keys, 1)});
  }
  llvm::sort(items, [](const Item &a, const Item &b) {
    return std::make_pair(-a.cost, a.index) < std::make_pair(-b.cost, b.index);
  });
}

attn_tensor Sequences::describe(const attn_rows &rows, const int64_t *bounds,
                                int64_t index, int64_t *storage) const {
  storage[0] = rows.num_heads;
  storage[1] = bounds[index + 1] - bounds[index];
  storage[2] = rows.size;
  storage[3] = rows.head_stride;
  storage[4] = rows.row_stride;
  storage[5] = rows.stride;
  char *data = (char *)rows.data +
               bounds[index] * rows.row_stride * attn_rt_dtype_size(rows.dtype);
  return {data, storage, 3, rows.dtype, storage + 3};
}

attn_status Sequences::call(int64_t index) const {
  int64_t storage[4][6];
  SmallVector<attn_tensor, 5> tensors;
  tensors.push_back(
      describe(given.query, given.query_bounds, index, storage[0]));
  tensors.push_back(describe(given.key, given.key_bounds, index, storage[1]));
  tensors.push_back(describe(given.value, given.key_bounds, index, storage[2]));
  if (given.scale)
    tensors.push_back({const_cast<void *>(given.scale), nullptr, 0,
                       given.query.dtype == ATTN_F64 ? ATTN_F64 : ATTN_F32,
                       nullptr});
  tensors.push_back(
      describe(given.output, given.query_bounds, index, storage[3]));
  int64_t program =
      std::min<int64_t>(tensors[0].shape[1], given.num_programs) - 1;
  return attn_program_call(given.programs[program], tensors.data(),
                           tensors.size(), nullptr, 0);
}

void Sequences::callInParallel(int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    attn_status result = call(items[i].index);
    if (result == ATTN_OK)
      continue;
    // Messages belong to threads.
    std::lock_guard<std::mutex> guard(mutex);
    status = result;
    message = attn_rt_last_error();
  }
}

attn_status Sequences::run() {
  int64_t left = 0, numThreads = attn_rt_get_num_threads(), next = 0;
  for (const Item &item : items)
    left += item.cost;
  // Who would keep the others waiting is computed by all threads.
  for (; next < (int64_t)items.size() && items[next].cost > left / numThreads;
       ++next) {
    left -= items[next].cost;
    if (attn_status result = call(items[next].index))
      return result;
  }
  // The others by one each: loops within are not parallel then.
  items.erase(items.begin(), items.begin() + next);
  attn_rt_parallel_for(
      items.size(), 1,
      [](void *context, int64_t begin, int64_t end) {
        static_cast<Sequences *>(context)->callInParallel(begin, end);
      },
      this);
  if (status != ATTN_OK)
    attn_rt_set_error(message.c_str());
  return status;
}

attn_status attn_call_sequences(const attn_sequences *sequences) {
  if (sequences->struct_size != sizeof(attn_sequences)) {
    attn_rt_set_error("attn_sequences: another version of the structure");
    return ATTN_INVALID_ARGUMENT;
  }
  return Sequences(*sequences).run();
}
