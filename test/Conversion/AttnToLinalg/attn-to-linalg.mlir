// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(convert-attn-to-linalg{all}))' --split-input-file | FileCheck %s
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(convert-attn-to-linalg))' --split-input-file | FileCheck %s --check-prefix=MATH

// MATH-LABEL: @masked
// MATH: attn.sdpa

// What is masked is selected, not multiplied by zero, on both sides of the
// softmax.
// CHECK-LABEL: @masked
// CHECK-NOT: attn.sdpa
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[NEG:.*]] : f32
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.cmpf une
// CHECK: arith.select
// CHECK: arith.divf
func.func @masked(%q: tensor<5x8xf16>, %k: tensor<7x8xf16>, %v: tensor<7x4xf16>, %m: tensor<7xi1>, %o: tensor<5x4xf16>) -> tensor<5x4xf16> {
  %0 = attn.sdpa query(%q : tensor<5x8xf16>) key(%k : tensor<7x8xf16>) value(%v : tensor<7x4xf16>) mask(%m : tensor<7xi1>) outs(%o : tensor<5x4xf16>) -> tensor<5x4xf16>
  return %0 : tensor<5x4xf16>
}

// -----

// Lengths that only run time knows are checked.
// CHECK-LABEL: @dynamic
// CHECK: cf.assert %{{.*}}, "attn.sdpa: the length of key differs from that of value"
// MATH-LABEL: @dynamic
// MATH-NOT: = attn.sdpa
// MATH: return
func.func @dynamic(%q: tensor<5x8xf64>, %k: tensor<?x8xf64>, %v: tensor<?x4xf64>, %o: tensor<5x4xf64>) -> tensor<5x4xf64> {
  %0 = attn.sdpa query(%q : tensor<5x8xf64>) key(%k : tensor<?x8xf64>) value(%v : tensor<?x4xf64>) backend = math outs(%o : tensor<5x4xf64>) -> tensor<5x4xf64>
  return %0 : tensor<5x4xf64>
}
