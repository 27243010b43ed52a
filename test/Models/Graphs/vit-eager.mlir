// vit-eager with one layer, its weights as arguments: models.py --graph vit-eager.
// RUN: attn-run %s --random --random-scale=0.5 --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-1: fusion main_fusion{{[0-9]+}}: ok
// CHECK: fused 1
// RAISED-COUNT-1: attn.sdpa
// RAISED-NOT: attn.sdpa
#map = affine_map<(d0, d1, d2) -> (d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d1, d2)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map8 = affine_map<(d0, d1, d2) -> (d2)>
#map9 = affine_map<(d0, d1) -> (d0, d1)>
#map10 = affine_map<(d0, d1) -> (d1)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x3x16x16xf32>, %cst_6: tensor<16xf32>, %cst_7: tensor<16xf32>, %cst_8: tensor<16xf32>, %cst_9: tensor<16x32xf32>, %cst_10: tensor<32xf32>, %cst_11: tensor<32x16xf32>, %cst_12: tensor<16xf32>, %cst_13: tensor<16xf32>, %cst_14: tensor<16xf32>, %cst_15: tensor<16x16xf32>, %cst_16: tensor<16xf32>, %cst_17: tensor<16x16xf32>, %cst_18: tensor<16xf32>, %cst_19: tensor<16x16xf32>, %cst_20: tensor<16xf32>, %cst_21: tensor<16x16xf32>, %cst_22: tensor<16xf32>, %cst_23: tensor<16xf32>, %cst_25: tensor<1x5x16xf32>, %cst_26: tensor<1x1x16xf32>, %cst_27: tensor<16xf32>, %cst_28: tensor<16x3x8x8xf32>) -> tensor<2x5x16xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0.000000e+00 : f64
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 5.000000e-01 : f32
    %cst_4 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_5 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_24 = arith.constant 9.9999999999999998E-13 : f64
    %cst_29 = arith.constant 1.600000e+01 : f64
    %cst_30 = arith.constant 1.600000e+01 : f32
    %cst_31 = arith.constant 1.41421354 : f32
    %0 = tensor.empty() : tensor<2x16x2x2xf32>
    %broadcasted = linalg.broadcast ins(%cst_27 : tensor<16xf32>) outs(%0 : tensor<2x16x2x2xf32>) dimensions = [0, 2, 3] 
    %1 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<8> : vector<2xi64>} ins(%arg0, %cst_28 : tensor<2x3x16x16xf32>, tensor<16x3x8x8xf32>) outs(%broadcasted : tensor<2x16x2x2xf32>) -> tensor<2x16x2x2xf32>
    %collapsed = tensor.collapse_shape %1 [[0], [1], [2, 3]] : tensor<2x16x2x2xf32> into tensor<2x16x4xf32>
    %2 = tensor.empty() : tensor<2x4x16xf32>
    %transposed = linalg.transpose ins(%collapsed : tensor<2x16x4xf32>) outs(%2 : tensor<2x4x16xf32>) permutation = [0, 2, 1] 
    %3 = tensor.empty() : tensor<2x1x16xf32>
    %collapsed_32 = tensor.collapse_shape %cst_26 [[0, 1], [2]] : tensor<1x1x16xf32> into tensor<1x16xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_32 : tensor<1x16xf32>) outs(%3 : tensor<2x1x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1x16xf32>
    %concat = tensor.concat dim(1) %4, %transposed : (tensor<2x1x16xf32>, tensor<2x4x16xf32>) -> tensor<2x5x16xf32>
    %5 = tensor.empty() : tensor<2x5x16xf32>
    %6 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat, %cst_25 : tensor<2x5x16xf32>, tensor<1x5x16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %7 = tensor.empty() : tensor<5xi64>
    %8 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%7 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %114 = linalg.index 0 : index
      %115 = arith.index_cast %114 : index to i64
      linalg.yield %115 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %8 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %9 = tensor.empty() : tensor<1x1x5x1xi1>
    %10 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x1x5x1xi64>) outs(%9 : tensor<1x1x5x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %114 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %114 : i1
    } -> tensor<1x1x5x1xi1>
    %11 = tensor.empty() : tensor<2x1x5x5xi1>
    %collapsed_33 = tensor.collapse_shape %10 [[0, 1], [2, 3]] : tensor<1x1x5x1xi1> into tensor<1x5xi1>
    %12 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_33 : tensor<1x5xi1>) outs(%11 : tensor<2x1x5x5xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x1x5x5xi1>
    %13 = tensor.empty() : tensor<2x1x5x5xf32>
    %14 = linalg.generic {indexing_maps = [#map4, #map6, #map6, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %cst_5, %cst_4 : tensor<2x1x5x5xi1>, tensor<f32>, tensor<f32>) outs(%13 : tensor<2x1x5x5xf32>) {
    ^bb0(%in: i1, %in_61: f32, %in_62: f32, %out: f32):
      %114 = arith.select %in, %in_61, %in_62 : f32
      linalg.yield %114 : f32
    } -> tensor<2x1x5x5xf32>
    %15 = tensor.empty() : tensor<2x5x16xf64>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<2x5x16xf32>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %114 = arith.extf %in : f32 to f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %17 = tensor.empty() : tensor<2x5x1xf64>
    %18 = linalg.fill ins(%cst_0 : f64) outs(%17 : tensor<2x5x1xf64>) -> tensor<2x5x1xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%16 : tensor<2x5x16xf64>) outs(%18 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.addf %in, %out : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<2x5x1xf64>) outs(%17 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.divf %in, %cst_29 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %20 : tensor<2x5x16xf64>, tensor<2x5x1xf64>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %114 = arith.subf %in, %in_61 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %22 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %21 : tensor<2x5x16xf64>, tensor<2x5x16xf64>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %114 = arith.mulf %in, %in_61 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %23 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<2x5x16xf64>) outs(%18 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.addf %in, %out : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<2x5x1xf64>) outs(%17 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.divf %in, %cst_29 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %25 = tensor.empty() : tensor<2x5x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<2x5x1xf64>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %114 = arith.truncf %in : f64 to f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %27 = linalg.fill ins(%cst : f32) outs(%25 : tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%6 : tensor<2x5x16xf32>) outs(%27 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.addf %in, %out : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.divf %in, %cst_30 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.truncf %cst_24 : f64 to f32
      %115 = arith.addf %in, %114 : f32
      linalg.yield %115 : f32
    } -> tensor<2x5x1xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = math.rsqrt %in : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %29 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.subf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %31 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.mulf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33, %cst_23 : tensor<2x5x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.mulf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34, %cst_22 : tensor<2x5x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %collapsed_34 = tensor.collapse_shape %35 [[0, 1], [2]] : tensor<2x5x16xf32> into tensor<10x16xf32>
    %36 = tensor.empty() : tensor<16x16xf32>
    %transposed_35 = linalg.transpose ins(%cst_21 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) permutation = [1, 0] 
    %37 = tensor.empty() : tensor<10x16xf32>
    %38 = linalg.fill ins(%cst : f32) outs(%37 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %39 = linalg.matmul ins(%collapsed_34, %transposed_35 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%38 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %40 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%39, %cst_20 : tensor<10x16xf32>, tensor<16xf32>) outs(%37 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<10x16xf32>
    %expanded_36 = tensor.expand_shape %40 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %41 = tensor.empty() : tensor<2x4x5x4xf32>
    %transposed_37 = linalg.transpose ins(%expanded_36 : tensor<2x5x4x4xf32>) outs(%41 : tensor<2x4x5x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_38 = linalg.transpose ins(%cst_19 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) permutation = [1, 0] 
    %42 = linalg.matmul ins(%collapsed_34, %transposed_38 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%38 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %43 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%42, %cst_18 : tensor<10x16xf32>, tensor<16xf32>) outs(%37 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<10x16xf32>
    %expanded_39 = tensor.expand_shape %43 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %transposed_40 = linalg.transpose ins(%cst_17 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) permutation = [1, 0] 
    %44 = linalg.matmul ins(%collapsed_34, %transposed_40 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%38 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %45 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%44, %cst_16 : tensor<10x16xf32>, tensor<16xf32>) outs(%37 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<10x16xf32>
    %expanded_41 = tensor.expand_shape %45 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %transposed_42 = linalg.transpose ins(%expanded_41 : tensor<2x5x4x4xf32>) outs(%41 : tensor<2x4x5x4xf32>) permutation = [0, 2, 1, 3] 
    %46 = tensor.empty() : tensor<2x4x4x5xf32>
    %transposed_43 = linalg.transpose ins(%expanded_39 : tensor<2x5x4x4xf32>) outs(%46 : tensor<2x4x4x5xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_44 = tensor.collapse_shape %transposed_37 [[0, 1], [2], [3]] : tensor<2x4x5x4xf32> into tensor<8x5x4xf32>
    %collapsed_45 = tensor.collapse_shape %transposed_43 [[0, 1], [2], [3]] : tensor<2x4x4x5xf32> into tensor<8x4x5xf32>
    %47 = tensor.empty() : tensor<8x5x5xf32>
    %48 = linalg.fill ins(%cst : f32) outs(%47 : tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
    %49 = linalg.batch_matmul ins(%collapsed_44, %collapsed_45 : tensor<8x5x4xf32>, tensor<8x4x5xf32>) outs(%48 : tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
    %expanded_46 = tensor.expand_shape %49 [[0, 1], [2], [3]] output_shape [2, 4, 5, 5] : tensor<8x5x5xf32> into tensor<2x4x5x5xf32>
    %50 = tensor.empty() : tensor<2x4x5x5xf32>
    %51 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_46 : tensor<2x4x5x5xf32>) outs(%50 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.mulf %in, %cst_3 : f32
      linalg.yield %114 : f32
    } -> tensor<2x4x5x5xf32>
    %52 = linalg.generic {indexing_maps = [#map4, #map11, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%51, %14 : tensor<2x4x5x5xf32>, tensor<2x1x5x5xf32>) outs(%50 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x4x5x5xf32>
    %53 = tensor.empty() : tensor<2x4x5xi64>
    %54 = linalg.fill ins(%c0_i64 : i64) outs(%53 : tensor<2x4x5xi64>) -> tensor<2x4x5xi64>
    %55 = tensor.empty() : tensor<2x4x5xf32>
    %56 = linalg.fill ins(%cst_1 : f32) outs(%55 : tensor<2x4x5xf32>) -> tensor<2x4x5xf32>
    %57:2 = linalg.generic {indexing_maps = [#map4, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%52 : tensor<2x4x5x5xf32>) outs(%56, %54 : tensor<2x4x5xf32>, tensor<2x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_61: i64):
      %114 = linalg.index 3 : index
      %115 = arith.index_cast %114 : index to i64
      %116 = arith.maximumf %in, %out : f32
      %117 = arith.cmpf ogt, %in, %out : f32
      %118 = arith.select %117, %115, %out_61 : i64
      linalg.yield %116, %118 : f32, i64
    } -> (tensor<2x4x5xf32>, tensor<2x4x5xi64>)
    %expanded_47 = tensor.expand_shape %57#0 [[0], [1], [2, 3]] output_shape [2, 4, 5, 1] : tensor<2x4x5xf32> into tensor<2x4x5x1xf32>
    %58 = linalg.generic {indexing_maps = [#map4, #map13, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%52, %expanded_47 : tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) outs(%50 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.subf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x4x5x5xf32>
    %59 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%58 : tensor<2x4x5x5xf32>) outs(%50 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = math.exp %in : f32
      linalg.yield %114 : f32
    } -> tensor<2x4x5x5xf32>
    %60 = tensor.empty() : tensor<2x4x5x1xf32>
    %61 = linalg.fill ins(%cst : f32) outs(%60 : tensor<2x4x5x1xf32>) -> tensor<2x4x5x1xf32>
    %62 = linalg.generic {indexing_maps = [#map4, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%59 : tensor<2x4x5x5xf32>) outs(%61 : tensor<2x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.addf %in, %out : f32
      linalg.yield %114 : f32
    } -> tensor<2x4x5x1xf32>
    %63 = linalg.generic {indexing_maps = [#map4, #map13, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59, %62 : tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) outs(%50 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.divf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x4x5x5xf32>
    %collapsed_48 = tensor.collapse_shape %63 [[0, 1], [2], [3]] : tensor<2x4x5x5xf32> into tensor<8x5x5xf32>
    %collapsed_49 = tensor.collapse_shape %transposed_42 [[0, 1], [2], [3]] : tensor<2x4x5x4xf32> into tensor<8x5x4xf32>
    %64 = tensor.empty() : tensor<8x5x4xf32>
    %65 = linalg.fill ins(%cst : f32) outs(%64 : tensor<8x5x4xf32>) -> tensor<8x5x4xf32>
    %66 = linalg.batch_matmul ins(%collapsed_48, %collapsed_49 : tensor<8x5x5xf32>, tensor<8x5x4xf32>) outs(%65 : tensor<8x5x4xf32>) -> tensor<8x5x4xf32>
    %expanded_50 = tensor.expand_shape %66 [[0, 1], [2], [3]] output_shape [2, 4, 5, 4] : tensor<8x5x4xf32> into tensor<2x4x5x4xf32>
    %67 = tensor.empty() : tensor<2x5x4x4xf32>
    %transposed_51 = linalg.transpose ins(%expanded_50 : tensor<2x4x5x4xf32>) outs(%67 : tensor<2x5x4x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_52 = tensor.collapse_shape %transposed_51 [[0, 1], [2, 3]] : tensor<2x5x4x4xf32> into tensor<10x16xf32>
    %transposed_53 = linalg.transpose ins(%cst_15 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) permutation = [1, 0] 
    %68 = linalg.matmul ins(%collapsed_52, %transposed_53 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%38 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %69 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%68, %cst_14 : tensor<10x16xf32>, tensor<16xf32>) outs(%37 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<10x16xf32>
    %expanded_54 = tensor.expand_shape %69 [[0, 1], [2]] output_shape [2, 5, 16] : tensor<10x16xf32> into tensor<2x5x16xf32>
    %70 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_54, %6 : tensor<2x5x16xf32>, tensor<2x5x16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %71 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70 : tensor<2x5x16xf32>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %114 = arith.extf %in : f32 to f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %72 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%71 : tensor<2x5x16xf64>) outs(%18 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.addf %in, %out : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %73 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%72 : tensor<2x5x1xf64>) outs(%17 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.divf %in, %cst_29 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %74 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%71, %73 : tensor<2x5x16xf64>, tensor<2x5x1xf64>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %114 = arith.subf %in, %in_61 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %75 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %74 : tensor<2x5x16xf64>, tensor<2x5x16xf64>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %114 = arith.mulf %in, %in_61 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %76 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%75 : tensor<2x5x16xf64>) outs(%18 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.addf %in, %out : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %77 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<2x5x1xf64>) outs(%17 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.divf %in, %cst_29 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %78 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%77 : tensor<2x5x1xf64>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %114 = arith.truncf %in : f64 to f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %79 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%70 : tensor<2x5x16xf32>) outs(%27 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.addf %in, %out : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %80 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.divf %in, %cst_30 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %81 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.truncf %cst_24 : f64 to f32
      %115 = arith.addf %in, %114 : f32
      linalg.yield %115 : f32
    } -> tensor<2x5x1xf32>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = math.rsqrt %in : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70, %80 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.subf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %84 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83, %82 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.mulf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %85 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84, %cst_13 : tensor<2x5x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.mulf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85, %cst_12 : tensor<2x5x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %collapsed_55 = tensor.collapse_shape %86 [[0, 1], [2]] : tensor<2x5x16xf32> into tensor<10x16xf32>
    %87 = tensor.empty() : tensor<16x32xf32>
    %transposed_56 = linalg.transpose ins(%cst_11 : tensor<32x16xf32>) outs(%87 : tensor<16x32xf32>) permutation = [1, 0] 
    %88 = tensor.empty() : tensor<10x32xf32>
    %89 = linalg.fill ins(%cst : f32) outs(%88 : tensor<10x32xf32>) -> tensor<10x32xf32>
    %90 = linalg.matmul ins(%collapsed_55, %transposed_56 : tensor<10x16xf32>, tensor<16x32xf32>) outs(%89 : tensor<10x32xf32>) -> tensor<10x32xf32>
    %91 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%90, %cst_10 : tensor<10x32xf32>, tensor<32xf32>) outs(%88 : tensor<10x32xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<10x32xf32>
    %expanded_57 = tensor.expand_shape %91 [[0, 1], [2]] output_shape [2, 5, 32] : tensor<10x32xf32> into tensor<2x5x32xf32>
    %92 = tensor.empty() : tensor<2x5x32xf32>
    %93 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_57 : tensor<2x5x32xf32>) outs(%92 : tensor<2x5x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.divf %in, %cst_31 : f32
      %115 = math.erf %114 : f32
      %116 = arith.addf %115, %cst_2 : f32
      %117 = arith.mulf %116, %cst_3 : f32
      %118 = arith.mulf %in, %117 : f32
      linalg.yield %118 : f32
    } -> tensor<2x5x32xf32>
    %collapsed_58 = tensor.collapse_shape %93 [[0, 1], [2]] : tensor<2x5x32xf32> into tensor<10x32xf32>
    %94 = tensor.empty() : tensor<32x16xf32>
    %transposed_59 = linalg.transpose ins(%cst_9 : tensor<16x32xf32>) outs(%94 : tensor<32x16xf32>) permutation = [1, 0] 
    %95 = linalg.matmul ins(%collapsed_58, %transposed_59 : tensor<10x32xf32>, tensor<32x16xf32>) outs(%38 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %96 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%95, %cst_8 : tensor<10x16xf32>, tensor<16xf32>) outs(%37 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<10x16xf32>
    %expanded_60 = tensor.expand_shape %96 [[0, 1], [2]] output_shape [2, 5, 16] : tensor<10x16xf32> into tensor<2x5x16xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_60, %70 : tensor<2x5x16xf32>, tensor<2x5x16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<2x5x16xf32>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %114 = arith.extf %in : f32 to f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %99 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%98 : tensor<2x5x16xf64>) outs(%18 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.addf %in, %out : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<2x5x1xf64>) outs(%17 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.divf %in, %cst_29 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %101 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %100 : tensor<2x5x16xf64>, tensor<2x5x1xf64>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %114 = arith.subf %in, %in_61 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %102 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101, %101 : tensor<2x5x16xf64>, tensor<2x5x16xf64>) outs(%15 : tensor<2x5x16xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %114 = arith.mulf %in, %in_61 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x16xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%102 : tensor<2x5x16xf64>) outs(%18 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.addf %in, %out : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<2x5x1xf64>) outs(%17 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %114 = arith.divf %in, %cst_29 : f64
      linalg.yield %114 : f64
    } -> tensor<2x5x1xf64>
    %105 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<2x5x1xf64>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %114 = arith.truncf %in : f64 to f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %106 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%97 : tensor<2x5x16xf32>) outs(%27 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.addf %in, %out : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %107 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.divf %in, %cst_30 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = arith.truncf %cst_24 : f64 to f32
      %115 = arith.addf %in, %114 : f32
      linalg.yield %115 : f32
    } -> tensor<2x5x1xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<2x5x1xf32>) outs(%25 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %114 = math.rsqrt %in : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97, %107 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.subf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110, %109 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.mulf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111, %cst_7 : tensor<2x5x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.mulf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %cst_6 : tensor<2x5x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %114 = arith.addf %in, %in_61 : f32
      linalg.yield %114 : f32
    } -> tensor<2x5x16xf32>
    return %113 : tensor<2x5x16xf32>
  }
}

