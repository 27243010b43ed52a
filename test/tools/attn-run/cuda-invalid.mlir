// REQUIRES: ptxas
// RUN: not env LD_LIBRARY_PATH=%build/test/Unit/FakeCUDA attn-run %s --target=cuda --random 2>&1 | FileCheck %s
// CHECK: error: 'linalg.add' cannot run on the GPU: only attention is compiled for it
func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
