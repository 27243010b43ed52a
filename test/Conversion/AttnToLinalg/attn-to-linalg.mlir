// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(convert-attn-to-linalg{all}))' --split-input-file | FileCheck %s
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(convert-attn-to-linalg))' --split-input-file | FileCheck %s --check-prefix=MATH

// MATH-LABEL: @masked
// MATH: attn.sdpa

// What is masked is selected, not multiplied by zero, on both sides of the
// softmax.
// CHECK-LABEL: @masked
// CHECK-NOT: attn.sdpa
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[NEG:.*]] : f32
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.cmpf une
// CHECK: arith.select
// CHECK: arith.divf
func.func @masked(%q: tensor<5x8xf16>, %k: tensor<7x8xf16>, %v: tensor<7x4xf16>, %m: tensor<7xi1>, %o: tensor<5x4xf16>) -> tensor<5x4xf16> {
  %0 = attn.sdpa query(%q : tensor<5x8xf16>) key(%k : tensor<7x8xf16>) value(%v : tensor<7x4xf16>) mask(%m : tensor<7xi1>) outs(%o : tensor<5x4xf16>) -> tensor<5x4xf16>
  return %0 : tensor<5x4xf16>
}

// -----

// Lengths that only run time knows are checked.
// CHECK-LABEL: @dynamic
// CHECK: cf.assert %{{.*}}, "attn.sdpa: the length of key differs from that of value"
// MATH-LABEL: @dynamic
// MATH-NOT: = attn.sdpa
// MATH: return
func.func @dynamic(%q: tensor<5x8xf64>, %k: tensor<?x8xf64>, %v: tensor<?x4xf64>, %o: tensor<5x4xf64>) -> tensor<5x4xf64> {
  %0 = attn.sdpa query(%q : tensor<5x8xf64>) key(%k : tensor<?x8xf64>) value(%v : tensor<?x4xf64>) backend = math outs(%o : tensor<5x4xf64>) -> tensor<5x4xf64>
  return %0 : tensor<5x4xf64>
}

// -----

// The maximum of a row is that of its logits: neither the sink nor the shift by
// which rows without keys are no NaN is in it.
// CHECK-LABEL: func.func @maxima
// CHECK-SAME: %[[MAX:[a-z0-9]+]]: tensor<5xf32>)
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK: arith.maximumf
// CHECK: %[[RESULT:.*]] = linalg.generic {{.*}} ins(%[[ROWS]] : tensor<5xf32>) outs(%[[MAX]] : tensor<5xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[ROWS]], %{{.*}} : tensor<5xf32>, tensor<1xf32>)
// CHECK: return %{{.*}}, %{{.*}}, %[[RESULT]]
func.func @maxima(%q: tensor<5x8xf16>, %k: tensor<7x8xf16>, %s: tensor<1xf32>, %o: tensor<5x8xf16>, %l: tensor<5xf32>, %m: tensor<5xf32>) -> (tensor<5x8xf16>, tensor<5xf32>, tensor<5xf32>) {
  %0:3 = attn.sdpa query(%q : tensor<5x8xf16>) key(%k : tensor<7x8xf16>) value(%k : tensor<7x8xf16>) sinks(%s : tensor<1xf32>) structure(#attn.causal<bottom_right>) outs(%o, %l, %m : tensor<5x8xf16>, tensor<5xf32>, tensor<5xf32>) -> tensor<5x8xf16>, tensor<5xf32>, tensor<5xf32>
  return %0#0, %0#1, %0#2 : tensor<5x8xf16>, tensor<5xf32>, tensor<5xf32>
}

// Sizes that are known when it runs are checked.
// CHECK-LABEL: func.func @dynamic_maxima
// CHECK: cf.assert %{{.*}}, "attn.sdpa: the size of row maxima differs from that of query"
func.func @dynamic_maxima(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>, %l: tensor<5xf32>, %m: tensor<?xf32>) -> tensor<?xf32> {
  %0:3 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) outs(%o, %l, %m : tensor<5x8xf32>, tensor<5xf32>, tensor<?xf32>) -> tensor<5x8xf32>, tensor<5xf32>, tensor<?xf32>
  return %0#2 : tensor<?xf32>
}

// -----

// A ragged batch is a loop over its sequences, each with its rows, its part of the
// bias, and its index in regions. What they leave is without keys.
// CHECK-LABEL: @ragged
// CHECK: cf.assert %{{.*}}, "attn.sdpa: cu_seqlens_q does not begin with 0"
// CHECK: cf.assert %{{.*}}, "attn.sdpa: cu_seqlens_k does not begin with 0"
// CHECK: scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step
// CHECK:   attn.assert %{{.*}}, "attn.sdpa: cu_seqlens_q descends at sequence {}", %[[T]]
// CHECK:   attn.assert %{{.*}}, "attn.sdpa: sequence {} ends behind the rows of query", %[[T]]
// CHECK:   attn.assert %{{.*}}, "attn.sdpa: sequence {} has more queries than the bias", %[[T]]
// CHECK:   attn.assert %{{.*}}, "attn.sdpa: cu_seqlens_k descends at sequence {}", %[[T]]
// CHECK:   attn.assert %{{.*}}, "attn.sdpa: sequence {} ends behind the rows of key", %[[T]]
// CHECK-NOT: attn.assert
// CHECK: %[[REST:.*]] = linalg.fill
// CHECK: scf.for %[[S:.*]] = %{{.*}} iter_args(%[[O:.*]] = %[[REST]]) -> (tensor<2x9x8xf32>)
// CHECK:   %[[OS:.*]] = tensor.extract_slice %[[O]][0, %[[BEGIN:.*]], 0] [2, %[[SIZE:.*]], 8] [1, 1, 1]
// CHECK:   tensor.extract_slice %{{.*}}[%[[S]], 0, 0, 0] [1, 2, %[[SIZE]], 1] [1, 1, 1, 1] : tensor<3x2x6x1xf32> to tensor<2x?x1xf32>
// CHECK:   tensor.extract %{{.*}}[%[[S]]]
// CHECK:   tensor.insert_slice %{{.*}} into %[[O]][0, %[[BEGIN]], 0] [2, %[[SIZE]], 8] [1, 1, 1]
func.func @ragged(%q: tensor<2x9x8xf32>, %c: tensor<4xi32>, %b: tensor<3x2x6x1xf32>, %t: tensor<3xindex>, %o: tensor<2x9x8xf32>) -> tensor<2x9x8xf32> {
  %0 = attn.sdpa query(%q : tensor<2x9x8xf32>) key(%q : tensor<2x9x8xf32>) value(%q : tensor<2x9x8xf32>)
    bias(%b : tensor<3x2x6x1xf32>) cu_seqlens(%c, %c : tensor<4xi32>, tensor<4xi32>)
    keep(%s: index, %h: index, %i: index, %j: index) {
      %n = tensor.extract %t[%s] : tensor<3xindex>
      %keep = arith.cmpi slt, %j, %n : index
      attn.yield %keep : i1
    } outs(%o : tensor<2x9x8xf32>) -> tensor<2x9x8xf32>
  return %0 : tensor<2x9x8xf32>
}

// -----

// Offsets that are known must be inside what is sliced, even for no elements: they
// are values where there are none.
// CHECK-LABEL: @ragged_empty
// CHECK: scf.for %{{.*}} iter_args
// CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, 0, %{{.*}}, 0] [0, 2, %{{.*}}, 8] [1, 1, 1, 1] : tensor<0x2x9x8xf32> to tensor<0x2x?x8xf32>
// CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, 0, %{{.*}}, 0] [1, 1, %{{.*}}, %{{.*}}] [1, 1, 1, 1] : tensor<3x1x0x?xi1> to tensor<1x?x?xi1>
func.func @ragged_empty(%q: tensor<0x2x9x8xf32>, %c: tensor<4xi32>, %m: tensor<3x1x0x?xi1>) -> tensor<0x2x9x8xf32> {
  %0 = attn.sdpa query(%q : tensor<0x2x9x8xf32>) key(%q : tensor<0x2x9x8xf32>) value(%q : tensor<0x2x9x8xf32>)
    mask(%m : tensor<3x1x0x?xi1>) cu_seqlens(%c, %c : tensor<4xi32>, tensor<4xi32>) outs(%q : tensor<0x2x9x8xf32>) -> tensor<0x2x9x8xf32>
  return %0 : tensor<0x2x9x8xf32>
}
