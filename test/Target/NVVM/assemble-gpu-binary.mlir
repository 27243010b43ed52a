// REQUIRES: ptxas
// RUN: rm -rf %t && mkdir %t
// RUN: attn-opt %s --attn-assemble-gpu-binary="ptxas=%ptxas" --remarks-filter=attn-ptxas 2>%t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file %t/remarks
// RUN: attn-opt %s --attn-assemble-gpu-binary="ptxas=%ptxas keep-ptx" | FileCheck %s --check-prefix=KEEP
// The code and the report of its kernels are cached, once.
// RUN: attn-opt %s --attn-assemble-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" | FileCheck %s
// RUN: attn-opt %s --attn-assemble-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" | FileCheck %s
// RUN: ls %t/cache | count 2

// CHECK: gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">,
// CHECK-SAME: properties = {kernels = {add = {registers = {{[0-9]+}} : i64, shared_bytes = 0 : i64, spill_bytes = 0 : i64, stack_bytes = 0 : i64}}}
// CHECK-SAME: bin = "\7FELF
// KEEP: bin = "\7FELF
// KEEP-SAME: assembly = ".version 8.0
// REMARK: Resources{{.*}}Function=add
// REMARK-SAME: registers=
gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = ".version 8.0\0A.target sm_90a\0A.address_size 64\0A.visible .entry add(.param .u64 p) {\0A.reg .b64 %a;\0A.reg .f32 %f;\0Ald.param.u64 %a, [p];\0Ald.global.f32 %f, [%a];\0Aadd.f32 %f, %f, 0f3F800000;\0Ast.global.f32 [%a], %f;\0Aret;\0A}\0A">]

// Code of other kinds stays.
// CHECK: gpu.binary @others [#gpu.object<#nvvm.target<chip = "sm_80">, bin = "x">, #gpu.object<#rocdl.target, assembly = "y">]
gpu.binary @others [#gpu.object<#nvvm.target<chip = "sm_80">, bin = "x">, #gpu.object<#rocdl.target, assembly = "y">]
