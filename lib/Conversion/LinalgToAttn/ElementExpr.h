//===- ElementExpr.h - Tensor elements as expressions -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The canonical form that fusion matches on. One element of a tensor, at
// indices that are affine in a set of variables, is an expression: reshapes,
// transposes, broadcasts, slices and the way in which a computation is cut into
// linalg operations all disappear into the indices. Equal expressions are one
// object.
//
// Conversions between f16, bf16, f32 and f64 are left out: fusion may compute
// in a wider type (docs/Spec.md). Those to narrower types stay.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_ELEMENTEXPR_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_ELEMENTEXPR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/FoldingSet.h"
#include <map>
#include <memory>

namespace mlir::attn {

enum class ReduceKind { Sum, Max, And, Or };

/// A node. Which fields are set depends on the kind.
struct Expr : llvm::FoldingSetNode {
  enum class Kind {
    Constant, ///< `attr`, a FloatAttr or IntegerAttr
    Index,    ///< `indices[0]`, an integer
    Scalar,   ///< `value`, an SSA value that is no tensor
    Load,     ///< element `indices` of the tensor `value`
    Gather,   ///< element `operands` (integers) of the tensor `value`
    Apply,    ///< the scalar operation `name` on `operands`
    Reduce,   ///< `reduce` of `operands[0]` over the variable `var`
    Contract, ///< sum over `var` of value[indices] * rhs[rhsIndices]
    Pieces ///< `operands[0]` where `indices[0]` < `bound`, else `operands[1]`
  };

  Kind kind;
  Type type;
  Attribute attr;
  Value value, rhs;
  SmallVector<AffineExpr, 4> indices, rhsIndices;
  StringAttr name;
  DictionaryAttr attrs;
  /// The contraction; its uses are followed.
  Operation *op = nullptr;
  SmallVector<const Expr *, 3> operands;
  ReduceKind reduce = ReduceKind::Sum;
  unsigned var = 0;
  int64_t bound = 0;

  void Profile(llvm::FoldingSetNodeID &id) const;

  bool is(StringRef operation) const {
    return kind == Kind::Apply && name.getValue() == operation;
  }
  /// The value of a float constant.
  std::optional<double> getFloat() const;
  /// The value of an integer or boolean constant.
  std::optional<int64_t> getInteger() const;
};

/// Whether `holds` is true of the expression, or of one that it is computed
/// from; each is asked once. `mayEnter` says whose operands are asked too.
bool holdsAny(
    const Expr *expr, llvm::function_ref<bool(const Expr *)> holds,
    llvm::function_ref<bool(const Expr *)> mayEnter = [](const Expr *) {
      return true;
    });

/// A constant matrix that has one value on and below a diagonal and another one
/// above it: `lower` where column <= row + offset.
struct Triangle {
  int64_t offset;
  Attribute lower, upper;
};

/// What all fusions in a function share.
struct FunctionFacts {
  /// For the results of linalg.softmax, values computed by simpler operations.
  DenseMap<Value, Value> decompositions;
  /// Whether a softmax may be behind a value.
  DenseMap<Value, bool> mayHoldSoftmax;
  /// Constant matrices looked at, by the value and the matrix in it.
  std::map<std::pair<const void *, int64_t>, std::optional<Triangle>> triangles;
};

/// Makes and evaluates expressions. Variables are affine dimensions.
class ExprContext {
public:
  ExprContext(MLIRContext *context, FunctionFacts &facts)
      : context(context), facts(facts) {}

  //===--- Variables
  //-------------------------------------------------------===//

  /// A new variable with values in [0, extent); `ShapedType::kDynamic` if
  /// unknown.
  unsigned addVariable(int64_t extent);
  AffineExpr getVariable(unsigned var) const {
    return getAffineDimExpr(var, context);
  }
  int64_t getExtent(unsigned var) const { return extents[var]; }
  /// Set when an evaluation needed a variable's quotient and remainder by a
  /// divisor: the caller may start again with two variables in its place.
  struct Split {
    unsigned var;
    int64_t divisor;
  };
  std::optional<Split> split;
  /// The variables that the caller can replace. An evaluation that needs parts
  /// of another one ends where it does.
  llvm::SmallDenseSet<unsigned> splittable;

  //===--- Expressions
  //-----------------------------------------------------===//

  /// The element of `tensor` at `indices`.
  const Expr *evaluate(Value tensor, ArrayRef<AffineExpr> indices);

  const Expr *makeConstant(Attribute attr, Type type);
  const Expr *makeIndex(AffineExpr index);
  const Expr *makeLoad(Value tensor, ArrayRef<AffineExpr> indices);
  const Expr *makeGather(Value tensor, ArrayRef<const Expr *> indices);
  const Expr *makeApply(Operation *op, ArrayRef<const Expr *> operands);
  /// `name` needs no attributes but a comparison's predicate.
  const Expr *makeApply(StringRef name, Type type,
                        ArrayRef<const Expr *> operands,
                        DictionaryAttr attrs = {});
  const Expr *makeReduce(ReduceKind kind, unsigned var, const Expr *body);
  const Expr *makeFloat(double value);
  const Expr *makeBool(bool value);
  const Expr *makeNot(const Expr *condition);
  const Expr *makeSelect(const Expr *condition, const Expr *ifTrue,
                         const Expr *ifFalse);
  /// `expr * factor`.
  const Expr *makeScaled(const Expr *expr, double factor);
  /// row >= column - offset.
  const Expr *makeTriangle(AffineExpr row, AffineExpr column, int64_t offset);

  /// `expr` with a variable replaced.
  const Expr *substitute(const Expr *expr, unsigned var, AffineExpr index);
  bool dependsOn(const Expr *expr, unsigned var);
  bool contains(const Expr *expr, const Expr *part);
  /// Where an expression was first met: the element of a tensor.
  struct Access {
    Value tensor;
    SmallVector<AffineExpr> indices;
  };
  const Access *getSource(const Expr *expr) const {
    auto found = sources.find(expr);
    return found == sources.end() ? nullptr : &found->second;
  }
  /// The operation that computes an expression, or null.
  Operation *getOperation(const Expr *expr) const;
  /// Whether a dimension is taken for one that does not broadcast, which only
  /// run time knows.
  bool assumesNoBroadcast() const { return noBroadcast; }
  /// Whether a result was rounded to a type narrower than f32 on the way.
  bool isRounded() const { return rounded; }

  /// One step from the element of a tensor back to the element of another that
  /// has the same value: through reshapes, slices, transposes, broadcasts.
  /// Fails where there is none.
  std::optional<Access> lookThrough(Value tensor, ArrayRef<AffineExpr> indices);
  /// The indices of an expanded tensor for those of its source, if every index
  /// can be split.
  std::optional<SmallVector<AffineExpr>>
  getExpandedIndices(tensor::ExpandShapeOp op, ArrayRef<AffineExpr> indices);
  /// The indices of an op's loops for an element of a result; null where the
  /// element does not determine one (a reduction). Nothing if the map has no
  /// inverse.
  std::optional<SmallVector<AffineExpr>>
  getLoopIndices(linalg::LinalgOp op, unsigned result,
                 ArrayRef<AffineExpr> indices);
  /// The indices of an operand for given loop indices.
  SmallVector<AffineExpr> getOperandIndices(linalg::LinalgOp op,
                                            OpOperand &operand,
                                            ArrayRef<AffineExpr> loops);

  /// The element's expression is `expr` from now on.
  void setElement(Value tensor, ArrayRef<AffineExpr> indices, const Expr *expr);
  /// The values that an index takes, if known.
  std::optional<std::pair<int64_t, int64_t>> getRange(AffineExpr index);
  AffineExpr simplify(AffineExpr expr) {
    return simplifyAffineExpr(expr, extents.size(), 0);
  }

private:
  const Expr *intern(const Expr &expr);
  const Expr *foldInteger(StringRef name, Type type,
                          ArrayRef<const Expr *> operands);
  const Expr *foldBoolean(StringRef name, ArrayRef<const Expr *> operands);
  const Expr *foldFloat(StringRef name, ArrayRef<const Expr *> operands);
  const Expr *foldComparison(arith::CmpIPredicate predicate,
                             ArrayRef<const Expr *> operands);
  const Expr *foldOverSelects(StringRef name, Type type,
                              ArrayRef<const Expr *> operands,
                              DictionaryAttr attrs);
  const Expr *roundMasks(const Expr *expr, Type type);
  const Expr *foldConstants(StringRef name, Type type,
                            ArrayRef<const Expr *> operands,
                            DictionaryAttr attrs);
  const Expr *evaluateConstant(Value tensor, ArrayRef<AffineExpr> indices);
  const Expr *evaluateConcat(tensor::ConcatOp op, ArrayRef<AffineExpr> indices);
  const Expr *evaluateInsert(tensor::InsertSliceOp op,
                             ArrayRef<AffineExpr> indices);
  const Expr *makePieces(AffineExpr index, int64_t bound,
                         llvm::function_ref<const Expr *(AffineExpr)> low,
                         llvm::function_ref<const Expr *(AffineExpr)> high);
  /// `expr` with other operands.
  const Expr *rebuild(const Expr *expr, ArrayRef<const Expr *> operands);
  std::optional<int64_t> findPieces(const Expr *expr, unsigned var);
  const Expr *evaluateUncached(Value tensor, ArrayRef<AffineExpr> indices);
  const Expr *evaluateLinalg(linalg::LinalgOp op, unsigned result,
                             ArrayRef<AffineExpr> indices);
  /// A body of scalars: `getArgument` gives its arguments' expressions, null
  /// where there is none.
  struct Body {
    Block *block;
    llvm::function_ref<const Expr *(BlockArgument)> getArgument;
    ArrayRef<AffineExpr> loops;
  };
  const Expr *evaluateScalar(const Body &body, Value scalar);
  const Expr *evaluateBodyOf(linalg::LinalgOp op, Value scalar,
                             ArrayRef<AffineExpr> loops);
  std::optional<Access> lookThroughCollapse(Operation *op,
                                            ArrayRef<AffineExpr> indices);
  std::optional<Access> lookThroughReshape(tensor::ReshapeOp op,
                                           ArrayRef<AffineExpr> indices);
  std::optional<Access> lookThroughExtract(linalg::LinalgOp op,
                                           ArrayRef<AffineExpr> indices);
  void requestSplit(const Expr *index);
  std::optional<Access> lookThroughExpand(Operation *op,
                                          ArrayRef<AffineExpr> indices);
  /// Quotient and remainder of an index.
  std::optional<std::pair<AffineExpr, AffineExpr>> divide(AffineExpr index,
                                                          int64_t divisor);
  unsigned getBoundVariable(Operation *op, unsigned loop, int64_t extent);

  MLIRContext *context;
  FunctionFacts &facts;
  SmallVector<int64_t> extents;
  bool rounded = false, noBroadcast = false;
  llvm::FoldingSet<Expr> uniqued;
  std::vector<std::unique_ptr<Expr>> storage;
  std::map<std::pair<Operation *, unsigned>, unsigned> boundVariables;
  struct Key {
    const void *tensor;
    SmallVector<const void *> indices;
    bool operator<(const Key &other) const {
      return std::tie(tensor, indices) < std::tie(other.tensor, other.indices);
    }
  };
  std::map<Key, const Expr *> cache;
  DenseMap<const Expr *, Access> sources;
  DenseMap<std::pair<const Expr *, unsigned>, bool> dependences;
  std::map<std::pair<unsigned, int64_t>, unsigned> pieceVariables;
};

/// The operands of a sum of products, `out += lhs * rhs` with one reduction
/// loop and a zero to start from.
struct Contraction {
  linalg::LinalgOp op;
  OpOperand *lhs, *rhs;
  unsigned reductionLoop;
};

/// Whether the elements of an init are a constant that passes the test.
bool isFilledWith(Value init, llvm::function_ref<bool(Attribute)> test);

/// Whether a number is zero.
bool isZero(Attribute attr);

/// Recognises a contraction in any linalg operation.
std::optional<Contraction> getContraction(Operation *op);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_ELEMENTEXPR_H
