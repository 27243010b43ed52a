// The machine code of kernels for few queries, whose keys are split, and of those that
// merge, which have no products: the first need no more instructions than budgeted, and
// none spills. After a change that is meant, write the budget anew: the second command
// with --update.
// REQUIRES: ptxas, nvdisasm
// RUN: rm -rf %t && mkdir %t
// RUN: attn-compile %s -o %t/decode.cubin --target cuda --emit cubin --no-raise --cuda-path %ptxas 2>&1 | count 0
// RUN: %python %utils/sass_lint.py %t/decode.cubin --nvdisasm %nvdisasm --budget %S/budget-decode.json

func.func @main(
    %q_d64: tensor<?x?x1x64xbf16>, %k_d64: tensor<?x?x?x64xbf16>, %v_d64: tensor<?x?x?x64xbf16>, %out_d64: tensor<?x?x1x64xbf16>,
    %q_d128: tensor<?x?x1x128xbf16>, %k_d128: tensor<?x?x?x128xbf16>, %v_d128: tensor<?x?x?x128xbf16>, %out_d128: tensor<?x?x1x128xbf16>,
    %q_d256: tensor<?x?x1x256xf16>, %k_d256: tensor<?x?x?x256xf16>, %v_d256: tensor<?x?x?x256xf16>, %out_d256: tensor<?x?x1x256xf16>,
    %q_d128_16: tensor<?x?x16x128xbf16>, %k_d128_16: tensor<?x?x?x128xbf16>, %v_d128_16: tensor<?x?x?x128xbf16>, %out_d128_16: tensor<?x?x16x128xbf16>,
    %q_d128_window: tensor<?x?x2x128xbf16>, %k_d128_window: tensor<?x?x?x128xbf16>, %v_d128_window: tensor<?x?x?x128xbf16>, %out_d128_window: tensor<?x?x2x128xbf16>)
    -> (tensor<?x?x1x64xbf16>,
        tensor<?x?x1x128xbf16>,
        tensor<?x?x1x256xf16>,
        tensor<?x?x16x128xbf16>,
        tensor<?x?x2x128xbf16>) {
  %d64 = attn.sdpa query(%q_d64 : tensor<?x?x1x64xbf16>) key(%k_d64 : tensor<?x?x?x64xbf16>) value(%v_d64 : tensor<?x?x?x64xbf16>) outs(%out_d64 : tensor<?x?x1x64xbf16>) -> tensor<?x?x1x64xbf16>
  %d128 = attn.sdpa query(%q_d128 : tensor<?x?x1x128xbf16>) key(%k_d128 : tensor<?x?x?x128xbf16>) value(%v_d128 : tensor<?x?x?x128xbf16>) outs(%out_d128 : tensor<?x?x1x128xbf16>) -> tensor<?x?x1x128xbf16>
  %d256 = attn.sdpa query(%q_d256 : tensor<?x?x1x256xf16>) key(%k_d256 : tensor<?x?x?x256xf16>) value(%v_d256 : tensor<?x?x?x256xf16>) outs(%out_d256 : tensor<?x?x1x256xf16>) -> tensor<?x?x1x256xf16>
  %d128_16 = attn.sdpa query(%q_d128_16 : tensor<?x?x16x128xbf16>) key(%k_d128_16 : tensor<?x?x?x128xbf16>) value(%v_d128_16 : tensor<?x?x?x128xbf16>) structure(#attn.causal<bottom_right>) outs(%out_d128_16 : tensor<?x?x16x128xbf16>) -> tensor<?x?x16x128xbf16>
  %d128_window = attn.sdpa query(%q_d128_window : tensor<?x?x2x128xbf16>) key(%k_d128_window : tensor<?x?x?x128xbf16>) value(%v_d128_window : tensor<?x?x?x128xbf16>) structure(#attn.window<1024, 0, bottom_right>) outs(%out_d128_window : tensor<?x?x2x128xbf16>) -> tensor<?x?x2x128xbf16>
  return %d64, %d128, %d256, %d128_16, %d128_window
    : tensor<?x?x1x64xbf16>,
      tensor<?x?x1x128xbf16>,
      tensor<?x?x1x256xf16>,
      tensor<?x?x16x128xbf16>,
      tensor<?x?x2x128xbf16>
}
