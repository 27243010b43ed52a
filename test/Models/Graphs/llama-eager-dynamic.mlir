// llama-eager-dynamic with one layer, its weights as arguments: models.py --graph llama-eager-dynamic.
// RUN: attn-run %s --random --random-scale=0.5 --shape 0=2x7 --shape 1=2x7 --shape 2=2x7 --compare=unfused --verify-fusion | FileCheck %s
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
#map15 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<?x?xi64>, %arg1: tensor<?x?xi64>, %arg2: tensor<?x?xi64>, %cst_5: tensor<16xf32>, %cst_6: tensor<16x32xf32>, %cst_7: tensor<32x16xf32>, %cst_8: tensor<32x16xf32>, %cst_9: tensor<16xf32>, %cst_10: tensor<16x16xf32>, %cst_11: tensor<8x16xf32>, %cst_12: tensor<8x16xf32>, %cst_13: tensor<16x16xf32>, %cst_14: tensor<16xf32>, %cst_16: tensor<2xf32>, %cst_17: tensor<50x16xf32>) -> tensor<?x?x16xf32> {
    %true = arith.constant true
    %c2_i64 = arith.constant 2 : i64
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c1 = arith.constant 1 : index
    %c0 = arith.constant 0 : index
    %c50 = arith.constant 50 : index
    %c3 = arith.constant 3 : index
    %cst = arith.constant 0.000000e+00 : f32
    %c4_i64 = arith.constant 4 : i64
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_4 = arith.constant dense<true> : tensor<i1>
    %cst_15 = arith.constant 9.9999999999999995E-7 : f64
    %cst_18 = arith.constant 1.600000e+01 : f32
    %c16_i64 = arith.constant 16 : i64
    %c8_i64 = arith.constant 8 : i64
    %cst_19 = arith.constant 5.000000e-01 : f32
    %c2 = arith.constant 2 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?x?xi64>
    %0 = arith.index_cast %dim : index to i64
    %dim_20 = tensor.dim %arg1, %c1 : tensor<?x?xi64>
    %1 = arith.index_cast %dim_20 : index to i64
    %dim_21 = tensor.dim %arg0, %c1 : tensor<?x?xi64>
    %2 = tensor.empty(%dim, %dim_21) : tensor<?x?x16xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<?x?xi64>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %251 = arith.index_cast %in : i64 to index
      %252 = linalg.index 2 : index
      %253 = arith.cmpi slt, %251, %c50 : index
      cf.assert %253, "index must be smaller than dim size"
      %254 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %254, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_17[%251, %252] : tensor<50x16xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x?x16xf32>
    %dim_22 = tensor.dim %arg1, %c0 : tensor<?x?xi64>
    %4 = tensor.empty(%dim_22, %dim_20) : tensor<?x?xi1>
    %5 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<?x?xi64>) outs(%4 : tensor<?x?xi1>) {
    ^bb0(%in: i64, %out: i1):
      %251 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %251 : i1
    } -> tensor<?x?xi1>
    %6 = tensor.empty(%dim) : tensor<?xi64>
    %7 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%6 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %251 = linalg.index 0 : index
      %252 = arith.index_cast %251 : index to i64
      linalg.yield %252 : i64
    } -> tensor<?xi64>
    %8 = tensor.empty(%dim_20) : tensor<?xi64>
    %9 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%8 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %251 = linalg.index 0 : index
      %252 = arith.index_cast %251 : index to i64
      linalg.yield %252 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %7 [[0, 1, 2, 3]] output_shape [%dim, 1, 1, 1] : tensor<?xi64> into tensor<?x1x1x1xi64>
    %expanded_23 = tensor.expand_shape %9 [[0, 1, 2, 3]] output_shape [1, 1, %dim_20, 1] : tensor<?xi64> into tensor<1x1x?x1xi64>
    %expanded_24 = tensor.expand_shape %9 [[0, 1, 2, 3]] output_shape [1, 1, 1, %dim_20] : tensor<?xi64> into tensor<1x1x1x?xi64>
    %10 = tensor.empty(%dim_20, %dim_20) : tensor<1x1x?x?xi1>
    %11 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_24, %expanded_23 : tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) outs(%10 : tensor<1x1x?x?xi1>) {
    ^bb0(%in: i64, %in_76: i64, %out: i1):
      %251 = arith.cmpi sle, %in, %in_76 : i64
      linalg.yield %251 : i1
    } -> tensor<1x1x?x?xi1>
    %12 = linalg.generic {indexing_maps = [#map7, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4, %11 : tensor<i1>, tensor<1x1x?x?xi1>) outs(%10 : tensor<1x1x?x?xi1>) {
    ^bb0(%in: i1, %in_76: i1, %out: i1):
      %251 = arith.andi %in, %in_76 : i1
      linalg.yield %251 : i1
    } -> tensor<1x1x?x?xi1>
    %dim_25 = tensor.dim %expanded, %c0 : tensor<?x1x1x1xi64>
    %dim_26 = tensor.dim %expanded_24, %c3 : tensor<1x1x1x?xi64>
    %13 = tensor.empty(%dim_25, %dim_26) : tensor<?x1x1x?xi1>
    %14 = linalg.generic {indexing_maps = [#map8, #map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_24 : tensor<?x1x1x1xi64>, tensor<1x1x1x?xi64>) outs(%13 : tensor<?x1x1x?xi1>) {
    ^bb0(%in: i64, %in_76: i64, %out: i1):
      %251 = arith.cmpi slt, %in, %c0_i64 : i64
      %252 = arith.index_cast %dim_22 : index to i64
      %253 = arith.addi %in, %252 : i64
      %254 = arith.select %251, %253, %in : i64
      %255 = arith.index_cast %254 : i64 to index
      %256 = arith.cmpi slt, %in_76, %c0_i64 : i64
      %257 = arith.addi %in_76, %1 : i64
      %258 = arith.select %256, %257, %in_76 : i64
      %259 = arith.index_cast %258 : i64 to index
      %extracted = tensor.extract %5[%255, %259] : tensor<?x?xi1>
      linalg.yield %extracted : i1
    } -> tensor<?x1x1x?xi1>
    %15 = arith.cmpi eq, %dim_20, %dim_26 : index
    cf.assert %15, "mismatched size for broadcast"
    %16 = tensor.empty(%dim_25, %dim_20, %dim_20) : tensor<?x1x?x?xi1>
    %17 = linalg.generic {indexing_maps = [#map10, #map4, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %14 : tensor<1x1x?x?xi1>, tensor<?x1x1x?xi1>) outs(%16 : tensor<?x1x?x?xi1>) {
    ^bb0(%in: i1, %in_76: i1, %out: i1):
      %251 = arith.andi %in, %in_76 : i1
      linalg.yield %251 : i1
    } -> tensor<?x1x?x?xi1>
    %18 = arith.cmpi sge, %0, %c0_i64 : i64
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    %19 = arith.cmpi sge, %1, %c0_i64 : i64
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %20 = tensor.empty(%dim, %dim_20, %dim_20) : tensor<?x1x?x?xi1>
    %21 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%20 : tensor<?x1x?x?xi1>) {
    ^bb0(%out: i1):
      %251 = linalg.index 0 : index
      %252 = linalg.index 2 : index
      %253 = linalg.index 3 : index
      %254 = arith.cmpi eq, %dim_25, %c1 : index
      %255 = arith.select %254, %c0, %251 : index
      %256 = arith.cmpi eq, %dim_20, %c1 : index
      %257 = arith.select %256, %c0, %252 : index
      %258 = arith.select %256, %c0, %253 : index
      %extracted = tensor.extract %17[%255, %c0, %257, %258] : tensor<?x1x?x?xi1>
      linalg.yield %extracted : i1
    } -> tensor<?x1x?x?xi1>
    %22 = tensor.empty(%dim, %dim_20, %dim_20) : tensor<?x1x?x?xf32>
    %23 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21, %cst_3, %cst_2 : tensor<?x1x?x?xi1>, tensor<f32>, tensor<f32>) outs(%22 : tensor<?x1x?x?xf32>) {
    ^bb0(%in: i1, %in_76: f32, %in_77: f32, %out: f32):
      %251 = arith.select %in, %in_76, %in_77 : f32
      linalg.yield %251 : f32
    } -> tensor<?x1x?x?xf32>
    %dim_27 = tensor.dim %arg2, %c0 : tensor<?x?xi64>
    %dim_28 = tensor.dim %arg2, %c1 : tensor<?x?xi64>
    %expanded_29 = tensor.expand_shape %arg2 [[0], [1, 2]] output_shape [%dim_27, %dim_28, 1] : tensor<?x?xi64> into tensor<?x?x1xi64>
    %24 = tensor.empty(%dim_27, %dim_28) : tensor<?x?x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_29 : tensor<?x?x1xi64>) outs(%24 : tensor<?x?x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %251 = arith.sitofp %in : i64 to f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %26 = tensor.empty(%dim_27, %dim_28) : tensor<?x?x2xf32>
    %27 = linalg.generic {indexing_maps = [#map11, #map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25, %cst_16 : tensor<?x?x1xf32>, tensor<2xf32>) outs(%26 : tensor<?x?x2xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x2xf32>
    %concat = tensor.concat dim(2) %27, %27 : (tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x?x4xf32>
    %dim_30 = tensor.dim %27, %c0 : tensor<?x?x2xf32>
    %dim_31 = tensor.dim %27, %c1 : tensor<?x?x2xf32>
    %28 = tensor.empty(%dim_30, %dim_31) : tensor<?x?x4xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<?x?x4xf32>) outs(%28 : tensor<?x?x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.cos %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x4xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<?x?x4xf32>) outs(%28 : tensor<?x?x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.sin %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x4xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %32 = tensor.empty(%dim, %dim_21) : tensor<?x?x1xf32>
    %33 = linalg.fill ins(%cst : f32) outs(%32 : tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%31 : tensor<?x?x16xf32>) outs(%33 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.addf %in, %out : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.divf %in, %cst_18 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.truncf %cst_15 : f64 to f32
      %252 = arith.addf %in, %251 : f32
      linalg.yield %252 : f32
    } -> tensor<?x?x1xf32>
    %37 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.rsqrt %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %38 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3, %37 : tensor<?x?x16xf32>, tensor<?x?x1xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %39 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_14, %38 : tensor<16xf32>, tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %40 = tensor.empty() : tensor<16x16xf32>
    %transposed = linalg.transpose ins(%cst_13 : tensor<16x16xf32>) outs(%40 : tensor<16x16xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %41 = tensor.empty(%dim) : tensor<?x16x16xf32>
    %42 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed : tensor<16x16xf32>) outs(%41 : tensor<?x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x16x16xf32>
    cf.assert %true, "mismatching contracting dimension"
    %43 = linalg.fill ins(%cst : f32) outs(%2 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    %44 = linalg.batch_matmul ins(%39, %42 : tensor<?x?x16xf32>, tensor<?x16x16xf32>) outs(%43 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    %45 = arith.cmpi slt, %0, %c0_i64 : i64
    %46 = arith.select %45, %c1_i64, %0 : i64
    %47 = arith.extui %45 : i1 to i64
    %48 = arith.muli %46, %1 : i64
    %49 = arith.addi %47, %c1_i64 : i64
    %50 = arith.cmpi slt, %1, %c0_i64 : i64
    %51 = arith.select %50, %46, %48 : i64
    %52 = arith.select %50, %49, %47 : i64
    %53 = arith.addi %52, %c1_i64 : i64
    %54 = arith.muli %51, %c4_i64 : i64
    %55 = arith.cmpi sle, %53, %c1_i64 : i64
    cf.assert %55, "must have at most one inferred (negative) dimension"
    %56 = arith.index_cast %dim_21 : index to i64
    %57 = arith.muli %0, %56 : i64
    %58 = arith.muli %57, %c16_i64 : i64
    %59 = arith.divsi %58, %54 : i64
    %60 = arith.select %45, %59, %0 : i64
    %61 = arith.select %50, %59, %1 : i64
    %from_elements = tensor.from_elements %60, %61, %59, %c4_i64 : tensor<4xi64>
    %reshape = tensor.reshape %44(%from_elements) : (tensor<?x?x16xf32>, tensor<4xi64>) -> tensor<?x?x4x4xf32>
    %62 = arith.index_cast %60 : i64 to index
    %63 = arith.index_cast %61 : i64 to index
    %64 = tensor.empty(%62, %63) : tensor<?x4x?x4xf32>
    %transposed_32 = linalg.transpose ins(%reshape : tensor<?x?x4x4xf32>) outs(%64 : tensor<?x4x?x4xf32>) permutation = [0, 2, 1, 3] 
    %65 = tensor.empty() : tensor<16x8xf32>
    %transposed_33 = linalg.transpose ins(%cst_12 : tensor<8x16xf32>) outs(%65 : tensor<16x8xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %66 = tensor.empty(%dim) : tensor<?x16x8xf32>
    %67 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_33 : tensor<16x8xf32>) outs(%66 : tensor<?x16x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x16x8xf32>
    cf.assert %true, "mismatching contracting dimension"
    %68 = tensor.empty(%dim, %dim_21) : tensor<?x?x8xf32>
    %69 = linalg.fill ins(%cst : f32) outs(%68 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %70 = linalg.batch_matmul ins(%39, %67 : tensor<?x?x16xf32>, tensor<?x16x8xf32>) outs(%69 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    cf.assert %55, "must have at most one inferred (negative) dimension"
    %71 = arith.muli %57, %c8_i64 : i64
    %72 = arith.divsi %71, %54 : i64
    %73 = arith.select %45, %72, %0 : i64
    %74 = arith.select %50, %72, %1 : i64
    %from_elements_34 = tensor.from_elements %73, %74, %72, %c4_i64 : tensor<4xi64>
    %reshape_35 = tensor.reshape %70(%from_elements_34) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
    %75 = arith.index_cast %73 : i64 to index
    %76 = arith.index_cast %74 : i64 to index
    %77 = tensor.empty(%75, %76) : tensor<?x2x?x4xf32>
    %transposed_36 = linalg.transpose ins(%reshape_35 : tensor<?x?x2x4xf32>) outs(%77 : tensor<?x2x?x4xf32>) permutation = [0, 2, 1, 3] 
    %transposed_37 = linalg.transpose ins(%cst_11 : tensor<8x16xf32>) outs(%65 : tensor<16x8xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %78 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_37 : tensor<16x8xf32>) outs(%66 : tensor<?x16x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x16x8xf32>
    cf.assert %true, "mismatching contracting dimension"
    %79 = linalg.batch_matmul ins(%39, %78 : tensor<?x?x16xf32>, tensor<?x16x8xf32>) outs(%69 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    cf.assert %55, "must have at most one inferred (negative) dimension"
    %reshape_38 = tensor.reshape %79(%from_elements_34) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
    %transposed_39 = linalg.transpose ins(%reshape_38 : tensor<?x?x2x4xf32>) outs(%77 : tensor<?x2x?x4xf32>) permutation = [0, 2, 1, 3] 
    %expanded_40 = tensor.expand_shape %29 [[0], [1, 2], [3]] output_shape [%dim_30, 1, %dim_31, 4] : tensor<?x?x4xf32> into tensor<?x1x?x4xf32>
    %expanded_41 = tensor.expand_shape %30 [[0], [1, 2], [3]] output_shape [%dim_30, 1, %dim_31, 4] : tensor<?x?x4xf32> into tensor<?x1x?x4xf32>
    %80 = arith.cmpi eq, %62, %dim_30 : index
    cf.assert %80, "mismatched size for broadcast"
    %81 = arith.cmpi eq, %63, %dim_31 : index
    cf.assert %81, "mismatched size for broadcast"
    %82 = linalg.generic {indexing_maps = [#map6, #map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_32, %expanded_40 : tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) outs(%64 : tensor<?x4x?x4xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x4xf32>
    %extracted_slice = tensor.extract_slice %transposed_32[0, 0, 0, 0] [%62, 4, %63, 2] [1, 1, 1, 1] : tensor<?x4x?x4xf32> to tensor<?x4x?x2xf32>
    %extracted_slice_42 = tensor.extract_slice %transposed_32[0, 0, 0, 2] [%62, 4, %63, 2] [1, 1, 1, 1] : tensor<?x4x?x4xf32> to tensor<?x4x?x2xf32>
    %83 = tensor.empty(%62, %63) : tensor<?x4x?x2xf32>
    %84 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_42 : tensor<?x4x?x2xf32>) outs(%83 : tensor<?x4x?x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.negf %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x2xf32>
    %concat_43 = tensor.concat dim(3) %84, %extracted_slice : (tensor<?x4x?x2xf32>, tensor<?x4x?x2xf32>) -> tensor<?x4x?x4xf32>
    %dim_44 = tensor.dim %84, %c0 : tensor<?x4x?x2xf32>
    %dim_45 = tensor.dim %84, %c2 : tensor<?x4x?x2xf32>
    %85 = arith.cmpi eq, %dim_44, %dim_30 : index
    cf.assert %85, "mismatched size for broadcast"
    %86 = arith.cmpi eq, %dim_45, %dim_31 : index
    cf.assert %86, "mismatched size for broadcast"
    %87 = tensor.empty(%dim_44, %dim_45) : tensor<?x4x?x4xf32>
    %88 = linalg.generic {indexing_maps = [#map6, #map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_43, %expanded_41 : tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) outs(%87 : tensor<?x4x?x4xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x4xf32>
    %89 = arith.cmpi eq, %62, %dim_44 : index
    cf.assert %89, "mismatched size for broadcast"
    %90 = arith.cmpi eq, %63, %dim_45 : index
    cf.assert %90, "mismatched size for broadcast"
    %91 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82, %88 : tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) outs(%64 : tensor<?x4x?x4xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.addf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x4xf32>
    %92 = arith.cmpi eq, %75, %dim_30 : index
    cf.assert %92, "mismatched size for broadcast"
    %93 = arith.cmpi eq, %76, %dim_31 : index
    cf.assert %93, "mismatched size for broadcast"
    %94 = linalg.generic {indexing_maps = [#map6, #map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_36, %expanded_40 : tensor<?x2x?x4xf32>, tensor<?x1x?x4xf32>) outs(%77 : tensor<?x2x?x4xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x2x?x4xf32>
    %extracted_slice_46 = tensor.extract_slice %transposed_36[0, 0, 0, 0] [%75, 2, %76, 2] [1, 1, 1, 1] : tensor<?x2x?x4xf32> to tensor<?x2x?x2xf32>
    %extracted_slice_47 = tensor.extract_slice %transposed_36[0, 0, 0, 2] [%75, 2, %76, 2] [1, 1, 1, 1] : tensor<?x2x?x4xf32> to tensor<?x2x?x2xf32>
    %95 = tensor.empty(%75, %76) : tensor<?x2x?x2xf32>
    %96 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_47 : tensor<?x2x?x2xf32>) outs(%95 : tensor<?x2x?x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.negf %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x2x?x2xf32>
    %concat_48 = tensor.concat dim(3) %96, %extracted_slice_46 : (tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x4xf32>
    %dim_49 = tensor.dim %96, %c0 : tensor<?x2x?x2xf32>
    %dim_50 = tensor.dim %96, %c2 : tensor<?x2x?x2xf32>
    %97 = arith.cmpi eq, %dim_49, %dim_30 : index
    cf.assert %97, "mismatched size for broadcast"
    %98 = arith.cmpi eq, %dim_50, %dim_31 : index
    cf.assert %98, "mismatched size for broadcast"
    %99 = tensor.empty(%dim_49, %dim_50) : tensor<?x2x?x4xf32>
    %100 = linalg.generic {indexing_maps = [#map6, #map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_48, %expanded_41 : tensor<?x2x?x4xf32>, tensor<?x1x?x4xf32>) outs(%99 : tensor<?x2x?x4xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x2x?x4xf32>
    %101 = arith.cmpi eq, %75, %dim_49 : index
    cf.assert %101, "mismatched size for broadcast"
    %102 = arith.cmpi eq, %76, %dim_50 : index
    cf.assert %102, "mismatched size for broadcast"
    %103 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%94, %100 : tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) outs(%77 : tensor<?x2x?x4xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.addf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x2x?x4xf32>
    %expanded_51 = tensor.expand_shape %103 [[0], [1], [2, 3], [4]] output_shape [%75, 2, 1, %76, 4] : tensor<?x2x?x4xf32> into tensor<?x2x1x?x4xf32>
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %104 = tensor.empty(%dim, %dim_20) : tensor<?x2x2x?x4xf32>
    %105 = linalg.generic {indexing_maps = [#map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} outs(%104 : tensor<?x2x2x?x4xf32>) {
    ^bb0(%out: f32):
      %251 = linalg.index 0 : index
      %252 = linalg.index 1 : index
      %253 = linalg.index 3 : index
      %254 = linalg.index 4 : index
      %255 = arith.cmpi eq, %75, %c1 : index
      %256 = arith.select %255, %c0, %251 : index
      %257 = arith.cmpi eq, %76, %c1 : index
      %258 = arith.select %257, %c0, %253 : index
      %extracted = tensor.extract %expanded_51[%256, %252, %c0, %258, %254] : tensor<?x2x1x?x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x2x2x?x4xf32>
    %106 = arith.muli %46, %c4_i64 : i64
    %107 = arith.muli %106, %1 : i64
    %108 = arith.select %50, %106, %107 : i64
    %109 = arith.muli %108, %c4_i64 : i64
    %110 = arith.cmpi sle, %52, %c1_i64 : i64
    cf.assert %110, "must have at most one inferred (negative) dimension"
    %111 = arith.muli %0, %c4_i64 : i64
    %112 = arith.muli %111, %1 : i64
    %113 = arith.muli %112, %c4_i64 : i64
    %114 = arith.divsi %113, %109 : i64
    %115 = arith.select %45, %114, %0 : i64
    %116 = arith.select %50, %114, %1 : i64
    %from_elements_52 = tensor.from_elements %115, %c4_i64, %116, %c4_i64 : tensor<4xi64>
    %reshape_53 = tensor.reshape %105(%from_elements_52) : (tensor<?x2x2x?x4xf32>, tensor<4xi64>) -> tensor<?x4x?x4xf32>
    %expanded_54 = tensor.expand_shape %transposed_39 [[0], [1], [2, 3], [4]] output_shape [%75, 2, 1, %76, 4] : tensor<?x2x?x4xf32> into tensor<?x2x1x?x4xf32>
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %117 = linalg.generic {indexing_maps = [#map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} outs(%104 : tensor<?x2x2x?x4xf32>) {
    ^bb0(%out: f32):
      %251 = linalg.index 0 : index
      %252 = linalg.index 1 : index
      %253 = linalg.index 3 : index
      %254 = linalg.index 4 : index
      %255 = arith.cmpi eq, %75, %c1 : index
      %256 = arith.select %255, %c0, %251 : index
      %257 = arith.cmpi eq, %76, %c1 : index
      %258 = arith.select %257, %c0, %253 : index
      %extracted = tensor.extract %expanded_54[%256, %252, %c0, %258, %254] : tensor<?x2x1x?x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x2x2x?x4xf32>
    cf.assert %110, "must have at most one inferred (negative) dimension"
    %reshape_55 = tensor.reshape %117(%from_elements_52) : (tensor<?x2x2x?x4xf32>, tensor<4xi64>) -> tensor<?x4x?x4xf32>
    %118 = arith.index_cast %115 : i64 to index
    %119 = arith.index_cast %116 : i64 to index
    %120 = tensor.empty(%118, %119) : tensor<?x4x4x?xf32>
    %transposed_56 = linalg.transpose ins(%reshape_53 : tensor<?x4x?x4xf32>) outs(%120 : tensor<?x4x4x?xf32>) permutation = [0, 1, 3, 2] 
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %121 = tensor.empty(%dim, %dim_20) : tensor<?x4x?x4xf32>
    %122 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%121 : tensor<?x4x?x4xf32>) {
    ^bb0(%out: f32):
      %251 = linalg.index 0 : index
      %252 = linalg.index 1 : index
      %253 = linalg.index 2 : index
      %254 = linalg.index 3 : index
      %255 = arith.cmpi eq, %62, %c1 : index
      %256 = arith.select %255, %c0, %251 : index
      %257 = arith.cmpi eq, %63, %c1 : index
      %258 = arith.select %257, %c0, %253 : index
      %extracted = tensor.extract %91[%256, %252, %258, %254] : tensor<?x4x?x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x4x?x4xf32>
    %123 = arith.cmpi slt, %111, %c0_i64 : i64
    %124 = arith.select %123, %c1_i64, %111 : i64
    %125 = arith.extui %123 : i1 to i64
    %126 = arith.muli %124, %1 : i64
    %127 = arith.addi %125, %c1_i64 : i64
    %128 = arith.select %50, %124, %126 : i64
    %129 = arith.select %50, %127, %125 : i64
    %130 = arith.muli %128, %c4_i64 : i64
    %131 = arith.cmpi sle, %129, %c1_i64 : i64
    cf.assert %131, "must have at most one inferred (negative) dimension"
    %132 = arith.divsi %113, %130 : i64
    %133 = arith.select %123, %132, %111 : i64
    %134 = arith.select %50, %132, %1 : i64
    %from_elements_57 = tensor.from_elements %133, %134, %c4_i64 : tensor<3xi64>
    %reshape_58 = tensor.reshape %122(%from_elements_57) : (tensor<?x4x?x4xf32>, tensor<3xi64>) -> tensor<?x?x4xf32>
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %135 = tensor.empty(%dim, %dim_20) : tensor<?x4x4x?xf32>
    %136 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%135 : tensor<?x4x4x?xf32>) {
    ^bb0(%out: f32):
      %251 = linalg.index 0 : index
      %252 = linalg.index 1 : index
      %253 = linalg.index 2 : index
      %254 = linalg.index 3 : index
      %255 = arith.cmpi eq, %118, %c1 : index
      %256 = arith.select %255, %c0, %251 : index
      %257 = arith.cmpi eq, %119, %c1 : index
      %258 = arith.select %257, %c0, %254 : index
      %extracted = tensor.extract %transposed_56[%256, %252, %253, %258] : tensor<?x4x4x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x4x4x?xf32>
    %137 = arith.muli %124, %c4_i64 : i64
    %138 = arith.muli %137, %1 : i64
    %139 = arith.select %50, %137, %138 : i64
    cf.assert %131, "must have at most one inferred (negative) dimension"
    %140 = arith.muli %0, %c16_i64 : i64
    %141 = arith.muli %140, %1 : i64
    %142 = arith.divsi %141, %139 : i64
    %143 = arith.select %123, %142, %111 : i64
    %144 = arith.select %50, %142, %1 : i64
    %from_elements_59 = tensor.from_elements %143, %c4_i64, %144 : tensor<3xi64>
    %reshape_60 = tensor.reshape %136(%from_elements_59) : (tensor<?x4x4x?xf32>, tensor<3xi64>) -> tensor<?x4x?xf32>
    %145 = arith.index_cast %133 : i64 to index
    %146 = arith.index_cast %134 : i64 to index
    %147 = arith.index_cast %144 : i64 to index
    %148 = arith.cmpi eq, %133, %143 : i64
    cf.assert %148, "mismatching contracting dimension"
    %149 = tensor.empty(%145, %146, %147) : tensor<?x?x?xf32>
    %150 = linalg.fill ins(%cst : f32) outs(%149 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %151 = linalg.batch_matmul ins(%reshape_58, %reshape_60 : tensor<?x?x4xf32>, tensor<?x4x?xf32>) outs(%150 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %152 = arith.muli %108, %1 : i64
    %153 = arith.select %50, %106, %152 : i64
    %154 = arith.select %50, %53, %47 : i64
    %155 = arith.cmpi sle, %154, %c1_i64 : i64
    cf.assert %155, "must have at most one inferred (negative) dimension"
    %156 = arith.muli %133, %134 : i64
    %157 = arith.muli %156, %144 : i64
    %158 = arith.divsi %157, %153 : i64
    %159 = arith.select %45, %158, %0 : i64
    %160 = arith.select %50, %158, %1 : i64
    %from_elements_61 = tensor.from_elements %159, %c4_i64, %160, %160 : tensor<4xi64>
    %reshape_62 = tensor.reshape %151(%from_elements_61) : (tensor<?x?x?xf32>, tensor<4xi64>) -> tensor<?x4x?x?xf32>
    %161 = arith.index_cast %159 : i64 to index
    %162 = arith.index_cast %160 : i64 to index
    %163 = tensor.empty(%161, %162, %162) : tensor<?x4x?x?xf32>
    %164 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape_62 : tensor<?x4x?x?xf32>) outs(%163 : tensor<?x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.mulf %in, %cst_19 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x?xf32>
    %165 = arith.cmpi eq, %161, %dim : index
    cf.assert %165, "mismatched size for broadcast"
    %166 = arith.cmpi eq, %162, %dim_20 : index
    cf.assert %166, "mismatched size for broadcast"
    cf.assert %166, "mismatched size for broadcast"
    %167 = linalg.generic {indexing_maps = [#map6, #map14, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%164, %23 : tensor<?x4x?x?xf32>, tensor<?x1x?x?xf32>) outs(%163 : tensor<?x4x?x?xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.addf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x?xf32>
    %168 = tensor.empty(%161, %162) : tensor<?x4x?xi64>
    %169 = linalg.fill ins(%c0_i64 : i64) outs(%168 : tensor<?x4x?xi64>) -> tensor<?x4x?xi64>
    %170 = tensor.empty(%161, %162) : tensor<?x4x?xf32>
    %171 = linalg.fill ins(%cst_0 : f32) outs(%170 : tensor<?x4x?xf32>) -> tensor<?x4x?xf32>
    %172:2 = linalg.generic {indexing_maps = [#map6, #map16, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%167 : tensor<?x4x?x?xf32>) outs(%171, %169 : tensor<?x4x?xf32>, tensor<?x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_76: i64):
      %251 = linalg.index 3 : index
      %252 = arith.index_cast %251 : index to i64
      %253 = arith.maximumf %in, %out : f32
      %254 = arith.cmpf ogt, %in, %out : f32
      %255 = arith.select %254, %252, %out_76 : i64
      linalg.yield %253, %255 : f32, i64
    } -> (tensor<?x4x?xf32>, tensor<?x4x?xi64>)
    %expanded_63 = tensor.expand_shape %172#0 [[0], [1], [2, 3]] output_shape [%161, 4, %162, 1] : tensor<?x4x?xf32> into tensor<?x4x?x1xf32>
    %173 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%167, %expanded_63 : tensor<?x4x?x?xf32>, tensor<?x4x?x1xf32>) outs(%163 : tensor<?x4x?x?xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.subf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x?xf32>
    %174 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%173 : tensor<?x4x?x?xf32>) outs(%163 : tensor<?x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.exp %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x?xf32>
    %175 = tensor.empty(%161, %162) : tensor<?x4x?x1xf32>
    %176 = linalg.fill ins(%cst : f32) outs(%175 : tensor<?x4x?x1xf32>) -> tensor<?x4x?x1xf32>
    %177 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%174 : tensor<?x4x?x?xf32>) outs(%176 : tensor<?x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.addf %in, %out : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x1xf32>
    %178 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%174, %177 : tensor<?x4x?x?xf32>, tensor<?x4x?x1xf32>) outs(%163 : tensor<?x4x?x?xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.divf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x4x?x?xf32>
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %179 = tensor.empty(%dim, %dim_20, %dim_20) : tensor<?x4x?x?xf32>
    %180 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%179 : tensor<?x4x?x?xf32>) {
    ^bb0(%out: f32):
      %251 = linalg.index 0 : index
      %252 = linalg.index 1 : index
      %253 = linalg.index 2 : index
      %254 = linalg.index 3 : index
      %255 = arith.cmpi eq, %161, %c1 : index
      %256 = arith.select %255, %c0, %251 : index
      %257 = arith.cmpi eq, %162, %c1 : index
      %258 = arith.select %257, %c0, %253 : index
      %259 = arith.select %257, %c0, %254 : index
      %extracted = tensor.extract %178[%256, %252, %258, %259] : tensor<?x4x?x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x4x?x?xf32>
    %181 = arith.muli %128, %1 : i64
    %182 = arith.addi %129, %c1_i64 : i64
    %183 = arith.select %50, %124, %181 : i64
    %184 = arith.select %50, %182, %125 : i64
    %185 = arith.cmpi sle, %184, %c1_i64 : i64
    cf.assert %185, "must have at most one inferred (negative) dimension"
    %186 = arith.muli %112, %1 : i64
    %187 = arith.divsi %186, %183 : i64
    %188 = arith.select %123, %187, %111 : i64
    %189 = arith.select %50, %187, %1 : i64
    %from_elements_64 = tensor.from_elements %188, %189, %189 : tensor<3xi64>
    %reshape_65 = tensor.reshape %180(%from_elements_64) : (tensor<?x4x?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
    cf.assert %18, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %19, "unimplemented: dynamic negative broadcast sizes"
    %190 = linalg.generic {indexing_maps = [#map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%121 : tensor<?x4x?x4xf32>) {
    ^bb0(%out: f32):
      %251 = linalg.index 0 : index
      %252 = linalg.index 1 : index
      %253 = linalg.index 2 : index
      %254 = linalg.index 3 : index
      %255 = arith.cmpi eq, %118, %c1 : index
      %256 = arith.select %255, %c0, %251 : index
      %257 = arith.cmpi eq, %119, %c1 : index
      %258 = arith.select %257, %c0, %253 : index
      %extracted = tensor.extract %reshape_55[%256, %252, %258, %254] : tensor<?x4x?x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x4x?x4xf32>
    cf.assert %131, "must have at most one inferred (negative) dimension"
    %reshape_66 = tensor.reshape %190(%from_elements_57) : (tensor<?x4x?x4xf32>, tensor<3xi64>) -> tensor<?x?x4xf32>
    %191 = arith.index_cast %188 : i64 to index
    %192 = arith.index_cast %189 : i64 to index
    %193 = arith.cmpi eq, %188, %133 : i64
    cf.assert %193, "mismatching contracting dimension"
    %194 = arith.cmpi eq, %189, %134 : i64
    cf.assert %194, "mismatching contracting dimension"
    %195 = tensor.empty(%191, %192) : tensor<?x?x4xf32>
    %196 = linalg.fill ins(%cst : f32) outs(%195 : tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    %197 = linalg.batch_matmul ins(%reshape_65, %reshape_66 : tensor<?x?x?xf32>, tensor<?x?x4xf32>) outs(%196 : tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    cf.assert %110, "must have at most one inferred (negative) dimension"
    %198 = arith.muli %188, %189 : i64
    %199 = arith.muli %198, %c4_i64 : i64
    %200 = arith.divsi %199, %109 : i64
    %201 = arith.select %45, %200, %0 : i64
    %202 = arith.select %50, %200, %1 : i64
    %from_elements_67 = tensor.from_elements %201, %c4_i64, %202, %c4_i64 : tensor<4xi64>
    %reshape_68 = tensor.reshape %197(%from_elements_67) : (tensor<?x?x4xf32>, tensor<4xi64>) -> tensor<?x4x?x4xf32>
    %203 = arith.index_cast %201 : i64 to index
    %204 = arith.index_cast %202 : i64 to index
    %205 = tensor.empty(%203, %204) : tensor<?x?x4x4xf32>
    %transposed_69 = linalg.transpose ins(%reshape_68 : tensor<?x4x?x4xf32>) outs(%205 : tensor<?x?x4x4xf32>) permutation = [0, 2, 1, 3] 
    cf.assert %55, "must have at most one inferred (negative) dimension"
    %206 = arith.muli %201, %202 : i64
    %207 = arith.muli %206, %c16_i64 : i64
    %208 = arith.divsi %207, %51 : i64
    %209 = arith.select %45, %208, %0 : i64
    %210 = arith.select %50, %208, %1 : i64
    %from_elements_70 = tensor.from_elements %209, %210, %208 : tensor<3xi64>
    %reshape_71 = tensor.reshape %transposed_69(%from_elements_70) : (tensor<?x?x4x4xf32>, tensor<3xi64>) -> tensor<?x?x16xf32>
    %transposed_72 = linalg.transpose ins(%cst_10 : tensor<16x16xf32>) outs(%40 : tensor<16x16xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %211 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_72 : tensor<16x16xf32>) outs(%41 : tensor<?x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x16x16xf32>
    %212 = arith.index_cast %209 : i64 to index
    %213 = arith.index_cast %210 : i64 to index
    %214 = arith.cmpi eq, %209, %0 : i64
    cf.assert %214, "mismatching contracting dimension"
    %215 = tensor.empty(%212, %213) : tensor<?x?x16xf32>
    %216 = linalg.fill ins(%cst : f32) outs(%215 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    %217 = linalg.batch_matmul ins(%reshape_71, %211 : tensor<?x?x16xf32>, tensor<?x16x16xf32>) outs(%216 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    %218 = arith.cmpi eq, %dim, %212 : index
    cf.assert %218, "mismatched size for broadcast"
    %219 = arith.cmpi eq, %dim_21, %213 : index
    cf.assert %219, "mismatched size for broadcast"
    %220 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3, %217 : tensor<?x?x16xf32>, tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.addf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %221 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%220 : tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %222 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%221 : tensor<?x?x16xf32>) outs(%33 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.addf %in, %out : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %223 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%222 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.divf %in, %cst_18 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %224 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%223 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.truncf %cst_15 : f64 to f32
      %252 = arith.addf %in, %251 : f32
      linalg.yield %252 : f32
    } -> tensor<?x?x1xf32>
    %225 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%224 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.rsqrt %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %226 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%220, %225 : tensor<?x?x16xf32>, tensor<?x?x1xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %227 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_9, %226 : tensor<16xf32>, tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %228 = tensor.empty() : tensor<16x32xf32>
    %transposed_73 = linalg.transpose ins(%cst_8 : tensor<32x16xf32>) outs(%228 : tensor<16x32xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %229 = tensor.empty(%dim) : tensor<?x16x32xf32>
    %230 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_73 : tensor<16x32xf32>) outs(%229 : tensor<?x16x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x16x32xf32>
    cf.assert %true, "mismatching contracting dimension"
    %231 = tensor.empty(%dim, %dim_21) : tensor<?x?x32xf32>
    %232 = linalg.fill ins(%cst : f32) outs(%231 : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
    %233 = linalg.batch_matmul ins(%227, %230 : tensor<?x?x16xf32>, tensor<?x16x32xf32>) outs(%232 : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
    %234 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%233 : tensor<?x?x32xf32>) outs(%231 : tensor<?x?x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.negf %in : f32
      %252 = math.exp %251 : f32
      %253 = arith.addf %252, %cst_1 : f32
      %254 = arith.divf %cst_1, %253 : f32
      linalg.yield %254 : f32
    } -> tensor<?x?x32xf32>
    %235 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%233, %234 : tensor<?x?x32xf32>, tensor<?x?x32xf32>) outs(%231 : tensor<?x?x32xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x32xf32>
    %transposed_74 = linalg.transpose ins(%cst_7 : tensor<32x16xf32>) outs(%228 : tensor<16x32xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %236 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_74 : tensor<16x32xf32>) outs(%229 : tensor<?x16x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x16x32xf32>
    cf.assert %true, "mismatching contracting dimension"
    %237 = linalg.batch_matmul ins(%227, %236 : tensor<?x?x16xf32>, tensor<?x16x32xf32>) outs(%232 : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
    %238 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%235, %237 : tensor<?x?x32xf32>, tensor<?x?x32xf32>) outs(%231 : tensor<?x?x32xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x32xf32>
    %239 = tensor.empty() : tensor<32x16xf32>
    %transposed_75 = linalg.transpose ins(%cst_6 : tensor<16x32xf32>) outs(%239 : tensor<32x16xf32>) permutation = [1, 0] 
    cf.assert %18, "negative values not allowed in new dimensions"
    %240 = tensor.empty(%dim) : tensor<?x32x16xf32>
    %241 = linalg.generic {indexing_maps = [#map13, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_75 : tensor<32x16xf32>) outs(%240 : tensor<?x32x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x32x16xf32>
    cf.assert %true, "mismatching contracting dimension"
    %242 = linalg.batch_matmul ins(%238, %241 : tensor<?x?x32xf32>, tensor<?x32x16xf32>) outs(%43 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    %243 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%220, %242 : tensor<?x?x16xf32>, tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.addf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %244 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%243 : tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %245 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "parallel", "reduction"]} ins(%244 : tensor<?x?x16xf32>) outs(%33 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.addf %in, %out : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %246 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%245 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.divf %in, %cst_18 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %247 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%246 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = arith.truncf %cst_15 : f64 to f32
      %252 = arith.addf %in, %251 : f32
      linalg.yield %252 : f32
    } -> tensor<?x?x1xf32>
    %248 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%247 : tensor<?x?x1xf32>) outs(%32 : tensor<?x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %251 = math.rsqrt %in : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x1xf32>
    %249 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%243, %248 : tensor<?x?x16xf32>, tensor<?x?x1xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    %250 = linalg.generic {indexing_maps = [#map12, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_5, %249 : tensor<16xf32>, tensor<?x?x16xf32>) outs(%2 : tensor<?x?x16xf32>) {
    ^bb0(%in: f32, %in_76: f32, %out: f32):
      %251 = arith.mulf %in, %in_76 : f32
      linalg.yield %251 : f32
    } -> tensor<?x?x16xf32>
    return %250 : tensor<?x?x16xf32>
  }
}

