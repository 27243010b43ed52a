//===- AttnAttrs.cpp - Attributes and enums ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnAttrs.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

#include "attn/Dialect/Attn/IR/AttnAttrInterfaces.cpp.inc"
#include "attn/Dialect/Attn/IR/AttnEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "attn/Dialect/Attn/IR/AttnAttrs.cpp.inc"

void AttnDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "attn/Dialect/Attn/IR/AttnAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Interval ends, once for integers and once for IR
//===----------------------------------------------------------------------===//

namespace {

/// Ends far outside any tensor, yet safe to add an index to.
constexpr int64_t kUnboundedBegin = std::numeric_limits<int64_t>::min() / 4;
constexpr int64_t kUnboundedEnd = std::numeric_limits<int64_t>::max() / 4;

/// Arithmetic on integers, for analysis at compile time.
struct IntegerArith {
  using Scalar = int64_t;

  int64_t constant(int64_t value) { return value; }
  int64_t add(int64_t a, int64_t b) { return a + b; }
  int64_t sub(int64_t a, int64_t b) { return a - b; }
  int64_t max(int64_t a, int64_t b) { return std::max(a, b); }
  int64_t min(int64_t a, int64_t b) { return std::min(a, b); }
  int64_t unboundedBegin() { return kUnboundedBegin; }
  int64_t unboundedEnd() { return kUnboundedEnd; }
};

/// The same arithmetic emitted as IR; a null value is an unbounded end.
struct ValueArith {
  using Scalar = Value;

  OpBuilder &builder;
  Location loc;

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value sub(Value a, Value b) {
    return arith::SubIOp::create(builder, loc, a, b);
  }
  Value max(Value a, Value b) {
    if (!a || !b)
      return a ? a : b;
    return arith::MaxSIOp::create(builder, loc, a, b);
  }
  Value min(Value a, Value b) {
    if (!a || !b)
      return a ? a : b;
    return arith::MinSIOp::create(builder, loc, a, b);
  }
  Value unboundedBegin() { return {}; }
  Value unboundedEnd() { return {}; }
};

template <typename Arith>
struct Interval {
  typename Arith::Scalar begin;
  typename Arith::Scalar end;
};

/// i + offset of the diagonal.
template <typename Arith>
typename Arith::Scalar
getDiagonal(Arith arith, Alignment alignment, typename Arith::Scalar i,
            typename Arith::Scalar numQueries, typename Arith::Scalar numKeys) {
  if (alignment == Alignment::TopLeft)
    return i;
  return arith.add(i, arith.sub(numKeys, numQueries));
}

template <typename Arith>
Interval<Arith>
getInterval(Arith arith, CausalAttr mask, typename Arith::Scalar i,
            typename Arith::Scalar numQueries, typename Arith::Scalar numKeys) {
  auto diagonal =
      getDiagonal(arith, mask.getAlignment(), i, numQueries, numKeys);
  return {arith.unboundedBegin(), arith.add(diagonal, arith.constant(1))};
}

template <typename Arith>
Interval<Arith>
getInterval(Arith arith, WindowAttr mask, typename Arith::Scalar i,
            typename Arith::Scalar numQueries, typename Arith::Scalar numKeys) {
  auto diagonal =
      getDiagonal(arith, mask.getAlignment(), i, numQueries, numKeys);
  Interval<Arith> interval{arith.unboundedBegin(), arith.unboundedEnd()};
  if (mask.getLeft() >= 0)
    interval.begin = arith.sub(diagonal, arith.constant(mask.getLeft()));
  if (mask.getRight() >= 0)
    interval.end = arith.add(diagonal, arith.constant(mask.getRight() + 1));
  return interval;
}

template <typename Arith>
Interval<Arith>
getInterval(Arith arith, PrefixAttr mask, typename Arith::Scalar i,
            typename Arith::Scalar numQueries, typename Arith::Scalar numKeys) {
  auto diagonal =
      getDiagonal(arith, mask.getAlignment(), i, numQueries, numKeys);
  return {arith.unboundedBegin(),
          arith.max(arith.add(diagonal, arith.constant(1)),
                    arith.constant(mask.getLength()))};
}

template <typename Arith>
Interval<Arith> getInterval(Arith arith, DocumentAttr, typename Arith::Scalar,
                            typename Arith::Scalar, typename Arith::Scalar) {
  return {arith.unboundedBegin(), arith.unboundedEnd()};
}

template <typename Attr>
KeyInterval getIntegerInterval(Attr mask, int64_t i, int64_t numQueries,
                               int64_t numKeys) {
  Interval<IntegerArith> interval =
      getInterval(IntegerArith(), mask, i, numQueries, numKeys);
  return {interval.begin, interval.end};
}

template <typename Attr>
KeyIntervalValues getValueInterval(Attr mask, OpBuilder &builder, Location loc,
                                   Value i, Value numQueries, Value numKeys) {
  Interval<ValueArith> interval =
      getInterval(ValueArith{builder, loc}, mask, i, numQueries, numKeys);
  return {interval.begin, interval.end};
}

/// `bottom_right` is `top_left` where the lengths are known to be equal.
Alignment simplifyAlignment(Alignment alignment, int64_t numQueries,
                            int64_t numKeys) {
  if (!ShapedType::isDynamic(numQueries) && numQueries == numKeys)
    return Alignment::TopLeft;
  return alignment;
}

/// Whether the mask, an exact one, provably keeps everything. Ends never
/// decrease, so the first and the last query decide.
bool isNeutral(StructuralMaskInterface mask, int64_t numQueries,
               int64_t numKeys) {
  if (ShapedType::isDynamic(numQueries) || ShapedType::isDynamic(numKeys))
    return false;
  if (numQueries == 0 || numKeys == 0)
    return true;
  return mask.getKeyInterval(numQueries - 1, numQueries, numKeys).begin <= 0 &&
         mask.getKeyInterval(0, numQueries, numKeys).end >= numKeys;
}

} // namespace

//===----------------------------------------------------------------------===//
// StructuralMaskInterface
//===----------------------------------------------------------------------===//

// Everything but `simplify` and `isExact` follows from `getInterval`.
#define ATTN_DEFINE_INTERVAL_METHODS(Attr)                                     \
  KeyInterval Attr::getKeyInterval(int64_t i, int64_t numQueries,              \
                                   int64_t numKeys) const {                    \
    return getIntegerInterval(*this, i, numQueries, numKeys);                  \
  }                                                                            \
  KeyIntervalValues Attr::buildKeyInterval(OpBuilder &builder, Location loc,   \
                                           Value i, Value numQueries,          \
                                           Value numKeys) const {              \
    return getValueInterval(*this, builder, loc, i, numQueries, numKeys);      \
  }

ATTN_DEFINE_INTERVAL_METHODS(CausalAttr)
ATTN_DEFINE_INTERVAL_METHODS(WindowAttr)
ATTN_DEFINE_INTERVAL_METHODS(PrefixAttr)
ATTN_DEFINE_INTERVAL_METHODS(DocumentAttr)

#undef ATTN_DEFINE_INTERVAL_METHODS

bool CausalAttr::isExact() const { return true; }
bool WindowAttr::isExact() const { return true; }
bool PrefixAttr::isExact() const { return true; }
bool DocumentAttr::isExact() const { return false; }

Attribute CausalAttr::simplify(int64_t numQueries, int64_t numKeys) const {
  if (isNeutral(*this, numQueries, numKeys))
    return {};
  return CausalAttr::get(
      getContext(), simplifyAlignment(getAlignment(), numQueries, numKeys));
}

Attribute WindowAttr::simplify(int64_t numQueries, int64_t numKeys) const {
  if ((getLeft() < 0 && getRight() < 0) ||
      isNeutral(*this, numQueries, numKeys))
    return {};
  Alignment alignment = simplifyAlignment(getAlignment(), numQueries, numKeys);
  if (getLeft() < 0 && getRight() == 0)
    return CausalAttr::get(getContext(), alignment);
  return WindowAttr::get(getContext(), getLeft(), getRight(), alignment);
}

Attribute PrefixAttr::simplify(int64_t numQueries, int64_t numKeys) const {
  if (isNeutral(*this, numQueries, numKeys))
    return {};
  Alignment alignment = simplifyAlignment(getAlignment(), numQueries, numKeys);
  // The first query sees itself anyway.
  if (getLength() == 0 || (getLength() == 1 && alignment == Alignment::TopLeft))
    return CausalAttr::get(getContext(), alignment);
  return PrefixAttr::get(getContext(), getLength(), alignment);
}

Attribute DocumentAttr::simplify(int64_t, int64_t) const { return *this; }

KeyInterval AllOfAttr::getKeyInterval(int64_t i, int64_t numQueries,
                                      int64_t numKeys) const {
  KeyInterval interval{kUnboundedBegin, kUnboundedEnd};
  for (Attribute member : getMembers()) {
    KeyInterval part = cast<StructuralMaskInterface>(member).getKeyInterval(
        i, numQueries, numKeys);
    interval.begin = std::max(interval.begin, part.begin);
    interval.end = std::min(interval.end, part.end);
  }
  return interval;
}

KeyIntervalValues AllOfAttr::buildKeyInterval(OpBuilder &builder, Location loc,
                                              Value i, Value numQueries,
                                              Value numKeys) const {
  ValueArith arith{builder, loc};
  KeyIntervalValues interval;
  for (Attribute member : getMembers()) {
    KeyIntervalValues part =
        cast<StructuralMaskInterface>(member).buildKeyInterval(
            builder, loc, i, numQueries, numKeys);
    interval.begin = arith.max(interval.begin, part.begin);
    interval.end = arith.min(interval.end, part.end);
  }
  return interval;
}

bool AllOfAttr::isExact() const {
  return llvm::all_of(getMembers(), [](Attribute member) {
    return cast<StructuralMaskInterface>(member).isExact();
  });
}

/// Replaces the causal masks and windows of one alignment by a single mask.
static void mergeWindows(SmallVectorImpl<Attribute> &members,
                         Alignment alignment) {
  auto getTighter = [](int64_t a, int64_t b) {
    return a < 0 || b < 0 ? std::max(a, b) : std::min(a, b);
  };
  int64_t left = -1, right = -1;
  SmallVector<Attribute> others;
  for (Attribute member : members) {
    auto causal = dyn_cast<CausalAttr>(member);
    auto window = dyn_cast<WindowAttr>(member);
    if (causal && causal.getAlignment() == alignment) {
      right = getTighter(right, 0);
    } else if (window && window.getAlignment() == alignment) {
      left = getTighter(left, window.getLeft());
      right = getTighter(right, window.getRight());
    } else {
      others.push_back(member);
    }
  }
  if (members.size() - others.size() < 2)
    return;
  MLIRContext *context = members.front().getContext();
  if (left < 0 && right == 0)
    others.insert(others.begin(), CausalAttr::get(context, alignment));
  else
    others.insert(others.begin(),
                  WindowAttr::get(context, left, right, alignment));
  members = others;
}

Attribute AllOfAttr::simplify(int64_t numQueries, int64_t numKeys) const {
  SmallVector<Attribute> members;
  for (Attribute member : getMembers()) {
    Attribute simple =
        cast<StructuralMaskInterface>(member).simplify(numQueries, numKeys);
    if (!simple)
      continue;
    for (StructuralMaskInterface part :
         attn::getMembers(cast<StructuralMaskInterface>(simple)))
      if (!llvm::is_contained(members, part))
        members.push_back(part);
  }
  if (members.empty())
    return {};
  mergeWindows(members, Alignment::TopLeft);
  mergeWindows(members, Alignment::BottomRight);
  if (members.size() == 1)
    return members.front();
  return AllOfAttr::get(getContext(), members);
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

LogicalResult WindowAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t left, int64_t right,
                                 Alignment alignment) {
  auto check = [&](int64_t bound, StringRef name) -> LogicalResult {
    if (bound < -1)
      return emitError() << "'#attn.window' expects its " << name
                         << " bound to be -1 (unbounded) or not negative, got "
                         << bound;
    // Leaves room to add an index of any tensor.
    if (bound > kUnboundedEnd)
      return emitError() << "'#attn.window' expects its " << name
                         << " bound to be at most " << kUnboundedEnd << ", got "
                         << bound;
    return success();
  };
  return success(succeeded(check(left, "left")) &&
                 succeeded(check(right, "right")));
}

LogicalResult PrefixAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t length, Alignment alignment) {
  if (length < 0)
    return emitError() << "'#attn.prefix' expects a length that is not "
                          "negative, got "
                       << length;
  return success();
}

LogicalResult AllOfAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayRef<Attribute> members) {
  for (Attribute member : members)
    if (!isa<StructuralMaskInterface>(member))
      return emitError() << "'#attn.all_of' expects structural masks, got "
                         << member;
  return success();
}

//===----------------------------------------------------------------------===//
// Assembly of the masks with an optional alignment
//===----------------------------------------------------------------------===//

/// Parses `, alignment` if there is one.
static FailureOr<Alignment> parseOptionalAlignment(AsmParser &parser) {
  if (failed(parser.parseOptionalComma()))
    return Alignment::TopLeft;
  StringRef keyword;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  if (std::optional<Alignment> alignment = symbolizeAlignment(keyword))
    return *alignment;
  return parser.emitError(loc, "expected top_left or bottom_right, got '")
         << keyword << "'";
}

static void printOptionalAlignment(AsmPrinter &printer, Alignment alignment) {
  if (alignment != Alignment::TopLeft)
    printer << ", " << stringifyAlignment(alignment);
}

Attribute WindowAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t left = 0, right = 0;
  if (parser.parseLess() || parser.parseInteger(left) || parser.parseComma() ||
      parser.parseInteger(right))
    return {};
  FailureOr<Alignment> alignment = parseOptionalAlignment(parser);
  if (failed(alignment) || parser.parseGreater())
    return {};
  return parser.getChecked<WindowAttr>(loc, parser.getContext(), left, right,
                                       *alignment);
}

void WindowAttr::print(AsmPrinter &printer) const {
  printer << "<" << getLeft() << ", " << getRight();
  printOptionalAlignment(printer, getAlignment());
  printer << ">";
}

Attribute PrefixAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t length = 0;
  if (parser.parseLess() || parser.parseInteger(length))
    return {};
  FailureOr<Alignment> alignment = parseOptionalAlignment(parser);
  if (failed(alignment) || parser.parseGreater())
    return {};
  return parser.getChecked<PrefixAttr>(loc, parser.getContext(), length,
                                       *alignment);
}

void PrefixAttr::print(AsmPrinter &printer) const {
  printer << "<" << getLength();
  printOptionalAlignment(printer, getAlignment());
  printer << ">";
}

//===----------------------------------------------------------------------===//
// CPUScheduleAttr
//===----------------------------------------------------------------------===//

StringRef CPUScheduleAttr::getTargetName() const { return "cpu"; }

LogicalResult
CPUScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t vectorSize, int64_t queryVectors,
                        int64_t keyRows, int64_t valueRows, int64_t blockKeys,
                        Exp2Form exp2, int64_t queryGroups, DotUnit dot,
                        int64_t splitKeys, int64_t rowQueries) {
  struct Field {
    int64_t value;
    StringRef name;
  };
  for (Field field :
       {Field{queryVectors, "query_vectors"}, Field{keyRows, "key_rows"},
        Field{valueRows, "value_rows"}, Field{blockKeys, "block_keys"},
        Field{queryGroups, "query_groups"}})
    if (field.value < 1 || field.value > 4096)
      return emitError() << "'#attn.cpu_schedule' expects " << field.name
                         << " between 1 and 4096, got " << field.value;
  if (vectorSize < 4 || vectorSize > 64 || !llvm::isPowerOf2_64(vectorSize))
    return emitError() << "'#attn.cpu_schedule' expects vector_size to be a "
                          "power of two between 4 and 64, got "
                       << vectorSize;
  if (blockKeys % keyRows != 0)
    return emitError() << "'#attn.cpu_schedule' expects block_keys to be a "
                          "multiple of key_rows ("
                       << keyRows << "), got " << blockKeys;
  // Register tiles are unrolled.
  constexpr int64_t kMaxAccumulators = 256;
  if (std::max(keyRows, valueRows) * queryVectors > kMaxAccumulators)
    return emitError() << "'#attn.cpu_schedule' expects register tiles of "
                       << kMaxAccumulators << " vectors at most, got "
                       << std::max(keyRows, valueRows) << " rows of "
                       << queryVectors;
  if (exp2 != Exp2Form::Portable && vectorSize != 16)
    return emitError() << "'#attn.cpu_schedule' expects vector_size 16 with "
                          "exp2 = "
                       << stringifyExp2Form(exp2) << ", got " << vectorSize;
  if (exp2 == Exp2Form::AVX512Short && dot == DotUnit::FMA)
    return emitError() << "'#attn.cpu_schedule' expects dot = bf16 or amx with "
                          "exp2 = avx512_short";
  if (splitKeys < 0)
    return emitError() << "'#attn.cpu_schedule' expects split_keys to be 0 or "
                          "more, got "
                       << splitKeys;
  if (rowQueries < 0 || rowQueries > std::min<int64_t>(vectorSize, 16))
    return emitError() << "'#attn.cpu_schedule' expects row_queries between 0 "
                          "and vector_size, 16 at most, got "
                       << rowQueries;
  if (queryGroups != 1 && (splitKeys != 0 || rowQueries != 0))
    return emitError() << "'#attn.cpu_schedule' expects query_groups 1 with "
                          "split_keys or row_queries, got "
                       << queryGroups;
  if (rowQueries != 0 && queryVectors != 1)
    return emitError() << "'#attn.cpu_schedule' expects query_vectors 1 with "
                          "row_queries, got "
                       << queryVectors;
  if (dot == DotUnit::FMA)
    return success();
  if (rowQueries != 0)
    return emitError() << "'#attn.cpu_schedule' expects dot = fma with "
                          "row_queries";
  if (dot == DotUnit::AMX) {
    // A tile register has 16 rows of 16 pairs; four of the eight are sums.
    if (vectorSize != 16 || queryVectors > 2)
      return emitError() << "'#attn.cpu_schedule' expects vector_size 16 and "
                            "query_vectors 1 or 2 with dot = amx, got "
                         << vectorSize << " and " << queryVectors;
    if (blockKeys % 32 != 0)
      return emitError() << "'#attn.cpu_schedule' expects block_keys to be a "
                            "multiple of 32 with dot = amx, got "
                         << blockKeys;
    return success();
  }
  if (vectorSize > 16)
    return emitError() << "'#attn.cpu_schedule' expects vector_size 4, 8 or 16 "
                          "with dot = bf16, got "
                       << vectorSize;
  if (blockKeys % 2 != 0)
    return emitError() << "'#attn.cpu_schedule' expects block_keys to be even "
                          "with dot = bf16, got "
                       << blockKeys;
  return success();
}

//===----------------------------------------------------------------------===//
// CPURaggedScheduleAttr
//===----------------------------------------------------------------------===//

StringRef CPURaggedScheduleAttr::getTargetName() const { return "cpu"; }

LogicalResult
CPURaggedScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              ArrayRef<Attribute> members) {
  for (Attribute member : members) {
    auto schedule = dyn_cast<CPUScheduleAttr>(member);
    if (!schedule)
      return emitError() << "'#attn.cpu_ragged_schedule' expects "
                            "#attn.cpu_schedule, got "
                         << member;
  }
  if (members.empty() ||
      cast<CPUScheduleAttr>(members.back()).getRowQueries() != 0 ||
      cast<CPUScheduleAttr>(members.back()).getSplitKeys() != 0)
    return emitError() << "'#attn.cpu_ragged_schedule' expects a last schedule "
                          "without row_queries and split_keys";
  return success();
}
