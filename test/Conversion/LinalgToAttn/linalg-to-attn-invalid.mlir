// RUN: attn-opt %s --attn-raise-pipeline --split-input-file --verify-diagnostics

func.func @not_fused(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>) -> (tensor<3x2xf32>) attributes {attn.require_fused} {
  %c0 = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<3x4xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf32>, tensor<4x2xf32>) outs(%v2 : tensor<3x4xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<3x4xf32>
  %e9 = tensor.empty() : tensor<3x4xf32>
  // expected-note @below {{this is in the way}}
  %v13 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v8 : tensor<3x4xf32>) outs(%e9 : tensor<3x4xf32>) {
  ^bb0(%a10: f32, %a11: f32):
    %s12 = math.exp %a10 : f32
    linalg.yield %s12 : f32
  } -> tensor<3x4xf32>
  %e14 = tensor.empty() : tensor<3xf32>
  %v15 = linalg.fill ins(%c0 : f32) outs(%e14 : tensor<3xf32>) -> tensor<3xf32>
  %v19 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v13 : tensor<3x4xf32>) outs(%v15 : tensor<3xf32>) {
  ^bb0(%a16: f32, %a17: f32):
    %s18 = arith.addf %a16, %a17 : f32
    linalg.yield %s18 : f32
  } -> tensor<3xf32>
  %e20 = tensor.empty() : tensor<3x4xf32>
  %v25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v13, %v19 : tensor<3x4xf32>, tensor<3xf32>) outs(%e20 : tensor<3x4xf32>) {
  ^bb0(%a21: f32, %a22: f32, %a23: f32):
    %s24 = arith.divf %a21, %a22 : f32
    linalg.yield %s24 : f32
  } -> tensor<3x4xf32>
  %e26 = tensor.empty() : tensor<3x2xf32>
  %v27 = linalg.fill ins(%c0 : f32) outs(%e26 : tensor<3x2xf32>) -> tensor<3x2xf32>
  // expected-error @below {{attention is not fused, which 'attn.require_fused' requires: the row maximum is not subtracted before exp; without it large logits overflow, which attention would not reproduce}}
  // expected-note @below {{it would be fused with this change: subtract the maximum, or set attn.numerics = "fast"}}
  %v33 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v25, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v27 : tensor<3x2xf32>) {
  ^bb0(%a28: f32, %a29: f32, %a30: f32):
    %s31 = arith.mulf %a28, %a29 : f32
    %s32 = arith.addf %a30, %s31 : f32
    linalg.yield %s32 : f32
  } -> tensor<3x2xf32>
  return %v33 : tensor<3x2xf32>
}

// -----

func.func @used(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>) -> (tensor<3x2xf32>, tensor<3x4xf32>) attributes {attn.require_fused} {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<3x4xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf32>, tensor<4x2xf32>) outs(%v2 : tensor<3x4xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<3x4xf32>
  %e9 = tensor.empty() : tensor<3xf32>
  %v10 = linalg.fill ins(%c1 : f32) outs(%e9 : tensor<3xf32>) -> tensor<3xf32>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v8 : tensor<3x4xf32>) outs(%v10 : tensor<3xf32>) {
  ^bb0(%a11: f32, %a12: f32):
    %s13 = arith.maximumf %a11, %a12 : f32
    linalg.yield %s13 : f32
  } -> tensor<3xf32>
  %e15 = tensor.empty() : tensor<3x4xf32>
  %v20 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v8, %v14 : tensor<3x4xf32>, tensor<3xf32>) outs(%e15 : tensor<3x4xf32>) {
  ^bb0(%a16: f32, %a17: f32, %a18: f32):
    %s19 = arith.subf %a16, %a17 : f32
    linalg.yield %s19 : f32
  } -> tensor<3x4xf32>
  %e21 = tensor.empty() : tensor<3x4xf32>
  %v25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v20 : tensor<3x4xf32>) outs(%e21 : tensor<3x4xf32>) {
  ^bb0(%a22: f32, %a23: f32):
    %s24 = math.exp %a22 : f32
    linalg.yield %s24 : f32
  } -> tensor<3x4xf32>
  %e26 = tensor.empty() : tensor<3xf32>
  %v27 = linalg.fill ins(%c0 : f32) outs(%e26 : tensor<3xf32>) -> tensor<3xf32>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v25 : tensor<3x4xf32>) outs(%v27 : tensor<3xf32>) {
  ^bb0(%a28: f32, %a29: f32):
    %s30 = arith.addf %a28, %a29 : f32
    linalg.yield %s30 : f32
  } -> tensor<3xf32>
  %e32 = tensor.empty() : tensor<3x4xf32>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v25, %v31 : tensor<3x4xf32>, tensor<3xf32>) outs(%e32 : tensor<3x4xf32>) {
  ^bb0(%a33: f32, %a34: f32, %a35: f32):
    %s36 = arith.divf %a33, %a34 : f32
    linalg.yield %s36 : f32
  } -> tensor<3x4xf32>
  %e38 = tensor.empty() : tensor<3x2xf32>
  %v39 = linalg.fill ins(%c0 : f32) outs(%e38 : tensor<3x2xf32>) -> tensor<3x2xf32>
  // expected-error @below {{attention is not fused, which 'attn.require_fused' requires: the logits or probabilities are also used by 'func.return' outside of the attention, so they would be computed anyway}}
  // expected-note @below {{it would be fused with this change: drop that use, or let the pass recompute them (recompute=true)}}
  %v45 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v37, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v39 : tensor<3x2xf32>) {
  ^bb0(%a40: f32, %a41: f32, %a42: f32):
    %s43 = arith.mulf %a40, %a41 : f32
    %s44 = arith.addf %a42, %s43 : f32
    linalg.yield %s44 : f32
  } -> tensor<3x2xf32>
  // expected-note @below {{this is in the way}}
  return %v45, %v37 : tensor<3x2xf32>, tensor<3x4xf32>
}

// -----

// expected-error @below {{expected 'attn.numerics' to be "strict", "default" or "fast", got "exact"}}
func.func @numerics(%x: f32) -> f32 attributes {attn.numerics = "exact"} {
  return %x : f32
}

// -----

// expected-error @below {{expected 'attn.numerics' to be "strict", "default" or "fast", got 1 : i64}}
func.func @numerics_type(%x: f32) -> f32 attributes {attn.numerics = 1} {
  return %x : f32
}
