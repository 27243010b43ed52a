// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-keep-arguments))' | FileCheck %s
// RUN: attn-opt %s --attn-lower-to-llvm-pipeline --mlir-print-ir-after=one-shot-bufferize -o %t 2>&1 | FileCheck %s --check-prefix=BUFFERS

// A sum that begins with an argument, in memory of its own; another may be written
// to by its own word.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %arg0: tensor<4x4xf32> {bufferization.writable = false}
// CHECK-SAME: %arg1: tensor<4x4xf32> {bufferization.writable = true}
// CHECK-SAME: %arg2: index)
// BUFFERS-LABEL: func.func @main
// BUFFERS: %[[OWN:.*]] = memref.alloc
// BUFFERS: memref.copy %arg0, %[[OWN]]
// BUFFERS: linalg.matmul {{.*}} outs(%[[OWN]]
// BUFFERS: linalg.matmul {{.*}} outs(%arg1
func.func @main(%x: tensor<4x4xf32>, %y: tensor<4x4xf32> {bufferization.writable = true}, %n: index) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %0 = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%x : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0, %1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// What only this module calls, and what is declared.
// CHECK: func.func private @own(%arg0: tensor<4xf32>) -> tensor<4xf32>
func.func private @own(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
