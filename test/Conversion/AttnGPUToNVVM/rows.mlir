// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(convert-attn-gpu-to-nvvm,canonicalize,cse))" | FileCheck %s

// Rows of a tile: their slabs are as far apart as the tile's, 64 rows of 128 bytes.
gpu.module @kernels {
// CHECK-LABEL: llvm.func @rows(
// CHECK-SAME: %[[FIRST:[a-z0-9]+]]: i32
gpu.func @rows(%first: i32, %out: !llvm.ptr<1>) kernel {
  %zero = arith.constant 0.0 : f32
  %q = attn_gpu.alloc at 1024 : !attn_gpu.shared<64x128xf16>
  %k = attn_gpu.alloc at 17408 : !attn_gpu.shared<64x128xf16>
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[FIRST]], %c128_i32
    // CHECK: %[[TILE:.*]] = arith.addi %{{.*}}, %[[OFFSET]]
    // CHECK: %[[UNITS:.*]] = arith.shrui %[[TILE]], %c4_i32
    // CHECK: %[[RHS:.*]] = arith.andi %[[UNITS]]
    %r = attn_gpu.rows %k[%first] : !attn_gpu.shared<64x128xf16> -> !attn_gpu.shared<16x128xf16 of 64>
    // The fifth step begins the second slab, 8192 bytes on.
    // CHECK: %[[KEYS:.*]] = arith.ori %[[RHS]], %c65536_i32
    // CHECK: %[[SLAB:.*]] = arith.addi %[[KEYS]], %c512_i32
    // CHECK: m64n16k16{{.*}} %[[SLAB]]
    %a = attn_gpu.wgmma %q, %r depth 80 : !attn_gpu.shared<64x128xf16>, !attn_gpu.shared<16x128xf16 of 64> -> !attn_gpu.in_flight<64x16xf32>
    %s = attn_gpu.wait pending 0 %a : (!attn_gpu.in_flight<64x16xf32>) -> !attn_gpu.fragment<64x16xf32>
    %p = attn_gpu.pack %s : !attn_gpu.fragment<64x16xf32> to !attn_gpu.fragment<64x16xf16>
    %o = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x128xf32>
    // The leading offset of the descriptor says so, too: 512 times 16 bytes.
    // CHECK: %[[VALUES:.*]] = arith.ori %[[RHS]], %c33554432_i32
    // CHECK: m64n128k16{{.*}} %[[VALUES]]
    %b = attn_gpu.wgmma %p, %r values into %o : !attn_gpu.fragment<64x16xf16>, !attn_gpu.shared<16x128xf16 of 64> -> !attn_gpu.in_flight<64x128xf32>
    %t = attn_gpu.wait pending 0 %b : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
    // 256 chunks of 16 bytes, 128 to a slab, with 48 rows between slabs.
    // CHECK: scf.for %[[CHUNK:.*]] = %{{.*}} to %c256_i32 step %c256_i32
    // CHECK: %[[BYTES:.*]] = arith.muli %[[CHUNK]], %c16_i32
    // CHECK: %[[NUMBER:.*]] = arith.divui %[[CHUNK]], %c128_i32
    // CHECK: %[[BETWEEN:.*]] = arith.muli %[[NUMBER]], %c6144_i32
    // CHECK: arith.addi %[[BYTES]], %[[BETWEEN]]
    %u = attn_gpu.isolate %s, %r into %t by %wg of 2 : !attn_gpu.fragment<64x16xf32>, !attn_gpu.shared<16x128xf16 of 64>, !attn_gpu.fragment<64x128xf32>
    attn_gpu.foreach %u : !attn_gpu.fragment<64x128xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      llvm.store %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}
}
