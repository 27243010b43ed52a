//===- attn-fusion-check.cpp - Does fusion change results? ------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Reads functions, raises each, expands attn.sdpa again, and compares both in
// an interpreter, on random inputs and on such that masks have rows without
// keys. With --mutations each function is also changed in one place, many
// times; the changed program must either not be fused or compute what it
// computed.
//
// The attribute `test.fused` of a function says how many attentions it has.
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "Mutation.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/InitAll.h"
#include "attn/Pipelines/Pipelines.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;
namespace cl = llvm::cl;

namespace {

cl::opt<std::string> inputFile(cl::Positional, cl::init("-"));
cl::opt<unsigned> numMutations("mutations", cl::init(0),
                               cl::desc("Mutants of each function"));
cl::opt<unsigned> numTrials("trials", cl::init(3),
                            cl::desc("Inputs for each function"));
cl::opt<unsigned> seed("seed", cl::init(0),
                       cl::desc("Seed of all that is random"));
cl::opt<std::string> numerics("numerics", cl::init("default"),
                              cl::desc("strict, default or fast"));
cl::opt<bool>
    recompute("recompute",
              cl::desc("Fuse where logits are used elsewhere too; how "
                       "many are fused is not checked"));
cl::opt<bool> verbose("verbose", cl::desc("Print every program that differs"));

struct Counts {
  unsigned programs = 0, fused = 0, wrong = 0, unexpected = 0;
  unsigned mutants = 0, fusedMutants = 0, wrongMutants = 0, skipped = 0;
};

class Checker {
public:
  explicit Checker(MLIRContext &context)
      : context(context), raise(&context), expand(&context) {
    RaisePipelineOptions options;
    options.numerics = numerics;
    options.recompute = recompute;
    buildRaisePipeline(raise, options);
    ConvertAttnToLinalgPassOptions all;
    all.all = true;
    expand.addNestedPass<func::FuncOp>(createConvertAttnToLinalgPass(all));
  }

  void check(func::FuncOp function);
  Counts counts;

private:
  OwningOpRef<ModuleOp> isolate(func::FuncOp function) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(function.getLoc());
    module->push_back(function.clone());
    return module;
  }
  static func::FuncOp getFunction(ModuleOp module) {
    return *module.getOps<func::FuncOp>().begin();
  }
  SmallVector<HostArray> makeInputs(func::FuncOp function, unsigned trial,
                                    std::mt19937 &rng);
  /// How the raised program differs from the module, or nothing. `numFused` is
  /// set; `failed` if one of them does not run.
  std::optional<std::string> compare(ModuleOp module, std::mt19937 &rng,
                                     unsigned &numFused, bool &failed,
                                     std::string &raisedText,
                                     bool isMutant = false);

  MLIRContext &context;
  PassManager raise, expand;
};

SmallVector<HostArray> Checker::makeInputs(func::FuncOp function,
                                           unsigned trial, std::mt19937 &rng) {
  SmallVector<HostArray> inputs;
  std::normal_distribution<double> normal;
  // Where a mask selects -1e4, logits must stay above it (docs/Spec.md).
  double large = 4;
  function.walk([&](arith::ConstantOp constant) {
    auto value = dyn_cast<FloatAttr>(constant.getValue());
    if (value && value.getValueAsDouble() == -1e4)
      large = 1.5;
  });
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    HostArray array;
    Type elementType = getElementTypeOrSelf(type);
    auto kind = function.getArgAttrOfType<StringAttr>(number, "test.kind");
    StringRef kindName = kind ? kind.getValue() : "";
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (int64_t size : tensor.getShape())
        array.shape.push_back(ShapedType::isDynamic(size) ? 4 : size);
    if (auto sizes =
            function.getArgAttrOfType<DenseI64ArrayAttr>(number, "test.shape"))
      array.shape.assign(sizes.asArrayRef().begin(), sizes.asArrayRef().end());
    int64_t size = 1;
    for (int64_t n : array.shape)
      size *= n;
    int64_t row =
        array.shape.empty() ? 1 : std::max<int64_t>(array.shape.back(), 1);
    bool rowIsEmpty = false;
    for (int64_t position = 0; position < size; ++position) {
      // From the second trial on some rows have no true element.
      if (position % row == 0)
        rowIsEmpty = trial > 0 && rng() % 3 == 0;
      Cell cell;
      if (isa<FloatType>(elementType)) {
        double value = normal(rng);
        // Logits that are large, but not beyond a finite mask; in narrow types
        // their rounding would decide which one is the largest.
        if (trial == 2 && elementType.getIntOrFloatBitWidth() >= 32)
          value *= large;
        if (kindName == "positive")
          value = std::abs(value) + 0.5;
        if (kindName == "mask")
          value = rng() % 3 && !rowIsEmpty ? 1 : 0;
        if (kindName == "bias" && trial == 1 && rng() % 4 == 0)
          value = -INFINITY;
        cell.f = roundTo(value, elementType);
      } else if (elementType.isInteger(1)) {
        cell.i = rng() % 3 && !rowIsEmpty ? 1 : 0;
      } else if (kindName == "length") {
        // Of three keys or seven, or none, or far beyond.
        int64_t limit = elementType.isInteger(32) ? INT32_MAX : INT64_MAX;
        int64_t lengths[] = {0, 1, 2, 3, 5, 7, 9, -1, limit, -limit - 1};
        cell.i = lengths[rng() % std::size(lengths)];
      } else {
        cell.i =
            kindName == "mask" ? (rng() % 3 && !rowIsEmpty ? 1 : 0) : rng() % 3;
      }
      array.cells.push_back(cell);
    }
    inputs.push_back(array);
  }
  return inputs;
}

double getTolerance(Type type) {
  if (type.isF64())
    return 1e-9;
  if (type.isF32())
    return 2e-4;
  return type.isF16() ? 3e-2 : 2e-1;
}

std::optional<std::string> Checker::compare(ModuleOp module, std::mt19937 &rng,
                                            unsigned &numFused, bool &failed,
                                            std::string &raisedText,
                                            bool isMutant) {
  failed = false;
  OwningOpRef<ModuleOp> raised = module.clone();
  if (mlir::failed(raise.run(*raised)))
    return "the raise pipeline fails";
  numFused = 0;
  raised->walk([&](SdpaOp) { ++numFused; });
  if (numFused == 0)
    return std::nullopt;
  {
    llvm::raw_string_ostream os(raisedText);
    raised->print(os);
  }
  if (mlir::failed(expand.run(*raised)))
    return "attn.sdpa does not expand";
  func::FuncOp before = getFunction(module), after = getFunction(*raised);
  // The least precise type on the way counts.
  double tolerance = 0;
  module.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (isa<FloatType>(getElementTypeOrSelf(type)))
        tolerance =
            std::max(tolerance, getTolerance(getElementTypeOrSelf(type)));
  });
  for (unsigned trial = 0; trial < numTrials; ++trial) {
    SmallVector<HostArray> inputs = makeInputs(before, trial, rng);
    auto expected = interpret(before, inputs);
    if (!expected) {
      std::string message = llvm::toString(expected.takeError());
      // A program that asserts, or that nobody can run, is compared with
      // nothing.
      failed = true;
      raisedText = message;
      return std::nullopt;
    }
    auto actual = interpret(after, inputs);
    if (!actual)
      return "the fused program does not run: " +
             llvm::toString(actual.takeError());
    for (auto [index, e, a, type] : llvm::enumerate(
             *expected, *actual, before.getFunctionType().getResults())) {
      if (e.shape != a.shape)
        return llvm::formatv("result {0} has another shape", index).str();
      bool isFloat = isa<FloatType>(getElementTypeOrSelf(type));
      double norm = 1e-3;
      for (Cell cell : e.cells)
        if (isFloat && std::isfinite(cell.f))
          norm = std::max(norm, std::abs(cell.f));
      for (size_t position = 0; position < e.cells.size(); ++position) {
        bool same;
        if (isMutant && isFloat && !(std::abs(e.cells[position].f) < 1e6))
          same = true; // masks or constants of them became data
        else if (!isFloat)
          same = e.cells[position].i == a.cells[position].i;
        else if (!std::isfinite(e.cells[position].f))
          same = std::isnan(e.cells[position].f)
                     ? std::isnan(a.cells[position].f)
                     : e.cells[position].f == a.cells[position].f;
        else
          same = std::abs(e.cells[position].f - a.cells[position].f) <=
                 tolerance * norm;
        if (!same)
          return llvm::formatv("trial {0}, result {1}, element {2}: {3} "
                               "becomes {4}",
                               trial, index, position, e.cells[position].f,
                               a.cells[position].f)
              .str();
      }
    }
  }
  return std::nullopt;
}

void Checker::check(func::FuncOp function) {
  OwningOpRef<ModuleOp> module = isolate(function);
  std::mt19937 rng(seed + llvm::hash_value(function.getName()));
  unsigned numFused;
  bool failed;
  std::string raised;
  ++counts.programs;
  auto difference = compare(*module, rng, numFused, failed, raised);
  counts.fused += numFused > 0;
  auto expected = function->getAttrOfType<IntegerAttr>("test.fused");
  if (difference) {
    ++counts.wrong;
    llvm::errs() << "@" << function.getName() << ": " << *difference << "\n";
    if (verbose)
      llvm::errs() << *module << "\nraised:\n" << raised << "\n";
  } else if (failed) {
    ++counts.unexpected;
    llvm::errs() << "@" << function.getName() << ": does not run: " << raised
                 << "\n";
  } else if (expected && !recompute && expected.getInt() != (int64_t)numFused) {
    ++counts.unexpected;
    llvm::errs() << "@" << function.getName() << ": " << numFused
                 << " attentions fused, expected " << expected.getInt() << "\n";
    if (verbose)
      llvm::errs() << *module;
  }
  for (unsigned number = 0; number < numMutations; ++number) {
    OwningOpRef<ModuleOp> mutant = module->clone();
    std::optional<std::string> text = mutate(getFunction(*mutant), rng);
    if (!text)
      continue;
    {
      ScopedDiagnosticHandler quiet(&context,
                                    [](Diagnostic &) { return success(); });
      if (mlir::failed(verify(*mutant)))
        continue;
    }
    ++counts.mutants;
    raised.clear();
    difference = compare(*mutant, rng, numFused, failed, raised, true);
    counts.fusedMutants += numFused > 0;
    counts.skipped += failed;
    if (!difference)
      continue;
    ++counts.wrongMutants;
    llvm::errs() << "@" << function.getName() << ", mutant " << number << " ("
                 << *text << "): " << *difference << "\n";
    if (verbose)
      llvm::errs() << *mutant << "\nraised:\n" << raised << "\n";
  }
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(
      argc, argv, "Compares programs with what fusion makes of them\n");
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(inputFile, ParserConfig(&context));
  if (!module)
    return 1;
  Checker checker(context);
  for (func::FuncOp function : module->getOps<func::FuncOp>())
    checker.check(function);
  const Counts &counts = checker.counts;
  llvm::outs() << llvm::formatv(
      "{0} programs, {1} fused, {2} wrong, {3} not as expected\n",
      counts.programs, counts.fused, counts.wrong, counts.unexpected);
  if (numMutations)
    llvm::outs() << llvm::formatv(
        "{0} mutants, {1} fused, {2} wrong, {3} that do not run\n",
        counts.mutants, counts.fusedMutants, counts.wrongMutants,
        counts.skipped);
  return counts.wrong || counts.unexpected || counts.wrongMutants;
}
