//===- Sizes.cpp - Sizes that only arguments tell ------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sizes.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Finds the shapes of values of the entry, by running what computes sizes.
class ShapeProgram {
public:
  ShapeProgram(ModuleOp module, StringRef entry)
      : entry(entry),
        program("sizes",
                OwningOpRef<ModuleOp>(cast<ModuleOp>(module->clone()))) {}

  ModuleOp getModule() { return program.getModule(); }
  FailureOr<std::vector<SmallVector<int64_t>>>
  run(ValueRange values, MutableArrayRef<HostTensor> inputs,
      const EntrySignature &signature, const CPUTargetInfo &info,
      const LowerToLLVMPipelineOptions &lowering, Trace &trace);

private:
  StringRef entry;
  Program program;
};

} // namespace

/// Makes the function return the dynamic sizes of the values.
static void returnSizes(func::FuncOp function, func::ReturnOp op,
                        ValueRange values, int64_t count) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  SmallVector<Value> sizes;
  for (Value value : values) {
    auto type = cast<RankedTensorType>(value.getType());
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(arith::IndexCastOp::create(
            b, b.getI64Type(), tensor::DimOp::create(b, value, d)));
  }
  auto type = RankedTensorType::get({count}, b.getI64Type());
  Value all = tensor::FromElementsOp::create(b, type, sizes);
  op->setOperands(all);
  function.setType(FunctionType::get(
      b.getContext(), function.getArgumentTypes(), TypeRange(type)));
  function.removeResAttrsAttr();
}

/// The return of a function of one block.
static FailureOr<func::ReturnOp> getReturn(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected one block, got ")
           << function.getBody().getBlocks().size();
  return cast<func::ReturnOp>(function.getBody().front().getTerminator());
}

FailureOr<std::vector<SmallVector<int64_t>>>
ShapeProgram::run(ValueRange values, MutableArrayRef<HostTensor> inputs,
                  const EntrySignature &signature, const CPUTargetInfo &info,
                  const LowerToLLVMPipelineOptions &lowering, Trace &trace) {
  std::vector<SmallVector<int64_t>> shapes;
  int64_t count = 0;
  for (Value value : values) {
    shapes.emplace_back(cast<RankedTensorType>(value.getType()).getShape());
    count += llvm::count(shapes.back(), ShapedType::kDynamic);
  }
  if (count == 0)
    return shapes;
  ModuleOp module = getModule();
  FailureOr<func::FuncOp> function = lookupEntry(module, entry);
  if (failed(function))
    return failure();
  FailureOr<func::ReturnOp> end = getReturn(*function);
  if (failed(end))
    return failure();
  returnSizes(*function, *end, values, count);
  // What does not compute sizes is dead.
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (failed(pm.run(module)) ||
      failed(program.compile(entry, info, lowering, trace)))
    return failure();
  EntrySignature sizesSignature = signature;
  sizesSignature.results = {{/*isScalar=*/false, ATTN_I64, {count}}};
  llvm::Expected<std::vector<HostTensor>> sizes =
      program.run(inputs, sizesSignature);
  if (!sizes)
    return module.emitError("@")
           << entry << " failed: " << llvm::toString(sizes.takeError());
  int64_t next = 0;
  for (SmallVector<int64_t> &shape : shapes)
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = sizes->front().get(next++);
  return shapes;
}

FailureOr<std::vector<SmallVector<int64_t>>> attn::computeResultShapes(
    ModuleOp module, StringRef entry, MutableArrayRef<HostTensor> inputs,
    const EntrySignature &signature, const CPUTargetInfo &info,
    const LowerToLLVMPipelineOptions &lowering, Trace &trace) {
  ShapeProgram program(module, entry);
  FailureOr<func::FuncOp> function = lookupEntry(program.getModule(), entry);
  if (failed(function))
    return failure();
  FailureOr<func::ReturnOp> end = getReturn(*function);
  if (failed(end))
    return failure();
  SmallVector<Value> values(end->getOperands());
  return program.run(values, inputs, signature, info, lowering, trace);
}

FailureOr<std::optional<int64_t>>
attn::countFlops(ModuleOp module, StringRef entry,
                 MutableArrayRef<HostTensor> inputs,
                 const EntrySignature &signature, const CPUTargetInfo &info,
                 const LowerToLLVMPipelineOptions &lowering, Trace &trace) {
  ShapeProgram program(module, entry);
  FailureOr<func::FuncOp> function = lookupEntry(program.getModule(), entry);
  if (failed(function))
    return failure();
  bool isElsewhere = !function->getBody().hasOneBlock();
  program.getModule().walk([&](SdpaOp op) {
    if (op->getBlock() != &function->getBody().front())
      isElsewhere = true;
  });
  if (isElsewhere)
    return std::optional<int64_t>();
  SmallVector<Value> values;
  SmallVector<StructuralMaskInterface> structures;
  for (SdpaOp op : function->getBody().front().getOps<SdpaOp>()) {
    llvm::append_values(values, op.getQuery(), op.getKey(), op.getOutput());
    structures.push_back(op.getStructureAttr());
  }
  FailureOr<std::vector<SmallVector<int64_t>>> shapes =
      program.run(values, inputs, signature, info, lowering, trace);
  if (failed(shapes))
    return failure();
  int64_t flops = 0;
  for (auto [index, structure] : llvm::enumerate(structures)) {
    ArrayRef<int64_t> query = (*shapes)[3 * index],
                      key = (*shapes)[3 * index + 1],
                      output = (*shapes)[3 * index + 2];
    int64_t lq = query.end()[-2], lk = key.end()[-2], pairs = 0;
    for (int64_t i = 0; i < lq; ++i) {
      KeyInterval keys = getClampedKeyInterval(structure, i, {lq, lk});
      pairs += std::max<int64_t>(keys.end - keys.begin, 0);
    }
    int64_t heads = 1;
    for (int64_t size : output.drop_back(2))
      heads *= size;
    flops += 2 * (query.back() + output.back()) * pairs * heads;
  }
  return std::optional<int64_t>(flops);
}
