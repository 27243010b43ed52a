// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=narrow-blocks=off --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="block-keys=96 stages=2 narrow-blocks=off" --canonicalize --cse | FileCheck %s --check-prefix=ODD

// The 64 rows of a consumer begin at a multiple of 64. Where the right edge of a mask is
// as far from the diagonal, and blocks are multiples of 64 keys, it is in one block, the
// first: no loop has masks for others. One mask is in the careful loop.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal
// CHECK-COUNT-2: attn_gpu.keep_columns
// CHECK-NOT: attn_gpu.keep_columns
// ODD-LABEL: gpu.func @attn_fwd_bf16_causal
// ODD-COUNT-3: attn_gpu.keep_columns
// ODD-NOT: attn_gpu.keep_columns
func.func @top_left(%q: memref<1024x128xbf16>) {
  attn.sdpa query(%q : memref<1024x128xbf16>) key(%q : memref<1024x128xbf16>) value(%q : memref<1024x128xbf16>)
    structure(#attn.causal<top_left>) backend = flash outs(%q : memref<1024x128xbf16>)
  return
}

// -----

// The lengths decide.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal
// ODD-LABEL: gpu.func @attn_fwd_bf16_causal
// CHECK-COUNT-3: attn_gpu.keep_columns
// CHECK-NOT: attn_gpu.keep_columns
func.func @bottom_right(%q: memref<1024x128xbf16>, %k: memref<1025x128xbf16>) {
  attn.sdpa query(%q : memref<1024x128xbf16>) key(%k : memref<1025x128xbf16>) value(%k : memref<1025x128xbf16>)
    structure(#attn.causal<bottom_right>) backend = flash outs(%q : memref<1024x128xbf16>)
  return
}

// -----

// The other edge of a window has a loop.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_window
// CHECK-COUNT-3: attn_gpu.keep_columns
// CHECK-NOT: attn_gpu.keep_columns
func.func @window(%q: memref<1024x128xbf16>) {
  attn.sdpa query(%q : memref<1024x128xbf16>) key(%q : memref<1024x128xbf16>) value(%q : memref<1024x128xbf16>)
    structure(#attn.window<100, 128>) backend = flash outs(%q : memref<1024x128xbf16>)
  return
}

// -----

// CHECK-LABEL: gpu.func @attn_fwd_bf16_window
// CHECK-COUNT-4: attn_gpu.keep_columns
// CHECK-NOT: attn_gpu.keep_columns
func.func @window_odd(%q: memref<1024x128xbf16>) {
  attn.sdpa query(%q : memref<1024x128xbf16>) key(%q : memref<1024x128xbf16>) value(%q : memref<1024x128xbf16>)
    structure(#attn.window<100, 10>) backend = flash outs(%q : memref<1024x128xbf16>)
  return
}

// -----

// Documents have edges anywhere.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal_document_d128_q192_k64(
// CHECK-COUNT-4: attn_gpu.keep_columns
func.func @documents(%q: memref<1024x128xbf16>, %d: memref<1024xi32>) {
  attn.sdpa query(%q : memref<1024x128xbf16>) key(%q : memref<1024x128xbf16>) value(%q : memref<1024x128xbf16>)
    documents(%d, %d : memref<1024xi32>, memref<1024xi32>)
    structure(#attn.all_of<[#attn.causal<top_left>, #attn.document]>) backend = flash outs(%q : memref<1024x128xbf16>)
  return
}
