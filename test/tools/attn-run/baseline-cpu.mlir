// CPUs without instructions for f16 and bf16: no function of a library is missing.
// REQUIRES: x86_64

// RUN: attn-run %S/../../Conversion/LinalgToAttn/torch/naive_bf16.mlir --random --compare=unfused --cpu=x86-64
// RUN: attn-run %S/../../Conversion/LinalgToAttn/torch/naive_f16.mlir --random --compare=unfused --cpu=x86-64
// RUN: attn-run %s --random --compare=math --cpu=x86-64 --backend=math
// RUN: attn-run %s --random --compare=math --cpu=x86-64 --backend=flash

func.func @main(%q: tensor<2x9x24xbf16>, %k: tensor<2x70x24xbf16>,
                %scale: f64) -> tensor<2x9x24xbf16> {
  %init = tensor.empty() : tensor<2x9x24xbf16>
  %o = attn.sdpa query(%q : tensor<2x9x24xbf16>)
                 key(%k : tensor<2x70x24xbf16>)
                 value(%k : tensor<2x70x24xbf16>) scale(%scale : f64)
                 outs(%init : tensor<2x9x24xbf16>) -> tensor<2x9x24xbf16>
  return %o : tensor<2x9x24xbf16>
}
