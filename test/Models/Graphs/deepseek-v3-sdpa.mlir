// deepseek-v3-sdpa with one layer, its weights as arguments: models.py --graph deepseek-v3-sdpa.
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
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %arg2: tensor<2x7xi64>, %cst_6: tensor<16xf32>, %cst_7: tensor<16x32xf32>, %cst_8: tensor<32x16xf32>, %cst_9: tensor<32x16xf32>, %cst_10: tensor<16xf32>, %cst_11: tensor<16x24xf32>, %cst_14: tensor<40x8xf32>, %cst_15: tensor<8xf32>, %cst_16: tensor<12x16xf32>, %cst_17: tensor<32x8xf32>, %cst_18: tensor<8xf32>, %cst_19: tensor<8x16xf32>, %cst_20: tensor<16xf32>, %cst_22: tensor<2xf32>, %cst_23: tensor<50x16xf32>) -> tensor<2x7x16xf32> {
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
    %cst_12 = arith.constant 0.59460355750136051 : f64
    %cst_13 = arith.constant 0xFFF0000000000000 : f64
    %cst_21 = arith.constant 9.9999999999999995E-7 : f64
    %cst_24 = arith.constant 1.600000e+01 : f32
    %cst_25 = arith.constant 8.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x7x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %139 = arith.index_cast %in : i64 to index
      %140 = linalg.index 2 : index
      %141 = arith.cmpi slt, %139, %c50 : index
      cf.assert %141, "index must be smaller than dim size"
      %142 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %142, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_23[%139, %140] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %2 = tensor.empty() : tensor<2x7xi1>
    %3 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x7xi64>) outs(%2 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %139 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %139 : i1
    } -> tensor<2x7xi1>
    %4 = tensor.empty() : tensor<2xi64>
    %5 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%4 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %139 = linalg.index 0 : index
      %140 = arith.index_cast %139 : index to i64
      linalg.yield %140 : i64
    } -> tensor<2xi64>
    %6 = tensor.empty() : tensor<7xi64>
    %7 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%6 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %139 = linalg.index 0 : index
      %140 = arith.index_cast %139 : index to i64
      linalg.yield %140 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %5 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_26 = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [1, 1, 7, 1] : tensor<7xi64> into tensor<1x1x7x1xi64>
    %expanded_27 = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [1, 1, 1, 7] : tensor<7xi64> into tensor<1x1x1x7xi64>
    %8 = tensor.empty() : tensor<1x1x7x7xi1>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_27, %expanded_26 : tensor<1x1x1x7xi64>, tensor<1x1x7x1xi64>) outs(%8 : tensor<1x1x7x7xi1>) {
    ^bb0(%in: i64, %in_79: i64, %out: i1):
      %139 = arith.cmpi sle, %in, %in_79 : i64
      linalg.yield %139 : i1
    } -> tensor<1x1x7x7xi1>
    %10 = linalg.generic {indexing_maps = [#map7, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_5, %9 : tensor<i1>, tensor<1x1x7x7xi1>) outs(%8 : tensor<1x1x7x7xi1>) {
    ^bb0(%in: i1, %in_79: i1, %out: i1):
      %139 = arith.andi %in, %in_79 : i1
      linalg.yield %139 : i1
    } -> tensor<1x1x7x7xi1>
    %11 = tensor.empty() : tensor<2x1x1x7xi1>
    %12 = linalg.generic {indexing_maps = [#map8, #map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_27 : tensor<2x1x1x1xi64>, tensor<1x1x1x7xi64>) outs(%11 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i64, %in_79: i64, %out: i1):
      %139 = arith.cmpi slt, %in, %c0_i64 : i64
      %140 = arith.addi %in, %c2_i64 : i64
      %141 = arith.select %139, %140, %in : i64
      %142 = arith.index_cast %141 : i64 to index
      %143 = arith.cmpi slt, %in_79, %c0_i64 : i64
      %144 = arith.addi %in_79, %c7_i64 : i64
      %145 = arith.select %143, %144, %in_79 : i64
      %146 = arith.index_cast %145 : i64 to index
      %extracted = tensor.extract %3[%142, %146] : tensor<2x7xi1>
      linalg.yield %extracted : i1
    } -> tensor<2x1x1x7xi1>
    %13 = tensor.empty() : tensor<2x1x7x7xi1>
    %14 = linalg.generic {indexing_maps = [#map10, #map4, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %12 : tensor<1x1x7x7xi1>, tensor<2x1x1x7xi1>) outs(%13 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %in_79: i1, %out: i1):
      %139 = arith.andi %in, %in_79 : i1
      linalg.yield %139 : i1
    } -> tensor<2x1x7x7xi1>
    %expanded_28 = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [2, 7, 1] : tensor<2x7xi64> into tensor<2x7x1xi64>
    %15 = tensor.empty() : tensor<2x7x1xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_28 : tensor<2x7x1xi64>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %139 = arith.sitofp %in : i64 to f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %17 = tensor.empty() : tensor<2x7x2xf32>
    %18 = linalg.generic {indexing_maps = [#map11, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %cst_22 : tensor<2x7x1xf32>, tensor<2xf32>) outs(%17 : tensor<2x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x2xf32>
    %concat = tensor.concat dim(2) %18, %18 : (tensor<2x7x2xf32>, tensor<2x7x2xf32>) -> tensor<2x7x4xf32>
    %19 = tensor.empty() : tensor<2x7x4xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<2x7x4xf32>) outs(%19 : tensor<2x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.cos %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x4xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<2x7x4xf32>) outs(%19 : tensor<2x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.sin %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x4xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%15 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<2x7x16xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.addf %in, %out : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.divf %in, %cst_24 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_21 : f64 to f32
      %140 = arith.addf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x7x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.rsqrt %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %27 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %29 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_20, %28 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %30 = tensor.empty() : tensor<16x8xf32>
    %transposed = linalg.transpose ins(%cst_19 : tensor<8x16xf32>) outs(%30 : tensor<16x8xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %29 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %31 = tensor.empty() : tensor<14x8xf32>
    %32 = linalg.fill ins(%cst : f32) outs(%31 : tensor<14x8xf32>) -> tensor<14x8xf32>
    %33 = linalg.matmul ins(%collapsed, %transposed : tensor<14x16xf32>, tensor<16x8xf32>) outs(%32 : tensor<14x8xf32>) -> tensor<14x8xf32>
    %expanded_29 = tensor.expand_shape %33 [[0, 1], [2]] output_shape [2, 7, 8] : tensor<14x8xf32> into tensor<2x7x8xf32>
    %34 = tensor.empty() : tensor<2x7x8xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_29 : tensor<2x7x8xf32>) outs(%34 : tensor<2x7x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %139 : f32
    } -> tensor<2x7x8xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%35 : tensor<2x7x8xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.addf %in, %out : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %37 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.divf %in, %cst_25 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %38 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_21 : f64 to f32
      %140 = arith.addf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x7x1xf32>
    %39 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%38 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.rsqrt %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_29, %39 : tensor<2x7x8xf32>, tensor<2x7x1xf32>) outs(%34 : tensor<2x7x8xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x8xf32>
    %41 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_18, %40 : tensor<8xf32>, tensor<2x7x8xf32>) outs(%34 : tensor<2x7x8xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x8xf32>
    %42 = tensor.empty() : tensor<8x32xf32>
    %transposed_30 = linalg.transpose ins(%cst_17 : tensor<32x8xf32>) outs(%42 : tensor<8x32xf32>) permutation = [1, 0] 
    %collapsed_31 = tensor.collapse_shape %41 [[0, 1], [2]] : tensor<2x7x8xf32> into tensor<14x8xf32>
    %43 = tensor.empty() : tensor<14x32xf32>
    %44 = linalg.fill ins(%cst : f32) outs(%43 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %45 = linalg.matmul ins(%collapsed_31, %transposed_30 : tensor<14x8xf32>, tensor<8x32xf32>) outs(%44 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %expanded_32 = tensor.expand_shape %45 [[0, 1], [2, 3]] output_shape [2, 7, 4, 8] : tensor<14x32xf32> into tensor<2x7x4x8xf32>
    %46 = tensor.empty() : tensor<2x4x7x8xf32>
    %transposed_33 = linalg.transpose ins(%expanded_32 : tensor<2x7x4x8xf32>) outs(%46 : tensor<2x4x7x8xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice = tensor.extract_slice %transposed_33[0, 0, 0, 0] [2, 4, 7, 4] [1, 1, 1, 1] : tensor<2x4x7x8xf32> to tensor<2x4x7x4xf32>
    %extracted_slice_34 = tensor.extract_slice %transposed_33[0, 0, 0, 4] [2, 4, 7, 4] [1, 1, 1, 1] : tensor<2x4x7x8xf32> to tensor<2x4x7x4xf32>
    %47 = tensor.empty() : tensor<16x12xf32>
    %transposed_35 = linalg.transpose ins(%cst_16 : tensor<12x16xf32>) outs(%47 : tensor<16x12xf32>) permutation = [1, 0] 
    %48 = tensor.empty() : tensor<14x12xf32>
    %49 = linalg.fill ins(%cst : f32) outs(%48 : tensor<14x12xf32>) -> tensor<14x12xf32>
    %50 = linalg.matmul ins(%collapsed, %transposed_35 : tensor<14x16xf32>, tensor<16x12xf32>) outs(%49 : tensor<14x12xf32>) -> tensor<14x12xf32>
    %expanded_36 = tensor.expand_shape %50 [[0, 1], [2]] output_shape [2, 7, 12] : tensor<14x12xf32> into tensor<2x7x12xf32>
    %extracted_slice_37 = tensor.extract_slice %expanded_36[0, 0, 0] [2, 7, 8] [1, 1, 1] : tensor<2x7x12xf32> to tensor<2x7x8xf32>
    %extracted_slice_38 = tensor.extract_slice %expanded_36[0, 0, 8] [2, 7, 4] [1, 1, 1] : tensor<2x7x12xf32> to tensor<2x7x4xf32>
    %51 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice_37 : tensor<2x7x8xf32>) outs(%34 : tensor<2x7x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %139 : f32
    } -> tensor<2x7x8xf32>
    %52 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%51 : tensor<2x7x8xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.addf %in, %out : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %53 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%52 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.divf %in, %cst_25 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %54 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%53 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_21 : f64 to f32
      %140 = arith.addf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x7x1xf32>
    %55 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.rsqrt %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %56 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice_37, %55 : tensor<2x7x8xf32>, tensor<2x7x1xf32>) outs(%34 : tensor<2x7x8xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x8xf32>
    %57 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_15, %56 : tensor<8xf32>, tensor<2x7x8xf32>) outs(%34 : tensor<2x7x8xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x8xf32>
    %expanded_39 = tensor.expand_shape %extracted_slice_38 [[0], [1, 2], [3]] output_shape [2, 1, 7, 4] : tensor<2x7x4xf32> into tensor<2x1x7x4xf32>
    %extracted_slice_40 = tensor.extract_slice %20[0, 0, 0] [2, 7, 2] [1, 1, 1] : tensor<2x7x4xf32> to tensor<2x7x2xf32>
    %expanded_41 = tensor.expand_shape %extracted_slice_40 [[0], [1, 2], [3]] output_shape [2, 1, 7, 2] : tensor<2x7x2xf32> into tensor<2x1x7x2xf32>
    %extracted_slice_42 = tensor.extract_slice %21[0, 0, 0] [2, 7, 2] [1, 1, 1] : tensor<2x7x4xf32> to tensor<2x7x2xf32>
    %expanded_43 = tensor.expand_shape %extracted_slice_42 [[0], [1, 2], [3]] output_shape [2, 1, 7, 2] : tensor<2x7x2xf32> into tensor<2x1x7x2xf32>
    %extracted_slice_44 = tensor.extract_slice %extracted_slice_34[0, 0, 0, 0] [2, 4, 7, 2] [1, 1, 1, 2] : tensor<2x4x7x4xf32> to tensor<2x4x7x2xf32>
    %extracted_slice_45 = tensor.extract_slice %extracted_slice_34[0, 0, 0, 1] [2, 4, 7, 2] [1, 1, 1, 2] : tensor<2x4x7x4xf32> to tensor<2x4x7x2xf32>
    %extracted_slice_46 = tensor.extract_slice %expanded_39[0, 0, 0, 0] [2, 1, 7, 2] [1, 1, 1, 2] : tensor<2x1x7x4xf32> to tensor<2x1x7x2xf32>
    %extracted_slice_47 = tensor.extract_slice %expanded_39[0, 0, 0, 1] [2, 1, 7, 2] [1, 1, 1, 2] : tensor<2x1x7x4xf32> to tensor<2x1x7x2xf32>
    %58 = tensor.empty() : tensor<2x4x7x2xf32>
    %59 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_44, %expanded_41 : tensor<2x4x7x2xf32>, tensor<2x1x7x2xf32>) outs(%58 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x2xf32>
    %60 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_45, %expanded_43 : tensor<2x4x7x2xf32>, tensor<2x1x7x2xf32>) outs(%58 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x2xf32>
    %61 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59, %60 : tensor<2x4x7x2xf32>, tensor<2x4x7x2xf32>) outs(%58 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.subf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x2xf32>
    %62 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_45, %expanded_41 : tensor<2x4x7x2xf32>, tensor<2x1x7x2xf32>) outs(%58 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x2xf32>
    %63 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_44, %expanded_43 : tensor<2x4x7x2xf32>, tensor<2x1x7x2xf32>) outs(%58 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x2xf32>
    %64 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%62, %63 : tensor<2x4x7x2xf32>, tensor<2x4x7x2xf32>) outs(%58 : tensor<2x4x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.addf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x2xf32>
    %concat_48 = tensor.concat dim(3) %61, %64 : (tensor<2x4x7x2xf32>, tensor<2x4x7x2xf32>) -> tensor<2x4x7x4xf32>
    %65 = tensor.empty() : tensor<2x1x7x2xf32>
    %66 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_46, %expanded_41 : tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) outs(%65 : tensor<2x1x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x2xf32>
    %67 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_47, %expanded_43 : tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) outs(%65 : tensor<2x1x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x2xf32>
    %68 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%66, %67 : tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) outs(%65 : tensor<2x1x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.subf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x2xf32>
    %69 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_47, %expanded_41 : tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) outs(%65 : tensor<2x1x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x2xf32>
    %70 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_46, %expanded_43 : tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) outs(%65 : tensor<2x1x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x2xf32>
    %71 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%69, %70 : tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) outs(%65 : tensor<2x1x7x2xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.addf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x2xf32>
    %concat_49 = tensor.concat dim(3) %68, %71 : (tensor<2x1x7x2xf32>, tensor<2x1x7x2xf32>) -> tensor<2x1x7x4xf32>
    %concat_50 = tensor.concat dim(3) %extracted_slice, %concat_48 : (tensor<2x4x7x4xf32>, tensor<2x4x7x4xf32>) -> tensor<2x4x7x8xf32>
    %72 = tensor.empty() : tensor<8x40xf32>
    %transposed_51 = linalg.transpose ins(%cst_14 : tensor<40x8xf32>) outs(%72 : tensor<8x40xf32>) permutation = [1, 0] 
    %collapsed_52 = tensor.collapse_shape %57 [[0, 1], [2]] : tensor<2x7x8xf32> into tensor<14x8xf32>
    %73 = tensor.empty() : tensor<14x40xf32>
    %74 = linalg.fill ins(%cst : f32) outs(%73 : tensor<14x40xf32>) -> tensor<14x40xf32>
    %75 = linalg.matmul ins(%collapsed_52, %transposed_51 : tensor<14x8xf32>, tensor<8x40xf32>) outs(%74 : tensor<14x40xf32>) -> tensor<14x40xf32>
    %expanded_53 = tensor.expand_shape %75 [[0, 1], [2, 3]] output_shape [2, 7, 4, 10] : tensor<14x40xf32> into tensor<2x7x4x10xf32>
    %76 = tensor.empty() : tensor<2x4x7x10xf32>
    %transposed_54 = linalg.transpose ins(%expanded_53 : tensor<2x7x4x10xf32>) outs(%76 : tensor<2x4x7x10xf32>) permutation = [0, 2, 1, 3] 
    %extracted_slice_55 = tensor.extract_slice %transposed_54[0, 0, 0, 0] [2, 4, 7, 4] [1, 1, 1, 1] : tensor<2x4x7x10xf32> to tensor<2x4x7x4xf32>
    %extracted_slice_56 = tensor.extract_slice %transposed_54[0, 0, 0, 4] [2, 4, 7, 6] [1, 1, 1, 1] : tensor<2x4x7x10xf32> to tensor<2x4x7x6xf32>
    %77 = tensor.empty() : tensor<2x4x7x4xf32>
    %collapsed_57 = tensor.collapse_shape %concat_49 [[0, 1], [2], [3]] : tensor<2x1x7x4xf32> into tensor<2x7x4xf32>
    %78 = linalg.generic {indexing_maps = [#map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_57 : tensor<2x7x4xf32>) outs(%77 : tensor<2x4x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x7x4xf32>
    %inserted_slice = tensor.insert_slice %extracted_slice_55 into %46[0, 0, 0, 0] [2, 4, 7, 4] [1, 1, 1, 1] : tensor<2x4x7x4xf32> into tensor<2x4x7x8xf32>
    %inserted_slice_58 = tensor.insert_slice %78 into %inserted_slice[0, 0, 0, 4] [2, 4, 7, 4] [1, 1, 1, 1] : tensor<2x4x7x4xf32> into tensor<2x4x7x8xf32>
    %79 = tensor.empty() : tensor<2x1x7x7xf32>
    %80 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %cst_3, %cst_4 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<f32>) outs(%79 : tensor<2x1x7x7xf32>) {
    ^bb0(%in: i1, %in_79: f32, %in_80: f32, %out: f32):
      %139 = arith.select %in, %in_79, %in_80 : f32
      linalg.yield %139 : f32
    } -> tensor<2x1x7x7xf32>
    %81 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_50 : tensor<2x4x7x8xf32>) outs(%46 : tensor<2x4x7x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_12 : f64 to f32
      %140 = arith.mulf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x4x7x8xf32>
    %82 = tensor.empty() : tensor<2x4x8x7xf32>
    %transposed_59 = linalg.transpose ins(%inserted_slice_58 : tensor<2x4x7x8xf32>) outs(%82 : tensor<2x4x8x7xf32>) permutation = [0, 1, 3, 2] 
    %83 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_59 : tensor<2x4x8x7xf32>) outs(%82 : tensor<2x4x8x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_12 : f64 to f32
      %140 = arith.mulf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x4x8x7xf32>
    %collapsed_60 = tensor.collapse_shape %81 [[0, 1], [2], [3]] : tensor<2x4x7x8xf32> into tensor<8x7x8xf32>
    %collapsed_61 = tensor.collapse_shape %83 [[0, 1], [2], [3]] : tensor<2x4x8x7xf32> into tensor<8x8x7xf32>
    %84 = tensor.empty() : tensor<8x7x7xf32>
    %85 = linalg.fill ins(%cst : f32) outs(%84 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %86 = linalg.batch_matmul ins(%collapsed_60, %collapsed_61 : tensor<8x7x8xf32>, tensor<8x8x7xf32>) outs(%85 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_62 = tensor.expand_shape %86 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %87 = tensor.empty() : tensor<2x4x7x7xf32>
    %88 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_62, %80 : tensor<2x4x7x7xf32>, tensor<2x1x7x7xf32>) outs(%87 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.addf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x7xf32>
    %89 = tensor.empty() : tensor<2x4x7xi64>
    %90 = linalg.fill ins(%c0_i64 : i64) outs(%89 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %91 = tensor.empty() : tensor<2x4x7xf32>
    %92 = linalg.fill ins(%cst_0 : f32) outs(%91 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %93:2 = linalg.generic {indexing_maps = [#map6, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%88 : tensor<2x4x7x7xf32>) outs(%92, %90 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_79: i64):
      %139 = linalg.index 3 : index
      %140 = arith.index_cast %139 : index to i64
      %141 = arith.maximumf %in, %out : f32
      %142 = arith.cmpf ogt, %in, %out : f32
      %143 = arith.select %142, %140, %out_79 : i64
      linalg.yield %141, %143 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_63 = tensor.expand_shape %93#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %94 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%88, %expanded_63 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%87 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.subf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x7xf32>
    %95 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%94 : tensor<2x4x7x7xf32>) outs(%87 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.exp %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x7xf32>
    %96 = tensor.empty() : tensor<2x4x7x1xf32>
    %97 = linalg.fill ins(%cst : f32) outs(%96 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %98 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%95 : tensor<2x4x7x7xf32>) outs(%97 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.addf %in, %out : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x1xf32>
    %99 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%95, %98 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%87 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.divf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x7xf32>
    %100 = tensor.empty() : tensor<2x4x7x7xi1>
    %101 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%88 : tensor<2x4x7x7xf32>) outs(%100 : tensor<2x4x7x7xi1>) {
    ^bb0(%in: f32, %out: i1):
      %139 = arith.extf %in : f32 to f64
      %140 = arith.cmpf oeq, %139, %cst_13 : f64
      linalg.yield %140 : i1
    } -> tensor<2x4x7x7xi1>
    %102 = tensor.empty() : tensor<2x4x7x1xi1>
    %103 = linalg.fill ins(%true : i1) outs(%102 : tensor<2x4x7x1xi1>) -> tensor<2x4x7x1xi1>
    %104 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%101 : tensor<2x4x7x7xi1>) outs(%103 : tensor<2x4x7x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %139 = arith.andi %in, %out : i1
      linalg.yield %139 : i1
    } -> tensor<2x4x7x1xi1>
    %105 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%104, %cst_2, %99 : tensor<2x4x7x1xi1>, tensor<2x4x7x7xf32>, tensor<2x4x7x7xf32>) outs(%87 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: i1, %in_79: f32, %in_80: f32, %out: f32):
      %139 = arith.select %in, %in_79, %in_80 : f32
      linalg.yield %139 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_64 = tensor.collapse_shape %105 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %collapsed_65 = tensor.collapse_shape %extracted_slice_56 [[0, 1], [2], [3]] : tensor<2x4x7x6xf32> into tensor<8x7x6xf32>
    %106 = tensor.empty() : tensor<8x7x6xf32>
    %107 = linalg.fill ins(%cst : f32) outs(%106 : tensor<8x7x6xf32>) -> tensor<8x7x6xf32>
    %108 = linalg.batch_matmul ins(%collapsed_64, %collapsed_65 : tensor<8x7x7xf32>, tensor<8x7x6xf32>) outs(%107 : tensor<8x7x6xf32>) -> tensor<8x7x6xf32>
    %expanded_66 = tensor.expand_shape %108 [[0, 1], [2], [3]] output_shape [2, 4, 7, 6] : tensor<8x7x6xf32> into tensor<2x4x7x6xf32>
    %109 = tensor.empty() : tensor<2x7x4x6xf32>
    %transposed_67 = linalg.transpose ins(%expanded_66 : tensor<2x4x7x6xf32>) outs(%109 : tensor<2x7x4x6xf32>) permutation = [0, 2, 1, 3] 
    %110 = tensor.empty() : tensor<24x16xf32>
    %transposed_68 = linalg.transpose ins(%cst_11 : tensor<16x24xf32>) outs(%110 : tensor<24x16xf32>) permutation = [1, 0] 
    %collapsed_69 = tensor.collapse_shape %transposed_67 [[0, 1], [2, 3]] : tensor<2x7x4x6xf32> into tensor<14x24xf32>
    %111 = tensor.empty() : tensor<14x16xf32>
    %112 = linalg.fill ins(%cst : f32) outs(%111 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %113 = linalg.matmul ins(%collapsed_69, %transposed_68 : tensor<14x24xf32>, tensor<24x16xf32>) outs(%112 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_70 = tensor.expand_shape %113 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %expanded_70 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.addf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %115 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%115 : tensor<2x7x16xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.addf %in, %out : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %117 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.divf %in, %cst_24 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %118 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_21 : f64 to f32
      %140 = arith.addf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x7x1xf32>
    %119 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.rsqrt %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %120 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %119 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %121 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_10, %120 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %122 = tensor.empty() : tensor<16x32xf32>
    %transposed_71 = linalg.transpose ins(%cst_9 : tensor<32x16xf32>) outs(%122 : tensor<16x32xf32>) permutation = [1, 0] 
    %collapsed_72 = tensor.collapse_shape %121 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %123 = linalg.matmul ins(%collapsed_72, %transposed_71 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%44 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %expanded_73 = tensor.expand_shape %123 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %124 = tensor.empty() : tensor<2x7x32xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_73 : tensor<2x7x32xf32>) outs(%124 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.negf %in : f32
      %140 = math.exp %139 : f32
      %141 = arith.addf %140, %cst_1 : f32
      %142 = arith.divf %cst_1, %141 : f32
      linalg.yield %142 : f32
    } -> tensor<2x7x32xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_73, %125 : tensor<2x7x32xf32>, tensor<2x7x32xf32>) outs(%124 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x32xf32>
    %transposed_74 = linalg.transpose ins(%cst_8 : tensor<32x16xf32>) outs(%122 : tensor<16x32xf32>) permutation = [1, 0] 
    %127 = linalg.matmul ins(%collapsed_72, %transposed_74 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%44 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %expanded_75 = tensor.expand_shape %127 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126, %expanded_75 : tensor<2x7x32xf32>, tensor<2x7x32xf32>) outs(%124 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x32xf32>
    %129 = tensor.empty() : tensor<32x16xf32>
    %transposed_76 = linalg.transpose ins(%cst_7 : tensor<16x32xf32>) outs(%129 : tensor<32x16xf32>) permutation = [1, 0] 
    %collapsed_77 = tensor.collapse_shape %128 [[0, 1], [2]] : tensor<2x7x32xf32> into tensor<14x32xf32>
    %130 = linalg.matmul ins(%collapsed_77, %transposed_76 : tensor<14x32xf32>, tensor<32x16xf32>) outs(%112 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_78 = tensor.expand_shape %130 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %131 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %expanded_78 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.addf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %132 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %133 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%132 : tensor<2x7x16xf32>) outs(%23 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.addf %in, %out : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %134 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%133 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.divf %in, %cst_24 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %135 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = arith.truncf %cst_21 : f64 to f32
      %140 = arith.addf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x7x1xf32>
    %136 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%135 : tensor<2x7x1xf32>) outs(%15 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %139 = math.rsqrt %in : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x1xf32>
    %137 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131, %136 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    %138 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_6, %137 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_79: f32, %out: f32):
      %139 = arith.mulf %in, %in_79 : f32
      linalg.yield %139 : f32
    } -> tensor<2x7x16xf32>
    return %138 : tensor<2x7x16xf32>
  }
}

