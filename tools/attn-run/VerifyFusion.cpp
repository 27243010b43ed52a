//===- VerifyFusion.cpp - Fusions against their originals -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VerifyFusion.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/WithColor.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// What the inputs of a fusion are like.
enum class Inputs { Recorded, Random, Large, Masked, Lowered, Kept };

constexpr std::pair<Inputs, StringLiteral> kInputs[] = {
    {Inputs::Recorded, "as in the program"},
    {Inputs::Random, "random"},
    {Inputs::Large, "logits that saturate"},
    {Inputs::Masked, "rows without keys"},
    {Inputs::Lowered, "rows of a bias that is far below zero"},
    {Inputs::Kept, "nothing masked"},
};

bool isFloat(attn_dtype dtype) {
  return dtype != ATTN_BOOL && getDefaultTolerance(dtype) != 0;
}

HostTensor copyOf(const HostTensor &tensor) {
  HostTensor copy = makeTensor(tensor.dtype, tensor.shape);
  std::memcpy(copy.buffer.data(), tensor.buffer.data(), copy.buffer.size());
  return copy;
}

std::vector<HostTensor> copyOf(const std::vector<HostTensor> &tensors) {
  std::vector<HostTensor> copies;
  for (const HostTensor &tensor : tensors)
    copies.push_back(copyOf(tensor));
  return copies;
}

/// Whether a tensor looks like a mask: several elements, each of them 0 or 1.
bool isMask(const HostTensor &tensor) {
  int64_t numElements = tensor.getNumElements();
  for (int64_t i = 0; i < numElements; ++i)
    if (tensor.get(i) != 0 && tensor.get(i) != 1)
      return false;
  return numElements > 1;
}

/// Sets every other row, or all.
void setRows(HostTensor &tensor, double value, bool all = false) {
  int64_t row =
      tensor.shape.empty() ? 1 : std::max<int64_t>(tensor.shape.back(), 1);
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
    if (all || i / row % 2 == 0)
      tensor.set(i, value);
}

/// An input like `recorded`, what the program computes there, if that is known.
/// Integers stay as they are: they may be sizes, or indices of other tensors;
/// but for masks.
HostTensor makeInput(const EntryValue &value, const HostTensor *recorded,
                     Inputs kind, uint64_t seed, bool isBias = false) {
  if (recorded && kind == Inputs::Masked && value.dtype != ATTN_BOOL &&
      isMask(*recorded)) {
    HostTensor tensor = copyOf(*recorded);
    setRows(tensor, 0);
    return tensor;
  }
  if (recorded && (kind == Inputs::Recorded ||
                   (value.dtype != ATTN_BOOL && !isFloat(value.dtype))))
    return copyOf(*recorded);
  double scale = kind == Inputs::Large ? 6.0 : 1.0;
  ArrayRef<int64_t> shape = recorded ? recorded->shape : value.shape;
  HostTensor tensor = makeRandomTensor(value.dtype, shape, seed, scale);
  if (value.dtype == ATTN_BOOL && kind == Inputs::Masked)
    setRows(tensor, 0);
  if (value.dtype == ATTN_BOOL && kind == Inputs::Kept)
    setRows(tensor, 1, /*all=*/true);
  if (isBias && kind == Inputs::Masked)
    setRows(tensor, -INFINITY);
  if (isBias && kind == Inputs::Lowered)
    setRows(tensor, value.dtype == ATTN_F16 ? -3e4 : -1e9);
  return tensor;
}

/// A module with nothing but one of its functions, which is public, and what it
/// calls.
FailureOr<OwningOpRef<ModuleOp>> isolate(ModuleOp module, StringRef name) {
  OwningOpRef<ModuleOp> isolated = cast<ModuleOp>(module->clone());
  if (failed(dropUnreachable(isolated->lookupSymbol<func::FuncOp>(name))))
    return failure();
  return isolated;
}

/// An argument of a function, and a dimension of it.
struct ArgumentDim {
  unsigned argument;
  int64_t dim;
};

/// Where a dimension of an operand of attention is, if the operand is an
/// argument with its dimensions moved.
std::optional<ArgumentDim> findArgument(Value operand, int64_t dim) {
  while (Operation *op = operand.getDefiningOp()) {
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      dim = transpose.getPermutation()[dim];
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      int64_t source = -1;
      for (auto [d, group] : llvm::enumerate(expand.getReassociationIndices()))
        if (llvm::is_contained(group, dim) && group.size() == 1)
          source = d;
      dim = source;
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      ReassociationIndices group = collapse.getReassociationIndices()[dim];
      dim = group.size() == 1 ? group.front() : -1;
    } else if (!isa<tensor::CastOp>(op)) {
      return std::nullopt;
    }
    if (dim < 0)
      return std::nullopt;
    operand = op->getOperand(0);
  }
  auto argument = dyn_cast<BlockArgument>(operand);
  if (!argument || !isa<func::FuncOp>(argument.getOwner()->getParentOp()))
    return std::nullopt;
  return ArgumentDim{argument.getArgNumber(), dim};
}

/// Where the keys are.
std::optional<ArgumentDim> findKeys(Value operand) {
  return findArgument(operand,
                      cast<ShapedType>(operand.getType()).getRank() - 2);
}

/// Sets all elements of one key.
void setKey(HostTensor &tensor, int64_t dim, int64_t key, double value) {
  int64_t inner = 1;
  for (int64_t size : ArrayRef(tensor.shape).drop_front(dim + 1))
    inner *= size;
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
    if (i / inner % tensor.shape[dim] == key)
      tensor.set(i, value);
}

bool isEqual(const std::vector<HostTensor> &a,
             const std::vector<HostTensor> &b) {
  return llvm::all_of(llvm::zip(a, b), [](auto pair) {
    const auto &[x, y] = pair;
    return compare(x, y).maxAbs == 0;
  });
}

/// One fusion, compiled.
struct Fusion {
  Program unfused, fused;
  EntrySignature signature;
  std::optional<ArgumentDim> key, value;
  /// Whether keys that it masks are not observed: NaN may be there.
  bool isolatesMasked = false;
  /// Arguments that are added to logits.
  llvm::SmallDenseSet<unsigned> biases;

  /// Accepted relative Frobenius error of a result.
  double getTolerance(attn_dtype dtype) const {
    return 4 * std::max(getDefaultTolerance(dtype), rounding);
  }
  /// The default tolerance of the narrowest type that the graph rounds to, if
  /// that is f16 or bf16.
  double rounding = 0;

  void findArguments(SdpaOp op);
  void findRounding();

  /// What differs where masked keys hold NaN; nothing if no key is masked for
  /// all queries.
  std::optional<std::string> checkMaskedNaN(const std::vector<HostTensor> &);
};

void Fusion::findArguments(SdpaOp op) {
  key = findKeys(op.getKey());
  value = findKeys(op.getValue());
  auto addBias = [&](Value tensor) {
    int64_t rank = cast<ShapedType>(tensor.getType()).getRank();
    if (rank < 2 || !isa<FloatType>(getElementTypeOrSelf(tensor.getType())))
      return;
    if (std::optional<ArgumentDim> argument = findArgument(tensor, rank - 1))
      biases.insert(argument->argument);
  };
  // What a mask with a finite number keeps must be above that number.
  if (!op.isMasked() || op.getMaskedRow() != MaskedRow::Uniform) {
    if (Value bias = op.getBias())
      addBias(bias);
    op.getScore().walk(
        [&](tensor::ExtractOp extract) { addBias(extract.getTensor()); });
  }
  isolatesMasked =
      !op.getBias() && key && value &&
      (op.getMask() || op.getStructureAttr() || op.getKeyLengths() ||
       op.getQueryDocuments() || !op.getKeep().empty());
}

void Fusion::findRounding() {
  unfused.getModule()->walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      type = getElementTypeOrSelf(type);
      if (type.isF16() || type.isBF16())
        rounding = std::max(
            rounding, getDefaultTolerance(type.isF16() ? ATTN_F16 : ATTN_BF16));
    }
  });
}

std::optional<std::string>
Fusion::checkMaskedNaN(const std::vector<HostTensor> &inputs) {
  constexpr int64_t kMaxKeys = 32;
  int64_t numKeys = inputs[key->argument].shape[key->dim];
  if (inputs[value->argument].shape[value->dim] != numKeys)
    return std::nullopt;
  auto clean = copyOf(inputs);
  auto expected = unfused.run(clean, signature);
  if (!expected) {
    llvm::consumeError(expected.takeError());
    return std::nullopt;
  }
  // A key without influence on anything is masked.
  std::vector<HostTensor> poisoned = copyOf(inputs);
  bool isAny = false;
  for (int64_t j = 0; j < std::min(numKeys, kMaxKeys); ++j) {
    bool hasInfluence = false;
    for (double probe : {1.5, -3.0}) {
      auto probed = copyOf(inputs);
      setKey(probed[key->argument], key->dim, j, probe);
      setKey(probed[value->argument], value->dim, j, probe * 8);
      auto result = unfused.run(probed, signature);
      if (!result)
        llvm::consumeError(result.takeError());
      hasInfluence |= !result || !isEqual(*result, *expected);
    }
    if (hasInfluence)
      continue;
    isAny = true;
    setKey(poisoned[key->argument], key->dim, j, std::nan(""));
    setKey(poisoned[value->argument], value->dim, j, std::nan(""));
  }
  if (!isAny)
    return std::nullopt;
  auto actual = fused.run(poisoned, signature);
  if (!actual)
    return llvm::toString(actual.takeError());
  for (auto [a, e] : llvm::zip(*actual, *expected)) {
    double error = compare(a, e).relFrobenius;
    if (!(error <= getTolerance(a.dtype)))
      return llvm::formatv("relative Frobenius error {0:e2}", error).str();
  }
  return "";
}

} // namespace

LogicalResult attn::verifyFusions(ModuleOp module, StringRef entry,
                                  MutableArrayRef<HostTensor> arguments,
                                  const CPUTargetInfo &target,
                                  const LowerToLLVMPipelineOptions &lowering,
                                  uint64_t seed) {
  Trace trace;
  bool failed = false;
  auto report = [&](StringRef name, const llvm::Twine &text) {
    llvm::outs() << "fusion " << name << ": " << text << "\n";
  };
  LowerToLLVMPipelineOptions math;
  math.backend = "math";
  math.cpu = lowering.cpu.getValue();
  math.parallel = true;

  // What the program computes where its fusions begin.
  std::vector<HostTensor> recorded;
  std::string recorder = (entry + "_fusion_inputs").str();
  bool isRecorded =
      llvm::any_of(module.getOps<func::FuncOp>(), [&](func::FuncOp function) {
        auto by =
            function->getAttrOfType<FlatSymbolRefAttr>("attn.recorded_by");
        return by && by.getValue() == recorder;
      });
  if (isRecorded) {
    auto function = module.lookupSymbol<func::FuncOp>(recorder);
    FailureOr<EntrySignature> signature = getEntrySignature(function);
    FailureOr<OwningOpRef<ModuleOp>> alone = isolate(module, recorder);
    if (mlir::failed(signature) || mlir::failed(alone))
      return failure();
    Program program("inputs", std::move(*alone));
    if (mlir::failed(program.compile(recorder, target, math, trace)))
      return failure();
    auto results = program.run(arguments, *signature);
    if (!results)
      return function.emitError("cannot compute what fusions read: ")
             << llvm::toString(results.takeError());
    recorded = std::move(*results);
  }

  for (auto before : module.getOps<func::FuncOp>()) {
    auto after = before->getAttrOfType<FlatSymbolRefAttr>("attn.fused_as");
    if (!after)
      continue;
    StringRef name = before.getName();
    name.consume_back("_before");
    FailureOr<EntrySignature> signature = getEntrySignature(before);
    if (mlir::failed(signature))
      return failure();
    auto by = before->getAttrOfType<FlatSymbolRefAttr>("attn.recorded_by");
    MutableArrayRef<HostTensor> known;
    if (isRecorded && by && by.getValue() == recorder)
      known = MutableArrayRef(recorded).slice(
          before->getAttrOfType<IntegerAttr>("attn.recorded_at").getInt(),
          signature->inputs.size());
    if (known.empty() &&
        llvm::any_of(signature->inputs, [](const EntryValue &value) {
          return ShapedType::isDynamicShape(value.shape);
        })) {
      report(name, "not run, its shapes are dynamic");
      continue;
    }
    FailureOr<OwningOpRef<ModuleOp>> unfusedModule =
        isolate(module, before.getName());
    FailureOr<OwningOpRef<ModuleOp>> fusedModule =
        isolate(module, after.getValue());
    if (mlir::failed(unfusedModule) || mlir::failed(fusedModule))
      return failure();
    Fusion fusion{Program("before", std::move(*unfusedModule)),
                  Program("after", std::move(*fusedModule)),
                  *signature,
                  {},
                  {},
                  false,
                  {}};
    fusion.fused.getModule()->walk(
        [&](SdpaOp op) { fusion.findArguments(op); });
    fusion.findRounding();
    if (mlir::failed(
            fusion.unfused.compile(before.getName(), target, math, trace)) ||
        mlir::failed(
            fusion.fused.compile(after.getValue(), target, lowering, trace)))
      return failure();
    double worst = 0;
    int64_t numRuns = 0;
    std::string differences, masked, isolated;
    for (auto [kind, description] : kInputs) {
      if ((kind == Inputs::Recorded && known.empty()) ||
          (kind == Inputs::Lowered && fusion.biases.empty()))
        continue;
      std::vector<HostTensor> inputs;
      bool hasMask = false;
      for (auto [index, value] : llvm::enumerate(signature->inputs)) {
        HostTensor *recorded = known.empty() ? nullptr : &known[index];
        inputs.push_back(makeInput(value, recorded, kind,
                                   seed + 1000003 * index,
                                   fusion.biases.contains(index)));
        hasMask |= fusion.biases.contains(index) || value.dtype == ATTN_BOOL ||
                   (recorded && isMask(*recorded));
      }
      std::vector<HostTensor> copies = copyOf(inputs);
      llvm::Expected<std::vector<HostTensor>> expected =
          fusion.unfused.run(inputs, *signature);
      if (!expected) {
        // An index that random numbers do not fit, say: nothing to compare.
        llvm::consumeError(expected.takeError());
        continue;
      }
      ++numRuns;
      if (kind == Inputs::Masked && hasMask)
        masked = ", rows without keys agree";
      llvm::Expected<std::vector<HostTensor>> actual =
          fusion.fused.run(copies, *signature);
      if (!actual) {
        differences += llvm::formatv("; {0}: {1}", description,
                                     llvm::toString(actual.takeError()));
        continue;
      }
      for (auto [a, e] : llvm::zip(*actual, *expected)) {
        TensorError error = compare(a, e);
        double tolerance = fusion.getTolerance(a.dtype);
        if (kind == Inputs::Large)
          tolerance *= 16;
        worst = std::max(worst, error.relFrobenius);
        if (!(error.relFrobenius <= tolerance))
          differences += llvm::formatv(
              "; {0}: relative Frobenius error {1:e2} above {2:e2}",
              description, error.relFrobenius, tolerance);
      }
    }
    // Masks that hide the last third of the keys, however they are meant.
    for (int polarity = 0; fusion.isolatesMasked && polarity < 3; ++polarity) {
      std::vector<HostTensor> inputs;
      for (auto [index, value] : llvm::enumerate(signature->inputs)) {
        HostTensor input =
            makeInput(value, known.empty() ? nullptr : &known[index],
                      polarity == 0 ? Inputs::Recorded : Inputs::Kept,
                      seed + 1000003 * index);
        if (polarity > 0 && value.dtype == ATTN_BOOL && !input.shape.empty()) {
          int64_t last = input.shape.back();
          for (int64_t i = 0, e = input.getNumElements(); i < e; ++i)
            input.set(i,
                      (i % last >= last - (last + 2) / 3) == (polarity == 2));
        }
        inputs.push_back(std::move(input));
      }
      if (std::optional<std::string> text = fusion.checkMaskedNaN(inputs)) {
        isolated = ", NaN under the mask stays there";
        if (!text->empty())
          differences += "; NaN under the mask: " + *text;
      }
    }
    failed |= !differences.empty();
    if (!differences.empty())
      report(name, "DIFFERS" + differences);
    else if (numRuns == 0)
      report(name, "not run, no inputs suit it");
    else
      report(name, llvm::formatv("ok, relative Frobenius error {0:e2}{1}{2}",
                                 worst, masked, isolated)
                       .str());
  }
  return failure(failed);
}
