//===- BufferizableOpInterfaceImpl.cpp - Bufferization of attn --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Transforms/BufferizableOpInterfaceImpl.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::bufferization;

namespace {

struct SdpaOpInterface
    : DstBufferizableOpInterfaceExternalModel<SdpaOpInterface, SdpaOp> {
  /// The former contents of the destinations are never read.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<SdpaOp>(op).isDpsInit(&operand);
  }

  /// The regions run once per logit; what they read is read again and again.
  bool isRepetitiveRegion(Operation *, unsigned) const { return true; }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto sdpa = cast<SdpaOp>(op);
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(sdpa);

    SmallVector<Value> operands;
    for (Value operand : sdpa->getOperands()) {
      if (isa<TensorType>(operand.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
        if (failed(buffer))
          return failure();
        operand = *buffer;
      }
      operands.push_back(operand);
    }
    OperationState newState(sdpa.getLoc(), SdpaOp::getOperationName(), operands,
                            /*types=*/{}, sdpa->getAttrs());
    for (unsigned i = 0; i < sdpa->getNumRegions(); ++i)
      newState.addRegion();
    auto newOp = cast<SdpaOp>(rewriter.create(newState));
    for (auto [from, to] : llvm::zip(sdpa->getRegions(), newOp->getRegions()))
      rewriter.inlineRegionBefore(from, to, to.end());
    replaceOpWithBufferizedValues(rewriter, op, newOp.getOuts());
    return success();
  }
};

/// A view of the source.
struct TransposeOpInterface
    : BufferizableOpInterface::ExternalModel<TransposeOpInterface,
                                             TransposeOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &,
                                      const AnalysisState &) const {
    return {{op->getOpResult(0), BufferRelation::Unknown}};
  }

  static AffineMap getMap(TransposeOp op) {
    return AffineMap::getPermutationMap(op.getPermutation(), op.getContext());
  }

  FailureOr<BufferLikeType>
  getBufferType(Operation *op, Value, const BufferizationOptions &options,
                const BufferizationState &state,
                SmallVector<Value> &invocationStack) const {
    auto transpose = cast<TransposeOp>(op);
    auto source = bufferization::getBufferType(transpose.getSource(), options,
                                               state, invocationStack);
    if (failed(source))
      return failure();
    return cast<BufferLikeType>(
        getTransposedType(cast<MemRefType>(*source), getMap(transpose)));
  }

  static MemRefType getTransposedType(MemRefType source, AffineMap map) {
    SmallVector<int64_t> strides, shape;
    int64_t offset;
    (void)source.getStridesAndOffset(strides, offset);
    SmallVector<int64_t> newStrides, newShape;
    for (AffineExpr expr : map.getResults()) {
      unsigned dim = cast<AffineDimExpr>(expr).getPosition();
      newShape.push_back(source.getDimSize(dim));
      newStrides.push_back(strides[dim]);
    }
    return MemRefType::get(
        newShape, source.getElementType(),
        StridedLayoutAttr::get(source.getContext(), offset, newStrides),
        source.getMemorySpace());
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto transpose = cast<TransposeOp>(op);
    FailureOr<Value> source =
        getBuffer(rewriter, transpose.getSource(), options, state);
    if (failed(source))
      return failure();
    // The transpose of a destination back to how it lies is that destination.
    auto inner = source->getDefiningOp<memref::TransposeOp>();
    AffineMap map = getMap(transpose);
    if (inner && inner.getPermutation().compose(map).isIdentity()) {
      replaceOpWithBufferizedValues(rewriter, op, inner.getIn());
      return success();
    }
    replaceOpWithNewBufferizedOp<memref::TransposeOp>(rewriter, op, *source,
                                                      AffineMapAttr::get(map));
    return success();
  }
};

/// Yields a scalar out of a region that never holds tensors.
struct YieldOpInterface
    : BufferizableOpInterface::ExternalModel<YieldOpInterface, YieldOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }
  LogicalResult bufferize(Operation *, RewriterBase &,
                          const BufferizationOptions &,
                          BufferizationState &) const {
    return success();
  }
};

} // namespace

void attn::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttnDialect *) {
    SdpaOp::attachInterface<SdpaOpInterface>(*context);
    TransposeOp::attachInterface<TransposeOpInterface>(*context);
    YieldOp::attachInterface<YieldOpInterface>(*context);
    context->loadDialect<bufferization::BufferizationDialect,
                         memref::MemRefDialect>();
  });
}
