//===- ElementExpr.cpp - Tensor elements as expressions ---------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

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
  if (op) {
    id.AddPointer(op->getName().getAsOpaquePointer());
    id.AddPointer(op->getAttrDictionary().getAsOpaquePointer());
  }
  for (const Expr *operand : operands)
    id.AddPointer(operand);
  id.AddInteger((int)reduce);
  id.AddInteger(var);
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

const Expr *ExprContext::makeIndex(AffineExpr index, Type type) {
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

const Expr *ExprContext::makeReduce(ReduceKind kind, unsigned var,
                                    const Expr *body) {
  Expr expr;
  expr.kind = Expr::Kind::Reduce;
  expr.type = body->type;
  expr.reduce = kind;
  expr.var = var;
  expr.operands.push_back(body);
  return intern(expr);
}

/// Rounds a constant to a float type.
static Attribute roundTo(FloatAttr attr, Type type) {
  APFloat value = attr.getValue();
  bool losesInfo;
  value.convert(cast<FloatType>(type).getFloatSemantics(),
                APFloat::rmNearestTiesToEven, &losesInfo);
  return FloatAttr::get(type, value);
}

const Expr *ExprContext::makeApply(Operation *op,
                                   ArrayRef<const Expr *> operands) {
  const Expr *first = operands.empty() ? nullptr : operands[0];
  const Expr *second = operands.size() > 1 ? operands[1] : nullptr;
  Type type = getElementTypeOrSelf(op->getResult(0).getType());

  // Conversions: of floats they are left out, of indices they keep the value.
  if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
    if (auto number = dyn_cast_or_null<FloatAttr>(first->attr))
      return makeConstant(roundTo(number, type), type);
    return first;
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::ExtUIOp, arith::TruncIOp>(op) &&
      first->kind == Expr::Kind::Index &&
      (type.isIndex() || type.getIntOrFloatBitWidth() >= 32))
    return first;

  // Affine integer arithmetic.
  auto getAffine = [](const Expr *expr) -> AffineExpr {
    return expr->kind == Expr::Kind::Index ? expr->indices[0] : AffineExpr();
  };
  if (isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op) &&
      getAffine(first) && getAffine(second)) {
    AffineExpr a = getAffine(first), c = getAffine(second);
    if (isa<arith::AddIOp>(op))
      return makeIndex(a + c, type);
    if (isa<arith::SubIOp>(op))
      return makeIndex(a - c, type);
    if (isa<AffineConstantExpr>(a) || isa<AffineConstantExpr>(c))
      return makeIndex(a * c, type);
  }

  // Booleans.
  if (isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op) &&
      type.isInteger(1)) {
    for (auto [x, y] : {std::pair{first, second}, std::pair{second, first}}) {
      std::optional<int64_t> constant = y->getInteger();
      if (isa<arith::AndIOp>(op) && constant)
        return *constant ? x : y;
      if (isa<arith::OrIOp>(op) && constant)
        return *constant ? y : x;
      if (isa<arith::XOrIOp>(op) && constant && !*constant)
        return x;
      // not not x.
      if (isa<arith::XOrIOp>(op) && constant && x->is("arith.xori") &&
          x->operands[1]->getInteger() == 1)
        return x->operands[0];
      if (isa<arith::XOrIOp>(op) && constant && x->getInteger())
        return makeConstant(IntegerAttr::get(type, !*x->getInteger()), type);
      // The constant of a negation stands second.
      if (isa<arith::XOrIOp>(op) && constant && x != first)
        return makeApply(op, {x, y});
    }
  }
  if (isa<arith::SelectOp>(op))
    if (std::optional<int64_t> condition = first->getInteger())
      return *condition ? operands[1] : operands[2];

  // Neutral floats.
  if (isa<arith::AddFOp, arith::MulFOp>(op)) {
    double neutral = isa<arith::AddFOp>(op) ? 0.0 : 1.0;
    if (second->getFloat() == neutral)
      return first;
    if (first->getFloat() == neutral)
      return second;
  }

  Expr expr;
  expr.kind = Expr::Kind::Apply;
  expr.type = isa<FloatType>(type) ? Type(Float64Type::get(context)) : type;
  expr.op = op;
  expr.operands.assign(operands.begin(), operands.end());
  return intern(expr);
}

//===----------------------------------------------------------------------===//
// Walking expressions
//===----------------------------------------------------------------------===//

const Expr *ExprContext::substitute(const Expr *expr, unsigned var,
                                    AffineExpr index) {
  if (!dependsOn(expr, var))
    return expr;
  auto replace = [&](AffineExpr from) {
    return simplify(from.replace(getVariable(var), index));
  };
  if (expr->kind == Expr::Kind::Apply) {
    SmallVector<const Expr *> operands;
    for (const Expr *operand : expr->operands)
      operands.push_back(substitute(operand, var, index));
    return makeApply(expr->op, operands);
  }
  Expr copy = *expr;
  for (AffineExpr &from : copy.indices)
    from = replace(from);
  for (AffineExpr &from : copy.rhsIndices)
    from = replace(from);
  for (const Expr *&operand : copy.operands)
    operand = substitute(operand, var, index);
  return intern(copy);
}

bool ExprContext::dependsOn(const Expr *expr, unsigned var) {
  auto isUsed = [&](AffineExpr index) { return index.isFunctionOfDim(var); };
  bool isBound = (expr->kind == Expr::Kind::Reduce ||
                  expr->kind == Expr::Kind::Contract) &&
                 expr->var == var;
  return !isBound &&
         (llvm::any_of(expr->indices, isUsed) ||
          llvm::any_of(expr->rhsIndices, isUsed) ||
          llvm::any_of(expr->operands, [&](const Expr *operand) {
            return dependsOn(operand, var);
          }));
}

bool ExprContext::contains(const Expr *expr, const Expr *part) {
  return expr == part ||
         llvm::any_of(expr->operands, [&](const Expr *operand) {
           return contains(operand, part);
         });
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// Writes an expression as a sum of multiples of variables and a constant.
static bool getTerms(AffineExpr expr, int64_t factor,
                     std::map<unsigned, int64_t> &terms, int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    terms[dim.getPosition()] += factor;
    return true;
  }
  if (auto number = dyn_cast<AffineConstantExpr>(expr)) {
    constant += factor * number.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return getTerms(binary.getLHS(), factor, terms, constant) &&
           getTerms(binary.getRHS(), factor, terms, constant);
  auto multiplier = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && multiplier &&
         getTerms(binary.getLHS(), factor * multiplier.getValue(), terms,
                  constant);
}

std::optional<std::pair<AffineExpr, AffineExpr>>
ExprContext::divide(AffineExpr index, int64_t divisor) {
  AffineExpr zero = getAffineConstantExpr(0, context);
  if (divisor == 1)
    return std::pair{index, zero};
  std::map<unsigned, int64_t> terms;
  int64_t constant = 0;
  if (divisor <= 0 || !getTerms(index, 1, terms, constant))
    return std::nullopt;
  AffineExpr quotient = zero, remainder = zero;
  int64_t low = 0, high = 0;
  std::optional<unsigned> single;
  unsigned numRest = 0;
  for (auto [var, factor] : terms) {
    if (factor % divisor == 0) {
      quotient = quotient + getVariable(var) * (factor / divisor);
      continue;
    }
    remainder = remainder + getVariable(var) * factor;
    ++numRest;
    if (factor == 1)
      single = var;
    if (ShapedType::isDynamic(extents[var])) {
      high = std::numeric_limits<int64_t>::max() / 4;
      continue;
    }
    int64_t reach = factor * std::max<int64_t>(extents[var] - 1, 0);
    (factor > 0 ? high : low) += reach;
  }
  int64_t rest = ((constant % divisor) + divisor) % divisor;
  quotient = quotient + (constant - rest) / divisor;
  if (low + rest >= 0 && high + rest < divisor)
    return std::pair{simplify(quotient), simplify(remainder + rest)};
  if (numRest == 1 && single && rest == 0)
    split = Split{*single, divisor};
  return std::nullopt;
}

std::optional<ExprContext::Access>
ExprContext::lookThroughCollapse(Operation *op, ArrayRef<AffineExpr> indices) {
  auto collapse = cast<tensor::CollapseShapeOp>(op);
  RankedTensorType type = collapse.getSrcType();
  Access access{collapse.getSrc(), SmallVector<AffineExpr>(type.getRank())};
  for (auto [index, group] :
       llvm::zip(indices, collapse.getReassociationIndices())) {
    AffineExpr rest = index;
    for (int64_t d : llvm::reverse(ArrayRef(group).drop_front())) {
      if (type.isDynamicDim(d))
        return std::nullopt;
      auto parts = divide(rest, type.getDimSize(d));
      if (!parts)
        return std::nullopt;
      std::tie(rest, access.indices[d]) = *parts;
    }
    access.indices[group.front()] = rest;
  }
  // A tensor of one element may collapse to rank 0.
  for (AffineExpr &index : access.indices)
    if (!index)
      index = getAffineConstantExpr(0, context);
  return access;
}

std::optional<ExprContext::Access>
ExprContext::lookThroughExpand(Operation *op, ArrayRef<AffineExpr> indices) {
  auto expand = cast<tensor::ExpandShapeOp>(op);
  RankedTensorType type = expand.getResultType();
  Access access{expand.getSrc(), {}};
  for (const ReassociationIndices &group : expand.getReassociationIndices()) {
    AffineExpr index = indices[group.front()];
    for (int64_t d : ArrayRef(group).drop_front()) {
      if (type.isDynamicDim(d))
        return std::nullopt;
      index = index * type.getDimSize(d) + indices[d];
    }
    access.indices.push_back(simplify(index));
  }
  return access;
}

std::optional<SmallVector<AffineExpr>>
ExprContext::getLoopIndices(linalg::LinalgOp op, unsigned result,
                            ArrayRef<AffineExpr> indices) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  SmallVector<AffineExpr> loops(op.getNumLoops());
  for (auto [expr, index] : llvm::zip(map.getResults(), indices)) {
    if (isa<AffineConstantExpr>(expr))
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || loops[dim.getPosition()])
      return std::nullopt;
    loops[dim.getPosition()] = index;
  }
  return loops;
}

SmallVector<AffineExpr>
ExprContext::getOperandIndices(linalg::LinalgOp op, OpOperand &operand,
                               ArrayRef<AffineExpr> loops) {
  SmallVector<AffineExpr> indices;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
    indices.push_back(simplify(expr.replaceDims(loops)));
  return indices;
}

std::optional<ExprContext::Access>
ExprContext::lookThrough(Value tensor, ArrayRef<AffineExpr> indices) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (isa<tensor::CollapseShapeOp>(op))
    return lookThroughCollapse(op, indices);
  if (isa<tensor::ExpandShapeOp>(op))
    return lookThroughExpand(op, indices);
  if (auto castOp = dyn_cast<tensor::CastOp>(op))
    if (isa<RankedTensorType>(castOp.getSource().getType()))
      return Access{castOp.getSource(), SmallVector<AffineExpr>(indices)};
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    Access access{slice.getSource(), {}};
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (int64_t d = 0; d < slice.getSourceType().getRank(); ++d) {
      int64_t offset = slice.getStaticOffset(d);
      int64_t stride = slice.getStaticStride(d);
      if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(stride))
        return std::nullopt;
      AffineExpr index = getAffineConstantExpr(offset, context);
      if (!dropped.test(d))
        index = index + indices[next++] * stride;
      access.indices.push_back(simplify(index));
    }
    return access;
  }
  // A linalg operation that copies its only input.
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 1 ||
      linalgOp.getNumDpsInits() != 1 || linalgOp.getNumReductionLoops() != 0 ||
      isa<linalg::FillOp>(op))
    return std::nullopt;
  Block *body = linalgOp.getBlock();
  if (body->getTerminator()->getOperand(0) != body->getArgument(0))
    return std::nullopt;
  auto loops = getLoopIndices(linalgOp, 0, indices);
  if (!loops || llvm::is_contained(*loops, AffineExpr()))
    return std::nullopt;
  OpOperand &input = *linalgOp.getDpsInputOperand(0);
  if (!isa<RankedTensorType>(input.get().getType()))
    return std::nullopt;
  return Access{input.get(), getOperandIndices(linalgOp, input, *loops)};
}

unsigned ExprContext::getBoundVariable(Operation *op, unsigned loop,
                                       int64_t extent) {
  auto [position, inserted] = boundVariables.try_emplace({op, loop}, 0);
  if (inserted)
    position->second = addVariable(extent);
  return position->second;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

const Expr *ExprContext::evaluate(Value tensor,
                                  ArrayRef<AffineExpr> givenIndices) {
  // A dimension of size one has one index.
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<AffineExpr> indices(givenIndices);
  for (auto [index, size] : llvm::zip(indices, type.getShape()))
    if (size == 1)
      index = getAffineConstantExpr(0, context);
  Key key{tensor.getAsOpaquePointer(), {}};
  for (AffineExpr index : indices)
    key.indices.push_back(index.getAsOpaquePointer());
  auto found = cache.find(key);
  if (found != cache.end())
    return found->second;
  const Expr *expr = evaluateUncached(tensor, indices);
  cache[key] = expr;
  return expr;
}

const Expr *ExprContext::evaluateUncached(Value tensor,
                                          ArrayRef<AffineExpr> indices) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return makeLoad(tensor, indices);
  DenseElementsAttr elements;
  if (matchPattern(tensor, m_Constant(&elements)) && elements.isSplat())
    return makeConstant(elements.getSplatValue<Attribute>(),
                        elements.getElementType());
  if (std::optional<Access> access = lookThrough(tensor, indices))
    return evaluate(access->tensor, access->indices);
  if (Value decomposed = decompositions.lookup(tensor))
    return evaluate(decomposed, indices);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    unsigned result = cast<OpResult>(tensor).getResultNumber();
    if (const Expr *expr = evaluateLinalg(linalgOp, result, indices))
      return expr;
    return makeLoad(tensor, indices);
  }
  // Element-wise operations on tensors.
  if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumRegions() == 0 &&
      op->getNumResults() == 1 &&
      llvm::all_of(op->getOperands(), [&](Value operand) {
        return isa<RankedTensorType>(operand.getType());
      })) {
    SmallVector<const Expr *> operands;
    for (Value operand : op->getOperands())
      operands.push_back(evaluate(operand, indices));
    return makeApply(op, operands);
  }
  return makeLoad(tensor, indices);
}

/// The scalar that a value in a body stands for, or null for the accumulator of
/// a reduction.
const Expr *ExprContext::evaluateScalar(linalg::LinalgOp op, Value scalar,
                                        ArrayRef<AffineExpr> loops) {
  if (auto argument = dyn_cast<BlockArgument>(scalar);
      argument && argument.getOwner() == op.getBlock()) {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    if (op.isDpsInit(operand) && op.getNumReductionLoops() != 0)
      return nullptr;
    if (!isa<RankedTensorType>(operand->get().getType()))
      return evaluateScalar(op, operand->get(), loops);
    return evaluate(operand->get(), getOperandIndices(op, *operand, loops));
  }
  Attribute constant;
  if (matchPattern(scalar, m_Constant(&constant)) &&
      isa<FloatAttr, IntegerAttr>(constant)) {
    // Constants of indices are indices, so that arithmetic on them folds.
    if (auto integer = dyn_cast<IntegerAttr>(constant);
        integer && !integer.getType().isInteger(1) &&
        integer.getValue().isSignedIntN(62))
      return makeIndex(getAffineConstantExpr(integer.getValue().getSExtValue(),
                                             context),
                       integer.getType());
    return makeConstant(constant, scalar.getType());
  }
  Operation *definition = scalar.getDefiningOp();
  if (auto index = dyn_cast_or_null<linalg::IndexOp>(definition))
    return makeIndex(loops[index.getDim()], index.getType());
  if (!definition || definition->getBlock() != op.getBlock() ||
      definition->getNumRegions() != 0 || definition->getNumResults() != 1) {
    Expr expr;
    expr.kind = Expr::Kind::Scalar;
    expr.type = scalar.getType();
    expr.value = scalar;
    // A scalar computed in the body by something unknown has no meaning outside.
    if (definition && definition->getBlock() == op.getBlock())
      return nullptr;
    return intern(expr);
  }
  if (!isMemoryEffectFree(definition) || definition->getNumOperands() == 0)
    return nullptr;
  SmallVector<const Expr *> operands;
  for (Value operand : definition->getOperands()) {
    if (!operand.getType().isIntOrIndexOrFloat())
      return nullptr;
    const Expr *expr = evaluateScalar(op, operand, loops);
    if (!expr)
      return nullptr;
    operands.push_back(expr);
  }
  return makeApply(definition, operands);
}

/// Whether the elements of an init are a constant.
static bool isFilledWith(Value init, llvm::function_ref<bool(Attribute)> test) {
  Attribute value;
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_Constant(&value)) &&
           test(value);
  DenseElementsAttr elements;
  return matchPattern(init, m_Constant(&elements)) && elements.isSplat() &&
         test(elements.getSplatValue<Attribute>());
}

static bool isZero(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValue().isZero();
  auto number = dyn_cast<IntegerAttr>(attr);
  return number && number.getValue().isZero();
}

/// The reduction that an operation in a body does, if `init` is its neutral
/// element.
static std::optional<ReduceKind> getReduceKind(Operation *op, Value init) {
  if (isa<arith::AddFOp>(op) && isFilledWith(init, isZero))
    return ReduceKind::Sum;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op) &&
      isFilledWith(init, [&](Attribute attr) {
        // -inf, or the lowest finite number where a compiler avoids infinities,
        // or NaN, the neutral element of maxnumf.
        auto number = dyn_cast<FloatAttr>(attr);
        if (number && number.getValue().isNaN())
          return isa<arith::MaxNumFOp>(op);
        return number && number.getValue().isNegative() &&
               (number.getValue().isInfinity() ||
                number.getValue().isLargest());
      }))
    return ReduceKind::Max;
  bool isBoolean = op->getResult(0).getType().isInteger(1);
  if (isBoolean && isa<arith::AndIOp>(op) &&
      isFilledWith(init, [](Attribute attr) { return !isZero(attr); }))
    return ReduceKind::And;
  if (isBoolean && isa<arith::OrIOp>(op) && isFilledWith(init, isZero))
    return ReduceKind::Or;
  return std::nullopt;
}

const Expr *ExprContext::evaluateLinalg(linalg::LinalgOp op, unsigned result,
                                        ArrayRef<AffineExpr> indices) {
  if (!op.hasPureTensorSemantics())
    return nullptr;
  auto loops = getLoopIndices(op, result, indices);
  if (!loops)
    return nullptr;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  std::optional<unsigned> reductionLoop;
  for (unsigned loop = 0; loop < loops->size(); ++loop) {
    if ((*loops)[loop])
      continue;
    if (iterators[loop] == utils::IteratorType::reduction) {
      if (reductionLoop)
        return nullptr;
      reductionLoop = loop;
      (*loops)[loop] = getVariable(getBoundVariable(op, loop, ranges[loop]));
    } else if (ranges[loop] == 1) {
      (*loops)[loop] = getAffineConstantExpr(0, context);
    } else {
      return nullptr;
    }
  }

  if (std::optional<Contraction> contraction = getContraction(op)) {
    Expr expr;
    expr.kind = Expr::Kind::Contract;
    expr.type = Float64Type::get(context);
    expr.value = contraction->lhs->get();
    expr.rhs = contraction->rhs->get();
    SmallVector<AffineExpr> lhs =
        getOperandIndices(op, *contraction->lhs, *loops);
    SmallVector<AffineExpr> rhs =
        getOperandIndices(op, *contraction->rhs, *loops);
    expr.indices.assign(lhs.begin(), lhs.end());
    expr.rhsIndices.assign(rhs.begin(), rhs.end());
    expr.var = getBoundVariable(op, contraction->reductionLoop,
                                ranges[contraction->reductionLoop]);
    // Kept for the chain of its uses.
    expr.op = op.getOperation();
    return intern(expr);
  }

  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  if (!reductionLoop) {
    if (op.getNumReductionLoops() != 0)
      return nullptr;
    return evaluateScalar(op, yielded, *loops);
  }
  // combine(accumulator, element), in either order.
  Operation *combine = yielded.getDefiningOp();
  if (!combine || combine->getBlock() != op.getBlock() ||
      combine->getNumOperands() != 2)
    return nullptr;
  OpOperand *init = op.getDpsInitOperand(result);
  std::optional<ReduceKind> kind = getReduceKind(combine, init->get());
  if (!kind)
    return nullptr;
  Value accumulator = op.getMatchingBlockArgument(init);
  Value element;
  if (combine->getOperand(0) == accumulator)
    element = combine->getOperand(1);
  else if (combine->getOperand(1) == accumulator)
    element = combine->getOperand(0);
  if (!element || element == accumulator)
    return nullptr;
  const Expr *body = evaluateScalar(op, element, *loops);
  if (!body)
    return nullptr;
  return makeReduce(*kind, getBoundVariable(op, *reductionLoop,
                                            ranges[*reductionLoop]),
                    body);
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

std::optional<Contraction> attn::getContraction(Operation *operation) {
  auto op = dyn_cast_or_null<linalg::LinalgOp>(operation);
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 1)
    return std::nullopt;
  OpOperand *init = op.getDpsInitOperand(0);
  if (!isa<FloatType>(getElementTypeOrSelf(init->get().getType())) ||
      !isFilledWith(init->get(), isZero))
    return std::nullopt;
  auto skipCasts = [](Value value) {
    while (Operation *definition = value.getDefiningOp()) {
      if (!isa<arith::ExtFOp, arith::TruncFOp>(definition))
        break;
      value = definition->getOperand(0);
    }
    return value;
  };
  Block *body = op.getBlock();
  auto add = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return std::nullopt;
  Value accumulator = op.getMatchingBlockArgument(init);
  Value product = add.getLhs() == accumulator ? add.getRhs() : add.getLhs();
  if (add.getLhs() != accumulator && add.getRhs() != accumulator)
    return std::nullopt;
  auto mul = skipCasts(product).getDefiningOp<arith::MulFOp>();
  if (!mul)
    return std::nullopt;
  Value factors[2] = {skipCasts(mul.getLhs()), skipCasts(mul.getRhs())};
  OpOperand *operands[2];
  for (int i = 0; i < 2; ++i) {
    auto argument = dyn_cast<BlockArgument>(factors[i]);
    if (!argument || argument.getOwner() != body)
      return std::nullopt;
    operands[i] = op.getMatchingOpOperand(argument);
    if (!op.isDpsInput(operands[i]) ||
        !isa<RankedTensorType>(operands[i]->get().getType()))
      return std::nullopt;
  }
  if (operands[0] == operands[1])
    return std::nullopt;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  return Contraction{op, operands[0], operands[1], reductions.front()};
}
