//===- ElementExpr.h - Tensor elements as expressions -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The canonical form that fusion matches on. One element of a tensor, at indices
// that are affine in a set of variables, is an expression: reshapes, transposes,
// broadcasts, slices and the way in which a computation is cut into linalg
// operations all disappear into the indices. Equal expressions are one object.
//
// Conversions between float types are left out: fusion may compute in a wider
// type (docs/Spec.md).
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_ELEMENTEXPR_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_ELEMENTEXPR_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
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
    Apply,    ///< the scalar operation `op` on `operands`
    Reduce,   ///< `reduce` of `operands[0]` over the variable `var`
    Contract  ///< sum over `var` of lhs[indices] * rhs[rhsIndices]
  };

  Kind kind;
  Type type;
  Attribute attr;
  Value value, rhs;
  SmallVector<AffineExpr, 4> indices, rhsIndices;
  /// Stands for the operation's name and attributes; its operands do not count.
  Operation *op = nullptr;
  SmallVector<const Expr *, 3> operands;
  ReduceKind reduce = ReduceKind::Sum;
  unsigned var = 0;

  void Profile(llvm::FoldingSetNodeID &id) const;

  bool is(StringRef name) const {
    return kind == Kind::Apply && op->getName().getStringRef() == name;
  }
  /// The value of a float constant.
  std::optional<double> getFloat() const;
  /// The value of an integer or boolean constant.
  std::optional<int64_t> getInteger() const;
};

/// Makes and evaluates expressions. Variables are affine dimensions.
class ExprContext {
public:
  /// `decompositions` gives for the results of linalg.softmax values that are
  /// computed by simpler operations.
  ExprContext(MLIRContext *context,
              const DenseMap<Value, Value> &decompositions)
      : context(context), decompositions(decompositions) {}

  //===--- Variables -------------------------------------------------------===//

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

  //===--- Expressions -----------------------------------------------------===//

  /// The element of `tensor` at `indices`.
  const Expr *evaluate(Value tensor, ArrayRef<AffineExpr> indices);

  const Expr *makeConstant(Attribute attr, Type type);
  const Expr *makeIndex(AffineExpr index, Type type);
  const Expr *makeLoad(Value tensor, ArrayRef<AffineExpr> indices);
  const Expr *makeApply(Operation *op, ArrayRef<const Expr *> operands);
  const Expr *makeReduce(ReduceKind kind, unsigned var, const Expr *body);

  /// `expr` with a variable replaced.
  const Expr *substitute(const Expr *expr, unsigned var, AffineExpr index);
  bool dependsOn(const Expr *expr, unsigned var);
  bool contains(const Expr *expr, const Expr *part);

  /// One step from the element of a tensor back to the element of another that
  /// has the same value: through reshapes, slices, transposes, broadcasts.
  /// Fails where there is none.
  struct Access {
    Value tensor;
    SmallVector<AffineExpr> indices;
  };
  std::optional<Access> lookThrough(Value tensor, ArrayRef<AffineExpr> indices);
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

private:
  const Expr *intern(const Expr &expr);
  const Expr *evaluateUncached(Value tensor, ArrayRef<AffineExpr> indices);
  const Expr *evaluateLinalg(linalg::LinalgOp op, unsigned result,
                             ArrayRef<AffineExpr> indices);
  const Expr *evaluateScalar(linalg::LinalgOp op, Value scalar,
                             ArrayRef<AffineExpr> loops);
  std::optional<Access> lookThroughCollapse(Operation *op,
                                            ArrayRef<AffineExpr> indices);
  std::optional<Access> lookThroughExpand(Operation *op,
                                          ArrayRef<AffineExpr> indices);
  /// Quotient and remainder of an index.
  std::optional<std::pair<AffineExpr, AffineExpr>> divide(AffineExpr index,
                                                          int64_t divisor);
  AffineExpr simplify(AffineExpr expr) {
    return simplifyAffineExpr(expr, extents.size(), 0);
  }
  unsigned getBoundVariable(Operation *op, unsigned loop, int64_t extent);

  MLIRContext *context;
  const DenseMap<Value, Value> &decompositions;
  SmallVector<int64_t> extents;
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
};

/// The operands of a sum of products, `out += lhs * rhs` with one reduction loop
/// and a zero to start from.
struct Contraction {
  linalg::LinalgOp op;
  OpOperand *lhs, *rhs;
  unsigned reductionLoop;
};

/// Recognises a contraction in any linalg operation.
std::optional<Contraction> getContraction(Operation *op);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_ELEMENTEXPR_H
