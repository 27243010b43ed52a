//===- Inputs.cpp - Arguments and expected results --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Inputs.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;

/// The shapes that `--shape` gives, by argument.
static FailureOr<std::vector<std::pair<unsigned, SmallVector<int64_t>>>>
parseShapes(const Options &options, const EntrySignature &signature) {
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

static std::string formatType(attn_dtype dtype, ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (ShapedType::isDynamic(size) ? "?" : std::to_string(size)) + "x";
  return text + getDtypeName(dtype).str();
}

/// Checks a shape against the signature.
static bool fits(ArrayRef<int64_t> shape, const EntryValue &value) {
  return succeeded(verifyCompatibleShape(shape, value.shape));
}

FailureOr<std::vector<HostTensor>>
attn::makeInputs(const Options &options, const EntrySignature &signature) {
  std::vector<HostTensor> inputs;
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
    return inputs;
  }
  auto shapes = parseShapes(options, signature);
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
    inputs.push_back(makeRandomTensor(value.dtype, shape,
                                      *options.seed + 1000003 * index,
                                      options.randomScale));
  }
  return inputs;
}

FailureOr<std::vector<HostTensor>>
attn::readExpected(const Options &options, const EntrySignature &signature) {
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
  return expected;
}
