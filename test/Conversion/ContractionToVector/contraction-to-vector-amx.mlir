// RUN: attn-opt %s --pass-pipeline='builtin.module(convert-contraction-to-vector{vector-bits=512 vector-registers=32 amx})' | FileCheck %s
// RUN: not attn-opt %s --pass-pipeline='builtin.module(convert-contraction-to-vector{amx})' 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: convert-contraction-to-vector: expected vector-bits 512 with amx, got 256

// A row of weights after another: pairs along the sum move as f32 do.
func.func @weights(%a: memref<?x?xbf16>, %b: memref<?x?xbf16>, %c: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<?x?xbf16>, memref<?x?xbf16>) outs(%c : memref<?x?xf32>) {
  ^bb0(%p: bf16, %q: bf16, %s: f32):
    %x = arith.extf %p : bf16 to f32
    %y = arith.extf %q : bf16 to f32
    %m = arith.mulf %x, %y : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

// Columns beside one another: two rows become one of pairs.
func.func @columns(%a: memref<8x64xbf16>, %b: memref<64x48xbf16>, %c: memref<8x48xf32>) {
  linalg.matmul ins(%a, %b : memref<8x64xbf16>, memref<64x48xbf16>) outs(%c : memref<8x48xf32>)
  return
}

// Rows of the output that other dimensions take apart are no tiles.
func.func @apart(%a: memref<3x8x64xbf16>, %b: memref<3x64x48xbf16>, %c: memref<8x3x48xf32>) {
  linalg.generic {indexing_maps = [affine_map<(h, m, n, k) -> (h, m, k)>, affine_map<(h, m, n, k) -> (h, k, n)>, affine_map<(h, m, n, k) -> (m, h, n)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<3x8x64xbf16>, memref<3x64x48xbf16>) outs(%c : memref<8x3x48xf32>) {
  ^bb0(%p: bf16, %q: bf16, %s: f32):
    %x = arith.extf %p : bf16 to f32
    %y = arith.extf %q : bf16 to f32
    %m = arith.mulf %x, %y : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

// f16, and rows that are not adjacent along the sum, take vectors.
func.func @others(%a: memref<8x64xf16>, %b: memref<64x48xf16>, %c: memref<8x48xf32>, %d: memref<8x64xbf16, strided<[1, 8]>>, %e: memref<64x48xbf16>) {
  linalg.matmul ins(%a, %b : memref<8x64xf16>, memref<64x48xf16>) outs(%c : memref<8x48xf32>)
  linalg.matmul ins(%d, %e : memref<8x64xbf16, strided<[1, 8]>>, memref<64x48xbf16>) outs(%c : memref<8x48xf32>)
  return
}

// CHECK-LABEL: func.func private @weights_matmul(
// CHECK-DAG: %[[LHS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8x16x16x32xbf16>
// CHECK-DAG: %[[RHS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8x16x16x32xbf16>
// CHECK-DAG: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x32xf32>
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %{{.*}}, %c4
// CHECK: scf.if %[[FEW]] {
// CHECK: vector.fma
// CHECK: } else {
// CHECK: scf.for {{.*}} step %c512
// CHECK: vector.load %arg1[{{.*}} : memref<?x?xbf16>, vector<8xbf16>
// CHECK: vector.bitcast {{.*}} : vector<8xbf16> to vector<4xf32>
// CHECK: vector.shuffle
// CHECK: vector.store {{.*}}, %[[RHS]]
// CHECK: vector.load %arg0[{{.*}} : memref<?x?xbf16>, vector<32xbf16>
// CHECK: vector.store {{.*}}, %[[LHS]]
// CHECK: amx.tile_load %arg2
// CHECK: scf.for
// CHECK: %[[A:.*]] = amx.tile_load %[[LHS]]
// CHECK: %[[B:.*]] = amx.tile_load %[[RHS]]
// CHECK: amx.tile_mulf %[[A]], %[[B]], %{{.*}} : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// CHECK: amx.tile_store %arg2
// CHECK: amx.tile_zero
// CHECK: amx.tile_store %[[SUMS]]
// CHECK: vector.load %[[SUMS]]

// CHECK-LABEL: func.func private @columns_matmul(
// CHECK: vector.interleave %{{.*}}, %{{.*}} : vector<16xbf16> -> vector<32xbf16>
// CHECK: amx.tile_mulf

// CHECK-LABEL: func.func private @apart_matmul(
// CHECK-NOT: amx.tile_load %arg2
// CHECK: amx.tile_mulf

// CHECK-LABEL: func.func private @others_matmul(
// CHECK-NOT: amx.
// CHECK: vector.fma
// CHECK-LABEL: func.func private @others_matmul_0(
// CHECK-NOT: amx.
// CHECK: vector.fma
