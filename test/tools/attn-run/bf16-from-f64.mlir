// One rounding from f64 to bf16 on CPUs without instructions for it: halves and
// their neighbours in f64, which two roundings get wrong, the ends of the range.
// REQUIRES: numpy, x86_64, avx2
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/bf16_from_f64.py make %t
// RUN: attn-run %s --cpu x86-64-v3 --no-raise --input %t/x.npy --output %t/y.npy
// RUN: %python %S/Inputs/bf16_from_f64.py check %t | FileCheck %s
// CHECK: 0 of 20026 differ

func.func @main(%x: tensor<?xf64>) -> tensor<?xbf16> {
  %y = arith.truncf %x : tensor<?xf64> to tensor<?xbf16>
  return %y : tensor<?xbf16>
}
