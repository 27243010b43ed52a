// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

// Rows that lie apart are copied block by block where several groups of queries
// read them; whether they do is asked of the strides, where the type does not say.

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = portable, query_groups = 2>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK-DAG: %[[KEYS:.*]] = memref.alloca() {{.*}} : memref<8x6xf32>
// CHECK-DAG: %[[VALUES:.*]] = memref.alloca() {{.*}} : memref<8x3xf32>
// CHECK: %[[BASE:.*]], %{{.*}}, %{{.*}}, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %arg1
// CHECK: %[[APART:.*]] = arith.cmpi ne, %[[STRIDES]]#0, %c6
// CHECK: %[[LEFT:.*]] = arith.subi
// CHECK: %[[SHARED:.*]] = arith.cmpi sgt, %[[LEFT]], %c4
// CHECK: %[[BOTH:.*]] = arith.andi %[[APART]], %[[SHARED]]
// CHECK: %[[ROWS:.*]] = scf.if %[[BOTH]] -> (memref<?x6xf32, strided<[?, 1], offset: ?>>)
// CHECK: vector.store %{{.*}}, %[[KEYS]]
// CHECK: %[[COPIED:.*]] = memref.subview %[[KEYS]]
// CHECK: %[[CAST:.*]] = memref.cast %[[COPIED]]
// CHECK: scf.yield %[[CAST]]
// CHECK: } else {
// CHECK-NOT: vector.store
// CHECK: memref.subview %arg1
// CHECK: memref.extract_strided_metadata %arg2
// CHECK: %[[VALUE_ROWS:.*]] = scf.if %{{.*}} -> (memref<?x3xf32, strided<[?, 1], offset: ?>>)
// CHECK: memref.subview %[[VALUES]]
// CHECK: memref.load %[[ROWS]]
// CHECK: memref.load %[[VALUE_ROWS]]
func.func @apart(%q: memref<?x6xf32>, %k: memref<?x6xf32, strided<[?, 1], offset: ?>>, %v: memref<?x3xf32, strided<[96, 1]>>, %o: memref<?x3xf32>) {
  attn.sdpa query(%q : memref<?x6xf32>) key(%k : memref<?x6xf32, strided<[?, 1], offset: ?>>) value(%v : memref<?x3xf32, strided<[96, 1]>>)
    backend = flash schedule = #schedule outs(%o : memref<?x3xf32>)
  return
}

// -----

// Not where the type says that they are adjacent.

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = portable, query_groups = 2>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK-NOT: extract_strided_metadata
// CHECK: memref.load %arg1
func.func @adjacent(%q: memref<?x6xf32>, %k: memref<?x6xf32>, %v: memref<?x3xf32, strided<[3, 1], offset: ?>>, %o: memref<?x3xf32>) {
  attn.sdpa query(%q : memref<?x6xf32>) key(%k : memref<?x6xf32>) value(%v : memref<?x3xf32, strided<[3, 1], offset: ?>>)
    backend = flash schedule = #schedule outs(%o : memref<?x3xf32>)
  return
}

// -----

// Nor where one group is all there is.

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = portable>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK-NOT: extract_strided_metadata
func.func @one_group(%q: memref<?x6xf32>, %k: memref<?x6xf32, strided<[?, 1], offset: ?>>, %o: memref<?x6xf32>) {
  attn.sdpa query(%q : memref<?x6xf32>) key(%k : memref<?x6xf32, strided<[?, 1], offset: ?>>) value(%k : memref<?x6xf32, strided<[?, 1], offset: ?>>)
    backend = flash schedule = #schedule outs(%o : memref<?x6xf32>)
  return
}

// -----

// Values that are 128 columns apart have few sets of a cache, adjacent or not;
// copied rows are a cache line longer. Keys are read in whole rows.

#schedule = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 8, exp2 = portable, query_groups = 2>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK: %[[VALUES:.*]] = memref.alloca() {{.*}} : memref<8x144xf32>
// CHECK-NOT: extract_strided_metadata %arg1
// CHECK: extract_strided_metadata %arg2
// CHECK: memref.subview %[[VALUES]][0, 0] [8, 128] [1, 1]
func.func @same_sets(%q: memref<?x128xf32>, %k: memref<?x128xf32>, %o: memref<?x128xf32>) {
  attn.sdpa query(%q : memref<?x128xf32>) key(%k : memref<?x128xf32>) value(%k : memref<?x128xf32>)
    backend = flash schedule = #schedule outs(%o : memref<?x128xf32>)
  return
}

// -----

// Vectors of 512 bits multiply longer than a line takes from the second cache.

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 8, exp2 = portable, query_groups = 2>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK-NOT: extract_strided_metadata
func.func @wide(%q: memref<?x128xf32>, %k: memref<?x128xf32>, %o: memref<?x128xf32>) {
  attn.sdpa query(%q : memref<?x128xf32>) key(%k : memref<?x128xf32>) value(%k : memref<?x128xf32>)
    backend = flash schedule = #schedule outs(%o : memref<?x128xf32>)
  return
}
