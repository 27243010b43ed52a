// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=chip=sm_80 --canonicalize --cse | FileCheck %s --check-prefix=AMPERE
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=key-splits=1 | FileCheck %s --check-prefix=NONE --implicit-check-not=choose_splits --implicit-check-not=_merge
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=few-queries=on | FileCheck %s --check-prefix=FEW
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=split-keys=on --canonicalize --cse | FileCheck %s --check-prefix=SPLIT
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="split-keys=off few-queries=on" | FileCheck %s --check-prefix=OFF --implicit-check-not=choose_splits --implicit-check-not=_merge
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=key-splits=3 --canonicalize --cse | FileCheck %s --check-prefix=THREE --implicit-check-not=choose_splits

// Few queries leave the GPU idle: keys are split, and what the splits leave is merged
// if there are several. Heads that share keys are rows of one tile (packed-heads.mlir),
// and a mask that keeps all keys for the only query is none.
// REMARK: tile 64x128 of several heads, 1 consumers, 2 stages, 2 of queries, optimistic softmax, sections of 1 heads, keys split, no turns
// CHECK-LABEL: func.func @decode
// CHECK: %[[SPLITS:.*]] = attn_gpu.choose_splits %{{.*}}, %{{.*}}, %{{.*}} resident 1
// CHECK: %[[ISSPLIT:.*]] = arith.cmpi sgt, %[[SPLITS]], %{{.*}}
// CHECK: %[[COUNT:.*]] = arith.select %[[ISSPLIT]], %[[SPLITS]], %{{.*}}
// CHECK: %[[OUT:.*]] = memref.alloc(%[[COUNT]], %{{.*}}) {alignment = 16 : i64} : memref<?x?x1x128xf32>
// CHECK-COUNT-2: memref.alloc(%[[COUNT]], %{{.*}}) {alignment = 16 : i64} : memref<?x?x1xf32>
// CHECK: gpu.launch_func @attn_kernels::@attn_fwd_bf16_full_d128_q64_k128 blocks
// CHECK: scf.if
// Its launch begins when tiles end.
// CHECK: gpu.launch_func @attn_kernels::@attn_fwd_bf16_full_d128_q64_k128_merge blocks {{.*}} {attn_gpu.programmatic}
// Whole rows go to the output, those of a split to memory of its own.
// CHECK: gpu.func @attn_fwd_bf16_full_d128_q64_k128(
// CHECK: attn_gpu.store_rows %{{.*}} : !attn_gpu.fragment<64x128xf32>
// CHECK: else
// CHECK: attn_gpu.store_rows %{{.*}} : !attn_gpu.fragment<64x128xbf16>
// CHECK: gpu.func @attn_fwd_bf16_full_d128_q64_k128_merge(
// CHECK: attn_gpu.await_prerequisites
// CHECK: gpu.subgroup_reduce maxnumf %{{.*}} uniform : (f32) -> f32
// CHECK: gpu.subgroup_reduce add %{{.*}} uniform : (f32) -> f32
// CHECK: scf.for
// CHECK: llvm.store %{{.*}} : bf16, !llvm.ptr<1>

// Without stages, two blocks of threads hide each other's copies.
// AMPERE-LABEL: func.func @decode
// AMPERE: attn_gpu.choose_splits %{{.*}}, %{{.*}}, %{{.*}} resident 2
// AMPERE-NOT: attn_gpu.programmatic
// AMPERE: gpu.launch_func {{.*}}_merge
// AMPERE-NOT: attn_gpu.programmatic
// AMPERE-NOT: attn_gpu.await_prerequisites

// NONE-LABEL: func.func @decode
// NONE: gpu.launch_func

// THREE-LABEL: func.func @decode
// THREE: memref.alloc(%{{.*}}) {{.*}} : memref<3x?x1x128xf32>
func.func @decode(%q: memref<?x?x1x128xbf16, strided<[?, ?, ?, 1]>>, %k: memref<?x?x?x128xbf16>, %o: memref<?x?x1x128xbf16>) {
  attn.sdpa query(%q : memref<?x?x1x128xbf16, strided<[?, ?, ?, 1]>>) key(%k : memref<?x?x?x128xbf16>) value(%k : memref<?x?x?x128xbf16>)
    structure(#attn.causal<bottom_right>) backend = flash outs(%o : memref<?x?x1x128xbf16>)
  return
}

// -----

// Maxima are merged, and a mask may hide all keys of a split, which the maximum tells.
// REMARK: standard softmax, sections of 1 heads, keys split
// CHECK-LABEL: func.func @masked
// CHECK: attn_gpu.choose_splits %{{.*}}, %{{.*}}, %{{.*}} resident 1
// CHECK-COUNT-2: memref.alloc({{.*}}) {{.*}} : memref<?x16x1xf32>
// CHECK: gpu.func @{{.*}}_merge(
// CHECK-COUNT-2: gpu.subgroup_reduce maxnumf
func.func @masked(%q: memref<2x8x1x64xf16>, %k: memref<2x2x5000x64xf16>, %m: memref<8x1x5000xi1>, %b: memref<1x5000xf16>, %o: memref<2x8x1x64xf16>, %l: memref<2x8x1xf32>, %x: memref<2x8x1xf32>) {
  attn.sdpa query(%q : memref<2x8x1x64xf16>) key(%k : memref<2x2x5000x64xf16>) value(%k : memref<2x2x5000x64xf16>)
    bias(%b : memref<1x5000xf16>) mask(%m : memref<8x1x5000xi1>) backend = flash
    outs(%o, %l, %x : memref<2x8x1x64xf16>, memref<2x8x1xf32>, memref<2x8x1xf32>)
  return
}

// -----

// A window leaves a tile some blocks only.
// REMARK: optimistic softmax, sections of 16 heads, keys split
// CHECK-LABEL: func.func @window
// CHECK: attn_gpu.choose_splits %c4, %c17, %{{.*}} resident 1
// CHECK: gpu.func @{{.*}}_merge(
func.func @window(%q: memref<2x8x1x64xf16>, %k: memref<2x2x5000x64xf16>, %o: memref<2x8x1x64xf16>) {
  attn.sdpa query(%q : memref<2x8x1x64xf16>) key(%k : memref<2x2x5000x64xf16>) value(%k : memref<2x2x5000x64xf16>)
    structure(#attn.window<1000, 0, bottom_right>) backend = flash outs(%o : memref<2x8x1x64xf16>)
  return
}

// -----

// Only the kernel knows how many keys there are.
// CHECK-LABEL: func.func @lengths
// CHECK: attn_gpu.choose_splits %c4, %c40, %{{.*}} resident 1 varying
// CHECK: gpu.func @{{.*}}_merge(
func.func @lengths(%q: memref<2x8x1x64xf16>, %k: memref<2x2x5000x64xf16>, %n: memref<2xi32>, %o: memref<2x8x1x64xf16>) {
  attn.sdpa query(%q : memref<2x8x1x64xf16>) key(%k : memref<2x2x5000x64xf16>) value(%k : memref<2x2x5000x64xf16>)
    key_lengths(%n : memref<2xi32>) backend = flash outs(%o : memref<2x8x1x64xf16>)
  return
}

// -----

// Any number of queries, few keys, and rows without keys that are the mean of all
// values: not split, unless that is asked for. Then a warp merges a row of many, four in
// a block of threads.
// FEW-LABEL: func.func @many
// FEW: attn_gpu.choose_splits
// FEW: gpu.launch_func @attn_kernels::@attn_fwd_f16_full_d64_q64_k128_merge
// SPLIT-LABEL: func.func @many
// SPLIT: %[[TILES:.*]] = arith.muli %{{.*}}, %c16
// SPLIT: %[[ROWS:.*]] = arith.muli %{{.*}}, %c16
// SPLIT: attn_gpu.choose_splits %[[TILES]], %c40, %[[ROWS]] resident 1
// SPLIT: %[[BLOCKS:.*]] = arith.ceildivsi %[[ROWS]], %c4
// SPLIT: gpu.launch_func @attn_kernels::@attn_fwd_f16_full_d64_q128_k128_merge blocks in (%[[BLOCKS]], %c1, %c1) threads in (%c128, %c1, %c1)
// SPLIT: gpu.func @{{.*}}_merge(
// SPLIT: %[[INSIDE:.*]] = arith.cmpi slt
// SPLIT-NEXT: scf.if %[[INSIDE]]
// SPLIT: gpu.subgroup_reduce
// OFF-LABEL: func.func @many
// CHECK-LABEL: func.func @many
// CHECK-NOT: choose_splits
// CHECK-NOT: _merge
func.func @many(%q: memref<2x8x?x64xf16>, %k: memref<2x8x5000x64xf16>, %q1: memref<2x8x1x64xf16>, %k1: memref<2x2x512x64xf16>, %o: memref<2x8x?x64xf16>, %o1: memref<2x8x1x64xf16>) {
  attn.sdpa query(%q : memref<2x8x?x64xf16>) key(%k : memref<2x8x5000x64xf16>) value(%k : memref<2x8x5000x64xf16>)
    backend = flash outs(%o : memref<2x8x?x64xf16>)
  attn.sdpa query(%q1 : memref<2x8x1x64xf16>) key(%k1 : memref<2x2x512x64xf16>) value(%k1 : memref<2x2x512x64xf16>)
    backend = flash outs(%o1 : memref<2x8x1x64xf16>)
  return
}
