// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-interchange-reductions,canonicalize))' --split-input-file | FileCheck %s

// Channels by themselves: output rows last, outer loops in the output's order.
// CHECK: #[[$X:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2 + d3, d5 * 2 + d4)>
// CHECK: #[[$W:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, d3, d4)>
// CHECK: #[[$Y:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d5)>
// CHECK-LABEL: @depthwise
// CHECK: linalg.generic {indexing_maps = [#[[$X]], #[[$W]], #[[$Y]]], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "parallel"]} ins(%arg0, %arg1
// CHECK: arith.mulf
// CHECK: arith.addf
func.func @depthwise(%x: memref<1x4x18x35xf32>, %w: memref<4x3x3xf32>, %y: memref<1x4x16x17xf32>) {
  linalg.depthwise_conv_2d_nchw_chw {strides = dense<[1, 2]> : vector<2xi64>, dilations = dense<1> : vector<2xi64>}
    ins(%x, %w : memref<1x4x18x35xf32>, memref<4x3x3xf32>) outs(%y : memref<1x4x16x17xf32>)
  return
}

// -----

// An index keeps its dimension, a size may be dynamic.
// CHECK: #[[$M:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK: #[[$OUT:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: @columns
// CHECK: linalg.generic {indexing_maps = [#[[$M]], #[[$OUT]]], iterator_types = ["reduction", "parallel"]}
// CHECK: %[[K:.*]] = linalg.index 0
// CHECK: arith.index_cast %[[K]]
func.func @columns(%x: memref<7x?xi64>, %y: memref<?xi64>) {
  linalg.generic {indexing_maps = [affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<7x?xi64>) outs(%y : memref<?xi64>) {
  ^bb0(%a: i64, %s: i64):
    %k = linalg.index 1 : index
    %i = arith.index_cast %k : index to i64
    %t = arith.muli %a, %i : i64
    %u = arith.addi %t, %s : i64
    linalg.yield %u : i64
  }
  return
}

// -----

// CHECK-LABEL: @vecmat
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%arg0, %arg1
func.func @vecmat(%x: memref<16xf32>, %w: memref<16x64xf32>, %y: memref<64xf32>) {
  linalg.vecmat ins(%x, %w : memref<16xf32>, memref<16x64xf32>) outs(%y : memref<64xf32>)
  return
}

// -----

// Rows whose elements are summed; few results; loops that are so; results that are
// apart in the input; results that are adjacent in no input; nothing summed;
// tensors.
// CHECK-LABEL: @others
// CHECK-NEXT: linalg.matvec
// CHECK-NEXT: linalg.vecmat
// CHECK-NEXT: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]
// CHECK: linalg.pooling_nhwc_sum
// CHECK-NEXT: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK: linalg.transpose
// CHECK-NEXT: linalg.vecmat
func.func @others(%x: memref<64xf32>, %w: memref<64x7xf32>, %y: memref<7xf32>, %s: memref<64xf32>, %p: memref<1x9x9x4xf32>,
                  %k: memref<3x3xf32>, %q: memref<1x7x7x4xf32>, %v: memref<7x64xf32>, %t: tensor<16xf32>,
                  %u: tensor<16x64xf32>, %r: tensor<64xf32>) -> tensor<64xf32> {
  linalg.matvec ins(%w, %y : memref<64x7xf32>, memref<7xf32>) outs(%x : memref<64xf32>)
  linalg.vecmat ins(%x, %w : memref<64xf32>, memref<64x7xf32>) outs(%y : memref<7xf32>)
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>, affine_map<(k, n) -> (n)>], iterator_types = ["reduction", "parallel"]}
    ins(%v : memref<7x64xf32>) outs(%s : memref<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  }
  linalg.pooling_nhwc_sum ins(%p, %k : memref<1x9x9x4xf32>, memref<3x3xf32>) outs(%q : memref<1x7x7x4xf32>)
  linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n)>], iterator_types = ["parallel", "reduction"]}
    ins(%y : memref<7xf32>) outs(%s : memref<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  }
  linalg.transpose ins(%w : memref<64x7xf32>) outs(%v : memref<7x64xf32>) permutation = [1, 0]
  %0 = linalg.vecmat ins(%t, %u : tensor<16xf32>, tensor<16x64xf32>) outs(%r : tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
