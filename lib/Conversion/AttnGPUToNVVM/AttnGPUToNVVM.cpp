//===- AttnGPUToNVVM.cpp - attn_gpu to llvm and nvvm ----------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTATTNGPUTONVVMPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn_gpu;

namespace {

/// Types as the values that one thread holds.
class ThreadTypeConverter : public TypeConverter {
public:
  explicit ThreadTypeConverter(MLIRContext *context) {
    Type i32 = IntegerType::get(context, 32);
    addConversion([](Type type) { return type; });
    addConversion([i32](FragmentType type, SmallVectorImpl<Type> &types) {
      types.append(type.getNumRegisters(),
                   type.isPacked() ? i32 : type.getElementType());
      return success();
    });
    addConversion([](InFlightType type, SmallVectorImpl<Type> &types) {
      types.append(type.getFragmentType().getNumRegisters(),
                   type.getElementType());
      return success();
    });
    addConversion([](RowType type, SmallVectorImpl<Type> &types) {
      types.append(2, type.getElementType());
      return success();
    });
    addConversion([i32](SlotType, SmallVectorImpl<Type> &types) {
      types.append(2, i32);
      return success();
    });
    addConversion([i32](SharedType) { return i32; });
    addConversion([i32](PipeType) { return i32; });
    addConversion([context](TensorMapType) {
      return LLVM::LLVMPointerType::get(context);
    });
  }
};

/// A tensor map is passed by value, in constant memory.
void setTensorMapAttributes(LLVM::LLVMFuncOp function, unsigned argument) {
  MLIRContext *context = function.getContext();
  Builder builder(context);
  constexpr int64_t kWords = 16, kAlignment = 64;
  auto type = LLVM::LLVMArrayType::get(builder.getI64Type(), kWords);
  function.setArgAttr(argument, LLVM::LLVMDialect::getByValAttrName(),
                      TypeAttr::get(type));
  function.setArgAttr(argument, LLVM::LLVMDialect::getAlignAttrName(),
                      builder.getI64IntegerAttr(kAlignment));
  function.setArgAttr(argument, NVVM::NVVMDialect::getGridConstantAttrName(),
                      builder.getUnitAttr());
}

struct KernelPattern : OpConversionPattern<gpu::GPUFuncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    MLIRContext *context = op.getContext();
    TypeConverter::SignatureConversion signature(op.getNumArguments());
    if (failed(getTypeConverter()->convertSignatureArgs(op.getArgumentTypes(),
                                                        signature)))
      return rewriter.notifyMatchFailure(op, "unknown type of an argument");
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                            signature.getConvertedTypes());
    auto function =
        LLVM::LLVMFuncOp::create(rewriter, op.getLoc(), op.getName(), type);
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                      rewriter.getUnitAttr());
    function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                      rewriter.getUnitAttr());
    // ptxas ignores setmaxnreg in a kernel without a number of blocks.
    int32_t numThreads = 0, numBlocks = 1;
    op.walk([&](RolesOp roles) {
      numThreads = kWarpgroupSize * (roles.getNumConsumers() + 1);
    });
    op.walk([&](WarpgroupsOp warpgroups) {
      numThreads = kWarpgroupSize * warpgroups.getCount();
      numBlocks = warpgroups.getBlocks();
    });
    // A kernel that proved to do nothing has lost its warpgroups.
    if (numThreads > 0) {
      function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                        rewriter.getDenseI32ArrayAttr(numThreads));
      function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                        rewriter.getI32IntegerAttr(numBlocks));
    }
    function.setPassthroughAttr(rewriter.getArrayAttr(rewriter.getArrayAttr(
        {rewriter.getStringAttr("denormal-fp-math-f32"),
         rewriter.getStringAttr("preserve-sign,preserve-sign")})));
    for (auto [i, argument] : llvm::enumerate(op.getArgumentTypes()))
      if (isa<TensorMapType>(argument))
        setTensorMapAttributes(function, signature.getInputMapping(i)->inputNo);
    rewriter.inlineRegionBefore(op.getBody(), function.getBody(),
                                function.end());
    rewriter.applySignatureConversion(&function.getBody().front(), signature,
                                      getTypeConverter());
    rewriter.eraseOp(op);
    return success();
  }
};

struct ReturnPattern : OpConversionPattern<gpu::ReturnOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(gpu::ReturnOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::ReturnOp>(op, ValueRange());
    return success();
  }
};

/// `gpu.block_id x` and `gpu.grid_dim x`, of type index.
template <typename OpT, Value (PtxBuilder::*build)()>
struct IndexPattern : OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OpT op, typename OpConversionPattern<OpT>::OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getDimension() != gpu::Dimension::x)
      return rewriter.notifyMatchFailure(op, "kernels have one dimension");
    PtxBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, op.getType(),
                                                    (b.*build)());
    return success();
  }
};

/// Sums and bounds of i32, sums and maxima of f32 over a warp.
struct SubgroupReducePattern : OpConversionPattern<gpu::SubgroupReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(gpu::SubgroupReduceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getClusterSize())
      return rewriter.notifyMatchFailure(op, "expected all lanes of a warp");
    PtxBuilder b(op.getLoc(), rewriter);
    if (op.getType().isF32()) {
      gpu::AllReduceOperation operation = op.getOp();
      bool isSum = operation == gpu::AllReduceOperation::ADD;
      if (!isSum && operation != gpu::AllReduceOperation::MAXNUMF)
        return rewriter.notifyMatchFailure(op,
                                           "expected a sum or maximum of f32");
      Value value = adaptor.getValue();
      for (int64_t distance = 16; distance > 0; distance /= 2) {
        Value other = b.shuffleXor(value, distance);
        if (isSum)
          value = arith::AddFOp::create(b, value, other);
        else
          value = arith::MaxNumFOp::create(b, value, other);
      }
      rewriter.replaceOp(op, value);
      return success();
    }
    std::optional<NVVM::ReduxKind> kind = getKind(op.getOp());
    if (!op.getType().isInteger(32) || !kind)
      return rewriter.notifyMatchFailure(
          op, "expected a sum, minimum or maximum of i32 or f32 over a warp");
    rewriter.replaceOpWithNewOp<NVVM::ReduxOp>(
        op, op.getType(), adaptor.getValue(), *kind, b.i32(-1));
    return success();
  }

private:
  static std::optional<NVVM::ReduxKind>
  getKind(gpu::AllReduceOperation operation) {
    switch (operation) {
    case gpu::AllReduceOperation::ADD:
      return NVVM::ReduxKind::ADD;
    case gpu::AllReduceOperation::MINSI:
      return NVVM::ReduxKind::MIN;
    case gpu::AllReduceOperation::MAXSI:
      return NVVM::ReduxKind::MAX;
    default:
      return std::nullopt;
    }
  }
};

struct ConvertAttnGPUToNVVMPass
    : attn::impl::ConvertAttnGPUToNVVMPassBase<ConvertAttnGPUToNVVMPass> {
  using ConvertAttnGPUToNVVMPassBase::ConvertAttnGPUToNVVMPassBase;

  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    bool hasKernel = false;
    WalkResult walk = module.walk([&](gpu::GPUFuncOp function) {
      bool uses = false;
      function.walk(
          [&](Operation *op) { uses |= isa<RolesOp, WarpgroupsOp>(op); });
      if (!uses)
        return WalkResult::advance();
      hasKernel = true;
      return succeeded(verifyKernel(function)) ? WalkResult::advance()
                                               : WalkResult::interrupt();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();
    if (!hasKernel)
      return;
    addSharedMemory(module);

    MLIRContext *context = &getContext();
    ThreadTypeConverter converter(context);
    RewritePatternSet patterns(context);
    populateControlPatterns(converter, patterns);
    populateMemoryPatterns(converter, patterns);
    populateFragmentPatterns(converter, patterns);
    populateIsolatePatterns(converter, patterns);
    populateMmaPatterns(converter, patterns);
    populateWarpPatterns(converter, patterns);
    populateMathPatterns(converter, patterns);
    patterns.add<KernelPattern, ReturnPattern,
                 IndexPattern<gpu::BlockIdOp, &PtxBuilder::blockId>,
                 IndexPattern<gpu::GridDimOp, &PtxBuilder::gridSize>,
                 IndexPattern<gpu::ThreadIdOp, &PtxBuilder::threadId>,
                 SubgroupReducePattern>(converter, context);
    ConversionTarget target(*context);
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         target);
    target.addIllegalDialect<AttnGPUDialect>();
    target
        .addIllegalOp<gpu::GPUFuncOp, gpu::ReturnOp, gpu::BlockIdOp,
                      gpu::GridDimOp, gpu::ThreadIdOp, gpu::SubgroupReduceOp>();
    target.addDynamicallyLegalOp<math::Exp2Op, math::ExpOp, math::Log2Op,
                                 math::LogOp, math::RsqrtOp, math::TanhOp>(
        [](Operation *op) { return !op->getResult(0).getType().isF32(); });
    target.addDynamicallyLegalOp<arith::DivFOp>(
        [](arith::DivFOp op) { return !isApproximateReciprocal(op); });
    target.addDynamicallyLegalOp<arith::ExtFOp>(
        [](arith::ExtFOp op) { return !isExtensionOfBF16(op); });
    target.addDynamicallyLegalOp<arith::SelectOp>(
        [&](arith::SelectOp op) { return converter.isLegal(op.getType()); });
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    module.walk([&](LLVM::LLVMFuncOp) { ++numConverted; });
  }

private:
  static LogicalResult verifyKernel(gpu::GPUFuncOp function) {
    if (!function.isKernel())
      return function.emitError("expected a kernel around attn_gpu.roles "
                                "and attn_gpu.warpgroups");
    return success();
  }

  /// All kernels of a module share one symbol for the dynamic shared memory.
  static void addSharedMemory(gpu::GPUModuleOp module) {
    if (module.lookupSymbol(kSharedSymbol))
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    constexpr int64_t kAlignment = 1024;
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
    LLVM::GlobalOp::create(
        builder, module.getLoc(), type,
        /*isConstant=*/false, LLVM::Linkage::External, kSharedSymbol,
        Attribute(), kAlignment,
        static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
  }
};

} // namespace
