// RUN: attn-opt %s --split-input-file --verify-diagnostics --attn-gpu-module-to-ptx | FileCheck %s

// CHECK: gpu.binary @kernels [#gpu.object<#nvvm.target<{{.*}}chip = "sm_90a"
// CHECK-SAME: assembly = "{{.*}}.target sm_90a{{.*}}.entry copy({{.*}}ld.param.{{.*}}st.{{.*}}ret;
// CHECK-NOT: gpu.module
module attributes {gpu.container_module} {
  gpu.module @kernels [#nvvm.target<chip = "sm_90a", features = "+ptx86", O = 3>] {
    llvm.func @copy(%p: !llvm.ptr<1>, %n: i32) attributes {gpu.kernel, nvvm.kernel} {
      llvm.store %n, %p : i32, !llvm.ptr<1>
      llvm.return
    }
  }
}

// -----

module attributes {gpu.container_module} {
  // expected-error @below {{expected one target of NVVM}}
  gpu.module @none {
  }
}
