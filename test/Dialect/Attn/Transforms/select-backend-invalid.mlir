// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-backend))' --split-input-file --verify-diagnostics
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-backend{backend=fast}))' 2>&1 | FileCheck %s
// CHECK: attn-select-backend: unknown backend 'fast', expected auto, flash or math
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-backend{target=npu}))' 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: attn-select-backend: unknown target 'npu', expected cpu or cuda

func.func @f64(%q: tensor<5x8xf64>, %o: tensor<5x8xf64>) -> tensor<5x8xf64> {
  // expected-error @below {{the flash backend of the CPU cannot take this op: it computes in f32, the operands are f64}}
  %0 = attn.sdpa query(%q : tensor<5x8xf64>) key(%q : tensor<5x8xf64>) value(%q : tensor<5x8xf64>) backend = flash outs(%o : tensor<5x8xf64>) -> tensor<5x8xf64>
  return %0 : tensor<5x8xf64>
}

// -----

func.func @wide(%q: tensor<5x600xf32>, %o: tensor<5x600xf32>) -> tensor<5x600xf32> {
  // expected-error @below {{its head dimensions end at 512, these are 600 and 600}}
  %0 = attn.sdpa query(%q : tensor<5x600xf32>) key(%q : tensor<5x600xf32>) value(%q : tensor<5x600xf32>) backend = flash outs(%o : tensor<5x600xf32>) -> tensor<5x600xf32>
  return %0 : tensor<5x600xf32>
}

// -----

func.func @efficient(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>) -> tensor<5x8xf32> {
  // expected-error @below {{backend = efficient is not available on the CPU; use flash or math}}
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) backend = efficient outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}
