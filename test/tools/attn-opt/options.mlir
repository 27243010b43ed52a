// RUN: attn-opt --version | FileCheck %s --check-prefix=VERSION
// VERSION: attn-opt {{[0-9.]+}}
// RUN: attn-opt --help | FileCheck %s --check-prefix=HELP
// HELP: Examples:
// HELP: Available Dialects: {{.*}}attn, attn_gpu
// HELP-DAG: --attn-raise-pipeline
// HELP-DAG: --attn-lower-to-llvm-pipeline
// HELP-DAG: --attn-lower-to-nvvm-pipeline
// HELP-DAG: --convert-linalg-to-attn
// RUN: rm -rf %t && mkdir %t
// RUN: not attn-opt %t/none.mlir 2>&1 | FileCheck %s --check-prefix=NOFILE
// NOFILE: none.mlir
// RUN: not attn-opt %s --no-such-pass 2>&1 | FileCheck %s --check-prefix=PASS
// PASS: Unknown command line argument '--no-such-pass'
// RUN: not attn-opt %s --attn-raise-pipeline=speed=11 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: no such option speed
// RUN: not attn-opt %s --attn-lower-to-llvm-pipeline=cpu=z80 -o %t/out.mlir 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: unknown CPU 'z80'
// RUN: not attn-opt %s -o %t/no/out.mlir 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: no/out.mlir
// RUN: ls %t | count 0

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
