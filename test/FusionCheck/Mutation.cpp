//===- Mutation.cpp - Programs with one difference --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutation.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;

namespace {

class Mutator {
public:
  Mutator(func::FuncOp function, std::mt19937 &rng)
      : function(function), rng(rng) {}

  std::optional<std::string> mutate();

private:
  template <typename Range>
  auto pick(const Range &range) {
    return range[rng() % range.size()];
  }
  std::optional<std::string> changeConstant(arith::ConstantOp op);
  std::optional<std::string> changeOperator(Operation *op);
  std::optional<std::string> changeAttribute(Operation *op);
  std::optional<std::string> changeOperand(Operation *op);

  func::FuncOp function;
  std::mt19937 &rng;
};

std::optional<std::string> Mutator::changeConstant(arith::ConstantOp op) {
  auto changeFloat = [&](APFloat value, Type type) {
    double number = [&] {
      bool losesInfo;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      return value.convertToDouble();
    }();
    // Of logits multiplied by this, narrow types leave rounding errors alone.
    double large = type.isF64() || std::abs(number) > 1e3 ? -1e9 : -100.0;
    double changed[] = {-number,
                        number * 1.5,
                        number + 1,
                        0.0,
                        number == 0 ? 0.25 : number * 0.5,
                        large,
                        -5.0,
                        1.0};
    return FloatAttr::get(type, pick(ArrayRef<double>(changed)));
  };
  auto changeInteger = [&](APInt value, Type type) -> IntegerAttr {
    if (type.isInteger(1))
      return IntegerAttr::get(type, !value.getBoolValue());
    return IntegerAttr::get(type, value.getSExtValue() + (rng() % 2 ? 1 : -1));
  };
  if (auto number = dyn_cast<FloatAttr>(op.getValue())) {
    op.setValueAttr(changeFloat(number.getValue(), number.getType()));
  } else if (auto number = dyn_cast<IntegerAttr>(op.getValue())) {
    op.setValueAttr(changeInteger(number.getValue(), number.getType()));
  } else if (auto dense = dyn_cast<DenseElementsAttr>(op.getValue())) {
    SmallVector<Attribute> elements(dense.getValues<Attribute>());
    if (elements.empty())
      return std::nullopt;
    auto change = [&](Attribute element) -> Attribute {
      if (auto number = dyn_cast<FloatAttr>(element))
        return changeFloat(number.getValue(), number.getType());
      auto number = cast<IntegerAttr>(element);
      return changeInteger(number.getValue(), number.getType());
    };
    if (dense.isSplat())
      elements.assign(elements.size(), change(elements[0]));
    else
      elements[rng() % elements.size()] = change(pick(elements));
    op.setValueAttr(DenseElementsAttr::get(dense.getType(), elements));
  } else {
    return std::nullopt;
  }
  return "constant";
}

/// Another operator of the same types.
std::optional<std::string> Mutator::changeOperator(Operation *op) {
  if (auto cmp = dyn_cast<arith::CmpIOp>(op)) {
    cmp.setPredicate(static_cast<arith::CmpIPredicate>(rng() % 10));
    return "predicate";
  }
  if (auto cmp = dyn_cast<arith::CmpFOp>(op)) {
    cmp.setPredicate(static_cast<arith::CmpFPredicate>(rng() % 16));
    return "predicate";
  }
  static const SmallVector<StringRef> families[] = {
      {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.maximumf",
       "arith.minimumf"},
      {"math.exp", "math.exp2", "math.tanh", "math.absf", "math.log"},
      {"arith.andi", "arith.ori", "arith.xori"},
      {"arith.addi", "arith.subi", "arith.muli"},
      {"arith.extui", "arith.extsi"},
      {"arith.uitofp", "arith.sitofp"},
  };
  for (ArrayRef<StringRef> family : families) {
    if (!llvm::is_contained(family, op->getName().getStringRef()))
      continue;
    StringRef other = pick(family);
    OpBuilder builder(op);
    OperationState state(op->getLoc(), other, op->getOperands(),
                         op->getResultTypes());
    op->replaceAllUsesWith(builder.create(state));
    std::string text = (op->getName().getStringRef() + " to " + other).str();
    op->erase();
    return text;
  }
  return std::nullopt;
}

std::optional<std::string> Mutator::changeAttribute(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    AffineMap &map = maps[rng() % maps.size()];
    if (map.getNumResults() == 0 || map.getNumDims() == 0)
      return std::nullopt;
    SmallVector<AffineExpr> results(map.getResults());
    if (results.size() > 1 && rng() % 2)
      std::swap(results[rng() % results.size()],
                results[rng() % results.size()]);
    else
      results[rng() % results.size()] =
          getAffineDimExpr(rng() % map.getNumDims(), op->getContext());
    AffineMap changed =
        AffineMap::get(map.getNumDims(), 0, results, op->getContext());
    // Every element of a result must be written, by one iteration.
    bool isResult = &map >= maps.end() - generic.getNumDpsInits();
    for (unsigned d = 0; isResult && d < map.getNumDims(); ++d)
      if (map.isFunctionOfDim(d) != changed.isFunctionOfDim(d))
        return std::nullopt;
    map = changed;
    generic.setIndexingMapsAttr(
        Builder(op->getContext()).getAffineMapArrayAttr(maps));
    return "index map";
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    SmallVector<int64_t> permutation(transpose.getPermutation());
    if (permutation.empty())
      return std::nullopt;
    std::swap(permutation[rng() % permutation.size()],
              permutation[rng() % permutation.size()]);
    transpose.setPermutation(permutation);
    return "permutation";
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<int64_t> offsets(slice.getStaticOffsets());
    if (offsets.empty())
      return std::nullopt;
    int64_t &offset = offsets[rng() % offsets.size()];
    if (ShapedType::isDynamic(offset))
      return std::nullopt;
    offset += rng() % 2 ? 1 : -1;
    if (offset < 0)
      return std::nullopt;
    slice.setStaticOffsets(offsets);
    return "offset";
  }
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    auto parent = cast<linalg::LinalgOp>(op->getParentOp());
    index.setDim(rng() % parent.getNumLoops());
    return "linalg.index";
  }
  return std::nullopt;
}

/// Another value of the same type in an operand's place, or two operands
/// swapped.
std::optional<std::string> Mutator::changeOperand(Operation *op) {
  if (op->getNumOperands() == 0)
    return std::nullopt;
  unsigned index = rng() % op->getNumOperands();
  Value old = op->getOperand(index);
  for (unsigned other = 0; other < op->getNumOperands(); ++other)
    if (other != index && op->getOperand(other) != old &&
        op->getOperand(other).getType() == old.getType() &&
        !old.getDefiningOp<tensor::EmptyOp>() &&
        !op->getOperand(other).getDefiningOp<tensor::EmptyOp>() && rng() % 2) {
      op->setOperand(index, op->getOperand(other));
      op->setOperand(other, old);
      return "operands swapped";
    }
  SmallVector<Value> candidates;
  // What was never written has no value to keep, and the large numbers of masks
  // are no logits.
  auto isUndefined = [](Value value) {
    APFloat number(0.0);
    if (matchPattern(value, m_ConstantFloat(&number))) {
      bool losesInfo;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
      if (!(std::abs(number.convertToDouble()) < 1e3))
        return true;
    }
    if (value.getDefiningOp<tensor::EmptyOp>())
      return true;
    auto argument = dyn_cast<BlockArgument>(value);
    auto parent =
        argument
            ? dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp())
            : linalg::LinalgOp();
    return parent && parent.getMatchingOpOperand(argument)
                         ->get()
                         .getDefiningOp<tensor::EmptyOp>();
  };
  auto consider = [&](Value value) {
    if (value != old && value.getType() == old.getType() &&
        !isUndefined(value) && !isUndefined(old))
      candidates.push_back(value);
  };
  for (Block *block = op->getBlock(); block;
       block = block->getParentOp() && !isa<func::FuncOp>(block->getParentOp())
                   ? block->getParentOp()->getBlock()
                   : nullptr) {
    for (BlockArgument argument : block->getArguments())
      consider(argument);
    Operation *ancestor = block->findAncestorOpInBlock(*op);
    for (Operation &before : *block) {
      if (&before == ancestor)
        break;
      for (Value result : before.getResults())
        consider(result);
    }
  }
  if (candidates.empty())
    return std::nullopt;
  op->setOperand(index, pick(candidates));
  return "operand replaced";
}

/// Whether a divisor is the constant zero: queries and keys are NaN then, which
/// a graph may replace behind the softmax (docs/Spec.md). refused.py has
/// logits.
bool dividesByZero(func::FuncOp function) {
  bool found = false;
  function.walk([&](arith::DivFOp op) {
    Value divisor = op.getRhs();
    if (auto argument = dyn_cast<BlockArgument>(divisor))
      if (auto parent =
              dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp()))
        divisor = parent.getMatchingOpOperand(argument)->get();
    if (auto fill = divisor.getDefiningOp<linalg::FillOp>())
      divisor = fill.getInputs()[0];
    found |= matchPattern(divisor, m_AnyZeroFloat());
  });
  return found;
}

std::optional<std::string> Mutator::mutate() {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    // The bodies of named operations are what their names say.
    Operation *parent = op->getParentOp();
    if (op != function &&
        (!isa<linalg::LinalgOp>(parent) || isa<linalg::GenericOp>(parent)))
      ops.push_back(op);
  });
  Operation *op = pick(ops);
  std::string name = op->getName().getStringRef().str();
  std::optional<std::string> done;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    done = changeConstant(constant);
  else if (rng() % 3 == 0)
    done = changeOperand(op);
  else if (rng() % 2)
    done = changeOperator(op);
  else
    done = changeAttribute(op);
  if (!done || dividesByZero(function))
    return std::nullopt;
  return name + ": " + *done;
}

} // namespace

std::optional<std::string> attn::mutate(func::FuncOp function,
                                        std::mt19937 &rng) {
  return Mutator(function, rng).mutate();
}
