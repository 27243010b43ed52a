//===- AddDestinations.cpp - Results in the caller's memory -----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNADDDESTINATIONSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Any strides but a contiguous last dimension.
MemRefType getBoundaryType(RankedTensorType type) {
  int64_t rank = type.getRank();
  if (rank == 0)
    return MemRefType::get({}, type.getElementType());
  SmallVector<int64_t> strides(rank, ShapedType::kDynamic);
  strides.back() = 1;
  auto layout =
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides);
  return MemRefType::get(type.getShape(), type.getElementType(), layout);
}

LogicalResult checkTypes(func::FuncOp function, ArrayRef<Type> types,
                         StringRef kind) {
  for (auto [index, type] : llvm::enumerate(types))
    if (isa<UnrankedTensorType>(type) ||
        (kind == "result" && !isa<RankedTensorType>(type)))
      return function.emitError("attn-add-destinations: ")
             << kind << " " << index << " is a " << type
             << ", expected a ranked tensor";
  return success();
}

void convertArguments(func::FuncOp function) {
  Block &entry = function.front();
  OpBuilder b(&entry, entry.begin());
  for (BlockArgument argument : entry.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    argument.setType(getBoundaryType(type));
    auto tensor = bufferization::ToTensorOp::create(
        b, argument.getLoc(), type, argument, /*restrict=*/true);
    argument.replaceAllUsesExcept(tensor, tensor);
  }
}

/// The size of a dimension that is dynamic, as early as it is known: before the
/// computation as a rule.
Value getSize(ImplicitLocOpBuilder &b, Value value, int64_t dim) {
  while (auto op = value.getDefiningOp<DestinationStyleOpInterface>()) {
    if (!op.hasPureTensorSemantics())
      break;
    value = op.getTiedOpOperand(cast<OpResult>(value))->get();
  }
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
    return empty.getDynamicSize(dim);
  b.setInsertionPointAfterValue(value);
  return tensor::DimOp::create(b, value, dim);
}

/// Writes the value to the destination and checks that it fits.
void storeResult(ImplicitLocOpBuilder &b, Value value, Value destination,
                 unsigned index) {
  auto type = cast<RankedTensorType>(value.getType());
  for (int64_t d = 0, e = type.getRank(); d < e; ++d) {
    if (!type.isDynamicDim(d))
      continue;
    OpBuilder::InsertionGuard guard(b);
    Value size = getSize(b, value, d);
    b.setInsertionPointAfterValue(size);
    Value expected = memref::DimOp::create(b, destination, d);
    Value same =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, size, expected);
    std::string message = "result " + std::to_string(index) + ": dimension " +
                          std::to_string(d) + " is not that of its memory";
    cf::AssertOp::create(b, same, message);
  }
  bufferization::MaterializeInDestinationOp::create(
      b, TypeRange(), value, destination, /*restrict=*/true, /*writable=*/true);
}

LogicalResult convert(func::FuncOp function) {
  FunctionType type = function.getFunctionType();
  if (failed(checkTypes(function, type.getInputs(), "argument")) ||
      failed(checkTypes(function, type.getResults(), "result")))
    return failure();
  convertArguments(function);
  Block &entry = function.front();
  SmallVector<Value> destinations;
  for (Type result : type.getResults())
    destinations.push_back(entry.addArgument(
        getBoundaryType(cast<RankedTensorType>(result)), function.getLoc()));
  function.walk([&](func::ReturnOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    for (auto [index, value] : llvm::enumerate(op.getOperands()))
      storeResult(b, value, destinations[index], index);
    func::ReturnOp::create(b);
    op.erase();
  });
  ArrayAttr attrs = function.getAllArgAttrs();
  function.setType(
      FunctionType::get(function.getContext(), entry.getArgumentTypes(), {}));
  if (attrs) {
    SmallVector<Attribute> all(attrs.begin(), attrs.end());
    all.resize(entry.getNumArguments(),
               DictionaryAttr::get(function.getContext()));
    function.setAllArgAttrs(all);
  }
  function.removeResAttrsAttr();
  return success();
}

bool hasTensors(func::FuncOp function) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  return llvm::any_of(function.getArgumentTypes(), isTensor) ||
         llvm::any_of(function.getResultTypes(), isTensor);
}

struct AddDestinationsPass
    : attn::impl::AttnAddDestinationsPassBase<AddDestinationsPass> {
  void runOnOperation() override {
    SymbolTableCollection symbols;
    SymbolUserMap users(symbols, getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal() || function.isPrivate() ||
          !hasTensors(function))
        continue;
      if (!users.useEmpty(function)) {
        function.emitError("attn-add-destinations: the function is public and "
                           "called in the module");
        return signalPassFailure();
      }
      numDestinations += function.getNumResults();
      if (failed(convert(function)))
        return signalPassFailure();
    }
  }
};

} // namespace
