// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused
// FUSED-COUNT-1: attn.sdpa
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0, d1) -> (0, d1)>
#map4 = affine_map<(d0, d1) -> (d0, 0)>
#map5 = affine_map<(d0, d1) -> (d0, d1)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> ()>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x3x6x8xf16>, %arg1: tensor<2x3x6x8xf16>, %arg2: tensor<2x3x6x8xf16>) -> tensor<2x3x6x8xf16> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant dense<0xFC00> : tensor<f16>
    %cst_2 = arith.constant 2.500000e-01 : f16
    %0 = tensor.empty() : tensor<2x3x8x6xf16>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x3x6x8xf16>) outs(%0 : tensor<2x3x8x6xf16>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x3x6x8xf16> into tensor<6x6x8xf16>
    %collapsed_3 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x3x8x6xf16> into tensor<6x8x6xf16>
    %1 = tensor.empty() : tensor<6x6x6xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<6x6x6xf32>) -> tensor<6x6x6xf32>
    %3 = linalg.batch_matmul ins(%collapsed, %collapsed_3 : tensor<6x6x8xf16>, tensor<6x8x6xf16>) outs(%2 : tensor<6x6x6xf32>) -> tensor<6x6x6xf32>
    %4 = tensor.empty() : tensor<6x6x6xf16>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<6x6x6xf32>) outs(%4 : tensor<6x6x6xf16>) {
    ^bb0(%in: f32, %out: f16):
      %32 = arith.truncf %in : f32 to f16
      linalg.yield %32 : f16
    } -> tensor<6x6x6xf16>
    %expanded = tensor.expand_shape %5 [[0, 1], [2], [3]] output_shape [2, 3, 6, 6] : tensor<6x6x6xf16> into tensor<2x3x6x6xf16>
    %6 = tensor.empty() : tensor<2x3x6x6xf16>
    %7 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<2x3x6x6xf16>) outs(%6 : tensor<2x3x6x6xf16>) {
    ^bb0(%in: f16, %out: f16):
      %32 = arith.mulf %in, %cst_2 : f16
      linalg.yield %32 : f16
    } -> tensor<2x3x6x6xf16>
    %8 = tensor.empty() : tensor<6xi64>
    %9 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%8 : tensor<6xi64>) {
    ^bb0(%out: i64):
      %32 = linalg.index 0 : index
      %33 = arith.index_cast %32 : index to i64
      linalg.yield %33 : i64
    } -> tensor<6xi64>
    %expanded_4 = tensor.expand_shape %9 [[0, 1]] output_shape [6, 1] : tensor<6xi64> into tensor<6x1xi64>
    %expanded_5 = tensor.expand_shape %9 [[0, 1]] output_shape [1, 6] : tensor<6xi64> into tensor<1x6xi64>
    %10 = tensor.empty() : tensor<6x6xi1>
    %11 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%expanded_5, %expanded_4 : tensor<1x6xi64>, tensor<6x1xi64>) outs(%10 : tensor<6x6xi1>) {
    ^bb0(%in: i64, %in_10: i64, %out: i1):
      %32 = arith.cmpi sle, %in, %in_10 : i64
      linalg.yield %32 : i1
    } -> tensor<6x6xi1>
    %12 = linalg.generic {indexing_maps = [#map6, #map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11, %7, %cst_1 : tensor<6x6xi1>, tensor<2x3x6x6xf16>, tensor<f16>) outs(%6 : tensor<2x3x6x6xf16>) {
    ^bb0(%in: i1, %in_10: f16, %in_11: f16, %out: f16):
      %32 = arith.select %in, %in_10, %in_11 : f16
      linalg.yield %32 : f16
    } -> tensor<2x3x6x6xf16>
    %13 = tensor.empty() : tensor<2x3x6x6xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12 : tensor<2x3x6x6xf16>) outs(%13 : tensor<2x3x6x6xf32>) {
    ^bb0(%in: f16, %out: f32):
      %32 = arith.extf %in : f16 to f32
      linalg.yield %32 : f32
    } -> tensor<2x3x6x6xf32>
    %15 = tensor.empty() : tensor<2x3x6xi64>
    %16 = linalg.fill ins(%c0_i64 : i64) outs(%15 : tensor<2x3x6xi64>) -> tensor<2x3x6xi64>
    %17 = tensor.empty() : tensor<2x3x6xf32>
    %18 = linalg.fill ins(%cst_0 : f32) outs(%17 : tensor<2x3x6xf32>) -> tensor<2x3x6xf32>
    %19:2 = linalg.generic {indexing_maps = [#map1, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%14 : tensor<2x3x6x6xf32>) outs(%18, %16 : tensor<2x3x6xf32>, tensor<2x3x6xi64>) {
    ^bb0(%in: f32, %out: f32, %out_10: i64):
      %32 = linalg.index 3 : index
      %33 = arith.index_cast %32 : index to i64
      %34 = arith.maximumf %in, %out : f32
      %35 = arith.cmpf ogt, %in, %out : f32
      %36 = arith.select %35, %33, %out_10 : i64
      linalg.yield %34, %36 : f32, i64
    } -> (tensor<2x3x6xf32>, tensor<2x3x6xi64>)
    %expanded_6 = tensor.expand_shape %19#0 [[0], [1], [2, 3]] output_shape [2, 3, 6, 1] : tensor<2x3x6xf32> into tensor<2x3x6x1xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %expanded_6 : tensor<2x3x6x6xf32>, tensor<2x3x6x1xf32>) outs(%13 : tensor<2x3x6x6xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %32 = arith.subf %in, %in_10 : f32
      linalg.yield %32 : f32
    } -> tensor<2x3x6x6xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%20 : tensor<2x3x6x6xf32>) outs(%13 : tensor<2x3x6x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %32 = math.exp %in : f32
      linalg.yield %32 : f32
    } -> tensor<2x3x6x6xf32>
    %22 = tensor.empty() : tensor<2x3x6x1xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%22 : tensor<2x3x6x1xf32>) -> tensor<2x3x6x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%21 : tensor<2x3x6x6xf32>) outs(%23 : tensor<2x3x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %32 = arith.addf %in, %out : f32
      linalg.yield %32 : f32
    } -> tensor<2x3x6x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21, %24 : tensor<2x3x6x6xf32>, tensor<2x3x6x1xf32>) outs(%13 : tensor<2x3x6x6xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %32 = arith.divf %in, %in_10 : f32
      linalg.yield %32 : f32
    } -> tensor<2x3x6x6xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%25 : tensor<2x3x6x6xf32>) outs(%6 : tensor<2x3x6x6xf16>) {
    ^bb0(%in: f32, %out: f16):
      %32 = arith.truncf %in : f32 to f16
      linalg.yield %32 : f16
    } -> tensor<2x3x6x6xf16>
    %collapsed_7 = tensor.collapse_shape %26 [[0, 1], [2], [3]] : tensor<2x3x6x6xf16> into tensor<6x6x6xf16>
    %collapsed_8 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x3x6x8xf16> into tensor<6x6x8xf16>
    %27 = tensor.empty() : tensor<6x6x8xf32>
    %28 = linalg.fill ins(%cst : f32) outs(%27 : tensor<6x6x8xf32>) -> tensor<6x6x8xf32>
    %29 = linalg.batch_matmul ins(%collapsed_7, %collapsed_8 : tensor<6x6x6xf16>, tensor<6x6x8xf16>) outs(%28 : tensor<6x6x8xf32>) -> tensor<6x6x8xf32>
    %30 = tensor.empty() : tensor<6x6x8xf16>
    %31 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<6x6x8xf32>) outs(%30 : tensor<6x6x8xf16>) {
    ^bb0(%in: f32, %out: f16):
      %32 = arith.truncf %in : f32 to f16
      linalg.yield %32 : f16
    } -> tensor<6x6x8xf16>
    %expanded_9 = tensor.expand_shape %31 [[0, 1], [2], [3]] output_shape [2, 3, 6, 8] : tensor<6x6x8xf16> into tensor<2x3x6x8xf16>
    return %expanded_9 : tensor<2x3x6x8xf16>
  }
}
