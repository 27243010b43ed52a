// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512, query_groups = 2, dot = amx>

// Products in tile registers, two by two of them. Keys are copied, values transposed
// by pairs, and what is missing of 32 columns or keys is zero.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d40x24_q64_k64
// CHECK-DAG: %[[QUERY:.*]] = memref.view %{{.*}} : memref<8192xi8> to memref<2x32x64xbf16>
// CHECK-DAG: %[[P:.*]] = memref.view %{{.*}} : memref<4096xi8> to memref<32x64xbf16>
// CHECK-DAG: %[[VALUE:.*]] = memref.view %{{.*}} : memref<4096xi8> to memref<2x32x32xbf16>
// CHECK-DAG: %[[KEY:.*]] = memref.alloca() {{.*}} : memref<64x64xbf16>
// CHECK: scf.for
// CHECK:   memref.store %{{.*}}, %[[KEY]]
// CHECK:   vector.store %{{.*}}, %{{.*}} : memref<2x32x16xf32>, vector<16xf32>
// CHECK:   scf.for %[[GROUP:.*]] =
// CHECK-COUNT-4: amx.tile_zero : !amx.tile<16x16xf32>
// CHECK:     scf.for {{.*}} -> (!amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>)
// CHECK:       %[[A:.*]] = amx.tile_load %[[KEY]]
// CHECK:       %[[B0:.*]] = amx.tile_load %[[QUERY]][%[[GROUP]],
// CHECK:       amx.tile_mulf %[[A]], %[[B0]],
// CHECK:       %[[B1:.*]] = amx.tile_load %[[QUERY]][%[[GROUP]],
// CHECK:       amx.tile_mulf %[[A]], %[[B1]],
// CHECK:       amx.tile_load %[[KEY]]
// CHECK-COUNT-2: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store %[[LOGITS:.*]][
// The rest of the softmax is as without tiles.
// CHECK:     vector.load %[[LOGITS]]
// CHECK:     vector.interleave
// Sums are multiplied where a maximum changed.
// CHECK:     vector.reduction <or>
// CHECK:     scf.if
// CHECK:       arith.mulf
// One tile of 16 columns alone behind the last two of 32.
// CHECK:     amx.tile_load %[[OUT:.*]][%[[GROUP]], {{.*}} : memref<2x32x32xf32>
// CHECK:       amx.tile_load %[[VALUE]]
// CHECK:       amx.tile_load %[[P]]
// CHECK-COUNT-4: amx.tile_store %[[OUT]][%[[GROUP]],
func.func @full(%q: memref<?x40xbf16>, %k: memref<?x40xbf16>, %v: memref<?x24xbf16>, %o: memref<?x24xbf16>) {
  attn.sdpa query(%q : memref<?x40xbf16>) key(%k : memref<?x40xbf16>) value(%v : memref<?x24xbf16>) backend = flash schedule = #schedule outs(%o : memref<?x24xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 32, exp2 = avx512, dot = amx>

// Where a value may be NaN or infinite beside a mask products are on vectors.
// A group's keys begin with a whole tile of 32.
// CHECK-LABEL: func.func private @attn_fwd_bf16_window
// CHECK: arith.remsi
// CHECK: scf.if
// CHECK: amx.tile_mulf
// CHECK: scf.if
// CHECK: arith.cmpf une
// CHECK: vector.fma
// CHECK: } else {
// CHECK: amx.tile_mulf
func.func @window(%q: memref<77x16xbf16>, %k: memref<77x16xbf16>, %v: memref<77x16xbf16>, %o: memref<77x16xbf16>) {
  attn.sdpa query(%q : memref<77x16xbf16>) key(%k : memref<77x16xbf16>) value(%v : memref<77x16xbf16>) structure(#attn.window<7, 0>) backend = flash schedule = #schedule outs(%o : memref<77x16xbf16>)
  return
}
