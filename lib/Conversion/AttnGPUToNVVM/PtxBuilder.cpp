//===- PtxBuilder.cpp - Instructions of NVIDIA GPUs ------------ *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxBuilder.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn_gpu;

//===----------------------------------------------------------------------===//
// Inline PTX
//===----------------------------------------------------------------------===//

Value PtxBuilder::intrinsic(StringRef name, Type result, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(*this, result, getStringAttr(name),
                                       arguments)
      .getResult(0);
}

SmallVector<Value> PtxBuilder::assembly(StringRef code, int64_t numResults,
                                        Type resultType, ValueRange operands,
                                        StringRef constraints,
                                        bool sideEffects) {
  auto dialect =
      LLVM::AsmDialectAttr::get(getContext(), LLVM::AsmDialect::AD_ATT);
  Type type;
  if (numResults == 1)
    type = resultType;
  else if (numResults > 1)
    type = LLVM::LLVMStructType::getLiteral(
        getContext(), SmallVector<Type>(numResults, resultType));
  auto op = LLVM::InlineAsmOp::create(
      *this, type ? TypeRange(type) : TypeRange(), operands, code, constraints,
      sideEffects, /*is_align_stack=*/false, LLVM::TailCallKind::None, dialect,
      /*operand_attrs=*/ArrayAttr());
  SmallVector<Value> results;
  if (numResults == 1)
    results.push_back(op.getRes());
  for (int64_t i = 0; numResults > 1 && i < numResults; ++i)
    results.push_back(LLVM::ExtractValueOp::create(*this, op.getRes(), i));
  return results;
}

/// "=f,=f,...": a constraint for each output, by the type of the values.
static std::string getOutputs(int64_t count, StringRef constraint) {
  return llvm::join(SmallVector<StringRef>(count, constraint), ",");
}

/// "0,1,...": inputs in the registers of the outputs.
static std::string getTiedInputs(int64_t count) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(llvm::seq(count), os, ",");
  return text;
}

/// "{$first, ...}".
static std::string getRegisters(int64_t first, int64_t count) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "{";
  llvm::interleaveComma(llvm::seq(first, first + count), os,
                        [&](int64_t i) { os << "$" << i; });
  os << "}";
  return text;
}

SmallVector<Value> PtxBuilder::tied(StringRef code, ValueRange values) {
  int64_t count = values.size();
  if (count == 0) {
    assembly(code, 0, {}, {}, "", /*sideEffects=*/true);
    return {};
  }
  return assembly(code, count, values.front().getType(), values,
                  getOutputs(count, "=f") + "," + getTiedInputs(count),
                  /*sideEffects=*/true);
}

//===----------------------------------------------------------------------===//
// Where a thread is
//===----------------------------------------------------------------------===//

Value PtxBuilder::threadId() {
  return NVVM::ThreadIdXOp::create(*this, getI32Type());
}
Value PtxBuilder::blockId() {
  return NVVM::BlockIdXOp::create(*this, getI32Type());
}
Value PtxBuilder::gridSize() {
  return NVVM::GridDimXOp::create(*this, getI32Type());
}

Value PtxBuilder::warpgroup() {
  return NVVM::ShflOp::create(*this, getI32Type(), i32(-1),
                              shiftRight(threadId(), 7), i32(0), i32(31),
                              NVVM::ShflKind::idx, UnitAttr());
}

Value PtxBuilder::vector(ArrayRef<Value> elements) {
  auto type = VectorType::get(elements.size(), elements.front().getType());
  Value result = LLVM::PoisonOp::create(*this, type);
  for (auto [i, element] : llvm::enumerate(elements))
    result = LLVM::InsertElementOp::create(*this, result, element, i32(i));
  return result;
}

Value PtxBuilder::firstRow() {
  Value warp = shiftRight(threadInWarpgroup(), 5);
  return add(mul(warp, 16), shiftRight(lane(), 2));
}

Value PtxBuilder::firstColumn() { return mul(bitAnd(lane(), 3), 2); }

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void PtxBuilder::setMaxRegisters(int64_t count, bool increase) {
  NVVM::SetMaxRegisterOp::create(*this, count,
                                 increase
                                     ? NVVM::SetMaxRegisterAction::increase
                                     : NVVM::SetMaxRegisterAction::decrease);
}

void PtxBuilder::blockBarrier() { NVVM::Barrier0Op::create(*this); }

void PtxBuilder::namedBarrier(Value id, int64_t numThreads) {
  NVVM::BarrierOp::create(*this, Type(), id, i32(numThreads),
                          NVVM::BarrierReductionAttr(), Value());
}

void PtxBuilder::namedBarrierArrive(Value id, int64_t numThreads) {
  NVVM::BarrierArriveOp::create(*this, id, i32(numThreads));
}

/// NVVM's operation reduces at barrier 0 only.
Value PtxBuilder::namedBarrierAny(Value id, int64_t numThreads,
                                  Value predicate) {
  return intrinsic("llvm.nvvm.barrier.cta.red.or.aligned.count", getI1Type(),
                   {id, i32(numThreads), predicate});
}

void PtxBuilder::schedulingFence(Value sum) {
  Value never =
      arith::CmpFOp::create(*this, arith::CmpFPredicate::OEQ, sum, f32(-1.0));
  auto ifOp = scf::IfOp::create(*this, never, /*withElseRegion=*/false);
  InsertionGuard guard(*this);
  setInsertionPointToStart(ifOp.thenBlock());
  NVVM::NanosleepOp::create(*this, i32(1));
}

Value PtxBuilder::opaque(Value value) {
  return assembly("", 1, value.getType(), value, "=r,0", /*sideEffects=*/true)
      .front();
}

//===----------------------------------------------------------------------===//
// Barriers in shared memory
//===----------------------------------------------------------------------===//

void PtxBuilder::barrierInit(Value address, int64_t count) {
  NVVM::MBarrierInitOp::create(*this, sharedPointer(address), i32(count),
                               Value());
}

void PtxBuilder::barrierInitFence() {
  NVVM::FenceMbarrierInitOp::create(*this);
}

void PtxBuilder::barrierArrive(Value address) {
  NVVM::MBarrierArriveOp::create(*this, getI64Type(), sharedPointer(address),
                                 Value());
}

void PtxBuilder::barrierExpect(Value address, Value bytes) {
  NVVM::MBarrierArriveExpectTxOp::create(*this, Type(), sharedPointer(address),
                                         bytes, NVVM::MemScopeKind::CTA,
                                         /*relaxed=*/false, Value());
}

/// The form that returns a predicate, in a loop of our own: the form that loops
/// is inline PTX with labels, around which LLVM unrolls.
void PtxBuilder::barrierWait(Value address, Value parity) {
  Value pointer = sharedPointer(address);
  Value isTrue = arith::ConstantIntOp::create(*this, getI1Type(), 1);
  scf::WhileOp::create(
      *this, TypeRange(), ValueRange(),
      [&](OpBuilder &builder, Location loc, ValueRange) {
        Value done = NVVM::MBarrierTryWaitOp::create(
            builder, loc, builder.getI1Type(), pointer, parity, Value());
        Value again = arith::XOrIOp::create(builder, loc, done, isTrue);
        scf::ConditionOp::create(builder, loc, again, ValueRange());
      },
      [&](OpBuilder &builder, Location loc, ValueRange) {
        scf::YieldOp::create(builder, loc);
      });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static LLVM::LLVMPointerType getSharedPointerType(MLIRContext *context) {
  return LLVM::LLVMPointerType::get(
      context, static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
}

Value PtxBuilder::sharedBase(StringRef symbol) {
  Value pointer = LLVM::AddressOfOp::create(
      *this, getSharedPointerType(getContext()), symbol);
  return LLVM::PtrToIntOp::create(*this, getI32Type(), pointer);
}

Value PtxBuilder::sharedPointer(Value address) {
  return LLVM::IntToPtrOp::create(*this, getSharedPointerType(getContext()),
                                  address);
}

Value PtxBuilder::loadShared(Value address, Type type) {
  return LLVM::LoadOp::create(*this, type, sharedPointer(address));
}

void PtxBuilder::storeShared(Value value, Value address) {
  LLVM::StoreOp::create(*this, value, sharedPointer(address));
}

Value PtxBuilder::atomicAdd(Value pointer, Value value) {
  return LLVM::AtomicRMWOp::create(*this, LLVM::AtomicBinOp::add, pointer,
                                   value, LLVM::AtomicOrdering::monotonic);
}

Value PtxBuilder::atomicExchange(Value pointer, Value value) {
  return LLVM::AtomicRMWOp::create(*this, LLVM::AtomicBinOp::xchg, pointer,
                                   value, LLVM::AtomicOrdering::monotonic);
}

Value PtxBuilder::atomicCompareExchange(Value pointer, Value expected,
                                        Value value) {
  auto op = LLVM::AtomicCmpXchgOp::create(*this, pointer, expected, value,
                                          LLVM::AtomicOrdering::monotonic,
                                          LLVM::AtomicOrdering::monotonic);
  return LLVM::ExtractValueOp::create(*this, op.getRes(), 0);
}

Value PtxBuilder::element(Value pointer, Value index) {
  return LLVM::GEPOp::create(*this, pointer.getType(), getI32Type(), pointer,
                             LLVM::GEPArg(index));
}

/// Cache policies as `createpolicy.fractional.L2` makes them.
static int64_t getCachePolicy(Eviction eviction) {
  constexpr int64_t kEvictFirst = 0x12F0000000000000;
  constexpr int64_t kEvictLast = 0x14F0000000000000;
  return eviction == Eviction::First ? kEvictFirst : kEvictLast;
}

void PtxBuilder::tmaLoad(Value map, ValueRange coordinates, Value destination,
                         Value barrier, Eviction eviction) {
  Value hint;
  if (eviction != Eviction::Normal)
    hint = arith::ConstantIntOp::create(*this, getI64Type(),
                                        getCachePolicy(eviction));
  // The operation wants a cluster's address space; a block is a cluster of one.
  Value cluster = LLVM::AddrSpaceCastOp::create(
      *this,
      LLVM::LLVMPointerType::get(
          getContext(),
          static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster)),
      sharedPointer(destination));
  NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
      *this, cluster, map, coordinates, sharedPointer(barrier), ValueRange(),
      Value(), hint, NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false,
      NVVM::CTAGroupKindAttr(), Value());
}

void PtxBuilder::tmaStore(Value map, ValueRange coordinates, Value source) {
  NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(
      *this, map, sharedPointer(source), coordinates, Value(),
      NVVM::TMAStoreMode::TILE, Value());
  NVVM::CpAsyncBulkCommitGroupOp::create(*this);
}

void PtxBuilder::tmaStoreWait() {
  NVVM::CpAsyncBulkWaitGroupOp::create(*this, 0, getUnitAttr());
}

void PtxBuilder::storeMatrix(Value address, ValueRange registers) {
  NVVM::StMatrixOp::create(*this, sharedPointer(address), registers,
                           NVVM::MMALayout::row,
                           NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8),
                           NVVM::LdStMatrixEltType::B16);
}

void PtxBuilder::copyAsync(Value destination, Value source, int64_t size,
                           Value bytes) {
  // Only copies of 16 bytes can go around the L1 cache.
  NVVM::CpAsyncOp::create(*this, sharedPointer(destination), source, size,
                          size == 16 ? NVVM::LoadCacheModifierKind::CG
                                     : NVVM::LoadCacheModifierKind::CA,
                          bytes);
}

void PtxBuilder::copyAsyncCommit() {
  NVVM::CpAsyncCommitGroupOp::create(*this);
}

void PtxBuilder::copyAsyncWait(int64_t pending) {
  NVVM::CpAsyncWaitGroupOp::create(*this, pending);
}

/// The number of a chip such as sm_90a.
static unsigned getChipNumber(Operation *op) {
  auto module = op->getParentOfType<gpu::GPUModuleOp>();
  ArrayAttr targets = module ? module.getTargetsAttr() : ArrayAttr();
  unsigned number = 0;
  if (targets && !targets.empty())
    if (auto target = dyn_cast<NVVM::NVVMTargetAttr>(targets[0])) {
      StringRef chip = target.getChip();
      if (chip.consume_front("sm_"))
        chip.consumeInteger(10, number);
    }
  return number;
}

void PtxBuilder::sharedStoreFence() {
  if (getChipNumber(getInsertionBlock()->getParentOp()) < 90)
    return;
  NVVM::FenceProxyOp::create(
      *this, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(getContext(), NVVM::SharedSpace::shared_cta));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value PtxBuilder::descriptor(Value address, int64_t leadingBytes) {
  Value start = bitAnd(shiftRight(address, 4), 0x3fff);
  return createOrFold<arith::OrIOp>(start, i32((leadingBytes >> 4) << 16));
}

/// The high half of a descriptor: 8 rows take 1024 bytes, 128-byte swizzle.
static constexpr uint32_t kDescriptorHigh = (1u << 30) | (1024 >> 4);

/// The halves of a descriptor meet only here, so that they stay 32-bit values
/// to LLVM and ptxas.
SmallVector<Value> PtxBuilder::wgmma(Type type, int64_t columns, WgmmaLhs lhs,
                                     Value rhs, ValueRange accumulators,
                                     Value adds, bool transposed) {
  int64_t count = columns / 2;
  bool mayAdd = !accumulators.empty();
  bool fromRegisters = !lhs.address;
  int64_t next = mayAdd ? 2 * count : count;
  StringRef name = type.isBF16() ? "bf16" : "f16";

  std::string code;
  llvm::raw_string_ostream os(code);
  int64_t rhsNumber = next + (fromRegisters ? 4 : 1);
  std::string predicate = adds ? "$" + std::to_string(rhsNumber + 1) : "p";
  os << "{\n";
  if (!adds)
    os << ".reg .pred p;\n";
  os << ".reg .b64 a, b;\n";
  if (!adds)
    os << "setp.ne.b32 p, " << int(mayAdd) << ", 0;\n";
  if (!fromRegisters)
    os << "mov.b64 a, {$" << next << ", " << kDescriptorHigh << "};\n";
  os << "mov.b64 b, {$" << rhsNumber << ", " << kDescriptorHigh << "};\n"
     << "wgmma.mma_async.sync.aligned.m64n" << columns << "k16.f32." << name
     << "." << name << " " << getRegisters(0, count) << ", "
     << (fromRegisters ? getRegisters(next, 4) : "a") << ", b, " << predicate
     << ", 1, 1, " << (fromRegisters ? "" : "0, ") << int(transposed) << ";\n}";

  SmallVector<Value> operands(accumulators);
  std::string constraints = getOutputs(count, "=f");
  if (mayAdd)
    constraints += "," + getTiedInputs(count);
  if (fromRegisters) {
    llvm::append_range(operands, lhs.registers);
    constraints += ",r,r,r,r";
  } else {
    operands.push_back(lhs.address);
    constraints += ",r";
  }
  operands.push_back(rhs);
  constraints += ",r";
  if (adds) {
    operands.push_back(adds);
    constraints += ",b";
  }
  return assembly(code, count, getF32Type(), operands, constraints,
                  /*sideEffects=*/true);
}

SmallVector<Value> PtxBuilder::loadMatrix(Value address, int64_t count,
                                          bool transposed) {
  Type type = LLVM::LLVMStructType::getLiteral(
      getContext(), SmallVector<Type>(count, getI32Type()));
  Value matrices = NVVM::LdMatrixOp::create(
      *this, type, sharedPointer(address), count,
      transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  SmallVector<Value> registers;
  for (int64_t i : llvm::seq(count))
    registers.push_back(LLVM::ExtractValueOp::create(*this, matrices, i));
  return registers;
}

SmallVector<Value> PtxBuilder::mma(Type type, ValueRange lhs, ValueRange rhs,
                                   ValueRange accumulators) {
  // The operation takes f16 in pairs, bf16 and tf32 as bits.
  auto getOperands = [&](ValueRange registers) {
    SmallVector<Value> operands(registers);
    if (type.isF16())
      for (Value &operand : operands)
        operand =
            LLVM::BitcastOp::create(*this, VectorType::get(2, type), operand);
    return operands;
  };
  bool isTF32 = type.isF32() || type.isTF32();
  NVVM::MMATypes ptxType = isTF32          ? NVVM::MMATypes::tf32
                           : type.isBF16() ? NVVM::MMATypes::bf16
                                           : NVVM::MMATypes::f16;
  Type result = LLVM::LLVMStructType::getLiteral(
      getContext(), SmallVector<Type>(4, getF32Type()));
  Value product = NVVM::MmaOp::create(
      *this, result, getOperands(lhs), getOperands(rhs), accumulators,
      ArrayRef<int64_t>{16, 8, isTF32 ? 8 : 16}, std::nullopt, std::nullopt,
      std::array<NVVM::MMATypes, 2>{ptxType, ptxType},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                     NVVM::MMALayout::col});
  SmallVector<Value> registers;
  for (int64_t i : llvm::seq(4))
    registers.push_back(LLVM::ExtractValueOp::create(*this, product, i));
  return registers;
}

void PtxBuilder::wgmmaCommit() { NVVM::WgmmaGroupSyncAlignedOp::create(*this); }

SmallVector<Value> PtxBuilder::wgmmaFence(ValueRange values) {
  return tied("wgmma.fence.sync.aligned;", values);
}

SmallVector<Value> PtxBuilder::wgmmaWait(int64_t pending, ValueRange values) {
  return tied(
      llvm::formatv("wgmma.wait_group.sync.aligned {0};", pending).str(),
      values);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

// The operations of math lower to forms without .ftz, three instructions
// longer.
Value PtxBuilder::exp2(Value x) {
  return intrinsic("llvm.nvvm.ex2.approx.ftz.f", getF32Type(), x);
}
Value PtxBuilder::log2(Value x) {
  return intrinsic("llvm.nvvm.lg2.approx.ftz.f", getF32Type(), x);
}
Value PtxBuilder::reciprocal(Value x) {
  return intrinsic("llvm.nvvm.rcp.approx.ftz.f", getF32Type(), x);
}
Value PtxBuilder::rsqrt(Value x) {
  return intrinsic("llvm.nvvm.rsqrt.approx.ftz.f", getF32Type(), x);
}

Value PtxBuilder::roundToTF32(Value x) {
  if (!x.getType().isF32())
    x = arith::BitcastOp::create(*this, getF32Type(), x);
  return NVVM::ConvertFloatToTF32Op::create(*this, getI32Type(), x,
                                            NVVM::FPRoundingMode::RNA);
}

Value PtxBuilder::packPair(Type type, Value low, Value high) {
  StringRef code = type.isBF16() ? "cvt.rn.bf16x2.f32 $0, $1, $2;"
                                 : "cvt.rn.f16x2.f32 $0, $1, $2;";
  return assembly(code, 1, getI32Type(), {high, low}, "=r,f,f",
                  /*sideEffects=*/false)
      .front();
}

Value PtxBuilder::shuffleXor(Value x, int64_t mask) {
  return NVVM::ShflOp::create(*this, x.getType(), i32(-1), x, i32(mask),
                              i32(31), NVVM::ShflKind::bfly, UnitAttr());
}

Value PtxBuilder::shuffleFrom(Value x, Value lane) {
  return NVVM::ShflOp::create(*this, x.getType(), i32(-1), x, lane, i32(31),
                              NVVM::ShflKind::idx, UnitAttr());
}

Value PtxBuilder::voteAny(Value predicate) {
  return NVVM::VoteSyncOp::create(*this, getI1Type(), i32(-1), predicate,
                                  NVVM::VoteSyncKind::any);
}
