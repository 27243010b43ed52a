// The machine code of kernels: ptxas says nothing of them, and utils/sass_lint.py
// neither. After a change that is meant, write the budget anew: the second command
// with --update.
// REQUIRES: ptxas, nvdisasm
// RUN: rm -rf %t && mkdir %t
// RUN: attn-compile %s -o %t/forward.cubin --target cuda --emit cubin --no-raise --entry d64 --cuda-path %ptxas 2>&1 | count 0
// RUN: %python %utils/sass_lint.py %t/forward.cubin --nvdisasm %nvdisasm --budget %S/budget.json

func.func @d64(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %o: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x64xbf16>) key(%k : tensor<?x?x?x64xbf16>) value(%v : tensor<?x?x?x64xbf16>) outs(%o : tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16>
  return %0 : tensor<?x?x?x64xbf16>
}
func.func @d64_causal(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>, %v: tensor<?x?x?x64xbf16>, %o: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x64xbf16>) key(%k : tensor<?x?x?x64xbf16>) value(%v : tensor<?x?x?x64xbf16>) structure(#attn.causal<top_left>) outs(%o : tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16>
  return %0 : tensor<?x?x?x64xbf16>
}
func.func @d128(%q: tensor<?x?x?x128xbf16>, %k: tensor<?x?x?x128xbf16>, %v: tensor<?x?x?x128xbf16>, %o: tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x128xbf16>) key(%k : tensor<?x?x?x128xbf16>) value(%v : tensor<?x?x?x128xbf16>) outs(%o : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  return %0 : tensor<?x?x?x128xbf16>
}
func.func @d128_causal(%q: tensor<?x?x?x128xbf16>, %k: tensor<?x?x?x128xbf16>, %v: tensor<?x?x?x128xbf16>, %o: tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x128xbf16>) key(%k : tensor<?x?x?x128xbf16>) value(%v : tensor<?x?x?x128xbf16>) structure(#attn.causal<top_left>) outs(%o : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  return %0 : tensor<?x?x?x128xbf16>
}
func.func @d256(%q: tensor<?x?x?x256xbf16>, %k: tensor<?x?x?x256xbf16>, %v: tensor<?x?x?x256xbf16>, %o: tensor<?x?x?x256xbf16>) -> tensor<?x?x?x256xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x256xbf16>) key(%k : tensor<?x?x?x256xbf16>) value(%v : tensor<?x?x?x256xbf16>) outs(%o : tensor<?x?x?x256xbf16>) -> tensor<?x?x?x256xbf16>
  return %0 : tensor<?x?x?x256xbf16>
}
func.func @d256_causal(%q: tensor<?x?x?x256xbf16>, %k: tensor<?x?x?x256xbf16>, %v: tensor<?x?x?x256xbf16>, %o: tensor<?x?x?x256xbf16>) -> tensor<?x?x?x256xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x256xbf16>) key(%k : tensor<?x?x?x256xbf16>) value(%v : tensor<?x?x?x256xbf16>) structure(#attn.causal<top_left>) outs(%o : tensor<?x?x?x256xbf16>) -> tensor<?x?x?x256xbf16>
  return %0 : tensor<?x?x?x256xbf16>
}
func.func @d128_f16(%q: tensor<?x?x?x128xf16>, %k: tensor<?x?x?x128xf16>, %v: tensor<?x?x?x128xf16>, %o: tensor<?x?x?x128xf16>) -> tensor<?x?x?x128xf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x128xf16>) key(%k : tensor<?x?x?x128xf16>) value(%v : tensor<?x?x?x128xf16>) outs(%o : tensor<?x?x?x128xf16>) -> tensor<?x?x?x128xf16>
  return %0 : tensor<?x?x?x128xf16>
}
func.func @d128_window(%q: tensor<?x?x?x128xbf16>, %k: tensor<?x?x?x128xbf16>, %v: tensor<?x?x?x128xbf16>, %o: tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x128xbf16>) key(%k : tensor<?x?x?x128xbf16>) value(%v : tensor<?x?x?x128xbf16>) structure(#attn.window<1024, 0>) outs(%o : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  return %0 : tensor<?x?x?x128xbf16>
}
func.func @d128_softcap(%q: tensor<?x?x?x128xbf16>, %k: tensor<?x?x?x128xbf16>, %v: tensor<?x?x?x128xbf16>, %o: tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x128xbf16>) key(%k : tensor<?x?x?x128xbf16>) value(%v : tensor<?x?x?x128xbf16>) softcap = 2.0e+01 outs(%o : tensor<?x?x?x128xbf16>) -> tensor<?x?x?x128xbf16>
  return %0 : tensor<?x?x?x128xbf16>
}
