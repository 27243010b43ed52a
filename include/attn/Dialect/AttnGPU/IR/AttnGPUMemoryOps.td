//===- AttnGPUMemoryOps.td - Shared memory and copies ----- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUMEMORYOPS_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUMEMORYOPS_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUOpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Shared memory and pipes
//===----------------------------------------------------------------------===//

def AttnGPU_AllocOp : AttnGPU_Op<"alloc", [Pure]> {
  let summary = "Tiles at an offset in the dynamic shared memory";
  let description = [{
    Example: `%k = attn_gpu.alloc at 33792 : !attn_gpu.shared<2x128x64xbf16>`
  }];
  let arguments = (ins I64Attr:$offset);
  let results = (outs AttnGPU_SharedType:$memory);
  let assemblyFormat = "`at` $offset attr-dict `:` qualified(type($memory))";
  let hasVerifier = 1;
}

def AttnGPU_RowsOp : AttnGPU_Op<"rows", [Pure]> {
  let summary = "Some rows of a tile";
  let description = [{
    The rows of `tile` from `first`, a multiple of 8, on: what is multiplied or
    searched for values that are not finite where less than the tile is.

    Example:

    ```mlir
    %rows = attn_gpu.rows %k[%i] : !attn_gpu.shared<128x64xbf16>
        -> !attn_gpu.shared<32x64xbf16 of 128>
    ```
  }];
  let arguments = (ins AttnGPU_SharedType:$tile, I32:$first);
  let results = (outs AttnGPU_SharedType:$rows);
  let assemblyFormat = [{
    $tile `[` $first `]` attr-dict `:` qualified(type($tile)) `->`
    qualified(type($rows))
  }];
  let hasVerifier = 1;
}

def AttnGPU_SliceOp : AttnGPU_Op<"slice", [Pure,
    TypesMatchWith<"the tile is one of the ring", "ring", "tile",
                   "::llvm::cast<SharedType>($_self).getTileType()">]> {
  let summary = "One tile of a ring";
  let description = [{
    Example: `%tile = attn_gpu.slice %k[%i] : !attn_gpu.shared<2x128x64xbf16>`
  }];
  let arguments = (ins AttnGPU_SharedType:$ring, I32:$index);
  let results = (outs AttnGPU_SharedType:$tile);
  let assemblyFormat = "$ring `[` $index `]` attr-dict `:` qualified(type($ring))";
  let hasVerifier = 1;
}

def AttnGPU_PipeOp : AttnGPU_Op<"pipe", [Pure]> {
  let summary = "A pipe at an offset in the dynamic shared memory";
  let description = [{
    `producers` arrivals fill a slot (beside the bytes that are expected),
    `consumers` arrivals empty it.

    Example: `%p = attn_gpu.pipe at 0 producers 1 consumers 2 : !attn_gpu.pipe<2>`
  }];
  let arguments = (ins I64Attr:$offset, I64Attr:$producers, I64Attr:$consumers);
  let results = (outs AttnGPU_PipeType:$pipe);
  let assemblyFormat = [{
    `at` $offset `producers` $producers `consumers` $consumers attr-dict
    `:` qualified(type($pipe))
  }];
  let hasVerifier = 1;
}

def AttnGPU_InitPipesOp : AttnGPU_Op<"init_pipes"> {
  let summary = "Initialise the barriers of pipes";
  let description = [{
    Once, by all threads of the block, before `attn_gpu.roles`. All slots are empty
    then. The operands must be results of `attn_gpu.pipe`.

    Example: `attn_gpu.init_pipes %q, %k : !attn_gpu.pipe<1>, !attn_gpu.pipe<2>`
  }];
  let arguments = (ins Variadic<AttnGPU_PipeType>:$pipes);
  let assemblyFormat = "$pipes attr-dict `:` qualified(type($pipes))";
  let hasVerifier = 1;
}

def AttnGPU_FirstSlotOp : AttnGPU_Op<"first_slot", [Pure]> {
  let summary = "Slot 0 in round 0";
  let description = [{
    Example: `%slot = attn_gpu.first_slot : !attn_gpu.slot<2>`
  }];
  let results = (outs AttnGPU_SlotType:$slot);
  let assemblyFormat = "attr-dict `:` qualified(type($slot))";
}

def AttnGPU_NextSlotOp : AttnGPU_Op<"next_slot",
    [Pure, SameOperandsAndResultType]> {
  let summary = "The slot behind a slot, in the next round at the end";
  let description = [{
    Example: `%next = attn_gpu.next_slot %slot : !attn_gpu.slot<2>`
  }];
  let arguments = (ins AttnGPU_SlotType:$slot);
  let results = (outs AttnGPU_SlotType:$next);
  let assemblyFormat = "$slot attr-dict `:` qualified(type($slot))";
}

def AttnGPU_SlotIndexOp : AttnGPU_Op<"slot_index", [Pure]> {
  let summary = "The number of a slot in its ring";
  let description = [{
    Example: `%i = attn_gpu.slot_index %slot : !attn_gpu.slot<2>`
  }];
  let arguments = (ins AttnGPU_SlotType:$slot);
  let results = (outs I32:$index);
  let assemblyFormat = "$slot attr-dict `:` qualified(type($slot))";
}

class AttnGPU_PipeAccessOp<string mnemonic, list<Trait> traits = []>
    : AttnGPU_Op<mnemonic, traits # [
        TypesMatchWith<"the slot belongs to the pipe", "pipe", "slot",
          "SlotType::get($_ctxt, ::llvm::cast<PipeType>($_self).getDepth())">]> {
  let arguments = (ins AttnGPU_PipeType:$pipe, AttnGPU_SlotType:$slot);
  let assemblyFormat = "$pipe `[` $slot `]` attr-dict `:` qualified(type($pipe))";
}

def AttnGPU_AcquireOp : AttnGPU_PipeAccessOp<"acquire"> {
  let summary = "Wait until a slot is empty";
  let description = [{
    All slots are empty at first; with `last_held` (in all acquisitions of a pipe)
    the last one is not, but is released by the consumers first, as if they came
    from a round before.

    Example: `attn_gpu.acquire %pipe[%slot] : !attn_gpu.pipe<2>`
  }];
  let arguments = (ins AttnGPU_PipeType:$pipe, AttnGPU_SlotType:$slot,
                       UnitAttr:$last_held);
  let assemblyFormat = [{
    $pipe `[` $slot `]` (`last_held` $last_held^)? attr-dict `:`
    qualified(type($pipe))
  }];
}

def AttnGPU_ExpectOp : AttnGPU_PipeAccessOp<"expect"> {
  let summary = "Arrive at a slot and expect bytes from copies";
  let description = [{
    The slot is full when all producers have arrived and the copies that signal it
    have brought `bytes` bytes, or `times` times as many.

    Example:

    ```mlir
    attn_gpu.expect %pipe[%slot] bytes 32768 : !attn_gpu.pipe<2>
    attn_gpu.expect %pipe[%slot] bytes 256 times %rows : !attn_gpu.pipe<2>
    ```
  }];
  let arguments = (ins AttnGPU_PipeType:$pipe, AttnGPU_SlotType:$slot,
                       I64Attr:$bytes, Optional<I32>:$times);
  let assemblyFormat = [{
    $pipe `[` $slot `]` `bytes` $bytes (`times` $times^)? attr-dict
    `:` qualified(type($pipe))
  }];
}

def AttnGPU_AwaitOp : AttnGPU_PipeAccessOp<"await"> {
  let summary = "Wait until a slot is full";
  let description = [{
    Example: `attn_gpu.await %pipe[%slot] : !attn_gpu.pipe<2>`
  }];
}

def AttnGPU_ReleaseOp : AttnGPU_PipeAccessOp<"release"> {
  let summary = "Arrive at the empty barrier of a slot";
  let description = [{
    One thread of the warpgroup arrives, or, with `each_thread`, the thread that
    runs this.

    Example: `attn_gpu.release %pipe[%slot] : !attn_gpu.pipe<2>`
  }];
  let arguments = (ins AttnGPU_PipeType:$pipe, AttnGPU_SlotType:$slot,
                       UnitAttr:$each_thread);
  let assemblyFormat = [{
    $pipe `[` $slot `]` (`each_thread` $each_thread^)? attr-dict `:` qualified(type($pipe))
  }];
}

def AttnGPU_SendOp : AttnGPU_PipeAccessOp<"send"> {
  let summary = "Put values into the mailbox of a slot and arrive";
  let description = [{
    One or two words.

    Example: `attn_gpu.send %tile to %pipe[%slot] : !attn_gpu.pipe<1>`
  }];
  let arguments = (ins Variadic<I32>:$values, AttnGPU_PipeType:$pipe,
                       AttnGPU_SlotType:$slot);
  let assemblyFormat = [{
    $values `to` $pipe `[` $slot `]` attr-dict `:` qualified(type($pipe))
  }];
  let hasVerifier = 1;
}

def AttnGPU_ReceiveOp : AttnGPU_PipeAccessOp<"receive"> {
  let summary = "Read the mailbox of a full slot";
  let description = [{
    Every thread waits and reads, as often as it likes, until it releases the slot
    (`attn_gpu.release` with `each_thread`): a pipe with a mailbox counts threads
    as its consumers.

    Example: `%tile = attn_gpu.receive %pipe[%slot] : !attn_gpu.pipe<1> -> i32`
  }];
  let results = (outs Variadic<I32>:$values);
  let assemblyFormat = [{
    $pipe `[` $slot `]` attr-dict `:` qualified(type($pipe)) `->` type($values)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

def AttnGPU_TmaLoadOp : AttnGPU_Op<"tma_load", [
    TypesMatchWith<"the slot belongs to the pipe", "pipe", "slot",
      "SlotType::get($_ctxt, ::llvm::cast<PipeType>($_self).getDepth())">]> {
  let summary = "Copy a box of a tensor to shared memory";
  let description = [{
    Begins the copy of the box at `coordinates` (those of the map, the contiguous
    dimension first); it counts its bytes at a slot of a pipe.

    Example:

    ```mlir
    attn_gpu.tma_load %map[%c0, %row, %c0, %head, %batch] to %tile
        signals %pipe[%slot] evict last
        : !attn_gpu.shared<128x64xbf16>, !attn_gpu.pipe<2>
    ```
  }];
  let arguments = (ins
    AttnGPU_TensorMapType:$map,
    Variadic<I32>:$coordinates,
    AttnGPU_SharedType:$tile,
    AttnGPU_PipeType:$pipe,
    AttnGPU_SlotType:$slot,
    DefaultValuedAttr<AttnGPU_EvictionAttr,
      "::mlir::attn_gpu::Eviction::Normal">:$eviction
  );
  let assemblyFormat = [{
    $map `[` $coordinates `]` `to` $tile `signals` $pipe `[` $slot `]`
    (`evict` `` $eviction^)? attr-dict `:` qualified(type($tile)) `,` qualified(type($pipe))
  }];
  let hasVerifier = 1;
}

def AttnGPU_TmaStoreOp : AttnGPU_Op<"tma_store"> {
  let summary = "Copy a tile from shared memory to a box of a tensor";
  let description = [{
    What lies outside the tensor is not written. Run on one thread, behind
    `attn_gpu.store_fragment` and `attn_gpu.sync_warpgroup`.

    Example:

    ```mlir
    attn_gpu.tma_store %tile to %map[%c0, %row, %c0, %head, %batch]
        : !attn_gpu.shared<64x64xbf16>
    ```
  }];
  let arguments = (ins AttnGPU_SharedType:$tile, AttnGPU_TensorMapType:$map,
                       Variadic<I32>:$coordinates);
  let assemblyFormat = [{
    $tile `to` $map `[` $coordinates `]` attr-dict `:` qualified(type($tile))
  }];
  let hasVerifier = 1;
}

def AttnGPU_TmaStoreWaitOp : AttnGPU_Op<"tma_store_wait"> {
  let summary = "Wait until the copies of this thread have read their source";
  let description = [{
    Example: `attn_gpu.tma_store_wait`
  }];
  let assemblyFormat = "attr-dict";
}

def AttnGPU_CopyRowsOp : AttnGPU_Op<"copy_rows", [AttrSizedOperandSegments]> {
  let summary = "Begin to copy rows of a matrix to a tile";
  let description = [{
    Copies `columns` elements of each of the first `count` rows behind `base`,
    which are `stride` elements apart, to the first columns of a tile and zeros to
    the rest of it (`cp.async`): `count` may be negative or larger than the tile.
    All threads of `warpgroups` warpgroups do it together. Copies move `alignment`
    bytes (16, 8, 4, or 2: these by instructions, so that they are done at once), an
    element at least, of which `columns`, the stride and the address are multiples.
    What was begun since the last group is a group of copies at
    `attn_gpu.commit_copies`.

    Rows may be in groups of `group_rows`, whose first rows are `group_stride`
    elements apart, as those of several heads are: a multiple, too.

    The elements of a tile of tf32 are f32 in global memory. They are rounded on their
    way, ties away from zero, by instructions, so that this copy, too, is done at once.

    Example:

    ```mlir
    attn_gpu.copy_rows %base stride %stride rows %left columns 64 to %tile
        aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<128x64xbf16>
    attn_gpu.copy_rows %base stride %stride groups(%queries stride %headStride)
        rows %left columns 64 to %tile
        aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<128x64xbf16>
    ```
  }];
  let arguments = (ins LLVM_PointerInAddressSpace<1>:$base, I64:$stride,
                       Optional<I32>:$group_rows, Optional<I64>:$group_stride,
                       I32:$count, AttnGPU_SharedType:$tile, I64Attr:$columns,
                       I64Attr:$alignment, I64Attr:$warpgroups);
  let assemblyFormat = [{
    $base `stride` $stride
    (`groups` `(` $group_rows^ `stride` $group_stride `)`)?
    `rows` $count `columns` $columns `to` $tile
    `aligned` $alignment `by` $warpgroups attr-dict `:` qualified(type($base)) `,`
    qualified(type($tile))
  }];
  let hasVerifier = 1;
}

def AttnGPU_SplitRowsOp
    : AttnGPU_Op<"split_rows",
                 [AllTypesMatch<["high", "low"]>, AttrSizedOperandSegments]> {
  let summary = "Copy rows of f32 as the sum of two tiles of bf16";
  let description = [{
    As `attn_gpu.copy_rows`, of elements of f32: `high` gets them rounded to bf16 (cut
    where that would be infinite), `low` what is left, rounded, and zero where `high`
    is not finite. Together they have
    16 bits of precision, and three products of them those of f32 but for 2^-16
    (bf16x3; Henry, Tang and Heinecke, 2019). Elements pass through registers, so
    that the copy is done when the threads have met (`attn_gpu.await_copies`).

    Example:

    ```mlir
    attn_gpu.split_rows %base stride %stride rows %left columns 64 to %high, %low
        aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xbf16>
    ```
  }];
  let arguments = (ins LLVM_PointerInAddressSpace<1>:$base, I64:$stride,
                       Optional<I32>:$group_rows, Optional<I64>:$group_stride,
                       I32:$count, AttnGPU_SharedType:$high,
                       AttnGPU_SharedType:$low, I64Attr:$columns,
                       I64Attr:$alignment, I64Attr:$warpgroups);
  let assemblyFormat = [{
    $base `stride` $stride
    (`groups` `(` $group_rows^ `stride` $group_stride `)`)?
    `rows` $count `columns` $columns `to` $high `,` $low
    `aligned` $alignment `by` $warpgroups attr-dict `:` qualified(type($base)) `,`
    qualified(type($high))
  }];
  let hasVerifier = 1;
}

def AttnGPU_StoreRowsOp
    : AttnGPU_Op<"store_rows", [AttrSizedOperandSegments]> {
  let summary = "Store a fragment to rows of a matrix in global memory";
  let description = [{
    Stores the first `count` rows of a fragment, at most all, behind `base`, `stride`
    elements apart; `count` may be negative. Addresses and the stride are multiples
    of `alignment` bytes: with 16, packed elements move between the four threads of
    a row first, so that each stores eight in one piece; else each stores pairs.
    Rows may be in groups, as those of `attn_gpu.copy_rows`.

    Example:

    ```mlir
    attn_gpu.store_rows %o to %base stride %stride rows %left aligned 16
        : !attn_gpu.fragment<64x64xbf16>, !llvm.ptr<1>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$fragment,
                       LLVM_PointerInAddressSpace<1>:$base, I64:$stride,
                       Optional<I32>:$group_rows, Optional<I64>:$group_stride,
                       I32:$count, I64Attr:$alignment);
  let assemblyFormat = [{
    $fragment `to` $base `stride` $stride
    (`groups` `(` $group_rows^ `stride` $group_stride `)`)?
    `rows` $count `aligned` $alignment attr-dict
    `:` qualified(type($fragment)) `,` qualified(type($base))
  }];
  let hasVerifier = 1;
}

def AttnGPU_CommitCopiesOp : AttnGPU_Op<"commit_copies"> {
  let summary = "End a group of copies";
  let description = [{
    Example: `attn_gpu.commit_copies`
  }];
  let assemblyFormat = "attr-dict";
}

def AttnGPU_AwaitCopiesOp : AttnGPU_Op<"await_copies"> {
  let summary = "Wait for copies, and for all threads of the block";
  let description = [{
    Waits until of the groups of copies at most the last `pending` are under way,
    for all threads of the block: what they copied can be read, and what all had
    read before can be overwritten.

    Example: `attn_gpu.await_copies pending 1`
  }];
  let arguments = (ins I64Attr:$pending);
  let assemblyFormat = "`pending` $pending attr-dict";
  let hasVerifier = 1;
}

def AttnGPU_AnyOfBlockOp : AttnGPU_Op<"any_of_block"> {
  let summary = "Whether a predicate holds for a row of any warpgroup";
  let description = [{
    A barrier of the `warpgroups` warpgroups of `attn_gpu.warpgroups`.

    Example: `%again = attn_gpu.any_of_block %off by 1 : !attn_gpu.row<i1>`
  }];
  let arguments = (ins AttnGPU_RowType:$row, I64Attr:$warpgroups);
  let results = (outs I1:$result);
  let assemblyFormat = "$row `by` $warpgroups attr-dict `:` qualified(type($row))";
  let hasVerifier = 1;
  let hasVerifier = 1;
}

def AttnGPU_StoreFragmentOp : AttnGPU_Op<"store_fragment"> {
  let summary = "Write a packed fragment to a tile in shared memory";
  let description = [{
    Written by stmatrix, then made visible to `attn_gpu.tma_store`.

    Example:

    ```mlir
    attn_gpu.store_fragment %o to %tile
        : !attn_gpu.fragment<64x64xbf16>, !attn_gpu.shared<64x64xbf16>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$fragment,
                       AttnGPU_SharedType:$tile);
  let assemblyFormat = [{
    $fragment `to` $tile attr-dict `:` qualified(type($fragment)) `,` qualified(type($tile))
  }];
  let hasVerifier = 1;
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUMEMORYOPS_TD
