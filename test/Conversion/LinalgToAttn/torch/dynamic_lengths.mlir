// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED
// RUN: attn-run %s --random --compare=unfused --shape 0=2x3x6x8 --shape 1=2x3x6x8 --shape 2=2x3x6x8 --shape 3=2
// FUSED-COUNT-1: attn.sdpa
// FUSED-SAME: key_lengths(%arg3 : tensor<?xi64>)
// Exported by utils/export_pytorch.py.
#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1) -> (0, d1)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<?x3x?x8xf32>, %arg1: tensor<?x3x?x8xf32>, %arg2: tensor<?x3x?x8xf32>, %arg3: tensor<?xi64>) -> tensor<?x3x?x8xf32> {
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
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
    %2 = tensor.empty(%dim_3) : tensor<?xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %109 = linalg.index 0 : index
      %110 = arith.index_cast %109 : index to i64
      linalg.yield %110 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %3 [[0, 1]] output_shape [1, %dim_3] : tensor<?xi64> into tensor<1x?xi64>
    %dim_4 = tensor.dim %arg3, %c0 : tensor<?xi64>
    %expanded_5 = tensor.expand_shape %arg3 [[0, 1]] output_shape [%dim_4, 1] : tensor<?xi64> into tensor<?x1xi64>
    %4 = tensor.empty(%dim_4, %dim_3) : tensor<?x?xi1>
    %5 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_5 : tensor<1x?xi64>, tensor<?x1xi64>) outs(%4 : tensor<?x?xi1>) {
    ^bb0(%in: i64, %in_19: i64, %out: i1):
      %109 = arith.cmpi slt, %in, %in_19 : i64
      linalg.yield %109 : i1
    } -> tensor<?x?xi1>
    %expanded_6 = tensor.expand_shape %5 [[0], [1, 2, 3]] output_shape [%dim_4, 1, 1, %dim_3] : tensor<?x?xi1> into tensor<?x1x1x?xi1>
    %dim_7 = tensor.dim %arg1, %c0 : tensor<?x3x?x8xf32>
    %dim_8 = tensor.dim %arg1, %c2 : tensor<?x3x?x8xf32>
    %6 = tensor.empty(%dim_7, %dim_8) : tensor<?x3x8x?xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<?x3x?x8xf32>) outs(%6 : tensor<?x3x8x?xf32>) permutation = [0, 1, 3, 2] 
    %7 = arith.muli %0, %c3_i64 : i64
    %8 = arith.cmpi sge, %0, %c0_i64 : i64
    cf.assert %8, "unimplemented: dynamic negative broadcast sizes"
    %9 = arith.cmpi sge, %1, %c0_i64 : i64
    cf.assert %9, "unimplemented: dynamic negative broadcast sizes"
    %10 = tensor.empty(%dim, %dim_3) : tensor<?x3x?x8xf32>
    %11 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%10 : tensor<?x3x?x8xf32>) {
    ^bb0(%out: f32):
      %109 = linalg.index 0 : index
      %110 = linalg.index 1 : index
      %111 = linalg.index 2 : index
      %112 = linalg.index 3 : index
      %dim_19 = tensor.dim %arg0, %c0 : tensor<?x3x?x8xf32>
      %113 = arith.cmpi eq, %dim_19, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %dim_20 = tensor.dim %arg0, %c2 : tensor<?x3x?x8xf32>
      %115 = arith.cmpi eq, %dim_20, %c1 : index
      %116 = arith.select %115, %c0, %111 : index
      %extracted = tensor.extract %arg0[%114, %110, %116, %112] : tensor<?x3x?x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x8xf32>
    %12 = arith.cmpi slt, %7, %c0_i64 : i64
    %13 = arith.select %12, %c1_i64, %7 : i64
    %14 = arith.extui %12 : i1 to i64
    %15 = arith.muli %13, %1 : i64
    %16 = arith.addi %14, %c1_i64 : i64
    %17 = arith.cmpi slt, %1, %c0_i64 : i64
    %18 = arith.select %17, %13, %15 : i64
    %19 = arith.select %17, %16, %14 : i64
    %20 = arith.muli %18, %c8_i64 : i64
    %21 = arith.cmpi sle, %19, %c1_i64 : i64
    cf.assert %21, "must have at most one inferred (negative) dimension"
    %22 = arith.muli %7, %1 : i64
    %23 = arith.muli %22, %c8_i64 : i64
    %24 = arith.divsi %23, %20 : i64
    %25 = arith.select %12, %24, %7 : i64
    %26 = arith.select %17, %24, %1 : i64
    %from_elements = tensor.from_elements %25, %26, %c8_i64 : tensor<3xi64>
    %reshape = tensor.reshape %11(%from_elements) : (tensor<?x3x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
    cf.assert %8, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %9, "unimplemented: dynamic negative broadcast sizes"
    %27 = tensor.empty(%dim, %dim_3) : tensor<?x3x8x?xf32>
    %28 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%27 : tensor<?x3x8x?xf32>) {
    ^bb0(%out: f32):
      %109 = linalg.index 0 : index
      %110 = linalg.index 1 : index
      %111 = linalg.index 2 : index
      %112 = linalg.index 3 : index
      %113 = arith.cmpi eq, %dim_7, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %115 = arith.cmpi eq, %dim_8, %c1 : index
      %116 = arith.select %115, %c0, %112 : index
      %extracted = tensor.extract %transposed[%114, %110, %111, %116] : tensor<?x3x8x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x8x?xf32>
    %29 = arith.muli %13, %c8_i64 : i64
    %30 = arith.muli %29, %1 : i64
    %31 = arith.select %17, %29, %30 : i64
    cf.assert %21, "must have at most one inferred (negative) dimension"
    %32 = arith.muli %0, %c24_i64 : i64
    %33 = arith.muli %32, %1 : i64
    %34 = arith.divsi %33, %31 : i64
    %35 = arith.select %12, %34, %7 : i64
    %36 = arith.select %17, %34, %1 : i64
    %from_elements_9 = tensor.from_elements %35, %c8_i64, %36 : tensor<3xi64>
    %reshape_10 = tensor.reshape %28(%from_elements_9) : (tensor<?x3x8x?xf32>, tensor<3xi64>) -> tensor<?x8x?xf32>
    %37 = arith.index_cast %25 : i64 to index
    %38 = arith.index_cast %26 : i64 to index
    %39 = arith.index_cast %36 : i64 to index
    %40 = arith.cmpi eq, %25, %35 : i64
    cf.assert %40, "mismatching contracting dimension"
    %41 = tensor.empty(%37, %38, %39) : tensor<?x?x?xf32>
    %42 = linalg.fill ins(%cst : f32) outs(%41 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %43 = linalg.batch_matmul ins(%reshape, %reshape_10 : tensor<?x?x8xf32>, tensor<?x8x?xf32>) outs(%42 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
    %44 = arith.cmpi slt, %0, %c0_i64 : i64
    %45 = arith.select %44, %c1_i64, %0 : i64
    %46 = arith.extui %44 : i1 to i64
    %47 = arith.muli %45, %c3_i64 : i64
    %48 = arith.muli %47, %1 : i64
    %49 = arith.addi %46, %c1_i64 : i64
    %50 = arith.select %17, %47, %48 : i64
    %51 = arith.select %17, %49, %46 : i64
    %52 = arith.muli %50, %1 : i64
    %53 = arith.addi %51, %c1_i64 : i64
    %54 = arith.select %17, %47, %52 : i64
    %55 = arith.select %17, %53, %46 : i64
    %56 = arith.cmpi sle, %55, %c1_i64 : i64
    cf.assert %56, "must have at most one inferred (negative) dimension"
    %57 = arith.muli %25, %26 : i64
    %58 = arith.muli %57, %36 : i64
    %59 = arith.divsi %58, %54 : i64
    %60 = arith.select %44, %59, %0 : i64
    %61 = arith.select %17, %59, %1 : i64
    %from_elements_11 = tensor.from_elements %60, %c3_i64, %61, %61 : tensor<4xi64>
    %reshape_12 = tensor.reshape %43(%from_elements_11) : (tensor<?x?x?xf32>, tensor<4xi64>) -> tensor<?x3x?x?xf32>
    %62 = arith.index_cast %60 : i64 to index
    %63 = arith.index_cast %61 : i64 to index
    %64 = tensor.empty(%62, %63, %63) : tensor<?x3x?x?xf32>
    %65 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%reshape_12 : tensor<?x3x?x?xf32>) outs(%64 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.mulf %in, %cst_2 : f32
      linalg.yield %109 : f32
    } -> tensor<?x3x?x?xf32>
    %66 = tensor.empty(%dim_4, %dim_3) : tensor<?x1x1x?xi1>
    %67 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_6 : tensor<?x1x1x?xi1>) outs(%66 : tensor<?x1x1x?xi1>) {
    ^bb0(%in: i1, %out: i1):
      %109 = arith.xori %in, %true : i1
      linalg.yield %109 : i1
    } -> tensor<?x1x1x?xi1>
    %68 = arith.cmpi eq, %dim_4, %62 : index
    cf.assert %68, "mismatched size for broadcast"
    %69 = arith.cmpi eq, %dim_3, %63 : index
    cf.assert %69, "mismatched size for broadcast"
    %70 = tensor.empty(%dim_4, %63, %dim_3) : tensor<?x3x?x?xf32>
    %71 = linalg.generic {indexing_maps = [#map5, #map6, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67, %cst_1, %65 : tensor<?x1x1x?xi1>, tensor<f32>, tensor<?x3x?x?xf32>) outs(%70 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: i1, %in_19: f32, %in_20: f32, %out: f32):
      %109 = arith.select %in, %in_19, %in_20 : f32
      linalg.yield %109 : f32
    } -> tensor<?x3x?x?xf32>
    %72 = tensor.empty(%dim_4, %63) : tensor<?x3x?xi64>
    %73 = linalg.fill ins(%c0_i64 : i64) outs(%72 : tensor<?x3x?xi64>) -> tensor<?x3x?xi64>
    %74 = tensor.empty(%dim_4, %63) : tensor<?x3x?xf32>
    %75 = linalg.fill ins(%cst_0 : f32) outs(%74 : tensor<?x3x?xf32>) -> tensor<?x3x?xf32>
    %76:2 = linalg.generic {indexing_maps = [#map4, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%71 : tensor<?x3x?x?xf32>) outs(%75, %73 : tensor<?x3x?xf32>, tensor<?x3x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_19: i64):
      %109 = linalg.index 3 : index
      %110 = arith.index_cast %109 : index to i64
      %111 = arith.maximumf %in, %out : f32
      %112 = arith.cmpf ogt, %in, %out : f32
      %113 = arith.select %112, %110, %out_19 : i64
      linalg.yield %111, %113 : f32, i64
    } -> (tensor<?x3x?xf32>, tensor<?x3x?xi64>)
    %expanded_13 = tensor.expand_shape %76#0 [[0], [1], [2, 3]] output_shape [%dim_4, 3, %63, 1] : tensor<?x3x?xf32> into tensor<?x3x?x1xf32>
    %77 = linalg.generic {indexing_maps = [#map4, #map8, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71, %expanded_13 : tensor<?x3x?x?xf32>, tensor<?x3x?x1xf32>) outs(%70 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_19: f32, %out: f32):
      %109 = arith.subf %in, %in_19 : f32
      linalg.yield %109 : f32
    } -> tensor<?x3x?x?xf32>
    %78 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%77 : tensor<?x3x?x?xf32>) outs(%70 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.exp %in : f32
      linalg.yield %109 : f32
    } -> tensor<?x3x?x?xf32>
    %79 = tensor.empty(%dim_4, %63) : tensor<?x3x?x1xf32>
    %80 = linalg.fill ins(%cst : f32) outs(%79 : tensor<?x3x?x1xf32>) -> tensor<?x3x?x1xf32>
    %81 = linalg.generic {indexing_maps = [#map4, #map8], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%78 : tensor<?x3x?x?xf32>) outs(%80 : tensor<?x3x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.addf %in, %out : f32
      linalg.yield %109 : f32
    } -> tensor<?x3x?x1xf32>
    %82 = linalg.generic {indexing_maps = [#map4, #map8, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%78, %81 : tensor<?x3x?x?xf32>, tensor<?x3x?x1xf32>) outs(%70 : tensor<?x3x?x?xf32>) {
    ^bb0(%in: f32, %in_19: f32, %out: f32):
      %109 = arith.divf %in, %in_19 : f32
      linalg.yield %109 : f32
    } -> tensor<?x3x?x?xf32>
    cf.assert %8, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %9, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %9, "unimplemented: dynamic negative broadcast sizes"
    %83 = tensor.empty(%dim, %dim_3, %dim_3) : tensor<?x3x?x?xf32>
    %84 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%83 : tensor<?x3x?x?xf32>) {
    ^bb0(%out: f32):
      %109 = linalg.index 0 : index
      %110 = linalg.index 1 : index
      %111 = linalg.index 2 : index
      %112 = linalg.index 3 : index
      %113 = arith.cmpi eq, %dim_4, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %115 = arith.cmpi eq, %63, %c1 : index
      %116 = arith.select %115, %c0, %111 : index
      %117 = arith.cmpi eq, %dim_3, %c1 : index
      %118 = arith.select %117, %c0, %112 : index
      %extracted = tensor.extract %82[%114, %110, %116, %118] : tensor<?x3x?x?xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x?xf32>
    %85 = arith.muli %18, %1 : i64
    %86 = arith.addi %19, %c1_i64 : i64
    %87 = arith.select %17, %13, %85 : i64
    %88 = arith.select %17, %86, %14 : i64
    %89 = arith.cmpi sle, %88, %c1_i64 : i64
    cf.assert %89, "must have at most one inferred (negative) dimension"
    %90 = arith.muli %22, %1 : i64
    %91 = arith.divsi %90, %87 : i64
    %92 = arith.select %12, %91, %7 : i64
    %93 = arith.select %17, %91, %1 : i64
    %from_elements_14 = tensor.from_elements %92, %93, %93 : tensor<3xi64>
    %reshape_15 = tensor.reshape %84(%from_elements_14) : (tensor<?x3x?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
    cf.assert %8, "unimplemented: dynamic negative broadcast sizes"
    cf.assert %9, "unimplemented: dynamic negative broadcast sizes"
    %94 = linalg.generic {indexing_maps = [#map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%10 : tensor<?x3x?x8xf32>) {
    ^bb0(%out: f32):
      %109 = linalg.index 0 : index
      %110 = linalg.index 1 : index
      %111 = linalg.index 2 : index
      %112 = linalg.index 3 : index
      %113 = arith.cmpi eq, %dim, %c1 : index
      %114 = arith.select %113, %c0, %109 : index
      %115 = arith.cmpi eq, %dim_3, %c1 : index
      %116 = arith.select %115, %c0, %111 : index
      %extracted = tensor.extract %arg2[%114, %110, %116, %112] : tensor<?x3x?x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<?x3x?x8xf32>
    cf.assert %21, "must have at most one inferred (negative) dimension"
    %reshape_16 = tensor.reshape %94(%from_elements) : (tensor<?x3x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
    %95 = arith.index_cast %92 : i64 to index
    %96 = arith.index_cast %93 : i64 to index
    %97 = arith.cmpi eq, %92, %25 : i64
    cf.assert %97, "mismatching contracting dimension"
    %98 = arith.cmpi eq, %93, %26 : i64
    cf.assert %98, "mismatching contracting dimension"
    %99 = tensor.empty(%95, %96) : tensor<?x?x8xf32>
    %100 = linalg.fill ins(%cst : f32) outs(%99 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %101 = linalg.batch_matmul ins(%reshape_15, %reshape_16 : tensor<?x?x?xf32>, tensor<?x?x8xf32>) outs(%100 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %102 = arith.muli %50, %c8_i64 : i64
    %103 = arith.cmpi sle, %51, %c1_i64 : i64
    cf.assert %103, "must have at most one inferred (negative) dimension"
    %104 = arith.muli %92, %93 : i64
    %105 = arith.muli %104, %c8_i64 : i64
    %106 = arith.divsi %105, %102 : i64
    %107 = arith.select %44, %106, %0 : i64
    %108 = arith.select %17, %106, %1 : i64
    %from_elements_17 = tensor.from_elements %107, %c3_i64, %108, %c8_i64 : tensor<4xi64>
    %reshape_18 = tensor.reshape %101(%from_elements_17) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x3x?x8xf32>
    return %reshape_18 : tensor<?x3x?x8xf32>
  }
}
