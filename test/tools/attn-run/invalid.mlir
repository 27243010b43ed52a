// Bad input: a reason, a non-zero exit, no file.
// RUN: rm -rf %t && mkdir %t
// RUN: not attn-run %t/none.mlir 2>&1 | FileCheck %s --check-prefix=NOFILE
// NOFILE: none.mlir
// RUN: echo 'func.func @main( {' > %t/bad.mlir && not attn-run %t/bad.mlir --random 2>&1 | FileCheck %s --check-prefix=SYNTAX
// SYNTAX: bad.mlir:1:{{[0-9]+}}: error
// RUN: not attn-run %s --entry=nobody --random 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: no function @nobody in the module; it has @main, @scalar, @two, @nothing
// RUN: not attn-run %s 2>&1 | FileCheck %s --check-prefix=NOINPUT
// NOINPUT: @main takes 2 arguments, got 0 --input files (or use --random)
// RUN: not attn-run %s --random --input x.npy 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: --input and --random exclude each other
// RUN: not attn-run %s --input %t/no.npy --input %t/no.npy 2>&1 | FileCheck %s --check-prefix=NONPY
// NONPY: no.npy: No such file or directory
// RUN: echo hello > %t/text.npy && not attn-run %s --input %t/text.npy --input %t/text.npy 2>&1 | FileCheck %s --check-prefix=BADNPY
// BADNPY: text.npy: not a .npy file
// RUN: attn-run %s --random --shape 0=2x5x8 --shape 1=2x6x8 --output %t/o.npy
// RUN: not attn-run %s --entry=other --input %t/o.npy 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: o.npy: argument 0 is 4xf16, the file holds 2x5x8xf32
// RUN: not attn-run %s --random 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: argument 0 is 2x?x8xf32: give its shape with --shape 0=...
// RUN: not attn-run %s --random --shape 0=2x5x9 2>&1 | FileCheck %s --check-prefix=BADSHAPE
// BADSHAPE: --shape: argument 0 is 2x?x8xf32, got 2x5x9xf32
// RUN: not attn-run %s --random --shape 7=2 2>&1 | FileCheck %s --check-prefix=BADARG
// BADARG: expected ARG=SIZExSIZE... with an argument number below 2
// RUN: not attn-run %s --random --shape 0=2x-5x8 2>&1 | FileCheck %s --check-prefix=BADSIZE
// BADSIZE: '-5' is no size
// RUN: not attn-run %s --random --cpu=pentium9 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: unknown CPU 'pentium9' for {{.*}}; did you mean
// RUN: not attn-run %s --random --target=tpu 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: unknown target 'tpu', expected cpu or cuda
// RUN: not attn-run %s --random --backend=fast 2>&1 | FileCheck %s --check-prefix=BACKEND
// BACKEND: unknown backend 'fast', expected auto, flash, efficient or math
// RUN: not attn-run %s --random --shape 0=2x5x8 --shape 1=2x6x8 --output %t/no/o.npy 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: no such directory
// RUN: not attn-run %s --entry=two --random --output %t/first.npy --output %t/no/o.npy 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not ls %t/first.npy
// RUN: echo before > %t/tmp.npy
// RUN: not attn-run %s --entry=two --random --output %t/tmp.npy --output %t/no/o.npy 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: grep before %t/tmp.npy && rm %t/tmp.npy
// RUN: not attn-run %s --entry=two --random --output %t/tmp.npy --output %t/./tmp.npy 2>&1 | FileCheck %s --check-prefix=ONEFILE
// ONEFILE: tmp.npy: two outputs go to one file
// RUN: not attn-run %s --entry=two --random --kernel-options f32=tf32 2>&1 | FileCheck %s --check-prefix=NOKERNEL
// NOKERNEL: --kernel-options: cannot read 'f32=tf32'
// RUN: not attn-run %s --random --shape 0=2x5x8 --shape 1=2x6x8 --output a.npy --output b.npy 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: @main has 1 results, got 2 --output files
// RUN: not attn-run %s --entry=scalar --random 2>&1 | FileCheck %s --check-prefix=SCALAR
// SCALAR: result 0 of @scalar is 'f32': expected a ranked tensor
// RUN: not attn-run %s --random --shape 0=2x5x8 --shape 1=3x6x8 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: argument 1 is 2x?x8xf32, got 3x6x8xf32
// RUN: not attn-run %s --entry=lengths --random --shape 0=5x8 --shape 1=6x8 2>&1 | FileCheck %s --check-prefix=LENGTHS
// LENGTHS: @lengths failed: attn.sdpa: the length of key differs from that of value
// RUN: not attn-run %s --entry=nothing --compare=math 2>&1 | FileCheck %s --check-prefix=NORESULT
// NORESULT: --compare: @nothing has no results to compare
// RUN: not attn-run %s --random --bench=-1 2>&1 | FileCheck %s --check-prefix=BENCH
// BENCH: --bench: expected seconds, got '-1'
// RUN: not attn-run %s --random=x 2>&1 | FileCheck %s --check-prefix=SEED
// SEED: --random: expected a seed, got 'x'
// RUN: not attn-run %s --random --random-scale=inf 2>&1 | FileCheck %s --check-prefix=SCALE
// SCALE: --random-scale: expected a finite number
// RUN: not attn-run %s --shape 0=2x5x8 2>&1 | FileCheck %s --check-prefix=LONE
// LONE: --shape needs --random
// RUN: not attn-run %s --random --threads=-1 2>&1 | FileCheck %s --check-prefix=THREADS
// THREADS: --threads: expected 0 or more, got -1
// RUN: not attn-run %s --random --tolerance=nan 2>&1 | FileCheck %s --check-prefix=TOLERANCE
// TOLERANCE: --tolerance: expected a number that is not negative
// RUN: not attn-run %s --random --tolerance=1e-3 2>&1 | FileCheck %s --check-prefix=NOCOMPARISON
// RUN: not attn-run %s --random --verify-fusion --tolerance=1e-3 2>&1 | FileCheck %s --check-prefix=NOCOMPARISON
// NOCOMPARISON: --tolerance needs --expect or --compare
// RUN: not attn-run %s --entry=two --random --numerics=sloppy 2>&1 | FileCheck %s --check-prefix=NUMERICS
// NUMERICS: 'sloppy', expected strict, default or fast
// RUN: not attn-run %s --random --shape 0=2x99999999999999x8 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: argument 0: a tensor of 2x99999999999999x8xf32 is too large
// RUN: not attn-run %S/../attn-compile/Inputs/names.mlir --entry=calls --random 2>&1 | FileCheck %s --check-prefix=CALLEE
// CALLEE: names.mlir:17:1: error: the function @elsewhere, which @calls calls, has no body
// RUN: not attn-run %s --random --unknown 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: Unknown command line argument '--unknown'
// RUN: ls %t | FileCheck %s --check-prefix=FILES
// FILES-NOT: tmp
// FILES: o.npy

func.func @main(%q: tensor<2x?x8xf32>, %k: tensor<2x?x8xf32>) -> tensor<2x?x8xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<2x?x8xf32>
  %i = tensor.empty(%n) : tensor<2x?x8xf32>
  %o = attn.sdpa query(%q : tensor<2x?x8xf32>) key(%k : tensor<2x?x8xf32>) value(%k : tensor<2x?x8xf32>) outs(%i : tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  return %o : tensor<2x?x8xf32>
}
func.func @scalar() -> f32 {
  %0 = arith.constant 0.0 : f32
  return %0 : f32
}
func.func @two(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}
func.func @nothing() {
  return
}
func.func @other(%x: tensor<4xf16>) -> tensor<4xf16> {
  return %x : tensor<4xf16>
}
func.func @lengths(%k: tensor<?x8xf32>, %v: tensor<?x8xf32>) -> tensor<5x8xf32> {
  %q = arith.constant dense<1.0> : tensor<5x8xf32>
  %i = tensor.empty() : tensor<5x8xf32>
  %o = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<?x8xf32>) value(%v : tensor<?x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %o : tensor<5x8xf32>
}
