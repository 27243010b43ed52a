//===- AttnGPUKernelOps.td - Launches, roles and tiles ---- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUKERNELOPS_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUKERNELOPS_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUOpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

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
    2023): 1 where tiles alone keep them busy. `varying` tiles have `blocks` blocks at
    most, which only the kernel knows: the longest shall not be waited for.

    Example: `%splits = attn_gpu.choose_splits %tiles, %blocks, %rows resident 1`
  }];
  let arguments = (ins Index:$tiles, Index:$blocks, Index:$rows,
                       I64Attr:$resident, UnitAttr:$varying);
  let results = (outs Index:$splits);
  let assemblyFormat = "$tiles `,` $blocks `,` $rows `resident` $resident "
                       "(`varying` $varying^)? attr-dict";
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

def AttnGPU_AwaitPrerequisitesOp : AttnGPU_Op<"await_prerequisites"> {
  let summary = "Wait for the end of the launch before";
  let description = [{
    All that it has written can be read then. All threads do it, before they read or
    write what it may use, too. A launch with the attribute `attn_gpu.programmatic`
    begins when blocks of threads of the one before end and leave room (programmatic
    dependent launch; sm_90 and later); one without has waited before it began.

    Example: `attn_gpu.await_prerequisites`
  }];
  let assemblyFormat = "attr-dict";
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

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUKERNELOPS_TD
