//===- AttentionFuser.h - One attempt to fuse -------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONFUSER_H
#define ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONFUSER_H

#include "EmitExpr.h"
#include "FuseAttention.h"
#include "TensorLayout.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// Sizes of the parts that each loop of the root is split into, outermost
/// first.
using LoopParts = SmallVector<SmallVector<int64_t>>;

/// One attempt to fuse, for one choice of variables.
class AttentionFuser {
public:
  AttentionFuser(Contraction root, bool probabilityIsLhs,
                 const LoopParts &parts, unsigned candidate, bool hasUnitHead,
                 FunctionFacts &facts, const FusionOptions &options)
      : root(root), probabilityIsLhs(probabilityIsLhs), candidate(candidate),
        hasUnitHead(hasUnitHead), facts(facts),
        context(root.op.getContext(), facts), parts(parts), options(options) {}

  FusionResult fuse();
  std::optional<ExprContext::Split> getSplit() const { return context.split; }
  /// How many contractions may be that of query and key.
  unsigned getNumCandidates() const { return logits.numCandidates; }
  /// Whether the one dimension before the query is better a batch of one head.
  bool wantsUnitHead() const { return unitHeadIsWanted; }
  /// The loop, and the position in its parts, that a variable stands for;
  /// nothing for other variables.
  std::optional<std::pair<unsigned, unsigned>> getPart(unsigned var) const {
    auto found = partOfVariable.find(var);
    if (found == partOfVariable.end())
      return std::nullopt;
    return found->second;
  }

private:
  /// An operand of the op: a traced tensor and how it comes into layout.
  struct Operand {
    TracedOperand traced;
    Arrangement arrangement;
  };
  /// A tensor that is added to logits or masks them.
  struct LogitOperand {
    Value tensor;
    /// Null if the tensor broadcasts as it is.
    std::optional<Arrangement> arrangement;
  };
  /// Of each sequence, how many keys are in use: `length` plus `offset`.
  struct KeyLengths {
    const Expr *length;
    int64_t offset;
    /// A tensor of the lengths, or nothing: then they are computed.
    std::optional<LogitOperand> tensor;
  };
  /// What a row has one of: `factor` times the maximum or the log-sum-exp of
  /// its logits, or the sum of exponentials.
  struct RowValue {
    enum class Kind { Max, LogSumExp, Sum } kind;
    double factor;
  };
  /// Such values that are used elsewhere, in a tensor of the graph.
  struct RowUse {
    Value tensor;
    SmallVector<AffineExpr> indices;
    RowValue value;
  };

  LogicalResult fail(StringRef step, const Twine &reason,
                     const Twine &change = "", Operation *where = nullptr) {
    result.miss = MatchFailure{step, reason.str(), change.str(), where, true};
    return failure();
  }

  // FuseAttention.cpp, ChooseOperands.cpp and ClassifyMasks.cpp: matching.

  void setUpVariables();
  LogicalResult classifyLoops();
  LogicalResult matchExpressions();
  LogicalResult matchTail();
  LogicalResult chooseOperands();
  LogicalResult checkUses();
  SmallVector<Value> getReadTensors();
  LogicalResult classifyMasks();
  LogicalResult checkZeroed();
  LogicalResult classifySink();
  void classifyCondition(const Expr *condition, bool isNegated);
  bool classifyDocuments(const Expr *condition, bool isNegated);
  std::optional<LogitOperand> getIntegers(const Expr *expr,
                                          const Layout &layout);
  bool classifyKeyLengths(const Expr *condition, bool isNegated);
  /// The dimensions before the head.
  Layout getBatchLayout() const;
  bool isCheap(const Expr *expr);
  bool isSmall(const Expr *expr);
  const Expr *makeEmittable(const Expr *expr, const ExprEmitter &emitter);
  std::optional<LogitOperand> getLogitOperand(const Expr *expr);
  std::optional<LogitOperand> getLogitOperandAt(Value tensor,
                                                ArrayRef<AffineExpr> indices);
  std::optional<Operand> chooseOperand(ArrayRef<TracedOperand> path,
                                       Type elementType, const Layout &target,
                                       const Layout &required,
                                       bool mayBeScaled);
  bool mayMaskRows() const {
    return !logits.keep.empty() || logits.bias || hasScore();
  }
  bool hasScore() const { return logits.score != logits.base; }

  // RowResults.cpp: maxima and sums of rows that are used elsewhere.

  std::optional<RowValue> matchRowValue(const Expr *element) const;
  bool isInternal(Operation *user) const;
  void collectInternalOps();
  bool collectUsersToMove(Value tensor);
  bool noteRowValue(Value tensor, std::optional<RowValue::Kind> wanted = {});
  bool noteLogSumExps(Operation *user, unsigned depth = 0);
  bool noteDerivedValue(Value tensor);
  bool mayHaveEmptyRows() const;
  /// Whether the graph gives NaN where a row without keys has -inf.
  bool needsNaN(RowValue value) const;
  bool needsMaxScores() const;
  Value buildRowValue(ImplicitLocOpBuilder &b, SdpaOp op, RowValue value,
                      Type elementType);
  void replaceRowValues(ImplicitLocOpBuilder &b, SdpaOp op);

  // BuildAttention.cpp: the op.

  void build();
  void buildScale(ImplicitLocOpBuilder &b, SdpaOp op);
  void buildRegions(SdpaOp op);
  void buildSinks(ImplicitLocOpBuilder &b, SdpaOp op);
  void buildDocuments(ImplicitLocOpBuilder &b, SdpaOp op);
  void buildKeyLengths(ImplicitLocOpBuilder &b, SdpaOp op);
  Value buildLogitOperand(ImplicitLocOpBuilder &b, const LogitOperand &operand);
  /// Joins the two variables of grouped heads, dimension `head` and the next.
  Value joinHeads(ImplicitLocOpBuilder &b, Value tensor);
  Value splitHeads(ImplicitLocOpBuilder &b, Value tensor);
  DenseMap<unsigned, Value> getRegionVariables(OpBuilder &builder, Location loc,
                                               ValueRange indices);
  MaskedRow getMaskedRow();

  // DescribeFusion.cpp: the remark.

  void describe();
  void countSavings(StructuralMaskInterface structure);

  Contraction root;
  bool probabilityIsLhs;
  unsigned candidate;
  /// Whether a head of size one stands behind the one dimension before the
  /// query.
  bool hasUnitHead, unitHeadIsWanted = false;
  FunctionFacts &facts;
  ExprContext context;
  const LoopParts &parts;
  const FusionOptions &options;
  FusionResult result;

  /// Variables of each loop, and their compositions.
  SmallVector<Layout> loopVars;
  SmallVector<AffineExpr> loops;
  DenseMap<unsigned, std::pair<unsigned, unsigned>> partOfVariable;
  /// (lead..., i, j).
  Layout lead, logitLayout;
  unsigned queryVar = 0, keyVar = 0, columnVar = 0;
  /// The last two of `lead` are one dimension of the op: a head of the keys and
  /// a query head of its group.
  bool hasGroups = false;
  /// Whether keys and values have both as well.
  bool keysHaveGroups = false;

  const Expr *probability = nullptr;
  SoftmaxMatch softmax;
  LogitMatch logits;
  Operand query, key, value;
  double scale = 1.0;
  /// What the output is computed into, and the indices of its dimensions.
  Operation *replaced = nullptr;
  SmallVector<AffineExpr> outputIndices;
  std::optional<LogitOperand> mask, bias, sink, queryDocuments, keyDocuments;
  std::optional<KeyLengths> keyLengths;
  std::optional<double> constantSink;
  bool maskIsNegated = false;
  SmallVector<LogitMatch::Condition> regionConditions;
  SmallVector<RowUse> rowUses;
  /// Operations between the first matmul and the output, on the way from one to
  /// the other.
  llvm::SmallPtrSet<Operation *, 32> internalOps;
  /// Values that are used elsewhere and computed from row values alone, by the
  /// operations, each behind its operands.
  SmallVector<Value> derivedUses;
  llvm::SmallSetVector<Operation *, 8> derivedOps;
  /// Operations that use row values before the output is there.
  llvm::SmallSetVector<Operation *, 8> usersToMove;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONFUSER_H
