// RUN: attn-opt %s --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --convert-attn-to-attn-gpu=narrow-blocks=off --canonicalize --cse | FileCheck %s --check-prefix=OFF

// Half of the first block is computed where a tile needs no more of it.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d64
// CHECK: consumers
// CHECK: %[[NARROW:.*]] = arith.cmpi sle, %{{.*}}, %c64{{.*}} : i32
// CHECK: scf.if %[[NARROW]] -> (!attn_gpu.fragment<64x128xbf16>, !attn_gpu.row<f32>, !attn_gpu.row<f32>)
// CHECK: attn_gpu.await
// CHECK: attn_gpu.wgmma {{.*}} -> !attn_gpu.in_flight<64x64xf32>
// CHECK: attn_gpu.pack %{{.*}} : !attn_gpu.fragment<64x64xf32> to !attn_gpu.fragment<64x128xbf16>
// CHECK: } else {
// CHECK: attn_gpu.await
// CHECK: attn_gpu.wgmma {{.*}} -> !attn_gpu.in_flight<64x128xf32>
// CHECK: attn_gpu.pack %{{.*}} : !attn_gpu.fragment<64x128xf32> to !attn_gpu.fragment<64x128xbf16>
// OFF-LABEL: gpu.func @attn_fwd_bf16_full_d64
// OFF-NOT: pack %{{.*}} : !attn_gpu.fragment<64x64xf32> to !attn_gpu.fragment<64x128xbf16>
func.func @lengths(%q: memref<4x2x500x64xbf16>, %k: memref<4x2x512x64xbf16>, %l: memref<4xi32>, %o: memref<4x2x500x64xbf16>) {
  attn.sdpa query(%q : memref<4x2x500x64xbf16>) key(%k : memref<4x2x512x64xbf16>) value(%k : memref<4x2x512x64xbf16>)
    key_lengths(%l : memref<4xi32>) backend = flash outs(%o : memref<4x2x500x64xbf16>)
  return
}
