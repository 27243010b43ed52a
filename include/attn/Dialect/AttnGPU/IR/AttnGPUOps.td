//===- AttnGPUOps.td - Operations ------------------------- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class AttnGPU_Op<string mnemonic, list<Trait> traits = []>
    : Op<AttnGPU_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// On the host
//===----------------------------------------------------------------------===//

def AttnGPU_EncodeTensorMapOp : AttnGPU_Op<"encode_tensor_map",
    [MemoryEffects<[MemAlloc]>, AttrSizedOperandSegments]> {
  let summary = "Make a tensor map on the host";
  let description = [{
    Describes a tensor of one to five dimensions in device memory and the box of
    it that one copy moves (`cuTensorMapEncodeTiled`). Dimensions are in the order
    of the driver, the contiguous one first.

    - `base`: the address of the first element, 16-byte aligned;
    - `sizes`: the number of elements in each dimension, one at least;
    - `strides`: the distance in bytes between neighbours in each dimension,
      multiples of 16; that of the first dimension is the element's size, given
      for symmetry and ignored;
    - `box`: the elements of a copy in each dimension, 256 at most; sizes but for
      the first may be dynamic, and are at least one then.

    What lies outside the tensor reads as zero and is not written. Alignment, sizes
    and strides are checked when the map is made: a wrong one ends the function
    with an error that names it.

    Example:

    ```mlir
    %map = attn_gpu.encode_tensor_map %base
        sizes(%c64, %length, %c2, %heads, %batch)
        strides(%c2, %rowBytes, %c128, %headBytes, %batchBytes)
        box [64, 128, 2, 1, 1] element bf16 swizzle b128 : !llvm.ptr
    ```
  }];
  let arguments = (ins
    LLVM_AnyPointer:$base,
    Variadic<Index>:$sizes,
    Variadic<Index>:$strides,
    Variadic<Index>:$dynamic_box,
    DenseI64ArrayAttr:$box,
    TypeAttr:$element_type,
    AttnGPU_SwizzleAttr:$swizzle
  );
  let results = (outs AttnGPU_TensorMapType:$map);
  let assemblyFormat = [{
    $base `sizes` `(` $sizes `)` `strides` `(` $strides `)`
    `box` custom<DynamicIndexList>($dynamic_box, $box)
    `element` $element_type `swizzle` `` $swizzle attr-dict `:` type($base)
  }];
  let hasVerifier = 1;
}

def AttnGPU_MultiprocessorCountOp
    : AttnGPU_Op<"multiprocessor_count", [Pure]> {
  let summary = "The number of multiprocessors of the current device";
  let description = [{
    Example: `%sms = attn_gpu.multiprocessor_count`
  }];
  let results = (outs Index:$count);
  let assemblyFormat = "attr-dict";
}

def AttnGPU_ChooseSplitsOp : AttnGPU_Op<"choose_splits", [Pure]> {
  let summary = "Into how many splits the keys of each tile are divided";
  let description = [{
    As many that the multiprocessors of the current device, which hold `resident`
    blocks of threads each, are done soonest with `tiles` tiles of `blocks` blocks of
    keys, and with merging `rows` rows of their outputs (Flash-Decoding, Dao et al.,
    2023): 1 where tiles alone keep them busy.

    Example: `%splits = attn_gpu.choose_splits %tiles, %blocks, %rows resident 1`
  }];
  let arguments = (ins Index:$tiles, Index:$blocks, Index:$rows,
                       I64Attr:$resident);
  let results = (outs Index:$splits);
  let assemblyFormat =
      "$tiles `,` $blocks `,` $rows `resident` $resident attr-dict";
}

def AttnGPU_ScratchOp : AttnGPU_Op<"scratch", [MemoryEffects<[MemAlloc]>]> {
  let summary = "Zeroed device memory for one launch";
  let description = [{
    Device memory of `bytes` bytes, zero when the kernel launched next on the
    stream begins, and the runtime's own after that: it is valid until the
    function returns, is 256-byte aligned, and costs no allocation once a stream
    has had enough of it.

    Example: `%counter = attn_gpu.scratch %c4 : !llvm.ptr`
  }];
  let arguments = (ins Index:$bytes);
  let results = (outs LLVM_AnyPointer:$memory);
  let assemblyFormat = "$bytes attr-dict `:` type($memory)";
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

def AttnGPU_RolesOp : AttnGPU_Op<"roles", [
    SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "Split a block into a producer and consumers";
  let description = [{
    The first warpgroup of the block gives registers away and runs `producer` on
    one thread; the `num_consumers` others take them and run `consumer`, with the
    number of the warpgroup as the argument. A block has `128 (num_consumers + 1)`
    threads. The last operation of a kernel.

    Example:

    ```mlir
    attn_gpu.roles producer registers = 40 {
      ...
    } consumers 2 registers = 232 {
    ^bb0(%warpgroup: i32):
      ...
    }
    ```
  }];
  let arguments = (ins I64Attr:$producer_registers, I64Attr:$num_consumers,
                       I64Attr:$consumer_registers);
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumer);
  let assemblyFormat = [{
    `producer` `registers` `=` $producer_registers $producer
    `consumers` $num_consumers `registers` `=` $consumer_registers $consumer
    attr-dict
  }];
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "int64_t":$producerRegisters, "int64_t":$numConsumers,
                   "int64_t":$consumerRegisters)>
  ];
}

def AttnGPU_WarpgroupsOp : AttnGPU_Op<"warpgroups", [
    SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "Run a block as equal warpgroups";
  let description = [{
    All `count` warpgroups of the block run `body`, with the number of the
    warpgroup as the argument: they copy together and compute each for itself. A
    block has `128 count` threads, and registers are for `blocks` blocks on a
    multiprocessor. The last operation of a kernel.

    Example:

    ```mlir
    attn_gpu.warpgroups 1 blocks = 2 {
    ^bb0(%warpgroup: i32):
      ...
    }
    ```
  }];
  let arguments = (ins I64Attr:$count, I64Attr:$blocks);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$count `blocks` `=` $blocks $body attr-dict";
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "int64_t":$count, "int64_t":$blocks)>];
}

def AttnGPU_ElectOp : AttnGPU_Op<"elect", [
    SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "Run on one thread of the warpgroup";
  let description = [{
    Example: `attn_gpu.elect { attn_gpu.tma_store ... }`
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$body attr-dict";
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins)>];
}

def AttnGPU_YieldOp : AttnGPU_Op<"yield", [Pure, Terminator,
    ParentOneOf<["RolesOp", "WarpgroupsOp", "ElectOp", "MapOp",
                  "ForeachOp"]>]> {
  let summary = "Ends a region of the dialect";
  let description = [{
    Example: `attn_gpu.yield %x : f32`
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ValueRange()); }]>];
}

class AttnGPU_TurnOp<string mnemonic> : AttnGPU_Op<mnemonic> {
  let arguments = (ins I32:$warpgroup, I64Attr:$count);
  let assemblyFormat = "$warpgroup `of` $count attr-dict";
}

def AttnGPU_TurnInitOp : AttnGPU_TurnOp<"turn_init"> {
  let summary = "Give the first turn to warpgroup 0";
  let description = [{
    Once, before the first `attn_gpu.turn_begin`, in every consumer.

    Example: `attn_gpu.turn_init %warpgroup of 2`
  }];
}

def AttnGPU_TurnBeginOp : AttnGPU_TurnOp<"turn_begin"> {
  let summary = "Wait for this warpgroup's turn";
  let description = [{
    Consumers take turns in issuing products, so that one computes a softmax while
    the other's products run (the ping-pong of FlashAttention-3, Shah et al.,
    2024). All `count` consumers must take the same number of turns.

    Example: `attn_gpu.turn_begin %warpgroup of 2`
  }];
}

def AttnGPU_TurnEndOp : AttnGPU_TurnOp<"turn_end"> {
  let summary = "Pass the turn to the next warpgroup";
  let description = [{
    Example: `attn_gpu.turn_end %warpgroup of 2`
  }];
}

def AttnGPU_SyncWarpgroupOp : AttnGPU_Op<"sync_warpgroup"> {
  let summary = "Wait for all threads of the warpgroup";
  let description = [{
    Example: `attn_gpu.sync_warpgroup %warpgroup`
  }];
  let arguments = (ins I32:$warpgroup);
  let assemblyFormat = "$warpgroup attr-dict";
}

def AttnGPU_SchedFenceOp : AttnGPU_Op<"sched_fence"> {
  let summary = "Keep ptxas from moving code across";
  let description = [{
    ptxas moves the wait for a product up, above the exponentials that should run
    while the product is in flight; only the end of a basic block stops it. This is
    one: a branch on a row sum that is never taken, since sums of exponentials are
    not negative.

    Example: `attn_gpu.sched_fence %sum`
  }];
  let arguments = (ins AttnGPU_RowType:$sum);
  let assemblyFormat = "$sum attr-dict `:` qualified(type($sum))";
}

def AttnGPU_ClaimTileOp : AttnGPU_Op<"claim_tile"> {
  let summary = "Take the next tile of a counter in global memory";
  let description = [{
    Tiles below the size of the grid belong to the blocks of these numbers; the
    counter hands out the others.

    Example: `%tile = attn_gpu.claim_tile %counter : !llvm.ptr<1>`
  }];
  let arguments = (ins LLVM_AnyPointer:$counter);
  let results = (outs I32:$tile);
  let assemblyFormat = "$counter attr-dict `:` qualified(type($counter))";
}

def AttnGPU_DeferTileOp : AttnGPU_Op<"defer_tile"> {
  let summary = "Put a tile on the block's list of tiles to be computed again";
  let description = [{
    Does so if `condition` holds for a row of any warp, once for a tile however
    often it is asked for. `list` is zeroed global memory of an i32 for each block
    of the grid and one for each tile.

    Example:

    ```mlir
    attn_gpu.defer_tile %tile to %list if %overflows
        : !llvm.ptr<1>, !attn_gpu.row<i1>
    ```
  }];
  let arguments = (ins I32:$tile, LLVM_AnyPointer:$list,
                       AttnGPU_RowType:$condition);
  let assemblyFormat = [{
    $tile `to` $list `if` $condition attr-dict `:` qualified(type($list)) `,`
    qualified(type($condition))
  }];
  let hasVerifier = 1;
}

def AttnGPU_TakeDeferredOp : AttnGPU_Op<"take_deferred"> {
  let summary = "Take a tile off the block's list, -1 if there is none";
  let description = [{
    By one thread, when no other defers.

    Example: `%tile = attn_gpu.take_deferred %list : !llvm.ptr<1>`
  }];
  let arguments = (ins LLVM_AnyPointer:$list);
  let results = (outs I32:$tile);
  let assemblyFormat = "$list attr-dict `:` qualified(type($list))";
}

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

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def AttnGPU_WgmmaOp : AttnGPU_Op<"wgmma", [AttrSizedOperandSegments,
    OptionalTypesMatchWith<"the accumulator has the type of the result",
      "result", "accumulator",
      "::llvm::cast<InFlightType>($_self).getFragmentType()">]> {
  let summary = "Begin a product on the tensor cores";
  let description = [{
    Begins `lhs . rhs^T`, or, with `values`, `lhs . rhs`: in the first form the rows
    of `rhs` are the columns of the result (keys; the first ones if it has fewer),
    in the second they are what is summed over (values). `lhs` is a tile of 64 rows
    in shared memory or a packed fragment. The product is added to `accumulator` if
    there is one and `adds` is true or not there. `depth` limits how many columns of
    tiles are summed over, in steps of 16.

    All products in one operation are one group (`attn_gpu.wait`). A fence goes
    before it: accumulators and fragments may have been written by instructions.

    Example:

    ```mlir
    %s = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>,
        !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
    %o = attn_gpu.wgmma %p, %v values into %acc : !attn_gpu.fragment<64x128xbf16>,
        !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
    %u = attn_gpu.wgmma %p, %v values into %acc if %adds : !attn_gpu.fragment<64x128xbf16>,
        !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
    ```
  }];
  let arguments = (ins
    AnyTypeOf<[AttnGPU_SharedType, AttnGPU_FragmentType]>:$lhs,
    AttnGPU_SharedType:$rhs,
    Optional<AttnGPU_FragmentType>:$accumulator,
    Optional<I1>:$adds,
    UnitAttr:$values,
    OptionalAttr<I64Attr>:$depth
  );
  let results = (outs AttnGPU_InFlightType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`values` $values^)? (`depth` $depth^)?
    (`into` $accumulator^)? (`if` $adds^)? attr-dict `:` type($lhs) `,`
    qualified(type($rhs)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What is summed over.
    int64_t getContractionSize();
  }];
}

def AttnGPU_LoadMatrixOp : AttnGPU_Op<"load_matrix", [
    MemoryEffects<[MemRead]>]> {
  let summary = "Read a tile into a packed fragment";
  let description = [{
    Each of the four warps reads its 16 rows of a tile of 64 rows of f16 or bf16 into
    registers (`ldmatrix`), where products take their left operand from. The fragment
    has the first columns of the tile, a multiple of 16. Writers of the tile must have
    been waited for.

    Example:

    ```mlir
    %q = attn_gpu.load_matrix %tile : !attn_gpu.shared<64x64xbf16>
        -> !attn_gpu.fragment<64x64xbf16>
    ```
  }];
  let arguments = (ins AttnGPU_SharedType:$tile);
  let results = (outs AttnGPU_FragmentType:$fragment);
  let assemblyFormat = [{
    $tile attr-dict `:` qualified(type($tile)) `->` qualified(type($fragment))
  }];
  let hasVerifier = 1;
}

def AttnGPU_MmaOp : AttnGPU_Op<"mma", [AttrSizedOperandSegments,
    MemoryEffects<[MemRead]>]> {
  let summary = "Products on the tensor cores, of each warp for itself";
  let description = [{
    The product that `attn_gpu.wgmma` begins, complete when the operation is: each
    of the four warps reads its 16 rows of `lhs` and all of `rhs` into registers
    (`ldmatrix`) and multiplies there (`mma.sync`). It needs no more than sm_80, and
    nothing is in flight. Writers of the tiles must have been waited for.

    Several operands on the left, of one type, share what is read of `rhs`: with two
    of them a warp has 32 rows, and shared memory keeps up with the tensor cores.
    There are as many accumulators and results, or no accumulators.

    Operands of f32 are rounded to tf32 when they are read, ties away from zero
    (`cvt.rna`): 10 bits of mantissa, a relative error of 2^-11 at most, and an
    infinity for what is 2^128 (1 - 2^-12) or more. A fragment on the left is not
    packed then; a tile may be of tf32, that is rounded already.

    Example:

    ```mlir
    %s = attn_gpu.mma [%q], %k : (!attn_gpu.shared<64x64xbf16>,
        !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x128xf32>
    %o:2 = attn_gpu.mma [%p0, %p1], %v values into [%acc0, %acc1]
        : (!attn_gpu.fragment<64x128xbf16>, !attn_gpu.fragment<64x128xbf16>,
           !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>,
           !attn_gpu.fragment<64x64xf32>)
        -> (!attn_gpu.fragment<64x64xf32>, !attn_gpu.fragment<64x64xf32>)
    ```
  }];
  let arguments = (ins
    Variadic<AnyTypeOf<[AttnGPU_SharedType, AttnGPU_FragmentType]>>:$lhs,
    AttnGPU_SharedType:$rhs,
    Variadic<AttnGPU_FragmentType>:$accumulators,
    UnitAttr:$values,
    OptionalAttr<I64Attr>:$depth
  );
  let results = (outs Variadic<AttnGPU_FragmentType>:$results);
  let assemblyFormat = [{
    `[` $lhs `]` `,` $rhs (`values` $values^)? (`depth` $depth^)?
    (`into` `[` $accumulators^ `]`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What is summed over.
    int64_t getContractionSize();
  }];
}

def AttnGPU_WaitOp : AttnGPU_Op<"wait"> {
  let summary = "Wait for products";
  let description = [{
    Waits until at most the last `pending` products are in flight and gives the
    accumulators of those that ended now. The rules of ptxas, which otherwise
    serialises all products of the kernel, are verified:

    - wgmma_1: an accumulator in flight is used by one `attn_gpu.wait` in the block
      of its product, and by nothing else;
    - wgmma_2: a wait names the products that end with it: all but the last
      `pending`;
    - wgmma_3: no fragment is packed while a product that reads a packed fragment
      is in flight;
    - wgmma_4: nothing is splatted while a product is in flight.

    Example:

    ```mlir
    %s = attn_gpu.wait pending 1 %s_in_flight
        : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
    ```
  }];
  let arguments = (ins I64Attr:$pending,
                       Variadic<AttnGPU_InFlightType>:$products);
  let results = (outs Variadic<AttnGPU_FragmentType>:$fragments);
  let assemblyFormat = [{
    `pending` $pending $products attr-dict `:`
    functional-type($products, $fragments)
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "int64_t":$pending, "ValueRange":$products)>];
}

def AttnGPU_IsolateOp : AttnGPU_Op<"isolate",
    [AllTypesMatch<["output", "result"]>]> {
  let summary = "Take values that are not finite out of a product";
  let description = [{
    A product `probabilities . values` makes NaN of zero times a value that is not
    finite. This adds, for each such value, what rows of a probability other than
    zero get from it to `output`, that is NaN or an infinity, and writes zero in its
    place: the product is then the one of the finite values. All `count` consumers
    of a block do it together, between waiting for the values and their product.
    Values of f32 are those that are not finite when they are rounded to tf32. It
    costs the reading of the tile as long as all values are finite.

    Example:

    ```mlir
    %r = attn_gpu.isolate %p, %v into %o by %warpgroup of 2
        : !attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>,
          !attn_gpu.fragment<64x64xf32>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$probabilities,
                       AttnGPU_SharedType:$values, AttnGPU_FragmentType:$output,
                       I32:$warpgroup, I64Attr:$count);
  let results = (outs AttnGPU_FragmentType:$result);
  let assemblyFormat = [{
    $probabilities `,` $values `into` $output `by` $warpgroup `of` $count attr-dict
    `:` qualified(type($probabilities)) `,` qualified(type($values)) `,`
    qualified(type($output))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Fragments and rows
//===----------------------------------------------------------------------===//

def AttnGPU_FragmentOrRow
    : AnyTypeOf<[AttnGPU_FragmentType, AttnGPU_RowType]>;

def AttnGPU_SplatOp : AttnGPU_Op<"splat", [Pure]> {
  let summary = "A fragment or row of equal values";
  let description = [{
    Example: `%o = attn_gpu.splat %zero : !attn_gpu.fragment<64x128xf32>`
  }];
  let arguments = (ins AnyTypeOf<[F32, I32, I1]>:$value);
  let results = (outs AttnGPU_FragmentOrRow:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `to` qualified(type($result))";
  let hasVerifier = 1;
}

class AttnGPU_ElementwiseOp<string mnemonic, list<Trait> traits>
    : AttnGPU_Op<mnemonic, traits # [SingleBlock]> {
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    /// The columns of the fragments, or 0 if all are rows.
    int64_t getColumns();
  }];
}

def AttnGPU_MapOp : AttnGPU_ElementwiseOp<"map", [RecursiveMemoryEffects]> {
  let summary = "Compute fragments or rows element by element";
  let description = [{
    The region maps the elements of the operands to those of the results. Its
    arguments are an element of each operand (of a row operand, that of the
    element's row), the row and, if there is a fragment among operands and
    results, the column of the element. It may use values from above.

    Example:

    ```mlir
    %p = attn_gpu.map %s, %max : (!attn_gpu.fragment<64x128xf32>,
        !attn_gpu.row<f32>) -> !attn_gpu.fragment<64x128xf32> {
    ^bb0(%x: f32, %m: f32, %i: i32, %j: i32):
      %d = arith.subf %x, %m : f32
      %e = math.exp2 %d : f32
      attn_gpu.yield %e : f32
    }
    ```
  }];
  let arguments = (ins Variadic<AttnGPU_FragmentOrRow>:$operands);
  let results = (outs Variadic<AttnGPU_FragmentOrRow>:$results);
  let assemblyFormat = [{
    $operands attr-dict `:` functional-type($operands, $results) $body
  }];
  let hasVerifier = 1;
}

def AttnGPU_ForeachOp : AttnGPU_ElementwiseOp<"foreach",
    [RecursiveMemoryEffects]> {
  let summary = "Do something for each element of fragments or rows";
  let description = [{
    As `attn_gpu.map`, without results. For rows, one of the four threads that share
    a row runs the region.

    Example:

    ```mlir
    attn_gpu.foreach %lse : !attn_gpu.row<f32> {
    ^bb0(%x: f32, %i: i32):
      %p = llvm.getelementptr %base[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %x, %p : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
    ```
  }];
  let arguments = (ins Variadic<AttnGPU_FragmentOrRow>:$operands);
  let assemblyFormat = "$operands attr-dict `:` qualified(type($operands)) $body";
  let hasVerifier = 1;
}

def AttnGPU_ReduceOp : AttnGPU_Op<"reduce", [Pure,
    TypesMatchWith<"the row has the element type of the fragment",
      "fragment", "row", "getRowTypeOf($_self)">,
    OptionalTypesMatchWith<"the initial row has the element type of the fragment",
      "fragment", "init", "getRowTypeOf($_self)">]> {
  let summary = "Combine the elements of each row that a thread holds";
  let description = [{
    Starts from `init` if there is one. The result is partial: each of the four
    threads of a row has combined its own columns; with `every` n only each n-th of
    them, the first one included. `finite` is 0 if all elements are finite and NaN
    otherwise, an instruction for each.

    Example:

    ```mlir
    %m = attn_gpu.reduce max %s : !attn_gpu.fragment<64x128xf32>
    %l = attn_gpu.reduce add %p from %sum : !attn_gpu.fragment<64x128xf32>
    %n = attn_gpu.reduce max %s every 2 : !attn_gpu.fragment<64x128xf32>
    ```
  }];
  let arguments = (ins AttnGPU_ReductionAttr:$kind,
                       AttnGPU_FragmentType:$fragment,
                       Optional<AttnGPU_RowType>:$init,
                       DefaultValuedAttr<I64Attr, "1">:$every);
  let results = (outs AttnGPU_RowType:$row);
  let assemblyFormat = [{
    `` $kind $fragment (`every` $every^)? (`from` $init^)? attr-dict `:` qualified(type($fragment))
  }];
  let hasVerifier = 1;
}

def AttnGPU_CombineOp : AttnGPU_Op<"combine",
    [Pure, SameOperandsAndResultType]> {
  let summary = "Combine the partial rows of the threads that share a row";
  let description = [{
    Example: `%m = attn_gpu.combine max %partial : !attn_gpu.row<f32>`
  }];
  let arguments = (ins AttnGPU_ReductionAttr:$kind, AttnGPU_RowType:$partial);
  let results = (outs AttnGPU_RowType:$row);
  let assemblyFormat = "`` $kind $partial attr-dict `:` qualified(type($partial))";
  let hasVerifier = 1;
}

def AttnGPU_KeepColumnsOp : AttnGPU_Op<"keep_columns",
    [Pure, AttrSizedOperandSegments, AllTypesMatch<["fragment", "result"]>,
     OptionalTypesMatchWith<"a bound is an i32", "fragment", "begin",
                            "getIndexRowType($_ctxt)">,
     OptionalTypesMatchWith<"a bound is an i32", "fragment", "end",
                            "getIndexRowType($_ctxt)">]> {
  let summary = "Mask what lies outside an interval of columns";
  let description = [{
    Replaces elements whose column is below `begin` or not below `end`, given for
    each row, by -inf. A comparison and a selection per bound and element.

    Example:

    ```mlir
    %m = attn_gpu.keep_columns %s from %begin to %end
        : !attn_gpu.fragment<64x128xf32>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$fragment,
                       Optional<AttnGPU_RowType>:$begin,
                       Optional<AttnGPU_RowType>:$end);
  let results = (outs AttnGPU_FragmentType:$result);
  let assemblyFormat = [{
    $fragment (`from` $begin^)? (`to` $end^)? attr-dict `:` qualified(type($fragment))
  }];
  let hasVerifier = 1;
}

def AttnGPU_PackOp : AttnGPU_Op<"pack", [Pure]> {
  let summary = "Round a fragment to a 16-bit type";
  let description = [{
    Columns that the result has beyond those of the fragment are zero.

    Example:

    ```mlir
    %a = attn_gpu.pack %p
        : !attn_gpu.fragment<64x128xf32> to !attn_gpu.fragment<64x128xbf16>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$fragment);
  let results = (outs AttnGPU_FragmentType:$packed);
  let assemblyFormat = [{
    $fragment attr-dict `:` qualified(type($fragment)) `to` qualified(type($packed))
  }];
  let hasVerifier = 1;
}

def AttnGPU_AnyOp : AttnGPU_Op<"any", [Pure]> {
  let summary = "Whether a predicate holds for a row of the warp";
  let description = [{
    Example: `%rare = attn_gpu.any %overflows : !attn_gpu.row<i1>`
  }];
  let arguments = (ins AttnGPU_RowType:$row);
  let results = (outs I1:$result);
  let assemblyFormat = "$row attr-dict `:` qualified(type($row))";
  let hasVerifier = 1;
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_TD
