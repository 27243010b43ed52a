// Integers of 64 bits that no double tells apart.
// REQUIRES: numpy
// RUN: rm -rf %t && mkdir %t
// RUN: %python -c "import numpy as np; np.save(r'%t/q.npy', np.eye(4, 8, dtype='f4')); np.save(r'%t/d.npy', [2**60, 2**60 + 1, 2**60 + 1, 2**60 + 2]); np.save(r'%t/e.npy', [2**60, 2**60 + 1, 2**60 + 1, 2**60 + 1])"
// RUN: attn-run %s --input %t/q.npy --input %t/d.npy --compare=math
// RUN: attn-run %s --entry=same --input %t/d.npy --expect %t/d.npy
// RUN: not attn-run %s --entry=same --input %t/d.npy --expect %t/e.npy 2>&1 | FileCheck %s
// CHECK-DAG: result 0: max abs error 1.00e+00
// CHECK-DAG: error: result 0 differs

func.func @main(%q: tensor<4x8xf32>, %d: tensor<4xi64>) -> tensor<4x8xf32> {
  %out = tensor.empty() : tensor<4x8xf32>
  %r = attn.sdpa query(%q : tensor<4x8xf32>) key(%q : tensor<4x8xf32>) value(%q : tensor<4x8xf32>) documents(%d, %d : tensor<4xi64>, tensor<4xi64>) structure(#attn.document) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

func.func @same(%d: tensor<4xi64>) -> tensor<4xi64> {
  return %d : tensor<4xi64>
}
