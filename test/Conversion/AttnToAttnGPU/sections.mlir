// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=section-heads=4 --canonicalize --cse | FileCheck %s --check-prefix=FORCED

// How many heads share a section of tiles under a causal mask depends on their
// keys: 2^16 in all, at D = 128, but 8 to 32 heads.
// CHECK-LABEL: func.func @dynamic
// CHECK: %[[KEYS:.*]] = memref.dim %arg1, %c1
// CHECK: %[[SOME:.*]] = arith.maxsi %[[KEYS]], %c1
// CHECK: %[[HEADS:.*]] = arith.divsi %c65536, %[[SOME]]
// CHECK: %[[MOST:.*]] = arith.maxsi %[[HEADS]], %c8
// CHECK: %[[SECTION:.*]] = arith.minsi %[[MOST]], %c32
// CHECK: %[[ARGUMENT:.*]] = arith.index_cast %[[SECTION]] : index to i32
// CHECK: gpu.launch_func {{.*}}%[[ARGUMENT]] : i32
// FORCED-LABEL: func.func @dynamic
// FORCED-NOT: arith.constant 65536
// FORCED: gpu.launch_func
// FORCED: arith.muli %{{.*}}, %c4_i32
func.func @dynamic(%q: memref<64x?x128xbf16>, %k: memref<64x?x128xbf16>, %o: memref<64x?x128xbf16>) {
  attn.sdpa query(%q : memref<64x?x128xbf16>) key(%k : memref<64x?x128xbf16>) value(%k : memref<64x?x128xbf16>)
    structure(#attn.causal<top_left>) backend = flash outs(%o : memref<64x?x128xbf16>)
  return
}

// -----

// 13 heads of 10000 keys at D = 64: the kernel knows.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal_d64
// CHECK: arith.divui %{{.*}}, %c689_i32
// CHECK: arith.muli %{{.*}}, %c13_i32
func.func @static(%q: memref<64x10000x64xbf16>) {
  attn.sdpa query(%q : memref<64x10000x64xbf16>) key(%q : memref<64x10000x64xbf16>) value(%q : memref<64x10000x64xbf16>)
    structure(#attn.causal<top_left>) backend = flash outs(%q : memref<64x10000x64xbf16>)
  return
}
