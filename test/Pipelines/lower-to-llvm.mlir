// RUN: attn-opt %s --attn-lower-to-llvm-pipeline | FileCheck %s
// RUN: attn-opt %s --attn-lower-to-llvm-pipeline='backend=math parallel=false' | FileCheck %s --check-prefix=SERIAL
// RUN: not attn-opt %s --attn-lower-to-llvm-pipeline='cpu=nonsense' 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not attn-opt %s --attn-lower-to-llvm-pipeline='backend=nonsense' 2>&1 | FileCheck %s --check-prefix=BACKEND

// CPU: attn-lower-to-llvm-pipeline: unknown CPU 'nonsense' for {{.*}}; did you mean
// BACKEND: unknown backend 'nonsense'

// CHECK-NOT: func.func
// CHECK: llvm.call @attn_rt_parallel_for
// CHECK-LABEL: llvm.func @attn_fwd_f32_full_d8
// CHECK-NOT: builtin.unrealized_conversion_cast

// SERIAL: llvm.func @main
// SERIAL-NOT: attn_rt_parallel_for
// SERIAL-NOT: @attn_fwd

func.func @main(%q: tensor<2x5x8xf32>, %o: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<2x5x8xf32>) key(%q : tensor<2x5x8xf32>) value(%q : tensor<2x5x8xf32>) outs(%o : tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %0 : tensor<2x5x8xf32>
}
