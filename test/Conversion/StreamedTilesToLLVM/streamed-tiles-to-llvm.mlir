// Loads of tiles that the nearest cache need not keep.

// RUN: attn-opt %s -split-input-file -convert-streamed-tiles-to-llvm | FileCheck %s
// RUN: attn-opt %s -split-input-file -convert-streamed-tiles-to-llvm \
// RUN:     -finalize-memref-to-llvm -convert-to-llvm -reconcile-unrealized-casts \
// RUN:   | FileCheck %s --check-prefix=LLVM

// CHECK-LABEL: func.func @static(
// CHECK-SAME: %[[KEYS:.*]]: memref<1024x128xbf16>, %[[ROW:.*]]: index, %[[COLUMN:.*]]: index
// LLVM-LABEL: llvm.func @static(
// LLVM: "llvm.x86.tileloaddt164.internal"
// LLVM: "llvm.x86.tileloadd64.internal"
// LLVM-NOT: unrealized_conversion_cast
func.func @static(%keys: memref<1024x128xbf16>, %row: index, %column: index, %to: memref<16x32xbf16>) {
  // CHECK-DAG: %[[DESCRIPTOR:.*]] = builtin.unrealized_conversion_cast %[[KEYS]] : memref<1024x128xbf16> to !llvm.struct
  // CHECK-DAG: %[[I:.*]] = builtin.unrealized_conversion_cast %[[ROW]] : index to i64
  // CHECK-DAG: %[[J:.*]] = builtin.unrealized_conversion_cast %[[COLUMN]] : index to i64
  // CHECK: %[[POINTER:.*]] = llvm.getelementptr
  // CHECK: %[[ELEMENTS:.*]] = llvm.mlir.constant(128 : i64) : i64
  // CHECK: %[[SIZE:.*]] = llvm.mlir.constant(2 : i64) : i64
  // CHECK: %[[STRIDE:.*]] = llvm.mul %[[ELEMENTS]], %[[SIZE]]
  // CHECK: %[[ROWS:.*]] = llvm.mlir.constant(16 : i16) : i16
  // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(64 : i16) : i16
  // CHECK: %[[LOADED:.*]] = llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"(%[[ROWS]], %[[BYTES]], %[[POINTER]], %[[STRIDE]]) : (i16, i16, !llvm.ptr, i64) -> !llvm.x86_amx
  // CHECK: builtin.unrealized_conversion_cast %[[LOADED]] : !llvm.x86_amx to !amx.tile<16x32xbf16>
  %tile = amx.tile_load %keys[%row, %column] {attn.streamed} : memref<1024x128xbf16> into !amx.tile<16x32xbf16>
  amx.tile_store %to[%row, %column], %tile : memref<16x32xbf16>, !amx.tile<16x32xbf16>
  // The others are left alone.
  // CHECK: amx.tile_load %[[KEYS]]
  %other = amx.tile_load %keys[%column, %row] : memref<1024x128xbf16> into !amx.tile<16x32xbf16>
  amx.tile_store %to[%column, %row], %other : memref<16x32xbf16>, !amx.tile<16x32xbf16>
  return
}

// -----

// Rows at a distance that is known when it runs; one dimension before them.

// CHECK-LABEL: func.func @dynamic(
// CHECK: builtin.unrealized_conversion_cast %{{.*}} : memref<?x?x32xbf16, strided<[?, ?, 1], offset: ?>>
// CHECK: llvm.getelementptr
// CHECK: llvm.getelementptr
// CHECK: %[[DISTANCE:.*]] = llvm.extractvalue %{{.*}}[4, 1]
// CHECK: %[[SIZE:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: %[[STRIDE:.*]] = llvm.mul %[[DISTANCE]], %[[SIZE]]
// CHECK: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"(%{{.*}}, %{{.*}}, %{{.*}}, %[[STRIDE]])
// LLVM-LABEL: llvm.func @dynamic(
// LLVM: "llvm.x86.tileloaddt164.internal"
// LLVM-NOT: unrealized_conversion_cast
func.func @dynamic(%values: memref<?x?x32xbf16, strided<[?, ?, 1], offset: ?>>, %i: index, %to: memref<16x32xbf16>) {
  %tile = amx.tile_load %values[%i, %i, %i] {attn.streamed} : memref<?x?x32xbf16, strided<[?, ?, 1], offset: ?>> into !amx.tile<16x32xbf16>
  amx.tile_store %to[%i, %i], %tile : memref<16x32xbf16>, !amx.tile<16x32xbf16>
  return
}
