//===- Passes.td - Conversion passes ------------------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_CONVERSION_PASSES_TD
#define ATTN_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

// Records in alphabetic order of the command-line name, each between its own
// pair of rulers.

//===----------------------------------------------------------------------===//
// attn-outline-fusions
//===----------------------------------------------------------------------===//

def AttnOutlineFusionsPass : Pass<"attn-outline-fusions", "::mlir::ModuleOp"> {
  let summary = "Keep both sides of every fusion as functions";
  let description = [{
    For every attention that `convert-linalg-to-attn` with the same options will
    fuse, adds two private functions with the same arguments: `@f_fusionN_before`
    computes it as the graph does, and is never fused (`attn.not_fused`);
    `@f_fusionN_after` as the fused program does. A third, `@f_fusion_inputs`, has
    the arguments of `@f` and returns what all its fusions read, scalars as tensors
    of rank 0; those of one fusion begin at its `attn.recorded_at`. Fusions in loops
    and branches are not recorded. `attn-run --verify-fusion` runs all three. The
    functions of the module stay as they are.

    After:

    ```mlir
    func.func private @main_fusion0_before(%q: ..., %k: ..., %v: ...) -> ...
        attributes {attn.fused_as = @main_fusion0_after, attn.not_fused,
                    attn.recorded_at = 0, attn.recorded_by = @main_fusion_inputs} {...}
    func.func private @main_fusion0_after(%q: ..., %k: ..., %v: ...) -> ... {
      %0 = attn.sdpa ...
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::attn::AttnDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let options = [
    Option<"numerics", "numerics", "std::string", /*default=*/"\"default\"",
           "What fusion may change: strict, default or fast">,
    Option<"recompute", "recompute", "bool", /*default=*/"false",
           "Fuse also where logits or probabilities are used elsewhere">
  ];
  let statistics = [
    Statistic<"numOutlined", "num-outlined", "Number of fusions outlined">
  ];
}

//===----------------------------------------------------------------------===//
// attn-print-summary
//===----------------------------------------------------------------------===//

def AttnPrintSummaryPass : Pass<"attn-print-summary", "::mlir::ModuleOp"> {
  let summary = "Print what was fused, how, and why not";
  let description = [{
    Prints for every function the attentions that it has as `attn.sdpa`, with
    what was recognised, and every softmax between two matmuls that is none, with
    the reason. Run it after `convert-linalg-to-attn`; before it, what will be
    fused is listed as fusible. Where there are several functions, the last line
    counts for all of them. Prints to the standard error stream and changes nothing.

    ```
    @main: 1 attn.sdpa, 1 other softmaxes between matmuls
      fused   model.mlir:19:8: query 2x3x5x8xf32, key 2x3x7x8xf32, value
              2x3x7x8xf32, scale 0.25, structure #attn.causal<top_left>, rows
              without keys: zero
      missed  model.mlir:55:8: uses: the logits or probabilities are also used by
              'func.return' outside of the attention, ...
      missed by step: uses 1
    ```
  }];
  let dependentDialects = [
    "::mlir::attn::AttnDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [
    Option<"numerics", "numerics", "std::string", /*default=*/"\"default\"",
           "What fusion may change: strict, default or fast">
  ];
}

//===----------------------------------------------------------------------===//
// convert-assert-to-runtime
//===----------------------------------------------------------------------===//

def ConvertAssertToRuntimePass
    : Pass<"convert-assert-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Turn assertions into errors that the caller can handle";
  let description = [{
    Lowers every `cf.assert` to a conditional call of `attn_rt_fail` with its
    message (`attn/Runtime/CPU/Runtime.h`), instead of an abort, and `attn.assert`
    to one of `attn_rt_fail_at`, which puts its number into the message.

    Before:

    ```mlir
    cf.assert %equal, "expected one length of key and value"
    ```

    After:

    ```mlir
    %violated = arith.xori %equal, %true : i1
    scf.if %violated {
      %message = llvm.mlir.addressof @attn_message : !llvm.ptr
      llvm.call @attn_rt_fail(%message) : (!llvm.ptr) -> ()
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::scf::SCFDialect"
  ];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "Number of assertions lowered">
  ];
}

//===----------------------------------------------------------------------===//
// convert-trace-to-runtime
//===----------------------------------------------------------------------===//

def ConvertTraceToRuntimePass
    : Pass<"convert-trace-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Let kernels tell the runtime when they run";
  let description = [{
    Puts calls of the runtime (`attn/Runtime/CPU/Runtime.h`) around every parallel
    loop that calls a kernel and every structured operation on memrefs outside of
    such loops. The event is called after the kernel or the operation, and the line
    of the source. `attn-run --profile` makes a trace of the events.

    Before:

    ```mlir
    scf.parallel (%i) = (%c0) to (%n) step (%c1) {
      func.call @attn_fwd_f32_full_d64_q64_k128(...)
    }
    ```

    After:

    ```mlir
    %begin = llvm.call @attn_rt_trace_begin() : () -> i64
    scf.parallel (%i) = (%c0) to (%n) step (%c1) {
      func.call @attn_fwd_f32_full_d64_q64_k128(...)
    }
    %name = llvm.mlir.addressof @attn_event : !llvm.ptr
    llvm.call @attn_rt_trace_end(%name, %begin) : (!llvm.ptr, i64) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"numEvents", "num-events", "Number of operations with events">
  ];
}

//===----------------------------------------------------------------------===//
// convert-results-to-runtime
//===----------------------------------------------------------------------===//

def ConvertResultsToRuntimePass
    : Pass<"convert-results-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Compute results in the memory that the caller has for them";
  let description = [{
    Replaces the allocations that public functions return by calls of the runtime
    (`attn/Runtime/CPU/Runtime.h`), which gives the memory of the caller's output if
    that has as many bytes and lies apart from all inputs, and else allocates. Results
    are then not copied. Left alone are functions that the module uses, and what is no
    whole allocation of the function's outermost block: a part of one, an argument, or
    what may be freed.

    Before:

    ```mlir
    func.func @f(%n: index) -> memref<?x64xf32> {
      %out = memref.alloc(%n) : memref<?x64xf32>
      ...
      return %out : memref<?x64xf32>
    }
    ```

    After:

    ```mlir
    func.func @f(%n: index) -> memref<?x64xf32> {
      %bytes = arith.muli %c256, %n : index
      %memory = call @attn_rt_allocate_result(%c0, %bytes)
          : (index, index) -> memref<?xi8>
      %out = memref.view %memory[%c0][%n] : memref<?xi8> to memref<?x64xf32>
      ...
      return %out : memref<?x64xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect"
  ];
  let statistics = [
    Statistic<"numConverted", "num-converted",
              "Number of results that the caller may have memory for">
  ];
}

//===----------------------------------------------------------------------===//
// convert-streamed-tiles-to-llvm
//===----------------------------------------------------------------------===//

def ConvertStreamedTilesToLLVMPass : Pass<"convert-streamed-tiles-to-llvm"> {
  let summary = "Lower loads of tiles that pass by the nearest cache";
  let description = [{
    `amx.tile_load` with the attribute `attn.streamed` becomes AMX's `tileloaddt1`,
    which MLIR has no operation for: the processor is told that the nearest cache
    need not keep the tile. Keys and values, of which a tile of queries reads each
    once, else drive out its logits and sums. Runs before what lowers the other
    operations on tiles; casts stand for its operands until then.

    Before:

    ```mlir
    %tile = amx.tile_load %keys[%row, %column] {attn.streamed}
        : memref<1024x128xbf16> into !amx.tile<16x32xbf16>
    ```

    After:

    ```mlir
    %loaded = llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"(
        %rows, %row_bytes, %pointer, %stride) : (i16, i16, !llvm.ptr, i64) -> !llvm.x86_amx
    %tile = builtin.unrealized_conversion_cast %loaded
        : !llvm.x86_amx to !amx.tile<16x32xbf16>
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"numConverted", "num-converted", "Number of loads lowered">
  ];
}

//===----------------------------------------------------------------------===//
// convert-attn-gpu-to-nvvm
//===----------------------------------------------------------------------===//

def ConvertAttnGPUToNVVMPass
    : Pass<"convert-attn-gpu-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower attn_gpu kernels to the LLVM dialect, NVVM and PTX";
  let description = [{
    Turns every kernel of a module (`gpu.func` with `attn_gpu.roles`) into an
    `llvm.func` in which each thread computes its share: a fragment is its
    registers, a tile its address, a slot its number and parity. Loops stay
    `scf`, arithmetic stays `arith`.

    Products are inline PTX with tied accumulators. `math.exp2` and its like on
    f32 become the approximate instructions.

    Before:

    ```mlir
    %s = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>,
        !attn_gpu.shared<8x64xbf16> -> !attn_gpu.in_flight<64x8xf32>
    ```

    After:

    ```mlir
    llvm.inline_asm has_side_effects "wgmma.fence.sync.aligned;", "" : () -> ()
    %0 = llvm.inline_asm has_side_effects "{ ...
      wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, a, b,
      p, 1, 1, 0, 0; }", "=f,=f,=f,=f,r,r" %q_descriptor, %k_descriptor
    ...
    nvvm.wgmma.commit.group.sync.aligned
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect"
  ];
  let statistics = [
    Statistic<"numConverted", "num-converted", "Number of kernels converted">
  ];
}

//===----------------------------------------------------------------------===//
// convert-attn-to-attn-gpu
//===----------------------------------------------------------------------===//

def ConvertAttnToAttnGPUPass
    : Pass<"convert-attn-to-attn-gpu", "::mlir::ModuleOp"> {
  let summary = "Lower attn.sdpa on memrefs to kernels for NVIDIA GPUs";
  let description = [{
    Lowers every `attn.sdpa` with `backend = flash` to a kernel in the module
    `@attn_kernels` and its launch. Memrefs are in device memory.

    On `sm_90a` the kernel is persistent: a block on each multiprocessor takes
    tiles of queries from a counter; copies are made by tensor maps, products by
    warpgroups. For every other chip from `sm_80` on, for f32, for head dimensions
    that are no multiples of 8 and for more than five dimensions, a block computes
    one tile, with cp.async, ldmatrix and mma.sync. Sizes and strides are arguments
    unless they are static; one kernel serves all. Key blocks that the structure
    masks for the whole tile are not visited, blocks that it keeps for the whole
    tile run without mask code. Score and keep regions are inlined. Where there are
    documents a small kernel is launched first, which finds for each tile the keys
    that can be of its documents.

    Takes f16, bf16 and f32 operands; softmax and sums are in f32, probabilities
    are rounded to the type of the values. The option `f32` says how f32 is
    multiplied on tensor cores, and is ignored for other types:

    - `bf16x3` (`auto`): as sums of two numbers of bf16, three products for one,
      with a relative error of 2^-16 of each term;
    - `tf32`: rounded to 10 bits of mantissa, one product. Each factor, in both
      products, has a relative error of 2^-11 at most, each term twice that; finite
      numbers from 2^128 (1 - 2^-12) on become infinite.

    Tile sizes, stages and the form of the softmax follow a cost model
    (`lib/Conversion/AttnToAttnGPU`: `HopperSchedule.cpp`, `AmpereSchedule.cpp`) unless an
    option forces them; an analysis remark of the category `attn-schedule` prints them.

    Before:

    ```mlir
    attn.sdpa query(%q : memref<2x8x?x64xbf16>) key(%k : memref<2x8x?x64xbf16>)
        value(%v : memref<2x8x?x64xbf16>) backend = flash
        outs(%o : memref<2x8x?x64xbf16>)
    ```

    After:

    ```mlir
    %map = attn_gpu.encode_tensor_map %q_pointer sizes(...) strides(...)
        box [64, 64, 1, 1] element bf16 swizzle b128 : !llvm.ptr
    ...
    gpu.launch_func @attn_kernels::@attn_fwd_bf16_full_d64_q192_k128
        blocks in (%grid, %c1, %c1) threads in (%c512, %c1, %c1)
        dynamic_shared_memory_size %bytes args(%map : !attn_gpu.tensor_map, ...)
    ```
  }];
  let dependentDialects = [
    "::mlir::attn_gpu::AttnGPUDialect", "::mlir::arith::ArithDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect"
  ];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_90a\"",
           "The GPU to generate kernels for">,
    Option<"softmax", "softmax", "std::string", "\"auto\"",
           "Form of the softmax: auto, standard, lazy or optimistic">,
    Option<"consumers", "consumers", "int64_t", "0",
           "Consumer warpgroups of a block, of 64 queries each (0: chosen)">,
    Option<"blockKeys", "block-keys", "int64_t", "0",
           "Keys of a block (0: chosen)">,
    Option<"stages", "stages", "int64_t", "0",
           "Blocks of keys and values in flight (0: chosen)">,
    Option<"queryStages", "query-stages", "int64_t", "0",
           "Tiles of queries in flight (0: chosen)">,
    Option<"sectionHeads", "section-heads", "int64_t", "0",
           "Heads whose tiles are handed out together (0: chosen)">,
    Option<"keySplits", "key-splits", "int64_t", "0",
           "Splits of the keys of a tile, whose outputs are merged; 1 for none, 0: as "
           "split-keys says">,
    Option<"splitKeys", "split-keys", "std::string", "\"auto\"",
           "Whether each launch splits keys into as many parts as keep the GPU busy: "
           "auto (where queries are few), on or off">,
    Option<"fewQueries", "few-queries", "std::string", "\"auto\"",
           "Whether queries are few, so that tiles have 64 of them, or of several heads "
           "that share keys: auto (64 at most, static, and more than 512 keys), on, off, "
           "or grouped (on, and such heads have more than 64 together)">,
    Option<"turns", "turns", "std::string", "\"auto\"",
           "Whether consumers take turns in issuing products: auto, on or off">,
    Option<"output", "output", "std::string", "\"auto\"",
           "How outputs leave a kernel: auto, copied (through shared memory) or "
           "stored (from registers)">,
    Option<"narrowBlocks", "narrow-blocks", "std::string", "\"auto\"",
           "Whether half of a tile's last block of keys is computed where no more "
           "is needed: auto, on or off">,
    Option<"queryRegisters", "query-registers", "std::string", "\"auto\"",
           "Whether consumers hold the queries of a tile in registers: auto, on or "
           "off">,
    Option<"f32", "f32", "std::string", "\"auto\"",
           "How f32 is multiplied: auto, bf16x3 or tf32">
  ];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "Number of attentions lowered">
  ];
}

//===----------------------------------------------------------------------===//
// convert-attn-to-cpu
//===----------------------------------------------------------------------===//

def ConvertAttnToCPUPass : Pass<"convert-attn-to-cpu", "::mlir::ModuleOp"> {
  let summary = "Lower attn.sdpa on memrefs to a flash kernel for the CPU";
  let description = [{
    Lowers every `attn.sdpa` with `backend = flash` and a `#attn.cpu_schedule` to
    a parallel loop over heads and tiles of queries. The loop calls a private
    function per op that computes one tile by an online softmax, with queries in
    vector lanes (FlashAttention, Dao et al., 2022). Key blocks that the
    structure masks for the whole tile are not visited; blocks that it keeps for
    the whole tile run without mask code. Score and keep regions are inlined.
    Ragged batches take the same functions, for tiles of one sequence each: a
    table of all tiles is made first, and `#attn.cpu_ragged_schedule` has kernels
    for sequences of different lengths.

    Takes f16, bf16 and f32 operands; computes in f32.

    Before:

    ```mlir
    attn.sdpa query(%q : memref<8x77x64xf32>) key(%k : memref<8x77x64xf32>)
        value(%v : memref<8x77x64xf32>) structure(#attn.causal<top_left>)
        backend = flash schedule = #attn.cpu_schedule<...>
        outs(%o : memref<8x77x64xf32>)
    ```

    After:

    ```mlir
    scf.parallel (%t) = (%c0) to (%c24) step (%c1) {
      ...
      %q_h = memref.subview %q[%h, 0, 0] [1, 77, 64] [1, 1, 1] : ...
      call @attn_fwd_f32_causal_d64_q32_k64(%q_h, %k_h, %v_h, %o_h, %h, %i0)
      scf.reduce
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::mlir::x86vector::X86VectorDialect"
  ];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "Number of attentions lowered">
  ];
}

//===----------------------------------------------------------------------===//
// convert-attn-to-linalg
//===----------------------------------------------------------------------===//

def ConvertAttnToLinalgPass
    : InterfacePass<"convert-attn-to-linalg", "::mlir::FunctionOpInterface"> {
  let summary = "Expand attn.sdpa on tensors into linalg";
  let description = [{
    The `math` backend, the inverse of fusion: logits, softmax and output become
    `linalg.generic` operations on whole tensors, in f32 (f64 for f64 operands).
    Takes every form of the op on tensors. Shapes that are known only at run time
    are checked by `cf.assert`.

    Before:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>)
           value(%v : tensor<7x8xf32>) backend = math
           outs(%init : tensor<5x8xf32>) -> tensor<5x8xf32>
    ```

    After:

    ```mlir
    %s = linalg.generic {...} ins(%q, %k : ...) outs(%zeros : tensor<5x7xf32>)
    %logits = linalg.generic {...} ins(%s : tensor<5x7xf32>) ...
    %max = linalg.generic {...} ins(%logits : ...) outs(%m : tensor<5xf32>)
    %exp = linalg.generic {...} ins(%logits, %max : ...) ...
    %sum = linalg.generic {...} ins(%exp : ...) outs(%z : tensor<5xf32>)
    %acc = linalg.generic {...} ins(%exp, %v : ...) outs(%zo : tensor<5x8xf32>)
    %0 = linalg.generic {...} ins(%acc, %sum : ...) outs(%init : tensor<5x8xf32>)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [
    Option<"all", "all", "bool", "false",
           "Expand every op, not only those with backend = math">
  ];
  let statistics = [
    Statistic<"numExpanded", "num-expanded", "Number of attentions expanded">
  ];
}

//===----------------------------------------------------------------------===//
// convert-contraction-to-vector
//===----------------------------------------------------------------------===//

def ConvertContractionToVectorPass
    : Pass<"convert-contraction-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower matmuls on memrefs to vector register tiles";
  let description = [{
    Lowers every contraction in linalg on memrefs, named or generic, whose output
    (f32 or f64) is contiguous along a dimension that only one of the inputs has.
    A kernel computes 512 rows at most of some panels of columns in register tiles;
    rows, columns and outer dimensions run in parallel, and the run time says how
    many rows a call has, by the threads that there are. Panels of the second input are
    copied, 64 kB at a time, so that its columns are adjacent and rows as far
    apart as a power of two do not share the sets of a cache; not where rows are
    few and columns adjacent already, nor where few rows and columns are adjacent
    along the contracted dimension, which goes into lanes then. The sum of an
    element has one order, whatever runs in parallel. f16 and bf16 inputs are
    widened as they are read, or, with AMX, bf16 multiplied in tiles. Where nothing
    but a fill with a constant wrote the output before, the kernel fills what it
    computes. Other contractions are left alone.

    With AMX the second input is copied to where a tile's memory is adjacent: by
    all threads before they multiply, 8 MB at a time, if more than 64 rows share it;
    by the call that multiplies elsewhere. Rows of the first input are read where
    they are, except for those that are no whole tiles or a multiple of 4096 bytes
    apart. Up to four rows take no tiles.

    Before:

    ```mlir
    linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32>)
                  outs(%c : memref<64x48xf32>)
    ```

    After:

    ```mlir
    %chosen = func.call @attn_rt_choose_rows(%rows, %groups, %c512_i64, ...)
    %step = arith.index_cast %chosen : i64 to index
    scf.parallel (%i, %j) = (%c0, %c0) to (%c64, %c48) step (%step, %c64) {
      func.call @attn_rt_check_stack(%bytes) : (i64) -> ()
      func.call @main_matmul(%a, %b, %c, %i, %j, %step) : (...) -> ()
    }
    // In @main_matmul:
    %block = memref.alloca() : memref<4x256x16xf32>
    // for blocks of k: copy %b to %block; for some rows, for each panel:
    %sums:12 = scf.for %k = %first to %last step %c1 iter_args(...) {
      %b0 = vector.load %block[%panel, %row, %column] : vector<8xf32>
      %a0 = memref.load %a[%i, %k] : memref<64x32xf32>
      %r0 = vector.broadcast %a0 : f32 to vector<8xf32>
      %s0 = vector.fma %r0, %b0, %acc0 : vector<8xf32>
      ...
    ```
  }];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256",
           "Width of a vector register in bits">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "16",
           "Number of vector registers">,
    Option<"useAMX", "amx", "bool", "false",
           "Whether the target multiplies tiles of bf16 (AMX-BF16)">
  ];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "Number of contractions lowered">,
    Statistic<"numFilled", "num-filled",
              "Number of contractions that fill their output">
  ];
}

//===----------------------------------------------------------------------===//
// convert-gpu-launch-to-runtime
//===----------------------------------------------------------------------===//

def ConvertGPULaunchToRuntimePass
    : Pass<"convert-gpu-launch-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Launch kernels through the CUDA runtime";
  let description = [{
    Lowers the host side of GPU code to calls of the runtime
    (`attn/Runtime/CUDA/Runtime.h`): `gpu.launch_func` of kernels in a
    `gpu.binary`, whose code is embedded, `attn_gpu.encode_tensor_map`,
    `attn_gpu.scratch` and `attn_gpu.multiprocessor_count`; `memref.alloc` to
    memory of the call, `memref.copy` to a copy on the device. Launches go to the
    stream of the call.

    Arguments of kernels are numbers, pointers, tensor maps and memrefs, which
    become two pointers, an offset, sizes and strides; indices are 64 bits wide.
    A discardable attribute `name` of `attn_gpu.encode_tensor_map` names the
    tensor in error messages of the runtime.

    Constant memrefs are copied to the device when they are first used.

    Assumes that memrefs are in device memory: an operation that would read or
    write one on the host is an error.

    Before:

    ```mlir
    gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "...">]
    func.func @main(%p: !llvm.ptr, %n: index) {
      gpu.launch_func @kernels::@fill blocks in (%n, %c1, %c1)
          threads in (%c128, %c1, %c1) args(%p : !llvm.ptr)
      return
    }
    ```

    After:

    ```mlir
    llvm.mlir.global private constant @attn_rt_gpu_kernels_code("...")
    llvm.mlir.global internal @attn_rt_gpu_kernels_image() : !llvm.struct<(ptr, i64, ptr)>
    llvm.mlir.global internal @attn_rt_gpu_kernels_fill() : !llvm.struct<(ptr, ptr, ptr)>
    func.func @main(%p: !llvm.ptr, %n: index) {
      ...
      llvm.call @attn_rt_cuda_launch(%kernel, %dims, %shared_bytes, %parameters)
          : (!llvm.ptr, !llvm.ptr, i64, !llvm.ptr) -> ()
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect"
  ];
  let statistics = [
    Statistic<"numLaunches", "num-launches", "Number of launches lowered">
  ];
}

//===----------------------------------------------------------------------===//
// convert-linalg-to-attn
//===----------------------------------------------------------------------===//

def ConvertLinalgToAttnPass
    : InterfacePass<"convert-linalg-to-attn", "::mlir::FunctionOpInterface"> {
  let summary = "Find attention in linalg and turn it into attn.sdpa";
  let description = [{
    Looks at every contraction of a softmax with values. The elements of the
    probabilities are written as expressions of the batch, head, query and key
    indices, in which reshapes, transposes, broadcasts and the way in which the
    computation is cut into operations have disappeared; attention is recognised
    in the expression. Scale, softcap, bias and masks are read off it: conditions
    on indices become a `keep` region (which canonicalization turns into
    `#attn.causal` and the like), comparisons of the key with a length of its
    sequence the `key_lengths`, boolean tensors the `mask`, added tensors the
    `bias`, anything else that changes a logit the `score` region. Maxima, sums
    and log-sum-exps of rows that are used elsewhere become results of the op, or
    are computed from them.

    `masked_row` reproduces what the graph does with rows that see no key: `nan`
    for -inf masks under a plain softmax, `zero` under a safe one, `uniform` for
    masks with a large negative number. Where several masks do not agree on such
    rows, or a number is added that is not large enough to say so, the `score`
    region computes the logits as the graph does.

    What fusion may change is said by `numerics`, or by the attribute
    `attn.numerics` of the function (docs/Spec.md, Fusion):

    - `strict`: the order of sums and products, and the exponential's rounding.
    - `default`: also rounding of intermediate results to f16 and bf16; that
      logits which are kept are above -1e4 where a mask selects a finite number;
      NaN probabilities that are replaced by zeros.
    - `fast`: also softmax without subtraction of the maximum, and the rows
      without keys of masks that do not agree.

    Every fused attention gets a passed remark of the category `attn-fusion`,
    with what was recognised and the bytes (`BytesSaved`; `BytesSavedPerLogit`
    where sizes are dynamic) and operations (`FlopsSaved`, if the structure of a
    mask leaves some out) that it saves. Every softmax between two contractions
    that was not fused gets a missed one, at the operation that is in the way,
    with the step that failed, the reason and the smallest change that would
    help; in a function with the attribute `attn.require_fused` it is an error.

    Before:

    ```mlir
    %s = linalg.batch_matmul ins(%q, %kt : ...) outs(%zeros : tensor<8x5x7xf32>)
    %scaled = linalg.generic {...} ins(%s) { arith.mulf %in, %scale }
    %p = linalg.softmax dimension(2) ins(%scaled : ...) outs(%e : ...)
    %o = linalg.batch_matmul ins(%p, %v : ...) outs(%zeros_o : tensor<8x5x4xf32>)
    ```

    After:

    ```mlir
    %o = attn.sdpa query(%q : tensor<8x5x16xf32>) key(%k : tensor<8x7x16xf32>)
           value(%v : tensor<8x7x4xf32>) scale = 2.500000e-01
           outs(%init : tensor<8x5x4xf32>) -> tensor<8x5x4xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::attn::AttnDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [
    Option<"numerics", "numerics", "std::string", /*default=*/"\"default\"",
           "What fusion may change: strict, default or fast; the attribute "
           "attn.numerics of a function goes before it">,
    Option<"recompute", "recompute", "bool", /*default=*/"false",
           "Fuse also where logits or probabilities are used elsewhere and are "
           "computed a second time">
  ];
  let statistics = [
    Statistic<"numFused", "num-fused", "Number of attentions fused">,
    Statistic<"numMissed", "num-missed",
              "Number of softmaxes between contractions that were not fused">,
    Statistic<"numMissedSoftmax", "num-missed-softmax",
              "Missed: the softmax has another form">,
    Statistic<"numMissedLogits", "num-missed-logits",
              "Missed: the logits are no function of one matmul">,
    Statistic<"numMissedMask", "num-missed-mask",
              "Missed: a mask that neither a tensor nor a region can be">,
    Statistic<"numMissedUses", "num-missed-uses",
              "Missed: intermediate results are used elsewhere">,
    Statistic<"numMissedOperands", "num-missed-operands",
              "Missed: query, key and value do not come into layout">,
    Statistic<"numMissedOutput", "num-missed-output",
              "Missed: the second matmul has another form">,
    Statistic<"numMissedNumerics", "num-missed-numerics",
              "Missed: the numerics that are asked for forbid it">
  ];
}

//===----------------------------------------------------------------------===//
// convert-scf-parallel-to-runtime
//===----------------------------------------------------------------------===//

def ConvertSCFParallelToRuntimePass
    : Pass<"convert-scf-parallel-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Run parallel loops on the threads of the runtime";
  let description = [{
    Outlines the body of every outermost `scf.parallel` into a private function
    over a range of its iterations, numbered in row-major order, and calls
    `attn_rt_parallel_for` with it (`attn/Runtime/CPU/Runtime.h`). Captured
    values are passed in a struct on the caller's stack. The attribute
    `attn.grain` of a loop sets how many iterations a thread takes at once (1 by
    default). Loops with reductions are an error.

    Before:

    ```mlir
    scf.parallel (%i) = (%c0) to (%n) step (%c1) {
      func.call @work(%m, %i) : (memref<?xf32>, index) -> ()
      scf.reduce
    }
    ```

    After:

    ```mlir
    llvm.call @attn_rt_parallel_for(%n_i64, %c1_i64, %body, %context)
    ...
    func.func private @main_parallel(%context: !llvm.ptr, %begin: i64, %end: i64) {
      ...
      scf.for %i = %b to %e step %c1 {
        func.call @work(%m, %i) : (memref<?xf32>, index) -> ()
      }
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"
  ];
  let statistics = [
    Statistic<"numOutlined", "num-outlined", "Number of loops outlined">
  ];
}

#endif // ATTN_CONVERSION_PASSES_TD
