// Cumulative lengths that are wrong when the program runs, by kernels and without.
// RUN: not attn-run %s --entry=first --random 2>&1 | FileCheck %s --check-prefix=FIRST
// RUN: not attn-run %s --entry=first --random --backend=math 2>&1 | FileCheck %s --check-prefix=FIRST
// FIRST: error: @first failed: attn.sdpa: cu_seqlens_q does not begin with 0
// RUN: not attn-run %s --entry=descends --random 2>&1 | FileCheck %s --check-prefix=DESCENDS
// RUN: not attn-run %s --entry=descends --random --backend=math 2>&1 | FileCheck %s --check-prefix=DESCENDS
// DESCENDS: error: @descends failed: attn.sdpa: cu_seqlens_k descends at sequence 2
// RUN: not attn-run %s --entry=end --random 2>&1 | FileCheck %s --check-prefix=END
// RUN: not attn-run %s --entry=end --random --backend=math 2>&1 | FileCheck %s --check-prefix=END
// END: error: @end failed: attn.sdpa: sequence 1 ends behind the rows of query
// RUN: not attn-run %s --entry=sizes --random --shape 1=3 --shape 2=4 2>&1 | FileCheck %s --check-prefix=SIZES
// SIZES: error: @sizes failed: attn.sdpa: the size of cu_seqlens_q differs from that of cu_seqlens_k
// RUN: not attn-run %s --entry=sizes --random --shape 1=0 --shape 2=0 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: @sizes failed: attn.sdpa: cu_seqlens_q is empty
// RUN: not attn-run %s --entry=bias --random --shape 1=2x5x5 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: @bias failed: attn.sdpa: the number of sequences of bias differs from that of cu_seqlens_q
// RUN: not attn-run %s --entry=bias --random --shape 1=3x5x3 2>&1 | FileCheck %s --check-prefix=BIAS
// RUN: not attn-run %s --entry=bias --random --shape 1=3x5x3 --backend=math 2>&1 | FileCheck %s --check-prefix=BIAS
// BIAS: error: @bias failed: attn.sdpa: sequence 2 has more keys than the bias
// RUN: attn-run %s --entry=bias --random --shape 1=3x4x4

!t = tensor<9x8xf32>

func.func @first(%q: !t) -> !t {
  %c = arith.constant dense<[1, 4, 9]> : tensor<3xi32>
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) outs(%q : !t) -> !t
  return %0 : !t
}

func.func @descends(%q: !t) -> !t {
  %c = arith.constant dense<[0, 4, 4, 9]> : tensor<4xi32>
  %d = arith.constant dense<[0, 4, 9, 4]> : tensor<4xi32>
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) cu_seqlens(%c, %d : tensor<4xi32>, tensor<4xi32>) outs(%q : !t) -> !t
  return %0 : !t
}

func.func @end(%q: !t) -> !t {
  %c = arith.constant dense<[0, 4, 10]> : tensor<3xi64>
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) cu_seqlens(%c, %c : tensor<3xi64>, tensor<3xi64>) outs(%q : !t) -> !t
  return %0 : !t
}

func.func @sizes(%q: !t, %c: tensor<?xi32>, %d: tensor<?xi32>) -> !t {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) cu_seqlens(%c, %d : tensor<?xi32>, tensor<?xi32>) outs(%q : !t) -> !t
  return %0 : !t
}

func.func @bias(%q: !t, %b: tensor<?x?x?xf32>) -> !t {
  %c = arith.constant dense<[0, 3, 5, 9]> : tensor<4xi32>
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) bias(%b : tensor<?x?x?xf32>) cu_seqlens(%c, %c : tensor<4xi32>, tensor<4xi32>) outs(%q : !t) -> !t
  return %0 : !t
}
