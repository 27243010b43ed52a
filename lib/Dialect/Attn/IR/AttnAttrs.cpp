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
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

/// Attributes in brackets, of which there may be none.
static ParseResult parseMembers(AsmParser &parser,
                                SmallVector<Attribute> &members) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseAttribute(members.emplace_back());
  });
}

static void printMembers(AsmPrinter &printer, ArrayRef<Attribute> members) {
  printer << "[";
  llvm::interleaveComma(members, printer);
  printer << "]";
}

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

constexpr int64_t kUnboundedBegin = std::numeric_limits<int64_t>::min();
constexpr int64_t kUnboundedEnd = std::numeric_limits<int64_t>::max();

/// Arithmetic on integers, for analysis at compile time. Sizes and bounds go up
/// to the limits of the type, at which sums stay.
struct IntegerArith {
  using Scalar = int64_t;

  int64_t constant(int64_t, int64_t value) { return value; }
  int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    if (!llvm::AddOverflow(a, b, sum))
      return sum;
    return a < 0 ? kUnboundedBegin : kUnboundedEnd;
  }
  int64_t sub(int64_t a, int64_t b) {
    int64_t difference;
    if (!llvm::SubOverflow(a, b, difference))
      return difference;
    return a < 0 ? kUnboundedBegin : kUnboundedEnd;
  }
  int64_t max(int64_t a, int64_t b) { return std::max(a, b); }
  int64_t min(int64_t a, int64_t b) { return std::min(a, b); }
  int64_t unboundedBegin() { return kUnboundedBegin; }
  int64_t unboundedEnd() { return kUnboundedEnd; }
};

/// The same arithmetic emitted as IR, on indices or integers of 32 bits; a null
/// value is an unbounded end.
struct ValueArith {
  using Scalar = Value;

  OpBuilder &builder;
  Location loc;

  /// A length of the type of `like`. In i32 what is longer than all lengths is
  /// not so long that a sum with one overflows.
  Value constant(Value like, int64_t value) {
    if (like.getType().isIndex())
      return arith::ConstantIndexOp::create(builder, loc, value);
    constexpr int64_t kLongest = int64_t(1) << 30;
    return arith::ConstantIntOp::create(builder, loc, like.getType(),
                                        std::min(value, kLongest));
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
  return {arith.unboundedBegin(),
          arith.add(diagonal, arith.constant(diagonal, 1))};
}

template <typename Arith>
Interval<Arith>
getInterval(Arith arith, WindowAttr mask, typename Arith::Scalar i,
            typename Arith::Scalar numQueries, typename Arith::Scalar numKeys) {
  auto diagonal =
      getDiagonal(arith, mask.getAlignment(), i, numQueries, numKeys);
  Interval<Arith> interval{arith.unboundedBegin(), arith.unboundedEnd()};
  if (mask.getLeft() >= 0)
    interval.begin =
        arith.sub(diagonal, arith.constant(diagonal, mask.getLeft()));
  if (mask.getRight() >= 0)
    interval.end =
        arith.add(diagonal, arith.constant(diagonal, mask.getRight() + 1));
  return interval;
}

template <typename Arith>
Interval<Arith>
getInterval(Arith arith, PrefixAttr mask, typename Arith::Scalar i,
            typename Arith::Scalar numQueries, typename Arith::Scalar numKeys) {
  auto diagonal =
      getDiagonal(arith, mask.getAlignment(), i, numQueries, numKeys);
  return {arith.unboundedBegin(),
          arith.max(arith.add(diagonal, arith.constant(diagonal, 1)),
                    arith.constant(diagonal, mask.getLength()))};
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
    if (bound > largestBound)
      return emitError() << "'#attn.window' expects its " << name
                         << " bound to be at most " << largestBound << ", got "
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
