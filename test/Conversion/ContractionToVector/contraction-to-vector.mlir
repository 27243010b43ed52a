// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(convert-contraction-to-vector{vector-bits=128}))' | FileCheck %s

// CHECK-LABEL: @matmul
// CHECK: scf.parallel
// CHECK: iter_args
// CHECK: %[[B:.*]] = vector.load %{{.*}} : memref<?x?xf32>, vector<4xf32>
// CHECK: %[[R:.*]] = vector.broadcast %{{.*}} : f32 to vector<4xf32>
// CHECK: vector.fma %[[R]]
// CHECK-NOT: linalg.matmul
func.func @matmul(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// bf16 is widened as it is read.
// CHECK-LABEL: @mixed
// CHECK: vector.load %{{.*}} : memref<2x8x16xbf16>, vector<4xbf16>
// CHECK: arith.extf %{{.*}} : vector<4xbf16> to vector<4xf32>
// CHECK: vector.fma
func.func @mixed(%a: memref<2x4x8xbf16>, %b: memref<2x8x16xbf16>, %c: memref<2x4x16xf32>) {
  linalg.batch_matmul ins(%a, %b : memref<2x4x8xbf16>, memref<2x8x16xbf16>) outs(%c : memref<2x4x16xf32>)
  return
}

// CHECK-LABEL: @f64
// CHECK: vector<2xf64>
func.func @f64(%a: memref<4x8xf64>, %b: memref<8x16xf64>, %c: memref<4x16xf64>) {
  linalg.matmul ins(%a, %b : memref<4x8xf64>, memref<8x16xf64>) outs(%c : memref<4x16xf64>)
  return
}

// Columns of neither input are contiguous; integers are not contracted here; a
// narrow sum would be rounded at every step.
// CHECK-LABEL: @others
// CHECK-COUNT-3: linalg.
func.func @others(%a: memref<4x8xf32>, %bt: memref<16x8xf32>, %c: memref<4x16xf32>, %x: memref<4x8xi32>, %y: memref<8x16xi32>, %z: memref<4x16xi32>,
                  %h: memref<4x8xf16>, %g: memref<8x16xf16>, %o: memref<4x16xf16>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %bt : memref<4x8xf32>, memref<16x8xf32>) outs(%c : memref<4x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  linalg.matmul ins(%x, %y : memref<4x8xi32>, memref<8x16xi32>) outs(%z : memref<4x16xi32>)
  linalg.matmul ins(%h, %g : memref<4x8xf16>, memref<8x16xf16>) outs(%o : memref<4x16xf16>)
  return
}
