func.func @f32(%q: tensor<8x1024x64xf32>, %k: tensor<8x1024x64xf32>, %v: tensor<8x1024x64xf32>) -> tensor<8x1024x64xf32> {
  %init = tensor.empty() : tensor<8x1024x64xf32>
  %o = attn.sdpa query(%q : tensor<8x1024x64xf32>) key(%k : tensor<8x1024x64xf32>) value(%v : tensor<8x1024x64xf32>) structure(#attn.causal<top_left>) outs(%init : tensor<8x1024x64xf32>) -> tensor<8x1024x64xf32>
  return %o : tensor<8x1024x64xf32>
}

func.func @bf16(%q: tensor<8x1024x64xbf16>, %k: tensor<8x1024x64xbf16>, %v: tensor<8x1024x64xbf16>) -> tensor<8x1024x64xbf16> {
  %init = tensor.empty() : tensor<8x1024x64xbf16>
  %o = attn.sdpa query(%q : tensor<8x1024x64xbf16>) key(%k : tensor<8x1024x64xbf16>) value(%v : tensor<8x1024x64xbf16>) structure(#attn.causal<top_left>) outs(%init : tensor<8x1024x64xbf16>) -> tensor<8x1024x64xbf16>
  return %o : tensor<8x1024x64xbf16>
}

func.func @f16(%q: tensor<8x1024x64xf16>, %k: tensor<8x1024x64xf16>, %v: tensor<8x1024x64xf16>) -> tensor<8x1024x64xf16> {
  %init = tensor.empty() : tensor<8x1024x64xf16>
  %o = attn.sdpa query(%q : tensor<8x1024x64xf16>) key(%k : tensor<8x1024x64xf16>) value(%v : tensor<8x1024x64xf16>) structure(#attn.causal<top_left>) outs(%init : tensor<8x1024x64xf16>) -> tensor<8x1024x64xf16>
  return %o : tensor<8x1024x64xf16>
}

