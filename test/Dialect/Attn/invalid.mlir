// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @sdpa_c1(%q: tensor<1x5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects query, key and value of one rank, 2 at least, got ranks 3, 2 and 2}}
  %0 = attn.sdpa query(%q : tensor<1x5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>)  outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c1_rank_one(%q: tensor<8xf32>, %k: tensor<8xf32>, %v: tensor<8xf32>, %o: tensor<8xf32>) {
  // expected-error @below {{expects query, key and value of one rank, 2 at least, got ranks 1, 1 and 1}}
  %0 = attn.sdpa query(%q : tensor<8xf32>) key(%k : tensor<8xf32>) value(%v : tensor<8xf32>)  outs(%o : tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @sdpa_c2(%q: tensor<5x8xf32>, %k: tensor<7x8xf16>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects query, key and value of one element type, got 'f32', 'f16' and 'f32'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf16>) value(%v : tensor<7x4xf32>)  outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c3(%q: tensor<5x8xf32>, %k: memref<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects either tensors only or memrefs only, got 'tensor<5x8xf32>' and 'memref<7x8xf32>'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : memref<7x8xf32>) value(%v : tensor<7x4xf32>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c4(%q: tensor<5x?xf32>, %k: tensor<7x?xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the last dimension of query to be static and positive, got shape [5, ?]}}
  %0 = attn.sdpa query(%q : tensor<5x?xf32>) key(%k : tensor<7x?xf32>) value(%v : tensor<7x4xf32>)  outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c4_zero(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x0xf32>, %o: tensor<5x0xf32>) {
  // expected-error @below {{expects the last dimension of value to be static and positive, got shape [7, 0]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x0xf32>)  outs(%o : tensor<5x0xf32>) -> tensor<5x0xf32>
  return
}

// -----

func.func @sdpa_c5(%q: tensor<5x8xf32>, %k: tensor<7x9xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects query and key of one head dimension, got 8 and 9}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x9xf32>) value(%v : tensor<7x4xf32>)  outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c6(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<6x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects key and value of one length, got 7 and 6}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<6x4xf32>)  outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c7(%q: tensor<6x5x8xf32>, %k: tensor<4x7x8xf32>, %v: tensor<4x7x4xf32>, %o: tensor<6x5x4xf32>) {
  // expected-error @below {{expects the number of query heads to be a multiple of the number of key heads, got 6 and 4}}
  %0 = attn.sdpa query(%q : tensor<6x5x8xf32>) key(%k : tensor<4x7x8xf32>) value(%v : tensor<4x7x4xf32>)  outs(%o : tensor<6x5x4xf32>) -> tensor<6x5x4xf32>
  return
}

// -----

func.func @sdpa_c7_value(%q: tensor<6x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<3x7x4xf32>, %o: tensor<6x5x4xf32>) {
  // expected-error @below {{expects key and value of one number of heads, got 2 and 3}}
  %0 = attn.sdpa query(%q : tensor<6x5x8xf32>) key(%k : tensor<2x7x8xf32>) value(%v : tensor<3x7x4xf32>)  outs(%o : tensor<6x5x4xf32>) -> tensor<6x5x4xf32>
  return
}

// -----

func.func @sdpa_c8(%q: tensor<2x6x5x8xf32>, %k: tensor<3x6x7x8xf32>, %v: tensor<1x6x7x4xf32>, %o: tensor<2x6x5x4xf32>) {
  // expected-error @below {{expects batch dimension 0 to be equal or 1 in query, key and value, got shapes [2, 6, 5, 8], [3, 6, 7, 8] and [1, 6, 7, 4]}}
  %0 = attn.sdpa query(%q : tensor<2x6x5x8xf32>) key(%k : tensor<3x6x7x8xf32>) value(%v : tensor<1x6x7x4xf32>)  outs(%o : tensor<2x6x5x4xf32>) -> tensor<2x6x5x4xf32>
  return
}

// -----

func.func @sdpa_c9(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x5xf32>) {
  // expected-error @below {{expects an output of shape [5, 4], got [5, 5]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>)  outs(%o : tensor<5x5xf32>) -> tensor<5x5xf32>
  return
}

// -----

func.func @sdpa_c9_lse_type(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %l: tensor<5xf16>) {
  // expected-error @below {{expects a log-sum-exp of element type 'f32', got 'f16'}}
  %0:2 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>)  outs(%o, %l : tensor<5x4xf32>, tensor<5xf16>) -> tensor<5x4xf32>, tensor<5xf16>
  return
}

// -----

func.func @sdpa_c9_lse_shape(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %l: tensor<6xf32>) {
  // expected-error @below {{expects a log-sum-exp of shape [5], got [6]}}
  %0:2 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>)  outs(%o, %l : tensor<5x4xf32>, tensor<6xf32>) -> tensor<5x4xf32>, tensor<6xf32>
  return
}

// -----

func.func @sdpa_c9_count(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %l: tensor<5xf32>) {
  // expected-error @below {{expects one to three outs (output, log-sum-exp, row maxima), got 4}}
  %0:4 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>)  outs(%o, %l, %l, %l : tensor<5x4xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<5x4xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>
  return
}

// -----

func.func @sdpa_c9_maxima_type(%q: tensor<5x8xf16>, %k: tensor<7x8xf16>, %v: tensor<7x4xf16>, %o: tensor<5x4xf16>, %l: tensor<5xf32>, %m: tensor<5xf16>) {
  // expected-error @below {{expects row maxima of element type 'f32', got 'f16'}}
  %0:3 = attn.sdpa query(%q : tensor<5x8xf16>) key(%k : tensor<7x8xf16>) value(%v : tensor<7x4xf16>)  outs(%o, %l, %m : tensor<5x4xf16>, tensor<5xf32>, tensor<5xf16>) -> tensor<5x4xf16>, tensor<5xf32>, tensor<5xf16>
  return
}

// -----

func.func @sdpa_c9_maxima_type_f64(%q: tensor<5x8xf64>, %k: tensor<7x8xf64>, %v: tensor<7x4xf64>, %o: tensor<5x4xf64>, %l: tensor<5xf64>, %m: tensor<5xf32>) {
  // expected-error @below {{expects row maxima of element type 'f64', got 'f32'}}
  %0:3 = attn.sdpa query(%q : tensor<5x8xf64>) key(%k : tensor<7x8xf64>) value(%v : tensor<7x4xf64>)  outs(%o, %l, %m : tensor<5x4xf64>, tensor<5xf64>, tensor<5xf32>) -> tensor<5x4xf64>, tensor<5xf64>, tensor<5xf32>
  return
}

// -----

func.func @sdpa_c9_maxima_shape(%q: tensor<2x3x5x8xf32>, %k: tensor<2x3x7x8xf32>, %o: tensor<2x3x5x8xf32>, %l: tensor<2x3x5xf32>, %m: tensor<2x3x5x1xf32>) {
  // expected-error @below {{expects row maxima of shape [2, 3, 5], got [2, 3, 5, 1]}}
  %0:3 = attn.sdpa query(%q : tensor<2x3x5x8xf32>) key(%k : tensor<2x3x7x8xf32>) value(%k : tensor<2x3x7x8xf32>)  outs(%o, %l, %m : tensor<2x3x5x8xf32>, tensor<2x3x5xf32>, tensor<2x3x5x1xf32>) -> tensor<2x3x5x8xf32>, tensor<2x3x5xf32>, tensor<2x3x5x1xf32>
  return
}

// -----

func.func @sdpa_c10(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %s: f32) {
  // expected-error @below {{expects one scale, got an operand and the constant 1.000000e+00 : f64}}
  %0 = "attn.sdpa"(%q, %k, %v, %s, %o) <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1>, static_scale = 1.0 : f64}> ({}, {}) : (tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x4xf32>, f32, tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c10_finite(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a scale that is finite in 'f32', got 0x7FF0000000000000 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) scale = 0x7FF0000000000000 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c11(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a softcap that is positive and, like its inverse, finite in 'f32', got -1.000000e+00 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) softcap = -1.0 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c12(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %b: tensor<5x6xf32>) {
  // expected-error @below {{expects bias to be broadcastable to [5, 7], got shape [5, 6]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) bias(%b : tensor<5x6xf32>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c12_rank(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %b: tensor<1x5x7xf32>) {
  // expected-error @below {{expects bias to be broadcastable to [5, 7], got shape [1, 5, 7]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) bias(%b : tensor<1x5x7xf32>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c13(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %m: tensor<4x1xi1>) {
  // expected-error @below {{expects mask to be broadcastable to [5, 7], got shape [4, 1]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) mask(%m : tensor<4x1xi1>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c14(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects document ids of queries and keys exactly if the structure holds #attn.document, got #attn.document alone}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) structure(#attn.document) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c14_operands(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %qd: tensor<5xi32>, %kd: tensor<7xi32>) {
  // expected-error @below {{expects document ids of queries and keys exactly if the structure holds #attn.document, got documents alone}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) documents(%qd, %kd : tensor<5xi32>, tensor<7xi32>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c14_shape(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %qd: tensor<5xi32>, %kd: tensor<6xi32>) {
  // expected-error @below {{expects the documents of the keys to be broadcastable to [7], got shape [6]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) documents(%qd, %kd : tensor<5xi32>, tensor<6xi32>) structure(#attn.document) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c14_type(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %qd: tensor<5xi32>, %kd: tensor<7xi64>) {
  // expected-error @below {{expects document ids of one type, got 'i32' and 'i64'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) documents(%qd, %kd : tensor<5xi32>, tensor<7xi64>) structure(#attn.document) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c15(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the score region to have arguments ('f32', 'index', 'index'), got ('f32', 'index')}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) score(%s: f32, %i: index) { attn.yield %s : f32 } outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c15_yield(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the score region to yield 'f32', got 'i1'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) score(%s: f32, %i: index, %j: index) {
    %t = arith.constant true
    attn.yield %t : i1
  } outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c16(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the keep region to have arguments ('index', 'index'), got ('index', 'index', 'index')}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) keep(%b: index, %i: index, %j: index) {
    %t = arith.constant true
    attn.yield %t : i1
  } outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

// expected-error @below {{'#attn.window' expects its left bound to be -1 (unbounded) or not negative, got -2}}
func.func private @window() attributes {a = #attn.window<-2, 0>}

// -----

func.func @sdpa_c18(%q: tensor<4x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>, %s: tensor<2xf32>, %o: tensor<4x5x4xf32>) -> tensor<4x5x4xf32> {
  // expected-error @below {{expects sinks of shape [4] or [1], got [2]}}
  %0 = attn.sdpa query(%q : tensor<4x5x8xf32>) key(%k : tensor<2x7x8xf32>) value(%v : tensor<2x7x4xf32>) sinks(%s : tensor<2xf32>) outs(%o : tensor<4x5x4xf32>) -> tensor<4x5x4xf32>
  return %0 : tensor<4x5x4xf32>
}

// -----

func.func @sdpa_c19(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %s: tensor<1xf32>, %o: tensor<5x4xf32>) -> tensor<5x4xf32> {
  // expected-error @below {{expects masked_row = zero beside sinks, got nan}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) sinks(%s : tensor<1xf32>) masked_row = nan outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}

// -----

func.func @transpose_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{expects a permutation of the 2 dimensions of the source, got [0, 0]}}
  %0 = attn.transpose %x [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @transpose_c2(%x: tensor<2x3xf32>) {
  // expected-error @below {{expects a result of type 'tensor<3x2xf32>', got 'tensor<2x3xf32>'}}
  %0 = attn.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// expected-error @below {{expected top_left or bottom_right, got 'middle'}}
func.func private @alignment() attributes {a = #attn.window<1, 0, middle>}

// -----

// expected-error @below {{'#attn.prefix' expects a length that is not negative, got -1}}
func.func private @prefix() attributes {a = #attn.prefix<-1>}

// -----

// expected-error @below {{'#attn.all_of' expects structural masks, got 1 : i64}}
func.func private @all_of() attributes {a = #attn.all_of<[1]>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects block_keys to be a multiple of key_rows (8), got 60}}
func.func private @block_keys() attributes {a = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 60, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects vector_size 16 with exp2 = avx512, got 8}}
func.func private @exp2() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects dot = bf16 or amx with exp2 = avx512_short}}
func.func private @short_exp2() attributes {a = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512_short>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects vector_size to be a power of two between 4 and 64, got 12}}
func.func private @vector_size() attributes {a = #attn.cpu_schedule<vector_size = 12, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects query_groups between 1 and 4096, got 0}}
func.func private @query_groups() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, query_groups = 0>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects vector_size 4, 8 or 16 with dot = bf16, got 32}}
func.func private @dot_lanes() attributes {a = #attn.cpu_schedule<vector_size = 32, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, dot = bf16>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects vector_size 16 and query_vectors 1 or 2 with dot = amx, got 16 and 4}}
func.func private @tile_queries() attributes {a = #attn.cpu_schedule<vector_size = 16, query_vectors = 4, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512, dot = amx>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects block_keys to be a multiple of 32 with dot = amx, got 48}}
func.func private @tile_keys() attributes {a = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 48, exp2 = avx512, dot = amx>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects block_keys to be even with dot = bf16, got 7}}
func.func private @dot_keys() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 1, value_rows = 8, block_keys = 7, exp2 = portable, dot = bf16>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects split_keys to be 0 or more, got -1}}
func.func private @split_keys() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, split_keys = -1>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects min_tiles between 0 and 1048576, got -1}}
func.func private @min_tiles() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, query_groups = 2, min_tiles = -1>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects min_tiles between 0 and 1048576, got 4611686018427387904}}
func.func private @min_tiles_product() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, query_groups = 2, min_tiles = 4611686018427387904>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects row_queries between 0 and vector_size, 16 at most, got 9}}
func.func private @row_queries() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, row_queries = 9>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects query_groups 1 with split_keys or row_queries, got 2}}
func.func private @split_groups() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, query_groups = 2, split_keys = 64>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects dot = fma with row_queries}}
func.func private @row_dot() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, dot = bf16, row_queries = 1>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects query_vectors 1 with row_queries, got 2}}
func.func private @row_vectors() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable, row_queries = 1>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects query_vectors between 1 and 4096, got 0}}
func.func private @query_vectors() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 0, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = portable>}

// -----

func.func @sdpa_c1_segments(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>, %s: f32) {
  // expected-error @below {{expects one query, one key and one value, got operandSegmentSizes = 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1}}
  %0 = "attn.sdpa"(%q, %q, %s, %o) <{operandSegmentSizes = array<i32: 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<5x8xf32>, tensor<5x8xf32>, f32, tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @sdpa_c1_two_keys(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>) {
  // expected-error @below {{expects one query, one key and one value, got operandSegmentSizes = 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}
  %0 = "attn.sdpa"(%q, %q, %q, %q, %o) <{operandSegmentSizes = array<i32: 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @sdpa_c2_integer(%q: tensor<5x8xi32>, %o: tensor<5x8xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor or memref of f16, bf16, f32 or f64, but got 'tensor<5x8xi32>'}}
  %0 = attn.sdpa query(%q : tensor<5x8xi32>) key(%q : tensor<5x8xi32>) value(%q : tensor<5x8xi32>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @sdpa_c3_encoding(%q: tensor<5x8xf32, 1>, %o: tensor<5x8xf32>) {
  // expected-error @below {{expects tensors without an encoding, got 'tensor<5x8xf32, 1 : i64>'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32, 1>) key(%q : tensor<5x8xf32, 1>) value(%q : tensor<5x8xf32, 1>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @sdpa_c4_key(%q: tensor<5x8xf32>, %k: tensor<7x?xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the last dimension of key to be static and positive, got shape [7, ?]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x?xf32>) value(%v : tensor<7x4xf32>) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c7_no_key_heads(%q: tensor<2x5x8xf32>, %k: tensor<0x7x8xf32>, %o: tensor<2x5x8xf32>) {
  // expected-error @below {{expects the number of query heads to be a multiple of the number of key heads, got 2 and 0}}
  %0 = attn.sdpa query(%q : tensor<2x5x8xf32>) key(%k : tensor<0x7x8xf32>) value(%k : tensor<0x7x8xf32>) outs(%o : tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return
}

// -----

func.func @sdpa_c9_none(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects one to three outs (output, log-sum-exp, row maxima), got 0}}
  "attn.sdpa"(%q, %k, %v) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> ({}, {}) : (tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x4xf32>) -> ()
  return
}

// -----

func.func @sdpa_c10_nan(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a scale that is finite in 'f32', got 0x7FF8000000000000 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) scale = 0x7FF8000000000000 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c10_f32(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a scale that is finite in 'f32', got 9.9999999999999994E+38 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) scale = 1.0e39 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c11_zero(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a softcap that is positive and, like its inverse, finite in 'f32', got 0.000000e+00 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) softcap = 0.0 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c11_infinite(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a softcap that is positive and, like its inverse, finite in 'f32', got 0x7FF0000000000000 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) softcap = 0x7FF0000000000000 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c11_nan(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a softcap that is positive and, like its inverse, finite in 'f32', got 0x7FF8000000000000 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) softcap = 0x7FF8000000000000 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c11_large(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a softcap that is positive and, like its inverse, finite in 'f32', got 9.9999999999999994E+38 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) softcap = 1.0e39 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c11_small(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects a softcap that is positive and, like its inverse, finite in 'f32', got 9.9999999999999992E-41 : f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) softcap = 1.0e-40 outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c14_one(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %d: tensor<5xi32>) {
  // expected-error @below {{expects document ids of queries and keys exactly if the structure holds #attn.document, got documents alone}}
  %0 = "attn.sdpa"(%q, %k, %v, %d, %o) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1>, structure = #attn.document}> ({}, {}) : (tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x4xf32>, tensor<5xi32>, tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c14_query_shape(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %d: tensor<6xi32>, %e: tensor<7xi32>) {
  // expected-error @below {{expects the documents of the queries to be broadcastable to [5], got shape [6]}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) documents(%d, %e : tensor<6xi32>, tensor<7xi32>) structure(#attn.document) outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c16_yield(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the keep region to yield 'i1', got 'f32'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) keep(%i: index, %j: index) {
    %t = arith.constant 1.0 : f32
    attn.yield %t : f32
  } outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c15_terminator(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>) {
  // expected-error @below {{expects the score region to end with attn.yield}}
  %0 = "attn.sdpa"(%q, %k, %v, %o) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({
  ^bb0(%s: f32, %i: index, %j: index):
    llvm.unreachable
  }, {}) : (tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c17(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %m: memref<7xf32>) {
  // expected-error @below {{expects the score region to write no memory, got 'memref.store'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) score(%s: f32, %i: index, %j: index) {
    memref.store %s, %m[%j] : memref<7xf32>
    attn.yield %s : f32
  } outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @sdpa_c17_keep(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x4xf32>, %o: tensor<5x4xf32>, %m: memref<7xi1>) {
  // expected-error @below {{expects the keep region to write no memory, got 'memref.store'}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%v : tensor<7x4xf32>) keep(%i: index, %j: index) {
    %t = arith.constant true
    scf.if %t {
      memref.store %t, %m[%j] : memref<7xi1>
    }
    attn.yield %t : i1
  } outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

// expected-error @below {{'#attn.window' expects its right bound to be -1 (unbounded) or not negative, got -5}}
func.func private @window_right() attributes {a = #attn.window<0, -5>}

// -----

// expected-error @below {{expected top_left or bottom_right, got 'middle'}}
func.func private @prefix_alignment() attributes {a = #attn.prefix<1, middle>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects vector_size to be a power of two between 4 and 64, got 0}}
func.func private @vector_size_zero() attributes {a = #attn.cpu_schedule<vector_size = 0, query_vectors = 2, key_rows = 4, value_rows = 4, block_keys = 64, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects key_rows between 1 and 4096, got 0}}
func.func private @key_rows_zero() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 0, value_rows = 4, block_keys = 64, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects value_rows between 1 and 4096, got 0}}
func.func private @value_rows_zero() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 4, value_rows = 0, block_keys = 64, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects block_keys between 1 and 4096, got 0}}
func.func private @block_keys_zero() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 4, value_rows = 4, block_keys = 0, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects block_keys between 1 and 4096, got 4097}}
func.func private @block_keys_large() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 4, value_rows = 4, block_keys = 4097, exp2 = portable>}

// -----

// expected-error @below {{'#attn.cpu_schedule' expects register tiles of 256 vectors at most, got 64 rows of 8}}
func.func private @register_tile() attributes {a = #attn.cpu_schedule<vector_size = 8, query_vectors = 8, key_rows = 64, value_rows = 4, block_keys = 64, exp2 = portable>}

// -----

func.func @sdpa_c20(%q: tensor<2x3x5x8xf32>, %n: tensor<3xi32>, %o: tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects the key lengths to be broadcastable to [2], got shape [3]}}
  %0 = attn.sdpa query(%q : tensor<2x3x5x8xf32>) key(%q : tensor<2x3x5x8xf32>) value(%q : tensor<2x3x5x8xf32>)
      key_lengths(%n : tensor<3xi32>) outs(%o : tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  return %0 : tensor<2x3x5x8xf32>
}

// -----

func.func @sdpa_c20_rank(%q: tensor<3x5x8xf32>, %n: tensor<3xi32>, %o: tensor<3x5x8xf32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects the key lengths to be broadcastable to [], got shape [3]}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      key_lengths(%n : tensor<3xi32>) outs(%o : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c12_ragged(%q: tensor<3x5x8xf32>, %b: tensor<4x1x5x5xf32>, %c: tensor<3xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects bias to be broadcastable to [2, 3, ?, ?], got shape [4, 1, 5, 5]}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      bias(%b : tensor<4x1x5x5xf32>) cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c13_ragged(%q: tensor<3x5x8xf32>, %m: tensor<2x2x5x5xi1>, %c: tensor<3xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects mask to be broadcastable to [2, 3, ?, ?], got shape [2, 2, 5, 5]}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      mask(%m : tensor<2x2x5x5xi1>) cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c15_ragged(%q: tensor<3x5x8xf32>, %c: tensor<3xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects the score region to have arguments ('f32', 'index', 'index', 'index', 'index'), got ('f32', 'index', 'index', 'index')}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>)
      score(%s: f32, %h: index, %i: index, %j: index) {
        attn.yield %s : f32
      } outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c20_ragged(%q: tensor<3x5x8xf32>, %n: tensor<3xi32>, %c: tensor<3xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects the key lengths to be broadcastable to [2], got shape [3]}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      key_lengths(%n : tensor<3xi32>) cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c21(%q: tensor<5x8xf32>, %c: tensor<3xi32>) -> tensor<5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects cumulative lengths of queries and keys, got those of keys alone}}
  %0 = "attn.sdpa"(%q, %q, %q, %c, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1>}> ({}, {}) : (tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x8xf32>, tensor<3xi32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// -----

func.func @sdpa_c22(%q: tensor<3x5x8xf32>, %c: tensor<3xi32>, %d: tensor<4xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects cumulative lengths that are two vectors of one size, 1 at least, and one element type, got 'tensor<3xi32>' and 'tensor<4xi32>'}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      cu_seqlens(%c, %d : tensor<3xi32>, tensor<4xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c22_empty(%q: tensor<3x5x8xf32>, %c: tensor<0xi32>, %d: tensor<?xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects cumulative lengths that are two vectors of one size, 1 at least, and one element type, got 'tensor<0xi32>' and 'tensor<?xi32>'}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      cu_seqlens(%c, %d : tensor<0xi32>, tensor<?xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c22_rank(%q: tensor<3x5x8xf32>, %c: tensor<3x1xi32>, %d: tensor<3xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects cumulative lengths that are two vectors of one size, 1 at least, and one element type, got 'tensor<3x1xi32>' and 'tensor<3xi32>'}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      cu_seqlens(%c, %d : tensor<3x1xi32>, tensor<3xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @sdpa_c22_type(%q: tensor<3x5x8xf32>, %c: tensor<3xi64>, %d: tensor<3xi32>) -> tensor<3x5x8xf32> {
  // expected-error @below {{'attn.sdpa' op expects cumulative lengths that are two vectors of one size, 1 at least, and one element type, got 'tensor<3xi64>' and 'tensor<3xi32>'}}
  %0 = attn.sdpa query(%q : tensor<3x5x8xf32>) key(%q : tensor<3x5x8xf32>) value(%q : tensor<3x5x8xf32>)
      cu_seqlens(%c, %d : tensor<3xi64>, tensor<3xi32>) outs(%q : tensor<3x5x8xf32>) -> tensor<3x5x8xf32>
  return %0 : tensor<3x5x8xf32>
}

// -----

func.func @assert_c1(%ok: i1, %n: index) {
  // expected-error @below {{'attn.assert' op expects one {} in its message, got "wrong"}}
  attn.assert %ok, "wrong", %n
  return
}

// -----

// expected-error @below {{'#attn.cpu_ragged_schedule' expects a last schedule without row_queries and split_keys}}
func.func private @ragged_schedule_rows() attributes {a = #attn.cpu_ragged_schedule<[#attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 64, exp2 = portable, row_queries = 1>]>}

// -----

// expected-error @below {{'#attn.cpu_ragged_schedule' expects a last schedule without row_queries and split_keys}}
func.func private @ragged_schedule_split() attributes {a = #attn.cpu_ragged_schedule<[#attn.cpu_schedule<vector_size = 8, query_vectors = 1, key_rows = 1, value_rows = 4, block_keys = 64, exp2 = portable, split_keys = 64>]>}

// -----

// expected-error @below {{'#attn.cpu_ragged_schedule' expects #attn.cpu_schedule, got 1 : i64}}
func.func private @ragged_schedule_kind() attributes {a = #attn.cpu_ragged_schedule<[1]>}

// -----

// expected-error @below {{'#attn.cpu_ragged_schedule' expects a last schedule without row_queries}}
func.func private @ragged_schedule_empty() attributes {a = #attn.cpu_ragged_schedule<[]>}

// -----

// expected-error @below {{expected '['}}
func.func private @all_of_one() attributes {a = #attn.all_of<#attn.document>}

// -----

func.func @words_of_another_size(%w: vector<16xi16>) {
  // expected-error @below {{operand #0 must be vector of 16-bit signless integer values of length 32}}
  %0 = attn.exp2_words %w : vector<16xi16> -> vector<32xbf16>
  return
}

// -----

func.func @words_to_f16(%w: vector<32xi16>) {
  // expected-error @below {{result #0 must be vector of bfloat16 type values of length 32}}
  %0 = attn.exp2_words %w : vector<32xi16> -> vector<32xf16>
  return
}
