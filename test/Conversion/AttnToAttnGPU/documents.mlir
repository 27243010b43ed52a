// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=chip=sm_80 --canonicalize --cse | FileCheck %s --check-prefix=AMPERE

// A kernel finds the keys of each tile's documents first: four words for each of 3
// consumers of 6 rows of tiles of 2 batches.
// CHECK-LABEL: func.func @document
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 576 : index
// CHECK-DAG: %[[TILES:.*]] = arith.constant 12 : index
// CHECK: %[[RANGES:.*]] = attn_gpu.scratch %[[BYTES]]
// CHECK: gpu.launch_func @attn_kernels::@attn_fwd_bf16_document_d64_q192_k64_documents blocks in (%[[TILES]],
// CHECK-SAME: threads in (%c512,
// CHECK-SAME: %[[RANGES]] : !llvm.ptr)
// CHECK: gpu.launch_func @attn_kernels::@attn_fwd_bf16_document_d64_q192_k64 blocks
// CHECK-SAME: %[[RANGES]] : !llvm.ptr

// CHECK: gpu.func @attn_fwd_bf16_document_d64_q192_k64_documents
// CHECK: attn_gpu.warpgroups 4
// CHECK-COUNT-3: gpu.subgroup_reduce minsi
// CHECK: gpu.subgroup_reduce maxsi
// CHECK: scf.for
// CHECK: scf.if
// CHECK: llvm.atomicrmw umax
// CHECK: llvm.atomicrmw umax
// CHECK: llvm.atomicrmw add
// CHECK: llvm.atomicrmw umax
// CHECK: scf.if
// CHECK-COUNT-4: llvm.atomicrmw
// CHECK: scf.if
// CHECK-COUNT-4: llvm.atomicrmw
// CHECK-NOT: llvm.atomicrmw
// CHECK: gpu.return

// The message of a tile has eleven words: its number, place and keys, and two of each
// consumer's documents. That of the end has no tile's.
// CHECK: gpu.func @attn_fwd_bf16_document_d64_q192_k64(
// CHECK: attn_gpu.roles
// CHECK-COUNT-3: attn_gpu.send {{((%[^ ]* )+)}}to
// CHECK: attn_gpu.send %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32, %c-1_i32 to

// Rows look for the keys of their documents when a tile begins, at seven at a time.
// Pairs of documents are compared, unless they ascend, in a tile that is computed again,
// in the first block, and in those at either edge; not in those between.
// CHECK: consumers
// CHECK: attn_gpu.map : () -> !attn_gpu.row<i64>
// CHECK: scf.while {{.*}} : (i32, !attn_gpu.row<i32>, !attn_gpu.row<i32>, !attn_gpu.row<i32>, !attn_gpu.row<i32>)
// CHECK: attn_gpu.map
// CHECK-COUNT-7: arith.cmpi slt, %{{.*}} : i64
// CHECK-COUNT-7: arith.cmpi sle, %{{.*}} : i64
// CHECK-NOT: i64
// CHECK: attn_gpu.keep_columns
// CHECK-NEXT: %[[ANY:.*]] = arith.cmpi eq, %{{.*}}, %c2_i32
// CHECK-NEXT: scf.if %[[ANY]]
// CHECK-NEXT: attn_gpu.map
// CHECK: llvm.load {{.*}} -> i64
// CHECK: llvm.load {{.*}} -> i64
// CHECK: arith.cmpi eq
// CHECK: } else {
// CHECK-COUNT-3: attn_gpu.keep_columns
// CHECK-NOT: attn_gpu.keep_columns

// AMPERE-LABEL: func.func @document
// AMPERE: gpu.launch_func @attn_kernels::@attn_fwd_bf16_document_d64_q128_k128_documents
// AMPERE: gpu.launch_func @attn_kernels::@attn_fwd_bf16_document_d64_q128_k128 blocks

// Both consumers of a warpgroup have rows of their own.
// AMPERE: gpu.func @attn_fwd_bf16_document_d64_q128_k128(
// AMPERE-COUNT-2: scf.while {{.*}} : (i32, !attn_gpu.row<i32>, !attn_gpu.row<i32>, !attn_gpu.row<i32>, !attn_gpu.row<i32>)
// AMPERE: attn_gpu.keep_columns
func.func @document(%q: memref<2x8x1000x64xbf16>, %k: memref<2x8x?x64xbf16>, %o: memref<2x8x1000x64xbf16>, %dq: memref<2x1000xi64>, %dk: memref<1x?xi64>) {
  attn.sdpa query(%q : memref<2x8x1000x64xbf16>) key(%k : memref<2x8x?x64xbf16>) value(%k : memref<2x8x?x64xbf16>)
    documents(%dq, %dk : memref<2x1000xi64>, memref<1x?xi64>)
    structure(#attn.document) backend = flash outs(%o : memref<2x8x1000x64xbf16>)
  return
}

// -----

// With a mask tensor no block goes without mask code.
// CHECK-LABEL: func.func @document_and_mask
// CHECK: gpu.func @attn_fwd_bf16_masked_d64_q128_k64_documents
// CHECK: gpu.func @attn_fwd_bf16_masked_d64_q128_k64(
// CHECK: consumers
// CHECK-COUNT-3: attn_gpu.keep_columns
// CHECK-NOT: attn_gpu.keep_columns
func.func @document_and_mask(%q: memref<2x8x1000x64xbf16>, %k: memref<2x8x?x64xbf16>, %o: memref<2x8x1000x64xbf16>, %d: memref<1000xi32>, %dk: memref<?xi32>, %m: memref<1000x?xi1>) {
  attn.sdpa query(%q : memref<2x8x1000x64xbf16>) key(%k : memref<2x8x?x64xbf16>) value(%k : memref<2x8x?x64xbf16>)
    mask(%m : memref<1000x?xi1>) documents(%d, %dk : memref<1000xi32>, memref<?xi32>)
    structure(#attn.document) backend = flash outs(%o : memref<2x8x1000x64xbf16>)
  return
}

// -----

// A first sequence without queries has a tile, but no row before the first one is
// read.
// CHECK-LABEL: func.func @ragged
// AMPERE-LABEL: func.func @ragged
// AMPERE: gpu.func @attn_fwd_bf16_document_varlen_d64_q128_k128(
// AMPERE: attn_gpu.map : () -> !attn_gpu.row<i32>
// AMPERE: %[[QUERY:.*]] = arith.minsi
// AMPERE-NEXT: %[[ROW:.*]] = arith.addi %{{.*}}, %[[QUERY]]
// AMPERE-NEXT: arith.maxsi %[[ROW]], %c0_i32
func.func @ragged(%q: memref<8x?x64xbf16>, %k: memref<8x?x64xbf16>, %o: memref<8x?x64xbf16>, %d: memref<?xi32>, %n: memref<?xi32>) {
  attn.sdpa query(%q : memref<8x?x64xbf16>) key(%k : memref<8x?x64xbf16>) value(%k : memref<8x?x64xbf16>)
    documents(%d, %d : memref<?xi32>, memref<?xi32>) cu_seqlens(%n, %n : memref<?xi32>, memref<?xi32>)
    structure(#attn.document) backend = flash outs(%o : memref<8x?x64xbf16>)
  return
}

// -----

// Warps of a consumer that lets blocks go by wait for each other before a block is
// given back, with turns or without.
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=turns=off | FileCheck %s --check-prefix=OFF
// OFF-LABEL: func.func @causal
// OFF: attn_gpu.sync_warpgroup
// OFF-NEXT: attn_gpu.release
// OFF-NEXT: attn_gpu.await
// OFF-NEXT: attn_gpu.sync_warpgroup
// OFF-NEXT: attn_gpu.release
// CHECK-LABEL: func.func @causal
// CHECK: consumers
// CHECK: attn_gpu.sync_warpgroup
// CHECK-NEXT: attn_gpu.release
// CHECK: attn_gpu.turn_begin
// CHECK: attn_gpu.sync_warpgroup
// CHECK-NEXT: attn_gpu.release
func.func @causal(%q: memref<2x8x1000x64xbf16>, %o: memref<2x8x1000x64xbf16>) {
  attn.sdpa query(%q : memref<2x8x1000x64xbf16>) key(%q : memref<2x8x1000x64xbf16>) value(%q : memref<2x8x1000x64xbf16>)
    structure(#attn.causal<top_left>) backend = flash outs(%o : memref<2x8x1000x64xbf16>)
  return
}
