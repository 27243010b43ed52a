// RUN: attn-run %s --random=3 --compare=math --bench=0.01 --threads=2 --format=json | FileCheck %s --check-prefix=JSON
// RUN: attn-run %s --random --compare=unfused --bench=0.01 | FileCheck %s --check-prefix=TABLE
// RUN: attn-run %s --entry=dynamic --random --shape 0=2x5x8 --shape 1=2x0x8 --compare=math | FileCheck %s --check-prefix=EMPTY
// RUN: attn-run %s --entry=dynamic --random --shape 0=2x5x8 --shape 1=2x3x8 --bench=0.01 --format=json | FileCheck %s --check-prefix=SIZES
// RUN: attn-run %s --entry=loop --random --bench=0.01 --format=json | FileCheck %s --check-prefix=LOOP
// RUN: attn-run %s --entry=branch --random --shape 0=2x5x8 --bench=0.01 --format=json | FileCheck %s --check-prefix=LOOP
// RUN: rm -rf %t && mkdir %t
// RUN: attn-run %s --random --compare=math --output %t/o.npy --profile %t/trace.json
// RUN: attn-run %s --random --backend=math --expect %t/o.npy --tolerance=1e-5
// RUN: not attn-run %s --random=1 --expect %t/o.npy 2>&1 | FileCheck %s --check-prefix=MISMATCH
// RUN: FileCheck %s --check-prefix=TRACE --input-file %t/trace.json
// RUN: attn-run --help | FileCheck %s --check-prefix=HELP
// RUN: attn-run --version | FileCheck %s --check-prefix=VERSION

// JSON-DAG: "backend": "flash"
// JSON-DAG: "compile_ms": {{[0-9.]+}}
// JSON-DAG: "entry": "main"
// JSON-DAG: "fused": 1
// JSON-DAG: "median_ms": {{[0-9.e-]+}}
// JSON-DAG: "min_ms": {{[0-9.e-]+}}
// 2 * (16 + 8) * 7 * 9 * 3
// JSON-DAG: "flops": 9072
// JSON-DAG: "gflops": {{[0-9.e-]+}}
// JSON-DAG: "threads": 2
// JSON-DAG: "target": "cpu"
// JSON-DAG: "max_abs": {{[0-9.e-]+}}
// JSON-DAG: "rel_frobenius": {{[0-9.e-]+}}

// TABLE: @main on cpu
// TABLE: result 0: max abs error
// TABLE: unfused {{.*}} times ours
// EMPTY: result 0: max abs error 0.00e+00
// MISMATCH: result 0 differs: relative Frobenius error
// TRACE: "traceEvents"
// TRACE-SAME: "lower fused"
// TRACE-SAME: "cat":"kernel",{{.*}}"name":"attn_fwd_f32_full_d16x8_{{[a-z0-9_]*}} (line [[#@LINE+13]])"
// HELP: Examples:
// HELP: --compare
// VERSION: attn-run {{[0-9.]+}} (LLVM 22

func.func @main(%q: tensor<3x7x16xf32>, %kt: tensor<3x16x9xf32>, %v: tensor<3x9x8xf32>) -> tensor<3x7x8xf32> {
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

func.func @dynamic(%q: tensor<2x?x8xf32>, %k: tensor<2x?x8xf32>) -> tensor<2x?x8xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<2x?x8xf32>
  %i = tensor.empty(%n) : tensor<2x?x8xf32>
  %o = attn.sdpa query(%q : tensor<2x?x8xf32>) key(%k : tensor<2x?x8xf32>) value(%k : tensor<2x?x8xf32>) outs(%i : tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  return %o : tensor<2x?x8xf32>
}

// 2 * (8 + 8) * 5 * 3 * 2
// SIZES: "flops": 960
// SIZES: "gflops": {{[0-9.e-]+}}

// Nobody knows how often.
func.func @loop(%q: tensor<2x3x8xf32>, %n: index) -> tensor<2x3x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %j = %c0 to %n step %c1 iter_args(%x = %q) -> (tensor<2x3x8xf32>) {
    %i = tensor.empty() : tensor<2x3x8xf32>
    %o = attn.sdpa query(%x : tensor<2x3x8xf32>) key(%q : tensor<2x3x8xf32>) value(%q : tensor<2x3x8xf32>) outs(%i : tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
    scf.yield %o : tensor<2x3x8xf32>
  }
  return %r : tensor<2x3x8xf32>
}
// LOOP: "flops": null
// LOOP: "gflops": null

func.func @branch(%q: tensor<2x?x8xf32>, %c: i1) -> tensor<2x?x8xf32> {
  %r = call @dynamic(%q, %q) : (tensor<2x?x8xf32>, tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  cf.cond_br %c, ^a(%r : tensor<2x?x8xf32>), ^a(%q : tensor<2x?x8xf32>)
^a(%x: tensor<2x?x8xf32>):
  return %x : tensor<2x?x8xf32>
}
