// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-expand-exp))' | FileCheck %s

// CHECK-LABEL: @vector
// CHECK-SAME: %[[X:.*]]: vector<8xf32>
// CHECK: %[[LOWEST:.*]] = arith.constant dense<-1.040000e+02> : vector<8xf32>
// CHECK: %[[IS_LOW:.*]] = arith.cmpf olt, %[[X]], %[[LOWEST]]
// CHECK: %[[LOW:.*]] = arith.select %[[IS_LOW]], %[[LOWEST]], %[[X]]
// CHECK: %[[HIGHEST:.*]] = arith.constant dense<8.900000e+01> : vector<8xf32>
// CHECK: %[[IS_HIGH:.*]] = arith.cmpf ogt, %[[LOW]], %[[HIGHEST]]
// CHECK: arith.select %[[IS_HIGH]], %[[HIGHEST]], %[[LOW]]
// CHECK-COUNT-9: math.fma %{{.*}} : vector<8xf32>
// CHECK: arith.shrsi
// CHECK-COUNT-2: arith.mulf %{{.*}} : vector<8xf32>
// CHECK-NOT: math.exp
// CHECK: return
func.func @vector(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// Scalars alone have nothing to gain, other types have libm.
// CHECK-LABEL: @others
// CHECK: math.exp %{{.*}} : f32
// CHECK: math.exp %{{.*}} : vector<4xf64>
func.func @others(%x: f32, %y: vector<4xf64>) -> (f32, vector<4xf64>) {
  %0 = math.exp %x : f32
  %1 = math.exp %y : vector<4xf64>
  return %0, %1 : f32, vector<4xf64>
}

// A loop of linalg becomes vectors.
// CHECK-LABEL: @linalg
// CHECK-NOT: math.exp
// CHECK-COUNT-9: math.fma %{{.*}} : f32
// CHECK: return
func.func @linalg(%x: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%x : memref<8xf32>) {
  ^bb0(%a: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  }
  return
}
