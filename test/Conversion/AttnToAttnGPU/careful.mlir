// Tiles that need care: a few keys at a time, in a loop of parts of a block.
// RUN: attn-opt %s --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --convert-attn-to-attn-gpu=block-keys=80 --canonicalize --cse | FileCheck %s --check-prefix=SIXTEEN
// RUN: attn-opt %s --convert-attn-to-attn-gpu=stages=1 --canonicalize --cse | FileCheck %s --check-prefix=ONE
// RUN: attn-opt %s --convert-attn-to-attn-gpu=chip=sm_80 --canonicalize --cse | FileCheck %s --check-prefix=WARPS

// Both operands of a block are awaited before its parts and given back behind them.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal_d64
// CHECK: } consumers
// CHECK: scf.for
// CHECK: attn_gpu.await %[[KEYS:[0-9]+]][%[[SLOT:[a-z0-9]+]]]
// CHECK-NEXT: attn_gpu.await %[[VALUES:[0-9]+]][%[[SLOT]]]
// CHECK: scf.for %[[PART:[a-z0-9]+]] = %c0_i32 to %c4_i32
// CHECK: %[[FIRST:[0-9]+]] = arith.muli %[[PART]], %c32_i32
// CHECK: attn_gpu.rows %{{[0-9]+}}[%[[FIRST]]] : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.shared<32x64xbf16 of 128>
// CHECK-NEXT: attn_gpu.wgmma
// CHECK-NOT: attn_gpu.await
// CHECK: attn_gpu.rows %{{[0-9]+}}[%[[FIRST]]] : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.shared<32x64xbf16 of 128>
// CHECK: attn_gpu.isolate
// CHECK: attn_gpu.wgmma
// CHECK: }
// CHECK: attn_gpu.release %[[KEYS]][%[[SLOT]]]
// CHECK-NEXT: attn_gpu.release %[[VALUES]][%[[SLOT]]]

// 80 keys are no multiple of 32.
// SIXTEEN: } consumers
// SIXTEEN: scf.for {{.*}} to %c5_i32
// SIXTEEN: attn_gpu.rows {{.*}} -> !attn_gpu.shared<16x64xbf16 of 80>

// The only slot of keys has to be free before these values come.
// ONE: } consumers
// ONE: attn_gpu.await %[[KEYS:[0-9]+]][%[[SLOT:[a-z0-9]+]]] : !attn_gpu.pipe<1>
// ONE-NOT: attn_gpu.rows
// ONE: attn_gpu.wgmma {{.*}} -> !attn_gpu.in_flight<64x128xf32>
// ONE: attn_gpu.release %[[KEYS]][%[[SLOT]]]
// ONE-NEXT: attn_gpu.await %{{[0-9]+}}[%[[SLOT]]]

// Kernels of warps take blocks at once.
// WARPS: attn_gpu.isolate
// WARPS-NOT: attn_gpu.rows
func.func @causal(%x: memref<2x8x4096x64xbf16>) {
  attn.sdpa query(%x : memref<2x8x4096x64xbf16>) key(%x : memref<2x8x4096x64xbf16>) value(%x : memref<2x8x4096x64xbf16>)
    structure(#attn.causal<top_left>) backend = flash outs(%x : memref<2x8x4096x64xbf16>)
  return
}
