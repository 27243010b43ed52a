// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused
// FUSED-COUNT-1: attn.sdpa
// FUSED-SAME: key_lengths(%arg3 : tensor<2xi64>)
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1) -> (0, d1)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x3x5x8xf32>, %arg1: tensor<2x3x7x8xf32>, %arg2: tensor<2x3x7x8xf32>, %arg3: tensor<2xi64>) -> tensor<2x3x5x8xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %true = arith.constant true
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_2 = arith.constant 2.500000e-01 : f32
    %0 = tensor.empty() : tensor<7xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %27 = linalg.index 0 : index
      %28 = arith.index_cast %27 : index to i64
      linalg.yield %28 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %1 [[0, 1]] output_shape [1, 7] : tensor<7xi64> into tensor<1x7xi64>
    %expanded_3 = tensor.expand_shape %arg3 [[0, 1]] output_shape [2, 1] : tensor<2xi64> into tensor<2x1xi64>
    %2 = tensor.empty() : tensor<2x7xi1>
    %3 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_3 : tensor<1x7xi64>, tensor<2x1xi64>) outs(%2 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %in_11: i64, %out: i1):
      %27 = arith.cmpi slt, %in, %in_11 : i64
      linalg.yield %27 : i1
    } -> tensor<2x7xi1>
    %expanded_4 = tensor.expand_shape %3 [[0], [1, 2, 3]] output_shape [2, 1, 1, 7] : tensor<2x7xi1> into tensor<2x1x1x7xi1>
    %4 = tensor.empty() : tensor<2x3x8x7xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x3x7x8xf32>) outs(%4 : tensor<2x3x8x7xf32>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x3x5x8xf32> into tensor<6x5x8xf32>
    %collapsed_5 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x3x8x7xf32> into tensor<6x8x7xf32>
    %5 = tensor.empty() : tensor<6x5x7xf32>
    %6 = linalg.fill ins(%cst : f32) outs(%5 : tensor<6x5x7xf32>) -> tensor<6x5x7xf32>
    %7 = linalg.batch_matmul ins(%collapsed, %collapsed_5 : tensor<6x5x8xf32>, tensor<6x8x7xf32>) outs(%6 : tensor<6x5x7xf32>) -> tensor<6x5x7xf32>
    %expanded_6 = tensor.expand_shape %7 [[0, 1], [2], [3]] output_shape [2, 3, 5, 7] : tensor<6x5x7xf32> into tensor<2x3x5x7xf32>
    %8 = tensor.empty() : tensor<2x3x5x7xf32>
    %9 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_6 : tensor<2x3x5x7xf32>) outs(%8 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.mulf %in, %cst_2 : f32
      linalg.yield %27 : f32
    } -> tensor<2x3x5x7xf32>
    %10 = tensor.empty() : tensor<2x1x1x7xi1>
    %11 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_4 : tensor<2x1x1x7xi1>) outs(%10 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i1, %out: i1):
      %27 = arith.xori %in, %true : i1
      linalg.yield %27 : i1
    } -> tensor<2x1x1x7xi1>
    %12 = linalg.generic {indexing_maps = [#map5, #map6, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11, %cst_1, %9 : tensor<2x1x1x7xi1>, tensor<f32>, tensor<2x3x5x7xf32>) outs(%8 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: i1, %in_11: f32, %in_12: f32, %out: f32):
      %27 = arith.select %in, %in_11, %in_12 : f32
      linalg.yield %27 : f32
    } -> tensor<2x3x5x7xf32>
    %13 = tensor.empty() : tensor<2x3x5xi64>
    %14 = linalg.fill ins(%c0_i64 : i64) outs(%13 : tensor<2x3x5xi64>) -> tensor<2x3x5xi64>
    %15 = tensor.empty() : tensor<2x3x5xf32>
    %16 = linalg.fill ins(%cst_0 : f32) outs(%15 : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
    %17:2 = linalg.generic {indexing_maps = [#map4, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%12 : tensor<2x3x5x7xf32>) outs(%16, %14 : tensor<2x3x5xf32>, tensor<2x3x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_11: i64):
      %27 = linalg.index 3 : index
      %28 = arith.index_cast %27 : index to i64
      %29 = arith.maximumf %in, %out : f32
      %30 = arith.cmpf ogt, %in, %out : f32
      %31 = arith.select %30, %28, %out_11 : i64
      linalg.yield %29, %31 : f32, i64
    } -> (tensor<2x3x5xf32>, tensor<2x3x5xi64>)
    %expanded_7 = tensor.expand_shape %17#0 [[0], [1], [2, 3]] output_shape [2, 3, 5, 1] : tensor<2x3x5xf32> into tensor<2x3x5x1xf32>
    %18 = linalg.generic {indexing_maps = [#map4, #map8, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %expanded_7 : tensor<2x3x5x7xf32>, tensor<2x3x5x1xf32>) outs(%8 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %27 = arith.subf %in, %in_11 : f32
      linalg.yield %27 : f32
    } -> tensor<2x3x5x7xf32>
    %19 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%18 : tensor<2x3x5x7xf32>) outs(%8 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = math.exp %in : f32
      linalg.yield %27 : f32
    } -> tensor<2x3x5x7xf32>
    %20 = tensor.empty() : tensor<2x3x5x1xf32>
    %21 = linalg.fill ins(%cst : f32) outs(%20 : tensor<2x3x5x1xf32>) -> tensor<2x3x5x1xf32>
    %22 = linalg.generic {indexing_maps = [#map4, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%19 : tensor<2x3x5x7xf32>) outs(%21 : tensor<2x3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.addf %in, %out : f32
      linalg.yield %27 : f32
    } -> tensor<2x3x5x1xf32>
    %23 = linalg.generic {indexing_maps = [#map4, #map8, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%19, %22 : tensor<2x3x5x7xf32>, tensor<2x3x5x1xf32>) outs(%8 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %27 = arith.divf %in, %in_11 : f32
      linalg.yield %27 : f32
    } -> tensor<2x3x5x7xf32>
    %collapsed_8 = tensor.collapse_shape %23 [[0, 1], [2], [3]] : tensor<2x3x5x7xf32> into tensor<6x5x7xf32>
    %collapsed_9 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x3x7x8xf32> into tensor<6x7x8xf32>
    %24 = tensor.empty() : tensor<6x5x8xf32>
    %25 = linalg.fill ins(%cst : f32) outs(%24 : tensor<6x5x8xf32>) -> tensor<6x5x8xf32>
    %26 = linalg.batch_matmul ins(%collapsed_8, %collapsed_9 : tensor<6x5x7xf32>, tensor<6x7x8xf32>) outs(%25 : tensor<6x5x8xf32>) -> tensor<6x5x8xf32>
    %expanded_10 = tensor.expand_shape %26 [[0, 1], [2], [3]] output_shape [2, 3, 5, 8] : tensor<6x5x8xf32> into tensor<2x3x5x8xf32>
    return %expanded_10 : tensor<2x3x5x8xf32>
  }
}
