// RUN: attn-opt %s --attn-promote-to-f64 --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-SAME: (%[[X:.*]]: tensor<2xf64>) -> tensor<2xf64>
func.func @f(%x: tensor<2xf16>) -> tensor<2xf16> {
  // CHECK: %[[D:.*]] = arith.constant dense<[1.500000e+00, 0xFFF0000000000000]> : tensor<2xf64>
  %d = arith.constant dense<[1.5, 0xFC00]> : tensor<2xf16>
  // CHECK: %[[S:.*]] = arith.constant 2.500000e-01 : f64
  %s = arith.constant 0.25 : f32
  %e = tensor.empty() : tensor<2xf16>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x, %d : tensor<2xf16>, tensor<2xf16>) outs(%e : tensor<2xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    // CHECK: ^bb0(%[[A:.*]]: f64, %[[B:.*]]: f64, %{{.*}}: f64):
    // CHECK-NEXT: %[[M:.*]] = arith.mulf %[[A]], %[[S]] : f64
    // CHECK-NEXT: arith.addf %[[M]], %[[B]] : f64
    // CHECK-NEXT: linalg.yield
    %a32 = arith.extf %a : f16 to f32
    %b32 = arith.extf %b : f16 to f32
    %m = arith.mulf %a32, %s : f32
    %r = arith.addf %m, %b32 : f32
    %t = arith.truncf %r : f32 to f16
    linalg.yield %t : f16
  } -> tensor<2xf16>
  return %0 : tensor<2xf16>
}

// -----

func.func @bits(%x: f32) -> i32 {
  // expected-error @below {{arith.bitcast of a float cannot be promoted to f64}}
  %0 = arith.bitcast %x : f32 to i32
  return %0 : i32
}
