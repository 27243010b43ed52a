// RUN: attn-opt %s --convert-attn-to-cpu --canonicalize --cse --split-input-file | FileCheck %s

// Where few queries read what is in memory, the values of a key, two lines of
// them, are asked for before it is multiplied, and keys of the next block before
// columns of values are: 8 of 24 columns in one turn, so 4 of 12 keys.

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 12, exp2 = portable, split_keys = 36, row_queries = 2>

// CHECK-LABEL: func.func private @attn_fwd_f32_full_d24_q4_k12_part
// CHECK: %[[DIM:.*]] = memref.dim %arg1, %c0
// CHECK: scf.for %[[BLOCK:.*]] = %{{.*}} to %{{.*}} step %c12
// CHECK: scf.for %[[ROW:.*]] = %c0
// CHECK-DAG: %[[KEY:.*]] = arith.addi %[[BLOCK]], %[[ROW]]
// CHECK-DAG: %[[LAST:.*]] = arith.subi %[[DIM]], %c1
// CHECK: %[[CLAMPED:.*]] = arith.minsi %[[KEY]], %[[LAST]]
// CHECK: memref.prefetch %arg2[%[[CLAMPED]], %c0], read, locality<3>, data
// CHECK: memref.prefetch %arg2[%[[CLAMPED]], %c16], read, locality<3>, data
// CHECK: vector.load %arg1[%[[KEY]]
// CHECK: scf.for %[[COLUMN:.*]] = %c0 to %c24 step %c8
// CHECK: %[[PART:.*]] = arith.muli %[[COLUMN]], %c12
// CHECK: %[[FIRST:.*]] = arith.divsi %[[PART]], %c24
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %[[FIRST]]
// CHECK: scf.for %[[ROW:.*]] = %c0
// CHECK: %[[KEY:.*]] = arith.addi %[[NEXT]], %[[ROW]]
// CHECK: %[[CLAMPED:.*]] = arith.minsi %[[KEY]]
// CHECK: memref.prefetch %arg1[%[[CLAMPED]], %c0], read, locality<3>, data
// CHECK: vector.load %arg2
func.func @rows(%q: memref<2x24xf32>, %k: memref<?x24xf32>, %v: memref<?x24xf32>, %o: memref<2x24xf32>) {
  attn.sdpa query(%q : memref<2x24xf32>) key(%k : memref<?x24xf32>) value(%v : memref<?x24xf32>)
    backend = flash schedule = #schedule outs(%o : memref<2x24xf32>)
  return
}

// -----

// Values in f16 are copied a block at a time: those of the next one are asked for.

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, split_keys = 32>

// CHECK-LABEL: func.func private @attn_fwd_f16_full_d16_q4_k8_part
// CHECK: scf.for %[[BLOCK:.*]] = %{{.*}} to %{{.*}} step %c8
// CHECK: scf.for %[[ROW:.*]] = %c0 to %{{.*}} step %c2
// CHECK: %[[KEY:.*]] = arith.addi %[[BLOCK]], %[[ROW]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[KEY]], %c8
// CHECK: memref.prefetch %arg2
func.func @copied(%q: memref<4x16xf16>, %k: memref<?x16xf16>, %o: memref<4x16xf16>) {
  attn.sdpa query(%q : memref<4x16xf16>) key(%k : memref<?x16xf16>) value(%k : memref<?x16xf16>)
    backend = flash schedule = #schedule outs(%o : memref<4x16xf16>)
  return
}

// -----

// Tiles of many queries read keys from a cache.

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 4>

// CHECK-LABEL: func.func private @attn_fwd_f32_full
// CHECK-NOT: memref.prefetch
func.func @many(%q: memref<?x16xf32>, %k: memref<?x16xf32>, %o: memref<?x16xf32>) {
  attn.sdpa query(%q : memref<?x16xf32>) key(%k : memref<?x16xf32>) value(%k : memref<?x16xf32>)
    backend = flash schedule = #schedule outs(%o : memref<?x16xf32>)
  return
}
