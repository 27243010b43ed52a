// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

#single = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 2, block_keys = 8, exp2 = portable, row_queries = 1>
#tiles = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 2>

// What no sequence has is filled; tiles are counted, then listed with their sequence,
// first query and schedule; each takes the rows of its sequence only.
// CHECK-LABEL: func.func @ragged
// CHECK-SAME: %[[Q:.*]]: memref<3x?x8xf32>, %{{.*}}: memref<3x?x8xf32>, %[[C:.*]]: memref<?xi32>, %[[B:.*]]: memref<?x1x9x9xf32>, %[[O:.*]]: memref<3x?x8xf32>
// CHECK: cf.assert %{{.*}}, "attn.sdpa: cu_seqlens_q is empty"
// CHECK: cf.assert %{{.*}}, "attn.sdpa: the number of sequences of bias differs from that of cu_seqlens_q"
// CHECK: attn.assert %{{.*}}, "attn.sdpa: sequence {} has more keys than the bias"
// CHECK: %[[REST:.*]] = memref.subview %[[O]][0, %{{.*}}, 0] [3, %{{.*}}, 8]
// CHECK: linalg.fill ins(%{{.*}}) outs(%[[REST]]
// CHECK: %[[COUNTS:.*]]:2 = scf.for
// CHECK:   arith.divsi
// CHECK: %[[TABLE:.*]] = memref.alloc(%[[COUNTS]]#0) : memref<?x4xindex>
// CHECK: scf.for
// CHECK-COUNT-4: memref.store %{{.*}}, %[[TABLE]]
// CHECK: scf.parallel (%[[ITEM:.*]]) =
// CHECK:   %[[TILE:.*]] = arith.remsi %[[ITEM]], %[[COUNTS]]#0
// CHECK:   %[[S:.*]] = memref.load %[[TABLE]][%[[TILE]], %{{.*}}]
// CHECK:   %[[BEGIN:.*]] = arith.index_cast %{{.*}} : i32 to index
// CHECK:   %[[SIZE:.*]] = arith.subi %{{.*}}, %[[BEGIN]]
// CHECK:   memref.subview %[[B]][%[[S]], 0, 0, 0] [1, 1, 9, 9]
// CHECK:   memref.subview %{{.*}}[%[[BEGIN]], 0] [%[[SIZE]], 8] [1, 1]
// CHECK:   scf.if
// CHECK:     func.call @attn_fwd_f32_causal_varlen_d8_q4_k8(
// CHECK:   scf.if
// CHECK:     func.call @attn_fwd_f32_causal_varlen_d8_q8_k8({{.*}}, %[[S]], %{{.*}}, %{{.*}})
// CHECK-NOT: scf.parallel
func.func @ragged(%q: memref<3x?x8xf32>, %k: memref<3x?x8xf32>, %c: memref<?xi32>, %b: memref<?x1x9x9xf32>, %o: memref<3x?x8xf32>) {
  attn.sdpa query(%q : memref<3x?x8xf32>) key(%k : memref<3x?x8xf32>) value(%k : memref<3x?x8xf32>)
    bias(%b : memref<?x1x9x9xf32>) cu_seqlens(%c, %c : memref<?xi32>, memref<?xi32>) structure(#attn.causal<top_left>)
    backend = flash schedule = #attn.cpu_ragged_schedule<[#single, #tiles]> outs(%o : memref<3x?x8xf32>)
  return
}

// -----

#tiles = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// One schedule serves all lengths. Rows behind the last sequence have the sinks in
// their log-sum-exp.
// CHECK-LABEL: func.func @one_schedule
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.*}} : memref<3xf16>) outs(%{{.*}} : memref<3x?xf32
// CHECK: func.call @attn_fwd_bf16_full_varlen_d8_q4_k8(
// CHECK-NOT: func.call @attn_fwd
func.func @one_schedule(%q: memref<3x20x8xbf16>, %c: memref<4xi64>, %s: memref<3xf16>, %o: memref<3x20x8xbf16>, %l: memref<3x20xf32>) {
  attn.sdpa query(%q : memref<3x20x8xbf16>) key(%q : memref<3x20x8xbf16>) value(%q : memref<3x20x8xbf16>)
    sinks(%s : memref<3xf16>) cu_seqlens(%c, %c : memref<4xi64>, memref<4xi64>)
    backend = flash schedule = #tiles outs(%o, %l : memref<3x20x8xbf16>, memref<3x20xf32>)
  return
}

// -----

#shared = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 2, block_keys = 8, exp2 = portable, row_queries = 2>
#tiles = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// One query of two heads that share keys: two rows of one kernel, which the first of
// the heads calls.
// CHECK-LABEL: func.func @shared_heads
// CHECK: scf.parallel
// CHECK: %[[PLACE:.*]] = arith.remsi %[[H:.*]], %c2{{[_0-9]*}} : index
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[PLACE]]
// CHECK: %[[TAKEN:.*]] = arith.andi %{{.*}}, %[[FIRST]]
// CHECK: scf.if %[[TAKEN]] {
// CHECK:   %[[ROWS:.*]] = memref.subview %{{.*}}[%[[H]], %{{.*}}, 0] [2, 1, 8] [1, 1, 1] : memref<4x9x8xf32> to memref<2x8xf32
// CHECK:   func.call @attn_fwd_f32_causal_varlen_d8_q8_k8(%[[ROWS]]
func.func @shared_heads(%q: memref<4x9x8xf32>, %k: memref<2x9x8xf32>, %c: memref<3xi32>, %o: memref<4x9x8xf32>) {
  attn.sdpa query(%q : memref<4x9x8xf32>) key(%k : memref<2x9x8xf32>) value(%k : memref<2x9x8xf32>)
    cu_seqlens(%c, %c : memref<3xi32>, memref<3xi32>) structure(#attn.causal<bottom_right>)
    backend = flash schedule = #attn.cpu_ragged_schedule<[#shared, #tiles]> outs(%o : memref<4x9x8xf32>)
  return
}

// -----

#split = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 2, block_keys = 8, exp2 = portable, split_keys = 16, row_queries = 1>
#tiles = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// A sequence of one query has a tile for every 16 of its keys, which stores the state of
// its softmax; the first of them puts all together when all are there.
// CHECK-LABEL: func.func @split
// CHECK: %[[COUNTS:.*]]:2 = scf.for
// CHECK: memref.alloc(%[[COUNTS]]#0) : memref<?x4xindex>
// CHECK: %[[STATES:.*]] = memref.alloc(%{{.*}}, %[[COUNTS]]#1) : memref<?x?x10x1xf32>
// CHECK: scf.parallel
// CHECK:   scf.if
// CHECK:     %[[STATE:.*]] = memref.subview %[[STATES]][{{.*}}] [1, 1, 10, %{{.*}}]
// CHECK:     func.call @attn_fwd_f32_full_varlen_d8_q4_k8_part({{.*}}, %[[STATE]],
// CHECK:   scf.if
// CHECK:     func.call @attn_fwd_f32_full_varlen_d8_q4_k8(
// CHECK: scf.parallel
// CHECK:   arith.andi
// CHECK:   scf.if
// CHECK:     %[[ALL:.*]] = memref.subview %[[STATES]][{{.*}}] [1, %{{.*}}, 10, %{{.*}}]
// CHECK:     func.call @attn_fwd_f32_full_varlen_d8_q4_k8_combine({{.*}}, %[[ALL]],
// CHECK-NOT: func.call
// CHECK: return
func.func @split(%q: memref<3x?x8xf32>, %k: memref<3x?x8xf32>, %c: memref<?xi32>, %d: memref<?xi32>, %o: memref<3x?x8xf32>) {
  attn.sdpa query(%q : memref<3x?x8xf32>) key(%k : memref<3x?x8xf32>) value(%k : memref<3x?x8xf32>)
    cu_seqlens(%c, %d : memref<?xi32>, memref<?xi32>)
    backend = flash schedule = #attn.cpu_ragged_schedule<[#split, #tiles]> outs(%o : memref<3x?x8xf32>)
  return
}
