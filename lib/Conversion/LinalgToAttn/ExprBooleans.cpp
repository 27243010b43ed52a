//===- ExprBooleans.cpp - Integers and booleans in normal form --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"

using namespace mlir;
using namespace mlir::attn;

const Expr *ExprContext::foldComparison(arith::CmpIPredicate predicate,
                                        ArrayRef<const Expr *> operands) {
  using P = arith::CmpIPredicate;
  const Expr *lhs = operands[0], *rhs = operands[1];
  // Of booleans.
  for (auto [x, y] : {std::pair{lhs, rhs}, std::pair{rhs, lhs}})
    if (x->type.isInteger(1) && y->getInteger() &&
        (predicate == P::eq || predicate == P::ne))
      return (*y->getInteger() != 0) == (predicate == P::eq) ? x : makeNot(x);
  if (lhs->kind != Expr::Kind::Index || rhs->kind != Expr::Kind::Index)
    return nullptr;
  auto difference = getRange(simplify(lhs->indices[0] - rhs->indices[0]));
  auto left = getRange(lhs->indices[0]), right = getRange(rhs->indices[0]);
  if (!difference || !left || !right)
    return nullptr;
  auto [low, high] = *difference;
  bool isUnsigned = predicate == P::ult || predicate == P::ule ||
                    predicate == P::ugt || predicate == P::uge;
  if (isUnsigned && (left->first < 0 || right->first < 0))
    return nullptr;
  auto decide = [&](bool always, bool never) -> const Expr * {
    return always ? makeBool(true) : never ? makeBool(false) : nullptr;
  };
  switch (predicate) {
  case P::eq:
    return decide(low == 0 && high == 0, low > 0 || high < 0);
  case P::ne:
    return decide(low > 0 || high < 0, low == 0 && high == 0);
  case P::slt:
  case P::ult:
    return decide(high < 0, low >= 0);
  case P::sle:
  case P::ule:
    return decide(high <= 0, low > 0);
  case P::sgt:
  case P::ugt:
    return decide(low > 0, high <= 0);
  case P::sge:
  case P::uge:
    return decide(low >= 0, high < 0);
  }
  return nullptr;
}

const Expr *ExprContext::foldInteger(StringRef name, Type type,
                                     ArrayRef<const Expr *> operands) {
  const Expr *first = operands[0];
  bool isWide = type.isIndex() || type.getIntOrFloatBitWidth() >= 32;
  if (operands.size() == 1) {
    // Conversions of indices keep the value.
    bool isCast =
        llvm::is_contained({"arith.index_cast", "arith.index_castui",
                            "arith.extsi", "arith.extui", "arith.trunci"},
                           name);
    if (!isCast)
      return nullptr;
    if (first->kind == Expr::Kind::Index && isWide)
      return first;
    if (first->kind == Expr::Kind::Index && first->getInteger() &&
        type.isInteger(1))
      return makeBool(*first->getInteger() & 1);
    if (first->type.isInteger(1) && isWide) {
      bool isSigned = name == "arith.extsi" || name == "arith.index_cast";
      return makeSelect(
          first, makeIndex(getAffineConstantExpr(isSigned ? -1 : 1, context)),
          makeIndex(getAffineConstantExpr(0, context)));
    }
    return nullptr;
  }
  const Expr *second = operands[1];
  if (!isWide || first->kind != Expr::Kind::Index ||
      second->kind != Expr::Kind::Index)
    return nullptr;
  AffineExpr a = first->indices[0], c = second->indices[0];
  if (name == "arith.addi")
    return makeIndex(a + c);
  if (name == "arith.subi")
    return makeIndex(a - c);
  if (name == "arith.muli" &&
      (isa<AffineConstantExpr>(a) || isa<AffineConstantExpr>(c)))
    return makeIndex(a * c);
  bool isDivision = llvm::is_contained(
      {"arith.divsi", "arith.divui", "arith.floordivsi"}, name);
  bool isRemainder = llvm::is_contained({"arith.remsi", "arith.remui"}, name);
  auto range = getRange(a);
  if ((isDivision || isRemainder) && second->getInteger() && range &&
      range->first >= 0) {
    // A mask that divides an index asks for no other variables.
    std::optional<Split> saved = split;
    auto parts = divide(a, *second->getInteger());
    split = saved;
    if (parts)
      return makeIndex(isDivision ? parts->first : parts->second);
  }
  bool isMax = name == "arith.maxsi", isMin = name == "arith.minsi";
  if (isMax || isMin)
    if (auto difference = getRange(simplify(a - c))) {
      if (difference->first >= 0)
        return isMax ? first : second;
      if (difference->second <= 0)
        return isMax ? second : first;
    }
  return nullptr;
}

const Expr *ExprContext::makeNot(const Expr *condition) {
  return makeApply("arith.xori", IntegerType::get(context, 1),
                   {condition, makeBool(true)});
}

const Expr *ExprContext::foldBoolean(StringRef name,
                                     ArrayRef<const Expr *> operands) {
  const Expr *x = operands[0], *y = operands[1];
  std::optional<int64_t> constant = y->getInteger();
  if (name == "arith.andi" || name == "arith.muli") {
    if (constant)
      return *constant ? x : y;
    if (x == y)
      return x;
    return name == "arith.muli" ? makeApply("arith.andi", x->type, operands)
                                : nullptr;
  }
  if (name == "arith.ori") {
    if (constant)
      return *constant ? y : x;
    return x == y ? x : nullptr;
  }
  if (name != "arith.xori" || !constant)
    return nullptr;
  if (!*constant)
    return x;
  if (x->getInteger())
    return makeBool(!*x->getInteger());
  // not not x.
  if (x->is("arith.xori") && x->operands[1]->getInteger() == 1)
    return x->operands[0];
  if (x->is("arith.cmpi")) {
    auto predicate = x->attrs.getAs<arith::CmpIPredicateAttr>("predicate");
    auto inverted = arith::CmpIPredicateAttr::get(
        context, arith::invertPredicate(predicate.getValue()));
    return makeApply(
        "arith.cmpi", x->type, x->operands,
        DictionaryAttr::get(
            context,
            {NamedAttribute(StringAttr::get(context, "predicate"), inverted)}));
  }
  return nullptr;
}

const Expr *ExprContext::makeTriangle(AffineExpr row, AffineExpr column,
                                      int64_t offset) {
  auto predicate =
      arith::CmpIPredicateAttr::get(context, arith::CmpIPredicate::sle);
  return makeApply(
      "arith.cmpi", IntegerType::get(context, 1),
      {makeIndex(column), makeIndex(row + offset)},
      DictionaryAttr::get(
          context,
          {NamedAttribute(StringAttr::get(context, "predicate"), predicate)}));
}

const Expr *ExprContext::makeSelect(const Expr *condition, const Expr *ifTrue,
                                    const Expr *ifFalse) {
  return makeApply("arith.select", ifTrue->type, {condition, ifTrue, ifFalse});
}
