// Results that are arguments, constants, each other, or slices are the caller's
// own copies.
// RUN: attn-run %s --random --compare=unfused

func.func @main(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<2x3xf32>, tensor<2xf32>) {
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %s = tensor.extract_slice %x[1, 2] [2, 3] [2, 1] : tensor<4x6xf32> to tensor<2x3xf32>
  return %x, %x, %s, %c : tensor<4x6xf32>, tensor<4x6xf32>, tensor<2x3xf32>, tensor<2xf32>
}
