// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-lower-reductions))' | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#kept = affine_map<(i, j) -> (i, 0)>

// CHECK-LABEL: @sum
// CHECK: %[[COLUMNS:.*]] = memref.dim %arg0, %c1
// CHECK: scf.for %[[I:.*]] = %c0{{.*}} to %c8{{.*}} step
// CHECK: %[[FIRST:.*]] = memref.load %arg1[%[[I]], %c0{{.*}}] : memref<8x1xf64>
// CHECK: %[[SUM:.*]] = scf.for %[[J:.*]] = %c0{{.*}} to %[[COLUMNS]] step {{.*}} iter_args(%[[S:.*]] = %[[FIRST]]) -> (f64) {
// CHECK: %[[A:.*]] = memref.load %arg0[%[[I]], %[[J]]] : memref<8x?xf32>
// CHECK: %[[WIDE:.*]] = arith.extf %[[A]] : f32 to f64
// CHECK: %[[T:.*]] = arith.addf %[[WIDE]], %[[S]] fastmath<reassoc> : f64
// CHECK: scf.yield %[[T]]
// CHECK: memref.store %[[SUM]], %arg1[%[[I]], %c0{{.*}}]
func.func @sum(%x: memref<8x?xf32>, %y: memref<8x1xf64>) {
  linalg.generic {indexing_maps = [#id, #kept], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x?xf32>) outs(%y : memref<8x1xf64>) {
  ^bb0(%a: f32, %s: f64):
    %w = arith.extf %a : f32 to f64
    %t = arith.addf %w, %s : f64
    linalg.yield %t : f64
  }
  return
}

// Two results, of which one is a position; nothing but sums is reassociated.
// CHECK-LABEL: @two
// CHECK: %{{.*}}:2 = scf.for %[[J:.*]] = {{.*}} iter_args(%[[M:.*]] = %{{.*}}, %[[P:.*]] = %{{.*}}) -> (f32, index) {
// CHECK: %[[A:.*]] = memref.load
// CHECK: %[[C:.*]] = arith.cmpf ogt, %[[A]], %[[M]]
// CHECK: arith.maximumf %[[A]], %[[M]] : f32
// CHECK: arith.select %[[C]], %[[J]], %[[P]]
// CHECK: memref.store
// CHECK: memref.store
func.func @two(%x: memref<8x16xf32>, %m: memref<8xf32>, %p: memref<8xindex>) {
  linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x16xf32>) outs(%m, %p : memref<8xf32>, memref<8xindex>) {
  ^bb0(%a: f32, %s: f32, %q: index):
    %j = linalg.index 1 : index
    %c = arith.cmpf ogt, %a, %s : f32
    %t = arith.maximumf %a, %s : f32
    %n = arith.select %c, %j, %q : index
    linalg.yield %t, %n : f32, index
  }
  return
}

// Outer loops that reduce, and what does not reduce.
// CHECK-LABEL: @others
// CHECK-COUNT-2: linalg.generic
// CHECK-NOT: scf.for
// CHECK: return
func.func @others(%x: memref<8x16xf32>, %y: memref<16xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]} ins(%x : memref<8x16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %a, %s : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : memref<8x16xf32>) {
  ^bb0(%a: f32):
    %t = arith.addf %a, %a : f32
    linalg.yield %t : f32
  }
  return
}
