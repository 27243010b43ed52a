// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

// The distance of two positions is small enough to be added to the bits of a number
// in f64: vectors of i64 are converted by nothing before AVX-512.

#schedule = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = portable>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK: %[[DISTANCE:.*]] = arith.index_cast %{{.*}} : vector<8xindex> to vector<8xi64>
// CHECK: %[[MAGIC:.*]] = arith.constant dense<4843621399236968448> : vector<8xi64>
// CHECK: %[[BITS:.*]] = arith.addi %[[DISTANCE]], %[[MAGIC]]
// CHECK: %[[SHIFTED:.*]] = arith.bitcast %[[BITS]] : vector<8xi64> to vector<8xf64>
// CHECK: %[[NUMBER:.*]] = arith.constant dense<0x4338000000000000> : vector<8xf64>
// CHECK: %[[EXACT:.*]] = arith.subf %[[SHIFTED]], %[[NUMBER]]
// CHECK: arith.truncf %[[EXACT]] : vector<8xf64> to vector<8xf32>
// CHECK-NOT: arith.sitofp
func.func @distance(%q: memref<?x8xf32>, %o: memref<?x8xf32>) {
  attn.sdpa query(%q : memref<?x8xf32>) key(%q : memref<?x8xf32>) value(%q : memref<?x8xf32>)
    backend = flash schedule = #schedule
    score(%s: f32, %i: index, %j: index) {
      %d = arith.subi %j, %i : index
      %c = arith.index_cast %d : index to i64
      %f = arith.sitofp %c : i64 to f32
      %x = arith.addf %s, %f : f32
      attn.yield %x : f32
    } outs(%o : memref<?x8xf32>)
  return
}

// -----

// A product of positions may be larger.

#schedule = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = portable>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK: arith.sitofp %{{.*}} : vector<8xi64> to vector<8xf32>
func.func @product(%q: memref<?x8xf32>, %o: memref<?x8xf32>) {
  attn.sdpa query(%q : memref<?x8xf32>) key(%q : memref<?x8xf32>) value(%q : memref<?x8xf32>)
    backend = flash schedule = #schedule
    score(%s: f32, %i: index, %j: index) {
      %d = arith.muli %j, %i : index
      %c = arith.index_cast %d : index to i64
      %f = arith.sitofp %c : i64 to f32
      %x = arith.addf %s, %f : f32
      attn.yield %x : f32
    } outs(%o : memref<?x8xf32>)
  return
}

// -----

// So may an index from outside, and AVX-512 has an instruction.

#schedule = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = portable>
#wide = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 8, exp2 = avx512>

// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK: arith.sitofp %{{.*}} : vector<8xi64> to vector<8xf32>
// CHECK-LABEL: func.func private @attn_fwd_f32
// CHECK: arith.sitofp %{{.*}} : vector<16xi64> to vector<16xf32>
func.func @others(%q: memref<?x8xf32>, %o: memref<?x8xf32>, %n: index) {
  attn.sdpa query(%q : memref<?x8xf32>) key(%q : memref<?x8xf32>) value(%q : memref<?x8xf32>)
    backend = flash schedule = #schedule
    score(%s: f32, %i: index, %j: index) {
      %d = arith.addi %i, %n : index
      %c = arith.index_cast %d : index to i64
      %f = arith.sitofp %c : i64 to f32
      %x = arith.addf %s, %f : f32
      attn.yield %x : f32
    } outs(%o : memref<?x8xf32>)
  attn.sdpa query(%q : memref<?x8xf32>) key(%q : memref<?x8xf32>) value(%q : memref<?x8xf32>)
    backend = flash schedule = #wide
    score(%s: f32, %i: index, %j: index) {
      %d = arith.subi %j, %i : index
      %c = arith.index_cast %d : index to i64
      %f = arith.sitofp %c : i64 to f32
      %x = arith.addf %s, %f : f32
      attn.yield %x : f32
    } outs(%o : memref<?x8xf32>)
  return
}
