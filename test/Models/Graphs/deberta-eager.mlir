// deberta-eager with one layer, its weights as arguments: models.py --graph deberta-eager.
// RUN: attn-run %s --random --random-scale=0.5 --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-1: fusion main_fusion{{[0-9]+}}: ok
// CHECK: fused 1
// RAISED-COUNT-1: attn.sdpa
// RAISED-NOT: attn.sdpa
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map3 = affine_map<(d0, d1, d2) -> (d2)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0) -> (d0)>
#map8 = affine_map<(d0, d1) -> (d0, 0)>
#map9 = affine_map<(d0, d1) -> (0, d1)>
#map10 = affine_map<(d0, d1) -> (d0, d1)>
#map11 = affine_map<(d0, d1) -> (d1)>
#map12 = affine_map<() -> ()>
#map13 = affine_map<(d0, d1, d2) -> ()>
#map14 = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
#map15 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map17 = affine_map<(d0, d1, d2, d3) -> ()>
#map18 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %cst_6: tensor<16xf32>, %cst_7: tensor<16xf32>, %cst_8: tensor<16xf32>, %cst_9: tensor<16x32xf32>, %cst_10: tensor<32xf32>, %cst_11: tensor<32x16xf32>, %cst_12: tensor<16xf32>, %cst_13: tensor<16xf32>, %cst_14: tensor<16xf32>, %cst_15: tensor<16x16xf32>, %cst_16: tensor<16xf32>, %cst_17: tensor<16x16xf32>, %cst_18: tensor<16xf32>, %cst_19: tensor<16x16xf32>, %cst_20: tensor<64x16xf32>, %cst_21: tensor<16xf32>, %cst_22: tensor<16x16xf32>, %cst_23: tensor<16xf32>, %cst_24: tensor<16x16xf32>, %cst_25: tensor<16xf32>, %cst_26: tensor<16x16xf32>, %cst_27: tensor<16xf32>, %cst_28: tensor<16xf32>, %cst_30: tensor<50x16xf32>) -> tensor<2x7x16xf32> {
    %c63_i64 = arith.constant 63 : i64
    %c32_i64 = arith.constant 32 : i64
    %c0_i64 = arith.constant 0 : i64
    %c50 = arith.constant 50 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %c64 = arith.constant 64 : index
    %true = arith.constant true
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 5.000000e-01 : f32
    %cst_4 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_5 = arith.constant dense<1.200000e+01> : tensor<f32>
    %cst_29 = arith.constant 9.9999999999999995E-8 : f64
    %cst_31 = arith.constant 1.600000e+01 : f64
    %cst_32 = arith.constant 1.600000e+01 : f32
    %cst_33 = arith.constant 1.41421354 : f32
    %0 = tensor.empty() : tensor<2x7x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %145 = arith.index_cast %in : i64 to index
      %146 = linalg.index 2 : index
      %147 = arith.cmpi slt, %145, %c50 : index
      cf.assert %147, "index must be smaller than dim size"
      %148 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %148, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_30[%145, %146] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %2 = tensor.empty() : tensor<2x7x16xf64>
    %3 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<2x7x16xf32>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %145 = arith.extf %in : f32 to f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %4 = tensor.empty() : tensor<2x7x1xf64>
    %5 = linalg.fill ins(%cst : f64) outs(%4 : tensor<2x7x1xf64>) -> tensor<2x7x1xf64>
    %6 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%3 : tensor<2x7x16xf64>) outs(%5 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.addf %in, %out : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %7 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<2x7x1xf64>) outs(%4 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.divf %in, %cst_31 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %8 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3, %7 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_80: f64, %out: f64):
      %145 = arith.subf %in, %in_80 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %9 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8, %8 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_80: f64, %out: f64):
      %145 = arith.mulf %in, %in_80 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %10 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%9 : tensor<2x7x16xf64>) outs(%5 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.addf %in, %out : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10 : tensor<2x7x1xf64>) outs(%4 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.divf %in, %cst_31 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %12 = tensor.empty() : tensor<2x7x1xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<2x7x1xf64>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %145 = arith.truncf %in : f64 to f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %14 = linalg.fill ins(%cst_0 : f32) outs(%12 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%1 : tensor<2x7x16xf32>) outs(%14 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_32 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_29 : f64 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x7x1xf32>
    %18 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.rsqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %16 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.subf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %18 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %cst_28 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %cst_27 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %expanded = tensor.expand_shape %arg1 [[0], [1, 2]] output_shape [2, 7, 1] : tensor<2x7xi64> into tensor<2x7x1xi64>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<2x7x1xi64>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %145 = arith.sitofp %in : i64 to f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22, %23 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %expanded_34 = tensor.expand_shape %arg1 [[0], [1, 2, 3]] output_shape [2, 1, 1, 7] : tensor<2x7xi64> into tensor<2x1x1x7xi64>
    %expanded_35 = tensor.expand_shape %arg1 [[0], [1, 2, 3]] output_shape [2, 1, 7, 1] : tensor<2x7xi64> into tensor<2x1x7x1xi64>
    %25 = tensor.empty() : tensor<2x1x7x7xi64>
    %26 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_34, %expanded_35 : tensor<2x1x1x7xi64>, tensor<2x1x7x1xi64>) outs(%25 : tensor<2x1x7x7xi64>) {
    ^bb0(%in: i64, %in_80: i64, %out: i64):
      %145 = arith.muli %in, %in_80 : i64
      linalg.yield %145 : i64
    } -> tensor<2x1x7x7xi64>
    %27 = tensor.empty() : tensor<7xi64>
    %28 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel"]} outs(%27 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %145 = linalg.index 0 : index
      %146 = arith.index_cast %145 : index to i64
      linalg.yield %146 : i64
    } -> tensor<7xi64>
    %expanded_36 = tensor.expand_shape %28 [[0, 1]] output_shape [7, 1] : tensor<7xi64> into tensor<7x1xi64>
    %expanded_37 = tensor.expand_shape %28 [[0, 1]] output_shape [1, 7] : tensor<7xi64> into tensor<1x7xi64>
    %29 = tensor.empty() : tensor<7x7xi64>
    %30 = linalg.generic {indexing_maps = [#map8, #map9, #map10], iterator_types = ["parallel", "parallel"]} ins(%expanded_36, %expanded_37 : tensor<7x1xi64>, tensor<1x7xi64>) outs(%29 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %in_80: i64, %out: i64):
      %145 = arith.subi %in, %in_80 : i64
      linalg.yield %145 : i64
    } -> tensor<7x7xi64>
    %collapsed = tensor.collapse_shape %24 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %31 = tensor.empty() : tensor<16x16xf32>
    %transposed = linalg.transpose ins(%cst_26 : tensor<16x16xf32>) outs(%31 : tensor<16x16xf32>) permutation = [1, 0] 
    %32 = tensor.empty() : tensor<14x16xf32>
    %33 = linalg.fill ins(%cst_0 : f32) outs(%32 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %34 = linalg.matmul ins(%collapsed, %transposed : tensor<14x16xf32>, tensor<16x16xf32>) outs(%33 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %35 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%34, %cst_25 : tensor<14x16xf32>, tensor<16xf32>) outs(%32 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<14x16xf32>
    %expanded_38 = tensor.expand_shape %35 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %36 = tensor.empty() : tensor<2x4x7x4xf32>
    %transposed_39 = linalg.transpose ins(%expanded_38 : tensor<2x7x4x4xf32>) outs(%36 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_40 = tensor.collapse_shape %transposed_39 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %transposed_41 = linalg.transpose ins(%cst_24 : tensor<16x16xf32>) outs(%31 : tensor<16x16xf32>) permutation = [1, 0] 
    %37 = linalg.matmul ins(%collapsed, %transposed_41 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%33 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %38 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%37, %cst_23 : tensor<14x16xf32>, tensor<16xf32>) outs(%32 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<14x16xf32>
    %expanded_42 = tensor.expand_shape %38 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_43 = linalg.transpose ins(%expanded_42 : tensor<2x7x4x4xf32>) outs(%36 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_44 = tensor.collapse_shape %transposed_43 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %transposed_45 = linalg.transpose ins(%cst_22 : tensor<16x16xf32>) outs(%31 : tensor<16x16xf32>) permutation = [1, 0] 
    %39 = linalg.matmul ins(%collapsed, %transposed_45 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%33 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %40 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%39, %cst_21 : tensor<14x16xf32>, tensor<16xf32>) outs(%32 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<14x16xf32>
    %expanded_46 = tensor.expand_shape %40 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_47 = linalg.transpose ins(%expanded_46 : tensor<2x7x4x4xf32>) outs(%36 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_48 = tensor.collapse_shape %transposed_47 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %41 = tensor.empty() : tensor<f32>
    %42 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = []} ins(%cst_5 : tensor<f32>) outs(%41 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.sqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<f32>
    %43 = tensor.empty() : tensor<8x4x7xf32>
    %transposed_49 = linalg.transpose ins(%collapsed_44 : tensor<8x7x4xf32>) outs(%43 : tensor<8x4x7xf32>) permutation = [0, 2, 1] 
    %44 = linalg.generic {indexing_maps = [#map1, #map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_49, %42 : tensor<8x4x7xf32>, tensor<f32>) outs(%43 : tensor<8x4x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.divf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<8x4x7xf32>
    %45 = tensor.empty() : tensor<8x7x7xf32>
    %46 = linalg.fill ins(%cst_0 : f32) outs(%45 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %47 = linalg.batch_matmul ins(%collapsed_40, %44 : tensor<8x7x4xf32>, tensor<8x4x7xf32>) outs(%46 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_50 = tensor.expand_shape %30 [[0, 1, 2], [3]] output_shape [1, 1, 7, 7] : tensor<7x7xi64> into tensor<1x1x7x7xi64>
    %transposed_51 = linalg.transpose ins(%cst_19 : tensor<16x16xf32>) outs(%31 : tensor<16x16xf32>) permutation = [1, 0] 
    %48 = tensor.empty() : tensor<64x16xf32>
    %49 = linalg.fill ins(%cst_0 : f32) outs(%48 : tensor<64x16xf32>) -> tensor<64x16xf32>
    %50 = linalg.matmul ins(%cst_20, %transposed_51 : tensor<64x16xf32>, tensor<16x16xf32>) outs(%49 : tensor<64x16xf32>) -> tensor<64x16xf32>
    %51 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%50, %cst_18 : tensor<64x16xf32>, tensor<16xf32>) outs(%48 : tensor<64x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<64x16xf32>
    %expanded_52 = tensor.expand_shape %51 [[0, 1], [2, 3]] output_shape [1, 64, 4, 4] : tensor<64x16xf32> into tensor<1x64x4x4xf32>
    %52 = tensor.empty() : tensor<1x4x64x4xf32>
    %transposed_53 = linalg.transpose ins(%expanded_52 : tensor<1x64x4x4xf32>) outs(%52 : tensor<1x4x64x4xf32>) permutation = [0, 2, 1, 3] 
    %53 = tensor.empty() : tensor<2x4x64x4xf32>
    %collapsed_54 = tensor.collapse_shape %transposed_53 [[0, 1], [2], [3]] : tensor<1x4x64x4xf32> into tensor<4x64x4xf32>
    %54 = linalg.generic {indexing_maps = [#map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_54 : tensor<4x64x4xf32>) outs(%53 : tensor<2x4x64x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x64x4xf32>
    %collapsed_55 = tensor.collapse_shape %54 [[0, 1], [2], [3]] : tensor<2x4x64x4xf32> into tensor<8x64x4xf32>
    %transposed_56 = linalg.transpose ins(%cst_17 : tensor<16x16xf32>) outs(%31 : tensor<16x16xf32>) permutation = [1, 0] 
    %55 = linalg.matmul ins(%cst_20, %transposed_56 : tensor<64x16xf32>, tensor<16x16xf32>) outs(%49 : tensor<64x16xf32>) -> tensor<64x16xf32>
    %56 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%55, %cst_16 : tensor<64x16xf32>, tensor<16xf32>) outs(%48 : tensor<64x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<64x16xf32>
    %expanded_57 = tensor.expand_shape %56 [[0, 1], [2, 3]] output_shape [1, 64, 4, 4] : tensor<64x16xf32> into tensor<1x64x4x4xf32>
    %transposed_58 = linalg.transpose ins(%expanded_57 : tensor<1x64x4x4xf32>) outs(%52 : tensor<1x4x64x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_59 = tensor.collapse_shape %transposed_58 [[0, 1], [2], [3]] : tensor<1x4x64x4xf32> into tensor<4x64x4xf32>
    %57 = linalg.generic {indexing_maps = [#map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_59 : tensor<4x64x4xf32>) outs(%53 : tensor<2x4x64x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x64x4xf32>
    %collapsed_60 = tensor.collapse_shape %57 [[0, 1], [2], [3]] : tensor<2x4x64x4xf32> into tensor<8x64x4xf32>
    %58 = tensor.empty() : tensor<8x4x64xf32>
    %transposed_61 = linalg.transpose ins(%collapsed_55 : tensor<8x64x4xf32>) outs(%58 : tensor<8x4x64xf32>) permutation = [0, 2, 1] 
    %59 = tensor.empty() : tensor<8x7x64xf32>
    %60 = linalg.fill ins(%cst_0 : f32) outs(%59 : tensor<8x7x64xf32>) -> tensor<8x7x64xf32>
    %61 = linalg.batch_matmul ins(%collapsed_40, %transposed_61 : tensor<8x7x4xf32>, tensor<8x4x64xf32>) outs(%60 : tensor<8x7x64xf32>) -> tensor<8x7x64xf32>
    %62 = tensor.empty() : tensor<1x1x7x7xi64>
    %63 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_50 : tensor<1x1x7x7xi64>) outs(%62 : tensor<1x1x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %145 = arith.addi %in, %c32_i64 : i64
      linalg.yield %145 : i64
    } -> tensor<1x1x7x7xi64>
    %64 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63 : tensor<1x1x7x7xi64>) outs(%62 : tensor<1x1x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %145 = arith.maxsi %in, %c0_i64 : i64
      %146 = arith.minsi %145, %c63_i64 : i64
      linalg.yield %146 : i64
    } -> tensor<1x1x7x7xi64>
    %65 = tensor.empty() : tensor<8x7x7xi64>
    %collapsed_62 = tensor.collapse_shape %64 [[0, 1, 2], [3]] : tensor<1x1x7x7xi64> into tensor<7x7xi64>
    %66 = linalg.generic {indexing_maps = [#map15, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_62 : tensor<7x7xi64>) outs(%65 : tensor<8x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<8x7x7xi64>
    %67 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%66 : tensor<8x7x7xi64>) outs(%46 : tensor<8x7x7xf32>) {
    ^bb0(%in: i64, %out: f32):
      %145 = linalg.index 0 : index
      %146 = linalg.index 1 : index
      %147 = arith.index_cast %in : i64 to index
      %148 = arith.cmpi slt, %147, %c64 : index
      cf.assert %148, "index must be smaller than dim size"
      %149 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %149, "index must be larger or equal to 0"
      %extracted = tensor.extract %61[%145, %146, %147] : tensor<8x7x64xf32>
      linalg.yield %extracted : f32
    } -> tensor<8x7x7xf32>
    %68 = linalg.generic {indexing_maps = [#map1, #map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67, %42 : tensor<8x7x7xf32>, tensor<f32>) outs(%45 : tensor<8x7x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.divf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<8x7x7xf32>
    %69 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%68 : tensor<8x7x7xf32>) outs(%45 : tensor<8x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %cst_0 : f32
      linalg.yield %145 : f32
    } -> tensor<8x7x7xf32>
    %70 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_50 : tensor<1x1x7x7xi64>) outs(%62 : tensor<1x1x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %145 = arith.sitofp %in : i64 to f32
      %146 = arith.negf %145 : f32
      %147 = arith.fptosi %146 : f32 to i64
      linalg.yield %147 : i64
    } -> tensor<1x1x7x7xi64>
    %71 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70 : tensor<1x1x7x7xi64>) outs(%62 : tensor<1x1x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %145 = arith.addi %in, %c32_i64 : i64
      linalg.yield %145 : i64
    } -> tensor<1x1x7x7xi64>
    %72 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71 : tensor<1x1x7x7xi64>) outs(%62 : tensor<1x1x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %145 = arith.maxsi %in, %c0_i64 : i64
      %146 = arith.minsi %145, %c63_i64 : i64
      linalg.yield %146 : i64
    } -> tensor<1x1x7x7xi64>
    %transposed_63 = linalg.transpose ins(%collapsed_60 : tensor<8x64x4xf32>) outs(%58 : tensor<8x4x64xf32>) permutation = [0, 2, 1] 
    %73 = linalg.batch_matmul ins(%collapsed_44, %transposed_63 : tensor<8x7x4xf32>, tensor<8x4x64xf32>) outs(%60 : tensor<8x7x64xf32>) -> tensor<8x7x64xf32>
    %collapsed_64 = tensor.collapse_shape %72 [[0, 1, 2], [3]] : tensor<1x1x7x7xi64> into tensor<7x7xi64>
    %74 = linalg.generic {indexing_maps = [#map15, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_64 : tensor<7x7xi64>) outs(%65 : tensor<8x7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<8x7x7xi64>
    %75 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74 : tensor<8x7x7xi64>) outs(%46 : tensor<8x7x7xf32>) {
    ^bb0(%in: i64, %out: f32):
      %145 = linalg.index 0 : index
      %146 = linalg.index 1 : index
      %147 = arith.index_cast %in : i64 to index
      %148 = arith.cmpi slt, %147, %c64 : index
      cf.assert %148, "index must be smaller than dim size"
      %149 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %149, "index must be larger or equal to 0"
      %extracted = tensor.extract %73[%145, %146, %147] : tensor<8x7x64xf32>
      linalg.yield %extracted : f32
    } -> tensor<8x7x7xf32>
    %transposed_65 = linalg.transpose ins(%75 : tensor<8x7x7xf32>) outs(%45 : tensor<8x7x7xf32>) permutation = [0, 2, 1] 
    %76 = linalg.generic {indexing_maps = [#map1, #map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_65, %42 : tensor<8x7x7xf32>, tensor<f32>) outs(%45 : tensor<8x7x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.divf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<8x7x7xf32>
    %77 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69, %76 : tensor<8x7x7xf32>, tensor<8x7x7xf32>) outs(%45 : tensor<8x7x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<8x7x7xf32>
    %78 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%47, %77 : tensor<8x7x7xf32>, tensor<8x7x7xf32>) outs(%45 : tensor<8x7x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<8x7x7xf32>
    %expanded_66 = tensor.expand_shape %78 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %79 = tensor.empty() : tensor<2x1x7x7xi1>
    %80 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%26 : tensor<2x1x7x7xi64>) outs(%79 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %145 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %145 : i1
    } -> tensor<2x1x7x7xi1>
    %81 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80 : tensor<2x1x7x7xi1>) outs(%79 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %out: i1):
      %145 = arith.xori %in, %true : i1
      linalg.yield %145 : i1
    } -> tensor<2x1x7x7xi1>
    %82 = tensor.empty() : tensor<2x4x7x7xf32>
    %83 = linalg.generic {indexing_maps = [#map16, #map17, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%81, %cst_4, %expanded_66 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<2x4x7x7xf32>) outs(%82 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: i1, %in_80: f32, %in_81: f32, %out: f32):
      %145 = arith.select %in, %in_80, %in_81 : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x7x7xf32>
    %84 = tensor.empty() : tensor<2x4x7xi64>
    %85 = linalg.fill ins(%c0_i64 : i64) outs(%84 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %86 = tensor.empty() : tensor<2x4x7xf32>
    %87 = linalg.fill ins(%cst_1 : f32) outs(%86 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %88:2 = linalg.generic {indexing_maps = [#map6, #map18, #map18], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%83 : tensor<2x4x7x7xf32>) outs(%87, %85 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_80: i64):
      %145 = linalg.index 3 : index
      %146 = arith.index_cast %145 : index to i64
      %147 = arith.maximumf %in, %out : f32
      %148 = arith.cmpf ogt, %in, %out : f32
      %149 = arith.select %148, %146, %out_80 : i64
      linalg.yield %147, %149 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_67 = tensor.expand_shape %88#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %89 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%83, %expanded_67 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%82 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.subf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x7x7xf32>
    %90 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%89 : tensor<2x4x7x7xf32>) outs(%82 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.exp %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x7x7xf32>
    %91 = tensor.empty() : tensor<2x4x7x1xf32>
    %92 = linalg.fill ins(%cst_0 : f32) outs(%91 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %93 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%90 : tensor<2x4x7x7xf32>) outs(%92 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x7x1xf32>
    %94 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%90, %93 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%82 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.divf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_68 = tensor.collapse_shape %94 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %95 = tensor.empty() : tensor<8x7x4xf32>
    %96 = linalg.fill ins(%cst_0 : f32) outs(%95 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %97 = linalg.batch_matmul ins(%collapsed_68, %collapsed_48 : tensor<8x7x7xf32>, tensor<8x7x4xf32>) outs(%96 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %expanded_69 = tensor.expand_shape %97 [[0, 1], [2], [3]] output_shape [2, 4, 7, 4] : tensor<8x7x4xf32> into tensor<2x4x7x4xf32>
    %98 = tensor.empty() : tensor<2x7x4x4xf32>
    %transposed_70 = linalg.transpose ins(%expanded_69 : tensor<2x4x7x4xf32>) outs(%98 : tensor<2x7x4x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_71 = tensor.collapse_shape %transposed_70 [[0, 1], [2, 3]] : tensor<2x7x4x4xf32> into tensor<14x16xf32>
    %transposed_72 = linalg.transpose ins(%cst_15 : tensor<16x16xf32>) outs(%31 : tensor<16x16xf32>) permutation = [1, 0] 
    %99 = linalg.matmul ins(%collapsed_71, %transposed_72 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%33 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %100 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%99, %cst_14 : tensor<14x16xf32>, tensor<16xf32>) outs(%32 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<14x16xf32>
    %expanded_73 = tensor.expand_shape %100 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_73, %24 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<2x7x16xf32>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %145 = arith.extf %in : f32 to f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%102 : tensor<2x7x16xf64>) outs(%5 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.addf %in, %out : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<2x7x1xf64>) outs(%4 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.divf %in, %cst_31 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %105 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102, %104 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_80: f64, %out: f64):
      %145 = arith.subf %in, %in_80 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %106 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105, %105 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_80: f64, %out: f64):
      %145 = arith.mulf %in, %in_80 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %107 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%106 : tensor<2x7x16xf64>) outs(%5 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.addf %in, %out : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<2x7x1xf64>) outs(%4 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.divf %in, %cst_31 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<2x7x1xf64>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %145 = arith.truncf %in : f64 to f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%101 : tensor<2x7x16xf32>) outs(%14 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_32 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_29 : f64 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x7x1xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.rsqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101, %111 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.subf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %115 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %113 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %cst_13 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %117 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116, %cst_12 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %collapsed_74 = tensor.collapse_shape %117 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %118 = tensor.empty() : tensor<16x32xf32>
    %transposed_75 = linalg.transpose ins(%cst_11 : tensor<32x16xf32>) outs(%118 : tensor<16x32xf32>) permutation = [1, 0] 
    %119 = tensor.empty() : tensor<14x32xf32>
    %120 = linalg.fill ins(%cst_0 : f32) outs(%119 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %121 = linalg.matmul ins(%collapsed_74, %transposed_75 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%120 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %122 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%121, %cst_10 : tensor<14x32xf32>, tensor<32xf32>) outs(%119 : tensor<14x32xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<14x32xf32>
    %expanded_76 = tensor.expand_shape %122 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %123 = tensor.empty() : tensor<2x7x32xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_76 : tensor<2x7x32xf32>) outs(%123 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_33 : f32
      %146 = math.erf %145 : f32
      %147 = arith.addf %146, %cst_2 : f32
      %148 = arith.mulf %147, %cst_3 : f32
      %149 = arith.mulf %in, %148 : f32
      linalg.yield %149 : f32
    } -> tensor<2x7x32xf32>
    %collapsed_77 = tensor.collapse_shape %124 [[0, 1], [2]] : tensor<2x7x32xf32> into tensor<14x32xf32>
    %125 = tensor.empty() : tensor<32x16xf32>
    %transposed_78 = linalg.transpose ins(%cst_9 : tensor<16x32xf32>) outs(%125 : tensor<32x16xf32>) permutation = [1, 0] 
    %126 = linalg.matmul ins(%collapsed_77, %transposed_78 : tensor<14x32xf32>, tensor<32x16xf32>) outs(%33 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %127 = linalg.generic {indexing_maps = [#map10, #map11, #map10], iterator_types = ["parallel", "parallel"]} ins(%126, %cst_8 : tensor<14x16xf32>, tensor<16xf32>) outs(%32 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<14x16xf32>
    %expanded_79 = tensor.expand_shape %127 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_79, %117 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %129 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128 : tensor<2x7x16xf32>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %145 = arith.extf %in : f32 to f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %130 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%129 : tensor<2x7x16xf64>) outs(%5 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.addf %in, %out : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %131 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<2x7x1xf64>) outs(%4 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.divf %in, %cst_31 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %132 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129, %131 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_80: f64, %out: f64):
      %145 = arith.subf %in, %in_80 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %133 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%132, %132 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%2 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_80: f64, %out: f64):
      %145 = arith.mulf %in, %in_80 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x16xf64>
    %134 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%133 : tensor<2x7x16xf64>) outs(%5 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.addf %in, %out : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %135 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134 : tensor<2x7x1xf64>) outs(%4 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %145 = arith.divf %in, %cst_31 : f64
      linalg.yield %145 : f64
    } -> tensor<2x7x1xf64>
    %136 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%135 : tensor<2x7x1xf64>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %145 = arith.truncf %in : f64 to f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %137 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%128 : tensor<2x7x16xf32>) outs(%14 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %138 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%137 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_32 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %139 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%136 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_29 : f64 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x7x1xf32>
    %140 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%139 : tensor<2x7x1xf32>) outs(%12 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.rsqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x1xf32>
    %141 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128, %138 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.subf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %142 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141, %140 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %143 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142, %cst_7 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.mulf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    %144 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%143, %cst_6 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_80: f32, %out: f32):
      %145 = arith.addf %in, %in_80 : f32
      linalg.yield %145 : f32
    } -> tensor<2x7x16xf32>
    return %144 : tensor<2x7x16xf32>
  }
}

