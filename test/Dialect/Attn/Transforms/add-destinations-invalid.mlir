// RUN: attn-opt %s --attn-add-destinations --split-input-file --verify-diagnostics

// expected-error @below {{the function is public and called in the module}}
func.func @called(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
func.func private @caller(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @called(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{result 1 is a 'f32', expected a ranked tensor}}
func.func @scalar(%a: tensor<4xf32>, %b: f32) -> (tensor<4xf32>, f32) {
  return %a, %b : tensor<4xf32>, f32
}

// -----

// expected-error @below {{argument 0 is a 'tensor<*xf32>', expected a ranked tensor}}
func.func @unranked(%a: tensor<*xf32>) {
  return
}
