// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-lower-convolutions,canonicalize))' --split-input-file | FileCheck %s
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-lower-convolutions{copy-elements=1000},canonicalize))' --split-input-file | FileCheck %s --check-prefix=TILED
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-lower-convolutions{copy-elements=0}))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: attn-lower-convolutions: expected copy-elements to be 1 at least, got 0

// The patches of a picture: filters are adjacent in it, and what they multiply in
// the copy.
// CHECK: #[[$PATCH:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * 16 + d4, d2 * 16 + d5)>
// CHECK: #[[$INPUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
// CHECK: #[[$FILTER:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d3)>
// CHECK: #[[$OUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: @patches
// CHECK: %[[COPY:.*]] = linalg.generic {indexing_maps = [#[[$PATCH]], {{.*}} outs(%{{.*}} : tensor<2x14x14x3x16x16xf32>)
// CHECK: %[[X:.*]] = tensor.collapse_shape %[[COPY]] {{\[}}[0], [1, 2], [3, 4, 5]] {{.*}} into tensor<2x196x768xf32>
// CHECK: %[[W:.*]] = tensor.collapse_shape %arg1 {{\[}}[0], [1, 2, 3]] {{.*}} into tensor<768x768xf32>
// CHECK: %[[Y:.*]] = tensor.collapse_shape %arg2 {{\[}}[0], [1], [2, 3]] {{.*}} into tensor<2x768x196xf32>
// CHECK: %[[R:.*]] = linalg.generic {indexing_maps = [#[[$INPUT]], #[[$FILTER]], #[[$OUT]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%[[X]], %[[W]] : {{.*}}) outs(%[[Y]] : {{.*}})
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: tensor.expand_shape %[[R]] {{\[}}[0], [1], [2, 3]] output_shape [2, 768, 14, 14]
// TILED-LABEL: @patches
// A filter has 768 elements.
// TILED: scf.for {{.*}} to %c2 step %c1
// TILED: scf.for {{.*}} to %c14 step %c1
// TILED: scf.for {{.*}} to %c14 step %c1
// TILED: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x1x3x16x16xf32>)
func.func @patches(%x: tensor<2x3x224x224xf32>, %w: tensor<768x3x16x16xf32>, %y: tensor<2x768x14x14xf32>) -> tensor<2x768x14x14xf32> {
  %0 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<16> : vector<2xi64>}
    ins(%x, %w : tensor<2x3x224x224xf32>, tensor<768x3x16x16xf32>) outs(%y : tensor<2x768x14x14xf32>) -> tensor<2x768x14x14xf32>
  return %0 : tensor<2x768x14x14xf32>
}

// -----

// Neighbours share the input: rows of the output are adjacent in it, at any
// dilation.
// CHECK: #[[$ROWS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2 * 2 + d3)>
// CHECK-LABEL: @neighbours
// CHECK: linalg.generic {indexing_maps = [#[[$ROWS]], {{.*}} ins(%arg0 : tensor<1x80x104xf32>) outs(%{{.*}} : tensor<1x80x3x100xf32>)
// CHECK: tensor.collapse_shape {{.*}} {{\[}}[0], [1, 2], [3]] {{.*}} into tensor<1x240x100xf32>
// CHECK: linalg.generic {{.*}} outs(%arg2 : tensor<1x768x100xf32>)
// TILED-LABEL: @neighbours
// TILED: scf.for %{{.*}} = %c0 to %c100 step %c4
// TILED: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x80x3x4xf32>)
func.func @neighbours(%x: tensor<1x80x104xf32>, %w: tensor<768x80x3xf32>, %y: tensor<1x768x100xf32>) -> tensor<1x768x100xf32> {
  %0 = linalg.conv_1d_ncw_fcw {dilations = dense<2> : vector<1xi64>, strides = dense<1> : vector<1xi64>}
    ins(%x, %w : tensor<1x80x104xf32>, tensor<768x80x3xf32>) outs(%y : tensor<1x768x100xf32>) -> tensor<1x768x100xf32>
  return %0 : tensor<1x768x100xf32>
}

// -----

// Channels last, in groups.
// CHECK: #[[$GROUPS:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d1, d2 + d4, d3 + d5, d0, d6)>
// CHECK-LABEL: @groups
// CHECK: linalg.generic {indexing_maps = [#[[$GROUPS]], {{.*}} outs(%{{.*}} : tensor<2x1x5x6x3x3x4xbf16>)
// CHECK: tensor.collapse_shape {{.*}} {{\[}}[0], [1, 2, 3], [4, 5, 6]] {{.*}} into tensor<2x30x36xbf16>
// CHECK: tensor.collapse_shape %arg1 {{\[}}[0], [1], [2, 3, 4]] {{.*}} into tensor<2x8x36xbf16>
// CHECK: tensor.collapse_shape %arg2 {{\[}}[0, 1, 2], [3], [4]] {{.*}} into tensor<30x2x8xbf16>
func.func @groups(%x: tensor<1x7x8x2x4xbf16>, %w: tensor<2x8x3x3x4xbf16>, %y: tensor<1x5x6x2x8xbf16>) -> tensor<1x5x6x2x8xbf16> {
  %0 = linalg.conv_2d_nhwgc_gfhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%x, %w : tensor<1x7x8x2x4xbf16>, tensor<2x8x3x3x4xbf16>) outs(%y : tensor<1x5x6x2x8xbf16>) -> tensor<1x5x6x2x8xbf16>
  return %0 : tensor<1x5x6x2x8xbf16>
}

// -----

// A filter of one element reads the input where it is.
// CHECK-LABEL: @one
// CHECK-NOT: tensor.empty
// CHECK: %[[X:.*]] = tensor.collapse_shape %arg0 {{\[}}[0], [1], [2, 3]] {{.*}} into tensor<2x64x63xf32>
// CHECK: %[[W:.*]] = tensor.collapse_shape %arg1 {{\[}}[0], [1, 2, 3]] {{.*}} into tensor<8x64xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[W]] :
func.func @one(%x: tensor<2x64x7x9xf32>, %w: tensor<8x64x1x1xf32>, %y: tensor<2x8x7x9xf32>) -> tensor<2x8x7x9xf32> {
  %0 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%x, %w : tensor<2x64x7x9xf32>, tensor<8x64x1x1xf32>) outs(%y : tensor<2x8x7x9xf32>) -> tensor<2x8x7x9xf32>
  return %0 : tensor<2x8x7x9xf32>
}

// -----

// How much is copied is known when it runs; one dimension has one dynamic size.
// CHECK-LABEL: @dynamic
// CHECK: scf.for
// CHECK: scf.for
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x?x14x3x16x16xf32>)
// CHECK: tensor.collapse_shape {{.*}} {{\[}}[0], [1, 2], [3, 4, 5]] {{.*}} into tensor<?x?x768xf32>
// CHECK: tensor.expand_shape {{.*}} {{\[}}[0], [1], [2, 3]]
func.func @dynamic(%x: tensor<?x3x?x224xf32>, %w: tensor<768x3x16x16xf32>, %y: tensor<?x768x?x14xf32>) -> tensor<?x768x?x14xf32> {
  %0 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<16> : vector<2xi64>}
    ins(%x, %w : tensor<?x3x?x224xf32>, tensor<768x3x16x16xf32>) outs(%y : tensor<?x768x?x14xf32>) -> tensor<?x768x?x14xf32>
  return %0 : tensor<?x768x?x14xf32>
}

// -----

// Channels by themselves, sums of integers, poolings, matmuls, buffers.
// CHECK-LABEL: @others
// CHECK-NEXT: linalg.depthwise_conv_2d_nchw_chw
// CHECK-NEXT: linalg.conv_2d_nchw_fchw
// CHECK-NEXT: linalg.pooling_nchw_max
// CHECK-NEXT: linalg.matmul
// CHECK-NEXT: linalg.conv_1d
// CHECK-NEXT: return
func.func @others(%x: tensor<1x4x8x8xf32>, %w: tensor<4x3x3xf32>, %y: tensor<1x4x6x6xf32>, %i: tensor<1x4x8x8xi8>,
                  %f: tensor<4x4x3x3xi8>, %s: tensor<1x4x6x6xi32>, %p: tensor<3x3xf32>, %a: tensor<4x4xf32>,
                  %b: memref<8xf32>, %c: memref<3xf32>, %d: memref<6xf32>)
    -> (tensor<1x4x6x6xf32>, tensor<1x4x6x6xi32>, tensor<1x4x6x6xf32>, tensor<4x4xf32>) {
  %0 = linalg.depthwise_conv_2d_nchw_chw ins(%x, %w : tensor<1x4x8x8xf32>, tensor<4x3x3xf32>) outs(%y : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  %1 = linalg.conv_2d_nchw_fchw ins(%i, %f : tensor<1x4x8x8xi8>, tensor<4x4x3x3xi8>) outs(%s : tensor<1x4x6x6xi32>) -> tensor<1x4x6x6xi32>
  %2 = linalg.pooling_nchw_max ins(%x, %p : tensor<1x4x8x8xf32>, tensor<3x3xf32>) outs(%y : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  %3 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%a : tensor<4x4xf32>) -> tensor<4x4xf32>
  linalg.conv_1d ins(%b, %c : memref<8xf32>, memref<3xf32>) outs(%d : memref<6xf32>)
  return %0, %1, %2, %3 : tensor<1x4x6x6xf32>, tensor<1x4x6x6xi32>, tensor<1x4x6x6xf32>, tensor<4x4xf32>
}
