//===- EntryPoint.cpp - The way into compiled code --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/CPU/EntryPoint.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::attn;

/// On the entry function: its signature as `attn_rt_invoke` reads it.
static constexpr StringLiteral kSignatureAttr = "attn.signature";
static constexpr StringLiteral kInterfaceAttr = "llvm.emit_c_interface";

/// Internal symbols. No entry's name makes attn_NAME one of these.
static constexpr StringLiteral kPackedName = "attn_rt_packed";
static constexpr StringLiteral kTableName = "attn_rt_signature";
static constexpr StringLiteral kVersionsName = "attn_rt_versions";

static std::optional<attn_dtype> getDtype(Type type) {
  if (type.isF16())
    return ATTN_F16;
  if (type.isBF16())
    return ATTN_BF16;
  if (type.isF32())
    return ATTN_F32;
  if (type.isF64())
    return ATTN_F64;
  if (type.isInteger(1))
    return ATTN_BOOL;
  if (type.isInteger(8))
    return ATTN_I8;
  if (type.isInteger(16))
    return ATTN_I16;
  if (type.isInteger(32))
    return ATTN_I32;
  if (type.isInteger(64) || type.isIndex())
    return ATTN_I64;
  return std::nullopt;
}

LogicalResult attn::dropUnreachable(func::FuncOp entry) {
  auto module = entry->getParentOfType<ModuleOp>();
  for (auto function : module.getOps<func::FuncOp>())
    function.setPrivate();
  entry.setPublic();
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  pm.addPass(createSymbolDCEPass());
  return pm.run(module);
}

LogicalResult attn::verifyCallees(func::FuncOp entry) {
  auto module = entry->getParentOfType<ModuleOp>();
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isExternal() &&
        llvm::any_of(llvm::concat<const Type>(function.getArgumentTypes(),
                                              function.getResultTypes()),
                     llvm::IsaPred<ShapedType>))
      return function.emitError("the function @")
             << function.getSymName() << ", which @" << entry.getSymName()
             << " calls, has no body";
  return success();
}

FailureOr<func::FuncOp> attn::lookupEntry(ModuleOp module, StringRef name) {
  auto entry = module.lookupSymbol<func::FuncOp>(name);
  if (!entry) {
    InFlightDiagnostic diagnostic = module.emitError("no function @")
                                    << name << " in the module";
    std::string known;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal() && !function.isPrivate())
        known += (known.empty() ? "@" : ", @") + function.getSymName().str();
    if (!known.empty())
      diagnostic << "; it has " << known;
    return diagnostic;
  }
  if (entry.isExternal())
    return entry.emitError("the function @") << name << " has no body";
  return entry;
}

FailureOr<EntrySignature> attn::getEntrySignature(func::FuncOp entry) {
  EntrySignature signature;
  signature.name = entry.getSymName().str();
  if (entry.getSymName().starts_with("rt_"))
    return entry.emitError("the entry @")
           << signature.name << " would be called attn_" << signature.name
           << ", and names that begin with attn_rt_ are the runtime's";
  auto isIdentifier = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  if (!llvm::all_of(signature.name, isIdentifier))
    return entry.emitError("the entry @")
           << signature.name << " has a name that is no identifier of C";
  auto getValue = [&](Type type, StringRef kind, unsigned index,
                      bool scalarAllowed) -> FailureOr<EntryValue> {
    auto shaped = dyn_cast<ShapedType>(type);
    bool isScalar = !shaped;
    std::optional<attn_dtype> dtype =
        getDtype(isScalar ? type : shaped.getElementType());
    bool isTensor =
        isa<RankedTensorType>(type) || (scalarAllowed && isa<MemRefType>(type));
    if (!dtype || (isScalar ? !scalarAllowed : !isTensor))
      return entry.emitError()
             << kind << " " << index << " of @" << entry.getSymName() << " is "
             << type << ": expected a ranked tensor"
             << (scalarAllowed ? ", a memref or a scalar" : "")
             << " of f16, bf16, f32, f64, i1, i8, i16, i32, "
                "i64 or index";
    EntryValue value{isScalar, *dtype, {}};
    if (!isScalar)
      llvm::append_range(value.shape, shaped.getShape());
    if (auto memref = dyn_cast<MemRefType>(type);
        memref && !memref.getLayout().isIdentity()) {
      value.hasStrides = true;
      value.hasContiguousRows = memref.isLastDimUnitStride();
    }
    return value;
  };
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    FailureOr<EntryValue> value = getValue(type, "argument", index, true);
    if (failed(value))
      return failure();
    signature.inputs.push_back(*value);
  }
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes())) {
    FailureOr<EntryValue> value = getValue(type, "result", index, false);
    if (failed(value))
      return failure();
    signature.results.push_back(*value);
  }
  return signature;
}

/// Whether any strides will do, but for a last one that may have to be 1.
static bool hasDynamicStrides(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      (offset != 0 && !ShapedType::isDynamic(offset)))
    return false;
  if (!strides.empty() && strides.back() == 1)
    strides.pop_back();
  return llvm::all_of(strides, ShapedType::isDynamic);
}

LogicalResult attn::verifyMemRefArguments(func::FuncOp entry) {
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (memref &&
        ((!memref.getLayout().isIdentity() && !hasDynamicStrides(memref)) ||
         memref.getMemorySpace()))
      return entry.emitError()
             << "argument " << index << " of @" << entry.getSymName() << " is "
             << type
             << ": expected a memref in the default memory space that is dense "
                "or whose strides are dynamic, but for a last one of 1";
  }
  return success();
}

/// Lowering calls functions of the runtime by their names.
static LogicalResult verifyNames(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    StringRef name = function.getSymName();
    if (!function.isExternal() &&
        (name.starts_with("attn_rt_") || name.starts_with("_mlir_") ||
         name == "memrefCopy"))
      return function.emitError("the function @")
             << name
             << " has a body, and names that begin with attn_rt_ or _mlir_, "
                "and memrefCopy, are the runtime's";
  }
  return success();
}

LogicalResult attn::markEntry(func::FuncOp entry) {
  FailureOr<EntrySignature> signature = getEntrySignature(entry);
  if (failed(signature) ||
      failed(verifyNames(entry->getParentOfType<ModuleOp>())))
    return failure();
  SmallVector<int64_t> words{(int64_t)signature->inputs.size(),
                             (int64_t)signature->results.size()};
  for (ArrayRef<EntryValue> values :
       {ArrayRef(signature->inputs), ArrayRef(signature->results)})
    for (const EntryValue &value : values) {
      words.append(
          {value.getPassing(), value.dtype, (int64_t)value.shape.size()});
      for (int64_t size : value.shape)
        words.push_back(ShapedType::isDynamic(size) ? -1 : size);
    }
  Builder builder(entry.getContext());
  entry->setAttr(kSignatureAttr, builder.getDenseI64ArrayAttr(words));
  entry->setAttr(kInterfaceAttr, builder.getUnitAttr());
  entry.setPublic();
  return success();
}

namespace {

class EntryEmitter {
public:
  EntryEmitter(ModuleOp module, LLVM::LLVMFuncOp entry, EntryTarget target,
               ArrayRef<EntryVersion> versions, StringRef baselineCPU)
      : module(module), entry(entry), target(target), versions(versions),
        baselineCPU(baselineCPU),
        b(entry.getLoc(), OpBuilder::atBlockEnd(module.getBody())),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        voidType(LLVM::LLVMVoidType::get(module.getContext())) {}

  LogicalResult emit();
  /// Emits what a version contributes that is not the first.
  LogicalResult emitVersion(int64_t index);

private:
  /// Whether names are free, and what calls the function with descriptors.
  FailureOr<LLVM::LLVMFuncOp> prepare();
  ArrayRef<int64_t> getSignature() {
    return entry->getAttrOfType<DenseI64ArrayAttr>(kSignatureAttr).asArrayRef();
  }
  LLVM::GlobalOp emitVersionTable();

  LLVM::LLVMFuncOp declare(StringRef name, Type result, ArrayRef<Type> inputs);
  /// Defines a function whose body `emitBody` builds from its arguments.
  LLVM::LLVMFuncOp define(StringRef name, Type result, ArrayRef<Type> inputs,
                          function_ref<Value(ValueRange)> emitBody);
  LLVM::LLVMFuncOp emitPacked(StringRef name, LLVM::LLVMFuncOp wrapped);
  /// The functions beside the entry itself.
  void emitForCPU(StringRef name);
  void emitForCUDA(StringRef name);

  ModuleOp module;
  LLVM::LLVMFuncOp entry;
  EntryTarget target;
  ArrayRef<EntryVersion> versions;
  StringRef baselineCPU;
  ImplicitLocOpBuilder b;
  Type pointer, voidType;
};

/// The symbol of the code for a version.
std::string getPackedName(int64_t index) {
  return index == 0 ? kPackedName.str()
                    : kPackedName.str() + "_" + std::to_string(index);
}

LLVM::LLVMFuncOp EntryEmitter::declare(StringRef name, Type result,
                                       ArrayRef<Type> inputs) {
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return function;
  return LLVM::LLVMFuncOp::create(b, name,
                                  LLVM::LLVMFunctionType::get(result, inputs));
}

LLVM::LLVMFuncOp
EntryEmitter::define(StringRef name, Type result, ArrayRef<Type> inputs,
                     function_ref<Value(ValueRange)> emitBody) {
  auto function = LLVM::LLVMFuncOp::create(
      b, name, LLVM::LLVMFunctionType::get(result, inputs));
  // Runs before it is known what the CPU can run.
  if (!versions.empty() && name != kPackedName)
    function.setTargetCpu(baselineCPU);
  OpBuilder::InsertionGuard guard(b);
  Block *body = function.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  Value returned = emitBody(body->getArguments());
  LLVM::ReturnOp::create(b, returned ? ValueRange(returned) : ValueRange());
  return function;
}

/// void packed(void **arguments): reads each argument and calls the wrapper
/// that takes descriptors by pointer. Results are a block of descriptors, first
/// in order, or for CUDA arguments like the others.
LLVM::LLVMFuncOp EntryEmitter::emitPacked(StringRef name,
                                          LLVM::LLVMFuncOp wrapped) {
  ArrayRef<int64_t> signature = getSignature();
  auto emitBody = [&](ValueRange arguments) -> Value {
    int64_t numInputs = signature[0], numResults = signature[1];
    auto getPointer = [&](int64_t index) -> Value {
      Value slot = LLVM::GEPOp::create(b, pointer, pointer, arguments[0],
                                       ArrayRef<LLVM::GEPArg>{(int32_t)index});
      return LLVM::LoadOp::create(b, pointer, slot);
    };
    SmallVector<Value> operands;
    if (numResults > 0 && target == EntryTarget::CPU)
      operands.push_back(getPointer(numInputs));
    const int64_t *cursor = signature.begin() + 2;
    for (int64_t i = 0; i < numInputs; ++i) {
      bool isScalar = cursor[0] == ATTN_PASS_SCALAR;
      cursor += 3 + cursor[2];
      Value operand = getPointer(i);
      if (isScalar) {
        Type type = wrapped.getFunctionType().getParamType(operands.size());
        // A boolean is a byte in memory.
        if (type.isInteger(1)) {
          Value byte = LLVM::LoadOp::create(b, b.getI8Type(), operand);
          operand = LLVM::TruncOp::create(b, type, byte);
        } else {
          operand = LLVM::LoadOp::create(b, type, operand);
        }
      }
      operands.push_back(operand);
    }
    for (int64_t i = 0; target == EntryTarget::CUDA && i < numResults; ++i)
      operands.push_back(getPointer(numInputs + i));
    LLVM::CallOp::create(b, wrapped, operands);
    return {};
  };
  return define(name, voidType, pointer, emitBody);
}

FailureOr<LLVM::LLVMFuncOp> EntryEmitter::prepare() {
  std::string name = entry.getSymName().str();
  auto wrapped = module.lookupSymbol<LLVM::LLVMFuncOp>("_mlir_ciface_" + name);
  if (!wrapped)
    return entry.emitError("expected a C interface of the entry function");
  SmallVector<std::string> needed{"attn_" + name,
                                  "attn_" + name + "_error",
                                  "attn_" + name + "_set_num_threads",
                                  "attn_" + name + "_set_thread_team",
                                  "attn_" + name + "_synchronize",
                                  kTableName.str(),
                                  kVersionsName.str()};
  for (int64_t i = 0; i < std::max<int64_t>(versions.size(), 1); ++i)
    needed.push_back(getPackedName(i));
  for (const std::string &symbol : needed)
    if (Operation *taken = module.lookupSymbol(symbol))
      return taken->emitError("the name @")
             << symbol << " is needed for the C interface of @" << name;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (!function.isExternal())
      function.setLinkage(LLVM::Linkage::Internal);
  return wrapped;
}

LogicalResult EntryEmitter::emitVersion(int64_t index) {
  FailureOr<LLVM::LLVMFuncOp> wrapped = prepare();
  if (failed(wrapped))
    return failure();
  LLVM::LLVMFuncOp packed = emitPacked(getPackedName(index), *wrapped);
  packed.setVisibility_(LLVM::Visibility::Hidden);
  return success();
}

/// An array of `attn_rt_version`.
LLVM::GlobalOp EntryEmitter::emitVersionTable() {
  auto versionType = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {pointer, b.getI64Type(), pointer});
  auto tableType = LLVM::LLVMArrayType::get(versionType, versions.size());
  SmallVector<LLVM::GlobalOp> names;
  for (auto [i, version] : llvm::enumerate(versions)) {
    std::string text = version.cpu + std::string(1, '\0');
    names.push_back(LLVM::GlobalOp::create(
        b, LLVM::LLVMArrayType::get(b.getI8Type(), text.size()),
        /*isConstant=*/true, LLVM::Linkage::Internal,
        kVersionsName.str() + "_" + std::to_string(i), b.getStringAttr(text)));
  }
  auto table = LLVM::GlobalOp::create(b, tableType, /*isConstant=*/true,
                                      LLVM::Linkage::Internal, kVersionsName,
                                      Attribute());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(b.createBlock(&table.getInitializerRegion()));
  Value array = LLVM::UndefOp::create(b, tableType);
  for (auto [i, version] : llvm::enumerate(versions)) {
    Value fields[] = {LLVM::AddressOfOp::create(b, names[i]),
                      LLVM::ConstantOp::create(
                          b, b.getI64IntegerAttr((int64_t)version.features)),
                      LLVM::AddressOfOp::create(b, pointer, getPackedName(i))};
    for (auto [f, field] : llvm::enumerate(fields))
      array = LLVM::InsertValueOp::create(
          b, array, field, ArrayRef<int64_t>{(int64_t)i, (int64_t)f});
  }
  LLVM::ReturnOp::create(b, array);
  return table;
}

LogicalResult EntryEmitter::emit() {
  std::string name = entry.getSymName().str();
  FailureOr<LLVM::LLVMFuncOp> wrapped = prepare();
  if (failed(wrapped))
    return failure();
  ArrayRef<int64_t> signature = getSignature();
  auto tableType = LLVM::LLVMArrayType::get(b.getI64Type(), signature.size());
  auto table = LLVM::GlobalOp::create(b, tableType, /*isConstant=*/true,
                                      LLVM::Linkage::Internal, kTableName,
                                      b.getI64TensorAttr(signature));
  emitPacked(kPackedName, *wrapped).setLinkage(LLVM::Linkage::Internal);
  LLVM::GlobalOp versionTable;
  LLVM::LLVMFuncOp selectVersion;
  if (!versions.empty()) {
    for (size_t i = 1; i < versions.size(); ++i)
      declare(getPackedName(i), voidType, pointer)
          .setVisibility_(LLVM::Visibility::Hidden);
    versionTable = emitVersionTable();
    selectVersion =
        declare("attn_rt_select_version", pointer, {pointer, b.getI32Type()});
  }

  Type i32 = b.getI32Type();
  SmallVector<Type> inputs{pointer, i32, pointer, i32};
  StringRef invokeName = "attn_rt_invoke";
  if (target == EntryTarget::CUDA) {
    inputs.push_back(pointer);
    invokeName = "attn_rt_cuda_invoke";
  }
  SmallVector<Type> invokeInputs{pointer, pointer};
  llvm::append_range(invokeInputs, inputs);
  LLVM::LLVMFuncOp invoke = declare(invokeName, i32, invokeInputs);
  define("attn_" + name, i32, inputs, [&](ValueRange arguments) -> Value {
    Value tablePointer = LLVM::AddressOfOp::create(b, table);
    Value packed;
    if (versions.empty()) {
      packed = LLVM::AddressOfOp::create(b, pointer, kPackedName);
    } else {
      Value count =
          LLVM::ConstantOp::create(b, b.getI32IntegerAttr(versions.size()));
      Value versionPointer = LLVM::AddressOfOp::create(b, versionTable);
      packed = LLVM::CallOp::create(b, selectVersion,
                                    ValueRange{versionPointer, count})
                   .getResult();
    }
    SmallVector<Value> operands{tablePointer, packed};
    llvm::append_range(operands, arguments);
    return LLVM::CallOp::create(b, invoke, operands).getResult();
  });
  LLVM::LLVMFuncOp lastError = declare("attn_rt_last_error", pointer, {});
  define("attn_" + name + "_error", pointer, {}, [&](ValueRange) -> Value {
    return LLVM::CallOp::create(b, lastError, ValueRange()).getResult();
  });
  if (target == EntryTarget::CPU)
    emitForCPU(name);
  else
    emitForCUDA(name);
  return success();
}

void EntryEmitter::emitForCPU(StringRef name) {
  // Each shared object has a runtime of its own.
  auto forward = [&](StringRef what, Type argument) {
    LLVM::LLVMFuncOp function =
        declare(("attn_rt_" + what).str(), voidType, {argument});
    define(("attn_" + name + "_" + what).str(), voidType, {argument},
           [&](ValueRange arguments) -> Value {
             LLVM::CallOp::create(b, function, arguments);
             return {};
           });
  };
  forward("set_num_threads", b.getI32Type());
  forward("set_thread_team", pointer);
}

void EntryEmitter::emitForCUDA(StringRef name) {
  Type i32 = b.getI32Type();
  LLVM::LLVMFuncOp synchronize =
      declare("attn_rt_cuda_synchronize", i32, {pointer});
  define(("attn_" + name + "_synchronize").str(), i32, {pointer},
         [&](ValueRange arguments) -> Value {
           return LLVM::CallOp::create(b, synchronize, arguments).getResult();
         });
}

} // namespace

static FailureOr<LLVM::LLVMFuncOp> lookupMarked(ModuleOp module) {
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr(kSignatureAttr))
      return function;
  return module.emitError("no entry function is marked");
}

LogicalResult attn::emitEntryPoint(ModuleOp module, EntryTarget target,
                                   ArrayRef<EntryVersion> versions,
                                   StringRef baselineCPU) {
  FailureOr<LLVM::LLVMFuncOp> entry = lookupMarked(module);
  if (failed(entry))
    return failure();
  return EntryEmitter(module, *entry, target, versions, baselineCPU).emit();
}

LogicalResult attn::emitEntryVersion(ModuleOp module, int64_t index) {
  FailureOr<LLVM::LLVMFuncOp> entry = lookupMarked(module);
  if (failed(entry))
    return failure();
  return EntryEmitter(module, *entry, EntryTarget::CPU, {}, "")
      .emitVersion(index);
}
