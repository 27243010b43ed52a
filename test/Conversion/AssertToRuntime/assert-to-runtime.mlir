// RUN: attn-opt %s --convert-assert-to-runtime | FileCheck %s

// CHECK-LABEL: func.func @check
// CHECK-SAME: (%[[OK:.*]]: i1)
// CHECK: %[[BAD:.*]] = arith.xori %[[OK]], %{{.*}} : i1
// CHECK: scf.if %[[BAD]] {
// CHECK:   %[[M:.*]] = llvm.mlir.addressof @[[$MESSAGE:.*]] : !llvm.ptr
// CHECK:   llvm.call @attn_rt_fail(%[[M]]) : (!llvm.ptr) -> ()
func.func @check(%ok: i1) {
  cf.assert %ok, "lengths differ"
  return
}

// CHECK-LABEL: func.func @check_number
// CHECK: scf.if %{{.*}} {
// CHECK:   %[[M:.*]] = llvm.mlir.addressof @[[$NUMBERED:.*]] : !llvm.ptr
// CHECK:   %[[N:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK:   llvm.call @attn_rt_fail_at(%[[M]], %[[N]]) : (!llvm.ptr, i64) -> ()
func.func @check_number(%ok: i1, %n: index) {
  attn.assert %ok, "sequence {} is long", %n
  return
}
// CHECK-DAG: llvm.mlir.global private constant @[[$NUMBERED]]("sequence {} is long\00")
// CHECK-DAG: llvm.func @attn_rt_fail_at(!llvm.ptr, i64)
// CHECK-DAG: llvm.mlir.global private constant @[[$MESSAGE]]("lengths differ\00")
// CHECK-DAG: llvm.func @attn_rt_fail(!llvm.ptr)
