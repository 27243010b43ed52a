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
                 const LoopParts &parts, unsigned candidate,
                 FunctionFacts &facts, const FusionOptions &options)
      : root(root), probabilityIsLhs(probabilityIsLhs), candidate(candidate),
        facts(facts), context(root.op.getContext(), facts), parts(parts),
        options(options) {}

  FusionResult fuse();
  std::optional<ExprContext::Split> getSplit() const { return context.split; }
  /// How many contractions may be that of query and key.
  unsigned getNumCandidates() const { return logits.numCandidates; }
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
  /// A use of the log-sum-exp.
  struct LseUse {
    Value tensor;
    SmallVector<AffineExpr> indices;
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
  bool noteLogSumExp(Operation *op);
  LogicalResult classifyMasks();
  LogicalResult checkZeroed();
  LogicalResult classifySink();
  void classifyCondition(const Expr *condition, bool isNegated);
  bool classifyDocuments(const Expr *condition, bool isNegated);
  /// (batch..., row), the layout of documents.
  Layout getDocumentLayout(unsigned row) const;
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

  // BuildAttention.cpp: the op.

  void build();
  void buildScale(ImplicitLocOpBuilder &b, SdpaOp op);
  void buildRegions(SdpaOp op);
  void buildSinks(ImplicitLocOpBuilder &b, SdpaOp op);
  void buildDocuments(ImplicitLocOpBuilder &b, SdpaOp op);
  Value buildLogitOperand(ImplicitLocOpBuilder &b, const LogitOperand &operand);
  /// Joins the two variables of grouped heads, dimension `head` and the next.
  Value joinHeads(ImplicitLocOpBuilder &b, Value tensor);
  Value splitHeads(ImplicitLocOpBuilder &b, Value tensor);
  void replaceLse(ImplicitLocOpBuilder &b, Value lse);
  DenseMap<unsigned, Value> getRegionVariables(OpBuilder &builder, Location loc,
                                               ValueRange indices);
  MaskedRow getMaskedRow();

  // DescribeFusion.cpp: the remark.

  void describe();
  void countSavings(StructuralMaskInterface structure);

  Contraction root;
  bool probabilityIsLhs;
  unsigned candidate;
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
  std::optional<double> constantSink;
  bool maskIsNegated = false;
  SmallVector<LogitMatch::Condition> regionConditions;
  SmallVector<LseUse> lseUses;
};

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_LINALGTOATTN_ATTENTIONFUSER_H
