//===- DeviceBuilder.cpp - Shorthand for kernel IR ------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceBuilder.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr auto kNoWrap = arith::IntegerOverflowFlags::nsw;

Value DeviceBuilder::add(Value lhs, Value rhs) {
  return createOrFold<arith::AddIOp>(lhs, rhs, kNoWrap);
}
Value DeviceBuilder::sub(Value lhs, Value rhs) {
  return createOrFold<arith::SubIOp>(lhs, rhs, kNoWrap);
}
Value DeviceBuilder::mul(Value lhs, Value rhs) {
  return createOrFold<arith::MulIOp>(lhs, rhs, kNoWrap);
}
Value DeviceBuilder::div(Value lhs, Value rhs) {
  return createOrFold<arith::DivUIOp>(lhs, rhs);
}
Value DeviceBuilder::rem(Value lhs, Value rhs) {
  return createOrFold<arith::RemUIOp>(lhs, rhs);
}
Value DeviceBuilder::ceilDiv(Value lhs, int64_t rhs) {
  return div(add(lhs, rhs - 1), i32(rhs));
}
Value DeviceBuilder::min(Value lhs, Value rhs) {
  return createOrFold<arith::MinSIOp>(lhs, rhs);
}
Value DeviceBuilder::max(Value lhs, Value rhs) {
  return createOrFold<arith::MaxSIOp>(lhs, rhs);
}
Value DeviceBuilder::blockId() {
  return toI32(
      gpu::BlockIdOp::create(*this, getIndexType(), gpu::Dimension::x));
}
Value DeviceBuilder::threadId() {
  return toI32(
      gpu::ThreadIdOp::create(*this, getIndexType(), gpu::Dimension::x));
}
Value DeviceBuilder::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(*this, a, b, c);
}
Value DeviceBuilder::reciprocal(Value x) {
  return arith::DivFOp::create(*this, f32(1.0), x, arith::FastMathFlags::arcp);
}
Value DeviceBuilder::exp2(Value x) { return math::Exp2Op::create(*this, x); }

//===----------------------------------------------------------------------===//
// Regions of attn_gpu
//===----------------------------------------------------------------------===//

/// Adds the block of a `map` or `foreach` over values of these types.
static Block *addElementBlock(DeviceBuilder &b, Operation *op,
                              ValueRange operands, TypeRange results) {
  bool hasFragment = false;
  SmallVector<Type> types;
  for (Type type : operands.getTypes()) {
    if (auto fragment = dyn_cast<attn_gpu::FragmentType>(type)) {
      hasFragment = true;
      types.push_back(fragment.getElementType());
    } else {
      types.push_back(cast<attn_gpu::RowType>(type).getElementType());
    }
  }
  hasFragment |= llvm::any_of(results, llvm::IsaPred<attn_gpu::FragmentType>);
  types.append(hasFragment ? 2 : 1, b.getI32Type());
  Block *block = new Block();
  op->getRegion(0).push_back(block);
  block->addArguments(types, SmallVector<Location>(types.size(), b.getLoc()));
  return block;
}

SmallVector<Value> DeviceBuilder::map(ValueRange operands, TypeRange results,
                                      MapBody body) {
  auto op = attn_gpu::MapOp::create(*this, results, operands);
  Block *block = addElementBlock(*this, op, operands, results);
  InsertionGuard guard(*this);
  setInsertionPointToStart(block);
  attn_gpu::YieldOp::create(*this, body(block->getArguments()));
  return SmallVector<Value>(op.getResults());
}

Value DeviceBuilder::map(ValueRange operands, Type result,
                         function_ref<Value(ValueRange)> body) {
  return map(operands, TypeRange(result),
             [&](ValueRange arguments) {
               return SmallVector<Value>{body(arguments)};
             })
      .front();
}

void DeviceBuilder::foreach (ValueRange operands,
                             function_ref<void(ValueRange)> body) {
  auto op = attn_gpu::ForeachOp::create(*this, operands);
  Block *block = addElementBlock(*this, op, operands, {});
  InsertionGuard guard(*this);
  setInsertionPointToStart(block);
  body(block->getArguments());
  attn_gpu::YieldOp::create(*this, ValueRange());
}

void DeviceBuilder::elect(function_ref<void()> body) {
  auto op = attn_gpu::ElectOp::create(*this);
  InsertionGuard guard(*this);
  setInsertionPoint(op.getBody().front().getTerminator());
  body();
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

SmallVector<Value> DeviceBuilder::forLoop(Value begin, Value end,
                                          ValueRange inits, LoopBody body) {
  auto loop = scf::ForOp::create(*this, begin, end, i32(1), inits);
  InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!inits.empty())
    scf::YieldOp::create(*this, results);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> DeviceBuilder::whileNotNegative(
    ValueRange inits,
    function_ref<SmallVector<Value>(ValueRange carried)> body) {
  auto loop = scf::WhileOp::create(*this, inits.getTypes(), inits);
  InsertionGuard guard(*this);
  SmallVector<Location> locations(inits.size(), getLoc());
  Block *before =
      createBlock(&loop.getBefore(), {}, inits.getTypes(), locations);
  Value condition =
      compare(arith::CmpIPredicate::sge, before->getArgument(0), i32(0));
  scf::ConditionOp::create(*this, condition, before->getArguments());
  Block *after = createBlock(&loop.getAfter(), {}, inits.getTypes(), locations);
  scf::YieldOp::create(*this, body(after->getArguments()));
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value>
DeviceBuilder::ifThenElse(Value condition,
                          function_ref<SmallVector<Value>()> thenBody,
                          function_ref<SmallVector<Value>()> elseBody) {
  // The types of the results are those that the first branch yields.
  auto probe = scf::IfOp::create(*this, TypeRange(), condition, true);
  InsertionGuard guard(*this);
  Block *thenBlock = probe.thenBlock();
  thenBlock->getTerminator()->erase();
  setInsertionPointToEnd(thenBlock);
  SmallVector<Value> thenValues = thenBody();
  scf::YieldOp::create(*this, thenValues);
  Block *elseBlock = probe.elseBlock();
  elseBlock->getTerminator()->erase();
  setInsertionPointToEnd(elseBlock);
  scf::YieldOp::create(*this, elseBody());
  setInsertionPoint(probe);
  auto op = scf::IfOp::create(*this, ValueRange(thenValues).getTypes(),
                              condition, true);
  op.getThenRegion().takeBody(probe.getThenRegion());
  op.getElseRegion().takeBody(probe.getElseRegion());
  probe.erase();
  return SmallVector<Value>(op.getResults());
}

void DeviceBuilder::ifThen(Value condition, function_ref<void()> body) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  InsertionGuard guard(*this);
  setInsertionPoint(op.thenBlock()->getTerminator());
  body();
}
