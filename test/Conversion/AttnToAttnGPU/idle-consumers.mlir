// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s

// A consumer whose rows are behind the last query computes nothing: all blocks of
// the tile, four, go by.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d64
// CHECK-SAME: %[[NUM_QUERIES:[a-z0-9]+]]: i32, %{{[a-z0-9]+}}: i32, %{{[a-z0-9]+}}: i32)
// CHECK: consumers 3 registers
// CHECK-NEXT: ^bb0(%[[WARPGROUP:[a-z0-9]+]]: i32):
// CHECK: %[[OFFSET:.*]] = arith.muli %[[WARPGROUP]], %c64_i32
// CHECK: %[[ROW:.*]] = arith.addi %{{.*}}, %[[OFFSET]]
// CHECK: %[[HAS_ROWS:.*]] = arith.cmpi slt, %[[ROW]], %[[NUM_QUERIES]] : i32
// CHECK: %[[END:.*]] = arith.select %[[HAS_ROWS]], %c4_i32, %c0_i32
// CHECK: %[[IS_NONEMPTY:.*]] = arith.cmpi sgt, %[[END]], %c0_i32
// CHECK: scf.if %[[IS_NONEMPTY]] -> (!attn_gpu.fragment<64x64xf32>, !attn_gpu.row<f32>, !attn_gpu.row<f32>, !attn_gpu.slot<3>)
// CHECK: attn_gpu.wgmma
// CHECK: attn_gpu.wgmma
// CHECK: attn_gpu.wgmma
// CHECK: } else {
// CHECK-NOT: attn_gpu.wgmma
// CHECK: scf.for %{{.*}} = %c0_i32 to %c4_i32
// CHECK-NEXT: attn_gpu.await
// CHECK-NEXT: attn_gpu.sync_warpgroup
// CHECK-NEXT: attn_gpu.release
// CHECK-NOT: attn_gpu.wgmma
// CHECK: attn_gpu.turn_begin
// CHECK: attn_gpu.turn_end
// CHECK: attn_gpu.await
// CHECK-NEXT: attn_gpu.sync_warpgroup
// CHECK-NEXT: attn_gpu.release
// CHECK-NOT: attn_gpu.wgmma
// CHECK: attn_gpu.reduce finite
func.func @dynamic(%q: memref<4x?x64xbf16>, %k: memref<4x512x64xbf16>, %o: memref<4x?x64xbf16>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%k : memref<4x512x64xbf16>) value(%k : memref<4x512x64xbf16>) backend = flash outs(%o : memref<4x?x64xbf16>)
  return
}

// -----

// One of three consumers has rows of the last tile.
// CHECK-LABEL: gpu.func @attn_fwd_f16_full_d64
// CHECK: consumers 3 registers
// CHECK: arith.select %{{.*}}, %c4_i32, %c0_i32
func.func @static(%q: memref<4x1000x64xf16>, %k: memref<4x512x64xf16>, %o: memref<4x1000x64xf16>) {
  attn.sdpa query(%q : memref<4x1000x64xf16>) key(%k : memref<4x512x64xf16>) value(%k : memref<4x512x64xf16>) backend = flash outs(%o : memref<4x1000x64xf16>)
  return
}

// -----

// All have.
// CHECK-LABEL: gpu.func @attn_fwd_f16_full_d64
// CHECK: consumers 3 registers
// CHECK-NOT: arith.select %{{.*}}, %c4_i32, %c0_i32
// CHECK: attn_gpu.turn_end
// CHECK-NOT: attn_gpu.turn_end
// CHECK: gpu.return
func.func @whole(%q: memref<4x576x64xf16>, %k: memref<4x512x64xf16>, %o: memref<4x576x64xf16>) {
  attn.sdpa query(%q : memref<4x576x64xf16>) key(%k : memref<4x512x64xf16>) value(%k : memref<4x512x64xf16>) backend = flash outs(%o : memref<4x576x64xf16>)
  return
}

// -----

// Two consumers of D = 128 hold each other up less than the branch would.
// CHECK-LABEL: gpu.func @attn_fwd_f16_full_d128
// CHECK: consumers 2 registers
// CHECK-NOT: arith.select %{{.*}}, %c4_i32, %c0_i32
// CHECK: attn_gpu.turn_end
// CHECK-NOT: attn_gpu.turn_end
// CHECK: gpu.return
func.func @two(%q: memref<4x?x128xf16>, %k: memref<4x512x128xf16>, %o: memref<4x?x128xf16>) {
  attn.sdpa query(%q : memref<4x?x128xf16>) key(%k : memref<4x512x128xf16>) value(%k : memref<4x512x128xf16>) backend = flash outs(%o : memref<4x?x128xf16>)
  return
}
