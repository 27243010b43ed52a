// RUN: attn-opt %s --attn-add-destinations --split-input-file | FileCheck %s
// Attention then works in the caller's memory, without copies.
// RUN: attn-opt %s --attn-add-destinations --eliminate-empty-tensors --empty-tensor-to-alloc-tensor \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries" --canonicalize --split-input-file \
// RUN:   | FileCheck %s --check-prefix=BUFFER

// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:.*]]: memref<2x?x64xf16, strided<[?, ?, 1]>>, %[[K:.*]]: memref<2x?x64xf16, strided<[?, ?, 1]>>, %[[S:.*]]: f32
// CHECK-SAME: %[[O:.*]]: memref<2x?x64xf16, strided<[?, ?, 1]>>) {
// CHECK: bufferization.to_tensor %[[Q]] restrict : memref<2x?x64xf16, strided<[?, ?, 1]>> to tensor<2x?x64xf16>
// The sizes are compared before anything is computed.
// CHECK: %[[SIZE:.*]] = tensor.dim
// CHECK-NEXT: %[[C1:.*]] = arith.constant 1 : index
// CHECK-NEXT: %[[DIM:.*]] = memref.dim %[[O]], %[[C1]]
// CHECK: %[[SAME:.*]] = arith.cmpi eq, %[[SIZE]], %[[DIM]]
// CHECK: cf.assert %[[SAME]], "result 0: dimension 1 is not that of its memory"
// CHECK: %[[R:.*]] = attn.sdpa
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[O]]
// CHECK: return{{$}}
// BUFFER-LABEL: func.func @attention(
// BUFFER-SAME: %[[Q:.*]]: memref<2x?x64xf16, strided<[?, ?, 1]>>, %[[K:.*]]: memref<{{.*}}>, %{{.*}}: f32 {{.*}}, %[[O:.*]]: memref
// BUFFER-NOT: memref.alloc
// BUFFER-NOT: memref.copy
// BUFFER: memref.dim %[[Q]]
// BUFFER: memref.dim %[[O]]
// BUFFER: cf.assert
// BUFFER: attn.sdpa query(%[[Q]] : {{.*}}) key(%[[K]] : {{.*}}) value(%[[K]] : {{.*}}) scale(%{{.*}}) outs(%[[O]] :
// BUFFER-NOT: memref.copy
func.func @attention(%q: tensor<2x?x64xf16>, %k: tensor<2x?x64xf16>, %s: f32 {test.name = "scale"}) -> (tensor<2x?x64xf16> {test.name = "out"}) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<2x?x64xf16>
  %e = tensor.empty(%n) : tensor<2x?x64xf16>
  %o = attn.sdpa query(%q : tensor<2x?x64xf16>) key(%k : tensor<2x?x64xf16>) value(%k : tensor<2x?x64xf16>)
      scale(%s : f32) outs(%e : tensor<2x?x64xf16>) -> tensor<2x?x64xf16>
  return %o : tensor<2x?x64xf16>
}

// -----

// An argument that is returned is copied; private functions and memrefs stay as they are.
// CHECK-LABEL: func.func @identity(
// CHECK-SAME: %{{.*}}: memref<4xf32, strided<[1]>>, %{{.*}}: memref<f32>, %{{.*}}: memref<4xf32, strided<[1]>>, %{{.*}}: memref<f32>) {
// BUFFER-LABEL: func.func @identity(
// BUFFER-SAME: %[[A:.*]]: memref<4xf32, strided<[1]>>, %[[B:.*]]: memref<f32>, %[[C:.*]]: memref<4xf32, strided<[1]>>, %[[D:.*]]: memref<f32>)
// BUFFER: memref.copy %[[A]], %[[C]]
// BUFFER: memref.copy %[[B]], %[[D]]
func.func @identity(%a: tensor<4xf32>, %b: tensor<f32>) -> (tensor<4xf32>, tensor<f32>) {
  return %a, %b : tensor<4xf32>, tensor<f32>
}
// CHECK: func.func private @private(%{{.*}}: tensor<4xf32>) -> tensor<4xf32>
func.func private @private(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
// CHECK: func.func @memrefs(%{{.*}}: memref<4xf32>, %{{.*}}: index)
func.func @memrefs(%a: memref<4xf32>, %n: index) {
  return
}
// CHECK: func.func private @external(tensor<4xf32>)
func.func private @external(tensor<4xf32>)
