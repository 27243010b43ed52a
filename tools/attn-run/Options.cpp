//===- Options.cpp - What attn-run is asked for -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;
namespace cl = llvm::cl;

namespace {

/// The options as LLVM parses them.
struct CommandLine {
  explicit CommandLine(Options &options) : options(options) {}

  Options &options;
  cl::OptionCategory category{"attn-run options"};
  cl::opt<std::string, true> file{cl::Positional, cl::location(options.file),
                                  cl::desc("FILE.mlir"), cl::Required,
                                  cl::cat(category)};
  cl::opt<std::string, true> entry{"entry", cl::location(options.entry),
                                   cl::desc("Function to run"),
                                   cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string, true> target{"target", cl::location(options.target),
                                    cl::desc("cpu or cuda"), cl::cat(category)};
  cl::opt<std::string, true> cpu{
      "cpu", cl::location(options.cpu),
      cl::desc("CPU to generate code for, as LLVM names it"),
      cl::cat(category)};
  cl::opt<std::string, true> gpuArch{
      "gpu-arch", cl::location(options.gpuArch),
      cl::desc("GPU to generate code for (default: the one here)"),
      cl::value_desc("sm_90a"), cl::cat(category)};
  cl::opt<std::string, true> cudaPath{
      "cuda-path", cl::location(options.cudaPath),
      cl::desc("CUDA toolkit with ptxas, or ptxas itself (default: the one "
               "that ./dev cuda got, /usr/local/cuda, the PATH)"),
      cl::value_desc("DIR"), cl::cat(category)};
  cl::opt<std::string, true> cubinCache{
      "cubin-cache", cl::location(options.cubinCache),
      cl::desc("Keep compiled kernels for the next time"),
      cl::value_desc("DIR"), cl::cat(category)};
  cl::opt<std::string, true> kernelOptions{
      "kernel-options", cl::location(options.kernelOptions),
      cl::desc("Options of attn-lower-to-llvm-pipeline, or for CUDA of "
               "attn-lower-to-nvvm-pipeline, that force choices of its cost "
               "model"),
      cl::value_desc("NAME=VALUE ..."), cl::cat(category)};
  cl::opt<std::string, true> backend{
      "backend", cl::location(options.backend),
      cl::desc("Backend of attention: auto, flash, efficient or math"),
      cl::cat(category)};
  cl::opt<std::string, true> numerics{
      "numerics", cl::location(options.numerics),
      cl::desc("What fusion may change: strict, default or fast"),
      cl::cat(category)};
  cl::opt<std::string, true> picture{
      "picture", cl::location(options.picture),
      cl::desc("Draw the masks, and the tiles that kernels visit"),
      cl::value_desc("out.svg"), cl::cat(category)};
  cl::opt<bool, true> verifyFusion{
      "verify-fusion", cl::location(options.verifyFusion),
      cl::desc("Also run every fusion alone beside what it replaced: on what "
               "the program computes there, on random numbers, logits that "
               "saturate, rows without keys (of boolean, 0/1 and added masks), "
               "NaN under the mask"),
      cl::cat(category)};
  cl::opt<bool, true> noRaise{
      "no-raise", cl::location(options.noRaise),
      cl::desc("Do not look for attention in the module"), cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> inputs{
      "input", cl::location(options.inputs),
      cl::desc("Argument, in order; or use --random"), cl::value_desc("F.npy"),
      cl::cat(category)};
  cl::opt<std::string> random{
      "random",
      cl::ValueOptional,
      cl::init(""),
      cl::desc("Random arguments (normal floats); the seed is 0 by default"),
      cl::value_desc("seed"),
      cl::cat(category)};
  cl::opt<double, true> randomScale{
      "random-scale", cl::location(options.randomScale),
      cl::desc("Standard deviation of random floats"), cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> shapes{
      "shape", cl::location(options.shapes),
      cl::desc("Shape of a random argument with dynamic dimensions"),
      cl::value_desc("ARG=2x4x77x64"), cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> outputs{
      "output", cl::location(options.outputs),
      cl::desc("File for each result, in order"), cl::value_desc("F.npy"),
      cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> expected{
      "expect", cl::location(options.expected),
      cl::desc("Expected value of each result, in order"),
      cl::value_desc("F.npy"), cl::cat(category)};
  cl::opt<CompareWith, true> compare{
      "compare", cl::location(options.compare),
      cl::desc("Also run and compare with"),
      cl::values(clEnumValN(CompareWith::Math, "math",
                            "the raised module in f64, backend math"),
                 clEnumValN(CompareWith::Unfused, "unfused",
                            "the module as given, not raised")),
      cl::cat(category)};
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
  cl::opt<int, true> threads{
      "threads", cl::location(options.threads),
      cl::desc("Number of threads, 1024 at most (0: one for "
               "each CPU)"),
      cl::cat(category)};
  cl::opt<bool, true> guard{
      "guard", cl::location(options.guard),
      cl::desc(
          "Put memory that nobody may touch behind every argument, so that "
          "a kernel that reads or writes too far is stopped"),
      cl::cat(category)};
  cl::opt<std::string, true> profile{
      "profile", cl::location(options.profile),
      cl::desc("Write a Chrome trace of compilation and runs"),
      cl::value_desc("trace.json"), cl::cat(category)};
  cl::opt<Format, true> format{
      "format", cl::location(options.format), cl::desc("Form of the report"),
      cl::values(clEnumValN(Format::Table, "table", "for people"),
                 clEnumValN(Format::JSON, "json", "one JSON object")),
      cl::cat(category)};
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

} // namespace

LogicalResult attn::fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "attn-run") << message << "\n";
  return failure();
}

FailureOr<Options> attn::parseOptions(int argc, char **argv) {
  // libLLVM registers options of its own passes and tools.
  for (StringRef taken : {"threads", "target", "cpu", "format", "profile",
                          "gpu-arch", "cuda-path"})
    if (cl::Option *option = cl::getRegisteredOptions().lookup(taken))
      option->removeArgument();
  Options options;
  CommandLine line(options);
  cl::HideUnrelatedOptions(line.category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "attn-run " ATTN_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  });
  cl::ParseCommandLineOptions(argc, argv, kOverview);

  if (!options.isCUDA() && options.target != "cpu")
    return fail("unknown target '" + options.target +
                "', expected cpu or cuda");
  if (!symbolizeBackend(options.backend))
    return fail("unknown backend '" + options.backend +
                "', expected auto, flash, efficient or math");
  if (line.random.getNumOccurrences()) {
    options.seed = 0;
    if (!line.random.empty() &&
        StringRef(line.random).getAsInteger(10, *options.seed))
      return fail("--random: expected a seed, got '" + line.random + "'");
  }
  if (options.isRandom() && !options.inputs.empty())
    return fail("--input and --random exclude each other");
  if (!std::isfinite(options.randomScale))
    return fail("--random-scale: expected a finite number");
  if (!options.shapes.empty() && !options.isRandom())
    return fail("--shape needs --random");
  if (line.bench.getNumOccurrences()) {
    options.benchSeconds = 1;
    if (!line.bench.empty() &&
        (StringRef(line.bench).getAsDouble(*options.benchSeconds) ||
         !(*options.benchSeconds > 0) || !std::isfinite(*options.benchSeconds)))
      return fail("--bench: expected seconds, got '" + line.bench + "'");
  }
  if (options.threads < 0)
    return fail("--threads: expected 0 or more, got " +
                llvm::Twine(options.threads));
  if (line.tolerance.getNumOccurrences()) {
    if (!(line.tolerance >= 0))
      return fail("--tolerance: expected a number that is not negative");
    if (options.expected.empty() && options.compare == CompareWith::None)
      return fail("--tolerance needs --expect or --compare");
    options.tolerance = line.tolerance;
  }
  return options;
}
