// RUN: attn-opt %s --split-input-file --attn-raise-pipeline | FileCheck %s

// What is done to logits, and is neither scale, softcap, bias nor mask, becomes a
// score region.

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// A mask that depends on the logits.
// CHECK-LABEL: func.func @mask_of_logits
// CHECK: attn.sdpa
// CHECK-SAME: masked_row = nan score(%[[S:.*]]: f32,
// CHECK: arith.cmpf
// CHECK: arith.select {{.*}}, %[[S]], %{{.*}} : f32
func.func @mask_of_logits(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    %c = arith.cmpf ogt, %x, %zero : f32
    %u = arith.select %c, %x, %ninf : f32
    linalg.yield %u : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// Masked logits get a number that counts.
// CHECK-LABEL: func.func @small_sentinel
// CHECK: attn.sdpa
// CHECK-SAME: score(%[[S:.*]]: f32,
// CHECK: arith.select
func.func @small_sentinel(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    %five = arith.constant -5.0 : f32
    %c = arith.cmpf ogt, %y, %zero : f32
    %u = arith.select %c, %x, %five : f32
    linalg.yield %u : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}

// -----

#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>

// The sign of what a mask is multiplied by is not known.
// CHECK-LABEL: func.func @masked_then_scaled_by_value
// CHECK: attn.sdpa
// CHECK-SAME: score(%[[S:.*]]: f32,
// CHECK: arith.select
// CHECK: arith.mulf
func.func @masked_then_scaled_by_value(%q: tensor<6x6xf32>, %k: tensor<6x6xf32>, %v: tensor<6x6xf32>, %t: tensor<6x6xf32>) -> (tensor<6x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %k : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [#ij, #ij, #ij], iterator_types = ["parallel", "parallel"]} ins(%s, %t : tensor<6x6xf32>, tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    %c = arith.cmpf ogt, %y, %zero : f32
    %u = arith.select %c, %x, %ninf : f32
    %w0 = arith.mulf %u, %y : f32
    linalg.yield %w0 : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x6xf32>) outs(%z : tensor<6x6xf32>) -> tensor<6x6xf32>
  return %o : tensor<6x6xf32>
}
