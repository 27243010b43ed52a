// RUN: attn-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @in_place
// CHECK-SAME: %[[Q:.*]]: memref<5x8xf32>, %[[O:.*]]: memref<5x8xf32>, %[[S:.*]]: memref<5xf32>
func.func @in_place(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>, %slopes: tensor<5xf32>) -> tensor<5x8xf32> {
  // CHECK-NOT: memref.alloc
  // CHECK: attn.sdpa query(%[[Q]] : memref<5x8xf32>) key(%[[Q]] : memref<5x8xf32>) value(%[[Q]] : memref<5x8xf32>)
  // CHECK: memref.load %[[S]]
  // CHECK: outs(%[[O]] : memref<5x8xf32>)
  // CHECK-NOT: memref.copy
  // CHECK: return %[[O]]
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>)
    score(%s: f32, %i: index, %j: index) {
      %x = tensor.extract %slopes[%j] : tensor<5xf32>
      %y = arith.mulf %s, %x : f32
      attn.yield %y : f32
    } outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// The query is still needed: the output may not overwrite it.
// CHECK-LABEL: func.func @copy
func.func @copy(%q: tensor<5x8xf32>) -> (tensor<5x8xf32>, tensor<5x8xf32>) {
  // CHECK: %[[A:.*]] = memref.alloc
  // CHECK: attn.sdpa
  // CHECK-SAME: outs(%[[A]] : memref<5x8xf32>)
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) outs(%q : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0, %q : tensor<5x8xf32>, tensor<5x8xf32>
}
