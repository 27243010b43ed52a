// RUN: attn-opt %s --convert-scf-parallel-to-runtime --split-input-file | FileCheck %s

func.func private @work(memref<?xf32>, index, index)

// CHECK-LABEL: func.func @loop
// CHECK-SAME: (%[[M:.*]]: memref<?xf32>, %[[N:.*]]: index)
// CHECK: %[[CTX:.*]] = llvm.alloca
// CHECK-NOT: scf.parallel
// CHECK: %[[BODY:.*]] = builtin.unrealized_conversion_cast %{{.*}} : (!llvm.ptr, i64, i64) -> () to !llvm.ptr
// CHECK: llvm.call @attn_rt_parallel_for(%{{.*}}, %{{.*}}, %[[BODY]], %[[CTX]]) : (i64, i64, !llvm.ptr, !llvm.ptr) -> ()
func.func @loop(%m: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  scf.parallel (%i, %j) = (%c0, %c1) to (%n, %n) step (%c1, %c3) {
    func.call @work(%m, %i, %j) : (memref<?xf32>, index, index) -> ()
    scf.reduce
  } {attn.grain = 4}
  return
}
// CHECK: func.func private @loop_parallel(%{{.*}}: !llvm.ptr, %[[B:.*]]: i64, %[[E:.*]]: i64)
// CHECK: %[[BI:.*]] = arith.index_cast %[[B]]
// CHECK: %[[EI:.*]] = arith.index_cast %[[E]]
// CHECK: scf.for %[[IV:.*]] = %[[BI]] to %[[EI]]
// CHECK: arith.remsi %[[IV]], %[[EXTENT:.*]] : index
// CHECK: arith.divsi %[[IV]], %[[EXTENT]] : index
// CHECK: func.call @work
// CHECK: llvm.func @attn_rt_parallel_for(i64, i64, !llvm.ptr, !llvm.ptr)

// -----

// Nested loops stay: the runtime would run them on the calling thread.
// CHECK-LABEL: func.func @nested
// CHECK: llvm.call @attn_rt_parallel_for
// CHECK: func.func private @nested_parallel
// CHECK: scf.for
// CHECK: scf.parallel
func.func @nested(%m: memref<?xf32>, %n: index, %x: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    scf.parallel (%j) = (%c0) to (%i) step (%c1) {
      memref.store %x, %m[%j] : memref<?xf32>
      scf.reduce
    }
    scf.reduce
  }
  return
}
