//===- DescribeFusion.cpp - What a fusion is and saves ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionFuser.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Dialect/Attn/IR/MaskRecognition.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::attn;

/// What canonicalization will make of the keep region, where sizes are static.
static RecognizedMask recognizeStructure(SdpaOp op) {
  if (!op.hasKeepRegion() || ShapedType::isDynamic(op.getUsedQueries()) ||
      ShapedType::isDynamic(op.getUsedKeys()))
    return {};
  Block &body = op.getKeep().front();
  auto isNever = [](Value) { return false; };
  MaskIndices indices{body.getArgument(body.getNumArguments() - 2),
                      body.getArguments().back(),
                      op.getUsedQueries(),
                      op.getUsedKeys(),
                      isNever,
                      isNever};
  return recognizeMask(cast<YieldOp>(body.getTerminator()).getValue(), indices);
}

void AttentionFuser::describe() {
  SdpaOp op = result.op;
  llvm::raw_string_ostream os(result.text);
  os << "fused attention: query " << op.getQuery().getType() << ", key "
     << op.getKey().getType() << ", value " << op.getValue().getType();
  if (logits.scaleExpr)
    os << ", scale from a value";
  else
    os << ", scale " << llvm::format("%g", scale);
  if (logits.softcap)
    os << ", softcap " << llvm::format("%g", *logits.softcap);
  if (bias)
    os << ", bias " << op.getBias().getType();
  if (mask)
    os << ", mask " << op.getMask().getType();
  if (op.getKeyLengths())
    os << ", key lengths " << op.getKeyLengths().getType();
  RecognizedMask recognized = recognizeStructure(op);
  StructuralMaskInterface structure =
      getConjunction(op.getStructureAttr(), recognized.structure);
  if (structure)
    os << ", structure " << structure;
  if (!regionConditions.empty() &&
      (!recognized.structure || !recognized.rest.empty()))
    os << ", a mask of indices";
  if (hasScore())
    os << ", a score function";
  if (op.getSinks())
    os << ", sinks " << op.getSinks().getType();
  if (op.getNumQueryHeads() != op.getNumKeyHeads() &&
      !ShapedType::isDynamic(op.getNumQueryHeads()))
    os << ", " << op.getNumQueryHeads() << " query heads on "
       << op.getNumKeyHeads();
  SmallVector<StringRef> moved;
  for (auto [operand, name] :
       {std::pair{&query, "query"}, std::pair{&key, "key"},
        std::pair{&value, "value"}})
    if (operand->arrangement.isPermuted)
      moved.push_back(name);
  if (!moved.empty())
    os << ", " << llvm::join(moved, " and ") << " transposed in place";
  if (!rowUses.empty())
    os << (op.getMaxScores() ? ", log-sum-exp and row maxima"
                             : ", log-sum-exp");
  os << ", rows without keys: " << stringifyMaskedRow(op.getMaskedRow());

  countSavings(structure);
}

void AttentionFuser::countSavings(StructuralMaskInterface structure) {
  // Logits and probabilities, written once each at least.
  Type type = getElementTypeOrSelf(logits.product->op->getResult(0).getType());
  int64_t bytesPerLogit = 2 * (type.getIntOrFloatBitWidth() / 8);
  int64_t rows = 1, numKeys = context.getExtent(keyVar), count, bytes;
  bool isKnown = !ShapedType::isDynamic(numKeys);
  for (unsigned var : ArrayRef(logitLayout).drop_back()) {
    int64_t extent = context.getExtent(var);
    isKnown = isKnown && !ShapedType::isDynamic(extent) &&
              !llvm::MulOverflow(rows, extent, rows);
  }
  if (!isKnown || llvm::MulOverflow(rows, numKeys, count) ||
      llvm::MulOverflow(count, bytesPerLogit, bytes)) {
    result.bytesSavedPerLogit = bytesPerLogit;
    return;
  }
  result.bytesSaved = bytes;
  // Both products of what is masked by structure are not computed.
  int64_t numQueries = context.getExtent(queryVar);
  // Counted query by query.
  constexpr int64_t kMaxQueries = 1 << 20;
  if (!structure || numQueries == 0 || numQueries > kMaxQueries)
    return;
  int64_t masked = 0;
  for (int64_t i = 0; i < numQueries; ++i) {
    KeyInterval keys =
        getClampedKeyInterval(structure, i, {numQueries, numKeys});
    masked += numKeys - std::max<int64_t>(keys.end - keys.begin, 0);
  }
  if (masked == 0)
    return;
  SdpaOp op = result.op;
  int64_t flops;
  if (!llvm::AddOverflow(op.getHeadDim(), op.getValueDim(), flops) &&
      !llvm::MulOverflow(flops, 2 * (rows / numQueries), flops) &&
      !llvm::MulOverflow(flops, masked, flops))
    result.flopsSaved = flops;
}
