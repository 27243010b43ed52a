// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=512 vector-registers=32 avx512}))' --remarks-filter=attn-schedule 2>&1 | FileCheck %s
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule))' | FileCheck %s --check-prefix=AVX2
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=512 vector-registers=32 avx512 bf16-dot}))' | FileCheck %s --check-prefix=DOT
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=128}))' | FileCheck %s --check-prefix=SSE
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=128 vector-registers=32}))' | FileCheck %s --check-prefix=NEON
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{bf16-dot}))' 2>&1 | FileCheck %s --check-prefix=NO-AVX512
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=512 vector-registers=32 avx512 amx}))' | FileCheck %s --check-prefix=AMX
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{amx}))' 2>&1 | FileCheck %s --check-prefix=NO-AVX512-AMX
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=512 vector-registers=32 avx512 amx amx-always}))' | FileCheck %s --check-prefix=ALWAYS
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{amx-always}))' 2>&1 | FileCheck %s --check-prefix=NO-AMX
// NO-AMX: attn-select-schedule: expected amx with amx-always
// NO-AVX512-AMX: attn-select-schedule: expected avx512 with amx
// NO-AVX512: attn-select-schedule: expected avx512 with bf16-dot
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-schedule{vector-bits=100}))' 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: attn-select-schedule: expected vector-bits to be a power of two between 128 and 2048, got 100

// CHECK: remark: [Analysis] Schedule | Category:attn-schedule
// CHECK-LABEL: @many_queries
// CHECK: schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 4, key_rows = 4, value_rows = 4, block_keys = 128, exp2 = avx512, query_groups = 4, min_tiles = 64>
// AVX2-LABEL: @many_queries
// AVX2: schedule = #attn.cpu_schedule<vector_size = 8, query_vectors = 2, key_rows = 4, value_rows = 4, block_keys = 64, exp2 = portable, query_groups = 16, min_tiles = 64>
func.func @many_queries(%q: tensor<?x64xf32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %0 = attn.sdpa query(%q : tensor<?x64xf32>) key(%q : tensor<?x64xf32>) value(%q : tensor<?x64xf32>) backend = flash outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: @few_queries
// CHECK: schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 1, value_rows = 16, block_keys = 16, exp2 = avx512, row_queries = 3>
// AVX2-LABEL: @few_queries
// AVX2: value_rows = 12, block_keys = 16, {{.*}} row_queries = 3>
func.func @few_queries(%q: tensor<3x64xf32>, %o: tensor<3x64xf32>) -> tensor<3x64xf32> {
  %0 = attn.sdpa query(%q : tensor<3x64xf32>) key(%q : tensor<3x64xf32>) value(%q : tensor<3x64xf32>) backend = flash outs(%o : tensor<3x64xf32>) -> tensor<3x64xf32>
  return %0 : tensor<3x64xf32>
}

// Narrow groups beside the edge of a mask.
// CHECK-LABEL: @causal
// CHECK: query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 128, exp2 = avx512, query_groups = 8, min_tiles = 64>
func.func @causal(%q: tensor<?x128xf32>, %o: tensor<?x128xf32>) -> tensor<?x128xf32> {
  %0 = attn.sdpa query(%q : tensor<?x128xf32>) key(%q : tensor<?x128xf32>) value(%q : tensor<?x128xf32>) structure(#attn.causal<top_left>) backend = flash outs(%o : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %0 : tensor<?x128xf32>
}

// The scratch memory of a tile stays small, and tiles many: 6 heads of 300 queries
// are 60 tiles of 32.
// CHECK-LABEL: @large_head
// CHECK: query_vectors = 4, {{.*}} exp2 = avx512>
func.func @large_head(%q: tensor<?x512xf32>, %o: tensor<?x512xf32>) -> tensor<?x512xf32> {
  %0 = attn.sdpa query(%q : tensor<?x512xf32>) key(%q : tensor<?x512xf32>) value(%q : tensor<?x512xf32>) backend = flash outs(%o : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %0 : tensor<?x512xf32>
}
// CHECK-LABEL: @few_tiles
// CHECK: query_vectors = 2, {{.*}} exp2 = avx512>
func.func @few_tiles(%q: tensor<6x300x64xf32>, %o: tensor<6x300x64xf32>) -> tensor<6x300x64xf32> {
  %0 = attn.sdpa query(%q : tensor<6x300x64xf32>) key(%q : tensor<6x300x64xf32>) value(%q : tensor<6x300x64xf32>) structure(#attn.causal<top_left>) backend = flash outs(%o : tensor<6x300x64xf32>) -> tensor<6x300x64xf32>
  return %0 : tensor<6x300x64xf32>
}

// Only flash kernels have a schedule, and a given one is kept.
// CHECK-LABEL: @untouched
// CHECK-NOT: schedule = #attn.cpu_schedule<vector_size = 16
func.func @untouched(%q: tensor<?x64xf32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %0 = attn.sdpa query(%q : tensor<?x64xf32>) key(%q : tensor<?x64xf32>) value(%q : tensor<?x64xf32>) backend = math outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  %1 = attn.sdpa query(%0 : tensor<?x64xf32>) key(%q : tensor<?x64xf32>) value(%q : tensor<?x64xf32>) backend = flash
    schedule = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 2, value_rows = 2, block_keys = 4, exp2 = portable>
    outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// CHECK-LABEL: @bf16
// CHECK: query_groups = 4, min_tiles = 32>
// AMX-LABEL: @bf16
// AMX: query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 1024, exp2 = avx512_short, query_groups = {{[0-9]+}}, dot = amx, min_tiles = 32>
// DOT-LABEL: @bf16
// DOT: exp2 = avx512_short, query_groups = 4, dot = bf16, min_tiles = 32>
func.func @bf16(%q: tensor<?x64xbf16>, %o: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x64xbf16>) key(%q : tensor<?x64xbf16>) value(%q : tensor<?x64xbf16>) backend = flash outs(%o : tensor<?x64xbf16>) -> tensor<?x64xbf16>
  return %0 : tensor<?x64xbf16>
}

// A log-sum-exp and a sink see the error that all probabilities share.
// AMX-LABEL: @bf16_lse
// AMX: exp2 = avx512, query_groups = {{[0-9]+}}, dot = amx, min_tiles = 32>
// DOT-LABEL: @bf16_lse
// DOT: exp2 = avx512, query_groups = {{[0-9]+}}, dot = bf16, min_tiles = 32>
func.func @bf16_lse(%q: tensor<?x64xbf16>, %o: tensor<?x64xbf16>, %l: tensor<?xf32>) -> (tensor<?x64xbf16>, tensor<?xf32>) {
  %0:2 = attn.sdpa query(%q : tensor<?x64xbf16>) key(%q : tensor<?x64xbf16>) value(%q : tensor<?x64xbf16>) backend = flash outs(%o, %l : tensor<?x64xbf16>, tensor<?xf32>) -> tensor<?x64xbf16>, tensor<?xf32>
  return %0#0, %0#1 : tensor<?x64xbf16>, tensor<?xf32>
}

// AMX-LABEL: @bf16_sink
// AMX: exp2 = avx512, query_groups = {{[0-9]+}}, dot = amx, min_tiles = 32>
func.func @bf16_sink(%q: tensor<?x64xbf16>, %s: tensor<1xf32>, %o: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x64xbf16>) key(%q : tensor<?x64xbf16>) value(%q : tensor<?x64xbf16>) sinks(%s : tensor<1xf32>) backend = flash outs(%o : tensor<?x64xbf16>) -> tensor<?x64xbf16>
  return %0 : tensor<?x64xbf16>
}

// Keys and values of a head stay in the second cache: a group takes them all, if it sees
// them all. Blocks are long but where a bias needs logits of a whole one.
// AMX-LABEL: @bf16_small
// AMX: block_keys = 1024, exp2 = avx512_short, dot = amx>
// AMX: block_keys = 1024, exp2 = avx512_short, query_groups = 8, dot = amx>
// AMX: block_keys = 512, exp2 = avx512_short, query_groups = 8, dot = amx>
// AMX-LABEL: @bf16_large
// AMX: block_keys = 1024, exp2 = avx512_short, query_groups = 8, dot = amx>
func.func @bf16_small(%q: tensor<8x2048x64xbf16>, %b: tensor<2048x2048xbf16>, %o: tensor<8x2048x64xbf16>) -> tensor<8x2048x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<8x2048x64xbf16>) key(%q : tensor<8x2048x64xbf16>) value(%q : tensor<8x2048x64xbf16>) backend = flash outs(%o : tensor<8x2048x64xbf16>) -> tensor<8x2048x64xbf16>
  %1 = attn.sdpa query(%0 : tensor<8x2048x64xbf16>) key(%q : tensor<8x2048x64xbf16>) value(%q : tensor<8x2048x64xbf16>) structure(#attn.causal<top_left>) backend = flash outs(%o : tensor<8x2048x64xbf16>) -> tensor<8x2048x64xbf16>
  %2 = attn.sdpa query(%1 : tensor<8x2048x64xbf16>) key(%q : tensor<8x2048x64xbf16>) value(%q : tensor<8x2048x64xbf16>) bias(%b : tensor<2048x2048xbf16>) backend = flash outs(%o : tensor<8x2048x64xbf16>) -> tensor<8x2048x64xbf16>
  return %2 : tensor<8x2048x64xbf16>
}
func.func @bf16_large(%q: tensor<8x8192x64xbf16>, %o: tensor<8x8192x64xbf16>) -> tensor<8x8192x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<8x8192x64xbf16>) key(%q : tensor<8x8192x64xbf16>) value(%q : tensor<8x8192x64xbf16>) backend = flash outs(%o : tensor<8x8192x64xbf16>) -> tensor<8x8192x64xbf16>
  return %0 : tensor<8x8192x64xbf16>
}

// An f16 is two bf16 for tile registers; its probabilities keep 16 bits.
// AMX-LABEL: @f16
// AMX: block_keys = 1024, exp2 = avx512, {{.*}}dot = amx, min_tiles = 16>
// AMX: block_keys = 512, exp2 = avx512, {{.*}}dot = amx, min_tiles = 16>
// AMX: block_keys = 256, exp2 = avx512, {{.*}}dot = amx, min_tiles = 16>
// DOT-LABEL: @f16
// DOT-NOT: dot =
// DOT: return
func.func @f16(%q: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  // CHECK-LABEL: @f16
  // CHECK: query_vectors = 4, {{.*}} exp2 = avx512, {{.*}}>
  %0 = attn.sdpa query(%q : tensor<?x64xf16>) key(%q : tensor<?x64xf16>) value(%q : tensor<?x64xf16>) backend = flash outs(%o : tensor<?x64xf16>) -> tensor<?x64xf16>
  return %0 : tensor<?x64xf16>
}
func.func @f16_128(%q: tensor<?x128xf16>, %o: tensor<?x128xf16>) -> tensor<?x128xf16> {
  %0 = attn.sdpa query(%q : tensor<?x128xf16>) key(%q : tensor<?x128xf16>) value(%q : tensor<?x128xf16>) backend = flash outs(%o : tensor<?x128xf16>) -> tensor<?x128xf16>
  return %0 : tensor<?x128xf16>
}
// Softcaps take logits of a whole block, and so do scales that only the run time knows.
func.func @f16_softcap(%q: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %0 = attn.sdpa query(%q : tensor<?x64xf16>) key(%q : tensor<?x64xf16>) value(%q : tensor<?x64xf16>) softcap = 30.0 backend = flash outs(%o : tensor<?x64xf16>) -> tensor<?x64xf16>
  return %0 : tensor<?x64xf16>
}

// Few queries of f16 do not make up for the conversion of their keys, as long as both are
// known to be few; tiles of 256 queries convert by themselves.
// AMX-LABEL: @f16_few
// AMX: query_vectors = 4, key_rows = 4, value_rows = 4, block_keys = 128, exp2 = avx512>
// AMX: query_vectors = 2, {{.*}}, exp2 = avx512, {{.*}}dot = amx>
// AMX: query_vectors = 2, {{.*}}, exp2 = avx512, query_groups = 2>
// AMX: query_groups = 8, dot = amx>
// AMX: query_groups = 8, dot = amx>
// ALWAYS-LABEL: @f16_few
// ALWAYS-COUNT-5: dot = amx>
func.func @f16_few(%q: tensor<8x128x64xf16>, %r: tensor<8x256x64xf16>, %s: tensor<8x512x64xf16>) -> (tensor<8x128x64xf16>, tensor<8x256x64xf16>, tensor<8x512x64xf16>) {
  %0 = attn.sdpa query(%q : tensor<8x128x64xf16>) key(%q : tensor<8x128x64xf16>) value(%q : tensor<8x128x64xf16>) backend = flash outs(%q : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  %1 = attn.sdpa query(%r : tensor<8x256x64xf16>) key(%q : tensor<8x128x64xf16>) value(%q : tensor<8x128x64xf16>) backend = flash outs(%r : tensor<8x256x64xf16>) -> tensor<8x256x64xf16>
  %2 = attn.sdpa query(%r : tensor<8x256x64xf16>) key(%r : tensor<8x256x64xf16>) value(%r : tensor<8x256x64xf16>) structure(#attn.causal<top_left>) backend = flash outs(%r : tensor<8x256x64xf16>) -> tensor<8x256x64xf16>
  %3 = attn.sdpa query(%s : tensor<8x512x64xf16>) key(%s : tensor<8x512x64xf16>) value(%s : tensor<8x512x64xf16>) backend = flash outs(%s : tensor<8x512x64xf16>) -> tensor<8x512x64xf16>
  %4 = attn.sdpa query(%s : tensor<8x512x64xf16>) key(%r : tensor<8x256x64xf16>) value(%r : tensor<8x256x64xf16>) structure(#attn.causal<top_left>) backend = flash outs(%s : tensor<8x512x64xf16>) -> tensor<8x512x64xf16>
  return %0, %2, %3 : tensor<8x128x64xf16>, tensor<8x256x64xf16>, tensor<8x512x64xf16>
}
// AMX-LABEL: @bf16_scale
// AMX: block_keys = 512, exp2 = avx512_short, {{.*}}dot = amx, min_tiles = 32>
func.func @bf16_scale(%q: tensor<?x64xbf16>, %s: f32, %o: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x64xbf16>) key(%q : tensor<?x64xbf16>) value(%q : tensor<?x64xbf16>) scale(%s : f32) backend = flash outs(%o : tensor<?x64xbf16>) -> tensor<?x64xbf16>
  return %0 : tensor<?x64xbf16>
}

// Few queries and many keys: split over the keys.
// CHECK-LABEL: @decode
// CHECK: block_keys = 16, exp2 = avx512, split_keys = 512, row_queries = 1>
// DOT-LABEL: @decode
// DOT-NOT: dot = bf16
// DOT: split_keys = 512, row_queries = 1>
func.func @decode(%q: tensor<1x64xbf16>, %k: tensor<?x64xbf16>) -> tensor<1x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<1x64xbf16>) key(%k : tensor<?x64xbf16>) value(%k : tensor<?x64xbf16>) backend = flash outs(%q : tensor<1x64xbf16>) -> tensor<1x64xbf16>
  return %0 : tensor<1x64xbf16>
}

// As many queries as lanes have columns in lanes. Eight lanes take two vectors of
// queries instead, and as many sums as there are registers for.
// CHECK-LABEL: @sixteen
// CHECK: query_vectors = 1, {{.*}} split_keys = 512, row_queries = 16>
// AVX2-LABEL: @sixteen
// AVX2: query_vectors = 2, key_rows = 4, value_rows = 4, {{.*}} split_keys = 512>
// AMX-LABEL: @sixteen
// AMX: split_keys = 512, row_queries = 16>
func.func @sixteen(%q: tensor<16x64xf32>, %k: tensor<2000x64xf32>) -> tensor<16x64xf32> {
  %0 = attn.sdpa query(%q : tensor<16x64xf32>) key(%k : tensor<2000x64xf32>) value(%k : tensor<2000x64xf32>) backend = flash outs(%q : tensor<16x64xf32>) -> tensor<16x64xf32>
  return %0 : tensor<16x64xf32>
}

// Three vectors of queries: rows that divide a block.
// SSE-LABEL: @twelve
// SSE: vector_size = 4, query_vectors = 3, key_rows = 2, value_rows = 2, block_keys = 64,
// NEON-LABEL: @twelve
// NEON: vector_size = 4, query_vectors = 3, key_rows = 4, value_rows = 4, block_keys = 64,
func.func @twelve(%q: tensor<12x64xf32>, %k: tensor<2000x64xf32>) -> tensor<12x64xf32> {
  %0 = attn.sdpa query(%q : tensor<12x64xf32>) key(%k : tensor<2000x64xf32>) value(%k : tensor<2000x64xf32>) backend = flash outs(%q : tensor<12x64xf32>) -> tensor<12x64xf32>
  return %0 : tensor<12x64xf32>
}

// Kernels for sequences of one query, for those that fit a vector, and for all others.
// CHECK-LABEL: @ragged
// CHECK: schedule = #attn.cpu_ragged_schedule<[#attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 1, value_rows = 16, block_keys = 16, exp2 = avx512, split_keys = 512, row_queries = 1>, #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 1, value_rows = 16, block_keys = 16, exp2 = avx512, row_queries = 16>, #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 128, exp2 = avx512
func.func @ragged(%q: tensor<?x64xf32>, %c: tensor<?xi32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %0 = attn.sdpa query(%q : tensor<?x64xf32>) key(%q : tensor<?x64xf32>) value(%q : tensor<?x64xf32>) cu_seqlens(%c, %c : tensor<?xi32>, tensor<?xi32>) backend = flash outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Heads that share keys are decoded together, unless something tells them apart.
// CHECK-LABEL: @ragged_heads
// CHECK: row_queries = 4>
// CHECK: row_queries = 1>
func.func @ragged_heads(%q: tensor<8x?x64xf32>, %k: tensor<2x?x64xf32>, %c: tensor<?xi32>, %s: tensor<8xf32>, %o: tensor<8x?x64xf32>) -> (tensor<8x?x64xf32>, tensor<8x?x64xf32>) {
  %0 = attn.sdpa query(%q : tensor<8x?x64xf32>) key(%k : tensor<2x?x64xf32>) value(%k : tensor<2x?x64xf32>) cu_seqlens(%c, %c : tensor<?xi32>, tensor<?xi32>) backend = flash outs(%o : tensor<8x?x64xf32>) -> tensor<8x?x64xf32>
  %1 = attn.sdpa query(%q : tensor<8x?x64xf32>) key(%k : tensor<2x?x64xf32>) value(%k : tensor<2x?x64xf32>) sinks(%s : tensor<8xf32>) cu_seqlens(%c, %c : tensor<?xi32>, tensor<?xi32>) backend = flash outs(%o : tensor<8x?x64xf32>) -> tensor<8x?x64xf32>
  return %0, %1 : tensor<8x?x64xf32>, tensor<8x?x64xf32>
}

// More heads than 64 bits hold are many, too.
// CHECK-LABEL: @many_heads
// CHECK: query_groups = 4>
func.func @many_heads(%q: tensor<4611686018427387904x4x512x64xf32>, %k: tensor<4611686018427387904x4x512x64xf32>, %o: tensor<4611686018427387904x4x512x64xf32>) -> tensor<4611686018427387904x4x512x64xf32> {
  %0 = attn.sdpa query(%q : tensor<4611686018427387904x4x512x64xf32>) key(%k : tensor<4611686018427387904x4x512x64xf32>) value(%k : tensor<4611686018427387904x4x512x64xf32>) backend = flash outs(%o : tensor<4611686018427387904x4x512x64xf32>) -> tensor<4611686018427387904x4x512x64xf32>
  return %0 : tensor<4611686018427387904x4x512x64xf32>
}
