// RUN: attn-opt %s --pass-pipeline="builtin.module(func.func(attn-check-shapes,canonicalize,cse))" --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @cast
// CHECK: %[[N:.*]] = tensor.dim %{{.*}}, %{{.*}} : tensor<?xf32>
// CHECK: %[[FITS:.*]] = arith.cmpi eq, %[[N]], %{{.*}} : index
// CHECK: cf.assert %[[FITS]], "{{.*}}check-shapes.mlir:[[#@LINE+3]]:8: 'tensor.cast': size mismatch of dim 0"
// CHECK-NEXT: tensor.cast
func.func @cast(%x: tensor<?xf32>) -> tensor<4xf32> {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @expand
// CHECK: %[[PARTS:.*]] = arith.muli
// CHECK: arith.cmpi eq, %{{.*}}, %[[PARTS]] : index
// CHECK: cf.assert {{.*}}'tensor.expand_shape': dimension 0 is not the product of those it is split into"
// A dimension that stays as it is needs no check.
// CHECK-NOT: cf.assert
func.func @expand(%x: tensor<?x5xf32>, %n: index) -> tensor<?x4x5xf32> {
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [%n, 4, 5] : tensor<?x5xf32> into tensor<?x4x5xf32>
  return %0 : tensor<?x4x5xf32>
}

// -----

// CHECK-LABEL: func.func @reshape
// CHECK: cf.assert {{.*}}'tensor.reshape': dimension 1 of the result is not 4"
// CHECK: cf.assert {{.*}}'tensor.reshape': the result has another number of elements"
func.func @reshape(%x: tensor<?xf32>, %shape: tensor<2xi32>) -> tensor<?x4xf32> {
  %0 = tensor.reshape %x(%shape) : (tensor<?xf32>, tensor<2xi32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @unranked
// CHECK-NOT: cf.assert
func.func @unranked(%x: tensor<?xf32>, %shape: tensor<?xindex>) -> tensor<*xf32> {
  %0 = tensor.reshape %x(%shape) : (tensor<?xf32>, tensor<?xindex>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func.func @insert
// CHECK: cf.assert {{.*}}'tensor.insert_slice': dimension 0 of the slice is out of bounds"
// CHECK: cf.assert {{.*}}'tensor.insert_slice': dimension 1 of the slice differs from that of the source"
// CHECK: cf.assert {{.*}}'tensor.insert_slice': dimension 1 of the slice is out of bounds"
// CHECK-NOT: cf.assert
func.func @insert(%x: tensor<?xf32>, %y: tensor<?x?xf32>, %i: index, %n: index) -> tensor<?x?xf32> {
  %0 = tensor.insert_slice %x into %y[%i, 0] [1, %n] [1, 2] : tensor<?xf32> into tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @softmax
// CHECK: cf.assert {{.*}}'linalg.softmax': dimension 0 of the input differs from that of the output"
// CHECK-NOT: cf.assert
func.func @softmax(%x: tensor<?x4xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = linalg.softmax dimension(1) ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @index
// CHECK: cf.assert {{.*}}'tensor.extract': out-of-bounds access
func.func @index(%x: tensor<4xf32>, %i: index) -> f32 {
  %0 = tensor.extract %x[%i] : tensor<4xf32>
  return %0 : f32
}

// -----

// What is static, and what a body reads, is not checked.
// CHECK-LABEL: func.func @static
// CHECK-NOT: cf.assert
#id = affine_map<(i) -> (i)>
func.func @static(%table: tensor<9xf32>, %i: tensor<4xindex>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%i : tensor<4xindex>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: index, %b: f32):
    %x = tensor.extract %table[%a] : tensor<9xf32>
    linalg.yield %x : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
