// RUN: attn-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(gpu.module(convert-attn-gpu-to-nvvm))"

gpu.module @no_kernel {
  // expected-error @below {{expected a kernel around attn_gpu.roles}}
  gpu.func @function() {
    attn_gpu.roles producer registers = 40 {
    } consumers 2 registers = 232 {
    ^bb0(%wg: i32):
    }
    gpu.return
  }
}
