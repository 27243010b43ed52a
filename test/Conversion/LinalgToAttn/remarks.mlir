// RUN: attn-opt %s --attn-raise-pipeline --remarks-filter=attn-fusion 2>&1 >/dev/null | FileCheck %s
// RUN: not attn-opt %s --attn-raise-pipeline=numerics=loose 2>&1 | FileCheck %s --check-prefix=NUMERICS
// NUMERICS: remarks.mlir:[[#@LINE+5]]:1: error: unknown numerics 'loose', expected strict, default or fast
// RUN: attn-opt %S/torch/dynamic_naive.mlir --attn-raise-pipeline=numerics=strict --remarks-filter=attn-fusion 2>&1 >/dev/null | FileCheck %s --check-prefix=STRICT
// STRICT: Reason="a dimension broadcasts if it is one at run time, which would become an error", Step=numerics, Suggestion="set attn.numerics = "default""

// CHECK: remarks.mlir:[[#@LINE+8]]:13: remark: [Missed] NotFused | Category:attn-fusion | Function=dynamic_head | Op=linalg.matmul, Reason="the head dimension is not static", Step=operands, Suggestion="export with a static head dimension"
func.func @dynamic_head(%q: tensor<5x?xf32>, %k: tensor<?x7xf32>, %v: tensor<7x4xf32>) -> tensor<5x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  // The remark is at the matmul.
  %logits = linalg.matmul ins(%q, %k : tensor<5x?xf32>, tensor<?x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
  %p = linalg.softmax dimension(1) ins(%logits : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
  return %o : tensor<5x4xf32>
}
