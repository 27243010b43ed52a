// Schedules of f32 by bf16x3: what registers and shared memory have room for.
// RUN: attn-opt %s --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s
// RUN: attn-opt %s --convert-attn-to-attn-gpu=chip=sm_86 --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=SM86
// RUN: attn-opt %s --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s --check-prefix=ONE

// CHECK: tile 128x16, 2 consumers in 2 warpgroups, 1 blocks on a multiprocessor, {{.*}}f32 by bf16x3, 163840 bytes
// SM86: tile 64x16, 1 consumers in 1 warpgroups, 1 blocks {{.*}}98304 bytes
func.func @d256(%x: memref<2x8x4096x256xf32>) {
  attn.sdpa query(%x : memref<2x8x4096x256xf32>) key(%x : memref<2x8x4096x256xf32>) value(%x : memref<2x8x4096x256xf32>)
    backend = flash outs(%x : memref<2x8x4096x256xf32>)
  return
}

// CHECK: tile 64x48, 1 consumers in 1 warpgroups, 2 blocks {{.*}}81920 bytes
func.func @d128(%x: memref<2x8x4096x128xf32>) {
  attn.sdpa query(%x : memref<2x8x4096x128xf32>) key(%x : memref<2x8x4096x128xf32>) value(%x : memref<2x8x4096x128xf32>)
    backend = flash outs(%x : memref<2x8x4096x128xf32>)
  return
}

// CHECK: tile 128x48, 2 consumers in 1 warpgroups, 2 blocks {{.*}}57344 bytes
func.func @d64(%x: memref<2x8x4096x64xf32>) {
  attn.sdpa query(%x : memref<2x8x4096x64xf32>) key(%x : memref<2x8x4096x64xf32>) value(%x : memref<2x8x4096x64xf32>)
    backend = flash outs(%x : memref<2x8x4096x64xf32>)
  return
}

// One loop: whether a block needs the mask is asked in it.
// ONE-LABEL: gpu.func @attn_fwd_f32_causal_d128
// ONE: attn_gpu.warpgroups
// ONE: scf.for
// ONE: %[[IF:.*]] = arith.cmpi slt
// ONE: attn_gpu.mma
// ONE: scf.if %[[IF]] -> (!attn_gpu.fragment<64x48xf32>)
// ONE: attn_gpu.keep_columns
// ONE: } else {
// ONE-NEXT: scf.yield
// ONE-NEXT: }
// ONE: scf.yield
// Behind it, tiles that need care, of 16 keys at a time.
// ONE: scf.for
// ONE: scf.for
// ONE: attn_gpu.rows %{{.*}} : !attn_gpu.shared<48x128xbf16> -> !attn_gpu.shared<16x128xbf16 of 48>
// ONE: attn_gpu.mma{{.*}}-> !attn_gpu.fragment<64x16xf32>
// ONE-NOT: scf.for
// ONE: gpu.return
func.func @d128_causal(%x: memref<2x8x4096x128xf32>) {
  attn.sdpa query(%x : memref<2x8x4096x128xf32>) key(%x : memref<2x8x4096x128xf32>) value(%x : memref<2x8x4096x128xf32>)
    structure(#attn.causal<top_left>) backend = flash outs(%x : memref<2x8x4096x128xf32>)
  return
}

// A mask takes the registers of one consumer.
// CHECK: tile 64x48, 1 consumers in 1 warpgroups
func.func @d64_mask(%x: memref<2x8x4096x64xf32>, %m: memref<4096x4096xi1>) {
  attn.sdpa query(%x : memref<2x8x4096x64xf32>) key(%x : memref<2x8x4096x64xf32>) value(%x : memref<2x8x4096x64xf32>)
    mask(%m : memref<4096x4096xi1>) backend = flash outs(%x : memref<2x8x4096x64xf32>)
  return
}
