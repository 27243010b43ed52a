//===- AttnGPUTypes.td - Types ---------------------------- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class AttnGPU_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<AttnGPU_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class AttnGPU_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::attn_gpu";
  let genSpecializedAttr = 0;
}

def AttnGPU_Swizzle : AttnGPU_I32Enum<"Swizzle",
    "How the 16-byte chunks of a row are permuted in shared memory", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"B32", 32, "b32">,
  I32EnumAttrCase<"B64", 64, "b64">,
  I32EnumAttrCase<"B128", 128, "b128">]>;

def AttnGPU_Eviction : AttnGPU_I32Enum<"Eviction",
    "What the L2 cache does with data that a copy reads", [
  I32EnumAttrCase<"Normal", 0, "normal">,
  I32EnumAttrCase<"First", 1, "first">,
  I32EnumAttrCase<"Last", 2, "last">]>;

def AttnGPU_EvictionAttr
    : EnumAttr<AttnGPU_Dialect, AttnGPU_Eviction, "eviction"> {
  let assemblyFormat = "$value";
}

def AttnGPU_Reduction : AttnGPU_I32Enum<"Reduction",
    "How the elements of a row are combined", [
  I32EnumAttrCase<"Max", 0, "max">,
  I32EnumAttrCase<"Add", 1, "add">,
  I32EnumAttrCase<"Finite", 2, "finite">]>;

def AttnGPU_ReductionAttr
    : EnumAttr<AttnGPU_Dialect, AttnGPU_Reduction, "reduction"> {
  let assemblyFormat = "$value";
}

def AttnGPU_SwizzleAttr
    : EnumAttr<AttnGPU_Dialect, AttnGPU_Swizzle, "swizzle"> {
  let assemblyFormat = "$value";
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def AttnGPU_TensorMapType : AttnGPU_Type<"TensorMap", "tensor_map"> {
  let summary = "A tensor map: how a tensor in global memory is cut into boxes";
  let description = [{
    What `cuTensorMapEncodeTiled` makes: 128 opaque bytes. On the host a buffer,
    64-byte aligned; as a kernel argument it is passed by value, in constant
    memory.

    Example: `!attn_gpu.tensor_map`
  }];
}

def AttnGPU_FragmentType : AttnGPU_Type<"Fragment", "fragment"> {
  let summary = "A matrix of 64 rows in the registers of a warpgroup";
  let description = [{
    64 rows times a multiple of 8 columns, spread over the 128 threads of a
    warpgroup as the tensor cores (wgmma) leave an accumulator: thread `t` holds
    columns `2 (t mod 4)` and `2 (t mod 4) + 1` of every group of 8, in rows
    `16 (t / 32) + (t mod 32) / 4` and 8 below. Elements of f16 or bf16 are packed
    in pairs and are then, without moving, the left operand of the next product.

    Example: `!attn_gpu.fragment<64x128xf32>`
  }];
  let parameters = (ins "int64_t":$columns, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The rows of every fragment.
    static constexpr int64_t kRows = 64;
    /// Whether elements are packed in pairs.
    bool isPacked() const { return getElementType().isF16() ||
                                   getElementType().isBF16(); }
    /// The registers of one thread.
    int64_t getNumRegisters() const {
      return getColumns() / (isPacked() ? 4 : 2);
    }
  }];
}

def AttnGPU_InFlightType : AttnGPU_Type<"InFlight", "in_flight"> {
  let summary = "A product that the tensor cores are computing";
  let description = [{
    The accumulator of an asynchronous product. It is linear: its only use is the
    `attn_gpu.wait` that turns it into a fragment.

    Example: `!attn_gpu.in_flight<64x128xf32>`
  }];
  let parameters = (ins "int64_t":$columns, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    FragmentType getFragmentType() const {
      return FragmentType::get(getContext(), getColumns(), getElementType());
    }
  }];
}

def AttnGPU_RowType : AttnGPU_Type<"Row", "row"> {
  let summary = "One value for each row of a fragment";
  let description = [{
    Two values per thread, those of its two rows. The four threads that share a
    row hold the same value, except in the partial result of a reduction
    (`attn_gpu.reduce`) until `attn_gpu.combine`.

    Example: `!attn_gpu.row<f32>`
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

def AttnGPU_SharedType : AttnGPU_Type<"Shared", "shared"> {
  let summary = "Tiles in shared memory";
  let description = [{
    A tile of rows and columns, or (three dimensions) a ring of them. Elements are
    of f16, bf16 or f32, or of tf32, that is f32 rounded to 10 bits of mantissa. A
    tile is stored in slabs of 64 columns of 16 bits, or 32 of 32, 128 bytes to a
    row, in the 128-byte swizzle that tensor maps and tensor cores share. Rows of a
    larger tile (`attn_gpu.rows`) are a tile whose slabs lie as far apart as that
    tile's, whose number of rows follows `of`.

    Example: `!attn_gpu.shared<2x128x64xbf16>`, `!attn_gpu.shared<64x96xf32>`,
    `!attn_gpu.shared<32x128xbf16 of 128>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
                        "::mlir::Type":$elementType,
                        "int64_t":$slabRows);
  let builders = [
    TypeBuilder<(ins "::llvm::ArrayRef<int64_t>":$shape,
                     "::mlir::Type":$elementType), [{
      return $_get($_ctxt, shape, elementType, shape.drop_back().back());
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isRing() const { return getShape().size() == 3; }
    int64_t getRows() const { return getShape()[getShape().size() - 2]; }
    int64_t getColumns() const { return getShape().back(); }
    /// Whether these are rows of a larger tile.
    bool isPart() const { return getSlabRows() != getRows(); }
    /// The type of one tile of a ring.
    SharedType getTileType() const {
      return get(getContext(), getShape().take_back(2), getElementType());
    }
    /// Whether elements have 16 bits.
    bool isNarrow() const { return getElementType().isF16() ||
                                   getElementType().isBF16(); }
    int64_t getElementBytes() const { return isNarrow() ? 2 : 4; }
    /// What a row of a slab holds, and each of the 16-byte chunks that the swizzle
    /// permutes.
    int64_t getSlabColumns() const { return 128 / getElementBytes(); }
    int64_t getChunkColumns() const { return 16 / getElementBytes(); }
    /// The size of one tile, and of all.
    int64_t getTileBytes() const {
      return getRows() * getColumns() * getElementBytes();
    }
    int64_t getBytes() const {
      return getTileBytes() * (isRing() ? getShape().front() : 1);
    }
  }];
}

def AttnGPU_PipeType : AttnGPU_Type<"Pipe", "pipe"> {
  let summary = "The barriers of a ring of buffers";
  let description = [{
    For each of `depth` slots a barrier that is full when the producer has filled
    it and one that is empty when all consumers have released it, and a mailbox of
    `words` words of 32 bits.

    Examples: `!attn_gpu.pipe<2>`, `!attn_gpu.pipe<1, 4>`
  }];
  let parameters = (ins "int64_t":$depth,
                        DefaultValuedParameter<"int64_t", "0">:$words);
  let assemblyFormat = "`<` $depth (`,` $words^)? `>`";
  let genVerifyDecl = 1;
  let builders = [TypeBuilder<(ins "int64_t":$depth), [{
    return $_get($_ctxt, depth, /*words=*/0);
  }]>];
  let extraClassDeclaration = [{
    static constexpr int64_t kMaxWords = 16;
    /// Bytes in shared memory: two barriers of 8 bytes and a mailbox.
    int64_t getMailboxBytes() const { return (getWords() + 1) / 2 * 8; }
    int64_t getBytes() const { return (16 + getMailboxBytes()) * getDepth(); }
  }];
}

def AttnGPU_SlotType : AttnGPU_Type<"Slot", "slot"> {
  let summary = "A position in the rounds over a ring";
  let description = [{
    The number of a slot of a ring, and the parity of the round.

    Example: `!attn_gpu.slot<2>`
  }];
  let parameters = (ins "int64_t":$depth);
  let assemblyFormat = "`<` $depth `>`";
  let genVerifyDecl = 1;
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_TD
