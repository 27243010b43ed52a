// RUN: attn-opt %s --convert-assert-to-runtime | FileCheck %s

// CHECK-LABEL: func.func @check
// CHECK-SAME: (%[[OK:.*]]: i1)
// CHECK: %[[BAD:.*]] = arith.xori %[[OK]], %{{.*}} : i1
// CHECK: scf.if %[[BAD]] {
// CHECK:   %[[M:.*]] = llvm.mlir.addressof @[[MESSAGE:.*]] : !llvm.ptr
// CHECK:   llvm.call @attn_rt_fail(%[[M]]) : (!llvm.ptr) -> ()
func.func @check(%ok: i1) {
  cf.assert %ok, "lengths differ"
  return
}
// CHECK-DAG: llvm.mlir.global private constant @[[MESSAGE]]("lengths differ\00")
// CHECK-DAG: llvm.func @attn_rt_fail(!llvm.ptr)
