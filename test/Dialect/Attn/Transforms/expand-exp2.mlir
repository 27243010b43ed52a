// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-expand-exp2))' | FileCheck %s

// CHECK-LABEL: @avx512
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"
// CHECK-COUNT-5: vector.fma
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
func.func @avx512(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp2 %x {attn.exp2_form = "avx512"} : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: @short
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"
// CHECK-COUNT-3: vector.fma
// CHECK-NOT: vector.fma
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
func.func @short(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp2 %x {attn.exp2_form = "avx512_short"} : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: @portable
// CHECK-NOT: math.exp2
// CHECK: arith.shli
// CHECK: arith.select
func.func @portable(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp2 %x {attn.exp2_form = "portable"} : vector<8xf32>
  return %0 : vector<8xf32>
}

// A table says what a mantissa is less than its fraction.
// CHECK-LABEL: @words
// CHECK-SAME: %[[WORDS:.*]]: vector<32xi16>
// CHECK-DAG: %[[TABLE:.*]] = arith.constant dense<[0, 3, 5, {{.*}}, 44, {{.*}}, 8, 5, 2]> : vector<64xi8>
// CHECK: %[[STEPS:.*]] = arith.shrui %[[WORDS]],
// CHECK: %[[INDICES:.*]] = vector.bitcast %[[STEPS]] : vector<32xi16> to vector<64xi8>
// CHECK: %[[BYTES:.*]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.qi.512"(%[[TABLE]], %[[INDICES]])
// CHECK: %[[CORRECTIONS:.*]] = arith.andi
// CHECK: %[[DIFFERENCE:.*]] = arith.subi %[[WORDS]], %[[CORRECTIONS]]
// CHECK: arith.shrui %[[DIFFERENCE]],
// CHECK: vector.bitcast {{.*}} : vector<32xi16> to vector<32xbf16>
func.func @words(%w: vector<32xi16>) -> vector<32xbf16> {
  %0 = attn.exp2_words %w : vector<32xi16> -> vector<32xbf16>
  return %0 : vector<32xbf16>
}

// Without the promise, or for other types, nothing happens.
// CHECK-LABEL: @others
// CHECK-COUNT-3: math.exp2
func.func @others(%x: vector<8xf32>, %y: vector<8xf64>, %z: vector<8xf32>) -> (vector<8xf32>, vector<8xf64>, vector<8xf32>) {
  %0 = math.exp2 %x : vector<8xf32>
  %1 = math.exp2 %y {attn.exp2_form = "portable"} : vector<8xf64>
  %2 = math.exp2 %z {attn.exp2_form = "avx512"} : vector<8xf32>
  return %0, %1, %2 : vector<8xf32>, vector<8xf64>, vector<8xf32>
}
