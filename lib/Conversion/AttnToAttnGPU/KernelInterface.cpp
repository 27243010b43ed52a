//===- KernelInterface.cpp - What host and kernel share -------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelInterface.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Memrefs on the host
//===----------------------------------------------------------------------===//

static int64_t getElementBytes(Type elementType) {
  // An i1 in memory is a byte, an index 8.
  if (elementType.isIndex())
    return 8;
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

/// A value of strided metadata that is static where the type says so.
static Value getStatic(DeviceBuilder &b, int64_t known,
                       function_ref<Value()> getDynamic) {
  if (!ShapedType::isDynamic(known))
    return arith::ConstantIndexOp::create(b, known);
  return getDynamic();
}

Value KernelInterface::getSize(DeviceBuilder &b, Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  return getStatic(b, type.getDimSize(dim), [&]() -> Value {
    return memref::DimOp::create(b, memref, dim);
  });
}

Value KernelInterface::getStride(DeviceBuilder &b, Value memref, int64_t dim) {
  auto [strides, offset] =
      cast<MemRefType>(memref.getType()).getStridesAndOffset();
  return getStatic(b, strides[dim], [&]() -> Value {
    return memref::ExtractStridedMetadataOp::create(b, memref)
        .getStrides()[dim];
  });
}

Value KernelInterface::getAddress(DeviceBuilder &b, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  auto [strides, knownOffset] = type.getStridesAndOffset();
  Value offset = getStatic(b, knownOffset, [&]() -> Value {
    return memref::ExtractStridedMetadataOp::create(b, memref).getOffset();
  });
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
  Value bytes =
      arith::ConstantIndexOp::create(b, getElementBytes(type.getElementType()));
  address = b.createOrFold<arith::AddIOp>(
      address, b.createOrFold<arith::MulIOp>(offset, bytes));
  Value integer = arith::IndexCastOp::create(b, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()),
                                  integer);
}

//===----------------------------------------------------------------------===//
// Passing
//===----------------------------------------------------------------------===//

void KernelInterface::add(Value operand, Setter setter) {
  operands.push_back(operand);
  setters.push_back(std::move(setter));
}

void KernelInterface::pass(Value value, Value &target) {
  Operation *definition = value.getDefiningOp();
  if (definition && definition->hasTrait<OpTrait::ConstantLike>()) {
    finishers.push_back([definition, &target](DeviceBuilder &kernel) {
      target = kernel.clone(*definition)->getResult(0);
    });
    return;
  }
  if (!value.getType().isIndex()) {
    add(value,
        [&target](DeviceBuilder &, Value argument) { target = argument; });
    return;
  }
  Value wide = arith::IndexCastOp::create(host, host.getI64Type(), value);
  add(wide, [&target](DeviceBuilder &kernel, Value argument) {
    target =
        arith::IndexCastOp::create(kernel, kernel.getIndexType(), argument);
  });
}

void KernelInterface::passSize(Value size, Value &target) {
  pass(host.createOrFold<arith::IndexCastOp>(host.getI32Type(), size), target);
}

void KernelInterface::passTensor(Value memref, TensorArgument &target) {
  if (!memref)
    return;
  auto type = cast<MemRefType>(memref.getType());
  target.elementType = type.getElementType();
  if (target.elementType.isInteger(1))
    target.elementType = host.getI8Type();
  else if (target.elementType.isIndex())
    target.elementType = host.getI64Type();
  auto global = LLVM::LLVMPointerType::get(host.getContext(), 1);
  add(getAddress(host, memref), [&target, global](DeviceBuilder &kernel,
                                                  Value argument) {
    target.pointer = LLVM::AddrSpaceCastOp::create(kernel, global, argument);
  });
  target.strides.resize(type.getRank());
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.getDimSize(d) != 1)
      pass(host.createOrFold<arith::IndexCastOp>(host.getI64Type(),
                                                 getStride(host, memref, d)),
           target.strides[d]);
}

/// A memref is passed in parts and put together again as a descriptor.
void KernelInterface::captureMemRef(Value memref, IRMapping &mapping) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t rank = type.getRank();
  // The values of the kernel, filled in by setters: pointer, sizes, strides.
  auto parts = std::make_shared<SmallVector<Value>>(1 + 2 * rank);
  add(getAddress(host, memref),
      [parts](DeviceBuilder &, Value argument) { (*parts)[0] = argument; });
  for (int64_t d = 0; d < rank; ++d) {
    pass(host.createOrFold<arith::IndexCastOp>(host.getI64Type(),
                                               getSize(host, memref, d)),
         (*parts)[1 + d]);
    pass(host.createOrFold<arith::IndexCastOp>(host.getI64Type(),
                                               getStride(host, memref, d)),
         (*parts)[1 + rank + d]);
  }
  finishers.push_back([parts, memref, type, rank,
                       &mapping](DeviceBuilder &kernel) {
    LLVMTypeConverter converter(kernel.getContext());
    // The pointer is that of the first element: the offset is in it.
    auto layout = StridedLayoutAttr::get(
        kernel.getContext(), 0,
        SmallVector<int64_t>(rank, ShapedType::kDynamic));
    auto shifted =
        MemRefType::get(type.getShape(), type.getElementType(), layout);
    auto descriptor = MemRefDescriptor::poison(kernel, kernel.getLoc(),
                                               converter.convertType(shifted));
    descriptor.setAllocatedPtr(kernel, kernel.getLoc(), (*parts)[0]);
    descriptor.setAlignedPtr(kernel, kernel.getLoc(), (*parts)[0]);
    descriptor.setOffset(
        kernel, kernel.getLoc(),
        arith::ConstantIntOp::create(kernel, kernel.getI64Type(), 0));
    for (int64_t d = 0; d < rank; ++d) {
      descriptor.setSize(kernel, kernel.getLoc(), d, (*parts)[1 + d]);
      descriptor.setStride(kernel, kernel.getLoc(), d, (*parts)[1 + rank + d]);
    }
    Value inside = UnrealizedConversionCastOp::create(
                       kernel, shifted, static_cast<Value>(descriptor))
                       .getResult(0);
    mapping.map(memref, inside);
  });
}

void KernelInterface::capture(Value value, IRMapping &mapping) {
  if (isa<MemRefType>(value.getType()))
    return captureMemRef(value, mapping);
  auto target = std::make_shared<Value>();
  pass(value, *target);
  finishers.push_back([target, value, &mapping](DeviceBuilder &) {
    mapping.map(value, *target);
  });
}

gpu::GPUFuncOp KernelInterface::create(gpu::GPUModuleOp module, StringRef name,
                                       DeviceBuilder &kernel) {
  kernel.setInsertionPointToEnd(module.getBody());
  auto type = kernel.getFunctionType(ValueRange(operands).getTypes(), {});
  auto function = gpu::GPUFuncOp::create(kernel, name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    kernel.getUnitAttr());
  Block &body = function.getBody().front();
  kernel.setInsertionPointToEnd(&body);
  auto terminator = gpu::ReturnOp::create(kernel);
  kernel.setInsertionPoint(terminator);
  for (auto [setter, argument] : llvm::zip_equal(setters, body.getArguments()))
    setter(kernel, argument);
  for (auto &finisher : finishers)
    finisher(kernel);
  return function;
}
