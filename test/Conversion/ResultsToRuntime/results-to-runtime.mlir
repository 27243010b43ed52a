// Results are computed in memory that the runtime gives.

// RUN: attn-opt %s -convert-results-to-runtime | FileCheck %s

// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME: %[[N:.*]]: index, %[[M:.*]]: index
func.func @dynamic(%n: index, %m: index) -> memref<?x64x?xbf16> {
  // 64 elements of two bytes.
  // CHECK: %[[ROW:.*]] = arith.constant 128 : index
  // CHECK: %[[COLUMN:.*]] = arith.muli %[[ROW]], %[[N]] : index
  // CHECK: %[[BYTES:.*]] = arith.muli %[[COLUMN]], %[[M]] : index
  // CHECK: %[[NUMBER:.*]] = arith.constant 0 : index
  // CHECK: %[[MEMORY:.*]] = call @attn_rt_allocate_result(%[[NUMBER]], %[[BYTES]]) : (index, index) -> memref<?xi8>
  // CHECK: %[[BEGIN:.*]] = arith.constant 0 : index
  // CHECK: %[[OUT:.*]] = memref.view %[[MEMORY]][%[[BEGIN]]][%[[N]], %[[M]]] : memref<?xi8> to memref<?x64x?xbf16>
  // CHECK: return %[[OUT]]
  %out = memref.alloc(%n, %m) {alignment = 64 : i64} : memref<?x64x?xbf16>
  return %out : memref<?x64x?xbf16>
}

// Other results keep their numbers; an allocation is replaced once.
// CHECK-LABEL: func.func @several(
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 24 : index
// CHECK: %[[MEMORY:.*]] = call @attn_rt_allocate_result(%[[ONE]], %[[BYTES]])
// CHECK: %[[OUT:.*]] = memref.view %[[MEMORY]]
// CHECK-NOT: attn_rt_allocate_result
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[OUT]]
// CHECK: return %{{.*}}, %[[OUT]], %[[FLAT]]
func.func @several(%a: memref<4xf32>)
    -> (memref<4xf32>, memref<2x3xf32>, memref<6xf32>) {
  %out = memref.alloc() : memref<2x3xf32>
  %flat = memref.collapse_shape %out [[0, 1]] : memref<2x3xf32> into memref<6xf32>
  return %a, %out, %flat : memref<4xf32>, memref<2x3xf32>, memref<6xf32>
}

// Booleans have a byte each.
// CHECK-LABEL: func.func @truth(
// CHECK: arith.constant 7 : index
// CHECK: memref.view {{.*}} : memref<?xi8> to memref<7xi1>
func.func @truth() -> memref<7xi1> {
  %out = memref.alloc() : memref<7xi1>
  return %out : memref<7xi1>
}

// CHECK-LABEL: func.func private @inside(
// CHECK-NOT: attn_rt_allocate_result
func.func private @inside() -> memref<4xf32> {
  %out = memref.alloc() : memref<4xf32>
  return %out : memref<4xf32>
}

// The result of a call is not that of its caller.
// CHECK-LABEL: func.func @called(
// CHECK-NOT: attn_rt_allocate_result
func.func @called() -> memref<4xf32> {
  %out = memref.alloc() : memref<4xf32>
  return %out : memref<4xf32>
}

// CHECK-LABEL: func.func @calls(
// CHECK-NOT: attn_rt_allocate_result
func.func @calls() -> memref<4xf32> {
  %out = call @called() : () -> memref<4xf32>
  return %out : memref<4xf32>
}

// Nor where its address is taken.
// CHECK-LABEL: func.func @named(
// CHECK-NOT: attn_rt_allocate_result
func.func @named() -> memref<4xf32> {
  %out = memref.alloc() : memref<4xf32>
  return %out : memref<4xf32>
}

// CHECK-LABEL: func.func @calls_indirectly(
// CHECK-NOT: attn_rt_allocate_result
func.func @calls_indirectly() -> memref<4xf32> {
  %f = constant @named : () -> memref<4xf32>
  %out = call_indirect %f() : () -> memref<4xf32>
  return %out : memref<4xf32>
}

// A part of an allocation.
// CHECK-LABEL: func.func @part(
// CHECK-NOT: attn_rt_allocate_result
func.func @part() -> memref<4xf32, strided<[1], offset: 2>> {
  %out = memref.alloc() : memref<8xf32>
  %part = memref.subview %out[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  return %part : memref<4xf32, strided<[1], offset: 2>>
}

// What may be freed, or is compared with what may be.
// CHECK-LABEL: func.func @freed(
// CHECK-NOT: attn_rt_allocate_result
func.func @freed(%frees: i1) -> (memref<4xf32>, memref<4xf32>, index) {
  %out = memref.alloc() : memref<4xf32>
  %other = memref.alloc() : memref<4xf32>
  scf.if %frees {
    memref.dealloc %out : memref<4xf32>
  }
  %address = memref.extract_aligned_pointer_as_index %other : memref<4xf32> -> index
  return %out, %other, %address : memref<4xf32>, memref<4xf32>, index
}

// Scalars and elements without a size.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: attn_rt_allocate_result
func.func @others() -> (f32, memref<f32>, memref<4xindex>) {
  %zero = arith.constant 0.0 : f32
  %scalar = memref.alloc() : memref<f32>
  %indices = memref.alloc() : memref<4xindex>
  return %zero, %scalar, %indices : f32, memref<f32>, memref<4xindex>
}

// More bytes than an integer says.
// CHECK-LABEL: func.func @large(
// CHECK-NOT: attn_rt_allocate_result
func.func @large() -> memref<4611686018427387904x4xf32> {
  %out = memref.alloc() : memref<4611686018427387904x4xf32>
  return %out : memref<4611686018427387904x4xf32>
}

// In one branch of several.
// CHECK-LABEL: func.func @branch(
// CHECK-NOT: attn_rt_allocate_result
func.func @branch(%one: i1) -> memref<4xf32> {
  %out = scf.if %one -> memref<4xf32> {
    %a = memref.alloc() : memref<4xf32>
    scf.yield %a : memref<4xf32>
  } else {
    %b = memref.alloc() : memref<4xf32>
    scf.yield %b : memref<4xf32>
  }
  return %out : memref<4xf32>
}

// CHECK: func.func private @attn_rt_allocate_result(index, index) -> memref<?xi8> attributes {llvm.emit_c_interface}
