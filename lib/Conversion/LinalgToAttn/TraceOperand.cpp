//===- TraceOperand.cpp - Where an operand comes from -----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMatcher.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

/// The constant that a body multiplies its only tensor input by, through float
/// conversions that lose nothing.
static std::optional<double> getFactor(Value value, BlockArgument input) {
  if (value == input)
    return 1.0;
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != input.getOwner())
    return std::nullopt;
  if (isa<arith::ExtFOp>(op))
    return getFactor(op->getOperand(0), input);
  bool isDivision = isa<arith::DivFOp>(op);
  if (!isDivision && !isa<arith::MulFOp>(op))
    return std::nullopt;
  auto getConstant = [](Value operand) -> std::optional<double> {
    // torch-mlir keeps constants in f64 and converts them in the body.
    Type type = operand.getType();
    if (auto trunc = operand.getDefiningOp<arith::TruncFOp>())
      operand = trunc.getIn();
    APFloat constant(0.0);
    if (!matchPattern(operand, m_ConstantFloat(&constant)))
      return std::nullopt;
    bool losesInfo;
    constant.convert(cast<FloatType>(type).getFloatSemantics(),
                     APFloat::rmNearestTiesToEven, &losesInfo);
    constant.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
    return constant.convertToDouble();
  };
  for (unsigned index : {0u, 1u}) {
    if (isDivision && index == 1)
      continue;
    std::optional<double> inner = getFactor(op->getOperand(index), input);
    std::optional<double> constant = getConstant(op->getOperand(1 - index));
    if (!inner || !constant)
      continue;
    double factor = isDivision ? *inner / *constant : *inner * *constant;
    if (std::isfinite(factor) && factor != 0)
      return factor;
  }
  return std::nullopt;
}

SmallVector<TracedOperand> attn::traceOperand(ExprContext &context,
                                              Value tensor,
                                              ArrayRef<AffineExpr> indices) {
  SmallVector<TracedOperand> path;
  path.push_back({tensor, SmallVector<AffineExpr>(indices), 1.0});
  while (true) {
    TracedOperand last = path.back();
    if (auto access = context.lookThrough(last.tensor, last.indices)) {
      path.push_back({access->tensor, access->indices, last.factor});
      continue;
    }
    // Scaled or widened element by element.
    auto op = last.tensor.getDefiningOp<linalg::LinalgOp>();
    if (!op || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
        op.getNumReductionLoops() != 0 || !op.hasPureTensorSemantics())
      return path;
    OpOperand &input = *op.getDpsInputOperand(0);
    if (!isa<RankedTensorType>(input.get().getType()))
      return path;
    std::optional<double> factor =
        getFactor(op.getBlock()->getTerminator()->getOperand(0),
                  op.getMatchingBlockArgument(&input));
    auto loops = context.getLoopIndices(op, 0, last.indices);
    if (!factor || !loops || llvm::is_contained(*loops, AffineExpr()))
      return path;
    path.push_back({input.get(), context.getOperandIndices(op, input, *loops),
                    last.factor * *factor});
  }
}
