// Schedules of f32 by bf16x3: what registers and shared memory have room for.
// RUN: attn-opt %s --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s
// RUN: attn-opt %s --convert-attn-to-attn-gpu=chip=sm_86 --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=SM86

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

// A mask takes the registers of one consumer.
// CHECK: tile 64x48, 1 consumers in 1 warpgroups
func.func @d64_mask(%x: memref<2x8x4096x64xf32>, %m: memref<4096x4096xi1>) {
  attn.sdpa query(%x : memref<2x8x4096x64xf32>) key(%x : memref<2x8x4096x64xf32>) value(%x : memref<2x8x4096x64xf32>)
    mask(%m : memref<4096x4096xi1>) backend = flash outs(%x : memref<2x8x4096x64xf32>)
  return
}
