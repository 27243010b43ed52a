// RUN: attn-opt %s --convert-gpu-launch-to-runtime --split-input-file --verify-diagnostics

module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @fill() attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
  func.func @not_compiled(%n: index) {
    // expected-error @below {{kernel @kernels::@fill: the gpu.module is not compiled to a gpu.binary}}
    gpu.launch_func @kernels::@fill blocks in (%n, %n, %n) threads in (%n, %n, %n)
    return
  }
}

// -----

module attributes {gpu.container_module} {
// expected-error @below {{gpu.binary @kernels has no PTX and no binary code for NVIDIA GPUs}}
gpu.binary @kernels [#gpu.object<#rocdl.target, bin = "x">]
func.func @other_gpu(%n: index) {
  gpu.launch_func @kernels::@fill blocks in (%n, %n, %n) threads in (%n, %n, %n)
  return
}
}

// -----

module attributes {gpu.container_module} {
gpu.binary @kernels [#gpu.object<#nvvm.target, bin = "x">]
func.func @async(%n: index) {
  // expected-error @below {{launches are ordered by the caller's stream}}
  %0 = gpu.launch_func async @kernels::@fill blocks in (%n, %n, %n) threads in (%n, %n, %n)
  return
}
}

// -----

module attributes {gpu.container_module} {
gpu.binary @kernels [#gpu.object<#nvvm.target, bin = "x">]
func.func @argument(%n: index, %v: vector<4xf32>) {
  // expected-error @below {{a kernel argument of type 'vector<4xf32>' cannot be passed to the GPU}}
  gpu.launch_func @kernels::@fill blocks in (%n, %n, %n) threads in (%n, %n, %n) args(%v : vector<4xf32>)
  return
}
}

// -----

func.func @map_use(%p: !llvm.ptr, %n: index) -> !attn_gpu.tensor_map {
  // expected-error @below {{a tensor map can only be an argument of a kernel}}
  %map = attn_gpu.encode_tensor_map %p sizes(%n) strides(%n) box [64] element bf16 swizzle none : !llvm.ptr
  // expected-note @below {{used here}}
  return %map : !attn_gpu.tensor_map
}

// -----

func.func @host_load(%m: memref<4xf32>, %n: index) -> f32 {
  // expected-error @below {{'memref.load' cannot run on the GPU: only attention is compiled for it}}
  %0 = memref.load %m[%n] : memref<4xf32>
  return %0 : f32
}

// -----

func.func @host_linalg(%m: memref<4x5xf32>, %o: memref<5x4xf32>) {
  // expected-error @below {{'linalg.transpose' cannot run on the GPU}}
  linalg.transpose ins(%m : memref<4x5xf32>) outs(%o : memref<5x4xf32>) permutation = [1, 0]
  return
}

// -----

memref.global "private" @weights : memref<4xf32> = dense<1.0>
func.func @variable() -> memref<4xf32> {
  // expected-error @below {{expected a constant and dense tensor of numbers}}
  %0 = memref.get_global @weights : memref<4xf32>
  return %0 : memref<4xf32>
}

// -----

func.func @unranked_copy(%a: memref<*xf32>, %b: memref<*xf32>) {
  // expected-error @below {{cannot copy a 'memref<*xf32>' on the GPU}}
  memref.copy %a, %b : memref<*xf32> to memref<*xf32>
  return
}

// -----

func.func @strided_alloc() {
  // expected-error @below {{cannot allocate a 'memref<4x4xf32, strided<[8, 1]>>' on the GPU}}
  %0 = memref.alloc() : memref<4x4xf32, strided<[8, 1]>>
  return
}
