//===- Patterns.h - Patterns of convert-attn-gpu-to-nvvm ------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNGPUTONVVM_PATTERNS_H
#define ATTN_LIB_CONVERSION_ATTNGPUTONVVM_PATTERNS_H

#include "PtxBuilder.h"
#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::attn_gpu {

/// The symbol of the dynamic shared memory in a module of kernels.
constexpr llvm::StringLiteral kSharedSymbol = "attn_shared";

/// Numbers of the named barriers: 0 is the block's. A turn's, then those of
/// warpgroups, then one of all consumers.
constexpr int64_t kFirstTurnBarrier = 1, kFirstWarpgroupBarrier = 4,
                  kConsumersBarrier = 7;
constexpr int64_t kWarpgroupSize = 128;
/// A row of a slab of a tile, and what the swizzle permutes of it.
constexpr int64_t kRowBytes = 128, kChunkBytes = 16;

/// A pattern whose operands are the values of one thread.
template <typename OpT>
class ThreadPattern : public OpConversionPattern<OpT> {
public:
  using OpConversionPattern<OpT>::OpConversionPattern;
  using Adaptor = typename OpConversionPattern<OpT>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(OpT op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const final {
    PtxBuilder b(op.getLoc(), rewriter);
    return rewrite(op, adaptor, b, rewriter);
  }

protected:
  virtual LogicalResult rewrite(OpT op, Adaptor adaptor, PtxBuilder &b,
                                ConversionPatternRewriter &rewriter) const = 0;

  /// Replaces the only result of an op by several values.
  static void replace(OpT op, ArrayRef<Value> values,
                      ConversionPatternRewriter &rewriter) {
    SmallVector<SmallVector<Value>> replacements;
    replacements.emplace_back(values);
    rewriter.replaceOpWithMultiple(op, std::move(replacements));
  }
};

void populateControlPatterns(const TypeConverter &converter,
                             RewritePatternSet &patterns);
void populateMemoryPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns);
void populateIsolatePatterns(const TypeConverter &converter,
                             RewritePatternSet &patterns);
void populateFragmentPatterns(const TypeConverter &converter,
                              RewritePatternSet &patterns);
void populateMmaPatterns(const TypeConverter &converter,
                         RewritePatternSet &patterns);
void populateWarpPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns);
/// Whether an op is 1 / x in f32 and may be approximated (`fastmath<arcp>`).
bool isApproximateReciprocal(arith::DivFOp op);
/// Whether an op extends bf16 to f32, which is a shift.
bool isExtensionOfBF16(arith::ExtFOp op);
void populateMathPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns);

} // namespace mlir::attn_gpu

#endif // ATTN_LIB_CONVERSION_ATTNGPUTONVVM_PATTERNS_H
