func.func @attention(%q: tensor<8x512x64xf32>, %k: tensor<8x512x64xf32>, %v: tensor<8x512x64xf32>) -> tensor<8x512x64xf32> {
  %init = tensor.empty() : tensor<8x512x64xf32>
  %o = attn.sdpa query(%q : tensor<8x512x64xf32>) key(%k : tensor<8x512x64xf32>) value(%v : tensor<8x512x64xf32>) outs(%init : tensor<8x512x64xf32>) -> tensor<8x512x64xf32>
  return %o : tensor<8x512x64xf32>
}
