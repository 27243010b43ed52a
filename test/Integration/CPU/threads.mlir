// The number of threads does not change a bit, with split keys and without.
// REQUIRES: numpy
// RUN: attn-run %s --entry=decode --random=5 --threads=1 --output=%t.1.npy
// RUN: attn-run %s --entry=decode --random=5 --threads=2 --output=%t.2.npy
// RUN: attn-run %s --entry=decode --random=5 --threads=7 --output=%t.7.npy
// RUN: cmp %t.1.npy %t.2.npy
// RUN: cmp %t.1.npy %t.7.npy
// RUN: attn-run %s --entry=prefill --random=5 --threads=1 --output=%t.p1.npy
// RUN: attn-run %s --entry=prefill --random=5 --threads=5 --output=%t.p5.npy
// RUN: cmp %t.p1.npy %t.p5.npy

func.func @decode(%q: tensor<2x3x64xf32>, %k: tensor<2x5000x64xf32>, %v: tensor<2x5000x64xf32>) -> tensor<2x3x64xf32> {
  %i = tensor.empty() : tensor<2x3x64xf32>
  %o = attn.sdpa query(%q : tensor<2x3x64xf32>) key(%k : tensor<2x5000x64xf32>) value(%v : tensor<2x5000x64xf32>) outs(%i : tensor<2x3x64xf32>) -> tensor<2x3x64xf32>
  return %o : tensor<2x3x64xf32>
}

func.func @prefill(%q: tensor<2x333x64xbf16>, %k: tensor<2x333x64xbf16>, %v: tensor<2x333x64xbf16>) -> tensor<2x333x64xbf16> {
  %i = tensor.empty() : tensor<2x333x64xbf16>
  %o = attn.sdpa query(%q : tensor<2x333x64xbf16>) key(%k : tensor<2x333x64xbf16>) value(%v : tensor<2x333x64xbf16>) structure(#attn.causal<top_left>) outs(%i : tensor<2x333x64xbf16>) -> tensor<2x333x64xbf16>
  return %o : tensor<2x333x64xbf16>
}
