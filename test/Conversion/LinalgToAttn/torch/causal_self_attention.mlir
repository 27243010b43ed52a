// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused
// FUSED-COUNT-1: attn.sdpa
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0) -> (d0)>
#map2 = affine_map<(d0, d1) -> (0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, 0)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1) -> ()>
#map6 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map9 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map10 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<2x6x16xf32>, %arg1: tensor<48x16xf32>, %arg2: tensor<16x16xf32>) -> tensor<2x6x16xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<2x2x6x6xf32>
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_3 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_4 = arith.constant dense<true> : tensor<6x6xi1>
    %cst_5 = arith.constant 0xFFF0000000000000 : f64
    %cst_6 = arith.constant 0.59460355750136051 : f64
    %0 = tensor.empty() : tensor<16x48xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<48x16xf32>) outs(%0 : tensor<16x48xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2]] : tensor<2x6x16xf32> into tensor<12x16xf32>
    %1 = tensor.empty() : tensor<12x48xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<12x48xf32>) -> tensor<12x48xf32>
    %3 = linalg.matmul ins(%collapsed, %transposed : tensor<12x16xf32>, tensor<16x48xf32>) outs(%2 : tensor<12x48xf32>) -> tensor<12x48xf32>
    %expanded = tensor.expand_shape %3 [[0, 1], [2]] output_shape [2, 6, 48] : tensor<12x48xf32> into tensor<2x6x48xf32>
    %extracted_slice = tensor.extract_slice %expanded[0, 0, 0] [2, 6, 16] [1, 1, 1] : tensor<2x6x48xf32> to tensor<2x6x16xf32>
    %extracted_slice_7 = tensor.extract_slice %expanded[0, 0, 16] [2, 6, 16] [1, 1, 1] : tensor<2x6x48xf32> to tensor<2x6x16xf32>
    %extracted_slice_8 = tensor.extract_slice %expanded[0, 0, 32] [2, 6, 16] [1, 1, 1] : tensor<2x6x48xf32> to tensor<2x6x16xf32>
    %expanded_9 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [2, 6, 2, 8] : tensor<2x6x16xf32> into tensor<2x6x2x8xf32>
    %4 = tensor.empty() : tensor<2x2x6x8xf32>
    %transposed_10 = linalg.transpose ins(%expanded_9 : tensor<2x6x2x8xf32>) outs(%4 : tensor<2x2x6x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_11 = tensor.expand_shape %extracted_slice_7 [[0], [1], [2, 3]] output_shape [2, 6, 2, 8] : tensor<2x6x16xf32> into tensor<2x6x2x8xf32>
    %expanded_12 = tensor.expand_shape %extracted_slice_8 [[0], [1], [2, 3]] output_shape [2, 6, 2, 8] : tensor<2x6x16xf32> into tensor<2x6x2x8xf32>
    %transposed_13 = linalg.transpose ins(%expanded_12 : tensor<2x6x2x8xf32>) outs(%4 : tensor<2x2x6x8xf32>) permutation = [0, 2, 1, 3] 
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_10 : tensor<2x2x6x8xf32>) outs(%4 : tensor<2x2x6x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %49 = arith.truncf %cst_6 : f64 to f32
      %50 = arith.mulf %in, %49 : f32
      linalg.yield %50 : f32
    } -> tensor<2x2x6x8xf32>
    %6 = tensor.empty() : tensor<6xi64>
    %7 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel"]} outs(%6 : tensor<6xi64>) {
    ^bb0(%out: i64):
      %49 = linalg.index 0 : index
      %50 = arith.index_cast %49 : index to i64
      linalg.yield %50 : i64
    } -> tensor<6xi64>
    %expanded_14 = tensor.expand_shape %7 [[0, 1]] output_shape [1, 6] : tensor<6xi64> into tensor<1x6xi64>
    %expanded_15 = tensor.expand_shape %7 [[0, 1]] output_shape [6, 1] : tensor<6xi64> into tensor<6x1xi64>
    %8 = tensor.empty() : tensor<6x6xi64>
    %9 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%expanded_14, %expanded_15 : tensor<1x6xi64>, tensor<6x1xi64>) outs(%8 : tensor<6x6xi64>) {
    ^bb0(%in: i64, %in_27: i64, %out: i64):
      %49 = arith.subi %in, %in_27 : i64
      linalg.yield %49 : i64
    } -> tensor<6x6xi64>
    %10 = tensor.empty() : tensor<6x6xi1>
    %11 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%9 : tensor<6x6xi64>) outs(%10 : tensor<6x6xi1>) {
    ^bb0(%in: i64, %out: i1):
      %49 = arith.cmpi sle, %in, %c0_i64 : i64
      linalg.yield %49 : i1
    } -> tensor<6x6xi1>
    %12 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%11, %cst_4 : tensor<6x6xi1>, tensor<6x6xi1>) outs(%10 : tensor<6x6xi1>) {
    ^bb0(%in: i1, %in_27: i1, %out: i1):
      %49 = arith.andi %in, %in_27 : i1
      linalg.yield %49 : i1
    } -> tensor<6x6xi1>
    %13 = tensor.empty() : tensor<6x6xf32>
    %14 = linalg.generic {indexing_maps = [#map4, #map5, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%12, %cst_2, %cst_3 : tensor<6x6xi1>, tensor<f32>, tensor<f32>) outs(%13 : tensor<6x6xf32>) {
    ^bb0(%in: i1, %in_27: f32, %in_28: f32, %out: f32):
      %49 = arith.select %in, %in_27, %in_28 : f32
      linalg.yield %49 : f32
    } -> tensor<6x6xf32>
    %15 = tensor.empty() : tensor<2x2x8x6xf32>
    %transposed_16 = linalg.transpose ins(%expanded_11 : tensor<2x6x2x8xf32>) outs(%15 : tensor<2x2x8x6xf32>) permutation = [0, 2, 3, 1] 
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_16 : tensor<2x2x8x6xf32>) outs(%15 : tensor<2x2x8x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %49 = arith.truncf %cst_6 : f64 to f32
      %50 = arith.mulf %in, %49 : f32
      linalg.yield %50 : f32
    } -> tensor<2x2x8x6xf32>
    %collapsed_17 = tensor.collapse_shape %5 [[0, 1], [2], [3]] : tensor<2x2x6x8xf32> into tensor<4x6x8xf32>
    %collapsed_18 = tensor.collapse_shape %16 [[0, 1], [2], [3]] : tensor<2x2x8x6xf32> into tensor<4x8x6xf32>
    %17 = tensor.empty() : tensor<4x6x6xf32>
    %18 = linalg.fill ins(%cst : f32) outs(%17 : tensor<4x6x6xf32>) -> tensor<4x6x6xf32>
    %19 = linalg.batch_matmul ins(%collapsed_17, %collapsed_18 : tensor<4x6x8xf32>, tensor<4x8x6xf32>) outs(%18 : tensor<4x6x6xf32>) -> tensor<4x6x6xf32>
    %expanded_19 = tensor.expand_shape %19 [[0, 1], [2], [3]] output_shape [2, 2, 6, 6] : tensor<4x6x6xf32> into tensor<2x2x6x6xf32>
    %20 = tensor.empty() : tensor<2x2x6x6xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map6, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_19, %14 : tensor<2x2x6x6xf32>, tensor<6x6xf32>) outs(%20 : tensor<2x2x6x6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %49 = arith.addf %in, %in_27 : f32
      linalg.yield %49 : f32
    } -> tensor<2x2x6x6xf32>
    %22 = tensor.empty() : tensor<2x2x6xi64>
    %23 = linalg.fill ins(%c0_i64 : i64) outs(%22 : tensor<2x2x6xi64>) -> tensor<2x2x6xi64>
    %24 = tensor.empty() : tensor<2x2x6xf32>
    %25 = linalg.fill ins(%cst_0 : f32) outs(%24 : tensor<2x2x6xf32>) -> tensor<2x2x6xf32>
    %26:2 = linalg.generic {indexing_maps = [#map, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%21 : tensor<2x2x6x6xf32>) outs(%25, %23 : tensor<2x2x6xf32>, tensor<2x2x6xi64>) {
    ^bb0(%in: f32, %out: f32, %out_27: i64):
      %49 = linalg.index 3 : index
      %50 = arith.index_cast %49 : index to i64
      %51 = arith.maximumf %in, %out : f32
      %52 = arith.cmpf ogt, %in, %out : f32
      %53 = arith.select %52, %50, %out_27 : i64
      linalg.yield %51, %53 : f32, i64
    } -> (tensor<2x2x6xf32>, tensor<2x2x6xi64>)
    %expanded_20 = tensor.expand_shape %26#0 [[0], [1], [2, 3]] output_shape [2, 2, 6, 1] : tensor<2x2x6xf32> into tensor<2x2x6x1xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21, %expanded_20 : tensor<2x2x6x6xf32>, tensor<2x2x6x1xf32>) outs(%20 : tensor<2x2x6x6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %49 = arith.subf %in, %in_27 : f32
      linalg.yield %49 : f32
    } -> tensor<2x2x6x6xf32>
    %28 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27 : tensor<2x2x6x6xf32>) outs(%20 : tensor<2x2x6x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %49 = math.exp %in : f32
      linalg.yield %49 : f32
    } -> tensor<2x2x6x6xf32>
    %29 = tensor.empty() : tensor<2x2x6x1xf32>
    %30 = linalg.fill ins(%cst : f32) outs(%29 : tensor<2x2x6x1xf32>) -> tensor<2x2x6x1xf32>
    %31 = linalg.generic {indexing_maps = [#map, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%28 : tensor<2x2x6x6xf32>) outs(%30 : tensor<2x2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %49 = arith.addf %in, %out : f32
      linalg.yield %49 : f32
    } -> tensor<2x2x6x1xf32>
    %32 = linalg.generic {indexing_maps = [#map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%28, %31 : tensor<2x2x6x6xf32>, tensor<2x2x6x1xf32>) outs(%20 : tensor<2x2x6x6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %49 = arith.divf %in, %in_27 : f32
      linalg.yield %49 : f32
    } -> tensor<2x2x6x6xf32>
    %33 = tensor.empty() : tensor<2x2x6x6xi1>
    %34 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21 : tensor<2x2x6x6xf32>) outs(%33 : tensor<2x2x6x6xi1>) {
    ^bb0(%in: f32, %out: i1):
      %49 = arith.extf %in : f32 to f64
      %50 = arith.cmpf oeq, %49, %cst_5 : f64
      linalg.yield %50 : i1
    } -> tensor<2x2x6x6xi1>
    %35 = tensor.empty() : tensor<2x2x6x1xi1>
    %36 = linalg.fill ins(%true : i1) outs(%35 : tensor<2x2x6x1xi1>) -> tensor<2x2x6x1xi1>
    %37 = linalg.generic {indexing_maps = [#map, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%34 : tensor<2x2x6x6xi1>) outs(%36 : tensor<2x2x6x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %49 = arith.andi %in, %out : i1
      linalg.yield %49 : i1
    } -> tensor<2x2x6x1xi1>
    %38 = linalg.generic {indexing_maps = [#map8, #map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%37, %cst_1, %32 : tensor<2x2x6x1xi1>, tensor<2x2x6x6xf32>, tensor<2x2x6x6xf32>) outs(%20 : tensor<2x2x6x6xf32>) {
    ^bb0(%in: i1, %in_27: f32, %in_28: f32, %out: f32):
      %49 = arith.select %in, %in_27, %in_28 : f32
      linalg.yield %49 : f32
    } -> tensor<2x2x6x6xf32>
    %collapsed_21 = tensor.collapse_shape %38 [[0, 1], [2], [3]] : tensor<2x2x6x6xf32> into tensor<4x6x6xf32>
    %collapsed_22 = tensor.collapse_shape %transposed_13 [[0, 1], [2], [3]] : tensor<2x2x6x8xf32> into tensor<4x6x8xf32>
    %39 = tensor.empty() : tensor<4x6x8xf32>
    %40 = linalg.fill ins(%cst : f32) outs(%39 : tensor<4x6x8xf32>) -> tensor<4x6x8xf32>
    %41 = linalg.batch_matmul ins(%collapsed_21, %collapsed_22 : tensor<4x6x6xf32>, tensor<4x6x8xf32>) outs(%40 : tensor<4x6x8xf32>) -> tensor<4x6x8xf32>
    %expanded_23 = tensor.expand_shape %41 [[0, 1], [2], [3]] output_shape [2, 2, 6, 8] : tensor<4x6x8xf32> into tensor<2x2x6x8xf32>
    %42 = tensor.empty() : tensor<2x6x2x8xf32>
    %transposed_24 = linalg.transpose ins(%expanded_23 : tensor<2x2x6x8xf32>) outs(%42 : tensor<2x6x2x8xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_25 = tensor.collapse_shape %transposed_24 [[0], [1], [2, 3]] : tensor<2x6x2x8xf32> into tensor<2x6x16xf32>
    %43 = tensor.empty() : tensor<16x16xf32>
    %transposed_26 = linalg.transpose ins(%arg2 : tensor<16x16xf32>) outs(%43 : tensor<16x16xf32>) permutation = [1, 0] 
    %44 = tensor.empty() : tensor<2x16x16xf32>
    %45 = linalg.generic {indexing_maps = [#map9, #map10], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_26 : tensor<16x16xf32>) outs(%44 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %46 = tensor.empty() : tensor<2x6x16xf32>
    %47 = linalg.fill ins(%cst : f32) outs(%46 : tensor<2x6x16xf32>) -> tensor<2x6x16xf32>
    %48 = linalg.batch_matmul ins(%collapsed_25, %45 : tensor<2x6x16xf32>, tensor<2x16x16xf32>) outs(%47 : tensor<2x6x16xf32>) -> tensor<2x6x16xf32>
    return %48 : tensor<2x6x16xf32>
  }
}
