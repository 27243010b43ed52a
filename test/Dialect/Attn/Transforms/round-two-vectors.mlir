// RUN: attn-opt %s --attn-round-two-vectors | FileCheck %s

// CHECK-LABEL: func @two
// CHECK-SAME: (%[[A:.*]]: vector<16xf32>, %[[B:.*]]: vector<16xf32>)
func.func @two(%a: vector<16xf32>, %b: vector<16xf32>) -> vector<32xbf16> {
  // CHECK: %[[R:.*]] = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[B]], %[[A]])
  // CHECK: return %[[R]]
  %0 = vector.shuffle %a, %b [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31] : vector<16xf32>, vector<16xf32>
  %1 = arith.truncf %0 : vector<32xf32> to vector<32xbf16>
  return %1 : vector<32xbf16>
}

// CHECK-LABEL: func @other_order
func.func @other_order(%a: vector<16xf32>, %b: vector<16xf32>) -> vector<32xbf16> {
  // CHECK: arith.truncf
  %0 = vector.shuffle %a, %b [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31] : vector<16xf32>, vector<16xf32>
  %1 = arith.truncf %0 : vector<32xf32> to vector<32xbf16>
  return %1 : vector<32xbf16>
}

// CHECK-LABEL: func @other_sizes
func.func @other_sizes(%a: vector<8xf32>, %b: vector<32xf32>, %c: vector<16xf32>) -> (vector<16xbf16>, vector<32xbf16>, vector<32xf16>) {
  // CHECK-COUNT-3: arith.truncf
  %0 = vector.shuffle %a, %a [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] : vector<8xf32>, vector<8xf32>
  %1 = arith.truncf %0 : vector<16xf32> to vector<16xbf16>
  %2 = arith.truncf %b : vector<32xf32> to vector<32xbf16>
  %3 = vector.shuffle %c, %c [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31] : vector<16xf32>, vector<16xf32>
  %4 = arith.truncf %3 : vector<32xf32> to vector<32xf16>
  return %1, %2, %4 : vector<16xbf16>, vector<32xbf16>, vector<32xf16>
}

// CHECK-LABEL: func @toward_zero
func.func @toward_zero(%a: vector<16xf32>, %b: vector<16xf32>) -> vector<32xbf16> {
  // CHECK: arith.truncf
  %0 = vector.shuffle %a, %b [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31] : vector<16xf32>, vector<16xf32>
  %1 = arith.truncf %0 toward_zero : vector<32xf32> to vector<32xbf16>
  return %1 : vector<32xbf16>
}
