// RUN: attn-opt %s --attn-lower-to-llvm-pipeline=cpu=x86-64-v3 --split-input-file --verify-diagnostics

// A module inside a module is not reached by the passes.
module {
  // expected-error @below {{attn-lower-to-llvm-pipeline: 'builtin.module' was not lowered to the LLVM dialect}}
  module {
    func.func @inner(%x: f32) -> f32 {
      return %x : f32
    }
  }
}

// -----

func.func @f64(%q: tensor<5x8xf64>, %o: tensor<5x8xf64>) -> tensor<5x8xf64> {
  // expected-error @below {{the flash backend of the CPU cannot take this op: it computes in f32, the operands are f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf64>) key(%q : tensor<5x8xf64>) value(%q : tensor<5x8xf64>) backend = flash outs(%o : tensor<5x8xf64>) -> tensor<5x8xf64>
  return %0 : tensor<5x8xf64>
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 4096, exp2 = portable>
func.func @stack(%q: tensor<64x512xf16>, %o: tensor<64x512xf16>) -> tensor<64x512xf16> {
  // expected-error @below {{bytes of scratch memory on the stack, 2097152 at most are there}}
  %0 = attn.sdpa query(%q : tensor<64x512xf16>) key(%q : tensor<64x512xf16>) value(%q : tensor<64x512xf16>) backend = flash schedule = #schedule outs(%o : tensor<64x512xf16>) -> tensor<64x512xf16>
  return %0 : tensor<64x512xf16>
}

// -----

func.func @layout(%q: memref<5x8xf32, affine_map<(d0, d1) -> (d0 floordiv 2, d1)>>, %o: memref<5x8xf32>) {
  // expected-error @below {{expected memrefs with a strided layout, got 'memref<5x8xf32, affine_map<(d0, d1) -> (d0 floordiv 2, d1)>>'}}
  attn.sdpa query(%q : memref<5x8xf32, affine_map<(d0, d1) -> (d0 floordiv 2, d1)>>) key(%o : memref<5x8xf32>) value(%o : memref<5x8xf32>) outs(%o : memref<5x8xf32>)
  return
}

// -----

func.func @amx(%q: tensor<77x64xbf16>) -> tensor<77x64xbf16> {
  // expected-error @below {{the schedule needs AMX-BF16, which the CPU 'x86-64-v3' lacks}}
  %o = attn.sdpa query(%q : tensor<77x64xbf16>) key(%q : tensor<77x64xbf16>) value(%q : tensor<77x64xbf16>)
    schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 2, value_rows = 4, block_keys = 64, exp2 = portable, dot = amx>
    outs(%q : tensor<77x64xbf16>) -> tensor<77x64xbf16>
  return %o : tensor<77x64xbf16>
}

// -----

func.func @bf16(%q: tensor<77x64xbf16>) -> tensor<77x64xbf16> {
  // expected-error @below {{the schedule needs AVX512-BF16, which the CPU 'x86-64-v3' lacks}}
  %o = attn.sdpa query(%q : tensor<77x64xbf16>) key(%q : tensor<77x64xbf16>) value(%q : tensor<77x64xbf16>)
    schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 2, value_rows = 4, block_keys = 64, exp2 = portable, dot = bf16>
    outs(%q : tensor<77x64xbf16>) -> tensor<77x64xbf16>
  return %o : tensor<77x64xbf16>
}

// -----

func.func @avx512(%q: tensor<77x64xbf16>) -> tensor<77x64xbf16> {
  // expected-error @below {{the schedule needs AVX-512, which the CPU 'x86-64-v3' lacks}}
  %o = attn.sdpa query(%q : tensor<77x64xbf16>) key(%q : tensor<77x64xbf16>) value(%q : tensor<77x64xbf16>)
    schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 2, value_rows = 4, block_keys = 64, exp2 = avx512, dot = fma>
    outs(%q : tensor<77x64xbf16>) -> tensor<77x64xbf16>
  return %o : tensor<77x64xbf16>
}
