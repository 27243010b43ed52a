// RUN: attn-opt %s --attn-move-bf16-as-bits | FileCheck %s

// CHECK: llvm.mlir.global internal constant @weights(dense<[16256, 16384]> : tensor<2xi16>) {{.*}} : !llvm.array<2 x i16>
llvm.mlir.global internal constant @weights(dense<[1.0, 2.0]> : tensor<2xbf16>) : !llvm.array<2 x bf16>

// CHECK: llvm.func @callee(i16, vector<4xi16>) -> !llvm.struct<(ptr, i16)>
llvm.func @callee(bf16, vector<4xbf16>) -> !llvm.struct<(ptr, bf16)>

// CHECK-LABEL: llvm.func @scalars
// CHECK-SAME: %[[X:.*]]: i16, %[[P:.*]]: !llvm.ptr, %[[C:.*]]: i1) -> i32
llvm.func @scalars(%x: bf16, %p: !llvm.ptr, %c: i1) -> i32 {
  // CHECK-DAG: llvm.mlir.constant(-32768 : i16) : i16
  // CHECK-DAG: llvm.mlir.constant(dense<16256> : vector<4xi16>) : vector<4xi16>
  // CHECK-DAG: llvm.getelementptr %[[P]][1] : (!llvm.ptr) -> !llvm.ptr, i16
  // CHECK: llvm.cond_br %[[C]], ^bb1(%[[X]] : i16), ^bb1(%{{.*}} : i16)
  // CHECK: ^bb1(%[[Y:.*]]: i16):
  // CHECK-NOT: bitcast
  // CHECK: llvm.zext %[[Y]] : i16 to i32
  // CHECK: llvm.bitcast %{{.*}} : f32 to i32
  %zero = llvm.mlir.constant(-0.0 : bf16) : bf16
  %ones = llvm.mlir.constant(dense<1.0> : vector<4xbf16>) : vector<4xbf16>
  %q = llvm.getelementptr %p[1] : (!llvm.ptr) -> !llvm.ptr, bf16
  llvm.store %ones, %q : vector<4xbf16>, !llvm.ptr
  llvm.cond_br %c, ^bb1(%x : bf16), ^bb1(%zero : bf16)
^bb1(%y: bf16):
  %bits = llvm.bitcast %y : bf16 to i16
  %wide = llvm.zext %bits : i16 to i32
  %one = llvm.mlir.constant(1.0 : f32) : f32
  %int = llvm.bitcast %one : f32 to i32
  %sum = llvm.add %wide, %int : i32
  llvm.return %sum : i32
}
