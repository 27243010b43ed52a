// RUN: attn-opt %s --convert-contraction-to-vector --split-input-file | FileCheck %s

// The kernel fills its part of the output; a view of all of it is the same.
// CHECK-LABEL: func.func @filled
// CHECK: memref.alloc
// CHECK-NOT: linalg.fill
// CHECK: call @filled_matmul(
// CHECK-LABEL: func.func private @filled_matmul
// CHECK: %[[VALUE:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: %[[VECTOR:.*]] = vector.broadcast %[[VALUE]]
// CHECK: vector.store %[[VECTOR]], %arg2
// CHECK: memref.store %[[VALUE]], %arg2
// CHECK: vector.fma
func.func @filled(%a: memref<64x32xf32>, %b: memref<32x48xf32>) -> memref<64x48xf32> {
  %half = arith.constant 0.5 : f32
  %c = memref.alloc() : memref<64x48xf32>
  %flat = memref.collapse_shape %c [[0, 1]] : memref<64x48xf32> into memref<3072xf32>
  linalg.fill ins(%half : f32) outs(%flat : memref<3072xf32>)
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32>) outs(%c : memref<64x48xf32>)
  return %c : memref<64x48xf32>
}

// -----

// A part is filled.
// CHECK-LABEL: func.func @part
// CHECK: linalg.fill
func.func @part(%a: memref<64x32xf32>, %b: memref<32x48xf32>, %c0: memref<64x48xf32>) -> memref<64x48xf32> {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<64x48xf32>
  memref.copy %c0, %c : memref<64x48xf32> to memref<64x48xf32>
  %some = memref.subview %c[0, 0] [8, 48] [1, 1] : memref<64x48xf32> to memref<8x48xf32, strided<[48, 1]>>
  linalg.fill ins(%zero : f32) outs(%some : memref<8x48xf32, strided<[48, 1]>>)
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32>) outs(%c : memref<64x48xf32>)
  return %c : memref<64x48xf32>
}

// -----

// Something is written behind the fill.
// CHECK-LABEL: func.func @written
// CHECK: linalg.fill
func.func @written(%a: memref<64x32xf32>, %b: memref<32x48xf32>, %n: index) -> memref<64x48xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c = memref.alloc() : memref<64x48xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<64x48xf32>)
  %flat = memref.collapse_shape %c [[0, 1]] : memref<64x48xf32> into memref<3072xf32>
  scf.for %i = %c0 to %n step %c1 {
    memref.store %zero, %flat[%i] : memref<3072xf32>
  }
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32>) outs(%c : memref<64x48xf32>)
  return %c : memref<64x48xf32>
}

// -----

// Memory of the caller may be that of another argument; a value is not constant;
// the fill is filled once, the sum goes on; a factor is filled, too.
// CHECK-LABEL: func.func @others
// CHECK-COUNT-4: linalg.fill
func.func @others(%a: memref<48x48xf32>, %b: memref<48x48xf32>, %c: memref<48x48xf32>, %x: f32, %n: index) -> (memref<48x48xf32>, memref<48x48xf32>, memref<48x48xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  linalg.fill ins(%zero : f32) outs(%c : memref<48x48xf32>)
  linalg.matmul ins(%a, %b : memref<48x48xf32>, memref<48x48xf32>) outs(%c : memref<48x48xf32>)
  %d = memref.alloc() : memref<48x48xf32>
  linalg.fill ins(%x : f32) outs(%d : memref<48x48xf32>)
  linalg.matmul ins(%a, %b : memref<48x48xf32>, memref<48x48xf32>) outs(%d : memref<48x48xf32>)
  %e = memref.alloc() : memref<48x48xf32>
  linalg.fill ins(%zero : f32) outs(%e : memref<48x48xf32>)
  scf.for %i = %c0 to %n step %c1 {
    linalg.matmul ins(%a, %b : memref<48x48xf32>, memref<48x48xf32>) outs(%e : memref<48x48xf32>)
  }
  %f = memref.alloc() : memref<48x48xf32>
  linalg.fill ins(%zero : f32) outs(%f : memref<48x48xf32>)
  linalg.matmul ins(%a, %f : memref<48x48xf32>, memref<48x48xf32>) outs(%f : memref<48x48xf32>)
  return %d, %e, %f : memref<48x48xf32>, memref<48x48xf32>, memref<48x48xf32>
}

// -----

// Memory has another name.
// CHECK-LABEL: func.func @selected
// CHECK-COUNT-1: linalg.fill
func.func @selected(%a: memref<64x32xf32>, %b: memref<32x48xf32>, %c0: memref<64x48xf32>, %p: i1) -> memref<64x48xf32> {
  %zero = arith.constant 0.0 : f32
  %i = arith.constant 0 : index
  %c = memref.alloc() : memref<64x48xf32>
  %d = arith.select %p, %c, %c0 : memref<64x48xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<64x48xf32>)
  %one = memref.load %a[%i, %i] : memref<64x32xf32>
  memref.store %one, %d[%i, %i] : memref<64x48xf32>
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32>) outs(%c : memref<64x48xf32>)
  return %c : memref<64x48xf32>
}

// -----

// CHECK-LABEL: func.func @yielded
// CHECK-COUNT-1: linalg.fill
func.func @yielded(%a: memref<64x32xf32>, %b: memref<32x48xf32>, %c0: memref<64x48xf32>, %p: i1) -> memref<64x48xf32> {
  %zero = arith.constant 0.0 : f32
  %i = arith.constant 0 : index
  %c = memref.alloc() : memref<64x48xf32>
  %d = scf.if %p -> memref<64x48xf32> {
    scf.yield %c : memref<64x48xf32>
  } else {
    scf.yield %c0 : memref<64x48xf32>
  }
  linalg.fill ins(%zero : f32) outs(%c : memref<64x48xf32>)
  memref.store %zero, %d[%i, %i] : memref<64x48xf32>
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32>) outs(%c : memref<64x48xf32>)
  return %c : memref<64x48xf32>
}

// -----

// A factor is a part of what is filled.
// CHECK-LABEL: func.func @factor
// CHECK-COUNT-1: linalg.fill
func.func @factor(%a: memref<64x32xf32>) -> memref<64x48xf32> {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<64x48xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<64x48xf32>)
  %b = memref.subview %c[0, 0] [32, 48] [1, 1] : memref<64x48xf32> to memref<32x48xf32, strided<[48, 1]>>
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x48xf32, strided<[48, 1]>>) outs(%c : memref<64x48xf32>)
  return %c : memref<64x48xf32>
}
