//===- ExprAlgebra.cpp - Applications in normal form ------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Masks come as booleans, as 0 and 1 in integers and floats, as 0 and -inf, and
// in arithmetic on all of these. What takes two values becomes a select between
// two constants here, and its condition a boolean expression.
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

static bool isConstant(const Expr *expr) {
  return expr->getFloat() || expr->getInteger();
}

/// A select between two constants.
static bool isTwoValued(const Expr *expr) {
  return expr->is("arith.select") && isConstant(expr->operands[1]) &&
         isConstant(expr->operands[2]);
}

static bool isCommutative(StringRef name) {
  return llvm::is_contained({"arith.addf", "arith.mulf", "arith.maximumf",
                             "arith.maxnumf", "arith.minimumf", "arith.minnumf",
                             "arith.addi", "arith.muli", "arith.andi",
                             "arith.ori", "arith.xori"},
                            name);
}

static std::optional<double> computeFloat(StringRef name, double x) {
  if (name == "math.exp")
    return std::exp(x);
  if (name == "math.exp2")
    return std::exp2(x);
  if (name == "math.log")
    return std::log(x);
  if (name == "math.log2")
    return std::log2(x);
  if (name == "math.tanh")
    return std::tanh(x);
  if (name == "math.sqrt")
    return std::sqrt(x);
  if (name == "math.absf")
    return std::abs(x);
  if (name == "arith.negf")
    return -x;
  return std::nullopt;
}

static std::optional<double> computeFloat(StringRef name, double x, double y) {
  if (name == "arith.addf")
    return x + y;
  if (name == "arith.subf")
    return x - y;
  if (name == "arith.mulf")
    return x * y;
  if (name == "arith.divf")
    return x / y;
  if (name == "math.powf")
    return std::pow(x, y);
  if (std::isnan(x) || std::isnan(y))
    return std::nullopt;
  if (name == "arith.maximumf" || name == "arith.maxnumf")
    return std::max(x, y);
  if (name == "arith.minimumf" || name == "arith.minnumf")
    return std::min(x, y);
  return std::nullopt;
}

static std::optional<bool> compareFloats(arith::CmpFPredicate predicate,
                                         double x, double y) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::OEQ:
    return x == y;
  case P::OGT:
    return x > y;
  case P::OGE:
    return x >= y;
  case P::OLT:
    return x < y;
  case P::OLE:
    return x <= y;
  case P::ONE:
    return !unordered && x != y;
  case P::UEQ:
    return unordered || x == y;
  case P::UGT:
    return unordered || x > y;
  case P::UGE:
    return unordered || x >= y;
  case P::ULT:
    return unordered || x < y;
  case P::ULE:
    return unordered || x <= y;
  case P::UNE:
    return unordered || x != y;
  case P::ORD:
    return !unordered;
  case P::UNO:
    return unordered;
  default:
    return std::nullopt;
  }
}

/// Rounds a constant to a float type.
static double roundTo(double value, Type type) {
  APFloat number(value);
  bool losesInfo;
  number.convert(cast<FloatType>(type).getFloatSemantics(),
                 APFloat::rmNearestTiesToEven, &losesInfo);
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

const Expr *ExprContext::foldConstants(StringRef name, Type type,
                                       ArrayRef<const Expr *> operands,
                                       DictionaryAttr attrs) {
  if (!llvm::all_of(operands, isConstant))
    return nullptr;
  std::optional<double> x, y;
  x = operands[0]->getFloat();
  if (operands.size() > 1)
    y = operands[1]->getFloat();
  if (name == "arith.cmpf" && x && y) {
    auto predicate = attrs.getAs<arith::CmpFPredicateAttr>("predicate");
    if (std::optional<bool> holds = compareFloats(predicate.getValue(), *x, *y))
      return makeBool(*holds);
    return nullptr;
  }
  if (isa<FloatType>(type)) {
    std::optional<double> value;
    if (operands.size() == 1 && x)
      value = computeFloat(name, *x);
    else if (operands.size() == 2 && x && y)
      value = computeFloat(name, *x, *y);
    else if (name == "arith.sitofp" || name == "arith.uitofp") {
      value = *operands[0]->getInteger();
      if (operands[0]->type.isInteger(1) && name == "arith.sitofp")
        value = -*value;
      if (*value < 0 && name == "arith.uitofp")
        return nullptr;
    }
    return value ? makeFloat(roundTo(*value, type)) : nullptr;
  }
  if (name == "arith.fptosi" && x && std::abs(*x) < 0x1p30 &&
      type.getIntOrFloatBitWidth() >= 32)
    return makeIndex(getAffineConstantExpr(static_cast<int64_t>(*x), context));
  return nullptr;
}

const Expr *ExprContext::foldOverSelects(StringRef name, Type type,
                                         ArrayRef<const Expr *> operands,
                                         DictionaryAttr attrs) {
  if (name == "arith.select" || operands.size() > 2 ||
      !llvm::all_of(operands, [](const Expr *operand) {
        return isConstant(operand) || isTwoValued(operand);
      }))
    return nullptr;
  SmallVector<const Expr *> conditions;
  for (const Expr *operand : operands)
    if (isTwoValued(operand) &&
        !llvm::is_contained(conditions, operand->operands[0]))
      conditions.push_back(operand->operands[0]);
  if (conditions.empty())
    return nullptr;
  // The value for each of the cases.
  SmallVector<const Expr *> values;
  for (unsigned bits = 0; bits < (1u << conditions.size()); ++bits) {
    SmallVector<const Expr *> chosen;
    for (const Expr *operand : operands) {
      if (isConstant(operand)) {
        chosen.push_back(operand);
        continue;
      }
      unsigned which =
          llvm::find(conditions, operand->operands[0]) - conditions.begin();
      chosen.push_back(operand->operands[(bits >> which) & 1 ? 1 : 2]);
    }
    const Expr *value = makeApply(name, type, chosen, attrs);
    if (!isConstant(value))
      return nullptr;
    values.push_back(value);
  }
  if (conditions.size() == 1)
    return makeSelect(conditions[0], values[1], values[0]);
  Type boolean = IntegerType::get(context, 1);
  const Expr *both = makeApply("arith.andi", boolean, conditions);
  const Expr *either = makeApply("arith.ori", boolean, conditions);
  if (values[0] == values[1] && values[0] == values[2])
    return makeSelect(both, values[3], values[0]);
  if (values[1] == values[2] && values[1] == values[3])
    return makeSelect(either, values[1], values[0]);
  if (values[0] == values[1] && values[2] == values[3])
    return makeSelect(conditions[1], values[2], values[0]);
  if (values[0] == values[2] && values[1] == values[3])
    return makeSelect(conditions[0], values[1], values[0]);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

const Expr *ExprContext::foldFloat(StringRef name,
                                   ArrayRef<const Expr *> operands) {
  const Expr *first = operands[0];
  if (operands.size() == 1) {
    // A boolean as a number.
    if ((name == "arith.uitofp" || name == "arith.sitofp") &&
        first->type.isInteger(1))
      return makeSelect(first, makeFloat(name == "arith.uitofp" ? 1 : -1),
                        makeFloat(0));
    return nullptr;
  }
  if (operands.size() != 2)
    return nullptr;
  std::optional<double> constant = operands[1]->getFloat();
  if (!constant)
    return nullptr;
  bool isSum = name == "arith.addf" || name == "arith.subf";
  bool isProduct = name == "arith.mulf" || name == "arith.divf";
  if ((isSum && *constant == 0.0) || (isProduct && *constant == 1.0))
    return first;
  if (name == "math.powf" && *constant == 1.0)
    return first;
  // Two factors in a row are one.
  if (isProduct && std::isnormal(*constant) &&
      (first->is("arith.mulf") || first->is("arith.divf")))
    if (std::optional<double> inner = first->operands[1]->getFloat();
        inner && std::isnormal(*inner)) {
      double factor = (first->is("arith.mulf") ? *inner : 1 / *inner) *
                      (name == "arith.mulf" ? *constant : 1 / *constant);
      if (std::isnormal(factor))
        return makeScaled(first->operands[0], factor);
    }
  return nullptr;
}

/// Rounding is left out, but the large negative numbers of masks may become
/// infinite by it.
const Expr *ExprContext::roundMasks(const Expr *expr, Type type) {
  if (std::optional<double> number = expr->getFloat())
    return makeFloat(roundTo(*number, type));
  if (expr->is("arith.select"))
    return makeSelect(expr->operands[0], roundMasks(expr->operands[1], type),
                      roundMasks(expr->operands[2], type));
  if (expr->is("arith.addf") &&
      (isTwoValued(expr->operands[0]) || isTwoValued(expr->operands[1])))
    return makeApply(expr->name, type,
                     {roundMasks(expr->operands[0], type),
                      roundMasks(expr->operands[1], type)});
  return expr;
}

const Expr *ExprContext::makeApply(StringRef name, Type type,
                                   ArrayRef<const Expr *> given,
                                   DictionaryAttr attrs) {
  SmallVector<const Expr *, 3> operands(given.begin(), given.end());
  if (isCommutative(name) && isConstant(operands[0]) &&
      !isConstant(operands[1]))
    std::swap(operands[0], operands[1]);
  if (const Expr *folded = foldConstants(name, type, operands, attrs))
    return folded;

  if (name == "arith.select") {
    const Expr *condition = operands[0], *x = operands[1], *y = operands[2];
    if (std::optional<int64_t> constant = condition->getInteger())
      return *constant ? x : y;
    if (x == y)
      return x;
    if (condition->is("arith.xori") &&
        condition->operands[1]->getInteger() == 1)
      return makeApply(name, type, {condition->operands[0], y, x});
    if (type.isInteger(1)) {
      std::optional<int64_t> ifTrue = x->getInteger(),
                             ifFalse = y->getInteger();
      if (ifTrue && ifFalse)
        return *ifTrue ? condition : makeNot(condition);
      if (ifFalse && !*ifFalse)
        return makeApply("arith.andi", type, {condition, x});
      if (ifFalse)
        return makeApply("arith.ori", type, {makeNot(condition), x});
      if (ifTrue && *ifTrue)
        return makeApply("arith.ori", type, {condition, y});
      if (ifTrue)
        return makeApply("arith.andi", type, {makeNot(condition), y});
    }
    // The same condition again.
    if (x->is("arith.select") && x->operands[0] == condition)
      return makeApply(name, type, {condition, x->operands[1], y});
    if (y->is("arith.select") && y->operands[0] == condition)
      return makeApply(name, type, {condition, x, y->operands[2]});
  } else if (name == "arith.cmpi") {
    auto predicate = attrs.getAs<arith::CmpIPredicateAttr>("predicate");
    if (const Expr *folded = foldComparison(predicate.getValue(), operands))
      return folded;
  } else if (type.isInteger(1) && operands.size() == 2 &&
             operands[0]->type.isInteger(1)) {
    if (const Expr *folded = foldBoolean(name, operands))
      return folded;
  } else if (isa<FloatType>(type)) {
    if (const Expr *folded = foldFloat(name, operands))
      return folded;
  } else if (const Expr *folded = foldInteger(name, type, operands)) {
    return folded;
  }
  if (const Expr *folded = foldOverSelects(name, type, operands, attrs))
    return folded;

  Expr expr;
  expr.kind = Expr::Kind::Apply;
  expr.type = isa<FloatType>(type) ? Type(Float64Type::get(context)) : type;
  expr.name = StringAttr::get(context, name);
  expr.attrs = attrs;
  expr.operands = operands;
  return intern(expr);
}

const Expr *ExprContext::makeApply(Operation *op,
                                   ArrayRef<const Expr *> operands) {
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  auto isSkippable = [](Type floatType) {
    return floatType.isF16() || floatType.isBF16() || floatType.isF32() ||
           floatType.isF64();
  };
  // Conversions between floats are left out; of constants they round.
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) && isSkippable(type) &&
      isSkippable(getElementTypeOrSelf(op->getOperand(0).getType()))) {
    if (std::optional<double> number = operands[0]->getFloat())
      return makeFloat(roundTo(*number, type));
    rounded |= type.getIntOrFloatBitWidth() < 32;
    return isa<arith::TruncFOp>(op) ? roundMasks(operands[0], type)
                                    : operands[0];
  }
  rounded |= isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32 &&
             !llvm::all_of(operands, isConstant);
  // Of the attributes only the predicate changes what is computed; fast-math
  // flags allow more than it.
  SmallVector<NamedAttribute> kept;
  for (NamedAttribute attribute : op->getAttrDictionary())
    if (attribute.getName() != "fastmath" &&
        attribute.getName() != "overflowFlags" &&
        attribute.getName() != "isExact")
      kept.push_back(attribute);
  return makeApply(op->getName().getStringRef(), type, operands,
                   kept.empty() ? DictionaryAttr()
                                : DictionaryAttr::get(context, kept));
}
