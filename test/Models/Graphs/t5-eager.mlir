// t5-eager with one layer, its weights as arguments: models.py --graph t5-eager.
// RUN: attn-run %s --random --random-scale=0.5 --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-3: fusion main_fusion{{[0-9]+}}: ok
// CHECK: fused 3
// RAISED-COUNT-3: attn.sdpa
// RAISED-NOT: attn.sdpa
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> ()>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, 0)>
#map7 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map8 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, 0)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map10 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map11 = affine_map<(d0, d1, d2) -> (d2)>
#map12 = affine_map<(d0, d1) -> (0, d1)>
#map13 = affine_map<(d0, d1) -> (d0, 0)>
#map14 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map17 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map18 = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<2x7xi64>, %arg1: tensor<2x7xi64>, %arg2: tensor<2x5xi64>, %cst_5: tensor<16xf32>, %cst_6: tensor<16x32xf32>, %cst_7: tensor<32x16xf32>, %cst_8: tensor<16xf32>, %cst_9: tensor<16x16xf32>, %cst_10: tensor<16x16xf32>, %cst_11: tensor<16x16xf32>, %cst_12: tensor<16x16xf32>, %cst_13: tensor<16xf32>, %cst_14: tensor<16x16xf32>, %cst_15: tensor<8x4xf32>, %cst_17: tensor<16x16xf32>, %cst_18: tensor<16x16xf32>, %cst_19: tensor<16x16xf32>, %cst_20: tensor<16xf32>, %cst_21: tensor<16xf32>, %cst_22: tensor<16x32xf32>, %cst_23: tensor<32x16xf32>, %cst_24: tensor<16xf32>, %cst_25: tensor<16x16xf32>, %cst_26: tensor<8x4xf32>, %cst_28: tensor<16x16xf32>, %cst_29: tensor<16x16xf32>, %cst_30: tensor<16x16xf32>, %cst_31: tensor<16xf32>, %cst_33: tensor<50x16xf32>) -> tensor<2x5x16xf32> {
    %c7_i64 = arith.constant 7 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c4_i64 = arith.constant 4 : i64
    %c50 = arith.constant 50 : index
    %cst = arith.constant 0.000000e+00 : f32
    %c8 = arith.constant 8 : index
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<1x4x5x7xf32>
    %cst_2 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_4 = arith.constant dense<true> : tensor<i1>
    %cst_16 = arith.constant 3.4657359027997265 : f64
    %cst_27 = arith.constant 4.1588830833596715 : f64
    %cst_32 = arith.constant 9.9999999999999995E-7 : f64
    %cst_34 = arith.constant 1.600000e+01 : f32
    %cst_35 = arith.constant 2.000000e+00 : f32
    %cst_36 = arith.constant 4.000000e+00 : f32
    %cst_37 = arith.constant dense<7> : tensor<5x5xi64>
    %cst_38 = arith.constant dense<0> : tensor<5x5xi64>
    %cst_39 = arith.constant dense<3> : tensor<7x7xi64>
    %0 = tensor.empty() : tensor<2x7x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x7xi64>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %222 = arith.index_cast %in : i64 to index
      %223 = linalg.index 2 : index
      %224 = arith.cmpi slt, %222, %c50 : index
      cf.assert %224, "index must be smaller than dim size"
      %225 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %225, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_33[%222, %223] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x7x16xf32>
    %2 = tensor.empty() : tensor<2x7xi1>
    %3 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x7xi64>) outs(%2 : tensor<2x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %222 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %222 : i1
    } -> tensor<2x7xi1>
    %4 = tensor.empty() : tensor<2xi64>
    %5 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%4 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %222 = linalg.index 0 : index
      %223 = arith.index_cast %222 : index to i64
      linalg.yield %223 : i64
    } -> tensor<2xi64>
    %6 = tensor.empty() : tensor<7xi64>
    %7 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%6 : tensor<7xi64>) {
    ^bb0(%out: i64):
      %222 = linalg.index 0 : index
      %223 = arith.index_cast %222 : index to i64
      linalg.yield %223 : i64
    } -> tensor<7xi64>
    %expanded = tensor.expand_shape %5 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_40 = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [1, 1, 7, 1] : tensor<7xi64> into tensor<1x1x7x1xi64>
    %expanded_41 = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [1, 1, 1, 7] : tensor<7xi64> into tensor<1x1x1x7xi64>
    %8 = tensor.empty() : tensor<1x1x7x1xi1>
    %9 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_40 : tensor<1x1x7x1xi64>) outs(%8 : tensor<1x1x7x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %222 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %222 : i1
    } -> tensor<1x1x7x1xi1>
    %10 = linalg.generic {indexing_maps = [#map5, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4, %9 : tensor<i1>, tensor<1x1x7x1xi1>) outs(%8 : tensor<1x1x7x1xi1>) {
    ^bb0(%in: i1, %in_127: i1, %out: i1):
      %222 = arith.andi %in, %in_127 : i1
      linalg.yield %222 : i1
    } -> tensor<1x1x7x1xi1>
    %11 = tensor.empty() : tensor<2x1x1x7xi1>
    %12 = linalg.generic {indexing_maps = [#map6, #map7, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_41 : tensor<2x1x1x1xi64>, tensor<1x1x1x7xi64>) outs(%11 : tensor<2x1x1x7xi1>) {
    ^bb0(%in: i64, %in_127: i64, %out: i1):
      %222 = arith.cmpi slt, %in, %c0_i64 : i64
      %223 = arith.addi %in, %c2_i64 : i64
      %224 = arith.select %222, %223, %in : i64
      %225 = arith.index_cast %224 : i64 to index
      %226 = arith.cmpi slt, %in_127, %c0_i64 : i64
      %227 = arith.addi %in_127, %c7_i64 : i64
      %228 = arith.select %226, %227, %in_127 : i64
      %229 = arith.index_cast %228 : i64 to index
      %extracted = tensor.extract %3[%225, %229] : tensor<2x7xi1>
      linalg.yield %extracted : i1
    } -> tensor<2x1x1x7xi1>
    %13 = tensor.empty() : tensor<2x1x7x7xi1>
    %14 = linalg.generic {indexing_maps = [#map8, #map9, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %12 : tensor<1x1x7x1xi1>, tensor<2x1x1x7xi1>) outs(%13 : tensor<2x1x7x7xi1>) {
    ^bb0(%in: i1, %in_127: i1, %out: i1):
      %222 = arith.andi %in, %in_127 : i1
      linalg.yield %222 : i1
    } -> tensor<2x1x7x7xi1>
    %15 = tensor.empty() : tensor<2x1x7x7xf32>
    %16 = linalg.generic {indexing_maps = [#map4, #map5, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %cst_3, %cst_2 : tensor<2x1x7x7xi1>, tensor<f32>, tensor<f32>) outs(%15 : tensor<2x1x7x7xf32>) {
    ^bb0(%in: i1, %in_127: f32, %in_128: f32, %out: f32):
      %222 = arith.select %in, %in_127, %in_128 : f32
      linalg.yield %222 : f32
    } -> tensor<2x1x7x7xf32>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %18 = tensor.empty() : tensor<2x7x1xf32>
    %19 = linalg.fill ins(%cst : f32) outs(%18 : tensor<2x7x1xf32>) -> tensor<2x7x1xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%17 : tensor<2x7x16xf32>) outs(%19 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x7x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %23 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %25 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_31, %24 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %26 = tensor.empty() : tensor<16x16xf32>
    %transposed = linalg.transpose ins(%cst_30 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %25 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %27 = tensor.empty() : tensor<14x16xf32>
    %28 = linalg.fill ins(%cst : f32) outs(%27 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %29 = linalg.matmul ins(%collapsed, %transposed : tensor<14x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_42 = tensor.expand_shape %29 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %30 = tensor.empty() : tensor<2x4x7x4xf32>
    %transposed_43 = linalg.transpose ins(%expanded_42 : tensor<2x7x4x4xf32>) outs(%30 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_44 = linalg.transpose ins(%cst_29 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %31 = linalg.matmul ins(%collapsed, %transposed_44 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_45 = tensor.expand_shape %31 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_46 = linalg.transpose ins(%cst_28 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %32 = linalg.matmul ins(%collapsed, %transposed_46 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_47 = tensor.expand_shape %32 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_48 = linalg.transpose ins(%expanded_47 : tensor<2x7x4x4xf32>) outs(%30 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %expanded_49 = tensor.expand_shape %7 [[0, 1]] output_shape [7, 1] : tensor<7xi64> into tensor<7x1xi64>
    %expanded_50 = tensor.expand_shape %7 [[0, 1]] output_shape [1, 7] : tensor<7xi64> into tensor<1x7xi64>
    %33 = tensor.empty() : tensor<7x7xi64>
    %34 = linalg.generic {indexing_maps = [#map12, #map13, #map2], iterator_types = ["parallel", "parallel"]} ins(%expanded_50, %expanded_49 : tensor<1x7xi64>, tensor<7x1xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %in_127: i64, %out: i64):
      %222 = arith.subi %in, %in_127 : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %35 = tensor.empty() : tensor<7x7xi1>
    %36 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%34 : tensor<7x7xi64>) outs(%35 : tensor<7x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %222 = arith.cmpi sgt, %in, %c0_i64 : i64
      linalg.yield %222 : i1
    } -> tensor<7x7xi1>
    %37 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%36 : tensor<7x7xi1>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i1, %out: i64):
      %222 = arith.extui %in : i1 to i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %38 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%37 : tensor<7x7xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %222 = arith.muli %in, %c4_i64 : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %39 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%34 : tensor<7x7xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %222 = math.absi %in : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %40 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<7x7xi64>) outs(%35 : tensor<7x7xi1>) {
    ^bb0(%in: i64, %out: i1):
      %222 = arith.cmpi slt, %in, %c2_i64 : i64
      linalg.yield %222 : i1
    } -> tensor<7x7xi1>
    %41 = tensor.empty() : tensor<7x7xf32>
    %42 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<7x7xi64>) outs(%41 : tensor<7x7xf32>) {
    ^bb0(%in: i64, %out: f32):
      %222 = arith.sitofp %in : i64 to f32
      linalg.yield %222 : f32
    } -> tensor<7x7xf32>
    %43 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%42 : tensor<7x7xf32>) outs(%41 : tensor<7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_35 : f32
      linalg.yield %222 : f32
    } -> tensor<7x7xf32>
    %44 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%43 : tensor<7x7xf32>) outs(%41 : tensor<7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.log %in : f32
      linalg.yield %222 : f32
    } -> tensor<7x7xf32>
    %45 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%44 : tensor<7x7xf32>) outs(%41 : tensor<7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_27 : f64 to f32
      %223 = arith.divf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<7x7xf32>
    %46 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%45 : tensor<7x7xf32>) outs(%41 : tensor<7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.mulf %in, %cst_35 : f32
      linalg.yield %222 : f32
    } -> tensor<7x7xf32>
    %47 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%46 : tensor<7x7xf32>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: f32, %out: i64):
      %222 = arith.fptosi %in : f32 to i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %48 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%47 : tensor<7x7xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %out: i64):
      %222 = arith.addi %in, %c2_i64 : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %49 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%48, %cst_39 : tensor<7x7xi64>, tensor<7x7xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %in_127: i64, %out: i64):
      %222 = arith.minsi %in, %in_127 : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %50 = linalg.generic {indexing_maps = [#map2, #map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%40, %39, %49 : tensor<7x7xi1>, tensor<7x7xi64>, tensor<7x7xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i1, %in_127: i64, %in_128: i64, %out: i64):
      %222 = arith.select %in, %in_127, %in_128 : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %51 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%38, %50 : tensor<7x7xi64>, tensor<7x7xi64>) outs(%33 : tensor<7x7xi64>) {
    ^bb0(%in: i64, %in_127: i64, %out: i64):
      %222 = arith.addi %in, %in_127 : i64
      linalg.yield %222 : i64
    } -> tensor<7x7xi64>
    %52 = tensor.empty() : tensor<7x7x4xf32>
    %53 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%51 : tensor<7x7xi64>) outs(%52 : tensor<7x7x4xf32>) {
    ^bb0(%in: i64, %out: f32):
      %222 = arith.index_cast %in : i64 to index
      %223 = linalg.index 2 : index
      %224 = arith.cmpi slt, %222, %c8 : index
      cf.assert %224, "index must be smaller than dim size"
      %225 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %225, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_26[%222, %223] : tensor<8x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<7x7x4xf32>
    %54 = tensor.empty() : tensor<4x7x7xf32>
    %transposed_51 = linalg.transpose ins(%53 : tensor<7x7x4xf32>) outs(%54 : tensor<4x7x7xf32>) permutation = [2, 0, 1] 
    %expanded_52 = tensor.expand_shape %transposed_51 [[0, 1], [2], [3]] output_shape [1, 4, 7, 7] : tensor<4x7x7xf32> into tensor<1x4x7x7xf32>
    %55 = tensor.empty() : tensor<2x4x4x7xf32>
    %transposed_53 = linalg.transpose ins(%expanded_45 : tensor<2x7x4x4xf32>) outs(%55 : tensor<2x4x4x7xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_54 = tensor.collapse_shape %transposed_43 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %collapsed_55 = tensor.collapse_shape %transposed_53 [[0, 1], [2], [3]] : tensor<2x4x4x7xf32> into tensor<8x4x7xf32>
    %56 = tensor.empty() : tensor<8x7x7xf32>
    %57 = linalg.fill ins(%cst : f32) outs(%56 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %58 = linalg.batch_matmul ins(%collapsed_54, %collapsed_55 : tensor<8x7x4xf32>, tensor<8x4x7xf32>) outs(%57 : tensor<8x7x7xf32>) -> tensor<8x7x7xf32>
    %expanded_56 = tensor.expand_shape %58 [[0, 1], [2], [3]] output_shape [2, 4, 7, 7] : tensor<8x7x7xf32> into tensor<2x4x7x7xf32>
    %59 = tensor.empty() : tensor<2x4x7x7xf32>
    %60 = linalg.generic {indexing_maps = [#map4, #map14, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_56, %expanded_52 : tensor<2x4x7x7xf32>, tensor<1x4x7x7xf32>) outs(%59 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x7x7xf32>
    %61 = linalg.generic {indexing_maps = [#map4, #map15, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%60, %16 : tensor<2x4x7x7xf32>, tensor<2x1x7x7xf32>) outs(%59 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x7x7xf32>
    %62 = tensor.empty() : tensor<2x4x7xi64>
    %63 = linalg.fill ins(%c0_i64 : i64) outs(%62 : tensor<2x4x7xi64>) -> tensor<2x4x7xi64>
    %64 = tensor.empty() : tensor<2x4x7xf32>
    %65 = linalg.fill ins(%cst_0 : f32) outs(%64 : tensor<2x4x7xf32>) -> tensor<2x4x7xf32>
    %66:2 = linalg.generic {indexing_maps = [#map4, #map16, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%61 : tensor<2x4x7x7xf32>) outs(%65, %63 : tensor<2x4x7xf32>, tensor<2x4x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_127: i64):
      %222 = linalg.index 3 : index
      %223 = arith.index_cast %222 : index to i64
      %224 = arith.maximumf %in, %out : f32
      %225 = arith.cmpf ogt, %in, %out : f32
      %226 = arith.select %225, %223, %out_127 : i64
      linalg.yield %224, %226 : f32, i64
    } -> (tensor<2x4x7xf32>, tensor<2x4x7xi64>)
    %expanded_57 = tensor.expand_shape %66#0 [[0], [1], [2, 3]] output_shape [2, 4, 7, 1] : tensor<2x4x7xf32> into tensor<2x4x7x1xf32>
    %67 = linalg.generic {indexing_maps = [#map4, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%61, %expanded_57 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%59 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.subf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x7x7xf32>
    %68 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67 : tensor<2x4x7x7xf32>) outs(%59 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.exp %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x7x7xf32>
    %69 = tensor.empty() : tensor<2x4x7x1xf32>
    %70 = linalg.fill ins(%cst : f32) outs(%69 : tensor<2x4x7x1xf32>) -> tensor<2x4x7x1xf32>
    %71 = linalg.generic {indexing_maps = [#map4, #map17], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%68 : tensor<2x4x7x7xf32>) outs(%70 : tensor<2x4x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x7x1xf32>
    %72 = linalg.generic {indexing_maps = [#map4, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68, %71 : tensor<2x4x7x7xf32>, tensor<2x4x7x1xf32>) outs(%59 : tensor<2x4x7x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.divf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x7x7xf32>
    %collapsed_58 = tensor.collapse_shape %72 [[0, 1], [2], [3]] : tensor<2x4x7x7xf32> into tensor<8x7x7xf32>
    %collapsed_59 = tensor.collapse_shape %transposed_48 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %73 = tensor.empty() : tensor<8x7x4xf32>
    %74 = linalg.fill ins(%cst : f32) outs(%73 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %75 = linalg.batch_matmul ins(%collapsed_58, %collapsed_59 : tensor<8x7x7xf32>, tensor<8x7x4xf32>) outs(%74 : tensor<8x7x4xf32>) -> tensor<8x7x4xf32>
    %expanded_60 = tensor.expand_shape %75 [[0, 1], [2], [3]] output_shape [2, 4, 7, 4] : tensor<8x7x4xf32> into tensor<2x4x7x4xf32>
    %76 = tensor.empty() : tensor<2x7x4x4xf32>
    %transposed_61 = linalg.transpose ins(%expanded_60 : tensor<2x4x7x4xf32>) outs(%76 : tensor<2x7x4x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_62 = linalg.transpose ins(%cst_25 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed_63 = tensor.collapse_shape %transposed_61 [[0, 1], [2, 3]] : tensor<2x7x4x4xf32> into tensor<14x16xf32>
    %77 = linalg.matmul ins(%collapsed_63, %transposed_62 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_64 = tensor.expand_shape %77 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %78 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %expanded_64 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %79 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %80 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%79 : tensor<2x7x16xf32>) outs(%19 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %81 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x7x1xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %84 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %83 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %85 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_24, %84 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %86 = tensor.empty() : tensor<16x32xf32>
    %transposed_65 = linalg.transpose ins(%cst_23 : tensor<32x16xf32>) outs(%86 : tensor<16x32xf32>) permutation = [1, 0] 
    %collapsed_66 = tensor.collapse_shape %85 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %87 = tensor.empty() : tensor<14x32xf32>
    %88 = linalg.fill ins(%cst : f32) outs(%87 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %89 = linalg.matmul ins(%collapsed_66, %transposed_65 : tensor<14x16xf32>, tensor<16x32xf32>) outs(%88 : tensor<14x32xf32>) -> tensor<14x32xf32>
    %expanded_67 = tensor.expand_shape %89 [[0, 1], [2]] output_shape [2, 7, 32] : tensor<14x32xf32> into tensor<2x7x32xf32>
    %90 = tensor.empty() : tensor<2x7x32xf32>
    %91 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_67 : tensor<2x7x32xf32>) outs(%90 : tensor<2x7x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.cmpf ugt, %in, %cst : f32
      %223 = arith.select %222, %in, %cst : f32
      linalg.yield %223 : f32
    } -> tensor<2x7x32xf32>
    %92 = tensor.empty() : tensor<32x16xf32>
    %transposed_68 = linalg.transpose ins(%cst_22 : tensor<16x32xf32>) outs(%92 : tensor<32x16xf32>) permutation = [1, 0] 
    %collapsed_69 = tensor.collapse_shape %91 [[0, 1], [2]] : tensor<2x7x32xf32> into tensor<14x32xf32>
    %93 = linalg.matmul ins(%collapsed_69, %transposed_68 : tensor<14x32xf32>, tensor<32x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_70 = tensor.expand_shape %93 [[0, 1], [2]] output_shape [2, 7, 16] : tensor<14x16xf32> into tensor<2x7x16xf32>
    %94 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %expanded_70 : tensor<2x7x16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%95 : tensor<2x7x16xf32>) outs(%19 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x7x1xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<2x7x1xf32>) outs(%18 : tensor<2x7x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x1xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94, %99 : tensor<2x7x16xf32>, tensor<2x7x1xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %101 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_21, %100 : tensor<16xf32>, tensor<2x7x16xf32>) outs(%0 : tensor<2x7x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x7x16xf32>
    %102 = tensor.empty() : tensor<2x5x16xf32>
    %103 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg2 : tensor<2x5xi64>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %222 = arith.index_cast %in : i64 to index
      %223 = linalg.index 2 : index
      %224 = arith.cmpi slt, %222, %c50 : index
      cf.assert %224, "index must be smaller than dim size"
      %225 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %225, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_33[%222, %223] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x5x16xf32>
    %104 = tensor.empty() : tensor<5xi64>
    %105 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%104 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %222 = linalg.index 0 : index
      %223 = arith.index_cast %222 : index to i64
      linalg.yield %223 : i64
    } -> tensor<5xi64>
    %expanded_71 = tensor.expand_shape %105 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_72 = tensor.expand_shape %105 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %106 = tensor.empty() : tensor<1x1x5x5xi1>
    %107 = linalg.generic {indexing_maps = [#map9, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_72, %expanded_71 : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%106 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_127: i64, %out: i1):
      %222 = arith.cmpi sle, %in, %in_127 : i64
      linalg.yield %222 : i1
    } -> tensor<1x1x5x5xi1>
    %108 = tensor.empty() : tensor<2x1x5x5xi1>
    %collapsed_73 = tensor.collapse_shape %107 [[0, 1], [2], [3]] : tensor<1x1x5x5xi1> into tensor<1x5x5xi1>
    %109 = linalg.generic {indexing_maps = [#map18, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_73 : tensor<1x5x5xi1>) outs(%108 : tensor<2x1x5x5xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x1x5x5xi1>
    %110 = tensor.empty() : tensor<2x1x5x5xf32>
    %111 = linalg.generic {indexing_maps = [#map4, #map5, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%109, %cst_3, %cst_2 : tensor<2x1x5x5xi1>, tensor<f32>, tensor<f32>) outs(%110 : tensor<2x1x5x5xf32>) {
    ^bb0(%in: i1, %in_127: f32, %in_128: f32, %out: f32):
      %222 = arith.select %in, %in_127, %in_128 : f32
      linalg.yield %222 : f32
    } -> tensor<2x1x5x5xf32>
    %112 = tensor.empty() : tensor<1x1x5x1xi1>
    %113 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_71 : tensor<1x1x5x1xi64>) outs(%112 : tensor<1x1x5x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %222 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %222 : i1
    } -> tensor<1x1x5x1xi1>
    %114 = linalg.generic {indexing_maps = [#map5, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4, %113 : tensor<i1>, tensor<1x1x5x1xi1>) outs(%112 : tensor<1x1x5x1xi1>) {
    ^bb0(%in: i1, %in_127: i1, %out: i1):
      %222 = arith.andi %in, %in_127 : i1
      linalg.yield %222 : i1
    } -> tensor<1x1x5x1xi1>
    %115 = tensor.empty() : tensor<2x1x5x7xi1>
    %116 = linalg.generic {indexing_maps = [#map8, #map9, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%114, %12 : tensor<1x1x5x1xi1>, tensor<2x1x1x7xi1>) outs(%115 : tensor<2x1x5x7xi1>) {
    ^bb0(%in: i1, %in_127: i1, %out: i1):
      %222 = arith.andi %in, %in_127 : i1
      linalg.yield %222 : i1
    } -> tensor<2x1x5x7xi1>
    %117 = tensor.empty() : tensor<2x1x5x7xf32>
    %118 = linalg.generic {indexing_maps = [#map4, #map5, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%116, %cst_3, %cst_2 : tensor<2x1x5x7xi1>, tensor<f32>, tensor<f32>) outs(%117 : tensor<2x1x5x7xf32>) {
    ^bb0(%in: i1, %in_127: f32, %in_128: f32, %out: f32):
      %222 = arith.select %in, %in_127, %in_128 : f32
      linalg.yield %222 : f32
    } -> tensor<2x1x5x7xf32>
    %119 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %120 = tensor.empty() : tensor<2x5x1xf32>
    %121 = linalg.fill ins(%cst : f32) outs(%120 : tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%119 : tensor<2x5x16xf32>) outs(%121 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x5x1xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %125 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %127 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_20, %126 : tensor<16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %transposed_74 = linalg.transpose ins(%cst_19 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed_75 = tensor.collapse_shape %127 [[0, 1], [2]] : tensor<2x5x16xf32> into tensor<10x16xf32>
    %128 = tensor.empty() : tensor<10x16xf32>
    %129 = linalg.fill ins(%cst : f32) outs(%128 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %130 = linalg.matmul ins(%collapsed_75, %transposed_74 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_76 = tensor.expand_shape %130 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %131 = tensor.empty() : tensor<2x4x5x4xf32>
    %transposed_77 = linalg.transpose ins(%expanded_76 : tensor<2x5x4x4xf32>) outs(%131 : tensor<2x4x5x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_78 = linalg.transpose ins(%cst_18 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %132 = linalg.matmul ins(%collapsed_75, %transposed_78 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_79 = tensor.expand_shape %132 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %transposed_80 = linalg.transpose ins(%cst_17 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %133 = linalg.matmul ins(%collapsed_75, %transposed_80 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_81 = tensor.expand_shape %133 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %transposed_82 = linalg.transpose ins(%expanded_81 : tensor<2x5x4x4xf32>) outs(%131 : tensor<2x4x5x4xf32>) permutation = [0, 2, 1, 3] 
    %expanded_83 = tensor.expand_shape %105 [[0, 1]] output_shape [5, 1] : tensor<5xi64> into tensor<5x1xi64>
    %expanded_84 = tensor.expand_shape %105 [[0, 1]] output_shape [1, 5] : tensor<5xi64> into tensor<1x5xi64>
    %134 = tensor.empty() : tensor<5x5xi64>
    %135 = linalg.generic {indexing_maps = [#map12, #map13, #map2], iterator_types = ["parallel", "parallel"]} ins(%expanded_84, %expanded_83 : tensor<1x5xi64>, tensor<5x1xi64>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: i64, %in_127: i64, %out: i64):
      %222 = arith.subi %in, %in_127 : i64
      linalg.yield %222 : i64
    } -> tensor<5x5xi64>
    %136 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%135, %cst_38 : tensor<5x5xi64>, tensor<5x5xi64>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: i64, %in_127: i64, %out: i64):
      %222 = arith.minsi %in, %in_127 : i64
      linalg.yield %222 : i64
    } -> tensor<5x5xi64>
    %137 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%136 : tensor<5x5xi64>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: i64, %out: i64):
      %222 = arith.sitofp %in : i64 to f32
      %223 = arith.negf %222 : f32
      %224 = arith.fptosi %223 : f32 to i64
      linalg.yield %224 : i64
    } -> tensor<5x5xi64>
    %138 = tensor.empty() : tensor<5x5xi1>
    %139 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%137 : tensor<5x5xi64>) outs(%138 : tensor<5x5xi1>) {
    ^bb0(%in: i64, %out: i1):
      %222 = arith.cmpi slt, %in, %c4_i64 : i64
      linalg.yield %222 : i1
    } -> tensor<5x5xi1>
    %140 = tensor.empty() : tensor<5x5xf32>
    %141 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%137 : tensor<5x5xi64>) outs(%140 : tensor<5x5xf32>) {
    ^bb0(%in: i64, %out: f32):
      %222 = arith.sitofp %in : i64 to f32
      linalg.yield %222 : f32
    } -> tensor<5x5xf32>
    %142 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%141 : tensor<5x5xf32>) outs(%140 : tensor<5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_36 : f32
      linalg.yield %222 : f32
    } -> tensor<5x5xf32>
    %143 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%142 : tensor<5x5xf32>) outs(%140 : tensor<5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.log %in : f32
      linalg.yield %222 : f32
    } -> tensor<5x5xf32>
    %144 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%143 : tensor<5x5xf32>) outs(%140 : tensor<5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_16 : f64 to f32
      %223 = arith.divf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<5x5xf32>
    %145 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%144 : tensor<5x5xf32>) outs(%140 : tensor<5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.mulf %in, %cst_36 : f32
      linalg.yield %222 : f32
    } -> tensor<5x5xf32>
    %146 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%145 : tensor<5x5xf32>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: f32, %out: i64):
      %222 = arith.fptosi %in : f32 to i64
      linalg.yield %222 : i64
    } -> tensor<5x5xi64>
    %147 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%146 : tensor<5x5xi64>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: i64, %out: i64):
      %222 = arith.addi %in, %c4_i64 : i64
      linalg.yield %222 : i64
    } -> tensor<5x5xi64>
    %148 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%147, %cst_37 : tensor<5x5xi64>, tensor<5x5xi64>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: i64, %in_127: i64, %out: i64):
      %222 = arith.minsi %in, %in_127 : i64
      linalg.yield %222 : i64
    } -> tensor<5x5xi64>
    %149 = linalg.generic {indexing_maps = [#map2, #map2, #map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%139, %137, %148 : tensor<5x5xi1>, tensor<5x5xi64>, tensor<5x5xi64>) outs(%134 : tensor<5x5xi64>) {
    ^bb0(%in: i1, %in_127: i64, %in_128: i64, %out: i64):
      %222 = arith.select %in, %in_127, %in_128 : i64
      linalg.yield %222 : i64
    } -> tensor<5x5xi64>
    %150 = tensor.empty() : tensor<5x5x4xf32>
    %151 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149 : tensor<5x5xi64>) outs(%150 : tensor<5x5x4xf32>) {
    ^bb0(%in: i64, %out: f32):
      %222 = arith.index_cast %in : i64 to index
      %223 = linalg.index 2 : index
      %224 = arith.cmpi slt, %222, %c8 : index
      cf.assert %224, "index must be smaller than dim size"
      %225 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %225, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_15[%222, %223] : tensor<8x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<5x5x4xf32>
    %152 = tensor.empty() : tensor<4x5x5xf32>
    %transposed_85 = linalg.transpose ins(%151 : tensor<5x5x4xf32>) outs(%152 : tensor<4x5x5xf32>) permutation = [2, 0, 1] 
    %expanded_86 = tensor.expand_shape %transposed_85 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xf32> into tensor<1x4x5x5xf32>
    %153 = tensor.empty() : tensor<2x4x4x5xf32>
    %transposed_87 = linalg.transpose ins(%expanded_79 : tensor<2x5x4x4xf32>) outs(%153 : tensor<2x4x4x5xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_88 = tensor.collapse_shape %transposed_77 [[0, 1], [2], [3]] : tensor<2x4x5x4xf32> into tensor<8x5x4xf32>
    %collapsed_89 = tensor.collapse_shape %transposed_87 [[0, 1], [2], [3]] : tensor<2x4x4x5xf32> into tensor<8x4x5xf32>
    %154 = tensor.empty() : tensor<8x5x5xf32>
    %155 = linalg.fill ins(%cst : f32) outs(%154 : tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
    %156 = linalg.batch_matmul ins(%collapsed_88, %collapsed_89 : tensor<8x5x4xf32>, tensor<8x4x5xf32>) outs(%155 : tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
    %expanded_90 = tensor.expand_shape %156 [[0, 1], [2], [3]] output_shape [2, 4, 5, 5] : tensor<8x5x5xf32> into tensor<2x4x5x5xf32>
    %157 = tensor.empty() : tensor<2x4x5x5xf32>
    %158 = linalg.generic {indexing_maps = [#map4, #map14, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_90, %expanded_86 : tensor<2x4x5x5xf32>, tensor<1x4x5x5xf32>) outs(%157 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x5xf32>
    %159 = linalg.generic {indexing_maps = [#map4, #map15, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%158, %111 : tensor<2x4x5x5xf32>, tensor<2x1x5x5xf32>) outs(%157 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x5xf32>
    %160 = tensor.empty() : tensor<2x4x5xi64>
    %161 = linalg.fill ins(%c0_i64 : i64) outs(%160 : tensor<2x4x5xi64>) -> tensor<2x4x5xi64>
    %162 = tensor.empty() : tensor<2x4x5xf32>
    %163 = linalg.fill ins(%cst_0 : f32) outs(%162 : tensor<2x4x5xf32>) -> tensor<2x4x5xf32>
    %164:2 = linalg.generic {indexing_maps = [#map4, #map16, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%159 : tensor<2x4x5x5xf32>) outs(%163, %161 : tensor<2x4x5xf32>, tensor<2x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_127: i64):
      %222 = linalg.index 3 : index
      %223 = arith.index_cast %222 : index to i64
      %224 = arith.maximumf %in, %out : f32
      %225 = arith.cmpf ogt, %in, %out : f32
      %226 = arith.select %225, %223, %out_127 : i64
      linalg.yield %224, %226 : f32, i64
    } -> (tensor<2x4x5xf32>, tensor<2x4x5xi64>)
    %expanded_91 = tensor.expand_shape %164#0 [[0], [1], [2, 3]] output_shape [2, 4, 5, 1] : tensor<2x4x5xf32> into tensor<2x4x5x1xf32>
    %165 = linalg.generic {indexing_maps = [#map4, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%159, %expanded_91 : tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) outs(%157 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.subf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x5xf32>
    %166 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%165 : tensor<2x4x5x5xf32>) outs(%157 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.exp %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x5xf32>
    %167 = tensor.empty() : tensor<2x4x5x1xf32>
    %168 = linalg.fill ins(%cst : f32) outs(%167 : tensor<2x4x5x1xf32>) -> tensor<2x4x5x1xf32>
    %169 = linalg.generic {indexing_maps = [#map4, #map17], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%166 : tensor<2x4x5x5xf32>) outs(%168 : tensor<2x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x1xf32>
    %170 = linalg.generic {indexing_maps = [#map4, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%166, %169 : tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) outs(%157 : tensor<2x4x5x5xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.divf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x5xf32>
    %collapsed_92 = tensor.collapse_shape %170 [[0, 1], [2], [3]] : tensor<2x4x5x5xf32> into tensor<8x5x5xf32>
    %collapsed_93 = tensor.collapse_shape %transposed_82 [[0, 1], [2], [3]] : tensor<2x4x5x4xf32> into tensor<8x5x4xf32>
    %171 = tensor.empty() : tensor<8x5x4xf32>
    %172 = linalg.fill ins(%cst : f32) outs(%171 : tensor<8x5x4xf32>) -> tensor<8x5x4xf32>
    %173 = linalg.batch_matmul ins(%collapsed_92, %collapsed_93 : tensor<8x5x5xf32>, tensor<8x5x4xf32>) outs(%172 : tensor<8x5x4xf32>) -> tensor<8x5x4xf32>
    %expanded_94 = tensor.expand_shape %173 [[0, 1], [2], [3]] output_shape [2, 4, 5, 4] : tensor<8x5x4xf32> into tensor<2x4x5x4xf32>
    %174 = tensor.empty() : tensor<2x5x4x4xf32>
    %transposed_95 = linalg.transpose ins(%expanded_94 : tensor<2x4x5x4xf32>) outs(%174 : tensor<2x5x4x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_96 = linalg.transpose ins(%cst_14 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed_97 = tensor.collapse_shape %transposed_95 [[0, 1], [2, 3]] : tensor<2x5x4x4xf32> into tensor<10x16xf32>
    %175 = linalg.matmul ins(%collapsed_97, %transposed_96 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_98 = tensor.expand_shape %175 [[0, 1], [2]] output_shape [2, 5, 16] : tensor<10x16xf32> into tensor<2x5x16xf32>
    %176 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %expanded_98 : tensor<2x5x16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %177 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%176 : tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %178 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%177 : tensor<2x5x16xf32>) outs(%121 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %179 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%178 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %180 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%179 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x5x1xf32>
    %181 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%180 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %182 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%176, %181 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %183 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_13, %182 : tensor<16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %transposed_99 = linalg.transpose ins(%cst_12 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed_100 = tensor.collapse_shape %183 [[0, 1], [2]] : tensor<2x5x16xf32> into tensor<10x16xf32>
    %184 = linalg.matmul ins(%collapsed_100, %transposed_99 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_101 = tensor.expand_shape %184 [[0, 1], [2, 3]] output_shape [2, 5, 4, 4] : tensor<10x16xf32> into tensor<2x5x4x4xf32>
    %transposed_102 = linalg.transpose ins(%expanded_101 : tensor<2x5x4x4xf32>) outs(%131 : tensor<2x4x5x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_103 = linalg.transpose ins(%cst_11 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed_104 = tensor.collapse_shape %101 [[0, 1], [2]] : tensor<2x7x16xf32> into tensor<14x16xf32>
    %185 = linalg.matmul ins(%collapsed_104, %transposed_103 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_105 = tensor.expand_shape %185 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_106 = linalg.transpose ins(%cst_10 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %186 = linalg.matmul ins(%collapsed_104, %transposed_106 : tensor<14x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<14x16xf32>) -> tensor<14x16xf32>
    %expanded_107 = tensor.expand_shape %186 [[0, 1], [2, 3]] output_shape [2, 7, 4, 4] : tensor<14x16xf32> into tensor<2x7x4x4xf32>
    %transposed_108 = linalg.transpose ins(%expanded_107 : tensor<2x7x4x4xf32>) outs(%30 : tensor<2x4x7x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_109 = linalg.transpose ins(%expanded_105 : tensor<2x7x4x4xf32>) outs(%55 : tensor<2x4x4x7xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_110 = tensor.collapse_shape %transposed_102 [[0, 1], [2], [3]] : tensor<2x4x5x4xf32> into tensor<8x5x4xf32>
    %collapsed_111 = tensor.collapse_shape %transposed_109 [[0, 1], [2], [3]] : tensor<2x4x4x7xf32> into tensor<8x4x7xf32>
    %187 = tensor.empty() : tensor<8x5x7xf32>
    %188 = linalg.fill ins(%cst : f32) outs(%187 : tensor<8x5x7xf32>) -> tensor<8x5x7xf32>
    %189 = linalg.batch_matmul ins(%collapsed_110, %collapsed_111 : tensor<8x5x4xf32>, tensor<8x4x7xf32>) outs(%188 : tensor<8x5x7xf32>) -> tensor<8x5x7xf32>
    %expanded_112 = tensor.expand_shape %189 [[0, 1], [2], [3]] output_shape [2, 4, 5, 7] : tensor<8x5x7xf32> into tensor<2x4x5x7xf32>
    %190 = tensor.empty() : tensor<2x4x5x7xf32>
    %191 = linalg.generic {indexing_maps = [#map4, #map14, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_112, %cst_1 : tensor<2x4x5x7xf32>, tensor<1x4x5x7xf32>) outs(%190 : tensor<2x4x5x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x7xf32>
    %192 = linalg.generic {indexing_maps = [#map4, #map15, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%191, %118 : tensor<2x4x5x7xf32>, tensor<2x1x5x7xf32>) outs(%190 : tensor<2x4x5x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x7xf32>
    %193:2 = linalg.generic {indexing_maps = [#map4, #map16, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%192 : tensor<2x4x5x7xf32>) outs(%163, %161 : tensor<2x4x5xf32>, tensor<2x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_127: i64):
      %222 = linalg.index 3 : index
      %223 = arith.index_cast %222 : index to i64
      %224 = arith.maximumf %in, %out : f32
      %225 = arith.cmpf ogt, %in, %out : f32
      %226 = arith.select %225, %223, %out_127 : i64
      linalg.yield %224, %226 : f32, i64
    } -> (tensor<2x4x5xf32>, tensor<2x4x5xi64>)
    %expanded_113 = tensor.expand_shape %193#0 [[0], [1], [2, 3]] output_shape [2, 4, 5, 1] : tensor<2x4x5xf32> into tensor<2x4x5x1xf32>
    %194 = linalg.generic {indexing_maps = [#map4, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%192, %expanded_113 : tensor<2x4x5x7xf32>, tensor<2x4x5x1xf32>) outs(%190 : tensor<2x4x5x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.subf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x7xf32>
    %195 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%194 : tensor<2x4x5x7xf32>) outs(%190 : tensor<2x4x5x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.exp %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x7xf32>
    %196 = linalg.generic {indexing_maps = [#map4, #map17], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%195 : tensor<2x4x5x7xf32>) outs(%168 : tensor<2x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x1xf32>
    %197 = linalg.generic {indexing_maps = [#map4, #map17, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%195, %196 : tensor<2x4x5x7xf32>, tensor<2x4x5x1xf32>) outs(%190 : tensor<2x4x5x7xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.divf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x4x5x7xf32>
    %collapsed_114 = tensor.collapse_shape %197 [[0, 1], [2], [3]] : tensor<2x4x5x7xf32> into tensor<8x5x7xf32>
    %collapsed_115 = tensor.collapse_shape %transposed_108 [[0, 1], [2], [3]] : tensor<2x4x7x4xf32> into tensor<8x7x4xf32>
    %198 = linalg.batch_matmul ins(%collapsed_114, %collapsed_115 : tensor<8x5x7xf32>, tensor<8x7x4xf32>) outs(%172 : tensor<8x5x4xf32>) -> tensor<8x5x4xf32>
    %expanded_116 = tensor.expand_shape %198 [[0, 1], [2], [3]] output_shape [2, 4, 5, 4] : tensor<8x5x4xf32> into tensor<2x4x5x4xf32>
    %transposed_117 = linalg.transpose ins(%expanded_116 : tensor<2x4x5x4xf32>) outs(%174 : tensor<2x5x4x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_118 = linalg.transpose ins(%cst_9 : tensor<16x16xf32>) outs(%26 : tensor<16x16xf32>) permutation = [1, 0] 
    %collapsed_119 = tensor.collapse_shape %transposed_117 [[0, 1], [2, 3]] : tensor<2x5x4x4xf32> into tensor<10x16xf32>
    %199 = linalg.matmul ins(%collapsed_119, %transposed_118 : tensor<10x16xf32>, tensor<16x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_120 = tensor.expand_shape %199 [[0, 1], [2]] output_shape [2, 5, 16] : tensor<10x16xf32> into tensor<2x5x16xf32>
    %200 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%176, %expanded_120 : tensor<2x5x16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %201 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%200 : tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %202 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%201 : tensor<2x5x16xf32>) outs(%121 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %203 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%202 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %204 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%203 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x5x1xf32>
    %205 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%204 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %206 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%200, %205 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %207 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8, %206 : tensor<16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %transposed_121 = linalg.transpose ins(%cst_7 : tensor<32x16xf32>) outs(%86 : tensor<16x32xf32>) permutation = [1, 0] 
    %collapsed_122 = tensor.collapse_shape %207 [[0, 1], [2]] : tensor<2x5x16xf32> into tensor<10x16xf32>
    %208 = tensor.empty() : tensor<10x32xf32>
    %209 = linalg.fill ins(%cst : f32) outs(%208 : tensor<10x32xf32>) -> tensor<10x32xf32>
    %210 = linalg.matmul ins(%collapsed_122, %transposed_121 : tensor<10x16xf32>, tensor<16x32xf32>) outs(%209 : tensor<10x32xf32>) -> tensor<10x32xf32>
    %expanded_123 = tensor.expand_shape %210 [[0, 1], [2]] output_shape [2, 5, 32] : tensor<10x32xf32> into tensor<2x5x32xf32>
    %211 = tensor.empty() : tensor<2x5x32xf32>
    %212 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_123 : tensor<2x5x32xf32>) outs(%211 : tensor<2x5x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.cmpf ugt, %in, %cst : f32
      %223 = arith.select %222, %in, %cst : f32
      linalg.yield %223 : f32
    } -> tensor<2x5x32xf32>
    %transposed_124 = linalg.transpose ins(%cst_6 : tensor<16x32xf32>) outs(%92 : tensor<32x16xf32>) permutation = [1, 0] 
    %collapsed_125 = tensor.collapse_shape %212 [[0, 1], [2]] : tensor<2x5x32xf32> into tensor<10x32xf32>
    %213 = linalg.matmul ins(%collapsed_125, %transposed_124 : tensor<10x32xf32>, tensor<32x16xf32>) outs(%129 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %expanded_126 = tensor.expand_shape %213 [[0, 1], [2]] output_shape [2, 5, 16] : tensor<10x16xf32> into tensor<2x5x16xf32>
    %214 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%200, %expanded_126 : tensor<2x5x16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.addf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %215 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%214 : tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %216 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%215 : tensor<2x5x16xf32>) outs(%121 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.addf %in, %out : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %217 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%216 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.divf %in, %cst_34 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %218 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%217 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = arith.truncf %cst_32 : f64 to f32
      %223 = arith.addf %in, %222 : f32
      linalg.yield %223 : f32
    } -> tensor<2x5x1xf32>
    %219 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%218 : tensor<2x5x1xf32>) outs(%120 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %222 = math.rsqrt %in : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x1xf32>
    %220 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%214, %219 : tensor<2x5x16xf32>, tensor<2x5x1xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    %221 = linalg.generic {indexing_maps = [#map11, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_5, %220 : tensor<16xf32>, tensor<2x5x16xf32>) outs(%102 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %in_127: f32, %out: f32):
      %222 = arith.mulf %in, %in_127 : f32
      linalg.yield %222 : f32
    } -> tensor<2x5x16xf32>
    return %221 : tensor<2x5x16xf32>
  }
}

