//===- ElementExpr.cpp - Tensor elements as expressions ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Nodes: making them but for the algebra on applications (ExprAlgebra.cpp), and
// walking over them.
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Expr
//===----------------------------------------------------------------------===//

void Expr::Profile(llvm::FoldingSetNodeID &id) const {
  id.AddInteger((int)kind);
  id.AddPointer(type.getAsOpaquePointer());
  id.AddPointer(attr.getAsOpaquePointer());
  id.AddPointer(value.getAsOpaquePointer());
  id.AddPointer(rhs.getAsOpaquePointer());
  for (AffineExpr index : indices)
    id.AddPointer(index.getAsOpaquePointer());
  id.AddInteger(indices.size());
  for (AffineExpr index : rhsIndices)
    id.AddPointer(index.getAsOpaquePointer());
  id.AddPointer(name.getAsOpaquePointer());
  id.AddPointer(attrs.getAsOpaquePointer());
  for (const Expr *operand : operands)
    id.AddPointer(operand);
  id.AddInteger((int)reduce);
  id.AddInteger(var);
  id.AddInteger(bound);
}

std::optional<double> Expr::getFloat() const {
  auto number = dyn_cast_or_null<FloatAttr>(attr);
  if (kind != Kind::Constant || !number)
    return std::nullopt;
  return number.getValueAsDouble();
}

std::optional<int64_t> Expr::getInteger() const {
  auto number = dyn_cast_or_null<IntegerAttr>(attr);
  if (kind == Kind::Index)
    if (auto constant = dyn_cast<AffineConstantExpr>(indices[0]))
      return constant.getValue();
  if (kind != Kind::Constant || !number)
    return std::nullopt;
  // A boolean true is 1, not -1.
  return number.getType().isInteger(1) ? number.getValue().getZExtValue()
                                       : number.getValue().getSExtValue();
}

//===----------------------------------------------------------------------===//
// Making expressions
//===----------------------------------------------------------------------===//

unsigned ExprContext::addVariable(int64_t extent) {
  extents.push_back(extent);
  return extents.size() - 1;
}

const Expr *ExprContext::intern(const Expr &expr) {
  llvm::FoldingSetNodeID id;
  expr.Profile(id);
  void *position;
  if (Expr *found = uniqued.FindNodeOrInsertPos(id, position))
    return found;
  storage.push_back(std::make_unique<Expr>(expr));
  uniqued.InsertNode(storage.back().get(), position);
  return storage.back().get();
}

const Expr *ExprContext::makeConstant(Attribute attr, Type type) {
  // Indices are indices also when they are constants: arithmetic on them folds.
  if (auto integer = dyn_cast<IntegerAttr>(attr);
      integer && (type.isIndex() || type.getIntOrFloatBitWidth() >= 32) &&
      integer.getValue().isSignedIntN(62))
    return makeIndex(
        getAffineConstantExpr(integer.getValue().getSExtValue(), context));
  Expr expr;
  expr.kind = Expr::Kind::Constant;
  // Floats of all widths are one: conversions are left out.
  if (auto number = dyn_cast<FloatAttr>(attr)) {
    type = Float64Type::get(context);
    attr = FloatAttr::get(type, number.getValueAsDouble());
  }
  expr.type = type;
  expr.attr = attr;
  return intern(expr);
}

const Expr *ExprContext::makeFloat(double value) {
  Type type = Float64Type::get(context);
  return makeConstant(FloatAttr::get(type, value), type);
}

const Expr *ExprContext::makeBool(bool value) {
  Type type = IntegerType::get(context, 1);
  return makeConstant(IntegerAttr::get(type, value), type);
}

const Expr *ExprContext::makeIndex(AffineExpr index) {
  Expr expr;
  expr.kind = Expr::Kind::Index;
  expr.type = IndexType::get(context);
  expr.indices.push_back(simplify(index));
  return intern(expr);
}

const Expr *ExprContext::makeLoad(Value tensor, ArrayRef<AffineExpr> indices) {
  Expr expr;
  expr.kind = Expr::Kind::Load;
  expr.type = getElementTypeOrSelf(tensor.getType());
  expr.value = tensor;
  expr.indices.assign(indices.begin(), indices.end());
  return intern(expr);
}

const Expr *ExprContext::makeGather(Value tensor,
                                    ArrayRef<const Expr *> indices) {
  SmallVector<AffineExpr> affine;
  for (const Expr *index : indices)
    if (index->kind == Expr::Kind::Index)
      affine.push_back(index->indices[0]);
  if (affine.size() == indices.size())
    return evaluate(tensor, affine);
  Expr expr;
  expr.kind = Expr::Kind::Gather;
  expr.type = getElementTypeOrSelf(tensor.getType());
  expr.value = tensor;
  expr.operands.assign(indices.begin(), indices.end());
  return intern(expr);
}

const Expr *ExprContext::makeScaled(const Expr *expr, double factor) {
  if (factor == 1.0)
    return expr;
  return makeApply("arith.mulf", Float64Type::get(context),
                   {expr, makeFloat(factor)});
}

const Expr *ExprContext::makeReduce(ReduceKind kind, unsigned var,
                                    const Expr *body) {
  // The reduction of a concatenation is that of its pieces.
  if (std::optional<int64_t> bound = findPieces(body, var);
      bound && !ShapedType::isDynamic(extents[var])) {
    int64_t rest = extents[var] - *bound;
    auto reduceRange = [&](int64_t begin, int64_t size) {
      AffineExpr offset = getAffineConstantExpr(begin, context);
      if (size == 1)
        return substitute(body, var, offset);
      auto [position, inserted] = pieceVariables.try_emplace({var, begin}, 0);
      if (inserted)
        position->second = addVariable(size);
      unsigned part = position->second;
      return makeReduce(kind, part,
                        substitute(body, var, getVariable(part) + begin));
    };
    const Expr *low = reduceRange(0, *bound);
    const Expr *high = reduceRange(*bound, rest);
    StringRef name = kind == ReduceKind::Sum   ? "arith.addf"
                     : kind == ReduceKind::Max ? "arith.maximumf"
                     : kind == ReduceKind::And ? "arith.andi"
                                               : "arith.ori";
    return makeApply(name, body->type, {low, high});
  }
  Expr expr;
  expr.kind = Expr::Kind::Reduce;
  expr.type = body->type;
  expr.reduce = kind;
  expr.var = var;
  expr.operands.push_back(body);
  return intern(expr);
}

const Expr *
ExprContext::makePieces(AffineExpr index, int64_t bound,
                        llvm::function_ref<const Expr *(AffineExpr)> low,
                        llvm::function_ref<const Expr *(AffineExpr)> high) {
  std::optional<std::pair<int64_t, int64_t>> range = getRange(index);
  if (range && range->second < bound)
    return low(index);
  if (range && range->first >= bound)
    return high(simplify(index - bound));
  Expr expr;
  expr.kind = Expr::Kind::Pieces;
  expr.operands = {low(index), high(simplify(index - bound))};
  expr.type = expr.operands[0]->type;
  expr.indices.push_back(index);
  expr.bound = bound;
  return intern(expr);
}

//===----------------------------------------------------------------------===//
// Walking expressions
//===----------------------------------------------------------------------===//

const Expr *ExprContext::rebuild(const Expr *expr,
                                 ArrayRef<const Expr *> operands) {
  switch (expr->kind) {
  case Expr::Kind::Apply:
    return makeApply(expr->name, expr->type, operands, expr->attrs);
  case Expr::Kind::Gather:
    return makeGather(expr->value, operands);
  case Expr::Kind::Reduce:
    return makeReduce(expr->reduce, expr->var, operands[0]);
  default:
    Expr copy = *expr;
    copy.operands.assign(operands.begin(), operands.end());
    return intern(copy);
  }
}

bool attn::holdsAny(const Expr *expr,
                    llvm::function_ref<bool(const Expr *)> holds,
                    llvm::function_ref<bool(const Expr *)> mayEnter) {
  SmallVector<const Expr *> worklist{expr};
  llvm::SmallPtrSet<const Expr *, 16> seen{expr};
  while (!worklist.empty()) {
    const Expr *next = worklist.pop_back_val();
    if (holds(next))
      return true;
    if (mayEnter(next))
      for (const Expr *operand : llvm::reverse(next->operands))
        if (seen.insert(operand).second)
          worklist.push_back(operand);
  }
  return false;
}

/// Logits beside which there is something else, such as a sink. A mask or a
/// bias of several pieces is one, and so are the indices of a gather.
std::optional<int64_t> ExprContext::findPieces(const Expr *expr, unsigned var) {
  std::optional<int64_t> bound;
  holdsAny(expr, [&](const Expr *part) {
    if (part->kind == Expr::Kind::Pieces &&
        part->indices[0] == getVariable(var) &&
        holdsAny(part, [](const Expr *inner) {
          return inner->kind == Expr::Kind::Contract;
        }))
      bound = part->bound;
    return bound.has_value();
  });
  return bound;
}

const Expr *ExprContext::substitute(const Expr *expr, unsigned var,
                                    AffineExpr index) {
  DenseMap<const Expr *, const Expr *> done;
  std::function<const Expr *(const Expr *)> visit =
      [&](const Expr *from) -> const Expr * {
    if (!dependsOn(from, var))
      return from;
    if (const Expr *known = done.lookup(from))
      return known;
    auto replace = [&](AffineExpr old) {
      return simplify(old.replace(getVariable(var), index));
    };
    const Expr *result;
    if (from->kind == Expr::Kind::Index) {
      result = makeIndex(replace(from->indices[0]));
    } else if (from->kind == Expr::Kind::Pieces) {
      // Only what holds at the new index: the other may end before it.
      result = makePieces(
          replace(from->indices[0]), from->bound,
          [&](AffineExpr) { return visit(from->operands[0]); },
          [&](AffineExpr) { return visit(from->operands[1]); });
    } else if (from->indices.empty() && from->rhsIndices.empty()) {
      SmallVector<const Expr *> operands =
          llvm::map_to_vector(from->operands, visit);
      result = rebuild(from, operands);
    } else {
      Expr copy = *from;
      for (AffineExpr &old : copy.indices)
        old = replace(old);
      for (AffineExpr &old : copy.rhsIndices)
        old = replace(old);
      result = intern(copy);
    }
    // Where the element is in a tensor is known for the new index too.
    if (const Access *source = getSource(from); source && result != from) {
      Access access = *source;
      for (AffineExpr &old : access.indices)
        old = replace(old);
      sources.try_emplace(result, access);
    }
    return done[from] = result;
  };
  return visit(expr);
}

bool ExprContext::dependsOn(const Expr *expr, unsigned var) {
  auto [position, inserted] = dependences.try_emplace({expr, var}, false);
  if (!inserted)
    return position->second;
  auto isUsed = [&](AffineExpr index) { return index.isFunctionOfDim(var); };
  bool isBound = (expr->kind == Expr::Kind::Reduce ||
                  expr->kind == Expr::Kind::Contract) &&
                 expr->var == var;
  bool depends =
      !isBound && (llvm::any_of(expr->indices, isUsed) ||
                   llvm::any_of(expr->rhsIndices, isUsed) ||
                   llvm::any_of(expr->operands, [&](const Expr *operand) {
                     return dependsOn(operand, var);
                   }));
  return dependences[{expr, var}] = depends;
}

bool ExprContext::contains(const Expr *expr, const Expr *part) {
  llvm::SmallPtrSet<const Expr *, 32> seen;
  std::function<bool(const Expr *)> visit = [&](const Expr *from) {
    return from == part ||
           (seen.insert(from).second && llvm::any_of(from->operands, visit));
  };
  return visit(expr);
}

Operation *ExprContext::getOperation(const Expr *expr) const {
  if (expr->op)
    return expr->op;
  if (const Access *source = getSource(expr))
    return source->tensor.getDefiningOp();
  if (expr->value)
    return expr->value.getDefiningOp();
  return nullptr;
}
