// With fewer passes of LLVM the PTX of kernels is that of -O3, to the byte; with
// #attn.causal<top_left> but for an instruction before a loop.
// RUN: attn-opt %s --attn-lower-to-nvvm-pipeline="chip=sm_90a binary=false" -o %t.mlir
// RUN: attn-opt %t.mlir --gpu-module-to-binary=format=isa | sed -n 's/.*assembly = //p' > %t.all
// RUN: attn-opt %t.mlir --attn-gpu-module-to-ptx | sed -n 's/.*assembly = //p' > %t.few
// RUN: FileCheck %s --input-file %t.few
// RUN: cmp %t.all %t.few
// CHECK: wgmma.mma_async
!t = tensor<2x8x?x64xbf16>
func.func @main(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = attn.sdpa query(%q : !t) key(%k : !t) value(%v : !t)
    structure(#attn.causal<bottom_right>) outs(%o : !t) -> !t
  return %r : !t
}
