//===- EmitExpr.h - Expressions as scalar IR --------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_EMITEXPR_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_EMITEXPR_H

#include "ElementExpr.h"

namespace mlir::attn {

/// Emits expressions into the region of an attn.sdpa.
class ExprEmitter {
public:
  /// `variables` gives an index value for each variable; floats are emitted in
  /// `computeType`.
  ExprEmitter(OpBuilder &builder, Location loc, FloatType computeType,
              DenseMap<unsigned, Value> variables)
      : builder(builder), loc(loc), computeType(computeType),
        variables(std::move(variables)) {}

  /// Sets the value of an expression by hand: the logit of a score region.
  void bind(const Expr *expr, Value value) { cache[expr] = value; }

  /// Whether `emit` can do it: no reductions but bound ones, no unknown
  /// variables.
  bool canEmit(const Expr *expr) const;
  Value emit(const Expr *expr);

private:
  Value emitIndex(AffineExpr index);
  Value emitApply(const Expr *expr);

  OpBuilder &builder;
  Location loc;
  FloatType computeType;
  DenseMap<unsigned, Value> variables;
  DenseMap<const Expr *, Value> cache;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_EMITEXPR_H
