// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, split_keys = 32, row_queries = 2>

// Keys in parts of 32: the states of all parts, then one after the other.
// CHECK-LABEL: func.func @split
// CHECK: %[[DIM:.*]] = memref.dim %{{.*}}, %{{.*}} : memref<3x?x8xf32>
// CHECK: %[[PARTS:.*]] = arith.divsi
// CHECK: %[[PARTIALS:.*]] = memref.alloc(%{{.*}}, %[[PARTS]]) : memref<?x?x10x2xf32>
// CHECK: scf.parallel
// CHECK:   memref.subview %[[PARTIALS]][%{{.*}}, %{{.*}}, 0, 0] [1, 1, 10, 2]
// CHECK:   call @attn_fwd_f32_full_d8_q4_k8_part
// CHECK: scf.parallel
// CHECK:   memref.subview %[[PARTIALS]][%{{.*}}, 0, 0, 0] [1, %[[PARTS]], 10, 2]
// CHECK:   call @attn_fwd_f32_full_d8_q4_k8_combine
// Columns in lanes: rows of keys and values are vectors, logits are their sums, those
// of two queries taken together.
// CHECK-LABEL: func.func private @attn_fwd_f32_full_d8_q4_k8_part
// CHECK-SAME: %{{.*}}: memref<2x8xf32, {{.*}}>, %[[K:.*]]: memref<?x8xf32, {{.*}}>, %[[V:.*]]: memref<?x8xf32, {{[^>]*>}}>, %{{.*}}: memref<2x8xf32, {{.*}}>, %{{.*}}: memref<10x2xf32, {{.*}}>
// CHECK: vector.load %[[K]]
// CHECK: vector.shuffle %[[A:.*]], %[[B:.*]] [0, 4, 1, 5]
// CHECK-NEXT: vector.shuffle %[[A]], %[[B]] [2, 6, 3, 7]
// CHECK-NEXT: %[[S:.*]] = arith.addf
// CHECK-NEXT: vector.shuffle %[[S]], %[[S]] [0, 1, 4, 5]
// CHECK-NEXT: vector.shuffle %[[S]], %[[S]] [2, 3, 6, 7]
// CHECK-NEXT: arith.addf
// CHECK: math.exp2
// CHECK: vector.load %[[V]]
// CHECK: vector.fma
// CHECK-LABEL: func.func private @attn_fwd_f32_full_d8_q4_k8_combine
// CHECK-SAME: memref<?x10x2xf32
// CHECK-NOT: vector.reduction
// CHECK: math.exp2
// CHECK: arith.divf
func.func @split(%q: memref<3x2x8xf32>, %k: memref<3x?x8xf32>, %v: memref<3x?x8xf32>, %o: memref<3x2x8xf32>) {
  attn.sdpa query(%q : memref<3x2x8xf32>) key(%k : memref<3x?x8xf32>) value(%v : memref<3x?x8xf32>) backend = flash schedule = #schedule outs(%o : memref<3x2x8xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, row_queries = 2>

// Columns that are not adjacent cannot be loaded as a vector: queries stay in
// lanes.
// CHECK-LABEL: func.func private @attn_fwd_f32_full_d8_q4_k8
// CHECK-NOT: vector.reduction
// CHECK: return
func.func @strided(%q: memref<2x8xf32>, %k: memref<9x8xf32, strided<[1, 9]>>, %o: memref<2x8xf32>) {
  attn.sdpa query(%q : memref<2x8xf32>) key(%k : memref<9x8xf32, strided<[1, 9]>>) value(%k : memref<9x8xf32, strided<[1, 9]>>) backend = flash schedule = #schedule outs(%o : memref<2x8xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, row_queries = 1>

// Columns behind the last whole vector are scalars; nothing is converted by blocks.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d6_q4_k8
// CHECK: vector.load %{{.*}} : memref<9x6xbf16>, vector<4xbf16>
// CHECK: vector.reduction <add>
// CHECK: scf.for
// CHECK: memref.load %{{.*}} : memref<9x6xbf16
// CHECK: arith.extf %{{.*}} : bf16 to f32
func.func @tail(%q: memref<1x6xbf16>, %k: memref<9x6xbf16>, %o: memref<1x6xbf16>) {
  attn.sdpa query(%q : memref<1x6xbf16>) key(%k : memref<9x6xbf16>) value(%k : memref<9x6xbf16>) backend = flash schedule = #schedule outs(%o : memref<1x6xbf16>)
  return
}
