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

// Log-sum-exp and row maxima into the memory that is there; one destination for
// both is copied.
// CHECK-LABEL: func.func @rows
// CHECK-SAME: %[[O:[a-z0-9]+]]: memref<5x8xf32>, %[[L:[a-z0-9]+]]: memref<5xf32>, %[[M:[a-z0-9]+]]: memref<5xf32>)
// CHECK-NOT: memref.alloc
// CHECK: outs(%[[O]], %[[L]], %[[M]] : memref<5x8xf32>, memref<5xf32>, memref<5xf32>)
// CHECK-NOT: memref.copy
// CHECK: return %[[O]], %[[L]], %[[M]]
func.func @rows(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>, %l: tensor<5xf32>, %m: tensor<5xf32>) -> (tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>) {
  %0:3 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) outs(%o, %l, %m : tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>
  return %0#0, %0#1, %0#2 : tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>
}

// CHECK-LABEL: func.func @rows_shared
// CHECK: memref.alloc() {{.*}} : memref<5xf32>
// CHECK: attn.sdpa
func.func @rows_shared(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>, %l: tensor<5xf32>) -> (tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>) {
  %0:3 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) outs(%o, %l, %l : tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>
  return %0#0, %0#1, %0#2 : tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>
}

// Packed [B, L, 3, H, D] in, [B, L, H, D] out: views all the way.
// CHECK-LABEL: func.func @packed
// CHECK-SAME: %[[X:.*]]: memref<2x77x3x4x16xf32>
// CHECK-NOT: linalg.transpose
// CHECK-NOT: memref.copy
// CHECK: %[[O:.*]] = memref.alloc() {{.*}} : memref<2x77x4x16xf32>
// CHECK: attn.sdpa query(%{{.*}} : memref<2x4x77x16xf32, strided<[14784, 16, 192, 1]>>)
// CHECK-SAME: outs(%{{.*}} : memref<2x4x77x16xf32, strided<[4928, 16, 64, 1]>>)
// CHECK-NOT: memref.copy
// CHECK: return %[[O]]
func.func @packed(%x: tensor<2x77x3x4x16xf32>) -> tensor<2x77x4x16xf32> {
  %q = tensor.extract_slice %x[0, 0, 0, 0, 0] [2, 77, 1, 4, 16] [1, 1, 1, 1, 1] : tensor<2x77x3x4x16xf32> to tensor<2x77x4x16xf32>
  %k = tensor.extract_slice %x[0, 0, 1, 0, 0] [2, 77, 1, 4, 16] [1, 1, 1, 1, 1] : tensor<2x77x3x4x16xf32> to tensor<2x77x4x16xf32>
  %v = tensor.extract_slice %x[0, 0, 2, 0, 0] [2, 77, 1, 4, 16] [1, 1, 1, 1, 1] : tensor<2x77x3x4x16xf32> to tensor<2x77x4x16xf32>
  %qt = attn.transpose %q [0, 2, 1, 3] : tensor<2x77x4x16xf32> -> tensor<2x4x77x16xf32>
  %kt = attn.transpose %k [0, 2, 1, 3] : tensor<2x77x4x16xf32> -> tensor<2x4x77x16xf32>
  %vt = attn.transpose %v [0, 2, 1, 3] : tensor<2x77x4x16xf32> -> tensor<2x4x77x16xf32>
  %e = bufferization.alloc_tensor() : tensor<2x77x4x16xf32>
  %et = attn.transpose %e [0, 2, 1, 3] : tensor<2x77x4x16xf32> -> tensor<2x4x77x16xf32>
  %ot = attn.sdpa query(%qt : tensor<2x4x77x16xf32>) key(%kt : tensor<2x4x77x16xf32>) value(%vt : tensor<2x4x77x16xf32>) outs(%et : tensor<2x4x77x16xf32>) -> tensor<2x4x77x16xf32>
  %o = attn.transpose %ot [0, 2, 1, 3] : tensor<2x4x77x16xf32> -> tensor<2x77x4x16xf32>
  return %o : tensor<2x77x4x16xf32>
}

// CHECK-LABEL: func.func @cu_seqlens
// CHECK-NOT: memref.alloc
// CHECK: attn.sdpa
// CHECK-SAME: cu_seqlens(%{{.*}}, %{{.*}} : memref<3xi32>, memref<3xi32>)
func.func @cu_seqlens(%q: tensor<5x8xf32>, %c: tensor<3xi32>, %d: tensor<3xi32>, %o: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) cu_seqlens(%c, %d : tensor<3xi32>, tensor<3xi32>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}
