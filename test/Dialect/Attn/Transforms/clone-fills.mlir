// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-clone-fills))' | FileCheck %s

// CHECK-LABEL: @two
// CHECK: %[[EMPTY:.*]] = tensor.empty()
// CHECK: %[[FIRST:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
// CHECK: linalg.matmul {{.*}} outs(%[[FIRST]]
// CHECK: %[[OTHER:.*]] = tensor.empty()
// CHECK: %[[SECOND:.*]] = linalg.fill {{.*}} outs(%[[OTHER]]
// CHECK: linalg.matmul {{.*}} outs(%[[SECOND]]
func.func @two(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%a, %b : tensor<4x4xf32>, tensor<4x4xf32>) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = linalg.matmul ins(%b, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1, %2 : tensor<4x4xf32>, tensor<4x4xf32>
}

// One that is read keeps its values; one that is written by a view is another.
// CHECK-LABEL: @read
// CHECK: %[[FILL:.*]] = linalg.fill
// CHECK-NEXT: %[[EMPTY:.*]] = tensor.empty
// CHECK-NEXT: %[[SECOND:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
// CHECK-NEXT: linalg.matmul ins(%[[FILL]], %arg0 : {{.*}} outs(%[[SECOND]]
// CHECK: %[[THIRD:.*]] = linalg.fill
// CHECK-NEXT: tensor.collapse_shape %[[THIRD]]
func.func @read(%a: tensor<4x4xf32>, %b: tensor<16xf32>) -> (tensor<4x4xf32>, tensor<16xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%0, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = tensor.collapse_shape %0 [[0, 1]] : tensor<4x4xf32> into tensor<16xf32>
  %3 = linalg.exp ins(%b : tensor<16xf32>) outs(%2 : tensor<16xf32>) -> tensor<16xf32>
  return %1, %3 : tensor<4x4xf32>, tensor<16xf32>
}

// Memory of someone else, and a fill that one operation has.
// CHECK-LABEL: @others
// CHECK-COUNT-2: linalg.fill
// CHECK-NOT: linalg.fill
func.func @others(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %0 = linalg.fill ins(%zero : f32) outs(%b : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = linalg.exp ins(%a : tensor<4x4xf32>) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %empty = tensor.empty() : tensor<4x4xf32>
  %3 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %4 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%3 : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1, %2, %4 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}
