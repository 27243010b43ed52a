//===- RuntimeCalls.cpp - Calls of the CUDA runtime -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeCalls.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::attn;

/// Of our tables: neither entries nor functions of the runtime are called so.
static constexpr StringLiteral kPrefix = "attn_rt_gpu_";

RuntimeCalls::RuntimeCalls(ModuleOp module)
    : module(module), symbols(module),
      pointer(LLVM::LLVMPointerType::get(module.getContext())),
      i32(IntegerType::get(module.getContext(), 32)),
      i64(IntegerType::get(module.getContext(), 64)) {}

LLVM::LLVMFuncOp RuntimeCalls::getFunction(StringRef name, Type result,
                                           ArrayRef<Type> inputs) {
  if (auto function = symbols.lookup<LLVM::LLVMFuncOp>(name))
    return function;
  OpBuilder builder(module.getContext());
  auto function =
      LLVM::LLVMFuncOp::create(builder, module.getLoc(), name,
                               LLVM::LLVMFunctionType::get(result, inputs));
  symbols.insert(function);
  return function;
}

Value RuntimeCalls::call(ImplicitLocOpBuilder &b, StringRef name, Type result,
                         ValueRange operands) {
  auto call = LLVM::CallOp::create(
      b, getFunction(name, result, llvm::to_vector(operands.getTypes())),
      operands);
  return call->getNumResults() ? call.getResult() : Value();
}

LLVM::GlobalOp RuntimeCalls::createBytes(Location loc, StringRef name,
                                         StringRef bytes, uint64_t alignment) {
  OpBuilder builder(module.getContext());
  auto type = LLVM::LLVMArrayType::get(builder.getIntegerType(8), bytes.size());
  auto global = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                       LLVM::Linkage::Private, name,
                                       builder.getStringAttr(bytes), alignment);
  symbols.insert(global);
  return global;
}

LLVM::GlobalOp RuntimeCalls::createStruct(Location loc, StringRef name,
                                          bool isConstant,
                                          ArrayRef<Type> fields,
                                          Initializer initialize) {
  ImplicitLocOpBuilder b(loc, module.getContext());
  auto type = LLVM::LLVMStructType::getLiteral(module.getContext(), fields);
  auto global = LLVM::GlobalOp::create(
      b, type, isConstant, LLVM::Linkage::Internal, name, Attribute());
  symbols.insert(global);
  b.setInsertionPointToStart(&global.getInitializerRegion().emplaceBlock());
  Value value = LLVM::UndefOp::create(b, type);
  for (auto [index, field] : llvm::enumerate(initialize(b)))
    value = LLVM::InsertValueOp::create(b, value, field, index);
  LLVM::ReturnOp::create(b, value);
  return global;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Binary code before code that the driver compiles.
static SmallVector<gpu::ObjectAttr> getObjects(gpu::BinaryOp binary) {
  SmallVector<gpu::ObjectAttr> objects;
  for (bool isPTX : {false, true})
    for (auto object : binary.getObjects().getAsRange<gpu::ObjectAttr>())
      if (isa<NVVM::NVVMTargetAttr>(object.getTarget()) &&
          object.getFormat() != gpu::CompilationTarget::Offload &&
          (object.getFormat() == gpu::CompilationTarget::Assembly) == isPTX)
        objects.push_back(object);
  return objects;
}

LLVM::GlobalOp RuntimeCalls::createObjects(gpu::BinaryOp binary,
                                           ArrayRef<gpu::ObjectAttr> objects) {
  Location loc = binary.getLoc();
  std::string prefix = (kPrefix + binary.getSymName()).str();
  SmallVector<Type> fields;
  SmallVector<LLVM::GlobalOp> data, names;
  for (gpu::ObjectAttr object : objects) {
    fields.append({pointer, pointer, i64});
    // PTX ends in a zero; the driver wants cubins aligned.
    std::string bytes = object.getObject().getValue().str();
    if (object.getFormat() == gpu::CompilationTarget::Assembly &&
        (bytes.empty() || bytes.back() != '\0'))
      bytes += '\0';
    data.push_back(createBytes(loc, prefix + "_code", bytes, 64));
    std::string arch =
        cast<NVVM::NVVMTargetAttr>(object.getTarget()).getChip().str() + '\0';
    names.push_back(createBytes(loc, prefix + "_arch", arch, 1));
  }
  auto initialize = [&](ImplicitLocOpBuilder &b) {
    SmallVector<Value> values;
    for (auto [object, code, name] : llvm::zip(objects, data, names)) {
      values.push_back(LLVM::AddressOfOp::create(b, code));
      values.push_back(LLVM::AddressOfOp::create(b, name));
      values.push_back(LLVM::ConstantOp::create(
          b, i64, object.getFormat() == gpu::CompilationTarget::Assembly));
    }
    return values;
  };
  // The fields of a table of structures are those of one flat structure.
  return createStruct(loc, prefix + "_objects", /*isConstant=*/true, fields,
                      initialize);
}

LLVM::GlobalOp RuntimeCalls::getImage(gpu::BinaryOp binary) {
  LLVM::GlobalOp &image = images[binary.getSymNameAttr()];
  if (image)
    return image;
  SmallVector<gpu::ObjectAttr> objects = getObjects(binary);
  if (objects.empty()) {
    binary.emitError("gpu.binary @")
        << binary.getSymName() << " has no PTX and no binary code for NVIDIA "
        << "GPUs";
    return {};
  }
  LLVM::GlobalOp table = createObjects(binary, objects);
  image = createStruct(
      binary.getLoc(), (kPrefix + binary.getSymName() + "_image").str(),
      /*isConstant=*/false, {pointer, i64, pointer},
      [&](ImplicitLocOpBuilder &b) {
        return SmallVector<Value>{
            LLVM::AddressOfOp::create(b, table),
            LLVM::ConstantOp::create(b, i64, (int64_t)objects.size()),
            LLVM::ZeroOp::create(b, pointer)};
      });
  return image;
}

LLVM::GlobalOp RuntimeCalls::getKernel(SymbolRefAttr kernel, Operation *user) {
  LLVM::GlobalOp &global = kernels[kernel];
  if (global)
    return global;
  StringAttr moduleName = kernel.getRootReference();
  auto binary = symbols.lookup<gpu::BinaryOp>(moduleName);
  if (!binary) {
    bool isModule = symbols.lookup<gpu::GPUModuleOp>(moduleName) != nullptr;
    user->emitError("kernel ")
        << kernel << ": "
        << (isModule ? "the gpu.module is not compiled to a gpu.binary"
                     : "there is no such gpu.binary");
    return {};
  }
  LLVM::GlobalOp image = getImage(binary);
  if (!image)
    return {};
  StringRef name = kernel.getLeafReference().getValue();
  LLVM::GlobalOp text = createBytes(user->getLoc(), "attn_rt_gpu_kernel_name",
                                    name.str() + '\0', 1);
  global = createStruct(
      user->getLoc(), (kPrefix + moduleName.getValue() + "_" + name).str(),
      /*isConstant=*/false, {pointer, pointer, pointer},
      [&](ImplicitLocOpBuilder &b) {
        return SmallVector<Value>{LLVM::AddressOfOp::create(b, image),
                                  LLVM::AddressOfOp::create(b, text),
                                  LLVM::ZeroOp::create(b, pointer)};
      });
  return global;
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

LLVM::GlobalOp RuntimeCalls::createTiling(Location loc, int64_t dataType,
                                          int64_t swizzle, int64_t elementBytes,
                                          ArrayRef<int64_t> box,
                                          StringAttr name) {
  LLVM::GlobalOp text;
  if (name)
    text = createBytes(loc, "attn_rt_gpu_tensor_name", name.str() + '\0', 1);
  SmallVector<int64_t> words{(int64_t)box.size(), dataType, swizzle,
                             elementBytes};
  for (int64_t size : box)
    words.push_back(ShapedType::isDynamic(size) ? 0 : size);
  words.resize(9, 1);
  SmallVector<Type> fields(words.size(), i32);
  fields.push_back(pointer);
  return createStruct(
      loc, "attn_rt_gpu_tiling", /*isConstant=*/true, fields,
      [&](ImplicitLocOpBuilder &b) {
        SmallVector<Value> values;
        for (int64_t word : words)
          values.push_back(LLVM::ConstantOp::create(b, i32, word));
        values.push_back(text ? Value(LLVM::AddressOfOp::create(b, text))
                              : Value(LLVM::ZeroOp::create(b, pointer)));
        return values;
      });
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

LLVM::GlobalOp RuntimeCalls::getConstant(memref::GlobalOp global,
                                         int64_t bytes) {
  LLVM::GlobalOp &constant = constants[global.getSymNameAttr()];
  if (constant)
    return constant;
  MemRefType type = global.getType();
  Type arrayType = type.getElementType();
  for (int64_t size : llvm::reverse(type.getShape()))
    arrayType = LLVM::LLVMArrayType::get(arrayType, size);
  Attribute value = *global.getInitialValue();
  if (type.getRank() == 0)
    value = cast<DenseElementsAttr>(value).getSplatValue<Attribute>();
  OpBuilder builder(module.getContext());
  std::string prefix = (kPrefix + global.getSymName()).str();
  auto data =
      LLVM::GlobalOp::create(builder, global.getLoc(), arrayType,
                             /*isConstant=*/true, LLVM::Linkage::Private,
                             prefix + "_data", value, /*alignment=*/64);
  symbols.insert(data);
  constant = createStruct(
      global.getLoc(), prefix, /*isConstant=*/false, {pointer, i64, pointer},
      [&](ImplicitLocOpBuilder &b) {
        return SmallVector<Value>{LLVM::AddressOfOp::create(b, data),
                                  LLVM::ConstantOp::create(b, i64, bytes),
                                  LLVM::ZeroOp::create(b, pointer)};
      });
  return constant;
}
