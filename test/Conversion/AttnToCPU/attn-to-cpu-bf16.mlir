// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, query_groups = 2, dot = bf16>

// Pairs of bf16: a pair of columns of the keys is read in place, the values of two
// keys are packed, and the scale is applied to the logits. Two groups of queries
// share the packed values.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d8_q8_k8
// CHECK-SAME: %{{.*}}: memref<?x8xbf16, {{.*}}>, %[[K:.*]]: memref<?x8xbf16, {{.*}}>, %[[V:.*]]: memref<?x8xbf16, {{[^>]*>}}>, %{{.*}}: memref
// CHECK: memref.alloca() {{.*}} : memref<4x8xi32>
// CHECK: scf.for %[[FIRST:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// The first key is the low half.
// CHECK:   %[[LOW:.*]] = arith.extui %{{.*}} : vector<4xi16> to vector<4xi32>
// CHECK:   %[[HIGH:.*]] = arith.extui %{{.*}} : vector<4xi16> to vector<4xi32>
// CHECK:   %[[SHIFTED:.*]] = arith.shli %[[HIGH]]
// CHECK:   %[[PAIRS:.*]] = arith.ori %[[LOW]], %[[SHIFTED]]
// CHECK:   vector.store %[[PAIRS]], %[[BLOCK:.*]][%{{.*}}, %{{.*}}] : memref<4x8xi32>
// An odd last key has zero beside it.
// CHECK:   scf.if
// CHECK:     %[[ALONE:.*]] = arith.extui %{{.*}} : vector<4xi16> to vector<4xi32>
// CHECK-NEXT: vector.store %[[ALONE]], %[[BLOCK]]
// CHECK:   scf.for %[[GROUP:.*]] = %{{.*}} to %{{.*}} step
// CHECK:     vector.load %[[K]][%{{.*}}, %{{.*}}] : memref<?x8xbf16, {{.*}}>, vector<2xbf16>
// CHECK:     x86vector.avx512.dot %{{.*}} : vector<8xbf16> -> vector<4xf32>
// CHECK:     arith.mulf
// CHECK:     math.exp2
// CHECK:     arith.truncf %{{.*}} : vector<4xf32> to vector<4xbf16>
// CHECK:     vector.interleave
// CHECK:     memref.load %[[BLOCK]]
// CHECK:     x86vector.avx512.dot
func.func @full(%q: memref<3x?x8xbf16>, %k: memref<3x?x8xbf16>, %v: memref<3x?x8xbf16>, %o: memref<3x?x8xbf16>) {
  attn.sdpa query(%q : memref<3x?x8xbf16>) key(%k : memref<3x?x8xbf16>) value(%v : memref<3x?x8xbf16>) backend = flash schedule = #schedule outs(%o : memref<3x?x8xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, dot = bf16>

// An odd number of columns: keys are copied with a zero behind them.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d7x5_q4_k8
// CHECK: memref.alloca() {{.*}} : memref<8x8xbf16>
// CHECK: vector.load %{{.*}} : memref<8x8xbf16>, vector<2xbf16>
// CHECK: x86vector.avx512.dot
func.func @odd(%q: memref<6x7xbf16>, %k: memref<9x7xbf16>, %v: memref<9x5xbf16>, %o: memref<6x5xbf16>) {
  attn.sdpa query(%q : memref<6x7xbf16>) key(%k : memref<9x7xbf16>) value(%v : memref<9x5xbf16>) backend = flash schedule = #schedule outs(%o : memref<6x5xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable, dot = bf16>

// So are keys whose rows are not contiguous: pairs are not adjacent.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d8_q4_k8
// CHECK: memref.alloca() {{.*}} : memref<8x8xbf16>
// CHECK: vector.load %{{.*}} : memref<8x8xbf16>, vector<2xbf16>
func.func @strided(%q: memref<6x8xbf16>, %k: memref<9x8xbf16, strided<[1, 9]>>, %v: memref<9x8xbf16>, %o: memref<6x8xbf16>) {
  attn.sdpa query(%q : memref<6x8xbf16>) key(%k : memref<9x8xbf16, strided<[1, 9]>>) value(%v : memref<9x8xbf16>) backend = flash schedule = #schedule outs(%o : memref<6x8xbf16>)
  return
}
