// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @encode_rank(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected one to five dimensions, got 6}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n, %n, %n, %n, %n, %n) strides(%n, %n, %n, %n, %n, %n)
      box [8, 1, 1, 1, 1, 1] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_sizes(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected as many sizes and strides as box sizes: 2, got 1}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [8, 1] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_element(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected an integer or float element, got 'index'}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [8] element index swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_element_width(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected an element of 1, 2, 4 or 8 bytes, got 'i128'}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [8] element i128 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_box(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected box sizes from 1 to 256, got 512}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [512] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_row_bytes(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected rows of the box of a multiple of 16 bytes, got 8}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [4] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_swizzle(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected rows of the box within the 128 bytes of the swizzle, got 256}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [128] element bf16 swizzle b128 : !llvm.ptr
  return
}
