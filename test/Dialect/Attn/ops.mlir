// RUN: attn-opt %s --verify-roundtrip | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

// CHECK-LABEL: func.func @minimal
func.func @minimal(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) -> tensor<5x4xf32> {
  // CHECK: attn.sdpa query(%{{.*}} : tensor<5x8xf32>) key(%{{.*}} : tensor<7x8xf32>) value(%{{.*}} : tensor<7x4xf32>)
  // CHECK-SAME: outs(%{{.*}} : tensor<5x4xf32>) -> tensor<5x4xf32>
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}

// CHECK-LABEL: func.func @everything
func.func @everything(%q: tensor<?x8x?x64xf16>, %k: tensor<1x2x?x64xf16>, %v: tensor<?x2x?x32xf16>, %s: f32,
    %b: tensor<?x1xf32>, %m: tensor<8x1x?xi1>, %qd: tensor<?x?xi32>, %kd: tensor<?xi32>,
    %o: tensor<?x8x?x32xf16>, %l: tensor<?x8x?xf32>) -> (tensor<?x8x?x32xf16>, tensor<?x8x?xf32>) {
  // CHECK: scale(%{{.*}} : f32) softcap = 3.000000e+01 bias(%{{.*}} : tensor<?x1xf32>) mask(%{{.*}} : tensor<8x1x?xi1>)
  // CHECK-SAME: documents(%{{.*}}, %{{.*}} : tensor<?x?xi32>, tensor<?xi32>)
  // CHECK-SAME: structure(#attn.all_of<[#attn.causal<bottom_right>, #attn.window<128, -1>, #attn.window<1, 2, bottom_right>, #attn.prefix<4>, #attn.prefix<4, bottom_right>, #attn.document]>)
  // CHECK-SAME: masked_row = nan backend = flash
  // CHECK-SAME: schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512>
  // CHECK-SAME: score(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %{{.*}}: index) {
  // CHECK: attn.yield %[[S]] : f32
  // CHECK: keep(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index) {
  // CHECK: attn.yield %{{.*}} : i1
  // CHECK: outs(%{{.*}}, %{{.*}} : tensor<?x8x?x32xf16>, tensor<?x8x?xf32>) -> tensor<?x8x?x32xf16>, tensor<?x8x?xf32>
  %0:2 = attn.sdpa query(%q : tensor<?x8x?x64xf16>) key(%k : tensor<1x2x?x64xf16>) value(%v : tensor<?x2x?x32xf16>)
      scale(%s : f32) softcap = 30.0 bias(%b : tensor<?x1xf32>) mask(%m : tensor<8x1x?xi1>)
      documents(%qd, %kd : tensor<?x?xi32>, tensor<?xi32>)
      structure(#attn.all_of<[#attn.causal<bottom_right>, #attn.window<128, -1>, #attn.window<1, 2, bottom_right>, #attn.prefix<4>, #attn.prefix<4, bottom_right>, #attn.document]>)
      masked_row = nan backend = flash
      schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512>
      score(%x: f32, %b0: index, %h: index, %i: index, %j: index) {
        attn.yield %x : f32
      }
      keep(%b0: index, %h: index, %i: index, %j: index) {
        %p = arith.cmpi ne, %i, %j : index
        attn.yield %p : i1
      }
      outs(%o, %l : tensor<?x8x?x32xf16>, tensor<?x8x?xf32>) -> tensor<?x8x?x32xf16>, tensor<?x8x?xf32>
  return %0#0, %0#1 : tensor<?x8x?x32xf16>, tensor<?x8x?xf32>
}

// CHECK-LABEL: func.func @static_scale
func.func @static_scale(%q: tensor<3x5x8xf64>, %k: tensor<3x7x8xf64>, %v: tensor<3x7x8xf64>, %o: tensor<3x5x8xf64>, %l: tensor<3x5xf64>) -> tensor<3x5x8xf64> {
  // CHECK: scale = 2.500000e-01
  // CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<3x5x8xf64>, tensor<3x5xf64>, tensor<3x5xf64>) -> tensor<3x5x8xf64>, tensor<3x5xf64>, tensor<3x5xf64>
  %0:3 = attn.sdpa query(%q : tensor<3x5x8xf64>) key(%k : tensor<3x7x8xf64>) value(%v : tensor<3x7x8xf64>) scale = 0.25
      masked_row = uniform outs(%o, %l, %l : tensor<3x5x8xf64>, tensor<3x5xf64>, tensor<3x5xf64>) -> tensor<3x5x8xf64>, tensor<3x5xf64>, tensor<3x5xf64>
  return %0#0 : tensor<3x5x8xf64>
}

// CHECK-LABEL: func.func @memrefs
func.func @memrefs(%q: memref<5x8xbf16>, %k: memref<7x8xbf16, strided<[16, 1], offset: ?>>, %v: memref<7x8xbf16>, %o: memref<5x8xf32>) {
  // CHECK: attn.sdpa query(%{{.*}} : memref<5x8xbf16>) key(%{{.*}} : memref<7x8xbf16, strided<[16, 1], offset: ?>>)
  // CHECK-SAME: outs(%{{.*}} : memref<5x8xf32>)
  // CHECK-NOT: ->
  attn.sdpa query(%q : memref<5x8xbf16>) key(%k : memref<7x8xbf16, strided<[16, 1], offset: ?>>) value(%v : memref<7x8xbf16>) outs(%o : memref<5x8xf32>)
  return
}

// CHECK-LABEL: func.func @sinks
func.func @sinks(%q: tensor<4x5x8xf16>, %k: tensor<2x7x8xf16>, %v: tensor<2x7x8xf16>, %s: tensor<4xbf16>, %o: tensor<4x5x8xf16>) -> tensor<4x5x8xf16> {
  // CHECK: sinks(%{{.*}} : tensor<4xbf16>)
  %0 = attn.sdpa query(%q : tensor<4x5x8xf16>) key(%k : tensor<2x7x8xf16>) value(%v : tensor<2x7x8xf16>) sinks(%s : tensor<4xbf16>) outs(%o : tensor<4x5x8xf16>) -> tensor<4x5x8xf16>
  return %0 : tensor<4x5x8xf16>
}

// CHECK-LABEL: func.func @transpose
func.func @transpose(%x: tensor<2x?x3xf32>) -> tensor<?x3x2xf32> {
  // CHECK: attn.transpose %{{.*}} [1, 2, 0] : tensor<2x?x3xf32> -> tensor<?x3x2xf32>
  %0 = attn.transpose %x [1, 2, 0] : tensor<2x?x3xf32> -> tensor<?x3x2xf32>
  return %0 : tensor<?x3x2xf32>
}

// CHECK-LABEL: func.func @key_lengths
func.func @key_lengths(%q: tensor<2x3x5x8xf32>, %n: tensor<2xi32>, %o: tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32> {
  // CHECK: key_lengths(%{{.*}} : tensor<2xi32>) structure(#attn.causal<bottom_right>)
  %0 = attn.sdpa query(%q : tensor<2x3x5x8xf32>) key(%q : tensor<2x3x5x8xf32>) value(%q : tensor<2x3x5x8xf32>)
      key_lengths(%n : tensor<2xi32>) structure(#attn.causal<bottom_right>) outs(%o : tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  return %0 : tensor<2x3x5x8xf32>
}

// CHECK-LABEL: func.func @cu_seqlens
func.func @cu_seqlens(%q: tensor<4x?x8xf32>, %k: tensor<2x9x8xf32>, %c: tensor<3xi32>, %b: tensor<2x1x5x5xf32>, %n: tensor<2xi32>, %o: tensor<4x?x8xf32>) -> tensor<4x?x8xf32> {
  // CHECK: bias(%{{.*}} : tensor<2x1x5x5xf32>)
  // CHECK-SAME: key_lengths(%{{.*}} : tensor<2xi32>)
  // CHECK-SAME: cu_seqlens(%[[C:.*]], %[[C]] : tensor<3xi32>, tensor<3xi32>)
  // CHECK-SAME: keep(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index)
  %0 = attn.sdpa query(%q : tensor<4x?x8xf32>) key(%k : tensor<2x9x8xf32>) value(%k : tensor<2x9x8xf32>)
      bias(%b : tensor<2x1x5x5xf32>) key_lengths(%n : tensor<2xi32>)
      cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) structure(#attn.causal<bottom_right>)
      keep(%s: index, %h: index, %i: index, %j: index) {
        %keep = arith.cmpi ne, %s, %j : index
        attn.yield %keep : i1
      } outs(%o : tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  return %0 : tensor<4x?x8xf32>
}

// CHECK-LABEL: func.func @assert
func.func @assert(%ok: i1, %n: index) {
  // CHECK: attn.assert %{{.*}}, "row {} is wrong", %{{.*}}
  attn.assert %ok, "row {} is wrong", %n
  return
}

// CHECK-LABEL: func.func private @all_of_nothing
// CHECK-SAME: #attn.all_of<[]>
func.func private @all_of_nothing() attributes {a = #attn.all_of<[]>}

// CHECK-LABEL: func.func private @ragged_schedule
// CHECK-SAME: #attn.cpu_ragged_schedule<[#attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 64, exp2 = portable, row_queries = 1>, #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 4, value_rows = 4, block_keys = 64, exp2 = portable>]>
func.func private @ragged_schedule() attributes {a = #attn.cpu_ragged_schedule<[
  #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 64, exp2 = portable, row_queries = 1>,
  #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 4, value_rows = 4, block_keys = 64, exp2 = portable>]>}

// CHECK-LABEL: func.func @exp2_words(
func.func @exp2_words(%w: vector<32xi16>) -> vector<32xbf16> {
  // CHECK: attn.exp2_words %{{.*}} : vector<32xi16> -> vector<32xbf16>
  %0 = attn.exp2_words %w : vector<32xi16> -> vector<32xbf16>
  return %0 : vector<32xbf16>
}
