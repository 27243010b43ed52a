// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-expand-tanh))' | FileCheck %s

// CHECK-LABEL: @vector
// CHECK-NOT: math.tanh
// CHECK-COUNT-9: math.fma %{{.*}} : vector<8xf32>
// CHECK: arith.divf
// CHECK: return
func.func @vector(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.tanh %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// CHECK-LABEL: @others
// CHECK: math.tanh %{{.*}} : f32
// CHECK: math.tanh %{{.*}} : vector<4xf64>
func.func @others(%x: f32, %y: vector<4xf64>) -> (f32, vector<4xf64>) {
  %0 = math.tanh %x : f32
  %1 = math.tanh %y : vector<4xf64>
  return %0, %1 : f32, vector<4xf64>
}

// A loop of linalg becomes vectors.
// CHECK-LABEL: @linalg
// CHECK-NOT: math.tanh
// CHECK-COUNT-9: math.fma %{{.*}} : f32
// CHECK: return
func.func @linalg(%x: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%x : memref<8xf32>) {
  ^bb0(%a: f32):
    %0 = math.tanh %a : f32
    linalg.yield %0 : f32
  }
  return
}
