//===- MoveBF16AsBits.cpp - bf16 without instructions -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNMOVEBF16ASBITSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {

struct AttnMoveBF16AsBitsPass
    : attn::impl::AttnMoveBF16AsBitsPassBase<AttnMoveBF16AsBitsPass> {
  void runOnOperation() override {
    auto bits = IntegerType::get(&getContext(), 16);
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](BFloat16Type) -> Type { return bits; });
    // Constants by their bits: their types are not to be replaced alone.
    using Replaced = std::optional<std::pair<Attribute, WalkResult>>;
    replacer.addReplacement([&](FloatAttr attr) -> Replaced {
      if (!attr.getType().isBF16())
        return std::nullopt;
      return {{IntegerAttr::get(bits, attr.getValue().bitcastToAPInt()),
               WalkResult::skip()}};
    });
    replacer.addReplacement([&](DenseElementsAttr attr) -> Replaced {
      if (!attr.getElementType().isBF16())
        return std::nullopt;
      return {{attr.bitcast(bits), WalkResult::skip()}};
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    getOperation()->walk([](LLVM::BitcastOp op) {
      if (op.getType() != op.getArg().getType())
        return;
      op.replaceAllUsesWith(op.getArg());
      op.erase();
    });
  }
};

} // namespace
