//===- FuseAttention.cpp - One attention ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseAttention.h"
#include "AttentionMatcher.h"
#include "EmitExpr.h"
#include "TensorLayout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Sizes of the parts that each loop of the root is split into, outermost first.
using LoopParts = SmallVector<SmallVector<int64_t>>;

/// An operand of the op: a traced tensor and how it comes into layout.
struct Operand {
  TracedOperand traced;
  Arrangement arrangement;
};

/// One attempt to fuse, for one choice of variables.
class AttentionFuser {
public:
  AttentionFuser(Contraction root, bool probabilityIsLhs,
                 const LoopParts &parts,
                 const DenseMap<Value, Value> &decompositions)
      : root(root), probabilityIsLhs(probabilityIsLhs),
        context(root.op.getContext(), decompositions), parts(parts) {}

  FusionResult fuse();
  std::optional<ExprContext::Split> getSplit() const { return context.split; }
  /// The loop, and the position in its parts, that a variable stands for.
  std::pair<unsigned, unsigned> getPart(unsigned var) const {
    return partOfVariable.lookup(var);
  }

private:
  LogicalResult fail(const Twine &reason) {
    result.text = reason.str();
    result.isNearMiss = true;
    return failure();
  }
  void setUpVariables();
  LogicalResult classifyLoops();
  LogicalResult matchExpressions();
  LogicalResult chooseOperands();
  LogicalResult checkUses();
  LogicalResult classifyMasks();
  void classifyCondition(const Expr *condition, bool isNegated);
  void build();
  void buildRegions(SdpaOp op);
  std::optional<Operand> chooseOperand(ArrayRef<TracedOperand> path,
                                       Type elementType, const Layout &target,
                                       const Layout &required,
                                       bool mayBeScaled);
  Value getAligned(const Expr *load) {
    return isAlignedWith(context, load->value, load->indices, logitLayout)
               ? load->value
               : Value();
  }
  void describe();

  Contraction root;
  bool probabilityIsLhs;
  ExprContext context;
  const LoopParts &parts;
  FusionResult result;

  /// Variables of each loop, and their compositions.
  SmallVector<Layout> loopVars;
  SmallVector<AffineExpr> loops;
  DenseMap<unsigned, std::pair<unsigned, unsigned>> partOfVariable;
  /// (lead..., i, j), and the other variables.
  Layout lead, logitLayout;
  unsigned queryVar = 0, keyVar = 0, columnVar = 0;

  const Expr *probability = nullptr;
  SoftmaxMatch softmax{nullptr};
  LogitMatch logits;
  Operand query, key, value;
  double scale = 1.0;
  Value mask;
  bool maskIsNegated = false;
  SmallVector<LogitMatch::Condition> regionConditions;
};

void AttentionFuser::setUpVariables() {
  MLIRContext *ctx = root.op.getContext();
  for (auto [loop, sizes] : llvm::enumerate(parts)) {
    Layout vars;
    AffineExpr index = getAffineConstantExpr(0, ctx);
    for (auto [position, size] : llvm::enumerate(sizes)) {
      unsigned var = context.addVariable(size);
      partOfVariable[var] = {loop, position};
      vars.push_back(var);
      index = position == 0 ? context.getVariable(var)
                            : index * size + context.getVariable(var);
    }
    loopVars.push_back(vars);
    loops.push_back(index);
  }
}

/// Which loops of the root are batch, query, key and value column.
LogicalResult AttentionFuser::classifyLoops() {
  OpOperand *probabilityOperand = probabilityIsLhs ? root.lhs : root.rhs;
  OpOperand *valueOperand = probabilityIsLhs ? root.rhs : root.lhs;
  AffineMap probabilityMap = root.op.getMatchingIndexingMap(probabilityOperand);
  AffineMap valueMap = root.op.getMatchingIndexingMap(valueOperand);
  AffineMap outputMap =
      root.op.getMatchingIndexingMap(root.op.getDpsInitOperand(0));
  if (!outputMap.isProjectedPermutation())
    return fail("the second matmul writes through an index map that is no "
                "permutation");
  keyVar = loopVars[root.reductionLoop].front();
  SmallVector<unsigned> queryLoops, columnLoops;
  for (AffineExpr expr : outputMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    bool inProbability = probabilityMap.isFunctionOfDim(loop);
    bool inValue = valueMap.isFunctionOfDim(loop);
    if (inProbability && !inValue)
      queryLoops.push_back(loop);
    else if (inValue && !inProbability)
      columnLoops.push_back(loop);
    else
      llvm::append_range(lead, loopVars[loop]);
  }
  if (queryLoops.empty() || columnLoops.size() != 1)
    return fail("the second matmul does not have one dimension of queries and "
                "one of value columns");
  // The last one is the query; others are heads that share keys and values.
  for (unsigned loop : ArrayRef(queryLoops).drop_back())
    llvm::append_range(lead, loopVars[loop]);
  if (loopVars[queryLoops.back()].size() != 1 ||
      loopVars[columnLoops.front()].size() != 1 ||
      loopVars[root.reductionLoop].size() != 1)
    return fail("the dimension of queries, keys or value columns is split by a "
                "reshape between the two matmuls");
  queryVar = loopVars[queryLoops.back()].front();
  columnVar = loopVars[columnLoops.front()].front();
  logitLayout = lead;
  logitLayout.append({queryVar, keyVar});
  return success();
}

/// Whether an expression holds a contraction.
bool holdsContraction(const Expr *expr,
                      llvm::SmallPtrSetImpl<const Expr *> &seen) {
  if (expr->kind == Expr::Kind::Contract)
    return true;
  if (!seen.insert(expr).second)
    return false;
  return llvm::any_of(expr->operands, [&](const Expr *operand) {
    return holdsContraction(operand, seen);
  });
}

LogicalResult AttentionFuser::matchExpressions() {
  OpOperand *operand = probabilityIsLhs ? root.lhs : root.rhs;
  probability = context.evaluate(
      operand->get(), context.getOperandIndices(root.op, *operand, loops));
  auto softmaxMatch = matchSoftmax(context, probability, keyVar);
  if (auto *missed = std::get_if<MatchFailure>(&softmaxMatch)) {
    (void)fail(missed->reason);
    llvm::SmallPtrSet<const Expr *, 16> seen;
    result.isNearMiss =
        missed->isNearMiss && holdsContraction(probability, seen);
    return failure();
  }
  softmax = std::get<SoftmaxMatch>(softmaxMatch);
  auto logitMatch = matchLogits(context, softmax.logits);
  if (auto *missed = std::get_if<MatchFailure>(&logitMatch))
    return fail(missed->reason);
  logits = std::get<LogitMatch>(logitMatch);
  return success();
}

/// The tensor on the path that comes into layout without moving elements, or
/// else with; as far back as possible.
std::optional<Operand>
AttentionFuser::chooseOperand(ArrayRef<TracedOperand> path, Type elementType,
                              const Layout &target, const Layout &required,
                              bool mayBeScaled) {
  std::optional<Operand> best;
  for (const TracedOperand &traced : path) {
    if (getElementTypeOrSelf(traced.tensor.getType()) != elementType ||
        (!mayBeScaled && traced.factor != 1.0))
      continue;
    std::optional<Arrangement> arrangement =
        arrange(context, traced.indices, target, required);
    if (!arrangement)
      continue;
    // A dimension must be used as a whole.
    auto type = cast<RankedTensorType>(traced.tensor.getType());
    bool isWhole = true;
    for (auto [size, vars] :
         llvm::zip(type.getShape(), arrangement->sourceVars)) {
      int64_t used = 1;
      for (unsigned var : vars)
        used = ShapedType::isDynamic(context.getExtent(var))
                   ? ShapedType::kDynamic
                   : (ShapedType::isDynamic(used) ? used
                                                  : used * context.getExtent(var));
      isWhole &= size == used;
    }
    if (!isWhole)
      continue;
    if (!best || !arrangement->isPermuted || best->arrangement.isPermuted)
      best = Operand{traced, *arrangement};
  }
  return best;
}

LogicalResult AttentionFuser::chooseOperands() {
  const Expr *product = logits.product;
  auto usesKey = [&](ArrayRef<AffineExpr> indices) {
    return llvm::any_of(indices, [&](AffineExpr index) {
      return index.isFunctionOfDim(keyVar);
    });
  };
  auto usesQuery = [&](ArrayRef<AffineExpr> indices) {
    return llvm::any_of(indices, [&](AffineExpr index) {
      return index.isFunctionOfDim(queryVar);
    });
  };
  // With one key or one query the indices do not tell; the product is
  // symmetric, so either order is right then.
  bool lhsIsKey =
      usesKey(product->indices) || usesQuery(product->rhsIndices);
  SmallVector<TracedOperand> lhsPath =
      traceOperand(context, product->value, product->indices);
  SmallVector<TracedOperand> rhsPath =
      traceOperand(context, product->rhs, product->rhsIndices);
  SmallVector<TracedOperand> &queryPath = lhsIsKey ? rhsPath : lhsPath;
  SmallVector<TracedOperand> &keyPath = lhsIsKey ? lhsPath : rhsPath;
  if (usesKey(queryPath.front().indices))
    return fail("both factors of the first matmul depend on the key");
  OpOperand *valueOperand = probabilityIsLhs ? root.rhs : root.lhs;
  SmallVector<TracedOperand> valuePath = traceOperand(
      context, valueOperand->get(),
      context.getOperandIndices(root.op, *valueOperand, loops));

  unsigned depthVar = product->var;
  Layout queryLayout = lead, keyLayout = lead, valueLayout = lead;
  queryLayout.append({queryVar, depthVar});
  keyLayout.append({keyVar, depthVar});
  valueLayout.append({keyVar, columnVar});
  if (ShapedType::isDynamic(context.getExtent(depthVar)) ||
      ShapedType::isDynamic(context.getExtent(columnVar)))
    return fail("the head dimension is not static");
  // The narrowest type in which all three can be had.
  SmallVector<Type> types;
  for (ArrayRef<TracedOperand> path :
       {ArrayRef(queryPath), ArrayRef(keyPath), ArrayRef(valuePath)})
    for (const TracedOperand &traced : path)
      if (!llvm::is_contained(types,
                              getElementTypeOrSelf(traced.tensor.getType())))
        types.push_back(getElementTypeOrSelf(traced.tensor.getType()));
  llvm::sort(types, [](Type a, Type b) {
    return a.getIntOrFloatBitWidth() < b.getIntOrFloatBitWidth();
  });
  for (Type type : types) {
    if (!type.isF16() && !type.isBF16() && !type.isF32() && !type.isF64())
      continue;
    auto q = chooseOperand(queryPath, type, queryLayout, queryLayout, true);
    auto k = chooseOperand(keyPath, type, keyLayout, {keyVar, depthVar}, true);
    auto v =
        chooseOperand(valuePath, type, valueLayout, {keyVar, columnVar}, false);
    if (!q || !k || !v)
      continue;
    // Keys and values share their heads.
    if (!lead.empty() &&
        llvm::is_contained(k->arrangement.present, lead.back()) !=
            llvm::is_contained(v->arrangement.present, lead.back()))
      return fail("keys and values differ in the number of heads");
    query = *q;
    key = *k;
    value = *v;
    scale = logits.scale * query.traced.factor * key.traced.factor;
    if (!std::isfinite(scale))
      return fail("the scale is not finite");
    return success();
  }
  return fail("query, key and value cannot be brought into the layout [batch, "
              "head, length, dimension] in one floating-point type");
}

/// Everything between the two matmuls must be dead after fusion.
LogicalResult AttentionFuser::checkUses() {
  SmallVector<Operation *> worklist{logits.product->op};
  llvm::SmallPtrSet<Operation *, 32> seen;
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    for (Operation *user : op->getUsers()) {
      // A use within a body is a use by the operation around it.
      if (user == root.op || !seen.insert(user).second)
        continue;
      if (user->getNumResults() == 0 || !isMemoryEffectFree(user))
        return fail("the logits or probabilities are also used by '" +
                    user->getName().getStringRef() +
                    "' outside of the attention, so they would be computed "
                    "anyway");
      worklist.push_back(user);
    }
  }
  return success();
}

void AttentionFuser::classifyCondition(const Expr *condition, bool isNegated) {
  if (condition->is("arith.xori") &&
      condition->operands[1]->getInteger() == 1)
    return classifyCondition(condition->operands[0], !isNegated);
  if (condition->is(isNegated ? "arith.ori" : "arith.andi")) {
    for (const Expr *operand : condition->operands)
      classifyCondition(operand, isNegated);
    return;
  }
  if (std::optional<int64_t> constant = condition->getInteger();
      constant && (*constant != 0) != isNegated)
    return;
  if (!mask && condition->kind == Expr::Kind::Load)
    if ((mask = getAligned(condition))) {
      maskIsNegated = isNegated;
      return;
    }
  regionConditions.push_back({condition, isNegated});
}

LogicalResult AttentionFuser::classifyMasks() {
  for (const LogitMatch::Condition &condition : logits.keep)
    classifyCondition(condition.expr, condition.isNegated);
  // A bias that is laid out otherwise is read element by element.
  if (logits.bias && !getAligned(logits.bias)) {
    logits.score = logits.unmasked;
    logits.bias = nullptr;
    logits.softcap.reset();
    logits.scale = 1.0;
    logits.scaleValue = {};
  }
  OpBuilder builder(root.op.getContext());
  DenseMap<unsigned, Value> variables;
  for (unsigned var : logitLayout)
    variables[var] = Value();
  ExprEmitter emitter(builder, root.op.getLoc(), builder.getF32Type(),
                      variables);
  emitter.bind(logits.product, Value());
  for (const LogitMatch::Condition &condition : regionConditions)
    if (!emitter.canEmit(condition.expr))
      return fail("a mask is computed by a reduction or from other dimensions");
  if (logits.score && !emitter.canEmit(logits.score))
    return fail("the logits are changed by a reduction between the matmul and "
                "the softmax");
  return success();
}

/// The tensor with every boolean negated.
Value buildNot(ImplicitLocOpBuilder &b, Value mask) {
  auto type = cast<RankedTensorType>(mask.getType());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), mask);
  Value empty = tensor::EmptyOp::create(b, sizes, type.getElementType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  return linalg::GenericOp::create(
             b, type, mask, empty, ArrayRef<AffineMap>{identity, identity},
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [](OpBuilder &builder, Location loc, ValueRange arguments) {
               Value one = arith::ConstantIntOp::create(builder, loc, 1, 1);
               Value negated = arith::XOrIOp::create(builder, loc,
                                                     arguments[0], one);
               linalg::YieldOp::create(builder, loc, negated);
             })
      .getResult(0);
}

void AttentionFuser::buildRegions(SdpaOp op) {
  OpBuilder builder(op.getContext());
  Location loc = op.getLoc();
  auto buildRegion = [&](Region &region, bool hasLogit,
                         function_ref<Value(ExprEmitter &)> emitBody) {
    SmallVector<Type> types;
    if (hasLogit)
      types.push_back(op.getComputeType());
    types.append(logitLayout.size(), builder.getIndexType());
    Block *block = builder.createBlock(
        &region, region.end(), types, SmallVector<Location>(types.size(), loc));
    DenseMap<unsigned, Value> variables;
    for (auto [position, var] : llvm::enumerate(logitLayout))
      variables[var] = block->getArgument(position + hasLogit);
    ExprEmitter emitter(builder, loc, op.getComputeType(), variables);
    if (hasLogit)
      emitter.bind(logits.product, block->getArgument(0));
    YieldOp::create(builder, loc, emitBody(emitter));
  };
  if (logits.score)
    buildRegion(op.getScore(), true, [&](ExprEmitter &emitter) {
      return emitter.emit(logits.score);
    });
  if (!regionConditions.empty())
    buildRegion(op.getKeep(), false, [&](ExprEmitter &emitter) -> Value {
      Value all;
      for (const LogitMatch::Condition &condition : regionConditions) {
        Value holds = emitter.emit(condition.expr);
        if (condition.isNegated) {
          Value one = arith::ConstantIntOp::create(builder, loc, 1, 1);
          holds = arith::XOrIOp::create(builder, loc, holds, one);
        }
        all = all ? arith::AndIOp::create(builder, loc, all, holds).getResult()
                  : holds;
      }
      return all;
    });
}

/// A following conversion of the output to a narrower type, if it is the only
/// use.
linalg::LinalgOp getOutputCast(linalg::LinalgOp root) {
  if (!root->getResult(0).hasOneUse())
    return {};
  auto user = dyn_cast<linalg::LinalgOp>(*root->getUsers().begin());
  if (!user || user.getNumDpsInputs() != 1 || user.getNumDpsInits() != 1 ||
      user.getNumReductionLoops() != 0 ||
      !llvm::all_of(user.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return {};
  auto trunc = user.getBlock()
                   ->getTerminator()
                   ->getOperand(0)
                   .getDefiningOp<arith::TruncFOp>();
  if (!trunc || trunc.getIn() != user.getBlock()->getArgument(0))
    return {};
  return user;
}

void AttentionFuser::build() {
  // The output may be converted at once.
  linalg::LinalgOp replaced = root.op;
  if (linalg::LinalgOp outputCast = getOutputCast(root.op))
    replaced = outputCast;
  ImplicitLocOpBuilder b(root.op.getLoc(), replaced);
  unsigned depthVar = logits.product->var;
  auto getOperand = [&](const Operand &operand, unsigned row, unsigned last) {
    Layout layout = lead;
    layout.append({row, last});
    return applyArrangement(b, b.getLoc(), context, operand.traced.tensor,
                            operand.arrangement, layout);
  };
  Value q = getOperand(query, queryVar, depthVar);
  Value k = getOperand(key, keyVar, depthVar);
  Value v = getOperand(value, keyVar, columnVar);
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < (int64_t)lead.size() + 1; ++d)
    sizes.push_back(tensor::getMixedSize(b, b.getLoc(), q, d));
  sizes.push_back(b.getIndexAttr(context.getExtent(columnVar)));
  Type elementType = getElementTypeOrSelf(replaced->getResult(0).getType());
  Value init = tensor::EmptyOp::create(b, sizes, elementType);
  auto op = SdpaOp::create(b, q, k, v, ValueRange(init));

  // The default scale survives its rounding to f32.
  double defaultScale = 1 / std::sqrt((double)op.getHeadDim());
  if (std::abs(scale / defaultScale - 1) < 0x1p-22)
    scale = defaultScale;
  if (logits.scaleValue) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    Value scaleValue = logits.scaleValue;
    if (scale != 1.0)
      scaleValue = arith::MulFOp::create(
          b, scaleValue,
          arith::ConstantOp::create(
              b, b.getFloatAttr(scaleValue.getType(), scale)));
    op.getScaleMutable().assign(scaleValue);
  } else {
    op.setStaticScale(APFloat(scale));
  }
  if (logits.softcap)
    op.setSoftcap(APFloat(*logits.softcap));
  if (logits.bias)
    op.getBiasMutable().assign(logits.bias->value);
  if (mask) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    op.getMaskMutable().assign(maskIsNegated ? buildNot(b, mask) : mask);
  }
  buildRegions(op);
  bool mayMaskRows =
      !logits.keep.empty() || logits.bias || logits.score != nullptr;
  if (!logits.masksAreInfinite)
    op.setMaskedRow(MaskedRow::Uniform);
  else if (!softmax.isSafe && mayMaskRows)
    op.setMaskedRow(MaskedRow::NaN);

  Layout from = lead;
  from.append({queryVar, columnVar});
  SmallVector<Layout> groups;
  AffineMap outputMap =
      root.op.getMatchingIndexingMap(root.op.getDpsInitOperand(0));
  for (AffineExpr expr : outputMap.getResults())
    groups.push_back(loopVars[cast<AffineDimExpr>(expr).getPosition()]);
  Value output =
      collapseTo(b, b.getLoc(), op->getResult(0), from, groups);
  if (output.getType() != replaced->getResult(0).getType())
    output = tensor::CastOp::create(b, replaced->getResult(0).getType(), output);
  replaced->getResult(0).replaceAllUsesWith(output);
  result.op = op;
  describe();
}

void AttentionFuser::describe() {
  SdpaOp op = result.op;
  llvm::raw_string_ostream os(result.text);
  os << "fused attention: query " << op.getQuery().getType() << ", key "
     << op.getKey().getType() << ", value " << op.getValue().getType();
  if (logits.scaleValue)
    os << ", scale from a value";
  else
    os << ", scale " << llvm::format("%g", scale);
  if (logits.softcap)
    os << ", softcap " << llvm::format("%g", *logits.softcap);
  if (logits.bias)
    os << ", bias " << logits.bias->value.getType();
  if (mask)
    os << ", mask " << mask.getType();
  if (!regionConditions.empty())
    os << ", a mask of indices";
  if (logits.score)
    os << ", a score function";
  os << ", rows without keys: " << stringifyMaskedRow(op.getMaskedRow());
}

FusionResult AttentionFuser::fuse() {
  setUpVariables();
  if (failed(classifyLoops())) {
    result.isNearMiss = false;
    return result;
  }
  if (failed(matchExpressions()) || failed(classifyMasks()) ||
      failed(chooseOperands()) || failed(checkUses()))
    return result;
  // Operands may have asked for variables that were not split yet.
  if (!context.split)
    build();
  return result;
}

} // namespace

FusionResult
attn::fuseAttention(linalg::LinalgOp op,
                    const DenseMap<Value, Value> &decompositions) {
  std::optional<Contraction> root = getContraction(op);
  FusionResult result;
  if (!root)
    return result;
  for (bool probabilityIsLhs : {true, false}) {
    LoopParts parts;
    for (int64_t size : op.getStaticLoopRanges())
      parts.push_back({size});
    // A variable that a reshape takes apart is replaced by two.
    constexpr int kMaxSplits = 8;
    for (int attempt = 0; attempt <= kMaxSplits; ++attempt) {
      AttentionFuser fuser(*root, probabilityIsLhs, parts, decompositions);
      FusionResult tried = fuser.fuse();
      if (tried.op)
        return tried;
      std::optional<ExprContext::Split> split = fuser.getSplit();
      if (!split) {
        if (tried.isNearMiss && !result.isNearMiss)
          result = tried;
        break;
      }
      auto [loop, position] = fuser.getPart(split->var);
      SmallVector<int64_t> &sizes = parts[loop];
      int64_t size = sizes[position];
      bool divides = ShapedType::isDynamic(size) || size % split->divisor == 0;
      if (!divides || position >= sizes.size() || split->divisor == size) {
        if (tried.isNearMiss && !result.isNearMiss)
          result = tried;
        break;
      }
      sizes[position] =
          ShapedType::isDynamic(size) ? size : size / split->divisor;
      sizes.insert(sizes.begin() + position + 1, split->divisor);
    }
  }
  return result;
}
