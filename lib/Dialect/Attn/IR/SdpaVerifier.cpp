//===- SdpaVerifier.cpp - Constraints of attn.sdpa --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every constraint has the label that docs/Spec.md gives it, and a test of that
// name in test/Dialect/Attn/invalid.mlir.
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Whether two sizes can be equal at run time.
bool areCompatible(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(shape, os, [&](int64_t size) {
    if (ShapedType::isDynamic(size))
      os << "?";
    else
      os << size;
  });
  os << "]";
  return text;
}

/// The size that sizes broadcast to: the one that is not 1. Dynamic if only
/// dynamic sizes and ones are there; nullopt if two differ.
std::optional<int64_t> broadcastSizes(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes) {
    if (size == 1)
      continue;
    if (result == 1 || ShapedType::isDynamic(result))
      result = ShapedType::isDynamic(size) && result != 1 ? result : size;
    else if (!areCompatible(size, result))
      return std::nullopt;
  }
  return result;
}

/// Whether `shape`, aligned at the right, broadcasts to `target`.
bool isBroadcastableTo(ArrayRef<int64_t> shape, ArrayRef<int64_t> target) {
  if (shape.size() > target.size())
    return false;
  for (auto [size, targetSize] :
       llvm::zip(llvm::reverse(shape), llvm::reverse(target)))
    if (size != 1 && !areCompatible(size, targetSize))
      return false;
  return true;
}

/// The checks of one op, in the order of their labels.
class SdpaVerifier {
public:
  explicit SdpaVerifier(SdpaOp op)
      : op(op), query(op.getQueryType()), key(op.getKeyType()),
        value(op.getValueType()) {}

  LogicalResult verify();

private:
  LogicalResult verifyRanksAndTypes();
  LogicalResult verifyDims();
  LogicalResult verifyBatchDims();
  LogicalResult verifyOuts();
  LogicalResult verifyScalars();
  LogicalResult verifyBroadcastOperand(Value operand, StringRef name,
                                       ArrayRef<int64_t> target);
  LogicalResult verifyDocuments();
  LogicalResult verifySinks();
  LogicalResult verifyCumulativeLengths();
  /// [B..., S?]: of what there is one for each sequence.
  SmallVector<int64_t> getSequenceShape();
  /// [B..., S?, Hq, Lq, Lk]; the lengths of several sequences are not known.
  SmallVector<int64_t> getPairShape();

  InFlightDiagnostic error() { return op.emitOpError(); }

  SdpaOp op;
  ShapedType query, key, value;
  /// [B..., Hq, Lq, Lk], once known.
  SmallVector<int64_t> logitShape;
};

LogicalResult SdpaVerifier::verifyRanksAndTypes() {
  // sdpa_c1: one rank, 2 at least.
  if (query.getRank() != key.getRank() || query.getRank() != value.getRank() ||
      query.getRank() < 2)
    return error() << "expects query, key and value of one rank, 2 at least, "
                      "got ranks "
                   << query.getRank() << ", " << key.getRank() << " and "
                   << value.getRank();
  // sdpa_c2: one element type.
  if (query.getElementType() != key.getElementType() ||
      query.getElementType() != value.getElementType())
    return error() << "expects query, key and value of one element type, got "
                   << query.getElementType() << ", " << key.getElementType()
                   << " and " << value.getElementType();
  // sdpa_c3: all tensors or all memrefs.
  bool tensors = op.hasTensorSemantics();
  for (Value operand : op->getOperands())
    if (isa<ShapedType>(operand.getType()) &&
        isa<TensorType>(operand.getType()) != tensors)
      return error() << "expects either tensors only or memrefs only, got "
                     << op.getQuery().getType() << " and " << operand.getType();
  for (Value operand : op->getOperands())
    if (auto tensor = dyn_cast<RankedTensorType>(operand.getType()))
      if (tensor.getEncoding())
        return error() << "expects tensors without an encoding, got " << tensor;
  return success();
}

LogicalResult SdpaVerifier::verifyDims() {
  int64_t rank = query.getRank();
  // sdpa_c4: static head dimensions, at least 1.
  for (auto [type, name] : {std::pair{query, "query"}, std::pair{key, "key"},
                            std::pair{value, "value"}}) {
    int64_t size = type.getDimSize(rank - 1);
    if (ShapedType::isDynamic(size) || size < 1)
      return error() << "expects the last dimension of " << name
                     << " to be static and positive, got shape "
                     << formatShape(type.getShape());
  }
  // sdpa_c5: query and key share D.
  if (query.getDimSize(rank - 1) != key.getDimSize(rank - 1))
    return error() << "expects query and key of one head dimension, got "
                   << query.getDimSize(rank - 1) << " and "
                   << key.getDimSize(rank - 1);
  // sdpa_c6: key and value share Lk.
  if (!areCompatible(key.getDimSize(rank - 2), value.getDimSize(rank - 2)))
    return error() << "expects key and value of one length, got "
                   << key.getDimSize(rank - 2) << " and "
                   << value.getDimSize(rank - 2);
  if (rank < 3)
    return success();
  // sdpa_c7: heads.
  int64_t queryHeads = query.getDimSize(rank - 3);
  int64_t keyHeads = key.getDimSize(rank - 3);
  if (!areCompatible(keyHeads, value.getDimSize(rank - 3)))
    return error() << "expects key and value of one number of heads, got "
                   << keyHeads << " and " << value.getDimSize(rank - 3);
  if (!ShapedType::isDynamic(queryHeads) && !ShapedType::isDynamic(keyHeads) &&
      (keyHeads == 0 ? queryHeads != 0 : queryHeads % keyHeads != 0))
    return error() << "expects the number of query heads to be a multiple of "
                      "the number of key heads, got "
                   << queryHeads << " and " << keyHeads;
  return success();
}

LogicalResult SdpaVerifier::verifyBatchDims() {
  // sdpa_c8: batch dimensions broadcast.
  int64_t rank = query.getRank();
  for (int64_t d = 0; d < op.getNumBatchDims(); ++d) {
    std::optional<int64_t> size = broadcastSizes(
        {query.getDimSize(d), key.getDimSize(d), value.getDimSize(d)});
    if (!size)
      return error() << "expects batch dimension " << d
                     << " to be equal or 1 in query, key and value, got shapes "
                     << formatShape(query.getShape()) << ", "
                     << formatShape(key.getShape()) << " and "
                     << formatShape(value.getShape());
    logitShape.push_back(*size);
  }
  if (op.hasHeadDim())
    logitShape.push_back(query.getDimSize(rank - 3));
  logitShape.push_back(query.getDimSize(rank - 2));
  int64_t numKeys = key.getDimSize(rank - 2);
  logitShape.push_back(
      ShapedType::isDynamic(numKeys) ? value.getDimSize(rank - 2) : numKeys);
  return success();
}

LogicalResult SdpaVerifier::verifyOuts() {
  // sdpa_c9: an output, perhaps a log-sum-exp, then perhaps row maxima.
  if (op.getOuts().empty() || op.getOuts().size() > 3)
    return error() << "expects one to three outs (output, log-sum-exp, row "
                      "maxima), got "
                   << op.getOuts().size();
  SmallVector<int64_t> rowShape(ArrayRef(logitShape).drop_back());
  SmallVector<int64_t> outputShape = rowShape;
  outputShape.push_back(op.getValueDim());
  ShapedType output = op.getOutputType();
  if (failed(verifyCompatibleShape(output.getShape(), outputShape)))
    return error() << "expects an output of shape " << formatShape(outputShape)
                   << ", got " << formatShape(output.getShape());
  for (auto [out, name] : {std::pair{op.getLse(), "a log-sum-exp"},
                           std::pair{op.getMaxScores(), "row maxima"}}) {
    if (!out)
      continue;
    auto type = cast<ShapedType>(out.getType());
    if (failed(verifyCompatibleShape(type.getShape(), rowShape)))
      return error() << "expects " << name << " of shape "
                     << formatShape(rowShape) << ", got "
                     << formatShape(type.getShape());
    if (type.getElementType() != op.getComputeType())
      return error() << "expects " << name << " of element type "
                     << op.getComputeType() << ", got "
                     << type.getElementType();
  }
  return success();
}

LogicalResult SdpaVerifier::verifyScalars() {
  // sdpa_c10: one scale at most, finite.
  if (op.getScale() && op.getStaticScaleAttr())
    return error() << "expects one scale, got an operand and the constant "
                   << op.getStaticScaleAttr();
  if (op.getStaticScaleAttr() &&
      !op.isFiniteInComputeType(*op.getStaticScale()))
    return error() << "expects a scale that is finite in "
                   << op.getComputeType() << ", got "
                   << op.getStaticScaleAttr();
  // sdpa_c11: a positive, finite softcap.
  if (std::optional<APFloat> softcap = op.getSoftcap())
    if (!op.isFiniteInComputeType(*softcap) || softcap->isNegative() ||
        !op.isFiniteInComputeType(APFloat(1.0) / *softcap))
      return error() << "expects a softcap that is positive and, like its "
                        "inverse, finite in "
                     << op.getComputeType() << ", got " << op.getSoftcapAttr();
  return success();
}

LogicalResult SdpaVerifier::verifyBroadcastOperand(Value operand,
                                                   StringRef name,
                                                   ArrayRef<int64_t> target) {
  if (!operand)
    return success();
  auto type = cast<ShapedType>(operand.getType());
  if (!isBroadcastableTo(type.getShape(), target))
    return error() << "expects " << name << " to be broadcastable to "
                   << formatShape(target) << ", got shape "
                   << formatShape(type.getShape());
  return success();
}

LogicalResult SdpaVerifier::verifyDocuments() {
  // sdpa_c14: #attn.document and its operands come together.
  bool hasAttribute =
      llvm::any_of(getMembers(op.getStructureAttr()),
                   [](Attribute member) { return isa<DocumentAttr>(member); });
  bool hasOperands = op.getQueryDocuments() && op.getKeyDocuments();
  if (hasAttribute != hasOperands ||
      bool(op.getQueryDocuments()) != bool(op.getKeyDocuments()))
    return error() << "expects document ids of queries and keys exactly if the "
                      "structure holds #attn.document, got "
                   << (op.getQueryDocuments() || op.getKeyDocuments()
                           ? "documents"
                           : "#attn.document")
                   << " alone";
  if (!hasOperands)
    return success();
  SmallVector<int64_t> queryShape(
      ArrayRef(logitShape).take_front(op.getNumBatchDims()));
  SmallVector<int64_t> keyShape = queryShape;
  queryShape.push_back(logitShape[logitShape.size() - 2]);
  keyShape.push_back(logitShape.back());
  if (failed(verifyBroadcastOperand(op.getQueryDocuments(),
                                    "the documents of the queries",
                                    queryShape)) ||
      failed(verifyBroadcastOperand(op.getKeyDocuments(),
                                    "the documents of the keys", keyShape)))
    return failure();
  Type queryId =
      cast<ShapedType>(op.getQueryDocuments().getType()).getElementType();
  Type keyId =
      cast<ShapedType>(op.getKeyDocuments().getType()).getElementType();
  if (queryId != keyId)
    return error() << "expects document ids of one type, got " << queryId
                   << " and " << keyId;
  return success();
}

LogicalResult SdpaVerifier::verifySinks() {
  if (!op.getSinks())
    return success();
  // sdpa_c18: one sink for each head, or one for all.
  auto type = cast<ShapedType>(op.getSinks().getType());
  int64_t numHeads =
      op.hasHeadDim() ? query.getDimSize(query.getRank() - 3) : 1;
  if (type.getRank() != 1 ||
      (type.getDimSize(0) != 1 && !areCompatible(type.getDimSize(0), numHeads)))
    return error() << "expects sinks of shape " << formatShape({numHeads})
                   << " or [1], got " << formatShape(type.getShape());
  // sdpa_c19: rows without keys are zero then.
  if (op.getMaskedRow() != MaskedRow::Zero)
    return error() << "expects masked_row = zero beside sinks, got "
                   << stringifyMaskedRow(op.getMaskedRow());
  return success();
}

LogicalResult SdpaVerifier::verifyCumulativeLengths() {
  Value queries = op.getCuSeqlensQ(), keys = op.getCuSeqlensK();
  // sdpa_c21: both or none.
  if (bool(queries) != bool(keys))
    return error() << "expects cumulative lengths of queries and keys, got "
                      "those of "
                   << (queries ? "queries" : "keys") << " alone";
  if (!queries)
    return success();
  // sdpa_c22: vectors of one type, with one element at least.
  auto queryEnds = cast<ShapedType>(queries.getType());
  auto keyEnds = cast<ShapedType>(keys.getType());
  if (queryEnds.getRank() != 1 || keyEnds.getRank() != 1 ||
      queryEnds.getElementType() != keyEnds.getElementType() ||
      !areCompatible(queryEnds.getDimSize(0), keyEnds.getDimSize(0)) ||
      queryEnds.getDimSize(0) == 0 || keyEnds.getDimSize(0) == 0)
    return error() << "expects cumulative lengths that are two vectors of one "
                      "size, 1 at least, and one element type, got "
                   << queryEnds << " and " << keyEnds;
  return success();
}

SmallVector<int64_t> SdpaVerifier::getSequenceShape() {
  SmallVector<int64_t> shape(
      ArrayRef(logitShape).take_front(op.getNumBatchDims()));
  if (op.isRagged())
    shape.push_back(op.getNumSequences());
  return shape;
}

SmallVector<int64_t> SdpaVerifier::getPairShape() {
  SmallVector<int64_t> shape = getSequenceShape();
  llvm::append_range(shape,
                     ArrayRef(logitShape).drop_front(op.getNumBatchDims()));
  if (op.isRagged())
    shape[shape.size() - 2] = shape.back() = ShapedType::kDynamic;
  return shape;
}

LogicalResult SdpaVerifier::verify() {
  if (failed(verifyRanksAndTypes()) || failed(verifyDims()) ||
      failed(verifyBatchDims()) || failed(verifyOuts()) ||
      failed(verifyScalars()) || failed(verifyCumulativeLengths()))
    return failure();
  // sdpa_c12: bias; sdpa_c13: mask.
  SmallVector<int64_t> pairShape = getPairShape();
  if (failed(verifyBroadcastOperand(op.getBias(), "bias", pairShape)) ||
      failed(verifyBroadcastOperand(op.getMask(), "mask", pairShape)))
    return failure();
  if (failed(verifyDocuments()))
    return failure();
  // sdpa_c20: key lengths of sequences.
  if (failed(verifyBroadcastOperand(op.getKeyLengths(), "the key lengths",
                                    getSequenceShape())))
    return failure();
  return verifySinks();
}

/// sdpa_c17: a region reads memory at most. Operations of which nothing is
/// known (calls, until they are inlined) are taken at their word.
LogicalResult verifyReadsOnly(SdpaOp op, Region &region, StringRef name) {
  WalkResult result = region.walk([&](Operation *nested) {
    auto effects = dyn_cast<MemoryEffectOpInterface>(nested);
    if (!effects || !effects.hasEffect<MemoryEffects::Write>())
      return WalkResult::advance();
    op.emitOpError() << "expects the " << name
                     << " region to write no memory, got '" << nested->getName()
                     << "'";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Checks the arguments and the yielded type of a score or keep region.
LogicalResult verifyIndexedRegion(SdpaOp op, Region &region, StringRef name,
                                  Type leading, Type yielded) {
  if (region.empty())
    return success();
  SmallVector<Type> expected;
  if (leading)
    expected.push_back(leading);
  expected.append(op.getNumRegionIndices(), IndexType::get(op.getContext()));
  if (TypeRange(expected) != TypeRange(region.getArgumentTypes()))
    return op.emitOpError()
           << "expects the " << name << " region to have arguments ("
           << expected << "), got (" << region.getArgumentTypes() << ")";
  if (failed(verifyReadsOnly(op, region, name)))
    return failure();
  auto yield = dyn_cast_or_null<YieldOp>(
      region.front().empty() ? nullptr : &region.front().back());
  if (!yield)
    return op.emitOpError()
           << "expects the " << name << " region to end with attn.yield";
  if (yield.getValue().getType() != yielded)
    return op.emitOpError()
           << "expects the " << name << " region to yield " << yielded
           << ", got " << yield.getValue().getType();
  return success();
}

} // namespace

LogicalResult SdpaOp::verify() {
  // Segments of the generic form may take operands from each other.
  for (unsigned segment = 0; segment < 3; ++segment)
    if (getODSOperandIndexAndLength(segment).second != 1)
      return emitOpError("expects one query, one key and one value, got "
                         "operandSegmentSizes = ")
             << getProperties().operandSegmentSizes;
  return SdpaVerifier(*this).verify();
}

LogicalResult SdpaOp::verifyRegions() {
  // sdpa_c15: score region.
  if (failed(verifyIndexedRegion(*this, getScore(), "score", getComputeType(),
                                 getComputeType())))
    return failure();
  // sdpa_c16: keep region.
  return verifyIndexedRegion(*this, getKeep(), "keep", Type(),
                             IntegerType::get(getContext(), 1));
}
