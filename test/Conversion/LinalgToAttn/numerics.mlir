// RUN: attn-opt %s --attn-raise-pipeline --remarks-filter=attn-fusion 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// REMARK: Function=no_maximum_default | {{.*}}the row maximum is not subtracted
// CHECK-LABEL: func.func @no_maximum_default(
// CHECK-NOT: attn.sdpa
// CHECK: return
func.func @no_maximum_default(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>) -> (tensor<3x2xf32>) attributes {attn.numerics = "default"} {
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
  %v33 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v25, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v27 : tensor<3x2xf32>) {
  ^bb0(%a28: f32, %a29: f32, %a30: f32):
    %s31 = arith.mulf %a28, %a29 : f32
    %s32 = arith.addf %a30, %s31 : f32
    linalg.yield %s32 : f32
  } -> tensor<3x2xf32>
  return %v33 : tensor<3x2xf32>
}

// REMARK: Passed{{.*}}Function=no_maximum_fast |
// CHECK-LABEL: func.func @no_maximum_fast(
// CHECK: attn.sdpa
// CHECK: return
func.func @no_maximum_fast(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>) -> (tensor<3x2xf32>) attributes {attn.numerics = "fast"} {
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
  %v33 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v25, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v27 : tensor<3x2xf32>) {
  ^bb0(%a28: f32, %a29: f32, %a30: f32):
    %s31 = arith.mulf %a28, %a29 : f32
    %s32 = arith.addf %a30, %s31 : f32
    linalg.yield %s32 : f32
  } -> tensor<3x2xf32>
  return %v33 : tensor<3x2xf32>
}

// REMARK: Function=half_strict | {{.*}}Reason="intermediate results are rounded to a type narrower than f32, which fusion would leave out", Step=numerics
// CHECK-LABEL: func.func @half_strict(
// CHECK-NOT: attn.sdpa
// CHECK: return
func.func @half_strict(%arg0: tensor<3x2xf16>, %arg1: tensor<4x2xf16>, %arg2: tensor<4x2xf16>) -> (tensor<3x2xf16>) attributes {attn.numerics = "strict"} {
  %c0 = arith.constant 0.0 : f16
  %c1 = arith.constant 0xFC00 : f16
  %e1 = tensor.empty() : tensor<3x4xf16>
  %v2 = linalg.fill ins(%c0 : f16) outs(%e1 : tensor<3x4xf16>) -> tensor<3x4xf16>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf16>, tensor<4x2xf16>) outs(%v2 : tensor<3x4xf16>) {
  ^bb0(%a3: f16, %a4: f16, %a5: f16):
    %s6 = arith.mulf %a3, %a4 : f16
    %s7 = arith.addf %a5, %s6 : f16
    linalg.yield %s7 : f16
  } -> tensor<3x4xf16>
  %e9 = tensor.empty() : tensor<3xf16>
  %v10 = linalg.fill ins(%c1 : f16) outs(%e9 : tensor<3xf16>) -> tensor<3xf16>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v8 : tensor<3x4xf16>) outs(%v10 : tensor<3xf16>) {
  ^bb0(%a11: f16, %a12: f16):
    %s13 = arith.maximumf %a11, %a12 : f16
    linalg.yield %s13 : f16
  } -> tensor<3xf16>
  %e15 = tensor.empty() : tensor<3x4xf16>
  %v20 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v8, %v14 : tensor<3x4xf16>, tensor<3xf16>) outs(%e15 : tensor<3x4xf16>) {
  ^bb0(%a16: f16, %a17: f16, %a18: f16):
    %s19 = arith.subf %a16, %a17 : f16
    linalg.yield %s19 : f16
  } -> tensor<3x4xf16>
  %e21 = tensor.empty() : tensor<3x4xf16>
  %v25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v20 : tensor<3x4xf16>) outs(%e21 : tensor<3x4xf16>) {
  ^bb0(%a22: f16, %a23: f16):
    %s24 = math.exp %a22 : f16
    linalg.yield %s24 : f16
  } -> tensor<3x4xf16>
  %e26 = tensor.empty() : tensor<3xf16>
  %v27 = linalg.fill ins(%c0 : f16) outs(%e26 : tensor<3xf16>) -> tensor<3xf16>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v25 : tensor<3x4xf16>) outs(%v27 : tensor<3xf16>) {
  ^bb0(%a28: f16, %a29: f16):
    %s30 = arith.addf %a28, %a29 : f16
    linalg.yield %s30 : f16
  } -> tensor<3xf16>
  %e32 = tensor.empty() : tensor<3x4xf16>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v25, %v31 : tensor<3x4xf16>, tensor<3xf16>) outs(%e32 : tensor<3x4xf16>) {
  ^bb0(%a33: f16, %a34: f16, %a35: f16):
    %s36 = arith.divf %a33, %a34 : f16
    linalg.yield %s36 : f16
  } -> tensor<3x4xf16>
  %e38 = tensor.empty() : tensor<3x2xf16>
  %v39 = linalg.fill ins(%c0 : f16) outs(%e38 : tensor<3x2xf16>) -> tensor<3x2xf16>
  %v45 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v37, %arg2 : tensor<3x4xf16>, tensor<4x2xf16>) outs(%v39 : tensor<3x2xf16>) {
  ^bb0(%a40: f16, %a41: f16, %a42: f16):
    %s43 = arith.mulf %a40, %a41 : f16
    %s44 = arith.addf %a42, %s43 : f16
    linalg.yield %s44 : f16
  } -> tensor<3x2xf16>
  return %v45 : tensor<3x2xf16>
}

// REMARK: Passed{{.*}}Function=single_strict |
// CHECK-LABEL: func.func @single_strict(
// CHECK: attn.sdpa
// CHECK: return
func.func @single_strict(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>) -> (tensor<3x2xf32>) attributes {attn.numerics = "strict"} {
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
  %v45 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v37, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v39 : tensor<3x2xf32>) {
  ^bb0(%a40: f32, %a41: f32, %a42: f32):
    %s43 = arith.mulf %a40, %a41 : f32
    %s44 = arith.addf %a42, %s43 : f32
    linalg.yield %s44 : f32
  } -> tensor<3x2xf32>
  return %v45 : tensor<3x2xf32>
}

// REMARK: Passed{{.*}}Function=finite_strict |{{.*}}a score function
// CHECK-LABEL: func.func @finite_strict(
// CHECK: attn.sdpa {{.*}}score(
// CHECK: return
func.func @finite_strict(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>, %arg3: tensor<3x4xi1>) -> (tensor<3x2xf32>) attributes {attn.numerics = "strict"} {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant -1000000000.0 : f32
  %c2 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<3x4xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf32>, tensor<4x2xf32>) outs(%v2 : tensor<3x4xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<3x4xf32>
  %e9 = tensor.empty() : tensor<3x4xf32>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg3, %v8 : tensor<3x4xi1>, tensor<3x4xf32>) outs(%e9 : tensor<3x4xf32>) {
  ^bb0(%a10: i1, %a11: f32, %a12: f32):
    %s13 = arith.select %a10, %a11, %c1 : f32
    linalg.yield %s13 : f32
  } -> tensor<3x4xf32>
  %e15 = tensor.empty() : tensor<3xf32>
  %v16 = linalg.fill ins(%c2 : f32) outs(%e15 : tensor<3xf32>) -> tensor<3xf32>
  %v20 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v14 : tensor<3x4xf32>) outs(%v16 : tensor<3xf32>) {
  ^bb0(%a17: f32, %a18: f32):
    %s19 = arith.maximumf %a17, %a18 : f32
    linalg.yield %s19 : f32
  } -> tensor<3xf32>
  %e21 = tensor.empty() : tensor<3x4xf32>
  %v26 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v14, %v20 : tensor<3x4xf32>, tensor<3xf32>) outs(%e21 : tensor<3x4xf32>) {
  ^bb0(%a22: f32, %a23: f32, %a24: f32):
    %s25 = arith.subf %a22, %a23 : f32
    linalg.yield %s25 : f32
  } -> tensor<3x4xf32>
  %e27 = tensor.empty() : tensor<3x4xf32>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v26 : tensor<3x4xf32>) outs(%e27 : tensor<3x4xf32>) {
  ^bb0(%a28: f32, %a29: f32):
    %s30 = math.exp %a28 : f32
    linalg.yield %s30 : f32
  } -> tensor<3x4xf32>
  %e32 = tensor.empty() : tensor<3xf32>
  %v33 = linalg.fill ins(%c0 : f32) outs(%e32 : tensor<3xf32>) -> tensor<3xf32>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v31 : tensor<3x4xf32>) outs(%v33 : tensor<3xf32>) {
  ^bb0(%a34: f32, %a35: f32):
    %s36 = arith.addf %a34, %a35 : f32
    linalg.yield %s36 : f32
  } -> tensor<3xf32>
  %e38 = tensor.empty() : tensor<3x4xf32>
  %v43 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v31, %v37 : tensor<3x4xf32>, tensor<3xf32>) outs(%e38 : tensor<3x4xf32>) {
  ^bb0(%a39: f32, %a40: f32, %a41: f32):
    %s42 = arith.divf %a39, %a40 : f32
    linalg.yield %s42 : f32
  } -> tensor<3x4xf32>
  %e44 = tensor.empty() : tensor<3x2xf32>
  %v45 = linalg.fill ins(%c0 : f32) outs(%e44 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %v51 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v43, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v45 : tensor<3x2xf32>) {
  ^bb0(%a46: f32, %a47: f32, %a48: f32):
    %s49 = arith.mulf %a46, %a47 : f32
    %s50 = arith.addf %a48, %s49 : f32
    linalg.yield %s50 : f32
  } -> tensor<3x2xf32>
  return %v51 : tensor<3x2xf32>
}

// REMARK: Passed{{.*}}Function=finite_default |{{.*}}rows without keys: uniform
// CHECK-LABEL: func.func @finite_default(
// CHECK: attn.sdpa {{.*}}mask({{.*}}masked_row = uniform
// CHECK: return
func.func @finite_default(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>, %arg3: tensor<3x4xi1>) -> (tensor<3x2xf32>) attributes {attn.numerics = "default"} {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant -1000000000.0 : f32
  %c2 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<3x4xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf32>, tensor<4x2xf32>) outs(%v2 : tensor<3x4xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<3x4xf32>
  %e9 = tensor.empty() : tensor<3x4xf32>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg3, %v8 : tensor<3x4xi1>, tensor<3x4xf32>) outs(%e9 : tensor<3x4xf32>) {
  ^bb0(%a10: i1, %a11: f32, %a12: f32):
    %s13 = arith.select %a10, %a11, %c1 : f32
    linalg.yield %s13 : f32
  } -> tensor<3x4xf32>
  %e15 = tensor.empty() : tensor<3xf32>
  %v16 = linalg.fill ins(%c2 : f32) outs(%e15 : tensor<3xf32>) -> tensor<3xf32>
  %v20 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v14 : tensor<3x4xf32>) outs(%v16 : tensor<3xf32>) {
  ^bb0(%a17: f32, %a18: f32):
    %s19 = arith.maximumf %a17, %a18 : f32
    linalg.yield %s19 : f32
  } -> tensor<3xf32>
  %e21 = tensor.empty() : tensor<3x4xf32>
  %v26 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v14, %v20 : tensor<3x4xf32>, tensor<3xf32>) outs(%e21 : tensor<3x4xf32>) {
  ^bb0(%a22: f32, %a23: f32, %a24: f32):
    %s25 = arith.subf %a22, %a23 : f32
    linalg.yield %s25 : f32
  } -> tensor<3x4xf32>
  %e27 = tensor.empty() : tensor<3x4xf32>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v26 : tensor<3x4xf32>) outs(%e27 : tensor<3x4xf32>) {
  ^bb0(%a28: f32, %a29: f32):
    %s30 = math.exp %a28 : f32
    linalg.yield %s30 : f32
  } -> tensor<3x4xf32>
  %e32 = tensor.empty() : tensor<3xf32>
  %v33 = linalg.fill ins(%c0 : f32) outs(%e32 : tensor<3xf32>) -> tensor<3xf32>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v31 : tensor<3x4xf32>) outs(%v33 : tensor<3xf32>) {
  ^bb0(%a34: f32, %a35: f32):
    %s36 = arith.addf %a34, %a35 : f32
    linalg.yield %s36 : f32
  } -> tensor<3xf32>
  %e38 = tensor.empty() : tensor<3x4xf32>
  %v43 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v31, %v37 : tensor<3x4xf32>, tensor<3xf32>) outs(%e38 : tensor<3x4xf32>) {
  ^bb0(%a39: f32, %a40: f32, %a41: f32):
    %s42 = arith.divf %a39, %a40 : f32
    linalg.yield %s42 : f32
  } -> tensor<3x4xf32>
  %e44 = tensor.empty() : tensor<3x2xf32>
  %v45 = linalg.fill ins(%c0 : f32) outs(%e44 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %v51 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v43, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v45 : tensor<3x2xf32>) {
  ^bb0(%a46: f32, %a47: f32, %a48: f32):
    %s49 = arith.mulf %a46, %a47 : f32
    %s50 = arith.addf %a48, %s49 : f32
    linalg.yield %s50 : f32
  } -> tensor<3x2xf32>
  return %v51 : tensor<3x2xf32>
}

// REMARK: Passed{{.*}}Function=two_finite_default |{{.*}}a score function
// CHECK-LABEL: func.func @two_finite_default(
// CHECK: attn.sdpa {{.*}}score(
// CHECK: return
func.func @two_finite_default(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>, %arg3: tensor<3x4xi1>, %arg4: tensor<4xi1>) -> (tensor<3x2xf32>) attributes {attn.numerics = "default"} {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant -1000000000.0 : f32
  %c2 = arith.constant -3.4e+38 : f32
  %c3 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<3x4xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf32>, tensor<4x2xf32>) outs(%v2 : tensor<3x4xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<3x4xf32>
  %e9 = tensor.empty() : tensor<3x4xf32>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg3, %v8 : tensor<3x4xi1>, tensor<3x4xf32>) outs(%e9 : tensor<3x4xf32>) {
  ^bb0(%a10: i1, %a11: f32, %a12: f32):
    %s13 = arith.select %a10, %a11, %c1 : f32
    linalg.yield %s13 : f32
  } -> tensor<3x4xf32>
  %e15 = tensor.empty() : tensor<4xf32>
  %v19 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%arg4 : tensor<4xi1>) outs(%e15 : tensor<4xf32>) {
  ^bb0(%a16: i1, %a17: f32):
    %s18 = arith.select %a16, %c0, %c2 : f32
    linalg.yield %s18 : f32
  } -> tensor<4xf32>
  %e20 = tensor.empty() : tensor<3x4xf32>
  %v25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v14, %v19 : tensor<3x4xf32>, tensor<4xf32>) outs(%e20 : tensor<3x4xf32>) {
  ^bb0(%a21: f32, %a22: f32, %a23: f32):
    %s24 = arith.addf %a21, %a22 : f32
    linalg.yield %s24 : f32
  } -> tensor<3x4xf32>
  %e26 = tensor.empty() : tensor<3xf32>
  %v27 = linalg.fill ins(%c3 : f32) outs(%e26 : tensor<3xf32>) -> tensor<3xf32>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v25 : tensor<3x4xf32>) outs(%v27 : tensor<3xf32>) {
  ^bb0(%a28: f32, %a29: f32):
    %s30 = arith.maximumf %a28, %a29 : f32
    linalg.yield %s30 : f32
  } -> tensor<3xf32>
  %e32 = tensor.empty() : tensor<3x4xf32>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v25, %v31 : tensor<3x4xf32>, tensor<3xf32>) outs(%e32 : tensor<3x4xf32>) {
  ^bb0(%a33: f32, %a34: f32, %a35: f32):
    %s36 = arith.subf %a33, %a34 : f32
    linalg.yield %s36 : f32
  } -> tensor<3x4xf32>
  %e38 = tensor.empty() : tensor<3x4xf32>
  %v42 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v37 : tensor<3x4xf32>) outs(%e38 : tensor<3x4xf32>) {
  ^bb0(%a39: f32, %a40: f32):
    %s41 = math.exp %a39 : f32
    linalg.yield %s41 : f32
  } -> tensor<3x4xf32>
  %e43 = tensor.empty() : tensor<3xf32>
  %v44 = linalg.fill ins(%c0 : f32) outs(%e43 : tensor<3xf32>) -> tensor<3xf32>
  %v48 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v42 : tensor<3x4xf32>) outs(%v44 : tensor<3xf32>) {
  ^bb0(%a45: f32, %a46: f32):
    %s47 = arith.addf %a45, %a46 : f32
    linalg.yield %s47 : f32
  } -> tensor<3xf32>
  %e49 = tensor.empty() : tensor<3x4xf32>
  %v54 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v42, %v48 : tensor<3x4xf32>, tensor<3xf32>) outs(%e49 : tensor<3x4xf32>) {
  ^bb0(%a50: f32, %a51: f32, %a52: f32):
    %s53 = arith.divf %a50, %a51 : f32
    linalg.yield %s53 : f32
  } -> tensor<3x4xf32>
  %e55 = tensor.empty() : tensor<3x2xf32>
  %v56 = linalg.fill ins(%c0 : f32) outs(%e55 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %v62 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v54, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v56 : tensor<3x2xf32>) {
  ^bb0(%a57: f32, %a58: f32, %a59: f32):
    %s60 = arith.mulf %a57, %a58 : f32
    %s61 = arith.addf %a59, %s60 : f32
    linalg.yield %s61 : f32
  } -> tensor<3x2xf32>
  return %v62 : tensor<3x2xf32>
}

// REMARK: Passed{{.*}}Function=two_finite_fast |{{.*}}rows without keys: uniform
// CHECK-LABEL: func.func @two_finite_fast(
// CHECK: attn.sdpa
// CHECK: return
func.func @two_finite_fast(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>, %arg3: tensor<3x4xi1>, %arg4: tensor<4xi1>) -> (tensor<3x2xf32>) attributes {attn.numerics = "fast"} {
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant -1000000000.0 : f32
  %c2 = arith.constant -3.4e+38 : f32
  %c3 = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<3x4xf32>
  %v2 = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %v8 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<3x2xf32>, tensor<4x2xf32>) outs(%v2 : tensor<3x4xf32>) {
  ^bb0(%a3: f32, %a4: f32, %a5: f32):
    %s6 = arith.mulf %a3, %a4 : f32
    %s7 = arith.addf %a5, %s6 : f32
    linalg.yield %s7 : f32
  } -> tensor<3x4xf32>
  %e9 = tensor.empty() : tensor<3x4xf32>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg3, %v8 : tensor<3x4xi1>, tensor<3x4xf32>) outs(%e9 : tensor<3x4xf32>) {
  ^bb0(%a10: i1, %a11: f32, %a12: f32):
    %s13 = arith.select %a10, %a11, %c1 : f32
    linalg.yield %s13 : f32
  } -> tensor<3x4xf32>
  %e15 = tensor.empty() : tensor<4xf32>
  %v19 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%arg4 : tensor<4xi1>) outs(%e15 : tensor<4xf32>) {
  ^bb0(%a16: i1, %a17: f32):
    %s18 = arith.select %a16, %c0, %c2 : f32
    linalg.yield %s18 : f32
  } -> tensor<4xf32>
  %e20 = tensor.empty() : tensor<3x4xf32>
  %v25 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v14, %v19 : tensor<3x4xf32>, tensor<4xf32>) outs(%e20 : tensor<3x4xf32>) {
  ^bb0(%a21: f32, %a22: f32, %a23: f32):
    %s24 = arith.addf %a21, %a22 : f32
    linalg.yield %s24 : f32
  } -> tensor<3x4xf32>
  %e26 = tensor.empty() : tensor<3xf32>
  %v27 = linalg.fill ins(%c3 : f32) outs(%e26 : tensor<3xf32>) -> tensor<3xf32>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v25 : tensor<3x4xf32>) outs(%v27 : tensor<3xf32>) {
  ^bb0(%a28: f32, %a29: f32):
    %s30 = arith.maximumf %a28, %a29 : f32
    linalg.yield %s30 : f32
  } -> tensor<3xf32>
  %e32 = tensor.empty() : tensor<3x4xf32>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v25, %v31 : tensor<3x4xf32>, tensor<3xf32>) outs(%e32 : tensor<3x4xf32>) {
  ^bb0(%a33: f32, %a34: f32, %a35: f32):
    %s36 = arith.subf %a33, %a34 : f32
    linalg.yield %s36 : f32
  } -> tensor<3x4xf32>
  %e38 = tensor.empty() : tensor<3x4xf32>
  %v42 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v37 : tensor<3x4xf32>) outs(%e38 : tensor<3x4xf32>) {
  ^bb0(%a39: f32, %a40: f32):
    %s41 = math.exp %a39 : f32
    linalg.yield %s41 : f32
  } -> tensor<3x4xf32>
  %e43 = tensor.empty() : tensor<3xf32>
  %v44 = linalg.fill ins(%c0 : f32) outs(%e43 : tensor<3xf32>) -> tensor<3xf32>
  %v48 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v42 : tensor<3x4xf32>) outs(%v44 : tensor<3xf32>) {
  ^bb0(%a45: f32, %a46: f32):
    %s47 = arith.addf %a45, %a46 : f32
    linalg.yield %s47 : f32
  } -> tensor<3xf32>
  %e49 = tensor.empty() : tensor<3x4xf32>
  %v54 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v42, %v48 : tensor<3x4xf32>, tensor<3xf32>) outs(%e49 : tensor<3x4xf32>) {
  ^bb0(%a50: f32, %a51: f32, %a52: f32):
    %s53 = arith.divf %a50, %a51 : f32
    linalg.yield %s53 : f32
  } -> tensor<3x4xf32>
  %e55 = tensor.empty() : tensor<3x2xf32>
  %v56 = linalg.fill ins(%c0 : f32) outs(%e55 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %v62 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v54, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v56 : tensor<3x2xf32>) {
  ^bb0(%a57: f32, %a58: f32, %a59: f32):
    %s60 = arith.mulf %a57, %a58 : f32
    %s61 = arith.addf %a59, %s60 : f32
    linalg.yield %s61 : f32
  } -> tensor<3x2xf32>
  return %v62 : tensor<3x2xf32>
}

// REMARK: Function=nan_guard_strict | {{.*}}Reason="NaN probabilities are replaced by zeros, which attention does for rows without keys only", Step=softmax, Suggestion="set attn.numerics = "default""
// CHECK-LABEL: func.func @nan_guard_strict(
// CHECK-NOT: attn.sdpa
// CHECK: return
func.func @nan_guard_strict(%arg0: tensor<3x2xf32>, %arg1: tensor<4x2xf32>, %arg2: tensor<4x2xf32>, %arg3: tensor<3x4xi1>) -> (tensor<3x2xf32>) attributes {attn.numerics = "strict"} {
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
  %e9 = tensor.empty() : tensor<3x4xf32>
  %v14 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg3, %v8 : tensor<3x4xi1>, tensor<3x4xf32>) outs(%e9 : tensor<3x4xf32>) {
  ^bb0(%a10: i1, %a11: f32, %a12: f32):
    %s13 = arith.select %a10, %a11, %c1 : f32
    linalg.yield %s13 : f32
  } -> tensor<3x4xf32>
  %e15 = tensor.empty() : tensor<3xf32>
  %v16 = linalg.fill ins(%c1 : f32) outs(%e15 : tensor<3xf32>) -> tensor<3xf32>
  %v20 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v14 : tensor<3x4xf32>) outs(%v16 : tensor<3xf32>) {
  ^bb0(%a17: f32, %a18: f32):
    %s19 = arith.maximumf %a17, %a18 : f32
    linalg.yield %s19 : f32
  } -> tensor<3xf32>
  %e21 = tensor.empty() : tensor<3x4xf32>
  %v26 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v14, %v20 : tensor<3x4xf32>, tensor<3xf32>) outs(%e21 : tensor<3x4xf32>) {
  ^bb0(%a22: f32, %a23: f32, %a24: f32):
    %s25 = arith.subf %a22, %a23 : f32
    linalg.yield %s25 : f32
  } -> tensor<3x4xf32>
  %e27 = tensor.empty() : tensor<3x4xf32>
  %v31 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v26 : tensor<3x4xf32>) outs(%e27 : tensor<3x4xf32>) {
  ^bb0(%a28: f32, %a29: f32):
    %s30 = math.exp %a28 : f32
    linalg.yield %s30 : f32
  } -> tensor<3x4xf32>
  %e32 = tensor.empty() : tensor<3xf32>
  %v33 = linalg.fill ins(%c0 : f32) outs(%e32 : tensor<3xf32>) -> tensor<3xf32>
  %v37 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%v31 : tensor<3x4xf32>) outs(%v33 : tensor<3xf32>) {
  ^bb0(%a34: f32, %a35: f32):
    %s36 = arith.addf %a34, %a35 : f32
    linalg.yield %s36 : f32
  } -> tensor<3xf32>
  %e38 = tensor.empty() : tensor<3x4xf32>
  %v43 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v31, %v37 : tensor<3x4xf32>, tensor<3xf32>) outs(%e38 : tensor<3x4xf32>) {
  ^bb0(%a39: f32, %a40: f32, %a41: f32):
    %s42 = arith.divf %a39, %a40 : f32
    linalg.yield %s42 : f32
  } -> tensor<3x4xf32>
  %e44 = tensor.empty() : tensor<3x4xi1>
  %v48 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v43 : tensor<3x4xf32>) outs(%e44 : tensor<3x4xi1>) {
  ^bb0(%a45: f32, %a46: i1):
    %s47 = arith.cmpf uno, %a45, %a45 : f32
    linalg.yield %s47 : i1
  } -> tensor<3x4xi1>
  %e49 = tensor.empty() : tensor<3x4xf32>
  %v54 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%v48, %v43 : tensor<3x4xi1>, tensor<3x4xf32>) outs(%e49 : tensor<3x4xf32>) {
  ^bb0(%a50: i1, %a51: f32, %a52: f32):
    %s53 = arith.select %a50, %c0, %a51 : f32
    linalg.yield %s53 : f32
  } -> tensor<3x4xf32>
  %e55 = tensor.empty() : tensor<3x2xf32>
  %v56 = linalg.fill ins(%c0 : f32) outs(%e55 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %v62 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%v54, %arg2 : tensor<3x4xf32>, tensor<4x2xf32>) outs(%v56 : tensor<3x2xf32>) {
  ^bb0(%a57: f32, %a58: f32, %a59: f32):
    %s60 = arith.mulf %a57, %a58 : f32
    %s61 = arith.addf %a59, %s60 : f32
    linalg.yield %s61 : f32
  } -> tensor<3x2xf32>
  return %v62 : tensor<3x2xf32>
}
