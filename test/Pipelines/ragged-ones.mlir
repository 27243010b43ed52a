// A slice of one sequence, whose mask has other dimensions of size 1: upstream finds in
// the strides which one is dropped, and takes another.
// RUN: attn-opt %s --attn-lower-to-llvm-pipeline=backend=math | FileCheck %s

// CHECK-LABEL: llvm.func @ragged_ones
// CHECK-NOT: memref.
func.func @ragged_ones(%q: tensor<1x?x12x?x16xf32>, %k: tensor<1x?x12x?x16xf32>, %v: tensor<1x?x12x?x16xf32>, %m: tensor<1x?x1x12x?x1xi1>, %cq: tensor<?xi32>, %ck: tensor<?xi32>, %o: tensor<1x?x12x?x16xf32>) -> tensor<1x?x12x?x16xf32> {
  %0 = attn.sdpa query(%q : tensor<1x?x12x?x16xf32>) key(%k : tensor<1x?x12x?x16xf32>) value(%v : tensor<1x?x12x?x16xf32>) mask(%m : tensor<1x?x1x12x?x1xi1>) cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>) outs(%o : tensor<1x?x12x?x16xf32>) -> tensor<1x?x12x?x16xf32>
  return %0 : tensor<1x?x12x?x16xf32>
}
