// RUN: attn-opt %s --convert-scf-parallel-to-runtime | FileCheck %s

// The order of a reduction would depend on the number of threads.
// CHECK-LABEL: func.func @reduction
// CHECK: scf.parallel
// CHECK: scf.reduce
func.func @reduction(%n: index, %x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.parallel (%i) = (%c0) to (%n) step (%c1) init (%x) -> f32 {
    scf.reduce(%x : f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      scf.reduce.return %s : f32
    }
  }
  return %r : f32
}

// A loop outside of any function.
// CHECK: scf.parallel
%c0 = arith.constant 0 : index
%c1 = arith.constant 1 : index
scf.parallel (%i) = (%c0) to (%c1) step (%c1) {
  scf.reduce
}

// CHECK-NOT: llvm.func
