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

// All operands, the log-sum-exp, and a region that reads a captured tensor.
// CHECK-LABEL: func.func @everything
// CHECK-NOT: memref.alloc
// CHECK: attn.sdpa
// CHECK-SAME: bias(%{{.*}} : memref<7xf32>)
// CHECK-SAME: mask(%{{.*}} : memref<5x7xi1>)
// CHECK-SAME: documents(%{{.*}}, %{{.*}} : memref<5xi32>, memref<7xi32>)
// CHECK: memref.load
// CHECK: outs(%{{.*}}, %{{.*}} : memref<5x8xf32>, memref<5xf32>)
func.func @everything(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %b: tensor<7xf32>, %m: tensor<5x7xi1>, %d: tensor<5xi32>, %e: tensor<7xi32>, %o: tensor<5x8xf32>, %l: tensor<5xf32>) -> (tensor<5x8xf32>, tensor<5xf32>) {
  %0:2 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<7x8xf32>) value(%k : tensor<7x8xf32>) bias(%b : tensor<7xf32>) mask(%m : tensor<5x7xi1>) documents(%d, %e : tensor<5xi32>, tensor<7xi32>) structure(#attn.document)
    keep(%i: index, %j: index) {
      %x = tensor.extract %b[%j] : tensor<7xf32>
      %zero = arith.constant 0.0 : f32
      %p = arith.cmpf ogt, %x, %zero : f32
      attn.yield %p : i1
    } outs(%o, %l : tensor<5x8xf32>, tensor<5xf32>) -> tensor<5x8xf32>, tensor<5xf32>
  return %0#0, %0#1 : tensor<5x8xf32>, tensor<5xf32>
}
