//===- AttnAttrs.td - Attributes and enums -------------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_ATTNATTRS_TD
#define ATTN_DIALECT_ATTN_IR_ATTNATTRS_TD

include "attn/Dialect/Attn/IR/AttnDialect.td"
include "attn/Dialect/Attn/IR/AttnInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class Attn_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::attn";
  let genSpecializedAttr = 0;
}

def Attn_Alignment : Attn_I32Enum<"Alignment",
    "Which corner of the Lq x Lk logits the diagonal starts or ends in", [
  I32EnumAttrCase<"TopLeft", 0, "top_left">,
  I32EnumAttrCase<"BottomRight", 1, "bottom_right">]>;

def Attn_MaskedRow : Attn_I32Enum<"MaskedRow",
    "The result of a query that sees no key", [
  I32EnumAttrCase<"Zero", 0, "zero">,
  I32EnumAttrCase<"NaN", 1, "nan">,
  I32EnumAttrCase<"Uniform", 2, "uniform">]>;

def Attn_Backend : Attn_I32Enum<"Backend", "The lowering that an op takes", [
  I32EnumAttrCase<"Auto", 0, "auto">,
  I32EnumAttrCase<"Flash", 1, "flash">,
  I32EnumAttrCase<"Efficient", 2, "efficient">,
  I32EnumAttrCase<"Math", 3, "math">]>;

def Attn_Exp2Form : Attn_I32Enum<"Exp2Form",
    "How a vector of exp2 is computed", [
  I32EnumAttrCase<"Portable", 0, "portable">,
  I32EnumAttrCase<"AVX512", 1, "avx512">,
  I32EnumAttrCase<"AVX512Short", 2, "avx512_short">]>;

def Attn_DotUnit : Attn_I32Enum<"DotUnit",
    "What multiplies the matrices of a CPU kernel", [
  I32EnumAttrCase<"FMA", 0, "fma">,
  I32EnumAttrCase<"BF16", 1, "bf16">,
  I32EnumAttrCase<"AMX", 2, "amx">]>;

def Attn_DotUnitParameter : EnumParameter<Attn_DotUnit> {
  let defaultValue = "::mlir::attn::DotUnit::FMA";
}

def Attn_MaskedRowAttr : EnumAttr<Attn_Dialect, Attn_MaskedRow, "masked_row"> {
  let assemblyFormat = "$value";
}

def Attn_BackendAttr : EnumAttr<Attn_Dialect, Attn_Backend, "backend"> {
  let assemblyFormat = "$value";
}

//===----------------------------------------------------------------------===//
// Structural masks
//===----------------------------------------------------------------------===//

class Attn_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Attn_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

class Attn_StructuralMask<string name, string attrMnemonic>
    : Attn_Attr<name, attrMnemonic,
        [DeclareAttrInterfaceMethods<Attn_StructuralMaskInterface>]>;

def Attn_CausalAttr : Attn_StructuralMask<"Causal", "causal"> {
  let summary = "A query sees the keys up to its own position";
  let description = [{
    Keeps key `j` for query `i` iff `j <= i + offset`. The offset is 0 for
    `top_left` (PyTorch's `is_causal`, `causal_upper_left`) and `Lk - Lq` for
    `bottom_right` (`causal_lower_right`, decoding with a cache), so that the
    last query sees all keys.

    Example: `#attn.causal<top_left>`
  }];
  let parameters = (ins EnumParameter<Attn_Alignment>:$alignment);
  let assemblyFormat = "`<` $alignment `>`";
}

def Attn_WindowAttr : Attn_StructuralMask<"Window", "window"> {
  let summary = "A query sees the keys within a distance of its own position";
  let description = [{
    Keeps key `j` for query `i` iff `i + offset - left <= j <= i + offset +
    right`; -1 leaves a side unbounded, and 2^61 - 1 is the largest bound. The
    offset is as for `#attn.causal`, with `top_left` as the default.

    Example: `#attn.window<128, 0>`, `#attn.window<128, -1, bottom_right>`
  }];
  let parameters = (ins "int64_t":$left, "int64_t":$right,
    DefaultValuedParameter<"::mlir::attn::Alignment",
      "::mlir::attn::Alignment::TopLeft">:$alignment);
  let extraClassDeclaration = [{
    /// Leaves room to add an index of any tensor, in IR too.
    static constexpr int64_t largestBound = (int64_t(1) << 61) - 1;
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Attn_PrefixAttr : Attn_StructuralMask<"Prefix", "prefix"> {
  let summary = "Causal, but every query sees the first keys";
  let description = [{
    Keeps key `j` for query `i` iff `j < length` or `j <= i + offset` (prefix
    language models). The offset is as for `#attn.causal`, with `top_left` as
    the default.

    Example: `#attn.prefix<32>`, `#attn.prefix<32, bottom_right>`
  }];
  let parameters = (ins "int64_t":$length,
    DefaultValuedParameter<"::mlir::attn::Alignment",
      "::mlir::attn::Alignment::TopLeft">:$alignment);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Attn_DocumentAttr : Attn_StructuralMask<"Document", "document"> {
  let summary = "A query sees the keys of its own document";
  let description = [{
    Keeps key `j` for query `i` iff their document ids, given by the operands
    `documents` of the op, are equal.

    Example: `#attn.document`
  }];
}

def Attn_AllOfAttr : Attn_StructuralMask<"AllOf", "all_of"> {
  let summary = "The conjunction of structural masks";
  let description = [{
    Keeps what every member keeps: everything, if there is none.

    Example: `#attn.all_of<[#attn.causal<top_left>, #attn.document]>`
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$members);
  let assemblyFormat = "`<` custom<Members>($members) `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

def Attn_CPUScheduleAttr : Attn_Attr<"CPUSchedule", "cpu_schedule",
    [DeclareAttrInterfaceMethods<Attn_ScheduleInterface>]> {
  let summary = "Tile sizes of the CPU kernel";
  let description = [{
    The kernel computes transposed logits with queries in vector lanes:

    - `vector_size`: f32 lanes of one vector register;
    - `query_vectors`: vectors of queries in a group, the columns of a register
      tile;
    - `key_rows`: rows (keys) of the register tile of `key . query^T`;
    - `value_rows`: rows (value columns) of the register tile of
      `value^T . p^T`;
    - `block_keys`: keys per step of the online softmax, a multiple of
      `key_rows`;
    - `exp2`: the form of the exponential, `portable`, `avx512`, or, for
      probabilities that are rounded to bf16, `avx512_short`;
    - `query_groups` (1): groups of queries in a tile. A tile holds
      `vector_size * query_vectors * query_groups` queries, which share what is
      copied of a block of keys and values;
    - `dot` (`fma`): what multiplies. `bf16` takes pairs of bf16 and adds two
      products to an f32 at a time; keys are read in place, values are packed by
      pairs of keys, and probabilities are rounded to bf16. `amx` does the same
      in tile registers, 32 keys at a time: values are packed once a head where
      that saves work. It takes f16 too, each as the sum of two bf16;
    - `split_keys` (0: not split): few queries of long sequences are split over
      the keys. Parts of that many keys are computed in parallel and put together
      in their order, so that neither threads nor their number change the result;
    - `row_queries` (0): columns of keys and values go into lanes, instead of
      queries, for that many queries: all that there are. Every key and value is
      read once, in the order of memory;
    - `min_tiles` (0): tiles have fewer groups, one at least, where sizes that
      only the run time knows would make fewer tiles than that. Of several
      schedules for a ragged batch the last one does so.

    Example: `#attn.cpu_schedule<vector_size = 16, query_vectors = 2,
    key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512,
    query_groups = 4, dot = bf16>`
  }];
  let parameters = (ins "int64_t":$vector_size, "int64_t":$query_vectors,
    "int64_t":$key_rows, "int64_t":$value_rows, "int64_t":$block_keys,
    EnumParameter<Attn_Exp2Form>:$exp2,
    DefaultValuedParameter<"int64_t", "1">:$query_groups,
    Attn_DotUnitParameter:$dot,
    DefaultValuedParameter<"int64_t", "0">:$split_keys,
    DefaultValuedParameter<"int64_t", "0">:$row_queries,
    DefaultValuedParameter<"int64_t", "0">:$min_tiles);
  let extraClassDeclaration = [{
    /// Queries of a group and, at most, of a tile.
    int64_t getGroupQueries() const {
      return getVectorSize() * getQueryVectors();
    }
    int64_t getTileQueries() const {
      return getGroupQueries() * getQueryGroups();
    }
  }];
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Attn_CPURaggedScheduleAttr : Attn_Attr<"CPURaggedSchedule",
    "cpu_ragged_schedule",
    [DeclareAttrInterfaceMethods<Attn_ScheduleInterface>]> {
  let summary = "CPU kernels for the sequences of a ragged batch";
  let description = [{
    `#attn.cpu_schedule`s in the order in which sequences are asked: one with
    `row_queries` takes sequences of as many queries, one without takes those
    that fit into a tile, and the last one, which has no `row_queries`, takes all
    others, tile by tile, and does not split keys. Where so many heads share a
    key head, and nothing else tells them apart, `row_queries` are the rows that
    these heads have of one query.

    Example: `#attn.cpu_ragged_schedule<[#attn.cpu_schedule<...>,
    #attn.cpu_schedule<...>]>`
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$members);
  let assemblyFormat = "`<` custom<Members>($members) `>`";
  let genVerifyDecl = 1;
}

#endif // ATTN_DIALECT_ATTN_IR_ATTNATTRS_TD
