// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-backend))' --remarks-filter=attn-backend 2>&1 | FileCheck %s
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-select-backend{backend=math}))' | FileCheck %s --check-prefix=MATH

// CHECK: remark: [Missed] Backend | Category:attn-backend
// CHECK-SAME: it computes in f32, the operands are f64
// CHECK-LABEL: @f32
// CHECK: backend = flash
// MATH-LABEL: @f32
// MATH: backend = math
func.func @f32(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// CHECK-LABEL: @f64
// CHECK: backend = math
func.func @f64(%q: tensor<5x8xf64>, %o: tensor<5x8xf64>) -> tensor<5x8xf64> {
  %0 = attn.sdpa query(%q : tensor<5x8xf64>) key(%q : tensor<5x8xf64>) value(%q : tensor<5x8xf64>) outs(%o : tensor<5x8xf64>) -> tensor<5x8xf64>
  return %0 : tensor<5x8xf64>
}

// What the op says counts for more than the option.
// MATH-LABEL: @explicit
// MATH: backend = flash
func.func @explicit(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) backend = flash outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}
