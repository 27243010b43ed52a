// The machine code of kernels: ptxas says nothing of them, and utils/sass_lint.py
// neither. After a change that is meant, write the budget anew: the second command
// with --update.
// REQUIRES: ptxas, nvdisasm
// RUN: rm -rf %t && mkdir %t
// RUN: attn-compile %s -o %t/forward.cubin --target cuda --emit cubin --no-raise --cuda-path %ptxas 2>&1 | count 0
// RUN: %python %utils/sass_lint.py %t/forward.cubin --nvdisasm %nvdisasm --budget %S/budget.json

// All in one function: what the entry does not reach is dropped.
func.func @main(
    %q64: tensor<?x?x?x64xbf16>, %k64: tensor<?x?x?x64xbf16>, %v64: tensor<?x?x?x64xbf16>,
    %q128: tensor<?x?x?x128xbf16>, %k128: tensor<?x?x?x128xbf16>, %v128: tensor<?x?x?x128xbf16>,
    %q256: tensor<?x?x?x256xbf16>, %k256: tensor<?x?x?x256xbf16>, %v256: tensor<?x?x?x256xbf16>,
    %qh: tensor<?x?x?x128xf16>, %kh: tensor<?x?x?x128xf16>, %vh: tensor<?x?x?x128xf16>,
    %out_d64: tensor<?x?x?x64xbf16>,
    %out_d64_causal: tensor<?x?x?x64xbf16>,
    %out_d128: tensor<?x?x?x128xbf16>,
    %out_d128_causal: tensor<?x?x?x128xbf16>,
    %out_d256: tensor<?x?x?x256xbf16>,
    %out_d256_causal: tensor<?x?x?x256xbf16>,
    %out_d128_f16: tensor<?x?x?x128xf16>,
    %out_d128_window: tensor<?x?x?x128xbf16>,
    %out_d64_window: tensor<?x?x?x64xbf16>,
    %out_d128_softcap: tensor<?x?x?x128xbf16>)
    -> (tensor<?x?x?x64xbf16>,
        tensor<?x?x?x64xbf16>,
        tensor<?x?x?x128xbf16>,
        tensor<?x?x?x128xbf16>,
        tensor<?x?x?x256xbf16>,
        tensor<?x?x?x256xbf16>,
        tensor<?x?x?x128xf16>,
        tensor<?x?x?x128xbf16>,
        tensor<?x?x?x64xbf16>,
        tensor<?x?x?x128xbf16>) {
  %d64 = attn.sdpa query(%q64 : tensor<?x?x?x64xbf16>) key(%k64 : tensor<?x?x?x64xbf16>) value(%v64 : tensor<?x?x?x64xbf16>) outs(%out_d64 : tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16>
  %d64_causal = attn.sdpa query(%q64 : tensor<?x?x?x64xbf16>) key(%k64 : tensor<?x?x?x64xbf16>) value(%v64 : tensor<?x?x?x64xbf16>) structure(#attn.causal<top_left>) outs(%out_d64_causal : tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16>
  %d128 = attn.sdpa query(%q128 : tensor<?x?x?x128xbf16>) key(%k128 : tensor<?x?x?x128xbf16>) value(%v128 : tensor<?x?x?x128xbf16>) outs(%out_d128 : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  %d128_causal = attn.sdpa query(%q128 : tensor<?x?x?x128xbf16>) key(%k128 : tensor<?x?x?x128xbf16>) value(%v128 : tensor<?x?x?x128xbf16>) structure(#attn.causal<top_left>) outs(%out_d128_causal : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  %d256 = attn.sdpa query(%q256 : tensor<?x?x?x256xbf16>) key(%k256 : tensor<?x?x?x256xbf16>) value(%v256 : tensor<?x?x?x256xbf16>) outs(%out_d256 : tensor<?x?x?x256xbf16>) -> tensor<?x?x?x256xbf16>
  %d256_causal = attn.sdpa query(%q256 : tensor<?x?x?x256xbf16>) key(%k256 : tensor<?x?x?x256xbf16>) value(%v256 : tensor<?x?x?x256xbf16>) structure(#attn.causal<top_left>) outs(%out_d256_causal : tensor<?x?x?x256xbf16>) -> tensor<?x?x?x256xbf16>
  %d128_f16 = attn.sdpa query(%qh : tensor<?x?x?x128xf16>) key(%kh : tensor<?x?x?x128xf16>) value(%vh : tensor<?x?x?x128xf16>) outs(%out_d128_f16 : tensor<?x?x?x128xf16>) -> tensor<?x?x?x128xf16>
  %d128_window = attn.sdpa query(%q128 : tensor<?x?x?x128xbf16>) key(%k128 : tensor<?x?x?x128xbf16>) value(%v128 : tensor<?x?x?x128xbf16>) structure(#attn.window<1024, 0>) outs(%out_d128_window : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  %d64_window = attn.sdpa query(%q64 : tensor<?x?x?x64xbf16>) key(%k64 : tensor<?x?x?x64xbf16>) value(%v64 : tensor<?x?x?x64xbf16>) structure(#attn.window<1024, 0>) outs(%out_d64_window : tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16>
  %d128_softcap = attn.sdpa query(%q128 : tensor<?x?x?x128xbf16>) key(%k128 : tensor<?x?x?x128xbf16>) value(%v128 : tensor<?x?x?x128xbf16>) softcap = 2.0e+01 outs(%out_d128_softcap : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  return %d64, %d64_causal, %d128, %d128_causal, %d256, %d256_causal, %d128_f16, %d128_window, %d64_window, %d128_softcap
    : tensor<?x?x?x64xbf16>,
      tensor<?x?x?x64xbf16>,
      tensor<?x?x?x128xbf16>,
      tensor<?x?x?x128xbf16>,
      tensor<?x?x?x256xbf16>,
      tensor<?x?x?x256xbf16>,
      tensor<?x?x?x128xf16>,
      tensor<?x?x?x128xbf16>,
      tensor<?x?x?x64xbf16>,
      tensor<?x?x?x128xbf16>
}
