// RUN: attn-opt %s --pass-pipeline="builtin.module(func.func(attn-fold-query-heads))" --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @gqa(
// CHECK-SAME: %[[Q:[^:]*]]: tensor<?x8x1x64xf16>, %[[K:[^:]*]]: tensor<?x2x?x64xf16>
func.func @gqa(%q: tensor<?x8x1x64xf16>, %k: tensor<?x2x?x64xf16>, %v: tensor<?x2x?x32xf16>, %o: tensor<?x8x1x32xf32>, %l: tensor<?x8x1xf32>) -> (tensor<?x8x1x32xf32>, tensor<?x8x1xf32>) {
  // CHECK: %[[C:.*]] = tensor.collapse_shape %[[Q]] {{\[}}[0], [1, 2], [3]]
  // CHECK: %[[E:.*]] = tensor.expand_shape %[[C]] {{\[}}[0], [1, 2], [3]] output_shape [%{{.*}}, 2, 4, 64]
  // CHECK: %[[R:.*]]:2 = attn.sdpa query(%[[E]] : tensor<?x2x4x64xf16>) key(%[[K]] : tensor<?x2x?x64xf16>)
  // CHECK-NOT: structure
  // CHECK-SAME: -> tensor<?x2x4x32xf32>, tensor<?x2x4xf32>
  // CHECK: tensor.collapse_shape %[[R]]#0
  // CHECK: output_shape [%{{.*}}, 8, 1, 32]
  // CHECK: tensor.collapse_shape %[[R]]#1
  // CHECK: output_shape [%{{.*}}, 8, 1]
  %0:2 = attn.sdpa query(%q : tensor<?x8x1x64xf16>) key(%k : tensor<?x2x?x64xf16>) value(%v : tensor<?x2x?x32xf16>) structure(#attn.causal<bottom_right>) backend = flash outs(%o, %l : tensor<?x8x1x32xf32>, tensor<?x8x1xf32>) -> tensor<?x8x1x32xf32>, tensor<?x8x1xf32>
  return %0#0, %0#1 : tensor<?x8x1x32xf32>, tensor<?x8x1xf32>
}

// -----

// Multi-query attention of several queries; a mask and a bias of keys alone.
// CHECK-LABEL: func.func @mqa
func.func @mqa(%q: tensor<4x3x64xf32>, %k: tensor<1x77x64xf32>, %v: tensor<1x77x64xf32>, %m: tensor<1x77xi1>, %b: tensor<77xf32>, %o: tensor<4x3x64xf32>) -> tensor<4x3x64xf32> {
  // CHECK: attn.sdpa query(%{{[^ ]*}} : tensor<1x12x64xf32>)
  // CHECK-SAME: bias(%{{.*}} : tensor<77xf32>) mask(%{{.*}} : tensor<1x77xi1>)
  %0 = attn.sdpa query(%q : tensor<4x3x64xf32>) key(%k : tensor<1x77x64xf32>) value(%v : tensor<1x77x64xf32>) bias(%b : tensor<77xf32>) mask(%m : tensor<1x77xi1>) backend = flash outs(%o : tensor<4x3x64xf32>) -> tensor<4x3x64xf32>
  return %0 : tensor<4x3x64xf32>
}

// -----

// CHECK-LABEL: func.func @refused
func.func @refused(%q: tensor<8x2x64xf32>, %q1: tensor<8x1x64xf32>, %q3: tensor<8x5x64xf32>, %k: tensor<2x77x64xf32>, %m: tensor<8x1x77xi1>, %b: tensor<2x77xf32>, %s: tensor<8xf32>, %k8: tensor<8x77x64xf32>, %qq: tensor<2x64xf32>, %kk: tensor<77x64xf32>) {
  %o = tensor.empty() : tensor<8x2x64xf32>
  %o1 = tensor.empty() : tensor<8x1x64xf32>
  %o3 = tensor.empty() : tensor<8x5x64xf32>
  %oo = tensor.empty() : tensor<2x64xf32>
  // CHECK-NOT: tensor.collapse_shape
  // Queries that see different keys.
  %0 = attn.sdpa query(%q : tensor<8x2x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) structure(#attn.causal<bottom_right>) backend = flash outs(%o : tensor<8x2x64xf32>) -> tensor<8x2x64xf32>
  // One query that sees one key.
  %1 = attn.sdpa query(%q1 : tensor<8x1x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) structure(#attn.causal<top_left>) backend = flash outs(%o1 : tensor<8x1x64xf32>) -> tensor<8x1x64xf32>
  // More than 16 queries.
  %2 = attn.sdpa query(%q3 : tensor<8x5x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) backend = flash outs(%o3 : tensor<8x5x64xf32>) -> tensor<8x5x64xf32>
  // A mask for each head, a bias for each query, sinks.
  %3 = attn.sdpa query(%q1 : tensor<8x1x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) mask(%m : tensor<8x1x77xi1>) backend = flash outs(%o1 : tensor<8x1x64xf32>) -> tensor<8x1x64xf32>
  %4 = attn.sdpa query(%q : tensor<8x2x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) bias(%b : tensor<2x77xf32>) backend = flash outs(%o : tensor<8x2x64xf32>) -> tensor<8x2x64xf32>
  %5 = attn.sdpa query(%q1 : tensor<8x1x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) sinks(%s : tensor<8xf32>) backend = flash outs(%o1 : tensor<8x1x64xf32>) -> tensor<8x1x64xf32>
  // A head for each head; the other backend; no heads.
  %6 = attn.sdpa query(%q1 : tensor<8x1x64xf32>) key(%k8 : tensor<8x77x64xf32>) value(%k8 : tensor<8x77x64xf32>) backend = flash outs(%o1 : tensor<8x1x64xf32>) -> tensor<8x1x64xf32>
  %7 = attn.sdpa query(%q1 : tensor<8x1x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) backend = math outs(%o1 : tensor<8x1x64xf32>) -> tensor<8x1x64xf32>
  %8 = attn.sdpa query(%qq : tensor<2x64xf32>) key(%kk : tensor<77x64xf32>) value(%kk : tensor<77x64xf32>) backend = flash outs(%oo : tensor<2x64xf32>) -> tensor<2x64xf32>
  // A region that knows the head.
  %9 = attn.sdpa query(%q1 : tensor<8x1x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) backend = flash score(%x: f32, %h: index, %i: index, %j: index) {
    attn.yield %x : f32
  } outs(%o1 : tensor<8x1x64xf32>) -> tensor<8x1x64xf32>
  // CHECK: return
  return
}

// More queries than 64 bits hold.
// CHECK-LABEL: @huge
// CHECK: attn.sdpa query(%{{.*}} : tensor<4x4611686018427387904x64xf32>)
func.func @huge(%q: tensor<4x4611686018427387904x64xf32>, %k: tensor<2x77x64xf32>, %o: tensor<4x4611686018427387904x64xf32>) -> tensor<4x4611686018427387904x64xf32> {
  %0 = attn.sdpa query(%q : tensor<4x4611686018427387904x64xf32>) key(%k : tensor<2x77x64xf32>) value(%k : tensor<2x77x64xf32>) backend = flash outs(%o : tensor<4x4611686018427387904x64xf32>) -> tensor<4x4611686018427387904x64xf32>
  return %0 : tensor<4x4611686018427387904x64xf32>
}
