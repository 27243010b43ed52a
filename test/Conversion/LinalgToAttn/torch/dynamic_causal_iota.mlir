// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused --shape 0=2x3x6x8 --shape 1=2x3x6x8 --shape 2=2x3x6x8
// FUSED-COUNT-1: attn.sdpa
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0) -> (d0)>
#map2 = affine_map<(d0, d1) -> (0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, 0)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<?x3x?x8xf32>, %arg1: tensor<?x3x?x8xf32>, %arg2: tensor<?x3x?x8xf32>) -> tensor<?x3x?x8xf32> {
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3_i64 = arith.constant 3 : i64
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant dense<0xFF800000> : tensor<f32>
    %c24_i64 = arith.constant 24 : i64
    %cst_2 = arith.constant 2.500000e-01 : f32
    %dim = tensor.dim %arg2, %c0 : tensor<?x3x?x8xf32>
    %0 = arith.index_cast %dim : index to i64
    %dim_3 = tensor.dim %arg2, %c2 : tensor<?x3x?x8xf32>
    %1 = arith.index_cast %dim_3 : index to i64
    %dim_4 = tensor.dim %arg1, %c0 : tensor<?x3x?x8xf32>
    %dim_5 = tensor.dim %arg1, %c2 : tensor<?x3x?x8xf32>
    %2 = tensor.empty(%dim_4, %dim_5) : tensor<?x3x8x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<?x3x?x8xf32>) outs(%2 : tensor<?x3x8x?xf32>) permutation = [0, 1, 3, 2] 
    %3 = arith.muli %0, %c3_i64 : i64
    %4 = arith.cmpi sge, %0, %c0_i64 : i64
    cf.assert %4, "unimplemented: dynamic negative broadcast sizes"
    %5 = arith.cmpi sge, %1, %c0_i64 : i64
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    %6 = tensor.empty(%dim, %dim_3) : tensor<?x3x?x8xf32>
    %7 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%6 : tensor<?x3x?x8xf32>) {
    ^bb0(%out: f32):
      %106 = linalg.index 0 : index
      %107 = linalg.index 1 : index
      %108 = linalg.index 2 : index
      %109 = linalg.index 3 : index
      %dim_17 = tensor.dim %arg0, %c0 : tensor<?x3x?x8xf32>
      %110 = arith.cmpi eq, %dim_17, %c1 : index
      %111 = arith.select %110, %c0, %106 : index
      %dim_18 = tensor.dim %arg0, %c2 : tensor<?x3x?x8xf32>
      %112 = arith.cmpi eq, %dim_18, %c1 : index
      %113 = arith.select %112, %c0, %108 : index
      %extracted = tensor.extract %arg0[%111, %107, %113, %109] : tensor<?x3x?x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x8xf32>
    %8 = arith.cmpi slt, %3, %c0_i64 : i64
    %9 = arith.select %8, %c1_i64, %3 : i64
    %10 = arith.extui %8 : i1 to i64
    %11 = arith.muli %9, %1 : i64
    %12 = arith.addi %10, %c1_i64 : i64
    %13 = arith.cmpi slt, %1, %c0_i64 : i64
    %14 = arith.select %13, %9, %11 : i64
    %15 = arith.select %13, %12, %10 : i64
    %16 = arith.muli %14, %c8_i64 : i64
    %17 = arith.cmpi sle, %15, %c1_i64 : i64
    cf.assert %17, "must have at most one inferred (negative) dimension"
    %18 = arith.muli %3, %1 : i64
    %19 = arith.muli %18, %c8_i64 : i64
    %20 = arith.divsi %19, %16 : i64
    %21 = arith.select %8, %20, %3 : i64
    %22 = arith.select %13, %20, %1 : i64
    %from_elements = tensor.from_elements %21, %22, %c8_i64 : tensor<3xi64>
    %reshape = tensor.reshape %7(%from_elements) : (tensor<?x3x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
    cf.assert %4, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    %23 = tensor.empty(%dim, %dim_3) : tensor<?x3x8x?xf32>
    %24 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%23 : tensor<?x3x8x?xf32>) {
    ^bb0(%out: f32):
      %106 = linalg.index 0 : index
      %107 = linalg.index 1 : index
      %108 = linalg.index 2 : index
      %109 = linalg.index 3 : index
      %110 = arith.cmpi eq, %dim_4, %c1 : index
      %111 = arith.select %110, %c0, %106 : index
      %112 = arith.cmpi eq, %dim_5, %c1 : index
      %113 = arith.select %112, %c0, %109 : index
      %extracted = tensor.extract %transposed[%111, %107, %108, %113] : tensor<?x3x8x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x8x?xf32>
    %25 = arith.muli %9, %c8_i64 : i64
    %26 = arith.muli %25, %1 : i64
    %27 = arith.select %13, %25, %26 : i64
    cf.assert %17, "must have at most one inferred (negative) dimension"
    %28 = arith.muli %0, %c24_i64 : i64
    %29 = arith.muli %28, %1 : i64
    %30 = arith.divsi %29, %27 : i64
    %31 = arith.select %8, %30, %3 : i64
    %32 = arith.select %13, %30, %1 : i64
    %from_elements_6 = tensor.from_elements %31, %c8_i64, %32 : tensor<3xi64>
    %reshape_7 = tensor.reshape %24(%from_elements_6) : (tensor<?x3x8x?xf32>, tensor<3xi64>) -> tensor<?x8x?xf32>
    %33 = arith.index_cast %21 : i64 to index
    %34 = arith.index_cast %22 : i64 to index
    %35 = arith.index_cast %32 : i64 to index
    %36 = arith.cmpi eq, %21, %31 : i64
    cf.assert %36, "mismatching contracting dimension"
    %37 = tensor.empty(%33, %34, %35) : tensor<?x?x?xf32>
    %38 = linalg.fill ins(%cst : f32) outs(%37 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %39 = linalg.batch_matmul ins(%reshape, %reshape_7 : tensor<?x?x8xf32>, tensor<?x8x?xf32>) outs(%38 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %40 = arith.cmpi slt, %0, %c0_i64 : i64
    %41 = arith.select %40, %c1_i64, %0 : i64
    %42 = arith.extui %40 : i1 to i64
    %43 = arith.muli %41, %c3_i64 : i64
    %44 = arith.muli %43, %1 : i64
    %45 = arith.addi %42, %c1_i64 : i64
    %46 = arith.select %13, %43, %44 : i64
    %47 = arith.select %13, %45, %42 : i64
    %48 = arith.muli %46, %1 : i64
    %49 = arith.addi %47, %c1_i64 : i64
    %50 = arith.select %13, %43, %48 : i64
    %51 = arith.select %13, %49, %42 : i64
    %52 = arith.cmpi sle, %51, %c1_i64 : i64
    cf.assert %52, "must have at most one inferred (negative) dimension"
    %53 = arith.muli %21, %22 : i64
    %54 = arith.muli %53, %32 : i64
    %55 = arith.divsi %54, %50 : i64
    %56 = arith.select %40, %55, %0 : i64
    %57 = arith.select %13, %55, %1 : i64
    %from_elements_8 = tensor.from_elements %56, %c3_i64, %57, %57 : tensor<4xi64>
    %reshape_9 = tensor.reshape %39(%from_elements_8) : (tensor<?x?x?xf32>, tensor<4xi64>) -> tensor<?x3x?x?xf32>
    %58 = arith.index_cast %56 : i64 to index
    %59 = arith.index_cast %57 : i64 to index
    %60 = tensor.empty(%58, %59, %59) : tensor<?x3x?x?xf32>
    %61 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape_9 : tensor<?x3x?x?xf32>) outs(%60 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %106 = arith.mulf %in, %cst_2 : f32
      linalg.yield %106 : f32
    } -> tensor<?x3x?x?xf32>
    %62 = tensor.empty(%dim_3) : tensor<?xi64>
    %63 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel"]} outs(%62 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %106 = linalg.index 0 : index
      %107 = arith.index_cast %106 : index to i64
      linalg.yield %107 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %63 [[0, 1]] output_shape [%dim_3, 1] : tensor<?xi64> into tensor<?x1xi64>
    %expanded_10 = tensor.expand_shape %63 [[0, 1]] output_shape [1, %dim_3] : tensor<?xi64> into tensor<1x?xi64>
    %64 = tensor.empty(%dim_3, %dim_3) : tensor<?x?xi1>
    %65 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%expanded_10, %expanded : tensor<1x?xi64>, tensor<?x1xi64>) outs(%64 : tensor<?x?xi1>) {
    ^bb0(%in: i64, %in_17: i64, %out: i1):
      %106 = arith.cmpi sle, %in, %in_17 : i64
      linalg.yield %106 : i1
    } -> tensor<?x?xi1>
    %66 = arith.cmpi eq, %dim_3, %59 : index
    cf.assert %66, "mismatched size for broadcast"
    cf.assert %66, "mismatched size for broadcast"
    %67 = tensor.empty(%58, %dim_3, %dim_3) : tensor<?x3x?x?xf32>
    %68 = linalg.generic {indexing_maps = [#map5, #map, #map6, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65, %61, %cst_1 : tensor<?x?xi1>, tensor<?x3x?x?xf32>, tensor<f32>) outs(%67 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: i1, %in_17: f32, %in_18: f32, %out: f32):
      %106 = arith.select %in, %in_17, %in_18 : f32
      linalg.yield %106 : f32
    } -> tensor<?x3x?x?xf32>
    %69 = tensor.empty(%58, %dim_3) : tensor<?x3x?xi64>
    %70 = linalg.fill ins(%c0_i64 : i64) outs(%69 : tensor<?x3x?xi64>) -> tensor<?x3x?xi64>
    %71 = tensor.empty(%58, %dim_3) : tensor<?x3x?xf32>
    %72 = linalg.fill ins(%cst_0 : f32) outs(%71 : tensor<?x3x?xf32>) -> tensor<?x3x?xf32>
    %73:2 = linalg.generic {indexing_maps = [#map, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%68 : tensor<?x3x?x?xf32>) outs(%72, %70 : tensor<?x3x?xf32>, tensor<?x3x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_17: i64):
      %106 = linalg.index 3 : index
      %107 = arith.index_cast %106 : index to i64
      %108 = arith.maximumf %in, %out : f32
      %109 = arith.cmpf ogt, %in, %out : f32
      %110 = arith.select %109, %107, %out_17 : i64
      linalg.yield %108, %110 : f32, i64
    } -> (tensor<?x3x?xf32>, tensor<?x3x?xi64>)
    %expanded_11 = tensor.expand_shape %73#0 [[0], [1], [2, 3]] output_shape [%58, 3, %dim_3, 1] : tensor<?x3x?xf32> into tensor<?x3x?x1xf32>
    %74 = linalg.generic {indexing_maps = [#map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68, %expanded_11 : tensor<?x3x?x?xf32>, tensor<?x3x?x1xf32>) outs(%67 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %106 = arith.subf %in, %in_17 : f32
      linalg.yield %106 : f32
    } -> tensor<?x3x?x?xf32>
    %75 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74 : tensor<?x3x?x?xf32>) outs(%67 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %106 = math.exp %in : f32
      linalg.yield %106 : f32
    } -> tensor<?x3x?x?xf32>
    %76 = tensor.empty(%58, %dim_3) : tensor<?x3x?x1xf32>
    %77 = linalg.fill ins(%cst : f32) outs(%76 : tensor<?x3x?x1xf32>) -> tensor<?x3x?x1xf32>
    %78 = linalg.generic {indexing_maps = [#map, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%75 : tensor<?x3x?x?xf32>) outs(%77 : tensor<?x3x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %106 = arith.addf %in, %out : f32
      linalg.yield %106 : f32
    } -> tensor<?x3x?x1xf32>
    %79 = linalg.generic {indexing_maps = [#map, #map8, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75, %78 : tensor<?x3x?x?xf32>, tensor<?x3x?x1xf32>) outs(%67 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %106 = arith.divf %in, %in_17 : f32
      linalg.yield %106 : f32
    } -> tensor<?x3x?x?xf32>
    cf.assert %4, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    %80 = tensor.empty(%dim, %dim_3, %dim_3) : tensor<?x3x?x?xf32>
    %81 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%80 : tensor<?x3x?x?xf32>) {
    ^bb0(%out: f32):
      %106 = linalg.index 0 : index
      %107 = linalg.index 1 : index
      %108 = linalg.index 2 : index
      %109 = linalg.index 3 : index
      %110 = arith.cmpi eq, %58, %c1 : index
      %111 = arith.select %110, %c0, %106 : index
      %112 = arith.cmpi eq, %dim_3, %c1 : index
      %113 = arith.select %112, %c0, %108 : index
      %114 = arith.select %112, %c0, %109 : index
      %extracted = tensor.extract %79[%111, %107, %113, %114] : tensor<?x3x?x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x?xf32>
    %82 = arith.muli %14, %1 : i64
    %83 = arith.addi %15, %c1_i64 : i64
    %84 = arith.select %13, %9, %82 : i64
    %85 = arith.select %13, %83, %10 : i64
    %86 = arith.cmpi sle, %85, %c1_i64 : i64
    cf.assert %86, "must have at most one inferred (negative) dimension"
    %87 = arith.muli %18, %1 : i64
    %88 = arith.divsi %87, %84 : i64
    %89 = arith.select %8, %88, %3 : i64
    %90 = arith.select %13, %88, %1 : i64
    %from_elements_12 = tensor.from_elements %89, %90, %90 : tensor<3xi64>
    %reshape_13 = tensor.reshape %81(%from_elements_12) : (tensor<?x3x?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
    cf.assert %4, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    %91 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%6 : tensor<?x3x?x8xf32>) {
    ^bb0(%out: f32):
      %106 = linalg.index 0 : index
      %107 = linalg.index 1 : index
      %108 = linalg.index 2 : index
      %109 = linalg.index 3 : index
      %110 = arith.cmpi eq, %dim, %c1 : index
      %111 = arith.select %110, %c0, %106 : index
      %112 = arith.cmpi eq, %dim_3, %c1 : index
      %113 = arith.select %112, %c0, %108 : index
      %extracted = tensor.extract %arg2[%111, %107, %113, %109] : tensor<?x3x?x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x8xf32>
    cf.assert %17, "must have at most one inferred (negative) dimension"
    %reshape_14 = tensor.reshape %91(%from_elements) : (tensor<?x3x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
    %92 = arith.index_cast %89 : i64 to index
    %93 = arith.index_cast %90 : i64 to index
    %94 = arith.cmpi eq, %89, %21 : i64
    cf.assert %94, "mismatching contracting dimension"
    %95 = arith.cmpi eq, %90, %22 : i64
    cf.assert %95, "mismatching contracting dimension"
    %96 = tensor.empty(%92, %93) : tensor<?x?x8xf32>
    %97 = linalg.fill ins(%cst : f32) outs(%96 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %98 = linalg.batch_matmul ins(%reshape_13, %reshape_14 : tensor<?x?x?xf32>, tensor<?x?x8xf32>) outs(%97 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %99 = arith.muli %46, %c8_i64 : i64
    %100 = arith.cmpi sle, %47, %c1_i64 : i64
    cf.assert %100, "must have at most one inferred (negative) dimension"
    %101 = arith.muli %89, %90 : i64
    %102 = arith.muli %101, %c8_i64 : i64
    %103 = arith.divsi %102, %99 : i64
    %104 = arith.select %40, %103, %0 : i64
    %105 = arith.select %13, %103, %1 : i64
    %from_elements_15 = tensor.from_elements %104, %c3_i64, %105, %c8_i64 : tensor<4xi64>
    %reshape_16 = tensor.reshape %98(%from_elements_15) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x3x?x8xf32>
    return %reshape_16 : tensor<?x3x?x8xf32>
  }
}
