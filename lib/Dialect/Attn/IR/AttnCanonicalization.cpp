//===- AttnCanonicalization.cpp - Canonical forms of attn.sdpa --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Dialect/Attn/IR/MaskRecognition.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// A constant scale operand becomes `static_scale`; the default is left out.
struct FoldConstantScale : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    if (std::optional<APFloat> scale = op.getStaticScale()) {
      double defaultScale =
          1.0 / std::sqrt(static_cast<double>(op.getHeadDim()));
      if (scale->convertToDouble() != defaultScale)
        return rewriter.notifyMatchFailure(op, "not the default scale");
      rewriter.modifyOpInPlace(op, [&] { op.removeStaticScaleAttr(); });
      return success();
    }
    APFloat constant(0.0);
    if (!op.getScale() ||
        !matchPattern(op.getScale(), m_ConstantFloat(&constant)))
      return rewriter.notifyMatchFailure(op, "no constant scale operand");
    if (!op.isFiniteInComputeType(constant))
      return rewriter.notifyMatchFailure(op, "scale is not finite");
    bool losesInfo;
    constant.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
    rewriter.modifyOpInPlace(op, [&] {
      op.getScaleMutable().clear();
      op.setStaticScale(constant);
    });
    return success();
  }
};

/// A mask that keeps everything and a bias of zeros are dropped.
struct DropNeutralOperands : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    DenseElementsAttr constant;
    bool neutralMask = op.getMask() &&
                       matchPattern(op.getMask(), m_Constant(&constant)) &&
                       constant.isSplat() && constant.getSplatValue<bool>();
    bool neutralBias =
        op.getBias() && matchPattern(op.getBias(), m_Constant(&constant)) &&
        constant.isSplat() && constant.getSplatValue<APFloat>().isZero();
    if (!neutralMask && !neutralBias)
      return rewriter.notifyMatchFailure(op, "no neutral mask or bias");
    rewriter.modifyOpInPlace(op, [&] {
      if (neutralMask)
        op.getMaskMutable().clear();
      if (neutralBias)
        op.getBiasMutable().clear();
    });
    return success();
  }
};

/// The structure takes its simplest form for the lengths of the op: nested
/// conjunctions are flattened, neutral members dropped.
struct SimplifyStructure : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    StructuralMaskInterface structure = op.getStructureAttr();
    if (!structure)
      return rewriter.notifyMatchFailure(op, "no structure");
    Attribute simple =
        structure.simplify(op.getUsedQueries(), op.getUsedKeys());
    if (simple == structure)
      return rewriter.notifyMatchFailure(op, "structure is simple");
    rewriter.modifyOpInPlace(op, [&] {
      if (simple)
        op.setStructureAttr(cast<StructuralMaskInterface>(simple));
      else
        op.removeStructureAttr();
    });
    return success();
  }
};

/// Operands and destinations of a more static type, below a tensor.cast, are
/// taken instead. Upstream does this for every destination-style op, but cannot
/// clone the empty regions of this one: the benefit keeps it away.
struct FoldTensorCasts : OpRewritePattern<SdpaOp> {
  explicit FoldTensorCasts(MLIRContext *context)
      : OpRewritePattern(context, /*benefit=*/10) {}

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasTensorSemantics() || !tensor::hasFoldableTensorCastOperand(op))
      return rewriter.notifyMatchFailure(op, "no cast operand to fold");
    OperationState state(op.getLoc(), op->getName());
    state.addOperands(op->getOperands());
    for (Value &operand : state.operands) {
      auto cast = operand.getDefiningOp<tensor::CastOp>();
      if (cast && tensor::canFoldIntoConsumerOp(cast))
        operand = cast.getSource();
    }
    for (OpOperand &out : op.getDpsInitsMutable())
      state.addTypes(state.operands[out.getOperandNumber()].getType());
    state.addAttributes(op->getAttrs());
    for (Region &region : op->getRegions())
      state.addRegion()->takeBody(region);
    Operation *folded = rewriter.create(state);
    SmallVector<Value> results;
    for (auto [before, after] :
         llvm::zip(op->getResults(), folded->getResults()))
      results.push_back(before.getType() == after.getType()
                            ? Value(after)
                            : tensor::CastOp::create(rewriter, op.getLoc(),
                                                     before.getType(), after));
    rewriter.replaceOp(op, results);
    return success();
  }
};

/// Row maxima and log-sum-exps that nobody uses are not computed.
struct DropUnusedRowResults : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasTensorSemantics())
      return rewriter.notifyMatchFailure(op, "memory may be read by others");
    size_t numKept = op->getNumResults();
    while (numKept > 1 && op->getResult(numKept - 1).use_empty())
      --numKept;
    if (numKept == op->getNumResults())
      return rewriter.notifyMatchFailure(op, "the last result is used");
    OperationState state(op.getLoc(), op->getName());
    state.addOperands(op->getOperands().drop_back(op.getOuts().size()));
    state.addOperands(op.getOuts().take_front(numKept));
    state.addTypes(TypeRange(op->getResults().take_front(numKept)));
    state.addAttributes(op->getAttrs());
    for (Region &region : op->getRegions())
      state.addRegion()->takeBody(region);
    auto segments = cast<DenseI32ArrayAttr>(
        state.attributes.get(SdpaOp::getOperandSegmentSizeAttr()));
    SmallVector<int32_t> sizes(segments.asArrayRef());
    sizes.back() = numKept;
    state.attributes.set(SdpaOp::getOperandSegmentSizeAttr(),
                         rewriter.getDenseI32ArrayAttr(sizes));
    Operation *smaller = rewriter.create(state);
    for (auto [before, after] :
         llvm::zip(op->getResults(), smaller->getResults()))
      rewriter.replaceAllUsesWith(before, after);
    rewriter.eraseOp(op);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

YieldOp getYield(Region &region) {
  return cast<YieldOp>(region.front().getTerminator());
}

/// Whether `value` is dimension `dim` (from the end) of the query or key.
bool isDimOf(Value value, Value shaped, int64_t dim) {
  if (auto tensorDim = value.getDefiningOp<tensor::DimOp>())
    return tensorDim.getSource() == shaped &&
           tensorDim.getConstantIndex() == dim;
  if (auto memrefDim = value.getDefiningOp<memref::DimOp>())
    return memrefDim.getSource() == shaped &&
           memrefDim.getConstantIndex() == dim;
  return false;
}

void eraseRegion(PatternRewriter &rewriter, Region &region) {
  region.dropAllReferences();
  while (!region.empty())
    rewriter.eraseBlock(&region.front());
}

/// What a keep region says about i and j alone moves into the structure.
struct RaiseKeepRegion : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasKeepRegion())
      return rewriter.notifyMatchFailure(op, "no keep region");
    Block &body = op.getKeep().front();
    int64_t dim = op.getRank() - 2;
    // Lengths are those of a sequence, and bottom_right counts from the end of
    // the keys in use.
    auto isNumQueries = [&](Value value) {
      return !op.isRagged() && isDimOf(value, op.getQuery(), dim);
    };
    auto isNumKeys = [&](Value value) {
      if (op.isRagged() || op.getKeyLengths())
        return false;
      return isDimOf(value, op.getKey(), dim) ||
             isDimOf(value, op.getValue(), dim);
    };
    MaskIndices indices{body.getArgument(body.getNumArguments() - 2),
                        body.getArguments().back(),
                        op.getUsedQueries(),
                        op.getUsedKeys(),
                        isNumQueries,
                        isNumKeys};
    YieldOp yield = getYield(op.getKeep());
    RecognizedMask mask = recognizeMask(yield.getValue(), indices);
    if (!mask.simplified)
      return rewriter.notifyMatchFailure(op, "no structural conjunct");
    rewriter.modifyOpInPlace(op, [&] {
      if (mask.structure)
        op.setStructureAttr(
            getConjunction(op.getStructureAttr(), mask.structure));
      if (mask.rest.empty()) {
        eraseRegion(rewriter, op.getKeep());
        return;
      }
      rewriter.setInsertionPoint(yield);
      Location loc = yield.getLoc();
      Value predicate;
      for (const RecognizedMask::Conjunct &conjunct : mask.rest) {
        Value value = conjunct.value;
        if (conjunct.negated) {
          Value one = arith::ConstantIntOp::create(rewriter, loc, 1, 1);
          value = arith::XOrIOp::create(rewriter, loc, value, one);
        }
        predicate = predicate
                        ? arith::AndIOp::create(rewriter, loc, predicate, value)
                              .getResult()
                        : value;
      }
      rewriter.modifyOpInPlace(
          yield, [&] { yield.getValueMutable().assign(predicate); });
    });
    return success();
  }
};

/// A score region that scales, caps or returns its logit becomes attributes.
struct RaiseScoreRegion : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasScoreRegion())
      return rewriter.notifyMatchFailure(op, "no score region");
    Value logit = op.getScore().getArgument(0);
    Value result = getYield(op.getScore()).getValue();
    if (result == logit) {
      rewriter.modifyOpInPlace(op,
                               [&] { eraseRegion(rewriter, op.getScore()); });
      return success();
    }
    // What is left comes before softcap and bias.
    if (op.getSoftcapAttr() || op.getBias())
      return rewriter.notifyMatchFailure(op, "softcap or bias comes before");
    if (std::optional<double> factor = getFactor(result, logit)) {
      std::optional<double> scale = op.getConstantScale();
      if (!scale || !op.isFiniteInComputeType(APFloat(*scale * *factor)))
        return rewriter.notifyMatchFailure(op, "scale is no finite constant");
      rewriter.modifyOpInPlace(op, [&] {
        op.setStaticScale(APFloat(*scale * *factor));
        eraseRegion(rewriter, op.getScore());
      });
      return success();
    }
    if (std::optional<double> cap = getSoftcap(result, logit);
        cap && op.isFiniteInComputeType(APFloat(1.0 / *cap))) {
      rewriter.modifyOpInPlace(op, [&] {
        op.setSoftcap(APFloat(*cap));
        eraseRegion(rewriter, op.getScore());
      });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "score region is no attribute");
  }

private:
  static std::optional<double> getConstant(Value value) {
    APFloat constant(0.0);
    if (!matchPattern(value, m_ConstantFloat(&constant)) ||
        !constant.isFinite())
      return std::nullopt;
    bool losesInfo;
    constant.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
    return constant.convertToDouble();
  }

  /// c if `value` is `operand * c` or `operand / (1 / c)`.
  static std::optional<double> getFactor(Value value, Value operand) {
    if (auto mul = value.getDefiningOp<arith::MulFOp>()) {
      if (mul.getLhs() == operand)
        return getConstant(mul.getRhs());
      if (mul.getRhs() == operand)
        return getConstant(mul.getLhs());
    }
    if (auto div = value.getDefiningOp<arith::DivFOp>())
      if (div.getLhs() == operand)
        if (std::optional<double> divisor = getConstant(div.getRhs()))
          return 1.0 / *divisor;
    return std::nullopt;
  }

  /// c if `value` is `c * tanh(logit / c)`. The two constants may differ by the
  /// rounding of 1 / c to the type of the logits.
  static std::optional<double> getSoftcap(Value value, Value logit) {
    auto mul = value.getDefiningOp<arith::MulFOp>();
    if (!mul)
      return std::nullopt;
    for (auto [outer, inner] : {std::pair{mul.getLhs(), mul.getRhs()},
                                std::pair{mul.getRhs(), mul.getLhs()}}) {
      auto tanh = inner.getDefiningOp<math::TanhOp>();
      std::optional<double> cap = getConstant(outer);
      if (!tanh || !cap || *cap <= 0)
        continue;
      std::optional<double> factor = getFactor(tanh.getOperand(), logit);
      double epsilon = logit.getType().isF64() ? 0x1p-52 : 0x1p-23;
      if (factor && std::abs(*factor * *cap - 1.0) <= epsilon)
        return cap;
    }
    return std::nullopt;
  }
};

/// `select(predicate, logit, -inf)` with a predicate of the indices alone moves
/// the predicate into the keep region.
struct RaiseScoreMask : OpRewritePattern<SdpaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SdpaOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasScoreRegion() || op.hasKeepRegion())
      return rewriter.notifyMatchFailure(op, "no score region, or both");
    YieldOp yield = getYield(op.getScore());
    auto select = yield.getValue().getDefiningOp<arith::SelectOp>();
    Block *body = &op.getScore().front();
    if (!select || select->getBlock() != body ||
        !matchPattern(select.getFalseValue(), m_NegInfFloat()))
      return rewriter.notifyMatchFailure(op, "no select of -inf");
    SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.inclusive = true;
    options.omitBlockArguments = true;
    options.filter = [&](Operation *sliced) {
      return sliced->getBlock() == body;
    };
    if (failed(getBackwardSlice(select.getCondition(), &slice, options)))
      return rewriter.notifyMatchFailure(op, "predicate cannot be sliced");
    Value logit = body->getArgument(0);
    for (Operation *sliced : slice)
      if (sliced->getNumRegions() != 0 ||
          llvm::is_contained(sliced->getOperands(), logit))
        return rewriter.notifyMatchFailure(op, "predicate reads the logit");
    if (select.getCondition() == logit)
      return rewriter.notifyMatchFailure(op, "predicate reads the logit");
    rewriter.modifyOpInPlace(op, [&] {
      ValueRange indices = body->getArguments().drop_front();
      Block *keep = rewriter.createBlock(
          &op.getKeep(), op.getKeep().end(), indices.getTypes(),
          SmallVector<Location>(indices.size(), op.getLoc()));
      IRMapping mapping;
      mapping.map(indices, keep->getArguments());
      for (Operation *sliced : slice)
        rewriter.clone(*sliced, mapping);
      YieldOp::create(rewriter, yield.getLoc(),
                      mapping.lookupOrDefault(select.getCondition()));
      rewriter.modifyOpInPlace(yield, [&] {
        yield.getValueMutable().assign(select.getTrueValue());
      });
    });
    return success();
  }
};

} // namespace

void SdpaOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                         MLIRContext *context) {
  results.add<DropNeutralOperands, DropUnusedRowResults, FoldConstantScale,
              FoldTensorCasts, RaiseKeepRegion, RaiseScoreMask,
              RaiseScoreRegion, SimplifyStructure>(context);
}
