//===- ResultsToRuntime.cpp - Results in the caller's memory ----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/MathExtras.h"

#include <climits>

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTRESULTSTORUNTIMEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// What the runtime calls it (attn/Runtime/CPU/Runtime.h).
constexpr StringLiteral kFunction = "attn_rt_allocate_result";

/// The bytes of an element times the sizes that are known; nothing if no
/// memory has as many.
std::optional<int64_t> getStaticBytes(MemRefType type) {
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), CHAR_BIT);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size) && llvm::MulOverflow(bytes, size, bytes))
      return std::nullopt;
  return bytes;
}

/// The allocation that a result is, whole; null if it is anything else.
memref::AllocOp getAllocation(Value result, Block *block) {
  // Other views may begin elsewhere or have gaps.
  while (Operation *op = result.getDefiningOp()) {
    if (!isa<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp>(
            op))
      break;
    result = cast<ViewLikeOpInterface>(op).getViewSource();
  }
  auto alloc = result.getDefiningOp<memref::AllocOp>();
  if (!alloc || alloc->getBlock() != block)
    return {};
  MemRefType type = alloc.getType();
  Type element = type.getElementType();
  if (type.getRank() == 0 || !type.getLayout().isIdentity() ||
      type.getMemorySpace() || !alloc.getSymbolOperands().empty() ||
      !element.isIntOrFloat() || !getStaticBytes(type))
    return {};
  // What may free it does not ask whose memory it is.
  auto frees = [](Operation *user) {
    return isa<memref::DeallocOp, memref::ExtractAlignedPointerAsIndexOp>(user);
  };
  return llvm::any_of(alloc->getUsers(), frees) ? memref::AllocOp() : alloc;
}

struct ConvertResultsToRuntimePass
    : attn::impl::ConvertResultsToRuntimePassBase<ConvertResultsToRuntimePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    // Results of what is used here are not those of the call from outside.
    std::optional<SymbolTable::UseRange> uses =
        SymbolTable::getSymbolUses(&module.getBodyRegion());
    if (!uses)
      return;
    llvm::DenseSet<StringAttr> used;
    for (SymbolTable::SymbolUse use : *uses)
      used.insert(use.getSymbolRef().getLeafReference());
    SymbolTable symbols(module);
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (function.isPublic() && !function.isExternal() &&
          function.getBody().hasOneBlock() &&
          !used.contains(function.getSymNameAttr()))
        convert(function, symbols);
  }

private:
  void convert(func::FuncOp function, SymbolTable &symbols);
  void replace(memref::AllocOp alloc, int64_t index, SymbolTable &symbols);
};

func::FuncOp getRuntimeFunction(SymbolTable &symbols, Location loc) {
  if (auto function = symbols.lookup<func::FuncOp>(kFunction))
    return function;
  OpBuilder b(loc.getContext());
  Type index = b.getIndexType();
  auto bytes = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
  auto function = func::FuncOp::create(
      loc, kFunction, b.getFunctionType({index, index}, bytes));
  function.setPrivate();
  function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                    b.getUnitAttr());
  symbols.insert(function);
  return function;
}

void ConvertResultsToRuntimePass::convert(func::FuncOp function,
                                          SymbolTable &symbols) {
  Block &body = function.getBody().front();
  auto terminator = cast<func::ReturnOp>(body.getTerminator());
  // An allocation that was replaced for an earlier result is no longer one.
  for (unsigned i = 0; i < terminator.getNumOperands(); ++i)
    if (memref::AllocOp alloc = getAllocation(terminator.getOperand(i), &body))
      replace(alloc, i, symbols);
}

void ConvertResultsToRuntimePass::replace(memref::AllocOp alloc, int64_t index,
                                          SymbolTable &symbols) {
  MemRefType type = alloc.getType();
  ImplicitLocOpBuilder b(alloc.getLoc(), alloc);
  Value bytes = arith::ConstantIndexOp::create(b, *getStaticBytes(type));
  for (Value size : alloc.getDynamicSizes())
    bytes = arith::MulIOp::create(b, bytes, size);
  Value number = arith::ConstantIndexOp::create(b, index);
  Value memory =
      func::CallOp::create(b, getRuntimeFunction(symbols, alloc.getLoc()),
                           ValueRange{number, bytes})
          .getResult(0);
  Value begin = arith::ConstantIndexOp::create(b, 0);
  Value view =
      memref::ViewOp::create(b, type, memory, begin, alloc.getDynamicSizes());
  alloc.replaceAllUsesWith(view);
  alloc.erase();
  ++numConverted;
}

} // namespace
