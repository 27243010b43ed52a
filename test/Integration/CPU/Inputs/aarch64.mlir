// Tails in all dimensions; decoding splits its keys.
func.func @f32(%q: tensor<2x?x40xf32>, %k: tensor<2x?x40xf32>, %v: tensor<2x?x40xf32>) -> tensor<2x?x40xf32> {
  %one = arith.constant 1 : index
  %n = tensor.dim %q, %one : tensor<2x?x40xf32>
  %init = tensor.empty(%n) : tensor<2x?x40xf32>
  %o = attn.sdpa query(%q : tensor<2x?x40xf32>) key(%k : tensor<2x?x40xf32>) value(%v : tensor<2x?x40xf32>) structure(#attn.causal<bottom_right>) outs(%init : tensor<2x?x40xf32>) -> tensor<2x?x40xf32>
  return %o : tensor<2x?x40xf32>
}

func.func @f16(%q: tensor<2x?x40xf16>, %k: tensor<2x?x40xf16>, %v: tensor<2x?x40xf16>) -> tensor<2x?x40xf16> {
  %one = arith.constant 1 : index
  %n = tensor.dim %q, %one : tensor<2x?x40xf16>
  %init = tensor.empty(%n) : tensor<2x?x40xf16>
  %o = attn.sdpa query(%q : tensor<2x?x40xf16>) key(%k : tensor<2x?x40xf16>) value(%v : tensor<2x?x40xf16>) structure(#attn.causal<bottom_right>) outs(%init : tensor<2x?x40xf16>) -> tensor<2x?x40xf16>
  return %o : tensor<2x?x40xf16>
}

func.func @bf16(%q: tensor<2x?x40xbf16>, %k: tensor<2x?x40xbf16>, %v: tensor<2x?x40xbf16>) -> tensor<2x?x40xbf16> {
  %one = arith.constant 1 : index
  %n = tensor.dim %q, %one : tensor<2x?x40xbf16>
  %init = tensor.empty(%n) : tensor<2x?x40xbf16>
  %o = attn.sdpa query(%q : tensor<2x?x40xbf16>) key(%k : tensor<2x?x40xbf16>) value(%v : tensor<2x?x40xbf16>) structure(#attn.causal<bottom_right>) outs(%init : tensor<2x?x40xbf16>) -> tensor<2x?x40xbf16>
  return %o : tensor<2x?x40xbf16>
}

func.func @decode(%q: tensor<2x3x40xf32>, %k: tensor<2x?x40xf32>, %v: tensor<2x?x40xf32>) -> tensor<2x3x40xf32> {
  %init = tensor.empty() : tensor<2x3x40xf32>
  %o = attn.sdpa query(%q : tensor<2x3x40xf32>) key(%k : tensor<2x?x40xf32>) value(%v : tensor<2x?x40xf32>) structure(#attn.causal<bottom_right>) outs(%init : tensor<2x3x40xf32>) -> tensor<2x3x40xf32>
  return %o : tensor<2x3x40xf32>
}
