// RUN: attn-opt %s --convert-attn-to-cpu --cse --split-input-file | FileCheck %s

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 8, min_tiles = 16>

// 16 tiles at least, if there are as many groups of 4 queries: of 2 heads these are
// queries * 2 / (16 * 4) groups in a tile, one at least, 8 at most.
// CHECK-LABEL: func.func @tiles
// CHECK: %[[QUERIES:.*]] = memref.dim %{{.*}}, %c1
// CHECK: %[[ALL:.*]] = arith.muli %[[QUERIES]], %c2
// CHECK: %[[GROUPS:.*]] = arith.divsi %[[ALL]], %c64
// CHECK: %[[SOME:.*]] = arith.maxsi %[[GROUPS]], %c1
// CHECK: %[[SIZE:.*]] = arith.muli %[[SOME]], %c4
// CHECK: %[[TILE:.*]] = arith.minsi %[[SIZE]], %c32
// CHECK: %[[LESS:.*]] = arith.subi %[[TILE]], %c1
// CHECK: %[[MORE:.*]] = arith.addi %[[QUERIES]], %[[LESS]]
// CHECK: %[[COUNT:.*]] = arith.divsi %[[MORE]], %[[TILE]]
// CHECK: scf.parallel
// CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %[[TILE]]
// CHECK: call @attn_fwd_f32_full_d8_q32_k8({{.*}}, %[[TILE]], %{{.*}}, %[[FIRST]])
func.func @tiles(%q: memref<2x?x8xf32>, %k: memref<2x?x8xf32>, %o: memref<2x?x8xf32>) {
  attn.sdpa query(%q : memref<2x?x8xf32>) key(%k : memref<2x?x8xf32>) value(%k : memref<2x?x8xf32>)
    backend = flash schedule = #schedule outs(%o : memref<2x?x8xf32>)
  return
}
// CHECK: func.func private @attn_fwd_f32_full_d8_q32_k8({{.*}}, %[[TILE:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: index, %[[FIRST:[a-z0-9]+]]: index)
// CHECK: %[[REST:.*]] = arith.subi %{{.*}}, %[[FIRST]]
// CHECK: arith.minsi %[[TILE]], %[[REST]]

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 8>

// CHECK-LABEL: func.func @always
// CHECK-NOT: arith.maxsi
// CHECK: scf.parallel
// CHECK: arith.muli %{{.*}}, %c32
// CHECK: call @attn_fwd_f32_full_d8_q32_k8(
func.func @always(%q: memref<2x?x8xf32>, %k: memref<2x?x8xf32>, %o: memref<2x?x8xf32>) {
  attn.sdpa query(%q : memref<2x?x8xf32>) key(%k : memref<2x?x8xf32>) value(%k : memref<2x?x8xf32>)
    backend = flash schedule = #schedule outs(%o : memref<2x?x8xf32>)
  return
}

// -----

#single = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 2, block_keys = 8, exp2 = portable, row_queries = 1>
#few = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 2, min_tiles = 2>
#tiles = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 8, min_tiles = 16>

// Sequences by the queries of them all; those that fit a tile take it whole.
// CHECK-LABEL: func.func @ragged
// CHECK: %[[ALL:.*]] = memref.dim %arg0, %c1
// CHECK: %[[PRODUCT:.*]] = arith.muli %[[ALL]], %c3
// CHECK: arith.divsi %[[PRODUCT]], %c64
// CHECK: %[[TILE:.*]] = arith.minsi %{{.*}}, %c32
// CHECK: %[[COUNTS:.*]]:2 = scf.for
// CHECK:   arith.divsi %{{.*}}, %[[TILE]]
// CHECK: scf.for
// CHECK:   arith.muli %{{.*}}, %[[TILE]]
// CHECK: scf.parallel
// CHECK: call @{{.*}}_q4_k8(
// CHECK-NOT: %[[TILE]]
// CHECK: scf.if
// CHECK: call @{{.*}}_q8_k8(
// CHECK-NOT: %[[TILE]]
// CHECK: scf.if
// CHECK: call @{{.*}}_q32_k8({{.*}}, %[[TILE]], %{{.*}})
func.func @ragged(%q: memref<3x?x8xf32>, %k: memref<3x?x8xf32>, %c: memref<?xi32>, %o: memref<3x?x8xf32>) {
  attn.sdpa query(%q : memref<3x?x8xf32>) key(%k : memref<3x?x8xf32>) value(%k : memref<3x?x8xf32>)
    cu_seqlens(%c, %c : memref<?xi32>, memref<?xi32>)
    backend = flash schedule = #attn.cpu_ragged_schedule<[#single, #few, #tiles]> outs(%o : memref<3x?x8xf32>)
  return
}
