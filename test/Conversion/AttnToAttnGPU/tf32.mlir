// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="chip=sm_86 f32=tf32" --canonicalize | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="chip=sm_86 f32=tf32" --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=SM86
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="chip=sm_80 f32=tf32" --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=SM80
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=f32=tf32 --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=SM90
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=AUTO
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=f32=bf16x3 --canonicalize | FileCheck %s --check-prefix=SPLIT

// f32 by tf32: one tile of each operand, in slabs of 32 columns. Queries are rounded
// when they are copied, keys and values are copied as they are; probabilities are
// not packed.

// SM86: Schedule {{.*}}tile 128x32, 2 consumers in 1 warpgroups, 2 blocks on a multiprocessor, lazy softmax, sections of 1 heads, copies of 16 and 16 bytes, f32 by tf32, 98304 bytes of shared memory
// SM80: Schedule {{.*}}tile 128x64, {{.*}}f32 by tf32, 131072 bytes
// SM90: Schedule {{.*}}tile 128x48, {{.*}}f32 by tf32, 114688 bytes
// AUTO: Schedule {{.*}}tile 64x48, 1 consumers {{.*}}f32 by bf16x3, 81920 bytes
// CHECK-LABEL: gpu.func @attn_fwd_f32_full_d128
// CHECK: attn_gpu.alloc at 0 : !attn_gpu.shared<2x64x128xtf32>
// CHECK: attn_gpu.alloc at 65536 : !attn_gpu.shared<1x32x128xf32>
// CHECK: attn_gpu.alloc at 81920 : !attn_gpu.shared<1x32x128xf32>
// CHECK-NOT: attn_gpu.split_rows
// CHECK: attn_gpu.copy_rows %{{.*}} columns 128 to %{{.*}} aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x128xtf32>
// CHECK: attn_gpu.copy_rows %{{.*}} columns 128 to %{{.*}} aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<32x128xf32>
// CHECK: attn_gpu.mma[%{{.*}}, %{{.*}}], %{{.*}} depth 128 : (!attn_gpu.shared<64x128xtf32>, !attn_gpu.shared<64x128xtf32>, !attn_gpu.shared<32x128xf32>)
// CHECK-NOT: attn_gpu.pack
// CHECK: attn_gpu.mma[%{{.*}}, %{{.*}}], %{{.*}} values into[%{{.*}}, %{{.*}}] : (!attn_gpu.fragment<64x32xf32>, !attn_gpu.fragment<64x32xf32>, !attn_gpu.shared<32x128xf32>
// Nothing is masked, and a probability has no low part that could be zero.
// CHECK-NOT: attn_gpu.isolate
// SPLIT-LABEL: gpu.func @attn_fwd_f32_full_d128
// SPLIT: attn_gpu.split_rows
// SPLIT-NOT: attn_gpu.alloc {{.*}}f32
func.func @d128(%q: memref<4x?x128xf32>, %o: memref<4x?x128xf32>) {
  attn.sdpa query(%q : memref<4x?x128xf32>) key(%q : memref<4x?x128xf32>) value(%q : memref<4x?x128xf32>) backend = flash outs(%o : memref<4x?x128xf32>)
  return
}

// -----

// Odd sizes: a dimension is padded to whole slabs of 32 columns, values to 8 in
// registers; copies move single elements. What is masked may not be finite.
// SM86: Schedule {{.*}}tile 64x32, 1 consumers in 1 warpgroups, {{.*}}copies of 4 and 8 bytes, f32 by tf32, 45056 bytes
// CHECK-LABEL: gpu.func @attn_fwd_f32_causal_d67x34
// CHECK: attn_gpu.alloc at 0 : !attn_gpu.shared<1x64x96xtf32>
// CHECK: attn_gpu.alloc at 36864 : !attn_gpu.shared<1x32x64xf32>
// CHECK: attn_gpu.copy_rows %{{.*}} columns 67 to %{{.*}} aligned 4 by 1
// CHECK: attn_gpu.mma[%{{.*}}], %{{.*}} depth 80
// CHECK: -> !attn_gpu.fragment<64x40xf32>
// CHECK: attn_gpu.isolate %{{.*}} : !attn_gpu.fragment<64x32xf32>, !attn_gpu.shared<32x64xf32>, !attn_gpu.fragment<64x40xf32>
func.func @odd(%q: memref<3x67xf32>, %k: memref<?x67xf32>, %v: memref<?x34xf32>, %o: memref<3x34xf32>) {
  attn.sdpa query(%q : memref<3x67xf32>) key(%k : memref<?x67xf32>) value(%v : memref<?x34xf32>) structure(#attn.causal<bottom_right>) backend = flash outs(%o : memref<3x34xf32>)
  return
}

// -----

// The largest head fits the least memory.
// SM86: Schedule {{.*}}tile 64x16, 1 consumers in 1 warpgroups, 1 blocks on a multiprocessor, {{.*}}f32 by tf32, 98304 bytes
// SM80: Schedule {{.*}}tile 64x32, {{.*}}f32 by tf32, 131072 bytes
// SM90: Schedule {{.*}}tile 64x64, {{.*}}f32 by tf32, 196608 bytes
func.func @d256(%q: memref<4x?x256xf32>, %o: memref<4x?x256xf32>) {
  attn.sdpa query(%q : memref<4x?x256xf32>) key(%q : memref<4x?x256xf32>) value(%q : memref<4x?x256xf32>) backend = flash outs(%o : memref<4x?x256xf32>)
  return
}

// -----

// Fewer keys where that makes room for two blocks.
// SM86: Schedule {{.*}}tile 128x32, {{.*}}f32 by tf32, 49152 bytes
// SM80: Schedule {{.*}}tile 128x64, {{.*}}f32 by tf32, 65536 bytes
// SM90: Schedule {{.*}}tile 128x64, {{.*}}f32 by tf32, 65536 bytes
// CHECK-LABEL: gpu.func @attn_fwd_f32_full_d64
func.func @d64(%q: memref<4x?x64xf32>, %o: memref<4x?x64xf32>) {
  attn.sdpa query(%q : memref<4x?x64xf32>) key(%q : memref<4x?x64xf32>) value(%q : memref<4x?x64xf32>) backend = flash outs(%o : memref<4x?x64xf32>)
  return
}

// -----

// Other types do not care.
// SM90: Schedule {{.*}}tile 192x128, 3 consumers, 3 stages
// SM86: Schedule
// SM86-NOT: tf32
// CHECK-LABEL: gpu.func @attn_fwd_bf16
// CHECK-NOT: attn_gpu.alloc {{.*}}f32
func.func @bf16(%q: memref<4x?x64xbf16>, %o: memref<4x?x64xbf16>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%q : memref<4x?x64xbf16>) value(%q : memref<4x?x64xbf16>) backend = flash outs(%o : memref<4x?x64xbf16>)
  return
}
