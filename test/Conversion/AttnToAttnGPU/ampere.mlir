// RUN: attn-opt %s --convert-attn-to-attn-gpu=chip=sm_86 --split-input-file --canonicalize --remarks-filter='attn-schedule' 2>&1 | FileCheck %s

// A block of threads for each tile; strides and addresses that are not known are
// checked for the copies.
// CHECK: tile 128x128, 2 consumers in 1 warpgroups, 2 blocks on a multiprocessor, standard softmax, sections of 1 heads, copies of 16 and 16 bytes, 49152 bytes of shared memory
// CHECK-LABEL: func.func @full
// CHECK: %[[TILES:.*]] = arith.constant 24 : index
// CHECK: cf.assert %{{.*}}, "attn.sdpa: expected queries aligned to 16 bytes, rows included"
// CHECK: cf.assert %{{.*}}, "attn.sdpa: expected keys aligned to 16 bytes, rows included"
// CHECK: cf.assert %{{.*}}, "attn.sdpa: expected values aligned to 16 bytes, rows included"
// CHECK-NOT: encode_tensor_map
// CHECK-NOT: scratch
// CHECK: gpu.launch_func @attn_kernels::@attn_fwd_f16_full_d64_q128_k128 blocks in (%[[TILES]],
// CHECK: gpu.func @attn_fwd_f16_full_d64_q128_k128
// CHECK: attn_gpu.warpgroups 1 blocks = 2 {
// Keys are under way, values are fetched under their product.
// CHECK: scf.for
// CHECK: attn_gpu.await_copies pending 0
// CHECK: attn_gpu.copy_rows
// CHECK-NEXT: attn_gpu.commit_copies
// CHECK: attn_gpu.mma[%{{.*}}, %{{.*}}], %{{.*}} depth 64
// CHECK-NEXT: attn_gpu.await_copies pending 0
// CHECK: attn_gpu.mma[%{{.*}}, %{{.*}}], %{{.*}} values into
// CHECK: attn_gpu.any_of_block
func.func @full(%q: memref<8x300x64xf16>, %k: memref<8x320x64xf16>, %v: memref<8x320x64xf16>, %o: memref<8x300x64xf16>) {
  attn.sdpa query(%q : memref<8x300x64xf16>) key(%k : memref<8x320x64xf16>) value(%v : memref<8x320x64xf16>) backend = flash outs(%o : memref<8x300x64xf16>)
  return
}

// -----

// Rows of 20 elements are whole 8 bytes; of 5, single elements.
// CHECK: tile 64x128, 1 consumers in 1 warpgroups, 2 blocks on a multiprocessor, standard softmax, sections of 16 heads, keys split, copies of 8 and 2 bytes
// CHECK-LABEL: func.func @odd
// CHECK: cf.assert %{{.*}}, "attn.sdpa: expected keys aligned to 8 bytes, rows included"
// CHECK-NOT: expected values aligned
// CHECK: attn_gpu.copy_rows %{{.*}} columns 20 to %{{.*}} aligned 8 by 1
// CHECK: attn_gpu.copy_rows %{{.*}} columns 5 to %{{.*}} aligned 2 by 1
// CHECK: attn_gpu.isolate
func.func @odd(%q: memref<8x3x20xbf16>, %k: memref<8x?x20xbf16>, %v: memref<8x?x5xbf16>, %o: memref<8x3x5xf32>) {
  attn.sdpa query(%q : memref<8x3x20xbf16>) key(%k : memref<8x?x20xbf16>) value(%v : memref<8x?x5xbf16>) structure(#attn.causal<bottom_right>) backend = flash outs(%o : memref<8x3x5xf32>)
  return
}

// -----

// Wide outputs: one consumer, and as many keys as 99 KiB take.
// CHECK: tile 64x64, 1 consumers in 1 warpgroups, 1 blocks on a multiprocessor, standard softmax, sections of 1 heads, copies of 16 and 16 bytes, 98304 bytes
// CHECK-LABEL: func.func @wide
// CHECK: attn_gpu.warpgroups 1 blocks = 1 {
func.func @wide(%q: memref<8x300x256xf16>, %k: memref<8x320x256xf16>, %v: memref<8x320x256xf16>, %o: memref<8x300x256xf16>) {
  attn.sdpa query(%q : memref<8x300x256xf16>) key(%k : memref<8x320x256xf16>) value(%v : memref<8x320x256xf16>) backend = flash outs(%o : memref<8x300x256xf16>)
  return
}

// -----

// Outputs of 128 columns are rarely rescaled: a maximum that a block exceeds by
// little stays, and where no row of a warp has a new one nothing is done.
// CHECK: tile 128x64, 2 consumers in 1 warpgroups, 2 blocks on a multiprocessor, lazy softmax
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d128_q128_k64
// CHECK: scf.for
// CHECK: attn_gpu.mma
// CHECK: %[[ROWS:.*]]:5 = attn_gpu.map
// CHECK-SAME: !attn_gpu.row<i1>
// CHECK: arith.cmpf ogt
// CHECK: %[[ANY:.*]] = attn_gpu.any %[[ROWS]]#4
// CHECK: scf.if %[[ANY]]
// CHECK: attn_gpu.map
// CHECK: } else {
// CHECK-NEXT: scf.yield
func.func @lazy(%q: memref<8x300x128xbf16>, %k: memref<8x320x128xbf16>, %v: memref<8x320x128xbf16>, %o: memref<8x300x128xbf16>) {
  attn.sdpa query(%q : memref<8x300x128xbf16>) key(%k : memref<8x320x128xbf16>) value(%v : memref<8x320x128xbf16>) backend = flash outs(%o : memref<8x300x128xbf16>)
  return
}
