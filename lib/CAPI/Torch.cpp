//===- Torch.cpp - Operators of PyTorch as a C library -------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled with exceptions and without LLVM: PyTorch's dispatcher takes
// failures as C++ exceptions.
//
//===----------------------------------------------------------------------===//

#include "attn-c/Torch.h"
#include "TorchTensor.h"
#include "attn/Runtime/CPU/Runtime.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

using namespace attn_torch;

Functions attn_torch::functions;
int32_t attn_torch::cuda;
std::array<std::pair<int32_t, attn_dtype>, 9> attn_torch::dtypes;

namespace {

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// Words on the stack, as many as a call of our rank has.
class Words {
public:
  bool add(int64_t word) {
    if (size == capacity)
      return false;
    words[size++] = word;
    return true;
  }
  bool add(const int64_t *begin, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      if (!add(begin[i]))
        return false;
    return true;
  }
  /// What a program takes of a tensor.
  bool add(const View &view) {
    if (!add((intptr_t)view.data) || !add(view.sizes, view.rank))
      return false;
    for (int64_t d = 0; d < view.rank; ++d)
      if (!add(view.getStride(d)))
        return false;
    return true;
  }
  /// The same of rows [T, H, D] as [H, T, D].
  bool addByHeads(const View &view) {
    return add((intptr_t)view.data) && add(view.sizes[1]) &&
           add(view.sizes[0]) && add(view.sizes[2]) && add(view.getStride(1)) &&
           add(view.getStride(0)) && add(view.getStride(2));
  }
  const int64_t *data() const { return words; }
  int64_t length() const { return size; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char *>(words), size * sizeof(int64_t)};
  }

private:
  static constexpr size_t capacity = 96;
  size_t size = 0;
  int64_t words[capacity];
};

/// The programs by calls. Grows with the shapes that come.
struct Programs {
  std::shared_mutex mutex;
  std::unordered_map<std::string_view, const attn_program *> byCall;
  /// The keys: a look-up shall not allocate one.
  std::deque<std::string> calls;
};

/// Lives as long as threads may call. A forked child gets a new one: a thread
/// that it lacks may have held the lock.
std::atomic<Programs *> allPrograms = new Programs;

std::atomic<int32_t> suspensions = 0;
thread_local std::string failure;

const attn_program *lookup(std::string_view call) {
  Programs &programs = *allPrograms.load();
  std::shared_lock<std::shared_mutex> guard(programs.mutex);
  auto found = programs.byCall.find(call);
  return found == programs.byCall.end() ? nullptr : found->second;
}

/// A new tensor, of the dtype and on the device of another.
class Result {
public:
  /// The output of attention, as [..., L, H, D] in memory: transposing it back
  /// for the next projection costs nothing. The rank is `maxRank` at most.
  Result(const View &query, const View &value) {
    int64_t rank = query.rank, order[maxRank], stride = 1;
    std::copy(query.sizes, query.sizes + rank - 1, sizes);
    sizes[rank - 1] = value.sizes[rank - 1];
    for (int64_t i = 0; i < rank; ++i)
      order[i] = i;
    // Rows of sequences, [T, H, D], lie so already.
    if (rank >= 4)
      std::swap(order[rank - 2], order[rank - 3]);
    for (int64_t i = rank; i-- > 0;) {
      strides[order[i]] = stride;
      stride *= std::max<int64_t>(sizes[order[i]], 1);
    }
    Tensor tensor;
    if (functions.emptyStrided(rank, sizes, strides, query.torchDtype,
                               query.deviceType, query.deviceIndex, &tensor))
      return;
    owner.emplace(tensor);
    view = query;
    view.sizes = sizes;
    view.strides = strides;
    check(functions.getDataPtr(tensor, &view.data));
  }
  Result(const Result &) = delete;

  /// False where there is no memory: in Python it is an exception of its own.
  bool isAllocated() const { return owner.has_value(); }
  const View &getView() const { return view; }
  Value release() { return owner->release(); }

  static constexpr int64_t maxRank = 8;

private:
  int64_t sizes[maxRank], strides[maxRank];
  std::optional<OwnedTensor> owner;
  View view;
};

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

struct Arguments {
  int64_t flags;
  double scale = 0, softcap = 0;
  int64_t left = -1, right = -1;

  /// Of the stack of an operator, which may have the flags alone.
  explicit Arguments(const Value *stack, bool hasFlagsAlone = false) {
    flags = (int64_t)stack[0];
    if (hasFlagsAlone)
      return;
    std::memcpy(&scale, stack + 1, sizeof(double));
    std::memcpy(&softcap, stack + 2, sizeof(double));
    left = (int64_t)stack[3];
    right = (int64_t)stack[4];
  }

  void write(Value *stack) const {
    stack[0] = (Value)flags;
    std::memcpy(stack + 1, &scale, sizeof(double));
    std::memcpy(stack + 2, &softcap, sizeof(double));
    stack[3] = (Value)left;
    stack[4] = (Value)right;
  }
};

/// What the words of a call begin with.
void addOptions(Words &call, const Arguments &arguments, int64_t flags,
                const View &query) {
  int64_t softcap;
  std::memcpy(&softcap, &arguments.softcap, sizeof(softcap));
  // The device is one of CUDA's, or -1.
  for (int64_t word :
       {flags, softcap, arguments.left, arguments.right,
        (int64_t)(query.deviceType == cuda ? query.deviceIndex : -1)})
    call.add(word);
}

/// Whether a kernel can take the rows as they are: ones that are not contiguous
/// or not aligned are copied elsewhere.
bool isReady(const View &view, const View &query, bool isMask = false) {
  return view.dtype != 0 && view.rank != 0 &&
         view.strides[view.rank - 1] == 1 && view.isOn(query) &&
         (view.deviceType != cuda || isMask || view.hasAlignedRows());
}

/// Runs the program into the result, on the current stream of its device.
Value runProgram(const attn_program *program, const Words &words,
                 Result &result) {
  attn_status status;
  const View &view = result.getView();
  if (view.deviceType == cuda) {
    DeviceGuard guard(view);
    void *stream;
    check(functions.getStream(view.deviceIndex, &stream));
    status = attn_program_call_words_on(program, words.data(), words.length(),
                                        stream);
  } else {
    status = attn_program_call_words(program, words.data(), words.length());
  }
  if (status != ATTN_OK)
    throw std::runtime_error(attn_error_message());
  return result.release();
}

/// Whether programs take the options: what is refused is so each time,
/// whichever programs are known. They are for any scale.
bool isAccepted(const Arguments &arguments) {
  return !(arguments.flags & ATTN_TORCH_SCALE) ||
         std::isfinite(arguments.scale);
}

/// The scale as a program takes it.
struct Scale {
  float f32;
  const void *address;

  Scale(const Scale &) = delete;
  Scale(const Arguments &arguments, const View &query)
      : f32((float)arguments.scale), address(&f32) {
    if (query.dtype == ATTN_F64)
      address = &arguments.scale;
  }
};

/// The result of a program that is known; null if there is none.
Value runKnown(Tensor query, Tensor key, Tensor value, Tensor mask,
               const Arguments &arguments) {
  if (suspensions.load(std::memory_order_relaxed) != 0 ||
      !isAccepted(arguments))
    return 0;
  View views[4] = {View(query), View(key), View(value)};
  if (mask)
    views[3] = View(mask);
  Words call, words;
  addOptions(call, arguments, arguments.flags, views[0]);
  Scale scale(arguments, views[0]);
  for (int i = 0; i < (mask ? 4 : 3); ++i) {
    const View &view = views[i];
    if (!isReady(view, views[0], /*isMask=*/i == 3) || !call.add(view.dtype) ||
        !call.add(view.rank) || !call.add(view.sizes, view.rank) ||
        !words.add(view))
      return 0;
    if (i == 2 && (arguments.flags & ATTN_TORCH_SCALE))
      words.add((intptr_t)scale.address);
  }
  const attn_program *program = lookup(call.bytes());
  if (!program || views[0].rank > Result::maxRank)
    return 0;
  Result result(views[0], views[2]);
  return result.isAllocated() && words.add(result.getView())
             ? runProgram(program, words, result)
             : 0;
}

/// Whether the numbers rise from 0 to the number of rows.
template <typename Integer>
bool areBounds(const View &view, int64_t rows) {
  const Integer *numbers = static_cast<const Integer *>(view.data);
  int64_t count = view.sizes[0];
  return numbers[0] == 0 && numbers[count - 1] == rows &&
         std::is_sorted(numbers, numbers + count);
}

/// The same of rows of sequences that lie behind one another, [T, H, D]. One
/// program is for all numbers of rows and of sequences. What cumulative lengths
/// are is checked where the host can read them.
Value runKnownVarlen(Tensor query, Tensor key, Tensor value, Tensor queryEnds,
                     Tensor keyEnds, const Arguments &arguments) {
  if (suspensions.load(std::memory_order_relaxed) != 0 ||
      !isAccepted(arguments))
    return 0;
  View views[3] = {View(query), View(key), View(value)};
  View ends[2] = {View(queryEnds), View(keyEnds)};
  Words call, words;
  addOptions(call, arguments, arguments.flags | ATTN_TORCH_VARLEN, views[0]);
  Scale scale(arguments, views[0]);
  for (const View &view : views)
    if (view.rank != 3 || !isReady(view, views[0]) || !call.add(view.dtype) ||
        !call.add(view.sizes + 1, 2) || !words.addByHeads(view))
      return 0;
  if (views[1].sizes[0] != views[2].sizes[0])
    return 0;
  if (arguments.flags & ATTN_TORCH_SCALE)
    words.add((intptr_t)scale.address);
  for (int i = 0; i < 2; ++i) {
    const View &view = ends[i];
    if (view.rank != 1 || !isReady(view, views[0], /*isMask=*/true) ||
        view.sizes[0] < 1 || view.sizes[0] != ends[0].sizes[0] ||
        !call.add(view.dtype) || !words.add(view))
      return 0;
    if (view.dtype != ATTN_I32 && view.dtype != ATTN_I64)
      return 0;
    if (view.deviceType != cuda &&
        !(view.dtype == ATTN_I32 ? areBounds<int32_t>(view, views[i].sizes[0])
                                 : areBounds<int64_t>(view, views[i].sizes[0])))
      return 0;
  }
  const attn_program *program = lookup(call.bytes());
  if (!program)
    return 0;
  Result result(views[0], views[2]);
  return result.isAllocated() && words.addByHeads(result.getView())
             ? runProgram(program, words, result)
             : 0;
}

/// Calls the operator for what is not known, which owns the tensors of its
/// stack.
Value callAnew(const char *name, Value *call) {
  failure.clear();
  check(functions.callDispatcher(name, "", call));
  OwnedTensor result((Tensor)(uintptr_t)call[0]);
  if (!failure.empty())
    throw std::runtime_error(std::exchange(failure, {}));
  return result.release();
}

/// (query, key, value[, attn_mask], flags[, scale, softcap, left, right])
void run(Value *stack, bool hasMask, bool hasFlagsAlone) {
  OwnedTensor query((Tensor)(uintptr_t)stack[0]);
  OwnedTensor key((Tensor)(uintptr_t)stack[1]);
  OwnedTensor value((Tensor)(uintptr_t)stack[2]);
  OwnedTensor mask(hasMask ? (Tensor)(uintptr_t)stack[3] : nullptr);
  Arguments arguments(stack + (hasMask ? 4 : 3), hasFlagsAlone);
  if (Value result = runKnown(query.get(), key.get(), value.get(), mask.get(),
                              arguments)) {
    stack[0] = result;
    return;
  }
  Value call[9];
  if (!hasMask) {
    Tensor again;
    check(functions.newHandle(query.get(), &again));
    call[3] = (Value)(uintptr_t)again;
  } else {
    call[3] = mask.release();
  }
  call[0] = query.release();
  call[1] = key.release();
  call[2] = value.release();
  arguments.write(call + 4);
  call[4] |= hasMask ? ATTN_TORCH_MASK : 0;
  stack[0] = callAnew("attn::sdpa_anew", call);
}

/// (query, key, value, cu_seqlens_q, cu_seqlens_k, flags, scale, softcap, left,
/// right)
void runVarlen(Value *stack, uint64_t, uint64_t) {
  OwnedTensor query((Tensor)(uintptr_t)stack[0]);
  OwnedTensor key((Tensor)(uintptr_t)stack[1]);
  OwnedTensor value((Tensor)(uintptr_t)stack[2]);
  OwnedTensor queryEnds((Tensor)(uintptr_t)stack[3]);
  OwnedTensor keyEnds((Tensor)(uintptr_t)stack[4]);
  if (Value result =
          runKnownVarlen(query.get(), key.get(), value.get(), queryEnds.get(),
                         keyEnds.get(), Arguments(stack + 5))) {
    stack[0] = result;
    return;
  }
  Value call[10] = {query.release(), key.release(), value.release(),
                    queryEnds.release(), keyEnds.release()};
  std::copy(stack + 5, stack + 10, call + 5);
  stack[0] = callAnew("attn::sdpa_varlen_anew", call);
}

template <bool hasMask, bool hasFlagsAlone>
void runPlain(Value *stack, uint64_t, uint64_t) {
  run(stack, hasMask, hasFlagsAlone);
}

} // namespace

//===----------------------------------------------------------------------===//
// What Python calls
//===----------------------------------------------------------------------===//

static attn_status fail(const char *message) {
  attn_rt_set_error(message);
  return ATTN_FAILED;
}

namespace {
/// The functions of a library of PyTorch's.
class Finder {
public:
  explicit Finder(void *library) : library(library) {}

  template <typename Function>
  void operator()(Function &function, const char *name) {
    void *address = dlsym(library, name);
    hasAll &= address != nullptr;
    function = reinterpret_cast<Function>(address);
  }
  bool foundAll() const { return hasAll; }

private:
  void *library;
  bool hasAll = true;
};
} // namespace

/// Kernels stay registered until the process ends.
static attn_status implement(const char *key) {
  Library operators;
  if (functions.initLibrary("attn", key, __FILE__, __LINE__, &operators) ||
      functions.implement(operators, "sdpa_dense", runPlain<false, false>) ||
      functions.implement(operators, "sdpa_masked", runPlain<true, false>) ||
      functions.implement(operators, "sdpa_dense.flags",
                          runPlain<false, true>) ||
      functions.implement(operators, "sdpa_masked.flags",
                          runPlain<true, true>) ||
      functions.implement(operators, "sdpa_varlen", runVarlen))
    return fail("attn_torch_register: PyTorch refuses the kernels");
  return ATTN_OK;
}

attn_status attn_torch_register(const char *libtorch_cpu) {
  void *library = dlopen(libtorch_cpu, RTLD_LAZY | RTLD_NOLOAD);
  if (!library)
    return fail("attn_torch_register: PyTorch is not loaded");
  Finder find(library);
  find(functions.getDataPtr, "aoti_torch_get_data_ptr");
  find(functions.getDim, "aoti_torch_get_dim");
  find(functions.getSizes, "aoti_torch_get_sizes");
  find(functions.getStrides, "aoti_torch_get_strides");
  find(functions.getDtype, "aoti_torch_get_dtype");
  find(functions.deleteTensor, "aoti_torch_delete_tensor_object");
  find(functions.newHandle, "aoti_torch_new_tensor_handle");
  find(functions.emptyStrided, "aoti_torch_empty_strided");
  find(functions.callDispatcher, "aoti_torch_call_dispatcher");
  find(functions.initLibrary, "aoti_torch_library_init_impl");
  find(functions.implement, "aoti_torch_library_impl");
  find(functions.getDeviceType, "aoti_torch_get_device_type");
  find(functions.getDeviceIndex, "aoti_torch_get_device_index");
  find(functions.getCUDA, "aoti_torch_device_type_cuda");
  const std::pair<const char *, attn_dtype> names[] = {
      {"float16", ATTN_F16}, {"bfloat16", ATTN_BF16}, {"float32", ATTN_F32},
      {"float64", ATTN_F64}, {"bool", ATTN_BOOL},     {"int8", ATTN_I8},
      {"int16", ATTN_I16},   {"int32", ATTN_I32},     {"int64", ATTN_I64}};
  for (size_t i = 0; i < dtypes.size(); ++i) {
    int32_t (*get)() = nullptr;
    std::string name = std::string("aoti_torch_dtype_") + names[i].first;
    find(get, name.c_str());
    if (!get)
      break;
    dtypes[i] = {get(), names[i].second};
  }
  if (!find.foundAll())
    return fail("attn_torch_register: this PyTorch lacks functions that "
                "kernels need");
  cuda = functions.getCUDA();
  pthread_atfork(nullptr, nullptr, [] { allPrograms = new Programs; });
  // Of the OpenMP that PyTorch itself uses, whichever others are loaded.
  attn_rt_set_thread_team(
      reinterpret_cast<attn_rt_thread_team *>(dlsym(library, "GOMP_parallel")));
  return implement("CPU");
}

attn_status attn_torch_register_cuda(const char *libtorch_cuda) {
  void *library = dlopen(libtorch_cuda, RTLD_LAZY | RTLD_NOLOAD);
  if (!functions.implement || !library)
    return fail("attn_torch_register_cuda: PyTorch is not loaded, or without "
                "CUDA");
  Finder find(library);
  find(functions.createGuard, "aoti_torch_create_cuda_guard");
  find(functions.deleteGuard, "aoti_torch_delete_cuda_guard");
  find(functions.getStream, "aoti_torch_get_current_cuda_stream");
  if (!find.foundAll())
    return fail("attn_torch_register_cuda: this PyTorch lacks functions that "
                "kernels need");
  return implement("CUDA");
}

void attn_torch_remember(const attn_program *program, const int64_t *words,
                         int64_t num_words) {
  Programs &programs = *allPrograms.load();
  std::unique_lock<std::shared_mutex> guard(programs.mutex);
  // Shapes that never come again shall not take all memory.
  if (programs.byCall.size() >= 65536) {
    programs.byCall.clear();
    programs.calls.clear();
  }
  std::string_view call(reinterpret_cast<const char *>(words),
                        (size_t)num_words * sizeof(int64_t));
  auto found = programs.byCall.find(call);
  if (found == programs.byCall.end())
    programs.byCall.emplace(programs.calls.emplace_back(call), program);
  else
    found->second = program;
}

void attn_torch_suspend(int32_t change) { suspensions += change; }

void attn_torch_set_error(const char *message) { failure = message; }
