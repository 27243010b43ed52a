//===- GPULaunchToRuntime.cpp - Launches as runtime calls -------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeCalls.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTGPULAUNCHTORUNTIMEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

constexpr int64_t kTensorMapBytes = 128;
constexpr int64_t kTensorMapAlignment = 64;

/// The number of CUtensorMapDataType.
std::optional<int64_t> getTensorMapDataType(Type type) {
  if (type.isF16())
    return 6;
  if (type.isF32())
    return 7;
  if (type.isF64())
    return 8;
  if (type.isBF16())
    return 9;
  if (type.isTF32())
    return 11;
  // What has no number of its own is copied as it is.
  if (type.isIntOrFloat())
    switch (type.getIntOrFloatBitWidth()) {
    case 8:
      return 0;
    case 16:
      return 1;
    case 32:
      return type.isUnsignedInteger() ? 2 : 3;
    case 64:
      return type.isUnsignedInteger() ? 4 : 5;
    }
  return std::nullopt;
}

/// The number of CUtensorMapSwizzle.
int64_t getTensorMapSwizzle(attn_gpu::Swizzle swizzle) {
  switch (swizzle) {
  case attn_gpu::Swizzle::None:
    return 0;
  case attn_gpu::Swizzle::B32:
    return 1;
  case attn_gpu::Swizzle::B64:
    return 2;
  case attn_gpu::Swizzle::B128:
    return 3;
  }
  return 0;
}

/// Lowers one host function.
class HostLowering {
public:
  HostLowering(func::FuncOp function, RuntimeCalls &runtime,
               const LLVMTypeConverter &converter)
      : function(function), runtime(runtime), converter(converter),
        b(function.getLoc(), function),
        pointer(LLVM::LLVMPointerType::get(function.getContext())),
        voidType(LLVM::LLVMVoidType::get(function.getContext())),
        i64(b.getI64Type()) {}

  LogicalResult lower();
  int64_t getNumLaunches() const { return numLaunches; }

private:
  LogicalResult lower(Operation *op);
  LogicalResult lower(gpu::LaunchFuncOp op);
  LogicalResult lower(attn_gpu::EncodeTensorMapOp op);
  LogicalResult lower(memref::AllocOp op);
  LogicalResult lower(memref::GetGlobalOp op);
  LogicalResult lower(memref::CopyOp op);
  LogicalResult checkHostOp(Operation *op);

  /// Memory on the stack of the function.
  Value allocate(Type type, int64_t count, int64_t alignment);
  Value toI64(Value value);
  /// The values as an array of i64 in memory.
  Value storeWords(ValueRange values);
  /// The words of a memref's descriptor: two pointers, offset, sizes, strides.
  SmallVector<Value> getDescriptorWords(Value memref);
  /// MLIR's unranked memref, in memory.
  Value createUnranked(Value memref);
  /// A memref of `type` at an address, dense.
  Value createMemRef(MemRefType type, Value memory, ArrayRef<Value> sizes);
  /// Appends the address of each parameter that the argument becomes.
  LogicalResult addParameters(Value argument, Operation *op,
                              SmallVectorImpl<Value> &parameters);

  func::FuncOp function;
  RuntimeCalls &runtime;
  const LLVMTypeConverter &converter;
  ImplicitLocOpBuilder b;
  Type pointer, voidType, i64;
  DenseMap<Value, Value> tensorMaps;
  int64_t numLaunches = 0;
};

Value HostLowering::allocate(Type type, int64_t count, int64_t alignment) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.front());
  Value number = LLVM::ConstantOp::create(b, i64, count);
  return LLVM::AllocaOp::create(b, pointer, type, number, alignment);
}

Value HostLowering::toI64(Value value) {
  if (isa<LLVM::LLVMPointerType>(value.getType()))
    return LLVM::PtrToIntOp::create(b, i64, value);
  if (value.getType().isIndex())
    return arith::IndexCastOp::create(b, i64, value);
  if (value.getType() == i64)
    return value;
  return arith::ExtSIOp::create(b, i64, value);
}

Value HostLowering::storeWords(ValueRange values) {
  Value memory = allocate(i64, std::max<int64_t>(values.size(), 1), 8);
  for (auto [index, value] : llvm::enumerate(values)) {
    Value slot = LLVM::GEPOp::create(b, pointer, i64, memory,
                                     ArrayRef<LLVM::GEPArg>{(int32_t)index});
    LLVM::StoreOp::create(b, toI64(value), slot);
  }
  return memory;
}

SmallVector<Value> HostLowering::getDescriptorWords(Value memref) {
  Value address =
      toI64(memref::ExtractAlignedPointerAsIndexOp::create(b, memref));
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  SmallVector<Value> words{address, address, toI64(metadata.getOffset())};
  for (Value size : metadata.getSizes())
    words.push_back(toI64(size));
  for (Value stride : metadata.getStrides())
    words.push_back(toI64(stride));
  return words;
}

Value HostLowering::createUnranked(Value memref) {
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  Value descriptor = storeWords(getDescriptorWords(memref));
  Value rankValue = LLVM::ConstantOp::create(b, i64, rank);
  return storeWords({rankValue, descriptor});
}

LogicalResult HostLowering::addParameters(Value argument, Operation *op,
                                          SmallVectorImpl<Value> &parameters) {
  if (Value map = tensorMaps.lookup(argument)) {
    parameters.push_back(map);
    return success();
  }
  SmallVector<Value> values{argument};
  if (isa<MemRefType>(argument.getType()))
    values = getDescriptorWords(argument);
  else if (argument.getType().isIndex())
    values = {toI64(argument)};
  for (Value value : values) {
    Type type = value.getType();
    if (!type.isIntOrFloat() && !isa<LLVM::LLVMPointerType>(type))
      return op->emitError("a kernel argument of type ")
             << type << " cannot be passed to the GPU";
    Value slot = allocate(type, 1, 8);
    LLVM::StoreOp::create(b, value, slot);
    parameters.push_back(slot);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult HostLowering::lower(gpu::LaunchFuncOp op) {
  if (op.getAsyncToken() || !op.getAsyncDependencies().empty() ||
      op.getAsyncObject())
    return op.emitError("launches are ordered by the caller's stream: expected "
                        "one without async tokens");
  LLVM::GlobalOp kernel = runtime.getKernel(op.getKernelAttr(), op);
  if (!kernel)
    return failure();
  SmallVector<Value> parameters;
  for (Value argument : op.getKernelOperands())
    if (failed(addParameters(argument, op, parameters)))
      return failure();
  Value list = allocate(pointer, std::max<int64_t>(parameters.size(), 1), 8);
  for (auto [index, parameter] : llvm::enumerate(parameters)) {
    Value slot = LLVM::GEPOp::create(b, pointer, pointer, list,
                                     ArrayRef<LLVM::GEPArg>{(int32_t)index});
    LLVM::StoreOp::create(b, parameter, slot);
  }

  auto grid = op.getGridSizeOperandValues();
  auto block = op.getBlockSizeOperandValues();
  SmallVector<Value> dims{grid.x, grid.y, grid.z, block.x, block.y, block.z};
  if (op.hasClusterSize()) {
    auto cluster = op.getClusterSizeOperandValues();
    dims.append({cluster.x, cluster.y, cluster.z});
  } else {
    dims.resize(9, LLVM::ConstantOp::create(b, i64, 0));
  }
  bool isProgrammatic =
      op->hasAttr(attn_gpu::AttnGPUDialect::kProgrammaticAttrName);
  dims.push_back(LLVM::ConstantOp::create(b, i64, isProgrammatic));
  Value dimsMemory = storeWords(dims);
  Value sharedBytes = op.getDynamicSharedMemorySize();
  sharedBytes = sharedBytes ? toI64(sharedBytes)
                            : Value(LLVM::ConstantOp::create(b, i64, 0));
  Value kernelPointer = LLVM::AddressOfOp::create(b, kernel);
  runtime.call(b, "attn_rt_cuda_launch", voidType,
               {kernelPointer, dimsMemory, sharedBytes, list});
  op.erase();
  ++numLaunches;
  return success();
}

LogicalResult HostLowering::lower(attn_gpu::EncodeTensorMapOp op) {
  std::optional<int64_t> dataType = getTensorMapDataType(op.getElementType());
  if (!dataType)
    return op.emitError("tensor maps have no element type ")
           << op.getElementType();
  for (Operation *user : op->getUsers())
    if (!isa<gpu::LaunchFuncOp>(user))
      return op.emitError("a tensor map can only be an argument of a kernel")
                 .attachNote(user->getLoc())
             << "used here";
  LLVM::GlobalOp tiling = runtime.createTiling(
      op.getLoc(), *dataType, getTensorMapSwizzle(op.getSwizzle()),
      op.getElementType().getIntOrFloatBitWidth() / 8, op.getBox(),
      op->getAttrOfType<StringAttr>("name"));
  Value map = allocate(b.getI8Type(), kTensorMapBytes, kTensorMapAlignment);
  Value base = op.getBase();
  Value sizes = storeWords(op.getSizes()),
        strides = storeWords(op.getStrides()),
        box = storeWords(op.getDynamicBox());
  Value tilingPointer = LLVM::AddressOfOp::create(b, tiling);
  runtime.call(b, "attn_rt_cuda_encode_tensor_map", voidType,
               {map, tilingPointer, base, sizes, strides, box});
  tensorMaps[op.getMap()] = map;
  return success();
}

Value HostLowering::createMemRef(MemRefType type, Value memory,
                                 ArrayRef<Value> sizes) {
  Location loc = b.getLoc();
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, memory);
  descriptor.setAlignedPtr(b, loc, memory);
  descriptor.setOffset(b, loc, LLVM::ConstantOp::create(b, i64, 0));
  Value stride = LLVM::ConstantOp::create(b, i64, 1);
  for (int64_t d = sizes.size() - 1; d >= 0; --d) {
    descriptor.setSize(b, loc, d, sizes[d]);
    descriptor.setStride(b, loc, d, stride);
    stride = LLVM::MulOp::create(b, stride, sizes[d]);
  }
  Value value = descriptor;
  return UnrealizedConversionCastOp::create(b, type, value).getResult(0);
}

/// Whether a memref is dense and of numbers.
static bool isDense(MemRefType type) {
  return type.getLayout().isIdentity() && type.getElementType().isIntOrFloat();
}

static int64_t getElementBytes(MemRefType type) {
  return llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8);
}

LogicalResult HostLowering::lower(memref::AllocOp op) {
  MemRefType type = op.getType();
  if (!isDense(type) || !converter.convertType(type))
    return op.emitError("cannot allocate a ") << type << " on the GPU";
  SmallVector<Value> sizes;
  auto dynamic = op.getDynamicSizes().begin();
  Value bytes = LLVM::ConstantOp::create(b, i64, getElementBytes(type));
  for (int64_t size : type.getShape()) {
    sizes.push_back(ShapedType::isDynamic(size)
                        ? toI64(*dynamic++)
                        : Value(LLVM::ConstantOp::create(b, i64, size)));
    bytes = LLVM::MulOp::create(b, bytes, sizes.back());
  }
  Value memory =
      runtime.call(b, "attn_rt_cuda_temporary", pointer, ValueRange(bytes));
  op.replaceAllUsesWith(createMemRef(type, memory, sizes));
  op.erase();
  return success();
}

LogicalResult HostLowering::lower(memref::GetGlobalOp op) {
  MemRefType type = cast<MemRefType>(op.getType());
  auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
      op, op.getNameAttr());
  if (!global || !global.getConstant() || global.isUninitialized() ||
      global.isExternal() || !isDense(type) || !converter.convertType(type))
    return op.emitError("expected a constant and dense tensor of numbers: what "
                        "changes on the host is not copied to the GPU");
  SmallVector<Value> sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(LLVM::ConstantOp::create(b, i64, size));
  LLVM::GlobalOp constant = runtime.getConstant(
      global, type.getNumElements() * getElementBytes(type));
  Value table = LLVM::AddressOfOp::create(b, constant);
  Value memory =
      runtime.call(b, "attn_rt_cuda_constant", pointer, ValueRange(table));
  op.replaceAllUsesWith(createMemRef(type, memory, sizes));
  op.erase();
  return success();
}

LogicalResult HostLowering::lower(memref::CopyOp op) {
  auto source = dyn_cast<MemRefType>(op.getSource().getType());
  if (!source || !isa<MemRefType>(op.getTarget().getType()) ||
      !source.getElementType().isIntOrFloat())
    return op.emitError("cannot copy a ")
           << op.getSource().getType() << " on the GPU";
  Value size = LLVM::ConstantOp::create(b, i64, getElementBytes(source));
  Value from = createUnranked(op.getSource());
  Value to = createUnranked(op.getTarget());
  runtime.call(b, "attn_rt_cuda_memref_copy", voidType, {size, from, to});
  op.erase();
  return success();
}

/// Memrefs are in the memory of the device: nothing on the host reads or writes
/// them.
LogicalResult HostLowering::checkHostOp(Operation *op) {
  auto refuse = [&] {
    return op->emitError("'")
           << op->getName()
           << "' cannot run on the GPU: only attention is compiled for it";
  };
  if (isa<gpu::LaunchOp>(op))
    return op->emitError("gpu.launch: outline the kernel first");
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  if (!effects)
    return success();
  SmallVector<MemoryEffects::EffectInstance> instances;
  effects.getEffects(instances);
  for (MemoryEffects::EffectInstance &instance : instances) {
    Value value = instance.getValue();
    if (!value || !isa<BaseMemRefType>(value.getType()))
      continue;
    if (isa<MemoryEffects::Read, MemoryEffects::Write>(instance.getEffect()))
      return refuse();
  }
  return success();
}

LogicalResult HostLowering::lower(Operation *op) {
  b.setLoc(op->getLoc());
  b.setInsertionPoint(op);
  auto replace = [&](Value value) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
    return success();
  };
  if (auto launch = dyn_cast<gpu::LaunchFuncOp>(op))
    return lower(launch);
  if (auto encode = dyn_cast<attn_gpu::EncodeTensorMapOp>(op))
    return lower(encode);
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    return lower(alloc);
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return lower(copy);
  if (auto constant = dyn_cast<memref::GetGlobalOp>(op))
    return lower(constant);
  if (auto scratch = dyn_cast<attn_gpu::ScratchOp>(op))
    return replace(runtime.call(b, "attn_rt_cuda_scratch", pointer,
                                ValueRange(toI64(scratch.getBytes()))));
  if (isa<attn_gpu::MultiprocessorCountOp>(op)) {
    Value count = runtime.call(b, "attn_rt_cuda_multiprocessor_count", i64, {});
    return replace(arith::IndexCastOp::create(b, b.getIndexType(), count));
  }
  if (auto choose = dyn_cast<attn_gpu::ChooseSplitsOp>(op)) {
    Value resident = LLVM::ConstantOp::create(b, i64, choose.getResident());
    Value varying = LLVM::ConstantOp::create(b, i64, choose.getVarying());
    Value splits =
        runtime.call(b, "attn_rt_cuda_choose_splits", i64,
                     {toI64(choose.getTiles()), toI64(choose.getBlocks()),
                      toI64(choose.getRows()), resident, varying});
    return replace(arith::IndexCastOp::create(b, b.getIndexType(), splits));
  }
  if (isa<memref::DeallocOp>(op)) {
    // The memory of a call is the runtime's.
    op->erase();
    return success();
  }
  return checkHostOp(op);
}

LogicalResult HostLowering::lower() {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops)
    if (op != function && failed(lower(op)))
      return failure();
  // Launches have taken their maps.
  for (auto &[map, memory] : tensorMaps)
    map.getDefiningOp()->erase();
  return success();
}

struct ConvertGPULaunchToRuntimePass
    : attn::impl::ConvertGPULaunchToRuntimePassBase<
          ConvertGPULaunchToRuntimePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    RuntimeCalls runtime(module);
    LLVMTypeConverter converter(&getContext());
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      HostLowering lowering(function, runtime, converter);
      if (failed(lowering.lower()))
        return signalPassFailure();
      numLaunches += lowering.getNumLaunches();
    }
    for (auto binary :
         llvm::make_early_inc_range(module.getOps<gpu::BinaryOp>()))
      binary.erase();
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }
};

} // namespace
