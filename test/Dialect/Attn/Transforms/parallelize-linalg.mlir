// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-parallelize-linalg))' | FileCheck %s
// RUN: not attn-opt %s --pass-pipeline='builtin.module(func.func(attn-parallelize-linalg{tile-elements=0}))' 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: attn-parallelize-linalg: expected tile-elements to be 1 at least, got 0

// CHECK-DAG: #[[$ROWS:.*]] = affine_map<()[s0] -> (8192 ceildiv s0)>

#id = affine_map<(b, i, j) -> (b, i, j)>
#row = affine_map<(b, i, j) -> (b, i)>

// A tile has 16 rows of 512: of the loop without, one iteration.
// CHECK-LABEL: @elements
// CHECK: scf.parallel (%[[B:.*]], %[[I:.*]]) = (%c0{{.*}}, %c0{{.*}}) to (%c2{{.*}}, %c1024{{.*}}) step (%c1{{.*}}, %c16{{.*}}) {
// CHECK: %[[X:.*]] = memref.subview %arg0[%[[B]], %[[I]], 0] [1, 16, 512]
// CHECK: linalg.exp ins(%[[X]]
func.func @elements(%x: memref<2x1024x512xf32>, %y: memref<2x1024x512xf32>) {
  linalg.exp ins(%x : memref<2x1024x512xf32>) outs(%y : memref<2x1024x512xf32>)
  return
}

// What is summed stays one loop, the work of a row.
// CHECK-LABEL: @sum
// CHECK: scf.parallel (%[[B:.*]], %[[I:.*]]) = {{.*}} step (%c1{{.*}}, %c4{{.*}}) {
// CHECK: memref.subview %arg0[%[[B]], %[[I]], 0] [1, 4, 2048]
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "reduction"]
func.func @sum(%x: memref<1x64x2048xf32>, %y: memref<1x64xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : memref<1x64x2048xf32>) outs(%y : memref<1x64xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %a, %s : f32
    linalg.yield %0 : f32
  }
  return
}

// Sizes of the run time: as many rows as have enough elements, all where they are few.
// CHECK-LABEL: @dynamic
// CHECK: %[[COLUMNS:.*]] = memref.dim %arg0, %c1
// CHECK: %[[ONE:.*]] = affine.max #{{.*}}()[%[[COLUMNS]]]
// CHECK: %[[TILE:.*]] = affine.apply #[[$ROWS]]()[%[[ONE]]]
// CHECK: scf.parallel (%{{.*}}, %{{.*}}) = {{.*}} step (%[[TILE]], %c8192{{.*}})
func.func @dynamic(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  linalg.exp ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)
  return
}

// Positions are those in the whole.
// CHECK-LABEL: @index
// CHECK: scf.parallel (%[[I:.*]]) = {{.*}} step (%c8192{{.*}})
// CHECK: %[[INDEX:.*]] = linalg.index 0
// CHECK: affine.apply #{{.*}}(%[[I]])[%[[INDEX]]]
func.func @index(%y: memref<100000xindex>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%y : memref<100000xindex>) {
  ^bb0(%s: index):
    %0 = linalg.index 0 : index
    linalg.yield %0 : index
  }
  return
}

// Few elements, one sum, loops that are parallel already.
// CHECK-LABEL: @alone
// CHECK-NEXT: linalg.exp
// CHECK-NEXT: linalg.dot
// CHECK-NOT: memref.subview
// CHECK: return
func.func @alone(%x: memref<64x128xf32>, %y: memref<64x128xf32>, %a: memref<100000xf32>, %s: memref<f32>, %n: index) {
  linalg.exp ins(%x : memref<64x128xf32>) outs(%y : memref<64x128xf32>)
  linalg.dot ins(%a, %a : memref<100000xf32>, memref<100000xf32>) outs(%s : memref<f32>)
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    linalg.exp ins(%a : memref<100000xf32>) outs(%a : memref<100000xf32>)
  }
  return
}
