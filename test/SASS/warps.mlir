// The machine code of kernels for every GPU since sm_80: f32 by tf32, whose loops
// have registers for two blocks on a multiprocessor and spill none of them.
// REQUIRES: ptxas, nvdisasm
// RUN: rm -rf %t && mkdir %t
// RUN: attn-compile %s -o %t/d64.cubin --target cuda --gpu-arch sm_80 --kernel-options=f32=tf32 --emit cubin --no-raise --entry d64 --cuda-path %ptxas 2>&1 | count 0
// RUN: attn-compile %s -o %t/d128.cubin --target cuda --gpu-arch sm_90 --kernel-options=f32=tf32 --emit cubin --no-raise --entry d128 --cuda-path %ptxas 2>&1 | count 0
// RUN: %python %utils/sass_lint.py %t/d64.cubin %t/d128.cubin --nvdisasm %nvdisasm --budget %S/budget-warps.json
// RUN: not %python %utils/sass_lint.py %t/d64.cubin --nvdisasm %nvdisasm --budget %S/budget-warps.json | FileCheck %s --check-prefix=MISSING
// MISSING: attn_fwd_f32_causal_d128{{.*}}: the budget has it, but no cubin does

func.func @d64(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>, %o: tensor<?x?x?x64xf32>) -> tensor<?x?x?x64xf32> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x64xf32>) key(%k : tensor<?x?x?x64xf32>) value(%v : tensor<?x?x?x64xf32>) outs(%o : tensor<?x?x?x64xf32>) -> tensor<?x?x?x64xf32>
  return %0 : tensor<?x?x?x64xf32>
}
func.func @d128(%q: tensor<?x?x?x128xf32>, %k: tensor<?x?x?x128xf32>, %v: tensor<?x?x?x128xf32>, %o: tensor<?x?x?x128xf32>) -> tensor<?x?x?x128xf32> {
  %0 = attn.sdpa query(%q : tensor<?x?x?x128xf32>) key(%k : tensor<?x?x?x128xf32>) value(%v : tensor<?x?x?x128xf32>) structure(#attn.causal<top_left>) outs(%o : tensor<?x?x?x128xf32>) -> tensor<?x?x?x128xf32>
  return %0 : tensor<?x?x?x128xf32>
}
