// RUN: attn-opt %s --pass-pipeline='builtin.module(convert-contraction-to-vector{vector-bits=128})' | FileCheck %s
// RUN: attn-opt %s --pass-pipeline='builtin.module(convert-contraction-to-vector{vector-bits=384})' | FileCheck %s --check-prefix=WIDE

// Squares need a power of two of lanes: else one element at a time is copied.
// WIDE-LABEL: func.func private @transposed_matmul(
// WIDE-NOT: vector.shuffle
// WIDE: memref.store
// WIDE-NOT: vector.shuffle
// WIDE-LABEL: func.func private @f64_matmul(

// Four panels of eight columns by 512 rows at most in each call, as the threads
// that there are have something to do by. Few rows read the right
// side where it is; else 512 rows of four panels are copied at a time.
// CHECK-LABEL: func.func @matmul(
// CHECK: %[[CHOSEN:.*]] = call @attn_rt_choose_rows(%{{.*}}, %{{.*}}, %c512_i64, %c6_i64, %c12_i64)
// CHECK: %[[STEP:.*]] = arith.index_cast %[[CHOSEN]] : i64 to index
// CHECK: scf.parallel (%[[ROW:.*]], %[[COLUMN:.*]]) = {{.*}} step (%[[STEP]], %c32{{.*}})
// CHECK: call @attn_rt_check_stack
// CHECK: call @matmul_matmul(%arg0, %arg1, %arg2, %[[ROW]], %[[COLUMN]], %[[STEP]])
func.func @matmul(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// CHECK-LABEL: func.func @mixed(
// CHECK: scf.parallel (%[[BATCH:.*]], %[[ROW:.*]], %[[COLUMN:.*]]) =
// CHECK: call @mixed_matmul(%arg0, %arg1, %arg2, %[[BATCH]], %[[ROW]], %[[COLUMN]], %c512)
func.func @mixed(%a: memref<2x4x8xbf16>, %b: memref<2x8x16xbf16>, %c: memref<2x4x16xf32>) {
  linalg.batch_matmul ins(%a, %b : memref<2x4x8xbf16>, memref<2x8x16xbf16>) outs(%c : memref<2x4x16xf32>)
  return
}

// A right side that is adjacent along the sum is copied in squares, but for few rows
// that are adjacent along it, too.
// CHECK-LABEL: func.func @transposed(
// CHECK: call @transposed_matmul
func.func @transposed(%a: memref<4x8xf32>, %bt: memref<16x8xf32>, %c: memref<4x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %bt : memref<4x8xf32>, memref<16x8xf32>) outs(%c : memref<4x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

func.func @f64(%a: memref<4x8xf64>, %b: memref<8x16xf64>, %c: memref<4x16xf64>) {
  linalg.matmul ins(%a, %b : memref<4x8xf64>, memref<8x16xf64>) outs(%c : memref<4x16xf64>)
  return
}

// Columns of the output are not contiguous; integers are not contracted here; a
// narrow sum would be rounded at every step.
// CHECK-LABEL: func.func @others(
// CHECK-COUNT-3: linalg.
func.func @others(%a: memref<4x8xf32>, %b: memref<8x16xf32>, %c: memref<4x16xf32, strided<[32, 2]>>, %x: memref<4x8xi32>, %y: memref<8x16xi32>, %z: memref<4x16xi32>,
                  %h: memref<4x8xf16>, %g: memref<8x16xf16>, %o: memref<4x16xf16>) {
  linalg.matmul ins(%a, %b : memref<4x8xf32>, memref<8x16xf32>) outs(%c : memref<4x16xf32, strided<[32, 2]>>)
  linalg.matmul ins(%x, %y : memref<4x8xi32>, memref<8x16xi32>) outs(%z : memref<4x16xi32>)
  linalg.matmul ins(%h, %g : memref<4x8xf16>, memref<8x16xf16>) outs(%o : memref<4x16xf16>)
  return
}

// CHECK-LABEL: func.func private @matmul_matmul(
// CHECK: %[[SCRATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x512x8xf32>
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %{{.*}}, %c8
// CHECK: scf.if %[[FEW]] {
// CHECK: %[[B:.*]] = vector.load %arg1[{{.*}} : memref<?x?xf32>, vector<4xf32>
// CHECK: %[[R:.*]] = vector.broadcast %{{.*}} : f32 to vector<4xf32>
// CHECK: vector.fma %[[R]], %[[B]]
// CHECK: } else {
// CHECK: scf.for {{.*}} step %c512
// CHECK: %[[COPIED:.*]] = vector.load %arg1[
// CHECK: vector.store %[[COPIED]], %[[SCRATCH]][
// CHECK: vector.load %[[SCRATCH]][{{.*}} : memref<4x512x8xf32>, vector<4xf32>
// CHECK: vector.fma

// bf16 is widened as it is read.
// CHECK-LABEL: func.func private @mixed_matmul(
// CHECK: vector.load %arg1[{{.*}} : memref<2x8x16xbf16>, vector<4xbf16>
// CHECK: arith.extf %{{.*}} : vector<4xbf16> to vector<4xf32>
// CHECK: vector.fma

// Pairs of rows by four columns, then a row by eight: sums of a vector, one at the end.
// CHECK-LABEL: func.func private @transposed_matmul(
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %{{.*}}, %c16
// CHECK: scf.if %[[FEW]] {
// CHECK: %[[PAIR:.*]]:8 = scf.for {{.*}} step %c4
// CHECK: %[[A:.*]] = vector.load %arg0[{{.*}} : memref<4x8xf32>, vector<4xf32>
// CHECK: %[[A2:.*]] = vector.load %arg0[{{.*}} : memref<4x8xf32>, vector<4xf32>
// CHECK: %[[B:.*]] = vector.load %arg1[{{.*}} : memref<16x8xf32>, vector<4xf32>
// CHECK-NEXT: vector.fma %[[A]], %[[B]]
// CHECK-NEXT: vector.fma %[[A2]], %[[B]]
// CHECK: %[[BEFORE:.*]] = memref.load %arg2[
// CHECK: vector.reduction <add>, %[[PAIR]]#0, %[[BEFORE]] fastmath<reassoc> : vector<4xf32> into f32
// CHECK: memref.store %{{.*}}, %arg2[
// CHECK: %{{.*}}:8 = scf.for {{.*}} step %c4
// CHECK-COUNT-9: vector.load
// CHECK: } else {
// CHECK: %[[FOUR:.*]] = vector.load %arg1[{{.*}} : memref<16x8xf32>, vector<4xf32>
// CHECK: vector.shuffle
// CHECK: vector.store
// CHECK: %[[ELEMENT:.*]] = memref.load %arg1[
// CHECK: memref.store %[[ELEMENT]]
// CHECK-NOT: vector.load %arg1
// CHECK: return

// CHECK-LABEL: func.func private @f64_matmul(
// CHECK: vector<2xf64>
