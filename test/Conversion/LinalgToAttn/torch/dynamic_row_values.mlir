// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused --shape 0=2x3x6x8 --shape 1=2x3x6x8 --shape 2=2x3x6x8 --shape 3=2x1x1x6
// FUSED-COUNT-1: attn.sdpa
// FUSED-SAME: outs(%{{.*}} : tensor<?x3x?x8xf32>, tensor<?x3x?xf32>, tensor<?x3x?xf32>)
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> ()>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<?x3x?x8xf32>, %arg1: tensor<?x3x?x8xf32>, %arg2: tensor<?x3x?x8xf32>, %arg3: tensor<?x1x1x?xi1>) -> (tensor<?x3x?x8xf32>, tensor<?x3x?x1xf32>, tensor<?x3x?x1xf32>, tensor<?x3x?xf32>) {
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c2 = arith.constant 2 : index
    %c3_i64 = arith.constant 3 : i64
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %true = arith.constant true
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
      %107 = linalg.index 0 : index
      %108 = linalg.index 1 : index
      %109 = linalg.index 2 : index
      %110 = linalg.index 3 : index
      %dim_17 = tensor.dim %arg0, %c0 : tensor<?x3x?x8xf32>
      %111 = arith.cmpi eq, %dim_17, %c1 : index
      %112 = arith.select %111, %c0, %107 : index
      %dim_18 = tensor.dim %arg0, %c2 : tensor<?x3x?x8xf32>
      %113 = arith.cmpi eq, %dim_18, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %extracted = tensor.extract %arg0[%112, %108, %114, %110] : tensor<?x3x?x8xf32>
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
      %107 = linalg.index 0 : index
      %108 = linalg.index 1 : index
      %109 = linalg.index 2 : index
      %110 = linalg.index 3 : index
      %111 = arith.cmpi eq, %dim_4, %c1 : index
      %112 = arith.select %111, %c0, %107 : index
      %113 = arith.cmpi eq, %dim_5, %c1 : index
      %114 = arith.select %113, %c0, %110 : index
      %extracted = tensor.extract %transposed[%112, %108, %109, %114] : tensor<?x3x8x?xf32>
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
      %107 = arith.mulf %in, %cst_2 : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x?xf32>
    %dim_10 = tensor.dim %arg3, %c0 : tensor<?x1x1x?xi1>
    %dim_11 = tensor.dim %arg3, %c3 : tensor<?x1x1x?xi1>
    %62 = tensor.empty(%dim_10, %dim_11) : tensor<?x1x1x?xi1>
    %63 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg3 : tensor<?x1x1x?xi1>) outs(%62 : tensor<?x1x1x?xi1>) {
    ^bb0(%in: i1, %out: i1):
      %107 = arith.xori %in, %true : i1
      linalg.yield %107 : i1
    } -> tensor<?x1x1x?xi1>
    %64 = arith.cmpi eq, %dim_10, %58 : index
    cf.assert %64, "mismatched size for broadcast"
    %65 = arith.cmpi eq, %dim_11, %59 : index
    cf.assert %65, "mismatched size for broadcast"
    %66 = tensor.empty(%dim_10, %59, %dim_11) : tensor<?x3x?x?xf32>
    %67 = linalg.generic {indexing_maps = [#map1, #map2, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63, %cst_1, %61 : tensor<?x1x1x?xi1>, tensor<f32>, tensor<?x3x?x?xf32>) outs(%66 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: i1, %in_17: f32, %in_18: f32, %out: f32):
      %107 = arith.select %in, %in_17, %in_18 : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x?xf32>
    %68 = tensor.empty(%dim_10, %59) : tensor<?x3x?xi64>
    %69 = linalg.fill ins(%c0_i64 : i64) outs(%68 : tensor<?x3x?xi64>) -> tensor<?x3x?xi64>
    %70 = tensor.empty(%dim_10, %59) : tensor<?x3x?xf32>
    %71 = linalg.fill ins(%cst_0 : f32) outs(%70 : tensor<?x3x?xf32>) -> tensor<?x3x?xf32>
    %72:2 = linalg.generic {indexing_maps = [#map, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%67 : tensor<?x3x?x?xf32>) outs(%71, %69 : tensor<?x3x?xf32>, tensor<?x3x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_17: i64):
      %107 = linalg.index 3 : index
      %108 = arith.index_cast %107 : index to i64
      %109 = arith.maximumf %in, %out : f32
      %110 = arith.cmpf ogt, %in, %out : f32
      %111 = arith.select %110, %108, %out_17 : i64
      linalg.yield %109, %111 : f32, i64
    } -> (tensor<?x3x?xf32>, tensor<?x3x?xi64>)
    %expanded = tensor.expand_shape %72#0 [[0], [1], [2, 3]] output_shape [%dim_10, 3, %59, 1] : tensor<?x3x?xf32> into tensor<?x3x?x1xf32>
    %73 = linalg.generic {indexing_maps = [#map, #map4, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67, %expanded : tensor<?x3x?x?xf32>, tensor<?x3x?x1xf32>) outs(%66 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %107 = arith.subf %in, %in_17 : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x?xf32>
    %74 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73 : tensor<?x3x?x?xf32>) outs(%66 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %107 = math.exp %in : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x?xf32>
    %75 = tensor.empty(%dim_10, %59) : tensor<?x3x?x1xf32>
    %76 = linalg.fill ins(%cst : f32) outs(%75 : tensor<?x3x?x1xf32>) -> tensor<?x3x?x1xf32>
    %77 = linalg.generic {indexing_maps = [#map, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%74 : tensor<?x3x?x?xf32>) outs(%76 : tensor<?x3x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %107 = arith.addf %in, %out : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x1xf32>
    %78 = linalg.generic {indexing_maps = [#map, #map4, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74, %77 : tensor<?x3x?x?xf32>, tensor<?x3x?x1xf32>) outs(%66 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %107 = arith.divf %in, %in_17 : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x?xf32>
    cf.assert %4, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    %79 = tensor.empty(%dim, %dim_3, %dim_3) : tensor<?x3x?x?xf32>
    %80 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%79 : tensor<?x3x?x?xf32>) {
    ^bb0(%out: f32):
      %107 = linalg.index 0 : index
      %108 = linalg.index 1 : index
      %109 = linalg.index 2 : index
      %110 = linalg.index 3 : index
      %111 = arith.cmpi eq, %dim_10, %c1 : index
      %112 = arith.select %111, %c0, %107 : index
      %113 = arith.cmpi eq, %59, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %115 = arith.cmpi eq, %dim_11, %c1 : index
      %116 = arith.select %115, %c0, %110 : index
      %extracted = tensor.extract %78[%112, %108, %114, %116] : tensor<?x3x?x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x?xf32>
    %81 = arith.muli %14, %1 : i64
    %82 = arith.addi %15, %c1_i64 : i64
    %83 = arith.select %13, %9, %81 : i64
    %84 = arith.select %13, %82, %10 : i64
    %85 = arith.cmpi sle, %84, %c1_i64 : i64
    cf.assert %85, "must have at most one inferred (negative) dimension"
    %86 = arith.muli %18, %1 : i64
    %87 = arith.divsi %86, %83 : i64
    %88 = arith.select %8, %87, %3 : i64
    %89 = arith.select %13, %87, %1 : i64
    %from_elements_12 = tensor.from_elements %88, %89, %89 : tensor<3xi64>
    %reshape_13 = tensor.reshape %80(%from_elements_12) : (tensor<?x3x?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
    cf.assert %4, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %5, "unimplemented: dynamic negative broadcast sizes"
    %90 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%6 : tensor<?x3x?x8xf32>) {
    ^bb0(%out: f32):
      %107 = linalg.index 0 : index
      %108 = linalg.index 1 : index
      %109 = linalg.index 2 : index
      %110 = linalg.index 3 : index
      %111 = arith.cmpi eq, %dim, %c1 : index
      %112 = arith.select %111, %c0, %107 : index
      %113 = arith.cmpi eq, %dim_3, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %extracted = tensor.extract %arg2[%112, %108, %114, %110] : tensor<?x3x?x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x8xf32>
    cf.assert %17, "must have at most one inferred (negative) dimension"
    %reshape_14 = tensor.reshape %90(%from_elements) : (tensor<?x3x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
    %91 = arith.index_cast %88 : i64 to index
    %92 = arith.index_cast %89 : i64 to index
    %93 = arith.cmpi eq, %88, %21 : i64
    cf.assert %93, "mismatching contracting dimension"
    %94 = arith.cmpi eq, %89, %22 : i64
    cf.assert %94, "mismatching contracting dimension"
    %95 = tensor.empty(%91, %92) : tensor<?x?x8xf32>
    %96 = linalg.fill ins(%cst : f32) outs(%95 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %97 = linalg.batch_matmul ins(%reshape_13, %reshape_14 : tensor<?x?x?xf32>, tensor<?x?x8xf32>) outs(%96 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %98 = arith.muli %46, %c8_i64 : i64
    %99 = arith.cmpi sle, %47, %c1_i64 : i64
    cf.assert %99, "must have at most one inferred (negative) dimension"
    %100 = arith.muli %88, %89 : i64
    %101 = arith.muli %100, %c8_i64 : i64
    %102 = arith.divsi %101, %98 : i64
    %103 = arith.select %40, %102, %0 : i64
    %104 = arith.select %13, %102, %1 : i64
    %from_elements_15 = tensor.from_elements %103, %c3_i64, %104, %c8_i64 : tensor<4xi64>
    %reshape_16 = tensor.reshape %97(%from_elements_15) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x3x?x8xf32>
    %105 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%77 : tensor<?x3x?x1xf32>) outs(%75 : tensor<?x3x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %107 = math.log %in : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x1xf32>
    %106 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %105 : tensor<?x3x?x1xf32>, tensor<?x3x?x1xf32>) outs(%75 : tensor<?x3x?x1xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %107 = arith.addf %in, %in_17 : f32
      linalg.yield %107 : f32
    } -> tensor<?x3x?x1xf32>
    %collapsed = tensor.collapse_shape %106 [[0], [1], [2, 3]] : tensor<?x3x?x1xf32> into tensor<?x3x?xf32>
    return %reshape_16, %expanded, %77, %collapsed : tensor<?x3x?x8xf32>, tensor<?x3x?x1xf32>, tensor<?x3x?x1xf32>, tensor<?x3x?xf32>
  }
}
