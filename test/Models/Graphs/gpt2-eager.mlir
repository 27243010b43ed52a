// gpt2-eager with one layer, its weights as arguments: models.py --graph gpt2-eager.
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
#map13 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %arg2: tensor<2x7xi64>, %cst_5: tensor<16xf32>, %cst_6: tensor<16xf32>, %cst_7: tensor<16xf32>, %cst_8: tensor<64x16xf32>, %cst_11: tensor<64xf32>, %cst_12: tensor<16x64xf32>, %cst_13: tensor<16xf32>, %cst_14: tensor<16xf32>, %cst_15: tensor<16xf32>, %cst_16: tensor<16x16xf32>, %cst_17: tensor<48xf32>, %cst_18: tensor<16x48xf32>, %cst_19: tensor<16xf32>, %cst_20: tensor<16xf32>, %cst_22: tensor<32x16xf32>, %cst_23: tensor<50x16xf32>) -> tensor<2x7x16xf32> {
    %c3_i64 = arith.constant 3 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c7_i64 = arith.constant 7 : i64
    %c50 = arith.constant 50 : index
    %c32 = arith.constant 32 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_4 = arith.constant dense<true> : tensor<i1>
    %cst_9 = arith.constant 0.79788456080286541 : f64
    %cst_10 = arith.constant 4.471500e-02 : f64
    %cst_21 = arith.constant 1.000000e-05 : f64
    %cst_24 = arith.constant 1.600000e+01 : f64
    %cst_25 = arith.constant 1.600000e+01 : f32
    %cst_26 = arith.constant 5.000000e-01 : f32
    %cst_27 = arith.constant 1.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x7x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %126 = arith.index_cast %in : i64 to index
      %127 = linalg.index 2 : index
      %128 = arith.cmpi slt, %126, %c50 : index
      cf.assert %128, "index must be smaller than dim size"
      %129 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %129, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_23[%126, %127] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg2 : tensor<2x7xi64>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %126 = arith.index_cast %in : i64 to index
      %127 = linalg.index 2 : index
      %128 = arith.cmpi slt, %126, %c32 : index
      cf.assert %128, "index must be smaller than dim size"
      %129 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %129, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_22[%126, %127] : tensor<32x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %2 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %4 = tensor.empty() : tensor<2x7xi1>
    %5 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x7xi64>) outs(%4 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %126 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %126 : i1
    } -> tensor<2x7xi1>
    %6 = tensor.empty() : tensor<2xi64>
    %7 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%6 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %126 = linalg.index 0 : index
      %127 = arith.index_cast %126 : index to i64
      linalg.yield %127 : i64
    } -> tensor<2xi64>
    %8 = tensor.empty() : tensor<7xi64>
    %9 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%8 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %126 = linalg.index 0 : index
      %127 = arith.index_cast %126 : index to i64
      linalg.yield %127 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_28 = tensor.expand_shape %9 [[0, 1, 2, 3]] output_shape [1, 1, 7, 1] : tensor<7xi64> into tensor<1x1x7x1xi64>
    %expanded_29 = tensor.expand_shape %9 [[0, 1, 2, 3]] output_shape [1, 1, 1, 7] : tensor<7xi64> into tensor<1x1x1x7xi64>
    %10 = tensor.empty() : tensor<1x1x7x7xi1>
    %11 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_29, %expanded_28 : tensor<1x1x1x7xi64>, tensor<1x1x7x1xi64>) outs(%10 : tensor<1x1x7x7xi1>) {
    ^bb0(%in: i64, %in_45: i64, %out: i1):
      %126 = arith.cmpi sle, %in, %in_45 : i64
      linalg.yield %126 : i1
    } -> tensor<1x1x7x7xi1>
    %12 = linalg.generic {indexing_maps = [#map7, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4, %11 : tensor<i1>, tensor<1x1x7x7xi1>) outs(%10 : tensor<1x1x7x7xi1>) {
    ^bb0(%in: i1, %in_45: i1, %out: i1):
      %126 = arith.andi %in, %in_45 : i1
      linalg.yield %126 : i1
    } -> tensor<1x1x7x7xi1>
    %13 = tensor.empty() : tensor<2x1x1x7xi1>
    %14 = linalg.generic {indexing_maps = [#map8, #map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_29 : tensor<2x1x1x1xi64>, tensor<1x1x1x7xi64>) outs(%13 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i64, %in_45: i64, %out: i1):
      %126 = arith.cmpi slt, %in, %c0_i64 : i64
      %127 = arith.addi %in, %c2_i64 : i64
      %128 = arith.select %126, %127, %in : i64
      %129 = arith.index_cast %128 : i64 to index
      %130 = arith.cmpi slt, %in_45, %c0_i64 : i64
      %131 = arith.addi %in_45, %c7_i64 : i64
      %132 = arith.select %130, %131, %in_45 : i64
      %133 = arith.index_cast %132 : i64 to index
      %extracted = tensor.extract %5[%129, %133] : tensor<2x7xi1>
      linalg.yield %extracted : i1
    } -> tensor<2x1x1x7xi1>
    %15 = tensor.empty() : tensor<2x1x7x7xi1>
    %16 = linalg.generic {indexing_maps = [#map10, #map4, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %14 : tensor<1x1x7x7xi1>, tensor<2x1x1x7xi1>) outs(%15 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %in_45: i1, %out: i1):
      %126 = arith.andi %in, %in_45 : i1
      linalg.yield %126 : i1
    } -> tensor<2x1x7x7xi1>
    %17 = tensor.empty() : tensor<2x1x7x7xf32>
    %18 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%16, %cst_3, %cst_2 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<f32>) outs(%17 : tensor<2x1x7x7xf32>) {
    ^bb0(%in: i1, %in_45: f32, %in_46: f32, %out: f32):
      %126 = arith.select %in, %in_45, %in_46 : f32
      linalg.yield %126 : f32
    } -> tensor<2x1x7x7xf32>
    %19 = tensor.empty() : tensor<2x7x16xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<2x7x16xf32>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %126 = arith.extf %in : f32 to f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %21 = tensor.empty() : tensor<2x7x1xf64>
    %22 = linalg.fill ins(%cst : f64) outs(%21 : tensor<2x7x1xf64>) -> tensor<2x7x1xf64>
    %23 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%20 : tensor<2x7x16xf64>) outs(%22 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.addf %in, %out : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<2x7x1xf64>) outs(%21 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.divf %in, %cst_24 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %25 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %24 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %126 = arith.subf %in, %in_45 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %26 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25, %25 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %126 = arith.mulf %in, %in_45 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %27 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%26 : tensor<2x7x16xf64>) outs(%22 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.addf %in, %out : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<2x7x1xf64>) outs(%21 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.divf %in, %cst_24 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %29 = tensor.empty() : tensor<2x7x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<2x7x1xf64>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %126 = arith.truncf %in : f64 to f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %31 = linalg.fill ins(%cst_0 : f32) outs(%29 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%3 : tensor<2x7x16xf32>) outs(%31 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.addf %in, %out : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.divf %in, %cst_25 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.truncf %cst_21 : f64 to f32
      %127 = arith.addf %in, %126 : f32
      linalg.yield %127 : f32
    } -> tensor<2x7x1xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = math.rsqrt %in : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3, %33 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.subf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %37 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36, %35 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %38 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37, %cst_20 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %39 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%38, %cst_19 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %40 = tensor.empty() : tensor<2x16x48xf32>
    %41 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_18 : tensor<16x48xf32>) outs(%40 : tensor<2x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x48xf32>
    %42 = tensor.empty() : tensor<2x7x48xf32>
    %43 = linalg.fill ins(%cst_0 : f32) outs(%42 : tensor<2x7x48xf32>) -> tensor<2x7x48xf32>
    %44 = linalg.batch_matmul ins(%39, %41 : tensor<2x7x16xf32>, tensor<2x16x48xf32>) outs(%43 : tensor<2x7x48xf32>) -> tensor<2x7x48xf32>
    %45 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44, %cst_17 : tensor<2x7x48xf32>, tensor<48xf32>) outs(%42 : tensor<2x7x48xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x48xf32>
    %extracted_slice = tensor.extract_slice %45[0, 0, 0] [2, 7, 16] [1, 1, 1] : tensor<2x7x48xf32> to tensor<2x7x16xf32>
    %extracted_slice_30 = tensor.extract_slice %45[0, 0, 16] [2, 7, 16] [1, 1, 1] : tensor<2x7x48xf32> to tensor<2x7x16xf32>
    %extracted_slice_31 = tensor.extract_slice %45[0, 0, 32] [2, 7, 16] [1, 1, 1] : tensor<2x7x48xf32> to tensor<2x7x16xf32>
    %expanded_32 = tensor.expand_shape %extracted_slice_30 [[0], [1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<2x7x16xf32> into tensor<2x7x4x4xf32>
    %expanded_33 = tensor.expand_shape %extracted_slice_31 [[0], [1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<2x7x16xf32> into tensor<2x7x4x4xf32>
    %46 = tensor.empty() : tensor<2x4x7x4xf32>
    %transposed = linalg.transpose ins(%expanded_33 : tensor<2x7x4x4xf32>) outs(%46 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %expanded_34 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<2x7x16xf32> into tensor<2x7x4x4xf32>
    %transposed_35 = linalg.transpose ins(%expanded_34 : tensor<2x7x4x4xf32>) outs(%46 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %47 = tensor.empty() : tensor<2x4x4x7xf32>
    %transposed_36 = linalg.transpose ins(%expanded_32 : tensor<2x7x4x4xf32>) outs(%47 : tensor<2x4x4x7xf32>) permutation = [0, 2, 3, 1] 
    %collapsed = tensor.collapse_shape %transposed_35 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %collapsed_37 = tensor.collapse_shape %transposed_36 [[0, 1], [2], [3]] : tensor<2x4x4x7xf32> into tensor<8x4x7xf32>
    %48 = tensor.empty() : tensor<8x7x7xf32>
    %49 = linalg.fill ins(%cst_0 : f32) outs(%48 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %50 = linalg.batch_matmul ins(%collapsed, %collapsed_37 : tensor<8x7x4xf32>, tensor<8x4x7xf32>) outs(%49 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_38 = tensor.expand_shape %50 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %51 = tensor.empty() : tensor<2x4x7x7xf32>
    %52 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_38 : tensor<2x4x7x7xf32>) outs(%51 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.mulf %in, %cst_26 : f32
      linalg.yield %126 : f32
    } -> tensor<2x4x7x7xf32>
    %53 = linalg.generic {indexing_maps = [#map6, #map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%52, %18 : tensor<2x4x7x7xf32>, tensor<2x1x7x7xf32>) outs(%51 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x4x7x7xf32>
    %54 = tensor.empty() : tensor<2x4x7xi64>
    %55 = linalg.fill ins(%c0_i64 : i64) outs(%54 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %56 = tensor.empty() : tensor<2x4x7xf32>
    %57 = linalg.fill ins(%cst_1 : f32) outs(%56 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %58:2 = linalg.generic {indexing_maps = [#map6, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%53 : tensor<2x4x7x7xf32>) outs(%57, %55 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_45: i64):
      %126 = linalg.index 3 : index
      %127 = arith.index_cast %126 : index to i64
      %128 = arith.maximumf %in, %out : f32
      %129 = arith.cmpf ogt, %in, %out : f32
      %130 = arith.select %129, %127, %out_45 : i64
      linalg.yield %128, %130 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_39 = tensor.expand_shape %58#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %59 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%53, %expanded_39 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%51 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.subf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x4x7x7xf32>
    %60 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59 : tensor<2x4x7x7xf32>) outs(%51 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = math.exp %in : f32
      linalg.yield %126 : f32
    } -> tensor<2x4x7x7xf32>
    %61 = tensor.empty() : tensor<2x4x7x1xf32>
    %62 = linalg.fill ins(%cst_0 : f32) outs(%61 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %63 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%60 : tensor<2x4x7x7xf32>) outs(%62 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.addf %in, %out : f32
      linalg.yield %126 : f32
    } -> tensor<2x4x7x1xf32>
    %64 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%60, %63 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%51 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.divf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_40 = tensor.collapse_shape %64 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %collapsed_41 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %65 = tensor.empty() : tensor<8x7x4xf32>
    %66 = linalg.fill ins(%cst_0 : f32) outs(%65 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %67 = linalg.batch_matmul ins(%collapsed_40, %collapsed_41 : tensor<8x7x7xf32>, tensor<8x7x4xf32>) outs(%66 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %expanded_42 = tensor.expand_shape %67 [[0, 1], [2], [3]] output_shape [2, 4, 7, 4] : tensor<8x7x4xf32> into tensor<2x4x7x4xf32>
    %68 = tensor.empty() : tensor<2x7x4x4xf32>
    %transposed_43 = linalg.transpose ins(%expanded_42 : tensor<2x4x7x4xf32>) outs(%68 : tensor<2x7x4x4xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_44 = tensor.collapse_shape %transposed_43 [[0], [1], [2, 3]] : tensor<2x7x4x4xf32> into tensor<2x7x16xf32>
    %69 = tensor.empty() : tensor<2x16x16xf32>
    %70 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<16x16xf32>) outs(%69 : tensor<2x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x16xf32>
    %71 = linalg.fill ins(%cst_0 : f32) outs(%0 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %72 = linalg.batch_matmul ins(%collapsed_44, %70 : tensor<2x7x16xf32>, tensor<2x16x16xf32>) outs(%71 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %73 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%72, %cst_15 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %74 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%73, %3 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %75 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74 : tensor<2x7x16xf32>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %126 = arith.extf %in : f32 to f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %76 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%75 : tensor<2x7x16xf64>) outs(%22 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.addf %in, %out : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %77 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<2x7x1xf64>) outs(%21 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.divf %in, %cst_24 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %78 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%75, %77 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %126 = arith.subf %in, %in_45 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %79 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %78 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %126 = arith.mulf %in, %in_45 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %80 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%79 : tensor<2x7x16xf64>) outs(%22 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.addf %in, %out : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %81 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80 : tensor<2x7x1xf64>) outs(%21 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.divf %in, %cst_24 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<2x7x1xf64>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %126 = arith.truncf %in : f64 to f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%74 : tensor<2x7x16xf32>) outs(%31 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.addf %in, %out : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %84 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.divf %in, %cst_25 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %85 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.truncf %cst_21 : f64 to f32
      %127 = arith.addf %in, %126 : f32
      linalg.yield %127 : f32
    } -> tensor<2x7x1xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = math.rsqrt %in : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %87 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %84 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.subf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %88 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87, %86 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %89 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88, %cst_14 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %cst_13 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %91 = tensor.empty() : tensor<2x16x64xf32>
    %92 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_12 : tensor<16x64xf32>) outs(%91 : tensor<2x16x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16x64xf32>
    %93 = tensor.empty() : tensor<2x7x64xf32>
    %94 = linalg.fill ins(%cst_0 : f32) outs(%93 : tensor<2x7x64xf32>) -> tensor<2x7x64xf32>
    %95 = linalg.batch_matmul ins(%90, %92 : tensor<2x7x16xf32>, tensor<2x16x64xf32>) outs(%94 : tensor<2x7x64xf32>) -> tensor<2x7x64xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95, %cst_11 : tensor<2x7x64xf32>, tensor<64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.mulf %in, %cst_26 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.truncf %cst_10 : f64 to f32
      %127 = arith.mulf %in, %126 : f32
      linalg.yield %127 : f32
    } -> tensor<2x7x64xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %99 : tensor<2x7x64xf32>, tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.truncf %cst_9 : f64 to f32
      %127 = arith.mulf %in, %126 : f32
      linalg.yield %127 : f32
    } -> tensor<2x7x64xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = math.tanh %in : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %103 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.addf %in, %cst_27 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %104 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97, %103 : tensor<2x7x64xf32>, tensor<2x7x64xf32>) outs(%93 : tensor<2x7x64xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x64xf32>
    %105 = tensor.empty() : tensor<2x64x16xf32>
    %106 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8 : tensor<64x16xf32>) outs(%105 : tensor<2x64x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x64x16xf32>
    %107 = linalg.batch_matmul ins(%104, %106 : tensor<2x7x64xf32>, tensor<2x64x16xf32>) outs(%71 : tensor<2x7x16xf32>) -> tensor<2x7x16xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107, %cst_7 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %108 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<2x7x16xf32>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f32, %out: f64):
      %126 = arith.extf %in : f32 to f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %111 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%110 : tensor<2x7x16xf64>) outs(%22 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.addf %in, %out : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<2x7x1xf64>) outs(%21 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.divf %in, %cst_24 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %113 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110, %112 : tensor<2x7x16xf64>, tensor<2x7x1xf64>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %126 = arith.subf %in, %in_45 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %114 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113, %113 : tensor<2x7x16xf64>, tensor<2x7x16xf64>) outs(%19 : tensor<2x7x16xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %126 = arith.mulf %in, %in_45 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x16xf64>
    %115 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%114 : tensor<2x7x16xf64>) outs(%22 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.addf %in, %out : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %116 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115 : tensor<2x7x1xf64>) outs(%21 : tensor<2x7x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %126 = arith.divf %in, %cst_24 : f64
      linalg.yield %126 : f64
    } -> tensor<2x7x1xf64>
    %117 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116 : tensor<2x7x1xf64>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %126 = arith.truncf %in : f64 to f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %118 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%109 : tensor<2x7x16xf32>) outs(%31 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.addf %in, %out : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %119 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.divf %in, %cst_25 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %120 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = arith.truncf %cst_21 : f64 to f32
      %127 = arith.addf %in, %126 : f32
      linalg.yield %127 : f32
    } -> tensor<2x7x1xf32>
    %121 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120 : tensor<2x7x1xf32>) outs(%29 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %126 = math.rsqrt %in : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x1xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109, %119 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.subf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122, %121 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123, %cst_6 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.mulf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124, %cst_5 : tensor<2x7x16xf32>, tensor<16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %126 = arith.addf %in, %in_45 : f32
      linalg.yield %126 : f32
    } -> tensor<2x7x16xf32>
    return %125 : tensor<2x7x16xf32>
  }
}

