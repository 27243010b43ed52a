// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// Without a mask there is one loop over the keys, and no select in it.
// CHECK-LABEL: func.func @full
// CHECK: scf.parallel
// CHECK: memref.subview %{{.*}}[%[[H:.*]], 0, 0] [1, 5, 8] [1, 1, 1]
// CHECK: func.call @attn_fwd_f32_full_d8_q4_k8
// CHECK-NOT: attn.sdpa
// CHECK: func.func private @attn_fwd_f32_full_d8_q4_k8
// CHECK: %[[LK:.*]] = arith.constant 7 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[LK2:.*]] step
// CHECK-NOT: arith.cmpf une
// CHECK: math.exp2 %{{.*}} {attn.exp2_form = "portable"} : vector<4xf32>
func.func @full(%q: memref<3x5x8xf32>, %k: memref<3x7x8xf32>, %v: memref<3x7x8xf32>, %o: memref<3x5x8xf32>) {
  attn.sdpa query(%q : memref<3x5x8xf32>) key(%k : memref<3x7x8xf32>) value(%v : memref<3x7x8xf32>) backend = flash schedule = #schedule outs(%o : memref<3x5x8xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// A causal mask: three parts, of which the middle one has no mask code.
// CHECK-LABEL: func.func private @attn_fwd_bf16_causal_d8x6_q4_k8
// CHECK: %[[C3:.*]] = arith.constant 3 : index
// CHECK: scf.for %[[PART:.*]] = %{{.*}} to %{{.*}} step
// CHECK:   %[[FULL:.*]] = arith.cmpi eq, %[[PART]]
// CHECK:   scf.for
// CHECK:     scf.if %[[FULL]] {
// CHECK-NOT:   arith.cmpf une
// CHECK:     } else {
// CHECK:       arith.cmpf une
func.func @causal(%q: memref<2x3x?x8xbf16>, %k: memref<2x1x?x8xbf16>, %v: memref<2x1x?x6xbf16>, %o: memref<2x3x?x6xbf16>) {
  attn.sdpa query(%q : memref<2x3x?x8xbf16>) key(%k : memref<2x1x?x8xbf16>) value(%v : memref<2x1x?x6xbf16>) structure(#attn.causal<top_left>) backend = flash schedule = #schedule outs(%o : memref<2x3x?x6xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 1, exp2 = portable>

// A score region becomes vector code; what it reads per query is read lane by
// lane, what is the same for all queries once.
// CHECK-LABEL: func.func private @attn_fwd_f32_full_d4_q4_k1
// CHECK: %[[SLOPE:.*]] = memref.load %{{.*}}[%{{.*}}] : memref<3xf32>
// CHECK-COUNT-4: memref.load %{{.*}}[%{{.*}}] : memref<5xf32>
// CHECK: vector.broadcast %[[SLOPE]] : f32 to vector<4xf32>
func.func @score(%q: memref<3x5x4xf32>, %o: memref<3x5x4xf32>, %slopes: memref<3xf32>, %rows: memref<5xf32>) {
  attn.sdpa query(%q : memref<3x5x4xf32>) key(%q : memref<3x5x4xf32>) value(%q : memref<3x5x4xf32>) backend = flash schedule = #schedule
    score(%s: f32, %h: index, %i: index, %j: index) {
      %a = memref.load %slopes[%h] : memref<3xf32>
      %b = memref.load %rows[%i] : memref<5xf32>
      %c = arith.mulf %s, %a : f32
      %d = arith.addf %c, %b : f32
      attn.yield %d : f32
    } outs(%o : memref<3x5x4xf32>)
  return
}

// -----

// Other backends are left alone.
// CHECK-LABEL: func.func @math
// CHECK: attn.sdpa
func.func @math(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = math outs(%o : memref<5x4xf32>)
  return
}
