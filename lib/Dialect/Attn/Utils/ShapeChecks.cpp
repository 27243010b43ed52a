//===- ShapeChecks.cpp - Shapes at run time ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "attn/Dialect/Attn/Utils/Sequences.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

/// A dimension of an operand, with the words for it. Without an operand, one
/// that is checked elsewhere.
struct Dim {
  Value operand;
  int64_t index = 0;
  StringRef name;

  int64_t getSize() const {
    return cast<ShapedType>(operand.getType()).getDimSize(index);
  }
};

class ShapeChecker {
public:
  ShapeChecker(OpBuilder &builder, SdpaOp op, bool readsElements)
      : b(op.getLoc(), builder), op(op), readsElements(readsElements) {}

  void check();

private:
  Value getSize(Dim dim) {
    if (!ShapedType::isDynamic(dim.getSize()))
      return arith::ConstantIndexOp::create(b, dim.getSize());
    if (isa<MemRefType>(dim.operand.getType()))
      return memref::DimOp::create(b, dim.operand, dim.index);
    return tensor::DimOp::create(b, dim.operand, dim.index);
  }

  /// Asserts equality unless the types show it.
  void checkEqual(Dim lhs, Dim rhs, StringRef what) {
    if (lhs.operand == rhs.operand && lhs.index == rhs.index)
      return;
    if (!ShapedType::isDynamic(lhs.getSize()) &&
        !ShapedType::isDynamic(rhs.getSize()))
      return;
    Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                        getSize(lhs), getSize(rhs));
    cf::AssertOp::create(b, equal,
                         ("attn.sdpa: the " + what + " of " + lhs.name +
                          " differs from that of " + rhs.name)
                             .str());
  }

  /// Asserts that an operand, aligned at the right, broadcasts to dimensions. A
  /// dimension broadcasts only if it is statically one.
  void checkBroadcast(Value operand, StringRef name, ArrayRef<Dim> target) {
    if (!operand)
      return;
    int64_t rank = cast<ShapedType>(operand.getType()).getRank();
    for (int64_t d = 0; d < rank; ++d) {
      Dim dim{operand, d, name};
      const Dim &other = target[target.size() - rank + d];
      if (dim.getSize() != 1 && other.operand)
        checkEqual(dim, other, "size");
    }
  }

  void checkHeads();
  void checkCumulativeLengths(Dim ends);
  void checkSequenceDim(Value operand, StringRef name, int64_t numTrailing);
  void checkSequences(Dim numQueries, Dim numKeys);

  ImplicitLocOpBuilder b;
  SdpaOp op;
  bool readsElements;
};

void ShapeChecker::checkHeads() {
  int64_t d = op.getRank() - 3;
  Dim query{op.getQuery(), d, "query"}, key{op.getKey(), d, "key"},
      value{op.getValue(), d, "value"};
  checkEqual(key, value, "number of heads");
  if (!ShapedType::isDynamic(query.getSize()) &&
      !ShapedType::isDynamic(key.getSize()))
    return;
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value keyHeads = arith::MaxSIOp::create(b, getSize(key), one);
  Value rest = arith::RemSIOp::create(b, getSize(query), keyHeads);
  Value divides =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, zero);
  // No key head serves no query head only.
  Value hasKeyHeads =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, getSize(key), zero);
  Value hasNoQueryHeads =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, getSize(query), zero);
  Value served = arith::OrIOp::create(b, hasKeyHeads, hasNoQueryHeads);
  divides = arith::AndIOp::create(b, divides, served);
  cf::AssertOp::create(b, divides,
                       "attn.sdpa: the number of heads of query is no multiple "
                       "of that of key");
}

/// Asserts that there is a first cumulative length, and that it is zero.
void ShapeChecker::checkCumulativeLengths(Dim ends) {
  using P = arith::CmpIPredicate;
  Value zero = arith::ConstantIndexOp::create(b, 0);
  if (ShapedType::isDynamic(ends.getSize())) {
    Value hasFirst = arith::CmpIOp::create(b, P::ne, getSize(ends), zero);
    cf::AssertOp::create(b, hasFirst,
                         ("attn.sdpa: " + ends.name + " is empty").str());
  }
  Value first = loadIndex(b, ends.operand, zero);
  cf::AssertOp::create(
      b, arith::CmpIOp::create(b, P::eq, first, zero),
      ("attn.sdpa: " + ends.name + " does not begin with 0").str());
}

/// Asserts that an operand has an element for each sequence; `numTrailing`
/// dimensions follow that of the sequences.
void ShapeChecker::checkSequenceDim(Value operand, StringRef name,
                                    int64_t numTrailing) {
  if (!operand)
    return;
  Dim dim{operand,
          cast<ShapedType>(operand.getType()).getRank() - 1 - numTrailing,
          name};
  int64_t numSequences = op.getNumSequences();
  if (dim.index < 0 || dim.getSize() == 1 ||
      (!ShapedType::isDynamic(dim.getSize()) &&
       !ShapedType::isDynamic(numSequences)))
    return;
  Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, getSize(dim),
                                      buildNumSequences(b, op));
  cf::AssertOp::create(b, equal,
                       ("attn.sdpa: the number of sequences of " + name +
                        " differs from that of cu_seqlens_q")
                           .str());
}

/// Asserts that cumulative lengths never descend and end within the rows, and
/// that a bias or mask has room for every sequence.
void ShapeChecker::checkSequences(Dim numQueries, Dim numKeys) {
  using P = arith::CmpIPredicate;
  Dim queryEnds{op.getCuSeqlensQ(), 0, "cu_seqlens_q"};
  Dim keyEnds{op.getCuSeqlensK(), 0, "cu_seqlens_k"};
  checkEqual(queryEnds, keyEnds, "size");
  if (readsElements) {
    checkCumulativeLengths(queryEnds);
    checkCumulativeLengths(keyEnds);
  }
  int64_t numPairDims = op.hasHeadDim() ? 3 : 2;
  checkSequenceDim(op.getBias(), "bias", numPairDims);
  checkSequenceDim(op.getMask(), "mask", numPairDims);
  checkSequenceDim(op.getKeyLengths(), "key lengths", 0);
  if (!readsElements)
    return;
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, zero, buildNumSequences(b, op), one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value sequence = loop.getInductionVar();
  auto require = [&](P predicate, Value lhs, Value rhs, const Twine &message) {
    AssertOp::create(b, arith::CmpIOp::create(b, predicate, lhs, rhs),
                     ("attn.sdpa: " + message).str(), sequence);
  };
  for (auto [ends, rows, fromEnd, kind] :
       {std::tuple{queryEnds, numQueries, 2, "queries"},
        std::tuple{keyEnds, numKeys, 1, "keys"}}) {
    SequenceRows part = buildSequenceRows(b, ends.operand, sequence);
    Value end = arith::AddIOp::create(b, part.begin, part.size);
    require(P::sge, end, part.begin,
            Twine(ends.name) + " descends at sequence {}");
    require(P::sle, end, getSize(rows),
            Twine("sequence {} ends behind the rows of ") + rows.name);
    for (auto [operand, name] :
         {std::pair{op.getBias(), "bias"}, std::pair{op.getMask(), "mask"}}) {
      if (!operand)
        continue;
      int64_t rank = cast<ShapedType>(operand.getType()).getRank();
      Dim dim{operand, rank - fromEnd, name};
      if (dim.index >= 0 && dim.getSize() != 1)
        require(P::sle, part.size, getSize(dim),
                Twine("sequence {} has more ") + kind + " than the " + name);
    }
  }
}

void ShapeChecker::check() {
  int64_t rank = op.getRank();
  Dim numQueries{op.getQuery(), rank - 2, "query"};
  Dim numKeys{op.getKey(), rank - 2, "key"};
  checkEqual(numKeys, {op.getValue(), rank - 2, "value"}, "length");
  checkEqual({op.getOutput(), rank - 2, "output"}, numQueries, "length");
  SmallVector<Dim> logits;
  for (int64_t d = 0; d < op.getNumBatchDims(); ++d) {
    logits.push_back({op.getOutput(), d, "output"});
    for (auto [operand, name] :
         {std::pair{op.getQuery(), "query"}, std::pair{op.getKey(), "key"},
          std::pair{op.getValue(), "value"}}) {
      Dim dim{operand, d, name};
      if (dim.getSize() != 1)
        checkEqual(dim, logits.back(), "batch size");
    }
  }
  SmallVector<Dim> batch = logits;
  if (op.hasHeadDim()) {
    checkHeads();
    Dim heads{op.getQuery(), rank - 3, "query"};
    checkEqual({op.getOutput(), rank - 3, "output"}, heads, "number of heads");
    logits.push_back(heads);
  }
  logits.push_back(numQueries);
  // A destination does not broadcast.
  for (auto [out, name] : {std::pair{op.getLse(), "log-sum-exp"},
                           std::pair{op.getMaxScores(), "row maxima"}})
    if (out)
      for (auto [d, dim] : llvm::enumerate(logits))
        checkEqual({out, (int64_t)d, name}, dim, "size");
  logits.push_back(numKeys);
  SmallVector<Dim> sequences = batch, pairs = logits;
  if (op.isRagged()) {
    checkSequences(numQueries, numKeys);
    sequences.emplace_back();
    pairs.insert(pairs.begin() + batch.size(), Dim());
    pairs[pairs.size() - 2] = pairs.back() = Dim();
  }
  checkBroadcast(op.getBias(), "bias", pairs);
  checkBroadcast(op.getMask(), "mask", pairs);
  checkBroadcast(op.getKeyLengths(), "key lengths", sequences);
  if (Value sinks = op.getSinks())
    if (Dim heads{sinks, 0, "sinks"}; heads.getSize() != 1 && op.hasHeadDim())
      checkEqual(heads, {op.getQuery(), rank - 3, "query"}, "number of heads");
  batch.push_back(numQueries);
  checkBroadcast(op.getQueryDocuments(), "query documents", batch);
  batch.back() = numKeys;
  checkBroadcast(op.getKeyDocuments(), "key documents", batch);
}

} // namespace

void attn::buildShapeChecks(OpBuilder &builder, SdpaOp op, bool readsElements) {
  ShapeChecker(builder, op, readsElements).check();
}
