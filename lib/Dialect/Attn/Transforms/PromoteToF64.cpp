//===- PromoteToF64.cpp - A module in double precision ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNPROMOTETOF64PASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

bool isNarrowFloat(Type type) {
  return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 64;
}

double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

/// The same numbers as f64; null if the attribute holds none.
Attribute promoteElements(ElementsAttr attr, Type f64) {
  ShapedType type = attr.getShapedType();
  if (!isNarrowFloat(type.getElementType()))
    return {};
  ShapedType newType = type.clone(f64);
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    if (dense.isSplat())
      return DenseElementsAttr::get(newType,
                                    toDouble(dense.getSplatValue<APFloat>()));
    SmallVector<double> values;
    values.reserve(dense.getNumElements());
    for (APFloat value : dense.getValues<APFloat>())
      values.push_back(toDouble(value));
    return DenseElementsAttr::get(newType, ArrayRef(values));
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return {};
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type.getElementType()).getFloatSemantics();
  unsigned width = type.getElementTypeBitWidth();
  ArrayRef<char> data = blob->getData();
  SmallVector<double> values;
  for (size_t offset = 0; offset + width / 8 <= data.size();
       offset += width / 8) {
    uint64_t bits = 0;
    memcpy(&bits, data.data() + offset, width / 8);
    values.push_back(toDouble(APFloat(semantics, APInt(width, bits))));
  }
  if ((int64_t)values.size() != type.getNumElements())
    return {};
  return DenseElementsAttr::get(newType, ArrayRef(values));
}

struct AttnPromoteToF64Pass
    : attn::impl::AttnPromoteToF64PassBase<AttnPromoteToF64Pass> {
  void runOnOperation() override {
    Type f64 = Float64Type::get(&getContext());
    if (failed(checkSupported()))
      return signalPassFailure();
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](FloatType type) -> std::optional<Type> {
      return isNarrowFloat(type) ? f64 : Type(type);
    });
    replacer.addReplacement(
        [&](FloatAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
          if (!isNarrowFloat(attr.getType()))
            return std::pair<Attribute, WalkResult>(attr, WalkResult::skip());
          return std::pair<Attribute, WalkResult>(
              FloatAttr::get(f64, toDouble(attr.getValue())),
              WalkResult::skip());
        });
    replacer.addReplacement(
        [&](ElementsAttr attr)
            -> std::optional<std::pair<Attribute, WalkResult>> {
          Attribute promoted = promoteElements(attr, f64);
          return std::pair<Attribute, WalkResult>(promoted ? promoted : attr,
                                                  WalkResult::skip());
        });
    replacer.recursivelyReplaceElementsIn(getOperation(),
                                          /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    // Conversions between floats have become the identity.
    getOperation()->walk([](Operation *op) {
      if (!isa<arith::ExtFOp, arith::TruncFOp>(op) ||
          op->getOperand(0).getType() != op->getResult(0).getType())
        return;
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    });
  }

private:
  /// The bits of a float have no counterpart in another type.
  LogicalResult checkSupported() {
    WalkResult result = getOperation()->walk([](arith::BitcastOp op) {
      if (!isNarrowFloat(getElementTypeOrSelf(op.getIn().getType())) &&
          !isNarrowFloat(getElementTypeOrSelf(op.getType())))
        return WalkResult::advance();
      op.emitError("arith.bitcast of a float cannot be promoted to f64");
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }
};

} // namespace
