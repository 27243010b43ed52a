// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file --verify-diagnostics

func.func @tensors(%q: tensor<5x4xf32>, %o: tensor<5x4xf32>) -> tensor<5x4xf32> {
  // expected-error @below {{expected attn.sdpa on memrefs: bufferize first}}
  %0 = attn.sdpa query(%q : tensor<5x4xf32>) key(%q : tensor<5x4xf32>) value(%q : tensor<5x4xf32>) backend = flash outs(%o : tensor<5x4xf32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}

// -----

func.func @f64(%q: memref<5x4xf64>, %o: memref<5x4xf64>) {
  // expected-error @below {{the flash backend of the CPU computes in f32: it cannot take f64 operands; use backend = math}}
  attn.sdpa query(%q : memref<5x4xf64>) key(%q : memref<5x4xf64>) value(%q : memref<5x4xf64>) backend = flash outs(%o : memref<5x4xf64>)
  return
}

// -----

func.func @no_schedule(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{expected a schedule #attn.cpu_schedule; attn-select-schedule sets one}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = flash outs(%o : memref<5x4xf32>)
  return
}

// -----

func.func @dot(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{a schedule with dot = bf16 needs bf16 operands, got 'f32'}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = flash
    schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 4, exp2 = portable, dot = bf16>
    outs(%o : memref<5x4xf32>)
  return
}

// -----

func.func @tiles(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{a schedule with dot = amx needs bf16 operands, or f16, got 'f32'}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = flash
    schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 32, exp2 = avx512, dot = amx>
    outs(%o : memref<5x4xf32>)
  return
}

// -----

func.func @split(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{a schedule with split_keys needs queries that fit one tile of 4}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = flash
    schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 4, exp2 = portable, split_keys = 2>
    outs(%o : memref<5x4xf32>)
  return
}

// -----

func.func @rows(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{a schedule with row_queries = 2 needs as many queries}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = flash
    schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 4, exp2 = portable, row_queries = 2>
    outs(%o : memref<5x4xf32>)
  return
}

// -----

func.func @ragged_split(%q: memref<5x4xf32>, %c: memref<3xi32>, %o: memref<5x4xf32>) {
  // expected-error @below {{a schedule with split_keys needs queries that fit one tile of 4}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) cu_seqlens(%c, %c : memref<3xi32>, memref<3xi32>) backend = flash
    schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 4, exp2 = portable, split_keys = 4>
    outs(%o : memref<5x4xf32>)
  return
}

// -----

func.func @ragged_schedule(%q: memref<5x4xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{expected a schedule #attn.cpu_schedule; attn-select-schedule sets one}}
  attn.sdpa query(%q : memref<5x4xf32>) key(%q : memref<5x4xf32>) value(%q : memref<5x4xf32>) backend = flash
    schedule = #attn.cpu_ragged_schedule<[#attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 4, exp2 = portable>]>
    outs(%o : memref<5x4xf32>)
  return
}
