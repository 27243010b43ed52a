// RUN: attn-opt %s --verify-roundtrip | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

module attributes {gpu.container_module} {
// CHECK-LABEL: func.func @tensor_map
func.func @tensor_map(%base: !llvm.ptr, %n: index, %stride: index) -> !attn_gpu.tensor_map {
  // CHECK: attn_gpu.encode_tensor_map %{{.*}} sizes(%{{.*}}, %{{.*}}) strides(%{{.*}}, %{{.*}}) box [64, 128]
  // CHECK-SAME: element bf16 swizzle b128 : !llvm.ptr
  %0 = attn_gpu.encode_tensor_map %base sizes(%n, %n) strides(%stride, %stride)
      box [64, 128] element bf16 swizzle b128 : !llvm.ptr
  // CHECK: element f32 swizzle none : !llvm.ptr
  %1 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%stride)
      box [256] element f32 swizzle none : !llvm.ptr
  // CHECK: strides(%{{.*}}, %{{.*}}) box [64, %{{.*}}] element bf16
  %2 = attn_gpu.encode_tensor_map %base sizes(%n, %n) strides(%stride, %stride)
      box [64, %n] element bf16 swizzle b128 : !llvm.ptr
  return %0 : !attn_gpu.tensor_map
}

// CHECK-LABEL: func.func @device
func.func @device() -> (index, !llvm.ptr) {
  %c4 = arith.constant 4 : index
  // CHECK: attn_gpu.scratch %{{.*}} : !llvm.ptr
  %0 = attn_gpu.scratch %c4 : !llvm.ptr
  // CHECK: attn_gpu.multiprocessor_count
  %1 = attn_gpu.multiprocessor_count
  // CHECK: attn_gpu.choose_splits %{{.*}}, %{{.*}}, %{{.*}} resident 2
  %splits = attn_gpu.choose_splits %1, %1, %1 resident 2
  // CHECK: attn_gpu.choose_splits %{{.*}}, %{{.*}}, %{{.*}} resident 1 varying
  %varying = attn_gpu.choose_splits %1, %1, %1 resident 1 varying
  return %1, %0 : index, !llvm.ptr
}

// CHECK-LABEL: func.func @launch
func.func @launch(%map: !attn_gpu.tensor_map, %n: i32) {
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  %bytes = arith.constant 1024 : i32
  // CHECK: gpu.launch_func @kernels::@kernel
  gpu.launch_func @kernels::@kernel blocks in (%c1, %c1, %c1) threads in (%c128, %c1, %c1)
      dynamic_shared_memory_size %bytes args(%map : !attn_gpu.tensor_map, %n : i32)
  return
}
gpu.module @kernels [#nvvm.target<chip = "sm_90a", features = "+ptx86">] {
  gpu.func @kernel(%map: !attn_gpu.tensor_map, %n: i32) kernel {
    gpu.return
  }
}
}
