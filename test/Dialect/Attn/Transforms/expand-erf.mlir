// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-expand-erf))' | FileCheck %s

// CHECK-LABEL: @scalar
// CHECK-NOT: math.erf
// CHECK: math.fma {{.*}} : f32
// CHECK: return
func.func @scalar(%x: f32) -> f32 {
  %0 = math.erf %x : f32
  return %0 : f32
}

// CHECK-LABEL: @vector
// CHECK-NOT: math.erf
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK: return
func.func @vector(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.erf %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// Other types, and other functions.
// CHECK-LABEL: @others
// CHECK-NEXT: math.erf %{{.*}} : f64
// CHECK-NEXT: math.tanh
// CHECK-NEXT: return
func.func @others(%x: f64, %y: f32) -> (f64, f32) {
  %0 = math.erf %x : f64
  %1 = math.tanh %y : f32
  return %0, %1 : f64, f32
}
