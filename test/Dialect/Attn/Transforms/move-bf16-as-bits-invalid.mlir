// RUN: not attn-opt %s --attn-move-bf16-as-bits 2>&1 | FileCheck %s

llvm.func @computes(%x: bf16) -> bf16 {
  // CHECK: [[@LINE+1]]:8: error: 'llvm.fadd' op operand #0 must be floating point LLVM type
  %y = llvm.fadd %x, %x : bf16
  llvm.return %y : bf16
}
