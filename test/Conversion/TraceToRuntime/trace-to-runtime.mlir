// RUN: attn-opt %s --convert-trace-to-runtime | FileCheck %s

func.func private @attn_rt_check_stack(i64)
func.func private @attn_fwd(%x: memref<4xf32>, %i: index) { return }

// CHECK-LABEL: func.func @main
// CHECK: %[[B0:.*]] = llvm.call @attn_rt_trace_begin()
// CHECK-NEXT: scf.parallel
// CHECK: call @attn_fwd
// What a thread does has no events of its own.
// CHECK-NOT: attn_rt_trace_begin
// CHECK: linalg.fill
func.func @main(%x: memref<4xf32>, %y: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bytes = arith.constant 4096 : i64
  scf.parallel (%i) = (%c0) to (%c1) step (%c1) {
    // The runtime's functions are no kernels.
    func.call @attn_rt_check_stack(%bytes) : (i64) -> ()
    func.call @attn_fwd(%x, %i) : (memref<4xf32>, index) -> ()
    linalg.fill ins(%zero : f32) outs(%x : memref<4xf32>)
  }
  // CHECK: %[[NAME:.*]] = llvm.mlir.addressof @[[KERNEL:.*]] : !llvm.ptr
  // CHECK-NEXT: llvm.call @attn_rt_trace_end(%[[NAME]], %[[B0]])
  scf.for %i = %c0 to %c1 step %c1 {
    // CHECK: scf.for
    // CHECK: %[[B1:.*]] = llvm.call @attn_rt_trace_begin()
    // CHECK-NEXT: linalg.copy
    // CHECK: llvm.mlir.addressof @[[COPY:.*]] : !llvm.ptr
    // CHECK: llvm.call @attn_rt_trace_end(%{{.*}}, %[[B1]])
    linalg.copy ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  }
  // A loop that calls nothing is no kernel.
  // CHECK-NOT: attn_rt_trace_begin
  scf.parallel (%i) = (%c0) to (%c1) step (%c1) {
    memref.store %zero, %y[%i] : memref<4xf32>
  }
  return
}
// CHECK-DAG: llvm.func @attn_rt_trace_begin() -> i64
// CHECK-DAG: llvm.func @attn_rt_trace_end(!llvm.ptr, i64)
// CHECK-DAG: llvm.mlir.global private constant @[[KERNEL]]("attn_fwd (line 18)\00")
// CHECK-DAG: llvm.mlir.global private constant @[[COPY]]("linalg.copy (line 32)\00")
