// RUN: attn-opt %s --attn-raise-pipeline --mlir-disable-threading --remarks-filter=attn-fusion 2>&1 | FileCheck %s
// Sizes that no machine has fuse as others do.

// Rows are not counted one by one.
// CHECK: Function=causal_many_queries | BytesSaved=369435906932736, Remark="fused attention: {{.*}}structure #attn.causal<top_left>
func.func @causal_many_queries(%arg0: tensor<2x3x1099511627776x4xf32>, %arg1: tensor<2x3x7x4xf32>, %arg2: tensor<2x3x7x4xf32>) -> (tensor<2x3x1099511627776x4xf32>) {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<1099511627776xi64>
  %v5 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%e1 : tensor<1099511627776xi64>) {
  ^bb0(%a2: i64):
    %s3 = linalg.index 0 : index
    %s4 = arith.index_cast %s3 : index to i64
    linalg.yield %s4 : i64
  } -> tensor<1099511627776xi64>
  %e6 = tensor.empty() : tensor<7xi64>
  %v10 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%e6 : tensor<7xi64>) {
  ^bb0(%a7: i64):
    %s8 = linalg.index 0 : index
    %s9 = arith.index_cast %s8 : index to i64
    linalg.yield %s9 : i64
  } -> tensor<7xi64>
  %e11 = tensor.empty() : tensor<1099511627776x7xi1>
  %v16 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v5, %v10 : tensor<1099511627776xi64>, tensor<7xi64>) outs(%e11 : tensor<1099511627776x7xi1>) {
  ^bb0(%a12: i64, %a13: i64, %a14: i1):
    %s15 = arith.cmpi sge, %a12, %a13 : i64
    linalg.yield %s15 : i1
  } -> tensor<1099511627776x7xi1>
  %e17 = tensor.empty() : tensor<2x3x1099511627776x7xf32>
  %v18 = linalg.fill ins(%c0 : f32) outs(%e17 : tensor<2x3x1099511627776x7xf32>) -> tensor<2x3x1099511627776x7xf32>
  %v24 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<2x3x1099511627776x4xf32>, tensor<2x3x7x4xf32>) outs(%v18 : tensor<2x3x1099511627776x7xf32>) {
  ^bb0(%a19: f32, %a20: f32, %a21: f32):
    %s22 = arith.mulf %a19, %a20 : f32
    %s23 = arith.addf %a21, %s22 : f32
    linalg.yield %s23 : f32
  } -> tensor<2x3x1099511627776x7xf32>
  %e25 = tensor.empty() : tensor<2x3x1099511627776x7xf32>
  %v30 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v16, %v24 : tensor<1099511627776x7xi1>, tensor<2x3x1099511627776x7xf32>) outs(%e25 : tensor<2x3x1099511627776x7xf32>) {
  ^bb0(%a26: i1, %a27: f32, %a28: f32):
    %s29 = arith.select %a26, %a27, %c1 : f32
    linalg.yield %s29 : f32
  } -> tensor<2x3x1099511627776x7xf32>
  %e31 = tensor.empty() : tensor<2x3x1099511627776xf32>
  %v32 = linalg.fill ins(%c1 : f32) outs(%e31 : tensor<2x3x1099511627776xf32>) -> tensor<2x3x1099511627776xf32>
  %v36 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%v30 : tensor<2x3x1099511627776x7xf32>) outs(%v32 : tensor<2x3x1099511627776xf32>) {
  ^bb0(%a33: f32, %a34: f32):
    %s35 = arith.maximumf %a33, %a34 : f32
    linalg.yield %s35 : f32
  } -> tensor<2x3x1099511627776xf32>
  %e37 = tensor.empty() : tensor<2x3x1099511627776x7xf32>
  %v42 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v30, %v36 : tensor<2x3x1099511627776x7xf32>, tensor<2x3x1099511627776xf32>) outs(%e37 : tensor<2x3x1099511627776x7xf32>) {
  ^bb0(%a38: f32, %a39: f32, %a40: f32):
    %s41 = arith.subf %a38, %a39 : f32
    linalg.yield %s41 : f32
  } -> tensor<2x3x1099511627776x7xf32>
  %e43 = tensor.empty() : tensor<2x3x1099511627776x7xf32>
  %v47 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v42 : tensor<2x3x1099511627776x7xf32>) outs(%e43 : tensor<2x3x1099511627776x7xf32>) {
  ^bb0(%a44: f32, %a45: f32):
    %s46 = math.exp %a44 : f32
    linalg.yield %s46 : f32
  } -> tensor<2x3x1099511627776x7xf32>
  %e48 = tensor.empty() : tensor<2x3x1099511627776xf32>
  %v49 = linalg.fill ins(%c0 : f32) outs(%e48 : tensor<2x3x1099511627776xf32>) -> tensor<2x3x1099511627776xf32>
  %v53 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%v47 : tensor<2x3x1099511627776x7xf32>) outs(%v49 : tensor<2x3x1099511627776xf32>) {
  ^bb0(%a50: f32, %a51: f32):
    %s52 = arith.addf %a50, %a51 : f32
    linalg.yield %s52 : f32
  } -> tensor<2x3x1099511627776xf32>
  %e54 = tensor.empty() : tensor<2x3x1099511627776x7xf32>
  %v59 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v47, %v53 : tensor<2x3x1099511627776x7xf32>, tensor<2x3x1099511627776xf32>) outs(%e54 : tensor<2x3x1099511627776x7xf32>) {
  ^bb0(%a55: f32, %a56: f32, %a57: f32):
    %s58 = arith.divf %a55, %a56 : f32
    linalg.yield %s58 : f32
  } -> tensor<2x3x1099511627776x7xf32>
  %e60 = tensor.empty() : tensor<2x3x1099511627776x4xf32>
  %v61 = linalg.fill ins(%c0 : f32) outs(%e60 : tensor<2x3x1099511627776x4xf32>) -> tensor<2x3x1099511627776x4xf32>
  %v67 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%v59, %arg2 : tensor<2x3x1099511627776x7xf32>, tensor<2x3x7x4xf32>) outs(%v61 : tensor<2x3x1099511627776x4xf32>) {
  ^bb0(%a62: f32, %a63: f32, %a64: f32):
    %s65 = arith.mulf %a62, %a63 : f32
    %s66 = arith.addf %a64, %s65 : f32
    linalg.yield %s66 : f32
  } -> tensor<2x3x1099511627776x4xf32>
  return %v67 : tensor<2x3x1099511627776x4xf32>
}

// Numbers of operations beyond 64 bits are not told.
// CHECK: Function=causal_wide | BytesSaved=1680, Remark="fused attention: {{.*}}structure #attn.causal<top_left>
func.func @causal_wide(%arg0: tensor<2x3x5x4611686018427387904xf32>, %arg1: tensor<2x3x7x4611686018427387904xf32>, %arg2: tensor<2x3x7x4611686018427387904xf32>) -> (tensor<2x3x5x4611686018427387904xf32>) {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<5xi64>
  %v5 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%e1 : tensor<5xi64>) {
  ^bb0(%a2: i64):
    %s3 = linalg.index 0 : index
    %s4 = arith.index_cast %s3 : index to i64
    linalg.yield %s4 : i64
  } -> tensor<5xi64>
  %e6 = tensor.empty() : tensor<7xi64>
  %v10 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%e6 : tensor<7xi64>) {
  ^bb0(%a7: i64):
    %s8 = linalg.index 0 : index
    %s9 = arith.index_cast %s8 : index to i64
    linalg.yield %s9 : i64
  } -> tensor<7xi64>
  %e11 = tensor.empty() : tensor<5x7xi1>
  %v16 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v5, %v10 : tensor<5xi64>, tensor<7xi64>) outs(%e11 : tensor<5x7xi1>) {
  ^bb0(%a12: i64, %a13: i64, %a14: i1):
    %s15 = arith.cmpi sge, %a12, %a13 : i64
    linalg.yield %s15 : i1
  } -> tensor<5x7xi1>
  %e17 = tensor.empty() : tensor<2x3x5x7xf32>
  %v18 = linalg.fill ins(%c0 : f32) outs(%e17 : tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xf32>
  %v24 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<2x3x5x4611686018427387904xf32>, tensor<2x3x7x4611686018427387904xf32>) outs(%v18 : tensor<2x3x5x7xf32>) {
  ^bb0(%a19: f32, %a20: f32, %a21: f32):
    %s22 = arith.mulf %a19, %a20 : f32
    %s23 = arith.addf %a21, %s22 : f32
    linalg.yield %s23 : f32
  } -> tensor<2x3x5x7xf32>
  %e25 = tensor.empty() : tensor<2x3x5x7xf32>
  %v30 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v16, %v24 : tensor<5x7xi1>, tensor<2x3x5x7xf32>) outs(%e25 : tensor<2x3x5x7xf32>) {
  ^bb0(%a26: i1, %a27: f32, %a28: f32):
    %s29 = arith.select %a26, %a27, %c1 : f32
    linalg.yield %s29 : f32
  } -> tensor<2x3x5x7xf32>
  %e31 = tensor.empty() : tensor<2x3x5xf32>
  %v32 = linalg.fill ins(%c1 : f32) outs(%e31 : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %v36 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%v30 : tensor<2x3x5x7xf32>) outs(%v32 : tensor<2x3x5xf32>) {
  ^bb0(%a33: f32, %a34: f32):
    %s35 = arith.maximumf %a33, %a34 : f32
    linalg.yield %s35 : f32
  } -> tensor<2x3x5xf32>
  %e37 = tensor.empty() : tensor<2x3x5x7xf32>
  %v42 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v30, %v36 : tensor<2x3x5x7xf32>, tensor<2x3x5xf32>) outs(%e37 : tensor<2x3x5x7xf32>) {
  ^bb0(%a38: f32, %a39: f32, %a40: f32):
    %s41 = arith.subf %a38, %a39 : f32
    linalg.yield %s41 : f32
  } -> tensor<2x3x5x7xf32>
  %e43 = tensor.empty() : tensor<2x3x5x7xf32>
  %v47 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v42 : tensor<2x3x5x7xf32>) outs(%e43 : tensor<2x3x5x7xf32>) {
  ^bb0(%a44: f32, %a45: f32):
    %s46 = math.exp %a44 : f32
    linalg.yield %s46 : f32
  } -> tensor<2x3x5x7xf32>
  %e48 = tensor.empty() : tensor<2x3x5xf32>
  %v49 = linalg.fill ins(%c0 : f32) outs(%e48 : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %v53 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%v47 : tensor<2x3x5x7xf32>) outs(%v49 : tensor<2x3x5xf32>) {
  ^bb0(%a50: f32, %a51: f32):
    %s52 = arith.addf %a50, %a51 : f32
    linalg.yield %s52 : f32
  } -> tensor<2x3x5xf32>
  %e54 = tensor.empty() : tensor<2x3x5x7xf32>
  %v59 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v47, %v53 : tensor<2x3x5x7xf32>, tensor<2x3x5xf32>) outs(%e54 : tensor<2x3x5x7xf32>) {
  ^bb0(%a55: f32, %a56: f32, %a57: f32):
    %s58 = arith.divf %a55, %a56 : f32
    linalg.yield %s58 : f32
  } -> tensor<2x3x5x7xf32>
  %e60 = tensor.empty() : tensor<2x3x5x4611686018427387904xf32>
  %v61 = linalg.fill ins(%c0 : f32) outs(%e60 : tensor<2x3x5x4611686018427387904xf32>) -> tensor<2x3x5x4611686018427387904xf32>
  %v67 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%v59, %arg2 : tensor<2x3x5x7xf32>, tensor<2x3x7x4611686018427387904xf32>) outs(%v61 : tensor<2x3x5x4611686018427387904xf32>) {
  ^bb0(%a62: f32, %a63: f32, %a64: f32):
    %s65 = arith.mulf %a62, %a63 : f32
    %s66 = arith.addf %a64, %s65 : f32
    linalg.yield %s66 : f32
  } -> tensor<2x3x5x4611686018427387904xf32>
  return %v67 : tensor<2x3x5x4611686018427387904xf32>
}

// CHECK: Function=many_logits | BytesSavedPerLogit=8, Remark="fused attention:
func.func @many_logits(%arg0: tensor<2x3x4611686018427387904x4xf32>, %arg1: tensor<2x3x4611686018427387904x4xf32>, %arg2: tensor<2x3x4611686018427387904x4xf32>) -> (tensor<2x3x4611686018427387904x4xf32>) {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant 4.0 : f32
  %c2 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) -> tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<2x3x4611686018427387904x4xf32>, tensor<2x3x4611686018427387904x4xf32>) outs(%v2 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %e9 = tensor.empty() : tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %v13 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v8 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) outs(%e9 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) {
  ^bb0(%a10: f32, %a11: f32):
    %s12 = arith.divf %a10, %c1 : f32
    linalg.yield %s12 : f32
  } -> tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %e14 = tensor.empty() : tensor<2x3x4611686018427387904xf32>
  %v15 = linalg.fill ins(%c2 : f32) outs(%e14 : tensor<2x3x4611686018427387904xf32>) -> tensor<2x3x4611686018427387904xf32>
  %v19 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%v13 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) outs(%v15 : tensor<2x3x4611686018427387904xf32>) {
  ^bb0(%a16: f32, %a17: f32):
    %s18 = arith.maximumf %a16, %a17 : f32
    linalg.yield %s18 : f32
  } -> tensor<2x3x4611686018427387904xf32>
  %e20 = tensor.empty() : tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %v25 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v13, %v19 : tensor<2x3x4611686018427387904x4611686018427387904xf32>, tensor<2x3x4611686018427387904xf32>) outs(%e20 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) {
  ^bb0(%a21: f32, %a22: f32, %a23: f32):
    %s24 = arith.subf %a21, %a22 : f32
    linalg.yield %s24 : f32
  } -> tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %e26 = tensor.empty() : tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %v30 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v25 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) outs(%e26 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) {
  ^bb0(%a27: f32, %a28: f32):
    %s29 = math.exp %a27 : f32
    linalg.yield %s29 : f32
  } -> tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %e31 = tensor.empty() : tensor<2x3x4611686018427387904xf32>
  %v32 = linalg.fill ins(%c0 : f32) outs(%e31 : tensor<2x3x4611686018427387904xf32>) -> tensor<2x3x4611686018427387904xf32>
  %v36 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%v30 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) outs(%v32 : tensor<2x3x4611686018427387904xf32>) {
  ^bb0(%a33: f32, %a34: f32):
    %s35 = arith.addf %a33, %a34 : f32
    linalg.yield %s35 : f32
  } -> tensor<2x3x4611686018427387904xf32>
  %e37 = tensor.empty() : tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %v42 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%v30, %v36 : tensor<2x3x4611686018427387904x4611686018427387904xf32>, tensor<2x3x4611686018427387904xf32>) outs(%e37 : tensor<2x3x4611686018427387904x4611686018427387904xf32>) {
  ^bb0(%a38: f32, %a39: f32, %a40: f32):
    %s41 = arith.divf %a38, %a39 : f32
    linalg.yield %s41 : f32
  } -> tensor<2x3x4611686018427387904x4611686018427387904xf32>
  %e43 = tensor.empty() : tensor<2x3x4611686018427387904x4xf32>
  %v44 = linalg.fill ins(%c0 : f32) outs(%e43 : tensor<2x3x4611686018427387904x4xf32>) -> tensor<2x3x4611686018427387904x4xf32>
  %v50 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%v42, %arg2 : tensor<2x3x4611686018427387904x4611686018427387904xf32>, tensor<2x3x4611686018427387904x4xf32>) outs(%v44 : tensor<2x3x4611686018427387904x4xf32>) {
  ^bb0(%a45: f32, %a46: f32, %a47: f32):
    %s48 = arith.mulf %a45, %a46 : f32
    %s49 = arith.addf %a47, %s48 : f32
    linalg.yield %s49 : f32
  } -> tensor<2x3x4611686018427387904x4xf32>
  return %v50 : tensor<2x3x4611686018427387904x4xf32>
}
