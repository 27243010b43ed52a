// Shapes and sizes that do not fit when the program runs: a reason and a non-zero
// exit, for each operation that a dynamic shape reaches.

// RUN: not attn-run %s --entry=elementwise --random --shape 0=100000000 --shape 1=4 2>&1 | FileCheck %s --check-prefix=ELEMENTWISE
// RUN: attn-run %s --entry=elementwise --random --shape 0=5 --shape 1=5 --compare=math
// ELEMENTWISE: error: @elementwise failed: {{.*}}invalid-shapes.mlir:[[#@LINE+36]]:8: 'linalg.generic': dimension #0 of input/output operand #1 is incompatible
// RUN: not attn-run %s --entry=matmul --random --shape 0=8x4 --shape 1=50x8 2>&1 | FileCheck %s --check-prefix=MATMUL
// RUN: attn-run %s --entry=matmul --random --shape 0=8x50 --shape 1=50x8 --compare=math
// MATMUL: error: @matmul failed: {{.*}}: 'linalg.matmul': dimension #0 of input/output operand #1 is incompatible
// RUN: not attn-run %s --entry=cast --random --shape 0=2 2>&1 | FileCheck %s --check-prefix=CAST
// CAST: error: @cast failed: {{.*}}: 'tensor.cast': size mismatch of dim 0
// RUN: not attn-run %s --entry=collapse --random --shape 0=3x4x8 2>&1 | FileCheck %s --check-prefix=COLLAPSE
// RUN: attn-run %s --entry=collapse --random --shape 0=3x1x8
// COLLAPSE: error: @collapse failed: {{.*}}: 'tensor.cast': size mismatch of dim 1
// RUN: not attn-run %s --entry=expand --random --shape 0=7 2>&1 | FileCheck %s --check-prefix=EXPAND
// RUN: attn-run %s --entry=expand --random --shape 0=8
// EXPAND: error: @expand failed: {{.*}}: 'tensor.expand_shape': dimension 0 is not the product of those it is split into
// RUN: not attn-run %s --entry=reshape --random --shape 0=7 2>&1 | FileCheck %s --check-prefix=RESHAPE
// RUN: attn-run %s --entry=reshape --random --shape 0=8
// RESHAPE: error: @reshape failed: {{.*}}: 'tensor.reshape': the result has another number of elements
// RUN: not attn-run %s --entry=slice --random --shape 0=4 2>&1 | FileCheck %s --check-prefix=SLICE
// RUN: attn-run %s --entry=slice --random --shape 0=5
// SLICE: error: @slice failed: {{.*}}: 'tensor.extract_slice': extract_slice runs out-of-bounds along dimension 0
// RUN: not attn-run %s --entry=insert --random --shape 0=9 2>&1 | FileCheck %s --check-prefix=INSERT
// RUN: attn-run %s --entry=insert --random --shape 0=8
// INSERT: error: @insert failed: {{.*}}: 'tensor.insert_slice': dimension 0 of the slice is out of bounds
// RUN: not attn-run %s --entry=softmax --random --shape 0=4x5 2>&1 | FileCheck %s --check-prefix=SOFTMAX
// RUN: attn-run %s --entry=softmax --random --shape 0=4x4 --compare=math
// SOFTMAX: error: @softmax failed: {{.*}}: 'linalg.softmax': dimension 1 of the input differs from that of the output
// RUN: not attn-run %s --entry=memory --random --shape 0=16777216 2>&1 | FileCheck %s --check-prefix=MEMORY
// RUN: attn-run %s --entry=memory --random --shape 0=16
// MEMORY: error: @memory failed: out of memory: no room for 1125899906842{{[0-9]+}} bytes
// RUN: not attn-run %s --entry=overflow --random --shape 0=16777216 2>&1 | FileCheck %s --check-prefix=OVERFLOW
// RUN: attn-run %s --entry=overflow --random --shape 0=16
// OVERFLOW: error: @overflow failed: a buffer of memref<?x?x?xf32> is larger than memory can be

#id = affine_map<(i) -> (i)>
func.func @elementwise(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @matmul(%x: tensor<8x?xf32>, %y: tensor<?x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %0 = linalg.matmul ins(%x, %y : tensor<8x?xf32>, tensor<?x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %0 : tensor<8x8xf32>
}

func.func @cast(%x: tensor<?xf32>) -> tensor<4xf32> {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

// What torch-mlir makes of `view([-1, n])`.
func.func @collapse(%x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = tensor.cast %x : tensor<?x?x8xf32> to tensor<?x1x8xf32>
  %1 = tensor.collapse_shape %0 [[0, 1], [2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

func.func @expand(%x: tensor<?xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = arith.ceildivsi %n, %c4 : index
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [%m, 4] : tensor<?xf32> into tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

func.func @reshape(%x: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = arith.ceildivsi %n, %c2 : index
  %shape = tensor.from_elements %m, %c2 : tensor<2xindex>
  %0 = tensor.reshape %x(%shape) : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @slice(%x: tensor<?xf32>) -> tensor<2xf32> {
  %0 = tensor.extract_slice %x[3] [2] [1] : tensor<?xf32> to tensor<2xf32>
  return %0 : tensor<2xf32>
}

func.func @insert(%x: tensor<?xf32>) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %0 = tensor.insert_slice %x into %zero[0] [%n] [1] : tensor<?xf32> into tensor<8xf32>
  return %0 : tensor<8xf32>
}

func.func @softmax(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%n, %n) : tensor<?x?xf32>
  %0 = linalg.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @memory(%x: tensor<?xi8>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?xi8>
  %e = tensor.empty(%n, %n) : tensor<?x?xf32>
  %0 = linalg.fill ins(%one : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @overflow(%x: tensor<?xi8>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?xi8>
  %e = tensor.empty(%n, %n, %n) : tensor<?x?x?xf32>
  %0 = linalg.fill ins(%one : f32) outs(%e : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  return %0 : tensor<?x?x?xf32>
}
