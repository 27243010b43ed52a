// bert-sdpa with one layer, its weights as arguments: models.py --graph bert-sdpa.
// RUN: attn-run %s --random --random-scale=0.5 --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-1: fusion main_fusion{{[0-9]+}}: ok
// CHECK: fused 1
// RAISED-COUNT-1: attn.sdpa
// RAISED-NOT: attn.sdpa
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map6 = affine_map<(d0, d1, d2) -> (d2)>
#map7 = affine_map<(d0) -> (d0)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map9 = affine_map<(d0, d1, d2, d3) -> ()>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, 0)>
#map11 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, 0)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map17 = affine_map<(d0, d1, d2) -> (d1, d2)>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %cst_8: tensor<16xf32>, %cst_9: tensor<16xf32>, %cst_10: tensor<16xf32>, %cst_11: tensor<16x32xf32>, %cst_12: tensor<32xf32>, %cst_13: tensor<32x16xf32>, %cst_14: tensor<16xf32>, %cst_15: tensor<16xf32>, %cst_16: tensor<16xf32>, %cst_17: tensor<16x16xf32>, %cst_20: tensor<16xf32>, %cst_21: tensor<16x16xf32>, %cst_22: tensor<16xf32>, %cst_23: tensor<16x16xf32>, %cst_24: tensor<16xf32>, %cst_25: tensor<16x16xf32>, %cst_26: tensor<16xf32>, %cst_27: tensor<16xf32>, %cst_29: tensor<32x16xf32>, %cst_30: tensor<2x16xf32>, %cst_31: tensor<50x16xf32>) -> tensor<2x7x16xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c7_i64 = arith.constant 7 : i64
    %c32 = arith.constant 32 : index
    %c2 = arith.constant 2 : index
    %c50 = arith.constant 50 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 5.000000e-01 : f32
    %cst_4 = arith.constant dense<0.000000e+00> : tensor<2x4x7x7xf32>
    %cst_5 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_6 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_7 = arith.constant dense<true> : tensor<i1>
    %cst_18 = arith.constant 0.70710678118654757 : f64
    %cst_19 = arith.constant 0xFFF0000000000000 : f64
    %cst_28 = arith.constant 9.9999999999999998E-13 : f64
    %c0 = arith.constant 0 : index
    %cst_32 = arith.constant 1.600000e+01 : f64
    %cst_33 = arith.constant 1.600000e+01 : f32
    %cst_34 = arith.constant 1.41421354 : f32
    %c2_i64 = arith.constant 2 : i64
    %cst_35 = arith.constant dense<"0x00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"> : tensor<1x32xi64>
    %cst_36 = arith.constant dense<"0x00000000000000000100000000000000020000000000000003000000000000000400000000000000050000000000000006000000000000000700000000000000080000000000000009000000000000000A000000000000000B000000000000000C000000000000000D000000000000000E000000000000000F0000000000000010000000000000001100000000000000120000000000000013000000000000001400000000000000150000000000000016000000000000001700000000000000180000000000000019000000000000001A000000000000001B000000000000001C000000000000001D000000000000001E000000000000001F00000000000000"> : tensor<1x32xi64>
    %extracted_slice = tensor.extract_slice %cst_36[0, 0] [1, 7] [1, 1] : tensor<1x32xi64> to tensor<1x7xi64>
    %0 = tensor.empty() : tensor<1x7xi64>
    %1 = linalg.fill ins(%c0_i64 : i64) outs(%0 : tensor<1x7xi64>) -> tensor<1x7xi64>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice : tensor<1x7xi64>) outs(%1 : tensor<1x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %136 = arith.index_cast %in : i64 to index
      %137 = arith.cmpi slt, %136, %c32 : index
      cf.assert %137, "index must be smaller than dim size"
      %138 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %138, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_35[%c0, %136] : tensor<1x32xi64>
      linalg.yield %extracted : i64
    } -> tensor<1x7xi64>
    %3 = tensor.empty() : tensor<2x7xi64>
    %collapsed = tensor.collapse_shape %2 [[0, 1]] : tensor<1x7xi64> into tensor<7xi64>
    %4 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<7xi64>) outs(%3 : tensor<2x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<2x7xi64>
    %5 = tensor.empty() : tensor<2x7x16xf32>
    %6 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %136 = arith.index_cast %in : i64 to index
      %137 = linalg.index 2 : index
      %138 = arith.cmpi slt, %136, %c50 : index
      cf.assert %138, "index must be smaller than dim size"
      %139 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %139, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_31[%136, %137] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %7 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<2x7xi64>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %136 = arith.index_cast %in : i64 to index
      %137 = linalg.index 2 : index
      %138 = arith.cmpi slt, %136, %c2 : index
      cf.assert %138, "index must be smaller than dim size"
      %139 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %139, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_30[%136, %137] : tensor<2x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %8 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %7 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %9 = tensor.empty() : tensor<1x7x16xf32>
    %10 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice : tensor<1x7xi64>) outs(%9 : tensor<1x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %136 = arith.index_cast %in : i64 to index
      %137 = linalg.index 2 : index
      %138 = arith.cmpi slt, %136, %c32 : index
      cf.assert %138, "index must be smaller than dim size"
      %139 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %139, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_29[%136, %137] : tensor<32x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x7x16xf32>
    %11 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8, %10 : tensor<2x7x16xf32>, tensor<1x7x16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %12 = tensor.empty() : tensor<2x7x16xf64>
    %13 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<2x7x16xf32>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %136 = arith.extf %in : f32 to f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %14 = tensor.empty() : tensor<2x7x1xf64>
    %15 = linalg.fill ins(%cst : f64) outs(%14 : tensor<2x7x1xf64>) -> tensor<2x7x1xf64>
    %16 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%13 : tensor<2x7x16xf64>) outs(%15 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %17 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<2x7x1xf64>) outs(%14 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_32 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %18 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13, %17 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_64: f64, %out: f64):
      %136 = arith.subf %in, %in_64 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %19 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %18 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_64: f64, %out: f64):
      %136 = arith.mulf %in, %in_64 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %20 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<2x7x16xf64>) outs(%15 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %21 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<2x7x1xf64>) outs(%14 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_32 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %22 = tensor.empty() : tensor<2x7x1xf32>
    %23 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<2x7x1xf64>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %136 = arith.truncf %in : f64 to f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %24 = linalg.fill ins(%cst_0 : f32) outs(%22 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %25 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%11 : tensor<2x7x16xf32>) outs(%24 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %26 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_33 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %27 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_28 : f64 to f32
      %137 = arith.addf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<2x7x1xf32>
    %28 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.rsqrt %in : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %29 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11, %26 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.subf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %30 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29, %28 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.mulf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %31 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %cst_27 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.mulf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %32 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31, %cst_26 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %33 = tensor.empty() : tensor<2x7xi1>
    %34 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x7xi64>) outs(%33 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %136 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %136 : i1
    } -> tensor<2x7xi1>
    %35 = tensor.empty() : tensor<2xi64>
    %36 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel"]} outs(%35 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %136 = linalg.index 0 : index
      %137 = arith.index_cast %136 : index to i64
      linalg.yield %137 : i64
    } -> tensor<2xi64>
    %37 = tensor.empty() : tensor<7xi64>
    %38 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel"]} outs(%37 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %136 = linalg.index 0 : index
      %137 = arith.index_cast %136 : index to i64
      linalg.yield %137 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %36 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_37 = tensor.expand_shape %38 [[0, 1, 2, 3]] output_shape [1, 1, 7, 1] : tensor<7xi64> into tensor<1x1x7x1xi64>
    %expanded_38 = tensor.expand_shape %38 [[0, 1, 2, 3]] output_shape [1, 1, 1, 7] : tensor<7xi64> into tensor<1x1x1x7xi64>
    %39 = tensor.empty() : tensor<1x1x7x1xi1>
    %40 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_37 : tensor<1x1x7x1xi64>) outs(%39 : tensor<1x1x7x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %136 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %136 : i1
    } -> tensor<1x1x7x1xi1>
    %41 = linalg.generic {indexing_maps = [#map9, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_7, %40 : tensor<i1>, tensor<1x1x7x1xi1>) outs(%39 : tensor<1x1x7x1xi1>) {
    ^bb0(%in: i1, %in_64: i1, %out: i1):
      %136 = arith.andi %in, %in_64 : i1
      linalg.yield %136 : i1
    } -> tensor<1x1x7x1xi1>
    %42 = tensor.empty() : tensor<2x1x1x7xi1>
    %43 = linalg.generic {indexing_maps = [#map10, #map11, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_38 : tensor<2x1x1x1xi64>, tensor<1x1x1x7xi64>) outs(%42 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i64, %in_64: i64, %out: i1):
      %136 = arith.cmpi slt, %in, %c0_i64 : i64
      %137 = arith.addi %in, %c2_i64 : i64
      %138 = arith.select %136, %137, %in : i64
      %139 = arith.index_cast %138 : i64 to index
      %140 = arith.cmpi slt, %in_64, %c0_i64 : i64
      %141 = arith.addi %in_64, %c7_i64 : i64
      %142 = arith.select %140, %141, %in_64 : i64
      %143 = arith.index_cast %142 : i64 to index
      %extracted = tensor.extract %34[%139, %143] : tensor<2x7xi1>
      linalg.yield %extracted : i1
    } -> tensor<2x1x1x7xi1>
    %44 = tensor.empty() : tensor<2x1x7x7xi1>
    %45 = linalg.generic {indexing_maps = [#map12, #map13, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%41, %43 : tensor<1x1x7x1xi1>, tensor<2x1x1x7xi1>) outs(%44 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %in_64: i1, %out: i1):
      %136 = arith.andi %in, %in_64 : i1
      linalg.yield %136 : i1
    } -> tensor<2x1x7x7xi1>
    %collapsed_39 = tensor.collapse_shape %32 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %46 = tensor.empty() : tensor<16x16xf32>
    %transposed = linalg.transpose ins(%cst_25 : tensor<16x16xf32>) outs(%46 : tensor<16x16xf32>) permutation = [1, 0] 
    %47 = tensor.empty() : tensor<14x16xf32>
    %48 = linalg.fill ins(%cst_0 : f32) outs(%47 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %49 = linalg.matmul ins(%collapsed_39, %transposed : tensor<14x16xf32>, tensor<16x16xf32>) outs(%48 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %50 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%49, %cst_24 : tensor<14x16xf32>, tensor<16xf32>) outs(%47 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<14x16xf32>
    %expanded_40 = tensor.expand_shape %50 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %51 = tensor.empty() : tensor<2x4x7x4xf32>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<2x7x4x4xf32>) outs(%51 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_42 = linalg.transpose ins(%cst_23 : tensor<16x16xf32>) outs(%46 : tensor<16x16xf32>) permutation = [1, 0] 
    %52 = linalg.matmul ins(%collapsed_39, %transposed_42 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%48 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %53 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%52, %cst_22 : tensor<14x16xf32>, tensor<16xf32>) outs(%47 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<14x16xf32>
    %expanded_43 = tensor.expand_shape %53 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_44 = linalg.transpose ins(%cst_21 : tensor<16x16xf32>) outs(%46 : tensor<16x16xf32>) permutation = [1, 0] 
    %54 = linalg.matmul ins(%collapsed_39, %transposed_44 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%48 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %55 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%54, %cst_20 : tensor<14x16xf32>, tensor<16xf32>) outs(%47 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<14x16xf32>
    %expanded_45 = tensor.expand_shape %55 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_46 = linalg.transpose ins(%expanded_45 : tensor<2x7x4x4xf32>) outs(%51 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %56 = tensor.empty() : tensor<2x1x7x7xf32>
    %57 = linalg.generic {indexing_maps = [#map8, #map9, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%45, %cst_5, %cst_6 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<f32>) outs(%56 : tensor<2x1x7x7xf32>) {
    ^bb0(%in: i1, %in_64: f32, %in_65: f32, %out: f32):
      %136 = arith.select %in, %in_64, %in_65 : f32
      linalg.yield %136 : f32
    } -> tensor<2x1x7x7xf32>
    %58 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_41 : tensor<2x4x7x4xf32>) outs(%51 : tensor<2x4x7x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_18 : f64 to f32
      %137 = arith.mulf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<2x4x7x4xf32>
    %59 = tensor.empty() : tensor<2x4x4x7xf32>
    %transposed_47 = linalg.transpose ins(%expanded_43 : tensor<2x7x4x4xf32>) outs(%59 : tensor<2x4x4x7xf32>) permutation = [0, 2, 3, 1] 
    %60 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_47 : tensor<2x4x4x7xf32>) outs(%59 : tensor<2x4x4x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_18 : f64 to f32
      %137 = arith.mulf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<2x4x4x7xf32>
    %collapsed_48 = tensor.collapse_shape %58 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %collapsed_49 = tensor.collapse_shape %60 [[0, 1], [2], [3]] : tensor<2x4x4x7xf32> into tensor<8x4x7xf32>
    %61 = tensor.empty() : tensor<8x7x7xf32>
    %62 = linalg.fill ins(%cst_0 : f32) outs(%61 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %63 = linalg.batch_matmul ins(%collapsed_48, %collapsed_49 : tensor<8x7x4xf32>, tensor<8x4x7xf32>) outs(%62 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_50 = tensor.expand_shape %63 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %64 = tensor.empty() : tensor<2x4x7x7xf32>
    %65 = linalg.generic {indexing_maps = [#map8, #map14, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_50, %57 : tensor<2x4x7x7xf32>, tensor<2x1x7x7xf32>) outs(%64 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x4x7x7xf32>
    %66 = tensor.empty() : tensor<2x4x7xi64>
    %67 = linalg.fill ins(%c0_i64 : i64) outs(%66 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %68 = tensor.empty() : tensor<2x4x7xf32>
    %69 = linalg.fill ins(%cst_1 : f32) outs(%68 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %70:2 = linalg.generic {indexing_maps = [#map8, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%65 : tensor<2x4x7x7xf32>) outs(%69, %67 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_64: i64):
      %136 = linalg.index 3 : index
      %137 = arith.index_cast %136 : index to i64
      %138 = arith.maximumf %in, %out : f32
      %139 = arith.cmpf ogt, %in, %out : f32
      %140 = arith.select %139, %137, %out_64 : i64
      linalg.yield %138, %140 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_51 = tensor.expand_shape %70#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %71 = linalg.generic {indexing_maps = [#map8, #map16, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65, %expanded_51 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%64 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.subf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x4x7x7xf32>
    %72 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71 : tensor<2x4x7x7xf32>) outs(%64 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.exp %in : f32
      linalg.yield %136 : f32
    } -> tensor<2x4x7x7xf32>
    %73 = tensor.empty() : tensor<2x4x7x1xf32>
    %74 = linalg.fill ins(%cst_0 : f32) outs(%73 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %75 = linalg.generic {indexing_maps = [#map8, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%72 : tensor<2x4x7x7xf32>) outs(%74 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<2x4x7x1xf32>
    %76 = linalg.generic {indexing_maps = [#map8, #map16, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%72, %75 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%64 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.divf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x4x7x7xf32>
    %77 = tensor.empty() : tensor<2x4x7x7xi1>
    %78 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65 : tensor<2x4x7x7xf32>) outs(%77 : tensor<2x4x7x7xi1>) {
    ^bb0(%in: f32, %out: i1):
      %136 = arith.extf %in : f32 to f64
      %137 = arith.cmpf oeq, %136, %cst_19 : f64
      linalg.yield %137 : i1
    } -> tensor<2x4x7x7xi1>
    %79 = tensor.empty() : tensor<2x4x7x1xi1>
    %80 = linalg.fill ins(%true : i1) outs(%79 : tensor<2x4x7x1xi1>) -> tensor<2x4x7x1xi1>
    %81 = linalg.generic {indexing_maps = [#map8, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%78 : tensor<2x4x7x7xi1>) outs(%80 : tensor<2x4x7x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %136 = arith.andi %in, %out : i1
      linalg.yield %136 : i1
    } -> tensor<2x4x7x1xi1>
    %82 = linalg.generic {indexing_maps = [#map16, #map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%81, %cst_4, %76 : tensor<2x4x7x1xi1>, tensor<2x4x7x7xf32>, tensor<2x4x7x7xf32>) outs(%64 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: i1, %in_64: f32, %in_65: f32, %out: f32):
      %136 = arith.select %in, %in_64, %in_65 : f32
      linalg.yield %136 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_52 = tensor.collapse_shape %82 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %collapsed_53 = tensor.collapse_shape %transposed_46 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %83 = tensor.empty() : tensor<8x7x4xf32>
    %84 = linalg.fill ins(%cst_0 : f32) outs(%83 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %85 = linalg.batch_matmul ins(%collapsed_52, %collapsed_53 : tensor<8x7x7xf32>, tensor<8x7x4xf32>) outs(%84 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %expanded_54 = tensor.expand_shape %85 [[0, 1], [2], [3]] output_shape [2, 4, 7, 4] : tensor<8x7x4xf32> into tensor<2x4x7x4xf32>
    %86 = tensor.empty() : tensor<2x7x4x4xf32>
    %transposed_55 = linalg.transpose ins(%expanded_54 : tensor<2x4x7x4xf32>) outs(%86 : tensor<2x7x4x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_56 = tensor.collapse_shape %transposed_55 [[0], [1], [2, 3]] : tensor<2x7x4x4xf32> into tensor<2x7x16xf32>
    %transposed_57 = linalg.transpose ins(%cst_17 : tensor<16x16xf32>) outs(%46 : tensor<16x16xf32>) permutation = [1, 0] 
    %87 = tensor.empty() : tensor<2x16x16xf32>
    %88 = linalg.generic {indexing_maps = [#map17, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_57 : tensor<16x16xf32>) outs(%87 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %89 = linalg.fill ins(%cst_0 : f32) outs(%5 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %90 = linalg.batch_matmul ins(%collapsed_56, %88 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%89 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %91 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90, %cst_16 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %92 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91, %32 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %93 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<2x7x16xf32>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %136 = arith.extf %in : f32 to f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %94 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%93 : tensor<2x7x16xf64>) outs(%15 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %95 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<2x7x1xf64>) outs(%14 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_32 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %96 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93, %95 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_64: f64, %out: f64):
      %136 = arith.subf %in, %in_64 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %97 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %96 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_64: f64, %out: f64):
      %136 = arith.mulf %in, %in_64 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %98 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%97 : tensor<2x7x16xf64>) outs(%15 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %99 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<2x7x1xf64>) outs(%14 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_32 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %100 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<2x7x1xf64>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %136 = arith.truncf %in : f64 to f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %101 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%92 : tensor<2x7x16xf32>) outs(%24 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %102 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_33 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %103 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_28 : f64 to f32
      %137 = arith.addf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<2x7x1xf32>
    %104 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.rsqrt %in : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %105 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92, %102 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.subf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %106 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105, %104 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.mulf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %107 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106, %cst_15 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.mulf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %108 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107, %cst_14 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %collapsed_58 = tensor.collapse_shape %108 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %109 = tensor.empty() : tensor<16x32xf32>
    %transposed_59 = linalg.transpose ins(%cst_13 : tensor<32x16xf32>) outs(%109 : tensor<16x32xf32>) permutation = [1, 0] 
    %110 = tensor.empty() : tensor<14x32xf32>
    %111 = linalg.fill ins(%cst_0 : f32) outs(%110 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %112 = linalg.matmul ins(%collapsed_58, %transposed_59 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%111 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %113 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%112, %cst_12 : tensor<14x32xf32>, tensor<32xf32>) outs(%110 : tensor<14x32xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<14x32xf32>
    %expanded_60 = tensor.expand_shape %113 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %114 = tensor.empty() : tensor<2x7x32xf32>
    %115 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_60 : tensor<2x7x32xf32>) outs(%114 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_34 : f32
      %137 = math.erf %136 : f32
      %138 = arith.addf %137, %cst_2 : f32
      %139 = arith.mulf %138, %cst_3 : f32
      %140 = arith.mulf %in, %139 : f32
      linalg.yield %140 : f32
    } -> tensor<2x7x32xf32>
    %collapsed_61 = tensor.collapse_shape %115 [[0, 1], [2]] : tensor<2x7x32xf32> into tensor<14x32xf32>
    %116 = tensor.empty() : tensor<32x16xf32>
    %transposed_62 = linalg.transpose ins(%cst_11 : tensor<16x32xf32>) outs(%116 : tensor<32x16xf32>) permutation = [1, 0] 
    %117 = linalg.matmul ins(%collapsed_61, %transposed_62 : tensor<14x32xf32>, tensor<32x16xf32>) outs(%48 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %118 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%117, %cst_10 : tensor<14x16xf32>, tensor<16xf32>) outs(%47 : tensor<14x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<14x16xf32>
    %expanded_63 = tensor.expand_shape %118 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %119 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_63, %108 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %120 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119 : tensor<2x7x16xf32>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %136 = arith.extf %in : f32 to f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %121 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%120 : tensor<2x7x16xf64>) outs(%15 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %122 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<2x7x1xf64>) outs(%14 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_32 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %123 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120, %122 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_64: f64, %out: f64):
      %136 = arith.subf %in, %in_64 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %124 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123, %123 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%12 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_64: f64, %out: f64):
      %136 = arith.mulf %in, %in_64 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x16xf64>
    %125 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%124 : tensor<2x7x16xf64>) outs(%15 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %126 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<2x7x1xf64>) outs(%14 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_32 : f64
      linalg.yield %136 : f64
    } -> tensor<2x7x1xf64>
    %127 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<2x7x1xf64>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %136 = arith.truncf %in : f64 to f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %128 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%119 : tensor<2x7x16xf32>) outs(%24 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %129 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_33 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %130 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_28 : f64 to f32
      %137 = arith.addf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<2x7x1xf32>
    %131 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<2x7x1xf32>) outs(%22 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.rsqrt %in : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x1xf32>
    %132 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119, %129 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.subf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %133 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%132, %131 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.mulf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %134 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%133, %cst_9 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.mulf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    %135 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134, %cst_8 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%5 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %136 = arith.addf %in, %in_64 : f32
      linalg.yield %136 : f32
    } -> tensor<2x7x16xf32>
    return %135 : tensor<2x7x16xf32>
  }
}

