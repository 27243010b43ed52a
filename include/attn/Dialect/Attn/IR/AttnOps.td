//===- AttnOps.td - Operations -------------------------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_ATTNOPS_TD
#define ATTN_DIALECT_ATTN_IR_ATTNOPS_TD

include "attn/Dialect/Attn/IR/AttnAttrs.td"
include "attn/Dialect/Attn/IR/AttnDialect.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Attn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Attn_Dialect, mnemonic, traits>;

def Attn_Float : AnyTypeOf<[F16, BF16, F32, F64]>;
def Attn_FloatShaped : AnyTypeOf<[
  RankedTensorOf<[F16, BF16, F32, F64]>, MemRefOf<[F16, BF16, F32, F64]>],
  "ranked tensor or memref of f16, bf16, f32 or f64">;
def Attn_BoolShaped : AnyTypeOf<[RankedTensorOf<[I1]>, MemRefOf<[I1]>],
  "ranked tensor or memref of i1">;
def Attn_IdShaped : AnyTypeOf<[
  RankedTensorOf<[I32, I64, Index]>, MemRefOf<[I32, I64, Index]>],
  "ranked tensor or memref of i32, i64 or index">;

def Attn_SdpaOp : Attn_Op<"sdpa", [
    AttrSizedOperandSegments,
    SingleBlock,
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
      ["reifyResultShapes"]>
  ]> {
  let summary = "Scaled-dot-product attention";
  let description = [{
    Computes, for every batch index, query head and query `i`,

    ```
    s[j]   = scale * sum_d query[i, d] * key[j, d]
    s[j]   = softcap * tanh(s[j] / softcap)          if softcap is given
    s[j]   = s[j] + bias[i, j]                       if a bias is given
    s[j]   = score(s[j], b..., h, i, j)              if a score region is given
    s[j]   = -inf  unless every mask keeps (i, j)
    max    = max_j s[j]
    lse    = log(sum_j exp(s[j]) + exp(sink))        the second term if given
    out[i] = sum_j exp(s[j] - lse) * value[j]
    ```

    **Operands.** `query [B..., Hq, Lq, D]`, `key [B..., Hkv, Lk, D]`, `value
    [B..., Hkv, Lk, Dv]`, of one element type: f16, bf16, f32 or f64. Ranks from
    2 (no head, no batch) up; the leading batch dimensions broadcast from 1.
    `Hq` is a multiple of `Hkv`: query head `h` reads key head `h / (Hq / Hkv)`.
    `D` and `Dv` are static.

    - `scale`: a float scalar; or the attribute `static_scale`, printed as
      `scale = x`; 1/sqrt(D) if neither is given.
    - `bias`: floats, broadcastable to `[B..., Hq, Lq, Lk]` (aligned at the
      right, a missing dimension is one).
    - `mask`: i1, broadcastable likewise; true keeps, false masks.
    - `sinks`: floats `[Hq]`, or `[1]` for all heads: a logit more in the
      denominator, that no value belongs to. A row whose keys are all masked
      gives zeros then, so `masked_row` must be `zero`.
    - `documents`: two tensors of integers, broadcastable to `[B..., Lq]` and
      `[B..., Lk]`, read by `#attn.document`.
    - `key_lengths`: integers, broadcastable to `[B...]`: how many keys and values
      of a sequence are there, clamped to `[0, Lk]`. All is as if `key` and `value`
      ended there: the end of `bottom_right`, the mean of `uniform`.
    - `cu_seqlens`: two vectors of S + 1 integers, the cumulative lengths of S
      sequences that lie behind one another in the rows of the queries, and in
      those of the keys; see below.
    - `outs`: the destination `[B..., Hq, Lq, Dv]`; optionally, that of the
      log-sum-exp `[B..., Hq, Lq]` (f32; f64 for f64 operands; natural
      logarithm; -inf for a fully masked row); and, after it, that of the
      maxima of rows, of the same type and shape (of logits without sinks, in
      natural units; -inf for a fully masked row). Their former contents are
      not read.

    **Masks.** `structure` holds a structural mask; `mask` an i1 tensor; the
    `keep` region computes a predicate from the indices `(b..., h, i, j)`. A
    pair is masked unless all of them keep it. Keys and values at masked
    positions are never observed: a NaN there cannot reach the output. A row is
    fully masked if all its logits are masked or -inf; `masked_row` says what
    its output is: `zero` (the default), `nan`, or `uniform` (the mean of all
    values).

    **Ragged batches.** With `cu_seqlens` every batch holds S sequences without
    padding: sequence `s` has the queries `cu_seqlens_q[s] <= i < cu_seqlens_q[s +
    1]` and the keys `cu_seqlens_k[s] <= j < cu_seqlens_k[s + 1]`, and all is as if
    the op computed it by itself. Lengths and positions, those of masks, biases and
    regions, are those within the sequence. What has a row for each query or key
    (`query`, `key`, `value`, `documents`, `outs`) is packed; what has an element
    for each pair, or one for each sequence, has a dimension of sequences in front
    of that of heads: `bias` and `mask` are broadcastable to `[B..., S, Hq, Mq, Mk]`,
    where `Mq` and `Mk` are at least as large as any length, `key_lengths` to
    `[B..., S]`; regions take the index of the sequence in front of that of the
    head. Both vectors begin with 0, never descend and end at `Lq` and `Lk` at most,
    which is checked at run time. Queries behind the last sequence see no keys.

    **Regions.** `score` maps a logit, in natural units, and its indices to a
    new logit. Regions may capture values from above and read memory, but not
    write it. They may be evaluated for any pair `i < Lq`, `j < Lk` (of a
    sequence), any number of times, also where the pair is masked.

    Softmax and accumulation are in f32 (f64 for f64 operands).

    On tensors the op returns one result per destination and has the effects of
    its regions only; on memrefs it returns none and writes the destinations.

    Example:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<2x8x77x64xf16>)
                   key(%k : tensor<2x2x99x64xf16>)
                   value(%v : tensor<2x2x99x64xf16>)
                   structure(#attn.causal<bottom_right>)
                   outs(%init : tensor<2x8x77x64xf16>) -> tensor<2x8x77x64xf16>

    %1 = attn.sdpa query(%q : tensor<2x8x77x64xf16>)
                   key(%k : tensor<2x2x99x64xf16>)
                   value(%v : tensor<2x2x99x64xf16>)
                   scale = 1.250000e-01
                   score(%s: f32, %b: index, %h: index, %i: index, %j: index) {
                     %slope = tensor.extract %slopes[%h] : tensor<8xf32>
                     %d = arith.subi %j, %i : index
                     %d1 = arith.index_cast %d : index to i32
                     %d2 = arith.sitofp %d1 : i32 to f32
                     %alibi = arith.mulf %slope, %d2 : f32
                     %t = arith.addf %s, %alibi : f32
                     attn.yield %t : f32
                   }
                   outs(%init : tensor<2x8x77x64xf16>) -> tensor<2x8x77x64xf16>

    // Three sequences in 100 rows.
    %2 = attn.sdpa query(%q : tensor<8x100x64xf16>)
                   key(%k : tensor<2x100x64xf16>)
                   value(%v : tensor<2x100x64xf16>)
                   cu_seqlens(%ends, %ends : tensor<4xi32>, tensor<4xi32>)
                   structure(#attn.causal<top_left>)
                   outs(%init : tensor<8x100x64xf16>) -> tensor<8x100x64xf16>
    ```

    The order of the steps is that of ONNX's `Attention` operator.
  }];

  let arguments = (ins
    Attn_FloatShaped:$query,
    Attn_FloatShaped:$key,
    Attn_FloatShaped:$value,
    Optional<Attn_Float>:$scale,
    Optional<Attn_FloatShaped>:$bias,
    Optional<Attn_BoolShaped>:$mask,
    Optional<Attn_FloatShaped>:$sinks,
    Optional<Attn_IdShaped>:$query_documents,
    Optional<Attn_IdShaped>:$key_documents,
    Optional<Attn_IdShaped>:$key_lengths,
    Optional<Attn_IdShaped>:$cu_seqlens_q,
    Optional<Attn_IdShaped>:$cu_seqlens_k,
    Variadic<Attn_FloatShaped>:$outs,
    OptionalAttr<F64Attr>:$static_scale,
    OptionalAttr<F64Attr>:$softcap,
    OptionalAttr<Attn_StructuralMaskInterface>:$structure,
    DefaultValuedAttr<Attn_MaskedRowAttr,
      "::mlir::attn::MaskedRow::Zero">:$masked_row,
    DefaultValuedAttr<Attn_BackendAttr, "::mlir::attn::Backend::Auto">:$backend,
    OptionalAttr<Attn_ScheduleInterface>:$schedule
  );
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$keep);

  let assemblyFormat = [{
    `query` `(` $query `:` type($query) `)`
    `key` `(` $key `:` type($key) `)`
    `value` `(` $value `:` type($value) `)`
    custom<Scale>($scale, type($scale), $static_scale)
    (`softcap` `=` $softcap^)?
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`sinks` `(` $sinks^ `:` type($sinks) `)`)?
    (`documents` `(` $query_documents^ `,` $key_documents `:`
        type($query_documents) `,` type($key_documents) `)`)?
    (`key_lengths` `(` $key_lengths^ `:` type($key_lengths) `)`)?
    (`cu_seqlens` `(` $cu_seqlens_q^ `,` $cu_seqlens_k `:`
        type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`)?
    (`structure` `(` $structure^ `)`)?
    (`masked_row` `=` `` $masked_row^)?
    (`backend` `=` `` $backend^)?
    (`schedule` `=` $schedule^)?
    custom<ScoreRegion>($score)
    custom<KeepRegion>($keep)
    `outs` `(` $outs `:` type($outs) `)`
    attr-dict (`->` type($results)^)?
  }];

  let builders = [
    OpBuilder<(ins "::mlir::Value":$query, "::mlir::Value":$key,
                   "::mlir::Value":$value, "::mlir::ValueRange":$outs)>
  ];

  let extraClassDeclaration = [{
    /// The type that logits, softmax and accumulators have: f32, or f64 for f64
    /// operands. Score regions take and yield it; log-sum-exp and row maxima
    /// have it.
    FloatType getComputeType();
    /// Whether a value is finite once rounded to that type.
    bool isFiniteInComputeType(APFloat value);

    ShapedType getQueryType() { return cast<ShapedType>(getQuery().getType()); }
    ShapedType getKeyType() { return cast<ShapedType>(getKey().getType()); }
    ShapedType getValueType() { return cast<ShapedType>(getValue().getType()); }

    /// The destination of the output, and those of the log-sum-exp and of the
    /// row maxima or null. There is a log-sum-exp wherever there are maxima.
    Value getOutput() { return getOuts().front(); }
    Value getLse() { return getOuts().size() > 1 ? getOuts()[1] : Value(); }
    Value getMaxScores() {
      return getOuts().size() > 2 ? getOuts()[2] : Value();
    }
    ShapedType getOutputType() { return cast<ShapedType>(getOutput().getType()); }

    int64_t getRank() { return getQueryType().getRank(); }
    /// The number of dimensions before the head: 0 for ranks 2 and 3.
    int64_t getNumBatchDims() { return std::max<int64_t>(getRank() - 3, 0); }
    bool hasHeadDim() { return getRank() > 2; }
    /// D and Dv, which are static.
    int64_t getHeadDim() { return getQueryType().getShape().back(); }
    int64_t getValueDim() { return getValueType().getShape().back(); }
    /// Lq, Lk, Hq and Hkv; `ShapedType::kDynamic` where unknown, heads are one
    /// for rank 2.
    int64_t getNumQueries() { return getQueryType().getDimSize(getRank() - 2); }
    int64_t getNumKeys() { return getKeyType().getDimSize(getRank() - 2); }
    /// Whether a batch holds sequences of any lengths, by `cu_seqlens`.
    bool isRagged() { return bool(getCuSeqlensQ()); }
    /// The number of these sequences, if it is known.
    int64_t getNumSequences() {
      int64_t size =
          cast<ShapedType>(getCuSeqlensQ().getType()).getDimSize(0);
      return ShapedType::isDynamic(size) ? size : size - 1;
    }
    /// The lengths that all sequences of queries and of keys have, if known.
    int64_t getUsedQueries() {
      return isRagged() ? ShapedType::kDynamic : getNumQueries();
    }
    int64_t getUsedKeys() {
      return isRagged() || getKeyLengths() ? ShapedType::kDynamic
                                           : getNumKeys();
    }
    /// The number of indices that regions take: (b..., s?, h, i, j).
    int64_t getNumRegionIndices() { return getRank() + isRagged(); }
    int64_t getNumQueryHeads();
    int64_t getNumKeyHeads();

    MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }

    /// The scale if it is known at compile time: `static_scale`, or 1/sqrt(D)
    /// if there is no scale operand either.
    std::optional<double> getConstantScale();

    bool hasScoreRegion() { return !getScore().empty(); }
    bool hasKeepRegion() { return !getKeep().empty(); }
    /// Whether any of `structure`, `mask`, `keep` and `key_lengths` is present.
    bool isMasked();

    bool hasTensorSemantics() { return isa<TensorType>(getQuery().getType()); }
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

def Attn_TransposeOp : Attn_Op<"transpose", [Pure,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
      ["reifyResultShapes"]>
  ]> {
  let summary = "Tensor with its dimensions in another order, as a view";
  let description = [{
    Dimension `d` of the result is dimension `permutation[d]` of the source.

    Unlike `linalg.transpose`, which moves elements, it bufferizes to a view
    (`memref.transpose`): `attn.sdpa` reads and writes memory of any strides, so
    transposes around it cost nothing.

    Example:

    ```mlir
    %t = attn.transpose %x [0, 2, 1, 3]
           : tensor<2x77x8x64xf16> -> tensor<2x8x77x64xf16>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source,
                       DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $source $permutation attr-dict `:` type($source) `->` type($result)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$source,
                   "::llvm::ArrayRef<int64_t>":$permutation)>
  ];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Attn_Exp2WordsOp : Attn_Op<"exp2_words", [Pure]> {
  let summary = "Powers of two, in bf16, of fixed-point numbers of 16 bits";
  let description = [{
    `2^((w - 2) / 512 - 127)` of every word `w`, without a sign: its high 7 bits
    are the exponent of the result, and two is half of what is dropped of the
    others. The relative error is 2^-7.3 at most, rounding to bf16 included. Words
    below 512 give results below the normal range, and zero and one give zero.

    `attn-expand-exp2` replaces it, for CPUs with AVX512-VBMI.

    Example:

    ```mlir
    %p = attn.exp2_words %w : vector<32xi16> -> vector<32xbf16>
    ```
  }];
  let arguments = (ins VectorOfLengthAndType<[32], [I16]>:$words);
  let results = (outs VectorOfLengthAndType<[32], [BF16]>:$result);
  let assemblyFormat = "$words attr-dict `:` type($words) `->` type($result)";
}

def Attn_AssertOp : Attn_Op<"assert", [MemoryEffects<[MemWrite]>]> {
  let summary = "Fails, with a number in the message";
  let description = [{
    `cf.assert` with `{}` in the message standing for a number that is known when
    the program runs, such as the index of a sequence.

    Example:

    ```mlir
    attn.assert %rises, "cu_seqlens_q descends at sequence {}", %s
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message, Index:$number);
  let assemblyFormat = "$condition `,` $message `,` $number attr-dict";
  let hasVerifier = 1;
}

def Attn_YieldOp : Attn_Op<"yield", [Pure, Terminator,
    ParentOneOf<["::mlir::attn::SdpaOp"]>]> {
  let summary = "Ends a score or keep region";
  let description = [{
    Yields the new logit of a `score` region, or the predicate (i1) of a `keep`
    region.

    Example: `attn.yield %s : f32`
  }];
  let arguments = (ins AnyTypeOf<[I1, F32, F64]>:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // ATTN_DIALECT_ATTN_IR_ATTNOPS_TD
