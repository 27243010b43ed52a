// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-widen-contractions))' | FileCheck %s

// CHECK-LABEL: @matmul
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<?x8xf32>
// CHECK: %[[FILL:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%[[EMPTY]] : tensor<?x8xf32>)
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<?x16xbf16>, tensor<16x8xbf16>) outs(%[[FILL]] : tensor<?x8xf32>)
// CHECK: ^bb0(%[[A:.*]]: bf16, %[[B:.*]]: bf16, %[[C:.*]]: f32)
// CHECK-DAG: %[[WIDE_A:.*]] = arith.extf %[[A]] : bf16 to f32
// CHECK-DAG: %[[WIDE_B:.*]] = arith.extf %[[B]] : bf16 to f32
// CHECK: %[[PRODUCT:.*]] = arith.mulf %[[WIDE_A]], %[[WIDE_B]] : f32
// CHECK: %[[ADDED:.*]] = arith.addf %[[C]], %[[PRODUCT]] : f32
// CHECK: linalg.yield %[[ADDED]] : f32
// CHECK: %[[RESULT:.*]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<?x8xf32>) outs(%arg2 : tensor<?x8xbf16>)
// CHECK: arith.truncf
// CHECK: return %[[RESULT]]
func.func @matmul(%a: tensor<?x16xbf16>, %b: tensor<16x8xbf16>, %o: tensor<?x8xbf16>) -> tensor<?x8xbf16> {
  %zero = arith.constant 0.0 : bf16
  %0 = linalg.fill ins(%zero : bf16) outs(%o : tensor<?x8xbf16>) -> tensor<?x8xbf16>
  %1 = linalg.matmul ins(%a, %b : tensor<?x16xbf16>, tensor<16x8xbf16>) outs(%0 : tensor<?x8xbf16>) -> tensor<?x8xbf16>
  return %1 : tensor<?x8xbf16>
}

// What the sum begins with is widened, too.
// CHECK-LABEL: @init
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<2x4x8xf32>
// CHECK: %[[INIT:.*]] = linalg.generic {{.*}} ins(%arg2 : tensor<2x4x8xf16>) outs(%[[EMPTY]] : tensor<2x4x8xf32>)
// CHECK: arith.extf
// CHECK: linalg.generic {{.*}} outs(%[[INIT]] : tensor<2x4x8xf32>)
// CHECK: linalg.generic {{.*}} outs(%arg2 : tensor<2x4x8xf16>)
// CHECK: arith.truncf
func.func @init(%a: tensor<2x4x16xf16>, %b: tensor<2x16x8xf16>, %o: tensor<2x4x8xf16>) -> tensor<2x4x8xf16> {
  %0 = linalg.batch_matmul ins(%a, %b : tensor<2x4x16xf16>, tensor<2x16x8xf16>) outs(%o : tensor<2x4x8xf16>) -> tensor<2x4x8xf16>
  return %0 : tensor<2x4x8xf16>
}

// Wide sums, other inputs, and what is no contraction stay.
// CHECK-LABEL: @others
// CHECK-NEXT: linalg.matmul
// CHECK-NEXT: linalg.matmul
// CHECK-NEXT: linalg.add
// CHECK-NEXT: return
func.func @others(%a: tensor<4x4xbf16>, %b: tensor<4x4xf32>, %c: tensor<4x4xf16>) -> (tensor<4x4xf32>, tensor<4x4xbf16>, tensor<4x4xf16>) {
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xbf16>, tensor<4x4xbf16>) outs(%b : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%b, %b : tensor<4x4xf32>, tensor<4x4xf32>) outs(%a : tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %2 = linalg.add ins(%c, %c : tensor<4x4xf16>, tensor<4x4xf16>) outs(%c : tensor<4x4xf16>) -> tensor<4x4xf16>
  return %0, %1, %2 : tensor<4x4xf32>, tensor<4x4xbf16>, tensor<4x4xf16>
}
