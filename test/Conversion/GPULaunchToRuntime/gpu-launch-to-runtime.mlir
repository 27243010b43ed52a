// RUN: attn-opt %s --convert-gpu-launch-to-runtime --split-input-file | FileCheck %s
// The rest of the host's way to LLVM IR takes the result.
// RUN: attn-opt %s --convert-gpu-launch-to-runtime --convert-scf-to-cf --convert-arith-to-llvm \
// RUN:   --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm \
// RUN:   --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts --split-input-file \
// RUN:   | FileCheck %s --check-prefix=LLVM

// LLVM-NOT: unrealized_conversion_cast

module attributes {gpu.container_module} {
gpu.binary @kernels [
  #gpu.object<#nvvm.target<chip = "sm_80">, assembly = ".version 8.0">,
  #gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">]

// Kernels are tables of the image and the name; the code is embedded, cubins before PTX.
// CHECK-LABEL: func.func @launch(
// CHECK-SAME: %[[P:.*]]: !llvm.ptr, %[[N:.*]]: index, %[[F:.*]]: f32
// CHECK: llvm.store %[[P]], %[[PSLOT:.*]] : !llvm.ptr, !llvm.ptr
// CHECK: %[[N64:.*]] = arith.index_cast %[[N]] : index to i64
// CHECK: llvm.store %[[N64]], %[[NSLOT:.*]] : i64
// CHECK: llvm.store %[[F]], %{{.*}} : f32
// CHECK: %[[KERNEL:.*]] = llvm.mlir.addressof @attn_rt_gpu_kernels_fill
// CHECK: llvm.call @attn_rt_cuda_launch(%[[KERNEL]], %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, i64, !llvm.ptr) -> ()
// CHECK: llvm.call @attn_rt_cuda_launch(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NOT: gpu.launch_func
func.func @launch(%p: !llvm.ptr, %n: index, %f: f32, %bytes: i32) {
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  gpu.launch_func @kernels::@fill blocks in (%n, %c1, %c1) threads in (%c128, %c1, %c1)
      args(%p : !llvm.ptr, %n : index, %f : f32)
  gpu.launch_func @kernels::@fill clusters in (%c1, %c1, %c1) blocks in (%n, %c1, %c1) threads in (%c128, %c1, %c1)
      dynamic_shared_memory_size %bytes args(%p : !llvm.ptr, %n : index, %f : f32)
  return
}
// CHECK-NOT: gpu.binary
// CHECK: llvm.mlir.global private constant @[[CUBIN:.*]]("\7FELF") {{.*}}alignment = 64
// CHECK: llvm.mlir.global private constant @{{.*}}("sm_90a\00")
// CHECK: llvm.mlir.global private constant @[[PTX:.*]](".version 8.0\00")
// CHECK: llvm.mlir.global internal constant @attn_rt_gpu_kernels_objects
// CHECK: llvm.mlir.addressof @[[CUBIN]]
// CHECK: llvm.mlir.addressof @[[PTX]]
// CHECK: llvm.mlir.global internal @attn_rt_gpu_kernels_image()
// CHECK: llvm.mlir.constant(2 : i64)
// CHECK: llvm.mlir.global internal @attn_rt_gpu_kernels_fill()
// CHECK: llvm.mlir.addressof @attn_rt_gpu_kernels_image
// CHECK: llvm.func @attn_rt_cuda_launch(!llvm.ptr, !llvm.ptr, i64, !llvm.ptr)
}

// -----

module attributes {gpu.container_module} {
gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">]

// A map is 128 bytes on the stack, passed as it is.
// CHECK-LABEL: func.func @maps
// CHECK: %[[OTHER:.*]] = llvm.alloca %{{.*}} x i8 {alignment = 64 : i64}
// CHECK: %[[MAP:.*]] = llvm.alloca %{{.*}} x i8 {alignment = 64 : i64}
// CHECK: llvm.call @attn_rt_cuda_encode_tensor_map(%[[MAP]], %[[TILING:[a-z0-9]*]], %{{[a-z0-9]*}}, %{{[a-z0-9]*}}, %{{[a-z0-9]*}}, %{{[a-z0-9]*}})
// Sizes of the box that are known late are zero in the tiling, and come with the map.
// CHECK: llvm.call @attn_rt_cuda_encode_tensor_map(%[[OTHER]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[SIZES:.*]]) :
// CHECK: llvm.store %[[MAP]], %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK: llvm.call @attn_rt_cuda_launch
// CHECK: llvm.mlir.global internal constant @attn_rt_gpu_tiling() {{.*}}: !llvm.struct<(i32, i32, i32, i32, i32, i32, i32, i32, i32, ptr)>
// CHECK-DAG: llvm.mlir.constant(9 : i32)
// CHECK-DAG: llvm.mlir.constant(64 : i32)
// CHECK-DAG: llvm.mlir.constant(128 : i32)
// CHECK-DAG: llvm.mlir.addressof @attn_rt_gpu_tensor_name
// CHECK: llvm.mlir.global internal constant @attn_rt_gpu_tiling{{.*}}() {{.*}}: !llvm.struct<(i32, i32, i32, i32, i32, i32, i32, i32, i32, ptr)>
// CHECK-NOT: llvm.mlir.constant(128 : i32)
// CHECK: llvm.mlir.constant(0 : i32)
func.func @maps(%p: !llvm.ptr, %n: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %map = attn_gpu.encode_tensor_map %p sizes(%c64, %n) strides(%c2, %n) box [64, 128] element bf16 swizzle b128
      {name = "query"} : !llvm.ptr
  %some = attn_gpu.encode_tensor_map %p sizes(%c64, %n) strides(%c2, %n) box [64, %n] element bf16 swizzle b128
      : !llvm.ptr
  gpu.launch_func @kernels::@copy blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%map : !attn_gpu.tensor_map, %some : !attn_gpu.tensor_map)
  return
}
}

// -----

module attributes {gpu.container_module} {
gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">]

// A grid, a block and a cluster, and whether the launch may begin before the end of the one
// before.
// CHECK-LABEL: func.func @programmatic
// CHECK: %[[DIMS:.*]] = llvm.alloca %{{.*}} x i64
// CHECK: llvm.mlir.constant(0 : i64) : i64
// CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK: %[[LAST:.*]] = llvm.getelementptr %[[DIMS]][9]
// CHECK: llvm.store %[[ONE]], %[[LAST]]
// CHECK: llvm.call @attn_rt_cuda_launch(%{{.*}}, %[[DIMS]],
func.func @programmatic(%n: index) {
  gpu.launch_func @kernels::@copy blocks in (%n, %n, %n) threads in (%n, %n, %n) {attn_gpu.programmatic}
  return
}
}

// -----

module attributes {gpu.container_module} {
gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">]

// CHECK-LABEL: func.func @memory
// CHECK: %[[COUNTER:.*]] = llvm.call @attn_rt_cuda_scratch(%{{.*}}) : (i64) -> !llvm.ptr
// CHECK: llvm.call @attn_rt_cuda_multiprocessor_count() : () -> i64
// CHECK: %[[RESIDENT:.*]] = llvm.mlir.constant(2 : i64) : i64
// CHECK: %[[VARYING:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK: llvm.call @attn_rt_cuda_choose_splits(%{{.*}}, %{{.*}}, %{{.*}}, %[[RESIDENT]], %[[VARYING]]) : (i64, i64, i64, i64, i64) -> i64
// CHECK: llvm.call @attn_rt_cuda_temporary(%{{.*}}) : (i64) -> !llvm.ptr
// CHECK: %[[TMP:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.struct<{{.*}}> to memref<?x16xbf16>
// CHECK: memref.extract_strided_metadata %[[TMP]]
// CHECK: llvm.call @attn_rt_cuda_launch
// CHECK: llvm.call @attn_rt_cuda_memref_copy(%{{.*}}, %{{.*}}, %{{.*}}) : (i64, !llvm.ptr, !llvm.ptr) -> ()
// CHECK-NOT: memref.dealloc
func.func @memory(%out: memref<?x16xbf16, strided<[?, 1]>>, %n: index) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %counter = attn_gpu.scratch %c4 : !llvm.ptr
  %sms = attn_gpu.multiprocessor_count
  %splits = attn_gpu.choose_splits %n, %c4, %n resident 2 varying
  %tmp = memref.alloc(%splits) : memref<?x16xbf16>
  gpu.launch_func @kernels::@fill blocks in (%sms, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%counter : !llvm.ptr, %tmp : memref<?x16xbf16>)
  memref.copy %tmp, %out : memref<?x16xbf16> to memref<?x16xbf16, strided<[?, 1]>>
  memref.dealloc %tmp : memref<?x16xbf16>
  return
}
}

// -----

module attributes {gpu.container_module} {
gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">]
memref.global "private" constant @mask : memref<2x3xi1> = dense<[[true, false, true], [false, true, true]]>
memref.global "private" constant @scalar : memref<f32> = dense<2.0>

// CHECK-LABEL: func.func @constants
// CHECK: %[[TABLE:.*]] = llvm.mlir.addressof @attn_rt_gpu_mask
// CHECK: llvm.call @attn_rt_cuda_constant(%[[TABLE]]) : (!llvm.ptr) -> !llvm.ptr
// CHECK: builtin.unrealized_conversion_cast %{{.*}} to memref<2x3xi1>
// CHECK: llvm.call @attn_rt_cuda_constant
// CHECK: llvm.mlir.global private constant @attn_rt_gpu_mask_data(dense<{{.*}}> : tensor<2x3xi1>) {{.*}} : !llvm.array<2 x array<3 x i1>>
// CHECK: llvm.mlir.global internal @attn_rt_gpu_mask()
// CHECK: llvm.mlir.constant(6 : i64)
// CHECK: llvm.mlir.global private constant @attn_rt_gpu_scalar_data(2.000000e+00 : f32)
func.func @constants(%n: index) {
  %mask = memref.get_global @mask : memref<2x3xi1>
  %scalar = memref.get_global @scalar : memref<f32>
  gpu.launch_func @kernels::@fill blocks in (%n, %n, %n) threads in (%n, %n, %n)
      args(%mask : memref<2x3xi1>, %scalar : memref<f32>)
  return
}
}
