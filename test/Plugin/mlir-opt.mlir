// Upstream's mlir-opt with the dialect and the passes of the plugin.
// The sanitizer's library is in our tools, not in mlir-opt.
// UNSUPPORTED: sanitizer
// DEFINE: %{plugin} = --load-dialect-plugin=%build/lib/libAttnPlugin.so --load-pass-plugin=%build/lib/libAttnPlugin.so
// RUN: mlir-opt %s %{plugin} | FileCheck %s --check-prefix=PARSE
// RUN: mlir-opt %s %{plugin} --pass-pipeline='builtin.module(attn-raise-pipeline)' | FileCheck %s --check-prefix=RAISE
// RUN: mlir-opt %s %{plugin} --pass-pipeline='builtin.module(attn-raise-pipeline,attn-lower-to-llvm-pipeline{cpu=x86-64-v3})' | FileCheck %s --check-prefix=LOWER
// RUN: not mlir-opt %s %{plugin} --pass-pipeline='builtin.module(attn-raise-pipeline{speed=11})' 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: no such option speed
// RUN: mlir-opt %{plugin} --show-dialects | FileCheck %s --check-prefix=DIALECTS
// DIALECTS: attn,attn_gpu

// PARSE-LABEL: @fused
// PARSE: attn.sdpa
func.func @fused(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) structure(#attn.causal<top_left>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// RAISE-LABEL: @naive
// RAISE-NOT: linalg.softmax
// RAISE: attn.sdpa
// LOWER-LABEL: llvm.func @naive
func.func @naive(%q: tensor<3x7x16xf32>, %kt: tensor<3x16x9xf32>, %v: tensor<3x9x8xf32>) -> tensor<3x7x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x7x9xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x7x9xf32>) -> tensor<3x7x9xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<3x7x16xf32>, tensor<3x16x9xf32>) outs(%z : tensor<3x7x9xf32>) -> tensor<3x7x9xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<3x7x9xf32>) outs(%e : tensor<3x7x9xf32>) -> tensor<3x7x9xf32>
  %eo = tensor.empty() : tensor<3x7x8xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<3x7x8xf32>) -> tensor<3x7x8xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<3x7x9xf32>, tensor<3x9x8xf32>) outs(%zo : tensor<3x7x8xf32>) -> tensor<3x7x8xf32>
  return %o : tensor<3x7x8xf32>
}
