//===- ExprTensors.cpp - Elements of constants and concatenations ---------===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

namespace {

/// Reads elements of a constant, inline or in a resource.
class ConstantReader {
public:
  static std::optional<ConstantReader> get(Attribute attr);

  /// The element at a row-major position; null if it cannot be read.
  Attribute at(int64_t position) const;
  ShapedType getType() const { return type; }

private:
  ShapedType type;
  DenseElementsAttr dense;
  ArrayRef<char> bytes;
};

std::optional<ConstantReader> ConstantReader::get(Attribute attr) {
  ConstantReader reader;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    reader.dense = dense;
    reader.type = dense.getType();
    return reader;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (!resource)
    return std::nullopt;
  reader.type = resource.getType();
  Type elementType = reader.type.getElementType();
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob || !elementType.isIntOrFloat())
    return std::nullopt;
  reader.bytes = blob->getData();
  // Booleans are bytes; if they are packed they are left alone.
  int64_t width = llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
  if ((int64_t)reader.bytes.size() != reader.type.getNumElements() * width ||
      (width != 1 && width != 2 && width != 4 && width != 8))
    return std::nullopt;
  return reader;
}

Attribute ConstantReader::at(int64_t position) const {
  Type elementType = type.getElementType();
  if (dense) {
    if (dense.isSplat())
      return dense.getSplatValue<Attribute>();
    auto attributes = dense.tryGetValues<Attribute>();
    return succeeded(attributes) ? *(attributes->begin() + position)
                                 : Attribute();
  }
  unsigned bits = elementType.getIntOrFloatBitWidth();
  int64_t width = llvm::divideCeil(bits, 8);
  uint64_t raw = 0;
  std::memcpy(&raw, bytes.data() + position * width, width);
  if (bits == 1)
    raw = raw != 0;
  APInt value(bits, raw, /*isSigned=*/false, /*implicitTrunc=*/true);
  if (auto floatType = dyn_cast<FloatType>(elementType))
    return FloatAttr::get(floatType,
                          APFloat(floatType.getFloatSemantics(), value));
  return IntegerAttr::get(elementType, value);
}

/// Larger masks are not looked at.
constexpr int64_t kMaxElements = 1 << 22;

/// The matrix with `numRows` x `numColumns` elements from `begin` on, as a
/// triangle.
std::optional<Triangle> findTriangle(const ConstantReader &reader,
                                     int64_t begin, int64_t numRows,
                                     int64_t numColumns) {
  if (numRows < 1 || numColumns < 2 || numRows > kMaxElements / numColumns)
    return std::nullopt;
  auto at = [&](int64_t row, int64_t column) {
    return reader.at(begin + row * numColumns + column);
  };
  // The first row with a change shows where the diagonal is.
  Triangle triangle;
  bool found = false;
  for (int64_t row = 0; row < numRows && !found; ++row)
    for (int64_t column = 1; column < numColumns && !found; ++column)
      if (at(row, column) != at(row, column - 1)) {
        triangle.lower = at(row, column - 1);
        triangle.upper = at(row, column);
        triangle.offset = column - 1 - row;
        found = true;
      }
  if (!found || !triangle.lower || !triangle.upper)
    return std::nullopt;
  for (int64_t row = 0; row < numRows; ++row)
    for (int64_t column = 0; column < numColumns; ++column)
      if (at(row, column) !=
          (column <= row + triangle.offset ? triangle.lower : triangle.upper))
        return std::nullopt;
  return triangle;
}

/// a * index + b for all elements of a vector.
std::optional<std::pair<int64_t, int64_t>>
findProgression(const ConstantReader &reader, int64_t size) {
  auto at = [&](int64_t position) -> std::optional<int64_t> {
    auto value = dyn_cast_or_null<IntegerAttr>(reader.at(position));
    if (!value || !value.getValue().isSignedIntN(62))
      return std::nullopt;
    return value.getValue().getSExtValue();
  };
  constexpr int64_t kMaxSize = 1 << 20;
  if (size < 2 || size > kMaxSize)
    return std::nullopt;
  std::optional<int64_t> first = at(0), second = at(1);
  if (!first || !second)
    return std::nullopt;
  int64_t step = *second - *first;
  for (int64_t position = 2; position < size; ++position)
    if (at(position) != *first + step * position)
      return std::nullopt;
  return std::pair{step, *first};
}

} // namespace

const Expr *ExprContext::evaluateConstant(Value tensor,
                                          ArrayRef<AffineExpr> indices) {
  Attribute attr;
  if (!matchPattern(tensor, m_Constant(&attr)))
    return nullptr;
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (dense && dense.isSplat())
    return makeConstant(dense.getSplatValue<Attribute>(),
                        dense.getElementType());
  auto type = cast<RankedTensorType>(tensor.getType());
  Type elementType = type.getElementType();
  if (!elementType.isIntOrIndexOrFloat())
    return nullptr;
  std::optional<ConstantReader> reader = ConstantReader::get(attr);
  if (!reader)
    return nullptr;
  // Constant indices choose a part.
  int64_t begin = 0;
  int64_t stride = type.getNumElements();
  SmallVector<int64_t> varying;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (type.getDimSize(d) == 0)
      return nullptr;
    stride /= type.getDimSize(d);
    auto constant = dyn_cast<AffineConstantExpr>(indices[d]);
    if (!constant) {
      varying.push_back(d);
      continue;
    }
    if (constant.getValue() < 0 || constant.getValue() >= type.getDimSize(d))
      return nullptr;
    // Only leading dimensions are chosen before those that vary.
    if (!varying.empty() && type.getDimSize(d) != 1)
      return nullptr;
    begin += constant.getValue() * stride;
  }
  if (varying.empty()) {
    Attribute element = reader->at(begin);
    return element ? makeConstant(element, elementType) : nullptr;
  }
  bool isLast = varying.size() == 1;
  if (isLast && isa<IntegerType, IndexType>(elementType) &&
      type.getNumElements() == type.getDimSize(varying[0]) &&
      (elementType.isIndex() || elementType.getIntOrFloatBitWidth() >= 32)) {
    auto progression = findProgression(*reader, type.getNumElements());
    if (!progression)
      return nullptr;
    return makeIndex(indices[varying[0]] * progression->first +
                     progression->second);
  }
  if (varying.size() != 2 ||
      !(elementType.isInteger(1) || isa<FloatType>(elementType)))
    return nullptr;
  int64_t numRows = type.getDimSize(varying[0]);
  int64_t numColumns = type.getDimSize(varying[1]);
  auto [position, inserted] = facts.triangles.try_emplace(
      {attr.getAsOpaquePointer(), begin}, std::nullopt);
  if (inserted)
    position->second = findTriangle(*reader, begin, numRows, numColumns);
  const std::optional<Triangle> &triangle = position->second;
  if (!triangle)
    return nullptr;
  return makeSelect(
      makeTriangle(indices[varying[0]], indices[varying[1]], triangle->offset),
      makeConstant(triangle->lower, elementType),
      makeConstant(triangle->upper, elementType));
}

//===----------------------------------------------------------------------===//
// Concatenations
//===----------------------------------------------------------------------===//

const Expr *ExprContext::evaluateConcat(tensor::ConcatOp op,
                                        ArrayRef<AffineExpr> indices) {
  uint64_t dim = op.getDim();
  ValueRange inputs = op.getInputs();
  std::function<const Expr *(unsigned, AffineExpr)> getFrom =
      [&](unsigned position, AffineExpr index) -> const Expr * {
    SmallVector<AffineExpr> inner(indices);
    inner[dim] = index;
    if (position + 1 == inputs.size())
      return evaluate(inputs[position], inner);
    int64_t size =
        cast<RankedTensorType>(inputs[position].getType()).getDimSize(dim);
    return makePieces(
        index, size,
        [&](AffineExpr low) {
          inner[dim] = low;
          return evaluate(inputs[position], inner);
        },
        [&](AffineExpr high) { return getFrom(position + 1, high); });
  };
  for (Value input : inputs.drop_back())
    if (cast<RankedTensorType>(input.getType()).isDynamicDim(dim))
      return nullptr;
  return getFrom(0, indices[dim]);
}

const Expr *ExprContext::evaluateInsert(tensor::InsertSliceOp op,
                                        ArrayRef<AffineExpr> indices) {
  RankedTensorType type = op.getDestType(), sourceType = op.getSourceType();
  if (type.getRank() != sourceType.getRank() || !type.hasStaticShape() ||
      !sourceType.hasStaticShape())
    return nullptr;
  std::optional<int64_t> partial;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    int64_t offset = op.getStaticOffsets()[d];
    if (ShapedType::isDynamic(offset) || op.getStaticStrides()[d] != 1)
      return nullptr;
    if (offset == 0 && sourceType.getDimSize(d) == type.getDimSize(d))
      continue;
    if (partial)
      return nullptr;
    partial = d;
  }
  if (!partial)
    return evaluate(op.getSource(), indices);
  int64_t offset = op.getStaticOffsets()[*partial];
  int64_t size = sourceType.getDimSize(*partial);
  SmallVector<AffineExpr> inner(indices);
  auto getAt = [&](Value tensor, AffineExpr index) {
    inner[*partial] = simplify(index);
    return evaluate(tensor, inner);
  };
  auto getFromSource = [&](AffineExpr index) {
    return makePieces(
        index, size, [&](AffineExpr low) { return getAt(op.getSource(), low); },
        [&](AffineExpr high) {
          return getAt(op.getDest(), high + (offset + size));
        });
  };
  if (offset == 0)
    return getFromSource(indices[*partial]);
  return makePieces(
      indices[*partial], offset,
      [&](AffineExpr low) { return getAt(op.getDest(), low); }, getFromSource);
}
