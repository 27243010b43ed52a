// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused
// FUSED-COUNT-1: attn.sdpa
// FUSED-SAME: key_lengths(%{{.*}} : tensor<2xi64>) structure(#attn.causal<top_left>)
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1) -> (0, d1)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> ()>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x3x5x8xf32>, %arg1: tensor<2x3x7x8xf32>, %arg2: tensor<2x3x7x8xf32>, %arg3: tensor<2xi64>) -> tensor<2x3x5x8xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_2 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_3 = arith.constant dense<true> : tensor<5x7xi1>
    %cst_4 = arith.constant 2.500000e-01 : f32
    %0 = tensor.empty() : tensor<7xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %36 = linalg.index 0 : index
      %37 = arith.index_cast %36 : index to i64
      linalg.yield %37 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %1 [[0, 1]] output_shape [1, 7] : tensor<7xi64> into tensor<1x7xi64>
    %2 = tensor.empty() : tensor<5xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %36 = linalg.index 0 : index
      %37 = arith.index_cast %36 : index to i64
      linalg.yield %37 : i64
    } -> tensor<5xi64>
    %expanded_5 = tensor.expand_shape %3 [[0, 1]] output_shape [5, 1] : tensor<5xi64> into tensor<5x1xi64>
    %4 = tensor.empty() : tensor<5x7xi64>
    %5 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_5 : tensor<1x7xi64>, tensor<5x1xi64>) outs(%4 : tensor<5x7xi64>) {
    ^bb0(%in: i64, %in_14: i64, %out: i64):
      %36 = arith.subi %in, %in_14 : i64
      linalg.yield %36 : i64
    } -> tensor<5x7xi64>
    %6 = tensor.empty() : tensor<5x7xi1>
    %7 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<5x7xi64>) outs(%6 : tensor<5x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %36 = arith.cmpi sle, %in, %c0_i64 : i64
      linalg.yield %36 : i1
    } -> tensor<5x7xi1>
    %8 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%7, %cst_3 : tensor<5x7xi1>, tensor<5x7xi1>) outs(%6 : tensor<5x7xi1>) {
    ^bb0(%in: i1, %in_14: i1, %out: i1):
      %36 = arith.andi %in, %in_14 : i1
      linalg.yield %36 : i1
    } -> tensor<5x7xi1>
    %expanded_6 = tensor.expand_shape %arg3 [[0, 1]] output_shape [2, 1] : tensor<2xi64> into tensor<2x1xi64>
    %9 = tensor.empty() : tensor<2x7xi1>
    %10 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_6 : tensor<1x7xi64>, tensor<2x1xi64>) outs(%9 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %in_14: i64, %out: i1):
      %36 = arith.cmpi sle, %in, %in_14 : i64
      linalg.yield %36 : i1
    } -> tensor<2x7xi1>
    %expanded_7 = tensor.expand_shape %10 [[0], [1, 2, 3]] output_shape [2, 1, 1, 7] : tensor<2x7xi1> into tensor<2x1x1x7xi1>
    %11 = tensor.empty() : tensor<2x1x5x7xi1>
    %12 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_7, %8 : tensor<2x1x1x7xi1>, tensor<5x7xi1>) outs(%11 : tensor<2x1x5x7xi1>) {
    ^bb0(%in: i1, %in_14: i1, %out: i1):
      %36 = arith.andi %in, %in_14 : i1
      linalg.yield %36 : i1
    } -> tensor<2x1x5x7xi1>
    %13 = tensor.empty() : tensor<2x1x5x7xf32>
    %14 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %cst_1, %cst_2 : tensor<2x1x5x7xi1>, tensor<f32>, tensor<f32>) outs(%13 : tensor<2x1x5x7xf32>) {
    ^bb0(%in: i1, %in_14: f32, %in_15: f32, %out: f32):
      %36 = arith.select %in, %in_14, %in_15 : f32
      linalg.yield %36 : f32
    } -> tensor<2x1x5x7xf32>
    %15 = tensor.empty() : tensor<2x3x8x7xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<2x3x7x8xf32>) outs(%15 : tensor<2x3x8x7xf32>) permutation = [0, 1, 3, 2] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2], [3]] : tensor<2x3x5x8xf32> into tensor<6x5x8xf32>
    %collapsed_8 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x3x8x7xf32> into tensor<6x8x7xf32>
    %16 = tensor.empty() : tensor<6x5x7xf32>
    %17 = linalg.fill ins(%cst : f32) outs(%16 : tensor<6x5x7xf32>) -> tensor<6x5x7xf32>
    %18 = linalg.batch_matmul ins(%collapsed, %collapsed_8 : tensor<6x5x8xf32>, tensor<6x8x7xf32>) outs(%17 : tensor<6x5x7xf32>) -> tensor<6x5x7xf32>
    %expanded_9 = tensor.expand_shape %18 [[0, 1], [2], [3]] output_shape [2, 3, 5, 7] : tensor<6x5x7xf32> into tensor<2x3x5x7xf32>
    %19 = tensor.empty() : tensor<2x3x5x7xf32>
    %20 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_9 : tensor<2x3x5x7xf32>) outs(%19 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %36 = arith.mulf %in, %cst_4 : f32
      linalg.yield %36 : f32
    } -> tensor<2x3x5x7xf32>
    %21 = linalg.generic {indexing_maps = [#map6, #map8, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%20, %14 : tensor<2x3x5x7xf32>, tensor<2x1x5x7xf32>) outs(%19 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %36 = arith.addf %in, %in_14 : f32
      linalg.yield %36 : f32
    } -> tensor<2x3x5x7xf32>
    %22 = tensor.empty() : tensor<2x3x5xi64>
    %23 = linalg.fill ins(%c0_i64 : i64) outs(%22 : tensor<2x3x5xi64>) -> tensor<2x3x5xi64>
    %24 = tensor.empty() : tensor<2x3x5xf32>
    %25 = linalg.fill ins(%cst_0 : f32) outs(%24 : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
    %26:2 = linalg.generic {indexing_maps = [#map6, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%21 : tensor<2x3x5x7xf32>) outs(%25, %23 : tensor<2x3x5xf32>, tensor<2x3x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_14: i64):
      %36 = linalg.index 3 : index
      %37 = arith.index_cast %36 : index to i64
      %38 = arith.maximumf %in, %out : f32
      %39 = arith.cmpf ogt, %in, %out : f32
      %40 = arith.select %39, %37, %out_14 : i64
      linalg.yield %38, %40 : f32, i64
    } -> (tensor<2x3x5xf32>, tensor<2x3x5xi64>)
    %expanded_10 = tensor.expand_shape %26#0 [[0], [1], [2, 3]] output_shape [2, 3, 5, 1] : tensor<2x3x5xf32> into tensor<2x3x5x1xf32>
    %27 = linalg.generic {indexing_maps = [#map6, #map10, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21, %expanded_10 : tensor<2x3x5x7xf32>, tensor<2x3x5x1xf32>) outs(%19 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %36 = arith.subf %in, %in_14 : f32
      linalg.yield %36 : f32
    } -> tensor<2x3x5x7xf32>
    %28 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27 : tensor<2x3x5x7xf32>) outs(%19 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %36 = math.exp %in : f32
      linalg.yield %36 : f32
    } -> tensor<2x3x5x7xf32>
    %29 = tensor.empty() : tensor<2x3x5x1xf32>
    %30 = linalg.fill ins(%cst : f32) outs(%29 : tensor<2x3x5x1xf32>) -> tensor<2x3x5x1xf32>
    %31 = linalg.generic {indexing_maps = [#map6, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%28 : tensor<2x3x5x7xf32>) outs(%30 : tensor<2x3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %36 = arith.addf %in, %out : f32
      linalg.yield %36 : f32
    } -> tensor<2x3x5x1xf32>
    %32 = linalg.generic {indexing_maps = [#map6, #map10, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%28, %31 : tensor<2x3x5x7xf32>, tensor<2x3x5x1xf32>) outs(%19 : tensor<2x3x5x7xf32>) {
    ^bb0(%in: f32, %in_14: f32, %out: f32):
      %36 = arith.divf %in, %in_14 : f32
      linalg.yield %36 : f32
    } -> tensor<2x3x5x7xf32>
    %collapsed_11 = tensor.collapse_shape %32 [[0, 1], [2], [3]] : tensor<2x3x5x7xf32> into tensor<6x5x7xf32>
    %collapsed_12 = tensor.collapse_shape %arg2 [[0, 1], [2], [3]] : tensor<2x3x7x8xf32> into tensor<6x7x8xf32>
    %33 = tensor.empty() : tensor<6x5x8xf32>
    %34 = linalg.fill ins(%cst : f32) outs(%33 : tensor<6x5x8xf32>) -> tensor<6x5x8xf32>
    %35 = linalg.batch_matmul ins(%collapsed_11, %collapsed_12 : tensor<6x5x7xf32>, tensor<6x7x8xf32>) outs(%34 : tensor<6x5x8xf32>) -> tensor<6x5x8xf32>
    %expanded_13 = tensor.expand_shape %35 [[0, 1], [2], [3]] output_shape [2, 3, 5, 8] : tensor<6x5x8xf32> into tensor<2x3x5x8xf32>
    return %expanded_13 : tensor<2x3x5x8xf32>
  }
}
