// RUN: attn-opt %s --attn-split-bf16-conversions | FileCheck %s

// CHECK-LABEL: func @extend
func.func @extend(%x: bf16, %v: vector<4xbf16>, %y: bf16) -> (f64, vector<4xf64>, f32) {
  // CHECK: %[[X:.*]] = arith.extf %{{.*}} : bf16 to f32
  // CHECK: arith.extf %[[X]] : f32 to f64
  // CHECK: %[[V:.*]] = arith.extf %{{.*}} : vector<4xbf16> to vector<4xf32>
  // CHECK: arith.extf %[[V]] : vector<4xf32> to vector<4xf64>
  // CHECK: arith.extf %{{.*}} : bf16 to f32
  // CHECK-NEXT: return
  %0 = arith.extf %x : bf16 to f64
  %1 = arith.extf %v : vector<4xbf16> to vector<4xf64>
  %2 = arith.extf %y : bf16 to f32
  return %0, %1, %2 : f64, vector<4xf64>, f32
}

// CHECK-LABEL: func @truncate
// CHECK-SAME: (%[[X:.*]]: vector<4xf64>)
func.func @truncate(%x: vector<4xf64>) -> vector<4xbf16> {
  // CHECK: %[[NEAR:.*]] = arith.truncf %[[X]] : vector<4xf64> to vector<4xf32>
  // CHECK: %[[BACK:.*]] = arith.extf %[[NEAR]] : vector<4xf32> to vector<4xf64>
  // CHECK: %[[FAR:.*]] = arith.select {{.*}} : vector<4xi1>, vector<4xi1>
  // CHECK: %[[ZERO:.*]] = arith.select %[[FAR]]
  // CHECK: %[[INEXACT:.*]] = arith.cmpf one, %[[BACK]], %[[X]]
  // CHECK: %[[ODD:.*]] = arith.ori %[[ZERO]]
  // CHECK: arith.select %[[INEXACT]], %[[ODD]], %[[ZERO]]
  // CHECK: arith.truncf %{{.*}} : vector<4xf32> to vector<4xbf16>
  %0 = arith.truncf %x : vector<4xf64> to vector<4xbf16>
  return %0 : vector<4xbf16>
}
