// Causal attention of 4 heads over sequences of any length.
func.func @attention(%q: tensor<4x?x32xf32>, %k: tensor<4x?x32xf32>,
                     %v: tensor<4x?x32xf32>) -> tensor<4x?x32xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<4x?x32xf32>
  %init = tensor.empty(%n) : tensor<4x?x32xf32>
  %o = attn.sdpa query(%q : tensor<4x?x32xf32>) key(%k : tensor<4x?x32xf32>)
         value(%v : tensor<4x?x32xf32>) structure(#attn.causal<top_left>)
         outs(%init : tensor<4x?x32xf32>) -> tensor<4x?x32xf32>
  return %o : tensor<4x?x32xf32>
}
