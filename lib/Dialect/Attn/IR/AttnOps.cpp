//===- AttnOps.cpp - Operations of the attn dialect -------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// `scale(%value : type)`, `scale = constant`, or nothing.
static ParseResult
parseScale(OpAsmParser &parser,
           std::optional<OpAsmParser::UnresolvedOperand> &scale, Type &type,
           FloatAttr &staticScale) {
  if (failed(parser.parseOptionalKeyword("scale")))
    return success();
  if (succeeded(parser.parseOptionalEqual()))
    return parser.parseAttribute(staticScale, parser.getBuilder().getF64Type());
  scale.emplace();
  return failure(parser.parseLParen() || parser.parseOperand(*scale) ||
                 parser.parseColonType(type) || parser.parseRParen());
}

static void printScale(OpAsmPrinter &printer, Operation *, Value scale,
                       Type type, FloatAttr staticScale) {
  // The verifier refuses both at once, but invalid IR must print too.
  if (scale)
    printer << "scale(" << scale << " : " << type << ")";
  if (staticScale) {
    printer << (scale ? " scale = " : "scale = ");
    printer.printAttributeWithoutType(staticScale);
  }
}

/// `keyword(%arg: type, ...) { ... }` or nothing.
static ParseResult parseIndexedRegion(OpAsmParser &parser, StringRef keyword,
                                      Region &region) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  SmallVector<OpAsmParser::Argument> arguments;
  return failure(
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parser.parseRegion(region, arguments, /*enableNameShadowing=*/false));
}

static void printIndexedRegion(OpAsmPrinter &printer, StringRef keyword,
                               Region &region) {
  if (region.empty())
    return;
  printer << keyword << "(";
  llvm::interleaveComma(
      region.getArguments(), printer,
      [&](BlockArgument argument) { printer.printRegionArgument(argument); });
  printer << ") ";
  printer.printRegion(region, /*printEntryBlockArgs=*/false);
}

static ParseResult parseScoreRegion(OpAsmParser &parser, Region &region) {
  return parseIndexedRegion(parser, "score", region);
}
static void printScoreRegion(OpAsmPrinter &printer, Operation *,
                             Region &region) {
  printIndexedRegion(printer, "score", region);
}
static ParseResult parseKeepRegion(OpAsmParser &parser, Region &region) {
  return parseIndexedRegion(parser, "keep", region);
}
static void printKeepRegion(OpAsmPrinter &printer, Operation *,
                            Region &region) {
  printIndexedRegion(printer, "keep", region);
}

#define GET_OP_CLASSES
#include "attn/Dialect/Attn/IR/AttnOps.cpp.inc"

//===----------------------------------------------------------------------===//
// SdpaOp
//===----------------------------------------------------------------------===//

void SdpaOp::build(OpBuilder &builder, OperationState &state, Value query,
                   Value key, Value value, ValueRange outs) {
  SmallVector<Type> resultTypes;
  for (Value out : outs)
    if (isa<TensorType>(out.getType()))
      resultTypes.push_back(out.getType());
  build(builder, state, resultTypes, query, key, value, /*scale=*/Value(),
        /*bias=*/Value(), /*mask=*/Value(), /*sinks=*/Value(),
        /*query_documents=*/Value(),
        /*key_documents=*/Value(), /*key_lengths=*/Value(),
        /*cu_seqlens_q=*/Value(), /*cu_seqlens_k=*/Value(), outs,
        /*static_scale=*/FloatAttr(),
        /*softcap=*/FloatAttr(), /*structure=*/StructuralMaskInterface(),
        MaskedRow::Zero, Backend::Auto, /*schedule=*/ScheduleInterface());
}

FloatType SdpaOp::getComputeType() {
  if (getQueryType().getElementType().isF64())
    return Float64Type::get(getContext());
  return Float32Type::get(getContext());
}

bool SdpaOp::isFiniteInComputeType(APFloat value) {
  bool losesInfo;
  value.convert(getComputeType().getFloatSemantics(),
                APFloat::rmNearestTiesToEven, &losesInfo);
  return value.isFinite();
}

int64_t SdpaOp::getNumQueryHeads() {
  return hasHeadDim() ? getQueryType().getDimSize(getRank() - 3) : 1;
}

int64_t SdpaOp::getNumKeyHeads() {
  return hasHeadDim() ? getKeyType().getDimSize(getRank() - 3) : 1;
}

std::optional<double> SdpaOp::getConstantScale() {
  if (getScale())
    return std::nullopt;
  if (std::optional<APFloat> scale = getStaticScale())
    return scale->convertToDouble();
  return 1.0 / std::sqrt(static_cast<double>(getHeadDim()));
}

bool SdpaOp::isMasked() {
  return getStructureAttr() || getMask() || hasKeepRegion() || getKeyLengths();
}

void SdpaOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  // What the regions do: they may load from captured memrefs, and before they
  // are inlined they may hold calls of which nothing is known.
  for (Region *region : {&getScore(), &getKeep()})
    region->walk([&](Operation *nested) {
      std::optional<SmallVector<MemoryEffects::EffectInstance>> known =
          getEffectsRecursively(nested);
      if (known)
        for (const MemoryEffects::EffectInstance &effect : *known)
          effects.emplace_back(effect.getEffect(), effect.getResource());
      else if (!nested->hasTrait<OpTrait::HasRecursiveMemoryEffects>()) {
        effects.emplace_back(MemoryEffects::Read::get());
        effects.emplace_back(MemoryEffects::Write::get());
      }
      return WalkResult::skip();
    });
  if (hasTensorSemantics())
    return;
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

/// On tensors the op fails only if dynamic sizes or cumulative lengths do not
/// agree.
Speculation::Speculatability SdpaOp::getSpeculatability() {
  auto isStatic = [](Value value) {
    auto type = dyn_cast<ShapedType>(value.getType());
    return !type || type.hasStaticShape();
  };
  if (!hasTensorSemantics() || isRagged() ||
      !llvm::all_of(getOperands(), isStatic))
    return Speculation::NotSpeculatable;
  return Speculation::RecursivelySpeculatable;
}

LogicalResult
SdpaOp::reifyResultShapes(OpBuilder &builder,
                          ReifiedRankedShapedTypeDims &reifiedReturnShapes) {
  if (!hasTensorSemantics())
    return failure();
  int64_t rank = getRank();
  Location loc = getLoc();
  auto getDim = [&](Value source, int64_t dim) {
    return tensor::getMixedSize(builder, loc, source, dim);
  };
  SmallVector<OpFoldResult> dims;
  for (int64_t d = 0; d < rank - 1; ++d) {
    if (!getOutputType().isDynamicDim(d)) {
      dims.push_back(builder.getIndexAttr(getOutputType().getDimSize(d)));
      continue;
    }
    // A batch dimension of static size one is broadcast.
    Value source = getQuery();
    if (d < getNumBatchDims() && getQueryType().getDimSize(d) == 1)
      source = getKeyType().getDimSize(d) == 1 ? getValue() : getKey();
    dims.push_back(getDim(source, d));
  }
  // What there is of each row: log-sum-exp, maximum.
  reifiedReturnShapes.assign(getOuts().size() - 1, dims);
  dims.push_back(builder.getIndexAttr(getValueDim()));
  reifiedReturnShapes.insert(reifiedReturnShapes.begin(), dims);
  return success();
}

//===----------------------------------------------------------------------===//
// AssertOp
//===----------------------------------------------------------------------===//

LogicalResult AssertOp::verify() {
  // assert_c1: one place for the number.
  if (getMessage().count("{}") != 1)
    return emitOpError() << "expects one {} in its message, got \""
                         << getMessage() << "\"";
  return success();
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

void TransposeOp::build(OpBuilder &builder, OperationState &state, Value source,
                        ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(source.getType());
  build(builder, state,
        RankedTensorType::get(applyPermutation(type.getShape(), permutation),
                              type.getElementType()),
        source, permutation);
}

LogicalResult TransposeOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  ArrayRef<int64_t> permutation = getPermutation();
  // transpose_c1: a permutation of the dimensions.
  if ((int64_t)permutation.size() != source.getRank() ||
      !isPermutationVector(permutation))
    return emitOpError() << "expects a permutation of the " << source.getRank()
                         << " dimensions of the source, got [" << permutation
                         << "]";
  // transpose_c2: the result's type follows.
  auto expected =
      RankedTensorType::get(applyPermutation(source.getShape(), permutation),
                            source.getElementType());
  if (result.getElementType() != source.getElementType() ||
      failed(verifyCompatibleShape(result, expected)))
    return emitOpError() << "expects a result of type " << expected << ", got "
                         << result;
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::is_sorted(getPermutation()) &&
      getSource().getType() == getResult().getType())
    return getSource();
  return {};
}

namespace {
/// Two transposes are one.
struct ComposeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getSource().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no transpose of a transpose");
    SmallVector<int64_t> permutation =
        applyPermutation(inner.getPermutation(), op.getPermutation());
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getResult().getType(),
                                             inner.getSource(), permutation);
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *context) {
  results.add<ComposeTransposes>(context);
}

LogicalResult TransposeOp::reifyResultShapes(
    OpBuilder &builder, ReifiedRankedShapedTypeDims &reifiedReturnShapes) {
  SmallVector<OpFoldResult> dims;
  for (int64_t d : getPermutation())
    dims.push_back(tensor::getMixedSize(builder, getLoc(), getSource(), d));
  reifiedReturnShapes.push_back(dims);
  return success();
}
