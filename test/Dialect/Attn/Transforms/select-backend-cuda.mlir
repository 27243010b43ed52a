// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-backend{target=cuda}))' --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @bf16
// CHECK: backend = flash
func.func @bf16(%q: tensor<5x8xbf16>, %o: tensor<5x8xbf16>) -> tensor<5x8xbf16> {
  %0 = attn.sdpa query(%q : tensor<5x8xbf16>) key(%q : tensor<5x8xbf16>) value(%q : tensor<5x8xbf16>) outs(%o : tensor<5x8xbf16>) -> tensor<5x8xbf16>
  return %0 : tensor<5x8xbf16>
}

// -----

// There is no math to fall back to.
func.func @f64(%q: tensor<5x8xf64>, %o: tensor<5x8xf64>) -> tensor<5x8xf64> {
  // expected-error @below {{the flash backend of CUDA cannot take this op: it takes f32, f16 and bf16, the operands are f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf64>) key(%q : tensor<5x8xf64>) value(%q : tensor<5x8xf64>) outs(%o : tensor<5x8xf64>) -> tensor<5x8xf64>
  return %0 : tensor<5x8xf64>
}

// -----

func.func @math(%q: tensor<5x8xbf16>, %o: tensor<5x8xbf16>) -> tensor<5x8xbf16> {
  // expected-error @below {{backend = math is not available on CUDA; use flash}}
  %0 = attn.sdpa query(%q : tensor<5x8xbf16>) key(%q : tensor<5x8xbf16>) value(%q : tensor<5x8xbf16>) backend = math outs(%o : tensor<5x8xbf16>) -> tensor<5x8xbf16>
  return %0 : tensor<5x8xbf16>
}

// -----

// CHECK-LABEL: @sinks
// CHECK: backend = flash
func.func @sinks(%q: tensor<2x5x8xbf16>, %s: tensor<2xf32>, %o: tensor<2x5x8xbf16>) -> tensor<2x5x8xbf16> {
  %0 = attn.sdpa query(%q : tensor<2x5x8xbf16>) key(%q : tensor<2x5x8xbf16>) value(%q : tensor<2x5x8xbf16>) sinks(%s : tensor<2xf32>) outs(%o : tensor<2x5x8xbf16>) -> tensor<2x5x8xbf16>
  return %0 : tensor<2x5x8xbf16>
}
