// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-free-early))' --split-input-file | FileCheck %s

func.func private @use(memref<4x8xf32>)
func.func private @other()
// CHECK-LABEL: func.func @last_use(
// CHECK: %[[A:.*]] = memref.alloc
// CHECK-NEXT: call @use(%[[A]])
// CHECK-NEXT: memref.dealloc %[[A]]
// CHECK-NEXT: call @other
func.func @last_use() {
  %a = memref.alloc() : memref<4x8xf32>
  call @use(%a) : (memref<4x8xf32>) -> ()
  call @other() : () -> ()
  memref.dealloc %a : memref<4x8xf32>
  return
}

// CHECK-LABEL: func.func @unused(
// CHECK: %[[A:.*]] = memref.alloc
// CHECK-NEXT: memref.dealloc %[[A]]
// CHECK-NEXT: call @other
func.func @unused() {
  %a = memref.alloc() : memref<4x8xf32>
  call @other() : () -> ()
  memref.dealloc %a : memref<4x8xf32>
  return
}

// -----

func.func private @other()
func.func private @view(memref<?x?xf32, strided<[?, ?], offset: ?>>) -> memref<4xf32>
// Views of views, a transpose, what a call returns.
// CHECK-LABEL: func.func @views(
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: memref.transpose
// CHECK: call @view
// CHECK: call @other
// CHECK: memref.load
// CHECK-NEXT: memref.dealloc %[[A]]
// CHECK-NEXT: call @other
func.func @views(%i: index) -> f32 {
  %a = memref.alloc() : memref<4x8xf32>
  %s = memref.subview %a[0, 1] [4, 4] [1, 1] : memref<4x8xf32> to memref<4x4xf32, strided<[8, 1], offset: 1>>
  %t = memref.transpose %s (i, j) -> (j, i) : memref<4x4xf32, strided<[8, 1], offset: 1>> to memref<4x4xf32, strided<[1, 8], offset: 1>>
  %c = memref.cast %t : memref<4x4xf32, strided<[1, 8], offset: 1>> to memref<?x?xf32, strided<[?, ?], offset: ?>>
  %v = call @view(%c) : (memref<?x?xf32, strided<[?, ?], offset: ?>>) -> memref<4xf32>
  call @other() : () -> ()
  %x = memref.load %v[%i] : memref<4xf32>
  call @other() : () -> ()
  memref.dealloc %a : memref<4x8xf32>
  return %x : f32
}

// -----

func.func private @other()
// One of two by a condition, and what a loop carries.
// CHECK-LABEL: func.func @regions(
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: %[[B:.*]] = memref.alloc
// CHECK: scf.for
// CHECK: memref.load
// CHECK-NEXT: memref.dealloc
// CHECK-NEXT: memref.dealloc
// CHECK-NEXT: call @other
func.func @regions(%p: i1, %i: index) -> f32 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %c = scf.if %p -> memref<8xf32> {
    scf.yield %a : memref<8xf32>
  } else {
    scf.yield %b : memref<8xf32>
  }
  %d = scf.for %k = %zero to %i step %one iter_args(%e = %c) -> memref<8xf32> {
    scf.yield %e : memref<8xf32>
  }
  %x = memref.load %d[%i] : memref<8xf32>
  call @other() : () -> ()
  memref.dealloc %a : memref<8xf32>
  memref.dealloc %b : memref<8xf32>
  return %x : f32
}

// -----

func.func private @other()
// An address, and uses in another block.
// CHECK-LABEL: func.func @unknown(
// CHECK: memref.extract_aligned_pointer_as_index
// CHECK: call @other
// CHECK-NEXT: memref.dealloc
func.func @unknown() -> index {
  %a = memref.alloc() : memref<8xf32>
  %x = memref.extract_aligned_pointer_as_index %a : memref<8xf32> -> index
  call @other() : () -> ()
  memref.dealloc %a : memref<8xf32>
  return %x : index
}

// CHECK-LABEL: func.func @blocks(
// CHECK: memref.alloc
// CHECK: call @other
// CHECK-NEXT: memref.dealloc
func.func @blocks(%i: index) {
  %a = memref.alloc() : memref<8xf32>
  cf.br ^next
^next:
  %x = memref.load %a[%i] : memref<8xf32>
  call @other() : () -> ()
  memref.dealloc %a : memref<8xf32>
  return
}
