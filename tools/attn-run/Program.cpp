//===- Program.cpp - A module, compiled and timed ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Support/OutputFile.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Trace
//===----------------------------------------------------------------------===//

void Trace::add(StringRef name, StringRef category, Clock::time_point begin,
                Clock::time_point end) {
  using Microseconds = std::chrono::duration<double, std::micro>;
  events.push_back({name.str(), category.str(),
                    Microseconds(begin - start).count(),
                    Microseconds(end - begin).count()});
}

void Trace::addKernel(void *trace, const char *name, int64_t begin,
                      int64_t end) {
  // The clock of both is CLOCK_MONOTONIC.
  auto at = [](int64_t time) {
    return Clock::time_point(std::chrono::nanoseconds(time));
  };
  static_cast<Trace *>(trace)->add(name, "kernel", at(begin), at(end));
}

std::string Trace::format() const {
  llvm::json::Array list;
  for (const Event &event : events)
    list.push_back(llvm::json::Object{{"name", event.name},
                                      {"cat", event.category},
                                      {"ph", "X"},
                                      {"ts", event.beginUs},
                                      {"dur", event.durationUs},
                                      {"pid", 1},
                                      {"tid", 1}});
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::json::Value(llvm::json::Object{{"traceEvents", std::move(list)}})
      << "\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

LogicalResult Program::compile(StringRef entry, const CPUTargetInfo &info,
                               const LowerToLLVMPipelineOptions &options,
                               Trace &trace) {
  FailureOr<func::FuncOp> function = lookupEntry(*module, entry);
  if (failed(function) || failed(verifyMemRefArguments(*function)) ||
      failed(markEntry(*function)))
    return failure();
  auto begin = Trace::Clock::now();
  PassManager pm(module->getContext(), ModuleOp::getOperationName());
  buildLowerToLLVMPipeline(pm, options);
  if (failed(pm.run(*module)) || failed(emitEntryPoint(*module)))
    return failure();
  auto lowered = Trace::Clock::now();
  trace.add(("lower " + name), "compile", begin, lowered);
  llvm::Expected<CompiledEntry> result = compileInProcess(*module, entry, info);
  trace.add(("generate code for " + name), "compile", lowered,
            Trace::Clock::now());
  if (!result)
    return emitError(UnknownLoc::get(module->getContext()))
           << "cannot compile: " << llvm::toString(result.takeError());
  compiled = std::move(*result);
  return success();
}

static SmallVector<attn_tensor> getViews(MutableArrayRef<HostTensor> tensors) {
  SmallVector<attn_tensor> views;
  for (HostTensor &tensor : tensors)
    views.push_back(tensor.getView());
  return views;
}

llvm::Expected<std::vector<HostTensor>>
Program::run(MutableArrayRef<HostTensor> inputs,
             const EntrySignature &signature) const {
  SmallVector<attn_tensor> views = getViews(inputs);
  std::vector<SmallVector<int64_t>> shapes;
  for (const EntryValue &value : signature.results)
    shapes.emplace_back(value.shape.size(), 0);
  SmallVector<attn_tensor> outputs;
  for (auto [value, shape] : llvm::zip(signature.results, shapes))
    outputs.push_back(
        {nullptr, shape.data(), (int32_t)shape.size(), value.dtype, nullptr});
  if ((*compiled)(views, outputs) != ATTN_OK)
    return llvm::createStringError(attn_rt_last_error());
  std::vector<HostTensor> results;
  for (auto [output, shape] : llvm::zip(outputs, shapes)) {
    HostTensor tensor{output.dtype, shape, {}};
    tensor.buffer =
        Buffer::adopt(output.data, tensor.getNumElements() *
                                       attn_rt_dtype_size(output.dtype));
    results.push_back(std::move(tensor));
  }
  return results;
}

llvm::Expected<double>
Program::runTimed(MutableArrayRef<HostTensor> inputs,
                  MutableArrayRef<HostTensor> results) const {
  SmallVector<attn_tensor> inputViews = getViews(inputs);
  SmallVector<attn_tensor> resultViews = getViews(results);
  auto begin = Trace::Clock::now();
  attn_status status = (*compiled)(inputViews, resultViews);
  std::chrono::duration<double> elapsed = Trace::Clock::now() - begin;
  if (status != ATTN_OK)
    return llvm::createStringError(attn_rt_last_error());
  return elapsed.count();
}
