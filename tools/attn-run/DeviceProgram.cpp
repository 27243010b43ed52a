//===- DeviceProgram.cpp - A module on a GPU ------------------ -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceProgram.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CUDA/Runtime.h"
#include "attn/Target/NVVM/Ptxas.h"
#include "attn/Target/NVVM/RuntimeSymbols.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::attn;

static llvm::Error toError(attn_status status) {
  if (status == ATTN_OK)
    return llvm::Error::success();
  return llvm::createStringError(attn_rt_last_error());
}

static int64_t getNumBytes(const HostTensor &tensor) {
  return tensor.getNumElements() * attn_rt_dtype_size(tensor.dtype);
}

llvm::Error DeviceBuffer::allocate(int64_t numBytes) {
  return toError(attn_rt_cuda_allocate(numBytes, &memory));
}

DeviceProgram::~DeviceProgram() { attn_rt_cuda_timer_destroy(timer); }

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

LogicalResult DeviceProgram::compile(StringRef entry,
                                     const DeviceOptions &options,
                                     const CPUTargetInfo &host, Trace &trace) {
  FailureOr<func::FuncOp> function = lookupEntry(*module, entry);
  if (failed(function) || failed(markEntry(*function)))
    return failure();
  auto begin = Trace::Clock::now();
  LowerToNVVMPipelineOptions lowering;
  if (failed(lowering.parseFromString(options.kernelOptions)))
    return module->emitError("cannot read the options of kernels '")
           << options.kernelOptions << "'";
  lowering.backend = options.backend;
  lowering.chip = options.arch;
  lowering.cubinCache = options.cubinCache;
  lowering.ptxas = options.cudaPath;
  lowering.places = getCachedToolkits();
  auto finished = [&](CUDAStage stage) {
    if (stage == CUDAStage::Host)
      return;
    auto end = Trace::Clock::now();
    trace.add(stage == CUDAStage::Kernels ? "generate PTX" : "ptxas", "compile",
              begin, end);
    begin = end;
  };
  if (failed(lowerToCUDA(
          *module, lowering,
          {CUDAStage::Kernels, CUDAStage::Assembly, CUDAStage::Host},
          finished)) ||
      failed(emitEntryPoint(*module, EntryTarget::CUDA)))
    return failure();
  llvm::Expected<CompiledEntry> result =
      compileInProcess(*module, entry, host, getCUDARuntimeSymbols());
  trace.add("generate code for the host", "compile", begin,
            Trace::Clock::now());
  if (!result)
    return emitError(UnknownLoc::get(module->getContext()))
           << "cannot compile: " << llvm::toString(result.takeError());
  compiled = std::move(*result);
  return success();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

llvm::Error
DeviceProgram::prepare(ArrayRef<HostTensor> inputs,
                       const EntrySignature &signature,
                       ArrayRef<SmallVector<int64_t>> resultShapes) {
  auto addView = [&](HostTensor &tensor, void *data,
                     SmallVectorImpl<attn_tensor> &views) {
    views.push_back({data, tensor.shape.data(), (int32_t)tensor.shape.size(),
                     tensor.dtype, nullptr});
  };
  auto addDevice = [&](int64_t numBytes) -> llvm::Error {
    memory.emplace_back();
    return memory.back().allocate(numBytes);
  };
  // Views point into the tensors: they must stay put.
  arguments.reserve(inputs.size());
  results.reserve(resultShapes.size());
  for (auto [input, value] : llvm::zip(inputs, signature.inputs)) {
    HostTensor &copy =
        arguments.emplace_back(makeTensor(input.dtype, input.shape));
    std::memcpy(copy.buffer.data(), input.buffer.data(), getNumBytes(input));
    if (value.isScalar) {
      addView(copy, copy.buffer.data(), inputViews);
      continue;
    }
    if (llvm::Error error = addDevice(getNumBytes(copy)))
      return error;
    if (llvm::Error error = toError(attn_rt_cuda_copy_to_device(
            memory.back().data(), copy.buffer.data(), getNumBytes(copy))))
      return error;
    addView(copy, memory.back().data(), inputViews);
  }
  for (auto [value, shape] : llvm::zip(signature.results, resultShapes)) {
    HostTensor &result = results.emplace_back(makeTensor(value.dtype, shape));
    if (llvm::Error error = addDevice(getNumBytes(result)))
      return error;
    addView(result, memory.back().data(), resultViews);
  }
  attn_cuda_device device;
  if (llvm::Error error = toError(attn_rt_cuda_get_device(&device)))
    return error;
  flushBytes = 2 * device.l2_bytes;
  if (llvm::Error error = flushMemory.allocate(flushBytes))
    return error;
  return toError(attn_rt_cuda_timer_create(&timer));
}

llvm::Error DeviceProgram::call() {
  return toError(compiled->getAs<Entry>()(
      inputViews.data(), inputViews.size(), resultViews.data(),
      resultViews.size(), /*stream=*/nullptr));
}

llvm::Expected<std::vector<HostTensor>> DeviceProgram::run() {
  for (auto [result, view] : llvm::zip(results, resultViews)) {
    poison(result);
    if (llvm::Error error = toError(attn_rt_cuda_copy_to_device(
            view.data, result.buffer.data(), getNumBytes(result))))
      return error;
  }
  if (llvm::Error error = call())
    return error;
  if (llvm::Error error = toError(attn_rt_cuda_synchronize(nullptr)))
    return error;
  std::vector<HostTensor> copies;
  for (auto [result, view] : llvm::zip(results, resultViews)) {
    copies.push_back(makeTensor(result.dtype, result.shape));
    if (llvm::Error error = toError(attn_rt_cuda_copy_to_host(
            copies.back().buffer.data(), view.data, getNumBytes(result))))
      return error;
  }
  return copies;
}

llvm::Expected<double> DeviceProgram::runTimed(bool flush) {
  if (flush)
    if (llvm::Error error = toError(
            attn_rt_cuda_fill(flushMemory.data(), 0, flushBytes, nullptr)))
      return error;
  if (llvm::Error error = toError(attn_rt_cuda_timer_begin(timer, nullptr)))
    return error;
  if (llvm::Error error = call())
    return error;
  if (llvm::Error error = toError(attn_rt_cuda_timer_end(timer, nullptr)))
    return error;
  double seconds = 0;
  if (llvm::Error error = toError(attn_rt_cuda_timer_get(timer, &seconds)))
    return error;
  return seconds;
}
