//===- VerifyFusion.cpp - Fusions against their originals -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VerifyFusion.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/WithColor.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// What the inputs of a fusion are like.
enum class Inputs { Random, Large, Masked, Kept };

constexpr std::pair<Inputs, StringLiteral> kInputs[] = {
    {Inputs::Random, "random"},
    {Inputs::Large, "logits that saturate"},
    {Inputs::Masked, "rows without keys"},
    {Inputs::Kept, "nothing masked"},
};

HostTensor makeInput(const EntryValue &value, Inputs kind, uint64_t seed) {
  double scale = kind == Inputs::Large ? 6.0 : 1.0;
  HostTensor tensor = makeRandomTensor(value.dtype, value.shape, seed, scale);
  if (value.dtype != ATTN_BOOL ||
      (kind != Inputs::Masked && kind != Inputs::Kept))
    return tensor;
  // Every other row of a mask is false as a whole, or all of it is true.
  int64_t row =
      value.shape.empty() ? 1 : std::max<int64_t>(value.shape.back(), 1);
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
    if (kind == Inputs::Kept || i / row % 2 == 0)
      tensor.set(i, kind == Inputs::Kept);
  return tensor;
}

/// A module with nothing but one of its functions, which is public.
OwningOpRef<ModuleOp> isolate(ModuleOp module, StringRef name) {
  OwningOpRef<ModuleOp> isolated = cast<ModuleOp>(module->clone());
  for (auto function :
       llvm::make_early_inc_range(isolated->getOps<func::FuncOp>())) {
    if (function.getName() == name)
      function.setPublic();
    else
      function.erase();
  }
  return isolated;
}

} // namespace

LogicalResult attn::verifyFusions(ModuleOp module, const CPUTargetInfo &target,
                                  const LowerToLLVMPipelineOptions &lowering,
                                  uint64_t seed) {
  Trace trace;
  bool failed = false;
  auto report = [&](StringRef name, const llvm::Twine &text) {
    llvm::outs() << "fusion " << name << ": " << text << "\n";
  };
  for (auto before : module.getOps<func::FuncOp>()) {
    auto after = before->getAttrOfType<FlatSymbolRefAttr>("attn.fused_as");
    if (!after)
      continue;
    StringRef name = before.getName();
    name.consume_back("_before");
    FailureOr<EntrySignature> signature = getEntrySignature(before);
    if (mlir::failed(signature))
      return failure();
    if (llvm::any_of(signature->inputs, [](const EntryValue &value) {
          return ShapedType::isDynamicShape(value.shape);
        })) {
      report(name, "not run, its shapes are dynamic");
      continue;
    }
    Program unfused("before", isolate(module, before.getName()));
    Program fused("after", isolate(module, after.getValue()));
    LowerToLLVMPipelineOptions math;
    math.backend = "math";
    math.cpu = lowering.cpu.getValue();
    math.parallel = true;
    if (mlir::failed(unfused.compile(before.getName(), target, math, trace)) ||
        mlir::failed(fused.compile(after.getValue(), target, lowering, trace)))
      return failure();
    double worst = 0;
    std::string differences;
    for (auto [kind, description] : kInputs) {
      std::vector<HostTensor> inputs, copies;
      for (auto [index, value] : llvm::enumerate(signature->inputs)) {
        inputs.push_back(makeInput(value, kind, seed + 1000003 * index));
        copies.push_back(makeInput(value, kind, seed + 1000003 * index));
      }
      llvm::Expected<std::vector<HostTensor>> expected =
          unfused.run(inputs, *signature);
      if (!expected) {
        // An index that random numbers do not fit, say: nothing to compare.
        llvm::consumeError(expected.takeError());
        continue;
      }
      llvm::Expected<std::vector<HostTensor>> actual =
          fused.run(copies, *signature);
      if (!actual) {
        differences += llvm::formatv("; {0}: {1}", description,
                                     llvm::toString(actual.takeError()));
        continue;
      }
      for (auto [a, e] : llvm::zip(*actual, *expected)) {
        TensorError error = compare(a, e);
        double tolerance = 4 * getDefaultTolerance(a.dtype);
        if (kind == Inputs::Large)
          tolerance *= 16;
        worst = std::max(worst, error.relFrobenius);
        if (!(error.relFrobenius <= tolerance))
          differences += llvm::formatv(
              "; {0}: relative Frobenius error {1:e2} above {2:e2}",
              description, error.relFrobenius, tolerance);
      }
    }
    failed |= !differences.empty();
    if (differences.empty())
      report(name,
             llvm::formatv("ok, relative Frobenius error {0:e2}", worst).str());
    else
      report(name, "DIFFERS" + differences);
  }
  return failure(failed);
}
