//===- AttnGPUTypes.cpp - Types of the attn_gpu dialect -------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::attn_gpu;

#include "attn/Dialect/AttnGPU/IR/AttnGPUEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.cpp.inc"

void AttnGPUDialect::registerTypes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "attn/Dialect/AttnGPU/IR/AttnGPUAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Assembly and verifiers
//===----------------------------------------------------------------------===//

/// `<64xNxT>`.
static ParseResult parseMatrix(AsmParser &parser, int64_t &columns,
                               Type &elementType) {
  SmallVector<int64_t> shape;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(elementType) || parser.parseGreater())
    return failure();
  if (shape.size() != 2 || shape.front() != FragmentType::kRows)
    return parser.emitError(loc, "expected a fragment of 64 rows");
  columns = shape.back();
  return success();
}

static void printMatrix(AsmPrinter &printer, int64_t columns,
                        Type elementType) {
  printer << "<" << FragmentType::kRows << "x" << columns << "x" << elementType
          << ">";
}

static LogicalResult verifyColumns(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t columns) {
  if (columns < 8 || columns > 256 || columns % 8 != 0)
    return emitError() << "expected a multiple of 8 columns from 8 to 256, got "
                       << columns;
  return success();
}

Type FragmentType::parse(AsmParser &parser) {
  int64_t columns;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parseMatrix(parser, columns, elementType))
    return {};
  return parser.getChecked<FragmentType>(loc, parser.getContext(), columns,
                                         elementType);
}

void FragmentType::print(AsmPrinter &printer) const {
  printMatrix(printer, getColumns(), getElementType());
}

LogicalResult FragmentType::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t columns, Type elementType) {
  if (!isa<Float16Type, BFloat16Type, Float32Type>(elementType) &&
      !elementType.isInteger(32) && !elementType.isInteger(1))
    return emitError() << "expected elements of f16, bf16, f32, i32 or i1, got "
                       << elementType;
  return verifyColumns(emitError, columns);
}

Type InFlightType::parse(AsmParser &parser) {
  int64_t columns;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parseMatrix(parser, columns, elementType))
    return {};
  return parser.getChecked<InFlightType>(loc, parser.getContext(), columns,
                                         elementType);
}

void InFlightType::print(AsmPrinter &printer) const {
  printMatrix(printer, getColumns(), getElementType());
}

LogicalResult InFlightType::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t columns, Type elementType) {
  if (!elementType.isF32())
    return emitError() << "expected products in f32, got " << elementType;
  return verifyColumns(emitError, columns);
}

LogicalResult RowType::verify(function_ref<InFlightDiagnostic()> emitError,
                              Type elementType) {
  if (!elementType.isF32() && !elementType.isInteger(32) &&
      !elementType.isInteger(64) && !elementType.isInteger(1))
    return emitError() << "expected elements of f32, i64, i32 or i1, got "
                       << elementType;
  return success();
}

Type SharedType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(elementType))
    return {};
  int64_t slabRows = shape.size() < 2 ? 0 : shape[shape.size() - 2];
  if (succeeded(parser.parseOptionalKeyword("of")) &&
      parser.parseInteger(slabRows))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<SharedType>(loc, parser.getContext(), shape,
                                       elementType, slabRows);
}

void SharedType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList(getShape());
  printer << "x" << getElementType();
  if (isPart())
    printer << " of " << getSlabRows();
  printer << ">";
}

LogicalResult SharedType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> shape, Type elementType,
                                 int64_t slabRows) {
  if (!isa<Float16Type, BFloat16Type, Float32Type, FloatTF32Type>(elementType))
    return emitError() << "expected elements of f16, bf16, f32 or tf32, got "
                       << elementType;
  if (shape.size() != 2 && shape.size() != 3)
    return emitError() << "expected a tile or a ring of tiles, got "
                       << shape.size() << " dimensions";
  if (shape.size() == 3 && shape.front() < 1)
    return emitError() << "expected a ring of one tile at least";
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  if (rows < 8 || rows > 256 || rows % 8 != 0)
    return emitError() << "expected a multiple of 8 rows from 8 to 256, got "
                       << rows;
  int64_t slabColumns = isa<Float32Type, FloatTF32Type>(elementType) ? 32 : 64;
  if (columns < slabColumns || columns > 256 || columns % slabColumns != 0)
    return emitError() << "expected a multiple of " << slabColumns
                       << " columns up to 256, got " << columns;
  if (slabRows < rows || slabRows > 256 || slabRows % 8 != 0)
    return emitError() << "expected rows of a tile of a multiple of 8 rows, "
                       << rows << " to 256, got " << slabRows;
  if (slabRows != rows && shape.size() == 3)
    return emitError() << "expected a ring of whole tiles";
  return success();
}

/// More than shared memory has tiles for.
static constexpr int64_t kMaxDepth = 64;

static LogicalResult verifyDepth(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t depth) {
  if (depth < 1 || depth > kMaxDepth)
    return emitError() << "expected a depth from 1 to " << kMaxDepth << ", got "
                       << depth;
  return success();
}

LogicalResult PipeType::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t depth, int64_t words) {
  if (words < 0 || words > kMaxWords)
    return emitError() << "expected a mailbox of " << kMaxWords
                       << " words at most, got " << words;
  return verifyDepth(emitError, depth);
}

LogicalResult SlotType::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t depth) {
  return verifyDepth(emitError, depth);
}
