//===- MaskRecognition.cpp - Structural masks in predicates -----*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/MaskRecognition.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/PointerIntPair.h"
#include <array>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// A linear form over i, j and the two lengths.
struct LinearForm {
  enum Term { I, J, NumQueries, NumKeys, One, NumTerms };
  std::array<int64_t, NumTerms> coefficients{};

  static LinearForm unit(Term term, int64_t value = 1) {
    LinearForm form;
    form.coefficients[term] = value;
    return form;
  }
  int64_t operator[](Term term) const { return coefficients[term]; }

  /// this + factor * other, or nullopt on overflow.
  std::optional<LinearForm> plus(const LinearForm &other,
                                 int64_t factor) const {
    LinearForm result;
    for (int t = 0; t < NumTerms; ++t) {
      int64_t product;
      if (llvm::MulOverflow(other.coefficients[t], factor, product) ||
          llvm::AddOverflow(coefficients[t], product, result.coefficients[t]))
        return std::nullopt;
    }
    return result;
  }
  bool isConstant() const {
    return llvm::all_of(ArrayRef(coefficients).drop_back(),
                        [](int64_t c) { return c == 0; });
  }
  /// Whether the form cannot be negative, given that no term is.
  bool isNonNegative() const {
    return llvm::all_of(coefficients, [](int64_t c) { return c >= 0; });
  }
};

/// Indices are below the sizes of tensors, far from the limits of i32, so wider
/// and narrower integers of at least 32 bits hold them alike.
bool isWideEnough(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return isa<IndexType>(type) || (integer && integer.getWidth() >= 32);
}

class Recognizer {
public:
  explicit Recognizer(const MaskIndices &indices) : indices(indices) {}

  /// Adds the conjuncts of `predicate`, or of its negation, to the result.
  void addConjuncts(Value predicate, bool negated);

  RecognizedMask takeResult() { return std::move(result); }

private:
  std::optional<LinearForm> getLinearForm(Value value);
  /// The same, from the forms of the operands.
  std::optional<LinearForm> computeLinearForm(Value value);
  /// `form >= 0`, as forms of a comparison; two for an equality of intervals.
  std::optional<SmallVector<LinearForm>> getInequalities(arith::CmpIOp cmp,
                                                         bool negated);
  /// |x| <= bound, as two forms.
  std::optional<SmallVector<LinearForm>>
  getAbsoluteInequalities(arith::CmpIOp cmp, bool negated);
  /// Whether `form >= 0` always holds.
  bool alwaysHolds(const LinearForm &form);
  /// The mask that keeps exactly where `form >= 0`.
  StructuralMaskInterface getMask(const LinearForm &form);
  /// The prefix mask of `j < n or j <= i + offset`, if it is one.
  StructuralMaskInterface getPrefix(Value lhs, Value rhs, bool negated);

  const MaskIndices &indices;
  RecognizedMask result;
  /// What is used more than once is looked at once: a chain of additions of a
  /// value to itself has exponentially many paths.
  DenseMap<Value, std::optional<LinearForm>> forms;
  DenseSet<llvm::PointerIntPair<Value, 1, bool>> conjuncts;
};

std::optional<LinearForm> Recognizer::getLinearForm(Value value) {
  if (auto known = forms.find(value); known != forms.end())
    return known->second;
  std::optional<LinearForm> form = computeLinearForm(value);
  forms.insert({value, form});
  return form;
}

std::optional<LinearForm> Recognizer::computeLinearForm(Value value) {
  if (value == indices.i)
    return LinearForm::unit(LinearForm::I);
  if (value == indices.j)
    return LinearForm::unit(LinearForm::J);
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)) &&
      constant.isSignedIntN(62))
    return LinearForm::unit(LinearForm::One, constant.getSExtValue());
  if (indices.isNumQueries(value))
    return LinearForm::unit(LinearForm::NumQueries);
  if (indices.isNumKeys(value))
    return LinearForm::unit(LinearForm::NumKeys);
  Operation *op = value.getDefiningOp();
  if (!op || !isWideEnough(value.getType()))
    return std::nullopt;
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::ExtUIOp, arith::TruncIOp>(op)) {
    if (!isWideEnough(op->getOperand(0).getType()))
      return std::nullopt;
    std::optional<LinearForm> form = getLinearForm(op->getOperand(0));
    // Unsigned conversions make large numbers of negative ones.
    if (form && isa<arith::IndexCastUIOp, arith::ExtUIOp>(op) &&
        !form->isNonNegative())
      return std::nullopt;
    return form;
  }
  if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op))
    return std::nullopt;
  std::optional<LinearForm> lhs = getLinearForm(op->getOperand(0));
  std::optional<LinearForm> rhs = getLinearForm(op->getOperand(1));
  if (!lhs || !rhs)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return lhs->plus(*rhs, 1);
  if (isa<arith::SubIOp>(op))
    return lhs->plus(*rhs, -1);
  if (lhs->isConstant())
    std::swap(lhs, rhs);
  if (!rhs->isConstant())
    return std::nullopt;
  return LinearForm().plus(*lhs, (*rhs)[LinearForm::One]);
}

/// The predicate of the negated comparison.
arith::CmpIPredicate negate(arith::CmpIPredicate predicate) {
  return arith::invertPredicate(predicate);
}

bool isUnsigned(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  return predicate == P::ult || predicate == P::ule || predicate == P::ugt ||
         predicate == P::uge;
}

std::optional<SmallVector<LinearForm>>
Recognizer::getInequalities(arith::CmpIOp cmp, bool negated) {
  std::optional<LinearForm> lhs = getLinearForm(cmp.getLhs());
  std::optional<LinearForm> rhs = getLinearForm(cmp.getRhs());
  if (!lhs || !rhs)
    return getAbsoluteInequalities(cmp, negated);
  using P = arith::CmpIPredicate;
  P predicate = negated ? negate(cmp.getPredicate()) : cmp.getPredicate();
  if (isUnsigned(predicate) && !(lhs->isNonNegative() && rhs->isNonNegative()))
    return std::nullopt;
  std::optional<LinearForm> form;
  switch (predicate) {
  case P::sle:
  case P::ule:
  case P::slt:
  case P::ult:
    form = rhs->plus(*lhs, -1);
    break;
  case P::sge:
  case P::uge:
  case P::sgt:
  case P::ugt:
    form = lhs->plus(*rhs, -1);
    break;
  default:
    return std::nullopt;
  }
  bool strict = predicate == P::slt || predicate == P::ult ||
                predicate == P::sgt || predicate == P::ugt;
  if (form && strict)
    form = form->plus(LinearForm::unit(LinearForm::One), -1);
  if (!form)
    return std::nullopt;
  return SmallVector<LinearForm>{*form};
}

std::optional<SmallVector<LinearForm>>
Recognizer::getAbsoluteInequalities(arith::CmpIOp cmp, bool negated) {
  using P = arith::CmpIPredicate;
  P predicate = negated ? negate(cmp.getPredicate()) : cmp.getPredicate();
  Value bounded = cmp.getLhs(), bound = cmp.getRhs();
  if (predicate == P::sge || predicate == P::sgt) {
    std::swap(bounded, bound);
    predicate = predicate == P::sge ? P::sle : P::slt;
  }
  if (predicate != P::sle && predicate != P::slt)
    return std::nullopt;
  auto abs = bounded.getDefiningOp<math::AbsIOp>();
  if (!abs)
    return std::nullopt;
  std::optional<LinearForm> inner = getLinearForm(abs.getOperand());
  std::optional<LinearForm> limit = getLinearForm(bound);
  if (inner && limit && predicate == P::slt)
    limit = limit->plus(LinearForm::unit(LinearForm::One), -1);
  if (!inner || !limit)
    return std::nullopt;
  std::optional<LinearForm> below = limit->plus(*inner, -1);
  std::optional<LinearForm> above = limit->plus(*inner, 1);
  if (!below || !above)
    return std::nullopt;
  return SmallVector<LinearForm>{*below, *above};
}

bool Recognizer::alwaysHolds(const LinearForm &form) {
  // The smallest value that the form takes over the index ranges.
  int64_t smallest = form[LinearForm::One];
  auto addTerm = [&](int64_t coefficient, int64_t low, int64_t high) -> bool {
    if (coefficient == 0)
      return true;
    int64_t extreme = coefficient > 0 ? low : high;
    int64_t product;
    return !ShapedType::isDynamic(extreme) &&
           !llvm::MulOverflow(coefficient, extreme, product) &&
           !llvm::AddOverflow(smallest, product, smallest);
  };
  auto getLast = [](int64_t size) {
    return ShapedType::isDynamic(size) ? size : std::max<int64_t>(size - 1, 0);
  };
  auto getLow = [](int64_t size) {
    return ShapedType::isDynamic(size) ? 0 : size;
  };
  return addTerm(form[LinearForm::I], 0, getLast(indices.numQueries)) &&
         addTerm(form[LinearForm::J], 0, getLast(indices.numKeys)) &&
         addTerm(form[LinearForm::NumQueries], getLow(indices.numQueries),
                 indices.numQueries) &&
         addTerm(form[LinearForm::NumKeys], getLow(indices.numKeys),
                 indices.numKeys) &&
         smallest >= 0;
}

StructuralMaskInterface Recognizer::getMask(const LinearForm &form) {
  int64_t i = form[LinearForm::I], j = form[LinearForm::J];
  if ((i != 1 && i != -1) || j != -i)
    return {};
  // i > 0: j <= i + constant + offset; i < 0: j >= i - constant + offset.
  int64_t constant = form[LinearForm::One];
  int64_t lengths = form[LinearForm::NumKeys];
  if ((lengths != 0 && lengths != i) ||
      form[LinearForm::NumQueries] != -lengths)
    return {};
  Alignment alignment =
      lengths == 0 ? Alignment::TopLeft : Alignment::BottomRight;
  if (lengths == 0 && !ShapedType::isDynamic(indices.numQueries) &&
      !ShapedType::isDynamic(indices.numKeys)) {
    // With known lengths the offset hides in the constant. Only the diagonal
    // itself is taken for one that is aligned at the bottom right.
    int64_t offset = indices.numKeys - indices.numQueries;
    if (offset != 0 && constant == (i > 0 ? offset : -offset)) {
      alignment = Alignment::BottomRight;
      constant = 0;
    }
  }
  if (constant < 0 || constant > WindowAttr::largestBound)
    return {};
  MLIRContext *context = indices.i.getContext();
  if (i < 0)
    return WindowAttr::get(context, constant, -1, alignment);
  if (constant == 0)
    return CausalAttr::get(context, alignment);
  return WindowAttr::get(context, -1, constant, alignment);
}

StructuralMaskInterface Recognizer::getPrefix(Value lhs, Value rhs,
                                              bool negated) {
  for (auto [prefix, causal] : {std::pair{lhs, rhs}, std::pair{rhs, lhs}}) {
    auto prefixCmp = prefix.getDefiningOp<arith::CmpIOp>();
    auto causalCmp = causal.getDefiningOp<arith::CmpIOp>();
    if (!prefixCmp || !causalCmp)
      return {};
    auto prefixForms = getInequalities(prefixCmp, negated);
    auto causalForms = getInequalities(causalCmp, negated);
    if (!prefixForms || !causalForms || prefixForms->size() != 1 ||
        causalForms->size() != 1)
      continue;
    // length - 1 - j >= 0.
    const LinearForm &form = prefixForms->front();
    int64_t length;
    if (form[LinearForm::J] != -1 || form[LinearForm::I] != 0 ||
        form[LinearForm::NumQueries] != 0 || form[LinearForm::NumKeys] != 0 ||
        llvm::AddOverflow<int64_t>(form[LinearForm::One], 1, length) ||
        length < 0)
      continue;
    if (auto mask = dyn_cast_or_null<CausalAttr>(getMask(causalForms->front())))
      return PrefixAttr::get(mask.getContext(), length, mask.getAlignment());
  }
  return {};
}

void Recognizer::addConjuncts(Value predicate, bool negated) {
  if (!conjuncts.insert({predicate, negated}).second)
    return;
  APInt constant;
  if (matchPattern(predicate, m_ConstantInt(&constant)) &&
      constant.isZero() == negated) {
    result.simplified = true;
    return;
  }
  Operation *op = predicate.getDefiningOp();
  if (auto xorOp = dyn_cast_or_null<arith::XOrIOp>(op)) {
    if (matchPattern(xorOp.getRhs(), m_One()))
      return addConjuncts(xorOp.getLhs(), !negated);
    if (matchPattern(xorOp.getLhs(), m_One()))
      return addConjuncts(xorOp.getRhs(), !negated);
  }
  // A conjunction, or the negation of a disjunction.
  if ((isa_and_nonnull<arith::AndIOp>(op) && !negated) ||
      (isa_and_nonnull<arith::OrIOp>(op) && negated)) {
    addConjuncts(op->getOperand(0), negated);
    addConjuncts(op->getOperand(1), negated);
    return;
  }
  if ((isa_and_nonnull<arith::OrIOp>(op) && !negated) ||
      (isa_and_nonnull<arith::AndIOp>(op) && negated)) {
    if (StructuralMaskInterface mask =
            getPrefix(op->getOperand(0), op->getOperand(1), negated)) {
      result.structure = getConjunction(result.structure, mask);
      result.simplified = true;
      return;
    }
  }
  if (auto select = dyn_cast_or_null<arith::SelectOp>(op)) {
    // select(a, b, false) is a and b.
    if (!negated && matchPattern(select.getFalseValue(), m_Zero())) {
      addConjuncts(select.getCondition(), false);
      addConjuncts(select.getTrueValue(), false);
      return;
    }
    // select(a, false, true) is the negation of a.
    if (matchPattern(select.getTrueValue(), m_Zero()) &&
        matchPattern(select.getFalseValue(), m_One()))
      return addConjuncts(select.getCondition(), !negated);
  }
  if (auto cmp = dyn_cast_or_null<arith::CmpIOp>(op)) {
    if (auto forms = getInequalities(cmp, negated)) {
      StructuralMaskInterface structure = result.structure;
      bool recognized = true;
      for (const LinearForm &form : *forms) {
        if (alwaysHolds(form))
          continue;
        StructuralMaskInterface mask = getMask(form);
        recognized &= bool(mask);
        structure = getConjunction(structure, mask);
      }
      if (recognized) {
        result.structure = structure;
        result.simplified = true;
        return;
      }
    }
  }
  result.rest.push_back({predicate, negated});
}

} // namespace

RecognizedMask attn::recognizeMask(Value predicate,
                                   const MaskIndices &indices) {
  Recognizer recognizer(indices);
  recognizer.addConjuncts(predicate, /*negated=*/false);
  return recognizer.takeResult();
}
