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

// The same weights for all sequences: copied once, for all threads. Sums start
// from zeros, not from what a fill has written.
func.func @shared(%a: memref<4x100x1000xbf16>, %b: memref<5000x1000xbf16>) -> memref<4x100x5000xf32> {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<4x100x5000xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<4x100x5000xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, m, n, k) -> (h, m, k)>, affine_map<(h, m, n, k) -> (n, k)>, affine_map<(h, m, n, k) -> (h, m, n)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<4x100x1000xbf16>, memref<5000x1000xbf16>) outs(%c : memref<4x100x5000xf32>) {
  ^bb0(%p: bf16, %q: bf16, %s: f32):
    %x = arith.extf %p : bf16 to f32
    %y = arith.extf %q : bf16 to f32
    %m = arith.mulf %x, %y : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return %c : memref<4x100x5000xf32>
}

// Sums that start from something else are filled, a square's rows at a time.
func.func @ones(%a: memref<80x64xbf16>, %b: memref<64x48xbf16>) -> memref<80x48xf32> {
  %one = arith.constant 1.0 : f32
  %c = memref.alloc() : memref<80x48xf32>
  linalg.fill ins(%one : f32) outs(%c : memref<80x48xf32>)
  linalg.matmul ins(%a, %b : memref<80x64xbf16>, memref<64x48xbf16>) outs(%c : memref<80x48xf32>)
  return %c : memref<80x48xf32>
}

// f16, rows that are not adjacent along the sum and a row for all take vectors.
func.func @others(%a: memref<8x64xf16>, %b: memref<64x48xf16>, %c: memref<8x48xf32>, %d: memref<8x64xbf16, strided<[1, 8]>>, %e: memref<64x48xbf16>, %row: memref<64xbf16>) {
  linalg.matmul ins(%a, %b : memref<8x64xf16>, memref<64x48xf16>) outs(%c : memref<8x48xf32>)
  linalg.matmul ins(%d, %e : memref<8x64xbf16, strided<[1, 8]>>, memref<64x48xbf16>) outs(%c : memref<8x48xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%row, %e : memref<64xbf16>, memref<64x48xbf16>) outs(%c : memref<8x48xf32>) {
  ^bb0(%p: bf16, %q: bf16, %s: f32):
    %x = arith.extf %p : bf16 to f32
    %y = arith.extf %q : bf16 to f32
    %m = arith.mulf %x, %y : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }
  return
}

// Few rows take no tiles; some copy what they multiply in one loop; many let all
// threads copy before.
// CHECK-LABEL: func.func @weights(
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %{{.*}}, %c4
// CHECK: scf.if %[[FEW]] {
// CHECK: scf.parallel
// CHECK: call @weights_matmul(
// CHECK: } else {
// CHECK: %[[SOME:.*]] = arith.cmpi sle, %{{.*}}, %c64
// CHECK: scf.if %[[SOME]] {
// CHECK: call @attn_rt_choose_rows
// CHECK: scf.parallel
// CHECK: call @attn_rt_check_stack
// CHECK: call @weights_matmul_0(%arg0, %arg1, %arg2,
// CHECK: } else {
// CHECK: %[[PACKED:.*]] = memref.alloc(%{{.*}}, %{{.*}}) {alignment = 64 : i64} : memref<?x?x16x32xbf16>
// CHECK: scf.for
// CHECK: scf.parallel {{.*}} step (%{{.*}}, %c32
// CHECK: call @weights_matmul_pack(%arg1, %[[PACKED]],
// CHECK: call @attn_rt_choose_columns
// CHECK: call @attn_rt_choose_rows
// CHECK: scf.parallel
// CHECK: call @attn_rt_check_stack
// CHECK: call @weights_matmul_tiles(%arg0, %[[PACKED]], %arg2,

// CHECK-LABEL: func.func @columns(
// CHECK-NOT: memref.alloc
// CHECK: call @columns_matmul(
// CHECK-LABEL: func.func @apart(
// CHECK-NOT: memref.alloc
// CHECK: call @apart_matmul(

// 10 MB of weights in two parts of 2528 columns, then 2472.
// CHECK-LABEL: func.func @shared(
// CHECK-NOT: linalg.fill
// CHECK: memref.alloc(%c158{{[_0-9]*}}, %c32{{[_0-9]*}})
// CHECK: scf.for {{.*}} to %c2
// CHECK: call @shared_matmul_pack(
// CHECK: call @attn_rt_choose_columns
// CHECK: scf.parallel (%{{.*}}, %{{.*}}, %{{.*}}) = {{.*}} to (%c4
// CHECK: call @shared_matmul_tiles(

// CHECK-LABEL: func.func @others(
// CHECK-NOT: _tiles

// CHECK-LABEL: func.func private @weights_matmul(
// CHECK-NOT: amx
// CHECK: vector.fma

// CHECK-LABEL: func.func private @weights_matmul_pack(
// CHECK: vector.load %arg0[{{.*}} : memref<?x?xbf16>, vector<8xbf16>
// CHECK: vector.bitcast {{.*}} : vector<8xbf16> to vector<4xf32>
// CHECK: vector.shuffle
// CHECK: vector.store {{.*}}, %arg1

// Rows are read where they are: whole squares and steps, not 4096 bytes apart.
// CHECK-LABEL: func.func private @weights_matmul_tiles(
// CHECK-DAG: %[[COPY:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x1056xbf16>
// CHECK-DAG: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x32xf32>
// CHECK: arith.remsi %{{.*}}, %c2048
// CHECK: %[[ROWS:.*]] = scf.if
// CHECK: memref.subview %arg0
// CHECK: } else {
// CHECK: vector.store {{.*}}, %[[COPY]]
// CHECK: amx.tile_load %arg2
// CHECK: scf.for
// CHECK: %[[A:.*]] = amx.tile_load %[[ROWS]]
// CHECK: %[[B:.*]] = amx.tile_load %arg1
// CHECK: amx.tile_mulf %[[A]], %[[B]], %{{.*}} : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// CHECK: amx.tile_store %arg2
// CHECK: amx.tile_zero
// CHECK: amx.tile_store %[[SUMS]]
// CHECK: vector.load %[[SUMS]]

// CHECK-LABEL: func.func private @weights_matmul_0(
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<8x16x16x32xbf16>
// CHECK: scf.for {{.*}} step %c512
// CHECK: call @weights_matmul_pack(%arg1
// CHECK: call @weights_matmul_tiles(%arg0

// CHECK-LABEL: func.func private @columns_matmul_pack(
// CHECK: vector.interleave %{{.*}}, %{{.*}} : vector<16xbf16> -> vector<32xbf16>

// CHECK-LABEL: func.func private @apart_matmul_tiles(
// CHECK-NOT: amx.tile_load %arg2
// CHECK: amx.tile_mulf

// The first products of a sum replace what is there.
// CHECK-LABEL: func.func private @shared_matmul_tiles(
// CHECK-NOT: amx.tile_load %arg2
// CHECK: amx.tile_zero
// CHECK: amx.tile_store %arg2
// CHECK: amx.tile_load %arg2
// CHECK: amx.tile_store %arg2
// CHECK: arith.select {{.*}} : vector<16xf32>

// CHECK-LABEL: func.func private @ones_matmul_tiles(
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[ONES:.*]] = vector.broadcast %[[ONE]] : f32 to vector<16xf32>
// CHECK: vector.store %[[ONES]], %arg2
// CHECK: amx.tile_load %arg2
// CHECK-NOT: arith.select {{.*}} : vector<16xf32>

// CHECK-LABEL: func.func private @others_matmul(
// CHECK-NOT: amx.
// CHECK: vector.fma
// CHECK: func.func private @others_matmul_{{[0-9]+}}(
// CHECK-NOT: amx.
// CHECK: vector.fma
// CHECK: func.func private @others_matmul_{{[0-9]+}}(
// CHECK-NOT: amx.
// CHECK: vector.fma
