//===- Runner.cpp - Compiles, runs, compares, times -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runner.h"
#include "Inputs.h"
#include "Picture.h"
#include "Sizes.h"
#include "VerifyFusion.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Support/OutputFile.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn;

static int64_t countAttention(ModuleOp module) {
  int64_t count = 0;
  module.walk([&](SdpaOp) { ++count; });
  return count;
}

/// Draws masks and tiles, with the schedule that lowering chooses.
LogicalResult Runner::draw() {
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(program->getModule()->clone());
  AttnSelectSchedulePassOptions schedule;
  schedule.vectorBits = target.vectorBits;
  schedule.vectorRegisters = target.numVectorRegisters;
  schedule.useAVX512 = target.hasAVX512;
  PassManager pm(&context, ModuleOp::getOperationName());
  pm.addNestedPass<func::FuncOp>(createAttnSelectSchedulePass(schedule));
  if (failed(pm.run(*module)))
    return failure();
  if (llvm::Error error = writePicture(*module, options.picture))
    return fail("--picture: " + llvm::toString(std::move(error)));
  return success();
}

/// Runs every fusion alone beside what it replaced.
LogicalResult Runner::verifyEachFusion() {
  OwningOpRef<ModuleOp> module = clone();
  PassManager pm(&context, ModuleOp::getOperationName());
  RaisePipelineOptions raiseOptions;
  raiseOptions.numerics = options.numerics;
  raiseOptions.verifyFusion = true;
  buildRaisePipeline(pm, raiseOptions);
  if (failed(pm.run(*module)))
    return failure();
  return verifyFusions(*module, signature.name, inputs, target,
                       getLowering(options.backend), options.seed.value_or(0));
}

/// Raises the module, decides backends and takes note of both.
LogicalResult Runner::raise() {
  auto begin = Trace::Clock::now();
  program.emplace("fused", clone());
  ModuleOp module = program->getModule();
  int64_t before = countAttention(module);
  PassManager pm(&context, ModuleOp::getOperationName());
  RaisePipelineOptions raiseOptions;
  raiseOptions.numerics = options.numerics;
  if (!options.noRaise)
    buildRaisePipeline(pm, raiseOptions);
  AttnSelectBackendPassOptions select;
  select.backend = options.backend;
  select.target = options.target;
  pm.addNestedPass<func::FuncOp>(createAttnSelectBackendPass(select));
  if (failed(pm.run(module)))
    return failure();
  trace.add("raise", "compile", begin, Trace::Clock::now());
  report.fused = countAttention(module) - before;
  llvm::SmallSet<StringRef, 4> backends;
  module.walk(
      [&](SdpaOp op) { backends.insert(stringifyBackend(op.getBackend())); });
  if (!backends.empty()) {
    SmallVector<StringRef> names(backends.begin(), backends.end());
    llvm::sort(names);
    report.backend = llvm::join(names, "+");
  }
  return success();
}

LowerToLLVMPipelineOptions &Runner::getLowering(StringRef backend) {
  lowering.backend = backend.str();
  lowering.cpu = options.cpu;
  lowering.parallel = true;
  lowering.trace = !options.profile.empty();
  return lowering;
}

/// Counts what attention computes, if anyone reads it.
LogicalResult Runner::count() {
  if (!options.isBench() && options.format == Format::Table)
    return success();
  FailureOr<std::optional<int64_t>> flops =
      countFlops(program->getModule(), options.entry, inputs, signature, target,
                 getLowering("math"), trace);
  if (failed(flops))
    return failure();
  report.flops = *flops;
  return success();
}

LogicalResult Runner::compileAll() {
  auto begin = Trace::Clock::now();
  // The reference starts from the raised module, which compilation consumes.
  OwningOpRef<ModuleOp> raised;
  if (options.compare == CompareWith::Math)
    raised = cast<ModuleOp>(program->getModule()->clone());
  if (options.isCUDA()
          ? failed(compileForDevice())
          : failed(program->compile(options.entry, target,
                                    getLowering(options.backend), trace)))
    return failure();
  report.compileMs =
      std::chrono::duration<double, std::milli>(Trace::Clock::now() - begin)
          .count();
  if (options.compare == CompareWith::None)
    return success();

  compared.emplace(options.compare == CompareWith::Math ? "math" : "unfused",
                   options.compare == CompareWith::Math ? std::move(raised)
                                                        : clone());
  ModuleOp module = compared->getModule();
  module.walk([](SdpaOp op) { op.setBackend(Backend::Math); });
  if (options.compare == CompareWith::Math) {
    PassManager pm(&context, ModuleOp::getOperationName());
    pm.addPass(createAttnPromoteToF64Pass());
    if (failed(pm.run(module)))
      return failure();
  }
  return compared->compile(options.entry, target, getLowering("math"), trace);
}

LogicalResult Runner::compileForDevice() {
  FailureOr<std::vector<SmallVector<int64_t>>> shapes =
      computeResultShapes(program->getModule(), options.entry, inputs,
                          signature, target, getLowering("math"), trace);
  if (failed(shapes))
    return failure();
  DeviceOptions deviceOptions;
  deviceOptions.arch = options.gpuArch;
  if (deviceOptions.arch.empty())
    deviceOptions.arch = getArchOfDevice(deviceInfo.capability);
  deviceOptions.cudaPath = options.cudaPath;
  deviceOptions.cubinCache = options.cubinCache;
  deviceOptions.kernelOptions = options.kernelOptions;
  deviceOptions.backend = options.backend;
  device.emplace(program->takeModule());
  if (failed(device->compile(options.entry, deviceOptions, target, trace)))
    return failure();
  if (llvm::Error error = device->prepare(inputs, signature, *shapes))
    return fail(llvm::toString(std::move(error)));
  return success();
}

LogicalResult Runner::runOnDevice() {
  for (int i = 0; i < 2; ++i) {
    auto begin = Trace::Clock::now();
    llvm::Expected<std::vector<HostTensor>> run = device->run();
    if (!run)
      return fail("@" + options.entry +
                  " failed: " + llvm::toString(run.takeError()));
    trace.add("run fused", "run", begin, Trace::Clock::now());
    // The first time there is nothing to compare with.
    for (size_t index = 0; index < results.size(); ++index) {
      const HostTensor &first = results[index], &again = (*run)[index];
      if (std::memcmp(first.buffer.data(), again.buffer.data(),
                      first.getNumElements() * attn_rt_dtype_size(first.dtype)))
        return fail("result " + llvm::Twine(index) +
                    " differs between two runs");
    }
    results = std::move(*run);
  }
  return success();
}

LogicalResult Runner::runAll() {
  attn_rt_set_num_threads(options.threads);
  if (!options.profile.empty())
    attn_rt_set_trace_handler(Trace::addKernel, &trace);
  auto begin = Trace::Clock::now();
  if (options.isCUDA()) {
    if (failed(runOnDevice()))
      return failure();
  } else {
    llvm::Expected<std::vector<HostTensor>> first =
        program->run(inputs, signature);
    if (!first)
      return fail("@" + options.entry +
                  " failed: " + llvm::toString(first.takeError()));
    results = std::move(*first);
    // Once more, into memory that shows what is not written.
    for (HostTensor &result : results)
      poison(result);
    begin = Trace::Clock::now();
    llvm::Expected<double> seconds = program->runTimed(inputs, results);
    if (!seconds)
      return fail("@" + options.entry +
                  " failed: " + llvm::toString(seconds.takeError()));
    trace.add("run fused", "run", begin, Trace::Clock::now());
  }

  if (!compared)
    return success();
  EntrySignature comparedSignature = signature;
  bool inF64 = options.compare == CompareWith::Math;
  for (HostTensor &input : inputs) {
    if (inF64) {
      comparedInputs.push_back(promoteToF64(input));
      continue;
    }
    HostTensor copy = makeTensor(input.dtype, input.shape);
    std::memcpy(copy.buffer.data(), input.buffer.data(),
                std::min(copy.buffer.size(), input.buffer.size()));
    comparedInputs.push_back(std::move(copy));
  }
  if (inF64)
    for (EntryValue &value : comparedSignature.results)
      if (value.dtype == ATTN_F16 || value.dtype == ATTN_BF16 ||
          value.dtype == ATTN_F32)
        value.dtype = ATTN_F64;
  begin = Trace::Clock::now();
  llvm::Expected<std::vector<HostTensor>> expected =
      compared->run(comparedInputs, comparedSignature);
  if (!expected)
    return fail("the compared program failed: " +
                llvm::toString(expected.takeError()));
  trace.add(("run " + compared->getName()).str(), "run", begin,
            Trace::Clock::now());
  return compareResults(*expected, !inF64);
}

LogicalResult Runner::compareResults(ArrayRef<HostTensor> expected,
                                     bool unfused) {
  if (report.errors.empty())
    report.errors.resize(results.size());
  for (auto [index, actual, reference] : llvm::enumerate(results, expected)) {
    TensorError error = attn::compare(actual, reference);
    double tolerance = options.tolerance.value_or(0);
    if (!options.tolerance) {
      tolerance = getDefaultTolerance(actual.dtype);
      // Half-precision programs round every intermediate result.
      if (unfused && (actual.dtype == ATTN_F16 || actual.dtype == ATTN_BF16))
        tolerance *= 4;
    }
    TensorError &worst = report.errors[index];
    worst.maxAbs = std::max(worst.maxAbs, error.maxAbs);
    worst.relFrobenius = std::max(worst.relFrobenius, error.relFrobenius);
    if (error.relFrobenius <= tolerance)
      continue;
    mismatch = true;
    (void)fail(llvm::formatv("result {0} differs: relative Frobenius error "
                             "{1:e2} above the tolerance {2:e2}, max {3:e2}",
                             index, error.relFrobenius, tolerance, error.maxAbs)
                   .str());
  }
  return success();
}

LogicalResult Runner::benchOnDevice() {
  std::vector<double> times[2];
  constexpr size_t kMinRuns = 5;
  auto begin = Trace::Clock::now();
  auto isTimeLeft = [&] {
    std::chrono::duration<double> elapsed = Trace::Clock::now() - begin;
    return elapsed.count() < *options.benchSeconds;
  };
  while (times[0].size() < kMinRuns || isTimeLeft())
    for (bool flush : {false, true}) {
      auto started = Trace::Clock::now();
      llvm::Expected<double> seconds = device->runTimed(flush);
      if (!seconds)
        return fail(llvm::toString(seconds.takeError()));
      trace.add(flush ? "run, L2 flushed" : "run", "run", started,
                Trace::Clock::now());
      times[flush].push_back(*seconds);
    }
  report.warmTiming = getTiming(times[false]);
  report.timing = getTiming(times[true]);
  return success();
}

/// Runs the programs in turn, so that noise hits both.
LogicalResult Runner::bench() {
  if (options.isCUDA())
    return benchOnDevice();
  std::vector<double> times, comparedTimes;
  std::vector<HostTensor> comparedResults;
  if (compared)
    for (auto [result, value] : llvm::zip(results, signature.results)) {
      bool inF64 = options.compare == CompareWith::Math &&
                   (value.dtype == ATTN_F16 || value.dtype == ATTN_BF16 ||
                    value.dtype == ATTN_F32);
      comparedResults.push_back(
          makeTensor(inF64 ? ATTN_F64 : value.dtype, result.shape));
    }
  constexpr size_t kMinRuns = 3;
  auto begin = Trace::Clock::now();
  auto isTimeLeft = [&] {
    std::chrono::duration<double> elapsed = Trace::Clock::now() - begin;
    return elapsed.count() < *options.benchSeconds;
  };
  while (times.size() < kMinRuns || isTimeLeft()) {
    auto started = Trace::Clock::now();
    llvm::Expected<double> seconds = program->runTimed(inputs, results);
    if (!seconds)
      return fail(llvm::toString(seconds.takeError()));
    trace.add("run fused", "run", started, Trace::Clock::now());
    times.push_back(*seconds);
    if (!compared)
      continue;
    started = Trace::Clock::now();
    seconds = compared->runTimed(comparedInputs, comparedResults);
    if (!seconds)
      return fail(llvm::toString(seconds.takeError()));
    trace.add(("run " + compared->getName()).str(), "run", started,
              Trace::Clock::now());
    comparedTimes.push_back(*seconds);
  }
  report.timing = getTiming(times);
  if (!compared)
    return success();
  report.comparedName = compared->getName();
  report.comparedTiming = getTiming(comparedTimes);
  return success();
}

LogicalResult Runner::writeOutputs() {
  SmallVector<std::string> contents;
  SmallVector<OutputFile> files;
  for (auto [path, result] : llvm::zip(options.outputs, results))
    contents.push_back(formatNpy(toArray(result)));
  if (!options.profile.empty())
    contents.push_back(trace.format());
  for (auto [index, content] : llvm::enumerate(contents))
    files.push_back({index < options.outputs.size() ? options.outputs[index]
                                                    : options.profile,
                     content});
  if (llvm::Error error = writeOutputFiles(files))
    return fail(llvm::toString(std::move(error)));
  return success();
}

LogicalResult Runner::checkTarget() {
  llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo(options.cpu);
  if (!info)
    return fail(llvm::toString(info.takeError()));
  target = *info;
  std::vector<std::string> missing = getFeaturesHostLacks(target);
  if (!missing.empty())
    return fail("this machine cannot run code for the CPU '" + options.cpu +
                "': it lacks " + llvm::join(missing, ", "));
  report.entry = options.entry;
  report.target = options.target;
  report.device = target.cpu;
  if (!options.isCUDA()) {
    if (failed(lowering.parseFromString(options.kernelOptions)))
      return fail("--kernel-options: cannot read '" + options.kernelOptions +
                  "'");
    return success();
  }
  noDevice = attn_rt_cuda_get_device(&deviceInfo) != ATTN_OK;
  if (noDevice)
    return fail("--target=cuda: " + llvm::Twine(attn_rt_last_error()));
  report.device = deviceInfo.name;
  return success();
}

/// Reads the file and finds the entry.
LogicalResult Runner::readModule() {
  auto begin = Trace::Clock::now();
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file =
      openInputFile(options.file, &message);
  if (!file)
    return fail(message);
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  given = parseSourceFile<ModuleOp>(sources, &context);
  if (!given)
    return failure();
  trace.add("parse", "compile", begin, Trace::Clock::now());
  FailureOr<func::FuncOp> entry = lookupEntry(*given, options.entry);
  if (failed(entry))
    return failure();
  FailureOr<EntrySignature> found = getEntrySignature(*entry);
  if (failed(found))
    return failure();
  signature = *found;
  if (failed(dropUnreachable(*entry)) || failed(verifyCallees(*entry)))
    return failure();
  if (options.compare != CompareWith::None && signature.results.empty())
    return fail("--compare: @" + options.entry + " has no results to compare");
  for (auto [list, name] : {std::pair{&options.outputs, "--output"},
                            std::pair{&options.expected, "--expect"}})
    if (!list->empty() && list->size() != signature.results.size())
      return fail("@" + options.entry + " has " +
                  llvm::Twine(signature.results.size()) + " results, got " +
                  llvm::Twine(list->size()) + " " + name + " files");
  return success();
}

LogicalResult Runner::run() {
  SourceMgrDiagnosticHandler handler(sources, &context);
  if (options.guard)
    Buffer::guardEnds();
  if (failed(checkTarget()) || failed(readModule()))
    return failure();
  FailureOr<std::vector<HostTensor>> expected =
      readExpected(options, signature);
  if (failed(expected))
    return failure();
  FailureOr<std::vector<HostTensor>> made = makeInputs(options, signature);
  if (failed(made))
    return failure();
  inputs = std::move(*made);
  if (options.verifyFusion && failed(verifyEachFusion()))
    return fail("a fusion differs from what it replaced");
  if (failed(raise()) || (!options.picture.empty() && failed(draw())) ||
      failed(count()) || failed(compileAll()) || failed(runAll()))
    return failure();
  if (!expected->empty() && failed(compareResults(*expected, false)))
    return failure();
  if (options.isBench() && failed(bench()))
    return failure();
  if (failed(writeOutputs()))
    return failure();
  report.threads = attn_rt_get_num_threads();
  report.print(llvm::outs(), options.format);
  return failure(mismatch);
}
