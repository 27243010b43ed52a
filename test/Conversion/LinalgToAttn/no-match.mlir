// RUN: attn-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(convert-linalg-to-attn))' | FileCheck %s
// RUN: attn-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(convert-linalg-to-attn))' --remarks-filter=attn-fusion 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// CHECK-NOT: attn.sdpa
// REMARK-NOT: Passed

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: another axis than that which the second matmul contracts
// CHECK-LABEL: func.func @wrong_axis
func.func @wrong_axis(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(0) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: not divided by their sum before the second matmul
// CHECK-LABEL: func.func @unnormalised
func.func @unnormalised(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %r = tensor.empty() : tensor<6xf32>
  %mi = linalg.fill ins(%ninf : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %m = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%l : tensor<6x6xf32>) outs(%mi : tensor<6xf32>) {
  ^bb0(%x: f32, %a: f32):
    %y = arith.maximumf %x, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %x = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%l, %m : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %d = arith.subf %b, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %si = linalg.fill ins(%zero : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %sum = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<6x6xf32>) outs(%si : tensor<6xf32>) {
  ^bb0(%b: f32, %a: f32):
    %y = arith.addf %b, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %p = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %y = arith.divf %b, %c : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %o = linalg.matmul ins(%x, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: does not sum its numerator
// CHECK-LABEL: func.func @other_sum
func.func @other_sum(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %r = tensor.empty() : tensor<6xf32>
  %mi = linalg.fill ins(%ninf : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %m = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%l : tensor<6x6xf32>) outs(%mi : tensor<6xf32>) {
  ^bb0(%x: f32, %a: f32):
    %y = arith.maximumf %x, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %x = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%l, %m : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %d = arith.subf %b, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %si = linalg.fill ins(%zero : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %sum = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%t : tensor<6x6xf32>) outs(%si : tensor<6xf32>) {
  ^bb0(%b: f32, %a: f32):
    %y = arith.addf %b, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %p = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %y = arith.divf %b, %c : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: not the row maximum of the logits
// CHECK-LABEL: func.func @other_max
func.func @other_max(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %r = tensor.empty() : tensor<6xf32>
  %mi = linalg.fill ins(%ninf : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %m = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%t : tensor<6x6xf32>) outs(%mi : tensor<6xf32>) {
  ^bb0(%x: f32, %a: f32):
    %y = arith.maximumf %x, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %x = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%l, %m : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %d = arith.subf %b, %c : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %si = linalg.fill ins(%zero : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %sum = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<6x6xf32>) outs(%si : tensor<6xf32>) {
  ^bb0(%b: f32, %a: f32):
    %y = arith.addf %b, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %p = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %y = arith.divf %b, %c : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: row maximum is not subtracted
// CHECK-LABEL: func.func @no_max
func.func @no_max(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %r = tensor.empty() : tensor<6xf32>
  %mi = linalg.fill ins(%ninf : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %m = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%l : tensor<6x6xf32>) outs(%mi : tensor<6xf32>) {
  ^bb0(%x: f32, %a: f32):
    %y = arith.maximumf %x, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %x = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%l, %m : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %d = arith.addf %b, %zero : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %si = linalg.fill ins(%zero : f32) outs(%r : tensor<6xf32>) -> tensor<6xf32>
  %sum = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<6x6xf32>) outs(%si : tensor<6xf32>) {
  ^bb0(%b: f32, %a: f32):
    %y = arith.addf %b, %a : f32
    linalg.yield %y : f32
  } -> tensor<6xf32>
  %p = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<6x6xf32>, tensor<6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%b: f32, %c: f32, %a: f32):
    %y = arith.divf %b, %c : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: also used by
// CHECK-LABEL: func.func @logits_returned
func.func @logits_returned(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>, tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o, %l : tensor<6x6xf32>, tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: also used by
// CHECK-LABEL: func.func @probabilities_returned
func.func @probabilities_returned(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>, tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o, %p : tensor<6x6xf32>, tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: another axis than that which the second matmul contracts
// CHECK-LABEL: func.func @probability_transposed
func.func @probability_transposed(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %et = tensor.empty() : tensor<6x6xf32>
  %pt = linalg.transpose ins(%p : tensor<6x6xf32>) outs(%et : tensor<6x6xf32>) permutation = [1, 0]
  %o = linalg.matmul ins(%pt, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// REMARK: remark: [Missed] NotFused
// REMARK-SAME: multiplied by a factor that depends on the key
// A factor that depends on the key, between softmax and matmul.
// CHECK-LABEL: func.func @scaled_after
func.func @scaled_after(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %w = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%p, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x0: f32, %y0: f32, %a: f32):
    %y = arith.mulf %x0, %y0 : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  %o = linalg.matmul ins(%w, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// The first matmul adds to something: its result is no product.
// CHECK-LABEL: func.func @nonzero_init
func.func @nonzero_init(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%t : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// No softmax, so no remark either.
// CHECK-LABEL: func.func @sigmoid
func.func @sigmoid(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    linalg.yield %x : f32
  } -> tensor<6x6xf32>
  %p = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%l, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x0: f32, %y0: f32, %a: f32):
    %one = arith.constant 1.0 : f32
    %n = arith.negf %x0 : f32
    %ex = math.exp %n : f32
    %d = arith.addf %one, %ex : f32
    %y = arith.divf %one, %d : f32
    linalg.yield %y : f32
  } -> tensor<6x6xf32>
  
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

// A reshape to a shape that nobody knows is in between.
// REMARK: remark: [Missed] NotFused
// REMARK-SAME: Function=opaque_reshape
// REMARK-SAME: Op=tensor.reshape, Reason="there is a softmax behind an operation whose elements cannot be traced to those of its operands", Step=softmax
// CHECK-LABEL: func.func @opaque_reshape
func.func @opaque_reshape(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %shape: tensor<2xi64>) -> tensor<?x6xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %r = tensor.reshape %p(%shape) : (tensor<6x6xf32>, tensor<2xi64>) -> tensor<?x6xf32>
  %n = tensor.dim %r, %c0 : tensor<?x6xf32>
  %en = tensor.empty(%n) : tensor<?x6xf32>
  %zn = linalg.fill ins(%zero : f32) outs(%en : tensor<?x6xf32>) -> tensor<?x6xf32>
  %o = linalg.matmul ins(%r, %v : tensor<?x6xf32>, tensor<6x6xf32>) outs(%zn : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %o : tensor<?x6xf32>
}

// -----

// The same without a matmul in front: the weights of experts are no attention.
// REMARK-NOT: Function=opaque_weights
// CHECK-LABEL: func.func @opaque_weights
func.func @opaque_weights(%s: tensor<6x6xf32>, %v: tensor<6x6xf32>, %shape: tensor<2xi64>) -> tensor<?x6xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %r = tensor.reshape %p(%shape) : (tensor<6x6xf32>, tensor<2xi64>) -> tensor<?x6xf32>
  %n = tensor.dim %r, %c0 : tensor<?x6xf32>
  %en = tensor.empty(%n) : tensor<?x6xf32>
  %zn = linalg.fill ins(%zero : f32) outs(%en : tensor<?x6xf32>) -> tensor<?x6xf32>
  %o = linalg.matmul ins(%r, %v : tensor<?x6xf32>, tensor<6x6xf32>) outs(%zn : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %o : tensor<?x6xf32>
}

// -----

#map = affine_map<(b, i, j) -> (b, i, j)>

// A gate of exponentials behind the same reshape: no softmax, so no remark.
// REMARK-NOT: Function=opaque_gate
// CHECK-LABEL: func.func @opaque_gate
func.func @opaque_gate(%q: tensor<1x6x6xf32>, %k: tensor<1x6x6xf32>, %v: tensor<6x6xf32>, %shape: tensor<2xi64>) -> tensor<?x6xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<1x6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<1x6x6xf32>, tensor<1x6x6xf32>) outs(%z : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<1x6x6xf32>) outs(%e : tensor<1x6x6xf32>) {
  ^bb0(%x: f32, %a: f32):
    %one = arith.constant 1.0 : f32
    %n = arith.negf %x : f32
    %ex = math.exp %n : f32
    %d = arith.addf %one, %ex : f32
    %y = arith.divf %x, %d : f32
    linalg.yield %y : f32
  } -> tensor<1x6x6xf32>
  %r = tensor.reshape %p(%shape) : (tensor<1x6x6xf32>, tensor<2xi64>) -> tensor<?x6xf32>
  %n = tensor.dim %r, %c0 : tensor<?x6xf32>
  %en = tensor.empty(%n) : tensor<?x6xf32>
  %zn = linalg.fill ins(%zero : f32) outs(%en : tensor<?x6xf32>) -> tensor<?x6xf32>
  %o = linalg.matmul ins(%r, %v : tensor<?x6xf32>, tensor<6x6xf32>) outs(%zn : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %o : tensor<?x6xf32>
}

// -----

// A loop over blocks of keys with a running maximum and sum: no softmax stands
// between two matmuls, and there is nothing to say.
// CHECK-LABEL: func.func @online
// REMARK-NOT: Function=online
#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
func.func @online(%q: tensor<6x8xf32>, %k: tensor<8x12xf32>, %v: tensor<12x8xf32>) -> tensor<6x8xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c12 = arith.constant 12 : index
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %es = tensor.empty() : tensor<6x4xf32>
  %er = tensor.empty() : tensor<6xf32>
  %eo = tensor.empty() : tensor<6x8xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%es : tensor<6x4xf32>) -> tensor<6x4xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%er : tensor<6xf32>) -> tensor<6xf32>
  %m0 = linalg.fill ins(%low : f32) outs(%er : tensor<6xf32>) -> tensor<6xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%eo : tensor<6x8xf32>) -> tensor<6x8xf32>
  %r:3 = scf.for %j = %c0 to %c12 step %c4 iter_args(%m = %m0, %l = %l0, %o = %o0) -> (tensor<6xf32>, tensor<6xf32>, tensor<6x8xf32>) {
    %kj = tensor.extract_slice %k[0, %j] [8, 4] [1, 1] : tensor<8x12xf32> to tensor<8x4xf32>
    %vj = tensor.extract_slice %v[%j, 0] [4, 8] [1, 1] : tensor<12x8xf32> to tensor<4x8xf32>
    %s = linalg.matmul ins(%q, %kj : tensor<6x8xf32>, tensor<8x4xf32>) outs(%sz : tensor<6x4xf32>) -> tensor<6x4xf32>
    %m1 = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%s : tensor<6x4xf32>) outs(%m : tensor<6xf32>) {
    ^bb0(%a: f32, %b: f32):
      %x = arith.maximumf %a, %b : f32
      linalg.yield %x : f32
    } -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %m1 : tensor<6x4xf32>, tensor<6xf32>) outs(%es : tensor<6x4xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %d = arith.subf %a, %b : f32
      %x = math.exp %d : f32
      linalg.yield %x : f32
    } -> tensor<6x4xf32>
    %c = linalg.map ins(%m, %m1 : tensor<6xf32>, tensor<6xf32>) outs(%er : tensor<6xf32>)
      (%a: f32, %b: f32, %u: f32) {
        %d = arith.subf %a, %b : f32
        %x = math.exp %d : f32
        linalg.yield %x : f32
      }
    %l1 = linalg.map { arith.mulf } ins(%l, %c : tensor<6xf32>, tensor<6xf32>) outs(%er : tensor<6xf32>)
    %l2 = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<6x4xf32>) outs(%l1 : tensor<6xf32>) {
    ^bb0(%a: f32, %b: f32):
      %x = arith.addf %a, %b : f32
      linalg.yield %x : f32
    } -> tensor<6xf32>
    %o1 = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%o, %c : tensor<6x8xf32>, tensor<6xf32>) outs(%eo : tensor<6x8xf32>) {
    ^bb0(%a: f32, %b: f32, %u: f32):
      %x = arith.mulf %a, %b : f32
      linalg.yield %x : f32
    } -> tensor<6x8xf32>
    %o2 = linalg.matmul ins(%p, %vj : tensor<6x4xf32>, tensor<4x8xf32>) outs(%o1 : tensor<6x8xf32>) -> tensor<6x8xf32>
    scf.yield %m1, %l2, %o2 : tensor<6xf32>, tensor<6xf32>, tensor<6x8xf32>
  }
  %out = linalg.generic {indexing_maps = [#ij, #i, #ij], iterator_types = ["parallel", "parallel"]} ins(%r#2, %r#1 : tensor<6x8xf32>, tensor<6xf32>) outs(%eo : tensor<6x8xf32>) {
  ^bb0(%a: f32, %b: f32, %u: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<6x8xf32>
  return %out : tensor<6x8xf32>
}

// -----

// What looks at probabilities on the way, or changes them, is in the way.
// CHECK-LABEL: func.func @observed
// CHECK: return
// REMARK: remark: [Missed] NotFused | Category:attn-fusion | Function=observed | Op=func.call, Reason="the logits or probabilities are also used by 'func.call' outside of the attention, so they would be computed anyway", Step=uses, Suggestion="drop that use, or let the pass recompute them (recompute=true)"
func.func private @observe(tensor<1x6x6xf32>)
func.func @observed(%q: tensor<1x6x6xf32>, %k: tensor<1x6x6xf32>, %v: tensor<1x6x6xf32>) -> tensor<1x6x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<1x6x6xf32>, tensor<1x6x6xf32>) outs(%z : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<1x6x6xf32>) outs(%e : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  func.call @observe(%p) : (tensor<1x6x6xf32>) -> ()
  %o = linalg.batch_matmul ins(%p, %v : tensor<1x6x6xf32>, tensor<1x6x6xf32>) outs(%z : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  return %o : tensor<1x6x6xf32>
}

// -----

// CHECK-LABEL: func.func @changed
// CHECK: return
// REMARK: remark: [Missed] NotFused | Category:attn-fusion | Function=changed | Op=func.call, Reason="there is a softmax behind an operation whose elements cannot be traced to those of its operands", Step=softmax, Suggestion="move that operation behind the second matmul"
func.func private @change(tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
func.func @changed(%q: tensor<1x6x6xf32>, %k: tensor<1x6x6xf32>, %v: tensor<1x6x6xf32>) -> tensor<1x6x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<1x6x6xf32>, tensor<1x6x6xf32>) outs(%z : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<1x6x6xf32>) outs(%e : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %c = func.call @change(%p) : (tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %o = linalg.batch_matmul ins(%c, %v : tensor<1x6x6xf32>, tensor<1x6x6xf32>) outs(%z : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  return %o : tensor<1x6x6xf32>
}
