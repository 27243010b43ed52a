// llama-sdpa with one layer, its weights as arguments: models.py --graph llama-sdpa.
// RUN: attn-run %s --random --random-scale=0.5 --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-1: fusion main_fusion{{[0-9]+}}: ok
// CHECK: fused 1
// RAISED-COUNT-1: attn.sdpa
// RAISED-NOT: attn.sdpa
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> ()>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, 0)>
#map9 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map10 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>
#map11 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map12 = affine_map<(d0, d1, d2) -> (d2)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map14 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map15 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map17 = affine_map<(d0, d1, d2) -> (d1, d2)>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %arg2: tensor<2x7xi64>, %cst_6: tensor<16xf32>, %cst_7: tensor<16x32xf32>, %cst_8: tensor<32x16xf32>, %cst_9: tensor<32x16xf32>, %cst_10: tensor<16xf32>, %cst_11: tensor<16x16xf32>, %cst_14: tensor<8x16xf32>, %cst_15: tensor<8x16xf32>, %cst_16: tensor<16x16xf32>, %cst_17: tensor<16xf32>, %cst_19: tensor<2xf32>, %cst_20: tensor<50x16xf32>) -> tensor<2x7x16xf32> {
    %c7_i64 = arith.constant 7 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c50 = arith.constant 50 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<2x4x7x7xf32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_4 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_5 = arith.constant dense<true> : tensor<i1>
    %cst_12 = arith.constant 0.70710678118654757 : f64
    %cst_13 = arith.constant 0xFFF0000000000000 : f64
    %cst_18 = arith.constant 9.9999999999999995E-7 : f64
    %cst_21 = arith.constant 1.600000e+01 : f32
    %0 = tensor.empty() : tensor<2x7x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %116 = arith.index_cast %in : i64 to index
      %117 = linalg.index 2 : index
      %118 = arith.cmpi slt, %116, %c50 : index
      cf.assert %118, "index must be smaller than dim size"
      %119 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %119, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_20[%116, %117] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %2 = tensor.empty() : tensor<2x7xi1>
    %3 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x7xi64>) outs(%2 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %116 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %116 : i1
    } -> tensor<2x7xi1>
    %4 = tensor.empty() : tensor<2xi64>
    %5 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%4 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %116 = linalg.index 0 : index
      %117 = arith.index_cast %116 : index to i64
      linalg.yield %117 : i64
    } -> tensor<2xi64>
    %6 = tensor.empty() : tensor<7xi64>
    %7 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%6 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %116 = linalg.index 0 : index
      %117 = arith.index_cast %116 : index to i64
      linalg.yield %117 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %5 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_22 = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [1, 1, 7, 1] : tensor<7xi64> into tensor<1x1x7x1xi64>
    %expanded_23 = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [1, 1, 1, 7] : tensor<7xi64> into tensor<1x1x1x7xi64>
    %8 = tensor.empty() : tensor<1x1x7x7xi1>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_23, %expanded_22 : tensor<1x1x1x7xi64>, tensor<1x1x7x1xi64>) outs(%8 : tensor<1x1x7x7xi1>) {
    ^bb0(%in: i64, %in_60: i64, %out: i1):
      %116 = arith.cmpi sle, %in, %in_60 : i64
      linalg.yield %116 : i1
    } -> tensor<1x1x7x7xi1>
    %10 = linalg.generic {indexing_maps = [#map7, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_5, %9 : tensor<i1>, tensor<1x1x7x7xi1>) outs(%8 : tensor<1x1x7x7xi1>) {
    ^bb0(%in: i1, %in_60: i1, %out: i1):
      %116 = arith.andi %in, %in_60 : i1
      linalg.yield %116 : i1
    } -> tensor<1x1x7x7xi1>
    %11 = tensor.empty() : tensor<2x1x1x7xi1>
    %12 = linalg.generic {indexing_maps = [#map8, #map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_23 : tensor<2x1x1x1xi64>, tensor<1x1x1x7xi64>) outs(%11 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i64, %in_60: i64, %out: i1):
      %116 = arith.cmpi slt, %in, %c0_i64 : i64
      %117 = arith.addi %in, %c2_i64 : i64
      %118 = arith.select %116, %117, %in : i64
      %119 = arith.index_cast %118 : i64 to index
      %120 = arith.cmpi slt, %in_60, %c0_i64 : i64
      %121 = arith.addi %in_60, %c7_i64 : i64
      %122 = arith.select %120, %121, %in_60 : i64
      %123 = arith.index_cast %122 : i64 to index
      %extracted = tensor.extract %3[%119, %123] : tensor<2x7xi1>
      linalg.yield %extracted : i1
    } -> tensor<2x1x1x7xi1>
    %13 = tensor.empty() : tensor<2x1x7x7xi1>
    %14 = linalg.generic {indexing_maps = [#map10, #map4, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %12 : tensor<1x1x7x7xi1>, tensor<2x1x1x7xi1>) outs(%13 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %in_60: i1, %out: i1):
      %116 = arith.andi %in, %in_60 : i1
      linalg.yield %116 : i1
    } -> tensor<2x1x7x7xi1>
    %expanded_24 = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [2, 7, 1] : tensor<2x7xi64> into tensor<2x7x1xi64>
    %15 = tensor.empty() : tensor<2x7x1xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_24 : tensor<2x7x1xi64>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %116 = arith.sitofp %in : i64 to f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %17 = tensor.empty() : tensor<2x7x2xf32>
    %18 = linalg.generic {indexing_maps = [#map11, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %cst_19 : tensor<2x7x1xf32>, tensor<2xf32>) outs(%17 : tensor<2x7x2xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x2xf32>
    %concat = tensor.concat dim(2) %18, %18 : (tensor<2x7x2xf32>, tensor<2x7x2xf32>) -> tensor<2x7x4xf32>
    %19 = tensor.empty() : tensor<2x7x4xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<2x7x4xf32>) outs(%19 : tensor<2x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.cos %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x4xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<2x7x4xf32>) outs(%19 : tensor<2x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.sin %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x4xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%15 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<2x7x16xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.divf %in, %cst_21 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_18 : f64 to f32
      %117 = arith.addf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<2x7x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.rsqrt %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %27 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %29 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_17, %28 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %30 = tensor.empty() : tensor<16x16xf32>
    %transposed = linalg.transpose ins(%cst_16 : tensor<16x16xf32>) outs(%30 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %29 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %31 = tensor.empty() : tensor<14x16xf32>
    %32 = linalg.fill ins(%cst : f32) outs(%31 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %33 = linalg.matmul ins(%collapsed, %transposed : tensor<14x16xf32>, tensor<16x16xf32>) outs(%32 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_25 = tensor.expand_shape %33 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %34 = tensor.empty() : tensor<2x4x7x4xf32>
    %transposed_26 = linalg.transpose ins(%expanded_25 : tensor<2x7x4x4xf32>) outs(%34 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %35 = tensor.empty() : tensor<16x8xf32>
    %transposed_27 = linalg.transpose ins(%cst_15 : tensor<8x16xf32>) outs(%35 : tensor<16x8xf32>) permutation = [1, 0] 
    %36 = tensor.empty() : tensor<14x8xf32>
    %37 = linalg.fill ins(%cst : f32) outs(%36 : tensor<14x8xf32>) -> tensor<14x8xf32>
    %38 = linalg.matmul ins(%collapsed, %transposed_27 : tensor<14x16xf32>, tensor<16x8xf32>) outs(%37 : tensor<14x8xf32>) -> tensor<14x8xf32>
    %expanded_28 = tensor.expand_shape %38 [[0, 1], [2, 3]] output_shape [2, 7, 2, 4] : tensor<14x8xf32> into tensor<2x7x2x4xf32>
    %39 = tensor.empty() : tensor<2x2x7x4xf32>
    %transposed_29 = linalg.transpose ins(%expanded_28 : tensor<2x7x2x4xf32>) outs(%39 : tensor<2x2x7x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_30 = linalg.transpose ins(%cst_14 : tensor<8x16xf32>) outs(%35 : tensor<16x8xf32>) permutation = [1, 0] 
    %40 = linalg.matmul ins(%collapsed, %transposed_30 : tensor<14x16xf32>, tensor<16x8xf32>) outs(%37 : tensor<14x8xf32>) -> tensor<14x8xf32>
    %expanded_31 = tensor.expand_shape %40 [[0, 1], [2, 3]] output_shape [2, 7, 2, 4] : tensor<14x8xf32> into tensor<2x7x2x4xf32>
    %transposed_32 = linalg.transpose ins(%expanded_31 : tensor<2x7x2x4xf32>) outs(%39 : tensor<2x2x7x4xf32>) permutation = [0, 2, 1, 3] 
    %expanded_33 = tensor.expand_shape %20 [[0], [1, 2], [3]] output_shape [2, 1, 7, 4] : tensor<2x7x4xf32> into tensor<2x1x7x4xf32>
    %expanded_34 = tensor.expand_shape %21 [[0], [1, 2], [3]] output_shape [2, 1, 7, 4] : tensor<2x7x4xf32> into tensor<2x1x7x4xf32>
    %41 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_26, %expanded_33 : tensor<2x4x7x4xf32>, tensor<2x1x7x4xf32>) outs(%34 : tensor<2x4x7x4xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x4xf32>
    %extracted_slice = tensor.extract_slice %transposed_26[0, 0, 0, 0] [2, 4, 7, 2] [1, 1, 1, 1] : tensor<2x4x7x4xf32> to tensor<2x4x7x2xf32>
    %extracted_slice_35 = tensor.extract_slice %transposed_26[0, 0, 0, 2] [2, 4, 7, 2] [1, 1, 1, 1] : tensor<2x4x7x4xf32> to tensor<2x4x7x2xf32>
    %42 = tensor.empty() : tensor<2x4x7x2xf32>
    %43 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_35 : tensor<2x4x7x2xf32>) outs(%42 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.negf %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x2xf32>
    %concat_36 = tensor.concat dim(3) %43, %extracted_slice : (tensor<2x4x7x2xf32>, tensor<2x4x7x2xf32>) -> tensor<2x4x7x4xf32>
    %44 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_36, %expanded_34 : tensor<2x4x7x4xf32>, tensor<2x1x7x4xf32>) outs(%34 : tensor<2x4x7x4xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x4xf32>
    %45 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%41, %44 : tensor<2x4x7x4xf32>, tensor<2x4x7x4xf32>) outs(%34 : tensor<2x4x7x4xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.addf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x4xf32>
    %46 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_29, %expanded_33 : tensor<2x2x7x4xf32>, tensor<2x1x7x4xf32>) outs(%39 : tensor<2x2x7x4xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x2x7x4xf32>
    %extracted_slice_37 = tensor.extract_slice %transposed_29[0, 0, 0, 0] [2, 2, 7, 2] [1, 1, 1, 1] : tensor<2x2x7x4xf32> to tensor<2x2x7x2xf32>
    %extracted_slice_38 = tensor.extract_slice %transposed_29[0, 0, 0, 2] [2, 2, 7, 2] [1, 1, 1, 1] : tensor<2x2x7x4xf32> to tensor<2x2x7x2xf32>
    %47 = tensor.empty() : tensor<2x2x7x2xf32>
    %48 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_38 : tensor<2x2x7x2xf32>) outs(%47 : tensor<2x2x7x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.negf %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x2x7x2xf32>
    %concat_39 = tensor.concat dim(3) %48, %extracted_slice_37 : (tensor<2x2x7x2xf32>, tensor<2x2x7x2xf32>) -> tensor<2x2x7x4xf32>
    %49 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_39, %expanded_34 : tensor<2x2x7x4xf32>, tensor<2x1x7x4xf32>) outs(%39 : tensor<2x2x7x4xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x2x7x4xf32>
    %50 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%46, %49 : tensor<2x2x7x4xf32>, tensor<2x2x7x4xf32>) outs(%39 : tensor<2x2x7x4xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.addf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x2x7x4xf32>
    %51 = tensor.empty() : tensor<2x2x2x7x4xf32>
    %52 = linalg.generic {indexing_maps = [#map14, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%50 : tensor<2x2x7x4xf32>) outs(%51 : tensor<2x2x2x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x7x4xf32>
    %collapsed_40 = tensor.collapse_shape %52 [[0], [1, 2], [3], [4]] : tensor<2x2x2x7x4xf32> into tensor<2x4x7x4xf32>
    %53 = linalg.generic {indexing_maps = [#map14, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_32 : tensor<2x2x7x4xf32>) outs(%51 : tensor<2x2x2x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x7x4xf32>
    %54 = tensor.empty() : tensor<2x1x7x7xf32>
    %55 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %cst_3, %cst_4 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<f32>) outs(%54 : tensor<2x1x7x7xf32>) {
    ^bb0(%in: i1, %in_60: f32, %in_61: f32, %out: f32):
      %116 = arith.select %in, %in_60, %in_61 : f32
      linalg.yield %116 : f32
    } -> tensor<2x1x7x7xf32>
    %56 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%45 : tensor<2x4x7x4xf32>) outs(%34 : tensor<2x4x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_12 : f64 to f32
      %117 = arith.mulf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<2x4x7x4xf32>
    %57 = tensor.empty() : tensor<2x4x4x7xf32>
    %transposed_41 = linalg.transpose ins(%collapsed_40 : tensor<2x4x7x4xf32>) outs(%57 : tensor<2x4x4x7xf32>) permutation = [0, 1, 3, 2] 
    %58 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_41 : tensor<2x4x4x7xf32>) outs(%57 : tensor<2x4x4x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_12 : f64 to f32
      %117 = arith.mulf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<2x4x4x7xf32>
    %collapsed_42 = tensor.collapse_shape %56 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %collapsed_43 = tensor.collapse_shape %58 [[0, 1], [2], [3]] : tensor<2x4x4x7xf32> into tensor<8x4x7xf32>
    %59 = tensor.empty() : tensor<8x7x7xf32>
    %60 = linalg.fill ins(%cst : f32) outs(%59 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %61 = linalg.batch_matmul ins(%collapsed_42, %collapsed_43 : tensor<8x7x4xf32>, tensor<8x4x7xf32>) outs(%60 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_44 = tensor.expand_shape %61 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %62 = tensor.empty() : tensor<2x4x7x7xf32>
    %63 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_44, %55 : tensor<2x4x7x7xf32>, tensor<2x1x7x7xf32>) outs(%62 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.addf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x7xf32>
    %64 = tensor.empty() : tensor<2x4x7xi64>
    %65 = linalg.fill ins(%c0_i64 : i64) outs(%64 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %66 = tensor.empty() : tensor<2x4x7xf32>
    %67 = linalg.fill ins(%cst_0 : f32) outs(%66 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %68:2 = linalg.generic {indexing_maps = [#map6, #map16, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%63 : tensor<2x4x7x7xf32>) outs(%67, %65 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_60: i64):
      %116 = linalg.index 3 : index
      %117 = arith.index_cast %116 : index to i64
      %118 = arith.maximumf %in, %out : f32
      %119 = arith.cmpf ogt, %in, %out : f32
      %120 = arith.select %119, %117, %out_60 : i64
      linalg.yield %118, %120 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_45 = tensor.expand_shape %68#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %69 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63, %expanded_45 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%62 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.subf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x7xf32>
    %70 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%69 : tensor<2x4x7x7xf32>) outs(%62 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.exp %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x7xf32>
    %71 = tensor.empty() : tensor<2x4x7x1xf32>
    %72 = linalg.fill ins(%cst : f32) outs(%71 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %73 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%70 : tensor<2x4x7x7xf32>) outs(%72 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x1xf32>
    %74 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70, %73 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%62 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.divf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x7xf32>
    %75 = tensor.empty() : tensor<2x4x7x7xi1>
    %76 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63 : tensor<2x4x7x7xf32>) outs(%75 : tensor<2x4x7x7xi1>) {
    ^bb0(%in: f32, %out: i1):
      %116 = arith.extf %in : f32 to f64
      %117 = arith.cmpf oeq, %116, %cst_13 : f64
      linalg.yield %117 : i1
    } -> tensor<2x4x7x7xi1>
    %77 = tensor.empty() : tensor<2x4x7x1xi1>
    %78 = linalg.fill ins(%true : i1) outs(%77 : tensor<2x4x7x1xi1>) -> tensor<2x4x7x1xi1>
    %79 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%76 : tensor<2x4x7x7xi1>) outs(%78 : tensor<2x4x7x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %116 = arith.andi %in, %out : i1
      linalg.yield %116 : i1
    } -> tensor<2x4x7x1xi1>
    %80 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%79, %cst_2, %74 : tensor<2x4x7x1xi1>, tensor<2x4x7x7xf32>, tensor<2x4x7x7xf32>) outs(%62 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: i1, %in_60: f32, %in_61: f32, %out: f32):
      %116 = arith.select %in, %in_60, %in_61 : f32
      linalg.yield %116 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_46 = tensor.collapse_shape %80 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %collapsed_47 = tensor.collapse_shape %53 [[0, 1, 2], [3], [4]] : tensor<2x2x2x7x4xf32> into tensor<8x7x4xf32>
    %81 = tensor.empty() : tensor<8x7x4xf32>
    %82 = linalg.fill ins(%cst : f32) outs(%81 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %83 = linalg.batch_matmul ins(%collapsed_46, %collapsed_47 : tensor<8x7x7xf32>, tensor<8x7x4xf32>) outs(%82 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %expanded_48 = tensor.expand_shape %83 [[0, 1], [2], [3]] output_shape [2, 4, 7, 4] : tensor<8x7x4xf32> into tensor<2x4x7x4xf32>
    %84 = tensor.empty() : tensor<2x7x4x4xf32>
    %transposed_49 = linalg.transpose ins(%expanded_48 : tensor<2x4x7x4xf32>) outs(%84 : tensor<2x7x4x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_50 = tensor.collapse_shape %transposed_49 [[0], [1], [2, 3]] : tensor<2x7x4x4xf32> into tensor<2x7x16xf32>
    %transposed_51 = linalg.transpose ins(%cst_11 : tensor<16x16xf32>) outs(%30 : tensor<16x16xf32>) permutation = [1, 0] 
    %85 = tensor.empty() : tensor<2x16x16xf32>
    %86 = linalg.generic {indexing_maps = [#map17, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_51 : tensor<16x16xf32>) outs(%85 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %87 = linalg.fill ins(%cst : f32) outs(%0 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %88 = linalg.batch_matmul ins(%collapsed_50, %86 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%87 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %89 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %88 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.addf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %91 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%90 : tensor<2x7x16xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %92 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.divf %in, %cst_21 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %93 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_18 : f64 to f32
      %117 = arith.addf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<2x7x1xf32>
    %94 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.rsqrt %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %94 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %96 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_10, %95 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %97 = tensor.empty() : tensor<16x32xf32>
    %transposed_52 = linalg.transpose ins(%cst_9 : tensor<32x16xf32>) outs(%97 : tensor<16x32xf32>) permutation = [1, 0] 
    %collapsed_53 = tensor.collapse_shape %96 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %98 = tensor.empty() : tensor<14x32xf32>
    %99 = linalg.fill ins(%cst : f32) outs(%98 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %100 = linalg.matmul ins(%collapsed_53, %transposed_52 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%99 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %expanded_54 = tensor.expand_shape %100 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %101 = tensor.empty() : tensor<2x7x32xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_54 : tensor<2x7x32xf32>) outs(%101 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.negf %in : f32
      %117 = math.exp %116 : f32
      %118 = arith.addf %117, %cst_1 : f32
      %119 = arith.divf %cst_1, %118 : f32
      linalg.yield %119 : f32
    } -> tensor<2x7x32xf32>
    %103 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_54, %102 : tensor<2x7x32xf32>, tensor<2x7x32xf32>) outs(%101 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x32xf32>
    %transposed_55 = linalg.transpose ins(%cst_8 : tensor<32x16xf32>) outs(%97 : tensor<16x32xf32>) permutation = [1, 0] 
    %104 = linalg.matmul ins(%collapsed_53, %transposed_55 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%99 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %expanded_56 = tensor.expand_shape %104 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %105 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %expanded_56 : tensor<2x7x32xf32>, tensor<2x7x32xf32>) outs(%101 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x32xf32>
    %106 = tensor.empty() : tensor<32x16xf32>
    %transposed_57 = linalg.transpose ins(%cst_7 : tensor<16x32xf32>) outs(%106 : tensor<32x16xf32>) permutation = [1, 0] 
    %collapsed_58 = tensor.collapse_shape %105 [[0, 1], [2]] : tensor<2x7x32xf32> into tensor<14x32xf32>
    %107 = linalg.matmul ins(%collapsed_58, %transposed_57 : tensor<14x32xf32>, tensor<32x16xf32>) outs(%32 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_59 = tensor.expand_shape %107 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %expanded_59 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.addf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%109 : tensor<2x7x16xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.divf %in, %cst_21 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_18 : f64 to f32
      %117 = arith.addf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<2x7x1xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.rsqrt %in : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x1xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108, %113 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    %115 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_6, %114 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %116 = arith.mulf %in, %in_60 : f32
      linalg.yield %116 : f32
    } -> tensor<2x7x16xf32>
    return %115 : tensor<2x7x16xf32>
  }
}

