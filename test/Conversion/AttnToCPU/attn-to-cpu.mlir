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

// A causal mask: in each block, a group of queries takes the keys that it needs,
// without mask code where it sees them all. Values are looked at in blocks that
// someone masks, and multiplied with care only where one is NaN or infinite.
// CHECK-LABEL: func.func private @attn_fwd_bf16_causal_d8x6_q4_k8
// CHECK: scf.for %[[FIRST:.*]] = %{{.*}} to %[[END:.*]] step
// CHECK:   %[[ODD:.*]] = scf.if %{{.*}} -> (i1) {
// CHECK:     arith.andi %{{.*}} : vector<4xi32>
// CHECK:     vector.reduction <maxsi>
// CHECK:   } else {
// CHECK:     arith.constant false
// CHECK:   }
// CHECK:   scf.if %{{.*}} {
// CHECK:     %[[FULL:.*]] = arith.andi %{{.*}}, %{{.*}} : i1
// CHECK:     scf.if %[[FULL]] {
// CHECK-NOT:   scf.if
// CHECK:       arith.addf %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK-NOT:   scf.if
// CHECK:     } else {
// CHECK:       arith.cmpi slt, %{{.*}} : vector<4xi32>
// CHECK:       scf.if %[[ODD]] {
// CHECK:         arith.cmpf une
// CHECK:       } else {
// CHECK-NOT:     arith.cmpf une
// CHECK:         vector.fma
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

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// A window bounds the keys of a tile on both sides: blocks outside of
// [first - 2, last + 1] are not visited.
// CHECK-LABEL: func.func private @attn_fwd_f32_window_d8_q4_k8
// CHECK: arith.subi %{{.*}}, %c2{{.*}} : index
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: scf.for
func.func @window(%q: memref<3x50x8xf32>, %o: memref<3x50x8xf32>) {
  attn.sdpa query(%q : memref<3x50x8xf32>) key(%q : memref<3x50x8xf32>) value(%q : memref<3x50x8xf32>) structure(#attn.window<2, 1>) backend = flash schedule = #schedule outs(%o : memref<3x50x8xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// Documents are compared for each element: every block has mask code.
// CHECK-LABEL: func.func private @attn_fwd_f32_document_d8_q4_k8
// CHECK: arith.cmpi eq, %{{.*}}, %{{.*}} : vector<4xi64>
// CHECK: arith.select
// CHECK: arith.cmpf une
// CHECK-NOT: arith.cmpi eq, %{{.*}}, %{{.*}} : vector<4xi64>
func.func @document(%q: memref<5x8xf32>, %o: memref<5x8xf32>, %d: memref<5xi32>) {
  attn.sdpa query(%q : memref<5x8xf32>) key(%q : memref<5x8xf32>) value(%q : memref<5x8xf32>) documents(%d, %d : memref<5xi32>, memref<5xi32>) structure(#attn.document) backend = flash schedule = #schedule outs(%o : memref<5x8xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// Softcap, bias, mask and keep region in this order, and a log-sum-exp.
// CHECK-LABEL: func.func private @attn_fwd_f32_masked_d8_q4_k8
// CHECK: math.tanh
// CHECK: arith.addf
// CHECK: arith.cmpf une
// CHECK: arith.cmpi ne, %{{.*}} : vector<4xindex>
// CHECK: arith.select
// CHECK: math.log
// CHECK: memref.store %{{.*}}, %{{.*}} : memref<5xf32
func.func @everything(%q: memref<4x5x8xf32>, %k: memref<2x7x8xf32>, %b: memref<5x7xf32>, %m: memref<4x5x7xi1>, %o: memref<4x5x8xf32>, %l: memref<4x5xf32>) {
  attn.sdpa query(%q : memref<4x5x8xf32>) key(%k : memref<2x7x8xf32>) value(%k : memref<2x7x8xf32>) softcap = 5.0 bias(%b : memref<5x7xf32>) mask(%m : memref<4x5x7xi1>) backend = flash schedule = #schedule
    keep(%h: index, %i: index, %j: index) {
      %p = arith.cmpi ne, %i, %j : index
      attn.yield %p : i1
    } outs(%o, %l : memref<4x5x8xf32>, memref<4x5xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// Without keys there is nothing to loop over.
// CHECK-LABEL: func.func @no_keys
// CHECK-NOT: scf.parallel
// CHECK: linalg.fill
// CHECK: return
func.func @no_keys(%q: memref<5x8xf32>, %k: memref<0x8xf32>, %o: memref<5x8xf32>) {
  attn.sdpa query(%q : memref<5x8xf32>) key(%k : memref<0x8xf32>) value(%k : memref<0x8xf32>) backend = flash schedule = #schedule outs(%o : memref<5x8xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// Row maxima go from units of log 2 to natural ones, NaN where the sum is but for
// +inf, and before the sink is one.
// CHECK-LABEL: func.func private @attn_fwd_f32_full_d8_q4_k8
// CHECK: %[[UNO:.*]] = arith.cmpf uno, %[[SUM:.*]], %[[SUM]] : vector<4xf32>
// CHECK: %[[FINITE:.*]] = arith.cmpf une, %[[KEYS:.*]], %{{.*}} : vector<4xf32>
// CHECK: %[[ISNAN:.*]] = arith.andi %[[UNO]], %[[FINITE]] : vector<4xi1>
// CHECK: %[[LN2:.*]] = arith.constant dense<0.693147182> : vector<4xf32>
// CHECK: %[[NATURAL:.*]] = arith.mulf %[[KEYS]], %[[LN2]] : vector<4xf32>
// CHECK: arith.select %[[ISNAN]], %{{.*}}, %[[NATURAL]]
// CHECK: memref.store %{{.*}}, %[[MAX:.*]][%{{.*}}] : memref<5xf32
// CHECK: math.log
// CHECK: memref.store %{{.*}}, %{{.*}} : memref<5xf32
func.func @maxima(%q: memref<5x8xf32>, %s: memref<1xf32>, %o: memref<5x8xf32>, %l: memref<5xf32>, %m: memref<5xf32>) {
  attn.sdpa query(%q : memref<5x8xf32>) key(%q : memref<5x8xf32>) value(%q : memref<5x8xf32>) sinks(%s : memref<1xf32>) backend = flash schedule = #schedule outs(%o, %l, %m : memref<5x8xf32>, memref<5xf32>, memref<5xf32>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 8, exp2 = portable>

// Without keys they are -inf.
// CHECK-LABEL: func.func @no_keys
// CHECK-SAME: %[[L:[a-z0-9]+]]: memref<5xf32>, %[[M:[a-z0-9]+]]: memref<5xf32>)
// CHECK: %[[NONE:.*]] = arith.constant 0xFF800000 : f32
// CHECK: linalg.fill ins(%[[NONE]] : f32) outs(%[[L]] : memref<5xf32>)
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%[[M]] : memref<5xf32>)
func.func @no_keys(%q: memref<5x8xf32>, %k: memref<0x8xf32>, %o: memref<5x8xf32>, %l: memref<5xf32>, %m: memref<5xf32>) {
  attn.sdpa query(%q : memref<5x8xf32>) key(%k : memref<0x8xf32>) value(%k : memref<0x8xf32>) backend = flash schedule = #schedule outs(%o, %l, %m : memref<5x8xf32>, memref<5xf32>, memref<5xf32>)
  return
}
