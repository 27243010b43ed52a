//===- FreeEarly.cpp - Buffers that live no longer than needed --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Upstream's optimize-allocation-liveness does not see that the result of
// memref.transpose is the memory of its operand. Here every memref that an
// operation has as a result may be any memref that it is given.
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNFREEEARLYPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

/// Whether a value of this type cannot be the address of memory.
bool isNoAddress(Type type) {
  return isa<FloatType, IntegerType, IndexType>(getElementTypeOrSelf(type)) &&
         !isa<BaseMemRefType>(type);
}

/// The last operation before `dealloc` in its block that may have to do with
/// the memory; null where that is not known.
Operation *getLastUser(memref::AllocOp alloc, memref::DeallocOp dealloc) {
  Block *block = dealloc->getBlock();
  llvm::SetVector<Value> aliases;
  aliases.insert(alloc);
  Operation *last = alloc;
  for (size_t i = 0; i < aliases.size(); ++i)
    for (Operation *user : aliases[i].getUsers()) {
      if (user == dealloc)
        continue;
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (!ancestor || !ancestor->isBeforeInBlock(dealloc) ||
          isa<memref::ExtractAlignedPointerAsIndexOp>(user))
        return nullptr;
      if (last->isBeforeInBlock(ancestor))
        last = ancestor;
      // What is inside of an operation may become what it returns.
      for (Operation *op : {user, ancestor})
        for (Value result : op->getResults()) {
          if (isa<BaseMemRefType>(result.getType()))
            aliases.insert(result);
          else if (!isNoAddress(result.getType()))
            return nullptr;
        }
    }
  return last;
}

struct AttnFreeEarlyPass
    : attn::impl::AttnFreeEarlyPassBase<AttnFreeEarlyPass> {
  void runOnOperation() override {
    getOperation()->walk([](memref::DeallocOp dealloc) {
      auto alloc = dealloc.getMemref().getDefiningOp<memref::AllocOp>();
      if (!alloc || alloc->getBlock() != dealloc->getBlock())
        return;
      if (Operation *last = getLastUser(alloc, dealloc))
        dealloc->moveAfter(last);
    });
  }
};

} // namespace
