// RUN: attn-opt %s --attn-lower-to-nvvm-pipeline | FileCheck %s
// RUN: not attn-opt %s --attn-lower-to-nvvm-pipeline=chip=sm_70 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not attn-opt %s --attn-lower-to-nvvm-pipeline=chip=sm_90b 2>&1 | FileCheck %s --check-prefix=NOCHIP
// RUN: not attn-opt %s --attn-lower-to-nvvm-pipeline=backend=math 2>&1 | FileCheck %s --check-prefix=MATH
// RUN: not attn-opt %s --attn-lower-to-nvvm-pipeline=f32=fp32 2>&1 | FileCheck %s --check-prefix=F32
// RUN: attn-opt %s --attn-lower-to-nvvm-pipeline=chip=sm_80 | FileCheck %s --check-prefix=AMPERE

// CHIP: attn-lower-to-nvvm-pipeline: GPU architecture before Ampere 'sm_70'
// NOCHIP: attn-lower-to-nvvm-pipeline: unknown GPU architecture 'sm_90b'; expected one of sm_80
// MATH: lower-to-nvvm.mlir:{{[0-9]+:[0-9]+}}: error: backend = math is not available on CUDA; use flash
// F32: expected f32 auto, bf16x3 or tf32, got 'fp32'

// AMPERE-NOT: encode_tensor_map
// AMPERE: gpu.launch_func @attn_kernels::@attn_fwd_bf16_causal_d64_q128_k128
// AMPERE: gpu.binary @attn_kernels [#gpu.object<#nvvm.target<O = 3, chip = "sm_80", features = "+ptx86">
// AMPERE-SAME: .target sm_80
// AMPERE-SAME: .reqntid 128
// AMPERE-SAME: .minnctapersm 2
// AMPERE-SAME: cp.async.cg.shared.global
// AMPERE-SAME: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// AMPERE-SAME: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32

// The host keeps the launch, the kernel is PTX.
// CHECK: func.func @attention(%[[Q:.*]]: memref<2x8x77x64xbf16>
// CHECK: attn_gpu.encode_tensor_map
// CHECK: attn_gpu.scratch
// CHECK: gpu.launch_func @attn_kernels::@attn_fwd_bf16_causal_d64_q128_k128
// CHECK-NOT: attn.sdpa
// CHECK: gpu.binary @attn_kernels [#gpu.object<#nvvm.target<O = 3, chip = "sm_90a", features = "+ptx86">
// CHECK-SAME: .target sm_90a
// CHECK-SAME: .visible .entry attn_fwd_bf16_causal_d64_q128_k128
// CHECK-SAME: .minnctapersm 1
// CHECK-SAME: setmaxnreg.inc.sync.aligned.u32
// CHECK-SAME: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK-SAME: ex2.approx.ftz.f32
// CHECK-SAME: cp.async.bulk.tensor.4d.global.shared::cta
func.func @attention(%q: tensor<2x8x77x64xbf16>, %k: tensor<2x2x99x64xbf16>, %v: tensor<2x2x99x64xbf16>, %o: tensor<2x8x77x64xbf16>, %slopes: tensor<8xf32>) -> tensor<2x8x77x64xbf16> {
  %0 = attn.sdpa query(%q : tensor<2x8x77x64xbf16>) key(%k : tensor<2x2x99x64xbf16>) value(%v : tensor<2x2x99x64xbf16>)
    structure(#attn.causal<bottom_right>)
    score(%s: f32, %b: index, %h: index, %i: index, %j: index) {
      %slope = tensor.extract %slopes[%h] : tensor<8xf32>
      %d = arith.subi %j, %i : index
      %d1 = arith.index_cast %d : index to i32
      %d2 = arith.sitofp %d1 : i32 to f32
      %alibi = arith.mulf %slope, %d2 : f32
      %t = arith.addf %s, %alibi : f32
      attn.yield %t : f32
    }
    outs(%o : tensor<2x8x77x64xbf16>) -> tensor<2x8x77x64xbf16>
  return %0 : tensor<2x8x77x64xbf16>
}
