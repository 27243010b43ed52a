// RUN: attn-opt %s --attn-lower-to-llvm-pipeline | FileCheck %s

// What no loop reaches must verify, too: vectors of values whose rows are not
// contiguous, and slices of a dimension that has no elements.

// CHECK: llvm.func @strided_values
func.func @strided_values(%q: memref<77x128xf32>, %k: memref<?x128xf32>, %v: memref<?x16xf32, strided<[1, ?], offset: ?>>, %m: memref<i1>, %o: memref<77x16xf32>) {
  attn.sdpa query(%q : memref<77x128xf32>) key(%k : memref<?x128xf32>) value(%v : memref<?x16xf32, strided<[1, ?], offset: ?>>)
    mask(%m : memref<i1>) outs(%o : memref<77x16xf32>)
  return
}

// CHECK: llvm.func @empty_mask
func.func @empty_mask(%q: memref<3x1x?x16xf32>, %k: memref<3x1x?x16xf32>, %m: memref<3x1x0x?xi1>, %o: memref<3x1x?x16xf32>) {
  attn.sdpa query(%q : memref<3x1x?x16xf32>) key(%k : memref<3x1x?x16xf32>) value(%k : memref<3x1x?x16xf32>)
    mask(%m : memref<3x1x0x?xi1>) outs(%o : memref<3x1x?x16xf32>)
  return
}

// CHECK: llvm.func @empty_ragged_mask
func.func @empty_ragged_mask(%q: memref<2x9x8xf32>, %m: memref<3x1x0x?xi1>, %o: memref<2x9x8xf32>, %ends: memref<4xi32>) {
  attn.sdpa query(%q : memref<2x9x8xf32>) key(%q : memref<2x9x8xf32>) value(%q : memref<2x9x8xf32>)
    mask(%m : memref<3x1x0x?xi1>) cu_seqlens(%ends, %ends : memref<4xi32>, memref<4xi32>) outs(%o : memref<2x9x8xf32>)
  return
}
