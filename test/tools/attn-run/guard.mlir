// Reading behind the end of an argument goes unseen, or is stopped.
// RUN: attn-run %s --random
// RUN: env ASAN_OPTIONS=handle_segv=0 not --crash attn-run %s --random --guard 2>&1 | FileCheck %s
// CHECK: Stack dump

func.func @main(%x: tensor<1000xf32>) -> tensor<1xf32> {
  %buffer = bufferization.to_buffer %x read_only : tensor<1000xf32> to memref<1000xf32>
  %far = memref.reinterpret_cast %buffer to offset: [1000], sizes: [1], strides: [1] : memref<1000xf32> to memref<1xf32, strided<[1], offset: 1000>>
  %zero = arith.constant 0 : index
  %value = memref.load %far[%zero] : memref<1xf32, strided<[1], offset: 1000>>
  %result = tensor.from_elements %value : tensor<1xf32>
  return %result : tensor<1xf32>
}
