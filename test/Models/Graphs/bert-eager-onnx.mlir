// bert-eager-onnx with one layer, its weights as arguments: models.py --graph bert-eager-onnx.
// RUN: attn-run %s --random --random-scale=0.5 --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-1: fusion main_fusion{{[0-9]+}}: ok
// CHECK: fused 1
// RAISED-COUNT-1: attn.sdpa
// RAISED-NOT: attn.sdpa
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map6 = affine_map<(d0, d1, d2) -> (d2)>
#map7 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map10 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, 0)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> ()>
#map13 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map16 = affine_map<(d0, d1, d2) -> ()>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %cst_1: tensor<50x16xf32>, %cst_5: tensor<16x16xf32>, %cst_6: tensor<16x16xf32>, %cst_7: tensor<16x16xf32>, %cst_8: tensor<16x16xf32>, %cst_9: tensor<16x32xf32>, %cst_10: tensor<32x16xf32>, %cst_11: tensor<2x7x16xf32>, %cst_12: tensor<1x7x16xf32>) -> tensor<2x7x16xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<1.000000e+00> : tensor<16xf32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<16xf32>
    %cst_4 = arith.constant dense<0.000000e+00> : tensor<32xf32>
    %cst_13 = arith.constant dense<true> : tensor<1x1x7x1xi1>
    %cst_14 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_15 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_16 = arith.constant dense<5.000000e-01> : tensor<f32>
    %cst_17 = arith.constant dense<1.41421354> : tensor<f32>
    %cst_18 = arith.constant dense<1.000000e+00> : tensor<f32>
    %cst_19 = arith.constant 1.600000e+01 : f32
    %cst_20 = arith.constant 9.99999996E-13 : f32
    %c0 = arith.constant 0 : index
    %c14_i64 = arith.constant 14 : i64
    %c50_i64 = arith.constant 50 : i64
    %cst_21 = arith.constant dense<[[[[0]]], [[[7]]]]> : tensor<2x1x1x1xi64>
    %cst_22 = arith.constant dense<[[[[0, 1, 2, 3, 4, 5, 6]]]]> : tensor<1x1x1x7xi64>
    %0 = tensor.empty() : tensor<2x7xi1>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%0 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %118 = arith.cmpi slt, %in, %c0_i64 : i64
      linalg.yield %118 : i1
    } -> tensor<2x7xi1>
    %2 = tensor.empty() : tensor<2x7xi64>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%2 : tensor<2x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %118 = arith.addi %in, %c50_i64 : i64
      linalg.yield %118 : i64
    } -> tensor<2x7xi64>
    %4 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %3, %arg0 : tensor<2x7xi1>, tensor<2x7xi64>, tensor<2x7xi64>) outs(%2 : tensor<2x7xi64>) {
    ^bb0(%in: i1, %in_48: i64, %in_49: i64, %out: i64):
      %118 = arith.select %in, %in_48, %in_49 : i64
      linalg.yield %118 : i64
    } -> tensor<2x7xi64>
    %collapsed = tensor.collapse_shape %4 [[0, 1]] : tensor<2x7xi64> into tensor<14xi64>
    %5 = tensor.empty() : tensor<14x16xf32>
    %6 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<14xi64>) outs(%5 : tensor<14x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %118 = arith.index_cast %in : i64 to index
      %119 = linalg.index 1 : index
      %extracted = tensor.extract %cst_1[%118, %119] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<14x16xf32>
    %expanded = tensor.expand_shape %6 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %7 = tensor.empty() : tensor<2x7x16xf32>
    %8 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded, %cst_11 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %9 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8, %cst_12 : tensor<2x7x16xf32>, tensor<1x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %10 = tensor.empty() : tensor<2x7x1xf32>
    %11 = linalg.fill ins(%cst : f32) outs(%10 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %12 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%9 : tensor<2x7x16xf32>) outs(%11 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %13 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.divf %in, %cst_19 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %collapsed_23 = tensor.collapse_shape %13 [[0], [1, 2]] : tensor<2x7x1xf32> into tensor<2x7xf32>
    %14 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_23 : tensor<2x7xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x7x16xf32>
    %15 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %14 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.subf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %16 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15, %15 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %17 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%16 : tensor<2x7x16xf32>) outs(%11 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %18 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.divf %in, %cst_19 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %19 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %cst_20 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %20 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = math.rsqrt %in : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %collapsed_24 = tensor.collapse_shape %20 [[0], [1, 2]] : tensor<2x7x1xf32> into tensor<2x7xf32>
    %21 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_24 : tensor<2x7xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x7x16xf32>
    %22 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15, %21 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %23 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22, %cst_2 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %24 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23, %cst_3 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %25 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x7xi64>) outs(%0 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %118 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %118 : i1
    } -> tensor<2x7xi1>
    %expanded_25 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [2, 7, 1] : tensor<2x7xi1> into tensor<2x7x1xi1>
    %collapsed_26 = tensor.collapse_shape %expanded_25 [[0, 1], [2]] : tensor<2x7x1xi1> into tensor<14x1xi1>
    %26 = tensor.empty() : tensor<2x1x1x7xi64>
    %27 = linalg.generic {indexing_maps = [#map7, #map8, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_22, %cst_21 : tensor<1x1x1x7xi64>, tensor<2x1x1x1xi64>) outs(%26 : tensor<2x1x1x7xi64>) {
    ^bb0(%in: i64, %in_48: i64, %out: i64):
      %118 = arith.addi %in, %in_48 : i64
      linalg.yield %118 : i64
    } -> tensor<2x1x1x7xi64>
    %28 = tensor.empty() : tensor<2x1x1x7xi1>
    %29 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27 : tensor<2x1x1x7xi64>) outs(%28 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %118 = arith.cmpi slt, %in, %c0_i64 : i64
      linalg.yield %118 : i1
    } -> tensor<2x1x1x7xi1>
    %30 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27 : tensor<2x1x1x7xi64>) outs(%26 : tensor<2x1x1x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %118 = arith.addi %in, %c14_i64 : i64
      linalg.yield %118 : i64
    } -> tensor<2x1x1x7xi64>
    %31 = linalg.generic {indexing_maps = [#map9, #map9, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%29, %30, %27 : tensor<2x1x1x7xi1>, tensor<2x1x1x7xi64>, tensor<2x1x1x7xi64>) outs(%26 : tensor<2x1x1x7xi64>) {
    ^bb0(%in: i1, %in_48: i64, %in_49: i64, %out: i64):
      %118 = arith.select %in, %in_48, %in_49 : i64
      linalg.yield %118 : i64
    } -> tensor<2x1x1x7xi64>
    %collapsed_27 = tensor.collapse_shape %31 [[0, 1, 2, 3]] : tensor<2x1x1x7xi64> into tensor<14xi64>
    %32 = tensor.empty() : tensor<14x1xi1>
    %33 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_27 : tensor<14xi64>) outs(%32 : tensor<14x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %118 = arith.index_cast %in : i64 to index
      %extracted = tensor.extract %collapsed_26[%118, %c0] : tensor<14x1xi1>
      linalg.yield %extracted : i1
    } -> tensor<14x1xi1>
    %collapsed_28 = tensor.collapse_shape %33 [[0, 1]] : tensor<14x1xi1> into tensor<14xi1>
    %expanded_29 = tensor.expand_shape %collapsed_28 [[0, 1, 2, 3]] output_shape [2, 1, 1, 7] : tensor<14xi1> into tensor<2x1x1x7xi1>
    %34 = tensor.empty() : tensor<2x1x7x7xi1>
    %35 = linalg.generic {indexing_maps = [#map10, #map11, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_13, %expanded_29 : tensor<1x1x7x1xi1>, tensor<2x1x1x7xi1>) outs(%34 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %in_48: i1, %out: i1):
      %118 = arith.andi %in, %in_48 : i1
      linalg.yield %118 : i1
    } -> tensor<2x1x7x7xi1>
    %36 = tensor.empty() : tensor<2x1x7x7xf32>
    %37 = linalg.generic {indexing_maps = [#map9, #map12, #map12, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%35, %cst_14, %cst_15 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<f32>) outs(%36 : tensor<2x1x7x7xf32>) {
    ^bb0(%in: i1, %in_48: f32, %in_49: f32, %out: f32):
      %118 = arith.select %in, %in_48, %in_49 : f32
      linalg.yield %118 : f32
    } -> tensor<2x1x7x7xf32>
    %38 = tensor.empty() : tensor<2x16x16xf32>
    %39 = linalg.generic {indexing_maps = [#map13, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_5 : tensor<16x16xf32>) outs(%38 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %40 = linalg.fill ins(%cst : f32) outs(%7 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %41 = linalg.batch_matmul ins(%24, %39 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%40 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %42 = linalg.generic {indexing_maps = [#map6, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3, %41 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %expanded_30 = tensor.expand_shape %42 [[0], [1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<2x7x16xf32> into tensor<2x7x4x4xf32>
    %43 = tensor.empty() : tensor<2x4x7x4xf32>
    %transposed = linalg.transpose ins(%expanded_30 : tensor<2x7x4x4xf32>) outs(%43 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %44 = linalg.generic {indexing_maps = [#map13, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_6 : tensor<16x16xf32>) outs(%38 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %45 = linalg.batch_matmul ins(%24, %44 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%40 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %46 = linalg.generic {indexing_maps = [#map6, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3, %45 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %expanded_31 = tensor.expand_shape %46 [[0], [1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<2x7x16xf32> into tensor<2x7x4x4xf32>
    %47 = linalg.generic {indexing_maps = [#map13, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_7 : tensor<16x16xf32>) outs(%38 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %48 = linalg.batch_matmul ins(%24, %47 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%40 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %49 = linalg.generic {indexing_maps = [#map6, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3, %48 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %expanded_32 = tensor.expand_shape %49 [[0], [1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<2x7x16xf32> into tensor<2x7x4x4xf32>
    %transposed_33 = linalg.transpose ins(%expanded_32 : tensor<2x7x4x4xf32>) outs(%43 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %50 = tensor.empty() : tensor<2x4x4x7xf32>
    %transposed_34 = linalg.transpose ins(%expanded_31 : tensor<2x7x4x4xf32>) outs(%50 : tensor<2x4x4x7xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_35 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %collapsed_36 = tensor.collapse_shape %transposed_34 [[0, 1], [2], [3]] : tensor<2x4x4x7xf32> into tensor<8x4x7xf32>
    %51 = tensor.empty() : tensor<8x7x7xf32>
    %52 = linalg.fill ins(%cst : f32) outs(%51 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %53 = linalg.batch_matmul ins(%collapsed_35, %collapsed_36 : tensor<8x7x4xf32>, tensor<8x4x7xf32>) outs(%52 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_37 = tensor.expand_shape %53 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %54 = tensor.empty() : tensor<2x4x7x7xf32>
    %55 = linalg.generic {indexing_maps = [#map9, #map12, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_37, %cst_16 : tensor<2x4x7x7xf32>, tensor<f32>) outs(%54 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x4x7x7xf32>
    %56 = linalg.generic {indexing_maps = [#map9, #map14, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%55, %37 : tensor<2x4x7x7xf32>, tensor<2x1x7x7xf32>) outs(%54 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x4x7x7xf32>
    %57 = tensor.empty() : tensor<2x4x7xi64>
    %58 = linalg.fill ins(%c0_i64 : i64) outs(%57 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %59 = tensor.empty() : tensor<2x4x7xf32>
    %60 = linalg.fill ins(%cst_0 : f32) outs(%59 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %61:2 = linalg.generic {indexing_maps = [#map9, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%56 : tensor<2x4x7x7xf32>) outs(%60, %58 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_48: i64):
      %118 = linalg.index 3 : index
      %119 = arith.index_cast %118 : index to i64
      %120 = arith.maximumf %in, %out : f32
      %121 = arith.cmpf ogt, %in, %out : f32
      %122 = arith.select %121, %119, %out_48 : i64
      linalg.yield %120, %122 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_38 = tensor.expand_shape %61#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %62 = linalg.generic {indexing_maps = [#map9, #map8, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%56, %expanded_38 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%54 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.subf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x4x7x7xf32>
    %63 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%62 : tensor<2x4x7x7xf32>) outs(%54 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = math.exp %in : f32
      linalg.yield %118 : f32
    } -> tensor<2x4x7x7xf32>
    %64 = tensor.empty() : tensor<2x4x7x1xf32>
    %65 = linalg.fill ins(%cst : f32) outs(%64 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %66 = linalg.generic {indexing_maps = [#map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%63 : tensor<2x4x7x7xf32>) outs(%65 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x4x7x1xf32>
    %67 = linalg.generic {indexing_maps = [#map9, #map8, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63, %66 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%54 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.divf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_39 = tensor.collapse_shape %67 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %collapsed_40 = tensor.collapse_shape %transposed_33 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %68 = tensor.empty() : tensor<8x7x4xf32>
    %69 = linalg.fill ins(%cst : f32) outs(%68 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %70 = linalg.batch_matmul ins(%collapsed_39, %collapsed_40 : tensor<8x7x7xf32>, tensor<8x7x4xf32>) outs(%69 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %expanded_41 = tensor.expand_shape %70 [[0, 1], [2], [3]] output_shape [2, 4, 7, 4] : tensor<8x7x4xf32> into tensor<2x4x7x4xf32>
    %71 = tensor.empty() : tensor<2x7x4x4xf32>
    %transposed_42 = linalg.transpose ins(%expanded_41 : tensor<2x4x7x4xf32>) outs(%71 : tensor<2x7x4x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_43 = tensor.collapse_shape %transposed_42 [[0], [1], [2, 3]] : tensor<2x7x4x4xf32> into tensor<2x7x16xf32>
    %72 = linalg.generic {indexing_maps = [#map13, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8 : tensor<16x16xf32>) outs(%38 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %73 = linalg.batch_matmul ins(%collapsed_43, %72 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%40 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %74 = linalg.generic {indexing_maps = [#map6, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3, %73 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %75 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %24 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %76 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%75 : tensor<2x7x16xf32>) outs(%11 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %77 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.divf %in, %cst_19 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %collapsed_44 = tensor.collapse_shape %77 [[0], [1, 2]] : tensor<2x7x1xf32> into tensor<2x7xf32>
    %78 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_44 : tensor<2x7xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x7x16xf32>
    %79 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%75, %78 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.subf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %80 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79, %79 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %81 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%80 : tensor<2x7x16xf32>) outs(%11 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %82 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.divf %in, %cst_19 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %83 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %cst_20 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %84 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = math.rsqrt %in : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %collapsed_45 = tensor.collapse_shape %84 [[0], [1, 2]] : tensor<2x7x1xf32> into tensor<2x7xf32>
    %85 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_45 : tensor<2x7xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x7x16xf32>
    %86 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79, %85 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %87 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%86, %cst_2 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %88 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87, %cst_3 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %89 = tensor.empty() : tensor<2x16x32xf32>
    %90 = linalg.generic {indexing_maps = [#map13, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<16x32xf32>) outs(%89 : tensor<2x16x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x32xf32>
    %91 = tensor.empty() : tensor<2x7x32xf32>
    %92 = linalg.fill ins(%cst : f32) outs(%91 : tensor<2x7x32xf32>) -> tensor<2x7x32xf32>
    %93 = linalg.batch_matmul ins(%88, %90 : tensor<2x7x16xf32>, tensor<2x16x32xf32>) outs(%92 : tensor<2x7x32xf32>) -> tensor<2x7x32xf32>
    %94 = linalg.generic {indexing_maps = [#map6, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4, %93 : tensor<32xf32>, tensor<2x7x32xf32>) outs(%91 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x32xf32>
    %95 = linalg.generic {indexing_maps = [#map2, #map16, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94, %cst_17 : tensor<2x7x32xf32>, tensor<f32>) outs(%91 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.divf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x32xf32>
    %96 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<2x7x32xf32>) outs(%91 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = math.erf %in : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x32xf32>
    %97 = linalg.generic {indexing_maps = [#map2, #map16, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %cst_18 : tensor<2x7x32xf32>, tensor<f32>) outs(%91 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x32xf32>
    %98 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94, %97 : tensor<2x7x32xf32>, tensor<2x7x32xf32>) outs(%91 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x32xf32>
    %99 = linalg.generic {indexing_maps = [#map2, #map16, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %cst_16 : tensor<2x7x32xf32>, tensor<f32>) outs(%91 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x32xf32>
    %100 = tensor.empty() : tensor<2x32x16xf32>
    %101 = linalg.generic {indexing_maps = [#map13, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_10 : tensor<32x16xf32>) outs(%100 : tensor<2x32x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x32x16xf32>
    %102 = linalg.batch_matmul ins(%99, %101 : tensor<2x7x32xf32>, tensor<2x32x16xf32>) outs(%40 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %103 = linalg.generic {indexing_maps = [#map6, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3, %102 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %104 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %88 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %105 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<2x7x16xf32>) outs(%11 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %106 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.divf %in, %cst_19 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %collapsed_46 = tensor.collapse_shape %106 [[0], [1, 2]] : tensor<2x7x1xf32> into tensor<2x7xf32>
    %107 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_46 : tensor<2x7xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x7x16xf32>
    %108 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104, %107 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.subf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %109 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108, %108 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %110 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%109 : tensor<2x7x16xf32>) outs(%11 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %out : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %111 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.divf %in, %cst_19 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %112 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = arith.addf %in, %cst_20 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %113 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<2x7x1xf32>) outs(%10 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %118 = math.rsqrt %in : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x1xf32>
    %collapsed_47 = tensor.collapse_shape %113 [[0], [1, 2]] : tensor<2x7x1xf32> into tensor<2x7xf32>
    %114 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_47 : tensor<2x7xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x7x16xf32>
    %115 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108, %114 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %116 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %cst_2 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.mulf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    %117 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116, %cst_3 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%7 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_48: f32, %out: f32):
      %118 = arith.addf %in, %in_48 : f32
      linalg.yield %118 : f32
    } -> tensor<2x7x16xf32>
    return %117 : tensor<2x7x16xf32>
  }
}

