// RUN: attn-opt %s --pass-pipeline="builtin.module(func.func(attn-check-allocations))" | FileCheck %s

// CHECK-LABEL: func.func @dynamic
// CHECK-SAME: (%[[M:.*]]: index, %[[N:.*]]: index)
func.func @dynamic(%m: index, %n: index) -> memref<?x3x?xbf16> {
  // CHECK: %[[BYTES:.*]] = arith.constant 6.000000e+00 : f64
  // CHECK: %[[MI:.*]] = arith.index_cast %[[M]] : index to i64
  // CHECK: %[[MF:.*]] = arith.uitofp %[[MI]] : i64 to f64
  // CHECK: %[[BM:.*]] = arith.mulf %[[BYTES]], %[[MF]] : f64
  // CHECK: %[[NI:.*]] = arith.index_cast %[[N]] : index to i64
  // CHECK: %[[NF:.*]] = arith.uitofp %[[NI]] : i64 to f64
  // CHECK: %[[BMN:.*]] = arith.mulf %[[BM]], %[[NF]] : f64
  // CHECK: %[[LIMIT:.*]] = arith.constant 4.6116860184273879E+18 : f64
  // CHECK: %[[FITS:.*]] = arith.cmpf olt, %[[BMN]], %[[LIMIT]] : f64
  // CHECK: cf.assert %[[FITS]], "a buffer of memref<?x3x?xbf16> is larger than memory can be"
  // CHECK: memref.alloc
  %0 = memref.alloc(%m, %n) : memref<?x3x?xbf16>
  return %0 : memref<?x3x?xbf16>
}

// CHECK-LABEL: func.func @static
// CHECK-NOT: cf.assert
func.func @static() -> memref<3xf32> {
  %0 = memref.alloc() : memref<3xf32>
  return %0 : memref<3xf32>
}
