// RUN: attn-opt %s --attn-lower-to-llvm-pipeline='cpu=x86-64-v3' --mlir-print-ir-before=convert-scf-parallel-to-runtime 2>&1 | FileCheck %s

// A buffer is freed once nothing needs it, not where the function returns: a
// model of many layers has the memory of one.
// CHECK-LABEL: func.func @layers(
// CHECK: %[[FIRST:.*]] = memref.alloc() {{.*}} : memref<64x64xf32>
// CHECK: call @layers_matmul(%{{.*}}, %{{.*}}, %[[FIRST]]
// CHECK: %[[SECOND:.*]] = memref.alloc() {{.*}} : memref<64x64xf32>
// CHECK: call @layers_matmul_0(%[[FIRST]], %{{.*}}, %[[SECOND]]
// CHECK: memref.dealloc %[[FIRST]]
// CHECK: call @layers_matmul_1(%[[SECOND]]
// CHECK: memref.dealloc %[[SECOND]]
func.func @layers(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x64xf32>) -> tensor<64x64xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%init : tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = linalg.matmul ins(%0, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%init : tensor<64x64xf32>) -> tensor<64x64xf32>
  %2 = linalg.matmul ins(%1, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%init : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %2 : tensor<64x64xf32>
}
