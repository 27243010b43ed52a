//===- attn-run.cpp - Compile, run, compare, time ---------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceProgram.h"
#include "HostTensor.h"
#include "Picture.h"
#include "Program.h"
#include "VerifyFusion.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/InitAll.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;
namespace cl = llvm::cl;

namespace {

enum class CompareWith { None, Math, Unfused };
enum class Format { Table, JSON };

struct Options {
  cl::OptionCategory category{"attn-run options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir"), cl::Required,
                            cl::cat(category)};
  cl::opt<std::string> entry{"entry", cl::desc("Function to run"),
                             cl::value_desc("name"), cl::init("main"),
                             cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("cpu or cuda"),
                              cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> cpu{
      "cpu", cl::desc("CPU to generate code for, as LLVM names it"),
      cl::init("native"), cl::cat(category)};
  cl::opt<std::string> gpuArch{
      "gpu-arch", cl::desc("GPU to generate code for (default: the one here)"),
      cl::value_desc("sm_90a"), cl::cat(category)};
  cl::opt<std::string> cudaPath{
      "cuda-path",
      cl::desc("CUDA toolkit with ptxas, or ptxas itself (default: the one "
               "that ./dev cuda got, /usr/local/cuda, the PATH)"),
      cl::value_desc("DIR"), cl::cat(category)};
  cl::opt<std::string> cubinCache{
      "cubin-cache", cl::desc("Keep compiled kernels for the next time"),
      cl::value_desc("DIR"), cl::cat(category)};
  cl::opt<std::string> kernelOptions{
      "kernel-options",
      cl::desc("Options of attn-lower-to-nvvm-pipeline that force choices of "
               "its cost model"),
      cl::value_desc("NAME=VALUE ..."), cl::cat(category)};
  cl::opt<std::string> backend{
      "backend",
      cl::desc("Backend of attention: auto, flash, efficient or math"),
      cl::init("auto"), cl::cat(category)};
  cl::opt<std::string> numerics{
      "numerics", cl::desc("What fusion may change: strict, default or fast"),
      cl::init("default"), cl::cat(category)};
  cl::opt<std::string> picture{
      "picture", cl::desc("Draw the masks, and the tiles that kernels visit"),
      cl::value_desc("out.svg"), cl::cat(category)};
  cl::opt<bool> verifyFusion{
      "verify-fusion",
      cl::desc("Also run every fusion alone beside what it replaced, on random "
               "and on hard inputs"),
      cl::cat(category)};
  cl::opt<bool> noRaise{"no-raise",
                        cl::desc("Do not look for attention in the module"),
                        cl::cat(category)};
  cl::list<std::string> inputs{"input",
                               cl::desc("Argument, in order; or use --random"),
                               cl::value_desc("F.npy"), cl::cat(category)};
  cl::opt<std::string> random{
      "random",
      cl::ValueOptional,
      cl::init(""),
      cl::desc("Random arguments (normal floats); the seed is 0 by default"),
      cl::value_desc("seed"),
      cl::cat(category)};
  cl::opt<double> randomScale{"random-scale",
                              cl::desc("Standard deviation of random floats"),
                              cl::init(1.0), cl::cat(category)};
  cl::list<std::string> shapes{
      "shape", cl::desc("Shape of a random argument with dynamic dimensions"),
      cl::value_desc("ARG=2x4x77x64"), cl::cat(category)};
  cl::list<std::string> outputs{"output",
                                cl::desc("File for each result, in order"),
                                cl::value_desc("F.npy"), cl::cat(category)};
  cl::list<std::string> expected{
      "expect", cl::desc("Expected value of each result, in order"),
      cl::value_desc("F.npy"), cl::cat(category)};
  cl::opt<CompareWith> compare{
      "compare", cl::desc("Also run and compare with"),
      cl::values(clEnumValN(CompareWith::Math, "math",
                            "the raised module in f64, backend math"),
                 clEnumValN(CompareWith::Unfused, "unfused",
                            "the module as given, not raised")),
      cl::init(CompareWith::None), cl::cat(category)};
  cl::opt<double> tolerance{
      "tolerance",
      cl::desc("Accepted relative Frobenius error (default: by the type of "
               "the result, f64 2^-40, f32 2^-17, f16 2^-9, bf16 2^-6; four "
               "times that with --compare=unfused for f16 and bf16, whose "
               "intermediate results are rounded)"),
      cl::init(-1), cl::cat(category)};
  cl::opt<std::string> bench{
      "bench",
      cl::ValueOptional,
      cl::init(""),
      cl::desc("Time the function for so many seconds (1 by default); on a "
               "GPU by its events, with L2 flushed before and not"),
      cl::value_desc("seconds"),
      cl::cat(category)};
  cl::opt<int> threads{"threads",
                       cl::desc("Number of threads, 1024 at most (0: one for "
                                "each CPU)"),
                       cl::init(0), cl::cat(category)};
  cl::opt<bool> guard{
      "guard",
      cl::desc(
          "Put memory that nobody may touch behind every argument, so that "
          "a kernel that reads or writes too far is stopped"),
      cl::cat(category)};
  cl::opt<std::string> profile{
      "profile", cl::desc("Write a Chrome trace of compilation and runs"),
      cl::value_desc("trace.json"), cl::cat(category)};
  cl::opt<Format> format{
      "format", cl::desc("Form of the report"),
      cl::values(clEnumValN(Format::Table, "table", "for people"),
                 clEnumValN(Format::JSON, "json", "one JSON object")),
      cl::init(Format::Table), cl::cat(category)};

  bool isCUDA() const { return target == "cuda"; }
  bool isRandom() const { return random.getNumOccurrences() > 0; }
  bool isBench() const { return bench.getNumOccurrences() > 0; }
};

constexpr llvm::StringLiteral kOverview(
    "Compiles a function of an MLIR module in this process, runs it, compares "
    "and times it.\n\n"
    "Examples:\n"
    "  attn-run model.mlir --random --compare=unfused --bench\n"
    "  attn-run model.mlir --input q.npy --input k.npy --input v.npy --output "
    "o.npy\n"
    "  attn-run dynamic.mlir --random=7 --shape 0=2x4x77x64 --shape "
    "1=2x4x99x64 \\\n      --shape 2=2x4x99x64 --compare=math --format=json\n"
    "  attn-run model.mlir --target=cuda --random --compare=math --bench\n\n"
    "Ends with 1 after an error or a difference, with 2 if there is no GPU for "
    "--target=cuda.\n");

LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "attn-run") << message << "\n";
  return failure();
}

struct Timing {
  double minMs = 0, medianMs = 0;
};

/// What the report says.
struct Report {
  std::string backend = "none";
  int64_t fused = 0;
  double compileMs = 0;
  std::optional<int64_t> flops;
  std::optional<Timing> timing, comparedTiming;
  /// On a GPU: without flushing L2 before each run.
  std::optional<Timing> warmTiming;
  std::vector<TensorError> errors;
};

class Runner {
public:
  Runner(Options &options, MLIRContext &context)
      : options(options), context(context) {}

  LogicalResult run();
  /// What the process ends with.
  int getExitCode() const { return noDevice ? 2 : 1; }

private:
  LogicalResult checkOptions();
  LogicalResult checkDevice();
  LogicalResult raise();
  LogicalResult draw();
  LogicalResult verifyEachFusion();
  LogicalResult makeInputs();
  FailureOr<std::vector<std::pair<unsigned, SmallVector<int64_t>>>>
  parseShapes();
  LogicalResult compileAll();
  LogicalResult compileForDevice();
  LogicalResult runAll();
  LogicalResult compareResults(ArrayRef<HostTensor> expected, bool unfused);
  /// Runs twice and compares the bits.
  LogicalResult runOnDevice();
  LogicalResult bench();
  LogicalResult benchOnDevice();
  LogicalResult writeOutputs();
  void print();

  OwningOpRef<ModuleOp> clone() { return cast<ModuleOp>(given->clone()); }
  LowerToLLVMPipelineOptions &getLowering(StringRef backend);

  Options &options;
  MLIRContext &context;
  CPUTargetInfo target;
  Trace trace;
  Report report;
  OwningOpRef<ModuleOp> given;
  EntrySignature signature;
  LowerToLLVMPipelineOptions lowering;
  std::optional<Program> program, compared;
  std::optional<DeviceProgram> device;
  attn_cuda_device deviceInfo = {};
  bool noDevice = false;
  std::vector<HostTensor> inputs, comparedInputs, results;
  double benchSeconds = 1;
  uint64_t seed = 0;
  bool mismatch = false;
};

LogicalResult Runner::checkOptions() {
  if (!options.isCUDA() && options.target != "cpu")
    return fail("unknown target '" + options.target +
                "', expected cpu or cuda");
  if (!symbolizeBackend(options.backend))
    return fail("unknown backend '" + options.backend +
                "', expected auto, flash, efficient or math");
  if (options.isRandom() && !options.inputs.empty())
    return fail("--input and --random exclude each other");
  if (!std::isfinite(options.randomScale))
    return fail("--random-scale: expected a finite number");
  if (!options.shapes.empty() && !options.isRandom())
    return fail("--shape needs --random");
  if (!options.random.empty() &&
      StringRef(options.random).getAsInteger(10, seed))
    return fail("--random: expected a seed, got '" + options.random + "'");
  if (!options.bench.empty() &&
      (StringRef(options.bench).getAsDouble(benchSeconds) ||
       !(benchSeconds > 0) || !std::isfinite(benchSeconds)))
    return fail("--bench: expected seconds, got '" + options.bench + "'");
  if (options.guard)
    Buffer::guardEnds();
  if (options.threads < 0)
    return fail("--threads: expected 0 or more, got " +
                llvm::Twine(options.threads));
  if (options.tolerance.getNumOccurrences() && !(options.tolerance >= 0))
    return fail("--tolerance: expected a number that is not negative");
  llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo(options.cpu);
  if (!info)
    return fail(llvm::toString(info.takeError()));
  target = *info;
  std::vector<std::string> missing = getFeaturesHostLacks(target);
  if (!missing.empty())
    return fail("this machine cannot run code for the CPU '" + options.cpu +
                "': it lacks " + llvm::join(missing, ", "));
  return success();
}

int64_t countAttention(ModuleOp module) {
  int64_t count = 0;
  module.walk([&](SdpaOp) { ++count; });
  return count;
}

/// 2 (D + Dv) operations for each pair of query and key that the structure
/// keeps; nothing if a size is unknown.
std::optional<int64_t> countFlops(func::FuncOp entry) {
  int64_t flops = 0;
  bool known = true;
  entry.walk([&](SdpaOp op) {
    int64_t lq = op.getNumQueries(), lk = op.getNumKeys();
    if (!op.getOutputType().hasStaticShape() || ShapedType::isDynamic(lk)) {
      known = false;
      return;
    }
    int64_t pairs = 0;
    for (int64_t i = 0; i < lq; ++i) {
      KeyInterval keys =
          getClampedKeyInterval(op.getStructureAttr(), i, {lq, lk});
      pairs += std::max<int64_t>(keys.end - keys.begin, 0);
    }
    int64_t heads = 1;
    for (int64_t size : op.getOutputType().getShape().drop_back(2))
      heads *= size;
    flops += 2 * (op.getHeadDim() + op.getValueDim()) * pairs * heads;
  });
  if (!known)
    return std::nullopt;
  return flops;
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
  raiseOptions.numerics = options.numerics.getValue();
  raiseOptions.verifyFusion = true;
  buildRaisePipeline(pm, raiseOptions);
  if (failed(pm.run(*module)))
    return failure();
  return verifyFusions(*module, target, getLowering(options.backend), seed);
}

/// Raises the module, decides backends and takes note of both.
LogicalResult Runner::raise() {
  auto begin = Trace::Clock::now();
  program.emplace("fused", clone());
  ModuleOp module = program->getModule();
  int64_t before = countAttention(module);
  PassManager pm(&context, ModuleOp::getOperationName());
  RaisePipelineOptions raiseOptions;
  raiseOptions.numerics = options.numerics.getValue();
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
  report.flops = countFlops(module.lookupSymbol<func::FuncOp>(options.entry));
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

FailureOr<std::vector<std::pair<unsigned, SmallVector<int64_t>>>>
Runner::parseShapes() {
  std::vector<std::pair<unsigned, SmallVector<int64_t>>> result;
  for (StringRef text : options.shapes) {
    auto [argument, sizes] = text.split('=');
    unsigned index;
    if (argument.getAsInteger(10, index) || index >= signature.inputs.size())
      return fail("--shape " + text +
                  ": expected ARG=SIZExSIZE... with an "
                  "argument number below " +
                  llvm::Twine(signature.inputs.size()));
    SmallVector<StringRef> parts;
    if (!sizes.empty())
      sizes.split(parts, 'x');
    SmallVector<int64_t> shape;
    for (StringRef part : parts) {
      int64_t size;
      if (part.getAsInteger(10, size) || size < 0)
        return fail("--shape " + text + ": '" + part + "' is no size");
      shape.push_back(size);
    }
    result.push_back({index, shape});
  }
  return result;
}

std::string formatType(attn_dtype dtype, ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (ShapedType::isDynamic(size) ? "?" : std::to_string(size)) + "x";
  return text + getDtypeName(dtype).str();
}

/// Checks a shape against the signature.
bool fits(ArrayRef<int64_t> shape, const EntryValue &value) {
  return succeeded(verifyCompatibleShape(shape, value.shape));
}

LogicalResult Runner::makeInputs() {
  size_t numInputs = signature.inputs.size();
  if (!options.isRandom()) {
    if (options.inputs.size() != numInputs)
      return fail("@" + options.entry + " takes " + llvm::Twine(numInputs) +
                  " arguments, got " + llvm::Twine(options.inputs.size()) +
                  " --input files" +
                  (options.inputs.empty() ? " (or use --random)" : ""));
    for (auto [index, path] : llvm::enumerate(options.inputs)) {
      llvm::Expected<Array> array = readNpy(path);
      if (!array)
        return fail(llvm::toString(array.takeError()));
      const EntryValue &value = signature.inputs[index];
      if (array->dtype != value.dtype || !fits(array->shape, value))
        return fail(path + ": argument " + llvm::Twine(index) + " is " +
                    formatType(value.dtype, value.shape) + ", the file holds " +
                    formatType(array->dtype, array->shape));
      inputs.push_back(fromArray(std::move(*array)));
    }
    return success();
  }
  auto shapes = parseShapes();
  if (failed(shapes))
    return failure();
  for (auto [index, value] : llvm::enumerate(signature.inputs)) {
    SmallVector<int64_t> shape = value.shape;
    for (auto &[argument, given] : *shapes)
      if (argument == index)
        shape = given;
    if (!fits(shape, value))
      return fail("--shape: argument " + llvm::Twine(index) + " is " +
                  formatType(value.dtype, value.shape) + ", got " +
                  formatType(value.dtype, shape));
    if (ShapedType::isDynamicShape(shape))
      return fail("argument " + llvm::Twine(index) + " is " +
                  formatType(value.dtype, value.shape) +
                  ": give its shape with --shape " + llvm::Twine(index) +
                  "=...");
    int64_t bytes = attn_rt_dtype_size(value.dtype);
    constexpr int64_t kMaxBytes = int64_t(1) << 40;
    for (int64_t size : shape)
      if (llvm::MulOverflow(bytes, std::max<int64_t>(size, 1), bytes) ||
          bytes > kMaxBytes)
        return fail("argument " + llvm::Twine(index) + ": a tensor of " +
                    formatType(value.dtype, shape) + " is too large");
    inputs.push_back(makeRandomTensor(
        value.dtype, shape, seed + 1000003 * index, options.randomScale));
  }
  return success();
}

LowerToLLVMPipelineOptions &Runner::getLowering(StringRef backend) {
  lowering.backend = backend.str();
  lowering.cpu = options.cpu.getValue();
  lowering.parallel = true;
  lowering.trace = !options.profile.empty();
  return lowering;
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

LogicalResult Runner::checkDevice() {
  noDevice = attn_rt_cuda_get_device(&deviceInfo) != ATTN_OK;
  if (noDevice)
    return fail("--target=cuda: " + llvm::Twine(attn_rt_last_error()));
  return success();
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
    double tolerance = options.tolerance;
    if (!options.tolerance.getNumOccurrences()) {
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

Timing getTiming(std::vector<double> seconds) {
  llvm::sort(seconds);
  size_t n = seconds.size();
  double median =
      n % 2 ? seconds[n / 2] : (seconds[n / 2 - 1] + seconds[n / 2]) / 2;
  return {seconds.front() * 1e3, median * 1e3};
}

LogicalResult Runner::benchOnDevice() {
  std::vector<double> times[2];
  constexpr size_t kMinRuns = 5;
  auto begin = Trace::Clock::now();
  auto isTimeLeft = [&] {
    std::chrono::duration<double> elapsed = Trace::Clock::now() - begin;
    return elapsed.count() < benchSeconds;
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
    return elapsed.count() < benchSeconds;
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
  if (compared)
    report.comparedTiming = getTiming(comparedTimes);
  return success();
}

LogicalResult Runner::writeOutputs() {
  for (size_t index = 0; index < options.outputs.size(); ++index) {
    llvm::Error error =
        writeNpy(options.outputs[index], toArray(results[index]));
    if (!error)
      continue;
    // All results or none.
    for (size_t i = 0; i < index; ++i)
      if (llvm::sys::fs::is_regular_file(options.outputs[i]))
        llvm::sys::fs::remove(options.outputs[i]);
    return fail(llvm::toString(std::move(error)));
  }
  if (!options.profile.empty())
    if (llvm::Error error = trace.write(options.profile))
      return fail(options.profile + ": " + llvm::toString(std::move(error)));
  return success();
}

void Runner::print() {
  int threads = attn_rt_get_num_threads();
  std::optional<double> gflops;
  if (report.timing && report.flops)
    gflops = *report.flops / report.timing->medianMs * 1e-6;
  StringRef comparedName = compared ? compared->getName() : "";
  if (options.format == Format::JSON) {
    auto orNull = [](auto value) -> llvm::json::Value {
      if (!value)
        return nullptr;
      return *value;
    };
    // JSON has no infinity.
    auto getNumber = [](double value) -> llvm::json::Value {
      if (!std::isfinite(value))
        return nullptr;
      return value;
    };
    llvm::json::Array errors;
    for (const TensorError &error : report.errors)
      errors.push_back(
          llvm::json::Object{{"max_abs", getNumber(error.maxAbs)},
                             {"rel_frobenius", getNumber(error.relFrobenius)}});
    llvm::json::Object object{{"entry", options.entry.getValue()},
                              {"target", options.target.getValue()},
                              {"backend", report.backend},
                              {"threads", threads},
                              {"compile_ms", report.compileMs},
                              {"flops", orNull(report.flops)},
                              {"gflops", orNull(gflops)},
                              {"fused", report.fused},
                              {"errors", std::move(errors)}};
    object["min_ms"] =
        report.timing ? llvm::json::Value(report.timing->minMs) : nullptr;
    object["median_ms"] =
        report.timing ? llvm::json::Value(report.timing->medianMs) : nullptr;
    if (options.isCUDA())
      object["device"] = deviceInfo.name;
    if (report.warmTiming)
      object["l2_not_flushed"] =
          llvm::json::Object{{"min_ms", report.warmTiming->minMs},
                             {"median_ms", report.warmTiming->medianMs}};
    if (report.comparedTiming)
      object["compared"] =
          llvm::json::Object{{"program", comparedName},
                             {"min_ms", report.comparedTiming->minMs},
                             {"median_ms", report.comparedTiming->medianMs}};
    llvm::outs() << llvm::formatv("{0:2}\n",
                                  llvm::json::Value(std::move(object)));
    return;
  }
  llvm::raw_ostream &os = llvm::outs();
  os << llvm::formatv("@{0} on {1} ({2}), {3} thread{4}, backend {5}, fused "
                      "{6}, compiled in {7:f0} ms\n",
                      options.entry.getValue(), options.target.getValue(),
                      options.isCUDA() ? deviceInfo.name : target.cpu, threads,
                      threads == 1 ? "" : "s", report.backend, report.fused,
                      report.compileMs);
  for (auto [index, error] : llvm::enumerate(report.errors))
    os << llvm::formatv("result {0}: max abs error {1:e2}, relative Frobenius "
                        "error {2:e2}\n",
                        index, error.maxAbs, error.relFrobenius);
  auto printTiming = [&](StringRef name, const Timing &timing) {
    os << llvm::formatv("{0,-8} min {1:f3} ms, median {2:f3} ms", name,
                        timing.minMs, timing.medianMs);
  };
  if (report.timing) {
    printTiming(report.warmTiming ? "L2 flushed" : "time", *report.timing);
    if (gflops)
      os << llvm::formatv(", {0:f1} GFLOP/s in attention", *gflops);
    os << "\n";
  }
  if (report.warmTiming) {
    printTiming("L2 not flushed", *report.warmTiming);
    os << "\n";
  }
  if (report.comparedTiming) {
    printTiming(comparedName, *report.comparedTiming);
    os << llvm::formatv(", {0:f2} times ours\n",
                        report.comparedTiming->medianMs /
                            report.timing->medianMs);
  }
}

LogicalResult Runner::run() {
  if (failed(checkOptions()) || (options.isCUDA() && failed(checkDevice())))
    return failure();
  auto begin = Trace::Clock::now();
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file =
      openInputFile(options.file, &message);
  if (!file)
    return fail(message);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
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
  if (failed(dropUnreachable(*entry)))
    return failure();
  if (options.compare != CompareWith::None && signature.results.empty())
    return fail("--compare: @" + options.entry + " has no results to compare");
  for (auto [list, name] : {std::pair{&options.outputs, "--output"},
                            std::pair{&options.expected, "--expect"}})
    if (!list->empty() && list->size() != signature.results.size())
      return fail("@" + options.entry + " has " +
                  llvm::Twine(signature.results.size()) + " results, got " +
                  llvm::Twine(list->size()) + " " + name + " files");
  std::vector<HostTensor> expected;
  for (StringRef path : options.expected) {
    llvm::Expected<Array> array = readNpy(path);
    if (!array)
      return fail(llvm::toString(array.takeError()));
    const EntryValue &value = signature.results[expected.size()];
    if (array->dtype != value.dtype || !fits(array->shape, value))
      return fail(path + ": result " + llvm::Twine(expected.size()) + " is " +
                  formatType(value.dtype, value.shape) + ", the file holds " +
                  formatType(array->dtype, array->shape));
    expected.push_back(fromArray(std::move(*array)));
  }
  if (options.verifyFusion && failed(verifyEachFusion()))
    return fail("a fusion differs from what it replaced");
  if (failed(makeInputs()) || failed(raise()) ||
      (!options.picture.empty() && failed(draw())) || failed(compileAll()) ||
      failed(runAll()))
    return failure();
  if (!expected.empty() && failed(compareResults(expected, false)))
    return failure();
  if (options.isBench() && failed(bench()))
    return failure();
  if (failed(writeOutputs()))
    return failure();
  print();
  return failure(mismatch);
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // libLLVM registers options of its own passes and tools.
  for (StringRef taken : {"threads", "target", "cpu", "format", "profile",
                          "gpu-arch", "cuda-path"})
    if (cl::Option *option = cl::getRegisteredOptions().lookup(taken))
      option->removeArgument();
  Options options;
  cl::HideUnrelatedOptions(options.category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "attn-run " ATTN_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  });
  cl::ParseCommandLineOptions(argc, argv, kOverview);
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  // Diagnostics point at the source; the operation may be a whole module.
  context.printOpOnDiagnostic(false);
  Runner runner(options, context);
  return failed(runner.run()) ? runner.getExitCode() : 0;
}
