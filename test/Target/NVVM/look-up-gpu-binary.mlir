// REQUIRES: ptxas
// What is not there is noted, compiled, and there the next time.
// RUN: rm -rf %t && mkdir %t
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" | FileCheck %s --check-prefix=MISS
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" --gpu-module-to-binary=format=isa --attn-assemble-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" | FileCheck %s --check-prefix=COMPILED
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" --remarks-filter=attn-ptxas 2>%t/remarks | FileCheck %s --check-prefix=HIT
// RUN: FileCheck %s --check-prefix=REMARK --input-file %t/remarks
// Other options, another module, no ptxas or no directory: nothing is found.
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=%ptxas opt-level=1 cache-directory=%t/cache" | FileCheck %s --check-prefix=MISS
// RUN: sed s/7.0/8.0/ %s | attn-opt --attn-look-up-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" | FileCheck %s --check-prefix=MISS
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=/no/where cache-directory=%t/cache" | FileCheck %s --check-prefix=NONE
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=%ptxas" | FileCheck %s --check-prefix=NONE
// A code without its report is none.
// RUN: rm %t/cache/*.log
// RUN: attn-opt %s --attn-look-up-gpu-binary="ptxas=%ptxas cache-directory=%t/cache" | FileCheck %s --check-prefix=MISS

// MISS: module attributes {attn.cubin_keys = {kernels = "{{[0-9a-f]+}}"}, gpu.container_module}
// MISS: gpu.module @kernels
// COMPILED: module attributes {gpu.container_module}
// COMPILED: gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, properties = {kernels = {add = {registers =
// HIT: module attributes {gpu.container_module}
// HIT: gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, properties = {kernels = {add = {registers =
// HIT-SAME: bin = "\7FELF
// HIT-NOT: gpu.module
// REMARK: Resources{{.*}}Function=add
// NONE: module attributes {gpu.container_module}
// NONE: gpu.module @kernels
module attributes {gpu.container_module} {
  gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
    llvm.func @add(%p: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
      %c = llvm.mlir.constant(7.0 : f32) : f32
      llvm.store %c, %p : f32, !llvm.ptr<1>
      llvm.return
    }
  }
}
